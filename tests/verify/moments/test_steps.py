import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from derive.moments import box_network
from verify.moments.steps import (
    approximate,
    best_additive_error,
    box_indicator,
    evaluate,
    grid_approximation,
    largest_slope,
    sup_error,
)

X = sp.Symbol("x", real=True)
CURVE = sp.exp(-(X**2)) * sp.sin(5 * X) + sp.Rational(3, 10) * X


@pytest.mark.parametrize(("boxes", "error"), [(10, 1.05), (100, 0.210), (1000, 0.0212), (10_000, 0.00212)])
def test_sup_errors_of_the_example(boxes: int, error: float) -> None:
    network = approximate(CURVE, boxes, 2.0)
    assert sup_error(CURVE, network) == pytest.approx(error, rel=5e-3)
    assert sup_error(CURVE, network) <= 4 / boxes * largest_slope(CURVE, 2.0)
    assert len(network.edges) == len(network.outputs) == boxes + 1


@given(
    boxes=st.integers(1, 60),
    at=st.floats(0, 1),
    frequency=st.floats(0.1, 6),
    phase=st.floats(-3, 3),
)
@settings(max_examples=40, deadline=None)
def test_the_bound_holds_for_any_wave_and_any_point_of_the_cell(boxes, at, frequency, phase) -> None:
    wave = lambda x: np.sin(frequency * x + phase)
    assert sup_error(wave, approximate(wave, boxes, 1.5, at)) <= 3.0 / boxes * frequency + 1e-12


def test_the_neurons_sum_to_the_boxes() -> None:
    network = approximate(np.cos, 7, 1.0)
    x = np.concatenate([np.random.default_rng(0).uniform(-2, 2, 500), network.edges])
    for at_zero in (0.0, 1.0):
        neurons = sum(
            weight * np.heaviside(x - edge, at_zero)
            for weight, edge in zip(network.outputs, network.edges, strict=True)
        )
        np.testing.assert_allclose(network(x, at_zero), neurons, atol=1e-12)


def test_symbolic_network_on_arrays() -> None:
    network = box_network(sp.Integer(3), sp.Integer(2))
    x = np.array([[-1.0], [0.0], [1.0], [2.0], [3.0]])
    np.testing.assert_array_equal(evaluate(network, x, 0.0), [0, 0, 3, 0, 0])
    np.testing.assert_array_equal(evaluate(network, x, 1.0), [0, 3, 3, 3, 0])


@pytest.mark.parametrize("d", range(1, 9))
def test_one_and_neuron_makes_a_box(d: int) -> None:
    rng = np.random.default_rng(d)
    lower, upper = -rng.uniform(0.5, 1, d), rng.uniform(0.5, 1, d)
    x = rng.uniform(-1.2, 1.2, (4000, d)) * rng.choice([0.5, 1.0], (4000, 1))
    inside = ((x > lower) & (x < upper)).all(axis=1)
    assert 0 < inside.sum() < 4000
    np.testing.assert_array_equal(box_indicator(lower, upper, x), inside)


@pytest.mark.parametrize("d", range(1, 9))
def test_boxes_on_a_grid_converge_within_the_bound(d: int) -> None:
    """N^d boxes: the error is at most half a cell an axis times the slope along it, here 1/d each."""
    boxes = max(2, int(2000 ** (1 / d)))
    f = lambda x: np.abs(x).sum(axis=1) / d
    x = np.random.default_rng(d).uniform(-1, 1, (3000, d))
    error = np.max(np.abs(grid_approximation(f, d, boxes, 1.0)(x) - f(x)))
    assert 0 < error <= 1.0 / boxes + 1e-12


@pytest.mark.parametrize("d", [2, 3])
def test_an_additive_network_makes_no_box(d: int) -> None:
    """The mixed difference over four cells is the height 1, so one of the four is off by a quarter at least."""
    assert best_additive_error(d, 3) >= 0.25 - 1e-9


def test_bad_input() -> None:
    for call in (
        lambda: approximate(np.cos, 0, 1.0),
        lambda: approximate(np.cos, 3, -1.0),
        lambda: approximate(np.cos, 3, 1.0, at=2.0),
        lambda: approximate(lambda x: x + np.nan, 3, 1.0),
        lambda: grid_approximation(lambda x: x[:, 0], 8, 100, 1.0),
        lambda: grid_approximation(lambda x: x[:, 0], -1, 3, 1.0),
        lambda: grid_approximation(lambda x: x[:, 0], 3, 0, 1.0),
        lambda: grid_approximation(lambda x: x[:, 0], 3, 2, -1.0),
        lambda: box_indicator(np.zeros(1), np.ones(3), np.zeros((4, 3))),
        lambda: box_indicator(np.zeros(3), np.ones(3), np.zeros((4, 2))),
        lambda: best_additive_error(1, 3),
    ):
        with pytest.raises(InputError):
            call()
