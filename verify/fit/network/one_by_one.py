"""Stochastic gradient descent one sample at a time, in place.

The formulas are those of `derived` (a test compares them); here they are carried out without temporaries: W x by
gemv into a buffer, the update W ← W − rate g x' by the BLAS rank-one update ger on W itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from scipy.linalg.blas import dgemv, dger, sgemv, sger

from derive.errors import InputError
from verify.fit.network.model import Network


def _relu(a: np.ndarray) -> None:
    np.maximum(a, 0, out=a)


def _sigmoid(a: np.ndarray) -> None:
    np.negative(a, out=a)
    np.exp(a, out=a)
    np.add(a, 1, out=a)
    np.reciprocal(a, out=a)


def _tanh(a: np.ndarray) -> None:
    np.tanh(a, out=a)


def _relu_pull(g: np.ndarray, a: np.ndarray, spare: np.ndarray) -> None:
    np.sign(a, out=spare)
    np.multiply(g, spare, out=g)


def _sigmoid_pull(g: np.ndarray, a: np.ndarray, spare: np.ndarray) -> None:
    np.multiply(g, a, out=g)
    np.subtract(1, a, out=spare)
    np.multiply(g, spare, out=g)


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
    gemv, ger = (sgemv, sger) if dtype == np.float32 else (dgemv, dger)
    x = np.ascontiguousarray(x, dtype)
    forward, pull = IN_PLACE[network.activation]
    weights = [np.ascontiguousarray(w) for w, _ in network.parameters]
    biases = [b for _, b in network.parameters]
    columns = [w.T for w in weights]  # Fortran-ordered views: BLAS writes into the weights themselves
    values = [np.empty(w.shape[0], dtype) for w in weights]
    adjoints = [np.empty_like(v) for v in values]
    spares = [np.empty_like(v) for v in values]
    last = len(weights) - 1
    scores, error = values[last], adjoints[last]
    backward = range(last, 0, -1)
    inner = range(1, last + 1)
    layers = range(last + 1)
    maximum, subtract, exp, log = np.maximum.reduce, np.subtract, np.exp, np.log
    total = 0.0
    for n in range(len(x)) if order is None else order:
        row, label = x[n], labels[n]
        below = row
        np.dot(weights[0], row, out=values[0])
        values[0] += biases[0]
        for i in inner:
            forward(values[i - 1])
            np.dot(weights[i], values[i - 1], out=values[i])
            values[i] += biases[i]
        top = maximum(scores)
        subtract(scores, top, out=scores)
        score = scores[label]
        exp(scores, out=error)
        mass = error.sum()
        total += log(mass) - score
        error /= mass
        error[label] -= 1  # softmax(z) − y
        for i in backward:
            gemv(1.0, columns[i], adjoints[i], 0.0, adjoints[i - 1], overwrite_y=1)
            pull(adjoints[i - 1], values[i - 1], spares[i - 1])
        for i in layers:
            below = row if i == 0 else values[i - 1]
            ger(-rate, below, adjoints[i], a=columns[i], overwrite_a=1)
            adjoints[i] *= rate
            biases[i] -= adjoints[i]
    network.parameters[:] = list(zip(weights, biases, strict=True))
    return float(total) / max(len(x), 1)
