"""The least largest residual that a given number of hidden units leaves: a certificate that fewer do not fit.

On finitely many points a unit wo·relu(wh·x + bh) is a line on the points beyond its kink and 0 on the others.
Fix, for every unit, the interval between neighbouring points that holds its kink, the side on which it is
active, and the sign of its slope there: what is left, the least largest residual, is a linear program (a minimax
fit; Boyd and Vandenberghe, Convex Optimization, section 6.1). Branch and bound over these choices finds the
global optimum: the straight-line fits between the chosen kinks, then the program without the sign constraints,
bound every branch from below.
"""

from __future__ import annotations

from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np

from derive.errors import InputError
from verify.fit.points import Points
from verify.fit.scaling import Scaling

__all__ = ["least_residual"]

#: The number of choices of intervals that are looked at; more is refused.
LIMIT = 5_000
#: What `linprog` says where no choice of parameters meets the constraints.
_INFEASIBLE = 2


def least_residual(points: Points, hidden: int) -> float:
    """Return the least possible max_i |f(x_i) - y_i| over all networks with that many hidden units.

    Float64 linear programs (HiGHS) on x and y in [-1, 1]; the answer is good to about 1e-7 of the range of y. Raises
    InputError where the number of cases is beyond what can be searched, or a program could not be solved.
    """
    from math import comb

    n = len(points)
    if comb(n - 1 + hidden, hidden) > LIMIT:
        raise InputError(
            f"{points.name}: too many ways to place {hidden} kink{'s' if hidden > 1 else ''} among {n} points to "
            "search them all"
        )
    scaling = Scaling(points)
    return _least(scaling.u, scaling.v, hidden) * scaling.unit_of_y


def _least(x: np.ndarray, y: np.ndarray, hidden: int) -> float:
    n = len(x)
    lines = _line_residuals(x, y)
    # Interval -1: the kink lies outside, so that the unit is a line on all points.
    choices = []
    for cells in combinations_with_replacement(range(-1, n - 1), hidden):
        cuts = sorted({c + 1 for c in cells if c >= 0})
        groups = zip([0, *cuts], [*cuts, n], strict=True)
        choices.append((max(lines[a, b - 1] for a, b in groups), cells))
    choices.sort()
    best = float(lines[0, n - 1])
    for bound, cells in choices:
        if bound >= best - 1e-12:
            break
        inside = [c for c in cells if c >= 0]
        for sides in product((1, -1), repeat=len(inside)):
            if any(c == d and s < t for (c, s), (d, t) in zip(*_neighbours(inside, sides), strict=True)):
                continue  # the same two units in the other order
            free = -1 in cells
            if _solve(x, y, inside, sides, None, free) >= best - 1e-12:
                continue
            for signs in product((1, -1), repeat=len(inside)):
                best = min(best, _solve(x, y, inside, sides, signs, free))
    return best


def _neighbours(cells: list[int], sides: tuple[int, ...]) -> tuple[list[Any], list[Any]]:
    pairs = list(zip(cells, sides, strict=True))
    return pairs[:-1], pairs[1:]


def _line_residuals(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return E[a, b], the least largest residual of a straight line on the points a..b (included).

    It is the largest over all triples of points: the line that alternates on i < j < k has the residual
    |y_j - chord_ik(x_j)| / 2 (Chebyshev's alternation).
    """
    n = len(x)
    out = np.zeros((n, n))
    for a in range(n - 2, -1, -1):
        for b in range(a + 2, n):
            inner = slice(a + 1, b)
            chord = y[a] + (y[b] - y[a]) * (x[inner] - x[a]) / (x[b] - x[a])
            here = np.abs(y[inner] - chord).max() / 2
            out[a, b] = max(here, out[a + 1, b], out[a, b - 1])
    return out


def _solve(
    x: np.ndarray,
    y: np.ndarray,
    cells: list[int],
    sides: tuple[int, ...],
    signs: tuple[int, ...] | None,
    free_line: bool,
) -> float:
    """Solve the linear program for b0, (slope, offset) of every unit, the slope of a line, and the residual."""
    from scipy.optimize import linprog

    n, h = len(x), len(cells)
    columns = [np.ones(n)]
    for c, side in zip(cells, sides, strict=True):
        active = np.arange(n) > c if side > 0 else np.arange(n) <= c
        columns += [np.where(active, x, 0.0), active.astype(float)]
    if free_line:
        columns.append(x)
    a = np.column_stack(columns)
    ones = np.ones((n, 1))
    rows = [np.hstack([a, -ones]), np.hstack([-a, -ones])]
    right = [y, -y]
    if signs is not None:
        # sign·(slope·x + offset) is ≥ 0 at the first active point and ≤ 0 at the last inactive one.
        extra = np.zeros((2 * h, a.shape[1] + 1))
        for k, (c, side, sign) in enumerate(zip(cells, sides, signs, strict=True)):
            on, off = (x[c + 1], x[c]) if side > 0 else (x[c], x[c + 1])
            extra[2 * k, 1 + 2 * k : 3 + 2 * k] = -sign * on, -sign
            extra[2 * k + 1, 1 + 2 * k : 3 + 2 * k] = sign * off, sign
        rows.append(extra)
        right.append(np.zeros(2 * h))
    objective = np.zeros(a.shape[1] + 1)
    objective[-1] = 1.0
    found = linprog(
        objective, A_ub=np.vstack(rows), b_ub=np.concatenate(right), bounds=(None, None), method="highs"
    )
    if found.status == _INFEASIBLE:
        return float("inf")
    if found.status != 0 or found.fun is None:
        raise InputError(
            "a linear program of the least residual was not solved: its answer would be no bound"
        )
    return float(found.fun)
