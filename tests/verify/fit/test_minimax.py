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


FOUR = [(1, 2), (2, -3), (3, 10), (4, 0)]


@pytest.mark.parametrize("unit", [10**15, 10**-15, 10**200, 10**-200])
def test_the_bound_follows_the_units_of_the_data(unit):
    from fractions import Fraction

    unit = Fraction(unit) if unit > 1 else 1 / Fraction(1 / unit)
    plain = least_residual(Points.make("plain", FOUR), 2)
    y_scaled = Points.make("y", [(x, unit * y) for x, y in FOUR])
    both = Points.make("both", [(unit * x, unit * y) for x, y in FOUR])
    # Two units: the second differences are 18 and -23, and one turn is lost; 2.5 by hand, as one line of four points.
    assert plain == pytest.approx(2.5, abs=1e-7)
    for points in (y_scaled, both):
        assert least_residual(points, 2) == pytest.approx(float(plain * float(unit)), rel=1e-7)
        found = shortfall(points)
        assert found.minimax <= found.least_squares


@given(
    st.lists(
        st.tuples(st.integers(-30, 30), st.integers(-99, 99)),
        min_size=4,
        max_size=6,
        unique_by=lambda p: p[0],
    ),
    st.integers(-12, 12),
    st.integers(-12, 12),
)
@settings(deadline=None, max_examples=10)
def test_no_bound_is_above_what_a_network_attains(rows, of_x, of_y):
    from fractions import Fraction

    ten = Fraction(10)
    points = Points.make("data", [(x * ten**of_x, y * ten**of_y) for x, y in rows])
    found = shortfall(points)
    if found is not None and found.minimax is not None:
        assert found.minimax <= found.least_squares


def test_a_bound_that_a_network_refutes_is_not_printed(monkeypatch):
    monkeypatch.setattr("verify.fit.minimax.least_residual", lambda points, hidden: 1.5)
    found = shortfall(TOY["zigzag"])
    assert found.minimax is None
    assert "gets below" not in str(found)


def test_a_program_that_is_not_solved_is_no_bound(monkeypatch):
    class Stopped:
        status, fun = 4, None

    monkeypatch.setattr("scipy.optimize.linprog", lambda *a, **k: Stopped)
    with pytest.raises(InputError, match="no bound"):
        least_residual(TOY["zigzag"], 2)


def test_too_many_arrangements_are_refused():
    points = Points.make("many", [(i, i % 3) for i in range(60)])
    with pytest.raises(InputError, match="too many ways"):
        least_residual(points, 5)
