"""Partial inner products of a matrix of blocks with a matrix, which Kronecker products of identities spell.

Where R is m k x n p, seen as m x n blocks of k x p, and B is k x p:
kron(eye, vec(eye)') kron(R, eye) kron(eye, vec(B)) holds the inner product of every block with B, and for A of m x n
kron(vec(eye)', eye) kron(eye, R) kron(vec(A'), eye) is the sum of the blocks weighted by A (MC section 10.2.2).
"""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr, Identity, Integer, KroneckerProduct, Transpose

from derive.expression import algebra
from derive.expression.functions import Vec

ONE = Integer(1)


def partial(factors: Sequence[Expr]) -> tuple[str, Expr, Expr] | None:
    """Return ("inner", R, B) or ("weighted", R, A) of three factors, None where they are no partial inner product."""
    if len(factors) != 3 or not all(isinstance(f, KroneckerProduct) and len(f.args) == 2 for f in factors):
        return None
    (a, b), (c, d), (e, f) = (f.args for f in factors)
    if (
        _is_identity(a)
        and _is_vec_of_identity(b)
        and _is_identity(d)
        and _is_identity(e)
        and (column := _matrix(f)) is not None
    ):
        if (
            c.shape == (a.shape[0] * d.shape[0], e.shape[0] * column.shape[1])
            and d.shape[0] == column.shape[0]
        ):
            return "inner", c, column
    if (
        _is_vec_of_identity(a)
        and _is_identity(b)
        and _is_identity(c)
        and _is_identity(f)
        and (column := _matrix(e)) is not None
    ):
        weights = algebra.t(column)
        if (
            d.shape == (weights.shape[0] * b.shape[0], weights.shape[1] * f.shape[0])
            and c.shape[0] == weights.shape[0]
        ):
            return "weighted", d, weights
    return None


def spelt(how: str, r: Expr, weights: Expr) -> Expr:
    """Return the product of Kronecker products that a partial inner product stands for."""
    rows, columns = weights.shape
    m, n = r.shape[0] / rows, r.shape[1] / columns
    if how == "inner":
        return algebra.dot(
            algebra.kron(Identity(m), algebra.t(algebra.vec(Identity(rows)))),
            algebra.kron(r, Identity(rows)),
            algebra.kron(Identity(n), algebra.vec(weights)),
        )
    return algebra.dot(
        algebra.kron(algebra.t(algebra.vec(Identity(rows))), Identity(m)),
        algebra.kron(Identity(rows), r),
        algebra.kron(algebra.vec(algebra.t(weights)), Identity(n)),
    )


def _is_identity(x: Expr) -> bool:
    return isinstance(x, Identity)


def _is_vec_of_identity(x: Expr) -> bool:
    return isinstance(x, Transpose) and isinstance(x.arg, Vec) and isinstance(x.arg.arg, Identity)


def _matrix(x: Expr) -> Expr | None:
    """Return the matrix of which a column is the vec; a column is its own."""
    return x.arg if isinstance(x, Vec) else x if x.shape[1] == 1 else None
