"""Points brought to [-1, 1] in x and y, and networks brought back.

Searches in floating point meet no data but these, so that neither the units of the data nor their offset matter:
x = x₀ + s u and y = y₀ + t v. The differences are taken in rational numbers, before any rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from derive.errors import InputError
from verify.fit.points import Points
from verify.fit.relu_net import ReluNet

__all__ = ["Scaling"]


@dataclass(frozen=True)
class Scaling:
    """The change of units of a data set. Constant y keep the scale t = 1."""

    points: Points

    @cached_property
    def x(self) -> tuple[Fraction, Fraction]:
        """Return (x₀, s)."""
        return _middle(self.points.x[0], self.points.x[-1])

    @cached_property
    def y(self) -> tuple[Fraction, Fraction]:
        """Return (y₀, t)."""
        return _middle(min(self.points.y), max(self.points.y))

    @cached_property
    def u(self) -> np.ndarray:
        """Return x in [-1, 1] as float64 of shape (n,).

        Raises InputError where two of them are the same in float64.
        """
        middle, half = self.x
        u = np.array([float((x - middle) / half) for x in self.points.x])
        if not (same := np.diff(u) > 0).all():
            k = int(np.argmin(same))
            raise InputError(
                f"{self.points.name}: the points {k + 1} and {k + 2} from the left have x that float64 cannot tell "
                "apart beside the range of x: drop one of them, or take --method exact"
            )
        return u

    @cached_property
    def v(self) -> np.ndarray:
        """Return y in [-1, 1] as float64 of shape (n,)."""
        middle, half = self.y
        return np.array([float((y - middle) / half) for y in self.points.y])

    @property
    def unit_of_y(self) -> float:
        """Return t, the residual of the data that a residual of 1 stands for."""
        return float(self.y[1])

    def network(self, found: ReluNet) -> ReluNet:
        """Return the network on x and y that does what `found` does on u and v.

        Raises InputError where a parameter is beyond float64.
        """
        (x0, s), (y0, t) = ((float(m), float(h)) for m, h in (self.x, self.y))
        wh, bh, wo, b0 = found.arrays()
        with np.errstate(all="ignore"):
            p = np.concatenate([wh / s, bh - wh * (x0 / s), wo * t, [b0 * t + y0]])
        if not np.isfinite(p).all():
            raise InputError(
                f"{self.points.name}: the network's parameters are beyond float64: give x and y in other units"
            )
        return ReluNet.from_vector(p)


def _middle(low: int | Fraction, high: int | Fraction) -> tuple[Fraction, Fraction]:
    low, high = Fraction(low), Fraction(high)
    return (low + high) / 2, (high - low) / 2 or Fraction(1)
