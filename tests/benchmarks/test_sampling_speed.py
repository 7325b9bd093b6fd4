"""Sampling against the bare generator, measured side by side in one run."""

import time

import numpy as np
import pytest

from verify.moments.monte_carlo import check_moment
from verify.moments.samplers import GaussianMean, ReluMoments
from verify.moments.sampling import (
    CHUNK,
    STREAM_CHUNKS,
    BlockSampler,
    available_workers,
    stream,
    worker_pool,
)

DRAWS = 1 << 24
ROUNDS = 24


def bare(pool, workers):
    """The generator fills an array in place, again and again, and nothing else happens."""

    def fill(index):
        rng, z = stream(0, 99, index), np.empty(CHUNK)
        for _ in range(DRAWS // workers // CHUNK):
            rng.standard_normal(out=z)

    start = time.perf_counter()
    list(map(fill, range(workers)) if pool is None else pool.map(fill, range(workers)))
    return time.perf_counter() - start


def reduced(pool):
    """The same number of draws, with E[relu(z)] and E[relu(z)^2] summed up."""
    source = BlockSampler(ReluMoments(), 0, 98, CHUNK, STREAM_CHUNKS)
    start = time.perf_counter()
    means = source.blocks(0, DRAWS // (CHUNK * STREAM_CHUNKS), pool).mean(axis=0)
    seconds = time.perf_counter() - start
    np.testing.assert_allclose(means, [0.5, 1 / np.sqrt(2 * np.pi)], rtol=5e-3)
    return seconds


@pytest.mark.parametrize("workers", [1, 2])
def test_plain_relu_moments_run_at_85_percent_of_the_bare_rate(benchmark, capsys, workers):
    """The two alternate, and the best round of each counts, so that a busy neighbour troubles both alike."""
    if workers > available_workers():
        pytest.fail(f"this benchmark needs {workers} processors")

    def compare():
        with worker_pool(workers) as pool:
            rounds = [(bare(pool, workers), reduced(pool)) for _ in range(ROUNDS)]
        return min(b for b, _ in rounds), min(r for _, r in rounds)

    alone, together = benchmark.pedantic(compare, rounds=1)
    ratio = alone / together
    with capsys.disabled():
        print(f"\n{workers} workers: bare {DRAWS / alone / 1e6:.0f} M normals/s, with both moments "
              f"{DRAWS / together / 1e6:.0f} M/s, ratio {ratio:.3f}")  # fmt: skip
    benchmark.extra_info.update(ratio=ratio)
    assert ratio >= 0.85


def test_control_variates_buy_a_relative_standard_error_of_5e_5(benchmark, capsys):
    """E[relu(a)^2] within the time of 2.5e8 bare draws on one thread; without controls they buy 1.5e-4."""

    def compare():
        allowed = bare(None, 1) * 2.5e8 / DRAWS
        start = time.perf_counter()
        sampler = GaussianMean(lambda x: np.square(np.maximum(x, 0.0)))
        found = check_moment(sampler, 0.5, rtol=1e-9, max_samples=1 << 26, workers=1)
        return allowed, time.perf_counter() - start, found.evidence[0].details

    allowed, taken, details = benchmark.pedantic(compare, rounds=1)
    error = details["standard_error"] / 0.5
    with capsys.disabled():
        print(f"\nrelative standard error {error:.2g} in {taken:.2f} s; 2.5e8 bare draws take {allowed:.2f} s; "
              f"variance reduced {details['variance_reduction']:.0f}-fold")  # fmt: skip
    benchmark.extra_info.update(error=error, share=taken / allowed)
    assert error <= 5e-5
    assert taken <= allowed
    assert abs(details["estimate"] - 0.5) <= details["half_width"]
