"""Entries, rows, ranges and blocks: x[i], A[i, :], A[2:4, :], [A, B; C, D], counted from 1 with both ends.

An entry is picked by columns S of the identity: A[2:4, :] is S'*A, A[i, j] the number s'*A*t; blocks are put together
by them: [x; y] is S*x + T*y. So all that is known of products is known of them.
"""

from __future__ import annotations

from functools import reduce

from derive.language.reading import Reading
from derive.language.scope import Node
from derive.language.shapes import SCALAR, Product, Size, SizeConflict, Total, find, is_scalar, unify
from derive.language.tree import Tree

#: The most blocks of a matrix that is written out.
MAX_BLOCKS = 64


class Places:
    """Reads what stands in square brackets."""

    def __init__(self, reader: Reading) -> None:
        self.reader, self.scope = reader, reader.scope

    # ------------------------------------------------------------------------------------ entries

    def entry(self, tree: Tree, base: Node) -> Node:
        """Return an entry, a row, a column or a range of a matrix or a vector."""
        places = tree.args[1:]
        if (
            self.reader.numpy
            and len(places) == 2
            and (turned := self._with_axis(places, base, tree)) is not None
        ):
            return turned
        if is_scalar(base.shape):
            raise self.scope.misfit("a number has no entries", tree.start, base)
        if len(places) > 2:
            raise self.scope.error("a matrix has two indices: its row and its column", places[2].start)
        if len(places) == 1:
            side = 1 if find(base.shape[0]) == 1 else 0
            if side == 0:
                self._column(base, tree)
            places = [_whole(places[0]), *places] if side else places
        sides = [self.selected(p, base.shape[i]) for i, p in enumerate(places)]
        if len(sides) == 1:
            sides.append(None)
        return self.picked(base, sides[0], sides[1], tree)

    def _with_axis(self, places: list[Tree], base: Node, tree: Tree) -> Node | None:
        """Return v[:, None] as a column and v[None, :] as a row of an array of one dimension; None for other places."""
        new = [p.op == "name" and p.value in ("None", "newaxis") for p in places]
        if sum(new) != 1 or find(base.shape[1]) != 1 or is_scalar(base.shape):
            return None
        if new[1]:
            return base
        return self.reader.node("'", [base], base.shape[::-1], tree.start)

    def picked(self, base: Node, rows: Node | None, columns: Node | None, tree: Tree) -> Node:
        """Return rows and columns of a matrix, picked by columns of the identity."""
        node = self.reader.node
        parts = [base]
        shape = base.shape
        if rows is not None and base.op == "eye":  # eye(n)[:, 2] picks no more
            parts, shape = [node("'", [rows], rows.shape[::-1], tree.start)], (rows.shape[1], shape[1])
        elif rows is not None:
            parts.insert(0, node("'", [rows], rows.shape[::-1], tree.start))
            shape = (rows.shape[1], shape[1])
        if columns is not None:
            parts = [columns] if parts[-1].op == "eye" else [*parts, columns]
            shape = (shape[0], columns.shape[1])
        if len(parts) == 1:
            return parts[0]
        return node("pick", parts, shape, tree.start)

    def _column(self, base: Node, tree: Tree) -> None:
        try:
            unify(base.shape[1], 1)
        except SizeConflict:
            said = base.value if base.op == "name" else "A"
            raise self.scope.misfit(
                f"one index of a matrix: write {said}[i, :] for its row, {said}[i, j] for its entry",
                tree.start,
                base,
            ) from None

    def selected(self, place: Tree, size: Size) -> Node | None:
        """Return the columns of the identity that an index or a range picks, None for all; NumPy counts from 0."""
        if self.reader.numpy:
            place = self._from_one(place)
        if place.op == "slice":
            first, last = place.args
            if first.op == "empty" == last.op:
                return None
            start = 1 if first.op == "empty" else self.place(first)
            stop = find(size) if last.op == "empty" else self.place(last)
            count = _minus(stop, _minus(start, 1))
        else:
            start = stop = self.place(place)
            count = 1
        self._within(start, stop, size, place)
        if isinstance(count, int) and count < 1:
            raise self.scope.error(
                "a range goes from the smaller to the larger place, such as 2:4", place.start
            )
        return self.reader.node("select", [], (size, count), place.start, _minus(start, 1))

    def _from_one(self, place: Tree) -> Tree:
        """Return a place or a range of NumPy's, which counts from 0 and leaves the end out, as one of the language."""
        if place.op == "slice":
            first, last = place.args
            if first.op == "empty" or (first.op == "number" and first.value == 0):
                return (
                    place
                    if last.op != "number" or first.op == "empty"
                    else Tree("slice", [self._plus_one(first), last], place.start, place.end)
                )
            return Tree("slice", [self._plus_one(first), last], place.start, place.end)
        if place.op == "number":
            self.scope.note(place.start, "entries are counted from 0, as NumPy has it")
            return self._plus_one(place)
        return place

    @staticmethod
    def _plus_one(place: Tree) -> Tree:
        if place.op != "number":
            return place
        return Tree("number", [], place.start, place.end, place.value + 1)

    def _within(self, start: Size, stop: Size, size: Size, place: Tree) -> None:
        known = find(size)
        if known == 1:
            raise self.scope.error("there is one row, or one column: write : for it", place.start)
        if isinstance(start, int) and start < 1:
            raise self.scope.error("entries are counted from 1: the first is x[1]", place.start)
        if isinstance(stop, int) and isinstance(known, int) and stop > known:
            raise self.scope.error(f"there is no place {stop} among {known}", place.start)

    def place(self, tree: Tree) -> Size:
        """Return an index as a size: a number, a name, or sums of them."""
        if tree.op == "number" and tree.value.is_Integer:
            return int(tree.value)
        if tree.op == "neg":
            raise self.scope.error("entries are counted from 1: the last is x[n]", tree.start)
        if tree.op in ("name", "sub"):
            name = tree.value
            if name in self.reader.summed:
                raise self.scope.error(
                    f"the index {name} stands outside of the sum over it: entries outside have another name",
                    tree.start,
                )
            if name in self.scope.declared or name in self.scope.used or name in self.scope.defined:
                raise self.scope.error(
                    f"{name} is a variable here: an index is a number or a name of its own", tree.start
                )
            self.scope.named.add(name)
            return str(name)
        if tree.op == "+":
            terms = [self.place(a) for a in tree.args]
            if all(s == "+" or isinstance(t, int) for s, t in zip(tree.value, terms, strict=True)):
                signed = [-t if s == "-" and isinstance(t, int) else t
                          for s, t in zip(tree.value, terms, strict=True)]  # fmt: skip
                return find(reduce(Total, signed))
        if tree.op == "*" and set(tree.value) <= {"*", ""}:
            return find(reduce(Product, [self.place(a) for a in tree.args]))
        raise self.scope.error("an index is a number, a name, or a sum such as n - 1", tree.start)

    # ------------------------------------------------------------------------------------ blocks

    def blocks(self, tree: Tree, rows: list[list[Node]]) -> Node:
        """Return the matrix that is put together from blocks."""
        if sum(map(len, rows)) > MAX_BLOCKS:
            raise self.scope.error(f"a matrix is written out with at most {MAX_BLOCKS} blocks", tree.start)
        if any(len(r) != len(rows[0]) for r in rows):
            return self._stacked(tree, rows)
        heights: list[Size] = [self._common([b.shape[0] for b in r], r, tree) for r in rows]
        widths: list[Size] = [
            self._common([r[k].shape[1] for r in rows], [r[k] for r in rows], tree)
            for k in range(len(rows[0]))
        ]
        parts = [
            self._filled(b, (heights[i], widths[j])) for i, row in enumerate(rows) for j, b in enumerate(row)
        ]
        if len(parts) == 1:
            return parts[0]
        return self.reader.node(
            "blocks", parts, (reduce(Total, heights), reduce(Total, widths)), tree.start, len(widths)
        )

    def _filled(self, block: Node, shape: tuple[Size, Size]) -> Node:
        """Return a block; a number 0 stands for zeros of the shape that is due."""
        if block.op != "number" or block.value != 0 or shape == SCALAR:
            return block
        ones = self.reader.node("vector" if shape[1] == 1 else "matrix", [], shape, block.position)
        return self.reader.node("*", [block, ones], shape, block.position, ["*"])

    def _stacked(self, tree: Tree, rows: list[list[Node]]) -> Node:
        """Return rows of different numbers of blocks, each row first put together by itself."""
        return self.blocks(tree, [[self.blocks(tree, [r]) if len(r) > 1 else r[0]] for r in rows])

    def _common(self, sizes: list[Size], blocks: list[Node], tree: Tree) -> Size:
        """Return the size that blocks in a row or a column share; a number 0 fits any."""
        found: Size | None = None
        for size, block in zip(sizes, blocks, strict=True):
            if block.op == "number" and block.value == 0:
                continue
            if found is None:
                found = size
                continue
            try:
                unify(found, size)
            except SizeConflict:
                raise self.scope.misfit(
                    "these blocks do not fit beside each other", block.position, *blocks
                ) from None
        return 1 if found is None else found


def _whole(like: Tree) -> Tree:
    nothing = Tree("empty", [], like.start, like.start)
    return Tree("slice", [nothing, nothing], like.start, like.start)


def _minus(a: Size, b: Size) -> Size:
    """Return a difference of sizes."""
    a, b = find(a), find(b)
    if isinstance(a, int) and isinstance(b, int):
        return a - b
    if isinstance(b, int):
        return find(Total(a, -b))
    return find(Total(a, Product(-1, b)))
