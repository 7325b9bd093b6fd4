"""Lines about the point where a gradient vanishes: "setting this to zero gives"."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sympy import Expr, MatrixSymbol, S, Symbol

from derive.errors import InputError, InternalError
from derive.expression import algebra
from derive.expression.rebuild import replaced
from verify.proofread.relations import Relation, root_of
from verify.proofread.solving import solved
from verify.proofread.symbols import Symbol as Written
from verify.proofread.symbols import UnreadError
from verify.proofread.truth import UPHELD, Truth, times
from verify.verdict import Verdict


@dataclass(frozen=True)
class Zero:
    """A gradient by x, and a line about its zero: its sides as they are read, and in the free variables."""

    written: Written
    gradient: Expr
    x: Expr
    start: Expr
    side: Expr
    left: Expr
    right: Expr
    on_paper: bool


class Stationary(Truth):
    """Judges what lines say of a stationary point; `solutions` are what earlier lines solved for, and whether rightly."""

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
        zero = self._zero(relation, values)
        reason: UnreadError | None = None
        try:
            found = self._at_this_zero(zero)
        except UnreadError as error:
            found, reason = None, error
        if found is not None and found.verdict != "refuted":
            return found
        for other in self._elsewhere(zero, relation):
            if other.verdict in UPHELD:
                return other
        if found is None:
            assert reason is not None
            raise reason
        return found

    def _zero(self, relation: Relation, values: Mapping[str, Expr]) -> Zero:
        """Return what a line about the zero of a gradient speaks of; an optimum that it names is the variable."""
        written = self.model.symbols[str(relation.at_zero_of)]
        gradient = self.model.unfold(self.model.symbol(written.name), values=values)
        x = self.model.unfold(self.model.symbol(written.by[0].value), stop={written.by[0].value})
        sides = [self.model.expression(t) for t in (relation.start, relation.right)]  # type: ignore[arg-type]
        known = {s.name: s for s in gradient.free_symbols if isinstance(s, Symbol | MatrixSymbol)}
        known[getattr(x, "name", "")] = x
        optima = {
            s: known[root]
            for s in {s for side in sides for s in side.free_symbols if isinstance(s, Symbol | MatrixSymbol)}
            if (root := root_of(s.name)) != s.name and root in known
            and algebra.shape(s) == algebra.shape(known[root])
            and (known[root] == x or s.name not in self.model.definitions)
        }  # fmt: skip
        left, right = (self.model.unfold(replaced(side, optima), values=values) for side in sides)
        return Zero(written, gradient, x, sides[0], sides[1], left, right, bool(values))

    def _at_this_zero(self, zero: Zero) -> Verdict:
        """Judge a line by one gradient: that it names the zero, or says that the gradient is zero."""
        gradient, x = zero.gradient, zero.x
        for one, value in ((zero.start, zero.right), (zero.side, zero.left)):
            unknown = self._unknown(one, gradient, x)
            if unknown is not None and unknown not in value.free_symbols:
                return self._vanishes(replaced(gradient, {unknown: value}))
            if (root := self._solved(one, value, x)) is not None:
                return self.compare(replaced(gradient, {x: root}), S.Zero)
        return self._same_zero(gradient, zero.left, zero.right)

    def _vanishes(self, value: Expr) -> Verdict:
        return self.compare(value, algebra.zero(algebra.shape(value)) if algebra.is_matrix(value) else S.Zero)

    def _elsewhere(self, zero: Zero, relation: Relation) -> Iterator[Verdict]:
        """Yield the verdicts on a line by what earlier lines solved for, and by the constraints of a Lagrangian."""
        solved = {u: v for u, (v, upheld) in self.solutions.items() if upheld or zero.on_paper}
        named = self._unknown(zero.start, zero.gradient, zero.x)
        if named is None and isinstance(zero.start, Symbol | MatrixSymbol):
            named = zero.start
        others = {u: v for u, v in solved.items() if u != named}
        try:
            if others:
                yield from self._with_solutions(zero, named, others)
            if relation.operator == "=" and not self._symbols(relation):
                yield self.compare(zero.left, zero.right)
                if solved and named is None:  # the value there: f(x*)
                    yield self.compare(self._put(zero.left, solved), self._put(zero.right, solved))
            if named is None:
                yield from self._combined(zero)
        except (UnreadError, InputError, InternalError):
            return

    def _with_solutions(
        self, zero: Zero, named: Expr | None, others: Mapping[Expr, Expr]
    ) -> Iterator[Verdict]:
        gradient = self._put(zero.gradient, others)
        if named is None:
            for constraint in self._constraints(zero, zero.left.free_symbols | zero.right.free_symbols):
                if algebra.is_matrix(constraint) == algebra.is_matrix(zero.left):
                    try:
                        yield self._same_zero(self._put(constraint, others), zero.left, zero.right)
                    except UnreadError:  # the constraint of another multiplier
                        continue
            return
        value = self._put(zero.right, others)
        if named in value.free_symbols:
            return
        if named in gradient.free_symbols:  # what is solved for says something of it
            yield self._vanishes(replaced(gradient, {named: value}))
        for constraint in self._constraints(zero, {named}):
            constraint = self._put(constraint, others)
            if named in constraint.free_symbols:
                yield self._vanishes(replaced(constraint, {named: value}))

    def _combined(self, zero: Zero) -> Iterator[Verdict]:
        """Yield the verdict on an equation that is parallel to the gradient, or its product with x under the constraints."""
        difference = algebra.add(zero.left, times(-S.One, zero.right))
        gradient, x = zero.gradient, zero.x
        if algebra.is_matrix(gradient) and algebra.shape(difference) == algebra.shape(gradient):
            if algebra.shape(gradient)[1] == 1:
                pair = (
                    algebra.dot(gradient, algebra.t(difference)),
                    algebra.dot(difference, algebra.t(gradient)),
                )
                if difference.free_symbols & {x} and self.holds(*pair):
                    yield self.compare(*pair)
            return
        if algebra.is_matrix(difference) or not algebra.is_matrix(x) or algebra.shape(x)[1] != 1:
            return
        product = algebra.dot(algebra.t(x), gradient)
        for constraint in self._constraints(zero, zero.gradient.free_symbols):
            if algebra.is_matrix(constraint):
                continue
            multipliers = [
                s for s in zero.gradient.free_symbols & (zero.left.free_symbols | zero.right.free_symbols)
                if isinstance(s, Symbol) and s not in constraint.free_symbols
            ]  # fmt: skip
            for factor in (S.One, 2 * S.One, -S.One, -2 * S.One):
                for multiplier in sorted(multipliers, key=str)[:2]:
                    for times_over in (S.One, -S.One, 2 * S.One, -2 * S.One):
                        whole = algebra.add(product, times(times_over * multiplier, constraint))
                        if self.holds(times(factor, difference), whole):
                            yield self.compare(times(factor, difference), whole)
                            return

    def _put(self, expr: Expr, solved: Mapping[Expr, Expr]) -> Expr:
        """Return an expression with what is solved for put in, one after the other."""
        for unknown, value in reversed(list(solved.items())):
            if unknown in expr.free_symbols and unknown not in value.free_symbols:
                expr = replaced(expr, {unknown: value})
        return expr

    def _constraints(self, zero: Zero, symbols: Collection[Expr]) -> Iterator[Expr]:
        """Yield what multipliers among the symbols stand before in what is differentiated: zero where it is stationary."""
        what = self.model.unfold(self.model._what(zero.written))
        for symbol in sorted(symbols & what.free_symbols - {zero.x}, key=str)[:4]:  # type: ignore[operator]
            if not isinstance(symbol, Symbol | MatrixSymbol) or algebra.is_matrix(what):
                continue
            constraint = self.model.derive("gradient", what, symbol)
            if symbol not in constraint.free_symbols and constraint.free_symbols:
                yield constraint

    def note_solution(self, relation: Relation) -> None:
        """Take down what a line about a zero solves for."""
        start = relation.start
        if (
            not relation.at_zero_of
            or start is None
            or start.op not in ("name", "sub")
            or relation.place_in_chain > 1
        ):
            return
        try:
            zero = self._zero(relation, {})
        except (UnreadError, InputError, InternalError, KeyError, RecursionError):
            return
        unknown = self._unknown(zero.start, zero.gradient, zero.x) or zero.start
        if isinstance(unknown, Symbol | MatrixSymbol) and unknown not in zero.right.free_symbols:
            self.solutions[unknown] = (zero.right, relation.statement.verdict in UPHELD)

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
