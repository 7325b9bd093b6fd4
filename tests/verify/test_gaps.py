"""Claims without a value where the truth has one are refuted there; those with the truth's domain, or a larger one, are not."""

import pytest

from derive import gradient
from verify import check_claim, check_equal

SMALLER = [
    ("sum(abs(x).^1.5)", "x", "1.5*sqrt(x)", "positive(x)"),
    ("log(a^2)*b", "b", "2*log(a)", "positive(a)"),
    ("logdet(A)*b", "b", "log(det(A))", "posdef(A)"),
    ("sum(abs(x).^3)", "x", "3*x.^1.5.*sqrt(x)", "positive(x)"),
    ("a*d", "d", "sqrt(a)^2", "positive(a)"),  # what SymPy folds to a, as it reads, and so the others
    ("a*d", "d", "exp(log(a))", "positive(a)"),
    ("a*d", "d", "a + log1p(a) - log1p(a)", "positive(a)"),
    ("x'*y", "y", "sqrt(x).*sqrt(x)", "positive(x)"),
]
AS_LARGE = [
    ("x'*sqrt(x)", "x", "1.5*sqrt(x)"),
    ("norm2(x)", "x", "x/sqrt(x'*x)"),
    ("sum(abs(x).*x)", "x", "2*sqrt(x.^2)"),
    ("log(det(A))", "A", "inv(A)'"),
    ("sum(log(x))", "x", "vector(1)./x"),
    ("log(a)*log(b)", "a", "log(b)/a"),
    ("sqrt(a)^2*d", "a", "d"),
    ("sqrt(a)^2", "a", "sign(a)"),
    ("sqrt(a)^2", "a", "sqrt(a)/sqrt(a)"),
    ("sum(exp(x))", "x", "exp(log(exp(x)))"),
]


@pytest.mark.parametrize(("expr", "wrt", "claim", "assume"), SMALLER)
def test_a_claim_of_a_smaller_domain_holds_only_where_it_is_assumed(expr, wrt, claim, assume):
    verdict = check_claim(expr, wrt, claim)
    assert verdict.verdict == "refuted"
    assert verdict.counterexample.claimed == "no value"
    assert verdict.diagnosis.startswith("right only where")
    assert check_claim(expr, wrt, claim, assume=assume)


@pytest.mark.parametrize(("expr", "wrt", "claim"), AS_LARGE)
def test_a_claim_of_the_same_domain_or_a_larger_one_holds(expr, wrt, claim):
    assert check_claim(expr, wrt, claim)


def test_a_step_of_a_derivation_may_widen_the_domain_and_not_narrow_it():
    assert check_equal("log(a) + log(b)", "log(a*b)").verdict == "proved"
    narrowed = check_equal("log(a*b)", "log(a) + log(b)")
    assert narrowed.verdict == "refuted"
    assert "the left side is" in str(narrowed.counterexample)
    assert "the right side has no value" in str(narrowed.counterexample)
    assert check_equal("exp(log(x))", "abs(x)")
    assert check_equal("x", "exp(log(x))").verdict == "refuted"
    assert check_equal("log(a) - log(a)", "0")
    assert check_equal("log(a*b)", "log(a) + log(b)", assume="positive(a), positive(b)").verdict == "proved"


def test_a_derivative_says_where_the_text_has_a_value():
    assert gradient("sqrt(a)^2*d", "a").conditions == ("a is positive",)
    assert gradient("exp(log(a*d))", "d", assume="positive(a), positive(d)").conditions == ()
    assert gradient("sqrt(a)*d", "a").conditions == ()  # its result shows it


@pytest.mark.parametrize("right", ["sqrtm(A)^2", "expm(logm(A))", "inv(sqrtm(inv(A)))^2"])
def test_roots_and_logarithms_of_matrices_have_no_value_at_every_matrix(right):
    verdict = check_equal("A", right, where="A: n x n")
    assert verdict.verdict == "refuted"
    assert verdict.counterexample.claimed == "no value"


def test_an_upheld_equation_says_where_it_holds():
    holds = ("no eigenvalue of A is zero or below",)
    assert check_equal("sqrtm(A)^2", "A").conditions == check_equal("expm(logm(A))", "A").conditions == holds
    assert check_equal("exp(log(a))", "a").conditions == ("a is positive",)
    assert check_equal("sqrt(x).^2", "x").conditions == ("every entry of x is positive",)
    assert check_equal("A*inv(A)*x", "x").conditions == ("A is invertible",)
    assert check_claim("logdet(A)", "A", "inv(A)", assume="posdef(A)").conditions == ()
    assert check_equal("sqrt(x'*x)^2", "x'*x").conditions == ()
    assert check_equal("pinv(A)", "inv(A'*A)*A'").conditions == ("A'*A is invertible", "n <= m")
    assert "wherever a is positive" in str(check_equal("sqrt(a)^2", "a"))


@pytest.mark.parametrize(
    ("left", "right", "holds"),
    [
        ("a", "a^2/a", "a is not zero"),  # what SymPy folds
        ("x", "x.^2./x", "no entry of x is zero"),
        ("x/norm2(x)*norm2(x)", "x", "x is not zero"),
        ("x'*x/(x'*x)", "1", "x'*x is not zero"),
        ("b*(a^2 - 1)/(a^2 - 1)", "b", "a^2 - 1 is not zero"),
        ("A*x*det(A)/det(A)", "A*x", "det(A) is not zero"),
    ],
)
def test_a_division_is_a_condition_where_the_divisor_may_be_zero(left, right, holds):
    assert holds in check_equal(left, right).conditions


@pytest.mark.parametrize(
    ("left", "right", "assume"),
    [
        ("exp(x)/sum(exp(x))", "softmax(x)", None),
        ("1/(1 + exp(-a))", "sigmoid(a)", None),
        ("1/(1 + x'*x)*y", "y/(x'*x + 1)", None),
        ("x.*y./y", "x", "positive(y)"),
        ("mean(x)", "sum(x)/n", None),
    ],
)
def test_a_division_by_what_is_positive_is_none(left, right, assume):
    where = "x: n" if "mean" in left else None
    assert check_equal(left, right, where, assume).conditions == ()
