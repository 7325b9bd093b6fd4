"""Numbers that small networks are known to give, computed with the derived gradients."""

import numpy as np
import pytest

from verify.fit.network.model import Network, one_hot


def toy(l2):
    """The two-layer toy net: NumPy's legacy generator with seed 0 for the weights, 1 for the data."""
    chance = np.random.RandomState(0)
    parameters = [(0.1 * chance.randn(10, 4), np.zeros(10)), (0.1 * chance.randn(3, 10), np.zeros(3))]
    x = 10 * np.random.RandomState(1).randn(5, 4)
    return Network(parameters, "relu", "cross-entropy", l2), x, np.array([0, 1, 2, 2, 1]), chance


def modular(l2):
    """The 5-50-7 net whose parameters and data are evenly spaced."""
    w1, b1 = np.linspace(-0.7, 0.3, 250).reshape(5, 50), np.linspace(-0.1, 0.9, 50)
    w2, b2 = np.linspace(-0.3, 0.4, 350).reshape(50, 7), np.linspace(-0.9, 0.1, 7)
    x = np.linspace(-5.5, 4.5, 15).reshape(5, 3)
    return Network([(w1.T, b1), (w2.T, b2)], "relu", "cross-entropy", l2), x, one_hot(np.array([0, 5, 1]), 7)


def test_the_toy_net_has_its_loss():
    network, x, labels, _ = toy(0.05)
    loss, _ = network.loss_and_gradients(x.T, one_hot(labels, 3))
    assert loss == pytest.approx(1.071696123862817, rel=1e-14)


def test_the_toy_nets_gradients_agree_with_central_differences():
    network, x, labels, _ = toy(0.05)
    y = one_hot(labels, 3)
    _, gradients = network.loss_and_gradients(x.T, y)
    h = 1e-5
    for (w, b), pair in zip(network.parameters, gradients, strict=True):
        for parameter, gradient in zip((w, b), pair, strict=True):
            differences = np.empty_like(parameter)
            for index in np.ndindex(parameter.shape):
                kept = parameter[index]
                values = []
                for moved in (kept + h, kept - h):
                    parameter[index] = moved
                    values.append(network.loss_and_gradients(x.T, y)[0])
                parameter[index] = kept
                differences[index] = (values[0] - values[1]) / (2 * h)
            scale = np.maximum(1e-8, np.abs(differences) + np.abs(gradient))
            assert np.max(np.abs(differences - gradient) / scale) < 5e-9


def test_the_toy_net_trains_to_its_last_loss():
    network, x, labels, chance = toy(5e-6)
    rate = 0.1
    for _ in range(100):
        rows = chance.choice(5, 200)
        loss, gradients = network.loss_and_gradients(x[rows].T, one_hot(labels[rows], 3))
        for (w, b), (by_w, by_b) in zip(network.parameters, gradients, strict=True):
            w -= rate * by_w
            b -= rate * by_b
        rate *= 0.95
    assert loss == pytest.approx(0.014497864587765886, rel=1e-12)


@pytest.mark.parametrize(("l2", "expected"), [(0.0, 3.4702243556), (1.0, 26.5948426952)])
def test_the_modular_net_has_its_losses(l2, expected):
    network, x, y = modular(l2)
    assert network.loss_and_gradients(x, y)[0] == pytest.approx(expected, abs=5e-11)


@pytest.mark.parametrize("cancelling", [0.0, 2.5])
def test_a_given_relu_network_has_its_partial_derivatives(cancelling):
    wh, bh = np.array([-1.0, 1, 1, -1]), np.array([1.0, 1, -1, 1])
    wo = np.array([cancelling, -1.0, -1.0, -cancelling])
    network = Network([(wh[:, None], bh), (wo[None], np.array([1.0]))], "relu", "squared")
    x, y = np.array([[2.0]]), np.array([[1.0]])
    assert network.scores(x) == -3
    (by_wh, by_bh), (by_wo, by_b0) = network.loss_and_gradients(x, y)[1]
    assert by_wo.ravel().tolist() == [0, -24, -8, 0]
    assert by_b0.tolist() == [-8]
    assert by_wh.ravel().tolist() == [0, 16, 16, 0]
    assert by_bh.tolist() == [0, 8, 8, 0]
