"""The true values of moments in a document, and claims about them held to exact moments at several sizes.

A mean or variance that the document does not give is a number of its own, so that a line which needs it is refuted
without it; so are the covariances of what is not said to be independent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from sympy import Expr, Identity, MatrixSymbol, S, Symbol

from derive.errors import InputError, InternalError
from derive.expression import algebra
from derive.language.tree import Tree
from derive.moments.distributions import Distribution, central_symbol
from derive.moments.model import Model
from derive.problem import Problem
from verify.moments import moment_claims
from verify.moments.moment_assumptions import unstated
from verify.moments.question import Question
from verify.proofread.randomness import Randomness
from verify.proofread.symbols import Symbol as Written
from verify.proofread.symbols import UnreadError
from verify.verdict import Verdict

KINDS = {"expect": "expectation", "var": "variance", "cov": "covariance"}
#: The orders of central moments that may be named.
_ORDERS = range(3, 9)


class Reading(Protocol):
    """A reading of a document: its symbols, the expressions of its trees, and what its names unfold to."""

    def symbol(self, name: str) -> Expr:
        """Return the symbol of a name."""
        ...

    def value_of(self, tree: Tree) -> Expr:
        """Return the expression of a tree."""
        ...

    def unfold(self, expr: Expr) -> Expr:
        """Return an expression in the free variables."""
        ...

    def problem(self, expr: Expr, wrt: Sequence[Expr] = (), more: Iterable[Expr] = ()) -> Problem:
        """Return the problem of an expression in the free variables."""
        ...


class Moments:
    """Moments in a reading of a document."""

    def __init__(self, random: Randomness, reading: Reading) -> None:
        self.random, self.reading = random, reading
        self.fresh: dict[str, Expr] = {}

    # ------------------------------------------------------------------------------------------ model

    def _free(self, name: str, shape: tuple[Expr, Expr] | None) -> Expr:
        """Return a parameter that the document does not give."""
        if name not in self.fresh:
            self.fresh[name] = Symbol(name, real=True) if shape is None else MatrixSymbol(name, *shape)
        return self.fresh[name]

    def distribution(self, name: str) -> Distribution:
        """Return what is known of a variable."""
        x, r = self.reading.symbol(name), self.random
        shape = algebra.shape(x)
        matrix = algebra.is_matrix(x)
        family, given = r.families.get(name, ("", ()))
        values = tuple(self.reading.unfold(self.reading.value_of(t)) for t in given)
        entries = matrix and (name in r.entries or shape[1] != 1)
        mean = self._parameter(r.means.get(name), f"mean_{name}", None if not matrix or entries else shape)
        spread = self._parameter(
            r.spreads.get(name), f"var_{name}", None if not matrix or entries else (shape[0], shape[0])
        )
        if family not in ("", "normal"):
            return Distribution(x, family, values, f"{name} ~ {family}")
        if not matrix:
            word = "normal entries" if family else "given"
            return Distribution(x, word, (mean, spread), name)
        if not entries and not algebra.is_matrix(spread) and spread != 0:
            entries = True  # a number for the covariance of a column: that of every entry
        if not entries:
            mean = algebra.zero(shape) if mean == 0 else mean
            spread = algebra.zero((shape[0], shape[0])) if spread == 0 else spread
            return Distribution(x, "normal" if family else "given", (mean, spread), name)
        if algebra.is_matrix(mean):
            cov = algebra.dot(spread, Identity(shape[0]))
            return Distribution(x, "normal" if family else "given", (mean, cov), name)
        if family or shape[1] != 1 or r.is_independent(name):
            return Distribution(x, "normal entries" if family else "iid", (mean, spread), name)
        rho = self._free(f"corr_{name}", None)
        ones = algebra.ones((shape[0], shape[0]))
        cov = algebra.add(
            algebra.dot(spread * (1 - rho), Identity(shape[0])), algebra.dot(spread * rho, ones)
        )
        return Distribution(x, "given", (algebra.dot(mean, algebra.ones(shape)), cov), name)

    def _parameter(self, tree: Tree | None, name: str, shape: tuple[Expr, Expr] | None) -> Expr:
        if tree is None:
            return self._free(name, shape)
        return self.reading.unfold(self.reading.value_of(tree))

    def question(
        self, kind: str, expressions: tuple[Expr, ...], over: tuple[str, ...], claim: Expr = S.Zero
    ) -> Question:
        """Return the question for a moment of expressions in the free variables."""
        inside = {
            s.name for e in expressions for s in e.free_symbols if getattr(s, "name", "") in self.random.names
        }
        if not inside:
            raise UnreadError("a moment of what is not said to be random")
        found = {name: self.distribution(name) for name in sorted(inside)}
        arrays = frozenset(
            n for n, d in found.items()
            if (d.family == "normal entries" and algebra.is_matrix(d.symbol)) or d.fresh or self.random.all_independent
        )  # fmt: skip
        groups = [frozenset(g & inside) | arrays for g in self.random.independent] or [arrays]
        covariances = {
            pair: self.reading.unfold(self.reading.value_of(t))
            for pair, t in self.random.covariances.items()
            if set(pair) <= inside
        }
        model = Model(found, tuple(g for g in groups if len(g) > 1), covariances)
        parameters = [p for d in found.values() for p in d.parameters if p is not None]
        problem = self.reading.problem(
            expressions[0], (), [*expressions, claim, *parameters, *covariances.values()]
        )
        used = {s for e in (*expressions, claim, *parameters) for s in e.free_symbols}
        more = {s.name: s for s in used if getattr(s, "name", "") in self.fresh or _is_central(s, found)}
        problem = replace(
            problem,
            symbols={**problem.symbols, **more},
            shapes={**problem.shapes, **{n: algebra.shape(s) for n, s in more.items()}},
        )
        for name, d in found.items():
            if d.family == "iid":
                orders = {f"{central_symbol(name, k).name}": central_symbol(name, k) for k in _ORDERS}
                problem = replace(
                    problem,
                    symbols={**problem.symbols, **orders},
                    shapes={**problem.shapes, **dict.fromkeys(orders, (S.One, S.One))},
                )
        return Question(KINDS[kind], problem, model, expressions, over=over)

    # ------------------------------------------------------------------------------------------ truth

    def truth(self, s: Written, expressions: tuple[Expr, ...]) -> Expr:
        """Return the moment that a symbol means, of expressions in the free variables. Raises UnreadError."""
        first = expressions[0]
        if all(
            getattr(x, "name", "") not in self.random.names for e in expressions for x in e.free_symbols
        ):  # a constant
            return (
                first
                if s.kind == "expect"
                else algebra.zero(algebra.shape(first))
                if algebra.is_matrix(first)
                else S.Zero
            )
        name = getattr(first, "name", "")
        if s.kind == "var" and s.over and name in self.random.entries:
            spread = self.distribution(name).parameters[1]
            if self.distribution(name).family in ("iid", "normal entries") and spread is not None:
                return algebra.dot(spread, algebra.ones(algebra.shape(first)))
        over = s.over if s.kind != "expect" else ()
        try:
            if s.kind == "var" and len(over) == 2:
                return self._spread_of_entries(first)
            found = self._derived(s.kind, expressions, over)
        except (InputError, InternalError) as reason:
            raise UnreadError(str(reason).partition("\n")[0]) from None
        if s.over and not algebra.is_matrix(found):
            return algebra.dot(found, algebra.ones(algebra.shape(first)))
        return found

    def _derived(self, kind: str, expressions: tuple[Expr, ...], over: tuple[str, ...]) -> Expr:
        return moment_claims.checked_moment(unstated(self.question(kind, expressions, over))).result

    def _spread_of_entries(self, first: Expr) -> Expr:
        """Return the variances of the entries of a matrix."""
        second = self._derived("expect", (algebra.hadamard(first, first),), ())
        mean = self._derived("expect", (first,), ())
        return algebra.add(second, algebra.dot(-S.One, algebra.hadamard(mean, mean)))

    def judge(self, s: Written, expressions: tuple[Expr, ...], claim: Expr, seed: int) -> Verdict:
        """Return the verdict on a claimed moment: certified, or refuted with the assumption that is missing."""
        over = s.over if s.kind != "expect" else ()
        question = self.question(s.kind, expressions, over, claim)
        if claim == 0 and question.shape != (1, 1):
            claim = algebra.zero(question.shape)
        if algebra.shape(claim) != question.shape and algebra.is_matrix(claim) == (question.shape == (1, 1)):
            raise UnreadError("a moment of another shape than what it is said to be")
        found = moment_claims.judge(question, claim, seed)
        if found.verdict != "proved":
            return found
        evidence = tuple(e for e in found.evidence if e.verdict in ("certified", "agrees"))
        return replace(found, verdict=evidence[0].verdict, evidence=evidence) if evidence else found


def _is_central(s: Expr, found: dict[str, Distribution]) -> bool:
    return any(s == central_symbol(n, k) for n in found for k in _ORDERS)
