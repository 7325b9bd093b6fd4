"""How much work it is to check at given sizes, counted before it is begun.

Sizes that are numbers cost what they cost; those that no machine holds are refused by name instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

from sympy import Basic

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.operation import kind
from verify.evaluate import size_of

#: Entries of one matrix, and multiplications for all of an expression, at most: some seconds in exact numbers.
MOST_ENTRIES, MOST_PRODUCTS = 1_000_000, 3_000_000
#: What takes the cube of a size. An inverse and its derivative take several products.
_CUBIC = frozenset({
    "determinant", "inverse", "matrix power", "log-determinant", "pseudo-inverse", "adjugate", "matrix exponential",
    "derivative of the matrix exponential", "eigenvalue", "eigenvector",
})  # fmt: skip


def check_effort(nodes: Iterable[Any], sizes: Mapping[str, int]) -> None:
    """Raise InputError where the parts of an expression are too large at these sizes to be computed with."""
    total = 0
    for node in nodes:
        if getattr(node, "is_Matrix", False):
            rows, columns = (size_of(d, sizes) for d in algebra.shape(node))
            if rows * columns > MOST_ENTRIES:
                raise InputError(
                    f"to check this takes a matrix of {rows:,} x {columns:,} entries: declare smaller sizes, or letters "
                    "such as n, for which small ones are tried"
                )
        total += _products(node, sizes)
    if total > MOST_PRODUCTS:
        raise InputError(
            f"to check this takes some {total:.0e} multiplications a point: declare smaller sizes, or letters such as n, "
            "for which small ones are tried"
        )


def _products(node: Basic, sizes: Mapping[str, int]) -> int:
    """Return how many multiplications one operation takes."""
    if kind(node) in _CUBIC:
        return 2 * size_of(node.args[0].shape[0], sizes) ** 3  # type: ignore[attr-defined]
    if kind(node) != "matrix product":
        return 0
    shapes = [tuple(size_of(d, sizes) for d in algebra.shape(a)) for a in node.args if a.is_Matrix]
    if shapes[-1][1] == 1 or shapes[0][0] == 1:  # from the end at which the vector stands
        return sum(map(prod, shapes))
    return sum(shapes[0][0] * prod(shape) for shape in shapes[1:])
