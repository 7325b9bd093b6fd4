"""What is asked about a moment: the kind, the expressions, what is random and what is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from sympy import Expr, S, Symbol

from derive.expression import algebra
from derive.moments.distributions import Distribution
from derive.moments.expectation import Moment, covariance_of, expectation_of, variance_of
from derive.moments.model import Model
from derive.problem import Problem
from verify.evaluate import size_of
from verify.points.drawn import PointSpace

#: Sizes that are tried, by the number of names of sizes.
_SIZES = (
    (2, 3, 1, 4),
    (3, 1, 2, 2),
    (1, 2, 3, 1),
    (4, 2, 1, 3),
    (5, 1, 2, 2),
    (2, 2, 2, 2),
    (6, 2, 1, 1),
    (7, 1, 1, 2),
)
#: The number of random entries beyond which sizes are left out.
MOST_ENTRIES = 16


@dataclass(frozen=True)
class Question:
    """What is asked: the kind, the expressions, the model, and the names of what is known.

    `functions` are named functions of affine expressions, `over` the free indices of an entry, `before` the model before
    it was conditioned, where it was.
    """

    kind: str
    problem: Problem
    model: Model
    expressions: tuple[Expr, ...]
    functions: Mapping[str, tuple[Expr, Expr]] = field(default_factory=dict)
    over: tuple[str, ...] = ()
    before: Model | None = None

    @classmethod
    def of(cls, m: Moment) -> Question:
        """Return the question that a derivation answers."""
        return cls(m.kind, m.problem, m.model, m.expressions, over=m.over)

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """The shape of the answer."""
        first = algebra.shape(self.expressions[0])
        return (
            first
            if self.over or self.kind == "expectation"
            else (first[0], algebra.shape(self.expressions[-1])[0])
        )

    @property
    def random(self) -> frozenset[str]:
        """The names that are random."""
        return frozenset(self.model.distributions)

    def space(self, definite: bool = False) -> PointSpace:
        """Return the space of what is known; with `definite`, covariances are positive definite."""
        symbols = {n: s for n, s in self.problem.symbols.items() if n not in self.random}
        known = Problem(
            S.Zero, (), symbols, {n: self.problem.shapes[n] for n in symbols},
            frozenset(a for a in self.problem.assumptions if a[1] in symbols),
        )  # fmt: skip
        space = PointSpace.of(known)
        space = replace(
            space, sizes=tuple(dict.fromkeys((*space.sizes, *self.problem.sizes, *self._sizes())))
        )
        if definite:
            names = [p.name for p in self._covariances() if p.name in space.variables]
            space = space.assuming("posdef", names)
        return space

    def _sizes(self) -> list[str]:
        dims = [d for s in self.problem.shapes.values() for d in s]
        return sorted({s.name for d in dims for s in d.free_symbols})

    def _covariances(self) -> list[Expr]:
        """Return the matrices that are covariances, or parts of them that are."""
        symmetric = {name for word, name in self.problem.assumptions if word == "symmetric"}
        out: dict[Expr, None] = {}
        for d in self.every_distribution():
            for k in {"normal": (1,), "given": (1,), "matrixnormal": (1, 2), "wishart": (0,)}.get(
                d.family, ()
            ):
                p = d.parameters[k]
                if isinstance(p, Expr):
                    inside = [s for s in p.free_symbols if algebra.is_matrix(s) and s.name in symmetric]
                    out.update(dict.fromkeys(sorted(inside, key=lambda s: s.name)))
        return list(out)

    def every_distribution(self) -> list[Distribution]:
        """Return the distributions, with the components of mixtures."""
        tops = list(self.model.distributions.values())
        return [d for top in tops for d in (top, *(c for _, c in top.components))]

    def draws(self) -> list[str]:
        """Return the names of degrees of freedom, which are whole numbers."""
        return [
            d.parameters[1].name
            for d in self.every_distribution()
            if d.family == "wishart" and isinstance(d.parameters[1], Symbol)
        ]

    def last_weights(self) -> list[tuple[str, list[Expr]]]:
        """Return, for every mixture, the name of the weight that the others leave over, and those others."""
        out = []
        for d in self.model.distributions.values():
            if d.components:
                *others, last = [w for w, _ in d.components]
                if isinstance(last, Symbol):
                    out.append((last.name, others))
        return out

    def chances(self) -> frozenset[str]:
        """Return the names of chances and of the weights of mixtures, which lie between 0 and 1."""
        every = self.every_distribution()
        found = [p for d in every if d.family == "bernoulli" for p in d.parameters]
        found += [w for d in every for w, _ in d.components]
        return frozenset(s.name for p in found if p is not None for s in p.free_symbols)

    def free_moments(self) -> list[Distribution]:
        """Return the distributions whose entries have moments that are free."""
        return [d for d in self.every_distribution() if d.family == "iid"]

    def assignments(self) -> Iterator[dict[str, int]]:
        """Yield sizes to compare at, the smaller ones first where there are many random entries."""
        names = self.space().sizes
        seen: list[dict[str, int]] = []
        for base in _SIZES if names else _SIZES[:1]:
            sizes = {n: base[k % 4] for k, n in enumerate(names)}
            if sizes not in seen and (self.entries(sizes) <= MOST_ENTRIES or not seen):
                seen.append(sizes)
                yield sizes

    def entries(self, sizes: Mapping[str, int]) -> int:
        """Return the number of random entries at given sizes."""
        total = 0
        for d in self.model.distributions.values():
            rows, columns = (size_of(s, sizes) for s in algebra.shape(d.symbol))
            total += rows * columns
        return total

    def derived(self, notes: tuple[str, ...] = ()) -> Moment:
        """Return the moment as it is derived, unchecked. Raises InputError where it is not."""
        if self.kind == "covariance":
            one, two = self.expressions
            return covariance_of(self.problem, self.model, one, two, notes, self.over)
        of = expectation_of if self.kind == "expectation" else variance_of
        return of(self.problem, self.model, self.expressions[0], notes, self.over)
