"""Steps downhill, in place: plain, with momentum (Polyak 1964), and Adam (Kingma and Ba 2015, algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from derive.errors import InputError
from verify.fit.network.model import Gradients, Parameters

Step = Callable[[Parameters, Gradients, float], None]


def sgd(momentum: float = 0.0) -> Step:
    """Return p ← p − rate g, or with momentum μ: v ← μ v − rate g, p ← p + v."""
    velocity: list[np.ndarray] = []

    def step(parameters: Parameters, gradients: Gradients, rate: float) -> None:
        pairs = _pairs(parameters, gradients)
        if not momentum:
            for p, g in pairs:
                np.subtract(p, rate * g, p)
            return
        if not velocity:
            velocity.extend(np.zeros_like(p) for p, _ in pairs)
        for (p, g), v in zip(pairs, velocity, strict=True):
            v *= momentum
            v -= rate * g
            p += v

    return step


def adam(beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> Step:
    """Return Adam's step with bias-corrected moments."""
    first: list[np.ndarray] = []
    second: list[np.ndarray] = []
    count = 0

    def step(parameters: Parameters, gradients: Gradients, rate: float) -> None:
        nonlocal count
        pairs = _pairs(parameters, gradients)
        if not first:
            first.extend(np.zeros_like(p) for p, _ in pairs)
            second.extend(np.zeros_like(p) for p, _ in pairs)
        count += 1
        scale = rate * np.sqrt(1 - beta2**count) / (1 - beta1**count)
        floor = epsilon * np.sqrt(1 - beta2**count)
        for (p, g), m, v in zip(pairs, first, second, strict=True):
            m += (1 - beta1) * (g - m)
            v += (1 - beta2) * (g * g - v)
            p -= (scale * m / (np.sqrt(v) + floor)).astype(p.dtype, copy=False)

    return step


def optimiser(name: str, momentum: float = 0.9) -> Step:
    """Return an optimiser by name: sgd, momentum or adam. Raises InputError for another."""
    known: dict[str, Callable[[], Step]] = {"sgd": sgd, "momentum": lambda: sgd(momentum), "adam": adam}
    if name not in known:
        raise InputError(f"unknown optimiser {name}: expected one of {', '.join(known)}")
    return known[name]()


def _pairs(parameters: Parameters, gradients: Gradients) -> list[tuple[np.ndarray, np.ndarray]]:
    return [pair for p, g in zip(parameters, gradients, strict=True) for pair in zip(p, g, strict=True)]
