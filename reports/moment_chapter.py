"""A chapter on a catalogued moment: statement, derivation, measurements, slips."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from reports.document import (
    Block,
    Box,
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
    weakest,
)
from reports.figures.sampling import monte_carlo

if TYPE_CHECKING:
    from derive.moments.catalogue import MomentResult
    from derive.moments.steps import MomentStep
    from verify.monte_carlo import Look
    from verify.verdict import Word


#: A symbol with an index, as it stands in plain text: n_in, μ_g.
_INDEXED = re.compile(r"(?<![\w\\])([A-Za-zσμ])_([a-z]+)(?!\w)")
_GREEK = {"σ": r"\sigma", "μ": r"\mu"}
_SQUARE = re.compile(r"([a-zσ])²")


def moment_chapter(result: MomentResult, seed: int) -> Chapter:
    """Derive and measure a result about moments, and print both."""
    blocks: list[Block] = [*_statement(result), Heading("Derivation")]
    blocks.append(Derivation([_line(step) for step in result.derivation().steps]))
    verdicts, measured = _measurements(result, seed)
    blocks += [*measured, *_slips(result, seed)]
    return Chapter(literal(result.title), result.name, blocks, Check(weakest(verdicts)))


def _statement(result: MomentResult) -> list[Block]:
    variables = [[f"${_symbols(name)}$", _prose(meaning)] for name, meaning in result.variables.items()]
    needs = "; ".join(result.assumptions)
    return [
        Box("result", "Statement", [Math(result.statement_latex, result.title)]),
        Table(["symbol", "meaning"], variables),
        Paragraph(f"Assumed: {_prose(needs)}."),
        Paragraph(f"Source: {_prose(result.source)}."),
    ]


def _line(step: MomentStep) -> Line:
    needs = f" — needs: {step.assumption}" if step.assumption else ""
    return Line(step.equation_latex, step.text, _prose(step.law + needs))


def _measurements(result: MomentResult, seed: int) -> tuple[list[Word], list[Block]]:
    from verify.moments.catalogued import measure_check

    rows: list[list[str | Check]] = []
    words: list[Word] = []
    slowest: tuple[list[Look], float, float, str] = ([], 0.0, 0.0, "")
    for check in result.checks:
        looks: list[Look] = []
        verdict = measure_check(check, seed=seed, on_look=looks.append)
        evidence = verdict.evidence[0]
        words.append(verdict.verdict)
        rows.append(
            [_prose(check.label), literal(evidence.figure), f"±{check.rtol:g}", Check(verdict.verdict)]
        )
        if len(looks) > len(slowest[0]):
            slowest = (looks, float(check.claim), check.rtol, check.label)
    looks, claim, rtol, label = slowest
    return words, [
        Heading("Measured"),
        Table(
            ["moment", "estimate with its confidence interval, and the claim", "tolerance", "verdict"],
            rows,
            "Sequential sampling; the interval misses a true value with probability at most $10^{-6}$, "
            "however often it is looked at.",
        ),
        Figure(
            f"{result.name}-samples",
            partial(monte_carlo, looks, claim, rtol),
            f"{_prose(label)}: the estimate with its confidence interval against the number of samples. "
            "Sampling stops when the interval lies within the tolerance.",
            f"estimate of {label} against the number of samples",
        ),
    ]


def _slips(result: MomentResult, seed: int) -> list[Block]:
    from verify.moments.catalogued import measure_slip

    blocks: list[Block] = [Heading("Usual slips, refuted")] if result.slips else []
    for slip in result.slips:
        verdict = measure_slip(slip, seed=seed)
        blocks.append(
            Box(
                "slip",
                _prose(slip.label),
                [
                    Paragraph(f"{verdict.verdict.capitalize()}: {literal(verdict.evidence[0].figure)}."),
                    Paragraph(_prose(slip.why)),
                ],
            )
        )
    return blocks


def _prose(text: str) -> str:
    """Plain text with its indexed symbols as formulas."""
    return _INDEXED.sub(lambda m: f"${_indexed(m)}$", literal(text))


def _symbols(names: str) -> str:
    """A list of symbols in plain text, such as "σ², n_in", as one formula."""
    latex = _SQUARE.sub(lambda m: f"{_GREEK.get(m[1], m[1])}^2", _INDEXED.sub(_indexed, names))
    return latex.replace(", ", r",\, ")


def _indexed(match: re.Match[str]) -> str:
    letter, index = match.groups()
    below = index if len(index) == 1 else rf"\mathrm{{{index}}}"
    return f"{_GREEK.get(letter, letter)}_{{{below}}}"
