"""Index notation, Σ_i Σ_j x_i A_ij y_j, read into matrices.

A piece that depends on indices is an array: a node with the names of its rows and columns, a matrix over (i, j), a
column over i, or a scalar. Factors of the same indices are multiplied entry by entry, and the indices that are summed
over are taken away one after the other: index k of A (i, k) and B (k, j) and the columns v over k leaves A·diag(v)·B; of
A alone A·v; of columns v and w the scalar v'·w.
"""

from __future__ import annotations

from collections.abc import Container

from derive.language.arrays import Array, Arrays, index_names
from derive.language.places import Places
from derive.language.ranges import part, range_of, shifted
from derive.language.scope import Node
from derive.language.shapes import SCALAR, Size, Unknown, is_scalar
from derive.language.terms import Term
from derive.language.tree import Tree, applied_head
from derive.operations import by_name


class Indexed(Arrays):
    """Reads pieces that depend on indices."""

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
        ones = self.ones(self.sizes[index], 1, tree)
        counted = self.node("cumsum", [ones], ones.shape, tree)
        before = (over.start if over is not None else self.counted[index]) - 1
        if not before:
            return Array(counted, (index,))
        less = self.dot(self.number(before, tree), ones)
        return Array(self.node("+", [counted, less], ones.shape, tree, ["+", "+"]), (index,))

    def _unreadable(self, tree: Tree) -> Array:
        raise self.scope.error("this is not read under an index: sums, products, powers and functions of entries are",
                               tree.start)  # fmt: skip

    def _entry(self, tree: Tree) -> Array:
        base, *places = tree.args
        if "note" in tree.extra:
            self.scope.note(tree.start, tree.extra["note"])
        if any(p.op in ("sub", "index") and self.depends(p) for p in places):
            return self._at_labels(tree)
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
            self.unify(n, self.sizes[names[1]], tree)
            return Array(self.node("eye", [], (n, n), tree), tuple(names))
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
                    x = self.t(x)
                x = part(self.reader, x, side, self.ranges[m[0]], m[1], tree)
        if len(places) == 2 and not all(running):
            if not names:
                raise self.scope.error("an entry without an index that runs is not read here", tree.start)
            return self._in_part(tree, x, places, running, names[0])
        if len(names) == 1:
            if x.shape[0] == 1 and not is_scalar(x.shape):
                x = self.t(x)
            self.unify(x.shape[0], self.sizes[names[0]], tree)
            self.unify(x.shape[1], 1, tree)
            return Array(x, (names[0],))
        for side, name in enumerate(names):
            self.unify(x.shape[side], self.sizes[name], tree)
        if names[0] == names[1]:
            return Array(self.node("diag", [x], (x.shape[0], 1), tree), (names[0],))
        return Array(x, (names[0], names[1]))

    def _at_labels(self, tree: Tree) -> Array:
        """Return f_{y_i} as the sum over k of Y_ik f_k, Y being the matrix whose rows are one-hot for the labels y."""
        base, *places = tree.args
        at = next(k for k, p in enumerate(places) if p.op in ("sub", "index") and self.depends(p))
        label, k = places[at], Tree("name", [], tree.start, tree.end, "_label")
        y = label.args[0]
        if y.op != "name" or len(label.args) != 2 or (y.value in self.scope.declared and (
            self.scope.declared[y.value][1] == 1
        )):  # fmt: skip
            raise self.scope.error(
                "an entry at a label is read where the labels are one-hot rows", label.start
            )
        self.scope.note(
            label.start, f"{label.value or y.value} as an index is read by one-hot rows: {y.value} is the matrix with a 1 "
            "in every row, at the label")  # fmt: skip
        if y.value not in self.scope.used:
            self.scope.kinds[y.value] = "matrix"
        one_hot = Tree("index", [y, label.args[1], k], label.start, label.end)
        there = Tree(
            "index", [base, *[k if i == at else p for i, p in enumerate(places)]], tree.start, tree.end
        )
        product = Tree("*", [one_hot, there], tree.start, tree.end, ["*"])
        return self.read(Tree("sum", [product, k], tree.start, tree.end, {"relations": [], "bounds": {}}))

    def _in_part(self, tree: Tree, x: Node, places: list[Tree], running: list[bool], name: str) -> Array:
        """Return A[i, 3] as the third column over i, A[3, i] as the third row."""
        side = running.index(True)
        if any(p.op == "slice" for p in places):
            raise self.scope.error(
                f"a row of a matrix for every {name} stands in products, sums and norms of such rows",
                tree.start,
            )
        self.unify(x.shape[side], self.sizes[name], tree)
        fixed = Places(self.reader).selected(places[1 - side], x.shape[1 - side])
        if side == 0:
            return Array(Places(self.reader).picked(x, None, fixed, tree), (name,))
        return Array(self.t(Places(self.reader).picked(x, fixed, None, tree)), (name,))

    def _add(self, tree: Tree) -> Array:
        arrays = [self.read(a) for a in tree.args]
        over = self.union(arrays, tree)
        if not over:
            return Array(self.node("+", [x.node for x in arrays], SCALAR, tree, list(tree.value)), ())
        nodes = [self.spread(x, over) for x in arrays]
        return Array(self.node("+", nodes, nodes[0].shape, tree, list(tree.value)), over)

    def _negative(self, tree: Tree) -> Array:
        x = self.read(tree.args[0])
        return Array(self.node("neg", [x.node], x.node.shape, tree), x.over)

    def _power(self, tree: Tree) -> Array:
        base, exponent = (self.read(a) for a in tree.args)
        over = self.union([base, exponent], tree)
        if not over:
            return Array(self.node("^", [base.node, exponent.node], SCALAR, tree), ())
        x = self.spread(base, over)
        if not (exponent.node.op == "number" and exponent.node.value.is_Integer and exponent.node.value > 0):
            x = self.off_diagonal(Array(x, over)).node
        power = exponent.node if not exponent.over else self.spread(exponent, over)
        return Array(self.node(".^", [x, power], x.shape, tree), over)

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
            over = self.union(arrays, tree)
            nodes = [self.spread(x, over) if x.over else x.node for x in arrays]
            return Array(
                self.node(
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
            x = self.off_diagonal(x)
        return Array(self.node(word, [x.node], x.node.shape, tree), x.over)

    def _unknown(self, tree: Tree) -> Array:
        """Return an unknown function f, f' or f'' of every entry."""
        head, order = applied_head(tree) if tree.op == "apply" else (tree, 0)
        x = self.read(tree.args[-1])
        node = self.reader.unknown(str(head.value), order, [x.node], tree.start)
        return Array(node, x.over)

    def _product(self, tree: Tree) -> Array:
        term = Term(self)
        term.times(tree)
        return term.at((), tree)

    def _summed(self, tree: Tree) -> Array:
        """Return a sum over indices at all values of the others."""
        body, *names = tree.args
        names = [n for n in names if n.value not in self.sizes]
        inner = Indexed(self.reader, {**self.sizes, **{n.value: Unknown() for n in names}})
        inner.ranges = dict(self.ranges)
        for name in [n.value for n in names]:
            if (found := range_of(self.reader, tree, name)) is not None:
                inner.ranges[name] = found
                self.unify(inner.sizes[name], found.count, tree)
        inner.counted = dict(self.counted)
        for n in names:
            lower = tree.value["bounds"].get(n.value, (None, None))[0]
            inner.counted[n.value] = 0 if lower is not None and lower.value == 0 else 1
        for name, (_, upper) in tree.value["bounds"].items():
            if name in inner.ranges:
                continue
            if upper is not None and upper.op in ("name", "number") and name in inner.sizes:
                size: Size = upper.value if upper.op == "name" else int(upper.value)
                self.unify(inner.sizes[name], size, tree)
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
            term = Term(inner)
            term.times(t)
            for i, sign, j in relations:
                term.mask(i, sign, j, t)
            arrays.append(term.at(tuple(n.value for n in names), tree))
        over = self.union(arrays, tree)
        nodes = [self.spread(x, over) if over else x.node for x in arrays]
        if len(nodes) == 1:
            return Array(nodes[0], over)
        return Array(self.node("+", nodes, nodes[0].shape, tree, list(signs)), over)

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
            return Array(self.node(word, [x.node], SCALAR, tree), ())
        flipped = x.node if x.over[0] == rest[0] else self.t(x.node)
        return Array(self.node(f"{word} rows", [flipped], (flipped.shape[0], 1), tree), (rest[0],))


_READERS = {
    "sub": "_entry", "index": "_entry", "+": "_add", "neg": "_negative", "^": "_power", ".^": "_power", "*": "_product",
    "name": "_numbered", "call": "_function", "bars": "_function", "apply": "_applied",
    "indicator": "_indicator",
}  # fmt: skip


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
