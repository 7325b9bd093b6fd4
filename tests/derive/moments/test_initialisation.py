import math

import pytest
import sympy as sp

from derive.errors import InputError
from derive.moments import compromise, initialisation_variance, rectifier_rules
from derive.moments.layers import N_IN, N_OUT


@pytest.mark.parametrize(
    ("name", "numeric"),
    [
        ("glorot", sp.Rational(2, 800)),
        ("he", sp.Rational(2, 300)),
        ("lecun", sp.Rational(1, 300)),
        ("fan-in", sp.Rational(1, 300)),
        ("fan-out", sp.Rational(1, 500)),
        ("fan-avg", sp.Rational(2, 800)),
        ("fan-max", sp.Rational(1, 500)),
    ],
)
def test_rules_numeric_and_symbolic(name: str, numeric: sp.Expr) -> None:
    assert initialisation_variance(name, 300, 500) == numeric
    assert initialisation_variance(name).subs({N_IN: 300, N_OUT: 500}) == numeric


def test_gain_multiplies_the_standard_deviation() -> None:
    assert initialisation_variance("fan-in", 50, 1, gain=sp.sqrt(2)) == initialisation_variance("he", 50, 1)


def test_compromise_is_the_harmonic_and_not_the_arithmetic_mean() -> None:
    found = compromise().result
    assert sp.simplify(found - 2 / (N_IN + N_OUT)) == 0
    a, b = 1 / N_IN, 1 / N_OUT
    assert sp.simplify(found - 2 * a * b / (a + b)) == 0
    assert sp.simplify((a + b) / 2 - found) != 0
    assert sp.simplify(((a + b) / 2 - found).subs(N_OUT, N_IN)) == 0


def test_compromise_for_a_rectifier() -> None:
    half = sp.Rational(1, 2)
    assert sp.simplify(compromise(half, half).result - 4 / (N_IN + N_OUT)) == 0


def test_rectifier_rules_say_what_each_keeps() -> None:
    steps = {step.rule: step for step in rectifier_rules().steps}
    assert r"\frac{2}{n_{\mathrm{in}}}" in steps["keep the second moment"].equation
    assert "2.934" in steps["keep the variance instead"].equation
    growth = (math.pi / (math.pi - 1)) ** 29  # 7e4, to one digit
    assert f"{growth:.0f}" in steps["growth with depth"].equation


@pytest.mark.parametrize(
    "arguments",
    [("xavier", 3, 4), ("he", 0, 4), ("he", -1, 4), ("glorot", 3, float("inf")), ("he", 3, 4, -1)],
)
def test_bad_input(arguments: tuple) -> None:
    with pytest.raises(InputError):
        initialisation_variance(*arguments)
