"""Points on both sides of every kink of the formulas, solved for rather than drawn.

A formula with |t|, sign(t) or relu(t) is another formula on each side of t = 0, and points of usual size may all lie
on one: 2 x + relu(x - 5) is 2 x there. So the argument of each kink is followed along lines (all entries of one variable,
one entry, a random direction) until it changes sign, the crossing is found by bisection, and points on the new side
are taken close to it and farther out. Inner kinks come first, and each search begins at the points found before,
so that what lies beyond two thresholds, or in a narrow window, is reached too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from random import Random
from typing import Any

import numpy as np
from sympy import Expr

from derive.errors import InputError
from derive.language.text import to_text
from verify.arithmetics.base import Undefined
from verify.arithmetics.exact import RATIONALS
from verify.evaluate import layout
from verify.points.place import Place
from verify.points.watched import Free, Watch, bends, entries, floats, kinks, rational
from verify.statement import Statement

#: How far along a line is looked: finely near usual sizes, then coarsely, up to where exp still has a value.
STEPS = [2.0**k for k in (*range(-6, 12), *range(12, 44, 4), *range(48, 208, 16), *range(-42, -6, 6))]
#: Halvings of a bracket, and how far from the crossing points are taken, as a part of it.
HALVINGS, OFFSETS = 60, (2.0**-6, 2.0**-20)
#: Single entries of one variable that are moved.
SINGLE = 6
#: Numbers evaluated after which the search ends: entries of a point times evaluations.
WORK, EVALUATION = 300_000, 100
#: What a step of a formula costs that is evaluated in balls, beside a number evaluated in the search.
LOOK = 5
#: Pairs of sides are looked for where there are no more kinks than these.
PAIRS = 6
#: The longest argument that is written out.
LONGEST = 60

#: A kink by number, and a side of it: 1 or -1.
Side = tuple[int, int]


@dataclass
class Pieces:
    """The kinks of a claim and its loss, which of their sides were visited, and the search for the others.

    `look` compares the two sides of the claim at a place, and says whether both have a value there.
    """

    statement: Statement
    claim: Expr
    sizes: Mapping[str, int]
    seed: int
    look: Callable[[Place], bool]
    visited: dict[Side, Free] = field(default_factory=dict)
    pairs: set[tuple[Side, Side]] = field(default_factory=set)

    def __post_init__(self) -> None:
        formulas = (self.statement.expr, self.claim)
        self.kinks = kinks(*formulas)
        self.bends = [b for b in bends(*formulas) if b not in self.kinks]
        self.watch = Watch(self.statement, self.sizes, tuple(self.kinks))
        self.rng = Random(f"pieces {self.seed} {sorted(self.sizes.items())}")
        self.size = EVALUATION + entries(self.statement.space, self.sizes)
        self.length = sum(len(layout(e)) for e in formulas)
        self.work = 0
        self.found: list[Free] = []

    # ------------------------------------------------------------------------------------------- what was seen

    def saw(self, place: Place) -> None:
        """Note the sides on which a place lies at which both sides of the claim have a value."""
        free = self._free(place)
        here = self._sides(free, place.flip)
        for side in here:
            self.visited.setdefault(side, free)
        self.pairs |= {(one, other) for one in here for other in here}

    def _free(self, place: Place) -> Free:
        moved = {name: place.weights[-1][x] for name, x in self.watch.directions.items()}
        return floats({**place.free, **moved})

    def _sides(self, free: Free, flip: bool = False) -> list[Side]:
        out = []
        for k, value in enumerate(self.watch.values(free, flip)):
            if value is not None:
                out += [(k, s) for s in (1, -1) if np.any(s * value > 0)]
        return out

    def unreached(self) -> list[str]:
        """Return the sides on which no point was found, in words."""
        out = []
        for k, s in product(range(len(self.kinks)), (1, -1)):
            if (k, s) not in self.visited:
                out.append(side_in_words(self.kinks[k], s))
        return out

    # --------------------------------------------------------------------------------------------- the search

    def explore(self, places: list[Place]) -> None:
        """Look at points on every side of every kink that can be reached, beginning at places seen before."""
        for place in places:
            self.saw(place)
        if not places or not (self.kinks or self.bends):
            return
        base = places[0]
        for k in range(len(self.kinks)):
            for s in (1, -1):
                if (k, s) in self.visited:
                    continue
                for start in self._starts(self._free(base)):
                    if self._visit(base, start, k, s, ()) or self._late:
                        break
            self._close(base, k)
        for b in self.bends:
            self._bend(base, b)
        if len(self.kinks) <= PAIRS:
            self._combine(base)

    @property
    def _late(self) -> bool:
        return self.work > WORK

    def _starts(self, base: Free) -> list[Free]:
        return [*reversed(self.found[-2:]), base]

    def _visit(self, base: Place, start: Free, k: int, s: int, kept: tuple[Side, ...]) -> bool:
        """Look at points on side s of kink k, on lines through a point; tell whether one was comparable."""
        one = watching(self.watch, [self.kinks[k], *(self.kinks[j] for j, _ in kept)])
        signs = (s, *(t for _, t in kept))
        for move in self._moves(start, one.names(self.kinks[k])):
            for free in self._beyond(one, start, move, signs, base.flip):
                if self._look(base, free):
                    self.found.append(free)
                    return True
            if self._late:
                break
        return False

    def _moves(self, free: Free, names: list[str]) -> Iterator[Free]:
        """Yield directions: each variable as a whole, one at random, then single entries."""
        positive = {v.name for v in self.statement.space.variables.values() if "positive" in v.kinds}
        for name in names:
            yield {name: np.ones(free[name].shape)}
        yield {
            name: np.array(
                [self.rng.uniform(0.5, 1) * (1 if name in positive else self.rng.choice((-1, 1)))
                 for _ in range(free[name].size)]
            ).reshape(free[name].shape)
            for name in names
        }  # fmt: skip
        for name in names:
            for i in self.rng.sample(range(free[name].size), min(SINGLE, free[name].size)):
                move = np.zeros(free[name].shape)
                move.reshape(-1)[i] = 1.0
                if free[name].size > 1:
                    yield {name: move}

    def _beyond(
        self, watch: Watch, start: Free, move: Free, signs: tuple[int, ...], flip: bool
    ) -> Iterator[Free]:
        """Yield points of a line at which every argument is somewhere of its sign: near the crossing, and farther."""

        def there(t: float) -> bool:
            self.work += self.size
            values = watch.values(_moved(start, move, t), flip)
            return all(v is not None and np.any(s * v > 0) for s, v in zip(signs, values, strict=True))

        for way in (1.0, -1.0):
            far = next((way * step for step in STEPS if not self._late and there(way * step)), None)
            if far is None:
                continue
            near = 0.0
            for _ in range(HALVINGS):
                middle = (near + far) / 2
                near, far = (near, middle) if there(middle) else (middle, far)
            for offset in (*OFFSETS, 0.5):
                t = far + offset * (far if far else 1.0)
                if there(t):
                    yield _moved(start, move, t)

    def _close(self, base: Place, k: int) -> None:
        """Look just beside a kink, on a line between a point on one side and one on the other."""
        if not {(k, 1), (k, -1)} <= self.visited.keys() or self._late:
            return
        a, b = self.visited[k, 1], self.visited[k, -1]
        one = watching(self.watch, [self.kinks[k]])
        value = one.values(a, base.flip)[0]
        if value is None:
            return
        entry = int(np.argmax(value))
        move = {name: b[name] - a[name] for name in a}
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            self.work += self.size
            middle = (low + high) / 2
            value = one.values(_moved(a, move, middle), base.flip)[0]
            if value is None:
                return
            low, high = (middle, high) if value.reshape(-1)[entry] > 0 else (low, middle)
        for t in (low - OFFSETS[1], high + OFFSETS[1]):
            self._look(base, _moved(a, move, t))

    def _bend(self, base: Place, argument: Expr) -> None:
        """Look beside a zero of the argument of a smooth function."""
        one = watching(self.watch, [argument])
        start = self._free(base)
        value = one.values(start, base.flip)[0]
        if value is None or self._late:
            return
        s = -1 if np.all(value > 0) else 1 if np.all(value < 0) else 0
        for move in self._moves(start, one.names(argument)) if s else ():
            points = self._beyond(one, start, move, (s,), base.flip)
            beside = [self._look(base, free) for free in points]
            if any(beside) or self._late:
                return

    def _combine(self, base: Place) -> None:
        """Look for points on each side of one kink that lie on each side of another."""
        sides = sorted(self.visited)
        for one, other in product(sides, sides):
            if one[0] != other[0] and (one, other) not in self.pairs and not self._late:
                self._visit(base, self.visited[one], *other, (one,))

    def _look(self, base: Place, free: Free) -> bool:
        self.work += LOOK * self.length
        place = self._place(base, free)
        try:
            place.values(self.statement.space, RATIONALS, check=True)
        except Undefined:
            return False
        if not self.look(place):
            return False
        self.saw(place)
        return True

    def _place(self, base: Place, free: Free) -> Place:
        start = self._free(base)
        out, last = dict(base.free), dict(base.weights[-1])
        for name, numbers in free.items():
            changed = rational(numbers)
            same = numbers == start[name]
            if name in out:
                out[name] = np.where(same, out[name], changed)
            else:
                x = self.watch.directions[name]
                last[x] = np.where(same, last[x], changed)
        return replace(base, free=out, weights=(*base.weights[:-1], last))


def watching(watch: Watch, arguments: list[Expr]) -> Watch:
    """Return the same watch over other arguments."""
    return Watch(watch.statement, watch.sizes, tuple(arguments))


def _moved(free: Free, move: Free, t: float) -> Free:
    return {name: numbers + t * move[name] if name in move else numbers for name, numbers in free.items()}


def side_in_words(argument: Expr, s: int) -> str:
    """Return a side of a kink in words: x - 5 > 0."""
    return f"{_text(argument)} {'>' if s > 0 else '<'} 0"


def _text(argument: Any) -> str:
    try:
        out = to_text(argument)
    except InputError:
        out = str(argument)
    return out if len(out) <= LONGEST else out[: LONGEST - 3] + "..."
