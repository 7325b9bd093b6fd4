"""Sizes at which a claim has no value at any point, though the truth has one.

2 inv(X X') X is the gradient of log det X'X where X is square, and X X' has no inverse where X has more rows than columns,
as it usually has. That it has none is exact: a determinant that vanishes at random residues vanishes everywhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, permutations
from random import Random
from typing import Any

import numpy as np
from sympy import Basic, Expr

from derive.errors import InputError
from derive.expression.operation import kind
from derive.expression.walk import parts
from derive.language.text import to_text
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import SINGULAR, Abstain, Array, Undefined, Unknown
from verify.arithmetics.exact import PrimeField
from verify.evaluate import Environment, layout
from verify.methods.counterexample import find_without_value
from verify.methods.exact import assignments, compare, field_places, real_places
from verify.points.place import Place
from verify.statement import Statement
from verify.verdict import Evidence, Verdict

#: Points of prime fields at which a claim has no value, and real ones of which one has to have the truth's value.
FIELD_POINTS, REAL_POINTS = 2, 6
#: Sizes that are looked at in any case, and orders of sizes.
FIRST, ORDERS = 4, 8
#: What has no value where something is singular.
_DIVIDING = frozenset(
    {
        "inverse",
        "log-determinant",
        "determinant",
        "solution of Sylvester's equation",
        "power",
        "elementwise power",
    }
)
#: Why a claim has no value whatever the numbers are.
_ZERO, _LOG_ZERO = "a division by zero", "the logarithm of zero"


class Residues(PrimeField):
    """A prime field in which what is not rational takes any values: what vanishes then vanishes whatever they are."""

    def __init__(self, p: int, rng: Random) -> None:
        super().__init__(p)
        self.rng = rng

    def unknown(self, shape: tuple[int, ...], reason: str, error: type[Exception] = Abstain) -> Array:
        """Return any residues."""
        return self._entries(
            np.reshape([self.rng.randrange(self.p) for _ in range(int(np.prod(shape)))], shape)
        )

    def constant(self, name: str) -> Any:
        """Return any residue for pi or e."""
        return self.number(self.rng.randrange(self.p))

    def pseudo_inverse(self, x: Array) -> Array:
        """Return a pseudo-inverse, of which only those of full rank are rational."""
        try:
            return super().pseudo_inverse(x)
        except Undefined:
            return self.unknown(x.shape[::-1], "a pseudo-inverse")

    def _apply(self, function: str, x: np.ndarray) -> np.ndarray:
        if function in ("log", "log_abs") and any(not isinstance(e, Unknown) and e == 0 for e in x.flat):
            raise Undefined(_LOG_ZERO)
        return super()._apply(function, x)


@dataclass(frozen=True)
class Sizes:
    """Sizes at which the truth has a value: those at which the claim has one too, and those at which it has none."""

    both: tuple[dict[str, int], ...]
    hollow: tuple[dict[str, int], ...]

    @property
    def refutes(self) -> bool:
        """Whether the claim has a value where two letters for sizes stand for one number only, or nowhere.

        Two letters stand for two numbers: a claim about an m x n matrix is not one about square ones.
        """
        return any(map(_are_distinct, self.hollow)) and not any(map(_are_distinct, self.both))

    def condition(self) -> str:
        """Return what the sizes have to be for the claim to have a value."""
        names = list(self.hollow[0])
        for p, q in permutations(names, 2):
            for sign, holds in (("=", int.__eq__), ("<", int.__lt__), ("<=", int.__le__)):
                if self._separates(lambda s, p=p, q=q, holds=holds: holds(s[p], s[q])):
                    return f"{p} {sign} {q}"
        for p in names:
            if self._separates(lambda s, p=p: s[p] > 1):
                return f"{p} > 1"
        return "the sizes are not such as " + ", ".join(f"{p} = {n}" for p, n in self.hollow[0].items())

    def _separates(self, holds: Any) -> bool:
        return all(map(holds, self.both)) and not any(map(holds, self.hollow))


def _are_distinct(sizes: dict[str, int]) -> bool:
    """Tell whether sizes are as usual: each a number of its own, and none of them 1."""
    return len({*sizes.values()}) == len(sizes) and 1 not in sizes.values()


def find_sizes(statement: Statement, claim: Expr, seed: int = 0) -> Sizes | None:
    """Return at which sizes a claim has a value and at which it has none, None where it has one wherever the truth has."""
    both, hollow = [], []
    if not any(map(_divides, (step.node for step in layout(claim)))):
        return None
    for sizes in _orders(statement, claim, seed):
        if not is_hollow(statement, claim, sizes, seed):
            both.append(sizes)
        elif _has_truth(statement, sizes, seed):
            hollow.append(sizes)
    if not hollow:
        return None
    return Sizes(tuple(s for s in both if _has_truth(statement, s, seed)), tuple(hollow))


def _divides(node: Basic) -> bool:
    word = kind(node)
    return word in _DIVIDING and not ("power" in word and parts(node)[1].is_positive)


def _orders(statement: Statement, claim: Expr, seed: int) -> Iterator[dict[str, int]]:
    """Yield sizes, the first few and every order of theirs, and at last those at which each of them is 1."""
    seen: set[tuple[bool, ...]] = set()
    _, every = assignments(statement, claim, seed, 1)
    for i, sizes in enumerate(every):
        numbers = list(sizes.values())
        order = tuple(a < b for a in numbers for b in numbers)
        if i < FIRST or (order not in seen and len(seen) < ORDERS):
            seen.add(order)
            yield sizes
    yield from (statement.space.fitting({**every[0], name: 1}) for name in every[0])


def is_hollow(statement: Statement, claim: Expr, sizes: dict[str, int], seed: int = 0) -> bool:
    """Tell whether a claim has no value at any point at these sizes."""
    places = islice(field_places(statement, claim, sizes, seed), FIELD_POINTS)
    try:
        return all(_is_undefined(statement, claim, place, field) for field, place in places)
    except (Abstain, InputError):
        return False


def _is_undefined(statement: Statement, claim: Expr, place: Place, field: PrimeField) -> bool:
    arithmetic = Residues(field.p, Random(f"any {field.p}"))
    try:
        values = place.values(statement.space, field)
    except Undefined:
        return False  # no point of the space
    try:
        statement.claimed_side(claim, values, place.sizes, arithmetic, *place.weights)
    except ZeroDivisionError:
        return True
    except Undefined as reason:
        return str(reason) in (SINGULAR, _ZERO, _LOG_ZERO)
    return False


def _has_truth(statement: Statement, sizes: dict[str, int], seed: int) -> bool:
    """Tell whether the truth has a value at one of the points tried."""
    places = islice(real_places(statement.space, statement, sizes, seed), REAL_POINTS)
    return any(_true(statement, place) is not None for place in places)


def _true(statement: Statement, place: Place) -> Array | None:
    balls = Balls(256)
    try:
        with balls.context():
            values = place.values(statement.space, balls)
            return statement.true_side(values, place.sizes, balls, *place.weights)
    except (Undefined, Abstain):
        return None


def hollow_verdict(statement: Statement, claim: Expr, found: Sizes, seed: int = 0) -> Verdict:
    """Return the refutation of a claim that has no value at usual sizes, with a plain point and what is singular there."""
    start = time.perf_counter()
    sizes = next(filter(_are_distinct, found.hollow))
    whose = "the right side" if statement.is_value else "the claim"
    at = f" with {', '.join(f'{name} = {n}' for name, n in sizes.items())}" if sizes else ""
    figure = f"{whose} has no value at any point{at}, where {statement.name} has one"
    details = {"sizes": sizes, "seed": seed}
    shown = find_without_value(statement, claim, lambda s: is_hollow(statement, claim, s, seed), seed, sizes)
    evidence = Evidence("domain", "refuted", figure, details, time.perf_counter() - start)
    if found.both and all(_agrees(statement, claim, s, seed) for s in found.both):
        return Verdict("refuted", (evidence,), shown, f"right only where {found.condition()}")
    return Verdict("refuted", (evidence,), shown, _why(statement, claim, sizes, seed))


def _agrees(statement: Statement, claim: Expr, sizes: dict[str, int], seed: int) -> bool:
    """Tell whether a claim is right at the first point with a value at these sizes."""
    for place in islice(real_places(statement.space, statement, sizes, seed), REAL_POINTS):
        try:
            return compare(statement, claim, place).verdict == "agrees"
        except (Undefined, Abstain):
            continue
    return False


def _why(statement: Statement, claim: Expr, sizes: dict[str, int], seed: int) -> str | None:
    """Return what has no inverse, None where it is something else that has no value."""
    field, place = next(field_places(statement, claim, sizes, seed))
    environment = Environment(
        Residues(field.p, Random(f"any {field.p}")), place.values(statement.space, field), sizes
    )
    for step in layout(claim):
        if kind(step.node) == "inverse":
            try:
                environment.run(step.node)
            except Undefined:
                return f"{to_text(step.node.args[0])} has no inverse"
            except (Abstain, InputError):
                return None
    return None
