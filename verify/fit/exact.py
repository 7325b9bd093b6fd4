"""The smallest one-hidden-layer ReLU network through given points, in rational numbers, with a proof.

A network with h hidden units is piecewise linear with at most h kinks, so two questions decide the least h.

*How many kinks does a function through the points need?* The second difference at an interior point is the
integral of f'' against a hat function that is positive between the neighbouring points only. Where the data
turn upward at x_i, an upward kink lies in the open window (x_{i-1}, x_{i+1}); likewise downward. A kink serves
two windows only when they overlap and turn the same way, so a run of L consecutive turns of one sign needs
ceil(L/2) kinks, and the sum K over all runs is attained: this is the minimum-link problem for a function
(Suri 1986; the cone of reachable slopes of Imai and Iri 1986), in linear time.

*When do K kinks make K units, and not K + 1?* A unit that faces left has slope where one that faces right has
none. With s_k = 1 where unit k faces left, the slope of the first piece must come from those units alone:
m_0 + Σ s_k (m_k - m_{k-1}) = 0. Summation by parts turns this into: an odd number of the slopes m_0..m_K, taken
in order with alternating signs + - + ... +, adds up to 0. Some interpolant with K kinks must have such slopes;
`verify.fit.slopes` searches all of them. One more unit always suffices, for it supplies the first slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from time import perf_counter

from derive.errors import InternalError
from verify.fit.points import Points, Rational, quotient
from verify.fit.rationals import short
from verify.fit.relu_net import ReluNet
from verify.fit.slopes import Interpolant, Stretch, search

__all__ = ["ExactFit", "construct", "exact_network", "stretches"]

#: How many of the windows the proof shows to people.
MOST_WINDOWS = 20


@dataclass(frozen=True)
class ExactFit:
    """A network through every point, and what is proven of its size.

    `kinks` is the least number of kinks (proven). `units` is the number of units of `net`; `minimal` tells
    whether it is proven least, which fails only where the search of `verify.fit.slopes` met its limit. `seconds`
    is the time that it took to find `net`; the proof that fewer units do not suffice comes on top.
    """

    points: Points
    net: ReluNet
    kinks: int
    minimal: bool
    searched: int
    seconds: float

    @property
    def units(self) -> int:
        """Return the number of hidden units."""
        return self.net.hidden

    @property
    def proven(self) -> int:
        """Return the number of units that is proven to be needed: no network of fewer passes through the points."""
        return self.units if self.minimal else self.kinks

    @cached_property
    def windows(self) -> list[tuple[Rational, Rational, int]]:
        """Return one window (left, right, sign of the kink in it) for each kink that is needed."""
        x = self.points.x
        out: list[tuple[Rational, Rational, int]] = []
        last, last_sign = -2, 0
        for i, sign in _turns(self.points):
            if sign == last_sign and i == last + 1:
                last_sign = 0  # this turn shares the kink of the one before; the next one cannot
                continue
            out.append((x[i - 1], x[i + 1], sign))
            last, last_sign = i, sign
        return out

    def proof(self) -> list[str]:
        """Return the proof of minimality, a line a statement; it says what is not proven."""
        word = {1: "upward", -1: "downward"}
        lines = []
        if self.windows:
            where = ", ".join(
                f"{word[s]} in ({short(a)}, {short(b)})" for a, b, s in self.windows[:MOST_WINDOWS]
            )
            if (left := self.kinks - MOST_WINDOWS) > 0:
                where += f", and {left} more"
            lines.append(f"The data turn: each of these open windows holds a kink of its own: {where}.")
        lines.append(
            f"So a piecewise linear function through the {len(self.points)} points has at least {self.kinks} "
            f"kink{'s' if self.kinks != 1 else ''}, and a network at least as many units."
            if self.kinks
            else f"The {len(self.points)} points lie on one line."
        )
        if self.kinks == 0:
            lines.append(
                "A network without units is constant, and these points are not at one height. So 1 is least."
                if self.units
                else "They are at one height: a constant passes through them, and no unit is needed."
            )
        elif self.units > self.kinks:
            claim = (
                f"An interpolant with {self.kinks} kink{'s' if self.kinks != 1 else ''} is a network of "
                f"{_units(self.kinks)} only if an odd number of "
                "its slopes, taken in order with alternating signs, adds up to 0"
            )
            cases = f"{self.searched} case{'' if self.searched == 1 else 's'}"
            if self.minimal:
                lines.append(f"{claim}: none of them has such slopes ({cases}). So {self.units} is least.")
            else:
                ended = (
                    f"stopped after {cases}" if self.searched else "was not begun, its numbers being too long"
                )
                lines.append(
                    f"{claim}: the search for one {ended}. So {_units(self.kinks)} "
                    f"{'is' if self.kinks == 1 else 'are'} not excluded; {self.units} are proven to suffice."
                )
        else:
            lines.append(
                f"{_units(self.units)} attain{'s' if self.units == 1 else ''} this bound. So {self.units} is least."
            )
        lines.append(f"The network, equal to every y exactly: {self.net.formula()}")
        return lines


def exact_network(points: Points) -> ExactFit:
    """Return the smallest network through all points (rational arithmetic, no rounding anywhere)."""
    start = perf_counter()
    net, kinks = construct(points)
    seconds = perf_counter() - start
    searched, complete = 0, True
    if net.hidden > kinks:
        interpolant, searched, complete = search(points.x, stretches(points), kinks)
        if interpolant is not None:
            net = _checked(points, _network_facing_both_ways(points, interpolant))
            seconds, complete = perf_counter() - start, True
    return ExactFit(points, net, kinks, complete, searched, seconds)


def construct(points: Points) -> tuple[ReluNet, int]:
    """Return a network through all points from their slope changes, and the least number K of kinks.

    The network has one unit for each of K kinks, and one for the slope of the first piece unless that is 0. All
    units face right.
    """
    x, y = points.x, points.y
    parts = stretches(points)
    slope = parts[0].slope
    units = [(-x[0], slope)] if slope else []
    kinks = 0
    k = 1
    while k < len(parts):
        here = parts[k]
        after = parts[k + 1] if k + 1 < len(parts) else None
        upward = here.slope > slope
        if after is not None and here.end == here.start + 1 and (after.slope > here.slope) == upward:
            # Two turns of one sign at both ends of one interval: the lines on either side meet inside it.
            i, j = here.start, here.end
            t = quotient(y[j] - after.slope * x[j] - y[i] + slope * x[i], slope - after.slope)
            change, slope, k = after.slope - slope, after.slope, k + 2
        else:
            t, change, slope, k = x[here.start], here.slope - slope, here.slope, k + 1
        units.append((-t, change))
        kinks += 1
    net = ReluNet((1,) * len(units), tuple(u[0] for u in units), tuple(u[1] for u in units), y[0])
    return _checked(points, net), kinks


def stretches(points: Points) -> list[Stretch]:
    """Return the maximal straight runs of the data from left to right."""
    x, y = points.x, points.y
    out: list[Stretch] = []
    start, dx, dy = 0, x[1] - x[0], y[1] - y[0]
    for i in range(1, len(x) - 1):
        next_dx, next_dy = x[i + 1] - x[i], y[i + 1] - y[i]
        if next_dy * dx != dy * next_dx:
            out.append(Stretch(start, i, quotient(dy, dx)))
            start, dx, dy = i, next_dx, next_dy
    out.append(Stretch(start, len(x) - 1, quotient(dy, dx)))
    return out


def _checked(points: Points, net: ReluNet) -> ReluNet:
    """Return the network if it passes through every point."""
    for x, y, value in zip(points.x, points.y, net.sweep(points.x), strict=True):
        if value != y:
            raise InternalError(f"{points.name}: the exact network misses the point x = {x}")
    return net


def _turns(points: Points) -> list[tuple[int, int]]:
    """Return (i, sign of the second difference) at every interior point where the data turn."""
    parts = stretches(points)
    return [(b.start, 1 if b.slope > a.slope else -1) for a, b in zip(parts, parts[1:], strict=False)]


def _network_facing_both_ways(points: Points, f: Interpolant) -> ReluNet:
    """Return one unit a kink, each facing the way that makes the slopes of the first and last piece come out."""
    wh, bh, wo = [], [], []
    left = True
    for k, t in enumerate(f.kinks):
        left ^= f.included[k]
        wh.append(-1 if left else 1)
        bh.append(t if left else -t)
        wo.append(f.slopes[k + 1] - f.slopes[k])
    net = ReluNet(tuple(wh), tuple(bh), tuple(wo), 0)
    return ReluNet(net.wh, net.bh, net.wo, points.y[0] - net(points.x[0]))


def _units(count: int) -> str:
    return f"{count} unit{'' if count == 1 else 's'}"
