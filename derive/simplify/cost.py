"""The length of an expression: the operations that its text shows."""

from __future__ import annotations

from sympy import Expr, Mul, S

from derive.expression import algebra
from derive.expression.facts import remembered
from derive.expression.operation import kind
from derive.expression.walk import LEAVES, distinct
from derive.language.picked import picked
from derive.language.text import fraction, signed, written_power


@remembered
def distinct_cost(e: Expr) -> int:
    """Return the number of operations where parts that repeat are counted once."""
    parts = [part for part in distinct(e, within=lambda part: part.args) if part.args]
    return sum(cost(part) - sum(cost(a) for a in part.args) for part in parts)


@remembered
def leaves(e: Expr) -> int:
    """Return the number of symbols and constants in an expression's text."""
    if not e.args or kind(e) in LEAVES:
        return 1
    return sum(map(leaves, e.args))


@remembered
def cost(e: Expr) -> int:
    """Return the number of operations (functions, operators, transposes, minus signs) in an expression's text."""
    word = kind(e)
    if word in ("scalar", "matrix", "identity", "ones"):
        return 0
    if e.is_Rational:
        return int(e.q != 1) + int(bool(e < 0))
    if word == "zeros":
        return 1
    if word == "sum":
        terms = [signed(a) for a in e.args]
        first = terms[0][0] if algebra.is_matrix(e) else all(n for n, _ in terms)
        return sum(cost(v) for _, v in terms) + len(terms) - 1 + int(bool(first))
    if word in ("product", "matrix product"):
        negative, value = signed(e)
        if negative:
            return 1 + cost(value)
        scalars = [a for a in e.args if not a.is_Matrix]
        above, below = fraction(Mul(*scalars) if algebra.is_matrix(e) else e)
        factors = [a for a in above if a != 1]
        matrices = picked([a for a in e.args if a.is_Matrix])  # A[1, :] is read at once
        picks = sum(x.rows is not None or x.columns is not None for x in matrices)
        factors += [x.base for x in matrices]
        return sum(map(cost, factors)) + picks + max(len(factors) - 1, 0) + sum(map(cost, below)) + len(below)
    if word == "elementwise product":
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
    if word in ("power", "elementwise power"):
        return 1 + cost(e.base) + (0 if e.exp == S.Half else cost(e.exp))
    if word == "function of entries":
        return 1 + cost(e.expr)
    if (power := written_power(e)) is not None:
        return 1 + sum(map(cost, power))
    if word == "transpose" and (x := algebra.by_columns(e)) is not None:
        return 1 + cost(x)
    if word == "trace" and e.arg.shape == (1, 1):
        return cost(e.arg)
    return 1 + sum(map(cost, e.args[:1])) + sum(cost(a) for a in e.args[1:] if a.is_Matrix)
