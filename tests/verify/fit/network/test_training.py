import json

import numpy as np
import pytest

from derive import InputError
from verify.fit.network.initialise import draw, weight_variance
from verify.fit.network.optimisers import adam, optimiser, sgd
from verify.fit.network.store import load, save
from verify.fit.network.trainer import Options, new_network, train


def blobs(count=150, classes=3, seed=0, spread=0.5):
    """Points around distinct centres."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    centres = 2 * np.eye(classes, 6)
    return centres[labels] + spread * rng.normal(size=(count, 6)), labels


def noise_images(count=50, classes=10, seed=1):
    """Images that carry nothing about their labels: only a net that learns them by heart gets them right."""
    rng = np.random.default_rng(seed)
    return rng.random((count, 64)), rng.integers(0, classes, count)


@pytest.mark.parametrize(
    ("name", "batch", "rate"),
    [("sgd", 16, 0.1), ("momentum", 16, 0.05), ("adam", 16, 0.01), ("sgd", 1, 0.05), ("adam", 1, 0.005)],
)
def test_every_optimiser_learns(name, batch, rate):
    x, labels = blobs()
    network = new_network((6, 12, 3), "relu", "he", seed=1)
    history = train(network, x, labels, Options(8, batch, rate, optimiser=name, seed=3))
    assert history.epochs[-1].loss < history.epochs[0].loss / 2
    fresh, fresh_labels = blobs(seed=9)
    assert network.right(fresh, fresh_labels) >= 0.95 * len(fresh)


def test_a_three_layer_net_learns_fifty_images_by_heart():
    x, labels = noise_images()
    network = new_network((64, 60, 40, 10), "relu", "he", seed=0)
    train(network, x, labels, Options(120, 10, 0.005, validation=0, seed=0))
    assert network.right(x, labels) == 50


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch", [1, 8])
def test_the_same_seed_gives_the_same_parameters(dtype, batch):
    def run(seed):
        network = new_network((6, 5, 3), "sigmoid", "glorot", seed=seed, dtype=dtype)
        train(
            network,
            *blobs(60),
            Options(2, batch, 0.05, optimiser="sgd", dropout=0.2 * (batch > 1), seed=seed),
        )
        return network.parameters

    for (w, b), (v, c) in zip(run(4), run(4), strict=True):
        assert w.dtype == dtype
        np.testing.assert_array_equal(w, v)
        np.testing.assert_array_equal(b, c)
    assert not np.array_equal(run(4)[0][0], run(5)[0][0])


def test_the_parameters_kept_are_the_best_on_the_validation_split():
    x, labels = blobs(80, spread=1.5)
    options = Options(30, 8, 0.05, validation=0.3, patience=4, seed=2)
    network = new_network((6, 40, 3), "relu", "he", seed=2)
    history = train(network, x, labels, options)
    held = [e.validation for e in history.epochs]
    assert held[history.best - 1] == max(held)
    assert "no better" in history.stopped
    assert len(history.epochs) == history.best + 4
    again = new_network((6, 40, 3), "relu", "he", seed=2)
    train(again, x, labels, Options(history.best, 8, 0.05, validation=0.3, seed=2))
    np.testing.assert_array_equal(network.parameters[0][0], again.parameters[0][0])


@pytest.mark.parametrize("batch", [1, 8])
def test_divergence_keeps_the_last_good_parameters(batch):
    x, labels = blobs()
    network = new_network((6, 8, 3), "relu", "he", seed=0)
    history = train(network, 1e3 * x, labels, Options(5, batch, 1e200, optimiser="sgd"))
    assert history.diverged
    assert "step" in history.stopped
    assert "1e+200" in history.stopped
    assert "tenth" in history.stopped
    assert all(np.isfinite(w).all() and np.isfinite(b).all() for w, b in network.parameters)


def test_the_rate_decays():
    history = train(new_network((6, 3)), *blobs(30), Options(3, rate=0.1, decay=0.5))
    assert [e.rate for e in history.epochs] == pytest.approx([0.1, 0.05, 0.025])


def test_dropout_keeps_the_mean():
    network = new_network((6, 2000, 3), "relu", "he", seed=0)
    from verify.fit.network.trainer import _Training

    masks = _Training(network, *blobs(30), Options(dropout=0.4, seed=1), None)._masks(50)
    assert set(np.unique(masks[0]).round(9)) == {0.0, round(1 / 0.6, 9)}
    assert masks[0].mean() == pytest.approx(1, abs=0.02)


def test_momentum_and_adam_take_the_papers_first_two_steps():
    p, g = [(np.array([[1.0]]), np.array([0.0]))], [(np.array([[2.0]]), np.array([0.0]))]
    step = sgd(0.9)
    step(p, g, 0.1)
    step(p, g, 0.1)
    assert p[0][0].item() == pytest.approx(1 - 0.2 - (0.9 * 0.2 + 0.2))
    p = [(np.array([[1.0]]), np.array([0.0]))]
    step = adam()
    step(p, g, 0.1)
    assert p[0][0].item() == pytest.approx(
        1 - 0.1, abs=1e-8
    )  # the first step is the rate, whatever the gradient
    step(p, [(np.array([[-1.0]]), np.array([0.0]))], 0.1)
    m, v = 0.9 * 0.1 * 2 - 0.1, 0.999 * 0.001 * 4 + 0.001
    expected = 0.9 - 0.1 * (m / (1 - 0.81)) / (np.sqrt(v / (1 - 0.999**2)) + 1e-8)
    assert p[0][0].item() == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(
    ("rule", "variance"),
    [
        ("glorot", 2 / 30),
        ("he", 2 / 20),
        ("lecun", 1 / 20),
        ("fan-in", 1 / 20),
        ("fan-max", 1 / 20),
        ("std=0.3", 0.09),
    ],
)
def test_initialisations_have_the_variance_of_their_rule(rule, variance):
    assert weight_variance(rule, 20, 10) == pytest.approx(variance)
    (w, b), _ = draw((2000, 1000, 5), rule, np.random.default_rng(0))
    assert w.shape == (1000, 2000)
    assert not b.any()
    assert w.var() == pytest.approx(weight_variance(rule, 2000, 1000), rel=0.01)


def test_a_network_survives_being_saved(tmp_path):
    network = new_network((6, 4, 3), "tanh", "glorot", l2=0.5, seed=3, dtype=np.float32)
    back = load(save(network, tmp_path / "net.npz"))
    assert (back.activation, back.loss, back.l2, back.layers) == ("tanh", "cross-entropy", 0.5, (6, 4, 3))
    np.testing.assert_array_equal(back.parameters[1][0], network.parameters[1][0])


def test_loading_never_unpickles(tmp_path):
    path = tmp_path / "evil.npz"
    np.savez(path, W1=np.array([object()], dtype=object), b1=np.zeros(1))
    with pytest.raises(InputError, match=r"evil\.npz is no parameter file"):
        load(path)
    path.write_bytes(b"no zip")
    with pytest.raises(InputError, match="no parameter file"):
        load(path)
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "missing.npz")


def test_the_history_is_written_as_csv_and_json(tmp_path):
    history = train(new_network((6, 3)), *blobs(30), Options(2))
    lines = history.save(tmp_path / "h.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,train,validation,rate,seconds"
    assert len(lines) == 3
    assert json.loads(history.save(tmp_path / "h.json").read_text())["best"] == history.best
    with pytest.raises(InputError, match=r"csv or \.json"):
        history.save(tmp_path / "h.xml")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Options(epochs=-1), "epochs"),
        (lambda: Options(batch=0), "batch"),
        (lambda: Options(rate=0), "rate"),
        (lambda: Options(rate=float("nan")), "rate"),
        (lambda: Options(dropout=1), "dropout"),
        (lambda: Options(validation=1), "validation"),
        (lambda: new_network((6,)), "layers"),
        (lambda: new_network((6, 3), initialisation="std=-1"), "standard deviation"),
        (lambda: new_network((6, 3), initialisation="best"), "unknown initialisation"),
        (lambda: optimiser("newton"), "unknown optimiser"),
        (lambda: train(new_network((5, 3)), *blobs(10)), "do not fit 5 inputs"),
        (lambda: train(new_network((6, 2)), *blobs(10)), "labels run"),
        (lambda: train(new_network((6, 3)), np.full((4, 6), np.nan), np.zeros(4, int)), "not finite"),
        (lambda: train(new_network((6, 3)), *blobs(1), Options(validation=0.9)), "no training images"),
    ],
)
def test_bad_input_is_named_in_one_line(call, message):
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
