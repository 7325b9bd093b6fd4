"""Stochastic gradient descent one sample at a time, in place.

The formulas are those of `derived` (a test compares them); here they are carried out without temporaries: A'x by
gemv into a buffer, the update A ← A − rate x g' by the BLAS rank-one update ger on A itself.

The first layer, which is the widest, is updated once a block: after t samples of a block that began at A its array
is A − rate Σ_s x_s g_s', so that the scores of x_t are A'x_t − rate Σ_s (x_s'x_t) g_s. The products A'x_t and
x_s'x_t of a whole block are two matrix products, and the step is the same up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from math import log
from typing import Any

import numpy as np
from scipy.linalg.blas import dgemm, dger, sgemm, sger
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
        and len({a.dtype for a in network.augmented}) == 1
    )


class _FirstLayer:
    """The first layer's array, shape (n_in + 1, n_out), which samples of a block change together at its end.

    `adjoints`, shape (BLOCK, n_out), holds the scores A'x of each sample of the block until the adjoint of that
    sample's scores takes their place.
    """

    def __init__(self, array: np.ndarray, rate: float) -> None:
        self._array, self._rate, (height, count), dtype = array, rate, array.shape, array.dtype
        self._gemm = sgemm if dtype == np.float32 else dgemm
        self._samples = np.ones((BLOCK, height), dtype)
        self.adjoints = np.zeros((BLOCK, count), dtype)
        # Row t is what the rows of `adjoints` count for in the scores of sample t: −rate x_s'x_t, and 1 at t.
        self._factors = np.zeros((BLOCK, BLOCK), dtype)
        self._before = [(self._factors[t, : t + 1], self.adjoints[: t + 1]) for t in range(BLOCK)]

    def samples(
        self, rows: np.ndarray, indices: np.ndarray, labels: np.ndarray, out: np.ndarray
    ) -> Iterator[tuple[int, int]]:
        """Yield (place in the block, label) of every sample, its scores in `out`, shape (n_out,).

        They are those after the updates of the samples before; a block's updates are taken after its last sample.
        """
        dot, samples, adjoints, factors = np.dot, self._samples, self.adjoints, self._factors
        for start in range(0, len(indices), BLOCK):
            part = indices[start : start + BLOCK]
            k = len(part)
            samples[:k, :-1] = rows[part]
            np.matmul(samples, self._array, out=adjoints)
            self._gemm(-self._rate, samples.T, samples.T, 0, factors.T, 1, 0, 1)
            np.fill_diagonal(factors, 1)
            for (t, label), before in zip(enumerate(labels[part].tolist()), self._before, strict=False):
                dot(*before, out)
                yield t, label
            self._array -= samples[:k].T @ (self._rate * adjoints[:k])


def sweep(
    network: Network, x: np.ndarray, labels: np.ndarray, rate: float, order: Iterable[int] | None = None
) -> float:
    """Take one step for every row of x (in `order`, or as they come); return the mean loss met on the way.

    The update of a sample follows after all its gradients are taken. Raises InputError where the network is not
    one that `can_run` admits, or x and labels do not fit it.
    """
    if not can_run(network):
        raise InputError("this network cannot be trained in place: use minibatches")
    network.require(x, labels)
    arrays = network.augmented
    dtype, last, widths = arrays[0].dtype, len(arrays) - 1, network.layers[1:]
    ger = sger if dtype == np.float32 else dger
    activate, slope = IN_PLACE[network.activation]
    # All hidden units stand in one array, those of each layer with a one after them; and so do their slopes and
    # adjoints. BLAS takes whole arrays only, and would copy a part: the ones have adjoints too, which nobody reads.
    places = list(pairwise(np.cumsum([0, *(n + 1 for n in widths[:-1])])))
    hidden, slopes, pulled = (np.ones(places[-1][1] if places else 0, dtype) for _ in range(3))
    scores, error, mass = (np.empty(widths[last], dtype) for _ in range(3))
    inputs, wide = ([part[i:j] for i, j in places] for part in (hidden, pulled))
    units = [*(h[:-1] for h in inputs), scores]
    adjoints = [*(h[:-1] for h in wide), error]
    # Fortran-ordered views of the arrays, so that BLAS writes into them.
    ahead = [(arrays[i].T, units[i - 1], inputs[i - 1], units[i]) for i in range(1, last + 1)]
    back = [(arrays[i], adjoints[i], wide[i - 1], slopes[slice(*places[i - 1])]) for i in range(last, 0, -1)]
    inner = [(adjoints[i], inputs[i - 1], arrays[i].T) for i in range(1, last + 1)]
    ones = np.ones((widths[last], widths[last]), dtype)  # times a vector: its sum, in every entry
    first = _FirstLayer(arrays[0], rate)
    first_adjoints, first_adjoint = first.adjoints, adjoints[0]
    dot, exp, multiply, divide = np.dot, np.exp, np.multiply, np.divide
    total = 0.0
    indices = np.arange(len(x)) if order is None else np.asarray(list(order), int)
    for t, label in first.samples(x, indices, labels, units[0]):
        for a, below, with_one, above in ahead:
            activate(below, below)
            dot(a, with_one, above)
        exp(scores, error)
        dot(ones, error, mass)
        if not SMALL < mass[0] < LARGE:  # only then the largest score needs to be taken off
            scores -= scores.max()
            exp(scores, error)
            dot(ones, error, mass)
        total += log(mass[0]) - scores[label]
        divide(error, mass, error)
        error[label] -= 1  # softmax(z) − y
        slope(hidden, slopes)
        for a, g, h, incline in back:
            dot(a, g, h)
            multiply(h, incline, h)
        first_adjoints[t] = first_adjoint
        for g, with_one, a in inner:
            ger(-rate, g, with_one, 1, 1, a, 0, 0, 1)
    return float(total) / max(len(indices), 1)
