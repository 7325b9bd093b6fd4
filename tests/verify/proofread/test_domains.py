"""A line has to have a value wherever what it continues has one: as `check` and `equal` judge, so a document is judged."""

from __future__ import annotations

import pytest

from verify import check_claim, check_equal
from verify.proofread import proofread

EQUAL = [
    ("a", "exp(log(a))"), ("exp(log(a))", "a"), ("x", "sqrt(x).^2"), ("sqrt(a)^2", "a"),
    ("a", "sin(arcsin(a))"), ("log(a*b)", "log(a) + log(b)"), ("log(a) + log(b)", "log(a*b)"), ("A", "expm(logm(A))"),
]  # fmt: skip
CLAIMS = [("a*d", "exp(log(a))"), ("a*d", "a"), ("exp(log(a))*d", "exp(log(a))"), ("exp(log(a))*d", "a")]


@pytest.mark.parametrize(("left", "right"), EQUAL)
def test_a_line_is_judged_as_an_equation(left, right):
    (line,) = proofread(f"{left} = {right}").statements
    assert line.verdict == check_equal(left, right).verdict


@pytest.mark.parametrize(("expr", "claim"), CLAIMS)
def test_a_gradient_is_judged_as_a_claim(expr, claim):
    *_, line = proofread(f"f = {expr}\n\ndf/dd = {claim}").statements
    assert line.verdict == check_claim(expr, "d", claim).verdict
