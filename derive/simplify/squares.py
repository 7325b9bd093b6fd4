"""Sums of squares as squared norms: v'v, tr(A'A) and the sum of the entries of A squared."""

from __future__ import annotations

from sympy import Expr, HadamardPower, MatPow, S, Trace

from derive.expression import algebra
from derive.expression.functions import Eigenvector, EntrySum, Norm2
from derive.simplify.cost import cost


def squared_norm(e: Expr) -> Expr:
    """Return a trace, or a sum of entries, as a squared norm where it is one."""
    if isinstance(e, EntrySum):
        x = e.arg.base if isinstance(e.arg, HadamardPower) and e.arg.exp == 2 else None
    else:
        x = _half(algebra.split(e.arg)[1]) if isinstance(e, Trace) else None
    return e if x is None else norm(min(x, algebra.t(x), key=cost)) ** 2


def power_of_norm(e: Expr) -> Expr:
    """Return a power of a sum of squares as one of its norm: 1/sqrt(Σ x_i^2) is 1/norm2(x)."""
    if not isinstance(e.base, Trace | EntrySum):
        return e
    square = squared_norm(e.base)
    return e if square == e.base else square**e.exp


def norm(x: Expr) -> Expr:
    """Return the norm, which is 1 for eigenvectors."""
    return S.One if isinstance(x, Eigenvector) else Norm2(x)


def _half(factors: tuple[Expr, ...]) -> Expr | None:
    """Return h where a product of factors is h'h; an even power of a symmetric matrix in the middle is halved."""
    k, odd = divmod(len(factors), 2)
    root: list[Expr] = []
    if odd:
        middle = factors[k]
        if not (isinstance(middle, MatPow) and middle.exp.is_Integer and middle.exp % 2 == 0):
            return None
        if not algebra.is_symmetric(middle.base):
            return None
        root = [algebra.power(middle.base, int(middle.exp) // 2)]
    left, right = factors[:k], factors[k + odd :]
    if any(algebra.t(a) != b for a, b in zip(left, reversed(right), strict=True)):
        return None
    return algebra.dot(*root, *right)
