"""Numbers for figures, tables, formulas and sources, and references that know them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from derive.errors import InternalError
from reports.document import (
    REFERENCE,
    Bibliography,
    Block,
    Box,
    Document,
    Figure,
    Math,
    Table,
    ref,
)


def numbered(document: Document) -> Document:
    """Return the document with numbers, in the order of reading, and references that name them.

    Raises InternalError for a reference to nothing.
    """
    return _Numbering().document(document)


class _Numbering:
    """What has a number already, and by which words it is referred to."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self.counts = {"Figure": 0, "Table": 0, "": 0}
        self.cited: list[str] = []

    def document(self, document: Document) -> Document:
        preface = self.blocks(document.preface)
        chapters = []
        for number, chapter in enumerate(document.chapters, 1):
            self.words[chapter.anchor] = f"section {number}"
            chapters.append(replace(chapter, blocks=self.blocks(chapter.blocks)))
        out = self.resolved(replace(document, preface=preface, chapters=chapters))
        assert isinstance(out, Document)
        return replace(
            out, chapters=[replace(c, blocks=[self.listed(b) for b in c.blocks]) for c in out.chapters]
        )

    def blocks(self, blocks: Sequence[Block]) -> list[Block]:
        """Give blocks their numbers."""
        return [self.block(block) for block in blocks]

    def block(self, block: Block) -> Block:
        if isinstance(block, Box):
            return replace(block, blocks=self.blocks(block.blocks))
        if isinstance(block, Figure):
            return block.with_number(self.next("Figure", block.name))
        if isinstance(block, Table) and block.caption:
            return replace(block, number=self.next("Table", block.name))
        if isinstance(block, Math) and block.name:
            return replace(block, number=self.next("", block.name))
        return block

    def next(self, kind: str, name: str) -> str:
        self.counts[kind] += 1
        number = f"{kind} {self.counts[kind]}" if kind else f"({self.counts[kind]})"
        if name:
            self.words[name] = number
        return number

    def resolved(self, part: Any) -> Any:
        """Return any part of a document with the words of its references."""
        if isinstance(part, str):
            return REFERENCE.sub(lambda m: ref(m[1], self.said(m[1])), part)
        if isinstance(part, list | tuple):
            return [self.resolved(p) for p in part]
        if isinstance(part, Bibliography) or not is_dataclass(part) or isinstance(part, type):
            return part
        changes = {f.name: self.resolved(getattr(part, f.name)) for f in fields(part) if f.name != "number"}
        changed = {name: value for name, value in changes.items() if value != getattr(part, name)}
        return replace(part, **changed) if changed else part

    def said(self, name: str) -> str:
        if name.startswith("@"):
            if name not in self.cited:
                self.cited.append(name)
            return f"[{self.cited.index(name) + 1}]"
        if name not in self.words:
            raise InternalError(f"the report refers to {name}, which it does not hold")
        return self.words[name]

    def listed(self, block: Block) -> Block:
        """Return a list of sources with those that are cited."""
        if not isinstance(block, Bibliography):
            return block
        known = {f"@{source.name}": source for source in block.sources}
        return Bibliography([replace(known[name], number=f"[{k}]") for k, name in enumerate(self.cited, 1)])
