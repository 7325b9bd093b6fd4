"""The length of an expression: the operations that its text shows."""

from __future__ import annotations

from sympy import (
    Add,
    Expr,
    HadamardPower,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixSymbol,
    Mul,
    OneMatrix,
    Pow,
    S,
    Trace,
    ZeroMatrix,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression import algebra
from derive.expression.facts import facts
from derive.language.text import fraction, signed, written_power


def cost(e: Expr) -> int:
    """Return the number of operations (functions, operators, transposes, minus signs) in an expression's text."""
    memo = facts().memo
    key = ("cost", e)
    if key not in memo:
        memo[key] = _cost(e)
    return memo[key]


def distinct_cost(e: Expr) -> int:
    """Return the number of operations where parts that repeat are counted once."""
    memo = facts().memo
    key = ("distinct", e)
    if key not in memo:
        seen: set[Expr] = set()
        stack, total = [e], 0
        while stack:
            part = stack.pop()
            if part in seen or not part.args:
                continue
            seen.add(part)
            total += cost(part) - sum(cost(a) for a in part.args)
            stack.extend(part.args)
        memo[key] = total
    return memo[key]


def leaves(e: Expr) -> int:
    """Return the number of symbols and constants in an expression's text."""
    if e.is_Symbol or isinstance(e, MatrixSymbol | Identity | OneMatrix | ZeroMatrix) or not e.args:
        return 1
    memo = facts().memo
    key = ("leaves", e)
    if key not in memo:
        memo[key] = sum(map(leaves, e.args))
    return memo[key]


def _cost(e: Expr) -> int:
    if e.is_Symbol or isinstance(e, MatrixSymbol | Identity | OneMatrix):
        return 0
    if e.is_Rational:
        return int(e.q != 1) + int(bool(e < 0))
    if isinstance(e, ZeroMatrix):
        return 1
    if isinstance(e, Add | MatAdd):
        terms = [signed(a) for a in e.args]
        first = all(n for n, _ in terms) if not isinstance(e, MatAdd) else terms[0][0]
        return sum(cost(v) for _, v in terms) + len(terms) - 1 + int(bool(first))
    if isinstance(e, Mul | MatMul):
        negative, value = signed(e)
        if negative:
            return 1 + cost(value)
        scalars = [a for a in e.args if not a.is_Matrix]
        above, below = fraction(Mul(*scalars) if isinstance(e, MatMul) else e)
        parts = [a for a in above if a != 1] + [a for a in e.args if a.is_Matrix]
        return sum(map(cost, parts)) + max(len(parts) - 1, 0) + sum(map(cost, below)) + len(below)
    if isinstance(e, HadamardProduct):
        return (
            len(e.args)
            - 1
            + sum(
                cost(algebra.divisor(a)) if i and algebra.divides(a) else cost(a)
                for i, a in enumerate(e.args)
            )
        )
    if algebra.divides(e):
        return 1 + cost(algebra.divisor(e))
    if isinstance(e, Pow | HadamardPower):
        return 1 + cost(e.base) + (0 if e.exp == S.Half else cost(e.exp))
    if isinstance(e, ElementwiseApplyFunction):
        return 1 + cost(e.expr)
    if (power := written_power(e)) is not None:
        return 1 + sum(map(cost, power))
    if isinstance(e, Trace) and e.arg.shape == (1, 1):
        return cost(e.arg)
    return 1 + sum(map(cost, e.args[:1])) + sum(cost(a) for a in e.args[1:] if a.is_Matrix)
