"""Quotients of exponentials and their sums along rows or columns, as the softmax that they write out."""

from __future__ import annotations

from sympy import Expr, HadamardPower, HadamardProduct, MatMul, OneMatrix, S, exp

from derive.expression import algebra
from derive.expression.elementwise import applied
from derive.operations.rows import SOFTMAX


def softmax_named(e: Expr) -> Expr:
    """Return a product with exp(S) over its row sums as softmax(S, rows), over its column sums as that of S'."""
    if isinstance(e, HadamardProduct):
        for f in e.args:
            t = applied(exp, f)
            if t is None or 1 in t.shape:
                continue
            for rows in (True, False):
                for below in _normalisers(f, rows):
                    rest = _without(e, below, rows)
                    if rest is not None:
                        named = algebra.elementwise_power(f, S.NegativeOne)
                        return softmax_named(algebra.hadamard(_softmax(t, rows), named, *rest))
    if isinstance(e, MatMul):
        coefficient, factors = algebra.split(e)
        for i, (a, b) in enumerate(zip(factors, factors[1:], strict=False)):
            for f, scale, rows in ((b, a, True), (a, b, False)):
                t = applied(exp, f)
                if t is not None and 1 not in t.shape and scale == _scale(f, rows):
                    return algebra.dot(coefficient, *factors[:i], _softmax(t, rows), *factors[i + 2 :])
    return e


def _without(e: HadamardProduct, below: Expr, rows: bool) -> list[Expr] | None:
    """Return the factors of a product over one that is the same in a row, also where that stands in a sum over rows.

    (Z ⊙ w 1') 1 is w ⊙ Z 1. None where the factor does not occur.
    """
    base, k = below.args if isinstance(below, HadamardPower) else (below, S.One)
    for i, a in enumerate(e.args):
        others = [*e.args[:i], *e.args[i + 1 :]]
        inner, j = a.args if isinstance(a, HadamardPower) else (a, S.One)
        if inner == base and not algebra.is_matrix(j) and j.is_Integer and (j - k) * k >= 0:
            return [*others, algebra.elementwise_power(base, j - k)]
        coefficient, factors = algebra.split(a)
        if (
            rows
            and len(factors) == 2
            and isinstance(factors[1], OneMatrix)
            and isinstance(factors[0], HadamardProduct)
        ):
            inside = _without(factors[0], below, rows)
            if inside is not None:
                return [*others, algebra.dot(coefficient, algebra.hadamard(*inside), factors[-1])]
    return None


def _softmax(t: Expr, rows: bool) -> Expr:
    return SOFTMAX.head(t) if rows else algebra.t(SOFTMAX.head(algebra.t(t)))


def _sums(e: Expr, rows: bool) -> Expr:
    """Return one over the sum of every row as a column, or of every column as a row."""
    ones = algebra.ones((e.shape[1], S.One) if rows else (S.One, e.shape[0]))
    return algebra.elementwise_power(algebra.dot(e, ones) if rows else algebra.dot(ones, e), S.NegativeOne)


def _scale(e: Expr, rows: bool) -> Expr:
    return algebra.diag(_sums(e, rows) if rows else algebra.t(_sums(e, rows)))


def _normalisers(e: Expr, rows: bool) -> list[Expr]:
    """Return the ways to write a matrix that holds, in every row (or column), one over the sum of that of e."""
    m, n = e.shape
    if rows:
        whole, wide = (
            algebra.dot(e, algebra.ones((n, n))),
            algebra.dot(_sums(e, rows), algebra.ones((S.One, n))),
        )
    else:
        whole, wide = (
            algebra.dot(algebra.ones((m, m)), e),
            algebra.dot(algebra.ones((m, S.One)), _sums(e, rows)),
        )
    return [wide, algebra.elementwise_power(whole, S.NegativeOne)]
