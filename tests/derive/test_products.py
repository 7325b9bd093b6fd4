"""Laws of products of matrices make results as short as forms that are derived by hand, and those forms hold."""

import warnings

import pytest

import derive
from derive.language.text import to_text
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
EXPONENTIALS = [
    # d/dt expm(t A) = A expm(t A), and tr(D exp(X)[E] B) = tr(E B exp(X)) where B and X commute
    ("gradient", "norm2(expm(t*A)*x - y)^2", "t", "t: scalar", None, "2*(expm(t*A)*x - y)'*A*expm(t*A)*x"),
    ("gradient", "y'*expm(-t*A)*x", "t", "t: scalar", None, "-y'*A*expm(-t*A)*x"),
    ("gradient", "y'*expm(t*A')*x", "t", "t: scalar", None, "y'*A'*expm(t*A')*x"),
    ("gradient", "tr(expm(t*A)'*B)", "t", "t: scalar", None, "tr(B'*A*expm(t*A))"),
    ("gradient", "tr(expm(t*(A + B))*C)", "t", "t: scalar", None, "tr(C*(A + B)*expm(t*(A + B)))"),
    ("gradient", "tr(expm(A + t*B))", "t", "t: scalar", None, "tr(expm(A + t*B)*B)"),
    ("hessian", "y'*expm(t*A)*x", "t", "t: scalar", None, "y'*A*A*expm(t*A)*x"),
]
SCALARS = [
    # inv(c M) = inv(M)/c, and so for the pseudo-inverse of a matrix of full rank
    ("gradient", "logdet((Y - X*B)'*(Y - X*B)/c)", "B", None, None, "-2*X'*pinv(Y - X*B)'"),
    ("gradient", "logdet(a*X'*X)", "X", None, None, "2*pinv(X)'"),
    ("gradient", "logdet(X'*X/m)", "X", "X: m x n", None, "2*pinv(X)'"),
    ("gradient", "tr(inv(X*X'/c))", "X", None, None, "-2*c*inv(X*X')^2*X"),
    ("gradient", "tr(pinv(a*X)*B)", "a", "a: scalar", None, "-tr(pinv(X)*B)/a^2"),
    ("gradient", "det(a*A*B)", "a", "A: 3 x 3, a: scalar", None, "3*a^2*det(A*B)"),
]
PUSHED = [
    # A inv(I + S A) = inv(I + A S) A
    ("gradient", "logdet(eye + A*S)", "S", None, "symmetric(A), symmetric(S)", "inv(eye + A*S)*A"),
    ("gradient", "logdet(eye + A*X*X')", "X", None, "posdef(A)", "2*inv(eye + A*X*X')*A*X"),
    ("gradient", "logdet(a*eye + X*X'*A)", "X", None, "symmetric(A)", "2*A*inv(a*eye + X*X'*A)*X"),
    ("gradient", "tr(inv(eye + A*X*X'))", "X", None, "posdef(A)", "-2*inv(eye + A*X*X')^2*A*X"),
    (
        "gradient",
        "-(a + b)/2*logdet(eye + inv(S)*(X - M)*inv(V)*(X - M)')",
        "M",
        "X: n x p",
        "posdef(S), posdef(V)",
        "(a + b)*inv(eye + inv(S)*(X - M)*inv(V)*(X - M)')*inv(S)*(X - M)*inv(V)",
    ),
]
DIAGONALS = [
    # 1 1' diag(x) = 1 x', the diagonal of A 1 1' is A 1, and the diagonal of A B is (A ⊙ B') 1
    ("gradient", "norm2(matrix(1)*diag(x) - Y)^2", "x", "Y: n x n", None, "2*(n*x - Y'*vector(1))"),
    ("gradient", "tr(diag(x)*matrix(1)*Y)", "x", "Y: n x n", None, "Y'*vector(1)"),
    ("gradient", "y'*diag(matrix(1)*X)", "X", "X: n x n", None, "vector(1)*y'"),
    ("gradient", "norm2(diag(X*matrix(1)))^2", "X", "X: n x n", None, "2*X*matrix(1)"),
    ("gradient", "tr(matrix(1)*X*X')", "X", "X: n x p", None, "2*matrix(1)*X"),
    ("jacobian", "diag(X*X')", "X", None, None, "2*kron(vector(1)', eye)*diag(vec(X))"),
    ("jacobian", "diag(X*A)", "X", None, None, "kron(vector(1)', eye)*diag(vec(A'))"),
    ("jacobian", "diag(A*X*B)", "X", None, None, "kron(vector(1)', eye)*diag(vec(B'))*kron(eye, A)"),
    ("jacobian", "diag(A*X'*B)", "X", None, None, "kron(vector(1)', eye)*diag(vec(A))*kron(eye, B')"),
    (
        "jacobian",
        "diag(X'*A*X)",
        "X",
        "X: m x n",
        None,
        "kron(vector(1)', eye)*diag(vec((A*X)' + X'*A))*commutation(m, n)",
    ),
    ("jacobian", "diag(X*diag(x))", "x", None, None, "diag(diag(X))"),
]
TURNED = [
    ("gradient", "y'*X*inv(X'*X/n)*X'*y", "X", "X: n x p", None, "2*n*(y - X*pinv(X)*y)*y'*pinv(X)'"),
]
CASES = [*CENTRED, *EXPONENTIALS, *SCALARS, *PUSHED, *DIAGONALS, *TURNED]


@pytest.mark.parametrize(("kind", "expr", "wrt", "where", "assume", "expected"), CASES)
def test_a_law_of_products_shortens(kind, expr, wrt, where, assume, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = getattr(derive, kind)(expr, wrt, where, assume).to_text()
        assert operations(result) <= operations(expected), result
        assert "''" not in result
        assert ")')'" not in result
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


@pytest.mark.parametrize(
    ("expr", "wrt", "assume"),
    [
        ("logdet(eye + A*X*X')", "X", None),  # A X X' and X X' A are not each other's transpose
        ("logdet(eye + A*X + B)", "X", "symmetric(A), symmetric(X)"),
        ("tr(expm(t*A)*B)", "A", None),
        ("tr(expm(t*A + B)*C)", "t", None),  # A does not commute with t A + B
    ],
)
def test_what_does_not_commute_stays(expr, wrt, assume):
    where = "t: scalar" if "t*" in expr else None
    assert check_claim(
        expr, wrt, derive.gradient(expr, wrt, where, assume).to_text(), where=where, assume=assume
    )


def test_a_sum_that_is_the_transpose_of_another_is_written_as_that():
    # with the residual S = S', the differential tr(2 S (dP K + K' dP)) of the Riccati equation's residual
    expr = "norm2(A'*P + P*A - P*B*inv(R)*B'*P + Q)^2"
    assume = "symmetric(P), symmetric(Q), symmetric(R)"
    d = derive.gradient(expr, "P", assume=assume)
    named = {name: to_text(e) for name, e in d.where}
    assert named["K"] == "A - B*inv(R)*B'*P"
    assert to_text(d.short) == "2*(S*K' + K*S)"
    assert check_claim(expr, "P", d.to_text(), assume=assume)
