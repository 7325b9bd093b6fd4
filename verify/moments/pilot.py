"""What is learnt of a sampler before the main sample: size and spread of its draws, their tail, control coefficients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from derive.errors import InputError
from verify.moments.sampling import (
    Array,
    BlockSampler,
    PlainSampler,
    Reducer,
    name_what_is_not_finite,
    stream,
)
from verify.moments.tails import TailIndex, tail_index
from verify.moments.variates import VariateSampler

#: The stages of these streams, apart from that of the main sample.
_TAIL_STAGE, _PILOT_STAGE = 0, 1

#: Draws that are looked at one by one; the larger number where their tail makes it likely that variance is lacking.
_FIRST, _MORE = 1 << 16, 1 << 18

#: The batches of the pilot sample, and the draws in each.
_BATCHES = 256


@dataclass(frozen=True)
class FirstDraws:
    """The first draws, plain: how many, their spread, size, a power of 2 near the largest, and their tail."""

    samples: int
    deviation: float
    root_mean_square: float
    unit: float
    largest_deviation: float
    boolean: bool
    tail: TailIndex | None


@dataclass(frozen=True)
class Pilot:
    """What a separate sample tells. All but `unit` is in units of it, so that no size of draws over- or underflows.

    `coefficients` are those of the control variates, `deviation` the standard deviation of what they leave of a
    draw, `size` the largest number in the arithmetic, `largest` the largest deviation of a draw that was seen (0 for
    experiments that add up their draws themselves, and where control variates or antithetic pairs leave nothing but
    rounding). `no_variance`: a tail without variance is within the error. `constant`: all plain draws are equal.
    """

    unit: float
    coefficients: Array
    deviation: float
    size: float
    largest: float
    samples: int
    no_variance: bool
    constant: bool


def first_draws(reducer: Reducer, seed: int, max_samples: int, finite_variance: bool = False) -> FirstDraws:
    """Return what the first draws tell; their tail is not looked at where a variance is known to exist.

    Raises InputError where they follow a power law without variance beyond the error of its index, where they are
    not finite, and where a generator in the same state gives different draws.
    """
    _same_draws_from_the_same_state(reducer, seed)
    boolean = isinstance(reducer, PlainSampler) and reducer.boolean
    for n in (_FIRST, _MORE):
        n = min(n, max_samples // 8)
        rng = stream(seed, _TAIL_STAGE, 0)
        step = reducer.chunk
        draws = np.concatenate([reducer(rng, min(step, n - done)) for done in range(0, n, step)])
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.abs(draws).sum()
        if not np.isfinite(total):
            name_what_is_not_finite(draws)
        tail = None if finite_variance else tail_index(draws)
        if tail is None or not tail.may_have_no_variance:
            break
    if tail is not None and tail.has_no_variance:
        raise InputError(
            f"the sampler's variance looks unbounded: its largest draws follow a power law of index "
            f"{tail.index:.2f} ± {tail.error:.2f}, and a variance needs an index above 2"
        )
    largest = float(np.abs(draws).max())
    unit = math.ldexp(1.0, min(math.frexp(largest)[1], 1023)) if largest else 1.0
    scaled = draws / unit
    deviation, rms = float(scaled.std()), math.sqrt(float(np.mean(scaled**2)))
    farthest = float(np.abs(scaled - scaled.mean()).max()) if scaled.min() < scaled.max() else 0.0
    return FirstDraws(n, deviation * unit, rms * unit, unit, farthest, boolean, tail)


def _same_draws_from_the_same_state(reducer: Reducer, seed: int) -> None:
    """Raise InputError where draws depend on more than the state of their generator, or not on it at all."""
    n = 32
    one, other = (reducer(stream(seed, _TAIL_STAGE, 1), n) for _ in range(2))
    if not np.array_equal(one, other, equal_nan=True):
        raise InputError(
            "the sampler gives different draws for a generator in the same state: draw from the `rng` it is given, "
            "and from nothing else"
        )
    elsewhere = reducer(stream(seed, _TAIL_STAGE, 2), n)
    if np.array_equal(one, elsewhere) and np.ptp(one) > 0 and len(np.unique(one)) > n // 2:
        raise InputError(
            "the sampler gives the same draws whatever the generator: draw from the `rng` it is given, with no seed "
            "of its own"
        )


def pilot_sample(reducer: Reducer, seed: int, max_samples: int, first: FirstDraws) -> Pilot:
    """Draw the pilot sample: 256 batches of 256 draws, fewer where the budget is small.

    With control variates or antithetic pairs as many draws again are looked at one by one.
    """
    share = max_samples // 8
    batches = min(_BATCHES, share)
    length = max(1, min(_BATCHES, share // batches))
    means = BlockSampler(reducer, seed, _PILOT_STAGE, length, batches).block(0)
    value, controls = means[:, 0] / first.unit, means[:, 1:] - reducer.control_means
    varied = bool(value.min() < value.max())
    design = np.column_stack([np.ones(batches), controls])
    intercept, *slopes = np.linalg.lstsq(design, value, rcond=1e-12)[0]
    coefficients = np.array(slopes) if varied else np.zeros(len(slopes))
    rest = value - intercept - controls @ coefficients
    root = math.sqrt(length)
    size = math.sqrt(length * float(value.var()) + float(value.mean()) ** 2)
    size += float(np.abs(coefficients) @ np.abs(reducer.control_means)) if len(coefficients) else 0.0
    samples = length * batches
    # Draws that were all equal at first: what differs later is alone in its batch.
    largest = first.largest_deviation or float(np.abs(value - value.mean()).max()) * length
    if isinstance(reducer, VariateSampler):
        rng, step = stream(seed, _TAIL_STAGE, 2), reducer.chunk
        columns = np.concatenate(
            [reducer.columns(rng, min(step, samples - done)) for done in range(0, samples, step)]
        )
        left = columns[:, 0] / first.unit - (columns[:, 1:] - reducer.control_means) @ coefficients
        largest = float(np.abs(left - left.mean()).max())
        samples += len(left)
    elif not isinstance(reducer, PlainSampler):
        largest = 0.0
    return Pilot(
        first.unit,
        coefficients,
        float(rest.std()) * root if varied else 0.0,
        size,
        largest if largest > 1e-10 * size else 0.0,
        samples,
        first.tail is not None and first.tail.may_have_no_variance,
        not varied and first.largest_deviation == 0,
    )
