"""Slips of functions: one written for its derivative or the other way about, the sign for the step."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sympy import (
    Abs,
    Add,
    Expr,
    Function,
    HadamardPower,
    HadamardProduct,
    MatAdd,
    MatMul,
    Mul,
    OneMatrix,
    Pow,
    sign,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive import algebra
from derive.definitions import definition
from derive.elementwise import ENTRY, elementwise, relu, scalar_function, sigmoid, softplus, step
from verify.slips.case import Case, Slip
from verify.slips.repairs import places_of

#: Functions whose derivatives are written in terms of functions of the text language.
SLOPES: dict[Any, Expr] = {
    relu: step(ENTRY),
    Abs: sign(ENTRY),
    sigmoid: sigmoid(ENTRY) * (1 - sigmoid(ENTRY)),
    softplus: sigmoid(ENTRY),
}


def function_for_derivative(case: Case) -> Slip | None:
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
                return Slip(f"right with {case.text(other)} in place of {case.text(node)}: {why}", mended)
    return None


def _others(node: Expr) -> Iterator[tuple[Expr, str]]:
    f, argument = _applied(node)
    if f is None or argument.has(ENTRY):
        return
    slope = _slope(f)
    if slope is not None:
        yield _at(slope, argument), f"{f.__name__} stands for its derivative"
    if f is step:
        yield elementwise(relu, argument), "the derivative stands for the function"
        yield elementwise(sign, argument), "the step stands for the sign"
    elif f is sign:
        yield elementwise(step, argument), "the sign stands for the step"
        yield elementwise(Abs, argument), "the derivative stands for the function"


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


def _at(slope: Expr, argument: Expr) -> Expr:
    """Return a function of an entry, of every entry of a matrix, in terms of elementwise products and powers."""
    if not argument.is_Matrix:
        return slope.xreplace({ENTRY: argument})
    if slope == ENTRY:
        return argument
    if slope.is_number:
        return algebra.make(MatMul, slope, OneMatrix(*argument.shape))
    parts = [_at(part, argument) for part in slope.args]
    if isinstance(slope, Add):
        return algebra.make(MatAdd, *parts)
    if isinstance(slope, Mul):
        c, rest = slope.as_coeff_Mul()
        if c != 1:
            return algebra.make(MatMul, c, _at(rest, argument))
        return algebra.make(HadamardProduct, *parts)
    if isinstance(slope, Pow) and slope.exp.is_number:
        return HadamardPower(_at(slope.base, argument), slope.exp)
    return elementwise(type(slope), parts[0])
