"""Expectations, variances and covariances of matrix expressions, step by step.

The expression is written out in index notation, the expectation of every product of random entries is a sum over
partitions of products of cumulants, and the sums over indices are gathered into matrices again. Only what is declared
is used: a distribution, a mean, an independence. (Isserlis 1918; Magnus and Neudecker, Matrix Differential Calculus,
1999, ch. 12; McCullagh, Tensor Methods in Statistics, 1987, ch. 2.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, OneMatrix, S

from derive.display import Shown
from derive.errors import InputError
from derive.expression import algebra
from derive.expression.facts import assuming
from derive.language.latex import latex
from derive.language.text import to_text
from derive.moments.distributions import Part
from derive.moments.model import Model, contracted, moment_parts
from derive.moments.nets import Factor, Index, Lowering, Term
from derive.moments.notation import Notation
from derive.problem import Problem
from derive.simplify.present import present
from derive.step import Step


@dataclass(frozen=True)
class Moment(Shown):
    """An expectation, variance or covariance with the lines that lead to it.

    `kind` is expectation, variance or covariance, `expressions` what it is of. `result` is a scalar, or a matrix: an
    expectation in the shape of the expression, a covariance with a row for every entry of the first column. `conditions`
    say which assumptions were used, `notes` how the declarations were read. `over` are the free indices where the moment
    is that of an entry, such as x[i]: a number where it is the same for all entries, else the array of all.
    """

    kind: str
    problem: Problem
    model: Model
    expressions: tuple[Expr, ...]
    result: Expr
    steps: tuple[Step, ...]
    conditions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    over: tuple[str, ...] = ()

    @property
    def left_side(self) -> str:
        """The quantity in LaTeX."""
        return Notation((None, None)).left(self.kind, self.expressions, self.over)

    def to_latex(self) -> str:
        """Return the result in LaTeX."""
        with assuming(self.problem.assumptions):
            return latex(self.result)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.left_side} = {self.to_latex()}$"

    def to_text(self) -> str:
        """Return the result in the text language."""
        with assuming(self.problem.assumptions):
            return to_text(self.result)

    def to_dict(self) -> dict[str, Any]:
        """Return the derivation as a JSON-ready dictionary."""
        return {
            "kind": self.kind,
            "expr": ", ".join(map(to_text, self.expressions)),
            "result": self.to_text(),
            "latex": self.to_latex(),
            "steps": [step.to_dict() for step in self.steps],
            "conditions": list(self.conditions),
            "notes": list(self.notes),
        }


def expectation_of(
    problem: Problem, model: Model, expr: Expr, notes: tuple[str, ...] = (), over: tuple[str, ...] = ()
) -> Moment:
    """Return the expectation of an expression that is read already. Raises InputError."""
    return _moment("expectation", problem, model, (expr,), notes, over)


def variance_of(
    problem: Problem, model: Model, expr: Expr, notes: tuple[str, ...] = (), over: tuple[str, ...] = ()
) -> Moment:
    """Return the variance of a scalar, or the covariance matrix of a column. Raises InputError."""
    return _moment("variance", problem, model, (expr,), notes, over)


def covariance_of(
    problem: Problem,
    model: Model,
    first: Expr,
    second: Expr,
    notes: tuple[str, ...] = (),
    over: tuple[str, ...] = (),
) -> Moment:
    """Return the covariance of two scalars or columns, a row for every entry of the first. Raises InputError."""
    return _moment("covariance", problem, model, (first, second), notes, over)


def _moment(
    kind: str,
    problem: Problem,
    model: Model,
    expressions: tuple[Expr, ...],
    notes: tuple[str, ...],
    over: tuple[str, ...],
) -> Moment:
    with assuming(problem.assumptions):
        work = _Work(model, kind, expressions, over)
        if kind == "expectation":
            result = work.expectation(expressions[0])
        else:
            result = work.covariance(expressions[0], expressions[-1])
        result = present(result)
        if over:
            result = _of_any_entry(result)
        work.finish(result)
        return Moment(
            kind, problem, model, expressions, result, tuple(work.steps), tuple(work.assumptions), notes, over
        )


def _of_any_entry(e: Expr) -> Expr:
    """Return an array of which all entries are the same as the number that they are."""
    if e == algebra.zero(algebra.shape(e)):
        return S.Zero
    scale, factors = algebra.split(e)
    return scale if len(factors) == 1 and isinstance(factors[0], OneMatrix) else e


@dataclass
class _Work:
    """One calculation: what was derived so far, and with which assumptions."""

    model: Model
    kind: str
    expressions: tuple[Expr, ...]
    over: tuple[str, ...] = ()
    notations: tuple[Notation, Notation] = (Notation((None, None)), Notation((None, None), plain=True))
    steps: list[Step] = field(default_factory=list)
    assumptions: dict[str, None] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)

    # -- the two quantities -------------------------------------------------------------------------

    def expectation(self, e: Expr) -> Expr:
        """Return the expectation of a scalar or matrix."""
        low = Lowering(self.model.random)
        row, column = (low.indices.fresh(d) for d in algebra.shape(e))
        terms = _merged(low.terms(e, row, column))
        self._name_indices(row, column)
        self._say_expanded(terms)
        values = [self._of_term(term, None, low, (row, column)) for term in terms]
        return algebra.add(*values) if values else algebra.zero(algebra.shape(e))

    def covariance(self, first: Expr, second: Expr) -> Expr:
        """Return the covariance of two scalars or columns."""
        entries = len(self.over) == 2
        for e in (first, second) if not entries else ():
            if algebra.shape(e)[1] != 1:
                raise InputError(
                    "variances are those of scalars and columns, and this is a matrix: take that of an entry, X[i,j], or of "
                    "a column, X*b"
                )
        low = Lowering(self.model.random)
        row = low.indices.fresh(algebra.shape(first)[0])
        # Of an entry, both factors are at the same indices.
        column = row if self.over else low.indices.fresh(algebra.shape(second)[0])
        if entries:
            column = low.indices.fresh(algebra.shape(first)[1])
        at = (row, column) if entries else (row, None)
        left = _merged(low.terms(first, *at))
        right = _merged(low.terms(second, *(at if entries else (column, None))))
        self._name_indices(row, column)
        pairs = [(a, b) for a in left for b in right if a.random and b.random]
        groups = [[0] * len(a.random) + [1] * len(b.random) for a, b in pairs]
        terms = [a * b for a, b in pairs]
        self._say_bilinear(terms, groups)
        free = at if self.over else (row, column)
        shape = algebra.shape(first) if self.over else (algebra.shape(first)[0], algebra.shape(second)[0])
        values = [self._of_term(t, g, low, free) for t, g in zip(terms, groups, strict=True)]
        return algebra.add(*values) if values else algebra.zero(shape)

    # -- a term ----------------------------------------------------------------------------------------

    def _of_term(
        self,
        term: Term,
        groups: list[int] | None,
        low: Lowering,
        free: tuple[Index, Index],
    ) -> Expr:
        """Return the expectation of a term, or the covariance of its two groups of factors."""
        factors = list(term.random)
        values: list[Expr] = []
        found: list[Part] = []
        if not factors:
            found = [Part()] if groups is None else []
        for weight, parts in self._parts(factors, groups):
            found += [Part(weight * p.coefficient, p.factors, p.equal) for p in parts]
        for part in found:
            values.append(contracted(term, (), low, free, part))
        shape = tuple(S.One if i is None else low.indices.sizes[i] for i in free)
        value = algebra.add(*values) if values else algebra.zero(shape)
        self._say_moment(term, groups, found, value)
        return value

    def _parts(self, factors: list[Factor], groups: list[int] | None) -> list[tuple[Expr, list[Part]]]:
        """Return the terms of a moment for every choice of the components of mixtures, with its weight."""
        if not factors:
            return []
        names = set().union(*(self.model.names(f.array) for f in factors))
        self._note(names)
        if not any(self.model.distributions[n].components for n in names):
            return [(S.One, [part for _, part in moment_parts(self.model, factors, groups)])]
        if groups is None:
            return [
                (weight, [part for _, part in moment_parts(model, factors)])
                for weight, model in self.model.mixtures(names)
            ]
        # E[pq] - E[p] E[q], the components of p and q drawn apart in the second.
        whole = self._parts(factors, None)
        sides = [[f for f, g in zip(factors, groups, strict=True) if g == side] for side in (0, 1)]
        first, second = (self._parts(side, None) for side in sides)
        product = [
            (-w * v, [a * b for a in parts for b in others]) for w, parts in first for v, others in second
        ]
        return whole + product

    # -- the lines -------------------------------------------------------------------------------------

    def _note(self, names: set[str]) -> None:
        for name in sorted(names):
            self.assumptions[self.model.distributions[name].text or name] = None
        if len(names) > 1:
            self.assumptions.update(dict.fromkeys(self.model.why_independent(frozenset(names))))

    def _name_indices(self, row: Index, column: Index) -> None:
        named = dict(zip([i for i in (row, column) if i is not None], self.over, strict=False))
        self.notations = (
            Notation((row, column), letters=dict(named)),
            Notation((row, column), plain=True, letters=dict(named)),
        )

    def _say(self, law: str, assumption: str, equation: Callable[[Notation], str], text: str) -> None:
        """Add a line, unless it stands there already."""
        written, plain = (equation(n) for n in self.notations)
        if written not in self.said:
            self.said.add(written)
            self.steps.append(Step(law, assumption, written, text, plain))

    def _left(self, n: Notation) -> str:
        return n.left(self.kind, self.expressions, self.over)

    def _say_expanded(self, terms: Sequence[Term]) -> None:
        if any(term.random for term in terms):
            self._say(
                "linearity of the expectation",
                "",
                lambda n: f"{self._left(n)} = {n.total(terms)}",
                "The expression is multiplied out in index notation; what is known stands outside the expectations.",
            )

    def _say_bilinear(self, pairs: Sequence[Term], groups: Sequence[list[int]]) -> None:
        if len(pairs) > 1:
            self._say(
                "bilinearity of the covariance",
                "",
                lambda n: f"{self._left(n)} = {n.covariances(pairs, groups)}",
                "The covariance of two sums is the sum of the covariances of their terms.",
            )

    def _say_moment(self, term: Term, groups: list[int] | None, found: list[Part], value: Expr) -> None:
        if not term.random:
            return
        names = sorted(set().union(*(self.model.names(f.array) for f in term.random)))
        law = self._law(names, term.random)
        needs = "; ".join(self.model.distributions[n].text or n for n in names)
        needs = "; ".join([needs, *self.model.why_independent(frozenset(names))])
        self._say(
            law, needs, lambda n: f"{n.moment(term.random, groups)} = {n.parts(found)}", _WORDS.get(law, "")
        )
        if term.known or any(f.indices for f in term.random):
            self._say(
                "sums over indices as products of matrices",
                "",
                lambda n: f"{n.summed(term, groups)} = {n.expression(value)}",
                "The sums over indices are gathered into matrices again.",
            )

    def _law(self, names: list[str], factors: Sequence[Factor]) -> str:
        degree = len(factors)
        families = {self.model.distributions[n].family for n in names}
        if any(self.model.distributions[n].components for n in names):
            return "law of total expectation over the components"
        if any(f.array not in self.model.random for f in factors):
            return "Gaussian integrals" if degree == 1 else "Gaussian integrals and Stein's identity"
        if len(names) > 1:
            return "moments of independent factors"
        if degree == 1:
            return "mean"
        if degree == 2:
            return "covariance and means"
        if families <= {"normal", "normal entries", "matrixnormal"}:
            return "Isserlis' theorem"
        return "cumulants of independent entries"

    def finish(self, result: Expr) -> None:
        """Add the last line."""
        self._say("result", "", lambda n: f"{self._left(n)} = {n.expression(result)}", "The terms are added.")


_WORDS = {
    "mean": "The expectation of an entry is the entry of the mean.",
    "covariance and means": "E[xy] = Cov(x, y) + E x E y.",
    "Isserlis' theorem": "The sum over all ways to pair factors by their covariances and to put means for the others.",
    "cumulants of independent entries": "Joint cumulants of independent entries vanish unless all are the same entry.",
    "moments of independent factors": "The expectation of a product of independent factors is the product of theirs.",
    "law of total expectation over the components": "The weighted sum of the moments of the components.",
}


def _merged(terms: list[Term]) -> list[Term]:
    """Return the terms with those of the same arrays and indices added up."""
    found: dict[tuple[tuple[Factor, ...], tuple[Factor, ...]], Expr] = {}
    for term in terms:
        key = (term.known, term.random)
        found[key] = found.get(key, S.Zero) + term.coefficient
    return [Term(c, *key) for key, c in found.items() if c != 0]
