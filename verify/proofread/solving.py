"""Equations solved for a name that stands in them once, and names turned into functions of what they are defined by."""

from __future__ import annotations

from sympy import Add, Expr, Inverse, MatrixSymbol, Mul, Symbol, exp, log

from derive.expression import algebra


def solved(side: Expr, value: Expr, x: Expr) -> Expr | None:
    """Return x from an equation of numbers in one side of which it stands once, its positive root; else None."""
    while side != x:
        inside = [a for a in side.args if x in a.free_symbols]
        if len(inside) != 1:
            return None
        (inner,) = inside
        rest = [a for a in side.args if a is not inner]
        if side.is_Add:
            value = value - Add(*rest)
        elif side.is_Mul:
            value = value / Mul(*rest)
        elif side.is_Pow and inner is side.base:
            value = value ** (1 / side.exp)
        elif isinstance(side, exp):
            value = log(value)
        elif isinstance(side, log):
            value = exp(value)
        else:
            return None
        side = inner
    return value


def turned_round(body: Expr, name: Expr) -> tuple[Expr, Expr] | None:
    """Return the symbol of which a name is the inverse, Σ of Λ = Σ^-1 or σ of τ = 1/σ², with what it is in that name."""
    if isinstance(body, Inverse) and isinstance(body.arg, MatrixSymbol):
        return body.arg, algebra.inv(name)
    if body.is_Pow and isinstance(body.base, Symbol) and body.exp.is_negative and body.exp.is_number:
        return body.base, name ** (1 / body.exp)
    return None
