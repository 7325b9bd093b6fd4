"""Expressions as one function in a language: what goes in, the plan, what comes out."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from sympy import Expr, Inverse, Symbol

from derive.code.door import (
    JULIA_RESERVED,
    RESERVED,
    UNGUARDED,
    door,
    follows,
    julia_door,
    octave_door,
)
from derive.code.gather import gathered
from derive.code.lower import Lowering
from derive.code.others import without_quotients
from derive.code.plan import Branch, Node, Plan, post_order
from derive.code.printer import Printer
from derive.code.program import Program
from derive.code.removable import removable
from derive.code.scaling import scaled
from derive.code.sizes import examples, total
from derive.code.softmax import expanded
from derive.code.stable import stable
from derive.code.targets import TARGETS, Target
from derive.code.tidy import tidy
from derive.errors import InputError
from derive.expression import algebra
from derive.expression.facts import assuming
from derive.expression.functions import Adjugate
from derive.operations import by_name
from derive.operations.unknown import KERNEL, callable_name

#: (rows, rank) of the products whose rank is by far the smaller.
Thin = tuple[tuple[Any, Any], ...]


@dataclass(frozen=True)
class Output:
    """A value of the function: the ways to compute it that are equal, and the variable whose kind it takes."""

    candidates: tuple[Expr, ...]
    wrt: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[Any, Any]:
        """Return the shape."""
        return algebra.shape(self.candidates[0])

    @property
    def ways(self) -> tuple[Expr, ...]:
        """Return the candidates that hold wherever the first does: none inverts what that has an adjugate of."""
        first, *others = self.candidates
        if not first.has(Adjugate):
            return self.candidates
        return (first, *(c for c in others if c.atoms(Inverse) <= first.atoms(Inverse)))


def plan(
    outputs: Sequence[Output],
    symbols: Mapping[str, Expr],
    defined: Mapping[Expr, str] | None = None,
    of_thin: Callable[[Thin], Program | None] = lambda pairs: None,
) -> tuple[Plan, Any]:
    """Return the cheapest plan of some outputs, one branch more where a low rank is worth it at some sizes.

    `defined` are the names of parts, which their values then have. `of_thin` gives a program of the same outputs in
    terms of the small matrices of low ranks, of which (rows, rank) are given, where there is one.
    """
    dense, low = _cheapest(outputs, symbols, (), defined or {})
    branches = [Branch((), dense[1])]
    builder: Any = dense[0].b
    if low:
        pairs = tuple(dict.fromkeys(low))
        thin, _ = _cheapest(outputs, symbols, pairs, defined or {}, of_thin(pairs))
        certain = all(rank == 1 for _, rank in pairs)
        branches = [Branch(pairs, thin[1])] if certain else [Branch(pairs, thin[1]), *branches]
        builder = thin[0].b if certain else _Both(thin[0].b, builder)
    return Plan(tuple(branches)), builder


class _Both:
    """Two builders, of a branch each."""

    def __init__(self, *builders: Any) -> None:
        self.builders = builders


def _cheapest(
    outputs: Sequence[Output],
    symbols: Mapping[str, Expr],
    thin: Thin,
    defined: Mapping[Expr, str],
    program: Program | None = None,
) -> tuple[tuple[Lowering, tuple[Node, ...]], list[Any]]:
    """Return the cheapest way over what is equal: the formula as it is shown, the sweep as it was run, a program."""
    sizes = examples(thin)
    best = None
    for lowering, roots in _ways(outputs, symbols, thin, defined, program):
        price = sum(total(roots, at) ** 0.5 for at in sizes)
        if best is None or price < best[0] * 0.9995:
            best = (price, lowering, roots)
    assert best is not None
    b = best[1].b
    whole = gathered(tidy(stable(without_quotients(best[2], b), b), b), b)
    return (best[1], removable(scaled(whole, b, sizes) if thin else whole, b)), best[1].low


def _ways(
    outputs: Sequence[Output],
    symbols: Mapping[str, Expr],
    thin: Thin,
    defined: Mapping[Expr, str],
    program: Program | None,
) -> Iterator[tuple[Lowering, tuple[Node, ...]]]:
    ways = range(max(len(o.ways) for o in outputs))
    orders = (False, True) if any(o.shape != (1, 1) for o in outputs) and len(outputs) > 1 else (False,)
    for way, numbers_first, through in product(ways, orders, (False, True) if thin else (False,)):
        lowering = Lowering(symbols, thin, defined, through)
        nodes: list[Node | None] = [None] * len(outputs)
        for k in sorted(range(len(outputs)), key=lambda k: (outputs[k].shape == (1, 1)) != numbers_first):
            o = outputs[k]
            nodes[k] = lowering.node(o.ways[min(way, len(o.ways) - 1)])
        yield lowering, tuple(n for n in nodes if n is not None)
    if program is not None:
        lowering = Lowering(symbols, thin, defined)
        with assuming(program.known):
            for name, body in program.lines:
                lowering.bound[name] = lowering.loose(body)
            yield lowering, tuple(lowering.node(e) for e in program.outputs)


def source(
    outputs: Sequence[Output],
    symbols: Mapping[str, Expr],
    target: str = "numpy",
    name: str = "f",
    doc: str = "",
    guarded: bool = True,
    costs: bool = False,
    made: tuple[Plan, Any] | None = None,
) -> str:
    """Return the source of a function of the symbols, by keyword, that gives the outputs, a tuple if several.

    Vectors come as 1-D arrays or (n, 1) columns, and the answer is in kind; with `guarded` false, arrays are taken
    as they come. `made` is a plan that was made already. Raises InputError for a target that is none, and for a function that the target lacks.
    """
    if target not in TARGETS:
        raise InputError(f"there is no target {target}: expected one of {', '.join(TARGETS)}")
    planned, builder = made or plan(outputs, symbols)
    return _Function(TARGETS[target], outputs, symbols, planned, builder, name, doc, guarded, costs).text()


def compiled(text: str, target: str = "numpy", name: str = "f") -> Any:
    """Return the function of a source that `source` wrote. Raises InputError for a language that Python is not."""
    if target in TARGETS and TARGETS[target].closed:
        raise InputError(f"{TARGETS[target].words} code is no Python function: print it with to_code")
    scope: dict[str, Any] = {}
    exec(text, scope)  # printed from a SymPy expression, of which names are words
    return scope[name]


class _Function:
    """The text of one function."""

    def __init__(
        self, target: Target, outputs: Sequence[Output], symbols: Mapping[str, Expr], made: Plan, builder: Any,
        name: str, doc: str, guarded: bool, costs: bool,
    ) -> None:  # fmt: skip
        self.target, self.outputs, self.symbols, self.plan = target, outputs, symbols, made
        if guarded:
            self.target = target.with_helpers
        self.builder, self.name, self.doc, self.guarded, self.costs = builder, name, doc, guarded, costs
        reserved = {"np", "jnp", "jax", "torch", "math", "scipy", "kwargs", "float", *RESERVED}
        odd = (
            {n for n in symbols if keyword.iskeyword(n) or n in reserved}
            if not target.closed
            else {n for n in symbols if n in JULIA_RESERVED}
            if target.name == "julia"
            else set()
        )
        self.names = {n: f"{n}_" if n in odd else n for n in symbols}
        called = {n.params[0] for b in made.branches for n in post_order(b.outputs) if n.op == "call"}
        self.callables = sorted(
            callable_name(entry.head.symbol, entry.head.order)
            for word in called
            if (entry := by_name(word)) is not None and entry.kernel == KERNEL
        )
        if taken := set(self.callables) & set(symbols):
            raise InputError(
                f"{min(taken)} is a variable and a function that the code is given: rename the variable"
            )
        self.flat = [tuple(follows(o.shape, symbols, o.wrt)) if guarded else () for o in outputs]
        self.kinds = list(dict.fromkeys(f for f in self.flat if f))

    def text(self) -> str:
        """Return the source."""
        taken = {*self.names.values(), *self.symbols, *RESERVED}
        builders = self.builder.builders if isinstance(self.builder, _Both) else (self.builder,)
        printers: list[Printer] = []
        bodies = []
        for branch, b in zip(self.plan.branches, builders, strict=True):
            printer = Printer(self.target, self.names, self.symbols, taken, self.costs)
            if printers:
                printer.share(printers[0])
            values = printer.outputs(expanded(branch.outputs, b, self.target, not self.guarded), b.called)
            condition = " and ".join(f"{printer.size(a)} > {printer.size(r)}" for a, r in branch.condition)
            bodies.append((condition, [*printer.lines, *self._returned(values)]))
            printers.append(printer)
        body = [line for _, line in printers[0].sizes.values()]
        for k, (condition, lines) in enumerate(bodies):
            if k + 1 < len(bodies):
                colon, last = ("", [self.target.closed]) if self.target.closed else (":", [])
                leave = ["return"] if self.target.name == "octave" else []
                body += [f"if {condition}{colon}", *[f"    {line}" for line in [*lines, *leave]], *last]
            else:
                body += lines
        given = {s.name: s for s in printers[0].given if s.name not in self.symbols}
        modules = {m for p in printers for m in p.modules}
        if self._is_helped(body):
            modules |= {m for m in self.target.imports if f"{m}." in self.target.helpers}
        if self.target.closed:
            return self._octave(body, given) if self.target.name == "octave" else self._julia(body, given)
        return self._python(body, given, modules)

    def _is_helped(self, body: list[str]) -> bool:
        """Tell whether the lines call functions that the code brings along."""
        return self.guarded and bool(self.target.helpers) and any("cholesky(" in line for line in body)

    def _returned(self, values: list[str]) -> list[str]:
        """Return the lines that give the values back, each of the kind that its variable came in."""
        octave = self.target.name == "octave"
        lines, texts = [], []
        for k, (value, flat) in enumerate(zip(values, self.flat, strict=True), 1):
            name = "value" if len(values) == 1 else f"value{k}"
            if octave or flat:
                lines.append(f"{name} = {value}{self.target.end}")
            if flat:
                text = self.target.operations["flatten"].format(name)
                texts.append(
                    f"({self._kind(flat)} ? {text} : {name})"
                    if self.target.closed
                    else f"{text} if {self._kind(flat)} else {name}"
                )
            else:
                texts.append(value)
        if octave:
            return lines
        return [
            *lines,
            f"return {', '.join(texts)}" if len(texts) == 1 else f"return {', '.join(map(_closed, texts))}",
        ]

    def _kind(self, flat: tuple[str, ...]) -> str:
        return "flat" if len(self.kinds) == 1 else f"flat{self.kinds.index(flat) + 1}"

    def _python(self, body: list[str], given: Mapping[str, Symbol], modules: set[str]) -> str:
        symbols = {**self.symbols, **given}
        names = {**self.names, **{n: n for n in given}}
        plain = [n for n in symbols if names[n] == n]
        odd = [n for n in symbols if names[n] != n]
        signature = ", ".join([*plain, *self.callables, *(["**kwargs"] if odd else [])])
        head = (
            ['"""' + self.doc.replace("\\", "\\\\") + '\n"""']
            if "\n" in self.doc
            else [f'"""{self.doc}"""']
            if self.doc
            else []
        )
        first = next(iter(self.target.imports))
        imports = [first, *[m for m in self.target.imports if m in modules and m != first]]
        helpers = self.target.helpers.splitlines() if self._is_helped(body) else []
        code = [self.target.imports[m] for m in imports]
        code += [f'{n}_ = kwargs["{n}"]' for n in odd]
        if self.guarded:
            code += ["", *door(names, symbols, self.kinds, list(given), self.target), ""]
            code += [*helpers, ""] if helpers else []
        elif any("dtype" in line for line in body):
            code.append(UNGUARDED[self.target.name])
        lines = [*(line for part in head for line in part.splitlines()), *code, *body]
        return f"def {self.name}({signature}):\n" + "".join(f"    {line}".rstrip() + "\n" for line in lines)

    def _julia(self, body: list[str], given: Mapping[str, Symbol]) -> str:
        names = [*self.names.values(), *given, *self.callables]
        said = self.doc.replace("\\", "\\\\").replace("$", "\\$").replace('"""', '\\"\\"\\"')
        doc = ['"""', *said.splitlines(), "", f"Julia's code is {self.target.note}.", '"""']
        lines = [*julia_door(self.names, self.symbols, self.kinds, list(given)), *body]
        code = "".join(f"    {line}".rstrip() + "\n" for line in lines)
        head = "\n".join(line.rstrip() for line in doc)
        return f"using LinearAlgebra\n\n{head}\nfunction {self.name}(; {', '.join(names)})\n{code}end\n"

    def _octave(self, body: list[str], given: Mapping[str, Symbol]) -> str:
        names = [*self.names.values(), *given, *self.callables]
        values = (
            ["value"] if len(self.outputs) == 1 else [f"value{k}" for k in range(1, len(self.outputs) + 1)]
        )
        head = f"function [{', '.join(values)}] = {self.name}({', '.join(names)})"
        doc = [f"% {line}".rstrip() for line in self.doc.splitlines()]
        lines = [*doc, *octave_door(self.names, self.symbols, list(given)), *body]
        return f"{head}\n" + "".join(f"    {line}".rstrip() + "\n" for line in lines) + "end\n"


def _closed(text: str) -> str:
    return f"({text})" if " if " in text else text
