"""The gains of an activation, forward and backward, beside the constants that frameworks ship.

For pre-activations a ~ N(0, s^2) a layer of n_in inputs and n_out outputs with weights of variance sigma^2
multiplies the second moment by n_in sigma^2 F with F = E[f(a)^2]/s^2, and that of the gradients by n_out sigma^2 B
with B = E[f'(a)^2]. The forward gain 1/sqrt(F) and the backward gain 1/sqrt(B) keep one of the two; the compromise
sigma^2 = 2/(n_in F + n_out B) makes the average of the two factors 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.errors import InputError
from verify.moments.breaks import find_breaks
from verify.moments.functions import (
    Function,
    activation_name,
    array_function,
    derivative_function,
    is_known_by_values,
    kinks,
)
from verify.moments.quadrature import Integral, NoIntegralError, gaussian_integral, gaussian_variance

if TYPE_CHECKING:
    from sympy import Expr

    from derive.moments.activations import Activation

#: Up to this relative error a derivative's moment, found from values of a callable, is given.
_WORST_DERIVATIVE = 1e-6

#: A derivative of a function known by its values is taken with these two steps; their difference is its error.
_STEPS = (2e-3, 1e-3)


@dataclass(frozen=True)
class Gains:
    """The moments of an activation at one s with their errors, and what follows from them.

    Where `exact`, all that exist are closed forms evaluated to the last digit, else some are by quadrature with
    stated errors. A moment is None where it is infinite or cannot be computed, and `reasons` says why, under its
    name: "mean", "second", "variance", "derivative". `shipped` is the constant of PyTorch's `calculate_gain`.
    """

    name: str
    s: float
    mean: Integral | None
    second: Integral | None
    central: Integral | None
    derivative: Integral | None
    exact: bool
    shipped: float | None
    remark: str
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def variance(self) -> float | None:
        """Var[f(a)], None where there is none; `central` has its error as well."""
        return None if self.central is None else self.central.value

    @property
    def forward(self) -> float | None:
        """The gain that keeps the second moment: 1/sqrt(E[f(a)^2]/s^2); None where that is infinite."""
        return _gain(self.second, self.s)

    @property
    def backward(self) -> float | None:
        """The gain that keeps the gradients' second moment: 1/sqrt(E[f'(a)^2]); None where there is none."""
        return _gain(self.derivative, 1.0)

    @property
    def compromise(self) -> float | None:
        """The gain of a square layer whose forward and backward factors average to 1."""
        forward, backward = self.forward, self.backward
        return None if forward is None or backward is None else math.sqrt(2 / (forward**-2 + backward**-2))

    @property
    def variance_scale(self) -> float | None:
        """What Keras and JAX (`variance_scaling` in mode fan_in) take as `scale` to keep the second moment."""
        return None if self.forward is None else self.forward**2

    def variances(self, fan_in: int, fan_out: int) -> dict[str, float | None]:
        """Return the variance of the weights for fan-in, fan-out and the compromise between them."""
        if fan_in < 1 or fan_out < 1:
            raise InputError(f"fan-in and fan-out must be at least 1, got {fan_in} and {fan_out}")
        f = None if self.forward is None else self.forward**-2
        b = None if self.backward is None else self.backward**-2
        return {
            "fan-in": None if f is None else 1 / (fan_in * f),
            "fan-out": None if b is None else 1 / (fan_out * b),
            "compromise": None if f is None or b is None else 2 / (fan_in * f + fan_out * b),
        }

    @property
    def shipped_forward_factor(self) -> float | None:
        """By how much a layer with the shipped gain multiplies the second moment at this s."""
        return None if self.shipped is None or self.forward is None else (self.shipped / self.forward) ** 2

    @property
    def shipped_backward_factor(self) -> float | None:
        """By how much a square layer with the shipped gain multiplies the gradients' second moment at this s."""
        backward = self.backward
        return None if self.shipped is None or backward is None else (self.shipped / backward) ** 2


def _gain(moment: Integral | None, s: float) -> float | None:
    if moment is None or not moment.value > 0:
        return None
    return s / math.sqrt(moment.value)


def gains(given: str | Expr | Activation | Function, s: float = 1.0) -> Gains:
    """Return the gains of an activation: a name, a formula, a SymPy expression of one variable, an array function.

    Closed forms are taken where there are any, quadrature otherwise; a moment that does not exist leaves the others.
    Raises InputError for an s out of range, an activation that cannot be read, and one that is zero.
    """
    if isinstance(s, bool) or not isinstance(s, int | float) or not (math.isfinite(s) and s > 0):
        raise InputError(f"the standard deviation s must be positive and finite, got {s!r}")
    found: dict[str, Integral | None] = {}
    reasons: dict[str, str] = {}
    shipped, remark = None, ""
    values_only = is_known_by_values(given)
    if not values_only:
        from derive.moments.activations import activation

        act = activation(given)  # type: ignore[arg-type]
        shipped = None if act.shipped_gain is None else float(act.shipped_gain)
        remark = act.remark
        found = _closed_forms(act, s, reasons)
    f = array_function(given)
    if np.isnan(f(s * np.linspace(-8, 8, 65))).any():
        found = {}  # a root or a logarithm of negative numbers: no real function, whatever the closed form says
    exact = found.get("second") is not None
    breaks = find_breaks(f, s) if values_only else None
    points = list(breaks.points) if breaks else kinks(given)

    def missing(name: str, integrate: Callable[[], Integral]) -> None:
        if name not in found and name not in reasons:
            try:
                found[name] = integrate()
            except NoIntegralError as reason:
                reasons[name] = str(reason)

    missing("mean", lambda: gaussian_integral(f, s, points))
    missing("second", lambda: gaussian_integral(lambda a: f(a) ** 2, s, points))
    second, mean = found.get("second"), found.get("mean")
    if second is not None and second.value <= 0:
        raise InputError(
            f"{activation_name(given)} is zero almost everywhere: no gain keeps its second moment"
        )
    if mean is not None and second is not None:
        missing("variance", lambda: gaussian_variance(f, mean, s, points))
    if breaks is not None and breaks.jumps:
        reasons["derivative"] = f"is infinite: the function jumps at a = {breaks.jumps[0]:.6g}"
    missing("derivative", lambda: _derivative_moment(given, s, points, values_only))
    if mean is None and second is None and found.get("derivative") is None:
        raise InputError(
            f"{activation_name(given)} has no Gaussian moments at s = {s:g}: E f(a) {reasons['mean']}"
        )
    return Gains(
        activation_name(given),
        float(s),
        mean,
        second,
        found.get("variance"),
        found.get("derivative"),
        exact,
        shipped,
        remark,
        reasons,
    )


def _derivative_moment(
    given: str | Expr | Activation | Function, s: float, points: list[float], values_only: bool
) -> Integral:
    """Return E[f'(a)^2]; of a function known by values with two steps, whose difference is part of the error."""
    if not values_only:
        slope = derivative_function(given)
        return gaussian_integral(lambda a: slope(a) ** 2, s, points, slope_of=(array_function(given), slope))
    coarse, fine = (
        gaussian_integral(lambda a, d=derivative_function(given, points, h): d(a) ** 2, s, points, 1e-10)  # type: ignore[misc]
        for h in _STEPS
    )
    error = fine.error + abs(fine.value - coarse.value)
    if error > _WORST_DERIVATIVE * fine.value:
        raise NoIntegralError(
            "does not settle: the function is not smooth enough to be differentiated from its values"
        )
    return Integral(fine.value, error)


def _closed_forms(act: Activation, s: float, reasons: dict[str, str]) -> dict[str, Integral | None]:
    """Return the moments that have a closed form at s, to the last digit; `reasons` gets those that are infinite."""
    import sympy as sp

    from derive.moments.activations import X
    from derive.moments.integrals import sum_of_pieces
    from derive.moments.pieces import Piece, derivative_pieces, jumps, pieces

    scale = sp.Rational(repr(float(s)))
    parts = pieces(act.expression, X)
    square = [Piece(p.lower, p.upper, p.expression**2) for p in parts]
    slopes = [Piece(p.lower, p.upper, p.expression**2) for p in derivative_pieces(act.expression, X)]
    exact = {
        "mean": sum_of_pieces(parts, X, scale),
        "second": sum_of_pieces(square, X, scale),
        "derivative": sum_of_pieces(slopes, X, scale),
    }
    jumping = jumps(act.expression, X)
    if jumping:
        exact["derivative"] = None
        reasons["derivative"] = f"is infinite: the function jumps at a = {float(jumping[0]):.6g}"
    if exact["mean"] not in (None, sp.oo) and exact["second"] not in (None, sp.oo):
        exact["variance"] = exact["second"] - exact["mean"] ** 2
    found: dict[str, Integral | None] = {}
    for name, value in exact.items():
        if value == sp.oo:
            reasons[name] = "is infinite: the function grows too fast for a Gaussian integral"
        elif value is not None:
            number = _to_the_last_digit(value)
            if number is not None:
                found[name] = number
    return found


def _cancelling() -> tuple[tuple[Any, Callable[[Expr], Expr], float], ...]:
    """Return how large arguments of exponentials and error functions may be in a closed form that is evaluated.

    Beyond, a small result is the difference of huge terms, of more digits than are worth computing.
    """
    import sympy as sp

    return ((sp.exp, sp.re, 1500.0), (sp.erf, sp.Abs, 25.0))


def _to_the_last_digit(e: Expr) -> Integral | None:
    """Return an exact number as a double, or None where it overflows or its digits cancel beyond reach."""
    import sympy as sp

    if e == 0:
        return Integral(0.0, 0.0)
    if any(
        bool(size(node.args[0].evalf(5)) > limit)
        for kind, size, limit in _cancelling()
        for node in e.atoms(kind)
    ):
        return None
    try:
        value = float(sp.re(e.evalf(25, maxn=4000)))
    except (OverflowError, TypeError, ValueError):
        return None
    return Integral(value, 4e-16 * abs(value)) if math.isfinite(value) else None


def gains_table(s: float = 1.0) -> list[Gains]:
    """Return the gains of every named activation, in the order of the catalogue."""
    from derive.moments.activations import ACTIVATIONS

    return [gains(name, s) for name in ACTIVATIONS]
