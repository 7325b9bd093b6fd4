"""How far two runs drift apart that begin one part in 1e15 from each other.

On pixels divided by 255 the two stay together. On raw pixels the units of the first layer are driven into
saturation and out of it by single steps, and a difference in the last digit grows until the two runs are two
different networks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.fit.network.model import Network
from verify.fit.network.one_by_one import sweep
from verify.fit.network.trainer import new_network


@dataclass(frozen=True)
class Drift:
    """The relative distance of all weights of the two runs after so many steps, and their counts of right images."""

    steps: tuple[int, ...]
    distance: tuple[float, ...]
    right: tuple[int, int]


def drift(
    x: np.ndarray,
    labels: np.ndarray,
    hidden: tuple[int, ...] = (32, 32),
    rate: float = 0.003,
    relative: float = 1e-15,
    every: int = 100,
    seed: int = 0,
) -> Drift:
    """Train twice on the rows of x, one at a time, the first weights of the second run scaled by 1 + relative."""
    layers = (x.shape[1], *hidden, int(labels.max()) + 1)
    runs = [new_network(layers, "sigmoid", "fan-max", seed=seed) for _ in range(2)]
    runs[1].parameters[0][0][:] *= 1 + relative
    steps, distance = [0], [_distance(*runs)]
    for i in range(0, len(x), every):
        for network in runs:
            sweep(network, x[i : i + every], labels[i : i + every], rate)
        steps.append(min(i + every, len(x)))
        distance.append(_distance(*runs))
    right = tuple(network.right(x, labels) for network in runs)
    return Drift(tuple(steps), tuple(distance), (right[0], right[1]))


def _distance(one: Network, two: Network) -> float:
    pairs = [
        (a, b) for p, q in zip(one.parameters, two.parameters, strict=True) for a, b in zip(p, q, strict=True)
    ]
    apart = sum(float(((a - b) ** 2).sum()) for a, b in pairs)
    return float(np.sqrt(apart / sum(float((a**2).sum()) for a, _ in pairs)))


def made_images(
    count: int = 3000, side: int = 20, classes: int = 10, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return raw pixels 0..255 (count, side²) of blurred, shifted, noisy prototypes, and their classes."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    prototypes = [gaussian_filter(rng.normal(size=(side, side)), 2.0) for _ in range(classes)]
    prototypes = [255 * np.clip(p / p.max(), 0, 1) for p in prototypes]
    labels = rng.integers(0, classes, count)
    images = np.empty((count, side * side))
    for row, label in zip(images, labels, strict=True):
        moved = np.roll(prototypes[label], rng.integers(-2, 3, 2), (0, 1))
        row[:] = np.clip(moved + rng.normal(0, 15, moved.shape), 0, 255).round().ravel()
    return images, labels
