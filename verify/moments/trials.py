"""Experiments that are no mean of many cheap draws: a few whole random networks, and evaluations of step networks.

A trial gives a value and by how much it may be off. Of networks, the value is a mean over independent ones and the
error half the width of Student's interval, which takes their statistic (itself a mean over layers or units) to be
normal; of evaluations, the error is rounding.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.errors import InputError
from verify.moments.functions import Array
from verify.moments.networks import Profile, measure_networks
from verify.moments.sampling import stream
from verify.verdict import Evidence, Verdict, Word

if TYPE_CHECKING:
    from sympy import Expr

#: The chance that Student's interval misses the mean, as in `check_moment`.
_ALPHA = 1e-6

#: The stage of the streams of random points.
_STAGE = 11

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Trial:
    """What was measured, by how much it may be off, and on what."""

    value: float
    error: float
    said: str


def network(
    seed: int,
    activation: str,
    quantity: str,
    sigma_w2: Any,
    second_moment: Any = 1,
    correlation: Any = 0,
    width: int = 512,
    depth: int = 50,
    networks: int = 16,
) -> Trial:
    """Measure one of "growth", "gradients", "level", "correlation" on random networks without biases.

    Growth is the factor of the second moment a layer, and that of the gradients backward, averaged over the layers;
    level the second moment averaged over the layers; correlation that of two inputs in the last layer.
    """
    profile = _profile(
        activation,
        math.sqrt(float(sigma_w2)),
        float(second_moment),
        float(correlation),
        (width, depth, networks, seed),
    )
    if quantity not in _STATISTICS:
        raise InputError(f"unknown quantity {quantity!r}: expected one of {', '.join(_STATISTICS)}")
    value, error = _student(_STATISTICS[quantity](profile))
    return Trial(value, error, f"{networks} networks of width {width} and depth {depth}")


_STATISTICS: dict[str, Callable[[Profile], Array]] = {
    "growth": lambda p: (p.forward[:, 1:] / p.forward[:, :-1]).mean(axis=1),
    "gradients": lambda p: (p.backward[:, :-1] / p.backward[:, 1:]).mean(axis=1),
    "level": lambda p: p.forward.mean(axis=1),
    "correlation": lambda p: p.correlation[:, -1],
}


@lru_cache(maxsize=8)
def _profile(
    activation: str,
    sigma_w: float,
    second_moment: float,
    correlation: float,
    sizes: tuple[int, int, int, int],
) -> Profile:
    width, depth, networks, seed = sizes
    return measure_networks(
        activation,
        sigma_w,
        width=width,
        depth=depth,
        networks=networks,
        second_moment=second_moment,
        correlation=correlation,
        seed=seed,
        workers=1,
    )


def _student(values: Array) -> tuple[float, float]:
    """Return the mean and half the width of Student's interval at level 1 - alpha."""
    from scipy.special import stdtrit

    count = len(values)
    return float(values.mean()), float(
        stdtrit(count - 1, 1 - _ALPHA / 2) * values.std(ddof=1) / math.sqrt(count)
    )


def box_end(seed: int, weights: str, at_zero: int, end: int) -> Trial:
    """Evaluate the two-neuron box of height 1 and width 1 at x = 0 or x = 1, with the exact or the usual weights."""
    from derive.moments.boxes import box_network, usual_box_network
    from verify.moments.steps import evaluate

    made = {"exact": box_network, "usual": usual_box_network}[weights](1, 1)
    value = float(evaluate(made, np.array([[float(end)]]), float(at_zero))[0])
    return Trial(value, 0.0, "two step neurons")


def boxes(seed: int, f: Expr, boxes: int, half_width: Any) -> Trial:
    """Measure the sup error of N boxes of the heights at the left ends of their cells, on a fine grid."""
    from verify.moments.steps import approximate, sup_error

    made = approximate(f, boxes, float(half_width))
    return Trial(sup_error(f, made), _ROUNDING, f"{len(made.edges):,} neurons, 64 points a cell")


def corners(seed: int, dimensions: int) -> Trial:
    """Return the share of points that 2d thresholds and an AND neuron tell right, over d = 1, ..., `dimensions`.

    The points: all combinations of outside, edge, inside, edge and outside up to d = 4, and 4,000 random ones each.
    """
    from verify.moments.steps import box_indicator

    right = total = 0
    for d in range(1, dimensions + 1):
        rng = stream(seed, _STAGE, d)
        lower, upper = -rng.uniform(0.5, 1, d), rng.uniform(0.5, 1, d)
        x = rng.uniform(-1.2, 1.2, (4000, d)) * rng.choice([0.5, 1.0], (4000, 1))
        if d <= 4:
            axes = [(low - 1, low, (low + up) / 2, up, up + 1) for low, up in zip(lower, upper, strict=True)]
            x = np.vstack([x, np.array(list(itertools.product(*axes)))])
        inside = ((x > lower) & (x < upper)).all(axis=1)
        right += int((box_indicator(lower, upper, x) == inside).sum())
        total += len(x)
    return Trial(right / total, 0.0, f"{total:,} points")


def grid(seed: int, dimensions: int, boxes: int) -> Trial:
    """Measure the sup error of boxes^d boxes on [-1, 1]^d for the mean of |x_i|, at outer corners of random cells.

    In a cell the function is off from its value at the midpoint by at most half a cell's width, 1/N, and by that much
    at the corners.
    """
    from verify.moments.steps import grid_approximation

    rng = stream(seed, _STAGE, 100 + dimensions)
    f = lambda x: np.abs(x).mean(axis=1)
    middles = (2 * rng.integers(0, boxes, (4000, dimensions)) + 1 - boxes) / boxes
    x = middles + np.sign(middles) * (1 - 1e-9) / boxes
    error = float(np.max(np.abs(grid_approximation(f, dimensions, boxes, 1.0)(x) - f(x))))
    return Trial(error, _ROUNDING, f"{boxes**dimensions:,} boxes, {len(x):,} corners")


def additive(seed: int, dimensions: int) -> Trial:
    """Return the least sup error of a sum of functions of one coordinate each for a box, on three cells an axis."""
    from verify.moments.steps import best_additive_error

    return Trial(best_additive_error(dimensions, 3), 1e-9, f"{3**dimensions} cells")


#: The trials that catalogue entries name; each takes the seed and the entry's options.
TRIALS: dict[str, Callable[..., Trial]] = {
    "network": network,
    "box-end": box_end,
    "boxes": boxes,
    "corners": corners,
    "grid": grid,
    "additive": additive,
}


def check_trial(name: str, options: Mapping[str, Any], claim: float, rtol: float, seed: int) -> Verdict:
    """Hold a trial to a claim: it agrees where its interval lies within rtol (for 0: of 1), is refuted where that excludes the claim."""
    started = time.perf_counter()
    found = TRIALS[name](seed, **options)
    band = rtol * (abs(claim) or 1.0)
    gap = abs(found.value - claim)
    word: Word = "inconclusive"
    if gap + found.error <= band:
        word = "agrees"
    elif gap > max(found.error, band if found.error <= _ROUNDING else 0.0):
        word = "refuted"
    spread = f" ± {found.error:.2g}" if found.error > _ROUNDING else ""
    figure = f"{found.value:.7g}{spread} against {claim:.7g}, {found.said}"
    details = {
        "claim": claim,
        "estimate": found.value,
        "half_width": found.error,
        "interval": [found.value - found.error, found.value + found.error],
        "rtol": rtol,
        "seed": seed,
    }
    diagnosis = f"the value is {found.value:.6g}, not {claim:.6g}" if word == "refuted" else None
    evidence = Evidence(name, word, figure, details, time.perf_counter() - started)
    return Verdict(word, (evidence,), diagnosis=diagnosis)
