"""The maps of the second moment and of the correlation from layer to layer, their fixed points and depth scales.

With weights of variance sigma_w^2 / n and biases of variance sigma_b^2 a wide random network has Gaussian
pre-activations, whose second moment q and correlation c of two inputs obey (B. Poole et al., Exponential
expressivity in deep neural networks through transient chaos, 2016, eqs. 3 and 5; S. Schoenholz et al., Deep
information propagation, 2017, eqs. 6, 9 and 12)

    q -> sigma_w^2 E[f(sqrt(q) z)^2] + sigma_b^2,        c -> (sigma_w^2 E[f(u) f(v)] + sigma_b^2) / q*,

and whose gradients' second moment is multiplied by chi = sigma_w^2 E[f'(sqrt(q) z)^2] a layer backward.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from derive.errors import InputError
from verify.moments.functions import (
    Array,
    Function,
    activation_name,
    array_function,
    derivative_function,
    has_jumps,
    kinks,
)
from verify.moments.quadrature import NoIntegralError, gaussian_integral

if TYPE_CHECKING:
    from sympy import Expr

    from derive.moments.activations import Activation

Regime = Literal["vanishing", "stable", "exploding"]

#: A slope this close to 1 counts as 1: the quadrature's own error is far smaller.
_CRITICAL = 1e-8

#: Beyond these the second moment counts as exploded or vanished.
_LARGEST, _SMALLEST = 1e12, 1e-12

#: The step of a difference of the correlation map, which is known to 1e-9.
_STEP = 1e-4

#: Layers that are iterated in search of a limit, and how close to it the iteration has to come.
_LAYERS, _CLOSE = 1000, 1e-13

#: A second moment so small that a smooth activation is linear to all digits.
_TINY = 1e-16

#: A slope below this is 0: what is left is rounding of the quadrature.
_FLAT = 1e-10


@dataclass(frozen=True)
class FixedPoint:
    """A fixed point of a map, and the map's slope there: stable if the slope is below 1 in size."""

    value: float
    slope: float

    @property
    def stable(self) -> bool:
        """Whether the iteration returns here from nearby."""
        return abs(self.slope) < 1 - _CRITICAL

    @property
    def marginal(self) -> bool:
        """Whether the slope is 1 within the accuracy of the quadrature."""
        return abs(abs(self.slope) - 1) <= _CRITICAL

    @property
    def depth_scale(self) -> float:
        """The number of layers over which a distance from here shrinks (or grows, if negative) by e."""
        if self.slope == 0 or math.isinf(self.slope):
            return 0.0
        return math.inf if self.marginal else -1 / math.log(abs(self.slope))

    @property
    def approach(self) -> str:
        """How distances from here change with depth: in words, with the depth scale where there is one."""
        if self.marginal:
            return "slope 1: by a power of the depth, not exponentially"
        if self.slope == 0:
            return "slope 0: reached in one layer, to first order"
        if math.isinf(self.slope):
            return "slope infinite: left at once"
        word = "shrinks" if self.stable else "grows"
        return f"a distance {word} by e in {abs(self.depth_scale):.4g} layers"


class MeanField:
    """The layer-to-layer maps of a wide random network.

    `given` is a named activation, a SymPy expression of one variable or an array function; `sigma_w` and `sigma_b`
    are the standard deviations of sqrt(n) times a weight and of a bias. Raises InputError for values out of range.
    """

    def __init__(
        self, given: str | Expr | Activation | Function, sigma_w: float, sigma_b: float = 0.0
    ) -> None:
        for name, value in (("sigma_w", sigma_w), ("sigma_b", sigma_b)):
            nonnegative(name, value)
        self.sigma_w, self.sigma_b = float(sigma_w), float(sigma_b)
        self._f, self._slope, self._kinks = array_function(given), derivative_function(given), kinks(given)
        self._tolerance = 1e-9 if callable(given) else 1e-11
        self.name = activation_name(given)
        self.jumps = has_jumps(given)
        if np.isnan(self._f(np.linspace(-8.0, 8.0, 65))).any():
            raise InputError(
                f"{self.name} is no real number everywhere: it needs one for every pre-activation"
            )

    def second_moment(self, q: float) -> float:
        """Return the second moment one layer after q: sigma_w^2 E[f(sqrt(q) z)^2] + sigma_b^2."""
        nonnegative("the second moment q", q)
        return self.sigma_w**2 * self._expect(lambda a: self._f(a) ** 2, q) + self.sigma_b**2

    def second_moment_slope(self, q: float) -> float:
        """Return the slope of that map at q, from d/dq E[h(sqrt(q) z)] = E[h(sqrt(q) z) (z^2 - 1)] / (2 q)."""
        if not nonnegative("the second moment q", q) > 0:
            raise InputError("the slope at q = 0 is a limit: see `fixed_points`")
        weighted = self._expect(lambda a: self._f(a) ** 2 * (a**2 / q - 1), q)
        slope = self.sigma_w**2 * weighted / (2 * q)
        return 0.0 if abs(slope) * q < _FLAT * self.second_moment(q) else slope

    def backward_factor(self, q: float) -> float:
        """Return chi = sigma_w^2 E[f'(sqrt(q) z)^2], the factor of the gradients' second moment a layer.

        It is infinite where f jumps. Raises InputError for a negative q.
        """
        nonnegative("the second moment q", q)
        if self.jumps:
            return math.inf if self.sigma_w else 0.0
        if q == 0:
            # The limit q -> 0: a difference quotient, so that a kink at 0 counts with both its slopes.
            at_zero = float(self._f(np.zeros(1))[0])
            return self.sigma_w**2 * self._expect(lambda a: (self._f(a) - at_zero) ** 2, _TINY) / _TINY
        try:
            weighted = gaussian_integral(
                lambda a: self._slope(a) ** 2,
                math.sqrt(q),
                self._kinks,
                self._tolerance,
                slope_of=(self._f, self._slope),
            )
        except NoIntegralError as error:
            if "not integrable" in str(error):  # as for a square root of |x|, whose slope has a pole
                return math.inf
            raise
        return self.sigma_w**2 * weighted.value

    def iterate(self, q: float, depth: int) -> Array:
        """Return the second moments q_0 = q, q_1, ..., q_depth."""
        out = [float(q)]
        for _ in range(depth):
            out.append(self.second_moment(out[-1]))
        return np.array(out)

    @cached_property
    def keeps_every_scale(self) -> bool:
        """Whether every second moment is a fixed point, as for a rectifier at its critical gain."""
        return all(abs(self._gap(q)) <= _CRITICAL for q in (1e-6, 1e-3, 1.0, 1e3, 1e6))

    @cached_property
    def fixed_points(self) -> tuple[FixedPoint, ...]:
        """The fixed points of the second moment from 1e-12 to 1e12, and 0, in ascending order; none, if none.

        Where every q is one, only q = 1 stands for them, with slope 1.
        """
        found = []
        if self.sigma_b == 0 and self._expect(lambda a: self._f(a) ** 2, 0.0) == 0:
            # 0 is a fixed point if the map tends to 0 there, which it does not where f jumps at 0.
            near, nearer = (self.second_moment(q) / q for q in (_TINY, _TINY * 1e-4))
            if abs(nearer - near) <= 1e-3 * near:
                found.append(FixedPoint(0.0, near))
            elif nearer < near:
                found.append(FixedPoint(0.0, 0.0))
            elif nearer < 1e3 * near:
                found.append(FixedPoint(0.0, math.inf))
        if self.keeps_every_scale:
            return (*found, FixedPoint(1.0, 1.0))
        # Off the powers of ten, on which a fixed point may well lie exactly.
        grid = np.geomspace(_SMALLEST, _LARGEST, 241) * 1.0371
        values = [self._gap(q) for q in grid]
        for low, high, before, after in zip(grid[:-1], grid[1:], values[:-1], values[1:], strict=True):
            if before * after < 0:
                from scipy.optimize import brentq

                q = float(brentq(self._gap, low, high, xtol=1e-300, rtol=1e-13))
                found.append(FixedPoint(q, self.second_moment_slope(q)))
        return tuple(found)

    def _gap(self, q: float) -> float:
        try:
            return self.second_moment(q) / q - 1
        except InputError:
            return math.nan  # the moment overflows, or oscillates beyond resolution: no sign to go by

    def limit(self, q: float = 1.0) -> FixedPoint | None:
        """Return the fixed point that the iteration from q approaches, or None where it explodes."""
        if self.keeps_every_scale:
            return FixedPoint(q, 1.0)
        reached = self._iterated(q)
        if reached is not None:
            return FixedPoint(reached, self.second_moment_slope(reached)) if reached else self._zero()
        points = self.fixed_points
        at = next((point for point in points if abs(point.value - q) <= 1e-9 * q), None)
        if at is not None:
            return at
        if not self._gap(q) < 0:
            return next((point for point in points if point.value > q), None)
        return next((point for point in reversed(points) if point.value < q), None)

    def _iterated(self, q: float) -> float | None:
        """Return where the iteration from q comes to rest, 0 below all doubles that matter; None where it does not."""
        for _ in range(_LAYERS):
            try:
                after = self.second_moment(q)
            except NoIntegralError:
                return None
            if after <= _TINY**2:
                return 0.0
            if not after < 1 / _TINY:
                return None
            if abs(after - q) <= _CLOSE * after:
                return after
            q = after
        return None

    def _zero(self) -> FixedPoint:
        points = self.fixed_points
        return points[0] if points and points[0].value == 0 else FixedPoint(0.0, 0.0)

    def regime(self, q: float = 1.0) -> Regime:
        """Return what becomes of the second moment from q on: vanishing, stable or exploding."""
        limit = self.limit(q)
        if limit is None:
            return "exploding"
        return "vanishing" if limit.value == 0 else "stable"

    def gradient_regime(self, q: float = 1.0) -> Regime:
        """Return what becomes of the gradients at the second moment that the iteration from q approaches."""
        limit = self.limit(q)
        try:
            chi = self.backward_factor(limit.value if limit else _LARGEST)
        except NoIntegralError:
            return "exploding"  # beyond doubles
        if abs(chi - 1) <= 1e-6:
            return "stable"
        return "vanishing" if chi < 1 else "exploding"

    def correlation(self, c: float, q: float) -> float:
        """Return the correlation of two inputs one layer after c, both with second moment q before.

        The expectation E[f(u) f(v)] is a Gaussian integral of a Gaussian integral; q need not be a fixed point.
        """
        after = self.sigma_w**2 * self._paired(self._f, c, q) + self.sigma_b**2
        second = self.second_moment(q)
        if second == 0:
            raise InputError(f"{self.name} makes 0 of everything: there is no correlation")
        return min(1.0, max(-1.0, after / second))

    def correlation_slope(self, c: float, q: float) -> float:
        """Return the slope of the correlation map at c: sigma_w^2 E[f'(u) f'(v)] q / (the next second moment).

        Where f jumps or rises without bound, that integral does not exist, and the slope is a difference of the map.
        """
        if self.jumps or math.isinf(self.backward_factor(q)):
            low, high = max(c - _STEP, -1.0), min(c + _STEP, 1.0)
            return (self.correlation(high, q) - self.correlation(low, q)) / (high - low)
        return self.sigma_w**2 * self._paired(self._slope, c, q) * q / self.second_moment(q)

    def correlation_limit(self, q: float) -> FixedPoint:
        """Return the correlation that two different inputs approach, at a fixed point q of the second moment.

        c = 1 is always a fixed point. It is stable if chi < 1 (order); if chi > 1 (chaos) the map, a power series
        with coefficients of one sign and so convex from 0 to 1, has another one below it, which takes over.
        """
        chi = self.backward_factor(q)
        gap = lambda c: self.correlation(c, q) - c
        below = 1 - 1e-6
        if chi <= 1 + 1e-6 or gap(below) >= 0:
            return FixedPoint(1.0, chi)
        if gap(0.0) <= 1e-12:
            return FixedPoint(0.0, self.correlation_slope(0.0, q))
        from scipy.optimize import brentq

        c = float(brentq(gap, 0.0, below, xtol=1e-12))
        return FixedPoint(c, self.correlation_slope(c, q))

    def _expect(self, h: Function, q: float) -> float:
        if q == 0:
            return float(h(np.zeros(1))[0])
        return gaussian_integral(h, math.sqrt(q), self._kinks, 1e-12).value

    def _paired(self, h: Function, c: float, q: float) -> float:
        """Return E[h(u) h(v)] for u, v ~ N(0, q) of correlation c."""
        if not -1 <= c <= 1:
            raise InputError(f"a correlation lies between -1 and 1, got {c}")
        if q == 0:
            return float(h(np.zeros(1))[0]) ** 2
        s, rest = math.sqrt(q), math.sqrt(max(0.0, 1 - c * c))
        if rest < 1e-8:
            sign = 1.0 if c > 0 else -1.0
            mirrored = [*self._kinks, *(-kink for kink in self._kinks)]
            return gaussian_integral(lambda a: h(a) * h(sign * a), s, mirrored, 1e-10).value

        def outer(u: Array) -> Array:
            return h(u) * _smoothed(h, c * u, rest * s, self._kinks)

        # Beside a covariance near 0 its rounding is noise, of the size of the second moment's last digits.
        noise = 1e-14 * gaussian_integral(lambda a: h(a) ** 2, s, self._kinks, 1e-6).value
        return gaussian_integral(outer, s, self._kinks, 1e-9, noise).value


def nonnegative(name: str, value: float) -> float:
    """Return the value. Raises InputError where it is no finite number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise InputError(f"{name} must be a number, got {value!r}")
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"{name} must be finite and at least 0, got {value}")
    return float(value)


#: Nodes and weights of the rule that integrates over the second of two variables, on [-1, 1].
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)

#: Panels of that rule, in standard deviations.
_PANELS = np.linspace(-12.0, 12.0, 13)


def _smoothed(h: Function, centre: Array, s: float, points: list[float]) -> Array:
    """Return E[h(m + s z)] for every m in `centre`, panels split where h has a kink."""
    edges = np.broadcast_to(_PANELS, (*centre.shape, len(_PANELS)))
    if points:
        switches = (np.array(points) - centre[..., None]) / s
        edges = np.sort(np.concatenate([edges, np.clip(switches, -12, 12)], axis=-1), axis=-1)
    half = np.diff(edges, axis=-1)[..., None] / 2
    z = (edges[..., :-1] + edges[..., 1:])[..., None] / 2 + half * _NODES
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return (h(centre[..., None, None] + s * z) * density * half * _WEIGHTS).sum(axis=(-1, -2))
