"""Functions of which a text says no more than the name: f(A*x) has the derivative f'(A*x)."""

import pickle

import numpy as np
import pytest
import sympy

import gradproof as gp
from derive.operations import unknown_functions

RNG = np.random.default_rng(0)
A, x, y = RNG.normal(size=(3, 2)), RNG.normal(size=2), RNG.normal(size=3)

#: Loss, variable, gradient in the text language and in LaTeX.
TEXTBOOK = [
    ("y'*f(A*x)", "x", "A'*(y.*f'(A*x))", r"A^{\top} \, \left(y \odot f'\left(A x\right)\right)"),
    ("sum(f'(x))", "x", "f''(x)", r"f''\left(x\right)"),
    (
        "f(norm2(x)^2)",
        "x",
        "2*f'(norm2(x)^2)*x",
        r"2 \, f'\left(\left\lVert x \right\rVert^{2}\right) \, x",
    ),
    (r"\sum_i f(w^\top x_i)", "w", "X'*f'(X*w)", r"X^{\top} f'\left(X w\right)"),
    ("sum(g(f(x)))", "x", "g'(f(x)).*f'(x)", r"g'\left(f\left(x\right)\right) \odot f'\left(x\right)"),
    ("phi(a)^2", "a", "2*phi(a)*phi'(a)", r"2 \, \phi\left(a\right) \, \phi'\left(a\right)"),
]


@pytest.mark.parametrize(("loss", "wrt", "text", "latex"), TEXTBOOK)
def test_the_chain_rule(loss, wrt, text, latex):
    d = gp.gradient(loss, wrt)
    assert d.verdict == "certified"
    assert d.to_text() == text
    assert d.to_latex().partition(" = ")[2] == latex
    assert gp.check_claim(loss, wrt, text).verdict == "proved"
    assert pickle.loads(pickle.dumps(d.result)) == d.result
    assert any("unknown function" in note for note in d.notes)


@pytest.mark.parametrize(
    "claim", ["A'*(y.*f(A*x))", "A'*f'(A*x)", "A'*(y.*f''(A*x))", "A'*(y.*f'(A*x)) + A'*f'''(A*x)"]
)
def test_a_wrong_gradient_is_refuted_by_a_function(claim):
    v = gp.check_claim("y'*f(A*x)", "x", claim)
    assert v.verdict == "refuted"
    assert "f(t) = " in str(v.counterexample)


def test_an_equation_of_all_functions():
    assert gp.check_equal("tr(diag(f(x))*A)", "f(x)'*diag(A)").verdict == "proved"
    assert gp.check_equal("f(x + y)", "f(x) + f(y)").verdict == "refuted"
    assert gp.check_equal("sum(x)", "sum(f(x))").verdict == "refuted"


@pytest.mark.parametrize("f", [(np.sin, np.cos), (np.tanh, lambda t: 1 - np.tanh(t) ** 2)])
def test_code_takes_the_functions(f):
    d = gp.gradient("y'*f(A*x)", "x")
    value, gradient = d.function("numpy", value=True)(A=A, x=x, y=y, f=f[0], f_prime=f[1])
    assert np.isclose(value, y @ f[0](A @ x))
    assert np.allclose(gradient, A.T @ (y * f[1](A @ x)))


def test_code_takes_the_second_derivative():
    h = gp.hessian("y'*f(A*x)", "x").function("numpy")
    assert np.allclose(h(A=A, x=x, y=y, f_prime2=np.cos), A.T @ np.diag(y * np.cos(A @ x)) @ A)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("f(x, y)", r"f is not defined and has 2 arguments"),
        ("f*sum(f(x))", r"f is a variable, not a function"),
    ],
)
def test_what_is_no_function_is_refused(text, says):
    with pytest.raises(gp.InputError, match=says):
        gp.gradient(text, "x")


def test_claims_know_only_the_functions_of_their_problem():
    with pytest.raises(gp.InputError, match="g is a variable"):
        gp.check_claim("sum(f(x))", "x", "g(x)")


def test_from_sympy():
    t = sympy.Symbol("t", real=True)
    d = gp.gradient(sympy.Function("f")(t) ** 2, t)
    assert d.to_text() == "2*f(t)*f'(t)"
    assert [f.order for f in unknown_functions(d.result)] == [0, 1]


def test_a_transposed_column_before_a_bracket_is_a_product():
    assert gp.gradient("h'(A*x)", "x").to_text() == "A'*h"
    assert gp.gradient("sum(h(x)) + sum(h'(x))", "x").to_text() == "h''(x) + h'(x)"
    assert gp.check_claim("sum(h(A*x))", "x", "A'*h'(A*x)").verdict == "proved"
