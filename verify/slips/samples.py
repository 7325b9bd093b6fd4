"""The truth at a few random points, for comparing many formulas with it quickly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sympy import Expr

from derive.errors import InputError
from derive.expression.operation import record
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import Abstain, Arithmetic, Undefined
from verify.evaluate import Environment, layout
from verify.methods.exact import assignments, field_places
from verify.points.place import Place
from verify.points.reals import real_places
from verify.points.watched import kinks
from verify.statement import Statement

#: Assignments of sizes, and points for each.
SIZES, POINTS = 2, 2
#: So many numbers other than zero are sampled in balls, since a ratio of two rational numbers is rational anyway; the
#: points for that at most, and those where a formula has several pieces.
INFORMATIVE, MOST_POINTS, KINKED_POINTS = 4, 12, 6
#: What an evaluation costs besides its entries, in entries, and every operation in it: in a prime field, in balls, and
#: of functions of matrices in balls by their kernels.
EVALUATION, STEP, BALLS = 200, 3, 8
KERNELS = {"logm": 3_000, "sqrtm": 1_000, "expm": 100, "D logm": 9_000, "D sqrtm": 3_000, "D expm": 300}
#: Work after which no further slip is looked for: two or three seconds.
MOST_WORK = 700_000
#: Distances within which balls count as equal, and as a rational factor: differences lose digits.
CLOSE, CLOSE_FACTOR = 1e-50, 1e-25


class Samples:
    """Points at which a statement's truth and a claim have values, and the truth there.

    A side is a flat list of numbers, the entries at all points one after the other: residues, each point modulo a
    prime of its own (what is a fraction modulo all of them is one, see `multiple`), or balls if `is_real`. `first`
    are sizes to begin with; `within` are samples on whose work this one's counts. Raises InputError where there is no
    such point.
    """

    def __init__(
        self,
        statement: Statement,
        claim: Expr,
        seed: int = 0,
        first: Mapping[str, int] | None = None,
        within: Samples | None = None,
    ) -> None:
        self.statement, self.first, self.within = statement, dict(first or {}), within
        self.work = 0
        # Functions of matrices, and their derivatives more so, lose half of the digits.
        bits = 512 if _is_delicate(statement.expr) or _is_delicate(claim) else 256
        for self.is_real in (False, True):
            self.arithmetic: Arithmetic = Balls(bits)
            self.places: list[tuple[Arithmetic, Place]] = []
            self.true: list[Any] = []
            self.counts: list[int] = []
            try:
                self._fill(claim, seed)
            except Abstain:
                continue
            if self.places:
                return
        raise InputError("no point has a value on both sides")

    def _fill(self, claim: Expr, seed: int) -> None:
        found = 0
        preferred = [self.first] if self.first else []
        tried: list[dict[str, int]] = []
        for sizes in (*preferred, *assignments(self.statement, claim, seed, SIZES)[1]):
            if sizes in tried:
                continue
            tried.append(sizes)
            found += self._fill_at(claim, sizes, seed)
            if found == SIZES:
                return

    def _fill_at(self, claim: Expr, sizes: dict[str, int], seed: int) -> bool:
        done = informative = 0
        wanted = KINKED_POINTS if self.is_real and kinks(self.statement.expr, claim) else POINTS
        for arithmetic, place in self._drawn(claim, sizes, seed):
            if self.within is not None and self.late:
                break
            try:
                true = self._true(arithmetic, place)
                self._claimed(claim, arithmetic, place)
            except Undefined:
                continue
            self.places.append((arithmetic, place))
            self.true += true
            self.counts.append(len(true))
            done += 1
            informative += sum(not _equal(t, 0 * t) for t in true)
            if done >= wanted and (not self.is_real or informative >= INFORMATIVE or done >= MOST_POINTS):
                break
        return done > 0

    def _drawn(self, claim: Expr, sizes: dict[str, int], seed: int) -> Iterator[tuple[Arithmetic, Place]]:
        if not self.is_real:
            yield from field_places(self.statement, claim, sizes, seed)
            return
        for place in real_places(self.statement.space, self.statement, sizes, seed, MOST_POINTS, claim):
            yield self.arithmetic, place

    @property
    def late(self) -> bool:
        """Return whether enough was tried. Counted, not timed: the same seed gives the same answer."""
        return self.work > MOST_WORK if self.within is None else self.within.late

    def _worked(self, formula: Expr, place: Place, times: int = 1) -> None:
        entries = sum(numbers.size for numbers in place.free.values())
        done = EVALUATION + entries + times * weight(formula, self.is_real)
        self.work += done
        if self.within is not None:
            self.within.work += done

    def _true(self, arithmetic: Arithmetic, place: Place) -> list[Any]:
        orders = {"value": 1, "hessian": 9}
        self._worked(self.statement.expr, place, orders.get(self.statement.kind, 3))
        with arithmetic.context():
            values = place.values(self.statement.space, arithmetic)
            return list(self.statement.true_side(values, place.sizes, arithmetic, *place.weights).reshape(-1))

    def _claimed(self, claim: Expr, arithmetic: Arithmetic, place: Place) -> list[Any]:
        self._worked(claim, place)
        with arithmetic.context():
            values = place.values(self.statement.space, arithmetic)
            side = self.statement.claimed_side(claim, values, place.sizes, arithmetic, *place.weights)
            return list(side.reshape(-1))

    def side(self, claim: Expr, first_only: bool = False) -> list[Any] | None:
        """Return a formula's side at all points (or the first), None where it has no value."""
        out: list[Any] = []
        if self.work > 2 * MOST_WORK:
            return None
        try:
            for arithmetic, place in self.places[: 1 if first_only else None]:
                out += self._claimed(claim, arithmetic, place)
        except (Undefined, Abstain, InputError, ValueError, TypeError):
            return None
        return out

    def scalar(self, e: Expr) -> list[Any] | None:
        """Return the value of a scalar at all points, repeated for every entry of a side."""
        out: list[Any] = []
        try:
            for (arithmetic, place), count in zip(self.places, self.counts, strict=True):
                with arithmetic.context():
                    values = place.values(self.statement.space, arithmetic)
                    value = arithmetic.check(Environment(arithmetic, values, place.sizes).run(e))
                out += [value[0, 0]] * count
        except (Undefined, Abstain, InputError):
            return None
        return out


def _is_delicate(formula: Expr) -> bool:
    entries = (record(type(step.node)) for step in layout(formula))
    return any(entry is not None and entry.kernel in KERNELS for entry in entries)


@lru_cache(maxsize=1024)
def weight(formula: Expr, in_balls: bool) -> int:
    """Return what it costs to evaluate a formula, beside reading an entry: so much an operation, more for some."""
    total = 0
    for step in layout(formula):
        entry = record(type(step.node)) if in_balls else None
        special = KERNELS.get(entry.kernel, 0) if entry is not None else 0
        total += special or max(len(step.arguments), 1) * (BALLS if in_balls else STEP)
    return total


def same(a: list[Any], b: list[Any]) -> bool:
    """Return whether two sides are equal: residues exactly, balls to 50 digits."""
    return len(a) == len(b) and all(_equal(x, y) for x, y in zip(a, b, strict=True))


def _equal(x: Any, y: Any, close: float = CLOSE) -> bool:
    if not hasattr(x, "overlaps"):
        return bool(x == y)
    if not x.overlaps(y):
        return False
    scale = max(1.0, float(x.abs_upper()))
    return float((x - y).abs_upper()) < close * scale


def multiple(a: list[Any], b: list[Any]) -> Fraction | None:
    """Return the rational number c with a = c·b everywhere, None where there is none of moderate size."""
    ratios: dict[int, Any] = {}  # by modulus, 0 for balls
    for x, y in zip(a, b, strict=True):
        if _modulus(y) not in ratios and not _equal(y, 0 * y):
            ratios[_modulus(y)] = x / y
    if not ratios:
        return None
    if not all(_equal(x, ratios.get(_modulus(y), 0) * y) for x, y in zip(a, b, strict=True)):
        return None
    return _near(ratios[0]) if 0 in ratios else _reconstructed(*_combined(ratios))


def _modulus(x: Any) -> int:
    return int(x.modulus()) if hasattr(x, "modulus") else 0


def _near(ratio: Any) -> Fraction | None:
    """Return the simplest rational number that a ball may be."""
    near = Fraction(float(ratio.mid()))
    for guess in (near.limit_denominator(10**6), Fraction(round(near * 10**12), 10**12)):
        if _equal(ratio, 0 * ratio + guess.numerator / (0 * ratio + guess.denominator), CLOSE_FACTOR):
            return guess
    return None


def _combined(residues: dict[int, Any]) -> tuple[int, int]:
    """Return the residue modulo the product of the moduli (the Chinese remainder theorem), and that product."""
    r, p = 0, 1
    for q, residue in residues.items():
        r, p = r + p * ((int(residue) - r) * pow(p, -1, q) % q), p * q
    return r, p


def _reconstructed(r: int, p: int) -> Fraction | None:
    """Return the fraction of small numerator and denominator that is r modulo p, or None (Wang 1981).

    Nearly every residue is one with both below √p. So both must be far below: then a residue that is no such
    fraction passes for one with a chance of 2^-20.
    """
    bound = math.isqrt(p) >> 10
    old, new, s, t = p, r % p, 0, 1
    while new > bound:
        quotient = old // new
        old, new, s, t = new, old - quotient * new, t, s - quotient * t
    return None if t == 0 or abs(t) > bound else Fraction(new, t)
