"""A matrix of a given size that columns of the identity put together of numbers, written out by its entries.

The gradient of x[1]^2 + x[2] is [2*x[1]; 1]; what holds a whole vector or matrix stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from sympy import Add, Expr, Integer, Mul, S

from derive.expression import algebra
from derive.expression.algebra.blocks import blocks, grid
from derive.expression.operation import kind
from derive.expression.walk import distinct, parts

#: The most entries that are written out.
MAX_ENTRIES = 36

_Entries = dict[tuple[int, int], Expr]


def written_out(expr: Expr, shorten: Callable[[Expr], Expr]) -> Expr:
    """Return a sum of numbers at places of a matrix as the matrix of its entries, each shortened; another one as it is."""
    if not algebra.is_matrix(expr) or kind(expr) in _ALONE or not _is_small(expr):
        return expr
    within = distinct(expr, within=lambda e: [a for a in parts(e) if algebra.is_matrix(a)])
    if all(kind(e) != "columns of the identity" for e in within):
        return expr
    found = _entries(expr)
    if found is None:
        return expr
    rows, columns = (int(d) for d in expr.shape)
    return blocks([[shorten(found.get((i, j), S.Zero)) for j in range(columns)] for i in range(rows)])


#: Columns of the identity by themselves, and what is written out.
_ALONE = frozenset({"columns of the identity", "blocks", "matrix"})


def _is_small(expr: Expr) -> bool:
    sizes = expr.shape
    return all(isinstance(d, Integer) for d in sizes) and 1 < sizes[0] * sizes[1] <= MAX_ENTRIES


def _entries(expr: Expr) -> _Entries | None:
    """Return the entries of a matrix that are not zero, None where it holds a variable as a whole."""
    word = kind(expr)
    if word == "columns of the identity":
        skip, count, n = expr.args
        if not (skip.is_Integer and count.is_Integer and n.is_Integer):
            return None
        return {(int(skip) + k, k): S.One for k in range(int(count))}
    if word == "zeros":
        return {}
    if word == "identity":
        return {(k, k): S.One for k in range(int(expr.shape[0]))} if _is_small(expr) else None
    if word == "transpose":
        inner = _entries(expr.arg)
        return inner if inner is None else {(j, i): e for (i, j), e in inner.items()}
    if word == "blocks" and all(not algebra.is_matrix(e) for row in grid(expr) for e in row):
        return {(i, j): e for i, row in enumerate(grid(expr)) for j, e in enumerate(row)}
    if word == "sum":
        total: _Entries = {}
        for term in expr.args:
            inner = _entries(term)
            if inner is None:
                return None
            for place, e in inner.items():
                total[place] = Add(total.get(place, S.Zero), e)
        return total
    if word == "matrix product":
        return _of_product(expr)
    return None


def _of_product(expr: Expr) -> _Entries | None:
    coefficient = Mul(*[a for a in expr.args if not algebra.is_matrix(a)])
    product: _Entries | None = None
    for factor in (a for a in expr.args if algebra.is_matrix(a)):
        inner = _entries(factor)
        if inner is None:
            return None
        if product is None:
            product = inner
            continue
        made: _Entries = {}
        for (i, k), a in product.items():
            for (l, j), b in inner.items():
                if k == l:
                    made[i, j] = Add(made.get((i, j), S.Zero), Mul(a, b))
        product = made
    return None if product is None else {place: Mul(coefficient, e) for place, e in product.items()}
