"""A loss with its derivatives as functions that run: value, gradient, products with Jacobian and Hessian, for fitting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from sympy import Expr, MatrixSymbol, Symbol

from derive.code import Output, compiled, source
from derive.errors import InputError
from derive.expression import algebra
from derive.expression.facts import assuming
from derive.problem import Problem
from verify.derived import Checked, differential, gradient, hessian, jacobian

Where = str | Mapping[str, Any] | None
Assume = str | Iterable[Any] | None


def function(
    expr: str | Expr | Problem, wrt: str, where: Where = None, assume: Assume = None, target: str = "numpy", seed: int = 0
) -> Functions:  # fmt: skip
    """Return an expression and its derivatives by one variable as functions of all names, by keyword.

    They are written when they are first called, and checked as every result is. `target` is numpy, jax or torch. Raises
    InputError for what cannot be read or differentiated, for several variables, and for a target that is no Python.
    """
    if target in ("octave", "julia"):
        raise InputError(f"{target.capitalize()} code is no Python function: print it with to_code")
    return Functions(expr, wrt, where, assume, target, seed)


class Functions:
    """A value of the shape of `expr` and its derivatives by a variable x: each takes every name as a keyword."""

    def __init__(self, expr: Any, wrt: str, where: Where, assume: Assume, target: str, seed: int) -> None:
        self._given = (expr, wrt, where, assume)
        self._seed, self.target = seed, target
        first = gradient if self._is_scalar(expr, wrt, where, assume, seed) else jacobian
        self.derivation: Checked = first(expr, wrt, where, assume, seed=seed)
        if self.derivation.parts:
            raise InputError("a function is of one variable: expected one name in wrt")
        self.problem = self.derivation.problem
        self.wrt = self.problem.wrt[0].name

    @staticmethod
    def _is_scalar(expr: Any, wrt: str, where: Where, assume: Assume, seed: int) -> bool:
        try:
            gradient(expr, wrt, where, assume, seed=seed)
        except InputError as error:
            if "needs a scalar" not in str(error):
                raise
            return False
        return True

    def __call__(self, **given: Any) -> Any:
        """Return (value, gradient) of a scalar expression, (value, Jacobian) of any other."""
        return self._both(**given)

    @cached_property
    def _both(self) -> Callable[..., Any]:
        return self._function(self.derivation, value=True)

    def _function(self, d: Checked, value: bool = False) -> Callable[..., Any]:
        found: Callable[..., Any] = d.function(self.target, value)
        return found

    @cached_property
    def value(self) -> Callable[..., Any]:
        """The value alone."""
        names = {s.name for s in self.problem.expr.free_symbols}
        symbols = {n: s for n, s in self.derivation.symbols().items() if n in names}
        with assuming(self.problem.assumptions):
            run = compiled(source([Output((self.problem.expr,))], symbols, self.target), self.target)
        return lambda **given: run(**{n: v for n, v in given.items() if n in names})

    @cached_property
    def gradient(self) -> Callable[..., Any]:
        """The gradient alone, in the shape of x; of an expression that is no scalar, its Jacobian."""
        return self._function(self.derivation)

    @cached_property
    def hessian(self) -> Callable[..., Any]:
        """The matrix of second derivatives; by a matrix x that of vec(x)."""
        form = "operator" if algebra.shape(self.problem.wrt[0])[1] == 1 else "kronecker"
        return self._function(hessian(*self._given, form=form, seed=self._seed))

    @cached_property
    def _hvp(self) -> Callable[..., Any]:
        return self._function(hessian(*self._given, form="product", seed=self._seed))

    def hvp(self, direction: Any, **given: Any) -> Any:
        """Return the product of the Hessian with a direction in the shape of x, without the Hessian."""
        if algebra.shape(self.problem.wrt[0]) == (1, 1):
            return self.hessian(**given) * direction
        return self._hvp(**given, **{f"d{self.wrt}": direction})

    @cached_property
    def _jvp(self) -> Callable[..., Any]:
        return self._function(differential(*self._given, seed=self._seed))

    def jvp(self, direction: Any, **given: Any) -> Any:
        """Return the derivative of the value along a direction in the shape of x."""
        return self._jvp(**given, **{f"d{self.wrt}": direction})

    @cached_property
    def _vjp(self) -> tuple[str, Callable[..., Any]]:
        expr = self.problem.expr
        taken = {s.name for s in expr.free_symbols}
        name = next(n for n in ("u", "cotangent", "cotangent_") if n not in taken)
        if algebra.is_matrix(expr):
            total = algebra.trace(algebra.dot(algebra.t(MatrixSymbol(name, *expr.shape)), expr))
        else:
            total = Symbol(name, real=True) * expr
        assumed = self.problem.assumptions
        return name, self._function(gradient(total, self.wrt, None, assumed, seed=self._seed))

    def vjp(self, cotangent: Any, **given: Any) -> Any:
        """Return the gradient of the inner product of the value with a cotangent in the value's shape."""
        name, run = self._vjp
        return run(**given, **{name: cotangent})

    def at(self, **given: Any) -> Fit:
        """Return the functions of x alone that scipy.optimize takes, everything else fixed; x is where to start."""
        if self.wrt not in given:
            raise InputError(f"{self.wrt} is missing: give it the value to start from")
        return Fit(self, given)


class Fit:
    """Functions of x as a 1-D array: `minimize(fit, fit.start, jac=True, hessp=fit.hessp)`."""

    def __init__(self, functions: Functions, given: dict[str, Any]) -> None:
        import numpy as np

        self._np, self._functions = np, functions
        self._fixed = {n: v for n, v in given.items() if n != functions.wrt}
        start = np.asarray(given[functions.wrt], float)
        self.shape, self.start = start.shape, start.ravel()

    def _given(self, x: Any) -> dict[str, Any]:
        return {**self._fixed, self._functions.wrt: self.whole(x)}

    def whole(self, x: Any) -> Any:
        """Return a 1-D array in the shape of the variable."""
        found = self._np.reshape(x, self.shape)
        return found.item() if self.shape == () else found

    def __call__(self, x: Any) -> tuple[float, Any]:
        """Return the value and the gradient as a 1-D array."""
        value, slope = self._functions(**self._given(x))
        return float(value), self._np.asarray(slope, float).ravel()

    def hessp(self, x: Any, direction: Any) -> Any:
        """Return the product of the Hessian with a direction, as a 1-D array."""
        found = self._functions.hvp(self.whole(direction), **self._given(x))
        return self._np.asarray(found, float).ravel()
