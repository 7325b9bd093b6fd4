"""From the tree of a formula to nodes with shapes, bottom-up and without recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from derive.language.components import of_vectors, written_out
from derive.language.indices import Indexed
from derive.language.places import Places
from derive.language.read_calls import CONSTANTS, CallsRead
from derive.language.reading import SAID, is_axis
from derive.language.scope import Node
from derive.language.shapes import Unknown
from derive.language.tree import Tree, applied_head


class Reader(CallsRead):
    """Builds nodes from a tree."""

    def read(self, root: Tree) -> Node:
        """Return the node of a tree. Raises ParseError."""
        stack = [(root, False)]
        while stack:
            tree, ready = stack.pop()
            if id(tree) in self.done:
                continue
            if ready:
                args = [self.done[id(a)] for a in self._operands(tree)]
                node = self._node_of(tree, args)
                node.bracketed = node.bracketed or tree.bracketed
                self.done[id(tree)] = node
            else:
                stack.append((tree, True))
                stack.extend((a, False) for a in reversed(self._operands(tree)))
        return self.done[id(root)]

    def _operands(self, tree: Tree) -> list[Tree]:
        if tree.op == "call" and tree.value in ("sum", "mean"):
            for piece in tree.walk():
                piece.extra["summed"] = True
        if tree.op in ("sum", "prod", "einsum") or (tree.op == "sub" and not self.is_entry(tree)):
            return []
        if tree.op in ("index", "sub"):
            return tree.args[:1]
        if tree.op == "rows":
            return [a for row in tree.args for a in row.args]
        if tree.op == "call" and tree.value in CONSTANTS and any(a.op == "+" for a in tree.args):
            return []  # the sizes n + 1 are no sums of columns
        if tree.op == "differential":
            return []
        if tree.op == "indicator":
            return tree.args[0].args if tree.args[0].op == "chain" else []
        if tree.op == "apply":
            return tree.args[1:] if applied_head(tree)[0].value in self.scope.functions else []
        if tree.op == "call":
            return [a for a in tree.args if a.op not in ("keyword", "text") and not is_axis(a)]
        if tree.op == "norm" or (tree.op == "call" and tree.value in ("norm2", "norm", "norm1")):
            for a in _terms(tree.args):
                if a.op == "sum":
                    a.extra["vector"] = True  # nobody takes the norm of a number
        if tree.op == "*" and not self.numpy:
            for sign, a in zip(tree.value, tree.args[1:], strict=True):
                for b in _factors(a) if sign == "/" else ():
                    if b.op == "bars":
                        b.extra["powered"] = True  # nothing is divided by a vector
        if tree.op in ("^", ".^") and tree.args[0].op == "bars":
            tree.args[0].extra["powered" if tree.op == "^" else "entrywise"] = True
        return tree.args

    def _node_of(self, tree: Tree, args: list[Node]) -> Node:
        method = _METHODS.get(tree.op)
        if method is None:
            raise self.scope.error(f"{SAID.get(tree.op, 'this')} is not read here", tree.start)
        return method(self, tree, args)

    def _indexed(self, tree: Tree, args: list[Node]) -> Node:
        """Read a sum over indices."""
        if "bounds" not in (tree.value or {}):
            raise self.scope.error("this sum is not read", tree.start)
        entries, over = of_vectors(self, tree)
        if over:
            return self.read_over(entries, over)
        node = Indexed(self, {}).read(written_out(self, tree)).node
        self.totals.add(id(node))
        return node

    def _einsum(self, tree: Tree, args: list[Node]) -> Node:
        """Read einsum('ij,jk->ik', A, B)."""
        spec = str(tree.value).replace(" ", "")
        sides, arrow, out = spec.partition("->")
        indices = sides.split(",")
        flat = list("".join(indices))
        if not arrow:
            out = "".join(sorted(c for c in set(flat) if flat.count(c) == 1))
        if (
            len(indices) != len(tree.args)
            or not all(c.isalpha() for c in flat)
            or len(out) > 2
            or len({*out}) < len(out)
        ):
            raise self.scope.error(f"einsum('{spec}') of {len(tree.args)} arrays is not read", tree.start)
        name = {c: Tree("name", [], tree.start, tree.start, f"_{c}") for c in flat}
        parts = [Tree("index", [x, *[name[c] for c in own]], x.start, x.end)
                 for own, x in zip(indices, tree.args, strict=True)]  # fmt: skip
        body = (
            parts[0] if len(parts) == 1 else Tree("*", parts, tree.start, tree.end, ["*"] * (len(parts) - 1))
        )
        summed = [name[c] for c in dict.fromkeys(flat) if c not in out]
        if summed:
            body = Tree("sum", [body, *summed], tree.start, tree.end, {"relations": [], "bounds": {}})
        return self.read_over(body, [f"_{c}" for c in out])

    def read_over(self, tree: Tree, indices: Sequence[str]) -> Node:
        """Return the matrix, the column or the number of what a tree is at all values of at most two free indices."""
        if not indices:
            return self.read(tree)
        if len(indices) > 2:
            raise self.scope.error(
                "three free indices and more are not read: no matrix has such entries", tree.start
            )
        context = Indexed(self, {i: Unknown() for i in indices})
        return context.spread(context.read(written_out(self, tree)), tuple(indices))

    def entry(self, tree: Tree, args: list[Node]) -> Node:
        """Return an entry or a range of what stands before a square bracket. Raises ParseError."""
        return Places(self).entry(tree, args[0])

    def _blocks(self, tree: Tree, args: list[Node]) -> Node:
        waiting = iter(args)
        return Places(self).blocks(tree, [[next(waiting) for _ in row.args] for row in tree.args])


def _factors(tree: Tree) -> list[Tree]:
    """Return the factors of a product, of another piece itself."""
    return tree.args if tree.op == "*" else [tree]


def _terms(trees: list[Tree]) -> Iterator[Tree]:
    """Yield the terms of sums, and what stands behind a number in them."""
    for t in trees:
        if t.op in ("+", "neg"):
            yield from _terms(t.args)
        elif t.op == "*" and t.args[0].op != "sum":
            yield from _terms(t.args[-1:])
        else:
            yield t


_METHODS: dict[str, Callable[[Reader, Tree, list[Node]], Node]] = {
    "number": Reader._number,
    "name": Reader._name,
    "sub": Reader._name,
    "+": Reader._sum,
    "*": Reader._product,
    "neg": Reader._negative,
    "'": Reader._transposed,
    "^": Reader._power,
    ".^": Reader._power,
    "call": Reader._call,
    "apply": Reader._apply,
    "norm": Reader._norm,
    "bars": Reader._bars,
    "sum": Reader._indexed,
    "prod": Reader._indexed,
    "index": Reader.entry,
    "rows": Reader._blocks,
    "tuple": Reader._inner,
    "differential": Reader._direction,
    "indicator": Reader._indicator,
    "einsum": Reader._einsum,
    "count": Reader._count,
}
