"""The exact construction: through every point, and no smaller network is.

Lower bounds are checked by `least_residual`, linear programs over all arrangements of units, which know nothing of
kinks, windows or slopes.
"""

import re
from fractions import Fraction
from random import Random

import pytest
from flint import fmpz
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.fit import slopes
from verify.fit.exact import construct, exact_network
from verify.fit.minimax import least_residual
from verify.fit.points import TOY, Points
from verify.fit.rationals import approximate, short
from verify.fit.relu_net import ReluNet

small = st.dictionaries(st.integers(-8, 8), st.integers(-3, 3), min_size=2, max_size=5)
any_data = st.dictionaries(
    st.fractions(-50, 50, max_denominator=12),
    st.fractions(-50, 50, max_denominator=12),
    min_size=2,
    max_size=10,
)


def through(net, points):
    return all(net(x) == y for x, y in zip(points.x, points.y, strict=True))


@pytest.mark.parametrize(("name", "units", "kinks"), [("w-shape", 4, 3), ("zigzag", 3, 2)])
def test_toy_data(name, units, kinks):
    found = exact_network(TOY[name])
    assert (found.units, found.kinks, found.minimal) == (units, kinks, True)
    assert through(found.net, TOY[name])


def test_the_networks_of_the_statement():
    w_shape = exact_network(TOY["w-shape"]).net
    assert w_shape == ReluNet((1, 1, 1, 1), (0, -4, -6, -8), (-2, 4, -4, 4), 8)
    assert exact_network(TOY["zigzag"]).net == ReluNet((1, 1, 1), (0, -3, -5), (1, -2, 2), 0)


@given(any_data)
@settings(deadline=None, max_examples=40)
def test_every_point_is_met_exactly_by_rational_parameters(data):
    points = Points.make("data", data.items())
    found = exact_network(points)
    assert through(found.net, points)
    assert all(
        isinstance(v, int | Fraction) for v in (*found.net.wh, *found.net.bh, *found.net.wo, found.net.b0)
    )
    assert len(found.windows) == found.kinks <= found.units <= found.kinks + 1


@given(
    st.lists(st.tuples(*[st.fractions(-4, 4, max_denominator=3)] * 3), max_size=5),
    st.lists(st.fractions(-9, 9, max_denominator=4), min_size=1, max_size=6).map(sorted),
)
@settings(deadline=None, max_examples=60)
def test_the_sweep_is_the_sum_over_units(units, xs):
    wh, bh, wo = ([unit[k] for unit in units] for k in range(3))
    net = ReluNet(tuple(wh), tuple(bh), tuple(wo), Fraction(1, 2))
    assert net.sweep(xs) == [net(x) for x in xs]


@given(small)
@settings(deadline=None, max_examples=15)
def test_no_smaller_network_fits(data):
    points = Points.make("data", data.items())
    found = exact_network(points)
    assert found.minimal
    if found.units > 1:
        assert least_residual(points, found.units - 1) > 1e-7
    assert least_residual(points, max(found.units, 1)) < 1e-7


@given(any_data)
@settings(deadline=None, max_examples=40)
def test_windows_of_one_sign_are_disjoint_and_turn_the_way_they_say(data):
    points = Points.make("data", data.items())
    found = exact_network(points)
    at = dict(zip(points.x, points.y, strict=True))
    for sign in (1, -1):
        ends = [(a, b) for a, b, s in found.windows if s == sign]
        assert all(b <= c for (_, b), (c, _) in zip(ends, ends[1:], strict=False))
    for a, b, sign in found.windows:
        middle = points.x[points.x.index(a) + 1]
        chord = at[a] + (at[b] - at[a]) * (middle - a) / Fraction(b - a)
        assert (chord - at[middle]) * sign > 0


@given(any_data, st.fractions(-5, 5, max_denominator=4), st.fractions(1, 5, max_denominator=4))
@settings(deadline=None, max_examples=25)
def test_size_is_the_same_seen_in_a_mirror_and_in_other_units(data, shift, scale):
    size = exact_network(Points.make("data", data.items())).units
    mirrored = Points.make("mirrored", [(-x, y) for x, y in data.items()])
    scaled = Points.make("scaled", [(scale * x + shift, shift - scale * y) for x, y in data.items()])
    assert exact_network(mirrored).units == exact_network(scaled).units == size


@pytest.mark.parametrize(
    ("ys", "units"),
    [
        ([3, 3, 3], 0),  # a constant
        ([0, 1, 2], 1),  # a line
        ([0, 0, 1], 1),  # one unit
        ([2, 1, 0, 1, 2], 2),  # |x - 2|: one kink, but no slope is 0
        ([0, 0, 1, 3, 6], 2),  # two turns in one interval share a kink between the points
        ([0, 0, 1, 1, 0, 0], 3),  # a tent whose top is between the points
    ],
)
def test_sizes_that_are_known(ys, units):
    points = Points.make("known", enumerate(ys))
    found = exact_network(points)
    assert (found.units, found.minimal) == (units, True)


def test_a_kink_between_the_points_is_found():
    net, kinks = construct(Points.make("between", [(0, 2), (1, 1), (2, 1), (3, 2)]))
    assert kinks == 1
    assert Fraction(3, 2) in [-bh for bh, wo in zip(net.bh, net.wo, strict=True) if wo != 0]


def test_data_of_a_random_walk_are_decided_and_fit():
    import random

    rng = random.Random(5)
    points = Points.make("walk", [(i, rng.gauss(0, 1)) for i in range(120)])
    found = exact_network(points)
    assert found.minimal
    assert through(found.net, points)


def test_the_proof_says_what_it_does_not_prove(monkeypatch):
    complete = "\n".join(exact_network(TOY["w-shape"]).proof())
    assert "none of them has such slopes" in complete
    assert "So 4 is least." in complete
    monkeypatch.setattr(slopes, "LIMIT", 3)
    stopped = exact_network(TOY["w-shape"])
    assert not stopped.minimal
    assert stopped.units == 4
    assert "3 units are not excluded" in "\n".join(stopped.proof())


def test_two_thousand_points_are_fitted_and_shown_briefly():
    rng = Random(0)
    points = Points.make(
        "walk", {rng.randrange(10**9): Fraction(rng.randrange(10**6), 10**6) for _ in range(2000)}.items()
    )
    found = exact_network(points)
    every_hundredth = zip(points.x[::100], points.y[::100], strict=True)  # sums of 1,500 long fractions each
    assert all(found.net(x) == y for x, y in every_hundredth)
    assert all(len(line) < 2000 for line in found.proof())


def test_numbers_of_more_than_4300_digits_are_written_in_full():
    points = Points.make("long", [(0, 0), (1, Fraction(1, 3**9100)), (2, 5)])
    written = exact_network(points).net.rationals()
    top, bottom = written["wo"][0].split("/")
    assert len(bottom) > 4300
    assert Fraction(int(fmpz(top)), int(fmpz(bottom))) == exact_network(points).net.wo[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(3, 4), "3/4"),
        (Fraction(1143, 10**6), "0.001143"),
        (123456789012, "123456789012"),
        (1234567890123, "≈1.23457e+12"),
        (Fraction(10**400, 3), "≈3.33333e+399"),
        (-Fraction(123456789, 7919), "≈-15589.9"),
        (0.1, "0.1"),
    ],
)
def test_long_numbers_are_marked_as_approximate(value, text):
    assert short(value) == text


@pytest.mark.parametrize(("ys", "said"), [([3, 3, 3], "at one height"), ([0, 1, 2], "not at one height. So 1 is least"),
                                          ([0, 0, 1], "1 unit attains this bound")])  # fmt: skip
def test_proofs_of_the_simplest_data_read_well(ys, said):
    text = " ".join(exact_network(Points.make("line", enumerate(ys))).proof())
    assert said in text
    assert not re.search(r"\b1 (kinks|units|cases|points)|\b0 kinks", text)


def test_numbers_beyond_float64_on_either_side_keep_six_digits():
    assert approximate(Fraction(1, 3 * 10**400)) == "3.33333e-401"
    assert approximate(Fraction(-(10**400), 3)) == "-3.33333e+399"
    assert approximate(Fraction(0)) == "0"
