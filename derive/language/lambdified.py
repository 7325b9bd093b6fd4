"""What SymPy's NumPy printer lacks for matrices, so that `sympy.lambdify` takes every result.

A printer asks an expression for a method `_numpycode` before it looks for one of its own. SymPy's printers have none
for traces, determinants and powers entry by entry, and a wrong one for functions entry by entry; here these classes
get theirs. Sizes such as n stand in the code as arguments of that name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Determinant, Expr, HadamardPower, Identity, MatMul, Symbol, Trace
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression.elementwise import ENTRY

#: The bound variable of a function of entries, in Python.
_ENTRY = Symbol("entry_", real=True)


def _trace(expr: Any, printer: Any) -> str:
    """The sum of the diagonal; a 1 x 1 matrix that stands for a scalar may be given as a number."""
    inner = printer._print(expr.arg)
    if expr.arg.shape == (1, 1):
        return f"numpy.sum({inner})"
    return f"numpy.trace({inner})"


def _power(expr: Any, printer: Any) -> str:
    return f"(({printer._print(expr.base)})**({printer._print(expr.exp)}))"


def _product(expr: Any, printer: Any) -> str:
    """A product from the left, numbers in front; a number among the factors is not one of `dot`."""
    scalars = [printer._print(a) for a in expr.args if not a.is_Matrix]
    chain = " @ ".join(f"({printer._print(a)})" for a in expr.args if a.is_Matrix)
    return "(" + "*".join([*(f"({s})" for s in scalars), f"({chain})"]) + ")"


def _elementwise(expr: Any, printer: Any) -> str:
    body = printer._print(expr.function.expr.xreplace({ENTRY: _ENTRY}))
    return f"(lambda {_ENTRY}: {body})({printer._print(expr.expr)})"


_SPELLINGS: dict[type[Expr], Callable[[Any, Any], str]] = {
    Trace: _trace,
    Determinant: lambda expr, printer: f"numpy.linalg.det({printer._print(expr.arg)})",
    HadamardPower: _power,
    MatMul: _product,
    Identity: lambda expr, printer: f"numpy.eye({printer._print(expr.shape[0])})",
    ElementwiseApplyFunction: _elementwise,
}
for _head, _spelling in _SPELLINGS.items():
    _head._numpycode = _spelling  # type: ignore[attr-defined]
