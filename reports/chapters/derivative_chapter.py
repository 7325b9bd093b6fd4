"""A chapter on a catalogued derivative: statement, graph, derivation, result, evidence, slips."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reports.chapters.derivation import (
    code_of,
    conditions,
    evidence_table,
    line_blocks,
    shown_graph,
    statement,
)
from reports.chapters.derivation import result as result_line
from reports.chapters.differences import shown_differences
from reports.chapters.prose import prose, sentence
from reports.chapters.references import cited
from reports.chapters.slips import check_command, slip_box
from reports.document import (
    Block,
    Box,
    Chapter,
    Check,
    Code,
    Derivation,
    Heading,
    Line,
    Math,
    Paragraph,
    Table,
    literal,
)
from verify.verdict import UPHOLDING, Evidence

if TYPE_CHECKING:
    from derive.results import Result
    from verify.derived import Checked
    from verify.study import Study


#: What the rows of the evidence compare.
_COMPARED = (
    "The normal form is that of the derived result, against the forms in which books print it. The other methods "
    "hold both to a derivative of their own, which uses no rule of the derivation."
)


def derivative_chapter(result: Result, seed: int, pictured: bool = True) -> Chapter:
    """Derive and check a result, and print both; where `pictured`, the error of differences by their step."""
    from verify.derived import checked
    from verify.suite.steps import check_steps
    from verify.suite.tasks import study

    about = study(result.name)
    d = checked(about.derivation, seed)
    blocks: list[Block] = [
        *_statement(result, d),
        *shown_graph(d, f"{result.name}-graph"),
        *line_blocks(d, check_steps(d, seed)),
        Box(
            "result",
            "Result",
            [replace(result_line(d), name=f"{result.name}-result"), _stated(d), *conditions(d)],
        ),
        *_by_indices(result),
        Heading("Evidence"),
        _evidence(result, seed),
        *(shown_differences(d, f"{result.name}-differences", seed) if pictured else []),
        *_claims(result, d, about, seed),
        *_slips(result, d, about, seed),
        Heading("As code"),
        Code(code_of(d)),
    ]
    return Chapter(literal(result.title), result.name, blocks, Check(d.verdict))


def _statement(result: Result, d: Checked) -> list[Block]:
    from derive import latex, to_text

    expr = d.problem.expr
    asked = Math(rf"f = {latex(expr)},\qquad {d.left_side} = \;?", to_text(expr), f"{result.name}-problem")
    said = [Paragraph(line) for line in statement(d)]
    return [
        Box("result", "Problem", [asked, *said]),
        *([Paragraph(prose(result.story))] if result.story else []),
        Paragraph(f"Source: {cited(prose(result.source))}."),
    ]


def _stated(d: Checked) -> Paragraph:
    """What the result is the derivative of, stated again beside it."""
    from derive import latex

    return Paragraph(f"Here $f = {latex(d.problem.expr)}$.")


def _evidence(result: Result, seed: int) -> Table:
    """What every method says of the derived result and of the forms in which books print it."""
    from verify.suite.tasks import DERIVATIVE_METHODS, Task, run_task

    methods = [method for method in DERIVATIVE_METHODS if method != "every line"]
    found = [run_task(Task(result.name, method), seed) for method in methods]
    return evidence_table([Evidence(f.label, f.verdict, f.figure) for f in found], _COMPARED)


def _by_indices(result: Result) -> list[Block]:
    if result.by_indices is None:
        return []
    lines = [Line(line.equation, line.equation, prose(line.reason)) for line in result.by_indices()]
    return [Heading("The same by indices"), Derivation(lines)]


def _claims(result: Result, d: Checked, about: Study, seed: int) -> list[Block]:
    """The forms in which books print the answer, each checked as a claim."""
    from derive import latex
    from verify.claims import check, read_of

    lines = []
    for claim in result.claims:
        verdict = check(about, claim, seed)
        equation = f"{d.left_side} = {latex(read_of(about, claim))}"
        methods = ", ".join(e.method for e in verdict.evidence if e.verdict in UPHOLDING)
        lines.append(Line(equation, claim, literal(methods), Check(verdict.verdict)))
    return [Heading("As the literature writes it"), Derivation(lines)]


def _slips(result: Result, d: Checked, about: Study, seed: int) -> list[Block]:
    from verify.claims import check, read_of

    blocks: list[Block] = [Heading("Usual slips, refuted")] if result.slips else []
    for slip in result.slips:
        verdict = check(about, slip.claim, seed)
        options = {"--wrt": result.wrt, "--where": result.where, "--assume": result.assume}
        command = check_command(result.expr, slip.claim, result.kind, options)
        title, said = sentence(prose(slip.label), stop=False), sentence(prose(slip.why), capital=False)
        blocks.append(slip_box(d, title, slip.claim, read_of(about, slip.claim), verdict, said, command))
    return blocks
