"""The experiments behind the catalogue's checks, by name, and Gaussian moments with control variates.

No experiment knows the formula that it is to confirm: variances are half the mean square of differences of
independent copies, so that no mean enters; the control variates are powers of the normal draws, whose means are
those of the standard normal distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from derive.errors import InputError
from verify.moments.functions import Array, Function, array_function, derivative_function
from verify.moments.sampling import CHUNK, Reducer, Workspace, absolute_sum, inner

#: Means of z, z^2, z^3, z^4 for z ~ N(0, 1).
_POWER_MEANS = np.array([0.0, 1.0, 0.0, 3.0])


class GaussianMean:
    """E[f(s z)] for z ~ N(0, 1), with the first powers of z as control variates.

    `controls` is the highest power, from 0 (plain sampling) to 4. With `antithetic` each draw is the mean of
    f(s z) and f(-s z); the odd powers then carry nothing and are left out. Calling it gives plain draws f(s z).
    """

    chunk = CHUNK

    def __init__(self, f: Function, s: float = 1.0, controls: int = 4, antithetic: bool = False) -> None:
        if not 0 <= controls <= 4:
            raise InputError(f"the control variates are powers from 0 to 4, got {controls}")
        self._f, self._s, self._antithetic = f, s, antithetic
        self._powers = [k for k in range(1, controls + 1) if not (antithetic and k % 2)]
        self.control_means: Array = _POWER_MEANS[[k - 1 for k in self._powers]]
        powers = ", ".join(f"z^{k}" for k in self._powers)
        used = ["antithetic pairs"] if antithetic else []
        self.technique = " and ".join([*used, f"control variates {powers}"] if powers else used)

    def __call__(self, rng: np.random.Generator, n: int) -> Array:
        """Return n plain draws."""
        return self._f(self._s * rng.standard_normal(n))

    def sums(self, rng: np.random.Generator, n: int, work: Workspace) -> Array:
        """Return the sums of n draws and of the powers."""
        z = rng.standard_normal(out=work.buffer(0, n))
        out = np.empty(1 + len(self._powers))
        if self._powers:
            square = np.multiply(z, z, out=work.buffer(1, n))
            for i, k in enumerate(self._powers, start=1):
                out[i] = (
                    z.sum,
                    lambda: inner(z, z),
                    lambda: inner(square, z),
                    lambda: inner(square, square),
                )[k - 1]()
        out[0] = self._values(z).sum()
        return out

    def _values(self, z: Array) -> Array:
        if self._s != 1:
            z *= self._s
        values = self._f(z)
        return (values + self._f(-z)) / 2 if self._antithetic else values


class GaussianVariance:
    """Var[f(s z)] as the mean of (f(s z) - f(s z'))^2 / 2 over independent pairs, with polynomial controls."""

    chunk = CHUNK
    technique = "control variates: the polynomials of both normals up to degree 4"
    #: Means of z+z', z z', z^2+z'^2, z^3+z'^3, z z'(z+z'), z^4+z'^4, z^2 z'^2, z z'(z^2+z'^2).
    control_means: Array = np.array([0.0, 0.0, 2.0, 0.0, 0.0, 6.0, 1.0, 0.0])

    def __init__(self, f: Function, s: float = 1.0) -> None:
        self._f, self._s = f, s

    def __call__(self, rng: np.random.Generator, n: int) -> Array:
        """Return n plain draws."""
        return self._values(rng.standard_normal(n), rng.standard_normal(n))

    def sums(self, rng: np.random.Generator, n: int, work: Workspace) -> Array:
        """Return the sums of n draws and of the controls."""
        z = rng.standard_normal(out=work.buffer(0, n))
        y = rng.standard_normal(out=work.buffer(1, n))
        z2 = np.multiply(z, z, out=work.buffer(2, n))
        y2 = np.multiply(y, y, out=work.buffer(3, n))
        controls = [
            z.sum() + y.sum(),
            inner(z, y),
            inner(z, z) + inner(y, y),
            inner(z2, z) + inner(y2, y),
            inner(z2, y) + inner(z, y2),
            inner(z2, z2) + inner(y2, y2),
            inner(z2, y2),
            inner(z2 + y2, z * y),
        ]
        return np.array([self._values(z, y).sum(), *controls])

    def _values(self, z: Array, y: Array) -> Array:
        return (self._f(self._s * z) - self._f(self._s * y)) ** 2 / 2


class ReluMoments:
    """E[relu(z)^2] and E[relu(z)] in one pass, in place and by inner products: the plain sampler of the benchmark.

    E[relu(z)], whose mean 1/sqrt(2 pi) is known, rides in the second column.
    """

    chunk = CHUNK
    technique = ""
    control_means: Array = np.array([1 / np.sqrt(2 * np.pi)])

    def __call__(self, rng: np.random.Generator, n: int) -> Array:
        """Return n draws of relu(z)^2."""
        return np.maximum(rng.standard_normal(n), 0) ** 2

    def sums(self, rng: np.random.Generator, n: int, work: Workspace) -> Array:
        """Return the sums of relu(z)^2 and of relu(z) over n draws."""
        z = rng.standard_normal(out=work.buffer(0, n))
        np.maximum(z, work.constant(0.0, n), out=z)
        return np.array([inner(z, z), absolute_sum(z)])


Draw = Callable[[np.random.Generator, int], Array]


def gaussian(activation: str, quantity: str, s: Any = 1) -> Reducer:
    """Return the experiment for one of "mean", "second", "variance", "derivative" of f(a), a ~ N(0, s^2)."""
    scale = float(s)
    if quantity == "variance":
        return GaussianVariance(array_function(activation), scale)
    if quantity not in ("mean", "second", "derivative"):
        raise InputError(f"unknown quantity {quantity!r}: expected mean, second, variance or derivative")
    f = derivative_function(activation) if quantity == "derivative" else array_function(activation)
    return GaussianMean(f if quantity == "mean" else lambda x: np.square(f(x)), scale)


def product(mean_a: float, mean_b: float) -> Draw:
    """Return draws whose mean is Var(AB) for independent A, B of variance 1: A normal, B uniform."""

    def draw(rng: np.random.Generator, n: int) -> Array:
        a = mean_a + rng.standard_normal((2, n))
        b = mean_b + _uniform(rng, (2, n), 1.0)
        first, second = a * b
        return (first - second) ** 2 / 2

    return draw


def layer(
    direction: str, n_in: int, n_out: int, sigma2: Any, mean: Any = 0, activation: str = "identity"
) -> Draw:
    """Return draws whose mean is the variance that leaves a layer with uniform weights of variance `sigma2`.

    Forward: Var(sum of n_in weights times f(a)), backward: Var(sum of n_out weights times f'(a) g), for a ~ N(0, 1)
    and g uniform of variance 1 and the given mean; "average" is the mean of the two.
    """
    f, slope = array_function(activation), derivative_function(activation)
    variance, centre = float(sigma2), float(mean)

    def leaving(rng: np.random.Generator, n: int, fan: int, backward: bool) -> Array:
        a = rng.standard_normal((fan, n))
        carried = slope(a) * (centre + _uniform(rng, (fan, n), 1.0)) if backward else f(a)
        return np.einsum("ij,ij->j", _uniform(rng, (fan, n), variance), carried)

    def spread(rng: np.random.Generator, n: int, backward: bool) -> Array:
        fan = n_out if backward else n_in
        return (leaving(rng, n, fan, backward) - leaving(rng, n, fan, backward)) ** 2 / 2

    def draw(rng: np.random.Generator, n: int) -> Array:
        if direction == "average":
            return (spread(rng, n, False) + spread(rng, n, True)) / 2
        return spread(rng, n, direction == "backward")

    if direction not in ("forward", "backward", "average"):
        raise InputError(f"unknown direction {direction!r}: expected forward, backward or average")
    return draw


def pair(activation: str, correlation: Any) -> Draw:
    """Return draws whose mean is E[f(u) f(v)] for standard normal u, v of the given correlation."""
    f, c = array_function(activation), float(correlation)

    def draw(rng: np.random.Generator, n: int) -> Array:
        u, w = rng.standard_normal((2, n))
        return f(u) * f(c * u + np.sqrt(1 - c * c) * w)

    return draw


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], variance: float) -> Array:
    return (rng.random(shape) - 0.5) * np.sqrt(12 * variance)


#: The experiments that catalogue entries name.
EXPERIMENTS: dict[str, Callable[..., Reducer | Draw]] = {
    "gaussian": gaussian,
    "product": product,
    "layer": layer,
    "pair": pair,
}


def experiment(name: str, options: Mapping[str, Any]) -> Reducer | Draw:
    """Return the sampler of a named experiment. Raises InputError for an unknown name."""
    if name not in EXPERIMENTS:
        raise InputError(f"unknown experiment {name!r}: expected one of {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name](**options)
