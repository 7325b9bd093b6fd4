"""Claimed derivatives of vector-valued callables: Jacobians, and products with them from both sides.

Each claim is turned into claimed gradients of scalar functions, u·f along random weights u, and these are checked
by `check_gradient`, without a step or a tolerance of the user's. Random weights see every entry; where one of
them refutes the claim, single outputs are looked at to name the one that is wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.errors import InputError
from verify.callables.gradients import check_gradient
from verify.callables.wrapped import Argument, by, kind, to_array
from verify.seeds import checked_seed
from verify.verdict import Verdict

Floats = NDArray[np.float64]

#: Random weights of the outputs, and single outputs that are looked at after a refutation.
WEIGHTS, OUTPUTS = 2, 32


def check_jacobian(
    f: Callable[[Any], Any], jac: Callable[[Any], Any] | Any, x: Any, *, seed: int = 0, seconds: float = 10.0
) -> Verdict:
    """Check a Jacobian of a vector-valued function at a point; answer agrees, refuted or inconclusive.

    `f` takes one argument like the array `x` and returns an array; `jac` is a callable of the same argument, or the
    claimed Jacobian itself, of shape f(x).shape + x.shape, or (f(x).size, x.size) with both read row by row. Raises
    InputError where shapes do not fit and as `check_gradient` does.
    """
    outputs = _Outputs(f, x, seed)

    def claim(at: Any) -> Floats:
        value = to_array(jac(at) if callable(jac) else jac).astype(float)
        rows, columns = outputs.size, outputs.variable.flat.size
        full = (
            *outputs.shape,
            *(outputs.variable.leaves[0].shape if len(outputs.variable.leaves) == 1 else ()),
        )
        if value.shape not in ((rows, columns), full):
            raise InputError(
                f"the Jacobian is {by(value.shape)}: it has to be {rows} x {columns}, an output a row"
            )
        return value.reshape(rows, columns)

    def pulled(u: Floats) -> Callable[[Any], Any] | Any:
        if not callable(jac):
            return outputs.variable.unflatten(u @ claim(x))
        return lambda at: outputs.variable.unflatten(u @ claim(at))

    return outputs.verdict(pulled, seconds)


def check_vjp(
    f: Callable[[Any], Any], vjp: Callable[[Any, Any], Any], x: Any, *, seed: int = 0, seconds: float = 10.0
) -> Verdict:
    """Check a vector-Jacobian product at a point, with random cotangents; answer as `check_gradient` does.

    `vjp(x, u)` takes a cotangent in the shape of f(x) and returns the gradient of sum(u*f(x)), in the shape of x.
    """
    outputs = _Outputs(f, x, seed)
    if not callable(vjp):
        raise InputError(f"the vector-Jacobian product is {kind(vjp)}: give a function of x and a cotangent")
    return outputs.verdict(lambda u: lambda at: vjp(at, u.reshape(outputs.shape)), seconds)


def check_jvp(
    f: Callable[[Any], Any],
    jvp: Callable[[Any, Any], Any],
    x: Any,
    v: Any = None,
    *,
    seed: int = 0,
    seconds: float = 10.0,
) -> Verdict:
    """Check a Jacobian-vector product at a point; answer as `check_gradient` does.

    `jvp(x, v)` takes a tangent in the shape of x and returns the derivative of f along it, in the shape of f(x). The tangents
    are v, or random ones.
    """
    outputs = _Outputs(f, x, seed)
    if not callable(jvp):
        raise InputError(f"the Jacobian-vector product is {kind(jvp)}: give a function of x and a tangent")
    variable = outputs.variable
    given = [variable.flatten_gradient(v)[0]] if v is not None else []
    tangents = given or [outputs.weights(variable.flat.size) for _ in range(WEIGHTS)]
    found = []
    for tangent in tangents:
        product = to_array(jvp(variable.unflatten(variable.flat.copy()), variable.unflatten(tangent)))
        if product.shape != outputs.shape and not product.size == outputs.size == 1:
            raise InputError(
                f"the product is {by(product.shape)}, f returns {by(outputs.shape)}: they must be alike"
            )

        def along(t: Any, tangent: Floats = tangent) -> Floats:
            return to_array(f(variable.unflatten(variable.flat + float(t) * tangent))).astype(float)

        claimed = product.astype(float).ravel()

        def weighted(u: Floats, claimed: Floats = claimed) -> float:
            return float(u @ claimed)

        found.append(_Outputs(along, 0.0, seed).verdict(weighted, seconds / len(tangents)))
    return _together(found)


def check_hvp(
    grad: Callable[[Any], Any],
    hvp: Callable[[Any, Any], Any],
    x: Any,
    v: Any = None,
    *,
    seed: int = 0,
    seconds: float = 10.0,
) -> Verdict:
    """Check a Hessian-vector product against the gradient that it differentiates; answer as `check_gradient` does.

    `grad(x)` and `hvp(x, v)` return arrays in the shape of x. `grad` itself is taken as given: check it by
    `check_gradient`. The tangents are v, or random ones.
    """
    outputs = _Outputs(grad, x, seed)
    if outputs.size == 1 != outputs.variable.flat.size:
        raise InputError(
            f"grad returns one number, x has {outputs.variable.flat.size} entries: give the gradient of the loss, not the loss"
        )
    return check_jvp(grad, hvp, x, v, seed=seed, seconds=seconds)


class _Outputs:
    """A vector-valued f at x: its shape, and the scalar functions u·f."""

    def __init__(self, f: Callable[[Any], Any], x: Any, seed: int) -> None:
        if not callable(f):
            raise InputError(f"f is not callable but {kind(f)}: give a function of x that returns an array")
        self.f, self.x, self.seed = f, x, checked_seed(seed)
        self.rng = np.random.default_rng(self.seed)
        self.variable = Argument(x)
        first = to_array(f(self.variable.unflatten(self.variable.flat.copy())))
        self.shape, self.size = first.shape, first.size

    def weights(self, count: int) -> Floats:
        """Return random weights that no usual product cancels: of all sizes around 1, of both signs."""
        return self.rng.uniform(0.5, 1.5, count) * self.rng.choice([-1.0, 1.0], count)

    def verdict(self, pulled: Callable[[Floats], Any], seconds: float) -> Verdict:
        """Return the verdict on claimed gradients of u·f; `pulled(u)` is the claim for weights u."""
        count = WEIGHTS if self.size > 1 else 1
        found = []
        for _ in range(count):
            u = self.weights(self.size)
            found.append(self._check(u, pulled, seconds / (2 * count)))
            if found[-1].verdict == "refuted":
                named = self._named(pulled, seconds / 2)
                return found[-1] if named is None else named
        return _together(found)

    def _check(self, u: Floats, pulled: Callable[[Floats], Any], seconds: float) -> Verdict:
        weighted = lambda at: float(u @ to_array(self.f(at)).astype(float).ravel())
        return check_gradient(weighted, pulled(u), self.x, seed=self.seed, seconds=seconds)

    def _named(self, pulled: Callable[[Floats], Any], seconds: float) -> Verdict | None:
        """Return the refutation of the first single output that is wrong."""
        deadline = time.monotonic() + seconds
        for k in range(min(self.size, OUTPUTS) if self.size > 1 else 0):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            found = self._check(np.eye(self.size)[k], pulled, left)
            if found.verdict == "refuted":
                index = ", ".join(str(int(i)) for i in np.unravel_index(k, self.shape))
                said = f"output [{index}]" + (f": {found.diagnosis}" if found.diagnosis else " is wrong")
                return replace(found, diagnosis=said)
        return None


def _together(found: list[Verdict]) -> Verdict:
    """Return the worst of several verdicts: refuted, then inconclusive, then agrees."""
    order = {"refuted": 0, "inconclusive": 1, "agrees": 2}
    return min(found, key=lambda v: order[v.verdict])
