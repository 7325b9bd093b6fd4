import math

import numpy as np
import pytest
import sympy as sp

from derive.errors import InputError
from derive.moments import backward_factor, correlation_kernel, second_moment_map
from derive.moments.depth import SIGMA_B2, SIGMA_W2, C, Q
from verify.moments.depth import MeanField
from verify.moments.networks import measure_networks

ROOT2 = math.sqrt(2)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "erf", "sin", "abs"])
@pytest.mark.parametrize("c", [-1.0, -0.9, 0.0, 0.5, 0.999, 1.0])
def test_the_maps_equal_the_formulas(name: str, c: float) -> None:
    field = MeanField(name, 1.3, 0.4)
    weights = {SIGMA_W2: sp.Rational("1.69"), SIGMA_B2: sp.Rational("0.16"), Q: sp.Rational("0.7")}
    second = float(second_moment_map(name).subs(weights))
    kernel = float(sp.N(correlation_kernel(name).subs({**weights, C: sp.Rational(str(c))})))
    assert field.second_moment(0.7) == pytest.approx(second, rel=1e-11)
    assert field.backward_factor(0.7) == pytest.approx(float(backward_factor(name).subs(weights)), rel=1e-10)
    assert field.correlation(c, 0.7) == pytest.approx((1.69 * kernel + 0.16) / second, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", ["tanh", "gelu", "elu", "swish"])
def test_slopes_equal_difference_quotients(name: str) -> None:
    field = MeanField(name, 1.5, 0.2)
    h = 1e-5
    slope = (field.second_moment(0.8 + h) - field.second_moment(0.8 - h)) / (2 * h)
    assert field.second_moment_slope(0.8) == pytest.approx(slope, rel=1e-7)
    slope = (field.correlation(0.4 + h, 0.8) - field.correlation(0.4 - h, 0.8)) / (2 * h)
    assert field.correlation_slope(0.4, 0.8) == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "sigma_w", "forward", "backward"),
    [
        ("relu", ROOT2, "stable", "stable"),
        ("relu", 1.0, "vanishing", "vanishing"),
        ("relu", 1.6, "exploding", "exploding"),
        ("tanh", 0.8, "vanishing", "vanishing"),
        ("tanh", 5 / 3, "stable", "exploding"),
        ("identity", 1.0, "stable", "stable"),
        ("square", 1.0, "exploding", "exploding"),
        ("square", 0.5, "vanishing", "vanishing"),
        ("exp(x) - 1", 3.0, "exploding", "exploding"),
        ("selu", 1.0, "stable", "exploding"),
    ],
)
def test_regimes(name, sigma_w, forward, backward) -> None:
    field = MeanField(name, sigma_w)
    assert field.regime() == forward
    assert field.gradient_regime() == backward


def test_fixed_points_are_fixed_and_what_the_iteration_approaches() -> None:
    for name, sigma_w, sigma_b in (
        ("tanh", 1.5, 0.1),
        ("tanh", 5 / 3, 0.0),
        ("sigmoid", 2.0, 0.5),
        ("selu", 1.0, 0.0),
    ):
        field = MeanField(name, sigma_w, sigma_b)
        limit = field.limit(1.0)
        assert limit.stable
        assert field.second_moment(limit.value) == pytest.approx(limit.value, rel=1e-9)
        assert field.iterate(1.0, 200)[-1] == pytest.approx(limit.value, rel=1e-6)


def test_unstable_fixed_point_separates_two_fates() -> None:
    """exp with sigma_w = 0.3: below the upper fixed point q settles, above it explodes."""
    field = MeanField("exp", 0.3)
    lower, upper = field.fixed_points
    assert lower.stable
    assert not upper.stable
    assert field.regime(upper.value * 0.99) == "stable"
    assert field.regime(upper.value * 1.01) == "exploding"


def test_what_the_shipped_gain_of_tanh_does() -> None:
    """The remark in the table of activations, in figures."""
    field = MeanField("tanh", 5 / 3)
    limit = field.limit()
    assert limit.value == pytest.approx(1.178, abs=5e-4)
    assert field.backward_factor(limit.value) == pytest.approx(1.21, abs=5e-3)


def test_depth_scale_is_the_rate_of_approach() -> None:
    field = MeanField("tanh", 0.9, 0.3)
    limit = field.limit()
    path = np.abs(field.iterate(3.0, 12) - limit.value)
    assert math.log(path[8] / path[11]) / 3 == pytest.approx(1 / limit.depth_scale, rel=1e-2)


def test_order_and_chaos() -> None:
    """Poole et al. 2016: below the critical line inputs become alike, above it they decorrelate."""
    ordered, chaotic = MeanField("tanh", 0.9, 0.3), MeanField("tanh", 2.5, 0.3)
    assert ordered.correlation_limit(ordered.limit().value).value == 1.0
    q = chaotic.limit().value
    found = chaotic.correlation_limit(q)
    assert found.value < 0.9
    assert found.stable
    assert chaotic.correlation(found.value, q) == pytest.approx(found.value, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "sigma_w", "sigma_b"), [("relu", ROOT2, 0.0), ("tanh", 1.5, 0.1), ("relu", 1.3, 0.0)]
)
def test_random_networks_follow_the_maps(name, sigma_w, sigma_b) -> None:
    """Width 512, depth 50, forward and backward; five standard errors and the finite width's own drift."""
    measured = measure_networks(name, sigma_w, sigma_b, networks=4, correlation=0.3, seed=1)
    field = MeanField(name, sigma_w, sigma_b)
    q = field.iterate(1.0, 49)
    chi = np.array([field.backward_factor(value) for value in q])
    backward = np.append(np.cumprod(chi[-2::-1])[::-1], 1.0)
    c = [0.3]
    for value in q[:-1]:
        c.append(field.correlation(c[-1], value))
    for which, predicted in (("forward", q), ("backward", backward), ("correlation", np.array(c))):
        mean, error = measured.mean(which)
        assert mean.shape == (50,)
        assert np.all(np.abs(mean - predicted) < 6 * error + 0.25 * np.abs(predicted))
        assert np.all(np.abs(mean[:3] / predicted[:3] - 1) < 0.4) or which == "backward"


def test_networks_do_not_depend_on_workers() -> None:
    runs = [measure_networks("tanh", 1.2, width=40, depth=6, networks=5, seed=4, workers=w) for w in (1, 2)]
    for which in ("forward", "backward", "correlation"):
        np.testing.assert_array_equal(getattr(runs[0], which), getattr(runs[1], which))


def test_gradients_of_a_network_by_finite_differences() -> None:
    """The backward sweep of the measurement, on one small network, against differences of its loss."""
    from verify.moments.sampling import stream

    width, depth, s = 5, 4, 1.3
    measured = measure_networks("tanh", s, 0.2, width=width, depth=depth, networks=1, seed=9)
    rng = stream(9, 10, 0)
    a = rng.standard_normal((width, 2))
    layers = []
    for _ in range(depth - 1):
        w = rng.standard_normal((width, width)) * (s / math.sqrt(width))
        layers.append((w, 0.2 * rng.standard_normal((width, 1))))
    delta = rng.standard_normal((width, 2))

    def loss(x: np.ndarray) -> float:
        for w, b in layers:
            x = w @ np.tanh(x) + b
        return float(np.sum(delta * x))

    h = 1e-6
    gradient = np.zeros_like(a)
    for index in np.ndindex(*a.shape):
        up, down = a.copy(), a.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = (loss(up) - loss(down)) / (2 * h)
    assert measured.backward[0, 0] == pytest.approx(np.mean(gradient**2), rel=1e-6)


def test_bad_input() -> None:
    for call in (
        lambda: MeanField("tanh", -1.0),
        lambda: MeanField("tanh", 1.0, math.nan),
        lambda: MeanField("tahn", 1.0),
        lambda: MeanField("relu", "a"),
        lambda: MeanField("relu", 1.0).second_moment(-1.0),
        lambda: MeanField("relu", 1.0).backward_factor(math.nan),
        lambda: MeanField("tanh", 1.0).correlation(1.5, 1.0),
        lambda: measure_networks("tanh", 1.0, width=0),
        lambda: measure_networks("tanh", 1.0, correlation=2.0),
    ):
        with pytest.raises(InputError):
            call()


def test_slopes_at_the_fixed_points_of_functions_that_jump() -> None:
    """E step(a)^2 = 1/2 for every q > 0: no fixed point at 0, slope 0 at the other, and no gradient descends."""
    field = MeanField("step", 1.0)
    (point,) = field.fixed_points
    assert point.value == pytest.approx(0.5, rel=1e-12)
    assert point.slope == 0
    assert point.depth_scale == 0
    assert math.isinf(field.backward_factor(0.5))


def test_tanh_at_the_critical_point_decays_like_one_over_depth() -> None:
    """tanh(x)^2 = x^2 - 2 x^4/3 + ..., so q' = q - 2 q^2 + ...: q is 1/(2 l) after l layers."""
    field = MeanField("tanh", 1.0)
    limit = field.limit()
    assert limit.value == 0
    assert limit.marginal
    assert "power of the depth" in limit.approach
    assert 2 * 4000 * field.iterate(1.0, 4000)[-1] == pytest.approx(1, rel=2e-2)


def test_slopes_of_the_map_at_zero() -> None:
    """sigma_w^2 E[f(sqrt(q) z)^2] is 15 q^3 for a cube, so flat at 0, and grows like sqrt(q) for a square root."""
    slopes = {name: MeanField(name, 1.0).fixed_points[0] for name in ("x^3", "tanh", "sqrt(abs(x))")}
    assert [point.value for point in slopes.values()] == [0.0, 0.0, 0.0]
    assert [point.slope for point in slopes.values()] == [0.0, pytest.approx(1.0), math.inf]
