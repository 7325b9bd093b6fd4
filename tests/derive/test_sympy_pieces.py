"""SymPy's expressions: every way to write a rectifier, and parts that are shared."""

import numpy as np
import pytest
import sympy
from sympy import Abs, Heaviside, Integer, Max, Min, Piecewise, Sum, Symbol, Trace, sign, sin

import derive
from verify.evaluate import evaluate

n = Symbol("n", integer=True, positive=True)
i, j = Symbol("i", integer=True), Symbol("j", integer=True)
t = Symbol("t", real=True)
x, y, A = (sympy.MatrixSymbol(name, *shape) for name, shape in (("x", (n, 1)), ("y", (n, 1)), ("A", (n, n))))

RECTIFIERS = [
    lambda u: Max(u, 0),
    lambda u: -Min(-u, 0),
    lambda u: Piecewise((u, u > 0), (0, True)),
    lambda u: Piecewise((u, u >= 0), (0, True)),
    lambda u: Piecewise((u, u > 0), (0, u <= 0)),
    lambda u: Piecewise((0, u < 0), (u, True)),
    lambda u: (u + Abs(u)) / 2,
    lambda u: u * Heaviside(u, 0),
    lambda u: u * (1 + sign(u)) / 2,
]


@pytest.mark.parametrize("rectifier", RECTIFIERS)
@pytest.mark.parametrize(
    ("build", "wrt", "claim"),
    [
        (lambda f: f(t), t, "step(t)"),
        (lambda f: f(Trace(y.T * x)), x, "step(y'*x)*y"),
        (lambda f: Sum(f(x[i, 0]), (i, 0, n - 1)), x, "step(x)"),
        (lambda f: Sum(y[i, 0] * f(x[i, 0] - y[i, 0]), (i, 0, n - 1)), x, "y.*step(x - y)"),
        (lambda f: Sum(f(Sum(A[i, j] * x[j, 0], (j, 0, n - 1))), (i, 0, n - 1)), x, "A'*step(A*x)"),
    ],
)
def test_every_way_to_write_a_rectifier(rectifier, build, wrt, claim):
    d = derive.gradient(build(rectifier), wrt)
    f, due = (_function(d, text) for text in (d.to_text(), claim))
    assert f == due


def _function(d, text):
    """Return a text's values at points of both signs, by the package's evaluator."""
    expr = derive.read_claim(text, d.problem, derive.expression.algebra.shape(d.result))
    found = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        values = {"t": rng.standard_normal((1, 1)), "x": rng.standard_normal((3, 1)), "y": rng.standard_normal((3, 1)),
                  "A": rng.standard_normal((3, 3))}  # fmt: skip
        found += np.round(evaluate(expr, values, {"n": 3}), 12).ravel().tolist()
    return [v + 0.0 for v in found]


def test_shared_parts_are_walked_once():
    e = t
    for _ in range(12):  # a tree of 3^12 leaves
        e = sin(e) + e ** Integer(2)
    assert len(derive.gradient(e, t).graph.nodes) == 37


def test_a_power_of_another_shape_is_refused():
    power = sympy.HadamardPower
    with pytest.raises(derive.InputError, match="power of the transposes"):
        derive.gradient(Trace(power(x.T, y) * power(x, y)), x)
