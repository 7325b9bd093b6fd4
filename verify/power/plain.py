"""A claim at a point as two plain functions, f and its claimed gradient, as gradient checkers take them.

Every layout becomes the gradient of a scalar function of one flat vector x, the entries of the variables: a Jacobian
and a differential with a random weight on every entry of the expression, a Hessian as the gradient of the
derivative along a random direction, which dual numbers give.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from derive.errors import InputError
from verify.arithmetics.base import Array, Undefined
from verify.arithmetics.exact import RATIONALS
from verify.arithmetics.floats import Floats
from verify.arithmetics.ties import parameters
from verify.evaluate import Environment, total
from verify.methods.exact import Place, real_places
from verify.points.drawn import PointSpace
from verify.statement import Statement


class _Plain(Floats):
    """Floats that take arrays as they are: complex ones, and ones that a checker watches."""

    def array(self, x: Any) -> Array:
        kept = isinstance(x, np.ndarray) and x.ndim == 2 and x.dtype.kind in "fc"
        return x if kept else super().array(x)


_FLOAT = _Plain(np.float64)


class Plain:
    """A statement about an expression at a point: `f`, the point `x` (float64, flat), and gradients of claims."""

    def __init__(self, statement: Statement, place: Place) -> None:
        self.statement, self.sizes = statement, place.sizes
        exact = place.values(statement.space, RATIONALS)
        self.values = {name: _floats(value) for name, value in exact.items()}
        self.layout = [_Coordinates(statement.space, x, place.sizes) for x in statement.wrt]
        self.x = np.concatenate([c.read(self.values[c.name]) for c in self.layout])
        self.known: dict[bytes, Any] = {}
        rng = np.random.default_rng(self.x.size)
        self.directions = {x: rng.integers(1, 100, self.values[x].shape).astype(float) for x in statement.wrt}
        self.weights = rng.integers(1, 100, self._value(self.x).shape).astype(float)

    def _at(self, x: NDArray[Any]) -> dict[str, Array]:
        values, start = dict(self.values), 0
        for c in self.layout:
            values[c.name] = c.write(x[start : start + c.count])
            start += c.count
        return values

    def _value(self, x: NDArray[Any]) -> Array:
        with _FLOAT.context():
            if self.statement.kind == "hessian":
                gradient = replace(self.statement, kind="gradient")
                return gradient.true_side(self._at(x), self.sizes, _FLOAT, self.directions)
            return Environment(_FLOAT, self._at(x), self.sizes).run(self.statement.expr)

    def f(self, x: NDArray[Any]) -> Any:
        """Return the scalar function at a flat vector, as an array without axes.

        Values at plain arrays are kept: checkers come back to the same points with every claim.
        """
        if type(x) is not np.ndarray or x.dtype != np.float64:
            return total(self.weights * self._value(x)).reshape(())
        key = x.tobytes()
        if key not in self.known:
            self.known[key] = total(self.weights * self._value(x)).reshape(())
        return self.known[key]

    def gradient(self, claim: Expr, x: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient of f that a claim asserts, at a flat vector. Raises Undefined where it has no value."""
        with _FLOAT.context():
            return np.concatenate(list(self._parts(claim, self._at(x))))

    def _parts(self, claim: Expr, values: Mapping[str, Array]) -> Iterator[NDArray[Any]]:
        statement, w = self.statement, self.weights

        def claimed(directions: Mapping[str, Any]) -> Array:
            return statement.claim_value(claim, values, self.sizes, _FLOAT, directions)

        if statement.kind == "differential":
            still = {c.name: np.zeros(c.shape) for c in self.layout}
            for c in self.layout:
                moves = [{**still, c.name: c.unit(k)} for k in range(c.count)]
                yield np.array([float(total(w * claimed(move))[0, 0]) for move in moves])
            return
        (c,) = self.layout
        value = claimed(self.directions)
        if statement.kind == "gradient":
            yield c.read(w * value)
        elif statement.kind == "jacobian":
            flat = total(w * value) if statement.is_by_scalar else value.T @ w.T.reshape(-1, 1)
            yield c.read(flat.reshape(c.shape[::-1]).T)
        elif statement.is_operator(claim):
            yield c.read(w * value)
        else:
            flat = value @ self.directions[c.name].T.reshape(-1, 1)
            yield c.read(w * flat.reshape(c.shape[::-1]).T)


class _Coordinates:
    """The parameters of a variable: its entries, or the first of those that are tied."""

    def __init__(self, space: PointSpace, name: str, sizes: Mapping[str, int]) -> None:
        self.name, self.shape = name, space.shape(name, sizes)
        numbers = parameters(self.shape, space.variables[name].kinds).reshape(-1)
        self.count = int(numbers.max()) + 1
        self.spread = (numbers[:, None] == np.arange(self.count)).astype(float)
        self.first = self.spread.argmax(axis=0)

    def write(self, x: NDArray[Any]) -> Array:
        """Return the matrix of these coordinates."""
        return (self.spread @ x).reshape(self.shape)

    def read(self, value: Array) -> NDArray[Any]:
        """Return the coordinates of a matrix; of tied entries both count, so that an error of either shows."""
        flat = value.reshape(-1)
        return (1 + self.spread.sum(axis=0)) * flat[self.first] - self.spread.T @ flat

    def unit(self, k: int) -> Array:
        """Return the weight that moves one coordinate."""
        out = np.zeros(self.shape)
        out.flat[self.first[k]] = 1
        return out


def _floats(value: Array) -> Array:
    return np.array([[float(Fraction(int(e.p), int(e.q))) for e in row] for row in value])


def plain(statement: Statement, right: Expr, seed: int = 0) -> Plain | None:
    """Return the statement at a random point at which f and the right gradient are finite; None if none is found."""
    for sizes in statement.space.assignments(seed):
        for place in real_places(statement.space, statement, sizes, seed):
            try:
                found = Plain(statement, place)
                finite = np.isfinite(found.f(found.x)) and np.all(np.isfinite(found.gradient(right, found.x)))
            except (Undefined, InputError):
                continue
            if finite:
                return found
    return None
