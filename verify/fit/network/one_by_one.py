"""Stochastic gradient descent one sample at a time, in place.

The formulas are those of `derived` (a test compares them); here they are carried out without temporaries: W x by
gemv into a buffer, the update W ← W − rate g x' by the BLAS rank-one update ger on W itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import log

import numpy as np
from scipy.linalg.blas import dger, sger
from scipy.special import expit

from derive.errors import InputError
from verify.fit.network.model import Network


def _relu(a: np.ndarray) -> None:
    np.maximum(a, 0, out=a)


def _sigmoid(a: np.ndarray) -> None:
    expit(a, a)


def _tanh(a: np.ndarray) -> None:
    np.tanh(a, out=a)


def _relu_pull(g: np.ndarray, a: np.ndarray, spare: np.ndarray) -> None:
    np.sign(a, out=spare)
    np.multiply(g, spare, out=g)


def _sigmoid_pull(g: np.ndarray, a: np.ndarray, spare: np.ndarray) -> None:
    np.multiply(g, a, g)
    np.multiply(g, a, spare)
    np.subtract(g, spare, g)


def _tanh_pull(g: np.ndarray, a: np.ndarray, spare: np.ndarray) -> None:
    np.multiply(a, a, out=spare)
    np.subtract(1, spare, out=spare)
    np.multiply(g, spare, out=g)


Forward = Callable[[np.ndarray], None]
Pull = Callable[[np.ndarray, np.ndarray, np.ndarray], None]

#: Activations whose derivative is a function of their value, so that no second buffer is needed.
IN_PLACE: dict[str, tuple[Forward, Pull]] = {
    "relu": (_relu, _relu_pull),
    "sigmoid": (_sigmoid, _sigmoid_pull),
    "tanh": (_tanh, _tanh_pull),
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
    forward, pull = IN_PLACE[network.activation]
    last = len(network.parameters) - 1
    # The bias is a column beside the weights, and every input has a one that it is multiplied by; columns of
    # zeros fill the rows up to whole cache lines.
    weights = [_widened(w, b) for w, b in network.parameters]
    columns = [w.T for w in weights]  # Fortran-ordered views: BLAS writes into the weights themselves
    rows = _widened(np.asarray(x, dtype), np.ones(len(x), dtype))
    values = [_widened(np.zeros((1, len(w)), dtype), np.ones(1, dtype))[0] for w in weights]
    units = [v[: len(w)] for v, w in zip(values, weights, strict=True)]
    adjoints = [np.empty(len(w), dtype) for w in weights]
    spares = [np.empty(len(w), dtype) for w in weights]
    scores, error = units[last], adjoints[last]
    ahead = [(weights[i], units[i - 1], values[i - 1], units[i]) for i in range(1, last + 1)]
    back = [
        (columns[i][: len(units[i - 1])], adjoints[i], adjoints[i - 1], units[i - 1], spares[i - 1])
        for i in range(last, 0, -1)
    ]
    inner = [(values[i - 1], adjoints[i], columns[i]) for i in range(1, last + 1)]
    first, first_units, first_adjoint, first_columns = weights[0], units[0], adjoints[0], columns[0]
    dot, highest, total_of = np.dot, np.maximum.reduce, np.add.reduce
    total = 0.0
    for n in range(len(x)) if order is None else order:
        row, label = rows[n], labels[n]
        dot(first, row, first_units)
        for w, below, with_one, above in ahead:
            forward(below)
            dot(w, with_one, above)
        scores -= highest(scores)
        score = scores[label]
        np.exp(scores, error)
        mass = total_of(error)
        total += log(mass) - score
        error /= mass
        error[label] -= 1  # softmax(z) − y
        for column, g, h, value, spare in back:
            dot(column, g, h)
            pull(h, value, spare)
        ger(-rate, row, first_adjoint, 1, 1, first_columns, 0, 0, 1)
        for with_one, g, column in inner:
            ger(-rate, with_one, g, 1, 1, column, 0, 0, 1)
    for (w, b), both in zip(network.parameters, weights, strict=True):
        w[:], b[:] = both[:, : w.shape[1]], both[:, w.shape[1]]
    return float(total) / max(len(x), 1)
