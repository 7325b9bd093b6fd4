"""Entries on three values that have given moments up to the fourth: the plainest distributions with a skewness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.arithmetics.base import Undefined

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ThreePoints:
    """Independent entries that are mean - left, mean or mean + right; all arrays have the shape of one draw or are scalars."""

    mean: Array
    left: Array
    right: Array
    to_left: Array
    to_right: Array

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Return draws."""
        u = rng.random(shape)
        return np.asarray(
            self.mean
            + np.where(u < self.to_left, -self.left, np.where(u > 1 - self.to_right, self.right, 0.0))
        )


def three_points(mean: Any, variance: Any, third: Any, fourth: Any = None) -> ThreePoints:
    """Return entries with given mean and central moments; without a fourth, on two values. Raises Undefined.

    With the values -a, 0, b: b - a = third/variance, and a b = fourth/variance - (b - a)^2, which is at least the variance
    (K. Pearson's inequality) wherever such entries exist.
    """
    apart = third / variance
    product = variance + 0 * apart if fourth is None else fourth / variance - apart**2
    if not (variance > 0).all() or not (product >= variance * (1 - 1e-12)).all():
        raise Undefined("no entries have these moments")
    left = (-apart + np.sqrt(apart**2 + 4 * product)) / 2
    right = left + apart
    return ThreePoints(
        mean, left, right, variance / (left * (left + right)), variance / (right * (left + right))
    )
