"""Slips of the chain rule: a path that is not followed, an inner derivative left out."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from sympy import Function, HadamardPower
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.backprop import backprop
from derive.expression.facts import assuming
from derive.graph import Graph, Node
from verify.slips.case import SWEEP, Case, Explanation


def forgotten_path(case: Case) -> Explanation | None:
    """One of the paths to an inner node, treated as if it were constant."""
    if case.statement.kind != "gradient":
        return None
    graph, _ = case.graph_and_sweep()
    for node in graph.nodes:
        for place, parent in enumerate(node.parents):
            if parent is None or len(graph.children(graph.nodes[parent])) < 2:
                continue
            parents = tuple(None if i == place else p for i, p in enumerate(node.parents))
            if _is_claimed(case, graph, replace(node, parents=parents)):
                inner = case.text(graph.nodes[parent].expr)
                words = f"right but for the path through {inner} in {case.text(node.expr)}, which is missing"
                return _instead(case, words)
    return None


def inner_derivative(case: Case) -> Explanation | None:
    """The derivative of an elementwise function, left out of the chain rule."""
    if case.statement.kind != "gradient":
        return None
    graph, _ = case.graph_and_sweep()
    through: Any = SimpleNamespace(pull=lambda g, y, x, place: g)
    for node in graph.nodes:
        parents = [p for p in node.parents if p is not None]
        elementwise = isinstance(node.expr, ElementwiseApplyFunction | HadamardPower | Function)
        if elementwise and len(parents) == 1 and _is_claimed(case, graph, replace(node, operation=through)):
            inner = case.text(graph.nodes[parents[0]].expr)
            words = f"right but for the derivative of {case.text(node.expr)} by {inner}, which is missing"
            return _instead(case, words)
    return None


def _instead(case: Case, words: str) -> Explanation | None:
    """What is missing stands inside a product, so that the result has to replace the claim."""
    return None if case.result is None else Explanation(words, case.result)


def _is_claimed(case: Case, graph: Graph, changed: Node) -> bool:
    """Return whether the claim is the gradient of a graph in which one node is changed."""
    x = graph.variable(case.problem.wrt[0])
    if x is None or case.result is None or case.late:
        return False
    nodes = list(graph.nodes)
    nodes[changed.index] = changed
    case.samples.work += SWEEP * len(nodes)
    with assuming(case.problem.assumptions):
        value = backprop(Graph(tuple(nodes), graph.variables)).values[x.index]
    return case.gives(value, case.claimed)
