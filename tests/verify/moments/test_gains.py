import math

import mpmath
import numpy as np
import pytest
import sympy as sp

from derive.errors import InputError
from derive.moments import ACTIVATIONS
from verify.moments.gains import gains, gains_table


def test_the_table_holds_every_activation() -> None:
    rows = {row.name: row for row in gains_table()}
    assert list(rows) == list(ACTIVATIONS)
    assert rows["relu"].forward == pytest.approx(math.sqrt(2), rel=1e-12)
    assert rows["relu"].shipped_forward_factor == pytest.approx(1, rel=1e-12)
    assert rows["selu"].forward == pytest.approx(1, rel=1e-12)
    assert rows["leaky_relu"].shipped_backward_factor == pytest.approx(1, rel=1e-12)
    assert rows["step"].backward is None
    assert not rows["tanh"].exact
    assert rows["gelu"].exact


def test_five_thirds_is_not_the_gain_of_tanh() -> None:
    tanh = gains("tanh")
    assert tanh.forward == pytest.approx(1.5925, abs=5e-5)
    assert tanh.shipped == pytest.approx(5 / 3)
    assert tanh.shipped_forward_factor == pytest.approx((5 / 3 / 1.5925) ** 2, rel=1e-4)


def test_gains_keep_what_they_say_by_plain_simulation() -> None:
    """A layer of 400 inputs and 300 outputs with the compromise's variance, forward and backward."""
    found = gains("gelu")
    variance = found.variances(400, 300)["compromise"]
    factors = (400 * variance / found.forward**2, 300 * variance / found.backward**2)
    assert sum(factors) / 2 == pytest.approx(1, rel=1e-12)
    rng = np.random.default_rng(1)
    a = rng.standard_normal((400, 20_000))
    from scipy.special import ndtr

    outputs = rng.standard_normal((300, 400)) * math.sqrt(variance) @ (a * ndtr(a))
    assert np.mean(outputs**2) == pytest.approx(factors[0], rel=0.05)


def test_a_callable_gives_what_its_expression_gives() -> None:
    symbolic, numeric = gains("tanh"), gains(np.tanh)
    assert numeric.second.value == pytest.approx(symbolic.second.value, rel=1e-12)
    assert numeric.derivative.value == pytest.approx(symbolic.derivative.value, rel=1e-7)
    kinked = gains(lambda x: np.maximum(x, 0.2 * x))
    assert kinked.backward == pytest.approx(math.sqrt(2 / 1.04), rel=1e-11)
    assert abs(gains(lambda x: np.maximum(x, 0)).derivative.value - 0.5) <= 1e-11


def test_an_expression_that_is_in_no_table() -> None:
    x = sp.Symbol("x", real=True)
    found = gains(sp.Max(0, x) ** 2)
    assert found.second.value == pytest.approx(1.5, rel=1e-12)  # E[a^4] / 2
    assert found.derivative.value == pytest.approx(2.0, rel=1e-12)  # E[(2a)^2] / 2


def test_bad_input() -> None:
    with pytest.raises(InputError, match="zero almost everywhere"):
        gains(lambda x: 0 * x)
    with pytest.raises(InputError, match="fan"):
        gains("relu").variances(0, 3)
    with pytest.raises(InputError, match="positive"):
        gains("relu", s=-1.0)


def test_a_callable_that_jumps_has_no_derivative() -> None:
    found = gains(lambda x: (x > 0) * 1.0)
    assert found.derivative is None
    assert "jumps" in found.reasons["derivative"]
    assert found.second.value == pytest.approx(0.5, abs=1e-15)


def test_growth_as_fast_as_the_density() -> None:
    """E exp(2 c a^2) = 1/sqrt(1 - 4 c) for c < 1/4, infinite from there on."""
    x = sp.Symbol("x", real=True)
    assert gains(sp.exp(sp.Rational(249, 1000) * x**2)).second.value == pytest.approx(
        1 / math.sqrt(1 - 0.996), rel=1e-14
    )
    borderline = gains("exp(x^2/4)")
    assert borderline.mean.value == pytest.approx(math.sqrt(2), rel=1e-14)
    assert borderline.second is None
    assert "infinite" in borderline.reasons["second"]
    with pytest.raises(InputError, match=r"exp\(x\^2\) has no Gaussian moments"):
        gains("exp(x^2)")


@pytest.mark.parametrize("rate", [0.2, 0.23, 0.245, 0.249])
def test_what_lies_beyond_doubles_is_in_the_error_or_named(rate: float) -> None:
    found = gains(lambda a: np.exp(rate * a**2))
    true = 1 / math.sqrt(1 - 4 * rate)
    if found.second is None:
        assert "decays too slowly" in found.reasons["second"]
        assert rate > 0.24
    else:
        assert abs(found.second.value - true) <= found.second.error


@pytest.mark.parametrize(
    ("name", "s"), [("swish", 9.7), ("sigmoid", 20.0), ("softplus", 20.0), ("mish", 20.0), ("swish", 200.0)]
)
def test_large_scales(name: str, s: float) -> None:
    """Against mpmath, with enough digits that nothing overflows."""
    plain = sp.lambdify(sp.Symbol("x", real=True), sp.diff(ACTIVATIONS[name].expression), "mpmath")
    with mpmath.workdps(30):
        edges = [-10 * s, -60, -8, -2, 0, 2, 8, 60, 10 * s]
        expected = mpmath.quad(lambda a: plain(a) ** 2 * mpmath.npdf(a, 0, s), sorted(edges))
    found = gains(name, s)
    assert found.derivative.value == pytest.approx(float(expected), rel=1e-10)
    assert found.second.value > 0


def test_a_variance_does_not_cancel() -> None:
    assert gains("x + 1e9").variance == pytest.approx(1.0, rel=1e-14)
    assert gains(lambda a: a + 1e6).variance == pytest.approx(
        1.0, abs=2 * gains(lambda a: a + 1e6).central.error
    )
    found = gains("sigmoid", 1e-8)  # L(a) = 1/2 + a/4 - a^3/48 ...
    assert found.variance == pytest.approx(1e-16 / 16, rel=1e-6)
    assert abs(found.variance - 1e-16 / 16) <= found.central.error


def test_fast_oscillation_has_a_closed_form() -> None:
    found = gains("sin(100*x)")
    assert found.exact
    assert found.second.value == pytest.approx(0.5, rel=1e-14)
    assert found.derivative.value == pytest.approx(5000, rel=1e-14)
    mixed = gains("sin(100*x)*tanh(x)")
    assert mixed.second.value == pytest.approx(gains("tanh").second.value / 2, rel=1e-12)


def test_one_infinite_moment_does_not_hide_the_others() -> None:
    """E|a| = sqrt(2/pi); E log|a| = -(gamma + log 2)/2 and Var log|a| = pi^2/8 (Johnson, Kotz)."""
    root = gains("abs(x)^(1/2)")
    assert root.second.value == pytest.approx(math.sqrt(2 / math.pi), rel=1e-14)
    assert root.derivative is None
    logarithm = gains("log(abs(x))")
    assert logarithm.mean.value == pytest.approx(-(np.euler_gamma + math.log(2)) / 2, rel=1e-12)
    assert logarithm.variance == pytest.approx(math.pi**2 / 8, rel=1e-12)
    assert "not integrable near a = 0" in logarithm.reasons["derivative"]


def test_infinitely_many_jumps() -> None:
    found = gains(sp.floor(sp.Symbol("x", real=True)))
    assert found.mean.value == pytest.approx(-0.5, abs=1e-13)
    assert found.derivative is None
