"""Differences against derivatives known by hand: the estimated error must cover the true one, and be small."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from verify.methods.differences import directional_derivative, jacobian_by_differences, noise_level

ONE = np.array(1.0)

#: name, phi, derivative, the relative error that double precision must permit at ordinary points.
SMOOTH = (
    ("sin", np.sin, np.cos, 1e-10),
    ("exp", np.exp, np.exp, 1e-10),
    ("log", np.log, lambda x: 1 / x, 1e-9),
    ("cube", lambda x: x**3, lambda x: 3 * x**2, 1e-12),
    ("tanh", np.tanh, lambda x: 1 / np.cosh(x) ** 2, 1e-8),
    ("reciprocal", lambda x: 1 / x, lambda x: -1 / x**2, 1e-10),
    ("double exponential", lambda x: np.exp(-np.exp(x)), lambda x: -np.exp(x - np.exp(x)), 1e-8),
    ("fast sine", lambda x: np.sin(1e6 * x), lambda x: 1e6 * np.cos(1e6 * x), 1e-4),
    ("line", lambda x: 3 * x, lambda x: 3.0, 1e-12),
)


@pytest.mark.parametrize(
    ("phi", "slope", "permitted"), [row[1:] for row in SMOOTH], ids=[row[0] for row in SMOOTH]
)
def test_the_error_is_covered_and_small(phi, slope, permitted):
    for x in np.random.default_rng(0).uniform(0.5, 1.5, 20):
        found = directional_derivative(phi, np.array(x), ONE)
        assert abs(found.value - slope(x)) <= found.error + 4 * np.finfo(float).eps * abs(slope(x))
        assert found.error <= permitted * max(abs(slope(x)), abs(phi(x)))


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1e3, 1e8])
def test_the_steps_find_the_scale_of_the_variable(scale):
    for x in scale * np.random.default_rng(1).uniform(0.5, 1.5, 10):
        found = directional_derivative(np.log, np.array(x), ONE)
        assert abs(found.value * x - 1) <= found.error * x <= 1e-9


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=6), st.floats(-3, 3), st.floats(-1e6, 1e6))
def test_polynomials_are_covered_whatever_their_offset(coefficients, x, offset):
    phi = np.polynomial.Polynomial(coefficients)
    found = directional_derivative(lambda t: offset + phi(t), np.array(x), ONE)
    size = abs(offset) + sum(abs(c) * 4.0**k for k, c in enumerate(coefficients))
    assert abs(found.value - phi.deriv()(x)) <= 4 * found.error + 1e-14 * size


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-8, -1))
def test_noise_is_counted_as_error(seed, exponent):
    rng = np.random.default_rng(seed)
    noise = 10.0**exponent
    found = directional_derivative(lambda t: np.exp(t) + noise * rng.normal(), np.array(0.3), ONE)
    assert abs(found.value - math.exp(0.3)) <= 4 * found.error


def test_hidden_single_precision_is_counted_as_error():
    for x in np.random.default_rng(2).uniform(0.5, 2.0, 30):
        found = directional_derivative(lambda t: float(np.sin(np.float32(t))), np.array(x), ONE)
        assert abs(found.value - math.cos(x)) <= 4 * found.error
        assert found.error > 1e-9


def test_truncation_and_rounding_are_told_apart():
    line = directional_derivative(lambda t: 1e6 + 3 * t, np.array(1.0), ONE)
    assert line.rounding > 10 * line.truncation
    wave = directional_derivative(np.exp, np.array(1.0), ONE)
    errors = wave.errors[np.isfinite(wave.errors)]
    best = int(np.argmin(errors))
    assert 0 < best < len(errors) - 8
    assert np.all(np.diff(errors[: best + 1]) < 0)
    # Rounding alone: a step four times smaller errs four times more.
    growth = (errors[-1] / errors[best + 3]) ** (1 / (len(errors) - best - 4))
    assert 3 < growth < 5


def test_a_kink_at_the_point_is_seen_and_one_beside_it_is_not_mistaken_for_it():
    at = directional_derivative(lambda t: np.maximum(t, 0) + np.sin(t), np.array(0.0), ONE)
    assert at.kink == pytest.approx(1.0, abs=1e-6)
    assert at.value == pytest.approx(1.5, abs=1e-6)
    for distance in (1e-2, 1e-5, 1e-9):
        beside = directional_derivative(lambda t: np.maximum(t, 0) + np.sin(t), np.array(distance), ONE)
        assert beside.kink == 0
        assert abs(beside.value - 1 - math.cos(distance)) <= beside.error <= 1e-3


def test_a_flat_look_from_afar_does_not_pass_for_the_slope():
    """At steps of 1, sin(1e9 x) looks like noise of amplitude 1 with no slope."""
    found = directional_derivative(lambda t: np.sin(1e9 * t), np.array(0.7), ONE)
    assert abs(found.value - 1e9 * math.cos(0.7e9)) <= 4 * found.error <= 1e-2 * 1e9


def test_steps_outside_the_domain_are_left_out():
    found = directional_derivative(lambda t: math.log(t), np.array(1e-3), ONE)
    assert abs(found.value - 1e3) <= found.error <= 1e-6
    nowhere = directional_derivative(lambda t: np.where(t == 0, 0.0, np.nan), np.array(0.0), ONE)
    assert np.isnan(nowhere.value)
    assert np.isinf(nowhere.error)


def test_the_jacobian_has_the_shape_of_value_and_variable():
    A = np.arange(24.0).reshape(2, 3, 4)
    J, error = jacobian_by_differences(lambda X: np.einsum("ijk,jk->i", A, X) ** 2, np.ones((3, 4)))
    row_sums = A.sum(axis=(1, 2))
    truth = 2 * row_sums[:, None, None] * A
    assert J.shape == error.shape == (2, 3, 4)
    assert np.all(np.abs(J - truth) <= 4 * error)
    assert np.all(error <= 1e-9 * row_sums[1] ** 2)


def test_a_direction_is_a_linear_combination():
    rng = np.random.default_rng(3)
    x, d = rng.normal(size=(2, 4))
    found = directional_derivative(lambda t: np.array([np.exp(t).sum(), (t**2).sum()]), x, d)
    assert np.all(np.abs(found.value - [np.exp(x) @ d, 2 * x @ d]) <= 4 * found.error)


def test_bad_directions_are_named():
    with pytest.raises(InputError, match=r"shape \(2,\), x has \(3,\)"):
        directional_derivative(np.sum, np.ones(3), np.ones(2))
    with pytest.raises(InputError, match="direction is 0"):
        directional_derivative(np.sum, np.ones(3), np.zeros(3))


def test_hammings_table_measures_noise_and_ignores_smooth_change():
    rng = np.random.default_rng(4)
    grid = np.linspace(0, 1e-3, 9)
    levels = [float(noise_level(np.exp(grid) + 1e-6 * rng.normal(size=9))) for _ in range(200)]
    assert np.mean(np.array(levels) > 0) > 0.7
    assert 3e-7 < np.median([level for level in levels if level > 0]) < 3e-6
    assert noise_level(np.exp(np.linspace(0, 1, 9))) == 0
    assert noise_level(np.stack([grid, np.full(9, 2.0)], axis=1)).tolist() == [0, 0]
