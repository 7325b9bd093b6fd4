"""The names in force while a text is read, the pieces that it is made of, and how their shapes fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import reduce
from itertools import permutations
from typing import Any

from sympy import Expr

from derive.errors import InputError
from derive.language.names import kind_of
from derive.language.shapes import (
    SCALAR,
    Names,
    Product,
    Shape,
    Size,
    SizeConflict,
    Total,
    Triangle,
    Unknown,
    find,
    is_scalar,
    size_names,
    unify,
)


class ParseError(InputError):
    """Text that cannot be read, with the place in it."""

    def __init__(self, message: str, text: str, position: int) -> None:
        self.message, self.text, self.position = message, text, position
        start = max(0, min(position - 40, len(text) - 80))
        window = "".join(c if c.isprintable() else " " for c in text[start : start + 80])
        super().__init__(f"{message}\n  {window}\n  {' ' * (position - start)}^")


class Misfit(ParseError):
    """Shapes that do not fit, with the pieces of the text that they are those of, and how many were read before."""

    def __init__(
        self, message: str, text: str, position: int, nodes: Sequence[Node], reached: int = 0
    ) -> None:
        super().__init__(message, text, position)
        self.nodes = list(nodes)
        self.reached = reached


@dataclass
class Node:
    """A piece of the text: its operation, its operands, its shape and where it stands."""

    op: str
    args: list[Node]
    shape: Shape
    position: int
    value: Any = None
    bracketed: bool = False
    expr: Expr | None = None


#: What a note says, and the place that it is about.
Note = tuple[int, str]


@dataclass
class Scope:
    """The names in force while a text is read, and the nodes in the order in which they were made.

    `kinds` are the names whose letters the use has overruled, with what they are instead; `cost` is how far the
    reading is from the letters and from what is written. A `strict` one takes no letter for a number that is
    transposed, or added to a column or a matrix. `functions` are names that stand for functions of entries of which no
    more is known.
    """

    text: str
    declared: dict[str, Shape]
    closed: bool = False
    used: dict[str, Shape] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    deferred: list[tuple[Size, Size, Node, str]] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    kinds: dict[str, str] = field(default_factory=dict)
    defined: dict[str, Node] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    cost: float = 0.0
    strict: bool = False
    functions: frozenset[str] = frozenset()
    families: dict[str, str] = field(default_factory=dict)  # x -> X where x_i is row i of X

    def __post_init__(self) -> None:
        """Take sizes that are declared by a word alone, such as S: square, afresh: each reading finds its own."""
        new: dict[Unknown, Unknown] = defaultdict(Unknown)
        self.declared = {
            name: (new[m] if isinstance(m, Unknown) else m, new[n] if isinstance(n, Unknown) else n)
            for name, (m, n) in self.declared.items()
        }

    @property
    def sizes(self) -> set[str]:
        """Return the names of sizes: the declared ones, and those that the text itself names."""
        return self.named | {
            name
            for shape in self.declared.values()
            for d in shape
            if not isinstance(d, int)
            for name in size_names(d)
        }

    def sizes_of(self, nodes: Sequence[Node], what: str) -> list[Size]:
        """Return the sizes that the last arguments of a call name; a name that stands for nothing else becomes one."""
        inside = [*nodes, *[a for n in nodes if n.op == "*" for a in n.args]]
        for name in {n.value for n in inside if n.op == "name"} - set(self.declared):
            places = [n for n in self.nodes if n.op == "name" and n.value == name]
            if not self.closed and all(any(n is m for m in inside) or is_scalar(n.shape) for n in places):
                self.used.pop(name, None)
                self.named.add(name)
                for n in places:
                    n.op, n.shape = "size", SCALAR
        return [self._size(n, what) for n in nodes]

    def _size(self, node: Node, what: str) -> Size:
        if node.op == "number" and node.value.is_Integer and node.value > 0:
            return int(node.value)
        if node.op == "*" and set(node.value) == {"*"}:
            first, *rest = (self._size(a, what) for a in node.args)
            return reduce(Product, rest, first)
        if node.op == "*" and node.value[-1] == "/" and node.args[-1].value == 2:
            found = self._triangle(node.args[:-1], what)
            if found is not None:
                return found
        if node.op != "size":
            raise self.misfit(f"{what}: the sizes are numbers or names of sizes", node.position, node)
        return node.value

    def _triangle(self, factors: Sequence[Node], what: str) -> Triangle | None:
        """Return the size n*(n + 1)/2 by its factors."""
        parts = [n for f in factors for n in (f.args if f.op == "*" and set(f.value) == {"*"} else [f])]
        for a, b in permutations(parts, 2):
            one = b.op == "+" and b.value == ["+", "+"] and b.args[1].op == "number" and b.args[1].value == 1
            if len(parts) == 2 and one and b.args[0].value == a.value:
                return Triangle(self._size(a, what))
        return None

    def error(self, message: str, position: int) -> ParseError:
        """Return the error at a place of the text."""
        return ParseError(message, self.text, position)

    def misfit(self, message: str, position: int, *nodes: Node) -> Misfit:
        """Return the error for shapes that do not fit."""
        return Misfit(message, self.text, position, nodes, len(self.nodes))

    def note(self, position: int, words: str) -> None:
        """Take down how something was read."""
        self.notes.append((position, words))

    def kind_of(self, name: str) -> str:
        """Return what a name is that nobody declared: by its use where that was found to say so, else by its letter."""
        return self.kinds.get(name) or kind_of(name)

    def shape_of(self, name: str, position: int) -> Shape:
        """Return the shape of a variable at its first or a later use."""
        if name not in self.used:
            if name in self.declared:
                self.used[name] = self.declared[name]
            elif self.closed:
                near = get_close_matches(name, self.declared, 1)
                mend = f"did you mean {near[0]}?" if near else f"known are {', '.join(self.declared)}"
                raise self.error(f"{name} does not occur in the problem: {mend}", position)
            else:
                kind = self.kind_of(name)
                rows: Size = 1 if kind in ("scalar", "row") else Unknown()
                self.used[name] = (rows, Unknown() if kind in ("matrix", "row") else 1)
        return self.used[name]

    def same(self, a: Node, b: Node, i: int, j: int, what: str) -> None:
        """Make size i of a equal to size j of b, or say which does not fit."""
        try:
            unify(a.shape[i], b.shape[j])
        except SizeConflict:
            if any(isinstance(find(d), Product | Total) for d in (a.shape[i], b.shape[j])):
                self.deferred.append((a.shape[i], b.shape[j], b, what))
                return
            raise self.conflict(a, b, what) from None

    def conflict(self, a: Node, b: Node, what: str) -> Misfit:
        """Return the error for two operands that do not fit."""
        names = Names()
        sides = ("the left side", "the right side")
        left, right = (
            f"{n.value if n.op == 'name' else side} is {names.show_shape(n.shape)}"
            for n, side in zip((a, b), sides, strict=True)
        )
        return self.misfit(
            f"shapes do not fit in {what}: {left}, {right}; {_mend(a, b, what)}", b.position, a, b
        )


def _mend(a: Node, b: Node, what: str) -> str:
    (p, q), (r, s) = ([find(d) for d in n.shape] for n in (a, b))
    scalar = is_scalar(a.shape) or is_scalar(b.shape)
    if what == "*":
        if q == s:
            return "transpose the right side, or declare the shapes with --where"
        if p == r:
            return "write .* for the elementwise product, or transpose the left side"
        return "the left side's columns must be the right side's rows (declare shapes with --where)"
    if scalar and what in ("+", "-"):
        return "multiply the scalar by vector(1), matrix(1) or eye, or declare the shapes with --where"
    if (p, q) == (s, r):
        return "is one of them to be transposed?"
    return "both must have the same shape (declare shapes with --where)"
