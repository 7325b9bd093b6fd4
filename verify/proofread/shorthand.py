r"""The shorthand dW for the derivative of the loss by W, as backward passes are often written: dW = dz x^T.

It is told from a differential by the whole document: a line d(name) = ... whose right side has no differential, or only
such as are the left sides of lines themselves, and no line about the differential of the loss.
"""

from __future__ import annotations

from dataclasses import replace

from derive.language.tree import Tree
from verify.proofread.lines import Lines

#: How losses are called.
LOSSES = ("L", "calL", "J", "ell", "E", "C", "loss", "cost", "Loss", "Cost", "l")


def read_shorthand(lines: Lines) -> None:
    """Write d(name) as a derivative of the loss in the trees of a document that means it so."""
    left: set[str] = set()
    right: set[str] = set()
    plain = False
    for line in lines.lines:
        trees = [s.tree for s in line.sides]
        names = [_differentials(t) for t in trees if t is not None]
        first = trees[0] if trees else None
        if first is not None and first.op == "differential" and len(trees) > 1:
            left |= names[0]
            right |= set().union(*names[1:])
            plain = plain or not any(names[1:])
        elif any(names):
            right |= set().union(*names)
    loss = next((n for n in LOSSES if n in lines.defined), None)
    if not plain or not right <= left or (loss or "L") in left:
        return
    for line in lines.lines:
        for side in line.sides:
            if side.tree is not None:
                side.tree = _written(side.tree, loss or "L")


def _differentials(tree: Tree) -> set[str]:
    """Return the names whose differentials stand in a tree; a differential of a formula is an empty name."""
    found = set()
    for piece in tree.walk():
        if piece.op == "differential":
            inner = piece.args[0]
            found.add(str(inner.value) if inner.op in ("name", "sub") else "")
        if piece.op == "integral":
            found.add("")
    return found


def _written(tree: Tree, loss: str) -> Tree:
    if tree.op == "differential":
        what = Tree("name", [], tree.start, tree.end, loss)
        return Tree("derivative", [what, tree.args[0]], tree.start, tree.end, {"order": 1})
    if not tree.args:
        return tree
    return replace(tree, args=[_written(a, loss) for a in tree.args], extra=dict(tree.extra))
