"""What stands in a report once: a second time, lines of a derivation become a reference, explanations are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports.document import Block, Chapter, Derivation, Line, Paragraph, Table, ref

#: A run of this many lines or more, all of which stand in an earlier chapter one after another, becomes a reference.
_RUN = 3


def said_once(chapters: Sequence[Chapter]) -> list[Chapter]:
    """Return chapters in which no run of lines, no caption and no explanation stands twice."""
    lines: dict[tuple[str, str], list[tuple[str, int]]] = {}
    texts: set[str] = set()
    out = []
    for chapter in chapters:
        blocks = [_block(block, lines, texts) for block in chapter.blocks]
        out.append(replace(chapter, blocks=[block for block in blocks if block is not None]))
        for derivation in (b for b in chapter.blocks if isinstance(b, Derivation)):
            for number, line in enumerate(derivation.lines, derivation.start):
                lines.setdefault((line.latex, line.rule), []).append((chapter.anchor, number))
    return out


def _block(
    block: Block, lines: dict[tuple[str, str], list[tuple[str, int]]], texts: set[str]
) -> Block | None:
    if isinstance(block, Derivation):
        return replace(block, lines=_lines(block.lines, lines))
    text = block.text if isinstance(block, Paragraph) else block.caption if isinstance(block, Table) else ""
    if len(text) < 60 or text not in texts:
        texts.add(text)
        return block
    return replace(block, caption="") if isinstance(block, Table) else None


def _lines(given: Sequence[Line], known: dict[tuple[str, str], list[tuple[str, int]]]) -> list[Line]:
    out: list[Line] = []
    at = 0
    while at < len(given):
        length, anchor, first = _run(given[at:], known)
        if length < _RUN:
            out.append(given[at])
            at += 1
            continue
        last = given[at + length - 1]
        said = f"as in {ref(anchor)}, lines {first} to {first + length - 1}"
        out.append(Line(last.latex, last.text, said, last.check))
        at += length
    return out


def _run(given: Sequence[Line], known: dict[tuple[str, str], list[tuple[str, int]]]) -> tuple[int, str, int]:
    """The longest run that the lines begin with, and where it stands: chapter and number of its first line."""
    best = (0, "", 0)
    for anchor, first in known.get((given[0].latex, given[0].rule), ()):
        length = 1
        while length < len(given) and (anchor, first + length) in known.get(
            (given[length].latex, given[length].rule), ()
        ):
            length += 1
        best = max(best, (length, anchor, first), key=lambda run: run[0])
    return best
