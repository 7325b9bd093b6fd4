"""Lines judged on paper: every symbol means what the latest line about it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sympy import Expr, MatrixSymbol, Symbol

from derive import gradient
from derive.errors import InputError, InternalError
from derive.expression import algebra
from derive.expression.rebuild import replaced
from derive.language.together import build
from derive.problem import Problem
from verify import equal
from verify.proofread.decimals import decimal
from verify.proofread.instances import instance
from verify.proofread.model import inner
from verify.proofread.moments import KINDS as MOMENTS
from verify.proofread.reading import Claimed
from verify.proofread.relations import Relation
from verify.proofread.restricted import masked
from verify.proofread.stationary import Stationary
from verify.proofread.symbols import Symbol as Written
from verify.proofread.symbols import UnreadError, base_of, is_name, substitute
from verify.proofread.truth import UPHELD, times


class Paper(Stationary):
    """Tells which wrong lines follow from an earlier one."""

    def _on_paper(self, relation: Relation) -> None:
        """Judge a line where every symbol means what the latest line about it says."""
        s = relation.statement
        holds = s.verdict in UPHELD
        source = self._wrong_before(relation)
        if source is None:
            s.from_line_before = holds if s.verdict in (*UPHELD, "refuted") else None
            return
        try:
            follows = any(self._paper_verdicts(relation))
        except (
            ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, AssertionError,
            NotImplementedError,
        ):  # fmt: skip
            follows = False  # what is not read on paper does not follow
        if holds:
            s.from_line_before = follows
        elif s.verdict == "refuted":
            s.from_line_before = follows
            if follows:
                origin = source.statement
                s.cause = origin.index if origin.cause is None else origin.cause
                s.diagnosis = None

    def _wrong_before(self, relation: Relation) -> Relation | None:
        """Return the latest wrong line that this one rests on."""
        before = [
            r
            for r in self.relations
            if r.chain == relation.chain and r.place_in_chain == relation.place_in_chain - 1
        ]
        wrong = [r for r in before if r.statement.role == "claim" and r.statement.verdict == "refuted"]
        names = {*self._symbols(relation), *([relation.at_zero_of] if relation.at_zero_of else [])}
        for name in list(names):
            names |= self._upstream(name)
        wrong += [
            c.relation for n in names if (c := self.claimed.get(n)) and c.relation.statement.verdict == "refuted"
            and c.relation is not relation
        ]  # fmt: skip
        wrong += [c.relation for c, _ in self._general(relation)]
        wrong += self._repeated(relation)
        return max(wrong, key=lambda r: r.statement.index, default=None)

    def _repeated(self, relation: Relation) -> list[Relation]:
        """Return the wrong lines about the same formula as this one, where that is no symbol."""
        if (
            relation.place_in_chain > 1
            or base_of(relation.start) in self.model.symbols
            or relation.at_zero_of
        ):
            return []
        earlier = [r for r in self.relations[: relation.statement.index] if r.statement.verdict == "refuted"]
        return [r for r in earlier if not r.at_zero_of and self._says_the_same(r, relation)]

    def _general(self, relation: Relation) -> Iterator[tuple[Claimed, dict[Expr, Expr]]]:
        """Yield the wrong lines about a moment of which this line's moment is an instance, with the parameters' values."""
        mine = self.model.symbols.get(base_of(relation.start))
        if mine is None or mine.kind not in MOMENTS:
            return
        for name, c in self.claimed.items():
            other = self.model.symbols[name]
            if (
                other is mine
                or other.kind != mine.kind
                or c.relation.statement.verdict != "refuted"
                or other.over
            ):
                continue
            try:
                pairs = [[self.model.unfold(self.model.value_of(t)) for t in s.what] for s in (other, mine)]
            except UnreadError:
                continue
            random = self.model.random.names
            if len(pairs[0]) == 1 and (given := instance(pairs[0][0], pairs[1][0], random)) is not None:
                yield c, given

    def _upstream(self, name: str) -> set[str]:
        """Return the claimed derivatives that one of the same loss may rest on: by other nodes, of its terms."""
        written = self.model.symbols[name]
        if written.kind not in ("derivative", "hessian"):
            return set()
        found = set()
        for other in self.claimed:
            known = self.model.symbols[other]
            if other == name or known.kind not in ("derivative", "differential"):
                continue
            if known.kind == "differential":
                found |= {other} if known.what[0].show() == written.what[0].show() else set()
                continue
            if known.what[0].show() == written.what[0].show() or known.by[0].show() == written.by[0].show():
                found.add(other)
        return found

    def _paper_verdicts(self, relation: Relation) -> Iterator[bool]:
        """Yield whether the line holds under each reading of what it rests on."""
        values = {
            n: c.value for n, c in self.claimed.items() if c.value is not None and c.relation is not relation
        }
        try:
            if relation.at_zero_of:
                yield self._at_zero(relation, values).verdict in UPHELD
                return
            right = self.model.unfold(self.model.expression(relation.right), values=values)  # type: ignore[arg-type]
            for general, given in self._general(relation):
                if general.value is not None:
                    left = replaced(self.model.unfold(general.value), given)
                    yield self._agree(left, right, relation)
            for earlier in self._repeated(relation):
                if earlier.statement.index not in self.misfits:
                    left = self.model.unfold(self.model.expression(earlier.right), values=values)  # type: ignore[arg-type]
                    yield self._agree(left, right, relation)
            for left in self._paper_lefts(relation, values):
                yield self._agree(left, right, relation)
        except (UnreadError, InputError, InternalError, KeyError, RecursionError):
            pass
        yield from self._paper_by_trees(relation)

    def _agree(self, left: Expr, right: Expr, relation: Relation) -> bool:
        if decimal(relation.side.source, relation.operator):
            return self.compare(left, right, relation).verdict in UPHELD
        if right == 0 and algebra.is_matrix(left):
            right = algebra.zero(algebra.shape(left))
        if relation.only is not None:
            left, right = (masked(e, relation.only, relation.over) for e in (left, right))
        return self.holds(left, right)

    def _paper_lefts(self, relation: Relation, values: Mapping[str, Expr]) -> Iterator[Expr]:
        if relation.place_in_chain > 1:
            yield self.model.unfold(self.model.expression(relation.before), values=values)  # type: ignore[arg-type]
            return
        start = relation.start
        written = (
            self.model.symbols.get(str(start.value)) if start is not None and start.op == "name" else None
        )
        if written is None or written.name in values:
            yield self.model.unfold(self.model.expression(start), values=values)  # type: ignore[arg-type]
        if written is not None and written.kind == "hessian":
            yield from self._by_gradient(written, values)
        if written is not None and written.kind == "derivative":
            yield from self._by_differential(written, values)
            yield from self._through(written.name, values)
            yield from self._by_terms(written.name, values)

    def _by_differential(self, written: Written, values: Mapping[str, Expr]) -> Iterator[Expr]:
        """Yield a derivative as that which a line about the differential says."""
        x = written.by[0]
        direction = next(
            (
                s
                for s in self.model.symbols.values()
                if s.kind == "direction" and s.what[0].show() == x.show()
            ),
            None,
        )
        if direction is None or direction.name not in self.model.built.symbols:  # type: ignore[union-attr]
            return
        d = self.model.symbol(direction.name)
        for other, value in values.items():
            known = self.model.symbols[other]
            if known.kind == "differential" and known.what[0].show() == written.what[0].show():
                said = self.model.unfold(value, stop={direction.name}, values=values)
                if not algebra.is_matrix(said):
                    yield self._pure(said, d)

    def _by_gradient(self, written: Written, values: Mapping[str, Expr]) -> Iterator[Expr]:
        """Yield a Hessian as the derivative of what a line says of the gradient."""
        x = self.model.symbol(written.by[0].value)
        for other, value in values.items():
            known = self.model.symbols[other]
            same = known.kind == "derivative" and known.what[0].show() == written.what[0].show()
            if same and known.by[0].show() == written.by[0].show():
                said = self.model.unfold(value, values=values)
                yield self.model.derive("gradient" if not algebra.is_matrix(said) else "jacobian", said, x)

    def _through(self, name: str, values: Mapping[str, Expr]) -> Iterator[Expr]:
        """Yield a derivative by the chain rule through each node whose own derivative a line claims."""
        written = self.model.symbols[name]
        x = self.model.symbol(written.by[0].value) if is_name(written.by[0]) else None
        if x is None:
            return
        for other, value in values.items():
            known = self.model.symbols[other]
            if known.kind != "derivative":
                continue
            node = known.by[0]
            if known.what[0].show() != written.what[0].show() or not is_name(node):
                continue
            if other == name or node.value not in self.model.definitions:
                continue
            z = self.model.fold(self.model.symbol(node.value), x)
            if x not in z.free_symbols:
                continue
            g = (
                MatrixSymbol("gradproof_g", *algebra.shape(z))
                if algebra.is_matrix(z)
                else Symbol("gradproof_g", real=True)
            )

            derived = self._pure(inner(g, z), x)
            upstream = self.model.unfold(value, values=values)
            if algebra.shape(upstream) == algebra.shape(z):
                yield self.model.unfold(replaced(derived, {g: upstream}), values=values)

    def _pure(self, expr: Expr, x: Expr) -> Expr:

        symbols = {s.name: s for s in expr.free_symbols if isinstance(s, Symbol | MatrixSymbol)}
        shapes = {n: algebra.shape(s) for n, s in symbols.items()}
        return gradient(Problem(expr, (x,), symbols, shapes), x).result

    def _by_terms(self, name: str, values: Mapping[str, Expr]) -> Iterator[Expr]:
        """Yield a derivative as the sum over terms, those that a line claims as it claims them."""
        written = self.model.symbols[name]
        what = self.model.unfold(self.model._what(written))
        x = self.model.symbol(written.by[0].value)
        terms = list(what.args) if what.is_Add or getattr(what, "is_MatAdd", False) else [what]
        known = {}
        for other, value in values.items():
            s = self.model.symbols[other]
            if s.kind == "derivative" and s.by[0].show() == written.by[0].show() and other != name:
                known[self.model.unfold(self.model._what(s))] = self.model.unfold(value, values=values)
        total, found = [], False
        for term in terms:
            hit = (
                next(
                    (
                        (k, v)
                        for k, v in known.items()
                        if not algebra.is_matrix(k) and not (term / k).free_symbols
                    ),
                    None,
                )
                if not algebra.is_matrix(term)
                else None
            )
            if hit is not None:
                total.append(times(term / hit[0], hit[1]))
                found = True
            elif x in term.free_symbols:
                total.append(self.model.unfold(self._pure(term, x)))
        if found:
            yield algebra.add(*total)

    def _paper_by_trees(self, relation: Relation) -> Iterator[bool]:
        """Yield whether the line holds with symbols replaced as they are written, where shapes need fit in it alone."""
        given = {
            n: c.tree for n, c in self.claimed.items() if c.relation is not relation and not c.relation.over
        }
        left = relation.before if relation.place_in_chain > 1 else relation.start
        if left is None or relation.right is None or relation.over:
            return
        one, two = substitute(left, given), substitute(relation.right, given)
        if one is left and two is relation.right:
            return
        try:
            built = build([one, two], "", same=[(0, 1)])
        except (InputError, RecursionError):
            return
        a, b = built.expressions
        if any(n in self.model.symbols for n in built.symbols):
            return

        problem = Problem(a, (), built.symbols, built.shapes)
        try:
            yield equal.compare(problem, b, self.seed).verdict in UPHELD
        except (InputError, InternalError):
            return

    def _says_the_same(self, earlier: Relation, relation: Relation) -> bool:
        """Tell whether a line is about what an earlier one is about: of its chain, or with the same first side."""
        if earlier.start is None or relation.start is None or earlier.right is None:
            return False
        return earlier.start.show() == relation.start.show()
