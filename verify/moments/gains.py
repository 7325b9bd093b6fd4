"""The gains of an activation, forward and backward, beside the constants that frameworks ship.

For pre-activations a ~ N(0, s^2) a layer of n_in inputs and n_out outputs with weights of variance sigma^2
multiplies the second moment by n_in sigma^2 F with F = E[f(a)^2]/s^2, and that of the gradients by n_out sigma^2 B
with B = E[f'(a)^2]. The forward gain 1/sqrt(F) and the backward gain 1/sqrt(B) keep one of the two; the compromise
sigma^2 = 2/(n_in F + n_out B) makes the average of the two factors 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from derive.errors import InputError
from verify.moments.functions import Function, activation_name, array_function, derivative_function, kinks
from verify.moments.quadrature import Integral, gaussian_integral

if TYPE_CHECKING:
    from sympy import Expr

    from derive.moments.activations import Activation


@dataclass(frozen=True)
class Gains:
    """The moments of an activation at one s, by quadrature with stated errors, and what follows from them.

    `exact` tells whether a closed form exists (the numbers are by quadrature in any case). `derivative` is None
    where the activation jumps: no gradient descends through it. `shipped` is the constant of PyTorch.
    """

    name: str
    s: float
    mean: Integral
    second: Integral
    derivative: Integral | None
    exact: bool
    shipped: float | None
    remark: str

    @property
    def variance(self) -> float:
        """Var[f(a)]."""
        return self.second.value - self.mean.value**2

    @property
    def forward(self) -> float:
        """The gain that keeps the second moment: 1/sqrt(E[f(a)^2]/s^2)."""
        return self.s / math.sqrt(self.second.value)

    @property
    def backward(self) -> float | None:
        """The gain that keeps the gradients' second moment: 1/sqrt(E[f'(a)^2]); None where there is none."""
        if self.derivative is None or self.derivative.value == 0:
            return None
        return 1 / math.sqrt(self.derivative.value)

    @property
    def compromise(self) -> float | None:
        """The gain of a square layer whose forward and backward factors average to 1."""
        backward = self.backward
        return None if backward is None else math.sqrt(2 / (self.forward**-2 + backward**-2))

    def variances(self, fan_in: int, fan_out: int) -> dict[str, float | None]:
        """Return the variance of the weights for fan-in, fan-out and the compromise between them."""
        if fan_in < 1 or fan_out < 1:
            raise InputError(f"fan-in and fan-out must be at least 1, got {fan_in} and {fan_out}")
        f, backward = self.forward**-2, self.backward
        if backward is None:
            return {"fan-in": 1 / (fan_in * f), "fan-out": None, "compromise": None}
        b = backward**-2
        return {
            "fan-in": 1 / (fan_in * f),
            "fan-out": 1 / (fan_out * b),
            "compromise": 2 / (fan_in * f + fan_out * b),
        }

    @property
    def shipped_forward_factor(self) -> float | None:
        """By how much a layer with the shipped gain multiplies the second moment at this s."""
        return None if self.shipped is None else (self.shipped / self.forward) ** 2

    @property
    def shipped_backward_factor(self) -> float | None:
        """By how much a square layer with the shipped gain multiplies the gradients' second moment at this s."""
        backward = self.backward
        return None if self.shipped is None or backward is None else (self.shipped / backward) ** 2


def gains(given: str | Expr | Activation | Function, s: float = 1.0) -> Gains:
    """Return the gains of an activation: a name, a SymPy expression of one variable, or an array function.

    Raises InputError where a moment is not finite or is zero.
    """
    f, points = array_function(given), kinks(given)
    slope = derivative_function(given)
    mean = gaussian_integral(f, s, points)
    second = gaussian_integral(lambda a: f(a) ** 2, s, points)
    if second.value <= 0:
        raise InputError("the activation is zero almost everywhere: no gain keeps its second moment")
    exact, jumping, shipped, remark = False, False, None, ""
    if callable(given):
        derivative = gaussian_integral(lambda a: slope(a) ** 2, s, points, tolerance=1e-7)
    else:
        from derive.moments.activations import X, activation
        from derive.moments.integrals import expectation, has_jumps

        act = activation(given)
        exact = expectation(act.expression**2, X, 1) is not None
        jumping = has_jumps(act.expression, X)
        shipped = None if act.shipped_gain is None else float(act.shipped_gain)
        remark = act.remark
        derivative = gaussian_integral(lambda a: slope(a) ** 2, s, points)
    return Gains(
        activation_name(given), s, mean, second, None if jumping else derivative, exact, shipped, remark
    )


def gains_table(s: float = 1.0) -> list[Gains]:
    """Return the gains of every named activation, in the order of the catalogue."""
    from derive.moments.activations import ACTIVATIONS

    return [gains(name, s) for name in ACTIVATIONS]
