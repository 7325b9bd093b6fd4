"""A document, or a part of one, as text: in colour on a terminal, plain and unfolded in a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import IO

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from reports.document import (
    Bibliography,
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
)
from reports.renderers.plain import plain_text

_STYLES = {
    "proved": "green",
    "certified": "green",
    "agrees": "green",
    "refuted": "bold red",
    "inconclusive": "yellow",
}
#: Wider than any line, so that a pipe's reader gets each formula on one.
_UNFOLDED = 100_000
#: The fewest columns that COLUMNS may ask for: narrower than that no table can be read.
_NARROWEST = 20
#: The widest that the column of a derivation's equations grows.
_COLUMN = 56


def console(stream: IO[str] | None = None) -> Console:
    """Return a console on standard output or another stream; in a pipe as wide as COLUMNS says, else unfolded."""
    stream = sys.stdout if stream is None else stream
    return Console(file=stream, highlight=False, width=None if stream.isatty() else _columns())


def _columns() -> int:
    said = os.environ.get("COLUMNS", "")
    return max(int(said), _NARROWEST) if said.isdecimal() and len(said) < 6 else _UNFOLDED


def show(blocks: Sequence[Block], out: Console | None = None) -> None:
    """Print blocks one after another."""
    out = out or console()
    for position, block in enumerate(blocks):
        after_table = position and isinstance(blocks[position - 1], Table)
        if position and (after_table or isinstance(block, Heading | Box)):
            out.print()
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
            out.print(_text(block.text, "bold"))
        case Paragraph():
            out.print(_text(block.text))
        case Math():
            out.print(_indented(block.text))
        case Derivation():
            _derivation(block, out)
        case Table():
            _table(block, out)
        case Figure():
            out.print(_text(f"[figure: {block.description}]", "dim"))
        case Box():
            out.print(_text(block.title, "bold red" if block.role == "slip" else "bold"))
            for inner in block.blocks:
                if block.role == "result" and isinstance(inner, Math):
                    out.print(_indented(inner.text, "bold cyan"))
                else:
                    _show(inner, out)
        case Code():
            out.print(_indented(block.text))
        case Bibliography():
            for source in block.sources:
                out.print(_text(f"{source.number} {source.text}".strip()))
        case _:
            raise TypeError(f"the terminal has no rendering for a block of the kind {block.kind}")


def _indented(text: str, style: str = "") -> Text:
    return Text("\n".join(f"  {line}".rstrip() for line in text.splitlines()), style=style)


def _text(text: str, style: str = "") -> Text:
    return Text(plain_text(text), style=style)


def _derivation(block: Derivation, out: Console) -> None:
    """Print the lines in columns; one longer than its column pushes its rule to the right, and wraps on a terminal."""
    column = min(max((len(line.text) for line in block.lines), default=0), _COLUMN)
    rules = max((len(_text(line.rule).plain) for line in block.lines), default=0)
    for number, line in enumerate(block.lines, block.start):
        row = Text(f"{number:>3}  ", style="dim")
        row.append(line.text.ljust(column), style="default not dim")
        row.append("  " + (_text(line.rule).plain.ljust(rules) if line.check else _text(line.rule).plain))
        if line.check:
            row.append("  ").append(verdict(line.check))
        out.print(row)


def _table(block: Table, out: Console) -> None:
    """Print a table without the blanks that fill up its lines."""
    with out.capture() as captured:
        out.print(_grid(block))
    rows = [row.rstrip() for row in captured.get().splitlines()]
    out.file.write("\n".join(rows).strip("\n") + "\n")


def _grid(block: Table) -> RichTable:
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
