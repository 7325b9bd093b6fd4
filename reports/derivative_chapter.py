"""A chapter on a catalogued derivative: statement, graph, derivation, result, evidence, slips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.derivation import (
    conditions,
    evidence_table,
    graph_figure,
    line_blocks,
    statement,
)
from reports.derivation import result as result_line
from reports.differences import difference_figure
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
    literal,
)
from reports.prose import prose, sentence
from reports.verdicts import counterexample

if TYPE_CHECKING:
    from derive.results import Result
    from verify.derived import Checked


def derivative_chapter(result: Result, seed: int) -> Chapter:
    """Derive and check a result, and print both."""
    import verify
    from verify.steps import check_steps

    function: Any = getattr(verify, result.kind)
    d: Checked = function(result.expr, result.wrt, where=result.where, assume=result.assume, seed=seed)
    blocks: list[Block] = [
        *_statement(result, d),
        graph_figure(d, f"{result.name}-graph"),
        *line_blocks(d, check_steps(d, seed)),
        Box("result", "Result", [result_line(d), *conditions(d)]),
        *_by_indices(result),
        Heading("Evidence"),
        evidence_table(d.evidence),
        difference_figure(d, f"{result.name}-differences", seed),
        *_claims(result, d, seed),
        *_slips(result, d, seed),
        Heading("As code"),
        Code(d.to_numpy()),
    ]
    return Chapter(literal(result.title), result.name, blocks, Check(d.verdict))


def _statement(result: Result, d: Checked) -> list[Block]:
    from derive import latex, to_text

    expr = d.problem.expr
    asked = Math(rf"f = {latex(expr)},\qquad {d.left_side} = \;?", to_text(expr))
    said = [Paragraph(line) for line in statement(d)]
    return [
        Box("result", "Problem", [asked, *said]),
        Paragraph(prose(result.story)),
        Paragraph(f"Source: {prose(result.source)}."),
    ]


def _by_indices(result: Result) -> list[Block]:
    if result.by_indices is None:
        return []
    lines = [Line(line.equation, line.equation, prose(line.reason)) for line in result.by_indices()]
    return [Heading("The same by indices"), Derivation(lines)]


def _claims(result: Result, d: Checked, seed: int) -> list[Block]:
    """The forms in which books print the answer, each checked as a claim."""
    from derive import latex, read_claim
    from verify.verdict import UPHOLDING

    lines = []
    for claim in result.claims:
        verdict = _check(result, claim, seed)
        equation = f"{d.left_side} = {latex(read_claim(claim, d.problem))}"
        methods = ", ".join(e.method for e in verdict.evidence if e.verdict in UPHOLDING)
        lines.append(Line(equation, claim, literal(methods), Check(verdict.verdict)))
    return [Heading("As the literature writes it"), Derivation(lines)]


def _slips(result: Result, d: Checked, seed: int) -> list[Block]:
    from derive import latex, read_claim

    blocks: list[Block] = [Heading("Usual slips, refuted")] if result.slips else []
    for slip in result.slips:
        verdict = _check(result, slip.claim, seed)
        claimed = latex(read_claim(slip.claim, d.problem))
        said: list[Block] = [
            Math(rf"{d.left_side} \overset{{?}}{{=}} {claimed}", slip.claim),
            Paragraph(f"{verdict.verdict.capitalize()}: {sentence(prose(slip.why), capital=False)}"),
        ]
        if verdict.counterexample is not None:
            said.append(Paragraph(counterexample(verdict.counterexample, d.problem.symbols)))
        blocks.append(Box("slip", sentence(prose(slip.label), stop=False), said))
    return blocks


def _check(result: Result, claim: str, seed: int) -> Any:
    from verify import check_claim

    return check_claim(
        result.expr,
        result.wrt,
        claim,
        kind=result.kind,
        where=result.where,
        assume=result.assume,
        seed=seed,
    )
