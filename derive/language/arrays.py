"""What pieces under indices are: arrays over at most two indices, and how they are added, spread and multiplied."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from sympy import Integer

from derive.language.ranges import Range, shifted
from derive.language.reading import Reading
from derive.language.scope import Node
from derive.language.shapes import SCALAR, Size, SizeConflict, is_scalar, unify
from derive.language.tree import Tree

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


class Arrays(ABC):
    """Builds arrays from arrays; `sizes` are those of the indices in force."""

    def __init__(self, reader: Reading, sizes: dict[str, Size]) -> None:
        self.reader, self.scope, self.sizes = reader, reader.scope, sizes
        self.counted: dict[str, int] = {}  # the numbers from which indices of sums run
        self.ranges: dict[str, Range] = {}  # where indices do not run over all entries
        self.apart: set[Indices] = set()  # pairs of indices that are never equal
        self._depends: dict[int, bool] = {}

    @abstractmethod
    def read(self, tree: Tree) -> Array:
        """Return a piece as an array. Raises ParseError."""

    def node(
        self, op: str, args: list[Node], shape: tuple[Size, Size], like: Node | Tree, value: object = None
    ) -> Node:
        """Return a new node at a place of the text."""
        position = like.position if isinstance(like, Node) else like.start
        node = Node(op, args, shape, position, value)
        self.scope.nodes.append(node)
        return node

    def number(self, value: int, like: Node | Tree) -> Node:
        """Return a whole number as a node."""
        return self.node("number", [], SCALAR, like, Integer(value))

    def ones(self, rows: Size, columns: Size, like: Node | Tree) -> Node:
        """Return the vector or the matrix of ones."""
        return self.node("vector" if columns == 1 else "matrix", [], (rows, columns), like)

    def t(self, x: Node) -> Node:
        """Return a transpose."""
        return x.args[0] if x.op == "'" else self.node("'", [x], x.shape[::-1], x)

    def dot(self, *parts: Node) -> Node:
        """Return a product of matrices and numbers."""
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
        return self.node("*", list(parts), shape, left, ["*"] * len(rest))

    def entrywise(self, parts: list[Node]) -> Node:
        """Return a product entry by entry."""
        if len(parts) == 1:
            return parts[0]
        return self.node("*", list(parts), parts[0].shape, parts[0], [".*"] * (len(parts) - 1))

    def diag(self, x: Node) -> Node:
        """Return the diagonal matrix of a column."""
        return self.node("diag", [x], (x.shape[0], x.shape[0]), x)

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

    def unify(self, a: Size, b: Size, tree: Tree) -> None:
        """Make two sizes equal. Raises Misfit."""
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
            return self.dot(x.node, self.all_ones(over, x.node))
        if len(x.over) == 2:
            return self.t(x.node)
        if x.over[0] == over[0]:
            return self.dot(x.node, self.t(self.ones(self.sizes[over[1]], 1, x.node)))
        return self.dot(self.ones(self.sizes[over[0]], 1, x.node), self.t(x.node))

    def all_ones(self, over: Indices, like: Node) -> Node:
        """Return ones over some indices."""
        return self.ones(self.sizes[over[0]], self.sizes[over[1]] if len(over) == 2 else 1, like)

    def union(self, arrays: list[Array], tree: Tree) -> Indices:
        """Return the indices of several arrays, at most two. Raises ParseError."""
        found: list[str] = []
        for x in sorted(arrays, key=lambda x: -len(x.over)):
            found += [i for i in x.over if i not in found]
        if len(found) > 2:
            raise self.scope.error(
                "this depends on three indices and more: no matrix has such entries", tree.start
            )
        return tuple(found)

    def off_diagonal(self, x: Array) -> Array:
        """Return an array over two indices that are never equal with ones added where they are.

        So the distances of points from themselves, which do not count, are no kinks of a root.
        """
        if len(x.over) != 2 or not {x.over, x.over[::-1]} & self.apart:
            return x
        eye = self.node("eye", [], x.node.shape, x.node)
        return Array(self.node("+", [x.node, eye], x.node.shape, x.node, ["+", "+"]), x.over)
