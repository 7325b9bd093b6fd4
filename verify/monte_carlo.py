"""Check by experiment that a mean is what a formula claims: sequential sampling with a three-way answer.

The claim agrees once the confidence interval lies within rtol of it, is refuted once the interval excludes it, and
is inconclusive when the budget is spent before either. The interval is a confidence sequence (see
`verify.moments.confidence` for which, its source and what it assumes), so a true claim is refuted with probability
at most alpha although the interval is looked at many times.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, SupportsFloat

import numpy as np

from derive.errors import InputError
from verify.moments.confidence import batches_for, half_width, mixture_scale
from verify.moments.sampling import (
    STREAM_CHUNKS,
    Array,
    BlockSampler,
    PlainSampler,
    Reducer,
    name_what_is_not_finite,
    stream,
    worker_pool,
)
from verify.verdict import Evidence, Verdict, Word

_METHOD = "Monte Carlo, confidence sequence"

#: The stages of a check draw from different streams.
_TAIL_STAGE, _PILOT_STAGE, _MAIN_STAGE = 0, 1, 2

#: The largest skewness of a batch mean that counts as normal in effect.
_SKEWNESS = 0.05

#: Draws a batch where the pilot saw one value only, and others may be rare.
_RARE = 1 << 22

#: A block has at least so many batches to look at, the budget permitting.
_FEWEST_BATCHES = 64


@dataclass(frozen=True)
class Look:
    """What was known at one look: draws so far, estimate and half-width of the interval."""

    samples: int
    estimate: float
    half_width: float


@dataclass(frozen=True)
class _Pilot:
    """What a first, separate sample tells: coefficients of the control variates, and spread and skewness of
    what they leave of a draw."""

    coefficients: Array
    deviation: float
    skewness: float
    scale: float
    samples: int


def check_moment(
    sampler: Callable[[np.random.Generator, int], Any],
    claim: SupportsFloat,
    rtol: float = 1e-3,
    alpha: float = 1e-6,
    seed: int = 0,
    *,
    max_samples: int = 1 << 30,
    workers: int | None = None,
    on_look: Callable[[Look], None] | None = None,
) -> Verdict:
    """Check that the draws of `sampler` have the mean `claim`.

    `sampler(rng, n)` returns n independent draws, shape (n,), drawn from the NumPy generator `rng` alone (it may be
    called from several threads). `claim` is a real number, a SymPy number included. A claim of 0 has no relative
    band; its band is rtol times the root mean square of the draws.

    The verdict is "agrees" if the interval lies within `rtol` of the claim, else "refuted" if it excludes the
    claim (wrongly so with probability at most `alpha`), else "inconclusive". The evidence's details hold `estimate`,
    `half_width`, `samples`, and for an inconclusive answer `samples_to_settle`. `on_look` is called at every look.
    The same seed gives the same answer for any number of `workers`. About 260,000 draws are the least that is
    looked at, the budget `max_samples` permitting: two pilot samples, and the first look.

    Raises InputError for a sampler that returns NaN, infinities, the wrong shape or draws of unbounded variance,
    and for arguments out of range.
    """
    started = time.perf_counter()
    value = _number(claim)
    _validate(rtol, alpha, seed, max_samples)
    reducer = sampler if isinstance(sampler, Reducer) else PlainSampler(sampler)
    tail_draws, plain_deviation = _plain_draws(reducer, seed, max_samples)
    with worker_pool(workers) as pool:
        pilot = _pilot(reducer, seed, max_samples)
        band = rtol * (abs(value) or pilot.scale)
        budget = max_samples - pilot.samples - tail_draws
        length, per_block = _layout(pilot, budget, reducer.chunk)
        source = BlockSampler(reducer, seed, _MAIN_STAGE, length, per_block)
        wanted = (6 * pilot.deviation / band) ** 2 / length if band else math.inf
        c = mixture_scale(min(max(wanted, 16), budget / length), alpha)
        means = np.empty(0)
        blocks, most = 0, max(1, budget // (length * per_block))
        while True:
            grow = min(max(2, blocks // 4 // 2 * 2), most - blocks)
            fresh = source.blocks(blocks, grow, pool)
            blocks += grow
            corrected = fresh[:, 0] - (fresh[:, 1:] - reducer.control_means) @ pilot.coefficients
            means = np.concatenate([means, corrected])
            estimate, variance = float(means.mean()), float(means.var())
            width = _width(means, variance, alpha, c, length, pilot)
            samples = tail_draws + pilot.samples + len(means) * length
            if on_look is not None:
                on_look(Look(samples, estimate, width))
            word = _word(estimate, width, value, band)
            if word != "inconclusive" or blocks >= most:
                break
    details: dict[str, Any] = {
        "claim": value,
        "estimate": estimate,
        "half_width": width,
        "interval": [estimate - width, estimate + width],
        "standard_error": math.sqrt(variance / len(means)),
        "samples": samples,
        "batches": len(means),
        "batch_length": length,
        "rtol": rtol,
        "alpha": alpha,
        "seed": seed,
    }
    if reducer.technique:
        gain = plain_deviation**2 / (variance * length) if variance else math.inf
        details["technique"] = reducer.technique
        details["variance_reduction"] = gain if gain < 1e12 else None  # None: nothing but rounding is left
    figure = f"{estimate:.7g} ± {width:.2g} against {value:.7g}, {samples:.3g} samples"
    if word == "inconclusive":
        needed = _samples_to_settle(estimate, variance, value, band, alpha, c, length)
        details["samples_to_settle"] = needed
        figure += (
            "; no number of samples settles it" if needed is None else f"; about {needed:.2g} would settle it"
        )
    evidence = Evidence(_METHOD, word, figure, details, time.perf_counter() - started)
    return Verdict(word, (evidence,), diagnosis=_diagnosis(word, estimate, value))


def _word(estimate: float, width: float, claim: float, band: float) -> Word:
    if abs(estimate - claim) + width <= band:
        return "agrees"
    if abs(estimate - claim) > width:
        return "refuted"
    return "inconclusive"


def _diagnosis(word: Word, estimate: float, claim: float) -> str | None:
    if word != "refuted":
        return None
    if claim == 0 or estimate == 0:
        return f"the mean is {estimate:.6g}, not {claim:.6g}"
    return f"the mean is {estimate:.6g}, which is {estimate / claim:.6g} times the claim"


def _samples_to_settle(
    estimate: float, variance: float, claim: float, band: float, alpha: float, c: float, length: int
) -> int | None:
    """Return the number of draws at which the interval would decide, if estimate and variance stay as they are."""
    apart = abs(estimate - claim)
    batches = batches_for(max(apart, band - apart), variance, alpha, c)
    return None if math.isinf(batches) else int(batches * length)


def _width(means: Array, variance: float, alpha: float, c: float, length: int, pilot: _Pilot) -> float:
    """Return the half-width, never below what rounding or unseen rare values could add."""
    if means.min() == means.max() and pilot.deviation == 0:
        # All draws are equal. A value seen in none of N draws has probability at most log(1/alpha)/N; it is taken
        # to differ from them by no more than their own size, or 1.
        return max(1.0, abs(float(means[0]))) * -math.log(alpha) / (len(means) * length)
    rounding = 64 * np.finfo(float).eps * pilot.scale
    return max(half_width(variance, len(means), alpha, c), rounding)


def _pilot(reducer: Reducer, seed: int, max_samples: int) -> _Pilot:
    """Draw the pilot sample: 256 batches of 256 draws, fewer where the budget is small."""
    share = max_samples // 8
    batches = min(256, share)
    length = max(1, min(256, share // batches))
    means = BlockSampler(reducer, seed, _PILOT_STAGE, length, batches).block(0)
    value, controls = means[:, 0], means[:, 1:] - reducer.control_means
    varied = bool(value.min() < value.max())
    design = np.column_stack([np.ones(batches), controls])
    intercept, *slopes = np.linalg.lstsq(design, value, rcond=1e-12)[0]
    coefficients = np.array(slopes) if varied else np.zeros(len(slopes))
    rest = value - intercept - controls @ coefficients
    spread = float(rest.std())
    root = math.sqrt(length)
    scale = math.sqrt(length * float(value.var()) + float(value.mean()) ** 2)
    scale += float(np.abs(coefficients) @ np.abs(reducer.control_means)) if len(coefficients) else 0.0
    exact = spread <= 1e-10 * scale  # the controls explain everything, and what is left is rounding
    skewness = 0.0 if exact else float(np.mean((rest / spread) ** 3))
    deviation = spread * root if varied else 0.0
    return _Pilot(coefficients, deviation, skewness * root, scale, batches * length)


def _layout(pilot: _Pilot, budget: int, chunk: int) -> tuple[int, int]:
    """Return the draws a batch and the batches a block: batch means normal in effect, enough blocks to look at."""
    longest = max(1, budget // _FEWEST_BATCHES)
    normal = _RARE if pilot.deviation == 0 else (pilot.skewness / _SKEWNESS) ** 2
    length = int(min(max(chunk, normal), longest))
    length = 1 << (length.bit_length() - 1)
    return length, max(1, min(STREAM_CHUNKS * chunk, budget // 4) // length)


def _plain_draws(reducer: Reducer, seed: int, max_samples: int) -> tuple[int, float]:
    """Return how many plain draws were looked at, and their standard deviation.

    Raises InputError if the largest of them follow a power law without variance. If the first 65,536 make that
    likely, four times as many decide.
    """
    for n in (1 << 16, 1 << 18):
        n = min(n, max_samples // 8)
        rng = stream(seed, _TAIL_STAGE, 0)
        step = reducer.chunk
        draws = np.concatenate([reducer(rng, min(step, n - done)) for done in range(0, n, step)])
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.abs(draws).sum()
        if not np.isfinite(total):
            name_what_is_not_finite(draws)
        index = _power_law_index(draws)
        if index is None or index > 2.6:
            break
    else:
        if index is not None and index < 2 * (1 + 2 / math.sqrt(n // 64)):
            raise InputError(
                f"the sampler's variance looks unbounded: its largest draws follow a power law of index {index:.2f}, "
                "and a variance needs an index above 2"
            )
    return n, float(draws.std())


def _power_law_index(draws: Array) -> float | None:
    """Return the index of the power law that the largest draws follow, or None if they follow none.

    Among the k largest distances from the median, the logarithms in excess of the smallest are exponential with
    mean 1/index if the tail is a power law (B. Hill, Annals of Statistics 3, 1975). A log-normal tail may have as
    small an index for a while, but its excesses vary less than exponential ones, and it has a variance.
    """
    k = len(draws) // 64
    if k < 64:
        return None
    distances = np.sort(np.abs(draws - np.median(draws)))[-k - 1 :]
    if distances[0] <= 0:
        return None
    excess = np.log(distances[1:] / distances[0])
    mean = float(excess.mean())
    if mean == 0 or float(excess.std()) / mean < 1 - 3 / math.sqrt(k):
        return None
    return 1 / mean


def _number(claim: SupportsFloat) -> float:
    try:
        value = float(claim)
    except (TypeError, ValueError):
        raise InputError(f"the claim must be a real number, got {claim!r}") from None
    if not math.isfinite(value):
        raise InputError(f"the claim must be finite, got {claim}")
    return value


def _validate(rtol: float, alpha: float, seed: int, max_samples: int) -> None:
    for name, given in (("rtol", rtol), ("alpha", alpha)):
        if not isinstance(given, int | float) or isinstance(given, bool) or not 0 < given < 1:
            raise InputError(f"{name} must lie between 0 and 1, got {given!r}")
    if alpha < 1e-300:
        raise InputError(f"alpha must be at least 1e-300, got {alpha!r}")
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed must be an integer from 0 on, got {seed!r}")
    if not isinstance(max_samples, int | np.integer) or not 1000 <= max_samples <= 10**13:
        raise InputError(f"max_samples must be an integer from 1000 to 10^13, got {max_samples!r}")
