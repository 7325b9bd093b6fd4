"""A confidence sequence for a mean: an interval after every batch, all of which cover at once.

The observations are batch means. For independent normal observations of unknown mean and variance the process

    M_n(theta) = sqrt(c / (n + c)) * (V / (V - S^2 / (n + c)))^(n / 2),   S = sum (X_i - theta), V = sum (X_i - theta)^2

is, at the true theta, the likelihood ratio of the scale-invariant statistics X_i / X_1 with the effect size mixed
over N(0, 1/c): a martingale of mean 1. By Ville's inequality the set of theta with M_n(theta) < 1/alpha covers the
mean at all n at once with probability at least 1 - alpha, so that looking after every batch and stopping at will
costs nothing. (T. Lai, On confidence sequences, Annals of Statistics 4, 1976, section 3; H. Wang and A. Ramdas,
Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance, 2023.)

What it assumes: the draws are independent, have a finite variance, and their mean is normal in effect. The latter is
judged by the skewness of the mean, `skewness_of_the_mean`: the draws themselves may have any distribution, and for
draws that are normal the coverage is exact. What occurs in none of the draws no method can see; `unseen` says how
much it may add under an assumption that is stated. For draws with known bounds there is `verify.moments.bounded`,
which assumes nothing.
"""

from __future__ import annotations

import math

import numpy as np

from verify.moments.sampling import Array

#: The largest skewness of a mean that counts as normal in effect at any level.
_SKEWNESS = 0.05

#: A value that was not seen is taken to deviate from the mean by at most so many times what was.
UNSEEN_FACTOR = 10.0


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


def skewness_of_the_mean(batch_means: Array) -> float:
    """Return the sample skewness of the mean of all draws, from that of the batch means.

    Where the distribution has a third moment it falls as 1/sqrt(draws). Where it has none, or where the third
    moment rests on values of which only r were seen, it stays near 1/sqrt(r) however many draws there are.
    """
    deviations = batch_means - batch_means.mean()
    spread = float(np.sqrt(np.mean(deviations**2)))
    if spread == 0:
        return 0.0
    return float(np.mean((deviations / spread) ** 3)) / math.sqrt(len(batch_means))


def largest_skewness(alpha: float) -> float:
    """Return up to which skewness a mean is normal in effect for an interval of level 1 - alpha.

    The first term of Cramér's series multiplies the chance of exceeding the mean by z standard errors by
    exp(skewness z^3/6), and that of falling short of it by the inverse (H. Cramér, Sur un nouveau théorème-limite de
    la théorie des probabilités, 1938); z is about sqrt(2 log(1/alpha)). The exponent is to stay within 1/2: both
    tails together are then no more than cosh(1/2) = 1.13 of what they are for normal means.
    """
    z = math.sqrt(-2 * math.log(alpha))
    return min(_SKEWNESS, 3 / z**3)


def unseen(largest_deviation: float, draws: int, alpha: float) -> float:
    """Return how much values that occur in none of the draws may add to the mean.

    Values of total probability p are missed by the first log(1/alpha)/p draws with probability at most alpha, since
    (1 - p)^n <= exp(-n p). So with probability at least 1 - alpha they have, at all times before they are met, a
    probability of at most log(1/alpha)/draws; each is taken to deviate by at most `UNSEEN_FACTOR` times the largest
    deviation that was seen.
    """
    return UNSEEN_FACTOR * largest_deviation * -math.log(alpha) / draws
