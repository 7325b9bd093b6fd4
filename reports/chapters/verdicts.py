"""The verdict on a claim as blocks: the counterexample as formulas, and the diagnosis."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reports.chapters.derivation import evidence_table
from reports.document import Block, Paragraph, literal

if TYPE_CHECKING:
    from verify.verdict import Counterexample, Verdict

_FRACTION = re.compile(r"(-?)(\d+)/(\d+)")
_BALL = re.compile(r"\[?(-?[\d.]+(?:e[+-]?\d+)?)?(?: ?\+/- ([\d.]+)(?:e([+-]?\d+))?)?\]?")


def verdict_blocks(verdict: Verdict) -> list[Block]:
    """Return what a verdict rests on, as the command line prints it: evidence, counterexample and diagnosis."""
    blocks: list[Block] = [evidence_table(verdict.evidence)]
    if verdict.conditions:
        blocks += [Paragraph(f"It holds wherever {literal('; '.join(verdict.conditions))}.")]
    if verdict.counterexample is not None:
        blocks += [Paragraph(f"Counterexample: {literal(str(verdict.counterexample))}")]
    if verdict.diagnosis is not None:
        blocks += [Paragraph(f"Diagnosis: {literal(verdict.diagnosis)}")]
    return blocks


def counterexample(found: Counterexample, symbols: Mapping[str, Any]) -> str:
    """Return a counterexample as running text; `symbols` holds the SymPy symbols of the names, for their LaTeX."""
    from derive import latex

    def name(text: str) -> str:
        if text in symbols:
            return latex(symbols[text])
        return rf"\mathrm{{d}}{latex(symbols[text[1:]])}" if text[1:] in symbols else rf"\mathrm{{{text}}}"

    point = ", ".join(f"${name(x)} = {value(entries)}$" for x, entries in found.point.items())
    row, column = found.entry
    single = all(isinstance(entries, str) for entries in found.point.values()) and found.entry == (0, 0)
    what = "the derivative" if single else f"entry $({row + 1}, {column + 1})$"
    return f"At {point}, {what} is ${value(found.true)}$, and the claim gives ${value(found.claimed)}$."


def value(entries: str | Sequence[Sequence[str]]) -> str:
    """Return an exact number, a ball, or a matrix of them in LaTeX."""
    if isinstance(entries, str):
        return number(entries)
    rows = r" \\ ".join(" & ".join(number(e) for e in row) for row in entries)
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"


def number(text: str) -> str:
    """Return a number's text, such as 3/4, -0.250000 or [0.73 +/- 1.2e-9], in LaTeX."""
    fraction = _FRACTION.fullmatch(text)
    if fraction:
        sign, above, below = fraction.groups()
        return rf"{sign}\tfrac{{{above}}}{{{below}}}"
    ball = _BALL.fullmatch(text)
    if ball is None:
        return rf"\text{{{text}}}"
    middle, radius, exponent = ball.groups()
    shown = _power(_trimmed(middle or "0"))
    if radius:
        shown += rf" \pm {radius}" + (rf" \cdot 10^{{{int(exponent)}}}" if exponent else "")
    return shown


def _trimmed(decimal: str) -> str:
    """A decimal number without the zeros at its end."""
    mantissa, e, exponent = decimal.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}{e}{exponent}"


def _power(decimal: str) -> str:
    mantissa, e, exponent = decimal.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else mantissa
