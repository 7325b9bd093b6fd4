"""Batch means of random experiments: bounded memory, several threads, one answer.

A block is the unit of work and has a random stream of its own, `SeedSequence(seed, spawn_key=(stage, block))` with
SFC64. Blocks are cut into batches and batches into chunks that stay in the second-level cache. Which thread draws a
block changes nothing, and the blocks are combined in their order: the result is the same for any number of workers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import local
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dasum, ddot

from derive.errors import InputError

Array = NDArray[np.float64]

#: Draws at a time of the experiments that fill buffers in place: 512 KiB of float64 each. Shorter chunks cost more
#: in calls than they save in the cache.
CHUNK = 1 << 16

#: Draws at a time of a sampler that a person brings, each of whose draws may need many numbers.
PLAIN_CHUNK = 1 << 13

#: Chunks a stream, so that seeding it costs about a hundredth of drawing it, or less.
STREAM_CHUNKS = 8

#: The longest vector that a BLAS adds up in one thread (OpenBLAS splits from 10,000 on).
_PIECE = 1 << 13


class Workspace:
    """The buffers of one thread, made once and used again for every chunk."""

    def __init__(self) -> None:
        self._buffers: dict[int, Array] = {}
        self._constants: dict[float, Array] = {}

    def buffer(self, index: int, n: int) -> Array:
        """Return the buffer with this index, cut to length `n`; its contents are whatever was left there."""
        held = self._buffers.get(index)
        if held is None or len(held) < n:
            held = self._buffers[index] = np.empty(max(n, CHUNK))
        return held[:n]

    def constant(self, value: float, n: int) -> Array:
        """Return an array of `value`, to be read only; NumPy works faster against an array than a scalar."""
        held = self._constants.get(value)
        if held is None or len(held) < n:
            held = self._constants[value] = np.full(max(n, CHUNK), value)
        return held[:n]


def _pieces(n: int) -> list[tuple[int, int]]:
    """Return the pieces of a vector of length n, as (length, offset).

    A BLAS would split a long vector among threads of its own, which contend with ours and change the rounding.
    """
    return [(min(_PIECE, n - start), start) for start in range(0, n, _PIECE)]


def inner(a: Array, b: Array) -> float:
    """Return the inner product of two contiguous vectors, in one thread."""
    return sum([ddot(a, b, n, start, 1, start, 1) for n, start in _pieces(len(a))])


def absolute_sum(a: Array) -> float:
    """Return the sum of the absolute values of a contiguous vector, in one thread."""
    return sum([dasum(a, n, start, 1) for n, start in _pieces(len(a))])


@runtime_checkable
class Reducer(Protocol):
    """An experiment that adds its draws up itself.

    `sums(rng, n, work)` draws n times and returns the sum of the draws followed by the sums of control variates,
    whose means `control_means` are known exactly. Calling it as a sampler gives plain draws one by one, without
    any `technique` (in words, empty if there is none) that reduces their variance. `chunk` is how many draws it is
    asked for at a time.
    """

    chunk: int
    technique: str
    control_means: Array

    def sums(self, rng: np.random.Generator, n: int, work: Workspace) -> Array:
        """Return the sums over n draws of the quantity and of its control variates."""

    def __call__(self, rng: np.random.Generator, n: int) -> Array:
        """Return n plain draws of the quantity."""


class PlainSampler:
    """A sampler (rng, n) -> n draws that a person brings, checked at every call."""

    chunk = PLAIN_CHUNK
    technique = ""
    control_means: Array = np.empty(0)

    def __init__(self, sampler: Any) -> None:
        if not callable(sampler):
            raise InputError(f"the sampler must be callable as sampler(rng, n), got {type(sampler).__name__}")
        self._sampler = sampler
        #: Whether the draws are Boolean, known after the first.
        self.boolean = False

    def __call__(self, rng: np.random.Generator, n: int) -> Array:
        """Return n draws as float64. Raises InputError for the wrong shape or for values that are not real."""
        try:
            draws = np.asarray(self._sampler(rng, n))
        except InputError:
            raise
        except Exception as error:
            said = (str(error).splitlines() or [""])[0]
            raise InputError(f"the sampler failed with {type(error).__name__}: {said}") from error
        if draws.shape != (n,):
            raise InputError(f"the sampler returned shape {draws.shape} for n = {n}: expected ({n},)")
        if draws.dtype.kind not in "fiub":
            raise InputError(f"the sampler returned {draws.dtype} values: expected real numbers")
        self.boolean = draws.dtype.kind == "b"
        return draws.astype(np.float64, copy=False)

    def sums(self, rng: np.random.Generator, n: int, work: Workspace) -> Array:
        """Return the sum of n draws; NaN or infinity among them is named."""
        return self.checked_sums(self(rng, n)[:, None])

    @staticmethod
    def checked_sums(columns: Array) -> Array:
        """Return the sums of columns of draws; NaN or infinity among them is named."""
        with np.errstate(over="ignore", invalid="ignore"):
            totals: Array = columns.sum(axis=0)
        if not np.isfinite(totals).all():
            name_what_is_not_finite(columns[:, int(np.argmin(np.isfinite(totals)))])
        return totals


def name_what_is_not_finite(draws: Array) -> None:
    """Raise InputError that says whether NaN, infinities or mere size make the sum of `draws` useless."""
    if np.isnan(draws).any():
        raise InputError(f"the sampler returned NaN in {int(np.isnan(draws).sum())} of {len(draws)} draws")
    if np.isinf(draws).any():
        raise InputError(
            f"the sampler returned infinities in {int(np.isinf(draws).sum())} of {len(draws)} draws"
        )
    raise InputError("the sampler's draws are so large that their sum overflows: rescale them")


def stream(seed: int, stage: int, block: int) -> np.random.Generator:
    """Return the generator of one block. The same three numbers give the same stream on every machine."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(stage, block))))


class BlockSampler:
    """Draws blocks of batches of an experiment with a pool of threads.

    `length` is the number of draws a batch and `batches` the number of batches a block.
    """

    def __init__(self, reducer: Reducer, seed: int, stage: int, length: int, batches: int) -> None:
        self.reducer, self.seed, self.stage = reducer, seed, stage
        self.length, self.batches = length, batches
        self._threads = local()

    def block(self, index: int) -> Array:
        """Return the batch means of one block, shape (batches, 1 + control variates)."""
        work = getattr(self._threads, "work", None)
        if work is None:
            work = self._threads.work = Workspace()
        rng = stream(self.seed, self.stage, index)
        out = np.zeros((self.batches, 1 + len(self.reducer.control_means)))
        for row in out:
            done = 0
            while done < self.length:
                n = min(self.reducer.chunk, self.length - done)
                row += self.reducer.sums(rng, n, work)
                done += n
        return out / self.length

    def blocks(self, first: int, count: int, pool: ThreadPoolExecutor | None) -> Array:
        """Return the batch means of `count` blocks from `first` on, in their order."""
        indices = range(first, first + count)
        rows = map(self.block, indices) if pool is None else pool.map(self.block, indices)
        return np.concatenate(list(rows))


@contextmanager
def worker_pool(workers: int | None) -> Iterator[ThreadPoolExecutor | None]:
    """Yield a pool of that many threads (by default one for each processor), or None for one worker."""
    count = available_workers() if workers is None else workers
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or not 1 <= count <= 1024:
        raise InputError(f"workers must be an integer from 1 to 1024, got {count!r}")
    if count == 1:
        yield None
        return
    with ThreadPoolExecutor(int(count)) as pool:
        yield pool


def available_workers() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
