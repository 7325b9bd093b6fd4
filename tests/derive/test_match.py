"""The matcher of laws: operands in any order, factors next to each other, traces turned, powers counted."""

from __future__ import annotations

from random import Random

import pytest
from sympy import HadamardProduct

import derive
from derive.expression import algebra
from derive.expression.rebuild import rebuild
from derive.language.parser import parse
from derive.language.text import to_text
from derive.simplify.laws import Law, rewrites
from derive.simplify.match import matches


def _read(text: str, where: str = ""):
    return parse(text, where or None, None).expr


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        ("A'*B", "X'*Y*Z", True),
        ("tr(A'*B*A)", "tr(Y*Z*X'*V*X)", False),
        ("tr(A'*B*A)", "tr(V*X*X')", True),
        ("tr(A'*B*A)", "tr(X'*V*X*X'*W*X)", True),
        ("exp(A) + B", "X*Y + V + exp(Z)", True),
        ("exp(A) + exp(B)", "X*Y + V + exp(Z)", False),
        ("exp(A).*B", "X.*exp(V).*Y", True),
        ("A.^2", "X.^2.*Y.^2", True),
        ("A.^2", "X.^2.*Y", False),
        ("inv(A'*A)", "inv(Y'*X'*X*Y)", True),
        ("inv(A'*A)", "inv(X'*Y*X)", False),
        ("a*exp(b)", "c*d*exp(c)", True),
    ],
)
def test_a_pattern_is_met_in_every_order(pattern: str, text: str, holds: bool) -> None:
    assert (
        bool(
            list(
                matches(
                    _read(pattern), _read(text, ", ".join(f"{x}: n x n" for x in "XYZVW" if x in text)), {}
                )
            )
        )
        == holds
    )


def _made(left: str, right: str, text: str, where: str = "", condition: str = "") -> set[str]:
    law = Law(left, right, condition, "")
    problem = parse(text, where or None, None)
    return {
        to_text(new)
        for r in law.readings(algebra.is_matrix(problem.expr))
        for new in r.rewrites(problem.expr)
    }


def test_a_law_is_used_as_often_as_it_can_be() -> None:
    assert _made("sin(t)/cos(t)", "tan(t)", "x.*sin(y).^5./cos(y).^3") == {"x.*sin(y).^2.*tan(y).^3"}


def test_a_law_of_matrices_is_used_transposed_too() -> None:
    assert _made("inv(X'*X)*X'", "pinv(X)", "A*Z*inv(Z'*Z)*B", "Z: m x n") == {"A*pinv(Z)'*B"}


def test_scalars_are_taken_into_what_is_linear() -> None:
    for text, new in [
        ("det(A)*tr(B*inv(A))", "tr(B*adj(A))"),
        ("c*det(A)*B*diag(inv(A))", "c*B*diag(adj(A))"),
        ("det(A)*(inv(A)'.*B)", "adj(A)'.*B"),
    ]:
        assert new in _made("det(X)*inv(X)", "adj(X)", text, "A: n x n, B: n x n")


def test_a_condition_has_to_be_seen() -> None:
    assert _made("tr(S^2)", "norm2(S)^2", "tr(A^2)", "A: n x n", "symmetric(S)") == set()
    assert _made("tr(S^2)", "norm2(S)^2", "tr((B'*B)^2)", "", "symmetric(S)") == {"norm2(B'*B)^2"}


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_factors_entry_by_entry_changes_nothing(seed: int) -> None:
    """A law that is used is used, whatever the order of what it is used on."""
    random = Random(seed)

    def shuffled(e, args):
        return HadamardProduct(*random.sample(args, len(args))) if isinstance(e, HadamardProduct) else None

    e = _read("x.*sign(y).*exp(z).*y.*sigmoid(-z)./abs(x)")
    found = [{law.left for law, _ in rewrites(way)} for way in (e, rebuild(e, shuffled))]
    assert found[0] == found[1] != set()


@pytest.mark.parametrize(
    ("expr", "wrt", "result"),
    [
        ("tr(Y'*inv(diag(exp(Q*K')*vector(1)))*exp(Q*K')*V)", "V", "softmax(Q*K', rows)'*Y"),
        (
            "tr(Y'*inv(diag(exp(Q*K')*vector(1)))*exp(Q*K')*V)",
            "Q",
            "(softmax(Q*K', rows).*(Y*V' - (Y*V'.*softmax(Q*K', rows))*matrix(1)))*K",
        ),
        ("c*tr(X*X'*Y*Y')", "c", "norm2(Y'*X)^2"),
        ("sum(A.*sin(B).^2 + cos(B).^2.*A)", "A", "matrix(1)"),
        ("sum(A.*log(B) - A.*log(C))", "A", "log(B./C)"),
    ],
)
def test_answers_that_the_laws_make(expr: str, wrt: str, result: str) -> None:
    assert derive.gradient(expr, wrt).to_text() == result
