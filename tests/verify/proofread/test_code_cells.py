"""Code cells: gradients in NumPy code held to the loss of the same cell, exactly."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import gradproof as gp
from verify.proofread.code_cells import judge_cells

SIGNS = {"proved": "ok", "certified": "ok", "agrees": "ok", "refuted": "slip"}


def judged(code, shapes=None, assumptions=(), run=False):
    """Return line: judgement of every gradient in a cell; `<k` follows from line k."""
    found = {}
    statements = [s for part, _ in judge_cells([(code, 1)], shapes or {}, assumptions, 0, run) for s in part]
    lines = {s.index: s.line for s in statements}
    for s in statements:
        word = SIGNS.get(s.verdict, "?") if s.cause is None else f"<{lines[s.cause]}"
        found[s.line] = found[s.line] + word if s.line in found else word
    return found


NETWORK = """\
def two_layer(W1, W2, b2, X, Y):
    h = X @ W1
    a = np.maximum(0, h)
    r = a @ W2 + b2 - Y
    loss = 0.5 * np.sum(r**2) / X.shape[0]
    grads = {}
    dr = r / X.shape[0]
    grads['W2'] = a.T @ dr
    grads['b2'] = dr.sum(axis=0)
    da = dr @ W2.T
    dh = da * (h > 0)
    grads['W1'] = X.T @ dh
    return loss, grads
"""


def test_what_follows_from_a_slip_on_the_way_is_no_slip():
    wrong = judged(NETWORK.replace("da * (h > 0)", "da * h"))
    assert wrong == {7: "ok", 8: "ok", 9: "ok", 10: "ok", 11: "slip", 12: "<11"}


def test_a_factor_that_is_put_in_later_is_no_slip():
    code = """
def cost(w, X, y):
    p = 1 / (1 + np.exp(-np.dot(X, w)))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    dz = p - y
    z = np.dot(X, w)
    dw = np.dot(X.T, dz) / len(y)
    return loss, dw
"""
    assert judged(code) == {7: "ok"}


SOFTMAX = """
def softmax_loss(W, X, y, reg=0.1):
    N = X.shape[0]
    scores = X.dot(W)
    scores -= np.max(scores, axis=1, keepdims=True)
    probs = np.exp(scores) / np.sum(np.exp(scores), axis=1, keepdims=True)
    loss = np.sum(-np.log(probs[np.arange(N), y])) / N + 0.5 * reg * np.sum(W * W)
    dscores = probs.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N
    dW = X.T.dot(dscores) + reg * W
    return loss, dW
"""


def test_labels_choose_entries():
    assert judged(SOFTMAX) == {10: "ok", 11: "ok"}
    assert judged(SOFTMAX.replace("+ reg * W\n", "+ 2 * reg * W\n")) == {10: "ok", 11: "slip"}


@pytest.mark.parametrize(
    ("code", "due"),
    [
        ("def f(x, A, b):\n    return 0.5*x @ A @ x - b @ x\ndef grad_f(x, A, b):\n    return A @ x - b\n", {4: "slip"}),
        ("def f(x, A, b):\n    return 0.5*x @ A @ x - b @ x\ndef grad_f(x, A, b):\n    return (A + A.T) @ x/2 - b\n", {4: "ok"}),
        ("def f(x, A):\n    return x @ A @ x\ndef hess_f(x, A):\n    return A + A.T\n", {4: "ok"}),
        ("f = lambda w: np.sum(np.exp(w))\ndf = lambda w: np.exp(w)\n", {2: "ok"}),
        ("def sigmoid(z):\n    return 1/(1+np.exp(-z))\ndef sigmoid_prime(z):\n    s = sigmoid(z)\n    return s*(1-s)\n", {5: "ok"}),
        ("def mse(w, X, y):\n    e = X @ w - y\n    return e @ e / len(y)\ndef mse_grad(w, X, y):\n    return X.T @ (X @ w - y) / len(y)\n", {5: "slip"}),
        ("def affine_forward(x, w, b):\n    return x @ w + b, (x, w, b)\ndef affine_backward(dout, cache):\n    x, w, b = cache\n    dx = dout @ w.T\n    dw = x.T @ dout\n    db = dout.sum(axis=1)\n    return dx, dw, db\n", {5: "ok", 6: "ok", 7: "slip"}),
        ("X = np.random.randn(8, 3)\nw = np.zeros(3)\nfor k in range(100):\n    loss = np.sum((X @ w)**2)\n    dw = 2*X.T @ (X @ w)\n    w -= 0.1*dw\n", {5: "ok"}),
        ("def loss(params, X, Y):\n    W, b = params\n    return np.sum((X @ W + b - Y)**2)\ndef grads(params, X, Y):\n    W, b = params\n    R = X @ W + b - Y\n    return 2*X.T @ R, np.sum(R, axis=0)\n", {7: "okslip"}),
        ("def f(p):\n    return np.sum(p['W']**2)\ndef grad_f(p):\n    return {'W': 2*p['W']}\n", {4: "ok"}),
        ("import matplotlib.pyplot as plt\ndef f(x):\n    print('here')\n    return np.sum(x**3)\ndef grad_f(x):\n    return 3*x**2\nplt.plot([1])\n", {6: "ok"}),
    ],
)  # fmt: skip
def test_hands(code, due):
    assert judged(code) == due


def test_what_the_document_says_holds_for_its_code():
    code = "def f(x, A):\n    return x @ A @ x\ndef grad_f(x, A):\n    return 2 * A @ x\n"
    assert judged(code) == {4: "slip"}
    assert judged(code, assumptions=[("symmetric", "A")]) == {4: "ok"}


LOOP = """
def f(x):
    total = 0
    for i in range(len(x)):
        total += x[i]**2
    return total
def grad_f(x):
    return 3*x
"""


def test_code_that_is_not_traced_is_said_and_runs_only_where_that_is_asked():
    assert judged(LOOP) == {7: "?"}
    assert judged(LOOP, run=True) == {7: "slip"}
    assert judged(LOOP.replace("3*x", "2*x"), run=True) == {7: "ok"}


@pytest.mark.parametrize(
    "line",
    [
        "__import__('os').system('touch {0}')", "open('{0}', 'w')", "np.save('{0}', x)", "np.ctypeslib.os.system('touch {0}')",
        "x.tofile('{0}')", "(1).__class__.__base__.__subclasses__()", "[].append.__self__", "eval('1')", "exec('1')", "np.load('{0}')",
        "getattr(np, 'save')('{0}', x)", "f.__globals__", "np.random.__builtins__", "globals()", "np.__loader__", "'{{0.expr}}'.format(x)",
        "9**9**9", "x.expr", "x.set(x)", "np.sum.__self__", "import os", "x.__array_function__", "(lambda: open)()('{0}')",
        "np.fromfunction(open, (1,))", "print(open('{0}', 'w'))", "assert open('{0}', 'w')", "np.random.seed.__globals__",
    ],
)  # fmt: skip
def test_code_from_outside_reaches_nothing(line, tmp_path):
    there = tmp_path / "reached"
    line = line.format(there)
    for code in (
        f"def f(x):\n    {line}\n    return np.sum(x)\ndef grad_f(x):\n    {line}\n    return 0*x + 1\n",
        f"{line}\n",
    ):
        list(judge_cells([(code, 1)], {}, (), 0))
        assert not there.exists()


@pytest.mark.parametrize("body", ["while True: pass", "for i in range(10**9): pass", "f(x)", "x = [x]*10**9"])
def test_code_that_does_not_end_is_stopped(body):
    code = f"def f(x):\n    {body}\n    return np.sum(x)\ndef grad_f(x):\n    return f(x)\n"
    assert set(judged(code).values()) <= {"?"}


@pytest.mark.skipif(os.name != "posix", reason="only there does a process learn of another parent")
def test_a_process_whose_parent_was_ended_ends_too():
    child = "import sys; from verify.proofread.code_process import _end_with; print('begun', flush=True); _end_with(int(sys.argv[1]))"
    parent = (
        f"import os, subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}, str(os.getpid())])"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        process.kill()
        assert process.stdout.read() == ""  # the child, which holds the other end, has closed it


def test_a_document_with_a_cell():
    text = "Let $f(x) = x^\\top x$, so $\\nabla f = 2x$.\n\n```python\ndef f(x):\n    return x @ x\n\ndef grad_f(x):\n    return x\n```\n"
    found = gp.proofread(text)
    assert [(s.line, s.verdict) for s in found.claims] == [(1, "proved"), (8, "refuted")]
    assert found.first_wrong == found.claims[1].index
    assert found.claims[1].diagnosis == "half of the gradient"
    assert found.notes == ["the code at line 7 is read with x: (n,)"]


LAYER = """
class Layer:
    def __init__(self, W, b):
        self.W, self.b = W, b
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T
"""


def test_a_layer_that_keeps_what_it_was_given_is_judged_by_its_methods():
    assert judged(LAYER) == {9: "ok", 10: "ok", 11: "ok"}
    assert judged(LAYER.replace("self.x.T @ dout", "self.x.T @ dout / len(dout)"))[9] == "slip"


def test_the_gradient_of_a_loss_called_e_is_no_gradient_by_it():
    code = """
def J(w, X, t):
    y = 1 / (1 + np.exp(-X @ w))
    E = -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y))
    dE = X.T @ (y - t)
    return E, dE
"""
    assert judged(code) == {5: "ok"}
