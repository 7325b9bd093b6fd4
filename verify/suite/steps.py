"""Every line of a derivation checked by itself.

In reverse, the loss is a function of each node alone when the node is cut off from what it was computed from: its
adjoint is the derivative of that function. Forward, a node's tangent is the derivative of its value along the
direction. Where entries of the variable are tied, the line on that is held to the derivative along directions in
which they move together. All are compared with dual numbers (in balls, without a tolerance) and with central differences (in
floats, with their own error estimate), neither of which knows a rule.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from random import Random
from typing import Any

import numpy as np
from sympy import Expr

from derive.derivation import Derivation
from derive.errors import InputError
from derive.graph import Graph, Node
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import Arithmetic, Array, Undefined
from verify.arithmetics.dual import Dual
from verify.arithmetics.floats import FLOAT
from verify.evaluate import Environment, total
from verify.methods.differences import directional_derivative
from verify.methods.exact import ASSIGNMENTS, Place, real_places
from verify.methods.judge import SAFETY
from verify.points.drawn import weights
from verify.statement import Statement
from verify.verdict import Evidence, Word, add_up

#: Balls closer than this, relative to their size, count as equal.
CLOSE = 1e-50


@dataclass(frozen=True)
class StepCheck:
    """A node of the graph, the derivative that a derivation gives it, and the evidence for it.

    The line that ties entries to each other is one on the whole expression, under the name of the derivative.
    """

    name: str
    node: Expr
    value: Expr
    evidence: tuple[Evidence, ...]

    @property
    def verdict(self) -> Word:
        """Return what the evidence adds up to."""
        return add_up(self.evidence)


def check_steps(derivation: Derivation, seed: int = 0) -> tuple[StepCheck, ...]:
    """Check the adjoint (or tangent) of every node at a random point, and what ties the entries of the variable.

    Raises InputError where the derivation has no value at any point tried.
    """
    before = check_steps(derivation.inner, seed) if derivation.inner is not None else ()
    statement = Statement.of(derivation.problem, "differential")
    best: _Sweep | None = None
    for sizes in islice(statement.space.assignments(seed), ASSIGNMENTS):
        for place in real_places(statement.space, statement, sizes, seed):
            try:
                sweep = _Sweep(derivation, statement, place, seed)
            except Undefined:
                continue
            if best is None or sweep.vanishing < best.vanishing:
                best = sweep
            if not best.vanishing:
                return before + best.checks()
    if best is None:
        raise InputError("the derivation has no value at any of the points tried")
    return before + best.checks()


class _Sweep:
    """A derivation's nodes at a point."""

    def __init__(self, derivation: Derivation, statement: Statement, place: Place, seed: int) -> None:
        self.derivation, self.statement, self.place, self.seed = derivation, statement, place, seed
        self.graph: Graph = derivation.graph
        self.balls = Balls(256)
        self.names = {
            x.name: d.name for x, d in derivation.directions.items() if hasattr(d, "name")
        }  # the directions that have a name; by a scalar the direction is 1
        self.exact = self._values(self.balls)
        self.floats = self._values(FLOAT)
        self.at_nodes = {a.name: self.forward({}, a) for a in (self.balls, FLOAT)}
        #: How many derivatives are zero here (relu at rest), and so are no test.
        self.vanishing = sum(
            all(e == 0 for e in self._claimed(n, derivation.sweep.values[n.index], self.balls).reshape(-1))
            for n in self.graph.nodes
        )

    def _values(self, arithmetic: Arithmetic) -> dict[str, Array]:
        with arithmetic.context():
            values = self.place.values(self.statement.space, arithmetic)
            if self.derivation.forward:
                for x in self.derivation.directions:
                    direction = self._direction(x.name, arithmetic)
                    values.setdefault(self.names.get(x.name, ""), direction)
            return values

    def _direction(self, name: str, arithmetic: Arithmetic) -> Array:
        if name not in self.names:
            return arithmetic.full((1, 1), 1)
        rng = Random(f"direction {self.seed} {name}")
        shape = self.statement.space.shape(name, self.place.sizes)
        return arithmetic.array(weights(shape, rng, 10)) / arithmetic.full((1, 1), 10)

    def checks(self) -> tuple[StepCheck, ...]:
        """Return the checks of all nodes, and of the structure of the variable where it has one."""
        nodes = tuple(self._check(node) for node in self.graph.nodes)
        tie = self.derivation.tie
        return nodes if tie is None else (*nodes, self._check_tie(tie))

    def _check_tie(self, tie: Expr) -> StepCheck:
        """Hold the derivative by a variable of tied entries to the derivative along a direction that ties them."""
        d = self.derivation
        derived = d.problem if d.inner is None else replace(d.problem, expr=d.inner.result)
        statement = Statement.of(derived, "jacobian" if d.forward else "gradient")
        space, sizes, (x,) = statement.space, self.place.sizes, statement.wrt
        drawn = weights(space.shape(x, sizes), Random(f"structure {self.seed} {x}"), 10)

        def claimed(arithmetic: Arithmetic) -> Array:
            given = self.exact if arithmetic is self.balls else self.floats
            with arithmetic.context():
                return arithmetic.check(statement.claimed_side(tie, given, sizes, arithmetic, {x: drawn}))

        def along(step: Any) -> Any:
            move = space.variables[x].tie(FLOAT.array(drawn), FLOAT, self.floats[x])
            at = {**self.floats, x: self.floats[x] + (float(step[0]) - 1.0) * move}
            y = Environment(FLOAT, at, sizes).run(statement.expr)
            return y.T.reshape(-1, 1)

        start = time.perf_counter()
        with self.balls.context():
            true = statement.true_side(self.exact, sizes, self.balls, {x: drawn})
        exact = self._compared(true, claimed(self.balls), start)
        return StepCheck(d.kind, d.problem.expr, tie, (exact, self._differenced(along, claimed(FLOAT))))

    def forward(
        self,
        fixed: Mapping[int, Array],
        arithmetic: Arithmetic,
        base: Mapping[str, Array] | None = None,
        first: int = 0,
    ) -> dict[str, Array]:
        """Return the values of all nodes from `first` on, given those of some nodes (or variables)."""
        values = dict(base or (self.exact if arithmetic is self.balls else self.floats))
        with arithmetic.context():
            environment = Environment(arithmetic, values, self.place.sizes)
            for node in self.graph.nodes[first:]:
                if node.index in fixed:
                    values[node.name] = fixed[node.index]
                elif not node.is_variable:
                    values[node.name] = environment.run(self.graph.named(node))
        return values

    def _check(self, node: Node) -> StepCheck:
        value = self.derivation.sweep.values[node.index]
        evidence = (self._by_duals(node, value), self._by_differences(node, value))
        return StepCheck(node.name, node.expr, value, evidence)

    def _moved(self, node: Node, arithmetic: Arithmetic, move: Any) -> Array:
        """Return what a derivation's value at a node is the derivative of, with `move(x, direction)` moving it.

        In reverse that is the loss with the node alone moving; forward it is the node with the variables moving.
        """
        at = self.at_nodes[arithmetic.name]
        if self.derivation.forward:
            fixed = {
                n.index: move(at[n.name], self._direction(n.name, arithmetic))
                for n in self.graph.nodes
                if n.is_variable
            }
            return self.forward(fixed, arithmetic)[node.name]
        direction = self._weights(node, at[node.name].shape, arithmetic)
        fixed = {node.index: move(at[node.name], direction)}
        return self.forward(fixed, arithmetic, at, node.index)[self.graph.nodes[-1].name]

    def _weights(self, node: Node, shape: tuple[int, ...], arithmetic: Arithmetic) -> Array:
        rng = Random(f"weights {self.seed} {node.name}")
        return arithmetic.array(weights(shape, rng, 10)) / arithmetic.full((1, 1), 10)

    def _claimed(self, node: Node, value: Expr, arithmetic: Arithmetic) -> Array:
        at = self.at_nodes[arithmetic.name]
        with arithmetic.context():
            given = self.exact if arithmetic is self.balls else self.floats
            derivative = arithmetic.check(Environment(arithmetic, given, self.place.sizes).run(value))
            if self.derivation.forward:
                return derivative
            return total(derivative * self._weights(node, at[node.name].shape, arithmetic))

    def _by_duals(self, node: Node, value: Expr) -> Evidence:
        start = time.perf_counter()
        claimed = self._claimed(node, value, self.balls)
        with self.balls.context():
            moved = self._moved(node, self.balls, Dual)
            true = self.balls.check(moved).tangent if isinstance(moved, Dual) else 0 * claimed
        return self._compared(true, claimed, start)

    def _compared(self, true: Array, claimed: Array, start: float) -> Evidence:
        with self.balls.context():
            pairs = list(zip(true.reshape(-1), claimed.reshape(-1), strict=True))
            apart = any(not a.overlaps(b) for a, b in pairs)
            gap = max(float((a - b).abs_upper()) / max(1.0, float(a.abs_upper())) for a, b in pairs)
        word: Word = "refuted" if apart else "agrees" if gap < CLOSE else "inconclusive"
        figure = "disjoint balls" if apart else f"equal within {gap:.0e}"
        return Evidence("dual numbers in real balls", word, figure, {"gap": gap}, time.perf_counter() - start)

    def _by_differences(self, node: Node, value: Expr) -> Evidence:
        def along(s: Any) -> Any:
            h = float(s[0]) - 1.0
            return self._moved(node, FLOAT, lambda x, d: x + h * d)

        return self._differenced(along, self._claimed(node, value, FLOAT))

    @staticmethod
    def _differenced(along: Callable[[Any], Any], claimed: Array) -> Evidence:
        start = time.perf_counter()
        found = directional_derivative(along, np.ones(1), np.ones(1))
        off, allowed = np.abs(found.value - claimed), SAFETY * found.error + 1e-12 * np.abs(claimed)
        k = np.unravel_index(int(np.argmax(off - allowed)), off.shape)
        seen = bool(np.all(allowed <= 1e-3 * np.maximum(np.abs(found.value), 1e-6)))
        within = bool(np.all(off <= allowed))
        word: Word = "agrees" if within and seen else "inconclusive" if within else "refuted"
        figure = f"difference {off[k]:.1e}, estimated error {found.error[k]:.1e}"
        details = {"difference": float(off[k]), "error": float(found.error[k])}
        return Evidence("central differences", word, figure, details, time.perf_counter() - start)
