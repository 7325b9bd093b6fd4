"""A proofread document as it was handed in, each of its formulas cut into the rows that were judged."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from verify.proofread.chains import chains
from verify.proofread.document import Document, Piece, read_document
from verify.proofread.result import Proofreading, Statement

#: What only arranges rows, and has no meaning in a row by itself.
_ARRANGING = re.compile(
    r"\\(?:begin|end)\{(?:aligned|alignedat|split|gathered|align|gather)\*?\}(?:\{\d+\})?"
    r"|\\(?:tag\*?|label)\s*\{[^{}]*\}|\\(?:nonumber|notag|displaystyle)(?![A-Za-z])"
)
_ENDS = re.compile(r"^(?:\s|&|\\\\(?:\s*\[[^\]]*\])?)+|(?:\s|&|\\\\(?:\s*\[[^\]]*\])?)+$")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")


@dataclass(frozen=True)
class Row:
    """A part of a formula in LaTeX, or of code, with the statement that it makes, if any."""

    text: str
    statement: Statement | None


@dataclass(frozen=True)
class Part:
    """A piece of the document and its rows: one for prose, one a statement for formulas, all text in reading order."""

    piece: Piece
    line: int
    rows: tuple[Row, ...]


def laid_out(found: Proofreading) -> tuple[Document, list[Part]]:
    """Return the document and its parts in reading order."""
    document = read_document(found.source)
    at = {(s.line, s.column): s for s in found.statements}
    parts = []
    for piece in document.pieces:
        line, _ = document.line_column(piece.start)
        if piece.is_formula:
            rows = tuple(_rows(piece, document, at))
        elif piece.role == "code":
            first, _ = document.line_column(piece.text.places[0])
            last = first + piece.text.characters.count("\n")
            told = [s for s in found.statements if first <= s.line <= last]
            rows = (Row(piece.text.characters, None), *(Row(s.source, s) for s in told))
        else:
            rows = (Row(piece.text.characters, None),)
        parts.append(Part(piece, line, rows))
    return document, parts


def _rows(piece: Piece, document: Document, at: dict[tuple[int, int], Statement]) -> Iterator[Row]:
    """Cut a formula where its statements end, so that every sign of it stands in one row."""
    text, places = piece.text.characters, piece.text.places
    ends: list[tuple[int, Statement | None]] = []
    for chain in chains(piece.text):
        told: Statement | None = None
        for k, side in enumerate(chain.sides):
            found = at.get(document.line_column(side.text.places[0]))
            told = found if found is not None else told
            if k == 0 and side.relation is None and len(chain.sides) > 1:
                continue  # the first relation goes with the side on its left
            ends.append((min(bisect_left(places, side.text.places[-1]), len(text)), told))
            told = None
    position = 0
    for k, (end, statement) in enumerate(ends):
        stop = len(text) if k == len(ends) - 1 else max(end, position)
        row = text[position:stop]
        position = stop
        if statement is not None or row.strip():
            yield Row(row if piece.role == "line" else _tidy(row), statement)
    if not ends:
        yield Row(text, None)


def _tidy(row: str) -> str:
    """Return a row without what arranges it among the others, its braces closed."""
    row = _ARRANGING.sub(" ", row)
    if _depth(row):
        row = _BOXED.sub(lambda m: "{", row)
    row = _ENDS.sub("", row)
    depth = _depth(row)
    row = re.sub(r"(?<!\\)&", " ", row) if r"\begin" not in row else row
    return row + "}" * depth if depth > 0 else "{" * -depth + row


def _depth(row: str) -> int:
    return sum({"{": 1, "}": -1}.get(m[0], 0) for m in _BRACES.finditer(row))
