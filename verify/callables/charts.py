"""Sets of arrays on which a gradient is meant, each with coordinates in which differences stay inside.

A function of symmetric matrices has no derivative along one entry alone. In coordinates p of the set, x(p), its
derivative is the adjoint of dx/dp applied to the claimed gradient, so that only that part of a claim is
judged which the set can see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.errors import InputError
from verify.callables.wrapped import Argument, by

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Chart:
    """Coordinates of a set near x: the point p of x, x(p), the adjoint of dx/dp there, and the coordinates' names."""

    start: Floats
    point: Callable[[Floats], Floats]
    pull: Callable[[Floats, Floats], Floats]
    names: tuple[str, ...]


def chart(domain: str, x: Floats) -> Chart:
    """Return coordinates of a domain near x. Raises InputError for an unknown domain, and where x is not inside."""
    if domain not in DOMAINS:
        raise InputError(f"the domain {domain!r} is not one of {', '.join(DOMAINS)}")
    return DOMAINS[domain](domain, x)


def _linear(domain: str, x: Floats) -> Chart:
    n = _square(domain, x)
    i, j = {
        "symmetric": np.triu_indices(n),
        "posdef": np.triu_indices(n),
        "upper": np.triu_indices(n),
        "lower": np.tril_indices(n),
        "skew": np.triu_indices(n, 1),
        "diagonal": np.diag_indices(n),
    }[domain]
    mirror = {"symmetric": 1.0, "posdef": 1.0, "skew": -1.0}.get(domain, 0.0)

    def point(p: Floats) -> Floats:
        out = np.zeros((n, n))
        if mirror:
            out[j, i] = mirror * p
        out[i, j] = p
        return out

    def pull(p: Floats, g: Floats) -> Floats:
        return g[i, j] + np.where(i == j, 0.0, mirror * g[j, i])

    start = x[i, j]
    if not np.array_equal(point(start), x):
        raise InputError(f"x is not {_adjective(domain)}: give an x in the domain")
    return Chart(start, point, pull, tuple(f"x[{a}, {b}]" for a, b in zip(i, j, strict=True)))


def _simplex(domain: str, x: Floats) -> Chart:
    if x.ndim != 1 and 1 not in x.shape:
        raise InputError(f"x is {by(x.shape)}: a point of the simplex is a vector")
    if abs(float(x.sum()) - 1) > 1e-8 or np.any(x < 0):
        raise InputError("x is not on the simplex: its entries have to be positive or 0 and add up to 1")
    flat, shape = x.ravel(), x.shape
    last = 1.0 - float(flat[:-1].sum())

    def point(p: Floats) -> Floats:
        return np.append(p, last - float((p - flat[:-1]).sum())).reshape(shape)

    def pull(p: Floats, g: Floats) -> Floats:
        return g.ravel()[:-1] - g.ravel()[-1]

    return Chart(flat[:-1].copy(), point, pull, tuple(f"x[{k}]" for k in range(flat.size - 1)))


def _positive(domain: str, x: Floats) -> Chart:
    if np.any(x <= 0):
        raise InputError("x is not positive: give an x in the domain")
    shape = x.shape

    def pull(p: Floats, g: Floats) -> Floats:
        return np.asarray(np.exp(p) * g.ravel(), dtype=float)

    names = tuple(f"log x[{', '.join(map(str, k))}]" for k in np.ndindex(shape))
    return Chart(np.log(x).ravel(), lambda p: np.exp(p).reshape(shape), pull, names)


def _orthogonal(domain: str, x: Floats) -> Chart:
    tall = x.reshape(len(x), -1)
    n, k = tall.shape
    if not np.allclose(tall.T @ tall, np.eye(k), atol=1e-8):
        raise InputError("x does not have orthonormal columns: give an x in the domain")
    i, j = np.triu_indices(n, 1)

    def point(p: Floats) -> Floats:
        half = np.zeros((n, n))
        half[i, j], half[j, i] = p / 2, -p / 2
        turned = np.linalg.solve(np.eye(n) - half, (np.eye(n) + half) @ tall)
        return np.asarray(turned.reshape(x.shape), dtype=float)

    def pull(p: Floats, g: Floats) -> Floats:
        turn = g.reshape(n, k) @ tall.T  # at p = 0, where dx = (skew matrix of dp) x
        return turn[i, j] - turn[j, i]

    names = tuple(f"the turn of rows {a} and {b}" for a, b in zip(i, j, strict=True))
    return Chart(np.zeros(i.size), point, pull, names)


def _square(domain: str, x: Floats) -> int:
    if x.ndim != 2 or x.shape[0] != x.shape[1]:
        raise InputError(f"x is {by(x.shape)}: a domain of {_adjective(domain)} matrices needs a square one")
    return len(x)


def _adjective(domain: str) -> str:
    return {"lower": "lower triangular", "upper": "upper triangular", "posdef": "symmetric"}.get(
        domain, domain
    )


#: Name of a domain -> how its coordinates are made.
DOMAINS: dict[str, Callable[[str, Floats], Chart]] = {
    **dict.fromkeys(("symmetric", "posdef", "lower", "upper", "skew", "diagonal"), _linear),
    "simplex": _simplex,
    "positive": _positive,
    "orthogonal": _orthogonal,
}


def once(matrix: Floats) -> Floats:
    """Return a square matrix with the entries off its diagonal by half."""
    return (matrix + np.diag(np.diagonal(matrix))) / 2


class Confined:
    """f and a claimed gradient in the coordinates of a domain."""

    def __init__(
        self, f: Callable[[Any], Any], grad: Callable[[Any], Any] | Any, x: Any, domain: str
    ) -> None:
        self.variable = Argument(x)
        if len(self.variable.leaves) != 1:
            raise InputError(
                "a domain is that of one array: pass x as an array, not as a container of several"
            )
        self.shape = self.variable.leaves[0].shape
        self.chart = chart(domain, self.variable.flat.reshape(self.shape))
        self.inner, self.claim = f, grad
        #: Whether entries off the diagonal of the claim are taken by half.
        self.halved = False

    def f(self, p: Floats) -> Any:
        """Return f at x(p)."""
        return self.inner(self._at(p))

    def grad(self, p: Floats) -> Floats:
        """Return the claimed derivatives by the coordinates."""
        value = self.claim(self._at(p)) if callable(self.claim) else self.claim
        flat, _ = self.variable.flatten_gradient(value)
        matrix = flat.reshape(self.shape)
        return self.chart.pull(p, once(matrix) if self.halved else matrix)

    def _at(self, p: Floats) -> Any:
        return self.variable.unflatten(self.chart.point(np.asarray(p, dtype=float)).ravel())
