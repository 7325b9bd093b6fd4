"""Where an expression has a value: what has to be positive in it, for logarithms, roots and arc sines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from sympy import Basic, Expr, HadamardPower, Lambda, Pow, acos, asin, log
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
