"""Index notation, Σ_i Σ_j x_i A_ij y_j, read into matrices.

A piece that depends on indices is an array: a node with the names of its rows and columns, a matrix over (i, j), a
column over i, or a scalar. Factors of the same indices are multiplied entry by entry, and the indices that are summed
over are taken away one after the other: index k of A (i, k) and B (k, j) and the columns v over k leaves A·diag(v)·B; of
A alone A·v; of columns v and w the scalar v'·w.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sympy import Integer

from derive.language.places import Places
from derive.language.ranges import Range, part, range_of, shifted
from derive.language.scope import Node
from derive.language.shapes import SCALAR, Size, SizeConflict, Unknown, find, is_scalar, unify
from derive.language.tree import Tree, applied_head
from derive.operations import by_name

if TYPE_CHECKING:
    from derive.language.reader import Reader

Indices = tuple[str, ...]


@dataclass(frozen=True)
class Array:
    """What a piece is at all values of its indices: a matrix over two, a column over one, a scalar over none."""

    node: Node
    over: Indices


def index_names(tree: Tree) -> list[str]:
    """Return the names that stand as indices of an entry: those of x_i, X_ij, x[i], delta[i, j]."""
    if tree.op in ("sub", "index"):
        return [found[0] for a in tree.args[1:] if (found := shifted(a)) is not None]
    return []


class Indexed:
    """Reads pieces that depend on indices; `sizes` are those of the indices in force."""

    def __init__(self, reader: Reader, sizes: dict[str, Size]) -> None:
        self.reader, self.scope, self.sizes = reader, reader.scope, sizes
        self.counted: dict[str, int] = {}  # the numbers from which indices of sums run
        self.ranges: dict[str, Range] = {}  # where indices do not run over all entries
        self.apart: set[Indices] = set()  # pairs of indices that are never equal
        self._depends: dict[int, bool] = {}

    # ------------------------------------------------------------------------------------ nodes

    def _node(
        self, op: str, args: list[Node], shape: tuple[Size, Size], like: Node | Tree, value: object = None
    ) -> Node:
        position = like.position if isinstance(like, Node) else like.start
        node = Node(op, args, shape, position, value)
        self.scope.nodes.append(node)
        return node

    def _number(self, value: int, like: Node | Tree) -> Node:
        return self._node("number", [], SCALAR, like, Integer(value))

    def _ones(self, rows: Size, columns: Size, like: Node | Tree) -> Node:
        return self._node("vector" if columns == 1 else "matrix", [], (rows, columns), like)

    def _t(self, x: Node) -> Node:
        return x.args[0] if x.op == "'" else self._node("'", [x], x.shape[::-1], x)

    def _dot(self, *parts: Node) -> Node:
        left, *rest = parts
        if not rest:
            return left
        shape = left.shape
        for x in rest:
            if is_scalar(shape):
                shape = x.shape
            elif not is_scalar(x.shape):
                unify(shape[1], x.shape[0])
                shape = (shape[0], x.shape[1])
        return self._node("*", list(parts), shape, left, ["*"] * len(rest))

    def _entrywise(self, parts: list[Node]) -> Node:
        if len(parts) == 1:
            return parts[0]
        return self._node("*", list(parts), parts[0].shape, parts[0], [".*"] * (len(parts) - 1))

    def _diag(self, x: Node) -> Node:
        return self._node("diag", [x], (x.shape[0], x.shape[0]), x)

    # ------------------------------------------------------------------------------------ pieces

    def depends(self, tree: Tree) -> bool:
        """Tell whether a piece depends on an index in force."""
        for piece in tree.walk():
            if id(piece) not in self._depends:
                self._depends[id(piece)] = (
                    any(n in self.sizes for n in index_names(piece))
                    or (piece.op == "name" and piece.value in self.sizes)
                    or any(self._depends.get(id(a), False) for a in piece.args)
                )
        return self._depends[id(tree)]

    def read(self, tree: Tree) -> Array:
        """Return a piece as an array."""
        if tree.op in ("sum", "prod") and "bounds" in (tree.value or {}):
            return self._summed(tree)
        if not self.depends(tree):
            node = self.reader.read(tree)
            if not is_scalar(node.shape):
                said = "under an index stand entries, such as x[i], and numbers"
                raise self.scope.misfit(said, tree.start, node)
            return Array(node, ())
        method = getattr(self, _READERS.get(tree.op, "_unreadable"))
        found: Array = method(tree)
        return found

    def _applied(self, tree: Tree) -> Array:
        """Return k(x_i, x_j), of which nothing else is known, as entry (i, j) of a matrix k."""
        if applied_head(tree)[0].value in self.scope.functions and len(tree.args) == 2 and tree.op == "apply":
            return self._unknown(tree)
        head, args = (tree.args[0], tree.args[1:]) if tree.op == "apply" else (tree, tree.args)
        indices = [names[0] for a in args if len(names := index_names(a)) == 1 and a.args[0].op == "name"]
        if (
            len(indices) != len(args)
            or len(args) != 2
            or len(str(head.value)) > 1
            or indices[0] == indices[1]
        ):
            return self._unreadable(tree)
        self.scope.note(tree.start, f"{head.value}({args[0].value}, {args[1].value}) is read as entry ({', '.join(indices)}) of a matrix {head.value} "
                        f"that does not depend on {args[0].args[0].value}")  # fmt: skip
        name = Tree("name", [], tree.start, tree.end, head.value)
        at = [Tree("name", [], tree.start, tree.end, i) for i in indices]
        return self._entry(Tree("index", [name, *at], tree.start, tree.end))

    def _indicator(self, tree: Tree) -> Array:
        """Return 1[x_i > y_i] as the unit step of x_i - y_i."""
        condition = tree.args[0]
        if (
            condition.op != "chain"
            or len(condition.args) != 2
            or condition.value[0] not in (">", "<", "≥", "≤")
        ):
            raise self.scope.error("an indicator is read of one relation, 1[x_i > 0]", tree.start)
        sides = condition.args if condition.value[0] in (">", "≥") else condition.args[::-1]
        zero = sides[1].op == "number" and sides[1].value == 0
        gap = sides[0] if zero else Tree("+", list(sides), tree.start, tree.end, ["+", "-"])
        return self._function(Tree("call", [gap], tree.start, tree.end, "step"))

    def _numbered(self, tree: Tree) -> Array:
        """Return an index that stands as a number, t in γ^t, as the column of the numbers that it is."""
        index, over = str(tree.value), self.ranges.get(str(tree.value))
        if index not in self.counted:
            raise self.scope.error(f"the index {index} stands only as an index here", tree.start)
        ones = self._ones(self.sizes[index], 1, tree)
        counted = self._node("cumsum", [ones], ones.shape, tree)
        before = (over.start if over is not None else self.counted[index]) - 1
        if not before:
            return Array(counted, (index,))
        less = self._dot(self._number(before, tree), ones)
        return Array(self._node("+", [counted, less], ones.shape, tree, ["+", "+"]), (index,))

    def _unreadable(self, tree: Tree) -> Array:
        raise self.scope.error("this is not read under an index: sums, products, powers and functions of entries are",
                               tree.start)  # fmt: skip

    def _entry(self, tree: Tree) -> Array:
        base, *places = tree.args
        if "note" in tree.extra:
            self.scope.note(tree.start, tree.extra["note"])
        moved = [m if (m := shifted(p)) is not None and m[0] in self.sizes else None for p in places]
        running = [m is not None for m in moved]
        names = [m[0] for m in moved if m is not None]
        if (
            base.op == "name"
            and base.value == "delta"
            and len(names) == 2
            and "delta" not in self.scope.declared
        ):
            n = self.sizes[names[0]]
            self._unify(n, self.sizes[names[1]], tree)
            return Array(self._node("eye", [], (n, n), tree), tuple(names))
        for p, m in zip(places, moved, strict=True):
            if (m is None and any(n in self.sizes for n in p.names())) or (
                m is not None and m[1] and m[0] not in self.ranges
            ):
                raise self.scope.error(
                    "an index by itself, or i + 1 and i - 1 in a sum over i, is read here: write x[2:n] - x[1:n-1] "
                    "for differences of neighbours", p.start)  # fmt: skip
        if len(places) > 2:
            raise self.scope.error(
                "three indices and more are not read: no matrix has such entries", tree.start
            )
        if base.op == "name" and base.value not in self.scope.used and base.value not in self.scope.declared:
            self.scope.kinds.setdefault(base.value, "vector" if len(places) == 1 else "matrix")
        if self.depends(base):
            raise self.scope.error(
                "a matrix that depends on the index is not read under it, but in a sum over numbers, i = 1 to 3",
                base.start,
            )
        x = self.reader.read(base)
        for side, m in enumerate(moved):
            if m is not None and m[0] in self.ranges:
                if len(places) == 1 and x.shape[0] == 1 and not is_scalar(x.shape):
                    x = self._t(x)
                x = part(self, x, side, self.ranges[m[0]], m[1], tree)
        if len(places) == 2 and not all(running):
            if not names:
                raise self.scope.error("an entry without an index that runs is not read here", tree.start)
            return self._in_part(tree, x, places, running, names[0])
        if len(names) == 1:
            if x.shape[0] == 1 and not is_scalar(x.shape):
                x = self._t(x)
            self._unify(x.shape[0], self.sizes[names[0]], tree)
            self._unify(x.shape[1], 1, tree)
            return Array(x, (names[0],))
        for side, name in enumerate(names):
            self._unify(x.shape[side], self.sizes[name], tree)
        if names[0] == names[1]:
            return Array(self._node("diag", [x], (x.shape[0], 1), tree), (names[0],))
        return Array(x, (names[0], names[1]))

    def _in_part(self, tree: Tree, x: Node, places: list[Tree], running: list[bool], name: str) -> Array:
        """Return A[i, 3] as the third column over i, A[3, i] as the third row."""
        side = running.index(True)
        if any(p.op == "slice" for p in places):
            raise self.scope.error(
                f"a row of a matrix for every {name} stands in products, sums and norms of such rows",
                tree.start,
            )
        self._unify(x.shape[side], self.sizes[name], tree)
        fixed = Places(self.reader).selected(places[1 - side], x.shape[1 - side])
        if side == 0:
            return Array(Places(self.reader).picked(x, None, fixed, tree), (name,))
        return Array(self._t(Places(self.reader).picked(x, fixed, None, tree)), (name,))

    def _unify(self, a: Size, b: Size, tree: Tree) -> None:
        try:
            unify(a, b)
        except SizeConflict:
            base = tree.args[0]
            said = base.value if base.op == "name" else "this"
            node = self.reader.done.get(id(base))
            raise self.scope.misfit(
                f"the indices of {said} do not fit its shape", tree.start, *([node] if node else [])
            ) from None

    def spread(self, x: Array, over: Indices) -> Node:
        """Return an array over some of the indices as the one over all of them that has the same entries."""
        if x.over == over:
            return x.node
        if not x.over:
            return self._dot(x.node, self._all_ones(over, x.node))
        if len(x.over) == 2:
            return self._t(x.node)
        if x.over[0] == over[0]:
            return self._dot(x.node, self._t(self._ones(self.sizes[over[1]], 1, x.node)))
        return self._dot(self._ones(self.sizes[over[0]], 1, x.node), self._t(x.node))

    def _all_ones(self, over: Indices, like: Node) -> Node:
        return self._ones(self.sizes[over[0]], self.sizes[over[1]] if len(over) == 2 else 1, like)

    def _union(self, arrays: list[Array], tree: Tree) -> Indices:
        found: list[str] = []
        for x in sorted(arrays, key=lambda x: -len(x.over)):
            found += [i for i in x.over if i not in found]
        if len(found) > 2:
            raise self.scope.error(
                "this depends on three indices and more: no matrix has such entries", tree.start
            )
        return tuple(found)

    def _add(self, tree: Tree) -> Array:
        arrays = [self.read(a) for a in tree.args]
        over = self._union(arrays, tree)
        if not over:
            return Array(self._node("+", [x.node for x in arrays], SCALAR, tree, list(tree.value)), ())
        nodes = [self.spread(x, over) for x in arrays]
        return Array(self._node("+", nodes, nodes[0].shape, tree, list(tree.value)), over)

    def _negative(self, tree: Tree) -> Array:
        x = self.read(tree.args[0])
        return Array(self._node("neg", [x.node], x.node.shape, tree), x.over)

    def _power(self, tree: Tree) -> Array:
        base, exponent = (self.read(a) for a in tree.args)
        over = self._union([base, exponent], tree)
        if not over:
            return Array(self._node("^", [base.node, exponent.node], SCALAR, tree), ())
        x = self.spread(base, over)
        if not (exponent.node.op == "number" and exponent.node.value.is_Integer and exponent.node.value > 0):
            x = self._off_diagonal(Array(x, over)).node
        power = exponent.node if not exponent.over else self.spread(exponent, over)
        return Array(self._node(".^", [x, power], x.shape, tree), over)

    def _function(self, tree: Tree) -> Array:
        if tree.value in self.scope.functions and len(tree.args) == 1:
            return self._unknown(tree)
        word = {"ln": "log", "bars": "abs"}.get(str(tree.value or tree.op), tree.value or "abs")
        if tree.op == "bars":
            word = "abs"
        if word == "sum" and len(tree.args) == 1:
            return self.read(tree.args[0])
        word = f"{word} 2" if len(tree.args) > 1 and by_name(f"{word} 2") else word
        entry = by_name(word)
        if entry is not None and entry.spreads and len(tree.args) > 1:
            arrays = [self.read(a) for a in tree.args]
            over = self._union(arrays, tree)
            nodes = [self.spread(x, over) if x.over else x.node for x in arrays]
            return Array(
                self._node(
                    word,
                    nodes,
                    nodes[0].shape if not over else next(x for x in nodes if not is_scalar(x.shape)).shape,
                    tree,
                ),
                over,
            )
        if entry is None and tree.op == "call":
            return self._applied(tree)
        if entry is None or not entry.entrywise or len(tree.args) != 1:
            raise self.scope.error(f"{word} of what depends on an index is not read", tree.start)
        x = self.read(tree.args[0])
        if word in ("sqrt", "log", "abs"):
            x = self._off_diagonal(x)
        return Array(self._node(word, [x.node], x.node.shape, tree), x.over)

    def _unknown(self, tree: Tree) -> Array:
        """Return an unknown function f, f' or f'' of every entry."""
        head, order = applied_head(tree) if tree.op == "apply" else (tree, 0)
        x = self.read(tree.args[-1])
        node = self.reader.unknown(str(head.value), order, [x.node], tree.start)
        return Array(node, x.over)

    def _off_diagonal(self, x: Array) -> Array:
        """Return an array over two indices that are never equal with ones added where they are.

        So the distances of points from themselves, which do not count, are no kinks of a root.
        """
        if len(x.over) != 2 or not {x.over, x.over[::-1]} & self.apart:
            return x
        eye = self._node("eye", [], x.node.shape, x.node)
        return Array(self._node("+", [x.node, eye], x.node.shape, x.node, ["+", "+"]), x.over)

    def _product(self, tree: Tree) -> Array:
        term = _Term(self)
        term.times(tree)
        return term.at((), tree)

    def _summed(self, tree: Tree) -> Array:
        """Return a sum over indices at all values of the others."""
        body, *names = tree.args
        names = [n for n in names if n.value not in self.sizes]
        inner = Indexed(self.reader, {**self.sizes, **{n.value: Unknown() for n in names}})
        inner.ranges = dict(self.ranges)
        for name in [n.value for n in names]:
            if (found := range_of(inner, tree, name)) is not None:
                inner.ranges[name] = found
                self._unify(inner.sizes[name], found.count, tree)
        inner.counted = dict(self.counted)
        for n in names:
            lower = tree.value["bounds"].get(n.value, (None, None))[0]
            inner.counted[n.value] = 0 if lower is not None and lower.value == 0 else 1
        for name, (_, upper) in tree.value["bounds"].items():
            if name in inner.ranges:
                continue
            if upper is not None and upper.op in ("name", "number") and name in inner.sizes:
                size: Size = upper.value if upper.op == "name" else int(upper.value)
                self._unify(inner.sizes[name], size, tree)
        inner.apart = self.apart | {(r[0], r[2]) for r in tree.value["relations"] if r[1] in ("≠", "<", ">")}
        if "note" in tree.extra:
            self.scope.note(tree.start, tree.extra["note"])
        if tree.extra.get("reaches"):
            said = ", ".join(n.value for n in names)
            self.scope.note(
                tree.start, f"the sum over {said} is read as that of all terms up to the last one with {said}"
            )
        if tree.op == "prod":
            return self._multiplied(tree, inner, [n.value for n in names])
        arrays = []
        terms = body.args if body.op == "+" else [body]
        signs = body.value if body.op == "+" else ["+"]
        relations = [r for r in tree.value["relations"] if r[1] in ("≠", "<", ">", "≤", "≥")]
        for t in terms:
            term = _Term(inner)
            term.times(t)
            for i, sign, j in relations:
                term.mask(i, sign, j, t)
            arrays.append(term.at(tuple(n.value for n in names), tree))
        over = self._union(arrays, tree)
        nodes = [self.spread(x, over) if over else x.node for x in arrays]
        if len(nodes) == 1:
            return Array(nodes[0], over)
        return Array(self._node("+", nodes, nodes[0].shape, tree, list(signs)), over)

    def _multiplied(self, tree: Tree, inner: Indexed, names: list[str]) -> Array:
        """Return the product, or the largest, of all entries over indices; over one of two, that of every row."""
        word = tree.value.get("word", "prod")
        if tree.value["relations"]:
            said = "product" if word == "prod" else word
            raise self.scope.error(f"a {said} over i and j is one over all of them", tree.start)
        x = inner.read(tree.args[0])
        missing = [n for n in names if n not in x.over]
        if missing:
            raise self.scope.error(f"the product over {missing[0]} does not depend on it", tree.start)
        rest = [i for i in x.over if i not in names]
        if not rest:
            return Array(self._node(word, [x.node], SCALAR, tree), ())
        flipped = x.node if x.over[0] == rest[0] else self._t(x.node)
        return Array(self._node(f"{word} rows", [flipped], (flipped.shape[0], 1), tree), (rest[0],))


_READERS = {
    "sub": "_entry", "index": "_entry", "+": "_add", "neg": "_negative", "^": "_power", ".^": "_power", "*": "_product",
    "name": "_numbered", "call": "_function", "bars": "_function", "apply": "_applied",
    "indicator": "_indicator",
}  # fmt: skip


class _Term:
    """A product of factors: the scalars, and the columns and matrices by their indices."""

    def __init__(self, context: Indexed) -> None:
        self.context = context
        self.factors: dict[Indices, list[Node]] = {(): []}

    def times(self, tree: Tree) -> None:
        """Take a piece into the product, factor by factor."""
        if tree.op == "neg":
            self._put((), self.context._number(-1, tree))
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
        x = self.context._off_diagonal(self.context.read(tree))
        power = self.context._number(-1, tree)
        node = self.context._node("^" if not x.over else ".^", [x.node, power], x.node.shape, tree)
        self._put(x.over, node)

    def mask(self, i: str, sign: str, j: str, tree: Tree) -> None:
        """Leave only the pairs of indices that a relation admits."""
        context = self.context
        if sign == "≠" and i in context.sizes and j not in context.sizes and j in context.reader.fixed:
            n = context.sizes[i]
            unit = Places(context.reader).selected(Tree("name", [], tree.start, tree.end, j), n)
            assert unit is not None
            less = context._node("neg", [unit], unit.shape, tree)
            self._put(
                (i,), context._node("+", [context._ones(n, 1, tree), less], unit.shape, tree, ["+", "+"])
            )
            return
        if i not in context.sizes or j not in context.sizes:
            raise context.scope.error("this relation among indices is not read", tree.start)
        context._unify(context.sizes[i], context.sizes[j], tree)
        n = context.sizes[i]
        if sign in ("<", ">", "≤", "≥"):
            above = context._node("above", [context._node("count", [], SCALAR, tree, n)], (n, n), tree)
            self._put((i, j) if sign in ("<", "≤") else (j, i), above)
            if sign in ("<", ">"):
                return
            least = self.factors[(i, j)] if (i, j) in self.factors else self.factors[(j, i)]
            eye = context._node("eye", [], (n, n), tree)
            least[-1] = context._node("+", [least[-1], eye], (n, n), tree, ["+", "+"])
            return
        ones, eye = context._ones(n, n, tree), context._node("eye", [], (n, n), tree)
        self._put(
            (i, j),
            context._node("+", [ones, context._node("neg", [eye], (n, n), tree)], (n, n), tree, ["+", "+"]),
        )

    def _put(self, over: Indices, x: Node) -> None:
        if len(over) == 2 and over[::-1] in self.factors:
            over, x = over[::-1], self.context._t(x)
        self.factors.setdefault(over, []).append(x)

    def at(self, summed: Indices, tree: Tree) -> Array:
        """Return the product, summed over indices, at all values of the others."""
        waiting = list(summed)
        for over in list(self.factors):
            alone = not any(set(over) & set(other) for other in self.factors if other != over)
            if len(over) == 2 and alone and set(over) <= set(waiting):
                whole = self.context._entrywise(self.factors.pop(over))
                self.factors[()].append(self.context._node("sum", [whole], SCALAR, whole))
                waiting = [k for k in waiting if k not in over]
        while waiting:
            k = min(waiting, key=lambda index: len(self._matrices(index)))
            waiting.remove(k)
            self._take_away(k, tree)
        context = self.context
        over = context._union([Array(xs[0], indices) for indices, xs in self.factors.items() if xs], tree)
        scalars = self.factors[()]
        if not over:
            return Array(context._dot(*scalars) if scalars else context._number(1, tree), ())
        if len(over) == 1:
            return Array(context._dot(*scalars, context._entrywise(self.factors[over])), over)
        matrices = self.factors.get(over, []) + [context._t(x) for x in self.factors.get(over[::-1], [])]
        columns = [context._entrywise(self.factors[(k,)]) if self.factors.get((k,)) else None for k in over]
        left, right = columns
        if matrices:
            sides = [[context._diag(c)] if c is not None else [] for c in columns]
            return Array(context._dot(*scalars, *sides[0], context._entrywise(matrices), *sides[1]), over)
        if left is not None and right is not None:
            return Array(context._dot(*scalars, left, context._t(right)), over)
        one, k = (left, over[0]) if left is not None else (right, over[1])
        assert one is not None
        return Array(context._dot(*scalars, context.spread(Array(one, (k,)), over)), over)

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
                self.factors[()].append(context._dot(context._t(first), context._entrywise(rest)))
            elif first.op == "diag" and find(first.args[0].shape[1]) != 1:
                self.factors[()].append(context._node("tr", first.args, SCALAR, first))
            else:
                self.factors[()].append(context._node("sum", [first], SCALAR, first))
            return
        if len(keys) > 2:
            raise context.scope.error(
                f"three factors or more share the index {k} with others: no product of matrices is such a sum",
                tree.start,
            )
        ends, sides = [], []
        for indices in keys:
            x = context._entrywise(self.factors.pop(indices))
            ends.append(indices[0] if indices[1] == k else indices[1])
            sides.append(x if indices[1] == k else context._t(x))
        if len(keys) == 1:
            v = context._entrywise(columns) if columns else context._ones(context.sizes[k], 1, tree)
            self._put((ends[0],), context._dot(sides[0], v))
            return
        between = [context._diag(context._entrywise(columns))] if columns else []
        made = context._dot(sides[0], *between, context._t(sides[1]))
        if ends[0] == ends[1]:
            self._put((ends[0],), context._node("diag", [made], (made.shape[0], 1), made))
        else:
            self._put((ends[0], ends[1]), made)

    def _count(self, k: str, tree: Tree) -> Node:
        return self.context._node("count", [], SCALAR, tree, self.context.sizes[k])


def bound_indices(tree: Tree) -> set[str]:
    """Return the indices that sums run over."""
    return {n.value for piece in tree.walk() if piece.op in ("sum", "prod") for n in piece.args[1:]}


def _is_index(name: str) -> bool:
    return len(name) == 1 and name.islower()  # the letters of S_B and S_W tell matrices apart


def free_indices(tree: Tree, known: Container[str]) -> list[str]:
    """Return the indices of a piece that no sum runs over, sorted: those of x[i], and of x_i where x is known and x_i is not."""
    bound = bound_indices(tree)
    # Where x_i is a variable of its own, x_j is one, too; I_n is an identity.
    apart = {p.args[0].value for p in tree.walk() if p.op == "sub" and p.value in known}
    apart |= {"I", "1_vector", "0_vector"}
    found = set()
    for piece in tree.walk():
        base = piece.args[0].value if piece.op in ("sub", "index") else ""
        if piece.op == "sub" and (
            piece.value in known or base in apart or not (base in known or base == "delta")
        ):
            continue
        found |= {n for n in index_names(piece) if _is_index(str(n)) and n not in known} - bound
    return sorted(found)
