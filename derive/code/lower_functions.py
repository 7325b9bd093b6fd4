"""Functions of numbers, of entries and of matrices as nodes of a plan."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from sympy import Abs, Determinant, Expr, Function, Rational, log
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.code.factors import Solver
from derive.code.lower_values import Values
from derive.code.plan import Node, Shape
from derive.errors import InputError
from derive.expression import algebra
from derive.expression.elementwise import ENTRY, step
from derive.expression.functions import Norm1, Norm2, template
from derive.expression.operation import record
from derive.operations.unfold import definition

#: Functions that every target has in a stable form; others are computed as their definition says.
_PRIMITIVE = frozenset({"relu", "sigmoid", "softplus"})
#: Functions that share more where they are computed as their definition says.
_DEFINED = frozenset({"gelu", "swish"})


class Functions(Values):
    """Functions as nodes of a plan."""

    @abstractmethod
    def solver(self, a: Expr) -> Solver:
        """Return what solves a matrix and gives its determinant."""

    # ---------------------------------------------------------------------------------------- functions

    def function(self, f: Any, x: Expr) -> Node:
        """Return a function of every entry."""
        if f is step:
            return self.b.positive(self.loose(x))
        if f is log and isinstance(x, Determinant) and algebra.is_posdef(x.arg):
            return self.solver(x.arg).logdet()
        if f is log and isinstance(x, Abs) and isinstance(x.args[0], Determinant):
            return self.solver(x.args[0].arg).logdet()
        entry = record(f)
        if entry is None or not entry.entrywise:
            raise InputError(f"the function {f.__name__} has no code")
        spelt = entry.text in _PRIMITIVE or (entry.text not in _DEFINED and template(entry, "numpy", 1))
        if entry.definition is not None and not spelt:
            return self.put(entry.definition(ENTRY), ENTRY, self.loose(x))
        return self.b.call(entry.word, self.loose(x))

    def put(self, body: Expr, variable: Expr, value: Node) -> Node:
        """Return an expression of one variable with a value put for it."""
        before, known = dict(self.bound), self.known
        self.bound[variable] = value
        self.known = {e: n for e, n in known.items() if not e.has(variable)}
        try:
            return self.loose(body)
        finally:
            self.bound, self.known = before, known

    def scalar_function(self, e: Any) -> Node:
        """Return a function of a number."""
        if len(e.args) != 1:
            raise InputError(f"the function {e.func.__name__} has no code")
        return self.function(e.func, e.args[0])

    def elementwise(self, e: ElementwiseApplyFunction) -> Node:
        """Return a function of every entry."""
        body, (variable,) = e.function.expr, e.function.variables
        if isinstance(body, Function) and body.args == (variable,):
            return self.function(body.func, e.expr)
        return self.put(body, variable, self.loose(e.expr))

    def norm1(self, e: Norm1) -> Node:
        """Return the sum of the absolute values."""
        return self.b.sum(self.b.call("abs", self.node(e.arg)))

    def norm2(self, e: Norm2) -> Node:
        """Return the Euclidean norm."""
        return self.b.power(self.squares(e.arg), Rational(1, 2))

    def applied(self, e: Any) -> Node:
        """Return a function of matrices that every target spells its own way."""
        entry = e.record
        if template(entry, "numpy", len(e.args)) is None and (meaning := definition(e)) is not None:
            return self.loose(meaning)
        shape: Shape = e.shape if algebra.is_matrix(e) else None
        args = tuple(self.node(a) for a in e.args)
        return self.b.make("function", args, (entry.word, len(args)), shape)
