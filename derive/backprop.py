"""The two sweeps over a graph: adjoints in reverse (pullbacks), tangents forward (pushforwards)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sympy import Expr, S

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.algebra import M
from derive.expression.operation import Operation
from derive.graph import Graph, Node


@dataclass(frozen=True)
class Contribution:
    """What one path adds: from `node` to its argument number `place`, or the other way in a forward sweep."""

    node: Node
    place: int
    value: Expr


@dataclass
class Sweep:
    """The adjoints or tangents of all nodes, and the contributions in the order in which they were found."""

    values: dict[int, Expr] = field(default_factory=dict)
    contributions: list[Contribution] = field(default_factory=list)


def backprop(graph: Graph, seed: Expr = S.One) -> Sweep:
    """Carry the adjoint of the last node back to all others, summing over paths.

    `seed` is the adjoint of the last node, in its shape; 1 for a scalar loss.
    """
    sweep = Sweep()
    arriving: dict[int, list[Expr]] = {n.index: [] for n in graph.nodes}
    if graph.nodes:
        arriving[graph.nodes[-1].index].append(seed)
    for node in reversed(graph.nodes):
        g = algebra.add(*arriving[node.index])
        sweep.values[node.index] = g
        if node.operation is None:
            continue
        x = [M(a) for a in node.arguments]
        for place, parent in enumerate(node.parents):
            if parent is None:
                continue
            value = _rule(node.operation, "pull")(M(g), M(node.expr), x, place).e
            arriving[parent].append(value)
            sweep.contributions.append(Contribution(node, place, value))
    return sweep


def pushforward(graph: Graph, tangents: Mapping[Expr, Expr]) -> Sweep:
    """Carry the tangents of the variables forward to all nodes."""
    sweep = Sweep()
    for node in graph.nodes:
        if node.operation is None:
            sweep.values[node.index] = tangents[node.expr]
            continue
        x = [M(a) for a in node.arguments]
        terms = []
        for place, parent in enumerate(node.parents):
            if parent is None:
                continue
            value = _rule(node.operation, "push")(M(sweep.values[parent]), M(node.expr), x, place).e
            terms.append(value)
            sweep.contributions.append(Contribution(node, place, value))
        sweep.values[node.index] = algebra.add(*terms)
    return sweep


def _rule(operation: Operation, which: str) -> Callable[..., M]:
    """Return the pull or the push of an operation; InputError where its derivative has no name in the language."""
    rule: Callable[..., M] | None = getattr(operation, which)
    if rule is None:
        raise InputError(
            f"the derivative of the {operation.name} has no name in the language, so no derivative of it can be written"
        )
    return rule
