"""Data sets of points (x, y): the two toy sets, and CSV files.

Coordinates are kept as the rational numbers that were written, so that the exact construction can be exact;
`xs` and `ys` are the same as float64 arrays.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from derive.errors import InputError
from verify.fit.rationals import short

if TYPE_CHECKING:
    import numpy as np

__all__ = ["TOY", "Points", "Rational", "load_points", "quotient", "read_csv"]

#: An exact number: an int where it is whole, which is some ten times faster than a Fraction.
Rational = int | Fraction

#: Numbers beyond 1e±300 would overflow or vanish as float64; no data set needs them.
_LARGEST_EXPONENT = 300
#: What stands between columns, the first that a file has: a comma beside one of those before it is a decimal comma.
_SEPARATORS = "\t;|, "
#: Slopes beyond these would overflow or vanish as float64.
_STEEPEST = 10**305
_FLATTEST = Fraction(1, 10**305)


@dataclass(frozen=True)
class Points:
    """A finite data set of points, sorted by x, every x once."""

    name: str
    x: tuple[Rational, ...]
    y: tuple[Rational, ...]
    merged: int = 0

    @classmethod
    def make(cls, name: str, pairs: Iterable[tuple[Any, Any]]) -> Points:
        """Sort the pairs and merge those that are equal.

        Raises InputError for fewer than two distinct x, for two y at one x, and for numbers that are not finite.
        """
        rows = [(_rational(x, f"{name}: x"), _rational(y, f"{name}: y")) for x, y in pairs]
        return cls.from_rows(name, [(x, y, f"point {i}") for i, (x, y) in enumerate(rows, start=1)])

    @classmethod
    def from_rows(cls, name: str, rows: list[tuple[Fraction, Fraction, str]]) -> Points:
        """Sort and merge rows (x, y, place); the place is for the error message."""
        seen: dict[Fraction, tuple[Fraction, str]] = {}
        for x, y, place in rows:
            if x in seen and seen[x][0] != y:
                raise InputError(
                    f"{name}: {place}: y = {short(y)} at x = {short(x)}, but {seen[x][1]} has y = "
                    f"{short(seen[x][0])} there; a function has one y for every x, so drop or average one of them"
                )
            seen.setdefault(x, (y, place))
        if len(seen) < 2:
            count = "no point" if not seen else "a single point"
            raise InputError(f"{name}: {count}; a fit needs at least two points with different x")
        order = sorted(seen)
        _check_slopes(name, [(x, *seen[x]) for x in order])
        ys = (seen[x][0] for x in order)
        return cls(name, tuple(map(_whole, order)), tuple(map(_whole, ys)), len(rows) - len(seen))

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def xs(self) -> np.ndarray:
        """Return x as a float64 array of shape (n,)."""
        import numpy as np

        return np.array([float(v) for v in self.x])

    @cached_property
    def ys(self) -> np.ndarray:
        """Return y as a float64 array of shape (n,)."""
        import numpy as np

        return np.array([float(v) for v in self.y])


def _rational(value: Any, place: str) -> Fraction:
    try:
        return Fraction(value)
    except (ValueError, OverflowError, TypeError):
        raise InputError(f"{place} = {value!r} is not a finite number") from None


def quotient(a: Rational, b: Rational) -> Rational:
    """Return a / b exactly."""
    if isinstance(a, int) and isinstance(b, int) and a % b == 0:
        return a // b
    return _whole(Fraction(a) / b)


def _whole(value: Fraction) -> Rational:
    return value.numerator if value.denominator == 1 else value


def _check_slopes(name: str, rows: list[tuple[Fraction, Fraction, str]]) -> None:
    """Raise InputError where a line through neighbours is too steep for float64."""
    for (a, y_a, _), (b, y_b, place) in zip(rows, rows[1:], strict=False):
        if abs(y_b - y_a) > _STEEPEST * (b - a):
            raise InputError(
                f"{name}: {place}: the slope to the point before it is beyond 1e305: give x and y in other units"
            )


#: The toy data sets by name.
TOY: dict[str, Points] = {
    "w-shape": Points.make("w-shape", enumerate([8, 6, 4, 2, 0, 2, 4, 2, 0, 2, 4, 6, 8])),
    "zigzag": Points.make("zigzag", enumerate([0, 1, 2, 3, 2, 1, 2, 3, 4, 5, 6])),
}


def load_points(source: str) -> Points:
    """Return the toy data set of that name, or read the CSV file at that path."""
    if source in TOY:
        return TOY[source]
    path = Path(source)
    if path.exists() or path.suffix.lower() == ".csv":
        return read_csv(path)
    raise InputError(
        f"{source}: no such data set or file; expected {', '.join(TOY)}, or a CSV file with columns x,y"
    )


def read_csv(path: str | Path) -> Points:
    """Read points from a CSV file with columns x,y, with or without a header.

    Commas, semicolons (with decimal commas too), tabs, bars or spaces stand between the columns. Two columns are x and
    y in this order, whatever a header calls them; a header with x and y may name further columns, which are ignored.
    Raises InputError with the file and the line number.
    """
    path = Path(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            points = Points.from_rows(str(path), _rows(path, _reader(stream)))
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file in UTF-8; expected a CSV file with columns x,y") from None
    except OSError as error:
        raise InputError(f"{path}: cannot read it ({error.strerror}); expected a CSV file") from None
    for k in range(1, len(points)):
        a, b = points.x[k - 1], points.x[k]
        rise = abs(Fraction(points.y[k]) - Fraction(points.y[k - 1]))
        if 0 < rise < _FLATTEST * (b - a):
            raise InputError(
                f"{path}: the slope between x = {short(a)} and x = {short(b)} is below 1e-305: give x and y in other "
                "units"
            )
    return points


def _reader(stream: TextIO) -> Any:
    """Return a reader of CSV that parts columns as the first line with text does."""
    first = next((line.strip() for line in stream if line.strip()), "")
    stream.seek(0)
    sign = next((sign for sign in _SEPARATORS if sign in first), ",")
    lines = (line.strip() for line in stream) if sign == " " else stream
    return csv.reader(lines, delimiter=sign, skipinitialspace=True, strict=True)


def _rows(path: Path, reader: Any) -> list[tuple[Fraction, Fraction, str]]:
    """Return (x, y, place) for every line; a first line that holds words is the header."""
    rows: list[tuple[Fraction, Fraction, str]] = []
    columns: tuple[int, int] | None = None
    width = 2
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise InputError(f"{path}: line {reader.line_num}: malformed CSV ({error})") from None
        if cells is None:
            return rows
        cells = [cell.strip() for cell in cells]
        if reader.dialect.delimiter not in ", ":
            cells = [cell if "." in cell else cell.replace(",", ".") for cell in cells]
        if not any(cells):
            continue
        place = f"line {reader.line_num}"
        if columns is None:
            columns, width, is_header = _layout(path, place, cells)
            if is_header:
                continue
        if len(cells) != width:
            raise InputError(f"{path}: {place}: {_columns(cells)}, expected {width} as in the first line")
        x, y = (_number(path, place, "xy"[k], cells[column]) for k, column in enumerate(columns))
        rows.append((x, y, place))


def _layout(path: Path, place: str, cells: list[str]) -> tuple[tuple[int, int], int, bool]:
    """Return the columns of x and y, the number of columns, and whether this first line is a header."""
    names = [cell.lower() for cell in cells]
    if names.count("x") == 1 and names.count("y") == 1:
        return (names.index("x"), names.index("y")), len(cells), True
    if len(cells) == 2:
        if not any(_is_number(cell) for cell in cells):
            return ((1, 0) if names[1] == "x" or names[0] == "y" else (0, 1)), 2, True
        for name, cell in zip("xy", cells, strict=True):
            _number(path, place, name, cell)
        return (0, 1), 2, False
    raise InputError(
        f"{path}: {place}: {_columns(cells)}; expected two numbers x,y, or a header that names the columns x and y"
    )


def _columns(cells: list[str]) -> str:
    """Say how many columns a line has."""
    return f"{len(cells)} column{'s' if len(cells) != 1 else ''}"


def _cut(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else f"{cell[:40]}...")


def _is_number(cell: str) -> bool:
    try:
        Decimal(cell)
    except InvalidOperation:
        return False
    return True


def _number(path: Path, place: str, column: str, cell: str) -> Fraction:
    """Return the decimal number in the cell, exactly."""
    try:
        value = Decimal(cell if "_" not in cell else "")
    except InvalidOperation:
        raise InputError(f"{path}: {place}: {_cut(cell)} in column {column} is not a number") from None
    if not value.is_finite():
        raise InputError(f"{path}: {place}: {_cut(cell)} in column {column} is not finite; remove the line")
    if value and abs(value.adjusted()) > _LARGEST_EXPONENT:
        raise InputError(f"{path}: {place}: {_cut(cell)} in column {column} is out of range (1e±300)")
    return Fraction(value)
