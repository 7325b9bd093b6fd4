"""What reads a tree has: the names in force, the nodes made so far, and how a node looks by its shape."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from derive.language.scope import Node, Scope
from derive.language.shapes import Shape, find, is_scalar
from derive.language.tree import Tree

#: What a reading costs beyond the letters: see `derive.language.kinds`.
LITERAL, COMPUTED, BY_LETTER, COLUMNS, PRODUCTS = 0.2, 0.6, 1.5, 0.9, 2.2
BEHIND, SMALL = 1.1, 0.8
AFTER_WEIGHTS = 0.4
POOR = 1.2
#: A matrix where a column is due, which is read by its rows.
ROWS = 2.0
#: What pieces are called that are not read everywhere.
SAID = {
    "chain": "an equation", "derivative": "a derivative", "gradient": "a derivative", "differential": "a differential",
    "sum": "a sum over indices", "prod": "a product over indices", "index": "an entry by its index",
    "tuple": "a list of expressions", "expect": "an expectation",
    "var": "a variance", "cov": "a covariance", "cases": "a function by cases", "integral": "an integral",
    "indicator": "an indicator", "dots": "...", "prime": "f'", "empty": "nothing", "text": "prose",
    "slice": "a range of indices", "domain": "a set",
}  # fmt: skip


class Reading(ABC):
    """The state of a reader of trees: the scope, the nodes by their trees, and which letters are indices.

    `numpy` tells that * and / act entry by entry there.
    """

    def __init__(self, scope: Scope, numpy: bool = False, latex: bool = False) -> None:
        self.scope, self.numpy, self.latex = scope, numpy, latex
        self.done: dict[int, Node] = {}
        self.totals: set[int] = set()  # numbers that are sums over indices
        self.fixed: frozenset[str] = frozenset()  # indices that stand for one place
        self.summed: frozenset[str] = frozenset()  # those that sums run over
        self.wanted: frozenset[str] = frozenset()  # the variables to differentiate by
        self.known: frozenset[str] = frozenset()  # names that stand by themselves, or under an index of a sum

    @abstractmethod
    def read(self, root: Tree) -> Node:
        """Return the node of a tree. Raises ParseError."""

    @abstractmethod
    def entry(self, tree: Tree, args: list[Node]) -> Node:
        """Return an entry or a range of what stands before a square bracket. Raises ParseError."""

    @abstractmethod
    def unknown(self, symbol: str, order: int, args: list[Node], position: int) -> Node:
        """Return an unknown function of every entry, or its derivative of an order."""

    def node(self, op: str, args: list[Node], shape: Shape, position: int, value: Any = None) -> Node:
        """Return a new node, the last one of the scope."""
        node = Node(op, args, shape, position, value)
        self.scope.nodes.append(node)
        return node

    def is_entry(self, tree: Tree) -> bool:
        """Tell whether z_k is an entry at a place of its own, and no name."""
        indices = tree.args[1:]
        return bool(indices) and all(a.op == "name" and a.value in self.fixed for a in indices)

    @staticmethod
    def form(x: Node) -> str:
        """Return whether a node is a scalar, a row, a column or a matrix."""
        if is_scalar(x.shape):
            return "scalar"
        return "row" if is_row(x.shape) else "column" if is_column(x.shape) else "matrix"

    def same_shape(self, a: Node, b: Node, what: str) -> None:
        """Make two nodes of one shape. Raises Misfit."""
        for i in (0, 1):
            self.scope.same(a, b, i, i, what)

    def by_letter(self, x: Node) -> bool:
        """Tell whether a number is a name that its letter makes one, or made of such names."""
        if self.scope.closed or x.op not in ("name", "+", "neg"):
            return False
        if x.op == "name":
            return x.value not in self.scope.declared
        return any(self.by_letter(a) for a in x.args)


def is_literal(node: Node) -> bool:
    """Tell whether a node is made of numbers alone."""
    return node.op == "number" or (node.op in ("neg", "*", "^", "+") and all(map(is_literal, node.args)))


def is_row(shape: Shape) -> bool:
    """Tell whether a shape is that of a row."""
    return find(shape[0]) == 1 and find(shape[1]) != 1


def is_column(shape: Shape) -> bool:
    """Tell whether a shape is that of a column."""
    return find(shape[1]) == 1 and find(shape[0]) != 1


def is_axis(tree: Tree) -> bool:
    """Tell whether an argument is `rows` or `columns`."""
    return tree.op == "name" and tree.value in ("rows", "columns")
