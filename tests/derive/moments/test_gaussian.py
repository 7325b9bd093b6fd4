"""Gaussian moments against numerical integration by mpmath and against published closed forms."""

import mpmath
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from derive.moments import ACTIVATIONS, S, X, derive_moment, gaussian_moments, leaky_relu
from derive.moments.integrals import expectation

CLOSED = [
    "identity", "relu", "leaky_relu", "abs", "step", "sign", "square", "exp", "sin", "erf", "gelu", "hardtanh",
    "relu6", "elu", "selu",
]  # fmt: skip
OPEN = ["tanh", "sigmoid", "swish", "softplus", "mish"]


def integrate(f: sp.Expr, s: float) -> float:
    """E[f(a)] for a ~ N(0, s^2) by mpmath, which shares nothing with the rules under test."""
    function = sp.lambdify(X, f, "mpmath")
    points = [-40 * s, -10 * s, -6, -1, 0, 1, 6, 10 * s, 40 * s]
    with mpmath.workdps(25):
        return float(mpmath.quad(lambda x: function(x) * mpmath.npdf(x, 0, s), sorted(points)))


def at(e: sp.Expr, s: float) -> float:
    return float(sp.N(e.subs(S, sp.Rational(str(s))), 25))


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("s", [0.7, 2.0])
def test_closed_forms_equal_numerical_integrals(name: str, s: float) -> None:
    f = ACTIVATIONS[name].expression
    found = gaussian_moments(name)
    mean, second = integrate(f, s), integrate(f**2, s)
    assert at(found.mean, s) == pytest.approx(mean, rel=1e-10, abs=1e-12)
    assert at(found.second, s) == pytest.approx(second, rel=1e-10)
    assert at(found.variance, s) == pytest.approx(second - mean**2, rel=1e-9)


@pytest.mark.parametrize("name", [n for n in CLOSED if n not in ("step", "sign", "relu6", "hardtanh")])
def test_derivative_moment_equals_an_integral_of_difference_quotients(name: str) -> None:
    f = sp.lambdify(X, ACTIVATIONS[name].expression, "mpmath")
    with mpmath.workdps(30):
        h = mpmath.mpf("1e-10")
        slope = lambda x: (f(x + h) - f(x - h)) / (2 * h)
        expected = mpmath.quad(lambda x: slope(x) ** 2 * mpmath.npdf(x), [-40, -10, -3, -1, -1e-6])
        expected += mpmath.quad(lambda x: slope(x) ** 2 * mpmath.npdf(x), [1e-6, 1, 3, 10, 40])
    assert at(gaussian_moments(name).derivative, 1.0) == pytest.approx(float(expected), rel=1e-5)


def test_rectifier_factors_are_those_of_the_literature() -> None:
    found = gaussian_moments("relu")
    assert sp.simplify(found.mean - S / sp.sqrt(2 * sp.pi)) == 0
    assert sp.simplify(found.second - S**2 / 2) == 0
    assert sp.simplify(found.variance - S**2 * (sp.pi - 1) / (2 * sp.pi)) == 0


def test_leaky_slope_may_be_a_symbol() -> None:
    slope = sp.Symbol("alpha", real=True)
    found = gaussian_moments(leaky_relu(slope))
    assert sp.simplify(found.second - S**2 * (1 + slope**2) / 2) == 0  # He et al. 2015, eq. 15


def test_selu_keeps_mean_and_variance() -> None:
    """Klambauer et al. 2017: mean 0 and variance 1 are a fixed point."""
    found = gaussian_moments("selu")
    assert at(found.mean, 1.0) == pytest.approx(0, abs=1e-15)
    assert at(found.variance, 1.0) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize("name", OPEN)
def test_no_closed_form_is_said_so(name: str) -> None:
    assert gaussian_moments(name).second is None
    with pytest.raises(InputError, match="no closed form"):
        derive_moment(name, "second")


@given(
    coefficients=st.lists(st.integers(-3, 3), min_size=1, max_size=5),
    rate=st.integers(-2, 2),
    kink=st.fractions(-2, 2, max_denominator=4),
    s=st.sampled_from([0.5, 1.0, 1.5]),
)
@settings(max_examples=15, deadline=None)
def test_any_piecewise_polynomial_times_exponential(coefficients, rate, kink, s) -> None:
    polynomial = sum(c * X**k for k, c in enumerate(coefficients))
    f = sp.Piecewise((polynomial * sp.exp(rate * X), sp.Rational(kink) < X), (polynomial, True))
    function = sp.lambdify(X, polynomial, "mpmath")
    with mpmath.workdps(30):
        edge = mpmath.mpf(kink.numerator) / kink.denominator
        left = mpmath.quad(lambda x: function(x) * mpmath.npdf(x, 0, s), [-50, -10, -3, edge])
        right = mpmath.quad(
            lambda x: function(x) * mpmath.exp(rate * x) * mpmath.npdf(x, 0, s), [edge, 3, 10, 60]
        )
    found = float(sp.N(expectation(f, X, sp.Rational(str(s))), 30))
    assert found == pytest.approx(float(left + right), rel=1e-9, abs=1e-9)


@given(
    k=st.integers(0, 4), d=st.fractions(-2, 2, max_denominator=3), e=st.fractions(-2, 2, max_denominator=3)
)
@settings(max_examples=12, deadline=None)
def test_error_functions_by_stein(k, d, e) -> None:
    f = X**k * sp.erf(sp.Rational(d) * X) * sp.erf(sp.Rational(e) * X)
    found = expectation(f, X, sp.Integer(1))
    assert float(sp.N(found, 20)) == pytest.approx(integrate(f, 1.0), rel=1e-10, abs=1e-12)


def test_derivation_names_its_laws_and_ends_in_the_result() -> None:
    derived = derive_moment("relu", "variance")
    assert derived.assumptions == ("a ~ N(0, s²)",)
    laws = [step.rule for step in derived.steps]
    assert "additivity over intervals" in laws
    assert "Gaussian moments of a half-line" in laws
    assert laws[-1] == "substitution"
    assert r"\pi - 1" in derived.steps[-1].equation


def test_jumps_have_no_derivative_moment() -> None:
    assert gaussian_moments("step").derivative == sp.oo
    with pytest.raises(InputError, match="jumps"):
        derive_moment("sign", "derivative")


def test_bad_input_is_one_line() -> None:
    for call in (
        lambda: gaussian_moments("reul"),
        lambda: gaussian_moments("relu", -1),
        lambda: gaussian_moments("relu", sp.oo),
        lambda: gaussian_moments(sp.Symbol("u") * sp.Symbol("v")),
        lambda: gaussian_moments([1, 2]),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_text_is_no_standard_deviation() -> None:
    with pytest.raises(InputError, match="must be a number or an expression"):
        gaussian_moments("relu", "__import__('os').getcwd()")  # type: ignore[arg-type]
