"""Products under indices, summed over them: index k of A (i, k) and B (k, j) and the column v over k leaves A*diag(v)*B."""

from __future__ import annotations

from derive.language.arrays import Array, Arrays, Indices
from derive.language.places import Places
from derive.language.scope import Node
from derive.language.shapes import SCALAR, find
from derive.language.tree import Tree


class Term:
    """A product of factors: the scalars, and the columns and matrices by their indices."""

    def __init__(self, context: Arrays) -> None:
        self.context = context
        self.factors: dict[Indices, list[Node]] = {(): []}

    def times(self, tree: Tree) -> None:
        """Take a piece into the product, factor by factor."""
        if tree.op == "neg":
            self._put((), self.context.number(-1, tree))
            self.times(tree.args[0])
        elif tree.op == "*" and not (set(tree.value) - {"", "*", "/", ".*", "./"}):
            self.times(tree.args[0])
            for sign, a in zip(tree.value, tree.args[1:], strict=True):
                if sign in ("/", "./"):
                    self._over(a)
                else:
                    self.times(a)
        else:
            x = self.context.read(tree)
            self._put(x.over, x.node)

    def _over(self, tree: Tree) -> None:
        x = self.context.off_diagonal(self.context.read(tree))
        power = self.context.number(-1, tree)
        node = self.context.node("^" if not x.over else ".^", [x.node, power], x.node.shape, tree)
        self._put(x.over, node)

    def mask(self, i: str, sign: str, j: str, tree: Tree) -> None:
        """Leave only the pairs of indices that a relation admits."""
        context = self.context
        if sign == "≠" and i in context.sizes and j not in context.sizes and (
            j in context.reader.fixed or "_" in j
        ):  # fmt: skip
            n = context.sizes[i]
            unit = Places(context.reader).selected(Tree("name", [], tree.start, tree.end, j), n)
            assert unit is not None
            less = context.node("neg", [unit], unit.shape, tree)
            self._put((i,), context.node("+", [context.ones(n, 1, tree), less], unit.shape, tree, ["+", "+"]))
            return
        if i not in context.sizes or j not in context.sizes:
            raise context.scope.error("this relation among indices is not read", tree.start)
        context.unify(context.sizes[i], context.sizes[j], tree)
        n = context.sizes[i]
        if sign in ("<", ">", "≤", "≥"):
            above = context.node("above", [context.node("count", [], SCALAR, tree, n)], (n, n), tree)
            self._put((i, j) if sign in ("<", "≤") else (j, i), above)
            if sign in ("<", ">"):
                return
            least = self.factors[(i, j)] if (i, j) in self.factors else self.factors[(j, i)]
            eye = context.node("eye", [], (n, n), tree)
            least[-1] = context.node("+", [least[-1], eye], (n, n), tree, ["+", "+"])
            return
        ones, eye = context.ones(n, n, tree), context.node("eye", [], (n, n), tree)
        self._put(
            (i, j),
            context.node("+", [ones, context.node("neg", [eye], (n, n), tree)], (n, n), tree, ["+", "+"]),
        )

    def _put(self, over: Indices, x: Node) -> None:
        if len(over) == 2 and over[::-1] in self.factors:
            over, x = over[::-1], self.context.t(x)
        self.factors.setdefault(over, []).append(x)

    def at(self, summed: Indices, tree: Tree) -> Array:
        """Return the product, summed over indices, at all values of the others."""
        waiting = list(summed)
        for over in list(self.factors):
            alone = not any(set(over) & set(other) for other in self.factors if other != over)
            if len(over) == 2 and alone and set(over) <= set(waiting):
                whole = self.context.entrywise(self.factors.pop(over))
                self.factors[()].append(self.context.node("sum", [whole], SCALAR, whole))
                waiting = [k for k in waiting if k not in over]
        while waiting:
            k = min(waiting, key=lambda index: len(self._matrices(index)))
            waiting.remove(k)
            self._take_away(k, tree)
        context = self.context
        over = context.union([Array(xs[0], indices) for indices, xs in self.factors.items() if xs], tree)
        scalars = self.factors[()]
        if not over:
            return Array(context.dot(*scalars) if scalars else context.number(1, tree), ())
        if len(over) == 1:
            return Array(context.dot(*scalars, context.entrywise(self.factors[over])), over)
        matrices = self.factors.get(over, []) + [context.t(x) for x in self.factors.get(over[::-1], [])]
        columns = [context.entrywise(self.factors[(k,)]) if self.factors.get((k,)) else None for k in over]
        left, right = columns
        if matrices:
            sides = [[context.diag(c)] if c is not None else [] for c in columns]
            return Array(context.dot(*scalars, *sides[0], context.entrywise(matrices), *sides[1]), over)
        if left is not None and right is not None:
            return Array(context.dot(*scalars, left, context.t(right)), over)
        one, k = (left, over[0]) if left is not None else (right, over[1])
        assert one is not None
        return Array(context.dot(*scalars, context.spread(Array(one, (k,)), over)), over)

    def _matrices(self, k: str) -> list[Indices]:
        return [indices for indices in self.factors if len(indices) == 2 and k in indices]

    def _take_away(self, k: str, tree: Tree) -> None:
        """Sum over the index k, which leaves a scalar, a column, or a matrix."""
        context = self.context
        columns = self.factors.pop((k,), [])
        keys = self._matrices(k)
        if not keys:
            if not columns:
                self.factors[()].append(self._count(k, tree))
                return
            first, *rest = columns
            if rest:
                self.factors[()].append(context.dot(context.t(first), context.entrywise(rest)))
            elif first.op == "diag" and find(first.args[0].shape[1]) != 1:
                self.factors[()].append(context.node("tr", first.args, SCALAR, first))
            else:
                self.factors[()].append(context.node("sum", [first], SCALAR, first))
            return
        if len(keys) > 2:
            raise context.scope.error(
                f"three factors or more share the index {k} with others: no product of matrices is such a sum",
                tree.start,
            )
        ends, sides = [], []
        for indices in keys:
            x = context.entrywise(self.factors.pop(indices))
            ends.append(indices[0] if indices[1] == k else indices[1])
            sides.append(x if indices[1] == k else context.t(x))
        if len(keys) == 1:
            v = context.entrywise(columns) if columns else context.ones(context.sizes[k], 1, tree)
            self._put((ends[0],), context.dot(sides[0], v))
            return
        between = [context.diag(context.entrywise(columns))] if columns else []
        made = context.dot(sides[0], *between, context.t(sides[1]))
        if ends[0] == ends[1]:
            self._put((ends[0],), context.node("diag", [made], (made.shape[0], 1), made))
        else:
            self._put((ends[0], ends[1]), made)

    def _count(self, k: str, tree: Tree) -> Node:
        return self.context.node("count", [], SCALAR, tree, self.context.sizes[k])
