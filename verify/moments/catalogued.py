"""The checks and slips of the moment catalogue, measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from verify.moments.monte_carlo import Look, check_moment
from verify.moments.samplers import experiment
from verify.moments.trials import TRIALS, check_trial
from verify.verdict import Verdict

if TYPE_CHECKING:
    from derive.moments.result import MomentCheck, MomentSlip


def measure_check(
    check: MomentCheck,
    seed: int = 0,
    workers: int | None = None,
    on_look: Callable[[Look], None] | None = None,
) -> Verdict:
    """Measure a catalogued moment; the claim is to agree."""
    if check.sampler in TRIALS:
        return check_trial(check.sampler, check.options, float(check.claim), check.rtol, seed)
    return check_moment(
        experiment(check.sampler, check.options),
        check.claim,
        rtol=check.rtol,
        seed=seed,
        workers=workers,
        on_look=on_look,
    )


def measure_slip(slip: MomentSlip, seed: int = 0, workers: int | None = None) -> Verdict:
    """Measure a slip: its wrong claim is to be refuted. The diagnosis says why it is wrong and what is right."""
    if slip.sampler in TRIALS:
        found = check_trial(slip.sampler, slip.options, float(slip.claim), 1e-3, seed)
    else:
        found = check_moment(experiment(slip.sampler, slip.options), slip.claim, seed=seed, workers=workers)
    measured = f"{found.diagnosis}. " if found.diagnosis else ""
    return replace(found, diagnosis=f"{measured}{slip.why}")
