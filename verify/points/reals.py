"""Random real points at which formulas have a value: drawn, and mended entry by entry where they have none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import numpy as np
from sympy import Expr

from verify.arithmetics.base import Undefined
from verify.arithmetics.exact import RATIONALS
from verify.points.drawn import STYLES, PointSpace
from verify.points.place import Place, draw_weights
from verify.points.watched import Free, Watch, domain, entries, floats, rational, violated
from verify.statement import Statement

#: How many points of each style are tried.
TRIES = 6
#: Single entries that are moved to mend a point, and the numbers evaluated after which that is given up; what an
#: evaluation costs besides.
MOVES, WORK = 200, 60_000
EVALUATION = 100
#: Points that could not be mended, after which no more are tried.
HOPELESS = 2

#: What may be done to entries, the least change first.
CHANGES: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda x: -x,
    lambda x: x / 4,
    lambda x: x / 64,
    lambda x: 4 * x,
)
WHOLE: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda x: np.abs(x),
    lambda x: -np.abs(x),
    *CHANGES[1:],
)


def real_places(
    space: PointSpace,
    statement: Statement,
    sizes: dict[str, int],
    seed: int,
    tries: int = TRIES,
    claim: Expr | None = None,
) -> Iterator[Place]:
    """Yield random rational points, the generic ones first, so many of each style.

    Generic points outside the domain of the expression or the claim are moved into it, as few entries as possible: a
    logarithm of one variable says nothing of the signs of the others.
    """
    rng = Random(f"reals {seed} {sorted(sizes.items())}")
    watch = Watch(statement, sizes, tuple(domain(statement.expr, *([] if claim is None else [claim]))))
    hopeless = 0
    for style in range(len(STYLES)):
        for i in range(tries):
            free = space.draw(sizes, rng, style)
            place = Place(sizes, free, i % 2 == 1, draw_weights(statement, sizes, rng, 100), style)
            if style == 0 and watch.arguments and hopeless < HOPELESS:
                place, mended = _mended(watch, place, Random(f"mend {seed} {i}"))
                hopeless += not mended
            try:
                place.values(space, RATIONALS, check=True)
            except Undefined:
                continue
            yield place


def _mended(watch: Watch, place: Place, rng: Random) -> tuple[Place, bool]:
    """Return a place moved to where all watched arguments are positive, and whether that succeeded."""
    free, flip = floats(place.free), place.flip
    size = EVALUATION + entries(watch.statement.space, watch.sizes)
    left = WORK

    def better(other: Free, than: float) -> float | None:
        nonlocal left
        left -= size
        found = _count(watch, other, flip)
        return found if found < than else None

    bad = start = _count(watch, free, flip)
    while bad and left > 0:
        for changed in _changes(watch, free, flip, rng):
            found = better(changed, bad)
            if found is not None:
                free, bad = changed, found
                break
            if left <= 0:
                break
        else:
            break
    if bad or not start:
        return place, not bad
    before = floats(place.free)
    moved = {
        name: np.where(free[name] == before[name], numbers, rational(free[name]))
        for name, numbers in place.free.items()
    }
    return Place(place.sizes, moved, flip, place.weights, place.style), True


def _count(watch: Watch, free: Free, flip: bool) -> float:
    """Return how many entries of the watched arguments are not positive, and how far they are from it."""
    total = 0.0
    for value, bad in zip(values := watch.values(free, flip), violated(values), strict=True):
        if value is None:
            total += 1000.0
        elif np.any(bad):
            depth = np.where(np.isfinite(value[bad]), -value[bad], 1e6)
            total += float(np.sum(1 + depth / (1 + depth)))
    return total


def _changes(watch: Watch, free: Free, flip: bool, rng: Random) -> Iterator[Free]:
    """Yield other points: entries that stand where a value is not positive, then single ones, then whole variables."""
    names = {name for argument in watch.arguments for name in watch.names(argument) if name in free}
    for argument, bad in zip(watch.arguments, violated(watch.values(free, flip)), strict=True):
        if not np.any(bad):
            continue
        for name in watch.names(argument):
            if name in free and free[name].shape == bad.shape:
                for change in CHANGES:
                    yield {**free, name: np.where(bad, change(free[name]), free[name])}
    single = [(name, i) for name in sorted(names) for i in range(free[name].size)]
    for name, i in rng.sample(single, min(len(single), MOVES)):
        for change in CHANGES:
            moved = free[name].copy()
            moved.reshape(-1)[i] = change(moved.reshape(-1)[i])
            yield {**free, name: moved}
    for name in sorted(names):
        for change in WHOLE:
            yield {**free, name: change(free[name])}
