"""Gaussian integrals by adaptive quadrature, with a stated error.

E[f(s z)] for z ~ N(0, 1) is integrated by the Gauss-Kronrod pair of 7 and 15 points on panels that are halved where
the two rules differ most. Kinks that are known are panel edges from the start, and those that are not are found by
the halving. Beyond |z| = 37, where doubles end, what is left is bounded by how the integrand decays up to there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from derive.errors import InputError
from verify.moments.functions import Array, Function

#: Nodes on [0, 1] and weights of the 15-point Kronrod rule, and of the 7-point Gauss rule inside it
#: (R. Piessens et al., QUADPACK, 1983, routine QK15).
_NODES = np.array(
    [
        0.991455371120812639206854697526329,
        0.949107912342758524526189684047851,
        0.864864423359769072789712788640926,
        0.741531185599394439863864773280788,
        0.586087235467691130294144691693013,
        0.405845151377397166906606412076961,
        0.207784955007898467600689403773245,
        0.0,
    ]
)
_KRONROD = np.array(
    [
        0.022935322010529224963732008058970,
        0.063092092629978553290700663189204,
        0.104790010322250183839876322541518,
        0.140653259715525918745189590510238,
        0.169004726639267902826583426598550,
        0.190350578064785409913256402421014,
        0.204432940075298892414161999234649,
        0.209482141084727828012999174891714,
    ]
)
_GAUSS = np.array(
    [
        0.0,
        0.129484966168869693270611432679082,
        0.0,
        0.279705391489276667901467771423780,
        0.0,
        0.381830050505118944950369775488975,
        0.0,
        0.417959183673469387755102040816327,
    ]
)
_X = np.concatenate([-_NODES[:-1], _NODES[::-1]])
_WK = np.concatenate([_KRONROD[:-1], _KRONROD[::-1]])
_WG = np.concatenate([_GAUSS[:-1], _GAUSS[::-1]])

#: Just inside the ends of a panel, where the rule has no node: a jump there would go unseen.
_END = 1 - 1e-9
_ALL = np.concatenate([_X, [-_END, _END]])
#: The values there of the polynomial through the 15 nodes, from its values at the nodes.
_TO_ENDS = np.array(
    [[np.prod([(end - b) / (a - b) for b in _X if b != a]) for a in _X] for end in (-_END, _END)]
).T

#: The density of N(0, 1) is below 1e-297 beyond this; soon it is no double any more.
_FAR = 37.0

#: Where panels begin. Off the round numbers, near which an unannounced jump would hide in a panel's last corner.
_GRID = np.linspace(-_FAR, _FAR, 75) + 0.08671834

#: The largest relative error with which an integral is given at all.
_WORST = 1e-6

#: Panels are not halved below this width relative to where they lie, nor into more than so many at once.
_NARROWEST, _MOST_PANELS = 1e-13, 100_000


class NoIntegralError(InputError):
    """A Gaussian integral that is infinite, or that double precision does not settle; the text says which."""


@dataclass(frozen=True)
class Integral:
    """A value and a bound for its error, as far as the difference of two rules can tell."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.15g} ± {self.error:.1g}"


def gaussian_integral(
    f: Function,
    s: float = 1.0,
    kinks: Sequence[float] = (),
    tolerance: float = 1e-12,
    noise: float = 0.0,
    slope_of: tuple[Function, Function] | None = None,
) -> Integral:
    """Return E[f(a)] for a ~ N(0, s^2), to `tolerance` relative to E|f(a)|.

    `f` works elementwise on arrays; `kinks` are the points of a at which it is not smooth, where they are known;
    `noise` is the absolute size of rounding errors in f beyond its last digit. Where f is made of a slope g', the pair
    (g, g') as `slope_of` keeps a steep rise of g between two nodes from going unseen: a panel is halved until its
    rule for the integral of g' gives the rise of g. Where rounding or a slow decay keeps
    the tolerance out of reach the stated error is larger. Raises InputError for an s out of range, and
    NoIntegralError where the integral does not exist or not even a relative error of 1e-6 is reached.
    """
    if isinstance(s, bool) or not isinstance(s, int | float | np.number) or not (math.isfinite(s) and s > 0):
        raise InputError(f"the standard deviation s must be positive and finite, got {s!r}")
    s = float(s)
    inner_edges = [kink / s for kink in kinks if abs(kink / s) < _FAR]
    edges = np.unique(np.concatenate([_GRID, inner_edges]))
    tail = sum(_tail(f, s, edge) for edge in (_GRID[0], _GRID[-1]))
    left, right = edges[:-1], edges[1:]
    done = np.zeros(3)
    stuck = 0.0
    where = 0.0
    for _ in range(64):
        value, size, error, mass = _panels(f, s, left, right)
        scale = done[1] + size.sum()
        # A panel is done once its error is a negligible share, or rounding; the rest are halved.
        bad = error > np.maximum(np.maximum(tolerance * scale / 4096, 4e-16 * size), noise * mass)
        if slope_of is not None:
            bad |= _unresolved(*slope_of, s, left, right)
        narrow = bad & (right - left < _NARROWEST * np.maximum(np.abs(left), np.abs(right)))
        if narrow.any():
            stuck += float(error[narrow].sum())
            where = s * float(left[narrow][np.argmax(error[narrow])])
            bad &= ~narrow
        done += [value[~bad].sum(), size[~bad].sum(), error[~bad].sum()]
        if not bad.any() or bad.sum() > _MOST_PANELS:
            break
        middle = (left[bad] + right[bad]) / 2
        left, right = np.concatenate([left[bad], middle]), np.concatenate([middle, right[bad]])
    # What is left are tiny panels around jumps, or rounding noise in f: part of the stated error if it is small.
    undone = float(error[bad].sum())
    total, rest = (
        float(done[0] + value[bad].sum()),
        float(done[2] + undone) + tail + noise + 4e-16 * float(scale),
    )
    if undone + stuck + tail <= _WORST * scale:
        return Integral(total, float(rest))
    if tail > _WORST * scale:
        share = f"{100 * tail / scale:.2g} % of the integral" if tail < scale else "most of the integral"
        raise NoIntegralError(
            f"decays too slowly: {share} may lie beyond |a| = {_FAR * s:.3g}, where doubles end"
        )
    if bad.sum() > _MOST_PANELS:
        raise NoIntegralError("does not settle: the function oscillates too fast, or is noise")
    if bad.any():
        where = s * float(left[bad][np.argmax(error[bad])])
    raise NoIntegralError(f"is infinite: the function is not integrable near a = {where:.6g}")


def gaussian_variance(
    f: Function, mean: Integral, s: float = 1.0, kinks: Sequence[float] = (), tolerance: float = 1e-12
) -> Integral:
    """Return Var[f(a)] as E[(f(a) - mean)^2], which does not cancel as E[f(a)^2] - mean^2 does.

    An error d of the mean adds d^2, and rounding of f in units of the mean's last digit is part of the error.
    """
    edges = np.unique(np.concatenate([_GRID, [kink / s for kink in kinks if abs(kink / s) < _FAR]]))
    distance = float(_panels(lambda a: f(a) - mean.value, s, edges[:-1], edges[1:])[1].sum())
    noise = 4 * np.finfo(float).eps * abs(mean.value) * distance
    found = gaussian_integral(lambda a: (f(a) - mean.value) ** 2, s, kinks, tolerance, noise)
    return Integral(found.value, found.error + mean.error**2)


def _tail(f: Function, s: float, edge: float) -> float:
    """Return a bound for the integral beyond `edge`, by how the integrand decays before it.

    The largest |f| n(z) of each of the last four unit intervals is compared. Where the logarithm of the decay grows
    outward, as n(z) alone has it, the tail is at most a geometric series; where it shrinks, the tail is taken for
    that of the power of z with the last rate. Raises NoIntegralError where there is no decay, or a power too weak.
    """
    with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
        z = edge - math.copysign(1.0, edge) * (np.arange(4)[:, None] + np.linspace(0, 1, 33))
        weighted = np.abs(f(s * z)) * (np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi))
        if np.isinf(weighted[3]).all():
            raise NoIntegralError(
                "is infinite or beyond doubles: the function grows too fast for a Gaussian integral"
            )
        if not np.isfinite(weighted).all():
            return 0.0  # named, with the place, when the panels are evaluated
        largest = weighted.max(axis=1)
        if largest[0] == 0:
            return 0.0
        rates = np.log(largest[1:] / largest[:-1])
    if not rates[0] > 1e-12:
        raise NoIntegralError("is infinite: the function grows too fast for a Gaussian integral")
    if rates[0] >= rates[1] >= rates[2]:
        return float(largest[0] / -np.expm1(-rates[0]))
    power = float(rates[0]) * abs(edge)
    if power <= 1 + 1e-6:
        raise NoIntegralError("is infinite: the function grows too fast, the integrand hardly decays")
    return float(largest[0]) * abs(edge) / (power - 1)


#: A rule for a slope is taken to see all of it where it gives the rise to this share.
_RISE = 1e-4


def _unresolved(g: Function, slope: Function, s: float, left: Array, right: Array) -> Array:
    """Tell in which panels the rule's integral of a slope is not the rise of its function."""
    half = (right - left) / 2
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        low, high = g(s * left), g(s * right)
        summed = half * s * (slope(s * ((left + right)[:, None] / 2 + half[:, None] * _X)) @ _WK)
        gap = np.abs(high - low - summed)
        unseen = gap > _RISE * np.abs(high - low) + 1e-12 * (np.abs(high) + np.abs(low))
    return np.asarray(unseen & np.isfinite(gap))


def _panels(f: Function, s: float, left: Array, right: Array) -> tuple[Array, Array, Array, Array]:
    """Return integral, integral of the absolute value, error estimate and probability of each panel."""
    half = (right - left) / 2
    z = (left + right)[:, None] / 2 + half[:, None] * _ALL
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        values = f(s * z)
        weighted = values * density
        ends, weighted = weighted[:, 15:], weighted[:, :15]
        if not np.isfinite(weighted).all():
            i, j = np.argwhere(~np.isfinite(weighted))[0]
            what = "NaN" if np.isnan(values[i, j]) else "a pole, or beyond the range of doubles"
            raise NoIntegralError(
                f"cannot be computed: the function is not finite at a = {s * z[i, j]:.6g} ({what})"
            )
        value = half * (weighted @ _WK)
        size = half * (np.abs(weighted) @ _WK)
        difference = np.abs(value - half * (weighted @ _WG))
        # The 15-point value is far better than the difference says where that is small (QUADPACK's heuristic).
        spread = half * (np.abs(weighted - (value / (2 * half))[:, None]) @ _WK)
        # At a pole the last digit of an end may be the pole itself; then the largest value inside stands for it.
        gap = np.where(
            np.isfinite(ends), np.abs(ends - weighted @ _TO_ENDS), 8 * np.abs(weighted).max(axis=1)[:, None]
        )
        unseen = half * (1 - _NODES[0]) * gap.max(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        sharper = spread * np.minimum(1.0, (200 * difference / spread) ** 1.5)
    error = np.maximum(np.where(spread > 0, sharper, difference), unseen)
    return value, size, error, half * (density[:, :15] @ _WK)
