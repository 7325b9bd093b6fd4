"""A plan as the lines of a function body in a target language."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Any

from sympy import Expr, Integer, MatrixSymbol, factor_terms

from derive.code.pieces import ATOM, LEAVES, VIEWS, Piece, Pieces, is_new
from derive.code.plan import Node, post_order, uses
from derive.code.sizes import flops, ratio_of
from derive.code.targets import Target
from derive.language.text import to_text

#: Pieces longer than this get a line of their own.
LONG = 64


class Printer(Pieces):
    """Writes values as text, and those that are used more than once (or are long) on lines of their own."""

    def __init__(self, target: Target, names: Mapping[str, str], symbols: Mapping[str, Expr], taken: set[str], costs: bool = False) -> None:  # fmt: skip
        self.target, self.names, self.symbols, self.taken, self.costs = (
            target,
            names,
            symbols,
            set(taken),
            costs,
        )
        self.modules: set[str] = set()
        self.given: list[Any] = []
        self.lines: list[str] = []
        self.sizes: dict[Any, tuple[str, str]] = {}
        self.pieces: dict[int, Piece] = {}
        self.stored: set[int] = set()
        self.counts: dict[int, int] = {}
        self.bases: list[int] = []
        self.indent = ""
        self.called: dict[int, str] = {}
        self.given_names: set[str] = set()

    def share(self, other: Printer) -> None:
        """Take over the names of sizes that another branch of the function uses."""
        self.sizes, self.given, self.taken = other.sizes, other.given, other.taken
        self.given_names = other.given_names

    # ------------------------------------------------------------------------------------------- names

    def fresh(self) -> str:
        """Return a name that nothing has."""
        name = next(n for i in range(1, 100_000) if (n := f"t{i}") not in self.taken)
        self.taken.add(name)
        return name

    def size(self, size: Any) -> str:
        """Return a size as it is read off an argument; one that no argument has is an argument itself."""
        if isinstance(size, int) or size.is_Integer:
            return str(int(size))
        for n, symbol in self.symbols.items():
            if isinstance(symbol, MatrixSymbol) and size in symbol.shape:
                if size not in self.sizes:
                    axis = symbol.shape.index(size)
                    name = str(size) if size.is_Symbol and str(size) not in self.taken else self.fresh()
                    self.taken.add(name)
                    text = self.target.size.format(self.names[n], axis=axis + self.target.base)
                    self.sizes[size] = (name, f"{name} = {text}{self.target.end}")
                return self.sizes[size][0]
        if size.is_Symbol:
            if size.name in self.names and self.symbols.get(size.name) == size:
                return self.names[size.name]
            if size not in self.given:
                self.given.append(size)
            return size.name
        known = {s: type(s)(self.size(s)) for s in sorted(size.free_symbols, key=str)}
        return f"({size.xreplace(known)})".replace("**", self.target.raised)

    # ------------------------------------------------------------------------------------------ lines

    def write(self, line: str) -> None:
        """Add a line."""
        self.lines.append(f"{self.indent}{line}")

    def outputs(self, roots: list[Node], called: Mapping[int, str] | None = None) -> list[str]:
        """Write everything that the outputs need and return their texts; some values are `called` something."""
        free = {n for n in (called or {}).values() if n not in self.taken and not keyword.iskeyword(n)}
        self.given_names |= free
        self.called = {k: n for k, n in (called or {}).items() if n in self.given_names}
        self.taken |= free
        self.counts = uses(roots)
        self.bases = [base.index for r in roots if (base := _base(r)) is not None]
        for node in reversed(post_order(roots)):
            if node.op == "transpose":  # written out at every use
                self.counts[node.args[0].index] += self.counts[node.index] - 1
        for node in post_order(roots):
            if node.op == "norm" and self.target.name == "numpy":
                self.counts[node.args[0].index] += 2
            if node.op == "power" and node.shape is not None and node.params[0] in (3, Integer(3) / 2):
                self.counts[node.args[0].index] += 1
            if node.op == "function":
                spelling = self.spelling(node)
                for i, a in enumerate(node.args):
                    if spelling.count(f"{{{i}}}") > 1:
                        self.counts[a.index] += 1
            if node.op in ("others", "nonzero") or (node.op == "max" and self.target.name == "torch"):
                self.counts[node.args[0].index] += 2
            if node.op == "call" and self.call(node.params[0]).count("{0}") > 1:
                self.counts[node.args[0].index] += 1
        self._emit(post_order(roots), roots)
        return [self._output(r) for r in roots]

    def _emit(self, order: list[Node], roots: list[Node]) -> None:
        held = self._held(order, roots)
        for node in order:
            if node.index in held or node.index in self.pieces:
                continue
            if node.op == "choose":
                self._choose(node, order)
                continue
            piece = self.piece(node)
            if self._worth(node, piece):
                self.store(node, piece)
            else:
                self.pieces[node.index] = piece

    def _worth(self, node: Node, piece: Piece) -> bool:
        if node.op in LEAVES or node.op in ("transpose", "eye", "ones") or node.index in self.stored:
            return False
        if node.op == "factor":
            return self.factored(node)
        return self.counts.get(node.index, 0) > 1 or len(piece[0]) > LONG or node.index in self.called

    def store(self, node: Node, piece: Piece, name: str | None = None) -> None:
        """Write a value on a line of its own."""
        name = name or self.called.pop(node.index, None) or self.fresh()
        line = f"{name} = {piece[0]}{self.target.end}"
        cost = flops(node) if self.costs and node.shape is not None else None
        self.write(line + (f"  {self.target.comment} {to_text(cost)} operations" if cost is not None else ""))
        self.pieces[node.index] = (name, ATOM)
        self.stored.add(node.index)

    def _held(self, order: list[Node], roots: list[Node]) -> set[int]:
        """Return the nodes that only one arm of a choice needs."""
        held: set[int] = set()
        for node in order:
            if node.op == "choose":
                held |= self._own(node, order, roots, 0) | self._own(node, order, roots, 1)
        return held

    def _own(self, node: Node, order: list[Node], roots: list[Node], arm: int) -> set[int]:
        """Return what an arm of a choice needs and nothing else does."""
        reached: set[int] = set()
        stack = list(roots)
        while stack:
            n = stack.pop()
            if n.index in reached:
                continue
            reached.add(n.index)
            stack.extend(n.args[1 - arm : 2 - arm] if n is node else n.args)
        return {n.index for n in post_order([node.args[arm]])} - reached

    def _choose(self, node: Node, order: list[Node]) -> None:
        above, below = ratio_of(*node.params).as_numer_denom()
        one, two = (self.size(factor_terms(c)) for c in (above, below))
        name = self.fresh()
        colon = "" if self.target.closed else ":"
        self.write(f"if {one} <= {two}{colon}")
        indent = self.indent
        for arm, head in ((0, ""), (1, f"else{colon}")):
            if head:
                self.indent = indent
                self.write(head)
            self.indent = indent + "    "
            self._emit(post_order([node.args[arm]]), [node.args[arm]])
            self.write(f"{name} = {self.text(node.args[arm])}{self.target.end}")
        self.indent = indent
        if self.target.closed:
            self.write(self.target.closed)
        self.pieces[node.index] = (name, ATOM)
        self.stored.add(node.index)

    def _output(self, node: Node) -> str:
        text = self.text(node)
        if node.shape is None:
            return self.spell("number", node, text)
        if self.target.name == "julia":  # where a fraction is of 64 bits
            return self.spell("as number", node, text)
        return self.spell("fresh", node, text) if self._shared(node) else text

    def _shared(self, node: Node) -> bool:
        """Tell whether an output is a view of an argument, may not be written to, or is given back twice."""
        base = _base(node)
        return base is None or base.op == "input" or self.bases.count(base.index) > 1


def _base(node: Node) -> Node | None:
    """Return what a value is a view of, None where it may not be written to or nothing says."""
    while node.op in VIEWS and not is_new(node):
        if node.op not in ("input", "transpose", "reshape"):
            return None
        if node.op == "input":
            return node
        node = node.args[0]
    return node
