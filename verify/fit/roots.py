"""The classical way: scipy.optimize.fsolve on the square system of all residuals, restarted at random.

Powell's hybrid method needs as many equations as unknowns, 3h + 1; a data set with fewer points repeats its last
one. The Jacobian is the derived one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from time import perf_counter
from typing import Any, Literal

import numpy as np

from derive.errors import InputError
from verify.fit.derived import curve_gradients
from verify.fit.fit import VANISHED, Budget, Fit, Progress, tolerance
from verify.fit.points import Points
from verify.fit.relu_net import ReluNet
from verify.fit.scaling import Scaling

__all__ = ["Start", "fit_by_roots", "good_start", "square_system"]

Start = Literal["good", "normal"]

#: Draws from which a good start is chosen.
SCREENED = 128
#: The first trust region as a share of the start's norm. MINPACK's 100 lets the first steps leave a good start, since
#: the Jacobian is singular wherever an equation is repeated or a unit is idle.
_FACTOR, _CLASSICAL_FACTOR = 0.1, 100.0


class _OutOfTime(Exception):
    """The budget ended within a start."""


def square_system(
    x: np.ndarray, y: np.ndarray, hidden: int
) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]:
    """Return residuals and Jacobian as functions of p = (wh, bh, wo, b0), of shapes (3h+1,) and (3h+1, 3h+1)."""
    size = 3 * hidden + 1
    rows = np.minimum(np.arange(size), len(x) - 1)
    x, y = x[rows][None, :], y[rows]
    by = curve_gradients()

    def columns(p: np.ndarray) -> dict[str, Any]:
        wh, bh, wo = (part[:, None] for part in p[:-1].reshape(3, hidden))
        return {"b0": p[-1], "wo": wo, "x": x, "wh": wh, "bh": bh}

    def residuals(p: np.ndarray) -> np.ndarray:
        at = columns(p)
        return p[-1] + (at["wo"] * np.maximum(x * at["wh"] + at["bh"], 0.0)).sum(axis=0) - y

    def jacobian(p: np.ndarray) -> np.ndarray:
        at = columns(p)
        out = np.ones((size, size))
        for k, name in enumerate(("wh", "bh", "wo")):
            out[:, k * hidden : (k + 1) * hidden] = by[name](**at).T
        return out

    return residuals, jacobian


def fit_by_roots(
    points: Points,
    hidden: int,
    seed: int = 0,
    start: Start = "good",
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Restart fsolve until every residual vanishes or the budget is spent.

    `start` is "normal" for parameters from N(0, 1) in the units of the data, or "good", as `good_start`, with x and y
    in [-1, 1]. A start that the budget ends counts with where it has come to. Raises InputError where there are more
    points than unknowns.
    """
    from scipy.optimize import fsolve

    size = 3 * hidden + 1
    if len(points) > size:
        raise InputError(
            f"{points.name}: fsolve needs as many unknowns as points, but {len(points)} points stand against {size} "
            f"parameters; take --hidden {-(-(len(points) - 1) // 3)} or --method least-squares"
        )
    budget = budget or Budget()
    rng = np.random.default_rng(seed)
    scaling = Scaling(points)
    classical = start == "normal"
    x, y, unit = (points.xs, points.ys, 1.0) if classical else (scaling.u, scaling.v, scaling.unit_of_y)
    residuals, jacobian = square_system(x, y, hidden)
    # The range of y is 2 where it is scaled.
    enough = tolerance(points) if classical else 2 * VANISHED
    begin = perf_counter()
    best, least, tries, evaluations, called = np.zeros(size), np.inf, 0, 0, 0

    def watched(p: np.ndarray) -> np.ndarray:
        nonlocal best, least, called
        called += 1
        values = residuals(p)
        if perf_counter() - begin > budget.seconds:
            # The start is cut short: where it has come to counts, for want of a better one.
            largest = float(np.abs(values).max())
            if largest < least:
                best, least = p.copy(), largest
            raise _OutOfTime
        return values

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # fsolve warns of every start that stalls; stalling is what the restarts are for.
        warnings.simplefilter("ignore", RuntimeWarning)
        while least > enough and budget.allows(tries, perf_counter() - begin):
            first = rng.normal(size=size) if classical else good_start(x, y, hidden, rng)
            tries += 1
            evaluations += 0 if classical else SCREENED
            try:
                found = fsolve(
                    watched,
                    first,
                    fprime=jacobian,
                    xtol=1e-12,
                    factor=_CLASSICAL_FACTOR if classical else _FACTOR,
                )
            except _OutOfTime:
                break
            largest = float(np.abs(residuals(found)).max())
            if largest < least:
                best, least = found, largest
            if progress is not None and tries % 16 == 0:
                progress(tries, least * unit)
    net = ReluNet.from_vector(best)
    net = net if classical else scaling.network(net)
    solved = least <= enough and float(np.abs(net.residuals(points)).max()) <= tolerance(points)
    seconds = perf_counter() - begin
    evaluations += called
    return Fit(points, "fsolve", net, tries - 1, seconds, solved, evaluations, reached=least <= enough)


def good_start(x: np.ndarray, y: np.ndarray, hidden: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a start (wh, bh, wo, b0) whose kinks lie among the data.

    Kinks are uniform over the range of x, the sides that units face are random, and the outer weights are those of
    linear least squares; of SCREENED such draws the one with the least squared error is taken. Nothing else of the
    data is looked at.
    """
    kinks = rng.uniform(x[0], x[-1], (SCREENED, hidden))
    sides = rng.choice([-1.0, 1.0], (SCREENED, hidden))
    basis = np.ones((SCREENED, len(x), hidden + 1))
    np.maximum(sides[:, None, :] * (x[:, None] - kinks[:, None, :]), 0.0, out=basis[:, :, :-1])
    outer = np.linalg.pinv(basis, rcond=1e-9) @ y
    errors = np.square((basis @ outer[:, :, None])[:, :, 0] - y).sum(axis=1)
    k = int(np.argmin(errors))
    return np.concatenate([sides[k], -sides[k] * kinks[k], outer[k]])
