"""A document under a problem: what the problem states holds for the document, and only the document is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from verify.proofread.document import Document, Piece, Text, read_document
from verify.proofread.result import Statement

#: Between the problem and the document, so that no paragraph spans both.
_GAP = "\n\n"


def under(problems: Sequence[str], source: str) -> tuple[Document, int]:
    """Return the document with the problems' pieces before its own, and how many lines stand before its first."""
    pieces: list[Piece] = []
    before = ""
    for text in (*problems, source):
        pieces += [_moved(piece, len(before)) for piece in read_document(text).pieces]
        before += text + _GAP
    lines = sum(problem.count("\n") + _GAP.count("\n") for problem in problems)
    return Document(before[: -len(_GAP)], tuple(pieces)), lines


def _moved(piece: Piece, shift: int) -> Piece:
    text = Text(piece.text.characters, tuple(place + shift for place in piece.text.places))
    return replace(piece, text=text, start=piece.start + shift, end=piece.end + shift)


def own_statements(statements: list[Statement], lines: int) -> list[Statement]:
    """Return the statements of the document itself, with its own lines and numbers."""
    own = [s for s in statements if s.line > lines]
    number = {s.index: k for k, s in enumerate(own)}
    return [
        replace(
            s,
            index=number[s.index],
            line=s.line - lines,
            cause=number.get(s.cause) if s.cause is not None else None,
        )
        for s in own
    ]
