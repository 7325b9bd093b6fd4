"""Expectations of polynomials in random entries, from what the distributions are, not from laws of expectations.

Gaussians by Stein's recursion E[x_i g] = m_i E[g] + Σ_j S_ij E[∂g/∂x_j], independent entries by their raw moments, a
Wishart matrix as a sum of outer products of Gaussians, an orthogonal matrix as the mean over the signed permutations
(which have the same moments up to degree 3 as all orthogonal matrices). Cumulants are used nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations, product
from math import comb, factorial
from typing import Any

from derive.moments.distributions import Distribution
from derive.moments.model import Model
from verify.arithmetics.base import Abstain, Arithmetic, Undefined
from verify.moments.polynomials import Entry, Monomial, Polynomial

#: The most degrees of freedom of a Wishart matrix, and the largest orthogonal matrix, that are summed over.
MOST_DRAWS = 5


@dataclass
class EntryMoments:
    """The expectations of monomials at one point.

    `parameters` holds the values of the distributions' parameters by name, as arrays of the arithmetic's entries, `raw`
    the raw moments of entries of which more than is declared is free. `functions` are random entries that are functions of
    others: the name of such an array, what computes E[f(a)^k ...], and the polynomials that its entries are of.
    """

    model: Model
    arithmetic: Arithmetic
    parameters: Mapping[str, tuple[Any, ...]]
    raw: Mapping[str, list[Any]] = field(default_factory=dict)
    covariances: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    functions: Mapping[str, Any] = field(default_factory=dict)
    integrate: Callable[..., Any] | None = None
    _known: dict[Monomial, Any] = field(default_factory=dict)

    def of(self, polynomial: Any) -> Any:
        """Return the expectation of a polynomial. Raises Abstain where a moment is not known."""
        if not isinstance(polynomial, Polynomial):
            return polynomial
        total = self.arithmetic.number(0)
        for monomial, c in polynomial.terms.items():
            total = total + c * self.monomial(monomial)
        return total

    def monomial(self, m: Monomial) -> Any:
        """Return the expectation of a product of powers of entries."""
        if m not in self._known:
            value = self.arithmetic.number(1)
            # A factor of zero settles a product whose other factors may not be known.
            for part in sorted(self._independent_parts(m), key=self._has_function):
                value = value * self._part(part)
                if value == 0:
                    break
            self._known[m] = value
        return self._known[m]

    # -- what is independent of what -------------------------------------------------------------------

    def _support(self, entry: Entry) -> set[Entry]:
        if entry[0] not in self.functions:
            return {entry}
        argument = self.functions[entry[0]].arguments[entry[1], entry[2]]
        return {e for m in argument.terms for e, _ in m}

    def _independent_parts(self, m: Monomial) -> list[Monomial]:
        supports = [self._support(e) for e, _ in m]
        names = frozenset(e[0] for s in supports for e in s)
        components = self.model.components(names)
        of = {n: k for k, part in enumerate(components) for n in part}
        alone = {n for part in components if len(part) == 1 for n in part}
        parts: list[tuple[set[Any], list[tuple[Entry, int]]]] = []
        for (entry, power), support in zip(m, supports, strict=True):
            # Entries of a variable with independent entries stand for themselves, others for all that is dependent.
            keys = {
                e if e[0] in alone and self.model.distributions[e[0]].has_independent_entries else of[e[0]]
                for e in support
            }
            joined = [p for p in parts if p[0] & keys]
            parts = [p for p in parts if not p[0] & keys]
            for p in joined:
                keys |= p[0]
            parts.append((keys, [(entry, power), *[f for p in joined for f in p[1]]]))
        return [tuple(sorted(p[1])) for p in parts]

    def _has_function(self, m: Monomial) -> bool:
        return any(e[0] in self.functions for e, _ in m)

    def _part(self, m: Monomial) -> Any:
        if self._has_function(m):
            if self.integrate is None:
                raise Abstain("a function of what is random")
            return self.integrate(self, m)
        names = sorted({e[0] for e, _ in m})
        if len(names) == 1:
            return self._of_one(self.model.distributions[names[0]], m)
        normal = all(self.model.distributions[n].family in ("normal", "normal entries") for n in names)
        joint = any(set(names) <= group for group in self.model.jointly_normal)
        degree = sum(k for _, k in m)
        if degree == 2 or (normal and joint):
            return self._gaussian(m)
        raise Abstain(f"a joint moment of {', '.join(names)} that is not declared")

    # -- families ------------------------------------------------------------------------------------------

    def _of_one(self, d: Distribution, m: Monomial) -> Any:
        if d.family in ("normal", "matrixnormal"):
            return self._gaussian(m)
        if d.family == "given":
            if sum(k for _, k in m) > 2:
                raise Abstain(f"a moment of {d.name} that is not declared")
            return self._gaussian(m)
        if d.family == "wishart":
            return self._wishart(d, m)
        if d.family == "haar":
            return self._haar(d, m)
        if len(m) != 1:
            raise Abstain(f"entries of {d.name} that are not told apart")
        ((entry, power),) = m
        return self.raw_moment(d, entry, power)

    def mean(self, entry: Entry) -> Any:
        """Return the mean of an entry of a Gaussian, or of what is known by mean and covariance."""
        name, i, j = entry
        return self.parameters[name][0][i, j]

    def covariance(self, a: Entry, b: Entry) -> Any:
        """Return the covariance of two such entries."""
        (x, i, j), (y, k, n) = a, b
        if x != y:
            if (x, y) in self.covariances:
                return self.covariances[x, y][i, k]
            if (y, x) in self.covariances:
                return self.covariances[y, x][k, i]
            raise Abstain(f"the covariance of {x} and {y} is not declared")
        d = self.model.distributions[x]
        if d.family == "matrixnormal":
            return self.parameters[x][1][i, k] * self.parameters[x][2][j, n]
        if d.family == "normal entries":
            return self.parameters[x][1][0, 0] if a == b else self.arithmetic.number(0)
        if self.parameters[x][1] is None:
            raise Abstain(f"the variance of {x} is not declared")
        return self.parameters[x][1][i, k]

    def _gaussian(self, m: Monomial) -> Any:
        if not m:
            return self.arithmetic.number(1)
        (entry, power), *others = m
        rest: Monomial = tuple(others) if power == 1 else ((entry, power - 1), *others)
        total = self.mean(entry) * self._gaussian(rest)
        for other, k in rest:
            lower = tuple((e, p - (e == other)) for e, p in rest if p - (e == other))
            total = total + self.covariance(entry, other) * k * self._gaussian(lower)
        return total

    def _wishart(self, d: Distribution, m: Monomial) -> Any:
        """Write W_ij as Σ_a g_ai g_aj over as many draws of a Gaussian g as there are degrees of freedom."""
        matrix, draws = self.parameters[d.name]
        n = _integer(draws[0, 0])
        if n is None or not 0 < n <= MOST_DRAWS:
            raise Undefined("degrees of freedom are small whole numbers here")
        places = [e[1:] for e, k in m for _ in range(k)]
        total = self.arithmetic.number(0)
        for chosen in product(range(n), repeat=len(places)):
            ends = [(a, i) for a, place in zip(chosen, places, strict=True) for i in place]
            total = total + self._paired(ends, matrix)
        return total

    def _paired(self, ends: list[tuple[int, int]], matrix: Any) -> Any:
        if not ends:
            return self.arithmetic.number(1)
        (a, i), *rest = ends
        total = self.arithmetic.number(0)
        for k, (b, j) in enumerate(rest):
            if a == b:
                total = total + matrix[i, j] * self._paired(rest[:k] + rest[k + 1 :], matrix)
        return total

    def _haar(self, d: Distribution, m: Monomial) -> Any:
        if sum(k for _, k in m) > 3:
            raise Abstain(f"moments of the orthogonal {d.name} beyond degree 3")
        n = int(self.parameters[d.name][0])
        if n > MOST_DRAWS:
            raise Undefined("a small orthogonal matrix is needed")
        if any(sum(k for e, k in m if e[1] == row) % 2 for row in {e[1] for e, _ in m}):
            return self.arithmetic.number(0)  # the sign of that row takes both values
        count = sum(all(order[e[1]] == e[2] for e, _ in m) for order in permutations(range(n)))
        return self.arithmetic.number(Fraction(count, factorial(n)))

    def raw_moment(self, d: Distribution, entry: Entry, k: int) -> Any:
        """Return E[x^k] of an entry of a variable with independent entries."""
        if d.name in self.raw:
            moments = self.raw[d.name]
            if k >= len(moments):
                raise Abstain(f"the moment of degree {k} of {d.name}")
            return moments[k]
        number = self.arithmetic.number
        p = self.parameters[d.name]
        if d.family == "vector entries":
            mean, *central = [a[entry[1], entry[2]] for a in p]
            known = [number(1), number(0), *central]
            if k >= len(known):
                raise Abstain(f"the central moment of degree {k} of {d.name}")
            return _sum(number(0), (comb(k, j) * mean ** (k - j) * known[j] for j in range(k + 1)))
        values = [a[0, 0] for a in p]
        if d.family == "normal entries":
            mean, variance = values
            return _sum(
                number(0),
                (
                    comb(k, 2 * j)
                    * (factorial(2 * j) // (2**j * factorial(j)))
                    * mean ** (k - 2 * j)
                    * variance**j
                    for j in range(k // 2 + 1)
                ),
            )
        if d.family == "uniform":
            a, b = values
            if a == b:
                raise Undefined("an interval of length 0")
            return (b ** (k + 1) - a ** (k + 1)) / ((k + 1) * (b - a))
        if d.family == "bernoulli":
            return values[0]
        if d.family == "rademacher":
            return number(1 - k % 2)
        if d.family == "poisson":  # Touchard's polynomials: E x^k = λ Σ C(k-1, j) E x^j
            out = [number(1)]
            for n in range(k):
                out.append(values[0] * _sum(number(0), (comb(n, j) * out[j] for j in range(n + 1))))
            return out[k]
        if d.family == "chi2":
            return _product(number(1), (values[0] + 2 * j for j in range(k)))
        if d.family == "exponential":
            return number(factorial(k)) / values[0] ** k
        if d.family == "gamma":
            return _product(number(1), ((values[0] + j) * values[1] for j in range(k)))
        if d.family == "laplace":
            mean, scale = values
            return _sum(
                number(0),
                (comb(k, j) * factorial(j) * mean ** (k - j) * scale**j for j in range(0, k + 1, 2)),
            )
        raise Abstain(f"no moments of the family {d.family} are known here")


def _sum(zero: Any, values: Any) -> Any:
    for v in values:
        zero = zero + v
    return zero


def _product(one: Any, values: Any) -> Any:
    for v in values:
        one = one * v
    return one


def _integer(value: Any) -> int | None:
    """Return a residue or rational that is a whole number as such."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return int(value.p) if getattr(value, "q", 0) == 1 else None
