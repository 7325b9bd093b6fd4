"""The tail of a sample: does it follow a power law without variance?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from verify.moments.sampling import Array

#: The index is estimated from this share of the draws, and compared with that of the larger share.
_SHARE, _LARGER = 1024, 16

#: Standard errors that count as beyond the error.
_BEYOND = 3.0

#: The largest Kolmogorov distance of a power law from k excesses is this over sqrt(k), in 99.9 % of samples.
_DISTANCE = 1.53


@dataclass(frozen=True)
class TailIndex:
    """An estimate of the index of the power law that the largest draws follow, and its standard error.

    `steady` tells whether the index is about the same further inside: that of a log-normal tail grows outward.
    """

    index: float
    error: float
    steady: bool

    @property
    def has_no_variance(self) -> bool:
        """Whether the index is below 2, from which on there is a variance, beyond its own error."""
        return self.steady and self.index + _BEYOND * self.error < 2

    @property
    def may_have_no_variance(self) -> bool:
        """Whether an index below 2 is within the error."""
        return self.index - _BEYOND * self.error < 2


def tail_index(draws: Array) -> TailIndex | None:
    """Return the index of the tail of `draws` by Hill's estimator, or None where no power law fits or draws are too few.

    Among the k largest distances from the median, the logarithms in excess of the smallest are exponential with
    mean 1/index if the tail is a power law, so that the standard error is index/sqrt(k) (B. Hill, A simple general
    approach to inference about the tail of a distribution, Annals of Statistics 3, 1975). Whether they are exponential
    is judged by their Kolmogorov distance (H. Lilliefors, On the Kolmogorov-Smirnov test for the exponential
    distribution with mean unknown, JASA 64, 1969): a few values far from all others are no power law.
    """
    k = len(draws) // _SHARE
    excess, farther_in = _excesses(draws, k), _excesses(draws, len(draws) // _LARGER)
    if k < 32 or not (excess.any() and farther_in.any()) or not _exponential(excess):
        return None
    outer, inner = 1 / float(excess.mean()), 1 / float(farther_in.mean())
    return TailIndex(outer, outer / math.sqrt(k), outer <= inner * (1 + _BEYOND / math.sqrt(k)))


def _excesses(draws: Array, k: int) -> Array:
    """Return the logarithms of the k largest distances from the median in excess of the next; empty if it is 0."""
    distances = np.sort(np.abs(draws - np.median(draws)))[-k - 1 :]
    return np.log(distances[1:] / distances[0]) if distances[0] > 0 else np.empty(0)


def _exponential(excess: Array) -> bool:
    """Whether ascending excesses may be exponential."""
    k = len(excess)
    model = -np.expm1(-excess / excess.mean())
    steps = np.arange(k + 1) / k
    return float(max((steps[1:] - model).max(), (model - steps[:-1]).max())) * math.sqrt(k) <= _DISTANCE
