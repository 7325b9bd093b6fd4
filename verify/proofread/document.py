r"""A document as it was handed in, cut into formulas, prose and code, each with its place.

Markdown with dollars, LaTeX, and plain text are taken alike: what stands between `$`, `$$`, `\( \)`, `\[ \]` or in an
environment of displayed mathematics is a formula; where a document has none of these, the lines that hold a relation
are. Simple `\newcommand`s are expanded. An unbalanced `$` ends with its paragraph.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from verify.proofread.plain_lines import formulas_of_line

Role = Literal["display", "inline", "line", "prose", "code", "directive"]

#: Environments whose body is a formula.
_ENVIRONMENTS = (
    "equation", "align", "alignat", "aligned", "alignedat", "gather", "gathered", "multline", "eqnarray",
    "displaymath", "math", "flalign", "split",
)  # fmt: skip
_BEGIN = re.compile(rf"\\begin\{{({'|'.join(_ENVIRONMENTS)})(\*?)\}}(?:\[[^\]\n]*\]|\{{\d+\}})?")
_OPENING = re.compile(rf"(?<!\\)(?:\$\$|\$)|\\\[|\\\(|{_BEGIN.pattern}")
_FENCE = re.compile(
    r"^[ \t]*(```+|~~~+)[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
#: A display whose dollars stand apart, on a line of its own.
_SPACED = re.compile(r"^[ \t]*(\$ \$)[^$\n]+(\$ \$)[ \t.]*$", re.MULTILINE)
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_MACRO = re.compile(
    r"\\(?:re)?newcommand\*?\s*\{?\\([A-Za-z]+)\}?\s*(?:\[(\d)\])?\s*(?=\{)|\\def\s*\\([A-Za-z]+)\s*(?=\{)"
    r"|\\DeclareMathOperator\*?\s*\{\\([A-Za-z]+)\}\s*(?=\{)"
)
_DIRECTIVE = re.compile(r"^[ \t>*-]*gradproof[ \t]*:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)
#: How often macros are expanded within each other.
_DEPTH = 6


@dataclass(frozen=True)
class Text:
    """A text and, for each of its characters, the place in the document that it comes from."""

    characters: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, characters: str) -> Text:
        """Return a document as it is."""
        return cls(characters, tuple(range(len(characters) + 1)))

    def __len__(self) -> int:
        return len(self.characters)

    def part(self, start: int, end: int) -> Text:
        """Return the characters from start to before end."""
        return Text(self.characters[start:end], self.places[start : end + 1])

    def replaced(self, start: int, end: int, new: str) -> Text:
        """Return the text with a part replaced by new characters, which come from where the part began."""
        there = self.places[start]
        places = (*self.places[:start], *[there] * len(new), *self.places[end:])
        return Text(self.characters[:start] + new + self.characters[end:], places)


@dataclass(frozen=True)
class Piece:
    """A stretch of the document; `start` and `end` are places in the text as handed in.

    The text of a formula stands without its delimiters, with macros expanded; that of code has `language`.
    """

    role: Role
    text: Text
    start: int
    end: int
    language: str = ""

    @property
    def is_formula(self) -> bool:
        """Tell whether the piece is a formula."""
        return self.role in ("display", "inline", "line")


@dataclass(frozen=True)
class Document:
    """A document: the text as handed in, and its pieces in reading order."""

    source: str
    pieces: tuple[Piece, ...]

    def line_column(self, place: int) -> tuple[int, int]:
        """Return the line and the column of a place, both counted from 1."""
        starts = self._starts
        line = bisect_right(starts, place)
        return line, place - starts[line - 1] + 1

    @property
    def _starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self.source))]


def read_document(source: str) -> Document:
    """Return a document cut into pieces; any text is one."""
    text = _without_comments(Text.of(source), source)
    for found in reversed(list(re.finditer(r"\${3,}", source))):  # dollars that a copy doubled
        if text.characters == source or text.characters[found.start() : found.end()] == found[0]:
            text = text.replaced(found.start(), found.end(), "$$")
    for found in reversed(list(_SPACED.finditer(text.characters))):  # and that it set apart
        for start, end in (found.span(2), found.span(1)):
            text = text.replaced(start, end, "$$")
    text, macros = _macros(text)
    text = _body(text)
    pieces: list[Piece] = []
    position = 0
    for fence in _FENCE.finditer(text.characters):
        pieces += _pieces(text.part(position, fence.start()), macros)
        inner = text.part(fence.start(3), fence.end(3))
        pieces.append(_piece("code", inner, text, fence.start(), fence.end(), fence[2].lower()))
        position = fence.end()
    pieces += _pieces(text.part(position, len(text)), macros)
    if not any(piece.is_formula for piece in pieces):
        pieces = [part for piece in pieces for part in (_lines(piece) if piece.role == "prose" else [piece])]
    return Document(source, tuple(pieces))


def _piece(role: Role, inner: Text, outer: Text, start: int, end: int, language: str = "") -> Piece:
    return Piece(role, inner, outer.places[start], outer.places[end], language)


# ------------------------------------------------------------------------------------------- LaTeX


def _without_comments(text: Text, source: str) -> Text:
    """Leave out what a % begins; in Markdown a % is a percentage, so in LaTeX only."""
    if not re.search(r"\\(documentclass|begin\{document\}|usepackage|(re)?newcommand)", source):
        return text
    for found in reversed(list(_COMMENT.finditer(text.characters))):
        text = text.replaced(found.start(), found.end(), "")
    return text


def _body(text: Text) -> Text:
    begin = re.search(r"\\begin\{document\}", text.characters)
    end = re.search(r"\\end\{document\}", text.characters)
    return text.part(begin.end() if begin else 0, end.start() if end else len(text))


def _macros(text: Text) -> tuple[Text, dict[str, tuple[int, str]]]:
    """Take out the definitions of commands; return them as name -> (number of arguments, body)."""
    macros: dict[str, tuple[int, str]] = {}
    position = 0
    while found := _MACRO.search(text.characters, position):
        end = _group_end(text.characters, found.end())
        if end is None:
            position = found.end()
            continue
        body = text.characters[found.end() + 1 : end - 1]
        if found[4]:
            macros[found[4]] = (0, rf"\operatorname{{{body}}}")
        else:
            macros[found[1] or found[3]] = (int(found[2] or 0), body)
        text = text.replaced(found.start(), end, "")
        position = found.start()
    return text, macros


def _group_end(characters: str, start: int) -> int | None:
    """Return the place after the brace that closes the group beginning at start, or None."""
    if start >= len(characters) or characters[start] != "{":
        return None
    depth, k = 0, start
    while k < len(characters):
        if characters[k] == "\\":
            k += 2
            continue
        depth += {"{": 1, "}": -1}.get(characters[k], 0)
        k += 1
        if depth == 0:
            return k
    return None


def _expanded(text: Text, macros: dict[str, tuple[int, str]]) -> Text:
    """Return a formula with its macros expanded, a few times within each other."""
    if not macros:
        return text
    named = re.compile(rf"\\({'|'.join(sorted(macros, key=len, reverse=True))})(?![A-Za-z])")
    for _ in range(_DEPTH):
        found = list(named.finditer(text.characters))
        if not found or len(text) > 100_000:
            break
        for use in reversed(found):
            count, body = macros[use[1]]
            end, arguments = use.end(), []
            for _ in range(count):
                while end < len(text) and text.characters[end].isspace():
                    end += 1
                close = _group_end(text.characters, end)
                if close is not None:
                    arguments.append(text.characters[end + 1 : close - 1])
                    end = close
                else:
                    arguments.append(text.characters[end : end + 1])
                    end += 1
            for k, argument in enumerate(arguments):
                body = re.sub(rf"(?<=[A-Za-z])#{k + 1}(?=[A-Za-z])", lambda m, a=argument: f" {a}", body)  # type: ignore[misc]
                body = body.replace(f"#{k + 1}", argument)
            text = text.replaced(use.start(), end, f"{body} " if body[-1:].isalpha() else body)
    return text


# ------------------------------------------------------------------------------------ formulas, prose


def _pieces(text: Text, macros: dict[str, tuple[int, str]]) -> list[Piece]:
    """Cut a stretch without code into formulas and prose."""
    pieces: list[Piece] = []
    position = 0
    while found := _OPENING.search(text.characters, position):
        start, end, after = _formula(text.characters, found)
        pieces += _prose(text, position, found.start())
        inner = _expanded(text.part(start, end), macros)
        role: Role = "inline" if found[0] in ("$", r"\(") else "display"
        if inner.characters.strip():
            pieces.append(_piece(role, inner, text, found.start(), after))
        position = after
    return pieces + _prose(text, position, len(text))


def _formula(characters: str, opening: re.Match[str]) -> tuple[int, int, int]:
    """Return where the formula begins and ends, and where the text goes on."""
    sign, start = opening[0], opening.end()
    stop = _PARAGRAPH.search(characters, start)
    limit = stop.start() if stop else len(characters)
    if sign in ("$", "$$"):
        closing = re.compile(r"(?<!\\)" + re.escape(sign) + (r"(?!\$)" if sign == "$" else ""))
        close = closing.search(characters, start, limit)
        if close is None and sign == "$$":  # a display may hold blank lines, but no other formula
            far = re.compile(r"(?<!\\)\$").search(characters, start)
            if far is not None and characters.startswith("$$", far.start()):
                return start, far.start(), far.end() + 1
        return (start, close.start(), close.end()) if close else (start, limit, limit)
    ending = {r"\[": r"\]", r"\(": r"\)"}.get(sign) or rf"\end{{{opening[1]}{opening[2]}}}"
    end = characters.find(ending, start)
    return (start, end, end + len(ending)) if end >= 0 else (start, limit, limit)


def _prose(text: Text, start: int, end: int) -> list[Piece]:
    """Cut prose at its directives."""
    pieces: list[Piece] = []
    stretch = text.part(start, end)
    position = 0
    for found in _DIRECTIVE.finditer(stretch.characters):
        if position < found.start():
            pieces.append(
                _piece("prose", stretch.part(position, found.start()), stretch, position, found.start())
            )
        inner = stretch.part(found.start(1), found.end(1))
        pieces.append(_piece("directive", inner, stretch, found.start(), found.end()))
        position = found.end()
    if stretch.characters[position:].strip():
        pieces.append(_piece("prose", stretch.part(position, len(stretch)), stretch, position, len(stretch)))
    return pieces


def _lines(piece: Piece) -> list[Piece]:
    """Cut prose of a document without formulas into the lines that hold relations, and the rest."""
    pieces: list[Piece] = []
    text, position = piece.text, 0
    for line in re.finditer(r"[^\n]+", text.characters):
        for start, end in formulas_of_line(line[0]):
            start, end = start + line.start(), end + line.start()
            if text.characters[position:start].strip():
                pieces.append(_piece("prose", text.part(position, start), text, position, start))
            pieces.append(_piece("line", text.part(start, end), text, start, end))
            position = end
    if text.characters[position:].strip():
        pieces.append(_piece("prose", text.part(position, len(text)), text, position, len(text)))
    return pieces
