"""Names that a text gives to parts of itself: in the answer, in the steps and in the code."""

import numpy as np
import pytest

import gradproof as gp

NETWORK = "s = W*x + b; p = softmax(s); -sum(y.*log(p))"
KERNEL = "K = X*X' + c*eye; logdet(K) + y'*inv(K)*y"
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("target", ["numpy", "jax", "torch", "octave"])
def test_code_uses_the_names(target):
    code = gp.gradient(NETWORK, "W", assume="sums_to_one(y)").to_code(target)
    lines = [line.strip().rstrip(";") for line in code.splitlines()]
    product = "W*x" if target == "octave" else "W @ x"
    assert f"s = {product} + b" in lines
    assert any(line.startswith("p = ") for line in lines)


def test_every_branch_uses_them():
    code = gp.gradient(KERNEL, "X").to_code(value=True)
    assert "K = X @ X.T" in code
    f = gp.gradient(KERNEL, "X").function("numpy", value=True)
    for n in (2, 5):
        x, y = RNG.normal(size=(4, n)), RNG.normal(size=4)
        k = x @ x.T + 2 * np.eye(4)
        value, gradient = f(X=x, y=y, c=2.0)
        assert np.isclose(value, np.linalg.slogdet(k)[1] + y @ np.linalg.solve(k, y))
        inverse = np.linalg.inv(k)
        assert np.allclose(gradient, 2 * (inverse - np.outer(inverse @ y, inverse @ y)) @ x)


def test_a_name_of_python_is_left():
    code = gp.gradient("lambda = A*x; norm2(lambda - y)^2", "x").to_code()
    compile(code, "f", "exec")


def test_steps_and_the_answer_use_them():
    d = gp.gradient(NETWORK, "W", assume="sums_to_one(y)")
    assert gp.to_text(d.short) == "(p - y)*x'"
    assert [s.text for s in d.steps if s.text.startswith(("s =", "p ="))] == ["s = u_1 + b", "p = softmax(s)"]


def test_a_gradient_by_a_defined_name():
    d = gp.gradient(KERNEL, "K")
    assert d.to_text() == "inv(K)'*(eye - y*y'*inv(K)')"


#: A text with functions, the variable, the same without.
FUNCTIONS = [
    ("f(t) = log(1 + exp(t)); sum(f(A*x))", "x", "A'*sigmoid(A*x)"),
    ("f(t) = t^2*exp(t); sum(f(A*x))", "x", "A'*((2*A*x + (A*x).^2).*exp(A*x))"),
    ("f(t) = 1/(1 + exp(-t)); sum(f(x))", "x", "f(x).*(1 - f(x))"),
    ("g(t) = t/(1 + t^2); f(t) = g(t) + t; sum(f(x))", "x", "(1 - x.^2)./(1 + x.^2).^2 + 1"),
    ("f(s, t) = s*t^2; sum(f(x, y))", "x", "y.^2"),
    ("q(u) = u'*A*u; q(x) + q(x - y)", "x", "(A + A')*(2*x - y)"),
    ("f(X) = X*X; tr(f(A))", "A", "2*A'"),
]


@pytest.mark.parametrize(("text", "wrt", "answer"), FUNCTIONS)
def test_functions_are_defined(text, wrt, answer):
    d = gp.gradient(text, wrt)
    assert d.verdict in ("certified", "agrees")
    definitions = text.rpartition(";")[0]
    assert gp.check_claim(text, wrt, f"{definitions}; {answer}" if "f(x)" in answer else answer)
