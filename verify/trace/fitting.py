"""Shapes for the parameters of a function that says none: those under which NumPy runs it.

Every parameter has a few shapes that its name makes likely, of sizes that are not known. A run that stops because two
sizes differ is run again with both the same; the readings come in the order of what is likely.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import TypeVar

from sympy import Expr, Integer, S, Symbol

from derive.language.shapes import size_symbol
from verify.trace.arrays import CannotTraceError, Shape, SizesError

T = TypeVar("T")

#: Runs again with sizes made equal; readings that are tried.
_AGAIN, _MOST = 40, 120
_FRESH = "size_"
_NUMBERS = re.compile(
    r"lr|reg|lam|lambd|lambda_?|lmbda|alpha\d?|gamma|eps|epsilon|sigma\d?|tau|rho|eta|nu|t|c|learning_rate|weight_decay|"
    r"[nNmMdDkK]|p|momentum|strength|scale|temperature|temp"
)
_OFFSETS = re.compile(r"b\d*|b_\w+|bias\w*|\w+_bias")


def likely(name: str, is_table: bool = False, is_array: bool = False) -> list[Shape]:
    """Return the shapes that the name of a parameter makes likely, with sizes of their own.

    A table has two axes of any size, or one; an array is no number.
    """
    n, a, b = (size_symbol(f"{_FRESH}{name}_{k}") for k in (0, 1, 2))
    number, line, table, column, row = (), (n,), (a, b), (n, S.One), (S.One, n)
    if is_table:
        return [table, line]
    if is_array:
        return [s for s in likely(name) if s != number]
    if _NUMBERS.fullmatch(name):
        return [number, line, table]
    if _OFFSETS.fullmatch(name):
        return [line, row, column, number]
    if name[:1].isupper():
        return [table, line, column, number]
    return [line, number, column, table]


def readings(options: Mapping[str, Sequence[Shape]]) -> Iterator[dict[str, Shape]]:
    """Yield a shape for every name, the likeliest first."""
    places = [range(len(choices)) for choices in options.values()]
    count = 1
    for p in places:
        count *= len(p)
    if count > 20_000:
        places = [range(min(len(p), 2)) for p in places[:12]] + [range(1)] * max(len(places) - 12, 0)
    ranked = sorted(product(*places), key=lambda ranks: (sum(ranks), ranks[::-1]))
    for ranks in ranked[:_MOST]:
        yield {name: choices[k] for (name, choices), k in zip(options.items(), ranks, strict=True)}


def settled(
    run: Callable[[Mapping[str, Shape]], T], shapes: Mapping[str, Shape]
) -> tuple[T, dict[str, Shape]]:
    """Return what a run gives and the shapes that it took, sizes made equal where NumPy wants them so.

    Raises CannotTraceError where two numbers would have to be equal, and what the run raises otherwise.
    """
    now = dict(shapes)
    for _ in range(_AGAIN):
        try:
            return run(now), now
        except SizesError as error:
            kept, gone = sorted(error.pair, key=_standing)
            if not isinstance(gone, Symbol):
                raise CannotTraceError(str(error)) from None
            now = {name: tuple(S(d).subs(gone, kept) for d in shape) for name, shape in now.items()}
    raise CannotTraceError("the sizes of the arrays do not settle")


def _standing(size: Symbol | Integer) -> tuple[int, str]:
    """Order sizes by what is to be kept: numbers, sizes that the document names, our own."""
    if not isinstance(size, Symbol):
        return 0, str(size)
    return (2 if size.name.startswith(_FRESH) else 1), size.name


def collapsed(before: Mapping[str, Shape], after: Mapping[str, Shape]) -> bool:
    """Tell whether shapes were made to fit by a size that had to be 1."""
    return any(S(b) == 1 != S(a) for name in before for a, b in zip(before[name], after[name], strict=True))


def specialises(shapes: Mapping[str, Shape], general: Mapping[str, Shape]) -> bool:
    """Tell whether shapes are those of another reading with some of its sizes put to others, or to 1."""
    given: dict[Expr, Expr] = {}
    for name, there in general.items():
        here = shapes.get(name, ())
        if len(here) != len(there):
            return False
        for a, b in zip(there, here, strict=True):
            if S(a) != S(b) and not isinstance(a, Symbol):
                return False
            if given.setdefault(S(a), S(b)) != S(b):
                return False
    return True


def lettered(shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Return shapes with letters for our own sizes, none that is a name already."""
    sizes = list(dict.fromkeys(s for shape in shapes.values() for d in shape for s in S(d).free_symbols))
    taken = {*shapes, *(s.name for s in sizes)}
    letters = iter(c for c in "nmdhkpqrstuvw" if c not in taken)
    given = {s: size_symbol(next(letters, s.name)) for s in sizes if s.name.startswith(_FRESH)}
    return {name: tuple(S(d).subs(given) for d in shape) for name, shape in shapes.items()}


def shown(shapes: Mapping[str, Shape]) -> str:
    """Return shapes as people write them: X: (n, d), y: (n,), c: a number."""

    def one(shape: Shape) -> str:
        return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})" if shape else "a number"

    return ", ".join(f"{name}: {one(shape)}" for name, shape in shapes.items())
