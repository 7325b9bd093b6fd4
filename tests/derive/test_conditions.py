"""Where a derivative holds at the corners of norms and absolute values, against differences at the corner itself."""

from __future__ import annotations

import re

import numpy as np
import pytest

import derive
from verify.evaluate import evaluate

RNG = np.random.default_rng(0)
VALUES = {
    "A": RNG.integers(-3, 4, (3, 2)) + 0.5,
    "w": np.zeros((2, 1)),
    "x": np.zeros((2, 1)),
    "y": RNG.standard_normal((3, 1)),
    "c": np.array([[0.7]]),
}
WHERE = "A: m x n, x: n, y: m, c: scalar"

#: Differentiable at x = 0, and the formula of the derivative has its value there.
SMOOTH = [
    "norm2(x)^4",
    "norm2(x)^6",
    "norm2(x)^3",
    "norm2(A*x)^4",
    "norm2(x)*norm2(x)^2",
    "sum((abs(A*x).^2 - y).^2)",
    "sum(abs(x).^3)",
    "sum(abs(x).*abs(x))",
    "sum(abs(x).*x)",
    "sum((c*abs(A*x)).^2)",
    "sum((y.*abs(A*x)).^4)",
    "abs(x)'*abs(x)",
    "norm2(abs(x))^2",
    "sum(relu(A*x).^2)",
    "log(1 + norm2(x)^4)",
    "sum(sqrt(abs(A*x).^2 + vector(1)))",
    "norm2(x)^4*exp(sum(x))",
]
#: Not differentiable at x = 0, or the value is infinite there.
CORNERS = [
    "norm2(x)",
    "sum(abs(x))",
    "norm1(x)^1",
    "norm2(x)*exp(sum(x))",
    "sum(y.*abs(A*x))",
    "sum(relu(A*x))",
    "sum(abs(A*x).*(y + abs(A*x)))",
    "sqrt(sum(abs(x).^2))",
    "sum(sqrt(abs(x).^2))",
    "log(norm2(x)^4)",
    "1/norm2(x)^4",
    "norm2(x)^4 + norm2(x)",
]


def problem(text):
    declared = [d for d in WHERE.split(", ") if re.search(rf"\b{d[0]}\b", text)]
    return derive.parse(text, where=", ".join(declared), wrt="x")


def value(expr, x):
    used = {s.name for s in expr.free_symbols}
    return np.asarray(evaluate(expr, {n: v for n, v in {**VALUES, "x": x}.items() if n in used or n == "x"}))


def slopes(expr, direction):
    """The one-sided slopes at 0, forward and backward."""
    h = 1e-5
    at_zero = value(expr, 0 * direction).item()
    return [(value(expr, s * h * direction).item() - at_zero) / (s * h) for s in (1, -1)]


@pytest.mark.parametrize("text", SMOOTH)
def test_no_condition_where_the_derivative_exists_at_the_corner(text):
    d = derive.gradient(problem(text), "x")
    assert d.conditions == ()
    gradient = value(d.result, np.zeros((2, 1)))
    for _ in range(3):
        direction = RNG.standard_normal((2, 1))
        # Second derivatives are below 1e3 here, or the remainder is of a higher power of the step.
        assert slopes(d.problem.expr, direction) == pytest.approx(
            [(gradient.T @ direction).item()] * 2, abs=1e-2
        )


@pytest.mark.parametrize("text", CORNERS)
def test_a_condition_where_it_does_not(text):
    d = derive.gradient(problem(text), "x")
    assert any("zero" in c for c in d.conditions)
    with np.errstate(all="ignore"):
        try:
            forward, backward = slopes(d.problem.expr, np.array([[1.0], [0.3]]))
        except ArithmeticError:
            return
    assert not abs(forward - backward) < 1e-2


def test_a_second_derivative_needs_a_higher_power():
    """d^2 |t|^p needs p > 2; that of the norm cubed is 3(|x| I + x x'/|x|), with no value at 0."""
    assert derive.hessian("norm2(x)^3", "x").conditions == ("x is not zero",)
    assert derive.hessian("sum(relu(x).^2)", "x").conditions == ("no entry of x is zero",)
    for text in (
        "norm2(x)^4",
        "norm2(x)^5",
        "sum(abs(x).^3)",
        "sum(relu(x).^3)",
        "sum((abs(A*x).^2 - y).^2)",
    ):
        assert derive.hessian(text, "x").conditions == ()


def test_the_root_of_a_norm_has_no_formula_at_the_corner():
    """|x|^(3/2) is differentiable at 0, but the formula 3 x/(2 sqrt|x|) has no value there."""
    assert derive.gradient("norm2(x)^(3/2)", "x").conditions == ("x is not zero",)
