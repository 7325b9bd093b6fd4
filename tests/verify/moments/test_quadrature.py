import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from derive.errors import InputError
from derive.moments import ACTIVATIONS, S, gaussian_moments
from verify.moments.functions import array_function, derivative_function, kinks
from verify.moments.quadrature import gaussian_integral

OPEN = ["tanh", "sigmoid", "swish", "softplus", "mish"]
CLOSED = [name for name in ACTIVATIONS if name not in OPEN]


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("s", [0.05, 1.0, 4.0])
def test_quadrature_equals_the_closed_form_within_its_stated_error(name: str, s: float) -> None:
    f = array_function(name)
    found = gaussian_integral(lambda a: f(a) ** 2, s, kinks(name))
    exact = float(sp.N(gaussian_moments(name).second.subs(S, sp.Rational(str(s))), 30))
    assert abs(found.value - exact) <= 2 * found.error
    assert found.error <= 1e-12 * max(1.0, exact)


@pytest.mark.parametrize("name", OPEN)
def test_no_closed_form_to_twelve_digits(name: str) -> None:
    """Against SciPy's QUADPACK on subintervals."""
    f = array_function(name)
    density = lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    edges = [-39, -8, -3, -1, 0, 1, 3, 8, 39]
    expected = sum(
        integrate.quad(
            lambda x: float(f(np.array([x]))[0]) ** 2 * density(x), a, b, epsabs=1e-15, epsrel=1e-13
        )[0]
        for a, b in zip(edges[:-1], edges[1:], strict=True)
    )
    found = gaussian_integral(lambda a: f(a) ** 2)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.error <= 1e-12


@given(kink=st.floats(-3, 3), s=st.floats(0.1, 5))
@settings(max_examples=60, deadline=None)
def test_kinks_and_jumps_that_are_not_announced(kink: float, s: float) -> None:
    """P(a > kink) and E[(a - kink)+] by the normal distribution function."""
    tail = math.erfc(kink / s / math.sqrt(2)) / 2
    density = math.exp(-((kink / s) ** 2) / 2) / math.sqrt(2 * math.pi)
    jump = gaussian_integral(lambda a: (a > kink).astype(float), s)
    ramp = gaussian_integral(lambda a: np.maximum(a - kink, 0), s)
    assert abs(jump.value - tail) <= 2 * jump.error + 1e-15
    assert abs(ramp.value - (s * density - kink * tail)) <= 2 * ramp.error + 1e-14 * s


@pytest.mark.parametrize(
    ("f", "named"),
    [
        (lambda x: np.exp(x**2), "grows too fast"),
        (lambda x: 1 / np.sqrt(np.abs(x - 0.5)) ** 3, "settle|finite"),
        (lambda x: np.where(x > 1, np.nan, x), "finite"),
    ],
)
def test_integrals_that_do_not_exist(f, named) -> None:
    with pytest.raises(InputError, match=named), np.errstate(all="ignore"):
        gaussian_integral(f)


def test_bad_scale() -> None:
    for s in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(InputError, match="positive"):
            gaussian_integral(np.tanh, s)


def test_functions_of_expressions_keep_their_digits_and_pieces() -> None:
    x = np.array([-2.0, -1e-12, 0.5, 800.0])
    np.testing.assert_allclose(
        array_function("elu")(x), [math.expm1(-2), math.expm1(-1e-12), 0.5, 800.0], rtol=1e-14
    )
    np.testing.assert_array_equal(derivative_function("relu")(x), [0, 0, 1, 1])
    np.testing.assert_array_equal(array_function("step")(x), [0, 0, 1, 1])
    np.testing.assert_array_equal(array_function("relu6")(np.array([-1.0, 3.0, 9.0])), [0, 3, 6])


def test_bad_activations() -> None:
    x = sp.Symbol("x")
    with pytest.raises(InputError, match="shape"):
        array_function(lambda a: a.sum())(np.ones(3))
    with pytest.raises(InputError, match="complex"):
        array_function(lambda a: a * 1j)(np.ones(3))
    with pytest.raises(InputError, match="value for alpha"):
        array_function(sp.Symbol("alpha") * x)
