"""Variables that range over matrices of a structure, in which entries share parameters and move together.

The derivative by a parameter is the sum over the entries that hold it (MC (137)), and stands at each of them. So a
structure is given once, by the linear map from what the derivative is where all entries are free to what it is here.
Each map is adjoint to itself and they commute, so that structures combine.
"""

from __future__ import annotations

from collections.abc import Callable

from sympy import Expr, Identity, MatrixSymbol, S

from derive import algebra
from derive.facts import facts
from derive.linear import read_map


def _symmetric(g: Expr) -> Expr:
    diagonal = algebra.hadamard(g, Identity(g.shape[0]))
    return algebra.add(g, algebra.t(g), algebra.dot(S.NegativeOne, diagonal))


def _diagonal(g: Expr) -> Expr:
    return algebra.hadamard(g, Identity(g.shape[0]))


#: Assumption -> the map of derivatives, in the order in which they are applied.
STRUCTURES: dict[str, Callable[[Expr], Expr]] = {
    "structured-toeplitz": algebra.toeplitz,  # MC (143), and (144) together with the next
    "structured-symmetric": _symmetric,  # MC (138)
    "structured-diagonal": _diagonal,  # MC (142)
}


def tied(g: Expr, x: Expr) -> Expr:
    """Return the gradient by x under its structure, from the gradient g where its entries are free."""
    for kind, gather in STRUCTURES.items():
        if algebra.is_matrix(x) and facts().has(x, kind):
            g = gather(g)
    return g


def tied_columns(j: Expr, x: Expr) -> Expr:
    """Return the Jacobian by x under its structure, from the Jacobian j where its entries are free.

    Raises InputError where the structure's map has no matrix in the text language.
    """
    if not facts().has(x, *STRUCTURES):
        return j
    direction = MatrixSymbol(f"d{x.name}", *x.shape)
    return algebra.dot(j, read_map(tied(direction, x), direction))
