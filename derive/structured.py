"""Variables that range over matrices of a structure, in which entries share parameters and move together.

The derivative by a parameter is the sum over the entries that hold it (MC (137)), and stands at each of them. So a
structure is given once, by the linear map from what the derivative is where all entries are free to what it is here.
Each map is adjoint to itself, and those of entries commute, so that structures combine. On the Stiefel manifold, of
the matrices with orthonormal columns, the map depends on the point: it is the gradient there by a metric.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sympy import Expr, Identity, MatrixSymbol, S

from derive.expression import algebra
from derive.expression.facts import facts
from derive.linear import read_map
from derive.operations.formulas import lower


def _symmetric(g: Expr, x: Expr) -> Expr:
    diagonal = algebra.hadamard(g, Identity(g.shape[0]))
    return algebra.add(g, algebra.t(g), algebra.dot(S.NegativeOne, diagonal))


def _diagonal(g: Expr, x: Expr) -> Expr:
    return algebra.hadamard(g, Identity(g.shape[0]))


def _stiefel(g: Expr, x: Expr) -> Expr:
    along = algebra.add(algebra.dot(algebra.t(x), g), algebra.dot(algebra.t(g), x))
    return algebra.add(g, algebra.dot(-S.Half, x, along))


def _canonical(g: Expr, x: Expr) -> Expr:
    return algebra.add(g, algebra.dot(S.NegativeOne, x, algebra.t(g), x))


@dataclass(frozen=True)
class Structure:
    """A structure's map of derivatives at a point, why it is that, said of the variable {x}, and the source."""

    gather: Callable[[Expr, Expr], Expr]
    words: str
    source: str


#: Assumption -> the structure, in the order in which their maps are applied; MC (144) is the first two together.
STRUCTURES: dict[str, Structure] = {
    "structured-toeplitz": Structure(
        lambda g, x: algebra.toeplitz(g),
        "{x} is Toeplitz: the entries along each diagonal move together",
        "MC (143)",
    ),
    "structured-symmetric": Structure(
        _symmetric, "{x} is symmetric: entries (i, j) and (j, i) move together", "MC (138)"
    ),
    "structured-diagonal": Structure(
        _diagonal, "{x} is diagonal: the entries off the diagonal stay zero", "MC (142)"
    ),
    "structured-lower": Structure(
        lambda g, x: algebra.hadamard(g, lower(g.shape[0]).e),
        "{x} is lower triangular: the entries above the diagonal stay zero",
        "MC (137)",
    ),
    "structured-upper": Structure(
        lambda g, x: algebra.hadamard(g, lower(g.shape[0]).T.e),
        "{x} is upper triangular: the entries below the diagonal stay zero",
        "MC (137)",
    ),
    "structured-skew": Structure(
        lambda g, x: algebra.add(g, algebra.dot(S.NegativeOne, algebra.t(g))),
        "{x} is skew-symmetric: entries (i, j) and (j, i) move against each other",
        "MC (137)",
    ),
    "structured-stiefel": Structure(
        _stiefel,
        "{x} moves on the Stiefel manifold {x}'*{x} = eye: its gradient is the tangent part of the one in space",
        "Absil, Mahony and Sepulchre 2008, (3.35) and (3.37)",
    ),
    "structured-stiefel-canonical": Structure(
        _canonical,
        "{x} moves on the Stiefel manifold {x}'*{x} = eye: its gradient by the canonical metric",
        "Edelman, Arias and Smith 1998, (2.53)",
    ),
}


def structures(x: Expr) -> tuple[Structure, ...]:
    """Return the structures of a variable, in the order in which their maps are applied."""
    known = facts()
    return tuple(s for kind, s in STRUCTURES.items() if algebra.is_matrix(x) and known.has(x, kind))


def tied(g: Expr, x: Expr) -> Expr:
    """Return the gradient by x under its structure, from the gradient g where its entries are free."""
    for structure in structures(x):
        g = structure.gather(g, x)
    return g


def tied_columns(j: Expr, x: Expr) -> Expr:
    """Return the Jacobian by x under its structure, from the Jacobian j where its entries are free.

    Raises InputError where the structure's map has no matrix in the text language.
    """
    if not structures(x):
        return j
    direction = MatrixSymbol(f"d{x.name}", *x.shape)
    return algebra.dot(j, read_map(tied(direction, x), direction))
