"""The kinds of trial. Each takes a random generator and returns what is wrong, or None, and what was tried."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from random import Random

import mpmath
import numpy as np
from sympy import S

import derive
import verify
from derive.errors import InputError
from derive.prove import equal
from tests.derive.outside import Unreadable
from tests.fuzz import generator
from tests.fuzz.numbers import DIGITS, reader

#: What was tried, and what is wrong with the outcome ("" where nothing is, "skipped" where nothing can be told).
Outcome = tuple[str, str]


def _point(rng: Random) -> dict[str, np.ndarray]:
    out = {}
    for name, shape in generator.SHAPES.items():
        rows, columns = (generator.SIZES.get(s, s) for s in shape)
        entries = [[mpmath.mpf(rng.randint(-999, 999)) / 1009 for _ in range(columns)] for _ in range(rows)]
        out[name] = np.array(entries, dtype=object)
    return out


def _slopes(f: Callable, point: dict, wrt: str) -> np.ndarray:
    """Return central differences with a step of 10^-20, whose error is some 10^-40."""
    step, x = mpmath.mpf(10) ** -20, point[wrt]
    out = np.empty(x.shape, dtype=object)
    for at in np.ndindex(x.shape):
        sides = []
        for sign in (1, -1):
            moved = x.copy()
            moved[at] += sign * step
            sides.append(f({**point, wrt: moved})[0, 0])
        out[at] = (sides[0] - sides[1]) / (2 * step)
    return out


def _far(a: np.ndarray, b: np.ndarray) -> bool:
    scale = mpmath.mpf(10) ** -20 + max(abs(t) for t in a.reshape(-1))
    return a.shape != b.shape or any(
        abs(s - t) > scale * mpmath.mpf(10) ** -15 for s, t in zip(a.flat, b.flat, strict=True)
    )


def losses(rng: Random) -> Outcome:
    """A derived and checked gradient against differences; nothing is withheld."""
    expr, wrt = generator.loss(rng)
    tried = f"gradient {expr!r} {wrt}"
    try:
        result = verify.gradient(expr, wrt, generator.WHERE)
    except InputError as error:
        return tried, f"refused: {str(error).splitlines()[0]}"
    except Exception as error:
        return tried, f"{type(error).__name__}: {error}"
    try:
        ours = reader(result.to_text(), generator.SHAPES, generator.SIZES, generator.SHAPES[wrt])
        f, point = reader(expr, generator.SHAPES, generator.SIZES), _point(rng)
        return tried, "wrong" if _far(_slopes(f, point, wrt), ours(point)) else ""
    except Unreadable as error:
        return tried, f"skipped: {error}"


def claims(rng: Random) -> Outcome:
    """A right or a slightly wrong claim: a right one is not refuted, a wrong one not upheld."""
    expr, wrt = generator.loss(rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            gradient = claim = derive.gradient(expr, wrt, generator.WHERE).to_text()
        except InputError as error:
            return expr, f"skipped: {error}"
    if rng.random() < 0.6:
        other = rng.choice(
            [f"{claim} + 1/1000*({claim}).*({claim})", f"-({claim})", f"2*({claim})", f"abs({claim})"]
        )
        claim = other.replace(").*(", ")*(") if generator.SHAPES[wrt] == (1, 1) else other
    tried = f"claim {expr!r} {wrt} {claim!r}"
    try:
        truth = reader(expr, generator.SHAPES, generator.SIZES)
        said = reader(claim, generator.SHAPES, generator.SIZES, generator.SHAPES[wrt])
        points = [_point(rng) for _ in range(4)]
        points += [{**p, wrt: -p[wrt]} for p in points]  # a unit of one variable is at rest on one side
        wrong = any(_far(_slopes(truth, p, wrt), said(p)) for p in points)
        # A change below what the slopes resolve, of a gradient of 1e-20 say, is still a change.
        own = reader(gradient, generator.SHAPES, generator.SIZES, generator.SHAPES[wrt])
        # Of abs() the points cannot tell: it may differ from the gradient where none of them lies.
        told = claim != f"abs({gradient})"
        right = told and not wrong and all(np.array_equal(own(p), said(p)) for p in points)
        verdict = verify.check_claim(expr, wrt, claim, where=generator.WHERE).verdict
    except (Unreadable, InputError) as error:
        return tried, f"skipped: {str(error).splitlines()[0]}"
    except Exception as error:
        return tried, f"{type(error).__name__}: {error}"
    if wrong and verdict in ("proved", "certified", "agrees"):
        return tried, f"a wrong claim: {verdict}"
    return tried, "a right claim is refuted" if right and verdict == "refuted" else ""


def pairs(rng: Random) -> Outcome:
    """Two expressions that differ in one place: the normal form calls none equal whose values differ."""
    expr, _ = generator.loss(rng)
    old, new = rng.choice(
        [("2", "3"), ("x", "y"), ("+", "-"), ("S", "T"), ("exp", "tanh"), ("1/3", "1/4"), ("a", "b")]
    )
    at = [i for i in range(len(expr)) if expr.startswith(old, i) and not expr[i - 1 : i].isalpha()]
    other = expr if not at else expr[: (i := rng.choice(at))] + new + expr[i + len(old) :]
    tried = f"pair {expr!r} {other!r}"
    try:
        problem = derive.read_problem(
            f"a + b + x'*y + sum(S + T) + sum(A) + sum(B) + sum(z) + {expr}", "x", generator.WHERE
        )
        one, two = (derive.read_claim(t, problem, (S.One, S.One)) for t in (expr, other))
        same, point = equal(one, two), _point(rng)
        values = [reader(t, generator.SHAPES, generator.SIZES)(point) for t in (expr, other)]
    except (Unreadable, InputError) as error:
        return tried, f"skipped: {str(error).splitlines()[0]}"
    except Exception as error:
        return tried, f"{type(error).__name__}: {error}"
    return tried, "equal, and the values differ" if same and _far(*values) else ""


def texts(rng: Random) -> Outcome:
    """A spoilt text: an answer or one line, whatever it is."""
    found, wrt = generator.loss(rng)
    spoilt = generator.mutated(rng, found)
    tried = f"text {spoilt!r} {wrt}"
    try:
        derive.gradient(spoilt, wrt).to_text()
    except InputError:
        return tried, ""
    except Exception as error:
        return tried, f"{type(error).__name__}: {error}"
    return tried, ""


KINDS = {"losses": losses, "claims": claims, "pairs": pairs, "texts": texts}


def trial(kind: str, seed: int, number: int) -> Outcome:
    """Run one trial, the same for the same seed and number."""
    with mpmath.workdps(DIGITS), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return KINDS[kind](Random(f"{kind} {seed} {number}"))
