"""Signatures: the shapes of an operation's arguments and of its value, stated once.

    n x n -> n x n                        a square matrix, and one of its shape
    m x n, p x q -> m*p x n*q             the Kronecker product
    3 x 1 -> 3 x 3                        a column of three
    n*m x 1, m, n -> m x n                a column and two sizes
    m x n -> m-1 x n                      one row less
    n x n -> n(n+1)/2 x 1                 as many as a triangle of it has entries
    n x n, integer -> 1 x 1               a square matrix and a number that is no size
    n x n, n x n, ... -> n x n            as many more like the last as there are
    n x 1 -> n x n | n x n -> n x 1       the first alternative whose columns fit

What stands twice is equal; 1 is one wide. The reader unifies a signature with sizes that are still open, SymPy's
`shape` puts sizes that are known into it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from sympy import Expr, Integer, Mul, S

#: A size of a pattern: the factors of a product, each a letter, a digit, or a size that is made of a letter; none for 1.
Pattern = tuple[str, ...]

_SIZE = re.compile(r"[a-z](\*[a-z])*|[a-z]-1|([a-z])\(\2\+1\)/2|[1-9]")


@dataclass(frozen=True)
class Matrix:
    """An argument or a value that is a matrix, with its rows and columns."""

    rows: Pattern
    columns: Pattern

    @property
    def is_square(self) -> bool:
        """Tell whether the pattern asks for a square matrix."""
        return self.rows == self.columns and bool(self.rows)

    @property
    def is_column(self) -> bool:
        """Tell whether the pattern asks for a column."""
        return not self.columns and bool(self.rows)


@dataclass(frozen=True)
class Size:
    """An argument that is a size, which the shape of the value may depend on."""

    letter: str


@dataclass(frozen=True)
class Number:
    """An argument that is a whole number and no size."""


Argument = Matrix | Size | Number


@dataclass(frozen=True)
class Alternative:
    """The arguments and the value of one way to read an operation; `more` of the last argument may follow."""

    arguments: tuple[Argument, ...]
    value: Matrix
    more: bool = False

    @cached_property
    def keeps_shape(self) -> bool:
        """Tell whether the value has the shape of the first argument."""
        return self.value == self.arguments[0]

    def at(self, place: int) -> Argument:
        """Return the pattern of an argument by its place."""
        return self.arguments[min(place, len(self.arguments) - 1)]

    def shape(self, args: Sequence[Any]) -> tuple[Expr, Expr]:
        """Return the shape of the value for SymPy expressions as arguments."""
        if self.keeps_shape:
            return shape_of(args[0])
        sizes: dict[str, Expr] = {}
        for pattern, a in zip(self.arguments, args, strict=False):
            if isinstance(pattern, Size):
                sizes[pattern.letter] = a
            elif isinstance(pattern, Matrix):
                for letters, size in zip((pattern.rows, pattern.columns), shape_of(a), strict=True):
                    if len(letters) == 1 and len(letters[0]) == 1:
                        sizes.setdefault(letters[0], size)
        rows, columns = self.value.rows, self.value.columns
        return _product(rows, sizes), _product(columns, sizes)


@dataclass(frozen=True)
class Signature:
    """The alternatives of an operation's shapes, of which the first that fits counts."""

    alternatives: tuple[Alternative, ...]

    @property
    def arity(self) -> int:
        """Return the number of arguments, the least one where more may follow."""
        return len(self.alternatives[0].arguments)

    @property
    def more(self) -> bool:
        """Tell whether more arguments may follow."""
        return self.alternatives[0].more

    @property
    def is_square(self) -> bool:
        """Tell whether the first argument has to be square."""
        return len(self.alternatives) == 1 and getattr(self.alternatives[0].arguments[0], "is_square", False)

    @property
    def is_column(self) -> bool:
        """Tell whether the first argument has to be a column."""
        return len(self.alternatives) == 1 and getattr(self.alternatives[0].arguments[0], "is_column", False)

    def shape(self, args: Sequence[Any]) -> tuple[Expr, Expr]:
        """Return the shape of the value for SymPy expressions as arguments."""
        *others, last = self.alternatives
        for way in others:
            first = way.arguments[0]
            if not isinstance(first, Matrix) or first.columns or shape_of(args[0])[1] == 1:
                return way.shape(args)
        return last.shape(args)


def shape_of(x: Any) -> tuple[Expr, Expr]:
    """Return (rows, columns) of an expression; a scalar is 1 x 1."""
    return x.shape if getattr(x, "is_Matrix", False) else (S.One, S.One)


def _product(letters: Pattern, sizes: dict[str, Expr]) -> Expr:
    found = [_sized(a, sizes) for a in letters]
    return found[0] if len(found) == 1 else Mul(*found)


def _sized(word: str, sizes: dict[str, Expr]) -> Expr:
    if word.isdigit():
        return Integer(word)
    n = sizes[word[0]]
    return n if len(word) == 1 else n - 1 if word.endswith("-1") else n * (n + 1) / 2


@cache
def signature(text: str) -> Signature:
    """Return the signature that a text states. Raises ValueError for others."""
    return Signature(tuple(_alternative(part) for part in text.split("|")))


def _alternative(text: str) -> Alternative:
    left, arrow, right = text.partition("->")
    parts = [p.strip() for p in left.split(",")]
    more = parts[-1] == "..."
    arguments = tuple(_argument(p) for p in (parts[:-1] if more else parts))
    value = _argument(right.strip())
    if not arrow or not isinstance(value, Matrix):
        raise ValueError(f"no signature: {text}")
    return Alternative(arguments, value, more)


def _argument(text: str) -> Argument:
    if text == "integer":
        return Number()
    if re.fullmatch("[a-z]", text):
        return Size(text)
    rows, _, columns = (p.strip() for p in text.partition(" x "))
    if not _SIZE.fullmatch(rows) or not _SIZE.fullmatch(columns):
        raise ValueError(f"no shape: {text}")
    return Matrix(_letters(rows), _letters(columns))


def _letters(size: str) -> Pattern:
    return () if size == "1" else tuple(size.split("*"))  # n(n+1)/2 and m-1 stay whole
