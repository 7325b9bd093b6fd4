"""Slips of functions: one written for its derivative or the other way about, the sign for the step."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sympy import (
    Abs,
    Expr,
    Function,
    sign,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression.elementwise import ENTRY, elementwise, relu, scalar_function, sigmoid, softplus, step
from derive.expression.entrywise import lift
from derive.operations import record
from derive.operations.unfold import definition
from verify.slips.case import Case, Explanation
from verify.slips.repairs import places_of

#: Functions whose derivatives are written in terms of functions of the text language.
SLOPES: dict[Any, Expr] = {
    relu: step(ENTRY),
    Abs: sign(ENTRY),
    sigmoid: sigmoid(ENTRY) * (1 - sigmoid(ENTRY)),
    softplus: sigmoid(ENTRY),
}


def function_for_derivative(case: Case) -> Explanation | None:
    """A function of an entry where its derivative belongs, the derivative where the function does, sign for step."""
    for rebuild, node, _ in places_of(case.claim):
        for other, why in _others(node):
            if case.late:
                return None
            try:
                mended = rebuild(other)
            except (ValueError, TypeError, AttributeError):
                continue
            if getattr(mended, "shape", None) == getattr(case.claim, "shape", None) and case.is_right(mended):
                return Explanation(
                    f"right with {case.text(other)} in place of {case.text(node)}: {why}", mended
                )
    return None


def _others(node: Expr) -> Iterator[tuple[Expr, str]]:
    f, argument = _applied(node)
    if f is None or argument.has(ENTRY):
        return
    slope = _slope(f)
    if slope is not None:
        yield lift(slope, argument), f"{_named(f)} stands for its derivative"
    if f is step:
        yield elementwise(relu, argument), "the derivative stands for the function"
        yield elementwise(sign, argument), "the step stands for the sign"
    elif f is sign:
        yield elementwise(step, argument), "the sign stands for the step"
        yield elementwise(Abs, argument), "the derivative stands for the function"


def _named(f: Any) -> str:
    entry = record(f)
    return entry.text if entry else f.__name__


def _applied(node: Expr) -> tuple[Any, Any]:
    """Return f and u of f(u), of a scalar or of every entry; (None, None) of anything else."""
    if isinstance(node, ElementwiseApplyFunction):
        return scalar_function(node), node.expr
    if isinstance(node, Function) and len(node.args) == 1:
        return type(node), node.args[0]
    return None, None


@lru_cache(maxsize=64)
def _slope(f: Any) -> Expr | None:
    """Return the derivative of a function of one entry, from its definition; None where it is the function itself."""
    if f in SLOPES:
        return SLOPES[f]
    y = f(ENTRY)
    meaning = definition(y)
    slope = (y if meaning is None else meaning).diff(ENTRY)
    return None if slope in (y, 0) or slope.has(Abs) else slope
