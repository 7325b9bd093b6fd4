"""The least largest residual of small networks, against networks and bounds from elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from verify.fit.methods import shortfall
from verify.fit.minimax import least_residual
from verify.fit.points import TOY, Points
from verify.fit.relu_net import ReluNet


def test_three_units_on_the_w_shape():
    # An explicit network attains 12/13, so the optimum cannot be above it.
    net = ReluNet((1, 1, -1), (-82 / 21, -5.25, 8.0), (84 / 13, -64 / 13, 34 / 13), -12.0)
    assert np.abs(net.residuals(TOY["w-shape"])).max() == pytest.approx(12 / 13, abs=1e-12)
    assert least_residual(TOY["w-shape"], 3) == pytest.approx(12 / 13, abs=1e-9)


def test_two_units_on_the_zigzag():
    assert least_residual(TOY["zigzag"], 2) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(("name", "hidden", "largest"), [("w-shape", 3, 1.1), ("zigzag", 2, 1.0)])
def test_one_unit_fewer_leaves(name, hidden, largest):
    found = shortfall(TOY[name])
    assert found.hidden == hidden
    assert found.least_squares == pytest.approx(largest, abs=0.02)
    assert found.minimax <= found.least_squares + 1e-9


@given(st.lists(st.integers(-4, 4), min_size=3, max_size=6), st.integers(0, 10**6))
@settings(deadline=None, max_examples=15)
def test_no_random_network_does_better(ys, seed):
    points = Points.make("data", enumerate(ys))
    bound = least_residual(points, 1)
    rng = np.random.default_rng(seed)
    for _ in range(40):
        wh, t, wo = rng.choice([-1.0, 1.0]), rng.uniform(-1, len(ys)), rng.normal(0, 3)
        shape = wo * np.maximum(wh * (points.xs - t), 0)
        rest = points.ys - shape
        assert (rest.max() - rest.min()) / 2 >= bound - 1e-9


def test_too_many_arrangements_are_refused():
    points = Points.make("many", [(i, i % 3) for i in range(60)])
    with pytest.raises(InputError, match="too many ways"):
        least_residual(points, 5)
