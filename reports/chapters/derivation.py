"""A derivation of a gradient, Jacobian, Hessian or differential as blocks, and its graph as a figure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from reports.chapters.prose import finding
from reports.document import (
    Block,
    Box,
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
    ref,
)
from reports.figures.graph import Vertex, computational_graph

if TYPE_CHECKING:
    import derive
    from derive.derivation import NodeStep
    from verify.derived import Checked
    from verify.suite.steps import StepCheck
    from verify.verdict import Evidence

#: The relation of a line that adds one path's contribution.
_ADDED = r"\mathrel{+}= "
#: What the checks of the lines say.
CHECKED = (
    "Each line that gives a node its whole derivative is checked at a random point: by dual numbers in real balls (how "
    "many digits agree), and by central differences (how far they are off, and their own estimate of that)."
)
#: What the check of the line on a variable's structure says.
CHECKED_TIE = (
    "The line on the structure is checked at a random point in the same two ways, along a direction in which the "
    "entries that move together do."
)
#: Facts of values as a mathematician writes them.
_FACTS = {
    "positive": "{x} > 0",
    "symmetric": r"{x} = {x}^{{\top}}",
    "posdef": r"{x} \succ 0",
    "orthogonal": r"{x}^{{\top}} {x} = I",
    "invertible": r"\det {x} \ne 0",
    "nonzero": r"{x} \ne 0 \text{{ in every entry}}",
    "sums_to_one": r"\textstyle\sum_i {x}_i = 1",
    "sums_to_one rows": r"\textstyle\sum_j {x}_{{ij}} = 1",
    "sums_to_one columns": r"\textstyle\sum_i {x}_{{ij}} = 1",
    "onehot": r"{x} \in \{{e_1, \ldots, e_n\}}",
    "onehot rows": r"{x}_{{i \cdot}} \in \{{e_1, \ldots, e_n\}}",
    "onehot columns": r"{x}_{{\cdot j}} \in \{{e_1, \ldots, e_m\}}",
}
_DOCSTRING = re.compile(r'^ *""".*?"""\n', re.DOTALL | re.MULTILINE)
_RANGES = {
    "structured-symmetric": "symmetric",
    "structured-diagonal": "diagonal",
    "structured-toeplitz": "Toeplitz",
    "structured-lower": "lower triangular",
    "structured-upper": "upper triangular",
    "structured-skew": "skew-symmetric",
    "structured-stiefel": "orthonormal",
    "structured-stiefel-canonical": "orthonormal",
}


def checked_blocks(d: Checked) -> list[Block]:
    """Return a checked derivation whole, as the command line prints it: lines, result, evidence."""
    from derive import to_text

    shapes = ", ".join(
        f"{name}: {shape if isinstance(shape, str) else ' x '.join(map(str, shape))}"
        for name, shape in d.problem.shape_texts().items()
    )
    assumed = "".join(f"\n{fact}" for fact in d.problem.assumption_texts())
    return [
        Math(d.left_side, f"f = {to_text(d.problem.expr)}\n{shapes}{assumed}"),
        *line_blocks(d),
        Box(
            "result",
            "Result",
            [
                *map(result, d.parts or (d,)),
                *(Paragraph(f"  holds where {literal(c)}") for c in d.conditions),
            ],
        ),
        Heading("Evidence"),
        evidence_table(d.evidence),
    ]


def line_blocks(d: derive.Derivation, checks: Sequence[StepCheck] = ()) -> list[Block]:
    """Return the lines of a derivation under the names of its sweeps; `checks` are those of its nodes."""
    blocks: list[Block] = []
    checked = _checks_by_line(d, checks)
    for heading, steps in groupby(d.steps, partial(_sweep, d)):
        numbered = [
            (s, checked.get(s.index))
            for s in steps
            if s.phase != "result" or (s.index < len(d.steps) and not d.parts)
        ]
        if not numbered:
            continue
        blocks.append(Heading(heading))
        if any(check for _, check in numbered):
            blocks.append(Paragraph(CHECKED_TIE if numbered[0][0].phase == "structure" else CHECKED))
        lines = [Line(s.equation, s.text, literal(s.rule), check) for s, check in numbered]
        blocks.append(Derivation(lines, start=numbered[0][0].index))
    return blocks


def _sweep(d: derive.Derivation, step: NodeStep) -> str:
    """The name of the sweep that a line is part of; a Hessian's come after those of the gradient."""
    first = d.inner is not None and step.index <= len(d.inner.steps)
    forward = d.forward and not first
    of = " of the gradient" if d.inner is not None and not first else ""
    if step.phase == "forward":
        return f"Forward: the value of every node{of}"
    if step.phase == "structure":
        return "Structure: the entries that move together"
    return f"Forward: the tangent of every node{of}" if forward else "Backward: the adjoint of every node"


def _checks_by_line(d: derive.Derivation, checks: Sequence[StepCheck]) -> dict[int, Check]:
    """The check of every line that gives a node its whole derivative, or ties entries, by the line's number.

    A line that adds one path of several has its check where they are summed.
    """
    found: dict[int, Check] = {}
    parts = [(d, d.steps)]
    if d.inner is not None:
        split = len(d.inner.steps)
        parts = [(d.inner, d.steps[:split]), (d, d.steps[split:])]
    rest = iter(checks)
    for derivation, steps in parts:
        last = {s.name: s.index for s in steps if s.phase in ("backward", "sum")}
        for _, check in zip(derivation.graph.nodes, rest, strict=False):
            if check.name in last:
                found[last[check.name]] = Check(check.verdict, _figures(check))
        tie = next((s.index for s in steps if s.phase == "structure"), None)
        if tie is not None and (tied := next(rest, None)) is not None:
            found[tie] = Check(tied.verdict, _figures(tied))
    return found


def _figures(check: StepCheck) -> str:
    """The findings on one node in a short line, in full where one of them does not agree."""
    if check.verdict != "agrees":
        return finding("; ".join(f"{e.method}: {e.figure}" for e in check.evidence))
    exact, differences = (e.details for e in check.evidence)
    digits = "all digits" if exact["gap"] == 0 else f"{-math.ceil(math.log10(exact['gap']))} digits"
    return finding(f"{digits}; {differences['difference']:.0e} ± {differences['error']:.0e}")


def code_of(d: derive.Derivation) -> str:
    """Return a derivative as a NumPy function without what the chapter says already: its docstring."""
    return _DOCSTRING.sub("", d.to_code("numpy", guarded=False), count=1).rstrip()


def results(d: derive.Derivation) -> list[Math]:
    """Return the result, by several variables one each."""
    return [result(part, part.key) for part in d.parts] if d.parts else [result(d)]


def result(d: derive.Derivation, key: str = "") -> Math:
    """Return the result, and the names that it uses; `key` names it among several."""
    from derive import latex, to_text

    names = "".join(f"\n  where {name} = {to_text(expr)}" for name, expr in d.where)
    where = r",\quad ".join(f"{name} = {latex(expr)}" for name, expr in d.where)
    equation = f"{d.left_side} = {latex(d.short)}"
    if where:
        equation = rf"{equation} \quad\text{{where}}\quad {where}"
    kind = "hessian" if "," in key else d.kind
    by = f" by {key}" if key else ""
    return Math(equation, f"{kind}{by} = {to_text(d.short)}{names}")


def conditions(d: derive.Derivation) -> list[Block]:
    """Return where the result holds, and what else to know of it."""
    shown = _conditions_as_formulas(d)
    return [
        *(
            Paragraph(f"Holds where {shown.get(condition, literal(condition))}.")
            for condition in d.conditions
        ),
        *(Paragraph(f"Note: {literal(note)}.") for note in d.notes),
    ]


def _conditions_as_formulas(d: derive.Derivation) -> dict[str, str]:
    """The conditions of all nodes in the text language, each with what it says as running text."""
    from derive import latex, to_text

    graphs = [d.graph, d.inner.graph] if d.inner is not None else [d.graph]
    shown = {}
    for node in (node for graph in graphs for node in graph.nodes):
        if node.operation is not None and node.operation.holds:
            said, x = node.operation.holds, node.arguments[0]
            shown[said.format(x=to_text(x), y=node.expr)] = said.format(x=f"${latex(x)}$", y=node.expr)
    return shown


def statement(d: derive.Derivation) -> list[str]:
    """Return the shapes and the assumptions of a problem, a sentence each."""
    return [sentence for sentence in (_shapes(d), _assumptions(d)) if sentence]


def _shapes(d: derive.Derivation) -> str:
    from derive import latex

    matrices, scalars = [], []
    for name, shape in d.problem.shape_texts().items():
        symbol = latex(d.problem.symbols[name])
        if isinstance(shape, str):
            scalars.append(f"${symbol}$")
        else:
            matrices.append(rf"${symbol}$ is ${shape[0]} \times {shape[1]}$")
    numbers = f"{_and(scalars)} {'are scalars' if len(scalars) > 1 else 'is a scalar'}" if scalars else ""
    return f"Here {'; '.join(filter(None, (_and(matrices), numbers)))}."


def _assumptions(d: derive.Derivation) -> str:
    from derive import latex

    facts = []
    for kind, name in sorted(d.problem.assumptions):
        symbol = latex(d.problem.symbols[name])
        if kind in _RANGES:
            facts.append(f"${symbol}$ ranges over the {_RANGES[kind]} matrices")
        else:
            facts.append(f"${_FACTS[kind].format(x=symbol)}$")
    return f"Assumed: {_and(facts)}." if facts else ""


def _and(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""


def evidence_table(evidence: Sequence[Evidence], caption: str = "") -> Table:
    """Return what each method found. Times are left out, so that the same run prints the same bytes.

    Methods that do not apply are left out too, where another does.
    """
    shown = [e for e in evidence if e.applies] or evidence
    rows: list[list[Cell]] = [[literal(e.method), Check(e.verdict), finding(e.figure)] for e in shown]
    return Table(["method", "verdict", "finding"], rows, caption)


def graph_figures(d: derive.Derivation, name: str) -> list[Figure]:
    """Return the computational graph with the adjoint (or tangent) of every node; none for a constant."""
    from derive import latex

    if not d.graph.nodes:
        return []
    variables = ", ".join(latex(x) for x in d.problem.wrt)
    kind = "tangent" if d.forward else "adjoint"
    caption = f"The computational graph: the nodes that depend on ${variables}$, each with its {kind}."
    draw = partial(computational_graph, graph_nodes(d))
    return [Figure(name, draw, caption, f"computational graph of {len(d.graph.nodes)} nodes")]


def shown_graph(d: derive.Derivation, name: str) -> list[Block]:
    """Return the computational graph with a sentence that refers to it."""
    figures = graph_figures(d, name)
    said = Paragraph(
        f"{ref(name, 'The figure')} shows the computational graph, and the derivative at each node."
    )
    return [said, *figures] if figures else []


def graph_nodes(d: derive.Derivation) -> list[Vertex]:
    """Return the nodes of a derivation's graph as nodes of the picture."""
    from derive import latex

    derivatives = _derivatives(d)
    nodes = []
    for node in d.graph.nodes:
        label = latex(node.symbol)
        value = latex(d.graph.named(node))
        if value != label:
            label += f" = {value}"
        parents = tuple(parent for parent in node.parents if parent is not None)
        nodes.append(Vertex(label, parents, node.is_variable, derivatives.get(node.name, "")))
    return nodes


def _derivatives(d: derive.Derivation) -> Mapping[str, str]:
    """The equation of each node's adjoint or tangent, by the node's name: over several paths, the terms in a row."""
    equations: dict[str, str] = {}
    for step in _own_steps(d):
        if step.phase != "backward":
            continue
        _, added, term = step.equation.partition(_ADDED)
        if added and step.name in equations:
            equations[step.name] += term if term.startswith("-") else f" + {term}"
        else:
            equations[step.name] = step.equation.replace(_ADDED, "= ")
    return equations


def _own_steps(d: derive.Derivation) -> Iterator[NodeStep]:
    """The lines of a derivation without those of the one that it continues."""
    yield from d.steps[len(d.inner.steps) if d.inner is not None else 0 :]
