"""Every relation judged in two environments.

In *truth* a derivative's symbol means the true derivative; on *paper* it means what the latest line about it says. A
line that is refuted in both is a slip; one that is refuted in truth and holds on paper follows from an earlier slip.
"""

from __future__ import annotations

from collections.abc import Callable

from derive.errors import InputError, InternalError
from verify.proofread import integrals
from verify.proofread.decimals import decimal
from verify.proofread.mends import Mends
from verify.proofread.reading import Claimed, is_zero, reason_of
from verify.proofread.relations import Relation
from verify.proofread.symbols import UnreadError, base_of, substitute
from verify.proofread.truth import UPHELD
from verify.verdict import Verdict


class Judge(Mends):
    """Judges the relations of one document."""

    def run(self, progress: Callable[[int, int], object] | None = None) -> None:
        """Fill in the statements' verdicts."""
        self.read()
        for done, relation in enumerate(self.relations, 1):
            if relation.statement.role == "claim":
                self._judge(relation)
            self._take_down(relation)
            if progress is not None:
                progress(done, len(self.relations))

    def _judge(self, relation: Relation) -> None:
        s = relation.statement
        if s.index in self.misfits:
            self.refute_by_sizes(relation)
            self._on_paper(relation)
            return
        if relation.error is not None or relation.start is None or relation.right is None:
            if relation.place_in_chain > 1 and self._sets_to_zero(relation):
                s.role = "assumption"
                return
            s.verdict, s.not_understood = "unread", self._spoken(relation.error or "a side is missing")
            return
        try:
            if self._has_integral(relation):
                self._by_quadrature(relation)
                return
            verdict = self._at_zero(relation, {}) if relation.at_zero_of else self._in_truth(relation)
            if verdict.verdict == "refuted" and self._sets_to_zero(relation):
                s.role = "assumption"
                return
            if verdict.verdict == "refuted" and self._is_where_zero(relation):
                relation.at_zero_of = relation.gradient
                verdict = self._at_zero(relation, {})
        except (UnreadError, InputError, InternalError, RecursionError) as reason:
            if self._sets_to_zero(relation):
                s.role = "assumption"
                return
            s.verdict, s.not_understood = "unread", reason_of(reason)
            return
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            ArithmeticError,
            AssertionError,
            IndexError,
            NotImplementedError,
        ) as fault:
            s.verdict, s.not_understood = "unread", f"the judge failed at this line ({type(fault).__name__})"
            return
        self._write(relation, verdict)
        self._on_paper(relation)
        self.say_transposed(relation)
        self.note_solution(relation)

    def _sets_to_zero(self, relation: Relation) -> bool:
        """Tell whether a chain about a gradient ends in zero: it is set to zero there, and not said to be."""
        symbol = self.model.symbols.get(base_of(relation.start))
        return is_zero(relation.right) and symbol is not None and symbol.kind == "derivative"

    def _by_quadrature(self, relation: Relation) -> None:
        """Judge a line with integrals, in which every name stands for a number."""
        values = {n: self.model.unfold(self.model.symbol(n)) for n in self._symbols(relation)}
        assert relation.start is not None
        assert relation.right is not None
        verdict = integrals.compare(
            relation.start,
            relation.right,
            self.stated,
            self.seed,
            values,
            decimal(relation.side.source, relation.operator),
        )
        self._write(relation, verdict)
        s = relation.statement
        s.from_line_before = s.verdict != "refuted"
        wrong = [
            r
            for r in self.relations[: s.index]
            if r.statement.verdict == "refuted" and self._says_the_same(r, relation)
        ]
        for earlier in reversed(wrong if s.verdict == "refuted" else []):
            if integrals.compare(earlier.right, relation.right, self.stated, self.seed).verdict in UPHELD:  # type: ignore[arg-type]
                origin = earlier.statement
                s.from_line_before, s.diagnosis = True, None
                s.cause = origin.index if origin.cause is None else origin.cause
                return

    def _write(self, relation: Relation, verdict: Verdict) -> None:
        s = relation.statement
        s.verdict = verdict.verdict
        s.evidence = [e.to_dict() for e in verdict.evidence]
        s.diagnosis = self._spoken(verdict.diagnosis) if verdict.diagnosis else None
        s.reading = self._reading(relation)
        if verdict.counterexample is not None:
            s.counterexample = self._spoken(str(verdict.counterexample))

    def _take_down(self, relation: Relation) -> None:
        """Note what a line says of a symbol."""
        s = relation.statement
        start = relation.start
        name = base_of(start)
        if s.role != "claim" or start is None or name not in self.model.symbols:
            return
        if s.verdict == "unread" or relation.right is None or relation.error is not None or relation.only:
            return
        value = None
        if s.index not in self.misfits:
            try:
                value = self.model.expression(relation.right)
            except KeyError:
                value = None
        given = {n: c.tree for n, c in self.claimed.items() if n != name}
        self.claimed[name] = Claimed(relation, substitute(relation.right, given), value)
        if s.is_slip and value is not None and s.mended is None:
            self.mend(relation)
