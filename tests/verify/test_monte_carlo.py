"""The moment check: its three answers, its promises, its independence of workers, and what it says of bad input."""

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma, norm

from derive.errors import InputError
from verify.moments.bounded import bernoulli_interval, bounded_interval
from verify.moments.calibration import CASES, HARD_CASES, allowed_refutations, calibrate
from verify.moments.confidence import (
    UNSEEN_FACTOR,
    batches_for,
    half_width,
    largest_skewness,
    mixture_scale,
    skewness_of_the_mean,
    unseen,
)
from verify.moments.monte_carlo import check_moment
from verify.moments.samplers import GaussianMean
from verify.moments.sampling import stream
from verify.moments.tails import tail_index
from verify.moments.variates import VariateSampler


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


@pytest.mark.parametrize("case", [*CASES[:3], *HARD_CASES], ids=lambda c: c.name)
def test_true_claims_are_refuted_no_more_often_than_alpha(case) -> None:
    """The band is so narrow that the whole budget is drawn, and every look could refute."""
    repetitions = 25 if "control variates" in case.name else 100  # short batches make those slow
    row = calibrate(case, 1.0, repetitions=repetitions, budget=20_000)
    assert row.agrees == 0
    assert row.refuted <= allowed_refutations(repetitions, 0.05)


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
        (lambda rng, n: rng.standard_t(1.2, n), "variance"),
        (lambda rng, n: [][n], "failed with IndexError"),
        (lambda rng, n: np.random.default_rng().standard_normal(n), "in the same state"),
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
        {"claim": "0.5"},
        {"claim": True},
        {"bounds": (1, 0)},
        {"bounds": 3},
        {"bounds": (0, 0.5)},
        {"controls": [1]},
        {"bounds": (0, 9), "antithetic": True},
    ],
)
def test_bad_arguments_are_named(arguments) -> None:
    given_arguments = {"claim": 0.5, **arguments}
    with pytest.raises(InputError) as caught:
        check_moment(relu_squared, **given_arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("sampler", "mean"),
    [
        (lambda r, n: r.standard_t(4, n), 0.0),
        (lambda r, n: r.pareto(4, n), 1 / 3),
        (lambda r, n: r.pareto(2.2, n), 1 / 1.2),
        (lambda r, n: np.exp(2 * r.standard_normal(n)), math.exp(2)),
        (lambda r, n: np.exp(3 * r.standard_normal(n)), math.exp(4.5)),
    ],
)
def test_finite_variance_is_not_mistaken_for_infinite(sampler, mean, seed) -> None:
    assert check_moment(sampler, mean, seed=seed, max_samples=1 << 21).verdict == "inconclusive"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("sampler", "mean"),
    [(lambda r, n: (1 - r.random(n)) ** -0.5, 2.0), (lambda r, n: 1 + r.pareto(2.0, n), 2.0)],
)
def test_without_a_variance_nothing_agrees(sampler, mean, seed) -> None:
    """Index 2 exactly: no variance, and no estimate of the index can tell."""
    assert check_moment(sampler, mean, rtol=0.05, seed=seed, max_samples=1 << 22).verdict == "inconclusive"


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e-20, 1e20, 1e200])
def test_draws_of_any_size(size: float) -> None:
    sampler = lambda rng, n: size * (rng.standard_normal(n) + 1)
    assert check_moment(sampler, size, rtol=2e-2).verdict == "agrees"
    found = check_moment(sampler, 1.1 * size)
    assert found.verdict == "refuted"
    of_size_one = details(check_moment(lambda rng, n: rng.standard_normal(n) + 1, 1.1))
    assert details(found)["samples"] == of_size_one["samples"]
    assert details(found)["half_width"] / size == pytest.approx(of_size_one["half_width"], rel=1e-9)


def test_claims_and_bands_out_of_all_proportion() -> None:
    normal = lambda rng, n: 1 + rng.standard_normal(n)
    assert check_moment(normal, 1e200).verdict == "refuted"
    assert check_moment(normal, 1.0, rtol=1e-300, max_samples=1 << 21).verdict == "inconclusive"


def test_numpy_numbers_as_arguments() -> None:
    options = {
        "alpha": np.float32(0.01),
        "rtol": np.float64(0.01),
        "workers": np.int64(1),
        "seed": np.int64(3),
    }
    assert check_moment(relu_squared, np.float64(0.5), **options).verdict == "agrees"


def test_zeros_and_the_number_of_equal_draws_that_settles() -> None:
    assert check_moment(lambda rng, n: np.zeros(n), 0.0).verdict == "agrees"
    constant = lambda rng, n: np.full(n, 0.7)
    spent = check_moment(constant, 0.7, rtol=1e-5, max_samples=400_000)
    assert spent.verdict == "inconclusive"
    assert "from the one that was" in details(spent)["assumes"]
    needed = details(spent)["samples_to_settle"]
    assert needed > 400_000
    assert check_moment(constant, 0.7, rtol=1e-5, max_samples=2 * needed).verdict == "agrees"


@pytest.mark.parametrize("claim", [1.0, 2.0])
def test_rare_large_draws_are_left_undecided(claim: float) -> None:
    """N(0, 1) + 1 + 1e4 B(1e-4), of mean 2: a hundred large draws in a million make no normal mean at 1e-6."""
    rare = lambda rng, n: rng.standard_normal(n) + 1 + 1e4 * (rng.random(n) < 1e-4)
    found = check_moment(rare, claim, max_samples=1 << 20)
    assert found.verdict == "inconclusive"
    assert details(found)["samples_to_settle"] > 1 << 20


def test_what_is_assumed_is_said() -> None:
    said = details(check_moment(exponential, 1.0, rtol=1e-2))["assumes"]
    assert "skewness" in said
    assert "10 times the largest deviation" in said
    assert (
        details(check_moment(exponential, 2.0, bounds=(0, 100)))["assumes"]
        == "independent draws between 0 and 100"
    )


@given(n=st.integers(100, 10**9), alpha=st.sampled_from([0.3, 0.05, 1e-6]))
@settings(max_examples=30, deadline=None)
def test_the_allowance_for_what_n_draws_miss_with_probability_alpha(n, alpha) -> None:
    """Values of probability p are missed with probability (1 - p)^n, which is alpha at p = 1 - alpha^(1/n)."""
    p = -math.expm1(math.log(alpha) / n)
    allowed = unseen(2.0, n, alpha)
    assert p * UNSEEN_FACTOR * 2 <= allowed <= p * UNSEEN_FACTOR * 2 * (1 - math.log(alpha) / n)


@pytest.mark.parametrize("alpha", [0.05, 1e-3, 1e-6, 1e-12])
def test_both_tails_at_the_largest_skewness(alpha) -> None:
    """Gamma(k)/k has skewness 2/sqrt(k), and tails that are known: together at most cosh(1/2) of the normal ones."""
    k = (2 / largest_skewness(alpha)) ** 2
    z = math.sqrt(-2 * math.log(alpha))
    upper, lower = gamma.sf(k + z * math.sqrt(k), k), gamma.cdf(k - z * math.sqrt(k), k)
    assert upper + lower <= math.cosh(0.5) * 2 * norm.sf(z)


def test_the_index_of_power_laws_and_of_what_is_none() -> None:
    rng = np.random.default_rng(2)
    for true in (1.5, 3.0, 6.0):
        found = tail_index((rng.pareto(true, 1 << 18) + 1) * rng.choice([-1, 0, 1], 1 << 18))  # median 0
        assert found is not None
        assert abs(found.index - true) < 4 * found.error
    for rare in (1e-4, 5e-4, 1e-3):  # a few values far from all others
        assert tail_index(rng.standard_normal(1 << 18) + 1e4 * (rng.random(1 << 18) < rare)) is None


def test_skewness_of_a_mean_of_exponentials() -> None:
    """2/sqrt(n) for the mean of n exponential draws, whatever the batches."""
    draws = np.random.default_rng(0).standard_exponential(1 << 22)
    for length in (64, 256, 1024):
        means = draws.reshape(-1, length).mean(axis=1)
        error = math.sqrt(6 / len(means)) / math.sqrt(len(means))
        assert abs(skewness_of_the_mean(means) - 2 / math.sqrt(1 << 22)) < 5 * error


@given(n=st.integers(1, 2000), share=st.floats(0, 1), alpha=st.sampled_from([0.3, 0.05, 1e-6]))
@settings(max_examples=60, deadline=None)
def test_the_bernoulli_interval_ends_where_the_mixture_reaches_one_over_alpha(n, share, alpha) -> None:
    """The mixture integrated by quadrature: E over q ~ Beta(1/2, 1/2) of the likelihood ratio against p."""
    successes = round(share * n)
    low, high = bernoulli_interval(successes, n, alpha)
    assert 0 <= low <= successes / n <= high <= 1
    # q = sin^2(t) makes the arcsine density uniform; the midpoint rule is exact for trigonometric polynomials.
    q = np.sin((np.arange(4 * n + 8) + 0.5) * np.pi / (2 * (4 * n + 8))) ** 2
    for p in {low, high} - {0.0, 1.0}:
        ratio = successes * np.log(q / p) + (n - successes) * np.log((1 - q) / (1 - p))
        assert np.log(np.mean(np.exp(ratio - ratio.max()))) + ratio.max() == pytest.approx(
            -math.log(alpha), abs=1e-6
        )


@pytest.mark.parametrize(
    ("draw", "mean"),
    [
        (lambda rng: (rng.random(64) < 0.02) * 1.0, 0.02),
        (lambda rng: rng.random(64), 0.5),
        (lambda rng: 0.5 + 0.02 * rng.random(64), 0.51),
        (lambda rng: rng.beta(0.05, 2.0, 64), 0.05 / 2.05),
    ],
)
def test_bounded_intervals_cover_at_all_times(draw, mean) -> None:
    """No distribution is assumed: 25 looks at alpha = 0.2, 200 times."""
    rng = np.random.default_rng(5)
    missed = 0
    for _ in range(200):
        batches = np.array([draw(rng) for _ in range(100)])
        means, squares = batches.mean(axis=1), (batches**2).mean(axis=1)
        for k in range(1, 101, 4):
            low, high = bounded_interval(means[:k], squares[:k], 64, 0.2, boolean=False)
            if not low <= mean <= high:
                missed += 1
                break
    assert missed / 200 <= 0.2 + 3 * math.sqrt(0.2 * 0.8 / 200)


def test_bounds_that_adapt_to_a_small_variance() -> None:
    narrow = lambda rng, n: 0.5 + 0.001 * rng.random(n)
    assert check_moment(narrow, 0.5005, rtol=1e-4, bounds=(0, 1), max_samples=1 << 22).verdict == "agrees"
    assert check_moment(narrow, 0.5, rtol=1e-4, bounds=(0, 1), max_samples=1 << 22).verdict == "refuted"
    with pytest.raises(InputError, match="outside the bounds"):
        check_moment(narrow, 0.5, bounds=(0, 0.5))


def test_booleans_have_bounds_of_themselves() -> None:
    found = check_moment(lambda rng, n: rng.random(n) < 1e-4, 1e-4, rtol=0.5, alpha=0.01)
    assert found.verdict == "agrees"
    assert details(found)["assumes"] == "independent draws between 0 and 1"


def test_control_variates_of_ones_own() -> None:
    """exp(z) less its regression on z and z^2: of the variance e^2 - e the Hermite terms leave e (e - 1 - 1 - 1/2)."""
    controls = [
        (lambda rng, n: rng.standard_normal(n), 0.0),
        (lambda rng, n: rng.standard_normal(n) ** 2, 1.0),
    ]
    sampler = lambda rng, n: np.exp(rng.standard_normal(n))
    found = check_moment(sampler, math.exp(0.5), rtol=3e-3, controls=controls)
    assert found.verdict == "agrees"
    e = math.e
    assert details(found)["variance_reduction"] == pytest.approx((e - 1) / (e - 2.5), rel=0.1)
    assert "2 control variates" in found.evidence[0].figure


def test_what_a_control_draws_beyond_the_sampler_does_not_come_again() -> None:
    """Else batches would be correlated, and the interval too narrow."""
    sampler = VariateSampler(
        lambda rng, n: rng.standard_normal(n), [(lambda rng, n: rng.standard_normal(2 * n)[n:], 0.0)], False
    )
    rng = stream(0, 0, 0)
    first, second = sampler.columns(rng, 64), sampler.columns(rng, 64)
    assert not np.intersect1d(first, second).size
    again = VariateSampler(lambda rng, n: rng.random(n), [(lambda rng, n: rng.random(n), 0.5)], False)
    draws = again.columns(rng, 64)
    assert np.array_equal(draws[:, 0], draws[:, 1])


def test_same_answer_of_controls_and_antithetic_pairs_for_any_number_of_workers() -> None:
    controls = [(lambda rng, n: rng.standard_normal(n) ** 2, 1.0)]
    sampler = lambda rng, n: np.exp(rng.standard_normal(n))
    runs = [
        check_moment(sampler, 1.6, controls=controls, antithetic=True, workers=w, max_samples=200_000)
        for w in (1, 2, 3)
    ]
    assert len({(details(v)["estimate"], details(v)["half_width"], details(v)["samples"]) for v in runs}) == 1


def test_antithetic_draws_of_ones_own() -> None:
    """The mean of exp(z) and exp(-z), cosh(z), has variance (e^2 + 1)/2 - e, against e^2 - e."""
    found = check_moment(lambda rng, n: np.exp(rng.normal(size=n)), math.exp(0.5), rtol=3e-3, antithetic=True)
    assert found.verdict == "agrees"
    e = math.e
    assert details(found)["variance_reduction"] == pytest.approx((e**2 - e) / ((e**2 + 1) / 2 - e), rel=0.1)
    uniform = check_moment(lambda rng, n: rng.uniform(2, 4, n), 3.0, rtol=1e-9, antithetic=True)
    assert uniform.verdict == "agrees"  # u + (1 - u) is constant
    assert details(uniform)["half_width"] < 1e-12
    with pytest.raises(InputError, match="the sampler uses gamma"):
        check_moment(lambda rng, n: rng.gamma(2.0, size=n), 2.0, antithetic=True)
