"""Claims that have no value at any point of some sizes, though the truth has one there.

A matrix X X' with fewer columns than rows is singular, whatever X is (Horn and Johnson 2013, 0.4.5).
"""

import pytest

from verify import check_claim, check_equal

SQUARE_ONLY = [
    ("logdet(X'*X)", "X", "2*inv(X*X')*X"),
    ("logdet(X'*X)*a", "a", "logdet(X*X')"),
    ("norm2(pinv(X)*y)^2*a", "a", "norm2(inv(X'*X)*X'*X*X'*inv(X*X')*y)^2"),
    ("logdet(exp(X')*exp(X))*a", "a", "log(det(exp(X)*exp(X')))"),  # no entry is rational
]


@pytest.mark.parametrize(("expr", "wrt", "claim"), SQUARE_ONLY)
def test_a_claim_with_a_value_for_square_matrices_only_is_refuted_for_others(expr, wrt, claim):
    verdict = check_claim(expr, wrt, claim)
    assert verdict.verdict == "refuted"
    assert verdict.counterexample.claimed == "no value"
    assert verdict.diagnosis == "right only where m = n"


def test_concrete_sizes_decide():
    for where, word in [("X: 3 x 2", "refuted"), ("X: 3 x 3", "proved"), ("X: n x n", "proved")]:
        assert check_claim("logdet(X'*X)", "X", "2*inv(X*X')*X", where=where).verdict == word
    found = check_equal("pinv(A)", "inv(A'*A)*A'", where="A: 2 x 3")
    assert (found.verdict, found.diagnosis) == ("refuted", "A'*A has no inverse")
    assert check_equal("pinv(A)", "inv(A'*A)*A'", where="A: 3 x 2").verdict == "proved"


def test_a_claim_for_half_of_the_sizes_says_for_which():
    assert check_equal("pinv(A)", "inv(A'*A)*A'").conditions[-1] == "n <= m"
    assert check_equal("pinv(A)", "A'*inv(A*A')").conditions[-1] == "m <= n"


@pytest.mark.parametrize("claim", ["a*vector(1)/logdet(x*x')", "vector(1)/det(x*x')", "inv(x*x')*vector(1)"])
def test_the_error_is_the_claims_where_it_has_a_value_nowhere(claim):
    verdict = check_claim("mean(x)*a", "x", claim)
    assert verdict.verdict == "refuted"
    assert "the claim has no value" in verdict.evidence[0].figure


@pytest.mark.parametrize(
    ("expr", "wrt", "claim"),
    [
        ("logdet(X'*X)", "X", "2*X*inv(X'*X)"),
        ("logdet(eye + X*X')", "X", "2*inv(eye + X*X')*X"),
        ("logdet(eye + X*X')", "X", "2*X*inv(eye + X'*X)"),
        ("tr(pinv(A*B))*a", "a", "tr(pinv(A*B))"),  # of any rank
        ("mean(x)", "x", "vector(1)/n*(n-1)/(n-1)"),
        ("sum(log(x))", "x", "1./x"),
    ],
)
def test_a_claim_with_the_value_of_the_truth_is_upheld(expr, wrt, claim):
    where = "x: n" if "/n" in claim else None
    assert check_claim(expr, wrt, claim, where=where)


@pytest.mark.parametrize(
    ("expr", "wrt", "claim", "where"),
    [
        ("x'*x", "x", "2*x*(1 + relu(1.5 - n))", "x: n"),
        ("sum(X)", "X", "matrix(1)*(1 + relu(1.5 - m))", "X: m x n"),
    ],
)
def test_a_claim_that_is_wrong_for_a_size_of_one_only_is_refuted(expr, wrt, claim, where):
    assert check_claim(expr, wrt, claim, where=where).verdict == "refuted"


def test_a_number_as_long_as_a_tiny_difference_is_told_from_it():
    expr, claim = "5/3*c*sin(norm2(x)^14)", "(5/3 + 1e-90)*sin(norm2(x)^14)"
    assert check_claim(expr, "c", claim).verdict == "refuted"


def test_the_text_0_is_zero_in_any_shape():
    assert check_claim("x'*x", "x", "0").verdict == "refuted"
    assert check_claim("tr(X) - tr(X')", "X", "0")


def test_an_equation_in_orthogonal_matrices_knows_that_they_are_square():
    assert check_equal("Q*Q'", "eye", assume="orthogonal(Q)")
    assert not check_equal("norm1(Q*x)", "norm1(x)", assume="orthogonal(Q)")
