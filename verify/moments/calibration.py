"""Evidence that the moment check keeps its promises: how often it refutes true claims, and false ones.

`python -m verify.moments.calibration` prints the table. A true claim is checked with so narrow a band that the
whole budget is drawn and every look is a chance to refute it wrongly; a claim off by 1 % is to be refuted within the
budget. Where the mean rests on rare large draws a true claim may be left undecided, but not refuted more often than
the level. Each repetition has a seed of its own.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.errors import InputError
from verify.moments.monte_carlo import check_moment
from verify.moments.samplers import gaussian
from verify.moments.sampling import worker_pool


@dataclass(frozen=True)
class Case:
    """An experiment whose mean is known."""

    name: str
    sampler: Callable[[], Any]
    mean: float


def _rare(rng: np.random.Generator, n: int) -> Any:
    """Return normal draws to which 1000 is added once in 1000."""
    return rng.standard_normal(n) + 1000.0 * (rng.random(n) < 1e-3)


CASES: tuple[Case, ...] = (
    Case(
        "relu(a)^2, plain sampling", lambda: lambda rng, n: np.maximum(rng.standard_normal(n), 0.0) ** 2, 0.5
    ),
    Case(
        "Var[relu(a)], control variates",
        lambda: gaussian("relu", "variance"),
        (math.pi - 1) / (2 * math.pi),
    ),
    Case("exponential", lambda: lambda rng, n: rng.standard_exponential(n), 1.0),
    Case("Bernoulli(0.1)", lambda: lambda rng, n: rng.random(n) < 0.1, 0.1),
)

#: Experiments whose mean rests on rare large draws: true claims only, since no budget here refutes 1 %.
HARD_CASES: tuple[Case, ...] = (
    Case("lognormal(1)", lambda: lambda rng, n: np.exp(rng.standard_normal(n)), math.exp(0.5)),
    Case("lognormal(2)", lambda: lambda rng, n: np.exp(2 * rng.standard_normal(n)), math.exp(2)),
    Case("lognormal(3)", lambda: lambda rng, n: np.exp(3 * rng.standard_normal(n)), math.exp(4.5)),
    Case("Bernoulli(1e-4)", lambda: lambda rng, n: rng.random(n) < 1e-4, 1e-4),
    Case("Bernoulli(1e-5)", lambda: lambda rng, n: rng.random(n) < 1e-5, 1e-5),
    Case("Bernoulli(1e-4), as numbers", lambda: lambda rng, n: (rng.random(n) < 1e-4) * 1.0, 1e-4),
    Case("1 + t(3)", lambda: lambda rng, n: 1 + rng.standard_t(3, n), 1.0),
    Case("pareto(2.2)", lambda: lambda rng, n: rng.pareto(2.2, n), 1 / 1.2),
    Case("normal + 1000 B(1e-3)", lambda: _rare, 1.0),
)


@dataclass(frozen=True)
class Row:
    """How the repetitions of one case came out; `factor` is the claim over the true mean."""

    case: str
    factor: float
    budget: int
    repetitions: int
    agrees: int
    refuted: int
    inconclusive: int
    median_samples: int

    @property
    def refuted_share(self) -> float:
        """The share of repetitions in which the claim was refuted."""
        return self.refuted / self.repetitions


def calibrate(
    case: Case,
    factor: float,
    *,
    repetitions: int = 2000,
    alpha: float = 0.05,
    budget: int = 1 << 20,
    rtol: float = 1e-9,
    seed: int = 0,
    workers: int | None = None,
    on_repetition: Callable[[], None] | None = None,
) -> Row:
    """Check the claim `factor` times the mean again and again, and count the verdicts."""
    if repetitions < 1:
        raise InputError(f"repetitions must be at least 1, got {repetitions}")

    def one(index: int) -> tuple[str, int]:
        try:
            verdict = check_moment(
                case.sampler(),
                factor * case.mean,
                rtol=rtol,
                alpha=alpha,
                seed=seed + index,
                max_samples=budget,
                workers=1,
            )
        except InputError:
            return "refuted", 0  # a sound sampler that is refused counts as accused
        if on_repetition is not None:
            on_repetition()
        return verdict.verdict, verdict.evidence[0].details["samples"]

    with worker_pool(workers) as pool:
        found = list(map(one, range(repetitions)) if pool is None else pool.map(one, range(repetitions)))
    words = Counter(word for word, _ in found)
    return Row(
        case.name,
        factor,
        budget,
        repetitions,
        words["agrees"],
        words["refuted"],
        words["inconclusive"],
        int(np.median([samples for _, samples in found])),
    )


def allowed_refutations(repetitions: int, alpha: float) -> int:
    """Return the most refutations of true claims that a refutation rate of `alpha` explains at three sigma."""
    return math.floor(repetitions * alpha + 3 * math.sqrt(repetitions * alpha * (1 - alpha)))


def table(repetitions: int, seed: int = 0, progress: Callable[[str], None] | None = None) -> list[Row]:
    """Return the calibration at alpha = 0.05: true claims, and claims off by 1 % either way where the budget can tell.

    The first of the true claims have a generous budget, so that every look is a chance to refute them wrongly.
    """
    rows = []
    off = ((1.01, 1 << 23), (0.99, 1 << 23))
    for case in (*CASES, *HARD_CASES):
        for factor, budget in ((1.0, 1 << 20), *(off if case in CASES else ())):
            if progress is not None:
                progress(f"{case.name}, claim {factor:g} times the mean")
            rows.append(calibrate(case, factor, repetitions=repetitions, budget=budget, seed=seed))
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return 0 if every promise is kept, else 1."""
    parser = argparse.ArgumentParser(prog="python -m verify.moments.calibration", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    show = (lambda line: print(line, file=sys.stderr)) if sys.stderr.isatty() else None
    rows = table(given.repetitions, given.seed, show)
    allowed = allowed_refutations(given.repetitions, 0.05)
    print(f"alpha = 0.05, {given.repetitions} repetitions; of true claims at most {allowed} may be refuted")
    print(
        f"{'experiment':<32}{'claim/mean':>10}{'budget':>10}{'median n':>10}{'refuted':>9}{'':>10}{'undecided':>11}  kept"
    )
    kept = True
    for row in rows:
        fine = row.refuted <= allowed if row.factor == 1 else row.refuted_share >= 0.99
        kept = kept and fine
        share = f"{100 * row.refuted_share:.2f} %"
        print(
            f"{row.case:<32}{row.factor:>10g}{row.budget:>10}{row.median_samples:>10}{row.refuted:>9}{share:>10}"
            f"{row.inconclusive:>11}  "
            f"{'yes' if fine else 'NO'}"
        )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
