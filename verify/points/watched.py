"""What a formula's value turns on: the arguments of its kinks, and those of functions that have no value everywhere.

Both are read off the expression and watched over floats while points are searched for. The floats only guide the
search: at a point that is found both sides are compared in balls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import (
    Abs,
    Add,
    Basic,
    Expr,
    MatAdd,
    Mul,
    Pow,
    erf,
    exp,
    log,
    tanh,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.domain import domain_of, under
from derive.expression.elementwise import relu, scalar_function
from verify.arithmetics.base import Abstain, Undefined
from verify.arithmetics.floats import FLOAT
from verify.arithmetics.rectified import rectified
from verify.evaluate import Environment, layout, size_of
from verify.points.drawn import PointSpace
from verify.statement import Statement

#: So many arguments of one sort are watched.
MOST = 12

#: Functions that change their piece where their argument is 0.
KINKED = frozenset({"Abs", "sign", "relu", "step"})

#: Free numbers by name, those of a direction dX under the name dX.
Free = dict[str, np.ndarray]


def kinks(*formulas: Expr) -> list[Expr]:
    """Return the arguments at whose zeros the formulas change their piece: of |t|, sign(t), relu(t), inner ones first."""
    return [a for a in _found(_of_kink, formulas) if not _is_never_negative(a)]


def bends(*formulas: Expr) -> list[Expr]:
    """Return arguments at whose zeros smooth functions bend: of exp, tanh, erf, and the bases of even powers there."""
    return _found(_of_bend, formulas)


def domain(*formulas: Expr) -> list[Expr]:
    """Return what has to be positive for the formulas to have a value: arguments of logarithms, roots, arc sines."""
    return _found(domain_of, formulas)


def _is_never_negative(argument: Expr) -> bool:
    """Return whether an argument is a rectifier or an absolute value, whose own argument is watched."""
    whole = rectified(argument) if isinstance(argument, Add | MatAdd) else None
    a = argument if whole is None else algebra.split(whole)[1][-1] if whole.is_Matrix else whole
    while isinstance(a, Mul) and a.args[0].is_positive and len(a.args) == 2:
        a = a.args[1]
    head = scalar_function(a) if isinstance(a, ElementwiseApplyFunction) else type(a)
    return head in (relu, Abs)


def _of_kink(node: Basic) -> list[Expr]:
    if isinstance(node, log) and isinstance(node.args[0], Abs):
        return [node.args[0].args[0]]
    return [node.args[0]] if type(node).__name__ in KINKED else []


def _of_bend(node: Basic) -> list[Expr]:
    if not isinstance(node, exp | tanh | erf):
        return []
    squares = [p.base for p in node.args[0].atoms(Pow) if p.exp.is_even]
    return [node.args[0], *squares]


def _found(of: Callable[[Basic], list[Expr]], formulas: tuple[Expr, ...]) -> list[Expr]:
    out: dict[Expr, None] = {}
    for formula in formulas:
        for argument in _arguments(of, formula):
            if not argument.is_number and argument.free_symbols:
                out.setdefault(argument)
    return list(out)[:MOST]


@lru_cache(maxsize=512)
def _arguments(of: Callable[[Basic], list[Expr]], formula: Expr) -> tuple[Expr, ...]:
    out: list[Expr] = []
    for step in layout(formula):
        node = step.node
        if isinstance(node, ElementwiseApplyFunction):
            out += under(lambda e: _arguments(of, e), node)
        else:
            out += of(node)
    return tuple(out)


@dataclass(frozen=True)
class Watch:
    """Watched arguments at given sizes, and the free numbers that they depend on."""

    statement: Statement
    sizes: Mapping[str, int]
    arguments: tuple[Expr, ...]

    @property
    def directions(self) -> dict[str, str]:
        """Return the names of the directions that a claim may name, and whose they are."""
        space = self.statement.space
        return {f"d{x}": x for x in self.statement.wrt if f"d{x}" not in space.variables}

    def names(self, argument: Expr) -> list[str]:
        """Return the names, of variables and directions, on which an argument depends."""
        known = {*self.statement.space.variables, *self.directions}
        return sorted({s.name for s in argument.free_symbols if hasattr(s, "name")} & known)

    def values(self, free: Free, flip: bool = False) -> list[np.ndarray | None]:
        """Return the values of the arguments in floats, None for one that has none."""
        space = self.statement.space
        with FLOAT.context():
            try:
                at = space.values({x: free[x] for x in space.variables}, FLOAT, flip, check=False)
            except (Undefined, Abstain):
                return [None] * len(self.arguments)
            for name, x in self.directions.items():
                if name in free:
                    at[name] = space.variables[x].tie(FLOAT.array(free[name]), FLOAT, at[x])
            environment = Environment(FLOAT, at, dict(self.sizes))
            return [_run(environment, argument) for argument in self.arguments]


def _run(environment: Environment, argument: Expr) -> np.ndarray | None:
    try:
        return np.asarray(environment.run(argument), dtype=float)
    except (Undefined, Abstain, InputError, TypeError, ValueError):
        return None


def floats(free: Mapping[str, Any]) -> Free:
    """Return free numbers as floats."""
    return {name: np.asarray(numbers).astype(float) for name, numbers in free.items()}


def rational(numbers: np.ndarray) -> np.ndarray:
    """Return floats as the rational numbers that they are."""
    out = np.empty(numbers.shape, dtype=object)
    out.reshape(-1)[:] = [Fraction(float(e)) for e in numbers.reshape(-1)]
    return out


def entries(space: PointSpace, sizes: Mapping[str, int]) -> int:
    """Return how many free numbers a point has at given sizes."""
    shapes = [v.shape for v in space.variables.values()]
    return sum(size_of(r, sizes) * size_of(c, sizes) for r, c in shapes)


def violated(values: list[np.ndarray | None]) -> Iterator[np.ndarray]:
    """Yield where each of the values is not positive; all of it where there is no value."""
    for value in values:
        yield np.ones((1, 1), dtype=bool) if value is None else ~(value > 0)
