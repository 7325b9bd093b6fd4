"""Entries, rows, ranges and blocks: their values by NumPy's slices, their derivatives by hand."""

import numpy as np
import pytest

import gradproof as gp
from derive.errors import InputError
from derive.language.parser import parse
from derive.language.text import to_text
from verify.evaluate import evaluate

RNG = np.random.default_rng(7)
A, B, C, D = (
    RNG.normal(size=(4, 5)),
    RNG.normal(size=(4, 5)),
    RNG.normal(size=(5, 5)),
    RNG.normal(size=(4, 4)),
)
X, Y = RNG.normal(size=(5, 1)), RNG.normal(size=(4, 1))
VALUES = {"A": A, "B": B, "C": C, "D": D, "x": X, "y": Y}
WHERE = "A: m x n, B: m x n, C: n x n, D: m x m, x: n, y: m"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x[2]", X[1, 0]),
        ("A[3, 5]", A[2, 4]),
        ("A[2, :]", A[1:2]),
        ("A[:, 4]", A[:, 3:4]),
        ("A[2:4, :]", A[1:4]),
        ("A[2:3, 4:5]", A[1:3, 3:5]),
        ("A[:2, 3:]", A[:2, 2:]),
        ("x[2:n]", X[1:]),
        ("A[k, :]*x", A[1:2] @ X),
        ("(A*x)[3]", (A @ X)[2, 0]),
        ("(x')[3]", X[2, 0]),
        ("A[2:4, :]*C[:, 1:2]", A[1:4] @ C[:, :2]),
        ("[x; y]", np.vstack([X, Y])),
        ("[A, y]", np.hstack([A, Y])),
        ("[A, D; C, B']", np.block([[A, D], [C, B.T]])),
        ("[A; x']", np.vstack([A, X.T])),
        ("[0, x'; x, C]", np.block([[np.zeros((1, 1)), X.T], [X, C]])),
        ("[D, 0; 0, C]", np.block([[D, np.zeros((4, 5))], [np.zeros((5, 4)), C]])),
        ("[1, 2; 3, 4]", np.array([[1, 2], [3, 4]])),
        ("sum[i](A[i, 2]*y[i])*x[1]", (A[:, 1] @ Y[:, 0]) * X[0, 0]),
        ("eye(n)[:, 2]", np.eye(5)[:, 1:2]),
    ],
)
def test_values_are_those_of_slices(text, value):
    used = ", ".join(d for d in WHERE.split(", ") if d.split(":")[0] in text.replace("eye", ""))
    problem = parse(text, used, scalar="k" in text)
    got = evaluate(problem.expr, {n: VALUES[n] for n in problem.symbols}, {"k": 2, "n": 5, "m": 4})
    assert np.allclose(np.asarray(got, float), value)
    again = parse(to_text(problem.expr), used, wrt=tuple(problem.symbols), scalar="k" in text)
    assert to_text(again.expr) == to_text(problem.expr)


@pytest.mark.parametrize(
    ("loss", "wrt", "gradient"),
    [
        ("A[1, 2]", "A", "eye(m)[:, 1]*eye(n)[2, :]"),
        ("x[k]^2", "x", "2*x[k]*eye(n)[:, k]"),
        ("-log(softmax(z)[k])", "z", "softmax(z) - eye(n)[:, k]"),
        (r"z_k - \log\sum_j e^{z_j}", "z", "eye(n)[:, k] - softmax(z)"),
        ("norm2([x; y] - z)^2", "x", "2*x - 2*z[1:n]"),
        ("logdet([A, x; x', c])", "c", "inv([A, x; x', c])[n + 1, n + 1]"),
        ("norm2(A[2:4, :])^2", "A", "2*eye(m)[:, 2:4]*A[2:4, :]"),
        ("A[i, :]*x*A[i, j]", "x", "A[i, j]*A[i, :]'"),
    ],
)
def test_gradients_are_right(loss, wrt, gradient):
    verdict = gp.check_claim(loss, wrt, gradient)
    assert verdict.verdict in ("proved", "certified", "agrees"), verdict


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x[0]", "counted from 1"),
        ("x[-1]", "counted from 1"),
        ("A[2, 3, 4]", "two indices"),
        ("x[3:2]", "smaller to the larger"),
        ("x[1.5]", "an index is"),
        ("[A, B; C]*x + [A, x]", "do not fit"),
    ],
)
def test_what_is_no_place_is_refused(text, says):
    with pytest.raises(InputError, match=says):
        parse(text)


@pytest.mark.parametrize(
    "text", ["A*A[1,2]*x", "A*x*A[1,2]", "A*(x*A[1,2])", "A/(1/A[1,2])*x", "(A*A[1,2])*x"]
)
def test_an_entry_scales_wherever_it_stands_in_a_product(text):
    values = {"A": np.array([[2.0, 3.0], [5.0, 7.0]]), "x": np.array([11.0, 13.0])}
    expected = 3 * values["A"] @ values["x"]
    assert np.allclose(evaluate(parse(text).expr, values).ravel(), expected)
