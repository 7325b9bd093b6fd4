"""Real functions of one variable, which act on every entry of a matrix.

What each *is* stands in its record (`derive.operations.entrywise`); classes are declared here that SymPy lacks and the
algebra itself names.
"""

from __future__ import annotations

from functools import cache
from types import new_class
from typing import Any

from sympy import (
    Basic,
    Dummy,
    Expr,
    Function,
    HadamardPower,
    Lambda,
    S,
    Transpose,
    exp,
    log,
    sign,
    sqrt,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.matexpr import MatrixExpr

from derive.errors import InputError
from derive.expression.objects import one_object
from derive.expression.operation import record

#: The one bound variable of every elementwise function, so that equal functions are equal objects.
ENTRY = Dummy("t", real=True)


class RealFunction(Function):
    """A real function of one real variable."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """Keep the function as it is written."""
        return None

    def _numpycode(self, printer: Any) -> str:
        """Return the function's own spelling, for SymPy's printer."""
        entry = record(type(self))
        spelling = entry.spelling("numpy") if entry else None
        if spelling is None:
            raise InputError(f"{type(self).__name__} has no NumPy spelling")
        return "(" + spelling.format(f"({printer._print(self.args[0])})").replace("np.", "numpy.") + ")"


def made(word: str) -> type:
    """Return a SymPy class for a function of entries with a name of its own; it is pickled by that name."""
    return new_class(
        word, (RealFunction,), exec_body=lambda names: names.update(__module__="derive.operations")
    )


class sigmoid(RealFunction):
    """The logistic function 1/(1 + exp(-x))."""


class softplus(RealFunction):
    """log(1 + exp(x)) (Dugas et al. 2001)."""


class relu(RealFunction):
    """max(x, 0)."""


class step(RealFunction):
    """The unit step: 1 for x > 0, else 0."""


_SAFE = frozenset({exp, log, sqrt})


@cache
def _entrywise(f: Any) -> Lambda:
    return Lambda(ENTRY, f(ENTRY, evaluate=False))


def elementwise(f: Any, x: Expr) -> Expr:
    """Return f applied to every entry of the matrix x, or to the scalar x; sign(relu(x)) is the unit step.

    Of a scalar that is made of matrices, SymPy is asked nothing but exp and log: its other functions take what they do
    not see to be real, such as a trace, apart into real and imaginary parts, and some (`Abs`) turn the signs of the
    sums inside, those of matrices too, which fails.
    """
    if f is sign and (inner := applied(relu, x)) is not None:
        return elementwise(step, inner)
    if not getattr(x, "is_Matrix", False):
        return f(x) if f in _SAFE or not holds_matrices(x) else _real(f(x, evaluate=False))
    if f is sqrt:
        return HadamardPower(x, S.Half)
    if isinstance(x, Transpose):
        return one_object(Transpose(elementwise(f, x.arg)))  # exp(X') is exp(X)'
    # As it stands: SymPy's constructor counts the function's arguments, and walks x for its shape.
    return one_object(Basic.__new__(ElementwiseApplyFunction, _entrywise(f), x))


def _real(e: Expr) -> Expr:
    """Tell SymPy that a scalar is real, which it would seek by rebuilding the matrices inside, and fail."""
    e._assumptions.deduce_all_facts([("real", True)])
    return e


def holds_matrices(x: Expr) -> bool:
    """Tell whether a scalar is made of matrices; a shared part is walked once."""
    stack, seen = [x], {x}
    while stack:
        e = stack.pop()
        if isinstance(e, MatrixExpr):
            return True
        stack.extend(new := [a for a in e.args if a not in seen])
        seen.update(new)
    return False


def applied(f: Any, x: Expr) -> Expr | None:
    """Return t where an expression is f(t), a scalar or entry by entry; None where it is not."""
    if isinstance(x, ElementwiseApplyFunction):
        return x.expr if scalar_function(x) is f else None
    return x.args[0] if isinstance(x, Function) and x.func is f else None


def scalar_function(x: ElementwiseApplyFunction) -> Any:
    """Return the function class f of f applied elementwise, or None where it is not a single function."""
    return _head_of(x.function)


@cache
def _head_of(function: Lambda) -> Any:
    inner = function.expr
    return inner.func if isinstance(inner, Function) and inner.args == function.variables else None
