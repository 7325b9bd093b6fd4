"""A document, or a part of one, as text: in colour on a terminal, plain and unfolded in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import IO

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from reports.document import (
    Block,
    Box,
    Cell,
    Check,
    Code,
    Derivation,
    Document,
    Figure,
    Heading,
    Math,
    Paragraph,
    Table,
    spans,
)

_STYLES = {
    "proved": "green",
    "certified": "green",
    "agrees": "green",
    "refuted": "bold red",
    "inconclusive": "yellow",
}
#: Wider than any line, so that a pipe's reader gets each formula on one.
_UNFOLDED = 100_000


def console(stream: IO[str] | None = None) -> Console:
    """Return a console on standard output or another stream."""
    stream = sys.stdout if stream is None else stream
    return Console(file=stream, highlight=False, width=None if stream.isatty() else _UNFOLDED)


def show(blocks: Sequence[Block], out: Console | None = None) -> None:
    """Print blocks one after another."""
    out = out or console()
    for block in blocks:
        _show(block, out)


def show_document(document: Document, out: Console | None = None) -> None:
    """Print a whole document, chapter by chapter."""
    out = out or console()
    out.print(_text(document.title, "bold"))
    show(document.preface, out)
    for chapter in document.chapters:
        out.print()
        out.print(_text(chapter.title, "bold underline"))
        show(chapter.blocks, out)
    out.print(_text(document.colophon, "dim"))


def verdict(check: Check) -> Text:
    """Return a verdict's sign and word in its colour."""
    return Text(f"{check.sign} {check.word}", style=_STYLES[check.word])


def _show(block: Block, out: Console) -> None:
    match block:
        case Heading():
            out.print()
            out.print(_text(block.text, "bold"))
        case Paragraph():
            out.print(_text(block.text))
        case Math():
            out.print(Padding(Text(block.text), (0, 0, 0, 2), expand=False))
        case Derivation():
            out.print(_derivation(block))
        case Table():
            out.print(_table(block))
        case Figure():
            out.print(_text(f"[figure: {block.description}]", "dim"))
        case Box():
            out.print(_text(block.title, "bold red" if block.role == "slip" else "bold"))
            for inner in block.blocks:
                _show(inner, out)
        case Code():
            out.print(Padding(Text(block.text), (0, 0, 0, 2), expand=False))
        case _:
            raise TypeError(f"the terminal has no rendering for a block of the kind {block.kind}")


def _text(text: str, style: str = "") -> Text:
    """Running text; a formula shows its LaTeX, which is how people write one in a line of text."""
    return Text("".join(span.text for span in spans(text)), style=style)


def _derivation(block: Derivation) -> RichTable:
    table = RichTable(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(justify="right", style="dim")
    table.add_column(overflow="fold")
    table.add_column(style="dim")
    table.add_column(no_wrap=True)
    for number, line in enumerate(block.lines, block.start):
        table.add_row(
            str(number), Text(line.text), _text(line.rule), verdict(line.check) if line.check else Text()
        )
    return table


def _table(block: Table) -> RichTable:
    table = RichTable(
        box=box.SIMPLE_HEAD, pad_edge=False, caption=_text(block.caption) if block.caption else None
    )
    for position, header in enumerate(block.header):
        table.add_column(
            _text(header), justify="right" if position in block.numeric else "left", overflow="fold"
        )
    for row in block.rows:
        table.add_row(*[_cell(cell) for cell in row])
    return table


def _cell(cell: Cell) -> Text:
    return verdict(cell) if isinstance(cell, Check) else _text(cell)
