"""A report on a loss of one's own: statement, graph, derivation, result, evidence, differences, code."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING

from reports.derivation import conditions, evidence_table, graph_figures, line_blocks, statement
from reports.derivation import result as result_line
from reports.differences import difference_figures
from reports.document import Block, Box, Chapter, Check, Code, Document, Heading, Math, Paragraph

if TYPE_CHECKING:
    from verify.derived import Checked

_PREFACE = "The derivative is stated, derived line by line, and checked by methods that do not use the rules of its derivation."


def loss_document(derivations: Sequence[Checked], seed: int = 0) -> Document:
    """Return a report on checked derivatives, a chapter each."""
    chapters = [loss_chapter(d, f"loss-{k + 1}", seed) for k, d in enumerate(derivations)]
    return Document(
        title="Derivatives, derived and checked",
        subtitle=chapters[0].title if len(chapters) == 1 else f"{len(chapters)} derivatives",
        preface=[Paragraph(_PREFACE)],
        chapters=chapters,
        colophon=f"gradproof {metadata.version('gradproof')} with sympy {metadata.version('sympy')}; seed {seed}.",
    )


def loss_chapter(d: Checked, name: str, seed: int = 0) -> Chapter:
    """Return the chapter on one checked derivative; `name` is its anchor."""
    from derive import latex, to_text
    from verify.steps import check_steps

    expr = d.problem.expr
    asked = Math(rf"f = {latex(expr)},\qquad {d.left_side} = \;?", to_text(expr))
    blocks: list[Block] = [
        Box("result", "Problem", [asked, *(Paragraph(line) for line in statement(d))]),
        *graph_figures(d, f"{name}-graph"),
        *line_blocks(d, check_steps(d, seed)),
        Box("result", "Result", [result_line(d), *conditions(d)]),
        Heading("Evidence"),
        evidence_table(d.evidence),
        *difference_figures(d, f"{name}-differences", seed),
        Heading("As code"),
        Code(d.to_numpy()),
    ]
    variables = ", ".join(latex(x) for x in d.problem.wrt)
    return Chapter(f"The {d.kind} by ${variables}$ of ${latex(expr)}$", name, blocks, Check(d.verdict))
