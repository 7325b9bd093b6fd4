"""A confidence sequence for a mean: an interval after every batch, all of which cover at once.

The observations are batch means. For independent normal observations of unknown mean and variance the process

    M_n(theta) = sqrt(c / (n + c)) * (V / (V - S^2 / (n + c)))^(n / 2),   S = sum (X_i - theta), V = sum (X_i - theta)^2

is, at the true theta, the likelihood ratio of the scale-invariant statistics X_i / X_1 with the effect size mixed
over N(0, 1/c): a martingale of mean 1. By Ville's inequality the set of theta with M_n(theta) < 1/alpha covers the
mean at all n at once with probability at least 1 - alpha, so that looking after every batch and stopping at will
costs nothing. (T. Lai, On confidence sequences, Annals of Statistics 4, 1976, section 3; H. Wang and A. Ramdas,
Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance, 2023.)

What it assumes: the draws are independent and have a finite variance, and the batches are long enough for their
means to be normal in effect. The caller sees to the latter by the measured skewness; the draws themselves may have
any distribution. For draws that are normal themselves the coverage is exact.
"""

from __future__ import annotations

import math


def mixture_scale(batches: float, alpha: float) -> float:
    """Return the c that makes the interval about the narrowest after the given number of batches."""
    level = -2 * math.log(alpha)
    return max(batches, 1.0) / (level + math.log1p(level))


def half_width(variance: float, batches: int, alpha: float, c: float) -> float:
    """Return the half-width of the interval around the mean of `batches` batch means.

    `variance` is their mean squared deviation (divided by n, not n - 1). Infinite while too few were seen.
    """
    if batches < 2:
        return math.inf
    log_bound = (-2 * math.log(alpha) + math.log1p(batches / c)) / batches
    if log_bound > 700:
        return math.inf
    bound = math.exp(log_bound)
    slack = 1 - bound * c / (batches + c)
    if slack <= 0:
        return math.inf
    return math.sqrt(variance * math.expm1(log_bound) / slack)


def batches_for(width: float, variance: float, alpha: float, c: float) -> float:
    """Return about how many batches bring the half-width down to `width`, at the same variance."""
    if width <= 0:
        return math.inf
    low, high = 2, 2
    while half_width(variance, high, alpha, c) > width:
        low, high = high, 2 * high
        if high > 2**80:
            return math.inf
    while high - low > max(1, low // 1000):
        middle = (low + high) // 2
        low, high = (middle, high) if half_width(variance, middle, alpha, c) > width else (low, middle)
    return high
