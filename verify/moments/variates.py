"""Control variates and antithetic draws for samplers that people bring.

A control variate is a function (rng, n) -> n draws of known mean, which is given a generator in the very state in
which the sampler found it: what both draw first is the same, so that they are correlated. An antithetic draw is the
mean of what the sampler makes of a generator and of its mirror image, in which every normal z is -z and every
uniform u is 1 - u. (J. Hammersley and D. Handscomb, Monte Carlo Methods, 1964, sections 5.5 and 5.6.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from derive.errors import InputError
from verify.moments.sampling import Array, PlainSampler, Workspace

Draw = Callable[[np.random.Generator, int], Any]
Control = tuple[Draw, float]


class Mirrored:
    """A generator whose normals are negated and whose uniforms are reflected; it has no other draws."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def standard_normal(self, *args: Any, **options: Any) -> Any:
        """Return -z."""
        return -self._rng.standard_normal(*args, **options)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        """Return loc - scale z."""
        return 2 * np.asarray(loc) - self._rng.normal(loc, scale, size)

    def random(self, *args: Any, **options: Any) -> Any:
        """Return 1 - u."""
        return 1 - self._rng.random(*args, **options)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        """Return low + high - u."""
        return np.asarray(low) + np.asarray(high) - self._rng.uniform(low, high, size)

    def __getattr__(self, name: str) -> Any:
        raise InputError(
            f"antithetic draws are made of standard_normal, normal, random and uniform, the sampler uses {name}: "
            "leave antithetic away"
        )


class VariateSampler(PlainSampler):
    """A sampler with control variates, antithetic draws, or both."""

    def __init__(self, sampler: Any, controls: Sequence[Control], antithetic: bool) -> None:
        super().__init__(sampler)
        self._antithetic = antithetic
        self._controls = []
        for given in controls:
            if not (isinstance(given, tuple | list) and len(given) == 2 and callable(given[0])):
                raise InputError("a control variate is a pair (function of (rng, n), its known mean)")
            mean = float(given[1])
            if not np.isfinite(mean):
                raise InputError(f"the mean of a control variate must be finite, got {given[1]!r}")
            self._controls.append((PlainSampler(given[0]), mean))
        self.control_means: Array = np.array([mean for _, mean in self._controls])
        used = ["antithetic pairs"] if antithetic else []
        count = len(self._controls)
        used += [f"{count} control variate{'s' * (count != 1)}"] if count else []
        self.technique = " and ".join(used)

    def columns(self, rng: np.random.Generator, n: int) -> Array:
        """Return n draws and those of the control variates, shape (n, 1 + controls).

        They have a stream of their own, seeded from `rng`: however much each of them draws, nothing of it comes
        again in the next call.
        """
        start = np.random.SFC64(np.random.SeedSequence(rng.integers(1 << 63, size=4).tolist())).state
        out = np.empty((n, 1 + len(self._controls)))
        for k, draw in enumerate([self, *(control for control, _ in self._controls)]):
            out[:, k] = PlainSampler.__call__(draw, _at(start), n)
            if self._antithetic:
                mirror: Any = Mirrored(_at(start))
                out[:, k] = (out[:, k] + PlainSampler.__call__(draw, mirror, n)) / 2
        return out

    def sums(self, rng: np.random.Generator, n: int, work: Workspace) -> Array:
        """Return the sums of n draws and of the control variates."""
        return self.checked_sums(self.columns(rng, n))


def _at(state: Any) -> np.random.Generator:
    generator = np.random.SFC64(0)
    generator.state = state
    return np.random.Generator(generator)


class BoundedSampler(PlainSampler):
    """Draws scaled from their bounds to [0, 1], summed together with their squares."""

    #: The squares ride in the second column; no mean of theirs is known or used.
    control_means: Array = np.zeros(1)

    def __init__(self, sampler: Any, low: float, high: float) -> None:
        super().__init__(sampler)
        self._low, self._high = low, high

    def sums(self, rng: np.random.Generator, n: int, work: Workspace) -> Array:
        """Return the sums of the scaled draws and of their squares. Raises InputError outside the bounds."""
        draws = self(rng, n)
        least, largest = float(draws.min()), float(draws.max())
        if not (least >= self._low and largest <= self._high):
            wrong = least if not least >= self._low else largest
            raise InputError(
                f"the sampler returned {wrong:g}, outside the bounds ({self._low:g}, {self._high:g})"
            )
        scaled = (draws - self._low) / (self._high - self._low)
        return np.array([scaled.sum(), scaled @ scaled])
