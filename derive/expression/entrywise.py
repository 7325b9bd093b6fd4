"""Formulas in one variable, applied to every entry of a matrix."""

from __future__ import annotations

from sympy import Expr, Function, S, exp, log

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.algebra import M
from derive.expression.elementwise import ENTRY, elementwise, scalar_function


def any_derivative(x: M, y: M) -> M:
    """f' of a SymPy function that has no entry of its own, by SymPy's calculus of one real variable."""
    expression = y.e
    if algebra.is_matrix(expression):
        f = scalar_function(expression)
        if f is None or len(f(S(2), evaluate=False).args) != 1:
            raise InputError(f"the elementwise function {expression.function} is not known")
        return M(lift(f(ENTRY, evaluate=False).fdiff(1), x.e))
    if len(expression.args) != 1:
        raise InputError(f"the function {expression.func} of {len(expression.args)} arguments is not known")
    return M(lift(expression.func(ENTRY, evaluate=False).fdiff(1), x.e))


def lift(scalar: Expr, x: Expr) -> Expr:
    """Apply an expression in the one variable ENTRY to every entry of x, or to the scalar x. Raises InputError."""
    if scalar == ENTRY:
        return x
    if not scalar.has(ENTRY):
        return algebra.dot(scalar, algebra.ones(algebra.shape(x)))
    parts = [lift(a, x) for a in scalar.args]
    if scalar.is_Add:
        return algebra.add(*parts)
    if scalar.is_Mul:
        return algebra.hadamard(*parts)
    if scalar.is_Pow and not scalar.base.has(ENTRY):
        return elementwise(exp, algebra.dot(log(scalar.base), parts[1]))
    if scalar.is_Pow:
        return algebra.elementwise_power(parts[0], parts[1] if scalar.exp.has(ENTRY) else scalar.exp)
    if isinstance(scalar, Function) and len(parts) == 1:
        return elementwise(scalar.func, parts[0])
    raise InputError(f"the function {type(scalar).__name__} is not known entry by entry")
