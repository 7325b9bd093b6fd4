"""A chapter on a catalogued derivative: statement, graph, derivation, result, evidence, slips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reports.derivation import evidence_table, graph_figure, line_blocks, result_blocks
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

if TYPE_CHECKING:
    from derive.results import Result


def derivative_chapter(result: Result, seed: int) -> Chapter:
    """Derive and check a result, and print both."""
    import verify

    function: Any = getattr(verify, result.kind)
    d = function(result.expr, result.wrt, where=result.where, assume=result.assume, seed=seed)
    blocks: list[Block] = [
        *_statement(result, d),
        graph_figure(d, f"{result.name}-graph"),
        *line_blocks(d),
        *_by_indices(result),
        Box("result", "Result", result_blocks(d)),
        Heading("Evidence"),
        evidence_table(d.evidence),
        *_claims(result, d, seed),
        *_slips(result, d, seed),
        Heading("As code"),
        Code(d.to_numpy()),
    ]
    return Chapter(literal(result.title), result.name, blocks, Check(d.verdict))


def _statement(result: Result, d: Any) -> list[Block]:
    from derive import latex, to_text

    expr = d.problem.expr
    shapes = [
        [f"${latex(d.problem.symbols[name])}$", _shape(shape)]
        for name, shape in d.problem.shape_texts().items()
    ]
    assumed = ", ".join(f"`{fact}`" for fact in d.problem.assumption_texts())
    blocks: list[Block] = [
        Box("result", "Problem", [Math(rf"f = {latex(expr)},\qquad {d.left_side} = \;?", to_text(expr))]),
        Paragraph(literal(result.story)),
        Table(["name", "shape"], shapes),
    ]
    if assumed:
        blocks.append(Paragraph(f"Assumed: {assumed}."))
    blocks.append(Paragraph(f"Source: {literal(result.source)}."))
    return blocks


def _shape(shape: str | Sequence[str | int]) -> str:
    return shape if isinstance(shape, str) else rf"${shape[0]} \times {shape[1]}$"


def _by_indices(result: Result) -> list[Block]:
    if result.by_indices is None:
        return []
    lines = [Line(line.equation, line.equation, literal(line.reason)) for line in result.by_indices()]
    return [Heading("The same by indices"), Derivation(lines)]


def _claims(result: Result, d: Any, seed: int) -> list[Block]:
    """The forms in which books print the answer, each checked as a claim."""
    from derive import latex, read_claim

    lines = []
    for claim in result.claims:
        verdict = _check(result, claim, seed)
        equation = f"{d.left_side} = {latex(read_claim(claim, d.problem))}"
        finding = "; ".join(evidence.method for evidence in verdict.evidence)
        lines.append(Line(equation, claim, literal(finding), Check(verdict.verdict)))
    return [Heading("As the literature writes it"), Derivation(lines)]


def _slips(result: Result, d: Any, seed: int) -> list[Block]:
    from derive import latex, read_claim

    blocks: list[Block] = [Heading("Usual slips, refuted")] if result.slips else []
    for slip in result.slips:
        verdict = _check(result, slip.claim, seed)
        said = [Paragraph(f"{verdict.verdict.capitalize()}: {literal(slip.why)}.")]
        if verdict.counterexample is not None:
            said.append(Paragraph(f"Counterexample {literal(str(verdict.counterexample))}."))
        formula = Math(
            rf"{d.left_side} \overset{{?}}{{=}} {latex(read_claim(slip.claim, d.problem))}", slip.claim
        )
        blocks.append(Box("slip", literal(slip.label), [formula, *said]))
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
