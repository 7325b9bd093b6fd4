"""Confidence sequences for the mean of draws with known bounds, whatever their distribution.

Draws are scaled to [0, 1]. Two sequences are intersected, each at half the error, so that both cover at all times
at once with probability at least 1 - alpha:

- the predictable plug-in empirical Bernstein sequence (I. Waudby-Smith and A. Ramdas, Estimating means of bounded
  random variables by betting, JRSS B 86, 2024, theorem 2), which adapts to the variance;
- the mixture of Bernoulli likelihood ratios over a beta prior (H. Robbins, Annals of Mathematical Statistics 41,
  1970), which holds for draws in [0, 1] since (q/p)^x ((1-q)/(1-p))^(1-x) is convex in x, and is exact for 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from verify.moments.sampling import Array


def bernoulli_interval(successes: float, n: int, alpha: float) -> tuple[float, float]:
    """Return the interval at level 1 - alpha after n draws of [0, 1] that sum to `successes`."""
    from scipy.special import betaln

    failures = max(n - successes, 0.0)
    evidence = float(betaln(successes + 0.5, failures + 0.5) - betaln(0.5, 0.5)) + math.log(alpha)

    def outside(p: float) -> float:
        return evidence - successes * math.log(p) - failures * math.log1p(-p)

    at = min(max(successes / n, 0.0), 1.0)
    low = 0.0 if successes <= 0 else _root(outside, 0.0, at)
    high = 1.0 if failures <= 0 else _root(outside, 1.0, at)
    return low, high


def _root(outside: Callable[[float], float], without: float, within: float) -> float:
    """Return where `outside` changes its sign, rounded outward; it is positive next to `without` and not at `within`."""
    for _ in range(1100):  # the bisections from 1 down to the least positive float
        middle = (without + within) / 2
        if middle in (without, within):
            break
        if outside(middle) > 0:
            without = middle
        else:
            within = middle
    return without


def bernstein_interval(means: Array, squares: Array, length: int, alpha: float) -> tuple[float, float]:
    """Return the empirical Bernstein interval after batches of `length` draws of [0, 1].

    `means` and `squares` are the batches' means of the draws and of their squares. The weight of a batch, and the
    centre that its squares are taken about, depend on the batches before it only.
    """
    n = length * np.arange(1, len(means) + 1)
    before = n - length
    sums = np.concatenate([[0.0], np.cumsum(means)[:-1]]) * length
    squared = np.concatenate([[0.0], np.cumsum(squares)[:-1]]) * length
    centre = (0.5 + sums) / (1 + before)
    variance = np.maximum(0.25 + squared - 2 * centre * sums + before * centre**2, 1e-12) / (1 + before)
    level = math.log(2 / alpha)
    weight = np.minimum(0.5, np.sqrt(2 * level / (variance * n * np.log1p(n))))
    spread = np.maximum(squares - 2 * centre * means + centre**2, 0.0) * length
    total = length * weight.sum()
    middle = length * float(weight @ means) / total
    radius = (level + float(((-np.log1p(-weight) - weight) * spread).sum())) / total
    return middle - radius, middle + radius


def bounded_interval(
    means: Array, squares: Array, length: int, alpha: float, boolean: bool
) -> tuple[float, float]:
    """Return the interval for draws of [0, 1]; for Boolean draws the exact one alone."""
    n = len(means) * length
    successes = float(means.sum()) * length
    if boolean:
        return bernoulli_interval(successes, n, alpha)
    one = bernoulli_interval(successes, n, alpha / 2)
    other = bernstein_interval(means, squares, length, alpha / 2)
    return max(one[0], other[0], 0.0), min(one[1], other[1], 1.0)
