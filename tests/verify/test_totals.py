"""Vectors that add up to one, one-hot vectors, rows and columns of such, and entries that are not zero."""

from random import Random

import numpy as np
import pytest

import gradproof as gp
from derive import parse
from verify.arithmetics.exact import RATIONALS
from verify.points.drawn import PointSpace

#: Loss, variable, assumptions, gradient as textbooks print it.
TEXTBOOK = [
    ("-sum(y.*log(softmax(z)))", "z", "sums_to_one(y)", "softmax(z) - y"),
    ("-sum(y.*log(softmax(z)))", "z", "onehot(y)", "softmax(z) - y"),
    ("-sum(y.*log(softmax(W*x)))", "W", "sums_to_one(y)", "(softmax(W*x) - y)*x'"),
    ("-sum(Y.*log(softmax(X*W, rows)))", "W", "sums_to_one(Y, rows)", "X'*(softmax(X*W, rows) - Y)"),
    ("y'*y*norm2(x)^2", "x", "onehot(y)", "2*x"),
    ("sum(y.^2.*x)", "x", "onehot(y)", "y"),
    ("sum(Y*A*vector(1))", "A", "sums_to_one(Y, columns)", "matrix(1)"),
    ("sum(abs(x))", "x", "nonzero(x)", "sign(x)"),
]


@pytest.mark.parametrize(("loss", "wrt", "assume", "answer"), TEXTBOOK)
def test_a_gradient(loss, wrt, assume, answer):
    d = gp.gradient(loss, wrt, assume=assume)
    assert d.to_text() == answer
    assert d.verdict in ("certified", "agrees")
    assert d.conditions == ()
    assert gp.check_claim(loss, wrt, answer, assume=assume).verdict == "proved"


@pytest.mark.parametrize(
    ("loss", "claim", "assume"),
    [
        ("-sum(y.*log(softmax(x)))", "softmax(x) - y", None),
        ("-sum(y.*log(softmax(x)))", "softmax(x) - y", "positive(y)"),
        ("y'*y*norm2(x)^2", "2*x", "sums_to_one(y)"),
        ("sum(y.*x)", "y + y[1]*y", "onehot(y)"),
    ],
)
def test_what_needs_more_is_refuted(loss, claim, assume):
    assert gp.check_claim(loss, "x", claim, assume=assume).verdict == "refuted"


def test_all_one_hot_vectors_are_gone_through():
    v = gp.check_claim("sum(y.*x)", "x", "y + y[1]*(1 - y[1])*y", assume="onehot(y)")
    assert v.verdict == "certified"


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize(
    ("kind", "axis"), [("sums_to_one", 1), ("onehot", 1), ("sums_to_one", 0), ("onehot", 0)]
)
def test_points_keep_the_assumption(kind, axis, positive):
    if kind == "onehot" and positive:
        return
    side = ("columns", "rows")[axis]
    assume = f"{kind}(Y, {side})" + ", positive(Y)" * positive
    space = PointSpace.of(parse("sum(Y)", where="Y: 3 x 4", assume=assume))
    rng = Random(0)
    for style in range(3):
        (y,) = space.values(space.draw({}, rng, style), RATIONALS).values()
        assert np.all(y.sum(axis=axis) == 1)
        if kind == "onehot":
            assert set(map(str, y.flat)) == {"0", "1"}
        if positive:
            assert all(e > 0 for e in y.flat)


@pytest.mark.parametrize(
    ("assume", "says"),
    [
        ("sums_to_one(Y)", r"needs a vector, Y is m x n: write sums_to_one\(Y, rows\)"),
        ("onehot(x, rows)", r"needs a matrix, x is n x 1: write onehot\(x\)"),
        ("posdef(Y, rows)", "leave rows away"),
        ("one_hot(x)", "did you mean onehot"),
    ],
)
def test_an_assumption_that_does_not_fit(assume, says):
    with pytest.raises(gp.InputError, match=says):
        gp.gradient("sum(Y*x)", "x", assume=assume)
