"""Where an expression has a value: what has to be positive in it, for logarithms, roots and arc sines, and what divides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from sympy import Basic, Expr, HadamardPower, HadamardProduct, Lambda, Mul, Pow, acos, asin, log
from sympy.functions.elementary.complexes import Abs
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression.elementwise import ENTRY
from derive.expression.walk import distinct


def domain_of(node: Basic) -> list[Expr]:
    """Return what a logarithm, a power or an arc sine needs to be positive; nothing of any other node."""
    if isinstance(node, log) and not isinstance(node.args[0], Abs):
        return [node.args[0]]
    if isinstance(node, asin | acos):
        return [1 - node.args[0] ** 2]
    if isinstance(node, Pow | HadamardPower):
        base, power = node.args
        if not power.is_integer and not base.is_number and not base.is_nonnegative:
            return [base]
    return []


def under(of: Callable[[Expr], Any], node: ElementwiseApplyFunction) -> Iterator[Expr]:
    """Yield what `of` finds in the function that is applied entry by entry, at the entries that it is applied to."""
    (variable,) = node.function.variables
    for inner in of(node.function.expr):
        if not inner.has(variable):
            yield inner
        elif inner == variable:
            yield node.expr
        else:
            yield ElementwiseApplyFunction(Lambda(ENTRY, inner.xreplace({variable: ENTRY})), node.expr)


@lru_cache(maxsize=512)
def domain(expr: Expr) -> tuple[Expr, ...]:
    """Return all that has to be positive in an expression, arguments that are numbers left out."""
    found: dict[Expr, None] = {}
    for e in distinct(expr):
        found |= dict.fromkeys(under(domain, e) if isinstance(e, ElementwiseApplyFunction) else domain_of(e))
    return tuple(e for e in found if not e.is_number and e.free_symbols)


def divisors_of(node: Basic) -> list[Expr]:
    """Return what a power with a negative exponent divides by, factor by factor; nothing of any other node."""
    if not isinstance(node, Pow | HadamardPower) or not node.args[1].is_negative:
        return []
    return factors_of(node.args[0])


def factors_of(divisor: Expr) -> list[Expr]:
    """Return the factors of a divisor, none of which may be zero, without their exponents."""
    if isinstance(divisor, Mul | HadamardProduct):
        return [f for a in divisor.args for f in factors_of(a)]
    if isinstance(divisor, Pow | HadamardPower) and divisor.args[1].is_positive:
        return factors_of(divisor.args[0])
    return [divisor]


@lru_cache(maxsize=512)
def divisors(expr: Expr) -> tuple[Expr, ...]:
    """Return all that an expression divides by, numbers left out."""
    found: dict[Expr, None] = {}
    for e in distinct(expr):
        inner = under(divisors, e) if isinstance(e, ElementwiseApplyFunction) else divisors_of(e)
        found |= dict.fromkeys(inner)
    return tuple(e for e in found if not e.is_number and e.free_symbols)


def is_square(e: Expr) -> bool:
    """Tell whether what has to be positive is a square, which is so but where it is zero."""
    return isinstance(e, Pow | HadamardPower) and e.args[1] == 2
