r"""The document model: a report is chapters of blocks, and no block knows of HTML, LaTeX or a terminal.

Running text is a string in which `$...$` is a formula in LaTeX and `` `...` `` is code; a backslash before
a dollar or a backtick makes it an ordinary sign. `ref(name)` puts in a reference to a figure, a table, a formula, a
chapter or, with `@` before it, a source; `reports.renderers.numbering` gives it its number. A displayed formula carries its LaTeX and, for the terminal,
the same in the text language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from reports.figures import canvas
from verify.verdict import UPHOLDING, Word

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

SpanKind = Literal["text", "math", "code", "link"]
#: What encloses a reference in running text: signs of the private use area, which nobody writes.
_OPEN, _CLOSE = "\ue010", "\ue011"

_MARKUP = re.compile(
    r"\\([$`\\])|\$((?:[^$\\]|\\.)+)\$|`((?:[^`\\]|\\.)+)`|"
    rf"{_OPEN}([^|{_CLOSE}]+)\|([^{_CLOSE}]*){_CLOSE}|([$`])"
)
#: A reference with its name and its words.
REFERENCE = re.compile(rf"{_OPEN}([^|{_CLOSE}]+)\|([^{_CLOSE}]*){_CLOSE}")


@dataclass(frozen=True)
class Span:
    """A stretch of running text of one kind."""

    kind: SpanKind
    text: str
    target: str = ""


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
        sign, formula, code, target, words, stray = match.groups()
        if stray:
            raise ValueError(f"{stray} is left open in: {text}")
        if sign:
            plain.append(sign)
            continue
        if "".join(plain):
            out.append(Span("text", "".join(plain)))
        plain = []
        if target:
            out.append(Span("link", words, target))
        else:
            out.append(Span("math", formula) if formula else Span("code", code.replace("\\`", "`")))
    plain.append(text[position:])
    if "".join(plain):
        out.append(Span("text", "".join(plain)))
    return tuple(out)


def literal(text: str) -> str:
    """Return running text that shows exactly `text`, whatever signs it holds."""
    return re.sub(r"([$`\\])", r"\\\1", text.replace(_OPEN, "").replace(_CLOSE, ""))


def ref(name: str, words: str = "above") -> str:
    """Return a reference as running text; `words` stand there as long as nothing is numbered."""
    return f"{_OPEN}{name}|{words}{_CLOSE}"


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
    """A displayed formula: its LaTeX, and the same as a line of the text language; one with a name gets a number."""

    kind: ClassVar = "math"
    latex: str
    text: str
    name: str = ""
    number: str = ""


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
    name: str = ""
    number: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture, drawn when it is needed: SVG in HTML, PDF in LaTeX, its description in a terminal."""

    kind: ClassVar = "figure"
    name: str
    draw: Callable[[], Picture]
    caption: str
    description: str
    number: str = ""

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

    def with_number(self, number: str) -> Figure:
        """Return the same figure with a number; it is drawn once for both."""
        copy = replace(self, number=number, draw=lambda: self.picture)
        copy.__dict__.update({form: self.__dict__[form] for form in ("svg", "pdf") if form in self.__dict__})
        return copy

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


@dataclass(frozen=True)
class Source:
    """A source that a report cites: its name, and the entry in the list of references with its number."""

    name: str
    text: str
    number: str = ""


@dataclass(frozen=True)
class Bibliography:
    """The references: of all sources those that are cited, in the order of their numbers."""

    kind: ClassVar = "bibliography"
    sources: Sequence[Source]


Block = Heading | Paragraph | Math | Derivation | Table | Figure | Box | Code | Bibliography


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
