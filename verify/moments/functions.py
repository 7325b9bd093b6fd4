"""Activations as NumPy functions: named ones, SymPy expressions of one variable, and plain callables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.errors import InputError
from verify.moments.breaks import Array, Function, find_breaks

if TYPE_CHECKING:
    from sympy import Expr

    from derive.moments.activations import Activation
    from derive.moments.pieces import Piece


def array_function(given: str | Expr | Activation | Function) -> Function:
    """Return the activation as a function of an array, elementwise.

    A callable is wrapped so that a wrong shape or a complex result is named. Raises InputError for an unknown name
    and for an expression with parameters that have no value.
    """
    if callable(given):
        return _checked(given)
    parts = _parts(given)
    return _values_only(given) if parts is None else piecewise_function(parts)


def is_known_by_values(given: str | Expr | Activation | Function) -> bool:
    """Tell whether kinks and derivative are to be found from values: a callable, or a formula such as floor(x)."""
    return callable(given) or _parts(given) is None


def derivative_function(
    given: str | Expr | Activation | Function, breaks: Sequence[float] | None = None, step: float = 2e-3
) -> Function:
    """Return the derivative of an activation, almost everywhere, as a function of an array.

    What is known by its values only is differentiated by the polynomial through five points with spacing
    `step` max(1, |x|), all on one side of every kink; the error is about step^4 times the fifth derivative, and
    rounding over the step. `breaks` are the kinks, found by `find_breaks` if they are not given.
    """
    if callable(given) or (parts := _parts(given)) is None:
        f = array_function(given)
        return _differentiated(f, find_breaks(f).points if breaks is None else breaks, step)
    from derive.moments.pieces import Piece
    from derive.moments.stable import stable

    def slope(part: Piece) -> Piece:
        import sympy as sp

        from derive.moments.activations import X

        return Piece(part.lower, part.upper, stable(sp.diff(part.expression, X)))

    return piecewise_function([slope(part) for part in parts])


#: Row k: the derivative of the Lagrange polynomial of node k of 0..4, as coefficients of t^3 .. t^0.
_STENCIL = np.array(
    [
        np.polyder(np.poly([m for m in range(5) if m != k]) / np.prod([k - m for m in range(5) if m != k]))
        for k in range(5)
    ]
)


def _differentiated(f: Function, breaks: Sequence[float], step: float) -> Function:
    edges = np.array([-np.inf, *breaks, np.inf])

    def slope(x: Array) -> Array:
        x = np.asarray(x, dtype=np.float64)
        piece = np.searchsorted(edges[1:-1], x, side="left")
        low, high = edges[piece], edges[piece + 1]
        # Off the kinks by more than they are known to.
        margin = 1e-12 * np.maximum(1.0, np.abs(x))
        low, high = low + margin, high - margin
        h = np.minimum(step * np.maximum(1.0, np.abs(x)), (high - low) / 4)
        start = np.clip(x - 2 * h, low, high - 4 * h)
        t = (x - start) / h
        total = np.zeros_like(x)
        for k, coefficients in enumerate(_STENCIL):
            total += np.polyval(coefficients, t) * f(start + k * h)
        return np.asarray(total / h)

    return slope


def activation_name(given: str | Expr | Activation | Function) -> str:
    """Return what to call an activation: its name, its expression, or the callable's name."""
    if callable(given):
        return getattr(given, "__name__", "callable")
    from derive.moments.activations import activation

    return activation(given).name


def kinks(given: str | Expr | Activation | Function) -> list[float]:
    """Return where the activation may kink or jump: exactly of an expression, by bisection of a callable."""
    parts = None if callable(given) else _parts(given)
    if parts is None:
        return list(find_breaks(array_function(given)).points)
    return [float(part.upper) for part in parts[:-1]]


def has_jumps(given: str | Expr | Activation | Function) -> bool:
    """Tell whether the activation is discontinuous somewhere, so that its derivative is not a function."""
    if callable(given) or _parts(given) is None:
        return bool(find_breaks(array_function(given)).jumps)
    from derive.moments.activations import X, activation
    from derive.moments.integrals import has_jumps as symbolic

    return symbolic(activation(given).expression, X)


def _parts(given: str | Expr | Activation) -> list[Piece] | None:
    """Return the smooth pieces of an expression, or None where they are not found, or are too many (floor)."""
    import sympy as sp

    from derive.moments.activations import X, activation
    from derive.moments.pieces import UndecidedError, pieces

    expression = _numeric(activation(given)).expression
    if expression.has(sp.floor, sp.ceiling, sp.frac, sp.Mod):
        return None
    try:
        return pieces(expression, X)
    except UndecidedError:
        return None


def _values_only(given: str | Expr | Activation) -> Function:
    import sympy as sp

    from derive.moments.activations import X, activation

    plain = activation(given).expression.rewrite(sp.Max, sp.Piecewise).rewrite(sp.Min, sp.Piecewise)
    function = sp.lambdify(X, plain, _modules())

    @np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore")
    def evaluate(x: Array) -> Array:
        return np.broadcast_to(
            np.asarray(function(np.asarray(x, dtype=np.float64)), dtype=np.float64), np.shape(x)
        )

    return evaluate


def _modules() -> list[Any]:
    """Return what the functions in an expression are computed by."""
    from scipy.special import erfc

    return [{"ErrorTail": erfc}, "scipy", "numpy"]


def piecewise_function(parts: list[Piece]) -> Function:
    """Return smooth pieces as one function of an array; an edge belongs to the piece on its left."""
    import sympy as sp
    from sympy.codegen.rewriting import expm1_opt, log1p_opt, optimize

    from derive.moments.activations import X
    from derive.moments.stable import stable

    # exp(x) - 1 and log(1 + x) become expm1 and log1p, which keep their digits near 0.
    kept = [optimize(stable(part.expression), [expm1_opt, log1p_opt]) for part in parts]
    branches = [sp.lambdify(X, expression, _modules()) for expression in kept]
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
        return np.where(np.isnan(x), x, out)  # on no side of an edge

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
        try:
            values = np.asarray(function(x))
        except InputError:
            raise
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise InputError(
                f"the activation failed on an array ({said}): write it with NumPy, elementwise"
            ) from error
        if values.shape != np.shape(x):
            raise InputError(
                f"the activation returned shape {values.shape} for {np.shape(x)}: apply it elementwise"
            )
        if values.dtype.kind not in "fiub":
            raise InputError(f"the activation returned {values.dtype} values: expected real numbers")
        return values.astype(np.float64, copy=False)

    return evaluate
