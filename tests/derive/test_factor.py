"""Common factors are looked for once in every sum, however many ways lead to it."""

from __future__ import annotations

from collections import Counter

import pytest

from derive import gradient
from derive.simplify import factor


def test_a_sum_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: Counter = Counter()
    matrix_sum = factor._matrix_sum

    def counting(e):
        looked[e] += 1
        return matrix_sum(e)

    monkeypatch.setattr(factor, "_matrix_sum", counting)
    # Weighted least squares: the residual occurs several times, and every factor of it can be taken out.
    gradient("norm2(y - X*inv(X'*W*X)*X'*W*y)^2", "X", assume="posdef(W)")
    assert len(looked) > 20
    # One look under the assumptions of the problem, one at most where the result is written out.
    assert max(looked.values()) <= 2
