"""Full-batch gradient descent on the toy model, by Adam and the derived gradients.

The slowest of the four ways, and the one that large networks are trained by: a fit to zero residual is the
end-to-end check of the gradient. The rate of Adam falls geometrically.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from verify.fit.derived import curve_gradients
from verify.fit.fit import Budget, Fit, Progress
from verify.fit.network.optimisers import adam
from verify.fit.points import Points
from verify.fit.relu_net import ReluNet

__all__ = ["TRAINED", "fit_by_training"]

#: A training counts as converged below this share of the range of y; it approaches 0 but does not reach it.
TRAINED = 1e-3
STEPS = 6000
#: Starts that are trained side by side, and for how many steps before the best of them is chosen.
BATCH, _LOOK_AT = 16, 1500
#: A batch whose best mean squared error is above this share by then is given up.
_HOPELESS = 3e-3
_FIRST_RATE, _LAST_RATE = 0.1, 1e-4
_DECAY = (_LAST_RATE / _FIRST_RATE) ** (1 / STEPS)


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
    best, least, starts, restarts = np.zeros(3 * hidden + 1), np.inf, 0, 0
    losses: list[float] = []
    while least > 2 * TRAINED and budget.allows(starts, perf_counter() - begin):
        drawn = _draw(hidden, rng)
        # Most starts end in a poor local minimum. All are trained for a while, and the best one again to the end.
        early = _descend(drawn.copy(), x, y, _LOOK_AT)[-1]
        winner = int(np.argmin(early))
        p = drawn[winner : winner + 1]
        course = _descend(p, x, y, STEPS if early[winner] < _HOPELESS else _LOOK_AT)[:, 0].tolist()
        largest = float(np.abs(ReluNet.from_vector(p[0])(x) - y).max())
        if largest < least:
            best, least, losses, restarts = p[0], largest, course, starts + winner
        starts += BATCH
        if progress is not None:
            progress(starts, least * sy)
    if least > 2 * TRAINED:
        restarts = starts - 1
    wh, bh, wo = best[:-1].reshape(3, hidden)
    net = ReluNet.from_vector(np.concatenate([wh / sx, bh - wh * x0 / sx, wo * sy, [best[-1] * sy + y0]]))
    seconds = perf_counter() - begin
    in_units_of_y = tuple(loss * sy**2 for loss in losses)
    return Fit(points, "train", net, restarts, seconds, least <= 2 * TRAINED, losses=in_units_of_y)


def _draw(hidden: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a batch of starts, one a row."""
    kinks, sides = rng.uniform(-1, 1, (BATCH, hidden)), rng.choice([-1.0, 1.0], (BATCH, hidden))
    return np.hstack([sides, -sides * kinks, rng.normal(0, 1, (BATCH, hidden)), np.zeros((BATCH, 1))])


def _descend(p: np.ndarray, x: np.ndarray, y: np.ndarray, steps: int) -> np.ndarray:
    """Train every row of p in place; return the mean squared errors before every step, (steps, rows)."""
    by, row, n = curve_gradients(), x[None, :], len(x)
    hidden = p.shape[1] // 3
    gradient, step, rate = np.empty_like(p), adam(), _FIRST_RATE
    parts, slopes = _layers(p, hidden), _layers(gradient, hidden)
    losses = np.empty((steps, len(p)))
    # The derived functions take columns (h, 1) and a row (1, n); a leading axis runs over the starts.
    wh, bh, wo = (p[:, k * hidden : (k + 1) * hidden, None] for k in range(3))
    for count in range(steps):
        at = {"b0": 0.0, "wo": wo, "x": row, "wh": wh, "bh": bh}
        activations = by["wo"](**at)  # the model is linear in wo, with the activations as its gradient
        residuals = p[:, -1:] + (wo * activations).sum(axis=1) - y
        losses[count] = np.einsum("sn,sn->s", residuals, residuals) / n
        adjoint = residuals[:, :, None] * (2 / n)
        for k, slope in enumerate((by["wh"](**at), by["bh"](**at), activations)):
            gradient[:, k * hidden : (k + 1) * hidden] = (slope @ adjoint)[:, :, 0]
        gradient[:, -1] = adjoint[:, :, 0].sum(axis=1)
        step(parts, slopes, rate)
        rate *= _DECAY
    return losses


def _layers(p: np.ndarray, hidden: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return views of rows (wh, bh, wo, b0) as the (weights, bias) of two layers."""
    return [(p[:, :hidden], p[:, hidden : 2 * hidden]), (p[:, 2 * hidden : -1], p[:, -1:])]
