"""The catalogue's moments agree when measured, and its slips are refuted by figures."""

import pytest

from derive.errors import InputError
from derive.moments import MOMENT_RESULTS
from verify.moments.catalogued import measure_check, measure_slip
from verify.moments.samplers import experiment

CHECKS = [check for result in MOMENT_RESULTS for check in result.checks]
SLIPS = [slip for result in MOMENT_RESULTS for slip in result.slips]


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.label)
def test_every_moment_agrees(check) -> None:
    assert measure_check(check, seed=11).verdict == "agrees"


@pytest.mark.parametrize("slip", SLIPS, ids=lambda s: s.label)
def test_every_slip_is_refuted(slip) -> None:
    found = measure_slip(slip, seed=11)
    assert found.verdict == "refuted"
    low, high = found.evidence[0].details["interval"]
    assert low <= float(slip.true) <= high
    assert slip.why in found.diagnosis


def test_bad_experiments_are_named() -> None:
    for name, options in (
        ("gausian", {}),
        ("gaussian", {"activation": "relu", "quantity": "third"}),
        ("layer", {"direction": "sideways", "n_in": 1, "n_out": 1, "sigma2": 1}),
    ):
        with pytest.raises(InputError, match="expected"):
            experiment(name, options)
