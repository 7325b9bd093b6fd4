"""Lines judged in truth: every symbol means the true derivative or moment, every name its definition."""

from __future__ import annotations

from dataclasses import replace

from sympy import Expr, MatrixSymbol, S, Symbol

from derive.expression import algebra
from derive.expression.rebuild import replaced
from derive.language.tree import Tree
from verify import claims, equal
from verify.proofread.decimals import decimal
from verify.proofread.memory import content, remembered
from verify.proofread.moments import KINDS as MOMENTS
from verify.proofread.reading import Reading
from verify.proofread.relations import Relation
from verify.proofread.restricted import masked
from verify.proofread.symbols import Symbol as Written
from verify.proofread.symbols import is_name
from verify.study import Study
from verify.verdict import Verdict

UPHELD = ("proved", "certified", "agrees")
#: Letters that are sizes of arrays where nothing else is said of them.
_SIZES = frozenset("nmdkpqNMDKTCH")


class Truth(Reading):
    """Compares the sides of lines in the free variables of a document."""

    def _in_truth(self, relation: Relation) -> Verdict:
        """Compare a side with the start of its chain, every symbol with its true value."""
        left, right = (self.model.expression(t) for t in (relation.start, relation.right))  # type: ignore[arg-type]
        symbol = self.model.symbols.get(getattr(left, "name", ""))
        claimed = self.model.unfold(right)
        if decimal(relation.side.source, relation.operator):  # to the digits given
            return self.compare(self.model.unfold(left), claimed, relation)
        if (
            symbol is not None
            and symbol.kind in ("derivative", "hessian")
            and symbol.name not in self.model.turned
            and relation.only is None
        ):
            found = self._as_derivative(symbol.name, claimed, relation)
            if found is not None and found.verdict == "refuted":
                found = self._with_sizes(self.model.unfold(left), claimed, relation) or found
            if found is not None and not (found.verdict == "refuted" and self.model.ones):
                return found
            if found is not None:  # right, perhaps, by what is known of sums
                again = self.compare(self.model.unfold(left), claimed, relation)
                plain = found.diagnosis is None or found.diagnosis.startswith("none of")
                return again if again.verdict in UPHELD or (plain and again.diagnosis) else found
        if symbol is not None and symbol.kind in MOMENTS and len(symbol.over) < 2:
            return self._as_moment(symbol, claimed)
        found = self.compare(self.model.unfold(left), claimed, relation)
        if found.verdict == "refuted":
            found = self._with_sizes(self.model.unfold(left), claimed, relation) or found
        return self._certified(found, relation)

    def _with_sizes(self, left: Expr, right: Expr, relation: Relation) -> Verdict | None:
        """Return the verdict where a free number is the size of an array: d of 1'x/d; None where that does not uphold the line."""
        free = left.free_symbols | right.free_symbols
        sizes = {d for s in free for d in algebra.shape(s) if algebra.is_matrix(s) and isinstance(d, Symbol)}
        known = {*self.model.declared, *self.model.definitions}
        numbers = [
            s
            for s in free
            if isinstance(s, Symbol) and s.name in _SIZES and s not in sizes and s.name not in known
        ]
        for number in sorted(numbers, key=str)[:2]:
            for size in sorted(sizes, key=str)[:3]:
                found = self.compare(
                    replaced(left, {number: size}), replaced(right, {number: size}), relation
                )
                if found.verdict in UPHELD:
                    return found
        return None

    def _as_moment(self, symbol: Written, claimed: Expr) -> Verdict:
        """Judge a claimed mean or variance by exact moments."""
        of = tuple(self.model.unfold(self.model.value_of(t)) for t in symbol.what)
        return self.model.moments.judge(symbol, of, claimed, self.seed)

    def _certified(self, found: Verdict, relation: Relation) -> Verdict:
        """Return an equation of moments as certified: each was held to exact moments at several sizes."""
        if found.verdict == "proved" and any(
            self.model.symbols[n].kind in MOMENTS for n in self._symbols(relation)
        ):
            return replace(found, verdict="certified")
        return found

    def _as_derivative(self, name: str, claimed: Expr, relation: Relation) -> Verdict | None:
        """Check a claimed derivative by a free variable as such, with the diagnoses of derivatives."""
        written = self.model.symbols[name]
        by = written.by[0]
        if not is_name(by) or by.value in self.model.definitions or self.model.is_given(written):
            return None
        what, x = self.model.unfold(self.model._what(written)), self.model.symbol(by.value)
        if x not in what.free_symbols or not isinstance(x, Symbol | MatrixSymbol):
            return None
        kind = (
            "hessian" if written.kind == "hessian" else "jacobian" if algebra.is_matrix(what) else "gradient"
        )
        ours, theirs = self._domains(relation, *written.what)
        problem = self.model.problem(what, [x], [claimed, *theirs], ours)
        return remembered(
            ("claim", content(problem), x, claimed, kind, self.seed, theirs),
            lambda: claims.check(Study.read(problem, x, kind), claimed, self.seed, theirs),
        )

    def _domains(self, relation: Relation | None, *also: Tree) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
        """Return what has to be positive for the sides of a line, which do not show it: left, with definitions, and right."""
        if relation is None or relation.start is None or relation.right is None:
            return (), ()
        known = self.model.definitions.values()
        return self.model.domain(relation.start, *known, *also), self.model.domain(relation.right)

    def compare(self, left: Expr, right: Expr, relation: Relation | None = None) -> Verdict:
        """Return the verdict on an equation in the free variables."""
        digits = decimal(relation.side.source, relation.operator) if relation is not None else None
        if digits:
            symbol = Symbol("a decimal", real=True)
            problem = self.model.problem(left)
            problem = type(problem)(
                left, (), {**problem.symbols, symbol.name: symbol}, {**problem.shapes, symbol.name: (S.One, S.One)},
                problem.assumptions,
            )  # fmt: skip
            negative, number = digits
            return equal.compare(problem, -symbol if negative else symbol, self.seed, {symbol.name: number})
        if right == 0 and algebra.is_matrix(left):
            right = algebra.zero(algebra.shape(left))
        if relation is not None and relation.only is not None:
            left, right = (masked(e, relation.only, relation.over) for e in (left, right))
        ours, theirs = self._domains(relation)
        problem = self.model.problem(left, (), [right, *theirs], ours)
        key = ("equal", content(problem), right, self.seed, theirs)
        return remembered(key, lambda: equal.compare(problem, right, self.seed, domain=theirs))

    def holds(self, left: Expr, right: Expr) -> bool:
        """Tell whether an equation in the free variables is upheld."""
        problem = self.model.problem(left, (), [right])
        key = ("holds", content(problem), right, self.seed)
        return remembered(key, lambda: equal.holds(problem, right, self.seed))


def times(factor: Expr, x: Expr) -> Expr:
    """Return a multiple of an expression."""
    return algebra.dot(factor, x)
