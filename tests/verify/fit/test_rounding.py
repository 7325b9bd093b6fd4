"""Points that were computed in float64: how many units they need up to rounding, against the functions behind them."""

import random
from fractions import Fraction

import pytest

from verify.fit.exact import exact_network
from verify.fit.methods import fit_points
from verify.fit.points import Points
from verify.fit.rounding import ROUNDING, straightened


def relu(x):
    return max(x, 0.0)


@pytest.mark.parametrize(
    ("f", "units"),
    [
        (lambda x: relu(x) - 1, 1),
        (lambda x: 0.3 * relu(1.7 * x - 0.2) + 0.1, 1),
        (lambda x: 1 / 3 - 0.7 * relu(x + 0.5) + 1.1 * relu(x - 0.4), 2),
        (lambda x: 1e7 * abs(x) / 3, 2),
    ],
)
def test_points_of_a_network_need_its_units_up_to_rounding(f, units):
    rng = random.Random(5)
    points = Points.make("computed", [(x, f(x)) for x in (rng.uniform(-2, 2) for _ in range(40))])
    straight = straightened(points)
    most = ROUNDING * max(map(abs, points.y))
    assert all(abs(Fraction(a) - b) <= most for a, b in zip(points.y, straight.y, strict=True))
    assert exact_network(straight).units == units
    said = [note for note in fit_points(points).notes if "rounded to some 16 digits" in note]
    assert bool(said) == (exact_network(points).units > units)


def test_short_decimals_are_what_they_say():
    assert straightened(Points.make("written", [(0, "0.1"), (1, "0.2"), (2, "0.30001")])) is None
    assert straightened(Points.make("thirds", [(0, Fraction(1, 3)), (1, 1)])) is None


def test_a_step_that_no_rounding_makes_stays():
    rows = [(0, 0.1), (1, 0.2 + 1e-13), (2, 0.30000000000000004), (3, 0.4)]
    points = Points.make("bent", rows)
    assert straightened(points).y == points.y
