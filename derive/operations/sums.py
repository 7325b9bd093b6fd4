"""Sums."""

from __future__ import annotations

from sympy import Add, MatAdd

from derive.expression import algebra
from derive.expression.operation import Operation

OPERATIONS = (
    Operation(
        "sum", Add,
        pull=lambda g, y, x, i: g,
        push=lambda d, y, x, i: d,
        example="tr(A) + sum(B)", source="linearity",
        tidy=Add,
    ),
    Operation(
        "matrix sum", MatAdd,
        pull=lambda g, y, x, i: g,
        push=lambda d, y, x, i: d,
        example="A + B", source="linearity, MC (35)",
        tidy=algebra.add, kind="sum",
    ),
)  # fmt: skip
