"""A derivation: the result, and the lines that lead to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from sympy import Expr

from derive import algebra
from derive.algebra import M
from derive.backprop import Sweep
from derive.facts import assuming
from derive.graph import Graph, Node, symbol
from derive.language.latex import latex
from derive.language.numpy_code import to_numpy
from derive.language.text import to_text
from derive.present import abbreviate
from derive.problem import Problem

Kind = Literal["gradient", "jacobian", "hessian", "differential"]
Phase = Literal["forward", "backward", "sum", "result"]


@dataclass(frozen=True)
class Step:
    """A line of a derivation.

    `rule` is the operation's name in the field, `equation` the line in LaTeX, `text` the same in the text
    language (the adjoint of W is W_bar, the tangent dW). `node` is the subexpression that the line is about,
    under its `name`; `value` is what the line gives it, written out in the variables. `source` is where the
    rule is from.
    """

    index: int
    phase: Phase
    rule: str
    node: Expr
    name: str
    equation: str
    text: str
    value: Expr
    source: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the line as a JSON-ready dictionary."""
        return {
            "index": self.index,
            "phase": self.phase,
            "rule": self.rule,
            "name": self.name,
            "node": to_text(self.node),
            "text": self.text,
            "latex": self.equation,
            "value": to_text(self.value),
            "source": self.source,
        }


@dataclass(frozen=True)
class Derivation:
    """The derivative of a problem's expression, with every line that leads to it.

    `result` is a SymPy expression: in the shape of the variable for a gradient, J[i, j] = d y_i/d x_j for a
    Jacobian, linear in the directions dX for a differential. `conditions` say where it holds, `notes` what
    else to know. `graph` is the computational graph, `sweep` its adjoints (or tangents).
    """

    problem: Problem
    kind: Kind
    result: Expr
    graph: Graph
    sweep: Sweep
    conditions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    directions: dict[Expr, Expr] = field(default_factory=dict)
    inner: Derivation | None = None

    @property
    def forward(self) -> bool:
        """Tell whether the sweep carries tangents forward (else adjoints back)."""
        return bool(self.directions)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Return the lines, in order."""
        with assuming(self.problem.assumptions):
            before = list(self.inner.steps) if self.inner is not None else []
            return tuple(_Lines(self, before).all())

    @cached_property
    def where(self) -> tuple[tuple[str, Expr], ...]:
        """Return the subexpressions of the result that are worth a name, as (name, expression)."""
        return self._abbreviated[1]

    @cached_property
    def short(self) -> Expr:
        """Return the result in terms of the names of `where`."""
        return self._abbreviated[0]

    @cached_property
    def _abbreviated(self) -> tuple[Expr, tuple[tuple[str, Expr], ...]]:
        return abbreviate(self.result, set(self.problem.symbols) | set(self.problem.sizes))

    @property
    def left_side(self) -> str:
        """Return what is derived, in LaTeX: ∇_W f, ∂f/∂x, ∇² f or df."""
        names = ", ".join(latex(x) for x in self.problem.wrt)
        if self.kind == "gradient":
            return rf"\nabla_{{{names}}} f"
        if self.kind == "jacobian":
            return rf"\frac{{\partial f}}{{\partial {names}}}"
        if self.kind == "hessian":
            return r"\mathrm{d}\nabla f" if self.directions and self.inner else rf"\nabla_{{{names}}}^{{2}} f"
        return r"\mathrm{d}f"

    def symbols(self) -> dict[str, Expr]:
        """Return all names that the result may use: those of the problem, and the directions where it is a map."""
        named = dict(self.problem.symbols)
        x = self.problem.wrt[0]
        operator = self.kind == "hessian" and algebra.shape(x)[1] != 1
        if self.kind == "differential" or (operator and algebra.shape(self.result) == algebra.shape(x)):
            named.update({d.name: d for d in self.directions.values()})
        return named

    def to_text(self) -> str:
        """Return the result in the text language."""
        return to_text(self.result)

    def to_latex(self, name_parts: bool = True) -> str:
        """Return the result as a LaTeX equation, repeated parts named in a `where`."""
        if not name_parts or not self.where:
            return f"{self.left_side} = {latex(self.result)}"
        parts = r",\quad ".join(f"{latex(_like(n, e))} = {latex(e)}" for n, e in self.where)
        return rf"{self.left_side} = {latex(self.short)} \quad \text{{where}} \quad {parts}"

    def to_numpy(self, name: str = "f") -> str:
        """Return the source of one function of all names, by keyword, that evaluates the result."""
        return to_numpy(self.result, self.symbols(), name)

    def to_dict(self) -> dict[str, Any]:
        """Return the derivation as a JSON-ready dictionary."""
        return {
            "expr": to_text(self.problem.expr),
            "wrt": ",".join(x.name for x in self.problem.wrt),
            "kind": self.kind,
            "shapes": self.problem.shape_texts(),
            "assumptions": self.problem.assumption_texts(),
            "result": self.to_text(),
            "latex": latex(self.result),
            "where": [{"name": n, "expr": to_text(e)} for n, e in self.where],
            "short": to_text(self.short),
            "numpy": self.to_numpy(),
            "conditions": list(self.conditions),
            "notes": list(self.notes),
            "steps": [s.to_dict() for s in self.steps],
        }

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"

    def __str__(self) -> str:
        lines = []
        for s in self.steps:
            lines.append(f"{s.index:3}  {s.text:<58} {s.rule}")
        lines.append("")
        lines.append(f"{self.kind} = {to_text(self.short)}")
        lines += [f"  where {n} = {to_text(e)}" for n, e in self.where]
        lines += [f"  holds where {c}" for c in self.conditions]
        lines += [f"  note: {n}" for n in self.notes]
        return "\n".join(lines)


def _like(name: str, expr: Expr) -> Expr:
    return symbol(name, expr)


class _Lines:
    """Writes the lines of a derivation in terms of the names of its nodes."""

    def __init__(self, d: Derivation, before: list[Step]) -> None:
        self.d = d
        self.steps = before
        self.marker = "d" if d.forward else "_bar"

    def all(self) -> list[Step]:
        graph = self.d.graph
        for node in graph.nodes:
            if node.operation is not None:
                value = graph.named(node)
                self._add(
                    "forward", node.operation.name, node, node.symbol, value, node.expr, node.operation.source
                )
        if graph.nodes:
            self._tangents() if self.d.forward else self._adjoints()
        self._result()
        return self.steps

    def _derivative(self, node: Node) -> Expr:
        if self.d.forward:
            return self.d.directions.get(node.expr) or symbol("d" + node.name, node.expr)
        return symbol(node.name + "_bar", node.expr)

    def _add(
        self,
        phase: Any,
        rule: str,
        node: Node,
        left: Expr,
        right: Expr,
        value: Expr,
        source: str,
        sign: str = "=",
    ) -> None:
        relation = "=" if sign == "=" else r"\mathrel{+}="
        self.steps.append(
            Step(
                len(self.steps) + 1,
                phase,
                rule,
                node.expr,
                node.name,
                f"{latex(left)} {relation} {latex(right)}",
                f"{to_text(left)} {sign} {to_text(right)}",
                value,
                source,
            )
        )

    def _adjoints(self) -> None:
        graph, sweep = self.d.graph, self.d.sweep
        root = graph.nodes[-1]
        seed = sweep.values[root.index]
        if not root.is_variable or seed != 1:
            self._add(
                "backward", "seed", root, self._derivative(root), seed, seed, "the derivative of f by itself"
            )
        received: dict[int, list[Expr]] = {n.index: [] for n in graph.nodes}
        paths = {n.index: len(graph.children(n)) for n in graph.nodes}
        for c in sweep.contributions:
            parent = graph.nodes[c.node.parents[c.place]]  # type: ignore[index]
            g = self._derivative(c.node)
            named = graph.named_arguments(c.node)
            value = c.node.operation.pull(M(g), M(graph.named(c.node)), named, c.place).e  # type: ignore[union-attr]
            several = paths[parent.index] > 1
            received[parent.index].append(value)
            rule = c.node.operation.name  # type: ignore[union-attr]
            if several:
                rule += f" (path {len(received[parent.index])} of {paths[parent.index]})"
            self._add("backward", rule, parent, self._derivative(parent), value, c.value,
                      c.node.operation.source, "+=" if several else "=")  # type: ignore[union-attr] # fmt: skip
            if several and len(received[parent.index]) == paths[parent.index]:
                total = algebra.add(*received[parent.index])
                self._add(
                    "sum",
                    f"sum over {paths[parent.index]} paths",
                    parent,
                    self._derivative(parent),
                    total,
                    sweep.values[parent.index],
                    "the chain rule adds over all paths",
                )

    def _tangents(self) -> None:
        graph, sweep = self.d.graph, self.d.sweep
        for node in graph.nodes:
            if node.is_variable:
                continue
            named = graph.named_arguments(node)
            y = M(graph.named(node))
            terms = []
            for place, parent in enumerate(node.parents):
                if parent is not None:
                    d = M(self._derivative(graph.nodes[parent]))
                    terms.append(node.operation.push(d, y, named, place).e)  # type: ignore[union-attr]
            value = sweep.values[node.index]
            self._add("forward" if not self.d.forward else "backward", node.operation.name, node,  # type: ignore[union-attr]
                      self._derivative(node), algebra.add(*terms), value, node.operation.source)  # type: ignore[union-attr] # fmt: skip

    def _result(self) -> None:
        d = self.d
        name = {"gradient": "gradient", "jacobian": "Jacobian", "hessian": "Hessian"}.get(
            d.kind, "differential"
        )
        self.steps.append(
            Step(
                len(self.steps) + 1,
                "result",
                f"the {name}, simplified",
                d.problem.expr,
                "f",
                f"{d.left_side} = {latex(d.result)}",
                f"{name} = {to_text(d.result)}",
                d.result,
            )
        )
