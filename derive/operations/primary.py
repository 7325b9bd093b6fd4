"""Primary functions of square matrices beside the exponential: root, logarithm, sine, cosine; and Sylvester's equation.

A function's derivative D f(X)[E] is a function of its own, that of a direction which is itself a function of X being
f'(X) E. Higham 2008, "Functions of Matrices", chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Expr, Identity, Mul, S, Transpose, ZeroMatrix, cos, log, sin, sqrt

from derive.expression import algebra
from derive.expression.algebra import M
from derive.expression.operation import Operation
from derive.operations.entries import function
from derive.operations.formulas import eye_like, identity, inv, kron, lower, vec
from derive.operations.rows import written


def _block(name: str) -> Callable[[int], str]:
    """Return how SciPy computes the k-th derivative: a block of the function of a larger matrix (Higham and Relton 2014)."""

    def spelling(count: int) -> str:
        block = "{0}"
        for i in range(1, count):
            larger = f"np.kron(np.eye({2 ** (i - 1)}), {{{i}}})"
            block = f"(lambda x, e: np.block([[x, e], [np.zeros_like(x), x]]))({block}, {larger})"
        return f"scipy.linalg.{name}({block})[:len({{0}}), -len({{0}}):]"

    return spelling


def _latex(name: str) -> Callable[[int], str]:
    def spelling(count: int) -> str:
        order = "" if count == 2 else f"^{{{count - 1}}}"
        directions = ", ".join(f"<{i}>" for i in range(1, count))
        return rf"\mathrm{{D}}{order}\operatorname{{{name}}}\left(<0>\right)\left[{directions}\right]"

    return spelling


def _primary(
    word: str, name: str, of_number: Any, slope: Callable[[M], M], example: str, holds: str
) -> tuple[Operation, Operation]:
    """Return the entries of a primary function and of its derivatives, from f' as a function of matrices."""

    def tidy(x: Expr) -> Expr:
        if not algebra.is_matrix(x):
            return of_number(x)
        return algebra.t(made.head(x.arg)) if isinstance(x, Transpose) else made.head(x)

    def derivative(x: Expr, *directions: Expr) -> Expr:
        scalars, kept = [], []
        for e in directions:
            if isinstance(e, ZeroMatrix):
                return e
            coefficient, factors = algebra.split(e)
            scalars.append(coefficient)
            kept.append(algebra.dot(*factors))
        if len(kept) == 1 and _is_function_of(kept[0], x):
            return algebra.dot(*scalars, kept[0], slope(M(x)).e)
        return algebra.dot(*scalars, direct.head(x, *kept))

    def at(x: M, directions: list[M]) -> M:
        return M(derivative(x.e, *[d.e for d in directions]))

    made = function(
        name, word, "n x n -> n x n",
        pull=lambda g, y, x, i: at(x[0].T, [g]), push=lambda d, y, x, i: at(x[0], [d]),
        example=example, source="Higham 2008, chapter 3", holds=holds, kernel=word,
        latex=rf"\operatorname{{{word}}}\left(<0>\right)", numpy=f"scipy.linalg.{word}({{0}})", octave=f"{word}({{0}})" if word == "logm" else "",
        tidy=tidy, scalar=of_number, symmetric="argument",
    )  # fmt: skip
    direct = function(
        f"derivative of the {name}", f"d{word}", "n x n, n x n, ... -> n x n",
        pull=lambda g, y, x, i: at(x[0].T, [g, *[e.T for e in x[1:] if e is not x[i]]]),
        push=lambda d, y, x, i: at(x[0], [d, *[e for e in x[1:] if e is not x[i]]]),
        example=f"d{example[:-1]}, C)", source="Higham and Relton 2014, (3.1)", holds=holds, kernel=f"D {word}",
        latex=_latex(word), numpy=_block(word), tidy=derivative,
        scalar=lambda c, *e: Mul(slope(M(c)).e, *e),
    )  # fmt: skip
    return made, direct


def _is_function_of(e: Expr, x: Expr) -> bool:
    """Tell whether a direction is seen to be a function of x: made of x, the identity, inverses and primary functions."""
    if isinstance(e, Transpose):
        return _is_function_of(e.arg, algebra.t(x))
    factors = algebra.split(e)[1]
    if len(factors) > 1:
        return factors == algebra.split(x)[1] or all(
            f.shape[0] == f.shape[1] and _is_function_of(f, x) for f in factors
        )
    (e,) = factors
    if e == x or isinstance(e, Identity) or factors == algebra.split(x)[1]:
        return True
    name = type(e).__name__
    if name in ("Inverse", "MatPow", "Expm", "sqrtm", "logm", "sinm", "cosm"):
        return _is_function_of(e.args[0], x)
    return False


def _sylvester(a: Expr, b: Expr, c: Expr) -> Expr:
    if not algebra.is_matrix(a) and not algebra.is_matrix(b):
        return algebra.dot(1 / (a + b), c)
    if isinstance(c, ZeroMatrix):
        return c
    scale, factors = algebra.split(c)
    c = algebra.dot(*factors)
    if a == b and algebra.is_matrix(c) and _is_function_of(c, a):
        return algebra.dot(scale, S.Half, c, algebra.inv(a))
    return algebra.dot(scale, SYLVESTER.head(a, b, c))


def solved(a: M, b: M, c: M) -> M:
    """Return X of A X + X B = C."""
    return M(_sylvester(a.e, b.e, c.e))


def _sylvester_pull(g: M, y: M, x: Any, i: int) -> M:
    z = solved(x[0].T, x[1].T, g)
    return z if i == 2 else -(z @ y.T) if i == 0 else -(y.T @ z)


def _sylvester_push(d: M, y: M, x: Any, i: int) -> M:
    return solved(x[0], x[1], d if i == 2 else -(d @ y) if i == 0 else -(y @ d))


def _sylvester_definition(a: M, b: M, c: M) -> M:
    m, n = c.shape
    system = kron(identity(n), a) + kron(b.T, identity(m))
    return M(algebra.unvec((inv(system) @ vec(c)).e, m, n))


SYLVESTER = function(
    "solution of Sylvester's equation", "sylvester", "m x m, n x n, m x n -> m x n",
    pull=_sylvester_pull, push=_sylvester_push,
    example="sylvester(A*A' + eye, B*B' + eye, C)", source="the differential of A X + X B = C",
    holds="no eigenvalue of {x} is one of the second matrix with the other sign", definition=_sylvester_definition,
    numpy="scipy.linalg.solve_sylvester({0}, {1}, {2})", octave="sylvester({0}, {1}, {2})", tidy=_sylvester,
    scalar=lambda a, b, c: c / (a + b),
)  # fmt: skip


def _root(x: Expr) -> Expr:
    if not algebra.is_matrix(x):
        return sqrt(x)
    return algebra.t(SQRTM.head(x.arg)) if isinstance(x, Transpose) else SQRTM.head(x)


def root(x: M) -> M:
    """Return the principal square root."""
    return M(_root(x.e))


_SPECTRUM = "no eigenvalue of {x} is zero or below"
SQRTM = function(
    "square root of a matrix", "sqrtm", "n x n -> n x n",
    pull=lambda g, y, x, i: solved(y.T, y.T, g), push=lambda d, y, x, i: solved(y, y, d),
    example="sqrtm(A*A' + eye)", source="the differential of Y Y = X; Higham 2008, (6.2)", holds=_SPECTRUM,
    kernel="sqrtm", latex=r"[0]^{\frac{1}{2}}", numpy="scipy.linalg.sqrtm({0})", octave="sqrtm({0})",
    tidy=_root, scalar=sqrt, symmetric="argument",
)  # fmt: skip


def _phi(x: M) -> M:
    """Return the lower triangle with half the diagonal."""
    return x * (lower(x.shape[0]) - eye_like(x) / 2)


def _chol_pull(g: M, y: M, x: Any, i: int) -> M:
    middle = inv(y).T @ _phi(y.T @ g) @ inv(y)
    return (middle + middle.T) / 2


def _chol_push(d: M, y: M, x: Any, i: int) -> M:
    return y @ _phi(inv(y) @ ((d + d.T) / 2) @ inv(y).T)


CHOL = function(
    "Cholesky factor", "chol", "n x n -> n x n",
    pull=_chol_pull, push=_chol_push, example="chol(A*A' + eye)",
    source="Murray 2016, (8), (10), of the symmetric part", holds="{x} is symmetric and positive definite", kernel="chol",
    asks=("posdef", "structured-symmetric"),
    numpy="np.linalg.cholesky({0})", torch="torch.linalg.cholesky({0})", octave='chol({0}, "lower")', scalar=sqrt,
)  # fmt: skip


def _at(entries: tuple[Operation, Operation], x: M) -> M:
    return M((entries[0].tidy or entries[0].head)(x.e))


LOGM = _primary("logm", "logarithm of a matrix", log, inv, "logm(A*A' + eye)", _SPECTRUM)
COSM: tuple[Operation, Operation] = _primary(
    "cosm", "cosine of a matrix", cos, lambda x: -_at(SINM, x), "cosm(A*B)", ""
)
SINM: tuple[Operation, Operation] = _primary(
    "sinm", "sine of a matrix", sin, lambda x: _at(COSM, x), "sinm(A*B)", ""
)

POLAR = function(
    "orthonormal factor", "polar", "m x n -> m x n",
    example="polar(A)", source="by its definition; Higham 2008, chapter 8", holds="{x} has full rank",
    definition=lambda x: x @ inv(root(x.T @ x)), kernel="polar",
    numpy="(lambda u, s, v: u @ v)(*np.linalg.svd({0}, full_matrices=False))",
    torch="(lambda t: t[0] @ t[2])(torch.linalg.svd({0}, full_matrices=False))", scalar=lambda c: c / sqrt(c**2),
)  # fmt: skip
NUCLEAR = function(
    "nuclear norm", "normnuc", "m x n -> 1 x 1",
    pull=lambda g, y, x, i: g * M(POLAR.head(x[0].e)), push=lambda d, y, x, i: M(algebra.trace((M(POLAR.head(x[0].e)).T @ d).e)),
    example="normnuc(A)", source="Watson 1992: U V' of X = U S V'", holds="{x} has full rank", kernel="normnuc",
    latex=r"\left\lVert <0> \right\rVert_{*}", numpy="np.linalg.svd({0}, compute_uv=False).sum()",
    torch="torch.linalg.svdvals({0}).sum()", octave="sum(svd({0}))", scalar=lambda c: sqrt(c**2), nonnegative="always",
)  # fmt: skip

OPERATIONS = (
    SYLVESTER, SQRTM, CHOL, *LOGM, *SINM, *COSM, POLAR, NUCLEAR,
    written("lyap", "m x m, m x m -> m x m", "X of A X + X A' + Q = 0", lambda a, q: -solved(a, a.T, q), "lyap(A*A' + eye, B)"),
)  # fmt: skip
