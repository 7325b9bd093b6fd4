"""Lines judged in truth: every symbol means the true derivative or moment, every name its definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sympy import Add, Expr, MatrixSymbol, Mul, S, Symbol, exp, log

from derive.errors import InputError, InternalError
from derive.expression import algebra
from derive.expression.rebuild import replaced
from derive.language.tree import Tree
from verify import claims, equal
from verify.proofread.decimals import decimal
from verify.proofread.memory import content, remembered
from verify.proofread.moments import KINDS as MOMENTS
from verify.proofread.reading import Reading
from verify.proofread.roles import Relation, root_of
from verify.proofread.symbols import Symbol as Written
from verify.proofread.symbols import UnreadError
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
        ):
            found = self._as_derivative(symbol.name, claimed, relation)
            if found is not None and not (found.verdict == "refuted" and self.model.ones):
                return found
            if found is not None:  # right, perhaps, by what is known of sums
                again = self.compare(self.model.unfold(left), claimed, relation)
                return again if again.verdict in UPHELD else found
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
        if by.op != "name" or by.value in self.model.definitions or self.model.is_given(written):
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
        ours, theirs = self._domains(relation)
        problem = self.model.problem(left, (), [right, *theirs], ours)
        key = ("equal", content(problem), right, self.seed, theirs)
        return remembered(key, lambda: equal.compare(problem, right, self.seed, domain=theirs))

    # ----------------------------------------------------------------------- where a gradient vanishes

    def _is_where_zero(self, relation: Relation) -> bool:
        """Tell whether a line that is no identity holds where the gradient before it vanishes: "⇒ Su = λu"."""
        if relation.at_zero_of or relation.gradient not in self.model.symbols or relation.place_in_chain > 1:
            return False
        if self._symbols(relation):
            return False
        relation.at_zero_of = relation.gradient
        try:
            return self._at_zero(relation, {}).verdict in UPHELD
        except (UnreadError, InputError, InternalError, RecursionError):
            return False
        finally:
            relation.at_zero_of = None

    def _at_zero(self, relation: Relation, values: Mapping[str, Expr]) -> Verdict:
        """Judge a line about the zero of a gradient: the solution put in, or an equation that says the same."""
        name = str(relation.at_zero_of)
        written = self.model.symbols[name]
        gradient = self.model.unfold(self.model.symbol(name), values=values)
        left, right = (self.model.expression(t) for t in (relation.start, relation.right))  # type: ignore[arg-type]
        x = self.model.unfold(self.model.symbol(written.by[0].value), stop={written.by[0].value})
        for one, other in ((left, right), (right, left)):
            unknown = self._unknown(one, gradient, x)
            value = self.model.unfold(other, values=values)
            if unknown is not None and unknown not in value.free_symbols:
                at = replaced(gradient, {unknown: value})
                return self.compare(at, algebra.zero(algebra.shape(at)) if algebra.is_matrix(at) else S.Zero)
            if (root := self._solved(one, value, x)) is not None:
                return self.compare(replaced(gradient, {x: root}), S.Zero)
        return self._same_zero(
            gradient, self.model.unfold(left, values=values), self.model.unfold(right, values=values)
        )

    def _unknown(self, side: Expr, gradient: Expr, x: Expr) -> Expr | None:
        """Return the symbol of the gradient that a side names: x itself, its optimum w*, or another name."""
        name = getattr(side, "name", None)
        if name is None:
            return None
        if root_of(name) == getattr(x, "name", None):
            return x
        return side if side in gradient.free_symbols else None

    def _solved(self, side: Expr, value: Expr, x: Expr) -> Expr | None:
        """Return x from f(x) = value, where f is made of powers, exponentials, logarithms, factors and terms: σ² = s."""
        if algebra.is_matrix(x) or algebra.is_matrix(side) or x in value.free_symbols:
            return None
        renamed = {s: x for s in side.free_symbols if s != x and root_of(getattr(s, "name", "")) == x.name}
        side = replaced(side, renamed)
        return solved(side, value, x) if side != x else None

    def _same_zero(self, gradient: Expr, left: Expr, right: Expr) -> Verdict:
        """Judge an equation that is to say that the gradient vanishes: their difference is a multiple of it."""
        if algebra.is_matrix(left) != algebra.is_matrix(right):
            raise UnreadError("an equation whose sides have different shapes")
        minus = -S.One
        difference = algebra.add(left, times(minus, right))
        if algebra.shape(difference) != algebra.shape(gradient):
            if algebra.shape(difference) != algebra.shape(gradient)[::-1]:
                raise UnreadError("an equation of another shape than the gradient that is set to zero")
            difference = algebra.t(difference)
        for factor in self._factors(gradient):
            if self.holds(gradient, times(factor, difference)):
                return self.compare(gradient, times(factor, difference))
        last = self.compare(gradient, difference)
        if last.verdict != "refuted":
            return last
        return Verdict(
            "refuted", last.evidence, None, "this is no multiple of the gradient that is set to zero"
        )

    def holds(self, left: Expr, right: Expr) -> bool:
        """Tell whether an equation in the free variables is upheld."""
        problem = self.model.problem(left, (), [right])
        key = ("holds", content(problem), right, self.seed)
        return remembered(key, lambda: equal.holds(problem, right, self.seed))

    def _factors(self, gradient: Expr) -> Iterator[Expr]:
        sizes = [s for s in gradient.free_symbols if isinstance(s, Symbol)]
        sizes += [d for d in algebra.shape(gradient) if isinstance(d, Symbol) and d not in sizes]
        numbers = [S.One, -S.One, 2 * S.One, -2 * S.One, S.Half, -S.Half]
        yield from numbers
        for n in numbers:
            for d in sizes[:6]:
                yield n / d
                yield n * d
                yield n / d**2


def solved(side: Expr, value: Expr, x: Expr) -> Expr | None:
    """Return x from an equation of numbers in one side of which it stands once, its positive root; else None."""
    while side != x:
        inside = [a for a in side.args if x in a.free_symbols]
        if len(inside) != 1:
            return None
        (inner,) = inside
        rest = [a for a in side.args if a is not inner]
        if side.is_Add:
            value = value - Add(*rest)
        elif side.is_Mul:
            value = value / Mul(*rest)
        elif side.is_Pow and inner is side.base:
            value = value ** (1 / side.exp)
        elif isinstance(side, exp):
            value = log(value)
        elif isinstance(side, log):
            value = exp(value)
        else:
            return None
        side = inner
    return value


def times(factor: Expr, x: Expr) -> Expr:
    """Return a multiple of an expression."""
    return algebra.dot(factor, x)
