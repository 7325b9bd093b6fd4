"""A report on losses of one's own: statement, graph, derivation, result, evidence, differences, slips, code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, cast

from derive.code.targets import TARGETS
from derive.errors import InputError
from reports.chapters.derivation import (
    conditions,
    evidence_table,
    line_blocks,
    results,
    shown_graph,
    statement,
)
from reports.chapters.differences import shown_differences
from reports.chapters.slips import likely_slips
from reports.document import (
    Block,
    Box,
    Cell,
    Chapter,
    Check,
    Code,
    Document,
    Heading,
    Math,
    Paragraph,
    Table,
    literal,
    weakest,
)
from verify.verdict import Word

if TYPE_CHECKING:
    from derive.derivation import Derivation
    from verify.derived import Checked
    from verify.proofread.result import Statement
    from verify.suite.steps import StepCheck

_PREFACE = "The derivative is stated, derived line by line, and checked by methods that do not use the rules of its derivation."
#: How a language is called in a heading.
_LANGUAGES = {"numpy": "NumPy", "jax": "JAX", "torch": "PyTorch", "octave": "Octave", "julia": "Julia"}


def loss_document(
    derivations: Sequence[Checked],
    seed: int = 0,
    others: Sequence[Chapter] = (),
    targets: Iterable[str] = TARGETS,
) -> Document:
    """Return a report on checked derivatives, a chapter each, and on other chapters after them."""
    languages = list(targets)
    chapters = [loss_chapter(d, f"loss-{k + 1}", seed, languages) for k, d in enumerate(derivations)]
    return document([*chapters, *others], seed)


def document(chapters: Sequence[Chapter], seed: int = 0) -> Document:
    """Return a report of chapters on losses and documents of one's own."""
    return Document(
        title="Derivatives, derived and checked",
        subtitle=chapters[0].title if len(chapters) == 1 else f"{len(chapters)} chapters",
        preface=[Paragraph(_PREFACE)],
        chapters=chapters,
        colophon=f"gradproof {metadata.version('gradproof')} with sympy {metadata.version('sympy')}; seed {seed}.",
    )


def loss_chapter(d: Derivation, name: str, seed: int = 0, targets: Iterable[str] = TARGETS) -> Chapter:
    """Return the chapter on one derivative, checked or not; `name` is its anchor."""
    from derive import latex, to_text

    expr = d.problem.expr
    asked = Math(rf"f = {latex(expr)},\qquad {d.left_side} = \;?", to_text(expr))
    evidence = getattr(d, "evidence", ())
    proof: list[Block] = [Heading("Evidence"), evidence_table(evidence)] if evidence else []
    blocks: list[Block] = [
        Box("result", "Problem", [asked, *(Paragraph(line) for line in statement(d))]),
        *shown_graph(d, f"{name}-graph"),
        *line_blocks(d, _line_checks(d, seed)),
        Box("result", "Result", [*results(d), *conditions(d)]),
        *proof,
        *(shown_differences(d, f"{name}-differences", seed) if not d.parts else []),
        *likely_slips(d, seed),
        Heading("As code"),
        *_code(d, targets),
    ]
    variables = ", ".join(latex(x) for x in d.problem.wrt)
    check = Check(d.verdict) if hasattr(d, "verdict") else None
    return Chapter(f"The {d.kind} by ${variables}$ of ${latex(expr)}$", name, blocks, check)


def _line_checks(d: Derivation, seed: int) -> Sequence[StepCheck]:
    from verify.suite.steps import check_steps

    return check_steps(d, seed) if not d.parts else ()


def _code(d: Derivation, targets: Iterable[str]) -> list[Block]:
    """The value and the derivative as functions, in each language that has what they need."""
    value = d.kind == "gradient"
    blocks: list[Block] = []
    for target in targets:
        blocks.append(Paragraph(f"{_LANGUAGES[target]}{', the value and the gradient:' if value else ':'}"))
        try:
            blocks.append(Code(d.to_code(target, value=value, guarded=False).rstrip()))
        except InputError as lack:
            blocks[-1] = Paragraph(f"{_LANGUAGES[target]}: {literal(str(lack))}.")
    return blocks


def proofread_chapter(path: Path, name: str, seed: int = 0) -> Chapter:
    """Return the chapter on a derivation judged line by line. Raises InputError for a file that cannot be read."""
    from verify.proofread import proofread
    from verify.proofread.result import said

    found = proofread(path, None, None, seed)
    rows: list[list[Cell]] = [
        [str(s.line), _judgement(s.verdict), f"`{_code_span(s.source)}`", literal(said(s))]
        for s in found.claims
    ]
    table = Table(["line", "verdict", "stands there", "what is said of it"], rows, numeric=[0])
    slips = [block for s in found.claims if s.is_slip for block in _slip(s)]
    blocks: list[Block] = [Paragraph(literal(found.summary)), table, *slips]
    words: list[Word] = ["inconclusive" if s.verdict == "unread" else s.verdict for s in found.claims]
    return Chapter(f"Proofread: {literal(path.name)}", name, blocks, Check(weakest(words)))


def _judgement(verdict: str) -> Cell:
    return "? not read" if verdict == "unread" else Check(cast(Word, verdict))


def _code_span(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("`", "\\`")


def _slip(s: Statement) -> list[Block]:
    """A wrong line: what shows it, and what would be right."""
    found = s.counterexample
    text = found if isinstance(found, str) else str((found or {}).get("text", ""))
    said = [Paragraph(f"Right would be `{_code_span(s.mended)}`.")] if s.mended else []
    if text:
        said.insert(0, Paragraph(f"Counterexample: {literal(text)}"))
    return [Box("slip", f"Line {s.line}: {literal(s.diagnosis or 'wrong')}", said)] if said else []


def write_report(
    derivations: Sequence[Checked], out: Path, formats: Iterable[str], seed: int = 0
) -> list[Path]:
    """Write a report on derivatives into a folder, and return its files. Raises InputError."""
    from reports.renderers.output import write_document

    return write_document(loss_document(derivations, seed), out, formats)
