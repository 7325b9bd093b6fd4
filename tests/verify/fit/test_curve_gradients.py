"""The gradient that fits is the derived one: the same text, the same numbers, and independent checks of both."""

import numpy as np
import pytest

import verify
from derive import gradient
from verify.fit.derived import MODEL, SHAPES, curve_gradients
from verify.fit.descent import _losses
from verify.fit.least_squares import _Search
from verify.fit.points import TOY
from verify.fit.relu_net import ReluNet

RNG = np.random.default_rng(0)
WH, BH, WO = RNG.normal(size=(3, 4, 1))
X = RNG.normal(size=(1, 6))


@pytest.mark.parametrize("name", ["wh", "bh", "wo"])
def test_rows_of_points_give_what_the_printed_function_gives_point_by_point(name):
    scope = {}
    exec(gradient(MODEL, name, where=SHAPES).to_numpy(), scope)
    batch = curve_gradients()[name](b0=0.5, wo=WO, x=X, wh=WH, bh=BH)
    for k, x in enumerate(X[0]):
        single = scope["f"](b0=0.5, wo=WO, x=float(x), wh=WH, bh=BH)
        assert batch[:, k] == pytest.approx(single[:, 0], abs=1e-15)


@pytest.mark.parametrize("name", ["wh", "bh", "wo"])
def test_the_derived_gradient_passes_checks_that_do_not_know_the_rules(name):
    assert verify.gradient(MODEL, name, where=SHAPES).verdict in ("proved", "certified", "agrees")


@pytest.mark.parametrize("position", [0, 1, 2])
def test_the_assembled_loss_gradient_agrees_with_finite_differences(position):
    y = np.sin(X[0])
    parts = [WH[:, 0], BH[:, 0], WO[:, 0]]

    def loss(v):
        mixed = [*parts]
        mixed[position] = np.asarray(v)
        return float(np.square(ReluNet.from_vector([*np.concatenate(mixed), 0.5])(X[0]) - y).sum())

    def slope(v):
        mixed = [*parts]
        mixed[position] = np.asarray(v)
        wh, bh, wo = (part[:, None] for part in mixed)
        residuals = ReluNet.from_vector([*np.concatenate(mixed), 0.5])(X[0]) - y
        by = curve_gradients()[("wh", "bh", "wo")[position]]
        return by(b0=0.5, wo=wo, x=X, wh=wh, bh=bh) @ (2 * residuals)

    assert verify.check_gradient(loss, slope, parts[position])


def test_variable_projection_descends_the_gradient_of_the_projected_error():
    """Differences of half the squared residuals, the outer weights solved for by NumPy, know no rule."""
    points = TOY["w-shape"]
    x, y = points.xs / 6 - 1, points.ys / 4 - 1
    search = _Search(x, y, 4, np.random.default_rng(0))
    right = np.einsum("bnh,bn->bh", search._jacobian(), search.linear[2])

    def projected(kinks, sides):
        basis = np.column_stack([np.ones_like(x), np.maximum(sides * (x[:, None] - kinks), 0)])
        return 0.5 * np.square(basis @ np.linalg.lstsq(basis, y, rcond=None)[0] - y).sum()

    compared, step = 0, 1e-6
    for kinks, sides, found in zip(search.kinks, search.sides, right, strict=True):
        basis = np.column_stack([np.ones_like(x), np.maximum(sides * (x[:, None] - kinks), 0)])
        # Away from the points and from dependent units the error is smooth, and differences good to 1e-7.
        if np.abs(x[:, None] - kinks).min() < 1e-3 or np.linalg.cond(basis) > 100:
            continue
        differences = [
            (projected(kinks + step * e, sides) - projected(kinks - step * e, sides)) / (2 * step)
            for e in np.eye(4)
        ]
        assert found == pytest.approx(differences, abs=1e-7)
        compared += 1
    assert compared >= 5


def test_the_jacobian_of_least_squares_is_the_derived_one_by_the_kinks():
    """By a kink the model has minus the side times its slope by the bias; here from differences of the model."""
    x = np.linspace(-1, 1, 13)
    search = _Search(x, np.sin(3 * x), 4, np.random.default_rng(1))
    weights = search.linear[1]
    slopes, step = search._slopes(weights), 1e-7
    for b, (kinks, sides) in enumerate(zip(search.kinks, search.sides, strict=True)):

        def model(t, sides=sides, outer=weights[b]):
            return outer[0] + np.maximum(sides * (x[:, None] - t), 0) @ outer[1:]

        smooth = np.abs(x[:, None] - kinks).min(axis=0) > step
        for k in np.flatnonzero(smooth):
            e = step * np.eye(4)[k]
            difference = (model(kinks + e) - model(kinks - e)) / (2 * step)
            # Rounding of values as large as the weights, over the step.
            assert slopes[b, :, k] == pytest.approx(
                difference, abs=1e-8 * max(1, np.abs(weights[b]).max() * 2)
            )


def test_the_gradient_that_trains_is_that_of_the_loss():
    p, y = np.random.default_rng(3).normal(size=(2, 13)), np.sin(X[0])
    gradient = np.empty_like(p)
    losses = _losses(p, X[0], y, gradient)
    for row, loss, slope in zip(p, losses, gradient, strict=True):

        def error(v):
            return float(np.square(ReluNet.from_vector(np.asarray(v))(X[0]) - y).mean())

        assert loss == pytest.approx(error(row), rel=1e-14)
        step = 1e-6
        differences = [(error(row + step * e) - error(row - step * e)) / (2 * step) for e in np.eye(13)]
        assert slope == pytest.approx(differences, abs=1e-7)


def test_the_given_network_of_the_statement():
    net = ReluNet((-1, 1, 1, -1), (1, 1, -1, 1), (0, -1, -1, 0), 1)
    assert net(2) == -3
    wh, bh, wo = (np.array(part, float)[:, None] for part in (net.wh, net.bh, net.wo))
    factor = 2 * (-3 - 1)
    slopes = {
        name: factor * f(b0=1.0, wo=wo, x=np.array([[2.0]]), wh=wh, bh=bh)[:, 0]
        for name, f in curve_gradients().items()
    }
    assert slopes["wo"].tolist() == [0, -24, -8, 0]
    assert slopes["wh"].tolist() == [0, 16, 16, 0]
    assert slopes["bh"].tolist() == [0, 8, 8, 0]
