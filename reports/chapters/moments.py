"""A checked moment as blocks: lines with their laws and assumptions, result, conditions, evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.chapters.derivation import evidence_table
from reports.document import Block, Box, Derivation, Heading, Line, Math, Paragraph, literal

if TYPE_CHECKING:
    from derive.moments.expectation import Moment
    from derive.step import Step
    from verify.moments.moment_claims import Expected


def moment_blocks(m: Expected) -> list[Block]:
    """Return a checked moment whole, as the command line prints it."""
    result = Math(rf"{m.left_side} = {m.to_latex()}", f"{m.kind} = {m.to_text()}")
    used = [Paragraph(f"  used: {literal(c)}") for c in m.conditions]
    return [
        moment_lines(m),
        Box("result", "Result", [result, *used]),
        Heading("Evidence"),
        evidence_table(m.evidence),
    ]


def moment_lines(m: Moment) -> Derivation:
    """Return the lines of a moment, checked or not, with their laws."""
    return Derivation([_line(step) for step in m.steps])


def _line(step: Step) -> Line:
    needs = f"; needs: {literal(step.assumption)}" if step.assumption else ""
    return Line(step.equation, step.text or step.says, literal(step.rule) + needs)
