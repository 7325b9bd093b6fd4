"""The gradient of an assembled network, checked by what did not make it.

The loss is written here twice more, apart from the code that trains: in NumPy for numbers that may be complex, which
differences and the complex step take; and as a formula, which the evaluator runs over balls with a dual unit. No rule
of differentiation is behind any of the three.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from derive import parse
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import Undefined
from verify.arithmetics.dual import Dual
from verify.callables.gradients import check_gradient
from verify.evaluate import Environment
from verify.fit.network.derived import LOSSES
from verify.fit.network.model import Network, Parameters, one_hot, pairs
from verify.verdict import Evidence, Verdict, Word, add_up

#: Random directions along which balls are taken, and the largest entry of one.
DIRECTIONS, _LARGEST = 4, 1 << 20
#: Off by at most so much of its size a float64 gradient agrees; off by more than the second it is wrong.
_AGREES, _WRONG = 2.0**-42, 2.0**-26


def check_network(network: Network, x: np.ndarray, labels: np.ndarray, seed: int = 0) -> Verdict:
    """Check a network's gradient by all its parameters on the rows of x (N, n), in float64, with the penalty and no dropout.

    `labels` (N,) are the numbers of the classes. The evidence is that of `check_gradient`, the complex step among it for every activation and loss, and "real
    balls": the derivative along random directions as balls, at the parameters as they are, which the network's must
    meet to within rounding. Raises InputError where x, labels and network do not fit.
    """
    network.require(x, labels)
    targets = one_hot(labels, network.layers[-1])
    loss, gradient, flat = as_functions(network, x.T, targets)
    measured = check_gradient(loss, gradient, flat, seed=seed)
    evidence = (*measured.evidence, _ball_evidence(network, gradient(flat), flat, x, targets, seed))
    return Verdict(add_up(evidence), evidence, measured.counterexample, measured.diagnosis)


def as_functions(
    network: Network, x: np.ndarray, y: np.ndarray
) -> tuple[Callable[[Any], Any], Callable[[Any], Any], np.ndarray]:
    """Return the loss and its gradient as functions of one flat vector of parameters, and that vector.

    `x` is (n, B) and `y` the targets (n_classes, B). The gradient is the network's own; the loss is written out here
    and takes complex vectors, so that the complex step applies.
    """
    shapes = [a.shape for a in network.augmented]

    def unpack(vector: Any) -> Parameters:
        ends = np.cumsum([0, *(m * n for m, n in shapes)])
        return pairs([vector[i:j].reshape(s) for (i, j), s in zip(pairwise(ends), shapes, strict=True)])

    def loss(vector: Any) -> Any:
        parameters = unpack(vector)
        z: Any = None
        for w, b in parameters:
            h = x if z is None else _ACTIVATIONS[network.activation](z)
            z = w @ h + b[:, None]
        penalty = sum((w * w).sum() for w, _ in parameters) * (0.5 * network.l2)
        return _LOSSES[network.loss](z, y).sum() / x.shape[1] + penalty

    def gradient(vector: Any) -> np.ndarray:
        moved = Network(unpack(vector), network.activation, network.loss, network.l2)
        by = moved.loss_and_gradients(x, y)[1]
        return np.concatenate([part.ravel() for w, b in by for part in (w.T, b)])

    return loss, gradient, np.concatenate([a.ravel() for a in network.augmented]).astype(float)


def _real(z: Any) -> np.ndarray:
    """Return the real parts of an array as constants, which a complex step does not follow."""
    parts: np.ndarray = np.asarray(z).real
    return parts


#: As analytic functions beside the reals. A relu is one to either side of its kink: z times a constant.
_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": lambda z: z * (_real(z) > 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "swish": lambda z: z / (1 + np.exp(-z)),
    "tanh": np.tanh,
}


def _log_sum_exp(z: Any) -> Any:
    top = _real(z).max(axis=0)  # any constant leaves the function what it is
    return np.log(np.exp(z - top).sum(axis=0)) + top


#: The losses of every column of scores z against targets y.
_LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "cross-entropy": lambda z, y: _log_sum_exp(z) - (y * z).sum(axis=0),
    "squared": lambda z, y: ((z - y) ** 2).sum(axis=0),
}


def as_formula(network: Network) -> tuple[str, str]:
    """Return the loss of one sample x against y, with the penalty, in the text language, and the shapes.

    The parameters are W_1, b_1, W_2 and so on.
    """
    layers, scores = network.layers, "x"
    shapes = [f"x: {layers[0]}", f"y: {layers[-1]}"]
    for k, (n_in, n_out) in enumerate(pairwise(layers), 1):
        scores = f"W_{k}*{scores if k == 1 else f'{network.activation}({scores})'} + b_{k}"
        shapes += [f"W_{k}: {n_out} x {n_in}", f"b_{k}: {n_out}"]
    loss = re.sub(r"\bz\b", f"({scores})", LOSSES[network.loss])
    penalty = "".join(f" + {network.l2 / 2!r}*norm2(W_{k})^2" for k in range(1, len(layers)) if network.l2)
    return loss + penalty, ", ".join(shapes)


def _ball_evidence(
    network: Network, claimed: np.ndarray, flat: np.ndarray, x: np.ndarray, y: np.ndarray, seed: int
) -> Evidence:
    """Compare the derivative along random directions, enclosed by balls, with that of a gradient in floats."""
    start = time.perf_counter()
    rng = np.random.default_rng([seed, 2])
    expr = parse(*as_formula(network)).expr
    least, most = 0.0, 0.0  # between these lies the worst relative difference
    for _ in range(DIRECTIONS):
        direction = rng.integers(-_LARGEST, _LARGEST + 1, flat.size).astype(float)
        found = sum(
            Fraction(g) * Fraction(w) for g, w in zip(claimed.tolist(), direction.tolist(), strict=True)
        )
        scale = float(np.abs(claimed) @ np.abs(direction)) or 1.0
        try:
            off = _off(expr, network, flat, direction, Fraction(found), x, y)
        except Undefined as error:
            figure = f"no value at these parameters: {error}"
            return Evidence("real balls", "inconclusive", figure, {}, time.perf_counter() - start)
        least, most = max(least, off[0] / scale), max(most, off[1] / scale)
    word: Word = "agrees" if most <= _AGREES else "refuted" if least > _WRONG else "inconclusive"
    figure = f"off by {most:.1e} of the gradient along {DIRECTIONS} random directions, at the parameters as they are"
    return Evidence("real balls", word, figure, {"relative": most}, time.perf_counter() - start)


def _off(
    expr: Any,
    network: Network,
    flat: np.ndarray,
    direction: np.ndarray,
    claimed: Fraction,
    x: np.ndarray,
    y: np.ndarray,
) -> tuple[float, float]:
    """Return bounds of how far a claimed derivative of the mean loss along a direction is from the true one."""
    balls = Balls()
    with balls.context():
        at, i = {}, 0
        for k, a in enumerate(network.augmented, 1):
            value, tangent = (
                balls.array(v[i : i + a.size].reshape(a.shape).tolist()) for v in (flat, direction)
            )
            at[f"W_{k}"] = Dual(value[:-1].T, tangent[:-1].T)
            at[f"b_{k}"] = Dual(value[-1:].T, tangent[-1:].T)
            i += a.size
        total = balls.number(0)
        for row, target in zip(x, y.T, strict=True):
            sample = {"x": balls.array(row.tolist()), "y": balls.array(target.tolist())}
            value = balls.check(Environment(balls, {**at, **sample}, {}).run(expr))
            total += value.tangent.item()
        off = abs(total / len(x) - balls.number(claimed))
        return float(off.lower()), float(off.upper())
