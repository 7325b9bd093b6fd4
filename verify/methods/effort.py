"""How much work it is to check at given sizes, counted before it is begun.

Sizes that are numbers cost what they cost; those that no machine holds are refused by name instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from typing import Any, TypeAlias

from sympy import Basic, Expr

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.operation import kind
from verify.evaluate import size_of

Shape: TypeAlias = "tuple[Expr, Expr]"

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
    return Effort(nodes).at(sizes)


class Effort:
    """How many multiplications the parts of an expression take, to be asked at many sizes: like parts are counted once."""

    def __init__(self, nodes: Iterable[Basic]) -> None:
        functions: Counter[tuple[Callable[[int], int], Shape]] = Counter()
        chains: Counter[tuple[Shape, ...]] = Counter()
        for node in nodes:
            word = kind(node)
            if (cost := _COSTS.get(word)) is not None:
                functions[cost, algebra.shape(node.args[0])] += 1  # type: ignore[arg-type]
            elif word == "matrix product":
                chains[tuple(algebra.shape(a) for a in node.args if a.is_Matrix)] += 1  # type: ignore[attr-defined]
        self._functions, self._chains = list(functions.items()), list(chains.items())
        met = [shape for (_, shape), _ in self._functions] + [s for chain, _ in self._chains for s in chain]
        self._dims = list(dict.fromkeys(d for shape in met for d in shape))

    def at(self, sizes: Mapping[str, int]) -> int:
        """Return the number of multiplications at given sizes."""
        number = {d: size_of(d, sizes) for d in self._dims}
        total = sum(count * cost(min(number[r], number[c])) for (cost, (r, c)), count in self._functions)
        for chain, count in self._chains:
            total += count * _of_chain([(number[r], number[c]) for r, c in chain])
        return total


def _of_chain(shapes: Sequence[tuple[int, int]]) -> int:
    """Return the multiplications of a product of matrices, from the end at which a vector stands."""
    if shapes[-1][1] == 1 or shapes[0][0] == 1:
        return sum(map(prod, shapes))
    return sum(shapes[0][0] * prod(shape) for shape in shapes[1:])
