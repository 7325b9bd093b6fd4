"""What expressions begin with: names, numbers, matrices of ones and zeros; and a function without an entry, at entries."""

from __future__ import annotations

from typing import Any

from sympy import Function, Identity, MatrixSymbol, Number, NumberSymbol, OneMatrix, Symbol, ZeroMatrix
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression.operation import Operation


def _leaf(name: str, head: Any, **facts: Any) -> Operation:
    return Operation(name, head, None, None, "", "a constant", arguments=lambda y: (), **facts)


#: Known to all who walk an expression, and no operations: nothing is differentiated by their arguments.
LEAVES = (
    _leaf("number", Number),
    _leaf("constant", NumberSymbol),
    _leaf("scalar", Symbol),
    _leaf("matrix", MatrixSymbol),
    _leaf("identity", Identity, symmetric="always"),
    _leaf("ones", OneMatrix, symmetric="always", positive="always"),
    _leaf("zeros", ZeroMatrix, symmetric="always"),
    Operation("function", Function, None, None, "", "calculus of one variable"),
    Operation(
        "function of entries", ElementwiseApplyFunction, None, None, "", "calculus of one variable",
        arguments=lambda y: (y.expr,), symmetric="argument",
    ),
)  # fmt: skip
