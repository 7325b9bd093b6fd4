"""Functions of vectors that documents apply to matrices, softmax(S): of every row, or of every column where prose says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from derive.language.tree import Tree
from verify.proofread.document import Document
from verify.proofread.families import Families
from verify.proofread.lines import Lines

_FUNCTIONS = frozenset({"softmax", "logsumexp"})
_COLUMNS = re.compile(r"\bcolumn[- ]?(?:wise|s)?\b(?! vectors?)", re.IGNORECASE)


def read_by_rows(document: Document, lines: Lines, families: Families) -> None:
    """Write what is applied to matrices as by rows or by columns in the trees of a document."""
    prose = " ".join(p.text.characters for p in document.pieces if p.role == "prose")
    axis = "columns" if _COLUMNS.search(prose) and not re.search(r"\brow", prose, re.IGNORECASE) else "rows"
    bodies: dict[str, Tree] = {}
    for line in lines.lines:
        first, *rest = [s.tree for s in line.sides]
        if first is not None and first.op in ("name", "sub") and rest and rest[0] is not None:
            bodies.setdefault(str(first.value), rest[0])
    for line in lines.lines:
        for side in line.sides:
            if side.tree is not None and any(_applies(p) for p in side.tree.walk()):
                side.tree = _read(side.tree, axis, bodies, families)


def _applies(tree: Tree) -> bool:
    return tree.op == "call" and tree.value in _FUNCTIONS and len(tree.args) == 1


def _read(tree: Tree, axis: str, bodies: Mapping[str, Tree], families: Families) -> Tree:
    args = [_read(a, axis, bodies, families) for a in tree.args]
    if _applies(tree) and _is_matrix(tree.args[0], bodies, families):
        args.append(Tree("name", [], tree.end, tree.end, axis))
    return replace(tree, args=args, extra=dict(tree.extra)) if args else tree


def _is_matrix(tree: Tree, bodies: Mapping[str, Tree], families: Families, depth: int = 0) -> bool:
    body = bodies.get(str(tree.value)) if tree.op in ("name", "sub") else None
    if body is not None and depth < 4:
        return _is_matrix(body, bodies, families, depth + 1)
    return families.kind(tree, []) == "m"
