"""First weights by the name of a rule; the variances come from `derive.moments`."""

from __future__ import annotations

from math import sqrt

import numpy as np

from derive.errors import InputError
from derive.moments import initialisation_variance


def weight_variance(rule: str, fan_in: int, fan_out: int) -> float:
    """Return the variance of a layer's weights.

    `rule` is a name that `derive.moments.initialisation_variance` knows (glorot, he, lecun, fan-in, fan-max, ...)
    or "std=0.1", a constant standard deviation. Raises InputError.
    """
    if rule.startswith("std="):
        try:
            std = float(rule[4:])
        except ValueError:
            std = -1.0
        if not 0 < std < float("inf"):
            raise InputError(f"the initialisation {rule} has no positive standard deviation: write std=0.1")
        return std * std
    return float(initialisation_variance(rule, fan_in, fan_out))


def draw(
    layers: tuple[int, ...], rule: str, rng: np.random.Generator, dtype: type = np.float64
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (W, b) for each layer: W of shape (n_out, n_in) from N(0, variance) in layer order, b zero.

    The numbers are drawn input by input, that is, as an (n_in, n_out) array.
    """
    parameters: list[tuple[np.ndarray, np.ndarray]] = []
    for fan_in, fan_out in zip(layers, layers[1:], strict=False):
        scale = sqrt(weight_variance(rule, fan_in, fan_out))
        weights = rng.normal(0.0, scale, size=(fan_in, fan_out)).T
        parameters.append((weights.astype(dtype), np.zeros(fan_out, dtype)))
    return parameters
