"""The gradient that fits is the derived one: the same text, the same numbers, and independent checks of both."""

import numpy as np
import pytest

import verify
from derive import gradient
from verify.fit.derived import MODEL, SHAPES, curve_gradients
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
