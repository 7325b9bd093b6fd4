"""The diagnosis of a wrong claim: the usual slips, each named."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from verify import check_claim
from verify.arithmetics.exact import prime_field
from verify.claims import read
from verify.methods.exact import ball_evidence, field_evidence
from verify.power.mutants import wrong_formulas
from verify.slips.diagnosis import explain
from verify.slips.samples import MOST_WORK, Samples, _reconstructed
from verify.study import Study

A3 = "A: n x n, X: n x n"
CASES = [
    # a factor
    ("x'*x", "x", "x", {}, "half of the gradient"),
    ("x'*x", "x", "4*x", {}, "twice the gradient"),
    ("x'*x", "x", "-2*x", {}, "the gradient with the opposite sign"),
    ("x'*x", "x", "3*x", {}, "3/2 times the gradient"),
    ("x'*x", "x", "0*x", {}, "zero, which the gradient is not"),
    ("c*x'*x", "x", "2*x", {}, "right but for the missing factor c"),
    ("x'*x + c*y'*y", "x", "2*c*x", {}, "c times the gradient"),
    ("sum(x)/n", "x", "vector(1)", {"where": "x: n"}, "n times the gradient"),
    ("norm2(x)", "x", "x", {}, "norm2(x) times the gradient"),
    ("det(X)", "X", "inv(X)'", {}, "right but for the missing factor det(X)"),
    ("A*x", "x", "2*A", {"kind": "jacobian"}, "twice the Jacobian"),
    ("x'*A*x", "x", "1/2*(A + A')", {"kind": "hessian"}, "half of the Hessian"),
    # transposes and symmetry
    ("tr(A*X)", "X", "A", {"where": A3}, "the transpose of the gradient"),
    ("A*x", "x", "A'", {"kind": "jacobian", "where": "A: n x n"}, "the transpose of the Jacobian"),
    ("x'*A*x", "x", "2*A*x", {}, "right only if A is symmetric"),
    ("tr(X'*A*X*B)", "X", "2*A*X*B", {}, "right only if A and B are symmetric"),
    ("norm1(x)", "x", "vector(1)", {}, "right only where x is positive"),
    ("tr(A*X*B)", "X", "A'*B", {"where": "A: n x n, B: n x n"}, "right only if B is symmetric"),
    # terms and paths
    ("x'*A*x", "x", "A*x", {}, "missing term A'*x, the path through x in x'*A*x"),
    ("1/2*norm2(W'*W*x - x)^2", "W", "W*(W'*W*x - x)*x'", {},
     "missing term W*x*(W'*W*x - x)', the path through W'"),
    ("x'*A*x + y'*x", "x", "A*x + A'*x", {}, "missing term y"),
    ("x'*A*x + y'*x", "x", "A*x + A'*x - y", {}, "the sign of the term y"),
    ("x'*A*x + y'*x", "x", "A*x + A'*x + y + 3*x", {}, "surplus term 3*x"),
    ("x'*A*x + y'*x", "x", "A*x + A'*x + 5*y", {}, "the term y, the path through x in y'*x, which has the factor 5"),
    ("softmax(x)", "x", "diag(softmax(x))", {"kind": "jacobian"}, "missing term -softmax(x)*softmax(x)'"),
    # terms to which several paths add the same
    ("x'*x + y'*x", "x", "y", {}, "right but for the missing term 2*x"),
    ("x'*x + y'*x", "x", "x + y", {}, "missing term x, the path through x in x'*x"),
    ("x'*x + y'*x", "x", "3*x + y", {}, "right but for the term x, which has the factor 3 instead of 2"),
    ("x'*x + y'*x", "x", "y - 2*x", {}, "right but for the sign of the term 2*x"),
    ("tr(X'*X) + tr(A*X)", "X", "A'", {}, "right but for the missing term 2*X"),
    ("norm2(W'*W*x - x)^2 + c*tr(W'*W)", "W", "2*W*(W'*W*x - x)*x' + 2*W*x*(W'*W*x - x)'", {},
     "right but for the missing term 2*c*W"),
    ("x'*A*x + y'*x", "x", "y", {"assume": "symmetric(A)"}, "right but for the missing term 2*A*x"),
    ("x'*A*x/(x'*x)", "x", "2*A*x/(x'*x)", {"assume": "symmetric(A)"}, "right but for the missing term -2*"),
    ("tr(X*X*X) + tr(A*X)", "X", "A'", {}, "right but for the missing term 3*(X^2)'"),
    # lost factors
    ("logdet(A*X*B)", "X", "A'*inv(A*X*B)'", {"where": A3 + ", B: n x n"}, "missing factor B' on the right"),
    ("logdet(A*X*B)", "X", "inv(A*X*B)'", {"where": A3 + ", B: n x n"},
     "missing factors A' on the left and B' on the right"),
    ("logsumexp(A*x)", "x", "softmax(A*x)", {"where": "A: n x n"}, "missing factor A' on the left"),
    ("1/2*norm2(X*w - y)^2", "w", "X'*X*w - y", {"where": "X: n x n"}, "X' on the left of the term -y"),
    ("y'*inv(K)*y", "K", "-inv(K)*y*y'", {"assume": "symmetric(K)"}, "missing factor inv(K) on the right"),
    ("inv(X)", "X", "-inv(X)*dX", {"kind": "differential"}, "missing factor inv(X) on the right"),
    # what is left out of the chain rule
    ("norm2(relu(W*x) - y)^2", "W", "2*(relu(W*x) - y)*x'", {}, "the derivative of relu(W*x) by W*x, which is missing"),
    ("sum(relu(A*x))", "x", "A'*vector(1)", {}, "the derivative of relu(A*x) by A*x, which is missing"),
    ("softmax(x)", "x", "diag(softmax(x).*(vector(1) - softmax(x)))", {"kind": "jacobian"},
     "only the diagonal of the Jacobian"),
    # what holds for some values only
    ("-y'*log(softmax(W*x))", "W", "(softmax(W*x) - y)*x'", {}, "right only if sum(y) = 1"),
    ("logsumexp(W*x)*sum(y) - y'*W*x", "W", "(softmax(W*x) - y)*x'", {}, "right only if sum(y) = 1"),
    ("X^2", "X", "2*X*dX", {"kind": "differential"}, "right only where X and dX commute"),
    ("expm(X)", "X", "expm(X)*dX", {"kind": "differential"}, "right only where X and dX commute"),
    ("X^2", "X", "X'*dX + dX*X'", {"kind": "differential"}, "right only if X is symmetric"),
    ("sum(exp(X))", "X", "expm(X)", {"where": "X: n x n"}, "elementwise exp(X) in place of the matrix exponential expm(X)"),
    # products and inverses
    ("tr(X*A*B)", "X", "(B*A)'", {"where": A3 + ", B: n x n"}, "in place of"),
    ("tr(A*(X.*X))", "X", "2*A'*X", {"where": A3}, "the elementwise product A' .* X in place of A'*X"),
    ("tr(A*X*X)", "X", "(A.*X)' + (X*A)'", {"where": A3}, "the matrix product"),
    ("tr(inv(X)*A)", "X", "-X'*A'*inv(X)'", {}, "the inverse was forgotten"),
    ("logdet(X)", "X", "X'", {}, "the inverse of the gradient"),
    ("tr(X^3)", "X", "3*X'", {}, "right with"),
    ("inv(X)", "X", "-inv(X)*inv(X)*dX", {"kind": "differential"}, "right with dX*inv(X) in place of inv(X)*dX"),
    ("sum(x.*x.*x)", "x", "3*x", {}, "right with x.^2 in place of x"),
    ("norm2(sigmoid(W*x) - y)^2", "W", "2*(sigmoid(W*x) - y)*x'", {},
     "right but for the derivative of sigmoid(W*x) by W*x, which is missing"),
    # layouts
    ("tr(A*X)", "X", "A.*eye", {"where": A3}, "right under structured-diagonal(X)"),
    ("A*X*B", "X", "kron(A, B')", {"kind": "jacobian"}, "row by row"),
    ("logdet(X)", "X", "inv(X)", {"assume": "structured-symmetric(X)"}, "entries of X were free"),
    ("logdet(X)", "X", "2*inv(X) - inv(X).*eye", {"assume": "symmetric(X)"}, "right under structured-symmetric(X)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expr", "wrt", "claim", "options", "words"), CASES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_usual_slips_are_named(expr, wrt, claim, options, words):
    verdict = check_claim(expr, wrt, claim, **options)
    assert verdict.verdict == "refuted"
    assert verdict.diagnosis
    assert words in verdict.diagnosis
    assert "\n" not in verdict.diagnosis


def test_what_is_no_usual_slip_is_told_the_truth():
    verdict = check_claim("x'*A*x + 0*y'*x + y'*y", "x", "A*y")
    assert verdict.diagnosis == "none of the usual slips; the gradient is (A + A')*x"


def test_an_inner_path_that_is_forgotten_is_named():
    """K occurs in the trace and in the determinant; the claim sees only the trace."""
    loss = "logdet(X*X' + eye) + tr(inv(X*X' + eye)*Y)"
    claim = "-inv(X*X' + eye)*(Y + Y')*inv(X*X' + eye)*X"
    verdict = check_claim(loss, "X", claim)
    assert "missing term" in verdict.diagnosis or "path through" in verdict.diagnosis
    assert "inv(X*X' + eye)" in verdict.diagnosis


@pytest.mark.parametrize(
    ("expr", "wrt", "claim", "where"),
    [
        ("w'*w*w", "w", "sin(w)*w'", "w: 4"),
        ("y'*B*u*y", "B", "kron(sin(u)', y*y')", "y: 4, B: 4 x 2, u: 2"),
        ("tr(A)*A*x", "A", "kron(x', tr(A)*eye)", "A: 3 x 3, x: 3"),
    ],
)
def test_a_wrong_jacobian_of_concrete_size_is_diagnosed(expr, wrt, claim, where):
    assert check_claim(expr, wrt, claim, "jacobian", where).diagnosis


def test_rational_reconstruction_inverts_reduction():
    p = prime_field(0).p * prime_field(1).p
    for numerator, denominator in [(1, 3), (-7, 5), (1000000001, 10**9), (999999999999, 10**12), (12, 1)]:
        found = _reconstructed(numerator * pow(denominator, -1, p) % p, p)
        assert found is not None
        assert (found.numerator, found.denominator) == (numerator, denominator)


def test_a_residue_of_no_fraction_is_none():
    rng = Random(0)
    for p in (prime_field(0).p, prime_field(0).p * prime_field(1).p):
        assert not any(_reconstructed(rng.randrange(p), p) for _ in range(500))


@pytest.mark.parametrize("digits", [6, 9, 10, 12])
def test_a_factor_close_to_one_is_told_as_it_is(digits):
    off = Fraction(10**digits - 1, 10**digits)
    verdict = check_claim("tr(X'*A*X*B)", "X", f"A*X*B + (1 - 1/10^{digits})*A'*X*B'")
    assert f"which has the factor {off} instead of 1" in verdict.diagnosis
    verdict = check_claim("tr(X'*A*X*B)", "X", f"(1 - 1/10^{digits})*(A*X*B + A'*X*B')")
    assert verdict.diagnosis == f"{off} times the gradient"


def test_what_is_right_at_usual_points_is_said_to_be():
    verdict = check_claim("norm2(x)^2", "x", "2*x + relu(x - 50*vector(1))")
    assert verdict.diagnosis == "right only where x - 50*vector(1) < 0"


#: Right formulas to make wrong ones from: smooth and rational, with terms, products, inverses and transposes.
RIGHT = [
    ("x'*A*x + y'*x", "x", "A*x + A'*x + y", "", ""),
    ("x'*x + c*y'*x", "x", "2*x + c*y", "", ""),
    ("1/2*norm2(W'*W*x - x)^2", "W", "W*(W'*W*x - x)*x' + W*x*(W'*W*x - x)'", "", ""),
    ("logdet(A*X*B)", "X", "A'*inv(A*X*B)'*B'", A3 + ", B: n x n", ""),
    ("tr(inv(X)*A)", "X", "-inv(X)'*A'*inv(X)'", "", ""),
    ("y'*inv(K)*y + logdet(K)", "K", "inv(K) - inv(K)*y*y'*inv(K)", "", "symmetric(K)"),
    ("tr(X*X*X) + tr(A*X)", "X", "3*(X*X)' + A'", "", ""),
    ("logsumexp(A*x) + norm2(x)^2", "x", "A'*softmax(A*x) + 2*x", "A: n x n", ""),
    ("sum(exp(A*x).*y)", "x", "A'*(exp(A*x).*y)", "A: n x n", ""),
]


@pytest.mark.parametrize("row", RIGHT, ids=lambda row: row[0])
def test_a_claim_mended_as_its_diagnosis_says_is_right(row):
    """Whatever a diagnosis names, the claim with that put right passes the check, at points of the check's own."""
    expr, wrt, claim, where, assume = row
    problem, statement, right = read(expr, wrt, claim, where=where, assume=assume or None)
    found = [m for m in wrong_formulas(statement, right).wrong.values() if not m.slip.startswith("one entry")]
    assert len(found) > 10
    for mutant in Random(expr).sample(found, 10):
        slip = explain(Study(problem, statement), mutant.formula)
        assert slip is not None
        there = slip.statement or statement
        evidence = field_evidence(there, slip.mended, seed=5)
        if evidence.verdict == "inconclusive":
            evidence = ball_evidence(there, slip.mended, seed=5)
        assert evidence.verdict in ("certified", "agrees"), (mutant, slip.words)
        if slip.statement is None and slip.mended == mutant.formula:
            pytest.fail(f"nothing is mended: {slip.words}")


@pytest.mark.parametrize("row", RIGHT, ids=lambda row: row[0])
def test_a_sign_is_only_said_to_be_wrong_where_the_term_is_there(row):
    expr, wrt, claim, where, assume = row
    problem, statement, right = read(expr, wrt, claim, where=where, assume=assume or None)
    for mutant in wrong_formulas(statement, right).wrong.values():
        if mutant.slip == "dropped term":
            slip = explain(Study(problem, statement), mutant.formula)
            assert slip is not None
            assert "sign" not in slip.words


@pytest.mark.parametrize(
    ("expr", "claim", "words"),
    [
        ("tr(logm(A))", "2*inv(A)'", "twice the gradient"),
        ("tr(A^p)", "(A^(p-1))'", "right but for the missing factor p"),
    ],
)
def test_functions_of_matrices_are_diagnosed_with_counted_work(expr, claim, words):
    problem, statement, wrong = read(
        expr, "A", claim, where="A: n x n, p: scalar" if "p" in expr else "A: n x n"
    )
    study = Study(problem, statement)
    samples = Samples(statement, wrong)
    with samples.arithmetic.context():
        assert explain(study, wrong).words == words
    assert samples.work < MOST_WORK
