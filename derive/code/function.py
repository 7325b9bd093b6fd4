"""Expressions as one function in a language: what goes in, the plan, what comes out."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Symbol

from derive import algebra
from derive.code.builder import Builder
from derive.code.door import RESERVED, door, follows
from derive.code.lower import Lowering
from derive.code.plan import Branch, Node, Plan
from derive.code.printer import Printer, expanded
from derive.code.sizes import examples, total
from derive.code.targets import TARGETS, Target
from derive.errors import InputError


@dataclass(frozen=True)
class Output:
    """A value of the function: the ways to compute it that are equal, and the variable whose kind it takes."""

    candidates: tuple[Expr, ...]
    wrt: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[Any, Any]:
        """Return the shape."""
        return algebra.shape(self.candidates[0])


def plan(outputs: Sequence[Output], symbols: Mapping[str, Expr]) -> tuple[Plan, Builder]:
    """Return the cheapest plan of some outputs, one branch more where a low rank is worth it at some sizes."""
    dense, low = _cheapest(outputs, symbols, thin=())
    branches = [Branch((), dense[1])]
    builder = dense[0].b
    if low:
        pairs = tuple(dict.fromkeys(low))
        thin, _ = _cheapest(outputs, symbols, pairs)
        certain = all(rank == 1 for _, rank in pairs)
        branches = [Branch(pairs, thin[1])] if certain else [Branch(pairs, thin[1]), *branches]
        if certain:
            builder = thin[0].b
        else:
            builder = _Both(thin[0].b, builder)
    return Plan(tuple(branches)), builder


class _Both:
    """Two builders, of a branch each."""

    def __init__(self, *builders: Any) -> None:
        self.builders = builders


def _cheapest(
    outputs: Sequence[Output], symbols: Mapping[str, Expr], thin: tuple[tuple[Any, Any], ...]
) -> tuple[tuple[Lowering, tuple[Node, ...]], list[Any]]:
    """Return the cheapest way over what is equal: the formula as it is shown, or the sweep as it was run."""
    sizes = examples(thin)
    best = None
    ways = range(max(len(o.candidates) for o in outputs))
    for way in ways:
        lowering = Lowering(symbols, thin)
        nodes: list[Node | None] = [None] * len(outputs)
        for k in sorted(range(len(outputs)), key=lambda k: outputs[k].shape == (1, 1)):
            o = outputs[k]
            nodes[k] = lowering.node(o.candidates[min(way, len(o.candidates) - 1)])
        roots = tuple(n for n in nodes if n is not None)
        price = sum(total(roots, at) ** 0.5 for at in sizes)
        if best is None or price < best[0] * 0.98:
            best = (price, lowering, roots)
    assert best is not None
    return (best[1], best[2]), best[1].low


def source(
    outputs: Sequence[Output],
    symbols: Mapping[str, Expr],
    target: str = "numpy",
    name: str = "f",
    doc: str = "",
    guarded: bool = True,
    costs: bool = False,
) -> str:
    """Return the source of a function of the symbols, by keyword, that gives the outputs, a tuple if several.

    Vectors come as 1-D arrays or (n, 1) columns, and the answer is in kind; with `guarded` false, arrays are taken
    as they come. Raises InputError for a target that is none, and for a function that the target lacks.
    """
    if target not in TARGETS:
        raise InputError(f"there is no target {target}: expected one of {', '.join(TARGETS)}")
    made, builder = plan(outputs, symbols)
    return _Function(TARGETS[target], outputs, symbols, made, builder, name, doc, guarded, costs).text()


class _Function:
    def __init__(
        self, target: Target, outputs: Sequence[Output], symbols: Mapping[str, Expr], made: Plan, builder: Any,
        name: str, doc: str, guarded: bool, costs: bool,
    ) -> None:  # fmt: skip
        self.target, self.outputs, self.symbols, self.plan = target, outputs, symbols, made
        self.builder, self.name, self.doc, self.guarded, self.costs = builder, name, doc, guarded, costs
        reserved = {"np", "jnp", "jax", "torch", "math", "scipy", "kwargs", "float", "device", *RESERVED}
        self.names = {n: f"{n}_" if keyword.iskeyword(n) or n in reserved else n for n in symbols}
        self.flat = [follows(o.shape, symbols, o.wrt) if guarded else [] for o in outputs]

    def text(self) -> str:
        printers = []
        builders = self.builder.builders if isinstance(self.builder, _Both) else (self.builder,)
        for branch, b in zip(self.plan.branches, builders, strict=True):
            printer = Printer(
                self.target, self.names, self.symbols, {*self.names.values(), *self.symbols}, self.costs
            )
            values = printer.outputs(expanded(branch.outputs, b, self.target))
            printers.append((branch, printer, values))
        given = {s.name: s for _, p, _ in printers for s in p.given}
        for branch in self.plan.branches:
            for pair in branch.condition:
                for size in pair:
                    printers[0][1].size(size)
        given |= {s.name: s for s in printers[0][1].given}
        modules = {m for _, p, _ in printers for m in p.modules}
        body: list[str] = []
        sizes: dict[Any, tuple[str, str]] = {}
        for k, (branch, printer, values) in enumerate(printers):
            lines = [*printer.lines, *self._returned(values)]
            sizes |= printer.sizes
            if k + 1 < len(printers):
                condition = " and ".join(
                    f"{printer.size(a)} > {printer.size(b)}" for a, b in branch.condition
                )
                body += [f"if {condition}:", *[f"    {line}" for line in lines]]
            else:
                body += lines
        return self._python([*(line for _, line in sizes.values()), *body], given, modules)

    def _returned(self, values: list[str]) -> list[str]:
        out = []
        for value, o, flat in zip(values, self.outputs, self.flat, strict=True):
            if flat and self.guarded:
                word = self._flat_name(flat)
                flattened = self.target.operations["flatten"].format(
                    value if value.isidentifier() else f"({value})"
                )
                value = f"{flattened} if {word} else {value}" if value.isidentifier() else None or value
            out.append((value, o, flat))
        lines, texts = [], []
        for k, (value, _, flat) in enumerate(out):
            if flat and self.guarded and not value.split(" if ")[-1].isidentifier() and " if " not in value:
                word = f"value{k}" if len(out) > 1 else "value"
                lines.append(f"{word} = {value}")
                flattened = self.target.operations["flatten"].format(word)
                value = f"{flattened} if {self._flat_name(flat)} else {word}"
            texts.append(f"({value})" if " if " in value and len(out) > 1 else value)
        return [*lines, f"return {', '.join(texts)}"]

    def _flat_name(self, flat: list[str]) -> str:
        distinct = list(dict.fromkeys(tuple(f) for f in self.flat if f))
        return "flat" if len(distinct) == 1 else f"flat{distinct.index(tuple(flat)) + 1}"

    def _python(self, body: list[str], given: Mapping[str, Symbol], modules: set[str]) -> str:
        symbols = {**self.symbols, **{n: s for n, s in given.items() if n not in self.symbols}}
        names = {**self.names, **{n: n for n in given if n not in self.names}}
        plain = [n for n in symbols if names[n] == n]
        odd = [n for n in symbols if names[n] != n]
        signature = ", ".join([*plain, *(["**kwargs"] if odd else [])])
        head = [f'"""{self.doc}"""'] if self.doc else []
        first = next(iter(self.target.imports))
        imports = [first, *[m for m in self.target.imports if m in modules and m != first]]
        head += [self.target.imports[m] for m in imports]
        head += [f'{n}_ = kwargs["{n}"]' for n in odd]
        if self.guarded:
            distinct = list(dict.fromkeys(tuple(f) for f in self.flat if f))
            head += ["", *door(names, symbols, distinct, list(given)), ""]
        lines = [*head, *body]
        return f"def {self.name}({signature}):\n" + "".join(f"    {line}".rstrip() + "\n" for line in lines)
