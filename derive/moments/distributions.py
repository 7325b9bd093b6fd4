"""What is known of a random variable: the joint cumulants of its entries.

A moment is a sum over the ways to part its factors into blocks, of products of the blocks' joint cumulants (Leonov and
Shiryaev 1959; McCullagh, Tensor Methods in Statistics, 1987, §2.3). The cumulants of a Gaussian end with the second
(so that the sum is Isserlis' theorem), those of independent entries vanish unless all entries are the same one. A
family therefore says its cumulants and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import comb
from typing import Any

from sympy import Expr, Identity, Integer, S, Symbol, cancel, expand, factor, factorial

from derive.errors import InputError
from derive.expression import algebra
from derive.moments.nets import Factor

#: The indices of the factors of a block, factor by factor.
Places = Sequence[tuple[int, ...]]
#: The largest number of factors in one expectation.
MAX_DEGREE = 8


class MissingMomentError(InputError):
    """A moment that is needed and not given."""


@dataclass(frozen=True)
class Part:
    """A term of a cumulant or moment: a scalar, arrays with indices, and indices that are equal."""

    coefficient: Expr = S.One
    factors: tuple[Factor, ...] = ()
    equal: tuple[tuple[int, int], ...] = ()

    def __mul__(self, other: Part) -> Part:
        return Part(
            self.coefficient * other.coefficient, self.factors + other.factors, self.equal + other.equal
        )


@dataclass(frozen=True)
class Distribution:
    """A family with its parameters, as the distribution of the variable `symbol`.

    `highest` is the order from which on all cumulants vanish, None where there is none.
    """

    symbol: Expr
    family: str
    parameters: tuple[Expr | None, ...] = ()
    text: str = ""
    components: tuple[tuple[Expr, Distribution], ...] = field(default=())

    @property
    def name(self) -> str:
        """The name of the variable."""
        return self.symbol.name

    @property
    def highest(self) -> int | None:
        """The order of the last cumulant that is not zero, None where all may be."""
        return 2 if self.family in ("normal", "normal entries", "matrixnormal") else None

    @property
    def fresh(self) -> bool:
        """Tell whether the declaration says that the variable is independent of all others, as iid and indep do."""
        return self.family in ("iid", "vector entries")

    @property
    def has_independent_entries(self) -> bool:
        """Tell whether the entries are independent of each other."""
        return self.family in INDEPENDENT_ENTRIES

    @property
    def mean(self) -> Expr:
        """The mean, in the shape of the variable. Raises InputError where none is known."""
        shape = algebra.shape(self.symbol)
        kind, given = self.family, self.parameters
        if kind in ("normal", "given", "matrixnormal", "vector entries"):
            if given[0] is None:
                raise MissingMomentError(
                    f"the mean of {self.name} is not given: add mean({self.name}) = m to --where"
                )
            return algebra.zero(shape) if given[0] == 0 else given[0]
        if kind == "wishart":
            return algebra.dot(given[1], given[0])
        if kind == "haar":
            return algebra.zero(shape)
        return algebra.dot(entry_cumulant(self, 1), algebra.ones(shape))

    def cumulant(self, places: Places) -> list[Part]:
        """Return the joint cumulant of entries, as a sum; the empty sum is zero. Raises InputError."""
        return _CUMULANTS[self.family](self, places)


#: What parameters that are numbers break, by family: the places, whether they do, and what is expected.
_IMPOSSIBLE: dict[str, tuple[tuple[int, ...], Callable[..., Any], str]] = {
    "normal entries": ((1,), lambda v: v < 0, "a variance is not negative"),
    "iid": ((1,), lambda v: v < 0, "a variance is not negative"),
    "given": ((1,), lambda v: v < 0, "a variance is not negative"),
    "uniform": ((0, 1), lambda a, b: a >= b, "the first end is less than the second"),
    "bernoulli": ((0,), lambda p: (p < 0) | (p > 1), "a chance lies between 0 and 1"),
    "poisson": ((0,), lambda rate: rate <= 0, "a rate is positive"),
    "exponential": ((0,), lambda rate: rate <= 0, "a rate is positive"),
    "chi2": ((0,), lambda n: n <= 0, "the degrees of freedom are positive"),
    "gamma": ((0, 1), lambda shape, scale: (shape <= 0) | (scale <= 0), "shape and scale are positive"),
    "laplace": ((1,), lambda scale: scale <= 0, "a scale is positive"),
}


def refuse_impossible(d: Distribution) -> None:
    """Raise InputError where numbers are given with which no such distribution exists."""
    for _, component in d.components:
        refuse_impossible(replace(component, text=d.text))
    weights = [w for w, _ in d.components]
    if weights and all(w.is_number for w in weights) and (sum(weights) != 1 or any(w < 0 for w in weights)):
        written = d.text.partition(" with ")[0]
        raise InputError(f"{written}: the weights of a mixture are not negative and add up to 1")
    places, breaks, expected = _IMPOSSIBLE.get(d.family, ((), None, ""))
    values = [d.parameters[k] for k in places]
    numbers = [v for v in values if isinstance(v, Expr) and v.is_number]
    if breaks is not None and len(numbers) == len(values) and breaks(*numbers) == True:  # noqa: E712
        raise InputError(f"{d.text or d.name}: {expected}")


# ----------------------------------------------------------------------------------------- cumulants


def _mean(d: Distribution, places: Places) -> list[Part]:
    mean = d.mean
    if mean == algebra.zero(algebra.shape(mean)):
        return []
    if not algebra.is_matrix(mean):
        return [Part(mean)]
    return [Part(S.One, (Factor(mean, tuple(places[0])),))]


def _covariance(matrix: Expr | None, places: Places, name: str) -> list[Part]:
    if matrix is None:
        raise MissingMomentError(
            f"the covariance of {name} is needed and not given: add cov({name}) = S to --where"
        )
    if matrix == 0 or (algebra.is_matrix(matrix) and matrix == algebra.zero(matrix.shape)):
        return []
    scale, factors = algebra.split(matrix)
    if len(factors) == 1 and isinstance(factors[0], Identity):
        return [Part(scale, (), ((places[0][0], places[1][0]),))]
    if not algebra.is_matrix(matrix):
        return [Part(matrix)]
    return [Part(S.One, (Factor(matrix, (places[0][0], places[1][0])),))]


def _normal(d: Distribution, places: Places) -> list[Part]:
    if len(places) == 1:
        return _mean(d, places)
    return _covariance(d.parameters[1], places, d.name) if len(places) == 2 else []


def _given(d: Distribution, places: Places) -> list[Part]:
    if len(places) > 2:
        raise MissingMomentError(
            f"moments of {d.name} up to degree {len(places)} are needed, and only its mean and covariance are given: "
            f"say {d.name} ~ normal(m, S), or give the moments of its entries with iid(mean, variance, third, fourth)"
        )
    return _normal(d, places)


def _matrix_normal(d: Distribution, places: Places) -> list[Part]:
    if len(places) == 1:
        return _mean(d, places)
    if len(places) > 2:
        return []
    (i, j), (k, m) = places
    rows = _covariance(d.parameters[1], [(i,), (k,)], d.name)
    columns = _covariance(d.parameters[2], [(j,), (m,)], d.name)
    return [a * b for a in rows for b in columns]


def _same_entry(places: Places) -> tuple[tuple[int, int], ...]:
    first, *rest = places
    return tuple((i, j) for other in rest for i, j in zip(first, other, strict=True))


def _entries(d: Distribution, places: Places) -> list[Part]:
    value = entry_cumulant(d, len(places))
    return [] if value == 0 else [Part(value, (), _same_entry(places))]


def _vector_entries(d: Distribution, places: Places) -> list[Part]:
    order = len(places)
    if order == 1:
        return _mean(d, places)
    central = [S.Zero, *d.parameters[1:]]
    if order > len(central):
        raise MissingMomentError(
            f"the central moment of order {order} of {d.name} is needed: give it as the next argument of indep(...)"
        )
    values = [algebra.ones(algebra.shape(d.symbol)), *central]
    value = _central_to_cumulant(order, values, algebra.hadamard, algebra.add)
    if value == algebra.zero(algebra.shape(value)):
        return []
    return [Part(S.One, (Factor(value, tuple(places[0])),), _same_entry(places))]


def _wishart(d: Distribution, places: Places) -> list[Part]:
    """n times the sum over the closed chains through all factors: W is Σ x x' over n Gaussians x of covariance S."""
    matrix, n = d.parameters
    if len(places) == 1:
        return [Part(n, (Factor(matrix, tuple(places[0])),))]
    out = []
    for links in _cycles(list(places)):
        part = Part(n)
        for i, j in links:
            for piece in _covariance(matrix, [(i,), (j,)], d.name):
                part = part * piece
        out.append(part)
    return out


def _cycles(places: list[tuple[int, ...]]) -> Iterator[list[tuple[int, int]]]:
    """Yield the ways to link the two ends of every place into one closed chain."""

    def extend(end: int, rest: list[tuple[int, ...]], start: int) -> Iterator[list[tuple[int, int]]]:
        if not rest:
            yield [(end, start)]
            return
        for k, place in enumerate(rest):
            others = rest[:k] + rest[k + 1 :]
            for enter, leave in (place, place[::-1]):
                for links in extend(leave, others, start):
                    yield [(end, enter), *links]

    first, *rest = places
    yield from extend(first[1], rest, first[0])


def _haar(d: Distribution, places: Places) -> list[Part]:
    if len(places) % 2:
        return []  # Q and -Q have one distribution
    if len(places) > 2:
        raise MissingMomentError(
            f"moments of degree {len(places)} of the orthogonal {d.name} are needed: those up to degree 3 are known here"
        )
    return [Part(1 / algebra.shape(d.symbol)[0], (), _same_entry(places))]


# ----------------------------------------------------------------------------- independent entries


def _raw_uniform(k: int, a: Expr, b: Expr) -> Expr:
    return sum((a**i * b ** (k - i) for i in range(k + 1)), S.Zero) / (k + 1)


def _raw_chi2(k: int, n: Expr) -> Expr:
    out: Expr = S.One
    for i in range(k):
        out *= n + 2 * i
    return out


def _raw_gamma(k: int, shape: Expr, scale: Expr) -> Expr:
    out: Expr = S.One
    for i in range(k):
        out *= (shape + i) * scale
    return out


def _raw_laplace(k: int, mean: Expr, scale: Expr) -> Expr:
    return sum(
        (comb(k, i) * mean ** (k - i) * factorial(i) * scale**i for i in range(0, k + 1, 2)),
        S.Zero,
    )


#: E[x^k] of an entry, by family, and the names of the parameters.
RAW_MOMENTS: dict[str, tuple[tuple[str, ...], Callable[..., Expr]]] = {
    "uniform": (("a", "b"), _raw_uniform),
    "bernoulli": (("p",), lambda k, p: p),
    "rademacher": ((), lambda k: Integer(1 - k % 2)),
    "chi2": (("n",), _raw_chi2),
    "exponential": (("rate",), lambda k, rate: factorial(k) / rate**k),
    "gamma": (("shape", "scale"), _raw_gamma),
    "laplace": (("mean", "scale"), _raw_laplace),
}

#: Families of which the entries are independent of each other.
INDEPENDENT_ENTRIES = frozenset({"iid", "poisson", "normal entries", "vector entries", *RAW_MOMENTS})


def central_symbol(name: str, order: int) -> Symbol:
    """Return the symbol of a central moment that is not given: mu3_W is E[(W_ij - E W_ij)^3]."""
    return Symbol(f"mu{order}_{name}", real=True)


@lru_cache(maxsize=512)
def entry_cumulant(d: Distribution, order: int) -> Expr:
    """Return a cumulant of one entry of a variable whose entries are independent and alike."""
    given = d.parameters
    if d.family in ("normal entries", "poisson"):
        values = [given[0]] * order if d.family == "poisson" else [*given[:2], *[S.Zero] * order]
        return values[order - 1]
    if d.family == "iid":
        if order <= 2:
            return given[order - 1]
        known = [S.One, S.Zero, *given[1:]]
        central = [known[k] if k < len(known) else central_symbol(d.name, k) for k in range(order + 1)]
        return expand(_central_to_cumulant(order, central, lambda *a: a[0] * a[1], lambda *a: sum(a, S.Zero)))
    _names, raw = RAW_MOMENTS[d.family]
    return factor(cancel(_raw_to_cumulant(order, [raw(k, *given) for k in range(order + 1)])))


def _central_to_cumulant(order: int, central: list[Expr], times: Callable, plus: Callable) -> Expr:  # type: ignore[type-arg]
    """κ_n = μ_n - Σ_k C(n-1, k-1) κ_k μ_(n-k), of central moments (κ_1 = μ_1 = 0); central[0] is one."""
    cumulants: dict[int, Expr] = {}
    for n in range(2, order + 1):
        terms = [central[n]]
        for k in range(2, n - 1):
            product = times(cumulants[k], central[n - k])
            terms.append(algebra.dot(Integer(-comb(n - 1, k - 1)), product))
        cumulants[n] = plus(*terms) if len(terms) > 1 else terms[0]
    return cumulants[order]


def _raw_to_cumulant(order: int, raw: list[Expr]) -> Expr:
    cumulants: dict[int, Expr] = {}
    for n in range(1, order + 1):
        cumulants[n] = raw[n] - sum(
            (comb(n - 1, k - 1) * cumulants[k] * raw[n - k] for k in range(1, n)), S.Zero
        )
    return cumulants[order]


_CUMULANTS: dict[str, Callable[[Distribution, Places], list[Part]]] = {
    "normal": _normal,
    "given": _given,
    "matrixnormal": _matrix_normal,
    "vector entries": _vector_entries,
    "wishart": _wishart,
    "haar": _haar,
    **dict.fromkeys(("iid", "poisson", "normal entries", *RAW_MOMENTS), _entries),
}
