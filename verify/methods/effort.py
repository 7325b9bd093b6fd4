"""How much work it is to check at given sizes, counted before it is begun.

Sizes that are numbers cost what they cost; those that no machine holds are refused by name instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from typing import Any

from sympy import Basic

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.operation import kind
from verify.evaluate import size_of

#: Entries of one matrix, and multiplications for all of an expression, at most: some seconds in exact numbers.
MOST_ENTRIES, MOST_PRODUCTS = 1_000_000, 3_000_000
#: Multiplications for all of an expression at sizes that may be chosen: a tenth of a second in balls.
ENOUGH = 400_000


def _series(n: int) -> int:
    return 50 * n**3  # six products of dual matrices, of twice the size


def _rotation(n: int) -> int:
    return 8 * _series(n)  # a series of twice the size


def _root(n: int) -> int:
    return 160 * n**3  # some ten steps of an iteration with an inverse each


def _logarithm(n: int) -> int:
    return 5 * _root(n)  # four roots and a series


#: The multiplications that a function of a square matrix takes, its derivative's among them.
_COSTS: dict[str, Callable[[int], int]] = {
    **dict.fromkeys(
        ("determinant", "inverse", "matrix power", "log-determinant", "pseudo-inverse", "adjugate"),
        lambda n: 2 * n**3,
    ),
    **dict.fromkeys(("matrix exponential", "derivative of the matrix exponential"), _series),
    **dict.fromkeys(
        (
            "sine of a matrix", "cosine of a matrix", "derivative of the sine of a matrix",
            "derivative of the cosine of a matrix",
        ),
        _rotation,
    ),
    **dict.fromkeys(("square root of a matrix", "orthonormal factor", "nuclear norm"), _root),
    **dict.fromkeys(("logarithm of a matrix", "derivative of the logarithm of a matrix"), _logarithm),
    **dict.fromkeys(("eigenvalue", "eigenvector", "eigenvalues", "eigenvectors"), lambda n: 60 * n**3),
}  # fmt: skip


def check_effort(nodes: Sequence[Any], sizes: Mapping[str, int]) -> None:
    """Raise InputError where the parts of an expression are too large at these sizes to be computed with."""
    for node in nodes:
        if getattr(node, "is_Matrix", False):
            rows, columns = (size_of(d, sizes) for d in algebra.shape(node))
            if rows * columns > MOST_ENTRIES:
                raise InputError(
                    f"to check this takes a matrix of {rows:,} x {columns:,} entries: declare smaller sizes, or letters "
                    "such as n, for which small ones are tried"
                )
    if (total := products(nodes, sizes)) > MOST_PRODUCTS:
        raise InputError(
            f"to check this takes some {total:.0e} multiplications a point: declare smaller sizes, or letters such as n, "
            "for which small ones are tried"
        )


def products(nodes: Iterable[Basic], sizes: Mapping[str, int]) -> int:
    """Return how many multiplications the parts of an expression take at given sizes."""
    return sum(_products(node, sizes) for node in nodes)


def _products(node: Basic, sizes: Mapping[str, int]) -> int:
    cost = _COSTS.get(kind(node))
    if cost is not None:
        return cost(min(size_of(d, sizes) for d in node.args[0].shape))  # type: ignore[attr-defined]
    if kind(node) != "matrix product":
        return 0
    shapes = [tuple(size_of(d, sizes) for d in algebra.shape(a)) for a in node.args if a.is_Matrix]
    if shapes[-1][1] == 1 or shapes[0][0] == 1:  # from the end at which the vector stands
        return sum(map(prod, shapes))
    return sum(shapes[0][0] * prod(shape) for shape in shapes[1:])
