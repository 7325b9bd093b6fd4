"""What a function is in terms of others: the definitions of the records, at an expression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sympy import Expr
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression.algebra import M
from derive.expression.elementwise import ENTRY, scalar_function
from derive.expression.entrywise import lift
from derive.expression.walk import distinct
from derive.operations import record


def definition(e: Any) -> Expr | None:
    """Return an expression's outermost function by its definition; None where it is primitive."""
    entrywise = isinstance(e, ElementwiseApplyFunction)
    entry = record(scalar_function(e) if entrywise else type(e))
    if entry is None or entry.definition is None:
        return None
    if entrywise:
        return lift(entry.definition(ENTRY), e.expr)
    if entry.entrywise:
        return entry.definition(e.args[0])
    return M(entry.definition(*[M(a) for a in e.args])).e


def unfolded(expr: Expr) -> Expr:
    """Return an expression in which what has no derivative of its own stands as its definition."""
    while meanings := {e: meaning for e in _without_rule(expr) if (meaning := definition(e)) is not None}:
        expr = expr.xreplace(meanings)
    return expr


def _without_rule(expr: Expr) -> Iterator[Expr]:
    for e in distinct(expr, within=lambda e: [a for a in e.args if isinstance(a, Expr)]):
        entry = record(scalar_function(e) if isinstance(e, ElementwiseApplyFunction) else type(e))
        if entry is not None and entry.pull is None:
            yield e
