"""The Taylor-remainder test: f(x + h d) - f(x) - h <g, d> shrinks as h^2 if g is right, as h if it is not.

Its answer is an order, not a tolerance (as in dolfin-adjoint's `taylor_test`: P. E. Farrell, D. A. Ham, S. W. Funke
and M. E. Rognes, SIAM J. Sci. Comput. 35 (2013) C369-C393, section 5). It sees one direction at a time, and an error of
the gradient only where that outweighs both the curvature's share and the rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.methods.differences import Ladder

Floats = NDArray[np.float64]

#: A remainder this many times the noise of f is more than noise.
ABOVE_NOISE = 30.0
#: The order is read off so many of the finest steps that are above the noise.
ROWS = 4


@dataclass(frozen=True)
class TaylorOrder:
    """The observed order (nan where too few remainders are above the noise), and what it was read off.

    `linear` is true where the remainder is nothing but noise, at all steps or at the fine ones, at which one of order 1
    would show: f is linear near x along d, with the claimed slope.
    """

    order: float
    linear: bool
    steps: Floats
    remainders: Floats
    noise: Floats


def taylor_order(ladder: Ladder, slope: float, *, unit: float, noise: float) -> TaylorOrder:
    """Return the order at which the remainder of f along a direction shrinks, for the claimed slope <g, d>.

    `ladder` has a last axis of length 1. The remainder at a step is the larger of those on the two sides.
    """
    steps, centre = ladder.steps[:, 0], ladder.centre[0]
    ahead = np.abs(ladder.plus[:, 0] - centre - steps * slope)
    behind = np.abs(ladder.minus[:, 0] - centre + steps * slope)
    remainders = np.maximum(ahead, behind)
    level = np.fmax(unit * np.fmax(np.abs(centre), np.abs(ladder.plus[:, 0])), noise) + unit * np.abs(
        steps * slope
    )
    known = np.isfinite(remainders)
    clear = known & (remainders > ABOVE_NOISE * level)
    # From the finest step upwards only as long as the run is unbroken; a lone outlier starts none.
    runs = np.flatnonzero(clear[:-1] & clear[1:])
    order = float("nan")
    if runs.size:
        last = int(runs[-1]) + 1
        first = last
        while first > 0 and clear[first - 1] and last - first < ROWS - 1:
            first -= 1
        if last - first >= 2:
            rows = slice(first, last + 1)
            order = float(np.polyfit(np.log(steps[rows]), np.log(remainders[rows]), 1)[0])
    coarse = np.flatnonzero(clear)
    linear = bool(np.any(known)) and not coarse.size
    if coarse.size:
        last = int(coarse[-1])
        expected = remainders[last] * steps / steps[last]
        linear = int(np.sum((expected > 10 * ABOVE_NOISE * level)[last + 1 :] & known[last + 1 :])) >= 2
    return TaylorOrder(
        float("nan") if linear else order, linear, steps[known], remainders[known], level[known]
    )
