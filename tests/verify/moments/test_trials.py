"""Trials: a few networks with Student's interval, and evaluations without one."""

import numpy as np
import pytest

from derive.errors import InputError
from verify.moments.networks import measure_networks
from verify.moments.trials import TRIALS, Trial, _student, check_trial, network


def test_the_interval_is_students() -> None:
    """For values -1, 0, 1 the standard error is 1/sqrt(3); t with 2 degrees of freedom has P(|T| > 706.9) = 2 / (2 + 706.9^2)."""
    mean, half = _student(np.array([-1.0, 0.0, 1.0]))
    t = half * np.sqrt(3)
    assert mean == 0
    assert 1 - t / np.sqrt(2 + t * t) == pytest.approx(1e-6, rel=1e-6)


def test_small_networks_agree_with_what_holds_at_any_width() -> None:
    """A rectifier's layer keeps the mean of q whatever its width, since each layer is Gaussian given the one before."""
    found = network(3, "relu", "growth", 2, width=64, depth=6, networks=300)
    assert abs(found.value - 1) < found.error < 0.06
    found = network(3, "identity", "gradients", 0.5, width=64, depth=6, networks=300)
    assert abs(found.value - 0.5) < found.error < 0.03


@pytest.mark.parametrize(
    ("claim", "rtol", "word"),
    [
        (1.0, 0.05, "agrees"),
        (1.0, 0.015, "inconclusive"),
        (1.1, 0.05, "refuted"),
        (1.04, 0.05, "agrees"),
        (1.04, 0.01, "refuted"),
    ],
)
def test_three_answers_of_an_interval(monkeypatch, claim, rtol, word) -> None:
    monkeypatch.setitem(TRIALS, "given", lambda seed: Trial(1.01, 0.02, "by hand"))
    assert check_trial("given", {}, claim, rtol, 0).verdict == word


@pytest.mark.parametrize(("claim", "word"), [(0.0, "refuted"), (0.5, "agrees"), (0.5 + 1e-13, "agrees")])
def test_an_evaluation_has_no_interval(monkeypatch, claim, word) -> None:
    monkeypatch.setitem(TRIALS, "given", lambda seed: Trial(0.5, 0.0, "by hand"))
    assert check_trial("given", {}, claim, 1e-12, 0).verdict == word


def test_an_unknown_quantity_is_named() -> None:
    with pytest.raises(InputError, match="expected one of growth"):
        network(0, "relu", "grow", 1, width=2, depth=2, networks=2)


def test_dead_layers_have_no_correlation() -> None:
    profile = measure_networks("max(x, 0)", 0.0, width=3, depth=3, networks=2)
    assert np.isnan(profile.correlation[:, -1]).all()
    assert (profile.forward[:, -1] == 0).all()
