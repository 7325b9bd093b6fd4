"""Random variables together: their distributions, what is independent of what, and how others covary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from itertools import product as choices

from sympy import Expr, S

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.operation import kind
from derive.language.text import to_text
from derive.moments.activations import X
from derive.moments.contraction import contract
from derive.moments.distributions import MAX_DEGREE, Distribution, Part
from derive.moments.entry_functions import function_of, in_terms_of, of_one_array
from derive.moments.gaussian_functions import (
    cumulant_at_one_place,
    entry_cumulant_of,
    gaussian_cumulant,
    independent_cumulant,
)
from derive.moments.nets import Factor, Index, Lowering, Term


@dataclass(frozen=True)
class Model:
    """Distributions by name, sets of jointly independent variables, and covariances of pairs.

    `covariances` holds E[(x - E x)(y - E y)'] by (x, y), and `jointly_normal` the sets of names that are so.
    """

    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    independent: tuple[frozenset[str], ...] = ()
    covariances: Mapping[tuple[str, str], Expr] = field(default_factory=dict)
    jointly_normal: tuple[frozenset[str], ...] = ()

    @property
    def random(self) -> frozenset[Expr]:
        """The symbols that are random."""
        return frozenset(d.symbol for d in self.distributions.values())

    def components(self, names: frozenset[str]) -> list[frozenset[str]]:
        """Return the variables in sets that are jointly independent, as far as that is stated."""
        fresh = [frozenset({n}) for n in sorted(names) if self.distributions[n].fresh]
        rest = frozenset(n for n in names if not self.distributions[n].fresh)
        if any(rest <= group for group in self.independent):
            return [*fresh, *[frozenset({n}) for n in sorted(rest)]]
        return [*fresh, rest] if rest else fresh

    def why_independent(self, names: frozenset[str]) -> list[str]:
        """Return the assumptions by which variables are independent, in words."""
        fresh = [n for n in sorted(names) if self.distributions[n].fresh]
        rest = names - set(fresh)
        said = []
        for k, n in enumerate(fresh):
            others = [*fresh[k + 1 :], *sorted(rest)]
            if others:
                family = "iid" if self.distributions[n].family == "iid" else "indep"
                said.append(f"{n} is independent of {', '.join(others)}, as {family} says")
        if len(rest) > 1 and any(rest <= group for group in self.independent):
            said.append(f"independent({', '.join(sorted(rest))})")
        return said

    def conditioned(self, name: str) -> Model:
        """Return the model given the value of a variable, which is known from then on.

        What is independent of it stays as it is; what is jointly normal with it has the mean u + C'·S⁻¹·(x - m) and the
        covariance T - C'·S⁻¹·C. Raises InputError for what is neither.
        """
        x = self.distributions[name]
        kept: dict[str, Distribution] = {}
        for other, d in self.distributions.items():
            if other == name:
                continue
            if len(self.components(frozenset({name, other}))) == 2:
                kept[other] = d
                continue
            joint = any({name, other} <= group for group in self.jointly_normal)
            cross = self.covariances.get((name, other))
            if cross is None and (flipped := self.covariances.get((other, name))) is not None:
                cross = algebra.t(flipped)
            if not joint or cross is None:
                raise InputError(
                    f"how {other} depends on {name} is not stated: add independent({name}, {other}), or "
                    f"jointlynormal({name}, {other}) and cov({name}, {other}) = C"
                )
            slope = algebra.dot(algebra.t(cross), algebra.inv(x.parameters[1]))
            mean = algebra.add(
                d.mean, algebra.dot(slope, algebra.add(x.symbol, algebra.dot(S.NegativeOne, x.mean)))
            )
            rest = algebra.add(d.parameters[1], algebra.dot(S.NegativeOne, slope, cross))
            kept[other] = replace(d, parameters=(mean, rest), text=f"{d.text}, given {name}")
        pairs = {pair: c for pair, c in self.covariances.items() if name not in pair}
        groups = tuple(g - {name} for g in self.independent if len(g - {name}) > 1)
        joint_groups = tuple(g - {name} for g in self.jointly_normal if len(g - {name}) > 1)
        return Model(kept, groups, pairs, joint_groups)

    def names(self, e: Expr) -> frozenset[str]:
        """Return the names of the random variables in an expression."""
        return frozenset(s.name for s in e.free_symbols if s.name in self.distributions)

    def joint_cumulant(self, factors: Sequence[Factor]) -> list[Part]:
        """Return the joint cumulant of random entries. Raises InputError where it is not known."""
        names = frozenset().union(*(self.names(f.array) for f in factors))
        random = self.random
        if all(f.array in random for f in factors) and len(names) == 1:
            (name,) = names
            return self.distributions[name].cumulant([f.indices for f in factors])
        if len(names) > 1 and len(factors) > 1 and self._fall_apart(factors):
            return []
        if any(f.array not in random for f in factors):
            return self._of_functions(factors, names)
        if any(names <= group for group in self.jointly_normal) and len(factors) > 2:
            return []
        if len(factors) == 2:
            one, two = factors
            for x, y in ((one, two), (two, one)):
                matrix = self.covariances.get((x.array.name, y.array.name))
                if matrix is not None:
                    return _cross(matrix, x.indices, y.indices)
        listed = ", ".join(sorted(names))
        if len(names) == 2 and len(factors) == 2:
            raise InputError(
                f"the covariance of {' and '.join(sorted(names))} is needed and not stated: variables are independent "
                f"only where that is said; add independent({listed}) or cov({listed}) = C to --where"
            )
        raise InputError(
            f"a joint moment of {listed} of degree {len(factors)} is needed and not stated: variables are independent "
            f"only where that is said; add independent({listed}) to --where, if they are"
        )

    def _fall_apart(self, factors: Sequence[Factor]) -> bool:
        """Tell whether the factors are of two sets of variables that are independent of each other."""
        parts: list[frozenset[str]] = []
        for f in factors:
            names = self.names(f.array)
            together = [p for p in parts if p & names]
            parts = [p for p in parts if not p & names] + [names.union(*together)]
        every = frozenset[str]().union(*parts)
        return any(
            not any(p & set_ and p - set_ for p in parts) for set_ in self.components(every) if set_ != every
        )

    # -- functions of entries ------------------------------------------------------------------------

    def _of_functions(self, factors: Sequence[Factor], names: frozenset[str]) -> list[Part]:
        """Return the joint cumulant of entries and functions of entries."""
        functions = [f for f in factors if f.array not in self.random]
        read = [function_of(f.array, self.random) for f in factors]
        joint = of_one_array(read, self.random)
        if joint is not None:
            found = self._of_one_array(*joint, [f.indices for f in factors], names)
            if found is not None:
                return found
        if len(functions) > 1:
            raise InputError(
                "the joint moment of two functions of dependent Gaussians is asked for: it is known here for one function "
                "with further entries, and for entries that are independent, x ~ normal(0, s^2)"
            )
        (function,) = functions
        f, inside = function_of(function.array, self.random)
        self._want_gaussian(names)
        mean, variance = self._gaussian_of(inside)
        links: list[Part] = []
        for factor in factors:
            if factor is not function:
                link = self._link(inside, function.indices, factor)
                if not link:
                    return []
                links += link
        return gaussian_cumulant(f, function.indices, mean, variance, links)

    def _of_one_array(
        self, functions: list[Expr], inside: Expr, places: list[tuple[int, ...]], names: frozenset[str]
    ) -> list[Part] | None:
        """Return the joint cumulant of functions of the entries of one array, where those are independent."""
        (name, *others) = names
        d = self.distributions[name]
        if not others and d.has_independent_entries and d.family != "normal entries":
            within = in_terms_of(inside, d.symbol)
            if within is not None:
                functions, inside = [f.xreplace({X: within}) for f in functions], d.symbol
        if not others and inside == d.symbol and d.has_independent_entries:
            value = entry_cumulant_of(d, functions)
            first, *rest = places
            equal = tuple((i, j) for other in rest for i, j in zip(first, other, strict=True))
            return [Part(value, (), equal)] if value != 0 else []
        if len(functions) == 1:
            return None
        self._want_gaussian(names)
        if not any(places):
            mean, variance = self._gaussian_of(inside)
            entry = Distribution(inside, "normal entries", (mean, variance))
            value = entry_cumulant_of(entry, functions)
            return [Part(value)] if value != 0 else []
        if len(set(places)) == 1:
            return cumulant_at_one_place(functions, places[0], *self._gaussian_of(inside))
        mean, covariance = self._gaussian_of(inside, apart=True)
        variance = diagonal_of(covariance)
        return None if variance is None else independent_cumulant(functions, places, mean, variance)

    def _want_gaussian(self, names: frozenset[str]) -> None:
        if not self._is_gaussian(names):
            raise InputError(
                f"expectations of functions are those of Gaussians: {', '.join(sorted(names))} is not said to be normal"
            )

    def _is_gaussian(self, names: frozenset[str]) -> bool:
        normal = all(self.distributions[n].highest == 2 for n in names)
        joint = len(names) == 1 or any(names <= group for group in self.jointly_normal)
        return normal and (joint or len(self.components(names)) == len(names))

    def _gaussian_of(self, e: Expr, apart: bool = False) -> tuple[Expr, Expr]:
        """Return the mean and the entries' variances of an affine expression; with `apart`, the mean and the covariance.

        Raises InputError where it is not affine.
        """
        if algebra.shape(e)[1] != 1:
            raise InputError(
                "functions of random matrices are read where their entries are iid: X ~ normal(0, s^2)"
            )
        low = Lowering(self.random)
        row = low.indices.fresh(algebra.shape(e)[0])
        terms = low.terms(e, row)
        if any(len(t.random) > 1 or any(f.array not in self.random for f in t.random) for t in terms):
            raise InputError(f"{to_text(e)[:60]} is not affine in what is random, and so no Gaussian")
        means = [contracted(t, (), low, (row, None), p) for t in terms for p in self._moments(t)]
        other = low.indices.fresh(algebra.shape(e)[0])
        same = () if apart or row is None or other is None else ((row, other),)
        free = (row, other) if apart else (row, None)
        variances = [
            contracted(a * b, same, low, free, part)
            for a in terms if a.random
            for b in low.terms(e, other) if b.random
            for part in self.joint_cumulant([*a.random, *b.random])
        ]  # fmt: skip
        shape = algebra.shape(e)
        return self._added(means, shape), self._added(variances, (shape[0], shape[0]) if apart else shape)

    def _moments(self, term: Term) -> list[Part]:
        return self.joint_cumulant(term.random) if term.random else [Part()]

    @staticmethod
    def _added(values: list[Expr], shape: tuple[Expr, Expr]) -> Expr:
        return algebra.add(*values) if values else algebra.zero(shape)

    def _link(self, inside: Expr, indices: tuple[int, ...], f: Factor) -> list[Part]:
        """Return the covariance of an affine expression, at indices, with an entry, as one part or none."""
        low = Lowering(self.random)
        row = low.indices.fresh(algebra.shape(inside)[0])
        shape = algebra.shape(f.array)
        column = low.indices.fresh(shape[0])
        if shape[1] != 1:
            raise InputError(
                "a function of a Gaussian with entries of a random matrix is asked for: this is not known here"
            )
        values = []
        for t in low.terms(inside, row):
            if t.random:
                entry = Factor(f.array, () if column is None else (column,))
                for part in self.joint_cumulant([*t.random, entry]):
                    values.append(contracted(t, (), low, (row, column), part))
        if not values:
            return []
        matrix = algebra.add(*values)
        return _cross(matrix, indices, f.indices)

    def mixtures(self, names: Iterable[str]) -> Iterator[tuple[Expr, Model]]:
        """Yield the models of one component for every mixture among some variables, each with its weight."""
        mixed = [self.distributions[n] for n in sorted(set(names)) if self.distributions[n].components]
        for chosen in choices(*[d.components for d in mixed]):
            weight: Expr = S.One
            parts = dict(self.distributions)
            for d, (share, component) in zip(mixed, chosen, strict=True):
                weight = weight * share
                parts[d.name] = replace(component, symbol=d.symbol)
            yield weight, replace(self, distributions=parts)


def diagonal_of(covariance: Expr) -> Expr | None:
    """Return the diagonal of a matrix that is written as a diagonal one, None for any other."""
    if kind(covariance) == "sum":
        parts = [diagonal_of(a) for a in covariance.args]
        return None if any(p is None for p in parts) else algebra.add(*parts)
    scale, factors = algebra.split(covariance)
    if len(factors) != 1:
        return None
    if kind(factors[0]) == "identity":
        return algebra.dot(scale, algebra.ones((covariance.shape[0], S.One)))
    if kind(factors[0]) == "diagonal matrix":
        return algebra.dot(scale, factors[0].args[0])
    return None


def _cross(matrix: Expr, rows: tuple[int, ...], columns: tuple[int, ...]) -> list[Part]:
    """Return an entry of a covariance of two columns."""
    if matrix == algebra.zero(algebra.shape(matrix)):
        return []
    if not algebra.is_matrix(matrix):
        return [Part(matrix)]
    return [Part(S.One, (Factor(matrix if rows else algebra.t(matrix), (*rows, *columns)),))]


#: Blocks of positions.
Blocks = tuple[tuple[int, ...], ...]


def moment_parts(
    model: Model, factors: Sequence[Factor], groups: Sequence[int] | None = None
) -> Iterator[tuple[Blocks, Part]]:
    """Yield the terms of the moment of a product of entries, each with the blocks of factors that it comes from.

    With `groups`, a number for every factor, only those terms in which some block has factors of two groups: of two
    groups, they add up to their covariance. Raises InputError where a cumulant is not known.
    """
    if len(factors) > MAX_DEGREE:
        raise InputError(
            f"the expectation of a product of {len(factors)} random factors is asked for: at most {MAX_DEGREE} are read"
        )
    memo: dict[tuple[int, ...], list[Part] | InputError] = {}

    def cumulant(block: tuple[int, ...]) -> list[Part] | InputError:
        if block not in memo:
            try:
                memo[block] = model.joint_cumulant([factors[p] for p in block])
            except InputError as unknown:  # it may yet be multiplied by zero, or not be asked for
                memo[block] = unknown
        return memo[block]

    def partitions(rest: tuple[int, ...]) -> Iterator[Blocks]:
        if not rest:
            yield ()
            return
        first, *others = rest
        for size in range(len(others) + 1):
            if size > 1 and _ends_with_two(model, [factors[first], *[factors[p] for p in others]]):
                break
            for more in combinations(others, size):
                block = (first, *more)
                if cumulant(block) != []:
                    for blocks in partitions(tuple(p for p in others if p not in more)):
                        yield (block, *blocks)

    for blocks in partitions(tuple(range(len(factors)))):
        if groups is not None and all(len({groups[p] for p in block}) == 1 for block in blocks):
            continue
        found = [cumulant(block) for block in blocks]
        for terms in found:
            if isinstance(terms, InputError):
                raise terms
        for chosen in choices(*[terms for terms in found if not isinstance(terms, InputError)]):
            part = Part()
            for piece in chosen:
                part = part * piece
            yield blocks, part


def _ends_with_two(model: Model, factors: Sequence[Factor]) -> bool:
    """Tell whether factors are entries of one Gaussian, whose cumulants end with the second."""
    array = factors[0].array
    d = model.distributions.get(getattr(array, "name", ""))
    return d is not None and d.highest == 2 and all(f.array == array for f in factors)


def contracted(
    term: Term, equal: Sequence[tuple[int, int]], low: Lowering, free: tuple[Index, Index], part: Part
) -> Expr:
    """Return a term with the random factors replaced by a part of their moment, in matrices."""
    used = {i for f in (*term.known, *term.random) for i in f.indices}
    used |= {i for pair in equal for i in pair}
    return contract(
        term.coefficient * part.coefficient,
        (*term.known, *part.factors),
        (*equal, *part.equal),
        free,
        low.indices.sizes,
        sorted(i for i in used if i not in free),
    )
