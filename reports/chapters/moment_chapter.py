"""A chapter on a catalogued moment: statement, derivation, measurements, slips."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.chapters.moment_extras import extras
from reports.chapters.prose import finding, prose, sentence, symbols
from reports.chapters.references import cited
from reports.document import (
    Block,
    Box,
    Cell,
    Chapter,
    Check,
    Derivation,
    Figure,
    Heading,
    Line,
    Math,
    Paragraph,
    Table,
    literal,
    ref,
    weakest,
)
from reports.figures.sampling import monte_carlo

if TYPE_CHECKING:
    from derive.moments.result import MomentResult
    from derive.step import Step
    from verify.moments.monte_carlo import Look
    from verify.verdict import Evidence, Word


_INTERVALS = (
    "Estimates with their confidence intervals, and relative tolerances. An interval misses a true value with probability at most $10^{-6}$; that of sequential sampling however often it is "
    "looked at."
)
#: The methods whose figures are intervals.
_SAMPLED = {"Monte Carlo", "random networks"}


def moment_chapter(result: MomentResult, seed: int, pictured: bool = True) -> Chapter:
    """Derive and measure a result about moments, and print both; where `pictured`, how the sampling came to rest."""
    blocks: list[Block] = [*_statement(result), Heading("Derivation")]
    blocks.append(Derivation([_line(step) for step in result.derive().steps]))
    verdicts, measured = _measurements(result, seed, pictured)
    blocks += [*measured, *_slips(result, seed), *extras(result.name, seed)]
    return Chapter(literal(result.title), result.name, blocks, Check(weakest(verdicts)))


def _statement(result: MomentResult) -> list[Block]:
    meanings = [f"${symbols(name)}$: {prose(meaning)}" for name, meaning in result.variables.items()]
    needs = [prose(assumption) for assumption in result.assumptions]
    said = [Paragraph(f"Here {'; '.join(meanings)}."), Paragraph(f"Assumed: {'; '.join(needs)}.")]
    return [
        Box(
            "result",
            "Statement",
            [Math(result.statement_latex, result.title, f"{result.name}-statement"), *said],
        ),
        Paragraph(f"Source: {cited(prose(result.source))}."),
    ]


def _line(step: Step) -> Line:
    needs = f"; needs: {step.assumption}" if step.assumption else ""
    return Line(step.equation, step.says, prose(step.rule + needs))


def _measurements(result: MomentResult, seed: int, pictured: bool) -> tuple[list[Word], list[Block]]:
    from verify.moments.catalogued import measure_check

    rows: list[list[Cell]] = []
    words: list[Word] = []
    slowest: tuple[list[Look], float, float, str] = ([], 0.0, 0.0, "")
    for check in result.checks:
        looks: list[Look] = []
        verdict = measure_check(check, seed=seed, workers=1, on_look=looks.append)
        evidence = verdict.evidence[0]
        words.append(verdict.verdict)
        rows.append([prose(check.label), f"±{check.rtol:g}", Check(verdict.verdict), _figure(evidence)])
        if len(looks) > len(slowest[0]):
            slowest = (looks, float(check.claim), check.rtol, check.label)
    blocks: list[Block] = [
        Heading("Measured"),
        Table(
            [
                "quantity",
                "tolerance",
                "verdict",
                "estimate, and the claim",
            ],
            rows,
            _INTERVALS if {check.method for check in result.checks} & _SAMPLED else "",
        ),
    ]
    looks, claim, rtol, label = slowest
    if looks and pictured:
        name = f"{result.name}-samples"
        blocks.append(
            Paragraph(
                f"{ref(name, 'The figure')} shows how the interval narrows; with the other quantities it is alike."
            )
        )
        blocks.append(
            Figure(
                name,
                partial(monte_carlo, looks, claim, rtol),
                f"{prose(label)}: the estimate with its confidence interval against the number of samples. "
                "Sampling stops when the interval lies within the tolerance.",
                f"estimate of {label} against the number of samples",
            )
        )
    return words, blocks


def _figure(evidence: Evidence) -> str:
    """What was found, without how the variance was reduced."""
    return finding(evidence.figure.partition("; control variates")[0].partition("; antithetic")[0])


def _slips(result: MomentResult, seed: int) -> list[Block]:
    from verify.moments.catalogued import measure_slip

    blocks: list[Block] = [Heading("Usual slips, refuted")] if result.slips else []
    for slip in result.slips:
        verdict = measure_slip(slip, seed=seed, workers=1)
        said = [
            Paragraph(f"{verdict.verdict.capitalize()}: {_figure(verdict.evidence[0])}."),
            Paragraph(sentence(prose(slip.why))),
        ]
        blocks.append(Box("slip", sentence(prose(slip.label), stop=False), said))
    return blocks
