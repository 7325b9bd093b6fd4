"""Sizes declared as large numbers are checked by letters, and as they are where a formula speaks of them."""

from __future__ import annotations

import pytest

from derive import read_problem
from verify import check_claim, gradient
from verify.methods.large_sizes import lettered


@pytest.mark.parametrize(
    ("expr", "wrt", "where", "result"),
    [
        ("norm2(W*x - y)^2", "W", "W: 784 x 128", "2*(W*x - y)*x'"),
        ("logdet(A*A')", "A", "A: 120 x 200", "2*pinv(A)'"),
        ("sum(log(vector(1) + exp(X*w)))", "w", "X: 1000 x 50", "X'*sigmoid(X*w)"),
    ],
)
def test_a_gradient_at_large_sizes_is_that_at_letters(expr, wrt, where, result):
    d = gradient(expr, wrt, where)
    assert d.to_text() == result
    assert d.verdict in ("certified", "agrees")


def test_a_claim_that_speaks_of_its_size_is_looked_at_as_it_is():
    assert check_claim("tr(A)*tr(A*A')/20", "A", "eye*tr(A*A')/20 + tr(A)*A/10", where="A: 20 x 20")
    assert check_claim("sum(eye*x)*tr(A'*A)", "x", "vector(1)*tr(A'*A)", where="x: 17, A: 17 x 17")


def test_equal_sizes_get_one_letter_and_small_ones_stay():
    problem, _ = lettered(read_problem("x'*A*y", "x", "A: 30 x 3"))
    (rows, columns), (length, _) = problem.shapes["A"], problem.shapes["x"]
    assert rows == length
    assert columns == 3
    assert lettered(read_problem("x'*A*y", "x", "A: 3 x 4")) is None
    assert lettered(read_problem("x'*A*y", "x")) is None
