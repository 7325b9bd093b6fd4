"""A counterexample that a person can check by hand: smallest sizes, small integer entries, exact values.

Where both sides are rational the two values are exact fractions; else they are real balls, which are disjoint.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice, product
from random import Random
from typing import Any

import numpy as np
from flint import arb
from sympy import Expr

from derive.operations import unknown_functions
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import Abstain, Arithmetic, Array, OutsideDomain, Undefined, Unknown
from verify.arithmetics.exact import RATIONALS
from verify.evaluate import Environment, coefficients, is_coefficients, layout, polynomial, size_of
from verify.methods.exact import REACH, reach, sides
from verify.points.drawn import PointSpace
from verify.points.pieces import Pieces
from verify.points.place import Place, draw_weights
from verify.points.reals import real_places
from verify.statement import Statement, within
from verify.verdict import Counterexample

#: Entries are drawn as k/q with lowest <= k <= highest, the plainest first.
PLAIN = ((1, 2, 1), (-2, 2, 1), (-3, 3, 1), (1, 4, 2), (-3, 3, 4), (1, 9, 10))
#: Trials of a plainer point after which the counterexample is plain enough; fewer where the point has so many
#: entries that all trials together would evaluate more than this.
TRIALS, ENTRIES = 150, 20_000
#: Assignments of sizes at which points beyond a kink are solved for, and the points where that begins.
SOLVED, STARTS = 3, 4
#: The longest exact value that is written out.
LONGEST = 40
#: The number of entries from which on an array is described rather than written out.
LARGE = 100


def find_counterexample(
    statement: Statement,
    claim: Expr,
    seed: int = 0,
    refuted_at: dict[str, int] | None = None,
    arithmetic: Arithmetic = RATIONALS,
) -> Counterexample | None:
    """Return a reduced counterexample, checked again at the point that is shown; None where none is found.

    `refuted_at` are sizes at which the claim is known to be wrong; they are tried after the smaller ones. What the
    rationals cannot say is left to balls, and so is all else if that is the `arithmetic`.
    """
    search = _Search(statement, claim, arithmetic)
    top = reach(statement, claim)
    far = ((-REACH, REACH, 1), (-top, top, 1), (-REACH, REACH, 4 * top))
    found = search.plainest((*PLAIN, *far), seed, refuted_at or {})
    return found or _on_another_piece(search, seed, refuted_at or {})


def outside_domain(
    statement: Statement, claim: Expr, place: Place, needed: tuple[Expr, ...] = ()
) -> Array | None:
    """Return the true side at a place where the claim has no value, for certain; None where there is no such gap.

    What else is `needed` to be positive is what the claim's text shows and its expression does not.
    """
    balls = Balls(256)
    try:
        place.values(statement.space, RATIONALS, check=True)
        with balls.context():
            values = place.values(statement.space, balls)
            try:
                within(needed, values, place.sizes, balls)
                statement.claimed_side(claim, values, place.sizes, balls, *place.weights)
            except OutsideDomain:
                return statement.true_side(values, place.sizes, balls, *place.weights)
    except (Undefined, Abstain):
        pass
    return None


def find_gap(
    statement: Statement,
    claim: Expr,
    seed: int = 0,
    seen_at: dict[str, int] | None = None,
    needed: tuple[Expr, ...] = (),
) -> Counterexample | None:
    """Return a plain point at which the truth has a value and the claim has none; None where none is found."""
    search, sizes = _Gaps(statement, claim, needed), seen_at or {}
    found = search.plainest(PLAIN, seed, sizes)
    for place in (
        real_places(statement.space, statement, sizes, seed) if seen_at is not None and found is None else ()
    ):
        reduced = search.reduced(place)
        found = search.show(reduced) if reduced is not None else None
        if found is not None:
            break
    return found


def find_without_value(
    statement: Statement,
    claim: Expr,
    hollow: Callable[[dict[str, int]], bool],
    seed: int = 0,
    seen_at: dict[str, int] | None = None,
) -> Counterexample | None:
    """Return a plain point at sizes at which the claim has no value, as `hollow` tells, though the truth has one there."""
    return _Hollow(statement, claim, hollow).plainest(PLAIN, seed, seen_at or {})


def _on_another_piece(search: _Search, seed: int, last: dict[str, int]) -> Counterexample | None:
    """Return a counterexample beyond a kink that points of usual size do not cross."""
    statement, claim = search.statement, search.claim
    for sizes in islice(_small_sizes(statement.space, last), SOLVED):
        places = list(islice(real_places(statement.space, statement, sizes, seed, claim=claim), STARTS))
        apart: list[Place] = []

        def look(place: Place, apart: list[Place] = apart) -> bool:
            if search.sides(place) is not None:
                apart.append(place)
            return True

        Pieces(statement, claim, sizes, seed, look).explore(places)
        for found in (search.show(place) for place in filter(None, map(search.reduced, apart[:1]))):
            if found is not None:
                return found
    return None


def _small_sizes(space: PointSpace, last: dict[str, int]) -> Iterator[dict[str, int]]:
    every = product((1, 2, 3), repeat=min(len(space.sizes), 4))
    for sizes in sorted(every, key=lambda s: (sum(s), max(s, default=0))):
        padded = [*sizes, *[2] * (len(space.sizes) - len(sizes))]
        yield space.fitting(dict(zip(space.sizes, padded, strict=True)))
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

    def __init__(self, statement: Statement, claim: Expr, arithmetic: Arithmetic) -> None:
        self.statement, self.claim, self.arithmetic = statement, claim, arithmetic

    def plainest(
        self, ranges: tuple[tuple[int, int, int], ...], seed: int, last: dict[str, int]
    ) -> Counterexample | None:
        """Return a counterexample with entries k/q drawn from ranges (lowest k, highest k, q), the smallest sizes first."""
        for sizes in _small_sizes(self.statement.space, last):
            rng = Random(f"counterexample {seed} {sorted(sizes.items())}")
            for lowest, highest, q in ranges:
                place = self.reduced(_plain_place(self.statement, sizes, rng, lowest, highest, q))
                found = self.show(place) if place is not None else None
                if found is not None:
                    return found
        return None

    def sides(self, place: Place) -> tuple[Array, Array] | None:
        """Return both sides where they differ, None where they do not, or where one has no value."""
        try:
            place.values(self.statement.space, RATIONALS, check=True)
            try:
                true, claimed = sides(self.statement, self.claim, place, self.arithmetic)
            except Abstain:
                if self.arithmetic is not RATIONALS:
                    return None
                self.arithmetic = Balls(256)
                true, claimed = sides(self.statement, self.claim, place, self.arithmetic)
        except (Undefined, Abstain):
            return None
        with self.arithmetic.context():
            return (true, claimed) if any(self._apart(true, claimed)) else None

    def _apart(self, true: Array, claimed: Array) -> list[bool]:
        pairs = zip(true.reshape(-1), claimed.reshape(-1), strict=True)
        return [bool(a != b) if self.arithmetic is RATIONALS else not a.overlaps(b) for a, b in pairs]

    def reduced(self, place: Place) -> Place | None:
        """Return the place with as plain entries as still tell the two apart; None if it never did."""
        if self.sides(place) is None:
            return None
        entries = sum(numbers.size for numbers in place.free.values())
        self.trials = min(TRIALS, max(4, ENTRIES // max(entries, 1)))
        for name in sorted(place.free):
            for plain in (0, 1):
                place = self._with(place, name, ..., Fraction(plain)) or place
        for name in sorted(place.free):
            cells = list(np.ndindex(place.free[name].shape))
            for index in reversed(cells) if is_coefficients(name) else cells:
                for plain in (0, 1, -1, 2):
                    if _plainness(Fraction(plain)) >= _plainness(place.free[name][index]):
                        break
                    plainer = self._with(place, name, index, Fraction(plain))
                    if plainer is not None:
                        place = plainer
                        break
        return self._entry(self._plain_directions(place))

    @property
    def _names_directions(self) -> bool:
        """Return whether the claim is a linear map of directions dX, which the counterexample then shows."""
        return self.statement.kind == "differential" or self.statement.is_operator(self.claim)

    def _plain_directions(self, place: Place) -> Place:
        """Return the place with directions dX of as many zeros and ones as still tell the two apart."""
        for x in self.statement.wrt if self._names_directions else ():
            for index in np.ndindex(place.weights[-1][x].shape):
                for plain in (0, 1):
                    w = place.weights[-1][x].copy()
                    w[index] = plain
                    other = replace(place, weights=(*place.weights[:-1], {**place.weights[-1], x: w}))
                    if self.sides(other) is not None:
                        place = other
                        break
        return place

    def _with(self, place: Place, name: str, index: Any, q: Fraction) -> Place | None:
        """Return the place with other entries, if that still tells the two apart and time is left."""
        self.trials -= 1
        if self.trials < 0:
            return None
        entries = place.free[name].copy()
        entries[index] = q
        other = replace(place, free={**place.free, name: entries})
        return None if self.sides(other) is None else other

    def _entry(self, place: Place) -> Place:
        """Return the place with weights on a single entry at which the two differ, found by halving."""
        if self.statement.is_entrywise:
            return place
        (x,) = self.statement.wrt
        for k in range(2 if self._is_square else 1):
            cells = list(np.ndindex(place.weights[k][x].shape))
            while len(cells) > 1:
                half = cells[: len(cells) // 2]
                narrowed = self._weighted(place, k, x, half)
                # Weighted sums over the two halves add up to a difference, so that one of them has one.
                cells = half if self.sides(narrowed) is not None else cells[len(half) :]
            place = self._weighted(place, k, x, cells, unit=True)
        return place

    @property
    def _is_square(self) -> bool:
        """Return whether the claim is the matrix of a Hessian, which has two sets of weights."""
        return self.statement.kind == "hessian" and not self.statement.is_operator(self.claim)

    def _weighted(self, place: Place, k: int, x: str, cells: list[Any], unit: bool = False) -> Place:
        old = place.weights[k][x]
        w = np.zeros(old.shape, dtype=object)
        for cell in cells:
            w[cell] = 1 if unit else old[cell]
        both = list(place.weights)
        both[k] = {**both[k], x: w}
        return replace(place, weights=tuple(both))

    def show(self, place: Place) -> Counterexample | None:
        """Return the counterexample at a place, evaluated there once more."""
        found = self.sides(place)
        if found is None:
            return None
        true, claimed = found
        statement = self.statement
        with self.arithmetic.context():
            row = self._apart(true, claimed).index(True)
        point = place.values(statement.space, RATIONALS)
        used = {name: point[name] for name in point if name in self._names()}
        if self._names_directions:
            for x in statement.wrt:
                weights = RATIONALS.array(place.weights[-1][x])
                used[f"d{x}"] = statement.space.variables[x].tie(weights, RATIONALS, point[x])
        with self.arithmetic.context():
            position = self._position(place, true, row)
            entries = {name: _entries(value) for name, value in used.items()}
            for symbol in sorted({f.symbol for f in unknown_functions(statement.expr, self.claim)}):
                entries[coefficients(symbol)] = polynomial(point[coefficients(symbol)].reshape(-1))
            texts = self._texts(claimed.reshape(-1)[row], true.reshape(-1)[row])
            at = "" if true.size == 1 else f"entry ({position[0] + 1}, {position[1] + 1}) of "
            name = f"{at}the left side" if statement.is_value else ""
            return Counterexample(entries, position, *texts, name, self._against)

    @property
    def _against(self) -> str:
        return "the right side is" if self.statement.is_value else "the claim gives"

    def _position(self, place: Place, true: Array, row: int) -> tuple[int, int]:
        """Return the entry of the claim that the `row`-th number of a side is, under unit weights."""
        if self.statement.is_entrywise:
            return divmod(row, true.shape[1])
        (x,) = self.statement.wrt
        w = place.weights[0][x]
        i, j = (int(k[0]) for k in np.nonzero(w))
        column = j * w.shape[0] + i
        if self.statement.kind == "jacobian" and self.statement.is_by_scalar:
            rows = size_of(self.statement.expr_shape[0], place.sizes)
            return row % rows, row // rows
        if self.statement.kind == "jacobian":
            return row, column
        if self._is_square:
            other = place.weights[1][x]
            p, q = (int(k[0]) for k in np.nonzero(other))
            return column, q * other.shape[0] + p
        return i, j

    def _names(self) -> set[str]:
        nodes = [step.node for e in (self.statement.expr, self.claim) for step in layout(e)]
        return {n.name for n in nodes if hasattr(n, "name")} | set(self.statement.wrt)

    def _texts(self, claimed: Any, true: Any) -> tuple[str, str]:
        """Return two numbers, exact where that is short, else to as many digits as tell them apart."""
        exact = str(claimed), str(true)
        if self.arithmetic is RATIONALS and max(map(len, exact)) <= LONGEST:
            return exact
        for digits in (15, 30, 60):
            found = _decimal(arb(claimed), digits), _decimal(arb(true), digits)
            if found[0] != found[1]:
                return found
        return arb(claimed).str(digits), arb(true).str(digits)


class _Gaps(_Search):
    """Looks for the plainest point at which a claim has no value though the truth has one."""

    def __init__(self, statement: Statement, claim: Expr, needed: tuple[Expr, ...]) -> None:
        super().__init__(statement, claim, Balls(256))
        self.needed = needed

    def sides(self, place: Place) -> tuple[Array, Array] | None:
        """Return the true side, twice, where the claim has no value."""
        true = outside_domain(self.statement, self.claim, place, self.needed)
        return None if true is None else (true, self._flags(place, true))

    def _flags(self, place: Place, true: Array) -> Array:
        """Return which entries of the true side the claim has no value for: all of them where it sums its entries."""
        if not self.statement.is_value:
            return np.ones(true.shape, dtype=bool)
        with self.arithmetic.context():
            values = place.values(self.statement.space, self.arithmetic)
            try:
                found = Environment(self.arithmetic, values, place.sizes).run(self.claim)
            except OutsideDomain:
                return np.ones(true.shape, dtype=bool)
        flags = np.array([isinstance(e, Unknown) for e in found.reshape(-1)], dtype=bool).reshape(true.shape)
        return flags if flags.any() else np.ones(true.shape, dtype=bool)

    def _apart(self, true: Array, claimed: Array) -> list[bool]:
        return [bool(e) for e in claimed.reshape(-1)]

    def _texts(self, claimed: Any, true: Any) -> tuple[str, str]:
        return "no value", _decimal(arb(true), 15)

    @property
    def _against(self) -> str:
        return "the right side has" if self.statement.is_value else "the claim has"


class _Hollow(_Gaps):
    """Looks for the plainest point at sizes at which a claim has no value."""

    def __init__(self, statement: Statement, claim: Expr, hollow: Callable[[dict[str, int]], bool]) -> None:
        super().__init__(statement, claim, ())
        self.hollow = hollow
        self.known: dict[tuple[int, ...], bool] = {}

    def sides(self, place: Place) -> tuple[Array, Array] | None:
        """Return the true side, twice, where the claim has no value."""
        sizes = tuple(place.sizes.values())
        if sizes not in self.known:
            self.known[sizes] = self.hollow(place.sizes)
        if not self.known[sizes]:
            return None
        try:
            with self.arithmetic.context():
                values = place.values(self.statement.space, self.arithmetic)
                true = self.statement.true_side(values, place.sizes, self.arithmetic, *place.weights)
        except (Undefined, Abstain):
            return None
        return true, np.ones(true.shape, dtype=bool)


def _decimal(ball: arb, digits: int) -> str:
    """Return the certain digits of a ball, without zeros at the end."""
    mantissa, e, exponent = ball.str(digits, radius=False).partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return mantissa if mantissa in ("0", "-0") else f"{mantissa}{e}{exponent}"


def _plainness(q: Fraction) -> tuple[int, int, bool]:
    return q.denominator, abs(q.numerator), q < 0


def _entries(value: Array) -> Any:
    """Return the entries as nested lists of strings; of a large array, in a phrase where that can be said."""
    if value.size > LARGE:
        usual = Counter(str(e) for e in value.flat).most_common(1)[0][0]
        by = " x ".join(map(str, value.shape))
        others = [(i, j) for i, j in np.ndindex(value.shape) if str(value[i, j]) != usual]
        if len(others) <= LARGE:
            rest = ", ".join(f"({i + 1}, {j + 1}) = {value[i, j]}" for i, j in others)
            return f"all {usual} ({by})" if not others else f"all {usual} ({by}) but {rest}"
    rows = [[str(e) for e in row] for row in value]
    return rows[0][0] if value.shape == (1, 1) else rows
