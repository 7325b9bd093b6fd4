import json

import numpy as np
import pytest
from matplotlib.text import Text

from reports.cli import main
from reports.figures.training import confusion, curves, opinions
from verify.fit.network.idx import read_images, write_idx
from verify.fit.network.model import Network
from verify.fit.network.store import load, save
from verify.fit.network.trainer import Epoch, History, new_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Bright corners on dark images of 6 x 6: class k has its k-th corner lit."""
    path = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for split, count in (("train", 200), ("t10k", 60)):
        labels = rng.integers(0, 4, count)
        images = rng.integers(0, 60, (count, 6, 6))
        for image, label in zip(images, labels, strict=True):
            image[3 * (label // 2) : 3 * (label // 2) + 3, 3 * (label % 2) : 3 * (label % 2) + 3] += 150
        write_idx(path / f"{split}-images-idx3-ubyte", images)
        write_idx(path / f"{split}-labels-idx1-ubyte.gz", labels)
    return path


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["train", *map(str, arguments)])
    out = capsys.readouterr()
    return stopped.value.code or 0, out.out, out.err


@pytest.fixture
def without_figures(monkeypatch):
    """Leave out the figures, which other tests draw."""
    monkeypatch.setattr("reports.figures.training.save_figures", lambda *_: [])


def test_training_from_files_gives_figures_parameters_and_history(folder, tmp_path, capsys):
    code, out, err = run(capsys, "--data", folder, "--layers", "36-12-4", "--epochs", 6, "--rate", 0.01,
                         "--out", tmp_path / "run", "--format", "json")  # fmt: skip
    assert (code, err) == (0, "")
    summary = json.loads(out)
    assert summary["after"] >= 57
    assert summary["after"] > summary["before"]
    assert len(summary["epochs"]) == 6
    names = {p.name for p in (tmp_path / "run").iterdir()}
    assert {"network.npz", "history.csv", "curves.svg", "confusion.pdf", "samples.svg"} <= names
    assert load(tmp_path / "run" / "network.npz").layers == (36, 12, 4)


def test_the_table_is_for_people(folder, capsys):
    code, out, _ = run(
        capsys, "--data", folder, "--layers", "36-4", "--epochs", 1, "--batch", 1, "--optimiser", "sgd"
    )
    assert code == 0
    assert "right before" in out


def test_divergence_is_told_with_exit_code_1(folder, capsys):
    code, out, _ = run(capsys, "--data", folder, "--layers", "36-8-4", "--rate", "1e30", "--optimiser", "sgd")
    assert code == 1
    assert "diverged at step" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--layers", "36"], "write widths with hyphens"),
        (["--layers", "35-4"], "begin with 36"),
        (["--layers", "36-3"], "end with 4"),
        (["--layers", "36-3"], "train-labels-idx1-ubyte.gz: the label at index"),
        (["--layers", "36-4", "--classes", "a,b,c"], "--classes gives 3 names, the layers end with 4"),
        (["--layers", "36-4", "--classes", "a,b,,d"], "--classes gives 3 names"),
        (["--layers", "36-4", "--history", "run.xml"], "csv or .json"),
        (["--load", "nowhere.npz"], "nowhere.npz cannot be read"),
        (["--layers", "36-x-4"], "write widths"),
        (["--layers", "36-4", "--activation", "gauss"], "unknown activation"),
        (["--layers", "36-4", "--dropout", "2"], "dropout"),
        (["--layers", "36-99999999-4"], "give smaller widths"),
        (["--layers", "36-4", "--limit", "-1"], "--limit"),
        (["--layers", "36-4", "--l2", "-1"], "l2"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(folder, capsys, options, message):
    code, out, err = run(capsys, "--data", folder, *options)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A network of 36-5-4 with weights as drawn, tanh, saved."""
    path = tmp_path_factory.mktemp("saved") / "network.npz"
    return save(new_network((36, 5, 4), "tanh", "glorot", l2=0.25, seed=7), path)


def test_saved_parameters_are_evaluated_without_training(folder, saved, capsys):
    code, out, err = run(capsys, "--data", folder, "--load", saved, "--epochs", 0, "--format", "json")
    assert (code, err) == (0, "")
    images = read_images(folder)
    expected = load(saved).right(images.test.astype(np.float32) / np.float32(255), images.test_labels)
    summary = json.loads(out)
    assert (summary["after"], summary["before"]) == (expected, expected)
    assert summary["layers"] == [36, 5, 4]
    _, out, _ = run(capsys, "--data", folder, "--load", saved, "--epochs", 0)
    assert out.strip() == f"test: {expected} of 60 right"


@pytest.mark.usefixtures("without_figures")
def test_training_goes_on_from_saved_parameters(folder, tmp_path, capsys):
    """Plain descent in file order has no memory: one epoch and one more are two epochs, to the last bit."""
    common = ["--data", folder, "--optimiser", "sgd", "--rate", 0.05, "--no-shuffle", "--validation", 0]
    run(capsys, *common, "--layers", "36-8-4", "--epochs", 2, "--out", tmp_path / "two")
    run(capsys, *common, "--layers", "36-8-4", "--epochs", 1, "--out", tmp_path / "one")
    run(
        capsys, *common, "--load", tmp_path / "one" / "network.npz", "--epochs", 1, "--out", tmp_path / "more"
    )
    two, more = (load(tmp_path / name / "network.npz") for name in ("two", "more"))
    for (w, b), (v, c) in zip(two.parameters, more.parameters, strict=True):
        np.testing.assert_array_equal(w, v)
        np.testing.assert_array_equal(b, c)


@pytest.mark.usefixtures("without_figures")
def test_type_and_penalty_of_a_loaded_network_can_be_changed(folder, saved, tmp_path, capsys):
    options = ["--data", folder, "--load", saved, "--epochs", 0, "--out", tmp_path]
    run(capsys, *options)
    kept = load(tmp_path / "network.npz")
    assert (kept.l2, kept.activation, kept.parameters[0][0].dtype) == (0.25, "tanh", np.float64)
    run(capsys, *options, "--dtype", "float32", "--l2", 0)
    changed = load(tmp_path / "network.npz")
    assert (changed.l2, changed.parameters[1][1].dtype) == (0, np.float32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--layers", "36-6-4"], "the layers of the file: 36-5-4, not 36-6-4"),
        (["--activation", "relu"], "the activation of the file: tanh, not relu"),
        (["--init", "he"], "leave one of the two out"),
        (["--l2", "nan"], "l2 is nan"),
    ],
)
def test_options_that_contradict_a_loaded_network_are_refused(folder, saved, capsys, options, message):
    code, out, err = run(capsys, "--data", folder, "--load", saved, *options)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(("widths", "message"), [((35, 4), "35 inputs"), ((36, 3), "end with 3")])
def test_a_loaded_network_that_does_not_fit_the_images_is_refused(folder, tmp_path, capsys, widths, message):
    path = save(new_network(widths), tmp_path / "net.npz")
    code, _, err = run(capsys, "--data", folder, "--load", path)
    assert code == 2
    assert message in err


@pytest.mark.usefixtures("without_figures")
def test_the_test_images_can_be_watched_and_nothing_is_chosen_by_them(folder, tmp_path, capsys):
    options = ["--data", folder, "--layers", "36-12-4", "--epochs", 5, "--rate", 0.003, "--seed", 3]
    _, out, _ = run(capsys, *options, "--test-each-epoch", "--out", tmp_path / "watched", "--format", "json")
    run(capsys, *options, "--out", tmp_path / "blind")
    summary = json.loads(out)
    counts = [e["test"] for e in summary["epochs"]]
    assert len(counts) == 5
    assert counts[summary["best"] - 1] == summary["after"]
    assert summary["before"] < max(counts)
    for name in ("network.npz", "history.csv"):
        one, two = ((tmp_path / run / name) for run in ("watched", "blind"))
        if name.endswith("csv"):
            assert one.read_bytes() == two.read_bytes()
        else:
            np.testing.assert_array_equal(load(one).parameters[0][0], load(two).parameters[0][0])
    _, out, _ = run(capsys, *options, "--test-each-epoch")
    assert [line.split()[-1] for line in out.splitlines()[1:6]] == [str(n) for n in counts]


def test_the_history_goes_where_it_is_asked_for(folder, tmp_path, capsys):
    options = ["--data", folder, "--layers", "36-4", "--epochs", 2]
    run(capsys, *options, "--history", tmp_path / "a" / "h.json")
    epochs = json.loads((tmp_path / "a" / "h.json").read_text())["epochs"]
    assert epochs[1]["validation_loss"] > 0
    assert epochs[1]["seconds"] > 0
    written = []
    for name in ("one.csv", "two.csv"):
        run(capsys, *options, "--history", tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert b"seconds" not in written[0]


@pytest.mark.parametrize("option", ["--out", "--history"])
def test_a_place_that_cannot_be_written_is_told_before_the_work(
    folder, tmp_path, capsys, monkeypatch, option
):
    monkeypatch.setattr("reports.commands.train.run", None)  # calling it would be a TypeError
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "run.csv" if option == "--history" else tmp_path / "file"
    code, out, err = run(capsys, "--data", folder, "--layers", "36-4", option, place)
    assert (code, out) == (2, "")
    assert "cannot be written" in err
    (tmp_path / "folder.csv").mkdir()
    code, _, err = run(capsys, "--data", folder, "--layers", "36-4", "--history", tmp_path / "folder.csv")
    assert code == 2
    assert "is a folder" in err


def test_a_first_step_that_overflows_is_divergence_and_saves_the_first_parameters(folder, tmp_path, capsys):
    code, out, _ = run(capsys, "--data", folder, "--layers", "36-8-4", "--limit", 64, "--validation", 0,
                       "--epochs", 1, "--rate", "1e39", "--optimiser", "sgd", "--out", tmp_path)  # fmt: skip
    assert code == 1
    text = " ".join(out.split())
    assert "diverged at step 1, in epoch 1, with rate 1e+39: a parameter is not finite" in text
    assert "kept are the parameters that training began with" in text
    first = new_network((36, 8, 4), "relu", "he", seed=0, dtype=np.float32)
    np.testing.assert_array_equal(load(tmp_path / "network.npz").parameters[0][0], first.parameters[0][0])


def texts(figure):
    """All that a figure says, in its axes and its keys."""
    figure.canvas.draw()
    return [t.get_text() for t in figure.findobj(Text) if t.get_text() and t.get_visible()]


def test_the_confusion_matrix_shows_no_zeros():
    """200 images of class 0: one goes to class 1, half a per cent, which rounds to 0."""
    network = Network([(np.eye(3, 3), np.zeros(3))])
    x = np.eye(3)[[0] * 199 + [1] + [1] * 50 + [2] * 50]
    said = texts(confusion(network, x, np.array([0] * 200 + [1] * 50 + [2] * 50), ["cat", "d$g", "c$w"]))
    assert said.count("100") == 3
    assert "0" not in said
    assert said.count("cat") == 2
    assert said.count(r"d\$g") == 2


def test_the_figure_of_samples_has_class_names_and_a_key(folder):
    network, images = new_network((36, 4)), read_images(folder)
    said = texts(opinions(network, images.test / 255, images, ["north", "east", "south", "west"]))
    for words in ("north", "west", "probability of the true class", "of another class"):
        assert words in said


@pytest.mark.parametrize("losses", [(0.31, 0.42), (1.15, 0.28), (5.0, 0.2), (3.0, 0.002)])
def test_the_losses_have_plain_ticks(losses):
    epochs = [Epoch(i, loss, 0.5, 1.1 * loss, 0.4, 0.1, 1.0) for i, loss in enumerate(losses, 1)]
    figure = curves(History(epochs, best=1))
    figure.canvas.draw()
    axis = figure.axes[0].yaxis
    low, high = figure.axes[0].get_ylim()
    major = [t for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
    labels = [t.label1.get_text() for t in major]
    assert len(labels) >= 2
    assert not any("times" in text for text in labels)
    assert not any(t.label1.get_text() for t in axis.get_minor_ticks())
    assert [line.get_label() for line in figure.axes[0].get_lines()[:2]] == ["training", "validation"]


@pytest.mark.usefixtures("without_figures")
def test_an_evaluation_leaves_the_history_of_the_training(folder, tmp_path, capsys):
    run(capsys, "--data", folder, "--layers", "36-4", "--epochs", 2, "--out", tmp_path)
    written = (tmp_path / "history.csv").read_bytes()
    assert written.count(b"\n") == 3
    code, out, _ = run(capsys, "--data", folder, "--load", tmp_path / "network.npz", "--epochs", 0, "--out", tmp_path)  # fmt: skip
    assert code == 0
    assert "history.csv" not in out
    assert (tmp_path / "history.csv").read_bytes() == written


def test_options_without_an_effect_are_said(capsys, folder):
    arguments = (
        "--layers",
        "36-4",
        "--epochs",
        "1",
        "--validation",
        "0",
        "--patience",
        "1",
        "--momentum",
        "0.5",
    )
    with pytest.raises(SystemExit):
        main(["train", "--data", str(folder), *arguments])
    err = capsys.readouterr().err
    assert "--patience has no effect with --validation 0" in err
    assert "--momentum is for --optimiser momentum; adam does not use it" in err
