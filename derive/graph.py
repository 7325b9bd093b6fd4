"""The computational graph of an expression: a node a distinct subexpression that depends on a variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, MatrixSymbol, Symbol

from derive.expression import algebra
from derive.expression.operation import Operation
from derive.expression.walk import post_order
from derive.language.text import to_text
from derive.operations import operation
from derive.operations.unfold import unfolded


@dataclass(frozen=True)
class Node:
    """A subexpression: its name in the derivation, its operation, its arguments, and which of them are nodes."""

    index: int
    name: str
    expr: Expr
    operation: Operation | None
    arguments: tuple[Expr, ...]
    parents: tuple[int | None, ...]

    @property
    def is_variable(self) -> bool:
        """Tell whether the node is a variable, that is, has no operation."""
        return self.operation is None

    @property
    def is_transpose(self) -> bool:
        """Tell whether the node is the transpose of another, which needs no line of its own."""
        return self.operation is not None and self.operation.name == "transpose"

    @property
    def symbol(self) -> Expr:
        """Return a symbol of the node's name and shape; a variable stands for itself."""
        return self.expr if self.is_variable else symbol(self.name, self.expr)


def symbol(name: str, like: Expr) -> Expr:
    """Return a symbol of an expression's shape."""
    if algebra.is_matrix(like):
        return MatrixSymbol(name, *like.shape)
    return Symbol(name, real=True)


@dataclass(frozen=True)
class Graph:
    """The nodes, arguments before the operations on them; the last node is the expression itself.

    Where the expression does not depend on any variable, there are no nodes.
    """

    nodes: tuple[Node, ...]
    variables: tuple[Expr, ...]

    def variable(self, x: Expr) -> Node | None:
        """Return the node of a variable, or None where it does not occur."""
        return next((n for n in self.nodes if n.is_variable and n.expr == x), None)

    def children(self, node: Node) -> list[tuple[Node, int]]:
        """Return the nodes that have `node` as an argument, with its place: the heads of all paths from it."""
        return [(n, i) for n in self.nodes for i, p in enumerate(n.parents) if p == node.index]

    def named(self, node: Node) -> Expr:
        """Return a node's expression with its arguments that are nodes replaced by their symbols."""
        names = {
            a: self.nodes[p].symbol
            for a, p in zip(node.arguments, node.parents, strict=True)
            if p is not None
        }
        return node.expr.xreplace(names)

    def __str__(self) -> str:
        """Return a line a node: its name, its operation, and the names of its arguments."""
        width = max((len(n.name) for n in self.nodes), default=0)
        return "\n".join(f"{n.name:<{width}}  {self._described(n)}" for n in self.nodes)

    def _described(self, node: Node) -> str:
        if node.operation is None:
            return "variable"
        arguments = [
            to_text(a) if p is None else self.nodes[p].name
            for a, p in zip(node.arguments, node.parents, strict=True)
        ]
        return f"{node.operation.name} of {', '.join(arguments)}"

    def __repr__(self) -> str:
        return f"<graph of {len(self.nodes)} nodes, by {', '.join(x.name for x in self.variables)}>"


def build_graph(
    expr: Expr, variables: Iterable[Expr], taken: Iterable[str] = (), given: Mapping[Expr, str] | None = None
) -> Graph:
    """Return the graph of an expression by its variables; the names of nodes avoid those `taken`.

    `given` are the names that somebody gave to subexpressions, which their nodes have.

    Raises InputError where an operation has no rule.
    """
    expr = unfolded(expr)
    variables, taken = tuple(variables), set(taken)
    depends: dict[Expr, bool] = dict.fromkeys(variables, True)
    for e in post_order(expr, within=lambda e: () if e in depends else e.args[::-1]):
        if e not in depends:
            depends[e] = any(depends[a] for a in e.args)
    if not depends[expr]:
        return Graph((), variables)

    known: dict[Expr, tuple[Operation, tuple[Expr, ...]]] = {}

    def arguments(e: Expr) -> Sequence[Expr]:
        if e in variables:
            return ()
        if e not in known:
            known[e] = operation(e)
        return [a for a in known[e][1] if depends[a]]

    prefix = next(
        p for p in ("u", "v", "t", "z", "node_") if not any(n[:1] == p[:1] for n in taken) or p == "node_"
    )
    nodes: list[Node] = []
    named = 0
    index: dict[Expr, int] = {}
    for e in post_order(expr, within=lambda e: reversed(arguments(e))):
        if e in index:
            continue
        index[e] = len(nodes)
        if e in variables:
            nodes.append(Node(len(nodes), e.name, e, None, (), ()))
            continue
        entry, args = known[e]
        parents = tuple(index[a] if depends[a] else None for a in args)
        name = (given or {}).get(e) or f"{prefix}_{named + 1}"
        if entry.name == "transpose" and e not in (given or {}):
            flipped = f"{nodes[index[args[0]]].name}_T"
            name = flipped if flipped not in taken else f"{name}_T"
        nodes.append(Node(len(nodes), name, e, entry, args, parents))
        named += entry.name != "transpose"
    return Graph(tuple(nodes), variables)
