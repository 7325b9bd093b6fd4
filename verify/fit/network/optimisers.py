"""Steps downhill, in place: plain, with momentum (Polyak 1964), and Adam (Kingma and Ba 2015, algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np

from derive.errors import InputError

#: Changes arrays of parameters by their gradients at a rate.
Step = Callable[[Sequence[np.ndarray], Sequence[np.ndarray], float], None]


def sgd(momentum: float = 0.0) -> Step:
    """Return p ← p − rate g, or with momentum μ: v ← μ v − rate g, p ← p + v."""
    velocity: list[np.ndarray] = []

    def step(parameters: Sequence[np.ndarray], gradients: Sequence[np.ndarray], rate: float) -> None:
        if not momentum:
            for p, g in zip(parameters, gradients, strict=True):
                np.subtract(p, rate * g, p)
            return
        if not velocity:
            velocity.extend(np.zeros_like(p) for p in parameters)
        for p, g, v in zip(parameters, gradients, velocity, strict=True):
            v *= momentum
            v -= rate * g
            p += v

    return step


def adam(beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> Step:
    """Return Adam's step with bias-corrected moments."""
    first: list[np.ndarray] = []
    second: list[np.ndarray] = []
    scratch: list[np.ndarray] = []
    count = 0

    def step(parameters: Sequence[np.ndarray], gradients: Sequence[np.ndarray], rate: float) -> None:
        nonlocal count
        if not first:
            for kept in (first, second, scratch):
                kept.extend(np.zeros_like(p) for p in parameters)
        count += 1
        scale = rate * sqrt(1 - beta2**count) / (1 - beta1**count)
        floor = epsilon * sqrt(1 - beta2**count)
        for p, g, m, v, t in zip(parameters, gradients, first, second, scratch, strict=True):
            np.subtract(g, m, t)
            t *= 1 - beta1
            m += t
            np.multiply(g, g, t)
            t -= v
            t *= 1 - beta2
            v += t
            np.sqrt(v, t)
            t += floor
            np.divide(m, t, t)
            t *= scale
            p -= t

    return step


def optimiser(name: str, momentum: float = 0.9) -> Step:
    """Return an optimiser by name: sgd, momentum or adam. Raises InputError for another."""
    known: dict[str, Callable[[], Step]] = {"sgd": sgd, "momentum": lambda: sgd(momentum), "adam": adam}
    if name not in known:
        raise InputError(f"unknown optimiser {name}: expected one of {', '.join(known)}")
    return known[name]()
