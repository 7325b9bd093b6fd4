"""Values of SymPy's matrix expressions in NumPy, read off SymPy's own tree as it stands."""

from __future__ import annotations

from functools import reduce

import numpy as np
import sympy
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction


def number_of(expr, values: dict) -> np.ndarray:
    """Return the value of an expression with two axes; `values` maps names (of sizes, too) to numbers or arrays."""
    return np.atleast_2d(_value(expr, values))


def _value(e, values):
    if isinstance(e, sympy.MatrixSymbol | sympy.Symbol):
        return np.asarray(values[e.name], float)
    if e.is_number:
        return float(e)
    if isinstance(e, sympy.Identity):
        return np.eye(int(_value(e.shape[0], values)))
    if isinstance(e, sympy.OneMatrix | sympy.ZeroMatrix):
        shape = [int(_value(d, values)) for d in e.shape]
        return np.ones(shape) if isinstance(e, sympy.OneMatrix) else np.zeros(shape)
    if isinstance(e, ElementwiseApplyFunction):
        f = sympy.lambdify(e.function.variables, e.function.expr, "math")  # NumPy's Max is new in SymPy 1.14
        return np.vectorize(f, otypes=[float])(_value(e.expr, values))
    args = [_value(a, values) for a in e.args if isinstance(a, sympy.Expr)]
    if isinstance(e, sympy.Add | sympy.MatAdd):
        return reduce(np.add, args)
    if isinstance(e, sympy.Mul | sympy.MatMul):
        return reduce(lambda a, b: a * b if 1 in (np.size(a), np.size(b)) else a @ b, args)
    if isinstance(e, sympy.HadamardProduct):
        return reduce(np.multiply, args)
    if isinstance(e, sympy.Inverse):
        return np.linalg.inv(args[0])
    if isinstance(e, sympy.MatPow | sympy.Pow) and np.size(args[0]) > 1:
        return np.linalg.matrix_power(args[0], int(args[1]))
    if isinstance(e, sympy.HadamardPower | sympy.Pow | sympy.MatPow):
        return args[0] ** args[1]
    if isinstance(e, sympy.DiagMatrix):
        return np.diag(args[0][:, 0])
    if isinstance(e, sympy.KroneckerProduct):
        return reduce(np.kron, args)
    if isinstance(e, sympy.Transpose | sympy.Adjoint):
        return np.transpose(args[0])
    if isinstance(e, sympy.Trace):
        return np.trace(args[0])
    if isinstance(e, sympy.Determinant):
        return np.linalg.det(args[0])
    return sympy.lambdify(_T, e.func(_T))(*args)


_T = sympy.Symbol("t")
