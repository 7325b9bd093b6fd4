"""Fits of the toy data side by side with the plain fsolve loop, in one run (with OPENBLAS_NUM_THREADS=1).

The plain loop needs some 20 s in the median to solve the w-shape, so here it runs for a while and the time to
a success is the time it took over the share of starts that succeeded, bounded by one success where none did.
"""

import warnings
from statistics import mean
from time import perf_counter

import numpy as np
import pytest
from scipy.optimize import fsolve

from verify.fit.exact import construct, exact_network
from verify.fit.least_squares import fit_by_least_squares
from verify.fit.points import TOY

SECONDS = {"w-shape": 40.0, "zigzag": 10.0}


def plain_loop(points, seconds):
    """Restart fsolve from N(0, 1) as a textbook does; return the mean time to a success (at least)."""
    rows = np.minimum(np.arange(13), len(points) - 1)
    x, y = points.xs[rows], points.ys[rows]

    def equations(p):
        return p[12] + np.maximum(np.outer(x, p[:4]) + p[4:8], 0) @ p[8:12] - y

    rng = np.random.default_rng(0)
    begin, wins = perf_counter(), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while perf_counter() - begin < seconds:
            solution = fsolve(equations, rng.normal(size=13))
            wins += bool(np.abs(equations(solution)).max() < 1e-10)
    return (perf_counter() - begin) / max(wins, 1), wins


@pytest.mark.parametrize(("name", "milliseconds", "times"), [("w-shape", 12, 1000), ("zigzag", 5, 100)])
def test_least_squares_beside_the_plain_loop(benchmark, name, milliseconds, times):
    points, seeds = TOY[name], iter(range(10**6))

    def solve():
        found = fit_by_least_squares(points, 4, next(seeds))
        assert found.converged
        return found.seconds

    benchmark.pedantic(solve, rounds=200, warmup_rounds=5)
    ours = mean(solve() for _ in range(200))
    plain, wins = plain_loop(points, SECONDS[name])
    benchmark.extra_info.update(ours=ours, plain=plain, plain_successes=wins, ratio=plain / ours)
    print(
        f"{name}: ours {ours * 1e3:.2f} ms, plain loop {plain:.3g} s ({wins} successes), {plain / ours:.0f} times"
    )
    assert ours * 1e3 <= milliseconds
    assert plain / ours >= times


@pytest.mark.parametrize("name", list(TOY))
def test_exact_construction(benchmark, name):
    benchmark(construct, TOY[name])
    assert benchmark.stats.stats.median <= 1e-4


@pytest.mark.parametrize("name", list(TOY))
def test_exact_construction_with_its_proof(benchmark, name):
    assert benchmark(exact_network, TOY[name]).minimal
