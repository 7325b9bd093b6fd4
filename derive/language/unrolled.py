r"""Sums over a few numbers, written out term by term: \sum_{k=1}^3 |A^k x_0 - x_k|^2, \sum_{i=1}^2 x_i F_i.

So families of matrices are read whose members are names of their own, S_1, S_2, and indices that stand in exponents.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from sympy import Integer

from derive.language.ranges import shifted
from derive.language.tree import Tree
from derive.language.words import OF_MATRICES

#: The most members of a sum that is written out, and the most pieces that it comes to.
MOST, MAX_PIECES = 12, 4_000


def unrolled(tree: Tree, vectors: Container[str]) -> Tree | None:
    """Return a tree with its sums and products over given numbers written out; None where there are none, or too many.

    x_i is entry i of x where x is one of `vectors`, else a name of its own, x_1.
    """
    return _Unrolling(vectors).whole(tree)


def has_families(trees: Sequence[Tree]) -> bool:
    """Tell whether a sum runs over names of their own: W_l where W_1 stands, too, S_k in a trace, S_k'."""
    pieces = [p for t in trees for p in t.walk()]
    bound = {n.value for p in pieces if p.op in ("sum", "prod") for n in p.args[1:]}
    numbered = {p.args[0].value for p in pieces if p.op == "sub" and p.args[1].op == "number"}
    within = [
        a for p in pieces if p.op == "'" or (p.op == "call" and p.value in _OF_MATRICES) for a in p.args
    ]
    matrices = {id(m) for a in within for m in a.walk()}
    for p in pieces:
        place = shifted(p.args[1]) if p.op == "sub" and len(p.args) == 2 else None
        if place is not None and place[0] in bound:
            base = str(p.args[0].value)
            if base in numbered or (base[:1].isupper() and id(p) in matrices):
                return True
    return False


_OF_MATRICES = OF_MATRICES - {"sum"}


class _Unrolling:
    def __init__(self, vectors: Container[str]) -> None:
        self.vectors = vectors
        self.found = False
        self.pieces = 0

    def whole(self, tree: Tree) -> Tree | None:
        made = self.tree(tree, {})
        return made if self.found and self.pieces <= MAX_PIECES else None

    def tree(self, tree: Tree, at: dict[str, int]) -> Tree:
        self.pieces += 1
        if self.pieces > MAX_PIECES:
            return tree
        bounds = _numbers(tree)
        if bounds is not None:
            return self._terms(tree, *bounds, at)
        if tree.op == "name" and tree.value in at:
            return Tree("number", [], tree.start, tree.end, Integer(at[str(tree.value)]))
        if tree.op in ("sub", "index") and at:
            return self._member(tree, at)
        return self._like(tree, [self.tree(a, at) for a in tree.args])

    def _like(self, tree: Tree, args: list[Tree]) -> Tree:
        if not at_all(args, tree.args):
            return tree
        return replace(tree, args=args, value=list(tree.value) if isinstance(tree.value, list) else tree.value,
                       extra=dict(tree.extra))  # fmt: skip

    def _terms(self, tree: Tree, names: list[str], low: int, high: int, at: dict[str, int]) -> Tree:
        """Return the terms of a sum, or the factors of a product, over numbers."""
        self.found = True
        made = [self.tree(tree.args[0], {**at, names[0]: k}) for k in range(low, high + 1)]
        for m in made:
            m.bracketed = m.bracketed or m.op == "+"
        if len(made) == 1:
            return made[0]
        op, sign = ("+", "+") if tree.op == "sum" else ("*", "*")
        signs = [sign] * len(made) if op == "+" else [sign] * (len(made) - 1)
        return Tree(op, made, tree.start, tree.end, signs, bracketed=True)

    def _member(self, tree: Tree, at: dict[str, int]) -> Tree:
        """Return x_i as the name x_1 or the entry x[1]."""
        base, *places = tree.args
        counted = [_number(self.tree(p, at)) for p in places]
        if all(a is b for a, b in zip(counted, places, strict=True)):
            return tree
        if tree.op == "index" or base.value in self.vectors or len(places) > 1:
            inner = base if base.op == "name" else self.tree(base, at)
            return Tree("index", [inner, *counted], tree.start, tree.end)
        label = f"{base.value}_{counted[0].value}"
        return Tree("sub", [base, *counted], tree.start, tree.end, label, bold=tree.bold)


def at_all(made: list[Tree], given: list[Tree]) -> bool:
    """Tell whether some tree is another one than that in its place."""
    return any(a is not b for a, b in zip(made, given, strict=True))


def _numbers(tree: Tree) -> tuple[list[str], int, int] | None:
    """Return the index of a sum over few numbers, and the first and the last of these; None for another piece."""
    if tree.op not in ("sum", "prod") or not isinstance(tree.value, dict) or len(tree.args) != 2:
        return None
    name = str(tree.args[1].value)
    lower, upper = tree.value["bounds"].get(name, (None, None))
    if tree.value["relations"] or "word" in tree.value or lower is None or upper is None:
        return None
    if lower.op != "number" or upper.op != "number" or not 0 <= upper.value - lower.value < MOST:
        return None
    return [name], int(lower.value), int(upper.value)


def _number(tree: Tree) -> Tree:
    """Return a sum of numbers as the number that it is."""
    if tree.op != "+" or any(a.op != "number" for a in tree.args):
        return tree
    value = sum((a.value if s == "+" else -a.value) for s, a in zip(tree.value, tree.args, strict=True))
    return Tree("number", [], tree.start, tree.end, Integer(value))
