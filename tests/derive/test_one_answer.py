"""One answer, however a loss is written: presented again, its terms in another order, the signs in its squares flipped."""

from __future__ import annotations

from random import Random

import pytest

import derive
from tests.derive.collections import differences, questions

#: Losses whose answers are known to differ in length, by an operation or two, in other words: still open.
OPEN = {
    "1/2*norm2(W'*W*x - x)^2": "W",
    "X.*Y./(matrix(1) + X.^2)": "X,Y",
}


@pytest.mark.parametrize("part", range(4))
def test_the_answer_is_as_long_in_other_words(part: int) -> None:
    """A sample of the collections; all of them by `python -m tests.derive.collections variants`."""
    sample = Random(7).sample(questions(), 48)[part::4]
    asked = [q for q in sample if OPEN.get(q.expr) != q.wrt]
    assert [str(d) for q in asked for d in differences(q, Random(part))] == []


@pytest.mark.parametrize(
    ("expr", "wrt", "expected"),
    [
        ("1/2*norm2(W'*W*x - x)^2", "x", "(W'*W - eye)^2*x"),
        ("1/2*norm2(x - W'*W*x)^2", "x", "(eye - W'*W)^2*x"),
        ("1/2*norm2(-x + W'*W*x)^2", "x", "(W'*W - eye)^2*x"),
        ("norm2(y - X*inv(X'*X + c*eye)*X'*y)^2", "y", "2*(eye - X*inv(X'*X + c*eye)*X')^2*y"),
    ],
)
def test_residuals_of_projections(expr: str, wrt: str, expected: str) -> None:
    assert derive.gradient(expr, wrt).to_text() == expected
