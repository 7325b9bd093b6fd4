"""The formulas of the operations that take more than a line, and the words that all formulas are made of.

Each is written in `M` expressions under NumPy's operators, in the terms of `derive.expression.operation`: g is the adjoint of y,
d the tangent of x_i, and y = op(x_0, x_1, ...).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import (
    Expr,
    Identity,
    KroneckerProduct,
    MatAdd,
    MatPow,
    OneMatrix,
    S,
    log,
)

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.algebra import M
from derive.expression.elementwise import elementwise
from derive.expression.functions import (
    Eigenvalue,
    Eigenvector,
    Lower,
)
from derive.expression.printed import PRINTED


def inv(x: M) -> M:
    """Return the inverse."""
    return M(algebra.inv(x.e))


def tr(x: M) -> M:
    """Return the trace."""
    return M(algebra.trace(x.e))


def diag(x: M) -> M:
    """Return diag(x), either way."""
    return M(algebra.diag(x.e))


def apply(f: Any, x: M) -> M:
    """Return f of every entry."""
    return M(elementwise(f, x.e))


def entry_sum(x: M) -> M:
    """Return the sum of all entries."""
    return M(algebra.entry_sum(x.e))


def inner(a: M, b: M) -> M:
    """⟨a, b⟩ = tr(a' b)."""
    return tr(a.T @ b)


def identity(n: Any) -> M:
    """Return the identity of a size."""
    return M(S.One if n == 1 else Identity(n))


def eye_like(x: M) -> M:
    """Return the identity of x's number of rows."""
    return identity(x.shape[0])


def ones_like(x: M) -> M:
    """Return the ones of x's shape."""
    return M(algebra.ones(x.shape))


def lower(n: Any) -> M:
    """Return the matrix of ones on and below the diagonal."""
    return M(S.One if n == 1 else Lower(n))


def dot(factors: Sequence[M]) -> M:
    """Return the product of factors."""
    return M(algebra.dot(*[f.e for f in factors]))


def hadamard(factors: Sequence[M]) -> M:
    """Return the elementwise product of factors."""
    return M(algebra.hadamard(*[f.e for f in factors]))


def others(x: Sequence[M], i: int) -> list[M]:
    """Return all arguments but the i-th."""
    return [*x[:i], *x[i + 1 :]]


# ------------------------------------------------------------------------------- products and powers


def matrix_product_pull(g: M, y: M, x: Sequence[M], i: int) -> M:
    """A' g C' for B in A B C; the inner product with the rest for a scalar factor (Giles 2.2.2)."""
    left, right = list(x[:i]), list(x[i + 1 :])
    if not algebra.is_matrix(x[i].e):
        return inner(g, dot([*left, *right]))
    scalars = [a for a in left if not algebra.is_matrix(a.e)]
    left = [a for a in left if algebra.is_matrix(a.e)]
    return dot([*scalars, *[a.T for a in reversed(left)], g, *[a.T for a in reversed(right)]])


def power_pull(g: M, y: M, x: Sequence[M], i: int) -> M:
    """The power rule for a scalar base and exponent."""
    base, exponent = x
    return g * exponent * base ** (exponent - 1) if i == 0 else g * y * apply(log, base)


def elementwise_power_pull(g: M, y: M, x: Sequence[M], i: int) -> M:
    """The power rule entry by entry; a scalar exponent collects the sum."""
    base, exponent = x
    if i == 0:
        return g * exponent * base ** (exponent - 1)
    adjoint = g * y * apply(log, base)
    return adjoint if algebra.is_matrix(exponent.e) else M(algebra.entry_sum(adjoint.e))


def elementwise_power_push(d: M, y: M, x: Sequence[M], i: int) -> M:
    """The power rule entry by entry."""
    base, exponent = x
    return d * exponent * base ** (exponent - 1) if i == 0 else d * y * apply(log, base)


def matrix_power(x: Expr) -> tuple[Expr, ...]:
    """Return the base of an integer power. Raises InputError for other powers."""
    if not x.exp.is_Integer:
        raise InputError(f"the power {PRINTED.to_text(x)} has no integer exponent: write the exponent out")
    return (x.base,)


def matrix_power_terms(y: M, x: M, between: M, transpose: bool) -> M:
    """Σ_r X^r E X^(k-1-r), or with transposed powers (MC (90), (91))."""
    k = int(y.e.exp) if isinstance(y.e, MatPow) else 1
    base = x.T.e if transpose else x.e
    powers = [M(algebra.power(base, r)) for r in range(k)]
    return M(algebra.add(*[(powers[r] @ between @ powers[k - 1 - r]).e for r in range(k)]))


# -------------------------------------------------------------------------------- Kronecker and vec


def kron_pull(g: M, y: M, x: Sequence[M], i: int) -> M:
    """The partial trace over the other factor's indices; ⟨right, B⟩ left for an adjoint left ⊗ right.

    Of an adjoint vec(U) vec(V)' it is U' B V by A and U A V' by B, since (A ⊗ B) vec(V) = vec(B V A').
    """
    a, b = x
    (m, n), (p, q) = a.shape, b.shape
    terms = g.e.args if isinstance(g.e, MatAdd) else (g.e,)
    if len(terms) > 1 and all(_kron_parts(e, a.shape, b.shape) or _outer(M(e)) for e in terms):
        return M(algebra.add(*[kron_pull(M(e), y, x, i).e for e in terms]))
    parts = _kron_parts(g.e, a.shape, b.shape)
    if parts is not None:
        scale, left, right = parts
        return scale * left * inner(right, b) if i == 0 else scale * right * inner(left, a)
    outer = _outer(g)
    if outer is not None:
        u, v = outer
        u, v = M(algebra.unvec(u.e, p, m)), M(algebra.unvec(v.e, q, n))
        return u.T @ b @ v if i == 0 else u @ a @ v.T
    im, in_, ip, iq = map(identity, (m, n, p, q))
    if i == 0:  # the partial trace over the second factor's indices
        return kron(im, vec(ip).T) @ kron(g, ip) @ kron(in_, vec(b))
    return kron(vec(im).T, ip) @ kron(im, g) @ kron(vec(a.T), iq)


def _outer(g: M) -> tuple[M, M] | None:
    """Return an adjoint u v' as the columns (u, v); the other of a column or a row alone is 1."""
    if g.shape[1] == 1:
        return g, M(S.One)
    if g.shape[0] == 1:
        return M(S.One), g.T
    coefficient, factors = algebra.split(g.e)
    cut = next((k for k in range(1, len(factors)) if factors[k].shape[0] == 1), None)
    if cut is None:
        return None
    return M(algebra.dot(coefficient, *factors[:cut])), M(algebra.dot(*factors[cut:])).T


def _kron_parts(g: Expr, one: tuple, two: tuple) -> tuple[M, M, M] | None:
    """Return an adjoint that is itself a Kronecker product of the arguments' shapes as (scale, left, right)."""
    coefficient, factors = algebra.split(g)
    if len(factors) != 1:
        return None
    g = factors[0]
    if isinstance(g, KroneckerProduct) and tuple(a.shape for a in g.args) == (one, two):
        return M(coefficient), M(g.args[0]), M(g.args[1])
    if isinstance(g, Identity) and one[0] == one[1] and two[0] == two[1]:
        return M(coefficient), M(Identity(one[0])), M(Identity(two[0]))
    if isinstance(g, OneMatrix):
        return M(coefficient), M(algebra.ones(one)), M(algebra.ones(two))
    return None


def kron(a: M, b: M) -> M:
    """Return the Kronecker product."""
    return M(algebra.kron(a.e, b.e))


def vec(a: M) -> M:
    """Return the stacked columns."""
    return M(algebra.vec(a.e))


def unvec(a: M, like: M) -> M:
    """Return the matrix of the shape of `like` whose columns, stacked, are a."""
    return M(algebra.unvec(a.e, *like.shape))


# ------------------------------------------------------------------------------- functions of matrices


def pinv_pull(g: M, y: M, x: Sequence[M], i: int) -> M:
    """The adjoint of Golub and Pereyra 1973, (4.12)."""
    a, p = x[0], y
    row_gap, column_gap = eye_like(a) - a @ p, eye_like(p) - p @ a
    return -(p.T @ g @ p.T) + row_gap @ g.T @ p @ p.T + p.T @ p @ g.T @ column_gap


def pinv_push(d: M, y: M, x: Sequence[M], i: int) -> M:
    """Golub and Pereyra 1973, (4.12), for a matrix of full rank."""
    a, p = x[0], y
    row_gap, column_gap = eye_like(a) - a @ p, eye_like(p) - p @ a
    return -(p @ d @ p) + p @ p.T @ d.T @ row_gap + column_gap @ d.T @ p.T @ p


def adjugate_push(d: M, y: M, x: Sequence[M], i: int) -> M:
    """The differential of det(X) X⁻¹."""
    inverse = inv(x[0])
    return y * tr(inverse @ d) - inverse @ d @ y


def frechet(x: M, directions: Sequence[M]) -> M:
    """Return the k-th derivative of expm at x in k directions."""
    return M(algebra.frechet(x.e, *[d.e for d in directions]))


def frechet_pull(g: M, y: M, x: Sequence[M], i: int) -> M:
    """The adjoint of D^k exp(X)[E, ...] in a direction is D^k exp(X')[G, ...]: the other directions stay, transposed.

    X itself acts as one more direction of the next derivative.
    """
    return frechet(x[0].T, [g, *[e.T for e in x[1:] if e is not x[i]]])


def frechet_push(d: M, y: M, x: Sequence[M], i: int) -> M:
    """D^k exp(X)[E, ...] is linear in each direction; X itself is one more direction of the next derivative."""
    return frechet(x[0], [d, *[e for e in x[1:] if e is not x[i]]])


# ------------------------------------------------------------------------- eigenvalues and eigenvectors


def symmetric_argument(y: Expr) -> tuple[Expr, ...]:
    """Return the matrix: at one that is not symmetric, the left eigenvectors are others than the right ones."""
    if not algebra.is_symmetric(y.args[0]):
        raise InputError(
            f"the matrix of {PRINTED.to_text(y)} is not seen to be symmetric: assume symmetric(X), and for second derivatives "
            "structured-symmetric(X), or write it as X + X' or X*X'"
        )
    return y.args[:1]


def eigenvector(y: M, x: M) -> M:
    """Return the eigenvector that belongs to an eigenvalue y of x."""
    return M(Eigenvector(x.e, y.e.args[1]))


def reduced(y: M, x: M, u: M) -> M:
    """Return pinv(λI - X) u for the eigenvalue λ of the unit eigenvector y, by an inverse: on y, λI - X + yy' is 1."""
    value = M(Eigenvalue(x.e, y.e.args[1]))
    return inv(value * eye_like(x) - x + y @ y.T) @ (u - y @ (y.T @ u))
