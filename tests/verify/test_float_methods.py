"""Floats on expressions: each method upholds what is right and refutes what is wrong, with its own error."""

from __future__ import annotations

import pytest

from tests.verify.claims_table import RATIONAL, SMOOTH, statements
from verify.claims import read
from verify.methods.float_methods import METHODS, float_evidence

#: Off by a relative 1e-9, which no float method can be asked to see in every case.
TOO_CLOSE = "A + 1/1000000000*A"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("row", RATIONAL + SMOOTH, ids=lambda r: f"{r[0]} by {r[1]} {r[5]}")
def test_right_claims_agree_and_wrong_ones_do_not(row, method):
    right = float_evidence(*statements(row, "right"), method)
    assert right.verdict == "agrees"
    assert abs(right.details["measured"] - right.details["claimed"]) <= right.details["tolerance"]
    if row[3] != TOO_CLOSE:
        wrong = float_evidence(*statements(row, "wrong"), method)
        assert wrong.verdict == "refuted"
        assert abs(wrong.details["measured"] - wrong.details["claimed"]) > wrong.details["tolerance"]


@pytest.mark.parametrize("method", ["dual numbers", "complex step"])
def test_the_tolerance_follows_the_condition_of_the_point(method):
    """exp(1000 x) answers a relative change of x with one a thousand times larger, exp(x) does not."""
    relative = {}
    for c in (1, 1000):
        claim = read(f"exp({c}*x)", "x", f"{c}*exp({c}*x)", where="x: scalar")[1:]
        evidence = float_evidence(*claim, method)
        assert evidence.verdict == "agrees"
        relative[c] = evidence.details["tolerance"] / abs(evidence.details["measured"])
    assert relative[1000] > 30 * relative[1]


def test_no_value_is_inconclusive():
    evidence = float_evidence(*read("log(-norm2(x)^2)", "x", "x")[1:], "dual numbers")
    assert evidence.verdict == "inconclusive"
    assert "at any point" in evidence.figure
