"""All operations, an entry each, a file a family; what an entry says stands in `derive.expression.operation`.

Sources: Giles 2008, "Collected matrix derivative results"; MC, the Matrix Cookbook (2012); Magnus and Neudecker
2019, "Matrix Differential Calculus", 3rd edition; Higham 2008, "Functions of Matrices".
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, Function
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.errors import InputError
from derive.expression.elementwise import scalar_function
from derive.expression.entrywise import any_derivative
from derive.expression.operation import Operation, by_name, names, of_head, record, register
from derive.expression.printed import PRINTED
from derive.operations import (
    columns,
    entrywise,
    gamma,
    geometry,
    inverses,
    larger,
    leaves,
    powers,
    primary,
    products,
    rearrange,
    rows,
    scalars,
    spectral,
    statistics,
    sums,
)
from derive.operations.entries import entrywise as function_of_entries
from derive.operations.unknown import of_class_name, unknown, unknown_functions

__all__ = [
    "OPERATIONS", "Operation", "by_name", "names", "operation", "record", "unknown", "unknown_functions",
]  # fmt: skip

OPERATIONS: tuple[Operation, ...] = (
    *sums.OPERATIONS,
    *products.OPERATIONS,
    *powers.OPERATIONS,
    *inverses.OPERATIONS,
    *rearrange.OPERATIONS,
    *scalars.OPERATIONS,
    *columns.OPERATIONS,
    *rows.OPERATIONS,
    *statistics.OPERATIONS,
    *larger.OPERATIONS,
    *spectral.OPERATIONS,
    *primary.OPERATIONS,
    *geometry.OPERATIONS,
    *gamma.OPERATIONS,
    *entrywise.OPERATIONS,
)
register((*leaves.LEAVES, *OPERATIONS))

#: A function of SymPy's that no entry is for.
OTHER_FUNCTION = function_of_entries(
    "function of one variable", Function, any_derivative, "calculus of one variable"
)


def operation(y: Expr) -> tuple[Operation, tuple[Expr, ...]]:
    """Return the entry of an expression's outermost operation, and its arguments.

    Raises InputError where there is none.
    """
    head: Any = type(y)
    if isinstance(y, ElementwiseApplyFunction):
        entries = of_head(scalar_function(y)) or [OTHER_FUNCTION]
        return entries[0], (y.expr,)
    for entry in of_head(head):
        if entry.when is None or entry.when(y):
            return entry, entry.arguments(y)
    if isinstance(y, Function):
        return OTHER_FUNCTION, y.args
    raise InputError(f"there is no rule for {head.__name__} in {PRINTED.to_text(y)}")


def __getattr__(name: str) -> Any:
    """Return the class that was made for an operation, by its name: so it is found when it is unpickled."""
    if (head := of_class_name(name)) is not None:
        return head
    for entry in OPERATIONS:
        if getattr(entry.head, "__module__", "") == __name__ and entry.head.__name__ == name:
            return entry.head
    raise AttributeError(f"module {__name__} has no attribute {name}")
