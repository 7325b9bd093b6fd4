"""Full-batch gradient descent on the toy model, by Adam and the derived gradients.

The slowest of the four ways, and the one that large networks are trained by: a fit to zero residual is the
end-to-end check of the gradient, and is held to the same tolerance as the other ways. The rate of Adam falls
geometrically.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from verify.fit.derived import curve_gradients, loss_gradient
from verify.fit.fit import VANISHED, Budget, Fit, Progress, tolerance
from verify.fit.network.optimisers import adam
from verify.fit.points import Points
from verify.fit.relu_net import ReluNet
from verify.fit.scaling import Scaling

__all__ = ["fit_by_training"]

STEPS = 12_000
#: Starts that are trained side by side, and for how many steps before the best of them is chosen.
BATCH, _LOOK_AT = 16, 1500
#: A batch whose best mean squared error is above this share by then is given up.
_HOPELESS = 3e-3
_FIRST_RATE, _LAST_RATE = 0.1, 1e-4
#: How many steps apart the clock is looked at.
_CLOCK = 50
_DECAY = (_LAST_RATE / _FIRST_RATE) ** (1 / STEPS)


def fit_by_training(
    points: Points,
    hidden: int,
    seed: int = 0,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Train from random starts until one has learned the points or the budget is spent; the best one is kept.

    The training sees x and y in [-1, 1]; starts have kinks that are uniform over the range of x.
    """
    budget = budget or Budget(seconds=30.0)
    rng = np.random.default_rng(seed)
    scaling = Scaling(points)
    x, y = scaling.u, scaling.v
    begin = perf_counter()
    deadline = begin + budget.seconds
    best, least, starts, restarts, evaluations = np.zeros(3 * hidden + 1), np.inf, 0, 0, 0
    losses: list[float] = []
    # The range of y is 2 where it is scaled.
    enough = 2 * VANISHED
    while least > enough and budget.allows(starts, perf_counter() - begin):
        drawn = _draw(hidden, rng)
        # Most starts end in a poor local minimum. All are trained for a while, and the best one again to the end.
        looked = _descend(drawn.copy(), x, y, _LOOK_AT, deadline)
        early = looked[-1]
        winner = int(np.argmin(early))
        p = drawn[winner : winner + 1]
        steps = STEPS if early[winner] < _HOPELESS else _LOOK_AT
        course = _descend(p, x, y, steps, deadline)[:, 0].tolist()
        largest = float(np.abs(ReluNet.from_vector(p[0])(x) - y).max())
        if largest < least:
            best, least, losses, restarts = p[0], largest, course, starts + winner
        starts += BATCH
        evaluations += looked.size + len(course)
        if progress is not None:
            progress(starts, least * scaling.unit_of_y)
    if least > enough:
        restarts = starts - 1
    net = scaling.network(ReluNet.from_vector(best))
    reached = least <= enough
    return Fit(
        points,
        "train",
        net,
        restarts,
        perf_counter() - begin,
        reached and float(np.abs(net.residuals(points)).max()) <= tolerance(points),
        evaluations,
        losses=tuple(losses),
        reached=reached,
    )


def _draw(hidden: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a batch of starts, one a row."""
    kinks, sides = rng.uniform(-1, 1, (BATCH, hidden)), rng.choice([-1.0, 1.0], (BATCH, hidden))
    return np.hstack([sides, -sides * kinks, rng.normal(0, 1, (BATCH, hidden)), np.zeros((BATCH, 1))])


def _descend(p: np.ndarray, x: np.ndarray, y: np.ndarray, steps: int, deadline: float = np.inf) -> np.ndarray:
    """Train every row of p in place; return the mean squared errors before every step, (steps, rows).

    Training ends early when the residuals of a row vanish or the clock passes the deadline.
    """
    gradient, step, rate = np.empty_like(p), adam(), _FIRST_RATE
    losses = np.empty((steps, len(p)))
    vanished = (2 * VANISHED) ** 2 / len(x)  # no residual is larger than the root of the sum of their squares
    for count in range(steps):
        if count % _CLOCK == 1 and perf_counter() > deadline:
            return losses[:count]
        losses[count] = _losses(p, x, y, gradient)
        if losses[count].min() <= vanished:
            return losses[: count + 1]
        step([p], [gradient], rate)
        rate *= _DECAY
    return losses


def _losses(p: np.ndarray, x: np.ndarray, y: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Return the mean squared error of every row of p, (starts,); write its gradient by p into `gradient`.

    The gradients of the squared error by the values and of the model by wh, bh and wo are the derived ones; the chain
    rule joins them, a product for every parameter. By b0 the model has the slope 1.
    """
    by, n, hidden = curve_gradients(), len(x), p.shape[1] // 3
    # The derived functions take columns (h, 1) and a row (1, n); a leading axis runs over the starts.
    wh, bh, wo = (p[:, k * hidden : (k + 1) * hidden, None] for k in range(3))
    at = {"b0": 0.0, "wo": wo, "x": x[None, :], "wh": wh, "bh": bh}
    activations = by["wo"](**at)  # the model is linear in wo, with the activations as its gradient
    values = p[:, -1:] + (wo * activations).sum(axis=1)
    residuals = values - y
    adjoint = loss_gradient()(z=values, y=y)[:, :, None] / n
    for k, slope in enumerate((by["wh"](**at), by["bh"](**at), activations)):
        gradient[:, k * hidden : (k + 1) * hidden] = (slope @ adjoint)[:, :, 0]
    gradient[:, -1] = adjoint[:, :, 0].sum(axis=1)
    losses: np.ndarray = np.einsum("sn,sn->s", residuals, residuals) / n
    return losses
