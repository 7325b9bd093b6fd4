"""The four ways to fit points, under their names, and their comparison."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

from derive.errors import InputError
from verify.fit.exact import ExactFit, exact_network
from verify.fit.fit import Budget, Fit, Progress
from verify.fit.points import Points
from verify.fit.rounding import straightened

__all__ = [
    "METHODS",
    "Comparison",
    "Method",
    "Shortfall",
    "Start",
    "compare",
    "fit_points",
    "shortfall",
    "usual_hidden",
]

Method = Literal["exact", "fsolve", "least-squares", "train"]
METHODS: tuple[Method, ...] = get_args(Method)
Start = Literal["good", "normal"]

#: Hidden units where nobody says how many: four as for the toy data, more where the points need more.
_FEWEST, _MOST = 4, 16
#: Hidden units at most, and those of a search in floating point times the points: its arrays must fit into memory.
MOST_UNITS, MOST_CELLS = 10_000, 200_000
#: Hidden units of fsolve at most: beyond them one factorisation of its square matrix takes more than a second.
MOST_ROOT_UNITS = 600


def fit_points(
    points: Points,
    method: Method = "exact",
    hidden: int | None = None,
    seed: int = 0,
    start: Start = "good",
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Fit a one-hidden-layer ReLU network to points.

    Without `hidden`, "exact" takes the least number of units and the other methods `usual_hidden`. `start` is for
    fsolve. The same seed gives the same network, unless the seconds of the budget cut the search short. Raises
    InputError for fewer than one unit, for fewer than "exact" needs, and as `square_system`.
    """
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}; expected one of {', '.join(METHODS)}")
    if start not in get_args(Start):
        raise InputError(f"unknown start {start!r}; expected one of {', '.join(get_args(Start))}")
    _require_units(hidden)
    if method == "exact":
        return _exact(points, hidden)
    units = usual_hidden(points, method) if hidden is None else hidden
    most = max(MOST_CELLS // len(points), 1)
    if method == "fsolve":
        most = min(most, MOST_ROOT_UNITS)
    if units > most:
        # fsolve needs a square system, for which fewer units may be too few.
        fewer = (
            f"give --hidden {most} or less, or " if method != "fsolve" or 3 * most + 1 >= len(points) else ""
        )
        raise InputError(
            f"{points.name}: {units:,} hidden units on {len(points):,} points are more than {method} can hold: "
            f"{fewer}take --method exact"
        )
    if method == "fsolve":
        from verify.fit.roots import fit_by_roots

        found = fit_by_roots(points, units, seed, start, budget, progress)
    elif method == "least-squares":
        from verify.fit.least_squares import fit_by_least_squares

        found = fit_by_least_squares(points, units, seed, budget, progress)
    else:
        from verify.fit.descent import fit_by_training

        found = fit_by_training(points, units, seed, budget, progress)
    if found.converged:
        return found
    if found.reached:
        note = (
            f"the search ended, but beside x and y so far from 0 the float64 parameters leave {found.max_residual:.3g}: "
            "subtract an offset from x or y, or use --method exact"
        )
        return dataclasses.replace(found, notes=(note,))
    least = exact_network(points)
    hint = (
        f"these points need {_needed(least)}, so {units} cannot pass through all of them"
        if least.proven > units
        else "allow more with --budget, take another --seed or more --hidden units, or use --method exact"
    )
    starts = f"{found.restarts + 1} start{'s' if found.restarts else ''}"
    note = f"not solved within the budget, after {starts} and {found.seconds:.3g} s: {hint}"
    return dataclasses.replace(found, notes=(note,))


def _require_units(hidden: int | None) -> None:
    """Raise InputError for a number of hidden units that no network has or none is fitted with."""
    if hidden is not None and hidden < 1:
        raise InputError(f"{hidden} hidden units; a network needs at least 1")
    if hidden is not None and hidden > MOST_UNITS:
        raise InputError(
            f"{hidden:,} hidden units; at most {MOST_UNITS:,} are fitted: give a smaller --hidden"
        )


def usual_hidden(points: Points, method: Method) -> int:
    """Return the number of hidden units where none is given; fsolve gets a square system."""
    usual = min(max(_FEWEST, exact_network(points).units), _MOST)
    return max(usual, -(-(len(points) - 1) // 3)) if method == "fsolve" else usual


def _exact(points: Points, hidden: int | None) -> Fit:
    found = exact_network(points)
    notes = [*found.proof(), *_up_to_rounding(found)]
    net = found.net
    if hidden is not None and hidden < found.units:
        if hidden < found.proven:
            least = "the least is" if found.minimal else "found is one of"
            raise InputError(
                f"{points.name}: no network of {_units(hidden, 'hidden ')} passes through these points: {least} "
                f"{found.units}{_left_over(found, hidden)}; take --hidden {found.units} or --method least-squares"
            )
        raise InputError(
            f"{points.name}: found a network of {_units(found.units, 'hidden ')} and none of {hidden}; take --hidden "
            f"{found.units} or --method least-squares"
        )
    if hidden is not None and hidden > found.units:
        notes.append(f"Padded to {_units(hidden)}; the added ones have weight 0.")
        net = net.padded(hidden)
    if points.merged:
        notes.append(f"{points.merged} repeated point{'s' if points.merged > 1 else ''} counted once.")
    # Its residuals are computed once, when the network is held to the points.
    return Fit(points, "exact", net, 0, found.seconds, True, 1, tuple(notes), exact=found)


def _up_to_rounding(found: ExactFit) -> list[str]:
    """Return what fewer units do, where the points were computed in float64."""
    straight = straightened(found.points)
    if straight is None or straight.y == found.points.y:
        return []
    rounded = exact_network(straight)
    if rounded.units >= found.units:
        return []
    return [
        f"The y are rounded to some 16 digits. Up to that rounding (2⁻⁵⁰ of the largest) {_units(rounded.units)} "
        f"will do: {rounded.net.formula()}"
    ]


def _units(count: int, kind: str = "") -> str:
    return f"{count:,} {kind}unit{'' if count == 1 else 's'}"


def _needed(found: ExactFit) -> str:
    return f"{'' if found.minimal else 'at least '}{_units(found.proven)}"


def _left_over(found: ExactFit, hidden: int) -> str:
    from verify.fit.minimax import least_residual

    try:
        residual = least_residual(found.points, hidden)
    except InputError:
        return ""
    return f" (with {hidden} the largest residual is at least {residual:.6g})"


@dataclasses.dataclass(frozen=True)
class Shortfall:
    """What one unit fewer than the least leaves: the largest residual of the best least-squares fit that was found,
    and the smallest one that any network of so many units has (a global optimum); None where that is not known.

    A bound is never above what a network attains: see `shortfall`.
    """

    hidden: int
    least_squares: float
    minimax: float | None

    def __str__(self) -> str:
        said = f"With {_units(self.hidden)} the least-squares fit leaves a largest residual of {self.least_squares:.6g}"
        if self.minimax is None:
            return f"{said}."
        return f"{said}; no network of {self.hidden} gets below {self.minimax:.6g}."


#: By how much of the range of y a bound and a residual that attains it may differ by rounding in a linear program.
_PROGRAMMING = 1e-6


def shortfall(points: Points, seed: int = 0) -> Shortfall | None:
    """Return what one unit fewer leaves, or None where that cannot be searched in a second or so.

    The fit that was found is a network of so many units: a computed bound above its residual is that residual where
    the two differ by rounding, and else wrong and left out.
    """
    from verify.fit.least_squares import fit_by_least_squares
    from verify.fit.minimax import least_residual

    hidden = exact_network(points).units - 1
    if hidden < 1:
        return None
    try:
        minimax: float | None = least_residual(points, hidden)
        found = fit_by_least_squares(points, hidden, seed, Budget(starts=300, seconds=2.0))
    except InputError:
        return None
    attained, spread = found.max_residual, float(max(points.y) - min(points.y))
    if minimax is not None and minimax > attained:
        minimax = attained if minimax - attained < _PROGRAMMING * spread else None
    return Shortfall(hidden, attained, minimax)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One method over several seeds: the share that succeeded, and medians over the seeds.

    `evaluations` is the work: how often the residuals of all points were computed; `fit` is the first fit that
    solved the points, or the first one.
    """

    dataset: str
    method: str
    hidden: int
    success: float
    restarts: float
    evaluations: float
    seconds: float
    max_residual: float
    fit: Fit

    def to_dict(self) -> dict[str, Any]:
        """Return the record as a JSON-ready dictionary, without the fit."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "fit"}


#: The rows of a comparison, each a method and a start: the classical fsolve beside the one that is the default.
ROWS: tuple[tuple[str, Method, Start], ...] = (
    ("exact", "exact", "good"),
    ("fsolve", "fsolve", "good"),
    ("fsolve --start normal", "fsolve", "normal"),
    ("least-squares", "least-squares", "good"),
    ("train", "train", "good"),
)


def compare(
    points: Points,
    hidden: int | None = None,
    seeds: Callable[[Method], Sequence[int]] | Sequence[int] = range(5),
    budget: Budget | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Comparison]:
    """Return every method's record on the points; `seeds` may depend on the method.

    A method that cannot be used on these points has no row. Raises InputError where none can, and for a number of
    hidden units as `fit_points`.
    """
    from statistics import median

    _require_units(hidden)
    out = []
    lack: InputError | None = None
    for name, method, start in ROWS:
        if progress is not None:
            progress(name)
        # The exact construction draws nothing: one run says all.
        drawn = [0] if method == "exact" else seeds(method) if callable(seeds) else seeds
        units = hidden if method != "exact" else None
        try:
            runs = [fit_points(points, method, units, seed, start, budget) for seed in drawn]
        except InputError as error:
            lack = error
            continue
        out.append(
            Comparison(
                points.name,
                name,
                runs[0].net.hidden,
                sum(run.converged for run in runs) / len(runs),
                median(run.restarts for run in runs),
                median(run.evaluations for run in runs),
                median(run.seconds for run in runs),
                median(run.max_residual for run in runs),
                next((run for run in runs if run.converged), runs[0]),
            )
        )
    if not out and lack is not None:
        raise lack
    return out
