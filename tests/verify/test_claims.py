"""check_claim: every verdict from both sides, what claims may look like, and the errors that people can mend."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Inverse, MatrixSymbol, Symbol, Trace, symbols

import derive
import verify
from derive.errors import InputError
from derive.expression.functions import LogDet, Norm2
from verify import check_claim

GPLVM = "-D/2*logdet(alpha*X*X' + 1/beta*eye) - 1/2*tr(inv(alpha*X*X' + 1/beta*eye)*Y*Y')"
K_INVERSE = "inv(alpha*X*X' + 1/beta*eye)"
SCALARS = "D: scalar, alpha: scalar, beta: scalar"
AUTOENCODER = "1/2*norm2(W'*W*x - x)^2"


@pytest.fixture
def no_symbols(monkeypatch):
    """The other methods by themselves, as where the normal form does not see that two formulas are equal."""
    monkeypatch.setattr("verify.claims.equal", lambda a, b: False)


def upheld_or_explained(verdict):
    assert bool(verdict) == (verdict.verdict in ("proved", "certified", "agrees"))
    refuted = verdict.verdict == "refuted"
    assert (verdict.counterexample is not None) == (verdict.diagnosis is not None) == refuted
    json.dumps(verdict.to_dict())


def test_proved():
    verdict = check_claim(AUTOENCODER, "W", "W*(W'*W*x - x)*x' + W*x*(W'*W*x - x)'")
    assert verdict.verdict == "proved"
    assert [e.verdict for e in verdict.evidence] == ["proved", "certified", "agrees"]
    upheld_or_explained(verdict)


@pytest.mark.parametrize(
    ("expr", "wrt", "claim", "word"),
    [
        ("logdet(eye + X*X')", "X", "2*X*inv(eye + X'*X)", "certified"),  # a push-through identity
        ("logdet(eye + X*X')", "X", "2*inv(eye + X*X')'*X + X*X'*X - X*X'*X", "certified"),
        ("logdet(eye + X*X')", "X", "2*X*inv(eye + 2*X'*X)", "refuted"),
        (AUTOENCODER, "W", "W*(W'*W*x - x)*x'", "refuted"),
        ("sum(tanh(x))", "x", "vector(1) - (2*sigmoid(2*x) - vector(1)).^2", "agrees"),
        ("sum(tanh(x))", "x", "vector(1) - (2*sigmoid(2*x) - vector(1)).^3", "refuted"),
    ],
)
def test_numbers_alone_decide(expr, wrt, claim, word, no_symbols):
    verdict = check_claim(expr, wrt, claim)
    assert verdict.verdict == word
    upheld_or_explained(verdict)


def test_inconclusive_where_no_method_decides(no_symbols):
    """No number of bits that is tried tells a digit of this; the evidence says so."""
    verdict = check_claim(
        "sin(exp(10^8*x^2))", "x", "2*10^8*x*exp(10^8*x^2)*cos(exp(10^8*x^2))", where="x: scalar"
    )
    assert verdict.verdict == "inconclusive"
    assert "only 0 digits" in verdict.evidence[-1].figure
    upheld_or_explained(verdict)


def test_the_gplvm_gradient_and_its_wrong_forms():
    right = f"alpha*({K_INVERSE}*Y*Y' - D*eye)*{K_INVERSE}*X"
    assert check_claim(GPLVM, "X", right, where=SCALARS)
    half = check_claim(GPLVM, "X", f"1/2*({right})", where=SCALARS)
    assert half.verdict == "refuted"
    assert half.diagnosis == "half of the gradient"
    no_data = check_claim(GPLVM, "X", f"-alpha*D*{K_INVERSE}*X", where=SCALARS)
    assert no_data.verdict == "refuted"
    assert "missing term" in no_data.diagnosis
    assert "Y*Y'" in no_data.diagnosis


#: The equations of the Matrix Cookbook (15 November 2012) as commonly remembered, and as they are.
ERRATA = {
    "92": (  # the summands for r = 0 and r = 1: X^(n-1-r) a b' (X^n)' X^r untransposed, then transposed
        "a'*(X^2)'*X^2*b", "X",
        "X*a*b'*(X^2)' + X^2*a*b'*X' + a*b'*(X^2)'*X + X'*X^2*a*b'",
        "(X*a*b'*(X^2)')' + X^2*a*b'*X' + (a*b'*(X^2)'*X)' + X'*X^2*a*b'",
        "a: n, b: n, X: n x n", "",
    ),
    "95": (  # B*B in place of B'*B
        "(A*x)'*(A*x)/((B*x)'*(B*x))", "x",
        "2*A'*A*x/(x'*B*B*x) - 2*x'*A'*A*x*B'*B*x/(x'*B'*B*x)^2",
        "2*A'*A*x/(x'*B'*B*x) - 2*x'*A'*A*x*B'*B*x/(x'*B'*B*x)^2",
        "x: n, A: n x n, B: n x n", "",
    ),
    "127": (  # symmetric B and C are not enough
        "tr(inv(A + X'*C*X)*(X'*B*X))", "X",
        "-2*C*X*inv(A + X'*C*X)*X'*B*X*inv(A + X'*C*X) + 2*B*X*inv(A + X'*C*X)",
        "-C*X*inv(A + X'*C*X)*X'*B*X*inv(A + X'*C*X) + B*X*inv(A + X'*C*X)"
        " - C*X*inv(A' + X'*C*X)*X'*B*X*inv(A' + X'*C*X) + B*X*inv(A' + X'*C*X)",
        "X: n x k, A: k x k", "symmetric(B), symmetric(C)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("equation", ERRATA)
def test_errata_of_the_matrix_cookbook(equation):
    expr, wrt, printed, corrected, where, assume = ERRATA[equation]
    wrong = check_claim(expr, wrt, printed, where=where, assume=assume or None)
    assert wrong.verdict == "refuted"
    assert wrong.counterexample is not None
    right = check_claim(expr, wrt, corrected, where=where, assume=assume or None)
    assert right.verdict in ("proved", "certified")
    assert any(e.verdict == "certified" for e in right.evidence)


def test_127_holds_if_a_is_symmetric_too():
    expr, wrt, printed, _, where, assume = ERRATA["127"]
    assert check_claim(expr, wrt, printed, where=where, assume=assume + ", symmetric(A)")
    assert (
        check_claim(expr, wrt, printed, where=where, assume=assume).diagnosis
        == "right only if A is symmetric"
    )


#: The Hessian by an m x n matrix, as the linear map of dX: the expression, the map, and a wrong one.
MATRIX_HESSIANS = [
    ("tr(X'*A*X)", "A*dX + A'*dX", "2*A*dX", ""),  # MC (108) differentiated again
    ("norm2(A*X*B)^2", "2*A'*A*dX*B*B'", "2*A*A'*dX*B*B'", "A: m x m"),
    ("tr(X'*A*X*B)", "A*dX*B + A'*dX*B'", "A*dX*B + A*dX*B'", ""),
    ("sum(exp(X))", "exp(X).*dX", "exp(dX).*X", "X: m x n"),
    ("norm2(X)^4", "4*norm2(X)^2*dX + 8*tr(X'*dX)*X", "4*norm2(X)^2*dX", "X: m x n"),
    ("norm2(X'*X)^2", "4*(dX*X'*X + X*dX'*X + X*X'*dX)", "12*X*X'*dX", "X: m x n"),
]


@pytest.mark.parametrize(("expr", "right", "wrong", "where"), MATRIX_HESSIANS)
def test_hessians_by_rectangular_matrices_as_linear_maps(expr, right, wrong, where):
    """At sizes of 1, which counterexamples try first, a map has the shape of its matrix."""
    assert check_claim(expr, "X", right, "hessian", where)
    refuted = check_claim(expr, "X", wrong, "hessian", where)
    assert refuted.verdict == "refuted"
    assert refuted.counterexample is not None
    assert "dX" in refuted.counterexample.point


def test_the_matrix_of_a_hessian_by_a_matrix_is_told_from_the_map():
    matrix = "kron(eye, A + A')"
    verdict = check_claim("tr(X'*A*X)", "X", matrix, "hessian", "A: m x m, X: m x n")
    assert verdict
    refuted = check_claim("tr(X'*A*X)", "X", f"2*{matrix}", "hessian", "A: m x m, X: m x n")
    assert refuted.diagnosis == "twice the Hessian"
    assert refuted.counterexample is not None
    assert "dX" not in refuted.counterexample.point


# ------------------------------------------------------------------------------------------------ inputs


def test_sympy_expressions_are_claims_too():
    n, k = symbols("n k", integer=True, positive=True)
    A, X, x = MatrixSymbol("A", n, n), MatrixSymbol("X", n, k), MatrixSymbol("x", n, 1)
    s = Symbol("s", real=True)
    assert check_claim(Trace(X.T * A * X), X, (A + A.T) * X)
    assert check_claim(x.T * A * x, x, A * x + A.T * x)
    assert check_claim(LogDet(A), A, Inverse(A).T)
    assert check_claim(Norm2(x) ** 2, x, 2 * x)
    assert check_claim(s * Trace(A), s, Trace(A))
    assert not check_claim(Trace(X.T * A * X), X, 2 * A * X)
    with pytest.raises(InputError, match=r"k x n.*n x k.*wrong even when transposed"):
        check_claim(Trace(X.T * A * X), X, X.T * A)
    with pytest.raises(InputError, match="B"):
        check_claim(Trace(A), A, MatrixSymbol("B", n, n))


@pytest.mark.parametrize(
    ("kind", "expr", "wrt", "right", "wrong"),
    [
        ("jacobian", "A*x", "x", "A", "2*A"),
        ("jacobian", "inv(X)", "X", "-kron(inv(X)', inv(X))", "-kron(inv(X), inv(X))"),
        ("jacobian", "s*A", "s", "A", "s*A"),
        ("hessian", "sum(exp(x))", "x", "diag(exp(x))", "exp(x)*exp(x)'"),
        ("hessian", "s^4", "s", "12*s^2", "12*s^3"),
        ("hessian", "tr(X'*X)", "X", "2*dX", "dX"),
        ("hessian", "tr(X'*X)", "X", "2*eye", "eye"),
        ("differential", "tr(X)", "X", "tr(dX)", "2*tr(dX)"),
        ("differential", "X*Y", "X, Y", "dX*Y + X*dY", "X*dY"),
    ],
)
def test_every_kind(kind, expr, wrt, right, wrong):
    where = "s: scalar" if wrt == "s" else None
    assert check_claim(expr, wrt, right, kind, where)
    assert check_claim(expr, wrt, wrong, kind, where).verdict == "refuted"


@pytest.mark.parametrize(
    ("expr", "wrt", "claim", "options", "message"),
    [
        (
            "tr(A*X)",
            "X",
            "A",
            {},
            r"the claim is \w x \w, the gradient \w x \w: right in numerator layout.*write \(A\)'",
        ),
        ("tr(A*X)", "X", "sum(A)", {}, "the claim is a scalar, the gradient"),
        ("tr(A*X)", "X", "2*A", {}, "wrong even when transposed"),
        (
            "x'*A*x",
            "x",
            "x'*(A + A')",
            {},
            "right in numerator layout; here the gradient has the shape of the",
        ),
        ("x'*A*x", "x", "x'*A", {}, "the claim is 1 x n, the gradient n x 1: wrong even when transposed"),
        ("A*x", "x", "A'", {"kind": "jacobian"}, r"right in denominator layout; .* write \(A'\)'"),
        ("A*x", "x", "2*A'", {"kind": "jacobian"}, "the Jacobian m x n: wrong even when transposed"),
        ("logsumexp(A*x)", "x", "softmax(A*x)", {}, "right but for the missing factor A' on the left"),
        (
            "logdet(A*X*B)",
            "X",
            "inv(A*X*B)'",
            {"where": "A: m x n, X: n x k, B: k x m"},
            "right but for the missing factors A' on the left and B' on the right",
        ),
        ("logsumexp(A*x)", "x", "2*softmax(A*x)", {}, "the claim is m x 1, the gradient n x 1$"),
        ("tr(A*X)", "X", "Q*A'", {}, "Q"),
        ("tr(A*X)", "X", "A'*dX", {}, "dX"),
        ("tr(A*X)", "Z", "A'", {}, "the gradient"),
        ("tr(A*X)", "X", "A''*", {}, "expected"),
        ("A*X", "X", "A'", {}, "gradient needs a scalar"),
        ("tr(A*X)", "X", "A'", {"kind": "gradients"}, "is not one of gradient, jacobian"),
        ("tr(A*X)", "X", "A'", {"assume": "positive-ish(A)"}, "positive-ish"),
        ("tr(inv(A))", "A", "A", {"where": "A: 2 x 3"}, "square"),
        ("tr(inv(x*x'))", "x", "x", {}, "no value and derivative at any of the points"),
        ("tr(A*X)", "A,X", "A'", {}, "by one variable"),
    ],
)
def test_bad_input_is_one_error(expr, wrt, claim, options, message):
    with pytest.raises(InputError, match=message):
        check_claim(expr, wrt, claim, **options)


# -------------------------------------------------------------------------------------------- properties

LOSSES = [
    ("tr(A*X*B)", "X", "A'*B'"),
    ("x'*A*x", "x", "A*x + A'*x"),
    ("logdet(X)", "X", "inv(X)'"),
    ("sum(exp(A*x))", "x", "A'*exp(A*x)"),
    ("norm2(A*x - y)^2", "x", "2*A'*A*x - 2*A'*y"),
]
FACTORS = st.fractions(-5, 5, max_denominator=1000).filter(lambda c: c not in (0, 1))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(LOSSES), FACTORS)
def test_any_other_factor_is_refuted_and_named(loss, factor):
    expr, wrt, claim = loss
    verdict = check_claim(expr, wrt, f"({factor.numerator})/{factor.denominator}*({claim})")
    assert verdict.verdict == "refuted"
    words = {Fraction(2): "twice", Fraction(1, 2): "half of", Fraction(-1): "opposite sign"}
    assert words.get(factor, f"{factor} times") in verdict.diagnosis


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(LOSSES), st.integers(3, 12), st.integers(0, 10**6))
def test_a_tiny_relative_error_is_refuted_and_the_truth_never(loss, digits, seed):
    expr, wrt, claim = loss
    assert check_claim(expr, wrt, claim, seed=seed)
    off = f"({claim}) + ({claim})/10^{digits}"
    assert check_claim(expr, wrt, off, seed=seed).verdict == "refuted"


def test_the_same_seed_gives_the_same_verdict():
    first, again = (check_claim("sum(exp(A*x))", "x", "A'*x", where="A: n x n", seed=3) for _ in range(2))
    assert first.counterexample == again.counterexample
    assert [e.figure for e in first.evidence] == [e.figure for e in again.evidence]


# ------------------------------------------------------------------------------------------- the package


def test_the_package_exports_what_it_says_and_imports_nothing_heavy():
    code = (
        "import sys, verify; "
        "heavy = {'numpy', 'scipy', 'flint', 'sympy', 'matplotlib'} & set(sys.modules); "
        "assert not heavy, heavy; "
        "from verify import check_claim; "
        "assert 'scipy' not in sys.modules and 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert set(verify.__all__) == set(dir(verify))
    with pytest.raises(AttributeError, match="no attribute 'check_clam'"):
        _ = verify.check_clam


@pytest.mark.parametrize(
    "code",
    [
        "import derive; from derive import InputError; from derive.errors import InternalError",
        "from verify import check_gradient; import numpy as np; check_gradient(np.sum, np.ones_like, np.ones(3))",
        "from verify import assert_gradient, check_moment",
    ],
)
def test_numbers_need_no_symbols(code):
    """SymPy takes longer to import than most checks of a gradient take."""
    code += "; import sys; assert not {'sympy', 'flint', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_names_of_derive_are_imported_when_they_are_used():
    code = (
        "import derive, sys; assert sys.getrecursionlimit() >= 10_000; assert set(dir(derive)) == set(derive.__all__); "
        "from derive import *; from derive.expression import algebra; import derive.api; "
        "assert gradient is derive.gradient is derive.api.gradient; assert all(map(callable, map(eval, derive.__all__)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'gradent'"):
        _ = derive.gradent


def test_contradicting_methods_are_an_internal_error(monkeypatch):
    """If a prime field certified what balls refute, something would be broken; it is not papered over."""
    from derive.errors import InternalError
    from verify.methods import exact
    from verify.verdict import Evidence

    monkeypatch.setattr(exact, "field_evidence", lambda *a, **k: Evidence("prime field", "certified", ""))
    with pytest.raises(InternalError, match="contradict"):
        check_claim("tr(A*X)", "X", "2*A'")


@pytest.mark.parametrize("seed", [-1, 1.5, "a", None, True])
def test_a_seed_is_a_whole_number(seed):
    message = "seed must be an integer from 0 on, got"
    with pytest.raises(InputError, match=message):
        check_claim("x'*x", "x", "2*x", seed=seed)
    with pytest.raises(InputError, match=message):
        verify.gradient("x'*x", "x", seed=seed)
    with pytest.raises(InputError, match=message):
        verify.run_suite(["mc-61"], seed=seed)
    with pytest.raises(InputError, match=message):
        verify.check_gradient(sum, [1.0, 1.0], [3.0, 4.0], seed=seed)
