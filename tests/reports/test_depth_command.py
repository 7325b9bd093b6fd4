import json
import math

import pytest

from tests.reports.command import run


def test_tanh_under_the_shipped_gain_explodes_backward(capsys) -> None:
    code, out, _ = run(capsys, "depth", "tanh", "--sigma-w", "5/3", "--depth", "8", "--networks", "2")
    assert code == 0
    assert "the second moment is stable, gradients are exploding" in out
    assert "networks of width 512" in out


def test_the_maps_in_json_are_those_of_the_closed_forms(capsys) -> None:
    """A rectifier multiplies q by sigma_w^2 / 2, and erf keeps q = 1/2 at sigma_w^2 = 3/2 (Williams 1998, eq. 11)."""
    arguments = ("--depth", "5", "--networks", "0", "--format", "json")
    _, out, _ = run(capsys, "depth", "relu", "--sigma-w", "1.6", *arguments)
    found = json.loads(out)
    assert found["derived"]["forward"] == pytest.approx([1.28**k for k in range(5)])
    assert found["derived"]["backward"] == pytest.approx([1.28**k for k in range(4, -1, -1)])
    assert found["regime"] == "exploding"
    _, out, _ = run(capsys, "depth", "erf", "--sigma-w", "sqrt(3/2)", "--q", "0.5", "--c", "0.5", *arguments)
    found = json.loads(out)
    assert found["derived"]["forward"] == pytest.approx([0.5] * 5)
    assert found["derived"]["correlation"][1] == pytest.approx(6 / math.pi * math.asin(0.25))
    assert found["chi"] == pytest.approx(2 * math.sqrt(3) / math.pi)


def test_what_overflows_is_shown_as_infinite(capsys) -> None:
    code, out, _ = run(capsys, "depth", "exp(x)", "--depth", "6", "--networks", "0")
    assert code == 0
    assert "the second moment is exploding" in out
    assert "∞" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tanh", "--sigma-w", "x"), "expected a number"),
        (("tanh", "--sigma-w", "-1"), "at least 0"),
        (("tanh", "--sigma-b", ""), "expected a number"),
        (("tanh", "--q", "0"), "must be positive"),
        (("tanh", "--c", "2"), "between -1 and 1"),
        (("tanh", "--networks", "1"), "2 or more"),
        (("tanhh",), "unknown activation"),
        (("tanh", "--depth", "1"), "greater than or equal to 2"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, said) -> None:
    code, out, err = run(capsys, "depth", *arguments)
    assert code == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err
