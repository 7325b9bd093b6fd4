"""A distribution with small numbers under which a claimed moment is wrong, both values exact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from random import Random
from typing import Any

import numpy as np
from sympy import Expr

from derive.expression.facts import assuming
from derive.moments.distributions import Distribution
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import Abstain, Arithmetic, Undefined
from verify.arithmetics.exact import RATIONALS
from verify.moments.function_moments import BITS, integrate, with_functions_named
from verify.moments.moment_points import Point, small_sizes
from verify.moments.question import Question
from verify.verdict import Counterexample

#: Points that are tried at every assignment of sizes, and sizes that are tried.
TRIES, SIZES = 12, 6
#: The largest sum of a point's free entries that is written out as plain.
_MOMENTS = ("normal", "two-point")
#: Families whose first parameter, or all of them, are positive.
_POSITIVE = {"chi2": (0,), "exponential": (0,), "gamma": (0, 1), "poisson": (0,), "laplace": (1,)}


@dataclass(frozen=True)
class _Draw:
    """What a point is made from."""

    sizes: dict[str, int]
    free: Mapping[str, Any]
    moments: str
    draws: int


def find_counterexample(question: Question, claim: Expr, seed: int = 0) -> Counterexample | None:
    """Return a reduced counterexample, or None where none with small numbers is found."""
    named = with_functions_named(question)
    search = _Search(named, claim, Balls(BITS) if named.functions else RATIONALS)
    with search.arithmetic.context(), assuming(question.problem.assumptions):
        for draw in search.candidates(seed):
            if search.apart(draw) is not None:
                return search.shown(search.reduced(draw))
    return None


class _Search:
    """Looks for the plainest distribution under which the two sides differ."""

    def __init__(self, question: Question, claim: Expr, arithmetic: Arithmetic) -> None:
        self.question, self.claim, self.arithmetic = question, claim, arithmetic
        self.space = question.space(definite=True)
        self.chances = question.chances()

    def candidates(self, seed: int) -> Iterator[_Draw]:
        """Yield points, those with fewer and plainer entries first."""
        for k, sizes in enumerate(small_sizes(self.space.sizes)):
            if k == SIZES:
                return
            rng = Random(f"moment counterexample {seed} {k}")
            for trial in range(TRIES):
                for moments in _MOMENTS if self.question.free_moments() else _MOMENTS[:1]:
                    free = self.space.free(sizes, partial(self._plain, rng, trial))
                    yield _Draw(sizes, free, moments, 1 + trial % 3)

    def _plain(self, rng: Random, trial: int, variable: Any) -> Fraction:
        """Return a small number, larger ones at later trials; one below 1 for what is a chance."""
        if variable.name in self.chances:
            return Fraction(1, rng.randint(2, 2 + trial // 3))
        return Fraction(rng.randint(1, 1 + trial // 3))

    def _point(self, draw: _Draw) -> Point | None:
        raw = {d.name: draw.moments for d in self.question.free_moments()}
        try:
            point = Point.draw(
                self.question,
                self.arithmetic,
                draw.sizes,
                draw.free,
                raw,
                draw.draws,
                definite=True,
                integrate=integrate,
            )
            return point if self._is_distribution(point) else None
        except (Undefined, Abstain, ZeroDivisionError):
            return None

    def _is_distribution(self, point: Point) -> bool:
        """Tell whether the parameters are those of a distribution: chances, variances, rates."""
        for d in self.question.every_distribution():
            values: list[Any] = [None if p is None else _floats(point.value(p)) for p in d.parameters]
            if d.family == "bernoulli" and not 0 < values[0].item() < 1:
                return False
            if d.family == "uniform" and not values[0].item() < values[1].item():
                return False
            if d.family in ("iid", "normal entries") and not values[1].item() > 0:
                return False
            if any(values[k].item() <= 0 for k in _POSITIVE.get(d.family, ())):
                return False
            if d.family == "vector entries" and not (values[1] > 0).all():
                return False
            if (
                d.family in ("normal", "given")
                and values[1] is not None
                and np.linalg.eigvalsh(values[1]).min() < 0
            ):
                return False
        if any(not 0 < w < 1 for w in self._weights(point)):
            return False
        return self._is_joint(point)

    def _weights(self, point: Point) -> list[float]:
        tops = self.question.model.distributions.values()
        return [_floats(point.value(w)).item() for d in tops for w, _ in d.components]

    def _is_joint(self, point: Point) -> bool:
        """Tell whether covariances of pairs and of each fit together."""
        for (x, y), c in self.question.model.covariances.items():
            one, two = (self.question.model.distributions[n] for n in (x, y))
            if one.parameters[1] is None or two.parameters[1] is None:
                continue
            cross = _floats(point.value(c))
            block = np.block(
                [
                    [_floats(point.value(one.parameters[1])), cross],
                    [cross.T, _floats(point.value(two.parameters[1]))],
                ]
            )
            if np.linalg.eigvalsh(block).min() < -1e-9:
                return False
        return True

    def apart(self, draw: _Draw) -> tuple[tuple[int, int], Any, Any] | None:
        """Return a place at which the two sides differ, with both values; None where they do not."""
        point = self._point(draw)
        if point is None:
            return None
        try:
            true, claimed = point.true(), point.claimed(self.claim)
        except (Undefined, Abstain, ZeroDivisionError):
            return None
        if true.shape != claimed.shape:
            return None
        for i, j in np.ndindex(*true.shape):
            a, b = true[i, j], claimed[i, j]
            differ = a != b if self.arithmetic is RATIONALS else not a.overlaps(b)
            if differ:
                return (i, j), a, b
        return None

    def reduced(self, draw: _Draw) -> _Draw:
        """Return the point with more zeros and ones, as long as they tell the two apart."""
        for name in sorted(draw.free):
            for plain in (0, 1):
                numbers = np.empty(draw.free[name].shape, dtype=object)
                numbers[...] = Fraction(plain)
                other = _Draw(draw.sizes, {**draw.free, name: numbers}, draw.moments, draw.draws)
                if self.apart(other) is not None:
                    draw = other
                    break
        return draw

    def shown(self, draw: _Draw) -> Counterexample | None:
        """Return the counterexample in print."""
        found, point = self.apart(draw), self._point(draw)
        if found is None or point is None:
            return None
        place, true, claimed = found
        shown: dict[str, Any] = {}
        for d in self.question.model.distributions.values():
            shown[d.name] = self._words(d, draw)
        used = self._used()
        for name, value in point.values.items():
            if name in used:
                shown[name] = _entries(value)
        name = {"expectation": "the expectation", "variance": "the variance"}.get(
            self.question.kind, "the covariance"
        )
        if self.question.shape != (1, 1):
            name = f"entry ({place[0] + 1}, {place[1] + 1})"
        return Counterexample(shown, place, _text(claimed), _text(true), name)

    def _used(self) -> set[str]:
        symbols = set(self.claim.free_symbols)
        for e in self.question.expressions:
            symbols |= e.free_symbols
        for d in self.question.every_distribution():
            for p in (*d.parameters, *(w for w, _ in d.components)):
                symbols |= p.free_symbols if isinstance(p, Expr) else set()
        for c in self.question.model.covariances.values():
            symbols |= c.free_symbols
        return {s.name for s in symbols}

    def _words(self, d: Distribution, draw: _Draw) -> str:
        said = d.text.partition("~")[2].strip() or d.text
        if d.family == "iid":
            kind = (
                "normal"
                if draw.moments == "normal"
                else "with the two values mean ± deviation, equally likely"
            )
            return f"{said}, {kind}"
        return said


def _floats(x: Any) -> np.ndarray:
    return np.array([[float(e.p) / float(e.q) if hasattr(e, "q") else float(e) for e in row] for row in x])


def _entries(x: Any) -> Any:
    return _text(x[0, 0]) if x.shape == (1, 1) else [[_text(e) for e in row] for row in x]


def _text(e: Any) -> str:
    return e.str(10, radius=False) if hasattr(e, "rad") else str(e)
