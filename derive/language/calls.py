"""Calls of functions: the shape of the value by the function's signature, and the expression by its record."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from sympy import Expr

from derive.errors import InternalError
from derive.expression import algebra
from derive.expression.elementwise import elementwise
from derive.expression.operation import Operation, by_name
from derive.expression.signature import Alternative, Matrix, Pattern
from derive.expression.signature import Size as SizeArgument
from derive.language.scope import Node, Scope
from derive.language.shapes import (
    SCALAR,
    Product,
    Shape,
    Size,
    SizeConflict,
    Total,
    Triangle,
    Undetermined,
    find,
    is_scalar,
    show_shape,
    unify,
)
from derive.operations.unfold import definition

#: Where a letter of a signature was met first: the argument, and its row or column.
_Met = dict[str, tuple[Node, int]]


def call_shape(scope: Scope, entry: Operation, args: Sequence[Node]) -> Shape:
    """Return the shape of a function's value, its arguments' sizes made equal as the signature says.

    Raises ParseError where they cannot be.
    """
    if entry.spreads:
        return _spread_shape(scope, entry, args)
    way = _alternative(entry, args)
    if all(isinstance(p, Matrix) for p in way.arguments) and is_scalar(args[0].shape) and len(args) == 1:
        return SCALAR
    met: _Met = {}
    sizes: dict[str, Size] = {}
    places = [i for i in range(len(args)) if isinstance(way.at(i), SizeArgument)]
    usage = f"{entry.text}({', '.join(_letter(way, i) for i in range(len(way.arguments)))})"
    for i, size in zip(places, scope.sizes_of([args[i] for i in places], usage), strict=True):
        sizes[way.at(i).letter] = size  # type: ignore[union-attr]
    for i, x in enumerate(args):
        pattern = way.at(i)
        if isinstance(pattern, Matrix):
            _match(scope, entry, pattern, x, met, sizes)
    return _size(way.value.rows, sizes), _size(way.value.columns, sizes)


def _spread_shape(scope: Scope, entry: Operation, args: Sequence[Node]) -> Shape:
    """Return the one shape that all arguments have but those that are scalars."""
    whole = [x for x in args if not is_scalar(x.shape)]
    for x in whole[1:]:
        for side in (0, 1):
            scope.same(whole[0], x, side, side, entry.text)
    return whole[0].shape if whole else SCALAR


def _letter(way: Alternative, i: int) -> str:
    pattern = way.arguments[i]
    if isinstance(pattern, SizeArgument):
        return pattern.letter
    return "x" if isinstance(pattern, Matrix) and pattern.is_column else "A"


def _alternative(entry: Operation, args: Sequence[Node]) -> Alternative:
    *others, last = entry.signature.alternatives
    for way in others:
        first = way.arguments[0]
        if not isinstance(first, Matrix) or first.columns or find(args[0].shape[1]) == 1:
            return way
    return last


def _match(
    scope: Scope, entry: Operation, pattern: Matrix, x: Node, met: _Met, sizes: dict[str, Size]
) -> None:
    if pattern.is_column and find(x.shape[1]) != 1:
        message = f"{entry.text} needs a column vector, this is {show_shape(x.shape)}"
        raise scope.error(message + by_rows(entry, x), x.position)
    for side, letters in enumerate((pattern.rows, pattern.columns)):
        if len(letters) > 1:
            due = Node("due", [], (_size(letters, sizes), 1), x.position)
            scope.same(x, due, side, 0, entry.text)
        for letter in letters if len(letters) == 1 else ():
            if letter.isdigit() or len(letter) > 1:
                due = Node("due", [], (_sized(letter, sizes), 1), x.position)
                scope.same(x, due, side, 0, entry.text)
            elif letter not in sizes:
                sizes[letter] = x.shape[side]
                met[letter] = (x, side)
            elif met[letter][0] is x:
                square(scope, x, entry.text)
            else:
                scope.same(met[letter][0], x, met[letter][1], side, entry.text)


def _size(letters: Pattern, sizes: dict[str, Size]) -> Size:
    return reduce(Product, [_sized(a, sizes) for a in letters]) if letters else 1


def _sized(word: str, sizes: dict[str, Size]) -> Size:
    """Return a size of a signature: a number, that of a letter, one less, or that of a triangle."""
    if word.isdigit():
        return int(word)
    n = sizes[word[0]]
    return n if len(word) == 1 else Total(n, -1) if word.endswith("-1") else Triangle(n)


def square(scope: Scope, x: Node, what: str) -> None:
    """Make a matrix square. Raises ParseError where it cannot be."""
    try:
        unify(*x.shape)
    except Undetermined:
        scope.deferred.append((*x.shape, x, what))
    except SizeConflict:
        raise scope.misfit(
            f"{what} needs a square matrix, this is {show_shape(x.shape)}{_declared(x, what)}", x.position, x
        ) from None


def _declared(x: Node, what: str) -> str:
    """Return how to mend what is not square but should be."""
    if what == "toeplitz" and find(x.shape[1]) == 1:
        return (": it sums along the diagonals of a matrix; a Toeplitz matrix itself is a variable T with "
                "--assume structured-toeplitz(T)")  # fmt: skip
    name = x.value if x.op == "name" else "x"
    declare = f"declare {name} with --where" if x.op == "name" else ""
    if what == "a matrix power" and find(x.shape[1]) == 1:
        written = f"write {name}.^2 for elementwise powers, {name}'*{name} for the squared norm"
        return f": {written}, or {declare}" if declare else f": {written}"
    return f": {declare}" if declare else ""


def by_rows(entry: Operation, x: Node) -> str:
    """Return how to mend a function of a column that is given another matrix."""
    if entry.text == "reshape":
        return ": write vec(...)"
    if find(x.shape[0]) == 1:
        return ": transpose the row"
    known = by_name(f"{entry.text} rows") is not None
    return f": for every row of a matrix S, write {entry.text}(S, rows)" if known else ""


def _spread(args: Sequence[Expr]) -> list[Expr]:
    """Return arguments with the scalars among them spread over the shape of the others."""
    shape = next((a.shape for a in args if algebra.is_matrix(a)), (1, 1))
    return [a if algebra.is_matrix(a) else algebra.dot(a, algebra.ones(shape)) for a in args]


def called(entry: Operation, args: Sequence[Expr]) -> Expr:
    """Return a function of the text language at its arguments, the first of which may be a scalar."""
    if entry.spreads:
        args = _spread(args)
    first = args[0]
    if entry.entrywise:
        return elementwise(entry.head, first)
    if entry.build is not None and (entry.scalar is None or algebra.is_matrix(first)):
        return entry.build(*args)
    if algebra.is_matrix(first) or not isinstance(entry.signature.alternatives[0].arguments[0], Matrix):
        return entry.head(*args)
    if entry.scalar is not None:
        return entry.scalar(*args)
    value = definition(entry.head(*args))
    if value is None:
        raise InternalError(f"{entry.text} says nothing of a scalar: give its entry a definition or `scalar`")
    return value
