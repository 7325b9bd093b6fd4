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
from verify.fit.fit import Budget, Fit, Progress, tolerance
from verify.fit.points import Points
from verify.fit.relu_net import ReluNet

__all__ = ["Start", "fit_by_roots", "square_system"]

Start = Literal["good", "normal"]


def square_system(
    points: Points, hidden: int
) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]:
    """Return residuals and Jacobian as functions of p = (wh, bh, wo, b0), of shapes (3h+1,) and (3h+1, 3h+1).

    Raises InputError where there are more points than unknowns.
    """
    size = 3 * hidden + 1
    if len(points) > size:
        raise InputError(
            f"{points.name}: fsolve needs as many unknowns as points, but {len(points)} points stand against {size} "
            f"parameters; take --hidden {-(-(len(points) - 1) // 3)} or --method least-squares"
        )
    rows = np.minimum(np.arange(size), len(points) - 1)
    x, y = points.xs[rows][None, :], points.ys[rows]
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

    `start` is "normal" for parameters from N(0, 1), or "good": kinks near the turns of the data, the outer
    weights by linear least squares. Raises InputError as `square_system`.
    """
    from scipy.optimize import fsolve

    budget = budget or Budget()
    rng = np.random.default_rng(seed)
    residuals, jacobian = square_system(points, hidden)
    enough = tolerance(points)
    begin = perf_counter()
    best, least, tries = np.zeros(3 * hidden + 1), np.inf, 0
    with warnings.catch_warnings():
        # fsolve warns of every start that stalls; stalling is what the restarts are for.
        warnings.simplefilter("ignore", RuntimeWarning)
        while least > enough and budget.allows(tries, perf_counter() - begin):
            first = rng.normal(size=3 * hidden + 1) if start == "normal" else _good_start(points, hidden, rng)
            found = fsolve(residuals, first, fprime=jacobian, xtol=1e-12)
            largest = float(np.abs(residuals(found)).max())
            tries += 1
            if largest < least:
                best, least = found, largest
            if progress is not None and tries % 16 == 0:
                progress(tries, least)
    return Fit(
        points, "fsolve", ReluNet.from_vector(best), tries - 1, perf_counter() - begin, least <= enough
    )


def _good_start(points: Points, hidden: int, rng: np.random.Generator) -> np.ndarray:
    """Draw kinks near the turns of the data, the others before the first interval ends, all facing right."""
    x, y = points.xs, points.ys
    turns = np.abs(np.diff(np.diff(y) / np.diff(x)))
    places = x[1:-1][turns > 1e-9 * (turns.max(initial=0.0) or 1.0)]
    places = rng.choice(places, min(hidden, len(places)), replace=False) if len(places) else places
    gap = np.diff(x).mean()
    kinks = places + rng.normal(0.0, 0.3 * gap, len(places))
    kinks = np.sort(np.concatenate([x[0] + gap * rng.uniform(-0.5, 0.5, hidden - len(kinks)), kinks]))
    basis = np.column_stack([np.maximum(x[:, None] - kinks, 0.0), np.ones(len(x))])
    outer = np.linalg.lstsq(basis, y, rcond=None)[0]
    return np.concatenate([np.ones(hidden), -kinks, outer])
