"""A wrong claim, the truth at sample points, and the derived result: what every kind of slip is looked for in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sympy import Expr
from sympy.core.basic import Basic

from derive.backprop import Sweep, backprop
from derive.errors import InputError
from derive.expression.facts import assuming
from derive.graph import Graph, build_graph
from derive.language.text import to_text
from verify.evaluate import layout
from verify.slips.samples import Samples, same
from verify.statement import Statement
from verify.study import Study

#: The work that another backward sweep is, for every node of the graph.
SWEEP = 400
#: The longest formula that a sentence holds.
LONGEST = 80


@dataclass(frozen=True)
class Explanation:
    """What is wrong with a claim in words, and the claim as those words would mend it.

    `statement` is where the mended claim is right, if not where the claim was made: under one more assumption, say.
    """

    words: str
    mended: Expr
    statement: Statement | None = None


class Case:
    """A wrong claim, the truth at sample points, and the derived result where it is right."""

    def __init__(self, study: Study, claim: Expr, samples: Samples, seed: int) -> None:
        self.study, self.claim, self.samples = study, claim, samples
        self.problem, self.statement = study.problem, study.statement
        self.seed = seed
        self.what = study.statement.name
        self.claimed = samples.side(claim)
        self.result = self._result()

    @property
    def late(self) -> bool:
        """Return whether enough was tried. Counted, not timed: the same seed gives the same answer."""
        return self.samples.late

    def _result(self) -> Expr | None:
        try:
            result = self.study.derived(self.claim)
        except InputError:
            return None
        return result if self.gives(result, self.samples.true) else None

    def graph_and_sweep(self) -> tuple[Graph, Sweep]:
        """Return the computational graph and its adjoints, of a gradient: only a scalar has adjoints of its own."""
        with assuming(self.problem.assumptions):
            graph = build_graph(self.problem.expr, self.problem.wrt, self.problem.symbols)
            return graph, backprop(graph)

    def nodes(self, *sources: Expr) -> Iterator[Basic]:
        """Yield every subexpression of the expression, and of other sources, once."""
        seen: set[Basic] = set()
        for e in (self.statement.expr, *sources):
            for step in layout(e):
                if step.node not in seen:
                    seen.add(step.node)
                    yield step.node

    def gives(self, formula: Expr, side: list[Any] | None) -> bool:
        """Return whether a formula has the given numbers at all sample points."""
        got = self.samples.side(formula)
        return got is not None and side is not None and same(got, side)

    def is_right(self, candidate: Expr) -> bool:
        """Return whether an expression is the truth at all sample points."""
        first = self.samples.side(candidate, first_only=True)
        if first is None or not same(first, self.samples.true[: len(first)]):
            return False
        return self.gives(candidate, self.samples.true)

    def is_right_in(self, statement: Statement) -> bool:
        """Return whether the claim is right where something else is assumed."""
        if self.late:
            return False
        try:
            samples = Samples(statement, self.claim, self.seed, within=self.samples)
        except InputError:
            return False
        side = samples.side(self.claim)
        return side is not None and same(side, samples.true)

    def text(self, e: Expr) -> str:
        """Return an expression in the text language, cut where it is long."""
        try:
            out = to_text(e)
        except InputError:
            out = str(e)
        return out if len(out) <= LONGEST else out[: LONGEST - 3] + "..."
