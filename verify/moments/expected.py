"""Expectations, held to a computation that uses no law of expectations.

At random points of a prime field, at several sizes, the expression is the polynomial in the random entries that it is;
the expectation of every monomial follows from what the distributions are (`entry_moments`). Both sides are polynomials
in the parameters, so that equality at random points is certain up to a chance that is stated (Schwartz 1980).
"""

from __future__ import annotations

import math
import time
from random import Random
from typing import Any

from sympy import Expr, Rational

from derive.expression import algebra
from derive.expression.facts import assuming
from verify.arithmetics.base import Abstain, Undefined
from verify.arithmetics.degree import DEGREES, Degree
from verify.arithmetics.exact import LEAST, PRIME_BITS, PrimeField, prime_field
from verify.evaluate import Environment, size_of
from verify.methods.exact import CERTAINTY_BITS
from verify.moments.moment_points import DRAWS, Point, residues
from verify.moments.question import Question
from verify.verdict import DOES_NOT_APPLY, Evidence
from verify.wording import count

#: How many assignments of sizes a verdict rests on; more where sizes stand in a formula as numbers.
ASSIGNMENTS, SIZED_ASSIGNMENTS = 3, 6
#: The height of a random entry: a moment of degree k ≤ 8 has at most k! < 2^(2k) terms.
_HEIGHT = 2.0
#: Time after which no more sizes are looked at, once there are as many as a verdict needs.
SECONDS = 1.0


def field_evidence(question: Question, claim: Expr, seed: int = 0) -> Evidence:
    """Return certified or refuted by a prime field, or inconclusive where a moment is no polynomial."""
    start = time.perf_counter()
    checked: list[dict[str, int]] = []
    points, bits, degree = 0, math.inf, 0
    sized = any(s.is_integer for s in claim.free_symbols if not getattr(s, "is_Matrix", False))
    wanted = SIZED_ASSIGNMENTS if sized else ASSIGNMENTS
    method = "prime field"
    numbers = sorted({str(n) for e in (*question.expressions, claim) for n in e.atoms(Rational)})
    try:
        with assuming(question.problem.assumptions):
            for sizes in question.assignments():
                if len(checked) == wanted or (len(checked) >= 2 and time.perf_counter() - start > SECONDS):
                    break
                bound = degree_bound(question, claim, sizes)
                degree = max(degree, bound.numerator + bound.denominator)
                per_point = -math.log2(max(degree, 1) / LEAST + (bound.height + 1) / 60 / 2**PRIME_BITS)
                needed = math.ceil(CERTAINTY_BITS / per_point)
                done = 0
                for trial in range(needed + 3):
                    key = f"moments {seed} {sorted(sizes.items())} {numbers} {trial}"
                    arithmetic = prime_field(key)
                    draws = DRAWS[(len(checked) + trial) % len(DRAWS)]
                    try:
                        point = residue_point(question, sizes, Random(key), draws, arithmetic)
                        gap = differences(point, claim)
                    except Undefined:
                        continue
                    done += 1
                    if gap:
                        shown = ", ".join(f"{n} = {k}" for n, k in sizes.items())
                        figure = f"the two differ at a random point{', ' + shown if shown else ''}, modulo {arithmetic.p}"
                        return _evidence(method, "refuted", figure, start, {"sizes": sizes})
                    if done == needed:
                        break
                if done == needed:
                    checked.append(sizes)
                    points += done
                    bits = min(bits, needed * per_point)
    except Abstain as reason:
        return _evidence(method, "inconclusive", f"{DOES_NOT_APPLY}: {reason}", start, {})
    if not checked:
        return _evidence(
            method, "inconclusive", "no point was found at which both sides have a value", start, {}
        )
    at = "; ".join(", ".join(f"{n} = {k}" for n, k in sizes.items()) for sizes in checked if sizes)
    figure = f"equal at {count(points, 'random point')}" + (f" with {at}" if at else "")
    figure += f", wrong with a chance below 2^-{int(bits)}; moments from the distributions, entry by entry"
    details = {"points": points, "error_bits": int(bits), "degree": degree,
               "sizes": checked, "seed": seed}  # fmt: skip
    return _evidence(method, "certified", figure, start, details)


def _evidence(method: str, word: Any, figure: str, start: float, details: dict[str, Any]) -> Evidence:
    return Evidence(method, word, figure, details, time.perf_counter() - start)


def residue_point(
    question: Question, sizes: dict[str, int], rng: Random, draws: int, arithmetic: PrimeField
) -> Point:
    """Return a uniformly random point of a prime field."""
    free = question.space().draw_residues(sizes, rng, arithmetic.p)
    raw = {d.name: residues(rng, arithmetic.p) for d in question.free_moments()}
    return Point.draw(question, arithmetic, sizes, free, raw, draws)


def differences(point: Point, claim: Expr) -> list[tuple[int, int]]:
    """Return the places at which the two sides differ."""
    true, claimed = point.true(), point.claimed(claim)
    if true.shape != claimed.shape:
        return [(0, 0)]
    rows, columns = true.shape
    return [(i, j) for i in range(rows) for j in range(columns) if true[i, j] != claimed[i, j]]


def degree_bound(question: Question, claim: Expr, sizes: dict[str, int]) -> Degree:
    """Return bounds on degree and height of true minus claimed side in the numbers that a point is drawn from.

    A moment of order k has at most k times the degree of the parameters, and at most k! terms.
    """
    space = question.space()
    one = {name: Degree(space.shape(name, sizes), 1) for name in space.variables}
    values = {name: variable.build(one[name], DEGREES) for name, variable in space.variables.items()}
    for d in question.free_moments():
        values.update({f"mu{k}_{d.name}": Degree((1, 1), 2 * k) for k in range(1, 9)})

    def degrees(e: Any) -> Degree:
        return Environment(DEGREES, values, sizes).run(e)

    top, below, height = 1, 0, _HEIGHT
    for d in question.every_distribution():
        for p in [p for p in (*d.parameters, *(w for w, _ in d.components)) if p is not None]:
            found = degrees(p)
            top, below = top + found.numerator + (d.family == "wishart"), below + found.denominator
            height += found.height
    for d in question.model.distributions.values():
        shape = tuple(size_of(s, sizes) for s in algebra.shape(d.symbol))
        values[d.name] = Degree(shape, top + below, below, height)
    true = degrees(question.expressions[0])
    if question.kind != "expectation":
        other = degrees(question.expressions[-1])
        true = true * other if question.over else true.reshape(-1, 1) * other.reshape(1, -1)
    difference: Degree = true - degrees(claim)
    return difference
