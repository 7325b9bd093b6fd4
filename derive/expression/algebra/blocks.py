"""Matrices put together from blocks, and columns of the identity, which pick rows and columns."""

from __future__ import annotations

from sympy import Add, Expr, Identity, OneMatrix, S, Transpose, ZeroMatrix

from derive.expression.algebra import core
from derive.expression.algebra.recursion import RECURSION
from derive.expression.functions import Blocks, Selection


def selection(skip: Expr, count: Expr, n: Expr) -> Expr:
    """Return the `count` columns of the identity after the first `skip`."""
    return Identity(n) if count == n else Selection(skip, count, n)


def grid(x: Blocks) -> list[list[Expr]]:
    """Return the blocks, row by row."""
    width, *blocks = x.args
    k = int(width)
    return [list(blocks[i : i + k]) for i in range(0, len(blocks), k)]


def blocks(rows: list[list[Expr]]) -> Expr:
    """Return the matrix of some blocks; a single one is itself."""
    if len(rows) == len(rows[0]) == 1:
        return rows[0][0]
    return Blocks(S(len(rows[0])), *[a for row in rows for a in row])


def sides(x: Blocks) -> tuple[list[Expr], list[Expr]]:
    """Return what picks each row and each column of blocks: columns of the identity."""
    rows = grid(x)
    found = []
    for sizes, n in (
        ([core.shape(row[0])[0] for row in rows], x.shape[0]),
        ([core.shape(a)[1] for a in rows[0]], x.shape[1]),
    ):
        found.append([selection(Add(*sizes[:i]), size, n) for i, size in enumerate(sizes)])
    return found[0], found[1]


def terms(x: Blocks) -> Expr:
    """Return a matrix of blocks as the sum of its blocks, each put in its place."""
    left, right = sides(x)
    return core.add(
        *[
            core.dot(left[i], a, core.t(right[j]))
            if core.is_matrix(a)
            else core.dot(a, left[i], core.t(right[j]))
            for i, row in enumerate(grid(x))
            for j, a in enumerate(row)
        ]
    )


def block(g: Expr, x: Blocks, place: int) -> Expr:
    """Return what of a matrix stands where a block stands."""
    left, right = sides(x)
    i, j = divmod(place, int(x.args[0]))
    return core.dot(core.t(left[i]), g, right[j])


def put(d: Expr, x: Blocks, place: int) -> Expr:
    """Return a matrix that is zero but for one block."""
    left, right = sides(x)
    i, j = divmod(place, int(x.args[0]))
    return core.dot(left[i], d, core.t(right[j]))


@RECURSION.provide
def transposed_blocks(x: Blocks) -> Expr:
    """Return the transpose, block by block."""
    return blocks([[core.t(a) for a in column] for column in zip(*grid(x), strict=True)])


def merged(a: Expr, b: Expr) -> list[Expr] | None:
    """Return the product of two neighbouring factors, one of which picks rows or columns, where it is shorter."""
    row = a.arg if isinstance(a, Transpose) and isinstance(a.arg, Selection) else None
    column = b if isinstance(b, Selection) else None
    if row is not None and column is not None:
        return _both(row, column)
    if row is not None:
        if isinstance(b, OneMatrix):
            return [core.ones((row.args[1], b.shape[1]))]
        if isinstance(b, Blocks):
            return _of_blocks(row, grid(b), sides(b)[0], False)
    if column is not None:
        if isinstance(a, OneMatrix):
            return [core.ones((a.shape[0], column.args[1]))]
        if isinstance(a, Blocks):
            return _of_blocks(column, [list(c) for c in zip(*grid(a), strict=True)], sides(a)[1], True)
    return None


def _of_blocks(s: Selection, rows: list[list[Expr]], picks: list[Expr], flip: bool) -> list[Expr] | None:
    if s not in picks:
        return None
    row = rows[picks.index(s)]
    return [blocks([[a] for a in row] if flip else [row])]


def _both(row: Selection, column: Selection) -> list[Expr] | None:
    if row == column:
        return [Identity(row.args[1])]
    (i, m, _), (j, k, _) = row.args, column.args
    if (j - i - m).is_nonnegative or (i - j - k).is_nonnegative:
        return [ZeroMatrix(m, k)]
    return None
