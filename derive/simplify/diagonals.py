"""Diagonal matrices and ones: products with them in their shorter forms."""

from __future__ import annotations

from sympy import Expr, HadamardPower, HadamardProduct, MatAdd, MatMul, OneMatrix, S
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression import algebra
from derive.expression.rebuild import tidy
from derive.simplify.cost import cost


def scaled_rows(e: Expr) -> Expr:
    """Return M ⊙ u 1' as diag(u) M."""
    if isinstance(e, HadamardProduct) and 1 not in e.shape:
        for i, a in enumerate(e.args):
            u = _spread(a)
            if u is not None:
                return algebra.dot(algebra.diag(u), algebra.hadamard(*e.args[:i], *e.args[i + 1 :]))
    return e


def broadcast(e: Expr) -> Expr:
    """Return a function of u 1', entry by entry, as that of u times 1', and ones times a sum term by term if shorter.

    sqrt(u 1') is sqrt(u) 1'; terms that add up to zero go.
    """
    if isinstance(e, HadamardPower | ElementwiseApplyFunction) and 1 not in e.shape:
        return _inside(e)
    if not isinstance(e, MatMul):
        return e
    coefficient, factors = algebra.split(e)
    for i, (a, b) in enumerate(zip(factors, factors[1:], strict=False)):
        new = _along(a, b)
        if new is None and (turned := _along(algebra.t(b), algebra.t(a))) is not None:
            new = algebra.t(turned)
        if new is not None:
            shorter = algebra.dot(coefficient, *factors[:i], new, *factors[i + 2 :])
            if cost(shorter) < cost(e):
                return broadcast(shorter)
    return e


def _inside(e: Expr) -> Expr:
    """Return a function of every entry of a matrix with equal columns, or rows, as that of one column."""
    power = isinstance(e, HadamardPower)
    base = e.base if power else e.expr
    if power and (algebra.is_matrix(e.exp) or e.exp == -1):
        return e
    for flip in (False, True):
        u = _spread(algebra.t(base) if flip else base)
        if u is not None:
            below = algebra.divides(e)  # what is divided by stays so
            inner = algebra.elementwise_power(u, abs(e.exp) if below else e.exp) if power else tidy(e, [u])
            wide = algebra.dot(inner, algebra.ones((S.One, base.shape[0 if flip else 1])))
            whole = algebra.t(wide) if flip else wide
            return algebra.elementwise_power(whole, S.NegativeOne) if below else whole
    return e


def _along(a: Expr, b: Expr) -> Expr | None:
    """Return ones times a sum term by term."""
    if isinstance(a, OneMatrix) and isinstance(b, MatAdd):
        return algebra.add(*[algebra.dot(a, c) for c in b.args])
    return None


def _spread(e: Expr) -> Expr | None:
    """Return the column u of a matrix u 1', or of a whole power of it; else None."""
    if isinstance(e, HadamardPower):
        inner = None if algebra.is_matrix(e.exp) or not e.exp.is_Integer else _spread(e.base)
        return None if inner is None else algebra.elementwise_power(inner, e.exp)
    coefficient, factors = algebra.split(e)
    if len(factors) < 2 or not isinstance(factors[-1], OneMatrix) or factors[-1].shape[0] != 1:
        return None
    return algebra.dot(coefficient, *factors[:-1])
