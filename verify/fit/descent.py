"""Full-batch gradient descent on the toy model, by Adam and the derived gradients.

The slowest of the four ways, and the one that large networks are trained by: a fit to zero residual is the
end-to-end check of the gradient. Adam: Kingma and Ba 2015, algorithm 1; the rate falls geometrically.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from verify.fit.derived import curve_gradients
from verify.fit.fit import Budget, Fit, Progress
from verify.fit.points import Points
from verify.fit.relu_net import ReluNet

__all__ = ["TRAINED", "fit_by_training"]

#: A training counts as converged below this share of the range of y; it approaches 0 but does not reach it.
TRAINED = 1e-3
STEPS = 6000
#: A start whose mean squared error is above this share after so many steps is given up.
_HOPELESS, _LOOK_AT = 3e-3, 1500
_FIRST_RATE, _LAST_RATE = 0.1, 1e-4
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8


def fit_by_training(
    points: Points,
    hidden: int,
    seed: int = 0,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Train from random starts until one has learned the points or the budget is spent; the best one is kept.

    x and y are brought to [-1, 1] for the training and the parameters are scaled back. Starts have kinks that are
    uniform over the range of x.
    """
    budget = budget or Budget(seconds=30.0)
    rng = np.random.default_rng(seed)
    x0, sx = (points.xs[0] + points.xs[-1]) / 2, (points.xs[-1] - points.xs[0]) / 2
    y0, sy = (points.ys.max() + points.ys.min()) / 2, float(np.ptp(points.ys)) / 2 or 1.0
    x, y = (points.xs - x0) / sx, (points.ys - y0) / sy
    begin = perf_counter()
    best, least, tries = np.zeros(3 * hidden + 1), np.inf, 0
    losses: list[float] = []
    while least > 2 * TRAINED and budget.allows(tries, perf_counter() - begin):
        kinks, sides = rng.uniform(-1, 1, hidden), rng.choice([-1.0, 1.0], hidden)
        start = np.concatenate([sides, -sides * kinks, rng.normal(0, 1, hidden), [0.0]])
        found, course, largest = _descend(start, x, y)
        tries += 1
        if largest < least:
            best, least, losses = found, largest, course
        if progress is not None:
            progress(tries, least * sy)
    wh, bh, wo = best[:-1].reshape(3, hidden)
    net = ReluNet.from_vector(np.concatenate([wh / sx, bh - wh * x0 / sx, wo * sy, [best[-1] * sy + y0]]))
    seconds = perf_counter() - begin
    in_units_of_y = tuple(loss * sy**2 for loss in losses)
    return Fit(points, "train", net, tries - 1, seconds, least <= 2 * TRAINED, losses=in_units_of_y)


def _descend(p: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, list[float], float]:
    """Return the trained parameters, the mean squared error before every step, and the largest residual."""
    by, row, n = curve_gradients(), x[None, :], len(x)
    hidden = len(p) // 3
    gradient, mean, square = np.empty_like(p), np.zeros_like(p), np.zeros_like(p)
    decay = (_LAST_RATE / _FIRST_RATE) ** (1 / STEPS)
    rate, losses = _FIRST_RATE, []
    for step in range(1, STEPS + 1):
        wh, bh, wo = (part[:, None] for part in p[:-1].reshape(3, hidden))
        at = {"b0": p[-1], "wo": wo, "x": row, "wh": wh, "bh": bh}
        activations = by["wo"](**at)  # the model is linear in wo, with the activations as its gradient
        residuals = p[-1] + wo[:, 0] @ activations - y
        losses.append(float(residuals @ residuals) / n)
        adjoint = residuals * (2 / n)
        gradient[:hidden] = by["wh"](**at) @ adjoint
        gradient[hidden : 2 * hidden] = by["bh"](**at) @ adjoint
        gradient[2 * hidden : -1] = activations @ adjoint
        gradient[-1] = adjoint.sum()
        mean += (1 - _BETA1) * (gradient - mean)
        square += (1 - _BETA2) * (gradient * gradient - square)
        p = p - rate * (mean / (1 - _BETA1**step)) / (np.sqrt(square / (1 - _BETA2**step)) + _EPSILON)
        rate *= decay
        if step == _LOOK_AT and losses[-1] > _HOPELESS:
            break
    final = ReluNet.from_vector(p)(x) - y
    return p, losses, float(np.abs(final).max())
