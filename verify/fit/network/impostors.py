"""Backward passes that are wrong and train all the same: that a network learns is no proof of its gradient.

Without the derivative of relu, and with fixed random matrices in place of the transposed weights (feedback alignment:
T. Lillicrap et al., Random synaptic feedback weights support error backpropagation for deep learning, Nature
Communications 7, 2016), a network learns random labels by heart as the right gradient lets it. A check of the gradient
tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.callables.gradients import check_gradient
from verify.verdict import Verdict

Floats = NDArray[np.float64]
Weights = list[Floats]

#: What is wrong about a backward pass, by its name; of the first, nothing.
PASSES = ("right", "without relu'", "random feedback")
#: The network on which they are checked, and at how many points.
_SMALL, _POINTS = (5, 4, 3, 3), 2


@dataclass(frozen=True)
class Trained:
    """A backward pass, how many images its network gets right in the end, and the verdict on it as a gradient."""

    name: str
    right: int
    verdict: Verdict


def passes(
    x: Floats,
    labels: NDArray[np.int64],
    sizes: Sequence[int],
    epochs: int = 200,
    rate: float = 0.1,
    seed: int = 0,
) -> list[Trained]:
    """Train a relu network on images (rows of x) by each backward pass, and check each on a network 5-4-3-3."""
    rng = np.random.default_rng(seed)
    out = []
    for name in PASSES:
        weights, feedback = _drawn(sizes, seed), _drawn(sizes, seed + 1)
        for _ in range(epochs):
            for batch in np.array_split(rng.permutation(len(x)), 5):
                slopes = backward(weights, x[batch], labels[batch], name, feedback)
                for w, slope in zip(weights, slopes, strict=True):
                    w -= rate * slope
        right = int(np.sum(_forward(weights, x)[-1].argmax(axis=1) == labels))
        out.append(Trained(name, right, _verdict(name, seed)))
    return out


def loss(weights: Weights, x: Floats, labels: NDArray[np.int64]) -> float:
    """Return the mean cross-entropy of softmax; a layer is weights with the bias as a last row."""
    z = _forward(weights, x)[-1]
    top = z.max(axis=1, keepdims=True)
    return float(np.mean(top[:, 0] + np.log(np.exp(z - top).sum(axis=1)) - z[np.arange(len(z)), labels]))


def backward(weights: Weights, x: Floats, labels: NDArray[np.int64], name: str, feedback: Weights) -> Weights:
    """Return what a backward pass of `PASSES` takes for the gradient of `loss`."""
    *hidden, z = _forward(weights, x)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    delta = p / p.sum(axis=1, keepdims=True)
    delta[np.arange(len(z)), labels] -= 1
    delta /= len(z)
    slopes = [np.empty(0)] * len(weights)
    for k in range(len(weights) - 1, -1, -1):
        slopes[k] = _with_ones(hidden[k]).T @ delta
        if k:
            back = feedback[k] if name == "random feedback" else weights[k]
            delta = delta @ back[:-1].T
            if name != "without relu'":
                delta = delta * (hidden[k] > 0)
    return slopes


def _forward(weights: Weights, x: Floats) -> list[Floats]:
    """The input of every layer, and the scores."""
    values = [x]
    for k, w in enumerate(weights):
        z = _with_ones(values[-1]) @ w
        values.append(z if k == len(weights) - 1 else np.maximum(z, 0))
    return values


def _with_ones(x: Floats) -> Floats:
    return np.hstack([x, np.ones((len(x), 1))])


def _drawn(sizes: Sequence[int], seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    return [rng.normal(0, np.sqrt(2 / n), (n + 1, m)) for n, m in zip(sizes, sizes[1:], strict=False)]


def _verdict(name: str, seed: int) -> Verdict:
    """The verdict at a few points, since the kinks of relu leave some undecided: a refutation, else the first that holds."""
    found: list[Verdict] = []
    for k in range(_POINTS):
        found.append(_verdict_at(name, seed + k))
        if found[-1].verdict == "refuted":
            return found[-1]
    return next((v for v in found if v), found[0])


def _verdict_at(name: str, seed: int) -> Verdict:
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=(4, _SMALL[0])), rng.integers(0, _SMALL[-1], 4)
    feedback = _drawn(_SMALL, seed + 1)
    return check_gradient(
        lambda weights: loss(weights, x, labels),
        lambda weights: backward(weights, x, labels, name, feedback),
        _drawn(_SMALL, seed),
    )
