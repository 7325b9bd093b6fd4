"""f, a claimed gradient and a point: what is known of their errors, and the samples of f along directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.errors import InputError
from verify.callables.wrapped import Argument, ScalarFunction, kind
from verify.methods.complex_step import condition_number
from verify.methods.differences import Ladder, noise_level, power_of_two, sample, side_by_side
from verify.methods.judge import Finding, judge
from verify.seeds import checked_seed

Floats = NDArray[np.float64]

#: The distances from x, beside its size, at which jumps of f are sought.
DISTANCES = tuple(2.0**-k for k in (3, 12, 21, 30))
#: A second ladder begins here instead of at 1: none of its steps is a step of the first.
ELSEWHERE = 0.7


class Probe:
    """f, the claim and x, with what is known of their errors, and the ladders of f along directions."""

    def __init__(
        self, f: Callable[[Any], Any], grad: Callable[[Any], Any] | Any, x: Any, seed: int, seconds: float
    ) -> None:
        self.rng = np.random.default_rng(checked_seed(seed))
        self.variable = Argument(x)
        self.x = self.variable.flat
        self.f = ScalarFunction(f, self.variable, seconds)
        self.grad = grad
        self.claim, self.claim_error = self._claim()
        self.noise = self._noise()
        self.condition = max(self._condition(f), self._condition(grad) if callable(grad) else 1.0)
        if self.condition > 1:
            # How a claim given as an array was computed cannot be asked; two digits are allowed for a clumsy way.
            growth = self.condition if callable(grad) else 100 * self.condition
            rounding = 4 * min(growth * np.finfo(float).eps, 1.0)
            self.claim_error = self.claim_error + rounding * np.max(np.abs(self.claim))
        if not callable(grad):
            self.claim_error = self.claim_error + self._sensitivity(int(np.argmax(np.abs(self.claim))))

    def _claim_at(self, flat: Floats) -> tuple[Floats, Floats]:
        try:
            value = self.grad(self.variable.unflatten(flat))
        except Exception as error:
            hint = self.variable.hint(self.grad, "grad")
            raise InputError(f"the gradient failed at x ({type(error).__name__}: {error}){hint}") from error
        return self.variable.flatten_gradient(value)

    def _claim(self) -> tuple[Floats, Floats]:
        """Return the claimed gradient and the error that its own arithmetic may have.

        A backward stable computation answers exactly for some x a few units in the last place away; how
        much the answers at such points scatter is what the claim cannot be blamed for.
        """
        if not callable(self.grad):
            if self.grad is None or isinstance(self.grad, str):
                raise InputError(
                    f"the gradient is {kind(self.grad)}: give a function of x, or an array in its shape"
                )
            claim, unit = self.variable.flatten_gradient(self.grad)
            return claim, 8 * unit * np.abs(claim)
        claim, unit = self._claim_at(self.x)
        scatter = np.zeros(claim.size)
        for _ in range(4):
            if self.f.late:
                break
            try:
                other, _ = self._claim_at(self._shaken(2 * self.variable.spacing))
            except InputError:
                continue
            scatter = np.fmax(scatter, np.abs(other - claim))
        return claim, 8 * unit * np.abs(claim) + 4 * scatter

    def _condition(self, function: Callable[[Any], Any]) -> float:
        return condition_number(function, self.watched, self.x)

    def watched(self, flat: NDArray[Any]) -> Any:
        """Return f's argument in plain arrays, which may be complex and watched."""
        return self.variable.unflatten(flat, keep_type=False)

    def _shaken(self, size: Floats | float) -> Floats:
        return self.variable.round(self.x * (1 + size * self.rng.choice([-1.0, 1.0], self.x.size)))

    def _noise(self) -> float:
        """Return the noise of f: what repeated calls at x show, and Hamming's table close to x."""
        again = np.abs([self.f(self.x) - self.f.centre for _ in range(3)])
        noise = 4 * float(np.max(again, initial=0.0, where=np.isfinite(again)))
        self.steady = noise == 0
        # Of a small x, the rounding of what it is added to is to show; of a tiny one, f within a 2^-26th of it.
        largest = float(np.max(np.abs(self.x)))
        least = min(1e-3, 2.0**20 * largest) if largest else 1e-3
        direction = self.rng.choice([-1.0, 1.0], self.x.size) * np.fmax(np.abs(self.x), least)
        grid = (np.arange(8) - 3.5) * 64 * self.variable.spacing[:, None] * direction[:, None]
        values = [self.f(self.variable.round(self.x + shift)) for shift in grid.T]
        return max(noise, 2 * float(noise_level(np.array(values))))

    def roughness(self, i: int, slope: float) -> float:
        """Return the jumps that rounding gives f near x along entry i, beyond those of a slope; 0 where it has none.

        Where f cancels, it is a staircase whose steps are wide beside the spacing of the numbers: between them it is
        smooth, with a slope of its own, and noise on the finest scale is not seen. At several distances from x, a jump is
        sought, always in the eighth over which f rises most, or falls most. It counts if it is there on both sides.
        """
        size, found = abs(float(self.x[i])) or 1.0, 0.0
        steep = 4 * slope * float(self.variable.spacing[i]) * size
        least = max(steep, 64 * self.f.unit * abs(self.f.centre))
        for distance in DISTANCES:
            jump = self._jump(i, distance * size)
            if jump > least:
                found = max(found, min(jump, self._jump(i, -distance * size)))
        return found if found > least else 0.0

    def _jump(self, i: int, distance: float) -> float:
        """Return how much f moves between two neighbouring numbers, between one and two distances from x."""
        return max(self._rise(i, distance, 1.0), self._rise(i, distance, -1.0))

    def _rise(self, i: int, distance: float, sign: float) -> float:

        def value(at: float) -> float:
            x = self.x.copy()
            x[i] = at
            return self.f(self.variable.round(x))

        ends = sorted((float(self.x[i]) + distance, float(self.x[i]) + 2 * distance))
        values = [value(at) for at in ends]
        while not self.f.late:
            at = np.unique(np.linspace(ends[0], ends[-1], 9))
            if at.size < 3:
                return float(abs(values[1] - values[0]))
            found = np.array([values[0], *map(value, at[1:-1]), values[1]])
            if not np.all(np.isfinite(found)):
                return 0.0
            k = int(np.argmax(sign * np.diff(found)))
            ends, values = [float(at[k]), float(at[k + 1])], [float(found[k]), float(found[k + 1])]
        return 0.0

    def ladder(self, direction: Floats, top: float, at: Floats | None = None) -> Ladder | None:
        """Return the samples of f along a direction, or None if the time ran out over it."""
        x = self.x if at is None else at
        centre = self.f.centre if at is None else self.f(x)
        pivot = int(np.argmax(np.abs(direction)))

        def stencil(h: float) -> tuple[Any, Any, float]:
            plus, minus = self.variable.round(x + h * direction), self.variable.round(x - h * direction)
            taken = (plus[pivot] - minus[pivot]) / (2 * direction[pivot])
            return self.f(plus), self.f(minus), float(taken) or h

        moving = direction != 0
        bottom = np.max(4 * self.variable.spacing[moving] * np.abs(x[moving] / direction[moving]))
        with np.errstate(all="ignore"):
            ladder = sample(
                stencil,
                np.array(centre),
                extent=float(np.max(np.abs(x[moving])) / np.max(np.abs(direction))),
                top=top,
                bottom=float(bottom),
                unit=self.f.unit,
                noise=self.noise,
            )
        return None if self.f.late else ladder

    def entry_ladder(self, i: int, *, start: float = 1.0, at: Floats | None = None) -> Ladder | None:
        """Return the samples of f along entry i, from the entry's own scale (at least 1) downwards."""
        direction = np.zeros(self.x.size)
        direction[i] = 1.0
        return self.ladder(direction, start * float(power_of_two(max(abs(self.x[i]), 1.0))), at)

    def order(self, affordable: int) -> list[int]:
        """Return the entries to measure: all, or those that the claim makes most of and random ones."""
        if self.x.size <= affordable:
            return list(range(self.x.size))
        weighty = np.argsort(-np.abs(self.claim) * np.fmax(np.abs(self.x), 1.0), kind="stable")
        chosen = list(weighty[: affordable // 4])
        rest = np.setdiff1d(np.arange(self.x.size), chosen)
        return [int(i) for i in [*chosen, *self.rng.choice(rest, affordable // 4, replace=False)]]

    def judged(
        self,
        claim: Floats,
        claim_error: Floats,
        ladders: Sequence[Ladder],
        near: Floats | None = None,
        rough: float = 0.0,
        rounded: bool | None = None,
    ) -> Finding:
        """Return what the ladders, one for each claimed derivative, say; f may jump by `rough` near x.

        `rounded` tells whether f is constant near x along all its entries, where other ladders have shown that.
        """
        unit = max(self.f.unit, float(np.finfo(np.float32).eps) if self.f.single else 0.0)
        reach = np.ones(len(ladders)) if near is None else near
        noise = max(self.noise, rough)
        return judge(
            claim, claim_error, side_by_side(ladders), near=reach, unit=unit, noise=noise, rounded=rounded
        )

    def _sensitivity(self, i: int) -> float:
        """Return how much rounding x moves the true derivative along entry i, as seen by differences.

        A claim given as an array cannot be asked how exact it is. No computation that begins with x in floating
        point can be expected to do better than this.
        """
        known = []
        for at in (self.x, *(self._shaken(2.0**12 * self.variable.spacing) for _ in range(2))):
            ladder = self.entry_ladder(i, at=at)
            if ladder is not None:
                value = self.judged(self.claim[[i]], self.claim_error[[i]], [ladder]).estimate.value[0]
                known += [float(value)] if np.isfinite(value) else []
        return 8 * (max(known) - min(known)) / 2.0**12 if known else 0.0


class Along:
    """The claim along random directions: all entries at once, at little cost, and a search for the culprit."""

    def __init__(self, probe: Probe, count: int) -> None:
        self.probe = probe
        self.directions: list[Floats] = []
        self.ladders: list[Ladder] = []
        self.found: list[int] = []
        scales = (power_of_two(np.fmax(np.abs(probe.x), 2.0**-20)), np.ones(probe.x.size))
        for k in range(count):
            direction = probe.rng.choice([-1.0, 1.0], probe.x.size) * scales[k % 2]
            ladder = self._ladder(direction)
            if ladder is None:
                break
            self.directions.append(direction)
            self.ladders.append(ladder)
        self.finding = self._judge(self.directions, self.ladders) if self.ladders else None

    def _ladder(self, direction: Floats, start: float = 1.0) -> Ladder | None:
        return self.probe.ladder(
            direction, start / float(power_of_two(np.max(np.abs(direction)))) * self._scale()
        )

    def _scale(self) -> float:
        return float(power_of_two(max(float(np.max(np.abs(self.probe.x))), 1.0)))

    def _judge(self, directions: Sequence[Floats], ladders: Sequence[Ladder]) -> Finding:
        d = np.stack(directions)
        error = np.abs(d) @ (self.probe.claim_error + np.finfo(float).eps * np.abs(self.probe.claim))
        return self.probe.judged(d @ self.probe.claim, error, ladders, 1 / np.max(np.abs(d), axis=1))

    def excluded(self) -> bool:
        """Return whether some direction excludes the claim, on a second ladder too."""
        if self.finding is None:
            return False
        for k in np.flatnonzero(self.finding.excluded):
            again = self._ladder(self.directions[k], ELSEWHERE)
            if again is not None and self._judge([self.directions[k]], [again]).excluded[0]:
                return True
        return False

    def suspects(self) -> list[int]:
        """Return the entry that halving an excluded direction leads to; none where there is no such direction."""
        if self.finding is None or len(self.directions) < 2 or not np.any(self.finding.excluded):
            return []
        direction = self.directions[int(np.flatnonzero(self.finding.excluded)[0])]
        block = np.arange(direction.size)
        while block.size > 1:
            halves = [block[: block.size // 2], block[block.size // 2 :]]
            parts = [np.where(np.isin(np.arange(direction.size), half), direction, 0.0) for half in halves]
            ladders = [self._ladder(part) for part in parts]
            if ladders[0] is None or ladders[1] is None:
                return []
            finding = self._judge(parts, [ladder for ladder in ladders if ladder is not None])
            block = halves[int(np.argmax(np.where(finding.excluded, finding.off / finding.tolerance, 0.0)))]
        self.found = [int(block[0])]
        return list(self.found)
