"""Expectations of functions of Gaussians in real balls, by rigorous quadrature, held to closed forms.

A function f of an affine combination a of Gaussians stays a random entry of its own. The expectation of f(a)^k times further
entries x_j is one integral over a: given a, the x_j are Gaussian with mean m_j + β_j (a - E a), which is polynomial in a.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import sympy as sp
from flint import arb
from sympy import Expr, MatrixSymbol, Symbol

from derive.expression import algebra
from derive.expression.facts import assuming
from derive.expression.rebuild import rebuild
from derive.expression.walk import parts as parts_of
from derive.moments.activations import X
from derive.moments.entry_functions import function_of
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import Abstain, Undefined
from verify.moments.entry_moments import EntryMoments
from verify.moments.family_means import FAMILIES, family_mean
from verify.moments.moment_points import Point, plain_raw
from verify.moments.polynomials import Entry, Monomial, Polynomial
from verify.moments.question import Question
from verify.moments.rigorous import gaussian_mean
from verify.verdict import DOES_NOT_APPLY, Evidence, Word
from verify.wording import count

BITS = 192
#: Digits to which the balls must agree, points at which they are compared, and points that are tried.
DIGITS, POINTS, TRIES = 30, 2, 12


def with_functions_named(question: Question) -> Question:
    """Return the question with every function of what is random, that is no polynomial, as a random array of its own."""
    random = question.model.random
    found: dict[Expr, Expr] = {}

    def rewrite(e: Expr, args: list[Expr]) -> Expr | None:
        return found.get(e)

    for expression in question.expressions:
        for e in _outermost(expression, random):
            name = f"f{len(found) + 1}#"
            shape = algebra.shape(e)
            found.setdefault(
                e, MatrixSymbol(name, *shape) if algebra.is_matrix(e) else Symbol(name, real=True)
            )
    if not found:
        return question
    functions = {s.name: function_of(e, random) for e, s in found.items()}
    expressions = tuple(rebuild(e, rewrite) for e in question.expressions)
    return replace(question, expressions=expressions, functions=functions)


def _outermost(expression: Expr, random: frozenset[Expr]) -> list[Expr]:
    out, stack = [], [expression]
    while stack:
        e = stack.pop()
        if not e.free_symbols & random:
            continue
        f, _ = function_of(e, random)
        if not f.is_polynomial(X):
            out.append(e)
            continue
        stack.extend(parts_of(e))
    return out


def integrate(moments: EntryMoments, m: Monomial) -> Any:
    """Return the expectation of a product of functions of one Gaussian and of further entries."""
    if (apart := _uncorrelated_parts(moments, m)) is not None:
        return math.prod(map(moments.monomial, apart), start=arb(1))
    functions = [(e, k) for e, k in m if e[0] in moments.functions]
    others = tuple((e, k) for e, k in m if e[0] not in moments.functions)
    arguments = [moments.functions[e[0]].arguments[e[1], e[2]] for e, _ in functions]
    a = arguments[0]
    if any(not (other == a) for other in arguments[1:]):
        raise Abstain("functions of two dependent Gaussians")
    f = sp.Mul(*[moments.functions[e[0]].function ** k for e, k in functions])
    entries = {e for monomial in a.terms for e, _ in monomial}
    families = {moments.model.distributions[e[0]].family for e in entries}
    if families <= FAMILIES:
        return _of_one_entry(moments, f, a, entries, others)
    if not families <= {"normal", "normal entries"}:
        raise Abstain("a function of what is no Gaussian")
    if any(sum(k for _, k in monomial) > 1 for monomial in a.terms):
        raise Abstain("a function of what is not affine in Gaussians")
    mean = moments.of(a)
    variance = moments.of(a * a) - mean * mean
    if not bool(variance > 0):
        raise Undefined("a variance that is not positive")
    links = {e: moments.of(a * _entry(moments, e)) - mean * moments.monomial(((e, 1),)) for e, _ in others}
    given = _given(moments, others, {e: c / variance for e, c in links.items()}, links)
    total = arb(0)
    for k, c in enumerate(given):
        for j in range(k + 1):
            total += c * math.comb(k, j) * (-mean) ** (k - j) * _mean(f, j, mean, variance)
    return total


def _uncorrelated_parts(moments: EntryMoments, m: Monomial) -> list[Monomial] | None:
    """Return the factors of a product by Gaussians without covariance, which are independent; None where there is one part."""
    of = {
        e: moments.functions[e[0]].arguments[e[1], e[2]] if e[0] in moments.functions else _entry(moments, e)
        for e, _ in m
    }
    names = {e[0] for p in of.values() for monomial in p.terms for e, _ in monomial}
    degree = max((sum(k for _, k in monomial) for p in of.values() for monomial in p.terms), default=0)
    families = {moments.model.distributions[n].family for n in names}
    if (
        degree > 1
        or not families <= {"normal", "normal entries"}
        or (len(names) > 1 and not _joint(moments, names))
    ):
        return None
    parts: list[list[tuple[Entry, int]]] = []
    for e, k in m:
        linked = [p for p in parts if any(_covary(moments, of[e], of[f]) for f, _ in p)]
        parts = [p for p in parts if p not in linked]
        parts.append([*(f for p in linked for f in p), (e, k)])
    return [tuple(sorted(p)) for p in parts] if len(parts) > 1 else None


def _joint(moments: EntryMoments, names: set[str]) -> bool:
    model = moments.model
    return len(model.components(frozenset(names))) == len(names) or any(
        names <= g for g in model.jointly_normal
    )


def _covary(moments: EntryMoments, a: Any, b: Any) -> bool:
    """Tell whether two affine polynomials have a covariance that is not exactly zero."""
    total = arb(0)
    for m, c in a.terms.items():
        for n, d in b.terms.items():
            if m and n and len(moments.model.components(frozenset({m[0][0][0], n[0][0][0]}))) == 1:
                total += c * d * moments.covariance(m[0][0], n[0][0])
    return not bool(total.is_zero())


def _entry(moments: EntryMoments, e: Entry) -> Polynomial:
    return Polynomial({((e, 1),): moments.arithmetic.number(1)})


def _given(
    moments: EntryMoments, m: Monomial, slopes: Mapping[Entry, Any], links: Mapping[Entry, Any]
) -> list[Any]:
    """Return E[x_j ... | a] as the coefficients of a polynomial in a - E a, by Stein's recursion for the residuals."""
    if not m:
        return [arb(1)]
    (entry, power), *rest = m
    lower: Monomial = tuple(rest) if power == 1 else ((entry, power - 1), *rest)
    inner = _given(moments, lower, slopes, links)
    out = [moments.monomial(((entry, 1),)) * c for c in inner] + [arb(0)]
    for k, c in enumerate(inner):
        out[k + 1] += slopes[entry] * c
    for other, k in lower:
        fewer = tuple((e, p - (e == other)) for e, p in lower if p - (e == other))
        covariance = moments.covariance(entry, other) - slopes[entry] * links[other]
        for n, c in enumerate(_given(moments, fewer, slopes, links)):
            out[n] += covariance * k * c
    return out


def _mean(f: Expr, j: int, mean: Any, variance: Any) -> Any:
    key = (f, j, str(mean), str(variance))
    if key not in _KNOWN:
        if len(_KNOWN) > 512:
            _KNOWN.clear()
        _KNOWN[key] = gaussian_mean(f * X**j, mean, variance)
    return _KNOWN[key]


_KNOWN: dict[Any, Any] = {}


def _of_one_entry(moments: EntryMoments, f: Expr, a: Any, entries: set[Entry], others: Monomial) -> Any:
    """Return the expectation of a function of one entry that is no Gaussian, times a power of it."""
    if len(entries) != 1 or any(e not in entries for e, _ in others):
        raise Abstain("a function of several entries that are no Gaussians")
    (entry,) = entries
    d = moments.model.distributions[entry[0]]
    parameters = [p[0, 0] for p in moments.parameters[d.name]]
    start, slope = (arb(a.terms.get(m, 0)) for m in ((), ((entry, 1),)))
    if len(a.terms) > 2 or not a.terms.keys() <= {(), ((entry, 1),)}:
        raise Abstain("a function of what is not affine in an entry")
    return family_mean(d.family, parameters, f, start, slope, sum(k for _, k in others))


# ------------------------------------------------------------------------------------------- evidence


def quadrature_evidence(question: Question, claim: Expr, seed: int = 0) -> Evidence:
    """Return agrees to a number of proved digits, refuted where balls are disjoint, or inconclusive."""
    start = time.perf_counter()
    question = with_functions_named(question)
    arithmetic = Balls(BITS)
    done, digits, used = 0, 999, []
    reason = "no point was found at which both sides have a value"
    try:
        with arithmetic.context(), assuming(question.problem.assumptions):
            for trial, sizes in enumerate(_sizes(question)):
                point = real_point(question, sizes, Random(f"quadrature {seed} {trial}"), arithmetic)
                if point is None:
                    continue
                try:
                    gap = compared(point, claim)
                except Undefined as error:
                    reason = str(error)
                    continue
                except Abstain as error:
                    # At other sizes fewer entries depend on each other.
                    reason = f"{DOES_NOT_APPLY}: {error}"
                    continue
                if gap is None:
                    shown = ", ".join(f"{n} = {k}" for n, k in sizes.items())
                    figure = f"disjoint balls at a random point{', ' + shown if shown else ''}"
                    return Evidence(
                        "rigorous quadrature",
                        "refuted",
                        figure,
                        {"sizes": sizes},
                        time.perf_counter() - start,
                    )
                done, digits = done + 1, min(digits, gap)
                used.append(sizes)
                if done == POINTS:
                    break
    except Abstain as error:
        reason = f"{DOES_NOT_APPLY}: {error}"
    seconds = time.perf_counter() - start
    if not done:
        return Evidence("rigorous quadrature", "inconclusive", reason, {}, seconds)
    at = "; ".join(dict.fromkeys(", ".join(f"{n} = {k}" for n, k in s.items()) for s in used if s))
    word: Word = "agrees" if digits >= DIGITS else "inconclusive"
    figure = f"{digits} proved digits agree at {count(done, 'random point')}" + (f" with {at}" if at else "")
    details = {"digits": digits, "points": done, "bits": BITS, "sizes": used, "seed": seed}
    return Evidence("rigorous quadrature", word, figure, details, seconds)


def _sizes(question: Question) -> list[dict[str, int]]:
    """Return sizes to try, first some at which entries differ, then 1 everywhere, at which fewer depend on each other."""
    names = question.space().sizes
    if not names:
        return [{}] * TRIES
    first = [s for s in question.assignments() if question.entries(s) <= 6][:2]
    return [*first, *[dict.fromkeys(names, 1)] * (TRIES // 2)]


def real_point(question: Question, sizes: dict[str, int], rng: Random, arithmetic: Balls) -> Point | None:
    """Return a real point at which covariances are positive definite; None where the draw breaks an assumption."""
    space = question.space(definite=True)
    raw = {d.name: plain_raw(rng, 4) for d in question.free_moments()}
    for _ in range(3):
        try:
            free = space.free(sizes, lambda variable: Fraction(rng.randint(1, 7), 8))
            return Point.draw(question, arithmetic, sizes, free, raw, 2, definite=True, integrate=integrate)
        except Undefined:
            continue
    return None


def compared(point: Point, claim: Expr) -> int | None:
    """Return to how many digits the two sides agree, None where they certainly differ."""
    true, claimed = point.true(), point.claimed(claim)
    if true.shape != claimed.shape:
        return None
    digits = 999
    for a, b in zip(true.reshape(-1), claimed.reshape(-1), strict=True):
        a, b = arb(a), arb(b)
        if not a.overlaps(b):
            return None
        radius = float((a - b).abs_upper()) / max(1e-300, float(abs(b).mid()) or 1.0)
        digits = min(digits, max(0, int(-math.log10(radius))) if radius > 0 else 999)
    return digits


def proved_digits(question: Question) -> tuple[Any, int]:
    """Return a moment of which every parameter is a number as a ball, and how many digits of it are proved."""
    arithmetic = Balls(BITS)
    with arithmetic.context():
        point = Point.draw(question, arithmetic, {}, {}, {}, 2, integrate=integrate)
        ball = arb(point.true()[0, 0])
        size = float(abs(ball).mid())
        radius = float(ball.rad())
        digits = int(-math.log10(radius / size)) if size and radius else BITS // 4
        if digits < 1:
            raise Abstain("no digit of the moment is proved")
        return ball, min(digits, 50)


def rounded_evidence(question: Question, claim: Expr, places: int) -> Evidence | None:
    """Return agrees where a number is a moment rounded to its decimal places, None where it is not known to be."""
    start = time.perf_counter()
    question = with_functions_named(question)
    if question.shape != (1, 1) or question.space().variables or not claim.is_number:
        return None
    try:
        ball, digits = proved_digits(question)
    except (Abstain, Undefined):
        return None
    number = sp.Rational(claim)
    with Balls(BITS).context():
        gap = abs(ball - arb(int(number.p)) / int(number.q))
        if not gap <= arb(10) ** -places / 2:
            return None
    figure = (
        f"the {question.kind} rounded to {count(places, 'decimal place')}, {digits} digits of it are proved"
    )
    details = {"digits": digits, "places": places}
    return Evidence("rigorous quadrature", "agrees", figure, details, time.perf_counter() - start)
