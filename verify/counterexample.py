"""A counterexample that a person can check by hand: smallest sizes, small integer entries, exact values.

Where both sides are rational the two values are exact fractions; else they are real balls, which are disjoint.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import numpy as np
from sympy import Expr

from verify.arithmetics.balls import Balls
from verify.arithmetics.base import Abstain, Arithmetic, Array, Undefined
from verify.arithmetics.exact import RATIONALS
from verify.exact import Place, draw_weights
from verify.points import Space
from verify.statement import Statement
from verify.verdict import Counterexample

#: Entries are drawn as k/q with lowest <= k <= highest, the plainest first.
PLAIN = ((1, 2, 1), (-2, 2, 1), (-3, 3, 1), (1, 4, 2), (-3, 3, 4), (1, 9, 10))
#: Trials of a smaller entry, and seconds, after which the counterexample is small enough.
TRIALS, SECONDS = 150, 0.5


def find_counterexample(
    statement: Statement, claim: Expr, seed: int = 0, refuted_at: dict[str, int] | None = None
) -> Counterexample | None:
    """Return a reduced counterexample, checked again at the point that is shown; None where none is found.

    `refuted_at` are sizes at which the claim is known to be wrong; they are tried after the smaller ones.
    """
    search = _Search(statement, claim)
    for sizes in _small_sizes(statement.space, refuted_at or {}):
        rng = Random(f"counterexample {seed} {sorted(sizes.items())}")
        for lowest, highest, q in PLAIN:
            place = search.reduced(_plain_place(statement, sizes, rng, lowest, highest, q))
            if place is not None:
                return search.show(place)
    return None


def _small_sizes(space: Space, last: dict[str, int]) -> Iterator[dict[str, int]]:
    every = product((1, 2, 3), repeat=min(len(space.sizes), 4))
    for sizes in sorted(every, key=lambda s: (sum(s), max(s, default=0))):
        padded = [*sizes, *[2] * (len(space.sizes) - len(sizes))]
        yield dict(zip(space.sizes, padded, strict=True))
    if last:
        yield last


def _plain_place(
    statement: Statement, sizes: dict[str, int], rng: Random, lowest: int, highest: int, q: int
) -> Place:
    def number(variable: Any) -> Fraction:
        return Fraction(rng.randint(1 if "positive" in variable.kinds else lowest, highest), q)

    free = statement.space.free(sizes, number)
    return Place(sizes, free, False, draw_weights(statement, sizes, rng, 3))


class _Search:
    """Looks for the plainest point at which a claim differs from the truth."""

    def __init__(self, statement: Statement, claim: Expr) -> None:
        self.statement, self.claim = statement, claim
        self.arithmetic: Arithmetic = RATIONALS

    def difference(self, place: Place) -> tuple[Array, Array, tuple[int, int]] | None:
        """Return the true and claimed arrays and the first entry at which they differ, None if they do not."""
        try:
            place.values(self.statement.space, RATIONALS, check=True)
            true, claimed = self._both(place)
        except Undefined:
            return None
        with self.arithmetic.context():
            for i, j in np.ndindex(true.shape):
                if self._apart(true[i, j], claimed[i, j]):
                    return true, claimed, (i, j)
        return None

    def _both(self, place: Place) -> tuple[Array, Array]:
        try:
            return self._both_in(place, self.arithmetic)
        except Abstain:
            if self.arithmetic is not RATIONALS:
                raise Undefined("no value") from None
            self.arithmetic = Balls(256)
            return self._both(place)

    def _both_in(self, place: Place, arithmetic: Arithmetic) -> tuple[Array, Array]:
        with arithmetic.context():
            values = place.values(self.statement.space, arithmetic)
            claimed = self.statement.claim_value(
                self.claim, values, place.sizes, arithmetic, place.weights[-1]
            )
            true = self.statement.true_value(
                values, place.sizes, arithmetic, place.weights[-1], claimed.shape
            )
            return true, claimed

    def _apart(self, a: Any, b: Any) -> bool:
        return bool(a != b) if self.arithmetic is RATIONALS else not a.overlaps(b)

    def reduced(self, place: Place) -> Place | None:
        """Return the place with as plain entries as still tell the two apart; None if it never did."""
        if self.difference(place) is None:
            return None
        trials, end = 0, time.perf_counter() + SECONDS
        for name in sorted(place.free):
            for index in np.ndindex(place.free[name].shape):
                for plain in (Fraction(0), Fraction(1), Fraction(-1), Fraction(2)):
                    old = place.free[name][index]
                    if _plainness(plain) >= _plainness(old) or trials > TRIALS or time.perf_counter() > end:
                        break
                    entries = place.free[name].copy()
                    entries[index] = plain
                    trials += 1
                    candidate = replace(place, free={**place.free, name: entries})
                    if self.difference(candidate) is not None:
                        place = candidate
                        break
        return place

    def show(self, place: Place) -> Counterexample:
        """Return the counterexample at a place, evaluated there once more."""
        found = self.difference(place)
        assert found is not None
        true, claimed, entry = found
        statement = self.statement
        point = place.values(statement.space, RATIONALS)
        used = {name: point[name] for name in point if name in self._names()}
        if statement.kind == "differential" or (
            statement.kind == "hessian"
            and statement.is_operator(claimed.shape, statement.space.shape(statement.wrt[0], place.sizes))
        ):
            for x in statement.wrt:
                weights = RATIONALS.array(place.weights[-1][x])
                used[f"d{x}"] = statement.space.variables[x].tie(weights, RATIONALS)
        with self.arithmetic.context():
            return Counterexample(
                {name: _entries(value) for name, value in used.items()},
                entry,
                self._text(claimed[entry]),
                self._text(true[entry]),
            )

    def _names(self) -> set[str]:
        symbols = self.statement.expr.free_symbols | self.claim.free_symbols
        return {s.name for s in symbols} | set(self.statement.wrt)

    def _text(self, e: Any) -> str:
        return str(e) if self.arithmetic is RATIONALS else e.str(15)


def _plainness(q: Fraction) -> tuple[int, int, bool]:
    return q.denominator, abs(q.numerator), q < 0


def _entries(value: Array) -> Any:
    rows = [[str(e) for e in row] for row in value]
    return rows[0][0] if value.shape == (1, 1) else rows
