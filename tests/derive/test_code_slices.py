"""Entries, rows, columns, differences and cumulative sums are slices and sums in the code, no matrices of zeros and ones."""

import warnings

import numpy as np
import pytest

import derive


def code(text, wrt, where):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return derive.gradient(text, wrt, where=where)


X, A = np.arange(1.0, 7), np.arange(24.0).reshape(6, 4) / 7
#: Loss, variable, shapes, value and gradient by NumPy.
ROWS = [
    ("norm2(diff(x))^2", "x", "x: n", {"x": X**2}, lambda x: (np.diff(x) @ np.diff(x), -2 * np.diff(np.r_[0, np.diff(x), 0]))),
    ("sum(cumsum(x).^2)", "x", "x: n", {"x": X}, lambda x: ((np.cumsum(x) ** 2).sum(), 2 * np.cumsum(np.cumsum(x)[::-1])[::-1])),
    ("x[2:5]'*x[2:5]", "x", "x: n", {"x": X}, lambda x: (x[1:5] @ x[1:5], np.r_[0, 2 * x[1:5], 0])),
    ("norm2(A[:,2] - x)^2", "A", "A: n x m, x: n", {"A": A, "x": X}, lambda A, x: (((A[:, 1] - x) ** 2).sum(), np.stack([0 * x, 2 * (A[:, 1] - x), 0 * x, 0 * x], 1))),
    ("A[2,3]^2", "A", "A: n x m", {"A": A}, lambda A: (A[1, 2] ** 2, np.where(np.arange(24).reshape(6, 4) == 6, 2 * A, 0))),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r[0])
def test_the_code_agrees_with_slices(row):
    text, wrt, where, given, hand = row
    value, gradient = code(text, wrt, where).function(value=True)(**given)
    expected = hand(**given)
    assert np.isclose(value, expected[0])
    assert np.allclose(gradient, expected[1])


def test_nothing_of_the_size_of_a_matrix_is_made_for_a_vector():
    for text in ("norm2(diff(x))^2", "sum(cumsum(x).^2)", "x[2:5]'*x[2:5]"):
        printed = code(text, "x", "x: n").to_code(value=True)
        assert not any(word in printed for word in ("np.eye", "np.tri", " @ "))
