"""A problem: an expression, the variables to differentiate by, shapes and assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sympy import Expr, Symbol

from derive.expression.elementwise import ENTRY
from derive.expression.facts import said
from derive.expression.walk import distinct


@dataclass(frozen=True)
class Problem:
    """What is asked.

    `symbols` maps every name to its SymPy symbol, `shapes` to its (rows, columns) as SymPy sizes, a scalar's
    being (1, 1). `sizes` are the names of sizes. `wrt` are the variables, in order. `assumptions` are pairs
    (kind, name). `definitions` are the names that the text gives to parts of the expression, in order, with what they
    stand for in the variables; `domain` is what has to be positive for the text to have a value, where the expression does
    not show it (SymPy folds sqrt(a)^2 to a); `functions` are names of unknown functions beside those in the expression;
    `notes` say how the text was read where it can be read otherwise.
    """

    expr: Expr
    wrt: tuple[Expr, ...] = ()
    symbols: Mapping[str, Expr] = field(default_factory=dict)
    shapes: Mapping[str, tuple[Expr, Expr]] = field(default_factory=dict)
    assumptions: frozenset[tuple[str, str]] = frozenset()
    definitions: tuple[tuple[str, Expr], ...] = field(default=(), compare=False)
    domain: tuple[Expr, ...] = ()
    functions: frozenset[str] = frozenset()
    notes: tuple[str, ...] = field(default=(), compare=False)

    @cached_property
    def sizes(self) -> dict[str, Expr]:
        """Return the size symbols by name: those of the shapes, and what else is no variable in the expression."""
        found = {s for pair in self.shapes.values() for d in pair for s in d.free_symbols}
        variables = {*self.symbols.values(), ENTRY}
        parts = distinct(self.expr, within=lambda e: () if e in variables else e.args)
        found |= {e for e in parts if isinstance(e, Symbol) and e not in variables}
        return {s.name: s for s in sorted(found, key=lambda s: s.name)}

    def shape_texts(self) -> dict[str, str | list[str | int]]:
        """Return the shapes as JSON: "scalar" or [rows, columns]."""
        return {
            name: "scalar" if (r, c) == (1, 1) else [int(d) if d.is_Integer else str(d) for d in (r, c)]
            for name, (r, c) in self.shapes.items()
        }

    def assumption_texts(self) -> list[str]:
        """Return the assumptions in the text language, sorted."""
        return sorted(said(kind, name) for kind, name in self.assumptions)


def beyond_a_point(problem: Problem) -> frozenset[tuple[str, str]]:
    """Return the assumptions that hold in a neighbourhood of a point, for a gradient to be differentiated again.

    That the value of X is symmetric says nothing of X + dX, and so must not simplify the first derivative.
    """
    weaker = {"symmetric": None, "posdef": "invertible", "orthogonal": "invertible"}
    names = {x.name for x in problem.wrt}
    kept = ((weaker.get(kind, kind) if name in names else kind, name) for kind, name in problem.assumptions)
    return frozenset((kind, name) for kind, name in kept if kind)
