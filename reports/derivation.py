"""A derivation of a gradient, Jacobian, Hessian or differential as blocks, and its graph as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from reports.document import (
    Block,
    Cell,
    Check,
    Derivation,
    Figure,
    Heading,
    Line,
    Math,
    Paragraph,
    Table,
    literal,
)
from reports.figures.graph import Node, computational_graph

if TYPE_CHECKING:
    import derive
    from verify.verdict import Evidence

#: The relation of a line that adds one path's contribution.
_ADDED = r"\mathrel{+}= "
_SWEEP = {False: "Backward: the adjoint of every node", True: "Forward: the tangent of every node"}


def checked_blocks(d: Any) -> list[Block]:
    """Return a checked derivation whole, as the command line prints it: lines, result, evidence."""
    return [
        *line_blocks(d),
        Heading("Result"),
        *result_blocks(d),
        Heading("Evidence"),
        evidence_table(d.evidence),
    ]


def line_blocks(d: derive.Derivation, checks: Mapping[int, Evidence] | None = None) -> list[Block]:
    """Return the lines of a derivation under the names of its sweeps; `checks` holds evidence by a line's number."""
    checks = checks or {}
    blocks: list[Block] = []
    groups: dict[str, list[tuple[int, Line]]] = {}
    for step in d.steps:
        if step.phase == "result":
            continue
        sweep = "Names of the parts" if step.phase == "forward" else _SWEEP[d.forward]
        evidence = checks.get(step.index)
        check = Check(evidence.verdict, literal(evidence.figure)) if evidence else None
        line = Line(step.equation, step.text, literal(step.rule), check)
        groups.setdefault(sweep, []).append((step.index, line))
    for name, numbered in groups.items():
        blocks.append(Heading(name))
        blocks.append(Derivation([line for _, line in numbered], start=numbered[0][0]))
    return blocks


def result_blocks(d: derive.Derivation) -> list[Block]:
    """Return the result, the names that it uses, and where it holds."""
    from derive import latex, to_text

    names = "".join(f"\n  where {name} = {to_text(expr)}" for name, expr in d.where)
    equation = f"{d.left_side} = {latex(d.short)}"
    blocks: list[Block] = [Math(equation, f"{d.kind} = {to_text(d.short)}{names}")]
    if d.where:
        parts = r",\quad ".join(f"{name} = {latex(expr)}" for name, expr in d.where)
        blocks = [
            Math(rf"{equation} \quad\text{{where}}\quad {parts}", f"{d.kind} = {to_text(d.short)}{names}")
        ]
    blocks += [Paragraph(f"Holds where {literal(condition)}.") for condition in d.conditions]
    blocks += [Paragraph(f"Note: {literal(note)}.") for note in d.notes]
    return blocks


def evidence_table(evidence: Sequence[Evidence], caption: str = "") -> Table:
    """Return what each method found. Times are left out, so that the same run prints the same bytes."""
    rows: list[list[Cell]] = [[literal(e.method), literal(e.figure), Check(e.verdict)] for e in evidence]
    return Table(["method", "finding", "verdict"], rows, caption)


def graph_figure(d: derive.Derivation, name: str) -> Figure:
    """Return the computational graph with the adjoint (or tangent) of every node."""
    variables = ", ".join(x.name for x in d.problem.wrt)
    kind = "tangent" if d.forward else "adjoint"
    return Figure(
        name,
        partial(computational_graph, graph_nodes(d)),
        f"The computational graph: the nodes that depend on ${variables}$, each with its {kind}.",
        f"computational graph of {len(d.graph.nodes)} nodes",
    )


def graph_nodes(d: derive.Derivation) -> list[Node]:
    """Return the nodes of a derivation's graph as nodes of the picture."""
    from derive import latex

    derivatives = _derivatives(d)
    nodes = []
    for node in d.graph.nodes:
        label = latex(node.symbol)
        if not node.is_variable:
            label += f" = {latex(d.graph.named(node))}"
        parents = tuple(parent for parent in node.parents if parent is not None)
        nodes.append(Node(label, parents, node.is_variable, derivatives.get(node.name, "")))
    return nodes


def _derivatives(d: derive.Derivation) -> dict[str, str]:
    """The equation of each node's adjoint or tangent, by the node's name: over several paths, the terms in a row."""
    equations: dict[str, str] = {}
    for step in d.steps:
        if step.phase != "backward":
            continue
        _, added, term = step.equation.partition(_ADDED)
        if added and step.name in equations:
            equations[step.name] += term if term.startswith("-") else f" + {term}"
        else:
            equations[step.name] = step.equation.replace(_ADDED, "= ")
    return equations
