"""Functions traced: gradients of code that exists are proved, or refuted."""

from __future__ import annotations

import numpy as np
import pytest

import gradproof as gp
from derive.errors import InputError


def network(W1, W2, X, Y):
    hidden = X @ W1
    active = np.maximum(hidden, 0)
    residual = active @ W2 - Y
    count = X.shape[0]
    loss = np.sum(residual**2) / count
    back = 2 * residual / count
    down = back @ W2.T
    down[hidden <= 0] = 0
    return loss, {"W1": X.T @ down, "W2": active.T @ back}


SHAPES = "W1: d x h, W2: h x k, X: n x d, Y: n x k"


def test_the_gradients_of_a_network_agree_with_its_loss():
    loss, gradients = gp.trace(network, SHAPES)
    for name, claimed in gradients.items():
        assert gp.check_claim(loss, name, claimed)


def test_a_slip_in_code_is_refuted():
    loss, gradients = gp.trace(network, SHAPES)
    assert gp.check_claim(loss, "W2", gradients["W2"] / 2).verdict == "refuted"


def test_shapes_are_numpys():
    assert gp.to_text(gp.trace(lambda x, y: x @ y, {"x": "n", "y": ("n",)})) == "x'*y"
    assert str(gp.trace(lambda x, c: x + c, "x: n, c: n x 1").shape) == "(n, n)"
    assert gp.trace(lambda t, k=2: k * t, "t: scalar", k=3).subs("t", 2) is not None


@pytest.mark.parametrize(
    ("f", "shapes", "said"),
    [
        (lambda x: x, "y: n", "no parameter y"),
        (lambda x: x, "x n", "shapes are written as"),
        (lambda x: x, "x: a x b x c", "at most two"),
        (lambda x: x, "x: 0", "the size '0'"),
        (lambda x: x + np.ones(3), "x: n", "could not be broadcast"),
        (lambda x: x if x[0] > 0 else -x, "x: n", "no single entries"),
    ],
)
def test_what_cannot_be_traced_is_an_error_for_people(f, shapes, said):
    with pytest.raises(InputError, match=said):
        gp.trace(f, shapes)


TEXT = """
import numpy as np

def act(z, slope=0):
    return np.where(z > 0, z, slope * z)

def network(W1, W2, X, Y):
    hidden = X @ W1
    active = act(hidden)
    residual = active @ W2 - Y
    count = X.shape[0]
    loss = np.sum(residual**2) / count
    grads = {}
    back = 2 * residual / count
    down = back @ W2.T
    down[hidden <= 0] = 0
    grads['W1'] = X.T @ down
    grads['W2'] = active.T @ back
    return loss, grads
"""


def test_text_is_interpreted_as_the_code_runs():
    loss, gradients = gp.trace(TEXT, SHAPES)
    assert all(gp.check_claim(loss, name, claimed) for name, claimed in gradients.items())


@pytest.mark.parametrize(
    "body",
    [
        "return __import__('os').system('true')", "return open('x')", "return x.__class__", "return np.load('x')", "import os",
        "return eval('1')", "while True: pass", "return (lambda: 1)()", "return 9**9**9", "return f(x)", "return [1 for _ in x]",
        "return np.linalg.linalg", "return 'a' * 10**9", "return getattr(x, 'expr')", "return x.expr", "return '{0.expr}'.format(x)",
        "for i in range(10**9): pass", "return np.sum.__globals__", "global np", "return x[0]", "del x", "return sum(range(10**9))",
        "a = [x]; a *= 10**9; return a", "a = 9; a *= 10**70; return a",
        "raise x", "return range(10**9).sum",
    ],
)  # fmt: skip
def test_text_from_outside_reaches_nothing(body):
    with pytest.raises(InputError):
        gp.trace(f"def f(x):\n    {body}\n", "x: n")
