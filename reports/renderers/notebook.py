"""Results as notebooks show them: the answer at a glance, and all that leads to it folded underneath."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from sympy import Symbol

from reports.chapters.derivation import (
    conditions,
    evidence_table,
    graph_figures,
    line_blocks,
    results,
    statement,
)
from reports.chapters.moments import moment_lines
from reports.chapters.prose import finding
from reports.chapters.verdicts import counterexample
from reports.document import Block, Check, Code, Derivation, Math, Paragraph, literal
from reports.renderers.html import render_blocks
from verify.verdict import Evidence, Verdict

if TYPE_CHECKING:
    from derive.derivation import Derivation as Derived
    from derive.moments.expectation import Moment


def html(result: Any) -> str:
    """Return a derivation, a moment or a verdict as a piece of HTML that brings its own style, light and dark."""
    from derive.derivation import Derivation as Derived
    from derive.moments.expectation import Moment

    if isinstance(result, Derived):
        parts = _derivation(result)
    elif isinstance(result, Moment):
        parts = _moment(result)
    elif isinstance(result, Verdict):
        parts = _verdict(result)
    else:
        raise TypeError(f"a notebook has no picture of a {type(result).__name__}")
    return Markup('<div class="gradproof"><style>{}</style>{}</div>').format(_css(), Markup("").join(parts))


@lru_cache(maxsize=1)
def _css() -> Markup:
    return Markup(
        resources.files("reports").joinpath("templates/notebook.css").read_text(encoding="utf-8").strip()
    )


def _derivation(d: Derived) -> list[Markup]:
    from derive import latex, to_text

    name = f"gp{hashlib.sha256(repr(d).encode()).hexdigest()[:8]}"
    expr = d.problem.expr
    asked: list[Block] = [Math(f"f = {latex(expr)}", to_text(expr)), *map(Paragraph, statement(d))]
    evidence: Sequence[Evidence] = getattr(d, "evidence", ())
    lines = line_blocks(d)
    return [
        _blocks([*asked, *results(d), *conditions(d)]),
        _badge(getattr(d, "verdict", None), evidence),
        _folded(f"Derivation: {_count(lines)} lines", lines, name),
        _folded("Computational graph", list(graph_figures(d, f"{name}-graph"))),
        *([_folded("Evidence", [evidence_table(evidence)])] if evidence else []),
        _folded("NumPy", [Code(d.to_numpy())]),
    ]


def _count(blocks: Sequence[Block]) -> int:
    return sum(len(block.lines) for block in blocks if isinstance(block, Derivation))


def _moment(m: Moment) -> list[Markup]:
    evidence: Sequence[Evidence] = getattr(m, "evidence", ())
    lines: list[Block] = [moment_lines(m)]
    used = [Paragraph(f"Used: {literal(', '.join(m.conditions))}.")] if m.conditions else []
    return [
        _blocks([Math(rf"{m.left_side} = {m.to_latex()}", m.to_text()), *used]),
        _badge(getattr(m, "verdict", None), evidence),
        _folded(f"Derivation: {len(m.steps)} lines", lines),
        *([_folded("Evidence", [evidence_table(evidence)])] if evidence else []),
    ]


def _verdict(verdict: Verdict) -> list[Markup]:
    said: list[Block] = []
    if verdict.counterexample is not None:
        shown = counterexample(verdict.counterexample, _symbols(verdict.counterexample.point))
        said.append(Paragraph(shown))
    if verdict.diagnosis is not None:
        said.append(Paragraph(f"Diagnosis: {literal(verdict.diagnosis)}"))
    return [
        _badge(verdict.verdict, ()),
        _blocks(said),
        _folded("Evidence", [evidence_table(verdict.evidence)], open_=not said),
    ]


def _symbols(point: Mapping[str, Any]) -> dict[str, Symbol]:
    return {name: Symbol(name) for name in point if name.isidentifier()}


def _badge(word: Any, evidence: Sequence[Evidence]) -> Markup:
    if word is None:
        return Markup("<p>not checked</p>")
    check = Check(word)
    said = next((e.figure for e in evidence if e.verdict == word), "")
    shown = _blocks(
        [Paragraph(f"{check.sign} {check.word}: {finding(said)}" if said else f"{check.sign} {check.word}")]
    )
    return Markup('<div class="{}">{}</div>').format(check.word, shown)


def _folded(title: str, blocks: Sequence[Block], place: str = "part", open_: bool = False) -> Markup:
    if not blocks:
        return Markup("")
    state = Markup(" open") if open_ else ""
    return Markup("<details{}><summary>{}</summary>{}</details>").format(state, title, _blocks(blocks, place))


def _blocks(blocks: Sequence[Block], place: str = "part") -> Markup:
    return Markup(render_blocks(blocks, place))
