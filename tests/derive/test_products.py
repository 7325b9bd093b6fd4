"""Laws of products of matrices make results as short as forms that are derived by hand, and those forms hold."""

import warnings

import pytest

import derive
from tests.derive.outside import operations
from verify import check_claim

#: (kind, expression, variable, where, assume, the form derived by hand)
CENTRED = [
    # the deviations from the mean add up to zero
    ("gradient", "norm2(x - sum(x)/n*vector(1))^2/n", "x", "x: n", None, "2*(x - sum(x)/n*vector(1))/n"),
    ("gradient", "sqrt(norm2(x - sum(x)/n*vector(1))^2/n)", "x", "x: n", None,
     "(x - sum(x)*vector(1)/n)/sqrt(n)/norm2(x - sum(x)*vector(1)/n)"),
    ("gradient", "y'*(x - sum(x)/n*vector(1))/norm2(x - sum(x)/n*vector(1))", "x", "x: n", None,
     "(y - sum(y)*vector(1)/n - y'*(x - sum(x)/n*vector(1))*(x - sum(x)/n*vector(1))"
     "/norm2(x - sum(x)/n*vector(1))^2)/norm2(x - sum(x)/n*vector(1))"),
    ("jacobian", "(x - sum(x)/n*vector(1))/norm2(x - sum(x)/n*vector(1))", "x", "x: n", None,
     "(eye - matrix(1)/n - (x - sum(x)/n*vector(1))*(x - sum(x)/n*vector(1))'/norm2(x - sum(x)/n*vector(1))^2)"
     "/norm2(x - sum(x)/n*vector(1))"),
    ("gradient", "norm2(X - matrix(1)*X/n)^2", "X", "X: n x p", None, "2*(X - matrix(1)*X/n)"),
    ("gradient", "norm2((eye - matrix(1)/n)*X*A)^2", "X", "X: n x p", None, "2*(eye - matrix(1)/n)*X*A*A'"),
    ("gradient", "norm2(X - X*matrix(1)/p)^2", "X", "X: n x p", None, "2*(X - X*matrix(1)/p)"),
]  # fmt: skip
CASES = [*CENTRED]


@pytest.mark.parametrize(("kind", "expr", "wrt", "where", "assume", "expected"), CASES)
def test_a_law_of_products_shortens(kind, expr, wrt, where, assume, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = getattr(derive, kind)(expr, wrt, where, assume).to_text()
        assert operations(result) <= operations(expected), result
        for claim in (expected, result):
            assert check_claim(expr, wrt, claim, kind, where=where, assume=assume)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        # no sum of these is zero: the mean of something else, another divisor, rows for columns
        ("sum((x - sum(y)/n*vector(1)).*x)", "2*x - sum(y)/n*vector(1)"),
        ("sum(x - sum(x)/m*vector(1))^2", "2*(1 - n/m)^2*sum(x)*vector(1)"),
        ("sum(sum(x)*y - sum(y)/n*sum(x)*vector(1) + x)", "vector(1)"),
        ("norm2(vector(1)'*(X - X*matrix(1)/n))^2", "2*matrix(1)*(X - X*matrix(1)/n)"),
        ("norm2((X - matrix(1)*X/n)*vector(1))^2", "2*(X - matrix(1)*X/n)*matrix(1)"),
    ],
)
def test_what_is_not_centred_stays(expr, expected):
    wrt = "X" if "X" in expr else "x"
    where = "X: n x n" if wrt == "X" else "x: n, m: scalar" if "m" in expr.replace("sum", "") else "x: n"
    assert check_claim(expr, wrt, expected, where=where)
    assert check_claim(expr, wrt, derive.gradient(expr, wrt, where).to_text(), where=where)
