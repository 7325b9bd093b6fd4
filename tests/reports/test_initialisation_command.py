import json

import pytest

from reports.cli import main


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_table_of_all_activations(capsys) -> None:
    code, out, _ = run(capsys, "initialisation")
    assert code == 0
    assert "gelu" in out
    assert "1/sqrt(E[tanh(a)^2]) = 1.5925" in out


def test_an_expression_as_json(capsys) -> None:
    code, out, _ = run(capsys, "initialisation", "relu(x)", "--fan-in", "50", "--format", "json")
    (row,) = json.loads(out)
    assert code == 0
    assert row["exact"]
    assert row["sigma2"]["fan-in"] == pytest.approx(2 / 50)
    assert row["variance"] == pytest.approx(0.34084505690810466)


@pytest.mark.parametrize(
    "arguments",
    [
        ("reul",),
        ("x*y",),
        ("exp(x^2)",),
        ("1/x",),
        ("x+",),
        ("",),
        ("tanh", "--s", "0"),
        ("tanh", "--fan-in", "0"),
    ],
)
def test_bad_input_is_exit_code_2_without_traceback(capsys, arguments) -> None:
    code, out, err = run(capsys, "initialisation", *arguments)
    assert code == 2
    assert out == ""
    assert "rror" in err
    assert "Traceback" not in err


def test_calibration_command(capsys) -> None:
    code, out, _ = run(capsys, "calibrate", "--repetitions", "1")
    assert code == 0
    assert out.count("yes") == 21
