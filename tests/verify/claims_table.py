"""Right and wrong claims of every kind, for the tests of every method."""

from __future__ import annotations

from sympy import Expr

from verify.claims import read
from verify.statement import Statement

#: (expression, variable, right claim, wrong claim, kind, assumptions); rational, so that a field decides
RATIONAL = [
    ("tr(A*X*B)", "X", "A'*B'", "-A'*B'", "gradient", ""),
    ("x'*A*x", "x", "(A + A')*x", "2*A*x", "gradient", ""),
    ("det(X)", "X", "det(X)*inv(X)'", "det(X)*inv(X)", "gradient", "invertible(X)"),
    ("logdet(X)", "X", "inv(X)'", "inv(X)", "gradient", "invertible(X)"),
    ("tr(inv(X)*A)", "X", "-(inv(X)*A*inv(X))'", "-inv(X)*A'*inv(X)'", "gradient", ""),
    ("logdet(eye + X*X')", "X", "2*X*inv(eye + X'*X)", "2*X*inv(eye + X'*X)'*inv(eye + X'*X)", "gradient", ""),
    ("norm2(A*x - y)^2", "x", "2*A'*(A*x - y)", "2*A'*(A*x + y)", "gradient", ""),
    ("1/norm2(x)^2", "x", "-2*x/norm2(x)^4", "-2*x/norm2(x)^2", "gradient", ""),
    ("sum(kron(X, Y))", "X", "sum(Y)*matrix(1)", "sum(X)*matrix(1)", "gradient", ""),
    ("A*x", "x", "A", "A + 1/1000000000*A", "jacobian", ""),
    ("X*A", "X", "kron(A', eye)", "kron(eye, A')", "jacobian", ""),
    ("x*(y'*x)", "x", "y'*x*eye + x*y'", "y'*x*eye + y*x'", "jacobian", ""),
    ("(x'*A*x)^2", "x", "2*(A+A')*x*x'*(A+A') + 2*(x'*A*x)*(A+A')", "2*(A+A')*x*x'*(A+A')", "hessian", ""),
    ("tr(X*A*X)", "X", "(A*dX + dX*A)'", "A*dX + dX*A", "hessian", ""),
    ("inv(X)", "X", "-inv(X)*dX*inv(X)", "-inv(X)*inv(X)*dX", "differential", ""),
    ("X*Y", "X,Y", "dX*Y + X*dY", "dX*dY", "differential", ""),
    ("tr(Q'*A*Q)", "A", "eye", "Q", "gradient", "orthogonal(Q)"),
    ("logdet(K)", "K", "inv(K)", "inv(K)*inv(K)", "gradient", "posdef(K)"),
    ("tr(A*X)", "X", "A + A' - A.*eye", "A'", "gradient", "structured-symmetric(X)"),
    ("tr(A*X)", "X", "A.*eye", "A'", "gradient", "structured-diagonal(X)"),
    ("tr(X)", "X", "eye", "n/(n+1)*eye", "gradient", ""),
]  # fmt: skip
WHERE = {"(x'*A*x)^2": "x: n", "tr(X)": "X: n x n"}
#: The same for functions that are not rational: balls decide
SMOOTH = [
    ("sum(exp(A*x))", "x", "A'*exp(A*x)", "A'*exp(-A*x)", "gradient", ""),
    ("norm2(x)", "x", "x/norm2(x)", "x/norm2(x)^2", "gradient", ""),
    ("logsumexp(x)", "x", "softmax(x)", "softmax(x).*softmax(x)", "gradient", ""),
    ("softmax(x)", "x", "diag(softmax(x)) - softmax(x)*softmax(x)'", "diag(softmax(x))", "jacobian", ""),
    ("sum(tanh(x))", "x", "vector(1) - (2*sigmoid(2*x) - vector(1)).^2", "vector(1) - tanh(x)", "gradient", ""),
    ("tr(expm(X))", "X", "expm(X)'", "expm(X)", "gradient", ""),
    ("norm1(A*x)", "x", "A'*sign(A*x)", "A'*vector(1)", "gradient", ""),
    ("sum(relu(A*x))", "x", "A'*sign(relu(A*x))", "A'*relu(sign(x'*x)*A*x)", "gradient", ""),
    ("sum(log(x).*log(x))", "x", "2*log(x)./x", "log(x)./x", "gradient", "positive(x)"),
    ("sum(log(x).*log(x))", "x", "2*log(x)./x", "log(x)", "gradient", ""),
    ("sum(arcsin(x))", "x", "vector(1)./sqrt(vector(1) - x.*x)", "vector(1)./(vector(1) - x.*x)", "gradient", ""),
    ("sqrt(det(K))", "K", "1/2*sqrt(det(K))*inv(K)", "1/2*sqrt(det(K))*K", "gradient", "posdef(K)"),
    ("logsumexp(x)", "x", "diag(softmax(x)) - softmax(x)*softmax(x)'", "diag(softmax(x))", "hessian", ""),
    ("x^a", "x", "a*x^(a-1)", "a*x^a", "gradient", ""),
]  # fmt: skip
WHERE["sum(relu(A*x))"] = "A: m x n"
WHERE["x^a"] = "x: scalar"


def statements(row: tuple[str, ...], which: str) -> tuple[Statement, Expr]:
    """Return the statement of a row and its right or its wrong claim."""
    expr, wrt, right, wrong, kind, assume = row
    claim = right if which == "right" else wrong
    return read(expr, wrt, claim, kind, WHERE.get(expr), assume or None)[1:]
