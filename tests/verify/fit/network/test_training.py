import json
import zipfile

import numpy as np
import pytest

from derive import InputError
from verify.fit.network import one_by_one, trainer
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


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("batch", [1, 64])
def test_a_last_step_that_leaves_parameters_not_finite_is_divergence(batch, activation):
    x, labels = blobs(64)
    network = new_network((6, 8, 3), activation, "he", seed=0, dtype=np.float32)
    first = network.copy()
    if batch == 1:
        x, labels = x[:1], labels[:1]
    history = train(network, x, labels, Options(1, batch, 1e39, optimiser="sgd", validation=0))
    assert history.diverged
    assert "at step 1, in epoch 1, with rate 1e+39: a parameter is not finite" in history.stopped
    assert "that training began with" in history.stopped
    assert not history.epochs
    for (w, b), (v, c) in zip(network.parameters, first, strict=True):
        np.testing.assert_array_equal(w, v)
        np.testing.assert_array_equal(b, c)


@pytest.mark.parametrize("validation", [0, 0.2])
@pytest.mark.parametrize(("batch", "count"), [(1000, 150), (64, 150), (1, 150), (1, 1), (1, 2)])
def test_a_last_step_that_spoils_the_loss_is_divergence(batch, count, validation, tmp_path):
    """Two layers of weights as large as 1e200: finite, and their scores are not."""
    x, labels = blobs(count)
    network = new_network((6, 8, 3), "relu", "he", seed=0)
    rate = 1e220 if batch == 1 else 1e200
    history = train(network, x, labels, Options(1, batch, rate, optimiser="sgd", validation=validation))
    assert history.diverged
    assert not history.epochs
    targets = np.eye(3)[:, labels]
    assert np.isfinite(network.mean_loss(network.scores(x.T), targets))
    json.loads(history.save(tmp_path / "h.json").read_text(), parse_constant=pytest.fail)


def test_what_is_kept_are_the_last_parameters_with_a_finite_loss(monkeypatch):
    """A sweep that counts its images in the weights; the loss is finite up to 100 of them."""

    def sweep(network, x, labels, rate, order):
        w = network.parameters[0][0]
        losses = w[0, 0] - first[0, 0] + np.arange(len(order))
        w[:] += len(order)
        return np.nan if (losses > 100).any() else 1.0

    monkeypatch.setattr(one_by_one, "sweep", sweep)
    for chunk in (7, 20, 50, 101, 102, 150):
        monkeypatch.setattr(trainer, "CHUNK", chunk)
        network = new_network((6, 3))
        first = network.copy()[0][0]
        history = train(network, *blobs(150), Options(1, 1, optimiser="sgd", validation=0))
        assert "diverged at step 102, in epoch 1" in history.stopped
        assert "the loss is not finite; kept are the parameters after step 100;" in history.stopped
        assert network.parameters[0][0] == pytest.approx(first + 100, abs=1e-10)


@pytest.mark.parametrize("place", [0, 1, 31, 32, 99, 147, 149])
def test_the_step_of_a_divergence_is_found_and_the_steps_before_it_are_kept(place, monkeypatch):
    """A sweep that counts its images in the weights, and spoils them at a marked one."""

    def sweep(network, x, labels, rate, order):
        network.parameters[0][0][:] += len(order)
        if (x[order] == 99).any():
            network.parameters[0][0][:] = np.nan
        return 1.0

    monkeypatch.setattr(one_by_one, "sweep", sweep)
    monkeypatch.setattr(trainer, "CHUNK", 60)
    x, labels = blobs(150)
    x[place] = 99
    network = new_network((6, 3))
    first = network.copy()[0][0]
    history = train(network, x, labels, Options(1, 1, optimiser="sgd", validation=0, shuffle=False))
    kept = f"after step {place}" if place else "that training began with"
    assert f"diverged at step {place + 1}, in epoch 1" in history.stopped
    assert f"a parameter is not finite; kept are the parameters {kept};" in history.stopped
    assert network.parameters[0][0] == pytest.approx(first + place, abs=1e-10)


def test_divergence_in_a_later_epoch_keeps_the_best_epoch():
    x, labels = blobs()
    options = Options(4, 16, 0.05, optimiser="sgd", validation=0.2, seed=3)
    network, spoiled = new_network((6, 8, 3), seed=1), []

    def watch(epoch, seen):
        spoiled.append(seen.copy())
        if epoch == 2:
            seen.parameters[0][0][:] *= 1e300

    history = train(network, x, labels, options, watch=watch)
    assert history.diverged
    assert len(history.epochs) == 2
    assert "in epoch 3" in history.stopped
    assert f"of epoch {history.best}, the best on the validation split" in history.stopped
    np.testing.assert_array_equal(network.parameters[0][0], spoiled[history.best - 1][0][0])


def test_first_parameters_that_are_not_finite_are_refused():
    network = new_network((6, 3))
    network.parameters[0][0][0, 0] = np.nan
    with pytest.raises(InputError, match="first parameters are not finite"):
        train(network, *blobs(10))


def test_the_validation_loss_is_the_mean_of_minus_log_probabilities():
    x, labels = blobs()
    network = new_network((6, 8, 3), seed=1)
    history = train(network, x, labels, Options(1, 16, validation=0.4, seed=3))
    order = np.random.default_rng([3, 1]).permutation(150)[:60]
    chances = network.probabilities(x[order])[np.arange(60), labels[order]]
    assert history.epochs[0].validation_loss == pytest.approx(-np.log(chances).mean(), rel=1e-12)
    assert train(network, x, labels, Options(1, validation=0)).epochs[0].validation_loss is None


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
    p, g = [np.array([[1.0]])], [np.array([[2.0]])]
    step = sgd(0.9)
    step(p, g, 0.1)
    step(p, g, 0.1)
    assert p[0].item() == pytest.approx(1 - 0.2 - (0.9 * 0.2 + 0.2))
    p = [np.array([[1.0]])]
    step = adam()
    step(p, g, 0.1)
    # The first step is the rate, whatever the gradient.
    assert p[0].item() == pytest.approx(1 - 0.1, abs=1e-8)
    step(p, [np.array([[-1.0]])], 0.1)
    m, v = 0.9 * 0.1 * 2 - 0.1, 0.999 * 0.001 * 4 + 0.001
    expected = 0.9 - 0.1 * (m / (1 - 0.81)) / (np.sqrt(v / (1 - 0.999**2)) + 1e-8)
    assert p[0].item() == pytest.approx(expected, abs=1e-8)


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
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "missing.npz")


def parts(**changed):
    """The entries of a right parameter file of a 4-3-2 network, some of them changed, or left out where None."""
    entries = {
        "W1": np.ones((3, 4)), "b1": np.ones(3), "W2": np.ones((2, 3)), "b2": np.ones(2),
        "activation": np.array("relu"), "loss": np.array("cross-entropy"), "l2": np.array(0.5),
    }  # fmt: skip
    return {name: value for name, value in (entries | changed).items() if value is not None}


def test_the_right_parts_make_a_network(tmp_path):
    np.savez(tmp_path / "net.npz", **parts())
    assert load(tmp_path / "net.npz").layers == (4, 3, 2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"l2": np.array("much")}, "l2 is no number"),
        ({"l2": np.array([1.0, 2.0])}, "l2 is no number"),
        ({"l2": np.array(np.nan)}, "l2 is no number"),
        ({"l2": np.array(-1.0)}, "l2 is no number"),
        ({"b2": np.ones(3)}, "b2 is of shape 3: expected 2"),
        ({"b1": np.ones(4)}, "b1 is of shape 4: expected 3"),
        ({"W2": np.ones((2, 4))}, "W2 is of shape 2 x 4: expected n x 3"),
        ({"W1": np.ones(3)}, "W1 is of shape 3: expected n x n"),
        ({"W1": np.array(1.0)}, "W1 is of shape a number"),
        ({"W1": np.full((3, 4), np.nan)}, "W1 holds values that are not finite"),
        ({"b2": np.full(2, np.inf)}, "b2 holds values that are not finite"),
        ({"W2": np.ones((2, 3), np.float32)}, "W2 is of type float32"),
        ({"W1": np.ones((3, 4), int)}, "W1 is of type int64"),
        ({"b1": None}, "b1 is missing"),
        ({"W1": None}, "is missing"),
        ({"loss": None}, "loss is missing"),
        ({"activation": np.array(1)}, "activation is no name"),
        ({"activation": np.array("relux")}, "unknown activation relux"),
        ({"loss": np.array("hinge")}, "unknown loss hinge"),
    ],
)
def test_parameter_files_of_no_network_are_named(tmp_path, changed, message):
    np.savez(tmp_path / "net.npz", **parts(**changed))
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path / "net.npz")
    assert "net.npz" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_content_that_is_no_npz_is_named(tmp_path):
    path = tmp_path / "net.npz"
    np.savez(path, **parts())
    whole = path.read_bytes()
    np.save(tmp_path / "array.npy", np.ones(3))
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as other:
        other.writestr("W1", "text")
    contents = [b"", b"no zip", (tmp_path / "array.npy").read_bytes(), (tmp_path / "texts.zip").read_bytes(),
                whole[: len(whole) // 2], whole.replace(b"NUMPY", b"LUMPY")]  # fmt: skip
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"net\.npz is no parameter file") as caught:
            load(path)
        assert "\n" not in str(caught.value)


def test_parameters_that_are_not_finite_are_not_saved(tmp_path):
    network = new_network((6, 4, 3))
    network.parameters[1][1][2] = np.nan
    with pytest.raises(InputError, match="b2 holds values that are not finite"):
        save(network, tmp_path / "net.npz")
    assert not list(tmp_path.iterdir())


def test_the_same_seed_gives_the_same_history_to_the_byte():
    one, two = (train(new_network((6, 3)), *blobs(30), Options(3, seed=2)).to_csv() for _ in range(2))
    assert one == two


def test_the_history_is_written_as_csv_and_json(tmp_path):
    history = train(new_network((6, 3)), *blobs(30), Options(2))
    lines = history.save(tmp_path / "h.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,train,validation_loss,validation,rate"
    assert "seconds" in json.loads(history.save(tmp_path / "h.json").read_text())["epochs"][0]
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
