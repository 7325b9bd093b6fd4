"""The methods that search: they solve the toy data, repeat themselves, and say when they give up."""

import numpy as np
import pytest

from derive.errors import InputError
from verify.fit.derived import curve_gradients
from verify.fit.descent import TRAINED
from verify.fit.fit import Budget
from verify.fit.least_squares import fit_by_least_squares
from verify.fit.methods import compare, fit_points, usual_hidden
from verify.fit.points import TOY, Points
from verify.fit.relu_net import ReluNet
from verify.fit.roots import _good_start, fit_by_roots, square_system


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
    assert found.max_residual > 100 * TRAINED


def test_three_units_suffice_for_least_squares_on_the_zigzag():
    assert fit_by_least_squares(TOY["zigzag"], 3).converged


@pytest.mark.parametrize("method", ["fsolve", "least-squares", "train"])
def test_the_same_seed_gives_the_same_network(method):
    first, second = (fit_points(TOY["zigzag"], method, seed=3) for _ in range(2))
    assert first.net == second.net
    assert first.restarts == second.restarts


def test_the_jacobian_of_fsolve_is_that_of_its_residuals():
    residuals, jacobian = square_system(TOY["w-shape"], 4)
    p = np.random.default_rng(0).normal(size=13)
    h = 1e-7
    columns = [(residuals(p + h * e) - residuals(p - h * e)) / (2 * h) for e in np.eye(13)]
    assert jacobian(p) == pytest.approx(np.column_stack(columns), abs=1e-7)
    assert residuals(p) == pytest.approx(ReluNet.from_vector(p).residuals(TOY["w-shape"]), abs=1e-13)


def test_the_last_equation_of_the_zigzag_is_repeated_to_make_thirteen():
    residuals, jacobian = square_system(TOY["zigzag"], 4)
    p = np.random.default_rng(1).normal(size=13)
    assert residuals(p).shape == (13,)
    assert residuals(p)[10] == residuals(p)[11] == residuals(p)[12]
    assert (jacobian(p)[10] == jacobian(p)[12]).all()


def test_good_starts_have_their_kinks_near_the_turns():
    p = _good_start(TOY["w-shape"], 4, np.random.default_rng(0))
    kinks = sorted(-p[4:8] / p[:4])
    assert np.abs(np.array(kinks[1:]) - [4, 6, 8]).max() < 1.5


def test_good_starts_succeed_far_more_often_than_normal_ones():
    budget = Budget(starts=40)
    good = [fit_by_roots(TOY["w-shape"], 4, seed, "good", budget) for seed in range(10)]
    assert all(fit.converged for fit in good)
    assert sum(fit.restarts for fit in good) < 40
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
        assert found.max_residual < 2e-3 * 2400, method


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": 0}, "0 hidden units"),
        ({"method": "guess"}, "unknown method 'guess'; expected one of exact, fsolve, least-squares, train"),
        ({"method": "fsolve", "start": "best"}, "unknown start 'best'"),
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


def test_the_comparison_has_a_row_a_method():
    rows = compare(TOY["zigzag"], seeds=[0, 1])
    assert [row.method for row in rows] == ["exact", "fsolve", "least-squares", "train"]
    assert all(row.success == 1.0 for row in rows)
    assert [row.hidden for row in rows] == [3, 4, 4, 4]
