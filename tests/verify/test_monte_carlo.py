"""The moment check: its three answers, its promises, its independence of workers, and what it says of bad input."""

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from verify.moments.calibration import CASES, allowed_refutations, calibrate
from verify.moments.confidence import batches_for, half_width, mixture_scale
from verify.moments.samplers import GaussianMean
from verify.monte_carlo import check_moment


def relu_squared(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.maximum(rng.standard_normal(n), 0.0) ** 2


def exponential(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.standard_exponential(n)


def details(verdict):
    return verdict.evidence[0].details


def test_a_true_claim_agrees() -> None:
    verdict = check_moment(relu_squared, sp.Rational(1, 2), rtol=1e-2)
    assert verdict.verdict == "agrees"
    assert verdict
    found = details(verdict)
    assert abs(found["estimate"] - 0.5) + found["half_width"] <= 0.005
    assert found["samples"] > 0


@pytest.mark.parametrize("claim", [0.51, 0.49, 0.3408, -0.5])
def test_a_false_claim_is_refuted_with_the_true_value(claim: float) -> None:
    verdict = check_moment(relu_squared, claim)
    assert verdict.verdict == "refuted"
    assert not verdict
    low, high = details(verdict)["interval"]
    assert low < 0.5 < high
    assert not low <= claim <= high
    assert "the mean is" in verdict.diagnosis


def test_a_spent_budget_is_inconclusive_and_says_what_would_settle_it() -> None:
    verdict = check_moment(relu_squared, 0.5, rtol=1e-3, max_samples=200_000)
    assert verdict.verdict == "inconclusive"
    needed = details(verdict)["samples_to_settle"]
    assert needed > 200_000
    assert details(verdict)["samples"] <= 200_000
    assert "would settle it" in verdict.evidence[0].figure


def test_the_number_that_settles_it_does() -> None:
    needed = details(check_moment(exponential, 1.0, rtol=5e-3, max_samples=400_000))["samples_to_settle"]
    assert check_moment(exponential, 1.0, rtol=5e-3, max_samples=4 * needed).verdict == "agrees"


def test_same_answer_for_any_number_of_workers() -> None:
    runs = [check_moment(relu_squared, 0.5, rtol=5e-3, seed=7, workers=w) for w in (1, 2, 3)]
    assert len({(details(v)["estimate"], details(v)["half_width"], details(v)["samples"]) for v in runs}) == 1
    assert (
        details(check_moment(relu_squared, 0.5, rtol=5e-3, seed=8))["estimate"]
        != details(runs[0])["estimate"]
    )


def test_a_claim_of_zero_is_banded_by_the_size_of_the_draws() -> None:
    assert check_moment(lambda rng, n: rng.standard_normal(n), 0.0, rtol=1e-2).verdict == "agrees"
    assert check_moment(lambda rng, n: 0.1 + rng.standard_normal(n), 0.0, rtol=1e-2).verdict == "refuted"


def test_draws_that_are_all_equal() -> None:
    constant = lambda rng, n: np.full(n, 2.0)
    assert check_moment(constant, 2.0).verdict == "agrees"
    assert check_moment(constant, 3.0).verdict == "refuted"


def test_rare_values_that_no_draw_showed_refute_nothing() -> None:
    rare = lambda rng, n: rng.random(n) < 1e-9
    assert check_moment(rare, 1e-9, max_samples=1 << 22).verdict == "inconclusive"


def test_a_log_normal_has_a_variance() -> None:
    verdict = check_moment(
        lambda rng, n: np.exp(2 * rng.standard_normal(n)), math.exp(2), max_samples=1 << 22
    )
    assert verdict.verdict == "inconclusive"


@pytest.mark.parametrize("case", CASES[:3], ids=lambda c: c.name)
def test_true_claims_are_refuted_no_more_often_than_alpha(case) -> None:
    """The band is so narrow that the whole budget is drawn, and every look could refute."""
    row = calibrate(case, 1.0, repetitions=100, budget=60_000)
    assert row.agrees == 0
    assert row.refuted <= allowed_refutations(100, 0.05)


def test_a_sequence_at_fixed_confidence_would_not_keep_that_promise() -> None:
    """The calibration can fail: stopping at the first of many looks at 95 % refutes far more than 5 %."""
    rng = np.random.default_rng(0)
    means = np.cumsum(rng.standard_normal((400, 200)), axis=1) / np.sqrt(np.arange(1, 201))
    stopped = np.mean((np.abs(means[:, 5:]) > 1.96).any(axis=1))
    assert stopped > 0.2


def test_claims_off_by_one_percent_are_refuted() -> None:
    row = calibrate(CASES[2], 1.01, repetitions=20, budget=1 << 21)
    assert row.refuted == 20


def test_coverage_at_all_times_of_the_confidence_sequence() -> None:
    """Normal observations of unknown variance: the interval misses the mean at any of 300 looks in under 20 %."""
    rng = np.random.default_rng(3)
    alpha, c = 0.2, mixture_scale(100, 0.2)
    missed = 0
    for x in rng.normal(5.0, 3.0, size=(500, 300)):
        n = np.arange(1, 301)
        mean = np.cumsum(x) / n
        variance = np.cumsum(x**2) / n - mean**2
        widths = [half_width(v, int(k), alpha, c) for v, k in zip(variance, n, strict=True)]
        missed += bool(np.any(np.abs(mean - 5.0) > widths))
    assert missed / 500 < alpha + 3 * math.sqrt(alpha * (1 - alpha) / 500)
    assert missed / 500 > 0.02  # it is no wider than it needs to be by an order of magnitude


@given(
    variance=st.floats(1e-3, 1e3), n=st.integers(2, 10_000), alpha=st.sampled_from([0.5, 0.05, 1e-6, 1e-12])
)
@settings(max_examples=60, deadline=None)
def test_half_width_is_where_the_mixture_reaches_one_over_alpha(variance, n, alpha) -> None:
    """The closed form against the martingale itself, evaluated at the end of the interval."""
    c = mixture_scale(100, alpha)
    width = half_width(variance, n, alpha, c)
    if math.isinf(width):
        return
    total, squares = n * width, n * (variance + width**2)
    log_m = 0.5 * math.log(c / (n + c)) + n / 2 * math.log(squares / (squares - total**2 / (n + c)))
    assert log_m == pytest.approx(-math.log(alpha), rel=1e-6)


@given(width=st.floats(1e-3, 1.0))
@settings(max_examples=30, deadline=None)
def test_batches_for_inverts_half_width(width) -> None:
    n = batches_for(width, 1.0, 1e-6, 10.0)
    assert half_width(1.0, int(n), 1e-6, 10.0) <= width
    assert half_width(1.0, int(0.99 * n) - 2, 1e-6, 10.0) > width


def test_control_variates_reduce_the_variance_and_say_so() -> None:
    f = lambda x: np.maximum(x, 0.0) ** 2
    plain = details(check_moment(GaussianMean(f, controls=0), 0.5, rtol=5e-3))
    controlled = details(check_moment(GaussianMean(f), 0.5, rtol=5e-3))
    assert controlled["samples"] < plain["samples"]
    assert controlled["variance_reduction"] > 100
    # z and z^2 leave 3/4 - 2/pi of 5/4: E[z |z| z]^2 / 4 = 2/pi is what z explains of z |z| / 2.
    two = details(check_moment(GaussianMean(f, controls=2), 0.5, rtol=1e-3))
    assert two["variance_reduction"] == pytest.approx(1.25 / (0.75 - 2 / math.pi), rel=0.25)


def test_antithetic_draws_of_a_rectifier_are_half_a_square() -> None:
    """relu(z)^2 + relu(-z)^2 = z^2, which the control variate z^2 explains without remainder."""
    found = check_moment(GaussianMean(lambda x: np.maximum(x, 0.0) ** 2, antithetic=True), 0.5)
    assert found.verdict == "agrees"
    assert details(found)["half_width"] < 1e-12
    assert details(found)["technique"] == "antithetic pairs and control variates z^2, z^4"


def test_the_gain_of_antithetic_draws_is_reported() -> None:
    """For relu(z) alone: (relu(z) + relu(-z))/2 = |z|/2, of variance (1 - 2/pi)/4 instead of 1/2 - 1/(2 pi)."""
    sampler = GaussianMean(lambda x: np.maximum(x, 0.0), controls=0, antithetic=True)
    found = details(check_moment(sampler, 1 / math.sqrt(2 * math.pi)))
    assert found["technique"] == "antithetic pairs"
    assert found["variance_reduction"] == pytest.approx((2 - 2 / math.pi) / (1 - 2 / math.pi), rel=0.15)


@pytest.mark.parametrize(
    ("sampler", "named"),
    [
        (lambda rng, n: np.full(n, np.nan), "NaN"),
        (lambda rng, n: np.where(rng.random(n) < 0.5, np.inf, 0.0), "infinities"),
        (lambda rng, n: np.ones((n, 2)), "shape"),
        (lambda rng, n: 1.0, "shape"),
        (lambda rng, n: np.ones(n) * 1j, "complex"),
        (lambda rng, n: np.array(["a"] * n), "real numbers"),
        (lambda rng, n: rng.standard_cauchy(n), "variance"),
        (lambda rng, n: rng.pareto(1.5, n), "variance"),
        (lambda rng, n: rng.standard_t(2, n), "variance"),
        (lambda rng, n: np.full(n, 1e308) * rng.choice([1, -1], n), "overflows"),
        (3.0, "callable"),
    ],
)
def test_bad_samplers_are_named(sampler, named) -> None:
    with pytest.raises(InputError, match=named) as caught:
        check_moment(sampler, 1.0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        {"rtol": 0},
        {"rtol": -1e-3},
        {"rtol": 2},
        {"rtol": math.nan},
        {"alpha": 0},
        {"alpha": 1},
        {"alpha": "small"},
        {"seed": -1},
        {"seed": 0.5},
        {"max_samples": 10},
        {"max_samples": 1e6},
        {"workers": 0},
        {"workers": True},
        {"claim": math.nan},
        {"claim": sp.Symbol("s")},
        {"claim": 1j},
    ],
)
def test_bad_arguments_are_named(arguments) -> None:
    given_arguments = {"claim": 0.5, **arguments}
    with pytest.raises(InputError) as caught:
        check_moment(relu_squared, **given_arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sampler", [lambda r, n: r.standard_t(4, n), lambda r, n: r.pareto(4, n)])
def test_finite_variance_is_not_mistaken_for_infinite(sampler) -> None:
    check_moment(sampler, 1.0, max_samples=1 << 21)
