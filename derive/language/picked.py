"""Entries and ranges in a product: S'*A, with S columns of the identity, is printed as the rows A[2:4, :] that it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr, S, Transpose

from derive.expression.functions import Selection


@dataclass(frozen=True)
class Picked:
    """A factor, and the columns of the identity that pick its rows and its columns."""

    base: Expr
    rows: Selection | None = None
    columns: Selection | None = None


def picked(factors: Sequence[Expr]) -> list[Picked]:
    """Return the factors of a product of matrices with what picks of them."""
    found = []
    place = 0
    while place < len(factors):
        rows = columns = None
        a = factors[place]
        if _picks_rows(a) and place + 1 < len(factors) and not _picks(factors[place + 1]):
            rows = a.arg
            place += 1
        base = factors[place]
        place += 1
        if not _picks(base) and place < len(factors) and isinstance(factors[place], Selection):
            columns = factors[place]
            place += 1
        if columns is not None and isinstance(base, Transpose) and base.shape[0] == 1 == columns.args[1]:
            base, rows, columns = base.arg, columns, None  # x'*e is the entry x[k]
        found.append(Picked(base, rows, columns))
    return found


def places(s: Selection) -> tuple[Expr, Expr]:
    """Return the first and the last place that columns of the identity pick, counted from 1."""
    skip, count, _ = s.args
    return skip + S.One, skip + count


def _picks_rows(a: Expr) -> bool:
    return isinstance(a, Transpose) and isinstance(a.arg, Selection)


def _picks(a: Expr) -> bool:
    return _picks_rows(a) or isinstance(a, Selection)
