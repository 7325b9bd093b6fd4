"""The methods that everybody uses, on expressions: floats, with an estimate of their own error.

Dual numbers and the complex step have no truncation error; central differences have one, which they estimate
(`verify.methods.differences`). What rounding does is measured: both sides are computed again at inputs a few units in the
last place away, and how much they scatter is what neither can be blamed for. That does not see constants cancel
each other inside a formula; the exact methods do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from sympy import Expr

from verify.arithmetics.base import Arithmetic, Array, Undefined
from verify.arithmetics.dual import Dual
from verify.arithmetics.floats import COMPLEX, FLOAT
from verify.evaluate import Environment
from verify.methods.differences import directional_derivative
from verify.methods.exact import Place, real_places
from verify.methods.judge import SAFETY
from verify.statement import Statement
from verify.verdict import DOES_NOT_APPLY, Evidence, Word

#: The step of the complex step: its square vanishes beside 1, and it is far above underflow.
STEP = 2.0**-100
#: Inputs are shaken by this relative amount, and so often.
SHAKE, SHAKES = 2.0**-48, 3
#: A derivative counts as seen if the tolerance is at most this part of it.
SEEN = 1e-3

Truth = tuple[np.ndarray, np.ndarray]


def float_evidence(statement: Statement, claim: Expr, method: str, seed: int = 0) -> Evidence:
    """Compare a claim with the derivative by a method of `METHODS` along a random direction at a random point."""
    start = time.perf_counter()
    for sizes in statement.space.assignments(seed):
        for place in real_places(statement.space, statement, sizes, seed):
            try:
                word, figure, details = _Comparison(statement, claim, place, method, seed).outcome()
            except Undefined:
                continue
            return Evidence(method, word, figure, details, time.perf_counter() - start)
    figure = f"{DOES_NOT_APPLY}: it has no value on both sides at any point"
    return Evidence(method, "inconclusive", figure, {}, time.perf_counter() - start)


class _Comparison:
    """A claim and the truth at a place."""

    def __init__(self, statement: Statement, claim: Expr, place: Place, method: str, seed: int) -> None:
        self.statement, self.claim, self.place = statement, claim, place
        self.derivative = METHODS[method]
        self.rng = Random(f"shake {seed}")
        self.values = place.values(statement.space, FLOAT)

    def outcome(self) -> tuple[Word, str, dict[str, Any]]:
        """Return the verdict, the finding in a phrase, and the figures."""
        with FLOAT.context():
            (true, error), claimed = self._both(self.values)
            scatter = np.zeros(true.shape)
            for _ in range(SHAKES):
                (other, _), claimed_there = self._both(self._shaken())
                scatter = np.fmax(scatter, np.abs(other - true) + np.abs(claimed_there - claimed))
        size = np.abs(true) + np.abs(claimed)
        tolerance = SAFETY * error + 64 * np.finfo(float).eps * size + 4 * scatter
        off = np.abs(true - claimed)
        k = np.unravel_index(int(np.argmax(off / np.fmax(tolerance, 1e-300))), off.shape)
        within = bool(np.all(off <= tolerance))
        seen = bool(np.max(tolerance) <= SEEN * max(float(np.max(size)), 1e-6))
        word: Word = "refuted" if not within else "agrees" if seen else "inconclusive"
        figure = f"{true[k]:.10g} against {claimed[k]:.10g}, tolerance {tolerance[k]:.1e}"
        details = {"measured": float(true[k]), "claimed": float(claimed[k]), "tolerance": float(tolerance[k])}
        return word, figure, details

    def _shaken(self) -> dict[str, Array]:
        return {
            name: value
            * (1 + SHAKE * np.array([self.rng.choice((-1, 1)) for _ in value.flat]).reshape(value.shape))
            for name, value in self.values.items()
        }

    def _both(self, values: dict[str, Array]) -> tuple[Truth, np.ndarray]:
        claimed = self.statement.claimed_side(
            self.claim, values, self.place.sizes, FLOAT, *self.place.weights
        )
        true, error = self.derivative(self, values)
        return (true.reshape(claimed.shape), error.reshape(claimed.shape)), claimed

    def along(self, values: dict[str, Array], s: complex, arithmetic: Arithmetic) -> Array:
        """Return the expression (for a Hessian: its derivative along the second weights) after a step s."""
        statement, w = self.statement, self.place.weights
        at = {name: arithmetic.array(value) for name, value in values.items()}
        for x in statement.wrt:
            tie = statement.space.variables[x].tie
            at[x] = at[x] + s * tie(FLOAT.array(w[0][x]), FLOAT, values[x])
            if statement.kind == "hessian":
                at[x] = Dual(at[x], tie(FLOAT.array(w[1][x]), FLOAT, values[x]))
        y = arithmetic.check(Environment(arithmetic, at, self.place.sizes).run(statement.expr))
        if statement.kind == "hessian":
            y = y.tangent if isinstance(y, Dual) else 0 * y
        return y.T.reshape(-1, 1) if statement.kind == "jacobian" else y


def _by_duals(c: _Comparison, values: dict[str, Array]) -> Truth:
    true = c.statement.true_side(values, c.place.sizes, FLOAT, *c.place.weights)
    return true, np.zeros(true.shape)


def _by_complex_step(c: _Comparison, values: dict[str, Array]) -> Truth:
    true = c.along(values, 1j * STEP, COMPLEX).imag / STEP
    return true, np.zeros(true.shape)


def _by_differences(c: _Comparison, values: dict[str, Array]) -> Truth:
    scale = max(float(np.max(np.abs(np.asarray(w, dtype=float)))) for w in c.place.weights[0].values())

    def phi(s: Any) -> Any:
        try:
            return c.along(values, float(s[0] - 1.0) / scale, FLOAT)
        except Undefined as error:
            raise ValueError(str(error)) from None

    c.along(values, 0.0, FLOAT)  # raises Undefined where the point itself has no value in floats
    found = directional_derivative(phi, np.ones(1), np.ones(1))
    if not np.all(np.isfinite(found.value)):
        raise Undefined("no value near the point")
    return found.value * scale, found.error * scale


#: Method -> the derivative along the weights at a point, and the error that the method itself estimates.
METHODS: dict[str, Callable[[_Comparison, dict[str, Array]], Truth]] = {
    "dual numbers": _by_duals,
    "complex step": _by_complex_step,
    "central differences": _by_differences,
}
