r"""The document model: a report is chapters of blocks, and no block knows of HTML, LaTeX or a terminal.

Running text is a string in which `$...$` is a formula in LaTeX and `` `...` `` is code; a backslash before
a dollar or a backtick makes it an ordinary sign. A displayed formula carries its LaTeX and, for the terminal,
the same in the text language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from reports.figures import canvas
from verify.verdict import UPHOLDING, Word

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

SpanKind = Literal["text", "math", "code"]

_MARKUP = re.compile(r"\\([$`\\])|\$((?:[^$\\]|\\.)+)\$|`((?:[^`\\]|\\.)+)`|([$`])")


@dataclass(frozen=True)
class Span:
    """A stretch of running text of one kind."""

    kind: SpanKind
    text: str


def spans(text: str) -> tuple[Span, ...]:
    """Split running text at its formulas and its code.

    Raises ValueError for a dollar or a backtick left open.
    """
    out: list[Span] = []
    plain: list[str] = []
    position = 0
    for match in _MARKUP.finditer(text):
        plain.append(text[position : match.start()])
        position = match.end()
        sign, formula, code, stray = match.groups()
        if stray:
            raise ValueError(f"{stray} is left open in: {text}")
        if sign:
            plain.append(sign)
            continue
        if "".join(plain):
            out.append(Span("text", "".join(plain)))
        plain = []
        out.append(Span("math", formula) if formula else Span("code", code.replace("\\`", "`")))
    plain.append(text[position:])
    if "".join(plain):
        out.append(Span("text", "".join(plain)))
    return tuple(out)


def literal(text: str) -> str:
    """Return running text that shows exactly `text`, whatever signs it holds."""
    return re.sub(r"([$`\\])", r"\\\1", text)


@dataclass(frozen=True)
class Check:
    """What became of a check: its verdict, and the finding in one phrase."""

    word: Word
    figure: str = ""

    @property
    def upheld(self) -> bool:
        """Whether the claim stands."""
        return self.word in UPHOLDING

    @property
    def sign(self) -> str:
        """One sign for the verdict."""
        if self.upheld:
            return "✓"
        return "✗" if self.word == "refuted" else "?"


#: From the worst to the best of the words.
_ORDER: tuple[Word, ...] = ("refuted", "inconclusive", *reversed(UPHOLDING))


def weakest(words: Iterable[Word]) -> Word:
    """Return what can be said of several claims together: the worst of the words; of none, inconclusive."""
    return min(words, key=_ORDER.index, default="inconclusive")


Cell = str | Check


@dataclass(frozen=True)
class Heading:
    """A heading inside a chapter."""

    kind: ClassVar = "heading"
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of running text."""

    kind: ClassVar = "paragraph"
    text: str


@dataclass(frozen=True)
class Math:
    """A displayed formula: its LaTeX, and the same as a line of the text language."""

    kind: ClassVar = "math"
    latex: str
    text: str


@dataclass(frozen=True)
class Line:
    """A line of a derivation: the equation, the name of the rule that gives it, and its check."""

    latex: str
    text: str
    rule: str
    check: Check | None = None


@dataclass(frozen=True)
class Derivation:
    """The numbered lines of a derivation, under the names of its phases."""

    kind: ClassVar = "derivation"
    lines: Sequence[Line]
    start: int = 1


@dataclass(frozen=True)
class Table:
    """A table; columns named in `numeric` are set to the right."""

    kind: ClassVar = "table"
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    numeric: Sequence[int] = ()


@dataclass(frozen=True)
class Figure:
    """A picture, drawn when it is needed: SVG in HTML, PDF in LaTeX, its description in a terminal."""

    kind: ClassVar = "figure"
    name: str
    draw: Callable[[], Picture]
    caption: str
    description: str

    @cached_property
    def picture(self) -> Picture:
        """The picture itself, drawn once for all formats."""
        return self.draw()

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG element."""
        return canvas.svg(self.picture, self.name)

    @cached_property
    def pdf(self) -> bytes:
        """The picture as a PDF file."""
        return canvas.pdf(self.picture)

    def __getstate__(self) -> dict[str, Any]:
        """Travel between processes drawn: what draws does not."""
        drawn = {"svg": self.svg, "pdf": self.pdf, "draw": None, "picture": None}
        return {**self.__dict__, **drawn}


@dataclass(frozen=True)
class Box:
    """Blocks set apart: the result, a note, or a usual slip."""

    kind: ClassVar = "box"
    role: Literal["result", "note", "slip"]
    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)


@dataclass(frozen=True)
class Code:
    """Source code, set as it is."""

    kind: ClassVar = "code"
    text: str


Block = Heading | Paragraph | Math | Derivation | Table | Figure | Box | Code


@dataclass(frozen=True)
class Chapter:
    """One result; the contents show what its checks add up to."""

    title: str
    anchor: str
    blocks: Sequence[Block]
    check: Check | None = None


@dataclass(frozen=True)
class Document:
    """A whole report; `colophon` says what it was made with."""

    title: str
    subtitle: str
    preface: Sequence[Block]
    chapters: Sequence[Chapter]
    colophon: str

    def figures(self) -> list[Figure]:
        """Return the figures in reading order."""
        found: list[Figure] = []

        def walk(blocks: Sequence[Block]) -> None:
            for block in blocks:
                if isinstance(block, Figure):
                    found.append(block)
                elif isinstance(block, Box):
                    walk(block.blocks)

        walk(self.preface)
        for chapter in self.chapters:
            walk(chapter.blocks)
        return found
