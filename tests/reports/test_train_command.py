import json

import numpy as np
import pytest

from reports.cli import main
from verify.fit.network.idx import write_idx
from verify.fit.network.store import load


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
