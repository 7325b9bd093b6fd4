"""A document as one HTML file that needs no network: MathML, inline SVG, its own style sheet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from reports.document import Block, Document, Figure, spans
from reports.renderers.breaking import extent, pieces
from reports.renderers.mathml import mathml
from reports.renderers.numbering import numbered
from reports.renderers.plain import plain_text
from reports.renderers.templates import html_environment

#: Letters of a formula that fit on a line.
_LINE = 66


def render(document: Document) -> str:
    """Return the document as HTML; the same document gives the same bytes."""
    css = resources.files("reports").joinpath("templates/report.css").read_text(encoding="utf-8")
    document = numbered(document)
    template = _environment().get_template("report.html.j2")
    anchors = _Anchors(chapter.anchor for chapter in document.chapters)
    js = resources.files("reports").joinpath("templates/report.js").read_text(encoding="utf-8")
    return template.render(document=document, css=Markup(css), js=Markup(js), anchors=anchors) + "\n"


def render_blocks(blocks: Sequence[Block], place: str = "part") -> str:
    """Return blocks as a fragment of HTML, for a page that has the report's style sheet."""
    template = _environment().get_template("fragment.html.j2")
    return template.render(blocks=blocks, place=place, anchors=_Anchors(()))


class _Anchors:
    """The identifiers of a page's headings, each given once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)

    def new(self, place: str, title: str) -> str:
        """Return an identifier for a heading of a chapter, made of both names."""
        words = re.findall(r"[a-z0-9]+", plain_text(title).lower())
        first = name = "-".join([place, *words])
        number = 1
        while name in self.taken:
            number += 1
            name = f"{first}-{number}"
        self.taken.add(name)
        return name


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return html_environment(
        plain=plain_text, inline=_inline, display=_display, picture=_picture, unknown=_unknown
    )


def _inline(text: str) -> Markup:
    """Running text, its formulas as MathML."""
    out = Markup()
    for span in spans(text):
        if span.kind == "math":
            out += Markup(mathml(span.text))
        elif span.kind == "code":
            out += Markup("<code>{}</code>").format(span.text)
        elif span.kind == "link":
            out += Markup('<a href="#{}">{}</a>').format(span.target.replace("@", "source-"), span.text)
        else:
            out += escape(span.text)
    return out


def _display(latex: str) -> Markup:
    """A displayed formula; a long one in pieces, between which the browser may begin a new line."""
    if extent(latex) <= _LINE:
        return Markup(mathml(latex, display=True))
    parts = [mathml(piece, True, continued=bool(k)) for k, piece in enumerate(pieces(latex))]
    return Markup(f'<span class="broken">{" ".join(parts)}</span>')


def _picture(figure: Figure) -> Markup:
    return Markup(figure.svg)


def _unknown(block: Block) -> Any:
    raise TypeError(f"HTML has no rendering for a block of the kind {block.kind}")
