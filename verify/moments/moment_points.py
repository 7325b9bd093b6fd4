"""Points at which an expectation is compared with a formula: sizes, values of what is known, moments of what is random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import comb, factorial
from random import Random
from typing import Any

import numpy as np
from sympy import Expr, Integer, Rational, S

from derive.errors import InputError
from derive.expression import algebra
from derive.moments.activations import X
from derive.moments.distributions import Distribution
from verify.arithmetics.base import Abstain, Arithmetic, Array, Undefined
from verify.arithmetics.exact import PrimeField
from verify.evaluate import Environment, size_of
from verify.moments.entry_moments import EntryMoments
from verify.moments.polynomials import Polynomial, Polynomials
from verify.moments.question import Question

#: The raw moments of entries that are drawn, where a family leaves them free.
HIGHEST = 8
#: Degrees of freedom that are tried.
DRAWS = (2, 3, 1, 4)


@dataclass
class Point:
    """A question at one point: both sides can be computed here."""

    question: Question
    arithmetic: Arithmetic
    sizes: dict[str, int]
    values: dict[str, Array]
    raw: dict[str, list[Any]]
    integrate: Any = None

    @classmethod
    def draw(
        cls,
        question: Question,
        arithmetic: Arithmetic,
        sizes: dict[str, int],
        free: Mapping[str, Any],
        raw: Mapping[str, Any],
        draws: int,
        definite: bool = False,
        integrate: Any = None,
    ) -> Point:
        """Return the point made from free numbers. Raises Undefined where they break an assumption."""
        space = question.space(definite)
        values = space.values(free, arithmetic, check=not isinstance(arithmetic, PrimeField))
        for name in question.draws():
            values[name] = arithmetic.full((1, 1), draws)
        point = cls(question, arithmetic, sizes, values, {}, integrate)
        for name, others in question.last_weights():
            left = arithmetic.full((1, 1), 1)
            for other in others:
                left = left - point.value(other)
            values[name] = left
        point._set_moments(raw)
        return point

    def _set_moments(self, raw: Mapping[str, Any]) -> None:
        """Fill the free raw moments in, and give the names of central moments the values that follow."""
        number = self.arithmetic.number
        for d in self.question.free_moments():
            given = [self.value(p)[0, 0] for p in d.parameters if p is not None]
            mean, central = given[0], [number(1), number(0), *given[1:]]
            moments = [
                _sum(number(0), [comb(k, j) * mean ** (k - j) * central[j] for j in range(k + 1)])
                for k in range(len(central))
            ]
            moments += self._further(raw[d.name], moments)
            self.raw[d.name] = moments
            for k in range(len(central), len(moments)):
                value = _sum(number(0), [comb(k, j) * (-mean) ** (k - j) * moments[j] for j in range(k + 1)])
                self.values[f"mu{k}_{d.name}"] = self.arithmetic.array([[value]])

    def _further(self, raw: Any, moments: list[Any]) -> list[Any]:
        """Return the raw moments that are not declared: drawn ones, or those of a named distribution."""
        number = self.arithmetic.number
        if not isinstance(raw, str):
            return [number(e) for e in raw[len(moments) :]]
        mean, variance = moments[1], moments[2] - moments[1] * moments[1]
        central = [
            number(0)
            if k % 2
            else number(1 if raw == "two-point" else factorial(k) // (2 ** (k // 2) * factorial(k // 2)))
            * variance ** (k // 2)
            for k in range(HIGHEST + 1)
        ]
        return [
            _sum(number(0), [comb(k, j) * mean ** (k - j) * central[j] for j in range(k + 1)])
            for k in range(len(moments), HIGHEST + 1)
        ]

    def value(self, e: Expr | int) -> Array:
        """Return the value of what is known."""
        return self.arithmetic.check(Environment(self.arithmetic, self.values, self.sizes).run(S(e)))

    # -- the two sides ----------------------------------------------------------------------------------

    def claimed(self, claim: Expr) -> Array:
        """Return the value of a formula in what is known; of an entry, a number stands for all entries."""
        value = self.value(claim)
        if self.question.over and value.shape == (1, 1):
            rows, columns = (size_of(d, self.sizes) for d in self.question.shape)
            value = value * self.arithmetic.full((rows, columns), 1)
        return value

    def true(self) -> Array:
        """Return the expectation or covariance, entry by entry, without any law of expectations."""
        ring = Polynomials(self.arithmetic)
        arrays = {n: ring._entries(v) for n, v in self.values.items()}
        for d in self.question.model.distributions.values():
            shape = tuple(size_of(s, self.sizes) for s in algebra.shape(d.symbol))
            arrays[d.name] = ring.random(d.name, (shape[0], shape[1]), d.family == "wishart")
        atoms: dict[str, Any] = {}
        for name, (function, argument) in self.question.functions.items():
            inner = Environment(ring, arrays, self.sizes).run(argument)
            atoms[name] = FunctionEntries(self.with_numbers(function), inner)
            arrays[name] = ring.random(name, inner.shape)
        found = [Environment(ring, arrays, self.sizes).run(e) for e in self.question.expressions]
        moments = self._moments(atoms)
        if self.question.kind == "expectation":
            return _each(found[0], lambda p: _mixed(moments, p))
        left, right = found[0].reshape(-1), found[-1].reshape(-1)
        pairs = (
            [(i, i) for i in range(len(left))]
            if self.question.over
            else list(np.ndindex(len(left), len(right)))
        )
        values = []
        for i, j in pairs:
            means = _mixed(moments, left[i]) * _mixed(moments, right[j])
            values.append(_mixed(moments, left[i] * right[j]) - means)
        out = np.empty(len(values), dtype=object)
        out[:] = values
        return out.reshape(found[0].shape if self.question.over else (len(left), -1))

    def with_numbers(self, f: Expr) -> Expr:
        """Return a function of one variable with the values of this point for its parameters."""
        known = {s: self.values[s.name][0, 0] for s in f.free_symbols - {X} if s.name in self.values}
        return f.xreplace({s: exact_number(v) for s, v in known.items()})

    def _moments(self, atoms: Mapping[str, Any]) -> list[tuple[Any, EntryMoments]]:
        model = self.question.model
        out = []
        covariances = {pair: self.value(e) for pair, e in model.covariances.items()}
        for weight, component in model.mixtures(model.distributions):
            parameters = {n: self._parameters(d) for n, d in component.distributions.items()}
            moments = EntryMoments(
                component, self.arithmetic, parameters, self.raw, covariances, atoms, self.integrate
            )
            out.append((self.value(weight)[0, 0], moments))
        return out

    def _any_mean(self, name: str, shape: tuple[int, ...]) -> Array:
        """Return a mean that is not declared: a drawn one, on which nothing that holds may depend."""
        rng = Random(f"mean of {name} {self.sizes} {sorted((n, str(v)) for n, v in self.values.items())}")
        numbers = np.empty(shape, dtype=object)
        numbers.reshape(-1)[:] = [rng.randrange(1, 2**16) for _ in range(numbers.size)]
        return self.arithmetic.array(numbers)

    def _parameters(self, d: Distribution) -> tuple[Any, ...]:
        if d.family == "haar":
            return (size_of(algebra.shape(d.symbol)[0], self.sizes),)
        shape = tuple(size_of(s, self.sizes) for s in algebra.shape(d.symbol))
        out = []
        for k, p in enumerate(d.parameters):
            if p is None:
                out.append(self._any_mean(d.name, shape) if k == 0 else None)
                continue
            value = self.value(p)
            if k == 0 and value.shape != shape and d.family == "normal entries":
                value = value * self.arithmetic.full((shape[0], shape[1]), 1)
            out.append(value)
        return tuple(out)


@dataclass(frozen=True)
class FunctionEntries:
    """Random entries that are a function, an expression in `derive.moments.activations.X`, of affine polynomials."""

    function: Expr
    arguments: Array


def exact_number(value: Any) -> Rational:
    """Return an entry of an arithmetic as the exact number that it is. Raises Abstain where it is none."""
    if isinstance(value, float):
        return Rational(value)
    if hasattr(value, "man_exp"):
        if not value.is_exact():
            raise Abstain("a parameter that is no exact number")
        mantissa, exponent = value.man_exp()
        return Integer(int(mantissa)) * Integer(2) ** int(exponent)
    return Rational(int(value.p), int(value.q))


def _each(x: Array, f: Any) -> Array:
    out = np.empty(x.shape, dtype=object)
    for i, j in np.ndindex(*x.shape):
        out[i, j] = f(x[i, j])
    return out


def _mixed(moments: list[tuple[Any, EntryMoments]], p: Any) -> Any:
    if not isinstance(p, Polynomial):
        return p
    total = None
    for weight, entry in moments:
        value = weight * entry.of(p)
        total = value if total is None else total + value
    return total


def _sum(zero: Any, values: list[Any]) -> Any:
    for v in values:
        zero = zero + v
    return zero


def plain_raw(rng: Random, q: int) -> list[Fraction]:
    """Return free raw moments: any numbers, of which only those beyond the declared are used."""
    return [Fraction(rng.randint(-q, q)) for _ in range(HIGHEST + 1)]


def residues(rng: Random, p: int) -> list[int]:
    """Return random residues for the free raw moments."""
    return [rng.randrange(p) for _ in range(HIGHEST + 1)]


def small_sizes(names: tuple[str, ...]) -> Iterator[dict[str, int]]:
    """Yield the smallest sizes first."""
    every = product((1, 2, 3), repeat=min(len(names), 3))
    for sizes in sorted(every, key=lambda s: (sum(s), max(s, default=0))):
        padded = [*sizes, *[2] * (len(names) - len(sizes))]
        yield dict(zip(names, padded, strict=True))


__all__ = [
    "DRAWS",
    "Abstain",
    "InputError",
    "Point",
    "Undefined",
    "plain_raw",
    "residues",
    "small_sizes",
]
