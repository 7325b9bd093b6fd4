"""Check by experiment that a mean is what a formula claims: sequential sampling with a three-way answer.

The claim agrees once the confidence interval lies within rtol of it, is refuted once the interval excludes it, and
is inconclusive when the budget is spent before either, or where the draws are too skewed for their mean to be normal
in effect. The interval is a confidence sequence (see `verify.moments.confidence`, and `verify.moments.bounded` for
draws with bounds), so a true claim is refuted with probability at most alpha although it is looked at many times.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, SupportsFloat

import numpy as np

from derive.errors import InputError
from verify.moments.bounded import bounded_interval
from verify.moments.confidence import (
    UNSEEN_FACTOR,
    batches_for,
    half_width,
    largest_skewness,
    mixture_scale,
    skewness_of_the_mean,
    unseen,
)
from verify.moments.pilot import Pilot, first_draws, pilot_sample
from verify.moments.sampling import Array, BlockSampler, PlainSampler, Reducer, worker_pool
from verify.moments.variates import BoundedSampler, Control, VariateSampler
from verify.verdict import Evidence, Verdict, Word

_METHOD = "Monte Carlo, confidence sequence"

#: The stage of the streams of the main sample; the pilots have others.
_MAIN_STAGE = 2

#: Draws a batch, the budget permitting; a sampler that fills buffers in place likes them longer.
_BATCH, _LONG_BATCH = 1 << 13, 1 << 14

#: Batches are so short that the budget holds this many, and a block holds this many draws.
_FEWEST_BATCHES, _BLOCK = 128, 1 << 17

#: Before so many batches nothing is decided: their skewness is not known well enough.
_FIRST_LOOK = 16


@dataclass(frozen=True)
class Look:
    """What was known at one look: draws so far, estimate and half-width of the interval."""

    samples: int
    estimate: float
    half_width: float


@dataclass(frozen=True)
class _Found:
    """An interval for the mean, and why it may not be relied on yet (empty if it may), with the draws it would take."""

    estimate: float
    low: float
    high: float
    doubt: str = ""
    needed: float = 0.0


def check_moment(
    sampler: Callable[[np.random.Generator, int], Any],
    claim: SupportsFloat,
    rtol: float = 1e-3,
    alpha: float = 1e-6,
    seed: int = 0,
    *,
    bounds: tuple[float, float] | None = None,
    controls: Sequence[Control] = (),
    antithetic: bool = False,
    finite_variance: bool = False,
    max_samples: int = 1 << 30,
    workers: int | None = None,
    on_look: Callable[[Look], None] | None = None,
) -> Verdict:
    """Check that the draws of `sampler` have the mean `claim`.

    `sampler(rng, n)` returns n independent draws, shape (n,), drawn from the NumPy generator `rng` alone (it may be
    called from several threads). `claim` is a real number, a SymPy number included. A claim of 0 has no relative
    band; its band is rtol times the root mean square of the draws (times 1 if all are 0).

    The verdict is "agrees" if the interval lies within `rtol` of the claim, else "refuted" if it excludes the
    claim (wrongly so with probability at most `alpha`), else "inconclusive".

    What is assumed: that the mean of the draws is normal in effect, which is judged by its skewness (where it is
    too large for the budget the answer is "inconclusive", with the number of draws that would do), and that no value
    that occurs in none of the draws deviates by more than 10 times the largest deviation of the first draws
    (65,536 or more, the budget permitting): of what is rarer than one in the number of draws, an experiment knows
    nothing. With `bounds`, (lowest, highest),
    within which every draw lies, nothing is assumed but independence; Boolean draws have the bounds 0 and 1 of
    themselves. With `finite_variance` that the draws have one is known, and not doubted for their tail.

    `controls` are control variates, pairs (function of (rng, n), its known mean), drawn from the same random numbers
    as the sampler; `antithetic` averages the sampler with its mirror image, two calls a draw (see
    `verify.moments.variates`). Both leave the mean as it is; the evidence reports by how much they reduce the
    variance. Deviations are then those of what they leave of a draw: where they leave nothing but rounding, no value
    that was not drawn is taken to leave more. The same is taken of an experiment that adds up its draws itself.

    The evidence's details hold `estimate`, `half_width`, `samples`, `assumes`, and for an inconclusive answer
    `samples_to_settle`. `on_look` is called at every look. The same seed gives the same answer for any number of
    `workers`. About 390,000 draws are the least that is looked at, the budget `max_samples` permitting.

    Raises InputError for a sampler that fails, that returns NaN, infinities, the wrong shape, draws outside the
    bounds or of unbounded variance, that draws from elsewhere than `rng`, and for arguments out of range.
    """
    started = time.perf_counter()
    value = _number(claim)
    _validate(rtol, alpha, seed, max_samples)
    rtol, alpha, seed, max_samples = float(rtol), float(alpha), int(seed), int(max_samples)
    if bounds is not None and (controls or antithetic):
        raise InputError("draws with bounds take no control variates and no antithetic pairs: leave one away")
    reducer = _reducer(sampler, controls, antithetic)
    first = first_draws(reducer, seed, max_samples, finite_variance)
    limits = _bounds(bounds) or ((0.0, 1.0) if first.boolean and not reducer.technique else None)
    with worker_pool(workers) as pool:
        judge: _Bounded | _Normal
        if limits is not None:
            reducer, spent = BoundedSampler(sampler, *limits), first.samples
            judge = _Bounded(limits, alpha, first.boolean and bounds is None, value)
        else:
            pilot = pilot_sample(reducer, seed, max_samples, first)
            spent = first.samples + pilot.samples
            judge = _Normal(pilot, reducer.control_means, alpha)
        band = rtol * (abs(value) or judge.typical(first.root_mean_square))
        budget = max_samples - spent
        length = _batch_length(reducer, budget)
        per_block = max(1, min(_BLOCK, budget // 4) // length)
        most = max(1, budget // (length * per_block))
        judge.plan(length, band, budget)
        source = BlockSampler(reducer, seed, _MAIN_STAGE, length, per_block)
        rows = np.empty((0, 1 + len(reducer.control_means)))
        blocks = 0
        while True:
            grow = min(max(2, blocks // 4 // 2 * 2), most - blocks)
            rows = np.concatenate([rows, source.blocks(blocks, grow, pool)])
            blocks += grow
            found = judge.interval(rows)
            samples = spent + len(rows) * length
            if on_look is not None:
                on_look(Look(samples, found.estimate, (found.high - found.low) / 2))
            word = _word(found, value, band)
            if blocks >= most or (word != "inconclusive" and not found.doubt and len(rows) >= _FIRST_LOOK):
                break
    width = (found.high - found.low) / 2
    details: dict[str, Any] = {
        "claim": value,
        "estimate": found.estimate,
        "half_width": width,
        "interval": [found.low, found.high],
        "standard_error": judge.standard_error(rows),
        "samples": samples,
        "batches": len(rows),
        "batch_length": length,
        "rtol": rtol,
        "alpha": alpha,
        "seed": seed,
        "assumes": judge.assumes,
    }
    technique = "" if limits is not None else reducer.technique
    gained = ""
    if technique:
        error = details["standard_error"]
        gain = (first.deviation / error) ** 2 / (len(rows) * length) if error else math.inf
        details["technique"] = technique
        details["variance_reduction"] = gain if gain < 1e12 else None  # None: nothing but rounding is left
        gained = f"; {technique}: variance " + (f"/{gain:.3g}" if gain < 1e12 else "gone")
    figure = f"{found.estimate:.7g} ± {width:.2g} against {value:.7g}, {samples:.3g} samples{gained}"
    if found.doubt and word != "inconclusive":
        word = "inconclusive"
        figure += f"; {found.doubt}"
    if word == "inconclusive":
        needed = max(judge.to_settle(rows, value, band), found.needed if found.doubt else 0.0)
        details["samples_to_settle"] = None if math.isinf(needed) else int(needed)
        settles = (
            "no number of samples settles it" if math.isinf(needed) else f"about {needed:.2g} would settle it"
        )
        figure += f"; {settles}"
    evidence = Evidence(_METHOD, word, figure, details, time.perf_counter() - started)
    return Verdict(word, (evidence,), diagnosis=_diagnosis(word, found.estimate, value))


class _Normal:
    """Intervals from batch means, taken for normal where their skewness allows it."""

    def __init__(self, pilot: Pilot, control_means: Array, alpha: float) -> None:
        self._pilot, self._control_means = pilot, control_means
        self._alpha = alpha / 2  # one half for what was drawn, the other for what was not
        self._length, self._c = 1, 1.0

    @property
    def assumes(self) -> str:
        """What the interval rests on, in words."""
        beyond = (
            f"no value that was not drawn deviates by more than {UNSEEN_FACTOR:g} times the largest deviation"
        )
        if self._pilot.constant:
            beyond = "no value that was not drawn deviates from the one that was by more than its size (1 if it is 0)"
        return (
            f"independent draws of finite variance; a mean of skewness up to {largest_skewness(self._alpha):.2g} is "
            f"normal; {beyond}"
        )

    def typical(self, root_mean_square: float) -> float:
        """Return the size of the draws, for the band around a claim of 0."""
        return root_mean_square or 1.0

    def plan(self, length: int, band: float, budget: int) -> None:
        """Make the interval narrowest about where it is expected to be needed."""
        scaled = band / self._pilot.unit
        ratio = 6 * self._pilot.deviation / scaled if scaled else math.inf
        self._length = length
        self._c = mixture_scale(min(max(ratio * ratio / length, 16), max(budget / length, 16)), self._alpha)

    def _means(self, rows: Array) -> Array:
        scale = self._pilot.unit
        corrected = rows[:, 0] / scale - (rows[:, 1:] - self._control_means) @ self._pilot.coefficients
        return np.asarray(corrected)

    def interval(self, rows: Array) -> _Found:
        """Return the interval after these batches, and whether the skewness allows it."""
        unit = self._pilot.unit
        means = self._means(rows)
        draws = len(means) * self._length
        estimate, variance = float(means.mean()), float(means.var())
        if self._pilot.constant and means.min() == means.max():
            width = (abs(estimate) or 1.0) * -math.log(self._alpha) / draws
        else:
            width = half_width(variance, len(means), self._alpha, self._c)
            width += unseen(self._pilot.largest, draws, self._alpha)
            width = max(width, 64 * float(np.finfo(float).eps) * self._pilot.size)
        doubt, needed = self._doubt(means, draws)
        return _Found(estimate * unit, (estimate - width) * unit, (estimate + width) * unit, doubt, needed)

    def _doubt(self, means: Array, draws: int) -> tuple[str, float]:
        if float(means.std()) <= 1e-10 * self._pilot.size:
            return "", 0.0
        skewness, allowed = abs(skewness_of_the_mean(means)), largest_skewness(self._alpha)
        if self._pilot.no_variance:
            return "the largest draws may follow a power law without variance", math.inf
        if skewness <= allowed:
            return "", 0.0
        said = f"the mean of {draws:.2g} draws has skewness {skewness:.2g}, too much for a normal interval"
        return said, draws * (skewness / allowed) ** 2

    def standard_error(self, rows: Array) -> float:
        """Return the standard error of the estimate."""
        means = self._means(rows)
        return float(means.std()) / math.sqrt(len(means)) * self._pilot.unit

    def to_settle(self, rows: Array, claim: float, band: float) -> float:
        """Return the number of draws at which the interval would decide, if estimate and variance stay."""
        unit = self._pilot.unit
        means = self._means(rows)
        estimate = float(means.mean())
        apart = abs(estimate - claim / unit)
        target = max(apart, band / unit - apart)
        if target <= 0:
            return math.inf
        if self._pilot.constant and means.min() == means.max():
            return (abs(estimate) or 1.0) * -math.log(self._alpha) / target
        batches = batches_for(target, float(means.var()), self._alpha, self._c)
        rare = unseen(self._pilot.largest, 1, self._alpha) / target
        return batches * self._length + rare


class _Bounded:
    """Intervals for draws with bounds, which hold for every distribution."""

    def __init__(self, limits: tuple[float, float], alpha: float, boolean: bool, claim: float) -> None:
        self._low, self._span = limits[0], limits[1] - limits[0]
        self._alpha, self._boolean = alpha, boolean
        self._length = 1

    @property
    def assumes(self) -> str:
        """What the interval rests on, in words."""
        return f"independent draws between {self._low:g} and {self._low + self._span:g}"

    def typical(self, root_mean_square: float) -> float:
        """Return the size of the draws, for the band around a claim of 0."""
        return root_mean_square or self._span

    def plan(self, length: int, band: float, budget: int) -> None:
        """Note the length of the batches."""
        self._length = length

    def interval(self, rows: Array) -> _Found:
        """Return the interval after these batches."""
        low, high = bounded_interval(rows[:, 0], rows[:, 1], self._length, self._alpha, self._boolean)
        back = lambda y: self._low + self._span * y
        return _Found(back(float(rows[:, 0].mean())), back(low), back(high))

    def standard_error(self, rows: Array) -> float:
        """Return the standard error of the estimate."""
        mean = float(rows[:, 0].mean())
        variance = max(0.0, float(rows[:, 1].mean()) - mean**2)
        return self._span * math.sqrt(variance / (len(rows) * self._length))

    def to_settle(self, rows: Array, claim: float, band: float) -> float:
        """Return about the number of draws at which the interval would decide, its width falling as 1/sqrt(draws)."""
        found = self.interval(rows)
        apart = abs(found.estimate - claim)
        target = max(apart, band - apart)
        draws = len(rows) * self._length
        ratio = (found.high - found.low) / 2 / target if target > 0 else math.inf
        return draws * max(ratio * ratio, 1.0)


def _reducer(sampler: Any, controls: Sequence[Control], antithetic: bool) -> Reducer:
    if isinstance(sampler, Reducer):
        if controls or antithetic:
            raise InputError("this sampler has its own control variates: leave controls and antithetic away")
        return sampler
    return (
        VariateSampler(sampler, controls, bool(antithetic))
        if controls or antithetic
        else PlainSampler(sampler)
    )


def _bounds(bounds: tuple[float, float] | None) -> tuple[float, float] | None:
    if bounds is None:
        return None
    try:
        low, high = (float(bound) for bound in bounds)
    except (TypeError, ValueError):
        raise InputError(f"bounds are two numbers, (lowest, highest), got {bounds!r}") from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"bounds are finite and in order, (lowest, highest), got {bounds!r}")
    return low, high


def _batch_length(reducer: Reducer, budget: int) -> int:
    """Return the draws a batch: a power of 2, of which the budget holds enough."""
    wanted = _BATCH if isinstance(reducer, PlainSampler) else _LONG_BATCH
    length = max(1, min(wanted, budget // _FEWEST_BATCHES))
    return 1 << (length.bit_length() - 1)


def _word(found: _Found, claim: float, band: float) -> Word:
    if claim - band <= found.low and found.high <= claim + band:
        return "agrees"
    if not found.low <= claim <= found.high:
        return "refuted"
    return "inconclusive"


def _diagnosis(word: Word, estimate: float, claim: float) -> str | None:
    if word != "refuted":
        return None
    if claim == 0 or estimate == 0 or not math.isfinite(estimate / claim):
        return f"the mean is {estimate:.6g}, not {claim:.6g}"
    return f"the mean is {estimate:.6g}, which is {estimate / claim:.6g} times the claim"


def _number(claim: SupportsFloat) -> float:
    try:
        if isinstance(claim, str | bytes | bool | np.bool_):
            raise TypeError
        value = float(claim)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"the claim must be a real number, got {claim!r}") from None
    if not math.isfinite(value):
        raise InputError(f"the claim must be finite, got {claim}")
    return value


def _validate(rtol: float, alpha: float, seed: int, max_samples: int) -> None:
    for name, given in (("rtol", rtol), ("alpha", alpha)):
        real = isinstance(given, int | float | np.floating) and not isinstance(given, bool)
        if not real or not 0 < given < 1:
            raise InputError(f"{name} must lie between 0 and 1, got {given!r}")
    if alpha < 1e-300:
        raise InputError(f"alpha must be at least 1e-300, got {alpha!r}")
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed must be an integer from 0 on, got {seed!r}")
    whole = isinstance(max_samples, int | np.integer) and not isinstance(max_samples, bool)
    if not whole or not 1000 <= max_samples <= 10**13:
        raise InputError(f"max_samples must be an integer from 1000 to 10^13, got {max_samples!r}")
