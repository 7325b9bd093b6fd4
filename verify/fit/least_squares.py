"""Nonlinear least squares by variable projection, many starts at a time.

For given kinks the outer weights are a linear least-squares problem, so only the h kinks are searched for: the
variable projection of Golub and Pereyra 1973, under Levenberg-Marquardt (Marquardt 1963). The Jacobian is Kaufman's
(1975): the derived slopes of the model by the kinks, projected off the span of the units. Starts are uniform over the
range of x and look at nothing else of the data. A start that stalls is replaced by a fresh one.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from verify.fit.derived import curve_gradients
from verify.fit.fit import VANISHED, Budget, Fit, Progress, tolerance
from verify.fit.points import Points
from verify.fit.relu_net import ReluNet
from verify.fit.scaling import Scaling

__all__ = ["fit_by_least_squares"]

#: Starts that run side by side: enough that linear algebra outweighs the interpreter.
BATCH = 16
#: A start is given up when its damping grows beyond this, or when a step gains less than this share.
_STUCK, _GAIN = 1e6, 1e-3


def fit_by_least_squares(
    points: Points,
    hidden: int,
    seed: int = 0,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Search for kinks until every residual vanishes or the budget is spent; then the best fit so far is kept."""
    budget = budget or Budget(seconds=10.0)
    begin = perf_counter()
    scaling = Scaling(points)
    # More kinks than a line through all points allows would only make the linear problem singular.
    units = min(hidden, len(points) - 1)
    search = _Search(scaling.u, scaling.v, units, np.random.default_rng(seed))
    # The range of y is 2 where it is scaled.
    while search.least > 2 * VANISHED and budget.allows(search.starts, perf_counter() - begin):
        search.step()
        if progress is not None:
            progress(search.starts, search.least * scaling.unit_of_y)
    seconds = perf_counter() - begin
    net = scaling.network(search.network()).padded(hidden)
    solved = float(np.abs(net.residuals(points)).max()) <= tolerance(points)
    restarts = max(search.starts - BATCH, 0)
    reached = search.least <= 2 * VANISHED
    return Fit(points, "least-squares", net, restarts, seconds, solved, search.evaluations, reached=reached)


class _Search:
    """The state of a batch of B starts: kinks (B, h), sides (B, h) of ±1, damping (B, 1).

    `evaluations` counts the residual vectors that were computed.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, hidden: int, rng: np.random.Generator) -> None:
        self.x, self.y, self.rng = x, y, rng
        self.hidden, self.starts, self.evaluations = hidden, 0, 0
        self.kinks, self.sides = self._draw(BATCH)
        self.damping = np.full((BATCH, 1), 1e-2)
        self.linear = self._project(self.kinks, self.sides)
        self.least, self.best_cost = np.inf, np.inf
        self.best: tuple[np.ndarray, np.ndarray, np.ndarray] = (
            self.kinks[0],
            self.sides[0],
            np.zeros(hidden + 1),
        )
        self._keep_best()

    def _draw(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        self.starts += count
        kinks = self.rng.uniform(self.x[0], self.x[-1], (count, self.hidden))
        return kinks, self.rng.choice([-1.0, 1.0], (count, self.hidden))

    def _project(self, kinks: np.ndarray, sides: np.ndarray) -> tuple[np.ndarray, ...]:
        """Solve for the outer weights; return Q (B, n, h+1), weights (B, h+1), residuals (B, n)."""
        self.evaluations += len(kinks)
        z = sides[:, None, :] * (self.x[:, None] - kinks[:, None, :])
        basis = np.ones((*z.shape[:2], self.hidden + 1))
        np.maximum(z, 0.0, out=basis[:, :, 1:])
        q, r = np.linalg.qr(basis)
        # A unit that is active nowhere, or twice the same, has a vanishing pivot: it gets no weight.
        diagonal = np.einsum("bii->bi", r)
        diagonal[np.abs(diagonal) < 1e-9 * np.abs(r).max(axis=(1, 2))[:, None]] = np.inf
        onto = np.einsum("bnk,n->bk", q, self.y)
        weights = _back_substitute(r, onto)
        residuals = (basis @ weights[:, :, None])[:, :, 0] - self.y
        return q, weights, residuals

    def step(self) -> None:
        """Take one damped step in every start, accept those that gain, and redraw those that are stuck."""
        residuals = self.linear[2]
        jacobian = self._jacobian()
        normal = jacobian.transpose(0, 2, 1) @ jacobian
        right = (jacobian.transpose(0, 2, 1) @ residuals[:, :, None])[:, :, 0]
        diagonal = np.einsum("bii->bi", normal)
        diagonal += self.damping * diagonal + 1e-300 + 1e-12 * diagonal.max(axis=1, keepdims=True)
        kinks = self.kinks - np.linalg.solve(normal, right[:, :, None])[:, :, 0]
        trial = self._project(kinks, self.sides)
        before, after = (np.einsum("bn,bn->b", r, r) for r in (residuals, trial[2]))
        gained = after < before
        self.kinks = np.where(gained[:, None], kinks, self.kinks)
        self.linear = tuple(
            np.where(gained.reshape(-1, *[1] * (new.ndim - 1)), new, old)
            for new, old in zip(trial, self.linear, strict=True)
        )
        self.damping = np.where(gained[:, None], self.damping / 10, self.damping * 8)
        self._keep_best()
        stuck = np.where(gained, (after > before * (1 - _GAIN)), self.damping[:, 0] > _STUCK)
        if stuck.any():
            self._redraw(np.flatnonzero(stuck))

    def _jacobian(self) -> np.ndarray:
        """Return Kaufman's Jacobian of the residuals by the kinks, (B, n, h).

        Its transpose times the residuals is the gradient of half their squared norm, the outer weights solved for:
        the term that Kaufman leaves out is orthogonal to the residuals.
        """
        q, weights, _ = self.linear
        slope = self._slopes(weights)
        return slope - q @ (q.transpose(0, 2, 1) @ slope)

    def _slopes(self, weights: np.ndarray) -> np.ndarray:
        """Return the derivatives of the model by the kinks, (B, n, h), from the derived one by bh = -side·kink."""
        sides = self.sides[:, :, None]
        by_bias = curve_gradients()["bh"](
            b0=0.0, wo=weights[:, 1:, None], x=self.x, wh=sides, bh=-sides * self.kinks[:, :, None]
        )
        return (-sides * by_bias).transpose(0, 2, 1)

    def _redraw(self, which: np.ndarray) -> None:
        self.kinks[which], self.sides[which] = self._draw(len(which))
        self.damping[which] = 1e-2
        fresh = self._project(self.kinks[which], self.sides[which])
        for old, new in zip(self.linear, fresh, strict=True):
            old[which] = new

    def _keep_best(self) -> None:
        largest = np.abs(self.linear[2]).max(axis=1)
        costs = np.einsum("bn,bn->b", self.linear[2], self.linear[2])
        k = int(np.argmin(costs))
        if costs[k] < self.best_cost:
            self.best_cost, self.least = float(costs[k]), float(largest[k])
            self.best = (self.kinks[k].copy(), self.sides[k].copy(), self.linear[1][k].copy())

    def network(self) -> ReluNet:
        """Return the best network so far."""
        kinks, sides, weights = self.best
        return ReluNet.from_vector(np.concatenate([sides, -sides * kinks, weights[1:], weights[:1]]))


def _back_substitute(r: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve r·w = right for upper triangular r of shape (B, k, k); an infinite pivot gives a weight of 0."""
    out = np.zeros_like(right)
    for k in range(right.shape[1] - 1, -1, -1):
        known = np.einsum("bj,bj->b", r[:, k, k + 1 :], out[:, k + 1 :])
        out[:, k] = (right[:, k] - known) / r[:, k, k]
    return out
