"""A proofreading as one HTML page: the document as it was handed in, a mark beside every line, slips open.

The page needs no network and no script; formulas are MathML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Literal

from jinja2 import Environment
from markupsafe import Markup, escape

from reports.proofreading.layout import Part, Row, laid_out
from reports.renderers.mathml import mathml
from reports.renderers.templates import html_environment
from verify.proofread.result import Proofreading, Statement, said

_QUIET = {"definition": "≔", "assumption": "·", "given": "·", "prose": " "}
_HEADING = re.compile(r"^#{1,6}\s+(.*)$|^\\(?:sub)*section\*?\{(.*)\}$|^\\paragraph\{(.*)\}$", re.MULTILINE)
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*|\\textbf\{([^{}]*)\}")
_ITALIC = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])|\\(?:emph|textit)\{([^{}]*)\}")
#: An alphabet's command with a letter beside it, where latex2mathml wants braces.
_ALPHABET = re.compile(
    r"\\(math(?:bb|bf|cal|rm|sf|it|frak)|boldsymbol|bm)\s*([A-Za-z0-9]|\\[A-Za-z]+)(?![A-Za-z])"
)
_CODE = re.compile(r"`([^`\n]+)`")
_ITEM = re.compile(r"\n[ \t]*(?:[-*+•]) ")
_COMMANDS = re.compile(
    r"\\(?:begin|end)\{(?:itemize|enumerate|proof|document|center)\}|\\(?:noindent|maketitle|medskip|bigskip)\b"
)


@dataclass
class _Block:
    """A heading, a paragraph with its formulas, a display or code; `rows` are the statements shown beneath or beside."""

    kind: Literal["heading", "paragraph", "display", "code"]
    line: int
    html: Markup = field(default_factory=Markup)
    rows: list[_Line] = field(default_factory=list)


@dataclass(frozen=True)
class _Line:
    html: Markup
    statement: Statement | None


def page(found: Proofreading, title: str | None = None, extra: Markup | str = "") -> str:
    """Return the page; the same proofreading gives the same bytes. `extra` is HTML below the summary."""
    read = resources.files("reports").joinpath
    css = "".join(
        read(f"templates/{name}.css").read_text(encoding="utf-8") for name in ("report", "proofread")
    )
    template = _environment().get_template("proofread.html.j2")
    wrong = found.first_wrong
    return template.render(
        found=found,
        title=title or found.file or "A derivation",
        css=Markup(css),
        blocks=list(_blocks(laid_out(found)[1])),
        first=None if wrong is None else found.statements[wrong],
        extra=Markup(extra),
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return html_environment(said=said, formula=formula, mark=mark)


def mark(statement: Statement | None) -> str:
    """Return the mark in the margin; a statement that is not judged has a quiet one."""
    if statement is None:
        return ""
    return statement.sign if statement.role == "claim" else _QUIET[statement.role]


def formula(latex: str, display: bool = False) -> Markup:
    """Return a formula as MathML; one that has no translation as it was written."""
    try:
        return Markup(mathml(_ALPHABET.sub(r"\\\1{\2}", latex), display))
    except ValueError:
        return Markup("<code>{}</code>").format(latex.strip())


# ------------------------------------------------------------------------------------------ the document


def _blocks(parts: Sequence[Part]) -> Iterator[_Block]:
    """Yield the document's blocks: inline formulas stay in their paragraphs, whose claims follow them."""
    paragraph: _Block | None = None
    for part in parts:
        role = part.piece.role
        if role in ("display", "code"):
            if paragraph is not None:
                yield from _closed(paragraph)
                paragraph = None
            yield _display(part) if role == "display" else _code(part)
            continue
        if role in ("inline", "line"):
            paragraph = paragraph or _Block("paragraph", part.line)
            _put(paragraph, part)
            continue
        if role == "directive":
            if paragraph is not None:
                yield from _closed(paragraph)
            paragraph = None
            yield _Block("code", part.line, Markup("gradproof: {}").format(part.rows[0].text))
            continue
        line = part.line
        for k, stretch in enumerate(re.split(r"(\n[ \t]*\n\s*)", _COMMANDS.sub("", part.rows[0].text))):
            if k % 2:
                if paragraph is not None:
                    yield from _closed(paragraph)
                paragraph = None
            for text, place, is_heading in _headings(stretch):
                blanks = len(text) - len(text.lstrip())
                here = line + stretch.count("\n", 0, place + blanks)
                if is_heading:
                    if paragraph is not None:
                        yield from _closed(paragraph)
                    paragraph = None
                    yield _Block("heading", here, _prose(text))
                elif text.strip() or paragraph is not None:
                    paragraph = paragraph or _Block("paragraph", here)
                    paragraph.html += _prose(text)
            line += stretch.count("\n")
    if paragraph is not None:
        yield from _closed(paragraph)


def _closed(paragraph: _Block) -> Iterator[_Block]:
    if str(paragraph.html).strip(" \n.,;") or paragraph.rows:
        yield paragraph


def _headings(text: str) -> Iterator[tuple[str, int, bool]]:
    """Yield the stretches of prose and the headings, each with its place."""
    position = 0
    for found in _HEADING.finditer(text):
        yield text[position : found.start()], position, False
        yield found[1] or found[2] or found[3] or "", found.start(), True
        position = found.end()
    yield text[position:], position, False


def _prose(text: str) -> Markup:
    """Return prose with its emphasis."""
    out = str(escape(text.replace("\\item", "•").replace("\\\\", " ")))
    for pattern, tag in ((_BOLD, "strong"), (_ITALIC, "em"), (_CODE, "code")):
        groups = "".join(
            rf"\{k + 1}" for k in range(pattern.groups)
        )  # one of them matched, the others are empty
        out = pattern.sub(f"<{tag}>{groups}</{tag}>", out)
    return Markup(_ITEM.sub("<br>• ", out))


def _put(paragraph: _Block, part: Part) -> None:
    """Add an inline formula to a paragraph, a mark behind each of its claims."""
    written = part.piece.role == "line"
    for row in part.rows:
        shown = Markup("<code>{}</code>").format(row.text.strip()) if written else formula(row.text)
        paragraph.html += shown
        told = row.statement
        if told is not None and told.role == "claim":
            paragraph.rows.append(_Line(shown, told))
            paragraph.html += Markup('<a class="sign {}" href="#s{}">{}</a>').format(
                _class(told), told.index + 1, told.sign
            )
        paragraph.html += " " if row is not part.rows[-1] else ""


def _display(part: Part) -> _Block:
    return _Block("display", part.line, rows=[_Line(_row(row), row.statement) for row in part.rows])


def _row(row: Row) -> Markup:
    """Return a row of a display; where its own text has no MathML, the statement as it was read."""
    shown = formula(row.text, display=True)
    if shown.startswith("<code>") and row.statement is not None:
        return formula(row.statement.source, display=True)
    return shown


def _code(part: Part) -> _Block:
    code, *told = part.rows
    lines = [_Line(Markup("<code>{}</code>").format(row.text), row.statement) for row in told]
    return _Block("code", part.line, escape(code.text.rstrip("\n")), lines)


def _class(statement: Statement) -> str:
    return "follows" if statement.sign == "↳" else statement.verdict
