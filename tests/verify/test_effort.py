"""Declared sizes that no machine holds are refused by name, and large ones are checked."""

from __future__ import annotations

import pytest

import verify
from derive.errors import InputError


@pytest.mark.parametrize(
    ("kind", "expr", "wrt", "where"),
    [
        ("gradient", "sum(A)", "A", "A: 999999 x 999999"), ("gradient", "sum(x*x')", "x", "x: 999999"),
        ("jacobian", "tanh(A*X)", "X", "A: 60 x 60, X: 60 x 60"), ("gradient", "logdet(A)", "A", "A: 900 x 900"),
        ("gradient", "norm2(A*B)^2", "A", "A: 400 x 400, B: 400 x 400"), ("hessian", "tr(X'*X)", "X", "X: 2000 x 2000"),
    ],
)  # fmt: skip
def test_sizes_beyond_a_machine_are_refused(kind, expr, wrt, where):
    with pytest.raises(InputError, match="declare smaller sizes, or letters such as n"):
        getattr(verify, kind)(expr, wrt, where)


def test_large_sizes_are_checked():
    assert verify.gradient("x'*x", "x", "x: 3000").verdict == "certified"
    assert verify.gradient("norm2(A*x)^2", "x", "A: 40 x 30").verdict == "certified"
