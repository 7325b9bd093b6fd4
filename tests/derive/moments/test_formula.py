"""Activations as text: names, aliases, parameters, formulas; and the stable forms that they are computed by."""

import re

import mpmath
import numpy as np
import pytest
import sympy as sp

from derive.errors import InputError
from derive.expression.elementwise import sigmoid, softplus
from derive.moments import ACTIVATIONS, X, leaky_relu
from derive.moments.activations import activation, elu
from derive.moments.pieces import pieces
from derive.moments.stable import stable


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("silu", "swish"),
        ("GELU", "gelu"),
        ("heaviside", "step"),
        ("Hard-Tanh", "hardtanh"),
        ("linear", "identity"),
    ],
)
def test_names_and_aliases(text: str, name: str) -> None:
    assert activation(text) is ACTIVATIONS[name]


def test_parameters_in_brackets() -> None:
    assert activation("leaky_relu(0.2)").expression == leaky_relu(sp.Rational(1, 5))
    assert activation("leaky_relu(0.2)").shipped_gain == sp.sqrt(2 / (1 + sp.Rational(1, 25)))
    assert activation("ELU(2)").expression == elu(2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x*erf(x)", X * sp.erf(X)),
        ("max(x, 0.1*x)", sp.Max(X, X / 10)),
        ("min(max(x, -1), 1)", sp.Min(sp.Max(X, -1), 1)),
        ("-x^2/2 + 3", 3 - X**2 / 2),
        ("2*relu(x - 1)", 2 * sp.Max(0, X - 1)),
        ("leaky_relu(x, 0.3)", leaky_relu(sp.Rational(3, 10))),
        ("sigmoid(2*x)", 1 / (1 + sp.exp(-2 * X))),
        ("exp(-x^2)*sin(pi*x)", sp.exp(-(X**2)) * sp.sin(sp.pi * X)),
        ("x**2", X**2),
        (r"\frac{x}{1 + |x|}", X / (1 + sp.Abs(X))),
        ("softsign(x)", X / (1 + sp.Abs(X))),
        ("hardswish(x)", X * sp.Max(0, sp.Min(6, X + 3)) / 6),
    ],
)
def test_formulas(text: str, expected: sp.Expr) -> None:
    found, wanted = pieces(activation(text).expression, X), pieces(expected, X)
    assert [(p.lower, p.upper) for p in found] == [(p.lower, p.upper) for p in wanted]
    assert all(sp.simplify(p.expression - q.expression) == 0 for p, q in zip(found, wanted, strict=True))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("reul", "did you mean relu"),
        ("gelo", "did you mean gelu"),
        ("x*y", "unknown name y"),
        ("sigmiod(x)", "did you mean sigmoid"),
        ("x+", "the text ends"),
        ("", "empty"),
        ("vector(3)", "vector"),
        ("x^999", "powers"),
        ("1/0", "division by zero"),
        ("1" + "+ x" * 1000, "too long"),
        ("tanh + 1", "needs an argument"),
        ("erf(x, 1)", "takes 1 argument"),
    ],
)
def test_what_is_no_activation_is_said_in_the_first_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        activation(text)
    assert re.search(said, str(caught.value).splitlines()[0])


@pytest.mark.parametrize("name", ["sigmoid", "swish", "softplus", "mish"])
def test_stable_forms_equal_the_plain_ones(name: str) -> None:
    plain = ACTIVATIONS[name].expression
    modules = [
        {"sigmoid": lambda u: 1 / (1 + mpmath.exp(-u)), "softplus": lambda u: mpmath.log(1 + mpmath.exp(u))},
        "mpmath",
    ]
    for e, rewritten in ((plain, stable(plain)), (sp.diff(plain, X), stable(sp.diff(plain, X)))):
        assert rewritten.has(sigmoid, softplus)
        with mpmath.workdps(40):
            for x in (-30, -1, mpmath.mpf("0.3"), 20):
                value = sp.lambdify(X, rewritten, modules)(mpmath.mpf(x))
                assert mpmath.almosteq(value, sp.lambdify(X, e, "mpmath")(mpmath.mpf(x)), 1e-12)


def test_the_derivative_of_the_logistic_function_does_not_overflow() -> None:
    from verify.moments.functions import derivative_function

    np.testing.assert_allclose(
        derivative_function("sigmoid")(np.array([-800.0, 0.0, 800.0])), [0, 0.25, 0], atol=1e-300
    )
    np.testing.assert_allclose(derivative_function("swish")(np.array([-800.0, 800.0])), [0, 1], atol=1e-300)


def test_the_tails_of_gelu_keep_their_digits() -> None:
    from verify.moments.functions import array_function, derivative_function

    x = [-12.0, -8.0, -5.0, -1.0, 0.3, 8.0]
    with mpmath.workdps(40):
        tail = [mpmath.erfc(-mpmath.mpf(a) / mpmath.sqrt(2)) / 2 for a in x]
        values = [float(a * t) for a, t in zip(x, tail, strict=True)]
        slopes = [float(t + a * mpmath.npdf(a)) for a, t in zip(x, tail, strict=True)]
    np.testing.assert_allclose(array_function("gelu")(np.array(x)), values, rtol=1e-13)
    np.testing.assert_allclose(derivative_function("gelu")(np.array(x)), slopes, rtol=1e-13)
