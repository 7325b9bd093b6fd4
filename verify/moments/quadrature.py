"""Gaussian integrals by adaptive quadrature, with a stated error.

E[f(s z)] for z ~ N(0, 1) is integrated by the Gauss-Kronrod pair of 7 and 15 points on panels that are halved where
the two rules differ most. Kinks that are known are panel edges from the start, and those that are not are found by
the halving.
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

#: The density of N(0, 1) is below 1e-300 beyond this.
_FAR = 37.0

#: Where panels begin. Off the round numbers, near which an unannounced jump would hide in a panel's last corner.
_GRID = np.linspace(-_FAR, _FAR, 75) + 0.08671834

#: The largest relative error with which an integral is given at all.
_WORST = 1e-6


@dataclass(frozen=True)
class Integral:
    """A value and a bound for its error, as far as the difference of two rules can tell."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.15g} ± {self.error:.1g}"


def gaussian_integral(
    f: Function, s: float = 1.0, kinks: Sequence[float] = (), tolerance: float = 1e-12
) -> Integral:
    """Return E[f(a)] for a ~ N(0, s^2), to `tolerance` relative to E|f(a)|.

    `f` works elementwise on arrays; `kinks` are the points of a at which it is not smooth, where they are known.
    Where rounding in f keeps the tolerance out of reach the stated error is larger. Raises InputError where the
    integral does not exist, and where not even a relative error of 1e-6 is reached.
    """
    if not (math.isfinite(s) and s > 0):
        raise InputError(f"the standard deviation s must be positive and finite, got {s}")
    inner_edges = [kink / s for kink in kinks if abs(kink / s) < _FAR]
    edges = np.unique(np.concatenate([_GRID, inner_edges]))
    left, right = edges[:-1], edges[1:]
    done = np.zeros(3)
    for _ in range(60):
        value, size, error = _panels(f, s, left, right)
        scale = done[1] + size.sum()
        # A panel is done once its error is a negligible share, or rounding; the rest are halved.
        bad = error > np.maximum(tolerance * scale / 4096, 4e-16 * size)
        done += [value[~bad].sum(), size[~bad].sum(), error[~bad].sum()]
        if not bad.any():
            return Integral(float(done[0]), float(done[2] + 4e-16 * done[1]))
        if bad.sum() > 100_000:
            break
        middle = (left[bad] + right[bad]) / 2
        left, right = np.concatenate([left[bad], middle]), np.concatenate([middle, right[bad]])
    # What is left are tiny panels around jumps, or rounding noise in f: part of the stated error if it is small.
    rest = float(done[2] + error[bad].sum())
    if rest <= _WORST * scale:
        return Integral(float(done[0] + value[bad].sum()), float(rest + 4e-16 * scale))
    raise InputError(
        "the Gaussian integral of the activation does not settle: is it bounded on bounded intervals?"
    )


def _panels(f: Function, s: float, left: Array, right: Array) -> tuple[Array, Array, Array]:
    """Return integral, integral of the absolute value, and error estimate on each panel."""
    half = (right - left) / 2
    z = (left + right)[:, None] / 2 + half[:, None] * _ALL
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        weighted = f(s * z) * (np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi))
        if not np.isfinite(weighted).all():
            raise InputError(
                "the activation is not finite everywhere, or grows too fast for a Gaussian integral"
            )
        ends, weighted = weighted[:, 15:], weighted[:, :15]
        value = half * (weighted @ _WK)
        size = half * (np.abs(weighted) @ _WK)
        difference = np.abs(value - half * (weighted @ _WG))
    # The 15-point value is far better than the difference says where that is small (QUADPACK's heuristic).
    spread = half * (np.abs(weighted - (value / (2 * half))[:, None]) @ _WK)
    with np.errstate(divide="ignore", invalid="ignore"):
        sharper = spread * np.minimum(1.0, (200 * difference / spread) ** 1.5)
    unseen = half * (1 - _NODES[0]) * np.abs(ends - weighted @ _TO_ENDS).max(axis=1)
    return value, size, np.maximum(np.where(spread > 0, sharper, difference), unseen)
