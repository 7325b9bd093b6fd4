r"""The summation convention: in x_i A_{ij} x_j the indices that stand twice in a term are summed over.

A document keeps to it where it says so, or where it defines a number by a term with several indices and no sum.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from derive.language.tree import Tree
from verify.proofread.document import Document
from verify.proofread.lines import Lines
from verify.proofread.symbols import INDICES

_SAID = re.compile(r"\b(?:repeated ind\w+|summation convention|Einstein\b)", re.IGNORECASE)


def read_repeated(document: Document, lines: Lines) -> None:
    """Write sums over repeated indices into the trees of a document that leaves them out."""
    said = any(_SAID.search(p.text.characters) for p in document.pieces if p.role == "prose")
    if not said and not any(
        _is_number(line.sides[0].tree, line.sides[1].tree) for line in lines.lines if len(line.sides) > 1
    ):
        return
    if (
        any(p.op == "sum" for line in lines.lines for s in line.sides if s.tree for p in s.tree.walk())
        and not said
    ):
        return
    for line in lines.lines:
        first = line.sides[0].tree
        free = {i for i, n in _counted(first).items() if n == 1} if first is not None else set()
        for side in line.sides:
            if side.tree is not None:
                side.tree = _summed(side.tree, free)


def _is_number(left: Tree | None, right: Tree | None) -> bool:
    """Tell whether a line defines a number without an index by a term with several that repeat."""
    if left is None or right is None or _counted(left):
        return False
    terms = right.args if right.op == "+" else [right]
    return any(sum(n == 2 for n in _counted(t).values()) > 1 for t in terms)


def _counted(tree: Tree) -> Counter[str]:
    """Return how often each index stands in a term; a sum's own are not counted, of several terms the most."""
    if tree.op in ("sub", "index"):
        return Counter(str(a.value) for a in tree.args[1:] if a.op == "name" and a.value in INDICES)
    parts = [_counted(a) for a in tree.args]
    if tree.op == "+":
        return Counter({i: max(p[i] for p in parts) for p in parts for i in p})
    total = sum(parts, Counter())
    if tree.op in ("sum", "prod"):
        for index in tree.args[1:]:
            total.pop(str(index.value), None)
    return total


def _summed(tree: Tree, free: set[str]) -> Tree:
    """Return a tree with sums over the indices that stand twice in a term and are not free."""
    if tree.op in ("+", "neg", "cases", "chain"):
        return replace(tree, args=[_summed(a, free) for a in tree.args], extra=dict(tree.extra))
    if tree.op == "call" or (tree.op == "^" and tree.args[1].op in ("number", "neg")):
        return replace(tree, args=[_summed(tree.args[0], free), *tree.args[1:]], extra=dict(tree.extra))
    if tree.op == "derivative":
        by = sum((_counted(a) for a in tree.args[1:]), Counter[str]())
        what = _summed(tree.args[0], free | set(by))
        tree = replace(tree, args=[what, *tree.args[1:]], extra=dict(tree.extra))
    elif tree.op == "*":
        outside = [_counted(a) for a in tree.args]
        args = [
            _summed(a, free | {i for k, o in enumerate(outside) if k != n for i in o})
            if a.op in ("call", "+", "^", "derivative") else a
            for n, a in enumerate(tree.args)
        ]  # fmt: skip
        tree = replace(tree, args=args, extra=dict(tree.extra))
    twice = sorted(i for i, n in _counted(tree).items() if n == 2 and i not in free)
    for index in twice:
        name = Tree("name", [], tree.start, tree.end, index)
        tree = Tree("sum", [tree, name], tree.start, tree.end, {"relations": [], "bounds": {}}, True)
    return tree
