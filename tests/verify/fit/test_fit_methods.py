"""The methods that search: they solve the toy data, repeat themselves, and say when they give up."""

from fractions import Fraction

import numpy as np
import pytest

from derive.errors import InputError
from tests.clock import Clock
from verify.fit.derived import curve_gradients
from verify.fit.exact import exact_network
from verify.fit.fit import Budget, tolerance
from verify.fit.least_squares import fit_by_least_squares
from verify.fit.methods import compare, fit_points, usual_hidden
from verify.fit.points import TOY, Points
from verify.fit.relu_net import ReluNet
from verify.fit.roots import fit_by_roots, good_start, square_system


@pytest.mark.parametrize("name", list(TOY))
@pytest.mark.parametrize("method", ["fsolve", "least-squares"])
def test_every_seed_solves_the_toy_data(name, method):
    for seed in range(8):
        found = fit_points(TOY[name], method, seed=seed)
        assert found.converged
        assert found.net.hidden == 4
        assert np.abs(found.net(TOY[name].xs) - TOY[name].ys).max() < 1e-10


@pytest.mark.parametrize("name", list(TOY))
def test_training_by_the_derived_gradient_reaches_zero(name):
    found = fit_points(TOY[name], "train")
    assert found.converged
    assert found.max_residual < 1e-8
    assert found.losses[-1] < 1e-12 < found.losses[0]


def test_training_learns_nothing_from_a_wrong_gradient(monkeypatch):
    right = curve_gradients()
    wrong = {**right, "bh": lambda **at: -right["bh"](**at)}
    monkeypatch.setattr("verify.fit.descent.curve_gradients", lambda: wrong)
    found = fit_points(TOY["zigzag"], "train", budget=Budget(starts=16))
    assert found.max_residual > 0.1


def test_three_units_suffice_for_least_squares_on_the_zigzag():
    assert fit_by_least_squares(TOY["zigzag"], 3).converged


@pytest.mark.parametrize("method", ["fsolve", "least-squares", "train"])
def test_the_same_seed_gives_the_same_network(method):
    first, second = (fit_points(TOY["zigzag"], method, seed=3) for _ in range(2))
    assert first.net == second.net
    assert first.restarts == second.restarts


def test_the_jacobian_of_fsolve_is_that_of_its_residuals():
    residuals, jacobian = square_system(TOY["w-shape"].xs, TOY["w-shape"].ys, 4)
    p = np.random.default_rng(0).normal(size=13)
    h = 1e-7
    columns = [(residuals(p + h * e) - residuals(p - h * e)) / (2 * h) for e in np.eye(13)]
    assert jacobian(p) == pytest.approx(np.column_stack(columns), abs=1e-7)
    assert residuals(p) == pytest.approx(ReluNet.from_vector(p).residuals(TOY["w-shape"]), abs=1e-13)


def test_the_last_equation_of_the_zigzag_is_repeated_to_make_thirteen():
    residuals, jacobian = square_system(TOY["zigzag"].xs, TOY["zigzag"].ys, 4)
    p = np.random.default_rng(1).normal(size=13)
    assert residuals(p).shape == (13,)
    assert residuals(p)[10] == residuals(p)[11] == residuals(p)[12]
    assert (jacobian(p)[10] == jacobian(p)[12]).all()


@pytest.mark.parametrize("name", list(TOY))
def test_good_starts_have_their_kinks_among_the_data_and_succeed_in_about_half_the_tries(name):
    points = TOY[name]
    for seed in range(20):
        p = good_start(points.xs, points.ys, 4, np.random.default_rng(seed))
        kinks = -p[4:8] / p[:4]
        assert points.xs[0] <= kinks.min()
        assert kinks.max() <= points.xs[-1]
    tries = 60
    wins = sum(fit_by_roots(points, 4, seed, "good", Budget(starts=1)).converged for seed in range(tries))
    # 58 % of 200 seeds for both; three standard deviations of 60 tries are 19 %.
    assert wins >= 0.39 * tries


def test_a_good_start_looks_at_no_order_of_the_points():
    """Second differences would change with the order in which points are given; least squares does not."""
    points, order = TOY["w-shape"], np.random.default_rng(0).permutation(np.arange(1, 12))
    order = np.concatenate([[0], order, [12]])
    one, two = (
        good_start(x, y, 4, np.random.default_rng(5))
        for x, y in ((points.xs, points.ys), (points.xs[order], points.ys[order]))
    )
    assert one == pytest.approx(two, abs=1e-9)


def test_normal_starts_seldom_succeed():
    normal = fit_by_roots(TOY["w-shape"], 4, 0, "normal", Budget(starts=30))
    assert (normal.restarts, normal.converged) == (29, False)


def test_a_spent_budget_keeps_the_best_and_says_why():
    found = fit_points(TOY["w-shape"], "least-squares", hidden=3, budget=Budget(starts=200))
    assert not found.converged
    assert "not solved within the budget" in found.notes[0]
    assert "need 4 units" in found.notes[0]
    # No network of three units has a smaller largest residual (test_minimax).
    assert found.max_residual >= 12 / 13 - 1e-9


def test_progress_is_told_of_starts_and_residuals():
    seen = []
    fit_points(
        TOY["w-shape"], "least-squares", 3, budget=Budget(starts=50), progress=lambda *a: seen.append(a)
    )
    assert seen
    assert all(later[1] <= earlier[1] + 1 for earlier, later in zip(seen, seen[1:], strict=False))


def test_units_of_y_and_x_do_not_matter():
    points = Points.make(
        "far",
        [(1000 + 7 * x, 10**6 + 400 * y) for x, y in zip(TOY["zigzag"].x, TOY["zigzag"].y, strict=True)],
    )
    for method in ("fsolve", "least-squares", "train"):
        found = fit_points(points, method, hidden=4)
        assert found.converged, method
        assert found.max_residual < 1e-10 * 2400, method


@pytest.mark.parametrize("method", ["fsolve", "least-squares", "train"])
@pytest.mark.parametrize("unit", ["1e-300", "1e-12", "1e12", "1e300"])
def test_solved_means_solved_in_the_units_of_the_data(method, unit):
    points = Points.make("units", [(x, Fraction(unit) * y) for x, y in enumerate([0, 1, -1, 2, 2])])
    found = fit_points(points, method, 4, budget=Budget(starts=64))
    spread = 3 * float(unit)
    assert found.converged
    assert np.abs(found.net(points.xs) / spread - points.ys / spread).max() < 1e-10


@pytest.mark.parametrize("method", ["least-squares", "train"])
def test_almost_is_not_solved_by_any_method(method):
    """One unit comes within 1e-4 of the range of these points, which bend four times, and no nearer."""
    points = Points.make(
        "almost",
        [(x, Fraction(y)) for x, y in enumerate(["0", "1000.5", "2000", "3000.5", "4000", "5000.6"])],
    )
    assert exact_network(points).proven == 4
    found = fit_points(points, method, 1, budget=Budget(starts=32))
    assert 0.1 < found.max_residual < 0.5
    assert not found.converged
    assert not found.reached


def test_a_misfit_as_large_as_the_data_is_not_solved():
    points = Points.make(
        "tiny", [(x, Fraction(y, 10**12)) for x, y in enumerate([8, 6, 4, 2, 0, 2, 4, 2, 0, 2, 4])]
    )
    found = fit_points(points, "least-squares", 1, budget=Budget(starts=64))
    assert found.max_residual > 1e-12
    assert not found.converged


@pytest.mark.parametrize("method", ["fsolve", "least-squares", "train"])
@pytest.mark.parametrize(
    ("x", "y"), [(1_700_000_000_000_000_000, 0), (0, 10**17)], ids=["x far from 0", "y far from 0"]
)
def test_a_network_that_float64_cannot_hold_is_not_solved(method, x, y):
    """Numbers of 1e17 and more are 16 and more apart in float64, so no network in it passes within 1 of all points."""
    points = Points.make("far", [(x + a, y + b) for a, b in enumerate((0, 4, 8, 4, 0))])
    found = fit_points(points, method, 4, seed=2)
    values = found.net(points.xs)
    misses = [abs(Fraction(v) - w) for v, w in zip(values, points.y, strict=True)]
    assert found.max_residual == float(max(misses)) > 1
    assert not found.converged
    assert found.reached
    assert "subtract an offset" in found.notes[0]


@pytest.mark.parametrize("name", list(TOY))
def test_what_counts_as_zero_is_below_1e_10_on_the_toy_data(name):
    assert tolerance(TOY[name]) < 1e-10


def test_work_is_counted_in_every_method():
    points = TOY["zigzag"]
    assert fit_points(points, "exact").evaluations == 1
    for method in ("fsolve", "least-squares", "train"):
        short, long = (fit_points(points, method, 1 if method != "fsolve" else 4, budget=Budget(starts=n))
                       for n in (1, 100))  # fmt: skip
        assert 0 < short.evaluations <= long.evaluations
    # A batch of 16 is looked at for 1500 steps; of one unit none is worth more.
    assert fit_points(points, "train", 1, budget=Budget(starts=1)).evaluations == 17 * 1500


def test_a_training_ends_with_its_budget(monkeypatch):
    clock = Clock(tick=1.0)
    monkeypatch.setattr("verify.fit.descent.perf_counter", clock)
    fit_points(TOY["w-shape"], "train", budget=Budget(seconds=5))
    assert clock.looks < 20


def test_fsolve_ends_with_its_budget_within_a_start(monkeypatch):
    """Of 60 units one start takes hundreds of looks at the residuals."""
    clock = Clock(tick=1.0)
    monkeypatch.setattr("verify.fit.roots.perf_counter", clock)
    found = fit_points(TOY["w-shape"], "fsolve", 60, budget=Budget(seconds=20))
    assert clock.looks < 25
    assert np.isfinite(found.max_residual)


def test_fsolve_says_how_many_units_it_takes():
    with pytest.raises(
        InputError, match=r"2,000 hidden units .* than fsolve can hold: give --hidden 600 or less"
    ):
        fit_points(TOY["w-shape"], "fsolve", 2000)


@pytest.mark.parametrize("hidden", [0, -3])
def test_a_comparison_names_too_few_units(hidden):
    with pytest.raises(InputError, match=f"{hidden} hidden units; a network needs at least 1"):
        compare(TOY["zigzag"], hidden)


def test_points_too_close_for_float64_are_named():
    points = Points.make("close", [(0, 0), (Fraction(1, 10**30), 1), (1, 0)])
    assert fit_points(points, "exact").max_residual == 0
    with pytest.raises(
        InputError, match="points 1 and 2 from the left have x that float64 cannot tell apart"
    ):
        fit_points(points, "least-squares")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": 10**8}, "at most 10,000 are fitted"),
        ({"method": "exact", "hidden": 10**8}, "at most 10,000 are fitted"),
        ({"hidden": 0}, "0 hidden units"),
        ({"method": "guess"}, "unknown method 'guess'; expected one of exact, fsolve, least-squares, train"),
        ({"method": "fsolve", "start": "best"}, "unknown start 'best'"),
        ({"method": "train", "hidden": 10_000 * 2}, "at most 10,000"),
        ({"method": "fsolve", "hidden": 3}, "take --hidden 4"),
        ({"method": "exact", "hidden": 3}, "the least is 4"),
    ],
)
def test_bad_requests(arguments, message):
    with pytest.raises(InputError, match=message):
        fit_points(TOY["w-shape"], **arguments)


def test_more_units_than_needed_are_padded_exactly():
    found = fit_points(TOY["zigzag"], "exact", hidden=5)
    assert (found.net.hidden, found.max_residual) == (5, 0.0)


def test_fsolve_gets_as_many_units_as_a_square_system_takes():
    points = Points.make("long", [(i, i % 2) for i in range(31)])
    assert 3 * usual_hidden(points, "fsolve") + 1 >= 31


def test_large_searches_are_refused_before_they_begin():
    points = Points.make("many", [(i, i % 7) for i in range(500)])
    with pytest.raises(InputError, match="give --hidden 400 or less"):
        fit_points(points, "least-squares", 500)


def test_the_mend_for_too_large_a_search_is_one_that_works():
    points = Points.make("many", [(i, i % 7) for i in range(2000)])
    with pytest.raises(InputError, match="more than fsolve can hold: take --method exact"):
        fit_points(points, "fsolve")


def test_too_few_units_are_said_where_the_least_is_not_known(monkeypatch):
    """Kinks are counted by proof even where the search for a network of as many units is given up."""
    monkeypatch.setattr("verify.fit.slopes.MOST_BITS", 0)
    points = TOY["w-shape"]
    found = exact_network(points)
    assert (found.minimal, found.kinks, found.proven) == (False, 3, 3)
    assert any("was not begun" in line for line in found.proof())
    note = fit_points(points, "least-squares", 2, budget=Budget(starts=32)).notes[0]
    assert "these points need at least 3 units, so 2 cannot" in note
    assert "allow more" in fit_points(points, "least-squares", 3, budget=Budget(starts=32)).notes[0]
    with pytest.raises(
        InputError, match="no network of 2 hidden units passes through these points: found is"
    ):
        fit_points(points, "exact", 2)
    with pytest.raises(InputError, match="found a network of 4 hidden units and none of 3"):
        fit_points(points, "exact", 3)


def test_the_comparison_has_a_row_a_way():
    rows = compare(TOY["zigzag"], seeds=[0, 1], budget=Budget(starts=64))
    assert [row.method for row in rows] == [
        "exact",
        "fsolve",
        "fsolve --start normal",
        "least-squares",
        "train",
    ]
    assert {row.method for row in rows if row.success == 1.0} == {"exact", "fsolve", "least-squares", "train"}
    assert [row.hidden for row in rows] == [3, 4, 4, 4, 4]
    # The classical way takes the most tries, training the most work.
    assert max(rows, key=lambda row: row.restarts).method == "fsolve --start normal"
    assert max(rows, key=lambda row: row.evaluations).method == "train"


def test_a_method_that_cannot_be_used_has_no_row():
    rows = compare(TOY["w-shape"], hidden=3, seeds=[0], budget=Budget(starts=16))
    assert [row.method for row in rows] == ["exact", "least-squares", "train"]
