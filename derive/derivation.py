"""A derivation: the result, and the lines that lead to it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from sympy import Expr

from derive.backprop import Sweep
from derive.code import Output, Plan, compiled, plan, source
from derive.code.low_rank import thinned
from derive.code.program import Program, forward, program, reverse
from derive.display import Shown, write_report
from derive.expression import algebra
from derive.expression.algebra import M
from derive.expression.facts import assuming
from derive.graph import Graph, Node, symbol
from derive.language import lambdified  # noqa: F401 - every result is one that lambdify takes
from derive.language.latex import latex
from derive.language.text import to_text
from derive.problem import Problem, beyond_a_point
from derive.simplify.cost import cost
from derive.simplify.names import abbreviate, in_names
from derive.step import Step
from derive.structured import structures, tied

Kind = Literal["gradient", "jacobian", "hessian", "differential"]
Phase = Literal["forward", "backward", "sum", "structure", "result"]
#: Operations of a result that is written out whole in its line.
LONGEST = 2000


@dataclass(frozen=True)
class NodeStep(Step):
    """A line about a node of the computational graph, or about the result.

    `text` is the line in the text language (the adjoint of W is W_bar, the tangent dW). `node` is the subexpression
    that the line is about, under its `name`; `value` is what the line gives it, written out in the variables.
    """

    index: int = field(kw_only=True)
    phase: Phase = field(kw_only=True)
    node: Expr = field(kw_only=True)
    name: str = field(kw_only=True)
    value: Expr = field(kw_only=True)

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
class Derivation(Shown):
    """The derivative of a problem's expression, with every line that leads to it.

    `result` is a SymPy expression: in the shape of the variable for a gradient, J[i, j] = d y_i/d x_j for a
    Jacobian, linear in the directions dX for a differential. `conditions` say where it holds, `notes` what
    else to know. `graph` is the computational graph, `sweep` its adjoints (or tangents), and `tie` what they come to
    where the entries of the variable are tied to each other. By several variables, `parts` are the derivations by each
    (a Hessian's by each pair), which share the graph and the sweep, and `result` is the tuple of their results.
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
    tie: Expr | None = None
    parts: tuple[Derivation, ...] = ()

    @cached_property
    def results(self) -> dict[str, Expr]:
        """Return the result by the name of the variable; a Hessian's by several variables by pairs, "x,y"."""
        return {p.key: p.result for p in self.parts or (self,)}

    @property
    def key(self) -> str:
        """Return the name under which the result stands among those of several variables."""
        names = [x.name for x in self.problem.wrt]
        if self.kind == "jacobian" and self.inner is not None:
            return f"{self.inner.problem.wrt[0].name},{names[0]}"
        return ",".join(names)

    @property
    def forward(self) -> bool:
        """Tell whether the sweep carries tangents forward (else adjoints back)."""
        return bool(self.directions)

    @cached_property
    def steps(self) -> tuple[NodeStep, ...]:
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
        if self.parts:
            return self.result, ()
        short, defined = in_names(self.result, self.problem.definitions)
        taken = {*self.problem.symbols, *self.problem.sizes, *(n for n, _ in defined)}
        with assuming(self.problem.assumptions):
            short, named = abbreviate(short, taken)
        return short, (*defined, *named)

    @property
    def is_map(self) -> bool:
        """Tell whether the result is linear in directions that it names, as a differential is."""
        if self.kind != "hessian" or self.parts:
            return self.kind == "differential"
        shape = algebra.shape(self.problem.wrt[0])
        if shape == (1, 1) or algebra.shape(self.result) != shape:
            return False
        return shape[1] != 1 or any(self.result.has(d) for d in self.directions.values())

    @property
    def left_side(self) -> str:
        """Return what is derived, in LaTeX: ∇_W f, ∂f/∂x, ∇² f or df."""
        names = ", ".join(latex(x) for x in self.problem.wrt)
        if self.kind == "jacobian" and self.inner is not None:
            return rf"\nabla_{{{latex(self.inner.problem.wrt[0])}, {names}}}^{{2}} f"
        if self.kind == "gradient":
            return rf"\nabla_{{{names}}} f"
        if self.kind == "jacobian":
            return rf"\frac{{\partial f}}{{\partial {names}}}"
        if self.kind == "hessian":
            return r"\mathrm{d}\nabla f" if self.is_map else rf"\nabla_{{{names}}}^{{2}} f"
        return r"\mathrm{d}f"

    def symbols(self) -> dict[str, Expr]:
        """Return all names that the result may use: those of the problem, and the directions where it is a map."""
        named = dict(self.problem.symbols)
        if self.is_map:
            named.update({d.name: d for d in self.directions.values()})
        return named

    def to_text(self) -> str:
        """Return the result in the text language, of several variables one a line."""
        if self.parts:
            return "\n".join(f"{p.key}: {to_text(p.result)}" for p in self.parts)
        return to_text(self.result)

    def to_latex(self, name_parts: bool = True) -> str:
        """Return the result as a LaTeX equation, repeated parts named in a `where`."""
        if self.parts:
            return r" \\\\ ".join(p.to_latex(name_parts) for p in self.parts)
        if not name_parts or not self.where:
            return f"{self.left_side} = {latex(self.result)}"
        parts = r",\quad ".join(f"{latex(_like(n, e))} = {latex(e)}" for n, e in self.where)
        return rf"{self.left_side} = {latex(self.short)} \quad \text{{where}} \quad {parts}"

    def to_code(
        self,
        target: str = "numpy",
        value: bool = False,
        name: str = "f",
        costs: bool = False,
        guarded: bool = True,
        checked: bool = True,
    ) -> str:
        """Return the source of one function of all names, by keyword, that evaluates the result.

        `target` is numpy, jax, torch, octave or julia. With `value` it returns (value of the expression, result), which share
        what they can. Vectors come as 1-D arrays or columns and the answer is of their kind; with `guarded` false,
        arrays are taken as they come, batches of columns too. Where the derivation was checked, the plan behind the code
        is, too, unless `checked` is false, and the docstring says with what result. `costs` writes the operations beside the lines.
        Raises InputError for a target that is none or that lacks a function.
        """
        if self.parts and self.kind == "hessian" and target == "numpy":
            return self._blocks_in_numpy(name, guarded)
        with assuming(self.problem.assumptions):
            named = {e: n for n, e in self.problem.definitions if e.args and n not in self.symbols()}
            made = plan(self.outputs(value), self.symbols(), named, lambda pairs: self._of_thin(pairs, value))
            doc = self._doc(target, value, self.judged(made[0], value) if checked else [])
            return source(self.outputs(value), self.symbols(), target, name, doc, guarded, costs, made)

    def judged(self, plan: Plan, value: bool) -> list[str]:
        """Return what is known of the correctness of a plan, a line a finding: nothing, before it is checked."""
        return []

    def outputs(self, value: bool = False) -> list[Output]:
        """Return what its code gives: the results, after the value of the expression if that is asked for."""
        if self.parts:
            found = [p.outputs()[0] for p in self.parts]
            return [Output((self.problem.expr,)), *found] if value else found
        wrt = tuple(x.name for x in self.problem.wrt)
        candidates = [self.result]
        if (
            self.kind == "gradient"
            and self.tie is None
            and (node := self.graph.variable(self.problem.wrt[0]))
        ):
            candidates.append(self.sweep.values[node.index])
        if self.is_map and self.graph.nodes:
            candidates.append(self.sweep.values[self.graph.nodes[-1].index])
        result = Output(tuple(dict.fromkeys(candidates)), wrt)
        return [Output((self.problem.expr,)), result] if value else [result]

    def _of_thin(self, pairs: Sequence[tuple[Any, Any]], value: bool) -> Program | None:
        """Return the program of the outputs by the small matrices of low ranks, None where there is none."""
        variables = self.problem.wrt
        product = self.kind == "hessian" and self.is_map and not self.parts
        if any(structures(x) for x in variables) or not (self.kind == "gradient" or product):
            return None
        taken = [*self.symbols(), *map(str, self.problem.sizes)]
        with assuming(beyond_a_point(self.problem) if product else self.problem.assumptions):
            made = reverse(program(thinned(self.problem.expr, pairs), taken), variables, taken)
        if product:
            return forward(replace(made, outputs=made.outputs[1:]), self.directions, taken)
        return made if value else replace(made, outputs=made.outputs[1:])

    def _blocks_in_numpy(self, name: str, guarded: bool) -> str:
        """Return the source of a function of the Hessian by several variables, one matrix of blocks."""
        with assuming(self.problem.assumptions):
            code = source(
                self.outputs(),
                self.symbols(),
                "numpy",
                "blocks",
                self._doc("numpy", False, []),
                guarded,
                False,
            )
        inside = "".join(f"    {line}\n" if line else "\n" for line in code.rstrip().split("\n"))
        arguments = code[code.index("(") + 1 : code.index("):")]
        given = ", ".join("**kwargs" if a == "**kwargs" else f"{a}={a}" for a in arguments.split(", "))
        ends = [(1 if algebra.shape(x) == (1, 1) else -1) for x in self.problem.wrt]
        n = len(ends)
        parts = [
            f"np.atleast_2d(parts[{n * i + j}])"
            if (a, b) == (-1, -1)
            else f"np.reshape(parts[{n * i + j}], ({a}, {b}))"
            for i, a in enumerate(ends)
            for j, b in enumerate(ends)
        ]
        rows = ", ".join(f"[{', '.join(parts[i : i + n])}]" for i in range(0, n * n, n))
        return (
            f"def {name}({arguments}):\n    import numpy as np\n\n{inside}\n"
            f"    parts = blocks({given})\n    return np.block([{rows}])\n"
        )

    def function(self, target: str = "numpy", value: bool = False) -> Any:
        """Return the function of `to_code`, ready to call. Raises InputError as that does, and for octave and julia."""
        return compiled(self.to_code(target, value), target)

    def to_numpy(self, name: str = "f", guarded: bool = True) -> str:
        """Return the source of one NumPy function, as `to_code` does."""
        return self.to_code(name=name, guarded=guarded, checked=False)

    def command(self, target: str = "numpy", value: bool = False) -> str:
        """Return the command that prints its code."""
        given = self.problem
        shapes = ", ".join(
            f"{n}: {'scalar' if (r, c) == (1, 1) else to_text(r) if c == 1 else f'{to_text(r)} x {to_text(c)}'}"
            for n, (r, c) in given.shapes.items()
        )
        words = ["gradproof", self.kind, to_text(given.expr), "--wrt", ",".join(x.name for x in given.wrt)]
        words += ["--where", shapes] if shapes else []
        words += ["--assume", ", ".join(given.assumption_texts())] if given.assumptions else []
        return shlex.join([*words, "--format", target, *(["--value"] if value else [])])

    def _doc(self, target: str, value: bool, judged: list[str]) -> str:
        """Return what the function of the result says of itself, a line an entry."""
        names = ", ".join(x.name for x in self.problem.wrt)
        shapes = ", ".join(
            f"{n}: {'scalar' if (r, c) == (1, 1) else r if c == 1 else f'{r} x {c}'}"
            for n, (r, c) in ((n, algebra.shape(s)) for n, s in self.symbols().items())
        )
        what = (
            f"{to_text(self.problem.expr)} and its {self.kind}"
            if value
            else f"the {self.kind} of {to_text(self.problem.expr)}"
        )
        lines = [f"Return {what} by {names}.", ""]
        if self.parts:
            lines += [f"by {p.key}: {to_text(p.result)}" for p in self.parts]
        else:
            lines.append(f"{self.kind} = {to_text(self.short)}")
        lines += [f"  where {n} = {to_text(e)}" for n, e in self.where]
        lines += [f"holds where {c}" for c in self.conditions]
        lines += ["", shapes] if shapes else []
        if any(1 in (r, c) and (r, c) != (1, 1) for r, c in map(algebra.shape, self.symbols().values())):
            lines += ["A vector comes as a 1-D array or as a column, and the answer is of its kind."]
        return "\n".join([*lines, *judged, "", f"$ {self.command(target, value)}"])

    def to_dict(self) -> dict[str, Any]:
        """Return the derivation as a JSON-ready dictionary."""
        return {
            "expr": to_text(self.problem.expr),
            "wrt": ",".join(x.name for x in self.problem.wrt),
            "kind": self.kind,
            "shapes": self.problem.shape_texts(),
            "assumptions": self.problem.assumption_texts(),
            "result": None if self.parts else self.to_text(),
            "results": {name: to_text(e) for name, e in self.results.items()},
            "latex": {n: latex(e) for n, e in self.results.items()} if self.parts else latex(self.result),
            "where": [{"name": n, "expr": to_text(e)} for n, e in self.where],
            "short": None if self.parts else to_text(self.short),
            "numpy": self.to_numpy(),
            "conditions": list(self.conditions),
            "notes": list(self.notes),
            "steps": [s.to_dict() for s in self.steps],
        }

    def report(
        self, out: str | Path = "report", formats: Iterable[str] = ("html", "latex", "pdf")
    ) -> list[Path]:
        """Write a report on the derivation into a folder, and return its files.

        Statement, graph, lines, result, evidence, usual slips with their refutations, and code: index.html, report.tex with
        its figures and, where TeX is installed, report.pdf. Raises InputError for a folder that cannot be written to.
        """
        return write_report(self, out, formats)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"

    def __repr__(self) -> str:
        names = ", ".join(x.name for x in self.problem.wrt)
        return f"<{self.kind} of {to_text(self.problem.expr)} by {names}: {self.to_text()}>"

    def __str__(self) -> str:
        lines = []
        for s in self.steps:
            lines.append(f"{s.index:3}  {s.text:<58} {s.rule}")
        lines.append("")
        for p in self.parts or (self,):
            by = f" by {p.key}" if self.parts else ""
            lines.append(f"{self.kind}{by} = {to_text(p.short)}")
            lines += [f"  where {n} = {to_text(e)}" for n, e in p.where]
        lines += [f"  holds where {c}" for c in self.conditions]
        lines += [f"  note: {n}" for n in self.notes]
        return "\n".join(lines)


def _like(name: str, expr: Expr) -> Expr:
    return symbol(name, expr)


class _Lines:
    """Writes the lines of a derivation in terms of the names of its nodes.

    A transpose has no line of its own: it is shown as the transpose of what it is made of.
    """

    def __init__(self, d: Derivation, before: list[NodeStep]) -> None:
        self.d = d
        self.steps = before
        self.arrived: dict[int, list[Expr]] = {n.index: [] for n in d.graph.nodes}
        self.through: dict[int, str] = {}

    def all(self) -> list[NodeStep]:
        if self.d.kind == "hessian" and self.d.parts:
            return self._blocks()
        graph = self.d.graph
        for node in graph.nodes:
            if node.operation is not None and not node.is_transpose:
                self._add("forward", node.operation.name, node, node.symbol, self._named(node), node.expr,
                          node.operation.source)  # fmt: skip
        if graph.nodes:
            self._tangents() if self.d.forward else self._adjoints()
        for part in self.d.parts or (self.d,):
            if part.tie is not None:
                self._structure(part.tie, part)
        for part in self.d.parts or (self.d,):
            self._result(part)
        return self.steps

    def _blocks(self) -> list[NodeStep]:
        """Write the lines of the gradients, and of the Jacobian of each, every one numbered on."""
        for part in self.d.parts:
            first = len(part.inner.steps) if part.inner is not None else 0
            before = len(self.steps)
            self.steps += [replace(s, index=before + k) for k, s in enumerate(part.steps[first:], 1)]
        return self.steps

    # -------------------------------------------------------------------------------------- names

    def _symbol(self, node: Node) -> Expr:
        return algebra.t(self._symbol(self._parent(node))) if node.is_transpose else node.symbol

    def _parent(self, node: Node, place: int = 0) -> Node:
        index = node.parents[place]
        assert index is not None
        return self.d.graph.nodes[index]

    def _arguments(self, node: Node) -> list[Expr]:
        return [
            a if p is None else self._symbol(self.d.graph.nodes[p])
            for a, p in zip(node.arguments, node.parents, strict=True)
        ]

    def _named(self, node: Node) -> Expr:
        names = dict(zip(node.arguments, self._arguments(node), strict=True))
        return node.expr.xreplace({a: n for a, n in names.items() if a != n})

    def _derivative(self, node: Node) -> Expr:
        if self.d.forward:
            if node.is_transpose:
                return algebra.t(self._derivative(self._parent(node)))
            return self.d.directions.get(node.expr) or symbol("d" + node.name, node.expr)
        if node.is_transpose:
            return algebra.add(*self.arrived[node.index])
        return symbol(node.name + "_bar", node.expr)

    # -------------------------------------------------------------------------------------- lines

    def _add(self, phase: Any, rule: str, node: Node, left: Expr, right: Expr, value: Expr, source: str,
             sign: str = "=") -> None:  # fmt: skip
        relation = "=" if sign == "=" else r"\mathrel{+}="
        equation = f"{latex(left)} {relation} {latex(right)}"
        text = f"{to_text(left)} {sign} {to_text(right)}"
        self._write(phase, rule, node.expr, node.name, equation, text, value, source)

    def _write(self, phase: Phase, rule: str, node: Expr, name: str, equation: str, text: str, value: Expr,
               source: str) -> None:  # fmt: skip
        self.steps.append(
            NodeStep(
                rule, "", equation, text=text, source=source, index=len(self.steps) + 1, phase=phase, node=node,
                name=name, value=value,
            )
        )  # fmt: skip

    def _adjoints(self) -> None:
        graph, sweep = self.d.graph, self.d.sweep
        root = graph.nodes[-1]
        seed = sweep.values[root.index]
        if not root.is_variable or seed != 1:
            self._add("backward", "seed", root, self._derivative(root), seed, seed,
                      "the derivative of f by itself")  # fmt: skip
        for c in sweep.contributions:
            node, operation = c.node, c.node.operation
            assert operation is not None
            parent = self._parent(node, c.place)
            x = [M(a) for a in self._arguments(node)]
            value = operation.pull(M(self._derivative(node)), M(self._named(node)), x, c.place).e
            arrived = self.arrived[parent.index]
            arrived.append(value)
            if parent.is_transpose:
                self.through[parent.index] = operation.name
                continue
            paths = len(graph.children(parent))
            rule = operation.name
            if node.is_transpose:
                rule = f"{self.through[node.index]}, through {to_text(self._symbol(node))}"
            if paths > 1:
                rule += f" (path {len(arrived)} of {paths})"
            self._add("backward", rule, parent, self._derivative(parent), value, c.value, operation.source,
                      "+=" if paths > 1 else "=")  # fmt: skip
            if 1 < paths == len(arrived):
                self._add("sum", f"sum over {paths} paths", parent, self._derivative(parent),
                          algebra.add(*arrived), sweep.values[parent.index],
                          "the chain rule adds over all paths")  # fmt: skip

    def _tangents(self) -> None:
        for node in self.d.graph.nodes:
            if node.operation is None or node.is_transpose:
                continue
            x, y = [M(a) for a in self._arguments(node)], M(self._named(node))
            terms = [
                node.operation.push(M(self._derivative(self._parent(node, place))), y, x, place).e
                for place, parent in enumerate(node.parents)
                if parent is not None
            ]
            self._add("backward", node.operation.name, node, self._derivative(node), algebra.add(*terms),
                      self.d.sweep.values[node.index], node.operation.source)  # fmt: skip

    def _structure(self, value: Expr, part: Derivation) -> None:
        """Write what ties the entries of the variable to each other, in terms of its adjoint where there is one."""
        x = part.problem.wrt[0]
        node, found = self.d.graph.variable(x), structures(x)
        right = value if self.d.forward or node is None else tied(self._derivative(node), x)
        rule = "; ".join(s.words.format(x=x.name) for s in found)
        self._final("structure", rule, right, value, ", ".join(s.source for s in found), part)

    def _result(self, part: Derivation) -> None:
        by = f" by {part.key}" if self.d.parts else ""
        # Of shared parts a text may grow without bound; then the names of `where` are its readers' only hope.
        right = part.result if cost(part.result) <= LONGEST else part.short
        self._final("result", f"the {self._kind}{by}, simplified", right, part.result, part=part)

    @property
    def _kind(self) -> str:
        return {"jacobian": "Jacobian", "hessian": "Hessian"}.get(self.d.kind, self.d.kind)

    def _final(
        self,
        phase: Phase,
        rule: str,
        right: Expr,
        value: Expr,
        source: str = "",
        part: Derivation | None = None,
    ) -> None:
        """Write a line on the derivative itself."""
        left = (part or self.d).left_side
        by = f" by {part.key}" if part is not None and self.d.parts else ""
        equation, text = f"{left} = {latex(right)}", f"{self._kind}{by} = {to_text(right)}"
        self._write(phase, rule, self.d.problem.expr, "f", equation, text, value, source)
