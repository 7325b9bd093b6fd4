"""Activations as NumPy functions: named ones, SymPy expressions of one variable, and plain callables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from derive.errors import InputError

if TYPE_CHECKING:
    from sympy import Expr

    from derive.moments.activations import Activation
    from derive.moments.pieces import Piece

Array = NDArray[np.float64]
Function = Callable[[Array], Array]


def array_function(given: str | Expr | Activation | Function) -> Function:
    """Return the activation as a function of an array, elementwise.

    A callable is wrapped so that a wrong shape or a complex result is named. Raises InputError for an unknown name
    and for an expression with parameters that have no value.
    """
    if callable(given):
        return _checked(given)
    from derive.moments.activations import X, activation
    from derive.moments.pieces import pieces

    return piecewise_function(pieces(_numeric(activation(given)).expression, X))


def derivative_function(given: str | Expr | Activation | Function) -> Function:
    """Return the derivative of an activation, almost everywhere, as a function of an array.

    Of a callable it is the central difference with step 1e-5 max(1, |x|): an error of about 1e-10 where the
    callable is smooth.
    """
    if callable(given):
        f = array_function(given)

        def central(x: Array) -> Array:
            h = 1e-5 * np.maximum(1.0, np.abs(x))
            above, below = x + h, x - h
            return (f(above) - f(below)) / (above - below)

        return central
    from derive.moments.activations import X, activation
    from derive.moments.pieces import derivative_pieces

    return piecewise_function(derivative_pieces(_numeric(activation(given)).expression, X))


def activation_name(given: str | Expr | Activation | Function) -> str:
    """Return what to call an activation: its name, its expression, or the callable's name."""
    if callable(given):
        return getattr(given, "__name__", "callable")
    from derive.moments.activations import activation

    return activation(given).name


def kinks(given: str | Expr | Activation | Function) -> list[float]:
    """Return where the activation may kink or jump, as far as it is known: nothing is known of a callable."""
    if callable(given):
        return []
    from derive.moments.activations import X, activation
    from derive.moments.pieces import breakpoints

    return [float(point) for point in breakpoints(_numeric(activation(given)).expression, X)]


def piecewise_function(parts: list[Piece]) -> Function:
    """Return smooth pieces as one function of an array; an edge belongs to the piece on its left."""
    import sympy as sp
    from sympy.codegen.rewriting import expm1_opt, log1p_opt, optimize

    from derive.moments.activations import X

    # exp(x) - 1 and log(1 + x) become expm1 and log1p, which keep their digits near 0.
    stable = [optimize(part.expression, [expm1_opt, log1p_opt]) for part in parts]
    branches = [sp.lambdify(X, expression, ["scipy", "numpy"]) for expression in stable]
    edges = [-np.inf, *(float(part.upper) for part in parts)]

    # What is not finite is named by whoever integrates or samples; a warning beside that says nothing more.
    @np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore")
    def evaluate(x: Array) -> Array:
        x = np.asarray(x, dtype=np.float64)
        if len(branches) == 1:
            return np.broadcast_to(branches[0](x), x.shape)
        out: Array = x
        for branch, lower, upper in zip(branches, edges[:-1], edges[1:], strict=True):
            here = branch(np.clip(x, lower, upper))  # clipped, so that no branch overflows outside its piece
            out = np.where(x > lower, here, out) if lower > -np.inf else np.broadcast_to(here, x.shape)
        return out

    return evaluate


def _numeric(act: Activation) -> Activation:
    from derive.moments.activations import X

    parameters = act.expression.free_symbols - {X}
    if parameters:
        names = ", ".join(sorted(map(str, parameters)))
        raise InputError(f"the activation {act.name} needs a value for {names}")
    return act


def _checked(function: Function) -> Function:
    def evaluate(x: Array) -> Array:
        values = np.asarray(function(x))
        if values.shape != np.shape(x):
            raise InputError(
                f"the activation returned shape {values.shape} for {np.shape(x)}: apply it elementwise"
            )
        if values.dtype.kind not in "fiub":
            raise InputError(f"the activation returned {values.dtype} values: expected real numbers")
        return values.astype(np.float64, copy=False)

    return evaluate
