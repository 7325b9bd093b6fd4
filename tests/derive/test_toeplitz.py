"""Sums along diagonals, and variables that range over Toeplitz matrices (Matrix Cookbook, 2.8.3)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Identity, MatrixSymbol, Symbol, Trace

import derive
from derive.code import Output, source
from derive.errors import InputError
from derive.expression.functions import Toeplitz
from tests.derive.points import run
from verify import check_claim
from verify.arithmetics.exact import RATIONALS, prime_field
from verify.evaluate import evaluate

TOEPLITZ = "structured-toeplitz(X)"
BOTH = "structured-toeplitz(X), structured-symmetric(X)"


def book(a):
    """The matrix α(A) of MC (143), written out entry by entry: Tr A on the diagonal, A_n1 in the corner (1, n)."""
    n = len(a)
    out = np.zeros_like(a)
    for i in range(n):
        for j in range(n):
            out[i, j] = sum(a.T[k, l] for k in range(n) for l in range(n) if k - l == i - j)
    return out


@given(st.integers(1, 6), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_every_arithmetic_and_the_printed_function_sum_the_diagonals(n, seed):
    a = np.random.default_rng(seed).integers(-9, 10, (n, n))
    wanted = book(a.T)
    A = MatrixSymbol("A", n, n)
    assert np.array_equal(evaluate(Toeplitz(A), {"A": a}), wanted)
    assert np.array_equal(evaluate(Toeplitz(A), {"A": a}, arithmetic=RATIONALS), wanted)
    residues = evaluate(Toeplitz(A), {"A": a}, arithmetic=prime_field())
    assert all(int(r) == w % prime_field().p for r, w in zip(residues.flat, wanted.flat, strict=True))
    f = run(source([Output((Toeplitz(A),))], {"A": A}))
    assert np.allclose(f(A=a.astype(float)), wanted)


def test_the_corners_of_the_books_matrix():
    """MC (143): Tr A on the diagonal, A_n1 in the corner (1, n), A_1n in the corner (n, 1)."""
    a = np.random.default_rng(0).standard_normal((4, 4))
    f = run(derive.gradient("tr(A*X)", "X", assume=TOEPLITZ).to_numpy())
    found = f(A=a, X=np.eye(4))
    assert np.allclose(np.diag(found), np.trace(a))
    assert found[0, 3] == pytest.approx(a[3, 0])
    assert found[3, 0] == pytest.approx(a[0, 3])
    assert np.allclose(found, book(a))


RIGHT = [
    ("tr(A*X)", "toeplitz(A')", TOEPLITZ),
    ("tr(A*X)", "toeplitz(A) + toeplitz(A)' - toeplitz(A).*eye", BOTH),
    ("logdet(X)", "toeplitz(inv(X)')", TOEPLITZ),
    ("logdet(X) + y'*inv(X)*y", "2*toeplitz(inv(X) - inv(X)*y*y'*inv(X))"
     " - toeplitz(inv(X) - inv(X)*y*y'*inv(X)).*eye", BOTH + ", posdef(X)"),
    ("norm2(A*X*y)^2", "2*toeplitz(A'*A*X*y*y')", TOEPLITZ),
    ("tr(A*X)", "tr(A)*eye", TOEPLITZ + ", structured-diagonal(X)"),
    ("norm2(toeplitz(X))^2", "2*toeplitz(toeplitz(X))", ""),
    ("tr(toeplitz(X*A))", "n*A'", "symmetric(A)"),
]  # fmt: skip
WRONG = [
    ("tr(A*X)", "A'", TOEPLITZ),
    ("tr(A*X)", "toeplitz(A)", TOEPLITZ),
    ("tr(A*X)", "toeplitz(A) + toeplitz(A)'", BOTH),
    ("tr(A*X)", "toeplitz(A')", BOTH),
    ("tr(A*X)", "A + A' - A.*eye", BOTH),
    ("logdet(X)", "toeplitz(inv(X))", TOEPLITZ),
    ("norm2(toeplitz(X))^2", "2*toeplitz(X)", ""),
]


@pytest.mark.parametrize(("expr", "claim", "assume"), RIGHT)
def test_right_claims_are_certified(expr, claim, assume):
    where = ", ".join(d for d in ("X: n x n", "A: n x n", "y: n") if d[0] in expr)
    assert check_claim(expr, "X", claim, where=where, assume=assume).verdict in ("proved", "certified")
    result = derive.gradient(expr, "X", where=where, assume=assume).result
    assert check_claim(expr, "X", result, where=where, assume=assume).verdict in ("proved", "certified")


@pytest.mark.parametrize(("expr", "claim", "assume"), WRONG)
def test_wrong_claims_are_refuted(expr, claim, assume):
    assert check_claim(expr, "X", claim, assume=assume).verdict == "refuted"


def test_a_claim_for_free_entries_is_told_from_one_for_tied_ones():
    assert "free" in check_claim("tr(A*X)", "X", "A'", assume=TOEPLITZ).diagnosis
    assert "structured-toeplitz" in check_claim("tr(A*X)", "X", "toeplitz(A')", where="X: n x n").diagnosis


def test_the_change_of_the_gradient_along_toeplitz_directions():
    claim = "-toeplitz(inv(X)*dX*inv(X))'"
    assert check_claim("logdet(X)", "X", claim, kind="hessian", assume=TOEPLITZ).verdict in (
        "proved",
        "certified",
    )
    wrong = "-(inv(X)*dX*inv(X))'"
    assert check_claim("logdet(X)", "X", wrong, kind="hessian", assume=TOEPLITZ).verdict == "refuted"


def test_text_latex_and_simple_values():
    problem = derive.parse("tr(toeplitz(A*B)*C)")
    assert derive.to_text(problem.expr) == "tr(toeplitz(A*B)*C)"
    assert derive.parse(derive.to_text(problem.expr)).expr == problem.expr
    assert derive.latex(Toeplitz(MatrixSymbol("A", 3, 3))) == r"\operatorname{toeplitz}\left(A\right)"
    n = Symbol("n", integer=True, positive=True)
    X = MatrixSymbol("X", n, n)
    assert derive.gradient(Trace(X), X, assume=TOEPLITZ).result == n * Identity(n)


def test_what_cannot_be_said_is_an_input_error():
    with pytest.raises(InputError, match="toeplitz needs a square matrix"):
        derive.parse("toeplitz(A)", where="A: m x n")
    with pytest.raises(InputError, match="no matrix in the text language"):
        derive.jacobian("X*y", "X", assume=TOEPLITZ)
    with pytest.raises(InputError, match="orthogonal and structured-toeplitz Q"):
        check_claim("tr(A*Q)", "Q", "toeplitz(A')", assume="structured-toeplitz(Q), orthogonal(Q)")
