"""Verdicts without a tolerance: a claim against the truth in a prime field, and in real balls.

In a prime field both sides are rational functions of the numbers that the point was drawn from. If they differ,
their difference has a numerator of bounded degree d, which vanishes at a uniformly random point of a field of p
elements with a chance of at most d/p (Schwartz 1980, Zippel 1979); repetition drives this to 2^-60. A difference
that is seen is a proof that the two are different functions.

In real balls every value comes with a rigorous bound of its error: disjoint balls are a proof that the claim is
wrong; balls that agree to 50 digits at random points are as much as numbers can say for functions that are not
rational.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import product
from random import Random
from typing import Any

import numpy as np
from sympy import Add, Expr, HadamardPower, MatAdd, Pow, Rational, Symbol

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.walk import distinct
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import SINGULAR, Abstain, Arithmetic, Array, Undefined
from verify.arithmetics.degree import DEGREES, Degree
from verify.arithmetics.exact import LEAST, PRIME_BITS, RATIONALS, PrimeField, prime_field
from verify.evaluate import Environment, layout, size_of
from verify.methods.effort import ENOUGH, Effort, check_effort
from verify.points.drawn import ONEHOT, STYLES, PointSpace
from verify.points.pieces import Pieces
from verify.points.place import Place, draw_weights
from verify.points.reals import TRIES, real_places
from verify.points.watched import kinks
from verify.statement import Statement
from verify.verdict import DOES_NOT_APPLY, Evidence, Word
from verify.wording import count

#: A wrong 'certified' has at most this chance, as a power of two.
CERTAINTY_BITS = 60
#: Digits to which balls must agree.
DIGITS = 50
#: The number of digits that stands for all of them.
EXACT = 999
PRECISIONS = (256, 512, 1024, 4096)
#: Points of one style at which no digits can be told, after which the style is left.
VAGUE = 2
#: How many assignments of sizes a verdict rests on, and how many points of each style are tried for one.
ASSIGNMENTS, QUICK, POINTS = 3, 2, 3
#: The same where a size stands in a formula as a number, and the largest size then.
SIZED_ASSIGNMENTS, LARGEST = 8, 14
#: Sizes are drawn from more than twice as many as this degree in them.
MOST_DEGREE = 100
#: Sizes at which a matrix in the formulas (a Kronecker product) has more entries are left out.
MOST_ENTRIES = 400
#: The same for the sizes that are tried first.
FIRST_ENTRIES = 150_000
#: The most vectors and matrices of zeros and ones that are gone through at one assignment of sizes.
MOST_PLACEMENTS = 100
#: Where other sizes have points with a value, sizes at which the first few have none are left.
_FEW = 3
#: How far out formulas are compared at least, and at most, and at how many points of each scale.
REACH, FARTHEST, FAR = 16, 2**24, 2


def sides(statement: Statement, claim: Expr, place: Place, arithmetic: Arithmetic) -> tuple[Array, Array]:
    """Return the true and the claimed side of a statement at a place."""
    with arithmetic.context():
        values = place.values(statement.space, arithmetic)
        true = statement.true_side(values, place.sizes, arithmetic, *place.weights)
        return true, statement.claimed_side(claim, values, place.sizes, arithmetic, *place.weights)


# ---------------------------------------------------------------------------------------- prime field


def field_evidence(statement: Statement, claim: Expr, seed: int = 0, quick: bool = False) -> Evidence:
    """Return certified or refuted, or inconclusive where the two sides are not rational.

    With `quick`, it rests on fewer assignments of sizes.
    """
    start = time.perf_counter()
    checked: list[dict[str, Any]] = []
    try:
        wanted, candidates = assignments(statement, claim, seed, QUICK if quick else ASSIGNMENTS)
        for sizes in candidates:
            if len(checked) == wanted:
                break
            found = _field_at(statement, claim, sizes, seed)
            if found is None:
                continue
            checked.append(found)
            if not found["equal"]:
                figure = f"the two differ at a random point, {_show(sizes)}modulo {found['prime']}"
                return _evidence("prime field", "refuted", figure, start, found)
    except _DegreeTooLargeError as reason:
        return _evidence("prime field", "inconclusive", str(reason), start)
    except Abstain as reason:
        figure = f"{DOES_NOT_APPLY} to what is not rational: {reason}"
        return _evidence("prime field", "inconclusive", figure, start)
    if not checked:
        return _evidence("prime field", "inconclusive", "no point has a value on both sides", start)
    bits = min(c["bits"] for c in checked)
    points = sum(c["points"] for c in checked)
    certain = bits >= CERTAINTY_BITS
    at = "; ".join(_show(c["sizes"], end="") for c in checked if c["sizes"])
    figure = f"equal at {count(points, 'random point')}" + (f" with {at}" if at else "")
    figure += f", wrong with a chance below 2^-{int(bits)}"
    details = {
        "prime": checked[0]["prime"],
        "points": points,
        "error_bits": bits,
        "degree": max(c["degree"] for c in checked),
        "sizes": [c["sizes"] for c in checked],
        "seed": seed,
    }
    return _evidence("prime field", "certified" if certain else "inconclusive", figure, start, details)


class _DegreeTooLargeError(Abstain):
    """A prime field says nothing of polynomials whose degree is about its size."""


def _field_at(statement: Statement, claim: Expr, sizes: dict[str, int], seed: int) -> dict[str, Any] | None:
    """Return what a prime field shows at one assignment of sizes, None where no point has a value."""
    try:
        bound = degree_bound(statement, claim, sizes)
    except Undefined:
        return None  # an imaginary or infinite constant
    degree = bound.numerator + bound.denominator
    per_point = -math.log2(max(degree, 1) / LEAST + (bound.height + 1) / 60 / 2**PRIME_BITS)
    if per_point < 8:
        raise _DegreeTooLargeError(
            f"the degree, up to {degree}, is too large for the prime fields of 2^61 elements"
        )
    needed = math.ceil(CERTAINTY_BITS / per_point)
    # Orthogonal matrices have two components; each is checked on its own.
    components = (
        (False, True)
        if any("orthogonal" in v.kinds for v in statement.space.variables.values())
        else (False,)
    )
    fixed = _placements(statement.space, sizes)  # and so is each value of what has finitely many
    if fixed is None:
        return None
    points = 0
    for flip, values in product(components, fixed):
        done = failures = 0
        for arithmetic, drawn in field_places(statement, claim, sizes, seed, flip):
            place = replace(drawn, free={**drawn.free, **values})
            try:
                true, claimed = sides(statement, claim, place, arithmetic)
            except Undefined:
                failures += 1
                if failures == 3:
                    return None  # singular everywhere: by chance it is so at one point in p
                continue
            points, done = points + 1, done + 1
            if _differ(true, claimed):
                return {"equal": False, "sizes": sizes, "prime": arithmetic.p}
            if done == needed:
                break
        if done < needed:
            return None
    bits = math.floor(needed * per_point)
    return {
        "equal": True, "sizes": sizes, "prime": arithmetic.p, "points": points, "degree": degree, "bits": bits,
    }  # fmt: skip


def _placements(space: PointSpace, sizes: dict[str, int]) -> list[dict[str, Any]] | None:
    """Return all values of the variables that are made of zeros and ones, None where they are too many."""
    names = [name for name, v in space.variables.items() if v.kinds & ONEHOT]
    count = 1
    for name in names:
        v, shape = space.variables[name], space.shape(name, sizes)
        count *= math.prod(len(line) for line in v.lines(shape))
        if count > MOST_PLACEMENTS:
            return None
    ways = [list(space.variables[name].placements(space.shape(name, sizes))) for name in names]
    return [dict(zip(names, chosen, strict=True)) for chosen in product(*ways)]


def assignments(statement: Statement, claim: Expr, seed: int, usual: int) -> tuple[int, list[dict[str, int]]]:
    """Return how many assignments of sizes to check at, and which to try: those at which no matrix is too large.

    Where a size stands in a formula as a number, the two sides may be equal at as many sizes as a polynomial has
    roots, and more than that are drawn from.
    """
    names = set(statement.space.sizes)
    nodes = [step.node for e in (statement.expr, claim) for step in layout(e)]
    power = size_degree(statement.expr, names) + size_degree(claim, names)
    shapes = {algebra.shape(n) for n in nodes if getattr(n, "is_Matrix", False)}

    largest = max(LARGEST, 3 * power + 2) if power else 6
    every = list(statement.space.assignments(seed, largest))
    dims = {d for shape in shapes for d in shape}
    if power:  # what depends on the number n may be another thing where n is 1
        ones = [statement.space.fitting({**every[0], name: 1}) for name in every[0]]
        every[2:2] = [s for s in ones if all(size_of(d, s) > 0 for d in dims)]
    numbers = [{d: size_of(d, s) for d in dims} for s in every]
    entries = [max((n[r] * n[c] for r, c in shapes), default=1) for n in numbers]
    # The first two differ in everything that matters, so that they may cost more; numbers for sizes cost what they cost.
    most = max(MOST_ENTRIES, min(2 * power, 2 * LARGEST) ** 2)
    bounds = [max(FIRST_ENTRIES, 4 * min(entries))] * 2 + [most] * (len(every) - 2)
    affordable = [s for s, n, bound in zip(every, entries, bounds, strict=False) if n <= bound]
    tried = affordable or [every[entries.index(min(entries))]]
    effort = Effort(nodes)
    tried = [s for s in tried if effort.at(s) <= ENOUGH] or [min(tried, key=effort.at)]
    check_effort(nodes, tried[0])
    return SIZED_ASSIGNMENTS if power else usual, tried


def size_degree(expr: Expr, names: set[str]) -> int:
    """Return a bound on the degree of an expression as a rational function of the sizes that it holds as numbers."""
    degrees: list[int] = []
    for step in layout(expr):
        node, inner = step.node, [degrees[i] for i in step.arguments]
        if isinstance(node, Symbol):
            degrees.append(int(node.is_integer is True and node.name in names))
        elif isinstance(node, Add | MatAdd):
            degrees.append(max(inner, default=0))
        elif isinstance(node, Pow | HadamardPower) and node.args[1].is_Integer:
            degrees.append(abs(int(node.args[1])) * max(inner, default=0))
        else:
            degrees.append(sum(inner))
    return min(degrees[-1], MOST_DEGREE)


def field_places(
    statement: Statement, claim: Expr, sizes: dict[str, int], seed: int, flip: bool = False
) -> Iterator[tuple[PrimeField, Place]]:
    """Yield uniformly random points, each of a prime field of its own.

    The numbers in the formulas help to draw the primes, so that none is made for a prime.
    """
    numbers = sorted({str(n) for e in (statement.expr, claim) for n in rationals(e)})
    key = f"{seed} {sorted(sizes.items())} {flip} {numbers}"
    rng = Random(f"field {seed} {sorted(sizes.items())} {flip}")
    for i in range(2 * TRIES):
        arithmetic = prime_field(f"{key} {i}")
        free = statement.space.draw_residues(sizes, rng, arithmetic.p)
        yield arithmetic, Place(sizes, free, flip, draw_weights(statement, sizes, rng, arithmetic.p))


@lru_cache(maxsize=256)
def rationals(expr: Expr) -> frozenset[Rational]:
    """Return the rational numbers in an expression; what occurs twice is walked once."""
    return frozenset(e for e in distinct(expr, within=lambda e: e.args) if isinstance(e, Rational))


def degree_bound(statement: Statement, claim: Expr, sizes: dict[str, int]) -> Degree:
    """Return a bound on the degrees of numerator and denominator of true minus claimed side, and on their height."""
    space = statement.space
    one = {name: Degree(space.shape(name, sizes), 1) for name in space.variables}
    values = {name: variable.build(one[name], DEGREES) for name, variable in space.variables.items()}
    count = 2 if statement.kind == "hessian" else 1
    w = tuple({x: one[x] for x in statement.wrt} for _ in range(count))
    true = statement.true_side(values, sizes, DEGREES, *w)
    difference: Degree = true - statement.claimed_side(claim, values, sizes, DEGREES, *w)
    return difference


def _differ(true: Array, claimed: Array) -> bool:
    return any(a != b for a, b in zip(true.reshape(-1), claimed.reshape(-1), strict=True))


# ---------------------------------------------------------------------------------------------- balls


def ball_evidence(statement: Statement, claim: Expr, seed: int = 0, quick: bool = False) -> Evidence:
    """Return agrees (to 50 digits) or refuted (disjoint balls), or inconclusive with the reason.

    Raises InputError where no point has a value on both sides.
    """
    start = time.perf_counter()
    checked: list[dict[str, Any]] = []
    reasons: set[str] = set()
    seen: list[Place] = []
    points = QUICK if quick else POINTS
    if kinks(statement.expr, claim) and not _is_large(statement):
        points *= 4
    try:
        wanted, candidates = assignments(statement, claim, seed, 1 if quick else ASSIGNMENTS)
        for sizes in candidates:
            if len(checked) == wanted:
                break
            found = _balls_at(
                statement,
                claim,
                sizes,
                seed,
                points,
                reasons,
                TRIES * len(STYLES) if not checked else _FEW,
                seen,
            )
            if found is None:
                continue
            checked.append(found)
            if found["verdict"] != "agrees":
                return _evidence(
                    "real balls", found["verdict"], found["figure"], start, {**found, "seed": seed}
                )
    except Abstain as reason:
        return _evidence("real balls", "inconclusive", f"{DOES_NOT_APPLY}: {reason}", start)
    if not checked:
        why = f" ({', '.join(sorted(reasons))})" if reasons else ""
        raise InputError(
            f"the expression has no value and derivative at any of the points tried{why}: "
            "is an assumption missing, such as positive, posdef or invertible?"
        )
    first = [place for place in seen if place.sizes == checked[0]["sizes"]]
    pieces, refuted = _pieces(statement, claim, first, seed)
    if refuted is not None:
        return _evidence("real balls", "refuted", refuted["figure"], start, {**refuted, "seed": seed})
    if not quick and (far := _far(statement, claim, checked[0]["sizes"], seed)) is not None:
        return _evidence("real balls", "refuted", far["figure"], start, {**far, "seed": seed})
    digits = min(c["digits"] for c in checked)
    at = "; ".join(_show(c["sizes"], end="") for c in checked if c["sizes"])
    points = sum(c["points"] for c in checked) + pieces["points"]
    agree = "all digits agree" if digits == EXACT else f"{count(digits, 'digit')} agree"
    figure = f"{agree} at {count(points, 'random point')}"
    details = {
        "digits": digits,
        "bits": max(c["bits"] for c in checked),
        "points": points,
        "sizes": [c["sizes"] for c in checked],
        "styles": sorted({c["style"] for c in checked}),
        "seed": seed,
    }
    figure += f" with {at}" if at else ""
    if vague := sum(c["vague"] for c in checked):
        figure += f"; no digit can be told at {count(vague, 'other')}"
    if pieces["kinks"]:
        details["pieces"] = pieces
    if pieces["unreached"]:
        figure += f"; of the pieces seen: no point was found with {' or '.join(pieces['unreached'])}"
    return _evidence("real balls", "agrees", figure, start, details)


class _RefutedError(Exception):
    """A point is found at which the two sides differ."""


def _pieces(
    statement: Statement, claim: Expr, seen: list[Place], seed: int
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return on which sides of the kinks the two agree, and a refutation on one of them, None where there is none."""
    compared: list[Gap] = []

    def look(place: Place) -> bool:
        try:
            gap = compare(statement, claim, place)
        except (Undefined, Abstain):
            return False
        compared.append(gap)
        if gap.verdict == "refuted":
            raise _RefutedError
        return gap.verdict == "agrees"

    sizes = seen[0].sizes
    others = [*_other_directions(statement, claim, seen[0]), _off_the_grid(seen[0], seed)]
    pieces = Pieces(statement, claim, sizes, seed, look)
    try:
        for place in others:
            look(place)
        pieces.explore(seen)
    except _RefutedError:
        gap = compared[-1]
        figure = f"{gap.figure}, {_show(sizes)}{gap.bits} bits"
        return {}, {"figure": figure, "sizes": sizes, "bits": gap.bits}
    found = {
        "kinks": len(pieces.kinks),
        "sides": len(pieces.visited),
        "points": len(compared),
        "unreached": pieces.unreached(),
    }
    return found, None


def _other_directions(statement: Statement, claim: Expr, place: Place) -> Iterator[Place]:
    """Yield a place with directions negated, scaled and added: a claim that names them has to be linear in them."""
    if statement.kind != "differential" and not statement.is_operator(claim):
        return
    last = place.weights[-1]
    turned = {x: np.roll(w, 1) for x, w in last.items()}
    for change in (-1, Fraction(1 << 40), Fraction(1, 1 << 40)):
        yield replace(place, weights=(*place.weights[:-1], {x: w * change for x, w in last.items()}))
    for sign in (1, -1):
        summed = {x: w + sign * 3 * turned[x] for x, w in last.items()}
        yield replace(place, weights=(*place.weights[:-1], summed))


def _off_the_grid(place: Place, seed: int) -> Place:
    """Return a place moved off the multiples of a power of two, at which sin(64 pi x) and its like vanish."""
    p = Random(f"grid {seed}").randrange(1 << 20, 1 << 21) | 1
    free = {name: numbers * Fraction(p - 2, p) for name, numbers in place.free.items()}
    return replace(place, free=free)


def _balls_at(
    statement: Statement,
    claim: Expr,
    sizes: dict[str, int],
    seed: int,
    points: int,
    reasons: set[str],
    patience: int,
    seen: list[Place],
) -> dict[str, Any] | None:
    """Return what balls show at one assignment of sizes, None where none of `patience` points has a value.

    The points at which the two agree are added to `seen`.
    """
    done, zero, singular, lost, digits, bits, style = 0, 0, 0, 0, EXACT, 0, ""
    vague: list[Gap] = []
    dim: Counter[int] = Counter()
    for place in real_places(statement.space, statement, sizes, seed, max(points, TRIES), claim):
        if dim[place.style] == VAGUE:
            continue
        try:
            gap = compare(statement, claim, place)
        except Undefined as reason:
            reasons.add(str(reason))
            singular, lost = singular + (str(reason) == SINGULAR), lost + 1
            if (singular == TRIES or lost == patience) and not done:
                break  # at these sizes, X'*X and its like are singular everywhere
            continue
        if gap.verdict == "inconclusive":  # a sigmoid so close to 1 that no digit of its slope is left, say
            vague.append(gap)
            dim[place.style] += 1
            continue
        bits, style = max(bits, gap.bits), STYLES[place.style][0]
        if gap.verdict != "agrees":
            return _told(gap, sizes)
        seen.append(place)
        # Where both sides vanish (all units of a relu network at rest), a point says little: try others too.
        digits, done, zero = min(digits, gap.digits), done + (not gap.zero), zero + gap.zero
        if done == points:
            break
    if not done + zero:
        return _told(vague[0], sizes) if vague else None
    return {"verdict": "agrees", "sizes": sizes, "digits": digits, "points": done + zero, "bits": bits,
            "style": style, "vague": len(vague)}  # fmt: skip


def _told(gap: Gap, sizes: dict[str, int]) -> dict[str, Any]:
    figure = f"{gap.figure}, {_show(sizes)}{gap.bits} bits"
    return {"verdict": gap.verdict, "figure": figure, "sizes": sizes, "bits": gap.bits}


def has_a_value(statement: Statement, seed: int = 0) -> bool:
    """Return whether the expression has a real value at one of the points tried, of which most need only the first.

    A prime field does not ask: the derivative of log(-1 - x^2) is rational, and the function is nowhere real.
    """
    arithmetic = Balls(PRECISIONS[0])
    for sizes in assignments(statement, statement.expr, seed, QUICK)[1][:ASSIGNMENTS]:
        for place in real_places(statement.space, statement, sizes, seed):
            try:
                with arithmetic.context():
                    values = place.values(statement.space, arithmetic)
                    arithmetic.check(Environment(arithmetic, values, sizes).run(statement.expr))
            except Undefined:
                continue
            except Abstain:
                return True
            return True
    return False


def reach(statement: Statement, claim: Expr) -> int:
    """Return a scale beside which the numbers in two formulas, thresholds and widths among them, are small.

    Beside its inverse they are large.
    """
    numbers = [abs(n) for e in (statement.expr, claim) for n in rationals(e) if n != 0]
    return min(FARTHEST, max([REACH, *(math.ceil(4 * max(n, 1 / n)) for n in numbers)]))


def _far(statement: Statement, claim: Expr, sizes: dict[str, int], seed: int) -> dict[str, Any] | None:
    """Return a refutation at points far out or close to zero, None where there is none.

    Points of usual size see nothing of what a formula does beyond a threshold: 2 x + relu(x - 5) is 2 x there.
    """
    rng = Random(f"far {seed} {sorted(sizes.items())}")
    arithmetic = Balls(PRECISIONS[0])
    top = reach(statement, claim)
    for scale in dict.fromkeys((Fraction(top), Fraction(REACH), Fraction(1, top))):
        for i in range(FAR):
            free = statement.space.draw(sizes, rng)
            scaled = free if i % 2 == 0 else statement.wrt
            free = {name: numbers * scale if name in scaled else numbers for name, numbers in free.items()}
            place = Place(sizes, free, i % 2 == 1, draw_weights(statement, sizes, rng, 100))
            try:
                place.values(statement.space, RATIONALS, check=True)
                true, claimed = sides(statement, claim, place, arithmetic)
            except (Undefined, Abstain):
                continue
            with arithmetic.context():
                for a, b in zip(true.reshape(-1), claimed.reshape(-1), strict=True):
                    if not a.overlaps(b):
                        figure = f"disjoint at entries up to {2 * scale}: {statement.compared(a.str(12), b.str(12))}"
                        figure += f", {_show(sizes)}{PRECISIONS[0]} bits"
                        return {"figure": figure, "sizes": sizes, "bits": PRECISIONS[0]}
    return None


def _is_large(statement: Statement) -> bool:
    """Return whether a variable has so many entries that its derivative sees more of a formula than one point."""
    shapes = (v.shape for v in statement.space.variables.values())
    return any(r.is_Integer and c.is_Integer and r * c > MOST_ENTRIES for r, c in shapes)


@dataclass(frozen=True)
class Gap:
    """What two arrays of balls say about each other."""

    verdict: Word
    digits: int
    bits: int
    figure: str
    zero: bool = False


def compare(statement: Statement, claim: Expr, place: Place) -> Gap:
    """Return how the two sides compare at a place, with more bits until that is decided.

    Raises Undefined where one of them has no value.
    """
    least = _precision(statement.expr, claim)
    for bits in PRECISIONS:
        if bits < least:
            continue
        arithmetic = Balls(bits)
        try:
            true, claimed = sides(statement, claim, place, arithmetic)
        except Undefined:
            if bits < PRECISIONS[1]:
                continue  # a ball may have been too wide for a logarithm or a pivot
            raise
        with arithmetic.context():
            pairs = list(zip(true.reshape(-1), claimed.reshape(-1), strict=True))
            for a, b in pairs:
                if not a.overlaps(b):
                    figure = f"disjoint: {statement.compared(a.str(12), b.str(12))}"
                    return Gap("refuted", 0, bits, figure)
            digits = min(_digits(a, b) for a, b in pairs)
        if digits >= DIGITS:
            zero = all(a.is_zero() and b.is_zero() for a, b in pairs)
            return Gap("agrees", digits, bits, f"{digits} digits agree", zero)
    return Gap("inconclusive", digits, bits, f"only {digits} digits can be told")


def _precision(*formulas: Expr) -> int:
    """Return the bits at which the longest number in formulas is told from one that differs in its last digit."""
    height = max((max(abs(n.p), n.q).bit_length() for e in formulas for n in rationals(e)), default=0)
    return min(height + PRECISIONS[0] // 2, PRECISIONS[-1])


def _digits(a: Any, b: Any) -> int:
    """Return the number of decimal digits to which two overlapping balls agree.

    Relative to their size, or to 1 where both may be zero: then nothing else says how small is small.
    """
    gap = (a - b).abs_upper()
    if gap == 0:
        return EXACT
    scale = 1 if a.contains(0) and b.contains(0) else max(a.abs_lower(), b.abs_lower())
    return max(0, min(EXACT, int(float((scale / gap).log()) / math.log(10))))


def _show(sizes: dict[str, int], end: str = ", ") -> str:
    return ", ".join(f"{name} = {n}" for name, n in sizes.items()) + end if sizes else ""


def _evidence(
    method: str, word: Word, figure: str, start: float, details: dict[str, Any] | None = None
) -> Evidence:
    return Evidence(method, word, figure, details or {}, time.perf_counter() - start)
