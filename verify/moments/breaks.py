"""Where a function of which only values are known kinks or jumps: bisection on differences of its slope.

Over a triple of points of spacing h the slope changes by about h f'' where f is smooth, by a constant at a kink, and
by a constant over h at a jump. Each triple of a grid is narrowed fourfold again and again to the part with the
largest change; where the change does not shrink with h, f is not smooth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Function = Callable[[Array], Array]

#: Narrowings of every triple before the first are dropped, and narrowings in all.
_FIRST, _MOST = 6, 26

#: Over three narrowings the change of slope falls 64-fold where f is smooth and stays at a kink.
_SMOOTH, _BROKEN = 0.03, 0.3

#: How many times the rounding error of a slope a change must be to count.
_ABOVE_NOISE = 64.0

_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Breaks:
    """The points at which a function is not smooth, ascending, and those among them at which it jumps."""

    points: tuple[float, ...]
    jumps: tuple[float, ...]


def find_breaks(f: Function, s: float = 1.0) -> Breaks:
    """Return where `f` kinks or jumps within 12 s of 0, and more coarsely within 10,000 s."""
    far = np.geomspace(1e-6 * s, 1e4 * s, 1501)
    grid = np.unique(np.concatenate([-far, far, np.linspace(-12 * s, 12 * s, 4801) + 0.000173 * s]))
    with np.errstate(all="ignore"):
        inner = np.abs(f(grid[np.abs(grid) <= 2 * s]))
    # Rounding inside f, at a typical size of f, is no kink.
    typical = float(np.max(inner[np.isfinite(inner)], initial=0.0)) + 1e-290
    low, high = grid[:-2], grid[2:]
    history: list[Array] = []
    rise: list[Array] = []
    found_low, found_high, jumping = [], [], []
    for level in range(_MOST):
        x = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, 9)
        with np.errstate(all="ignore"):
            values = f(x)
            spacing = np.diff(x, axis=1)
            change = np.abs(np.diff(np.diff(values, axis=1) / spacing, axis=1))
            noise = 4 * _EPS * (np.abs(values).max(axis=1) + typical) / ((high - low) / 8)
        best = np.argmax(np.where(np.isfinite(change), change, -1), axis=1)
        rows = np.arange(len(x))
        strength = change[rows, best]
        narrow = (high - low) <= np.maximum(64 * _EPS * np.maximum(np.abs(low), np.abs(high)), 1e-17 * s)
        seen = np.isfinite(values).all(axis=1) & (strength > _ABOVE_NOISE * noise) & ~narrow
        history.append(strength)
        with np.errstate(all="ignore"):
            rise.append(np.abs(values[:, -1] - values[:, 0]))
        if level >= 3:
            ratio = strength / history[-4]
            # What sinks into rounding now, or cannot be narrowed further, is judged by what went before.
            before = history[-2] / history[-4] if level == 3 else history[-2] / history[-5]
            ended = ~seen & (before > _BROKEN) & (history[-2] > 0)
            for i in np.flatnonzero(ended):
                found_low.append(low[i])
                found_high.append(high[i])
                jumping.append(rise[-1][i] > 0.8 * rise[-4][i])
            keep = seen & ((ratio > _SMOOTH) | (level < _FIRST))
        else:
            keep = seen
        low, high = x[rows, best][keep], x[rows, best + 2][keep]
        history = [h[keep] for h in history[-4:]]
        rise = [r[keep] for r in rise[-4:]]
        if not len(low):
            break
    for k, jump in enumerate(jumping):
        if jump:
            found_low[k], found_high[k] = _bisected(f, found_low[k], found_high[k])
    return _merged(found_low, found_high, jumping, s)


def _bisected(f: Function, low: float, high: float) -> tuple[float, float]:
    """Return the neighbouring doubles between which the function jumps."""
    at_low, at_high = (float(f(np.array([x]))[0]) for x in (low, high))
    while low < (middle := (low + high) / 2) < high:
        value = float(f(np.array([middle]))[0])
        if abs(value - at_low) <= abs(value - at_high):
            low = middle
        else:
            high = middle
        if high - low < 1e-20:
            break
    return low, high


def _merged(low: list[float], high: list[float], jumping: list[bool], s: float) -> Breaks:
    """Take brackets that touch for one point."""
    points: list[float] = []
    jumps: list[float] = []
    for a, b, jump in sorted(zip(low, high, jumping, strict=True)):
        middle = (a + b) / 2
        if points and middle - points[-1] <= 1e-9 * max(s, abs(middle)):
            if jump and (not jumps or jumps[-1] != points[-1]):
                jumps.append(points[-1])
            continue
        points.append(float(middle))
        if jump:
            jumps.append(float(middle))
    return Breaks(tuple(points), tuple(jumps))
