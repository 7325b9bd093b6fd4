"""Kinks and jumps of functions of which only values are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.moments.breaks import find_breaks
from verify.moments.functions import derivative_function


@pytest.mark.parametrize(
    ("f", "points", "jumps"),
    [
        (lambda x: np.maximum(x, 0), [0], []),
        (lambda x: (x > 0) * 1.0, [0], [0]),
        (lambda x: np.clip(x, -1, 1), [-1, 1], []),
        (lambda x: np.where(x > 2, x, x**2), [2], [2]),
        (np.tanh, [], []),
        (lambda x: np.sin(30 * x), [], []),
        (lambda x: np.tanh(1e4 * x), [], []),
        (lambda x: x**3, [], []),
    ],
)
def test_points_at_which_a_function_is_not_smooth(f, points, jumps) -> None:
    found = find_breaks(f)
    assert found.points == pytest.approx(points, abs=1e-12)
    assert found.jumps == pytest.approx(jumps, abs=1e-12)


@given(
    place=st.floats(-8, 8),
    left=st.floats(-2, 2),
    change=st.floats(0.01, 3),
    s=st.sampled_from([0.1, 1.0, 30.0]),
)
@settings(max_examples=60, deadline=None)
def test_any_kink_of_a_curve_is_found(place, left, change, s) -> None:
    f = lambda x: left * x / s + change * np.maximum(x / s - place, 0) + np.sin(x / s)
    (found,) = find_breaks(f, s).points
    assert found / s == pytest.approx(place, abs=1e-9)


def test_derivative_next_to_a_kink_is_one_sided() -> None:
    slope = derivative_function(lambda x: np.maximum(np.exp(x) - 1, 0))
    x = np.array([-1e-4, -1e-9, 1e-9, 1e-4, 1.0])
    np.testing.assert_allclose(slope(x), np.where(x > 0, np.exp(x), 0), rtol=1e-9)
