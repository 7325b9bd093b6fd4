"""Powers: of scalars, of entries, of square matrices."""

from __future__ import annotations

from sympy import HadamardPower, MatPow, Pow, sqrt

from derive.expression import algebra
from derive.expression.functions import Norm2
from derive.expression.operation import Operation
from derive.operations.entries import entrywise
from derive.operations.formulas import (
    elementwise_power_pull,
    elementwise_power_push,
    inner,
    matrix_power,
    matrix_power_terms,
    power_pull,
)

OPERATIONS = (
    Operation(
        "squared norm", Pow,
        pull=lambda g, y, x, i: 2 * g * x[0],
        push=lambda d, y, x, i: 2 * inner(x[0], d),
        example="norm2(A)^2", source="MC (131), (132)",
        when=lambda y: isinstance(y.base, Norm2) and y.exp == 2,
        arguments=lambda y: y.base.args,
    ),
    Operation(
        "power", Pow,
        pull=power_pull, push=power_pull,
        example="(1 + norm2(A)^2)^(3/2)", source="power rule",
        tidy=algebra.scalar_power, positive="argument",
    ),
    entrywise("square root", sqrt, None, "x^(1/2), as which it is kept", "sqrt(exp(A))"),
    Operation(
        "elementwise power", HadamardPower,
        pull=elementwise_power_pull, push=elementwise_power_push,
        example="A.^3", source="power rule",
        tidy=algebra.elementwise_power, symmetric="arguments", positive="argument",
    ),
    Operation(
        "matrix power", MatPow,
        pull=lambda g, y, x, i: matrix_power_terms(y, x[0], g, transpose=True),
        push=lambda d, y, x, i: matrix_power_terms(y, x[0], d, transpose=False),
        example="(A*B)^3", source="MC (90), (91)",
        arguments=matrix_power, tidy=lambda x, k: algebra.power(x, int(k)), symmetric="argument",
    ),
)  # fmt: skip
