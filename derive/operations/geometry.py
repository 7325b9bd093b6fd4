"""The cross product, and spectra at any size: singular values, the largest and the smallest eigenvalue."""

from __future__ import annotations

from sympy import Expr, S, sqrt

from derive.expression import algebra
from derive.expression.algebra import M
from derive.expression.functions import Eigenvalue
from derive.expression.operation import Operation
from derive.operations.entries import function
from derive.operations.formulas import diag, eye_like, ones_like, symmetric_argument
from derive.operations.rows import written

SKEW = function(
    "matrix of the cross product", "skew", "3 x 1 -> 3 x 3",
    pull=lambda g, y, x, i: M(UNSKEW.head(g.e)), push="linear",
    example="skew(x)", source="skew(w) x = w x x; linearity", latex=r"\left[<0>\right]_{\times}",
    numpy="(lambda w: np.array([[0, -w[2], w[1]], [w[2], 0, -w[0]], [-w[1], w[0], 0]], w.dtype))({0}.ravel())",
    kernel="skew",
)  # fmt: skip
UNSKEW: Operation = function(
    "twice the axial vector", "unskew", "3 x 3 -> 3 x 1",
    pull=lambda g, y, x, i: M(SKEW.head(g.e)), push="linear",
    example="unskew(A)", source="the adjoint of skew",
    numpy="(lambda a: np.array([[a[2, 1] - a[1, 2]], [a[0, 2] - a[2, 0]], [a[1, 0] - a[0, 1]]]))({0})",
    kernel="unskew",
)  # fmt: skip


def _over_gaps(x: M, y: M) -> M:
    """Return y with entry (i, j) divided by λ_j - λ_i, the eigenvalues of x, and zeros on the diagonal."""
    one, eye = ones_like(x), eye_like(x)
    values = diag(M(VALUES.head(x.e)))
    gaps = one @ values - values @ one
    return y * (one - eye) / (gaps + eye)


VECTORS: Operation = function(
    "eigenvectors", "eigvecs", "n x n -> n x n",
    pull=lambda g, y, x, i: y @ _over_gaps(x[0], y.T @ g) @ y.T,
    push=lambda d, y, x, i: y @ _over_gaps(x[0], y.T @ d @ y),
    example="eigvecs(A*A')", source="Magnus 1985, theorem 1", holds="the eigenvalues of {x} are simple",
    arguments=symmetric_argument, kernel="eigvecs", scalar=lambda c: S.One,
    numpy="(lambda v: v*np.sign(v[np.argmax(np.abs(v) > 0.9*np.abs(v).max(axis=0), axis=0), np.arange(len(v))]))"
    "(np.linalg.eigh({0})[1])",
)  # fmt: skip
VALUES = function(
    "eigenvalues", "eigvals", "n x n -> n x 1",
    pull=lambda g, y, x, i: M(VECTORS.head(x[0].e)) @ diag(g) @ M(VECTORS.head(x[0].e)).T,
    push=lambda d, y, x, i: diag(M(VECTORS.head(x[0].e)).T @ d @ M(VECTORS.head(x[0].e))),
    example="eigvals(A*A')", source="Magnus 1985, theorem 1, for each", holds="the eigenvalues of {x} are simple",
    arguments=symmetric_argument, kernel="eigvals", scalar=lambda c: c,
    numpy="np.linalg.eigvalsh({0})[:, None]", torch="torch.linalg.eigvalsh({0})[:, None]",
)  # fmt: skip


def _gram(x: M) -> M:
    """Return X'X or X X', whichever is the smaller where that is known."""
    m, n = x.shape
    return x @ x.T if (m - n).is_negative else x.T @ x


def singular_values(x: M) -> M:
    """Return the singular values, the largest first: X has full column rank, or fewer rows than columns."""
    return (-M(VALUES.head((-_gram(x)).e))) ** S.Half


def _extreme(x: Expr, largest: bool) -> M:
    return M(Eigenvalue(x, x.shape[0] if largest else 1)) if algebra.is_matrix(x) else M(x)


OPERATIONS = (
    SKEW, UNSKEW, VECTORS, VALUES,
    written("cross", "3 x 1, 3 x 1 -> 3 x 1", "skew(x) y", lambda x, y: M(SKEW.head(x.e)) @ y, "cross(x, y)"),
    written("eigmax", "n x n -> 1 x 1", "the last of eigval", lambda x: _extreme(x.e, True), "eigmax(A*A')"),
    written("eigmin", "n x n -> 1 x 1", "the first of eigval", lambda x: _extreme(x.e, False), "eigmin(A*A')"),
    written("svdvals", "m x n -> n x 1", "roots of the eigenvalues of X'X", singular_values, "svdvals(A)"),
    written(
        "normspec", "m x n -> 1 x 1", "the root of the largest eigenvalue of X'X",
        lambda x: M(sqrt(_extreme(_gram(x).e, True).e)), "normspec(A)",
    ),
)  # fmt: skip
