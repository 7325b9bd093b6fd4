"""Stochastic gradient descent one sample at a time, in place.

The formulas are those of `derived` (a test compares them); here they are carried out without temporaries: W x by
gemv into a buffer, the update W ← W − rate g x' by the BLAS rank-one update ger on W itself.

The first layer, which is the widest, is updated once a block: after t samples of a block that began at W its weights
are W − rate Σ_s g_s x_s', so that their product with x_t is W x_t − rate Σ_s (x_s'x_t) g_s. The products W x_t and
x_s'x_t of a whole block are two matrix products, and the step is the same up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from math import log
from typing import Any

import numpy as np
from scipy.linalg.blas import dger, sger
from scipy.special import expit

from derive.errors import InputError
from verify.fit.network.model import Network


def _relu(a: np.ndarray, out: np.ndarray) -> None:
    np.maximum(a, 0, out=out)


def _sigmoid_slope(a: np.ndarray, out: np.ndarray) -> None:
    np.multiply(a, a, out)
    np.subtract(a, out, out)


def _tanh_slope(a: np.ndarray, out: np.ndarray) -> None:
    np.multiply(a, a, out)
    np.subtract(1, out, out)


#: Writes f of an array, or f' from the value a = f(z), to another (or the same).
Entrywise = Callable[[np.ndarray, np.ndarray], Any]

#: Between these, Σ exp of scores has neither lost small ones nor overflowed, in float32 too.
SMALL, LARGE = 1e-10, 1e30

#: Samples whose updates of the first layer are taken together.
BLOCK = 32

#: The activations whose derivative is a function of their value, so that no second buffer is needed: f and f'.
IN_PLACE: dict[str, tuple[Entrywise, Entrywise]] = {
    "relu": (_relu, np.sign),
    "sigmoid": (expit, _sigmoid_slope),
    "tanh": (np.tanh, _tanh_slope),
}


def can_run(network: Network, optimiser: str = "sgd", dropout: float = 0.0) -> bool:
    """Tell whether a network can be trained in place, sample by sample."""
    return (
        network.activation in IN_PLACE
        and network.loss == "cross-entropy"
        and optimiser == "sgd"
        and not (network.l2 or dropout)
        and len({w.dtype for w, _ in network.parameters}) == 1
    )


def _widened(w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the rows of w, each followed by its entry of b and by zeros up to a multiple of eight."""
    count, width = w.shape
    wide: np.ndarray = np.zeros((count, -(-(width + 1) // 8) * 8), w.dtype)
    wide[:, :width], wide[:, width] = w, b
    return wide


class _FirstLayer:
    """The first layer's weights, shape (n_out, n_in), which samples of a block change together at its end.

    `adjoints` receives the adjoint of the layer's scores for each sample of the block, shape (BLOCK, n_out).
    """

    def __init__(self, weights: np.ndarray, rate: float) -> None:
        self._weights, self._rate = weights, rate
        count, dtype = len(weights), weights.dtype
        self.adjoints = np.zeros((BLOCK, count), dtype)
        self._scores, self._moved = np.zeros((BLOCK, count), dtype), np.zeros(count, dtype)
        self._overlaps = np.zeros((BLOCK, BLOCK), dtype)
        # Views, made once: what sample t of a block needs of those before it.
        self._before = [(self._scores[t], self._overlaps[t, :t], self.adjoints[:t]) for t in range(BLOCK)]

    def samples(
        self, rows: np.ndarray, indices: np.ndarray, labels: np.ndarray, out: np.ndarray
    ) -> Iterator[tuple[int, int]]:
        """Yield (place in the block, label) of every sample, its scores in `out`, shape (n_out,).

        They are those after the updates of the samples before; a block's updates are taken after its last sample.
        """
        dot, add, moved = np.dot, np.add, self._moved
        for start in range(0, len(indices), BLOCK):
            part = indices[start : start + BLOCK]
            x, k = rows[part], len(part)
            np.matmul(x, self._weights.T, out=self._scores[:k])
            np.multiply(x @ x.T, -self._rate, out=self._overlaps[:k, :k])
            for (t, label), (scores, overlaps, adjoints) in zip(
                enumerate(labels[part].tolist()), self._before, strict=False
            ):
                dot(overlaps, adjoints, moved)
                add(scores, moved, out)
                yield t, label
            self._weights -= (self._rate * self.adjoints[:k].T) @ x


def sweep(
    network: Network, x: np.ndarray, labels: np.ndarray, rate: float, order: Iterable[int] | None = None
) -> float:
    """Take one step for every row of x (in `order`, or as they come); return the mean loss met on the way.

    The update of a sample follows after all its gradients are taken. Raises InputError where the network is not
    one that `can_run` admits.
    """
    if not can_run(network):
        raise InputError("this network cannot be trained in place: use minibatches")
    dtype = network.parameters[0][0].dtype
    ger = sger if dtype == np.float32 else dger
    activate, slope = IN_PLACE[network.activation]
    last = len(network.parameters) - 1
    # The bias is a column beside the weights, and every input has a one that it is multiplied by; columns of
    # zeros fill the rows up to whole cache lines. All hidden units stand in one array, for their slopes.
    weights = [_widened(w, b) for w, b in network.parameters]
    columns = [w.T for w in weights]  # Fortran-ordered views: BLAS writes into the weights themselves
    rows = _widened(np.asarray(x, dtype), np.ones(len(x), dtype))
    values = [_widened(np.zeros((1, len(w)), dtype), np.ones(1, dtype))[0] for w in weights[:-1]]
    hidden = np.concatenate(values) if values else np.empty(0, dtype)
    slopes = np.empty_like(hidden)
    starts = np.cumsum([0, *map(len, values)])
    values = [hidden[i:j] for i, j in pairwise(starts)]
    units = [v[: len(w)] for v, w in zip(values, weights, strict=False)] + [np.empty(len(weights[-1]), dtype)]
    inclines = [slopes[i : i + len(w)] for i, w in zip(starts, weights[:-1], strict=False)]
    adjoints = [np.empty(len(w), dtype) for w in weights]
    scores, error = units[last], adjoints[last]
    ahead = [(weights[i], units[i - 1], values[i - 1], units[i]) for i in range(1, last + 1)]
    back = [
        (columns[i][: len(units[i - 1])], adjoints[i], adjoints[i - 1], inclines[i - 1])
        for i in range(last, 0, -1)
    ]
    inner = [(values[i - 1], adjoints[i], columns[i]) for i in range(1, last + 1)]
    first, first_adjoint = _FirstLayer(weights[0], rate), adjoints[0]
    dot, exp, multiply, total_of = np.dot, np.exp, np.multiply, np.add.reduce
    total = 0.0
    indices = np.arange(len(x)) if order is None else np.asarray(list(order), int)
    for t, label in first.samples(rows, indices, labels, units[0]):
        for w, below, with_one, above in ahead:
            activate(below, below)
            dot(w, with_one, above)
        exp(scores, error)
        mass = total_of(error)
        if not SMALL < mass < LARGE:  # only then the largest score needs to be taken off
            scores -= scores.max()
            exp(scores, error)
            mass = total_of(error)
        total += log(mass) - scores[label]
        error /= mass
        error[label] -= 1  # softmax(z) − y
        slope(hidden, slopes)
        for column, g, h, incline in back:
            dot(column, g, h)
            multiply(h, incline, h)
        first.adjoints[t] = first_adjoint
        for with_one, g, column in inner:
            ger(-rate, with_one, g, 1, 1, column, 0, 0, 1)
    for (w, b), both in zip(network.parameters, weights, strict=True):
        w[:], b[:] = both[:, : w.shape[1]], both[:, w.shape[1]]
    return float(total) / max(len(x), 1)
