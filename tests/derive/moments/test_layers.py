"""The variance rules against exact enumeration of small discrete distributions."""

from fractions import Fraction
from itertools import product

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from derive.moments import backward_variance, forward_variance, product_variance
from derive.moments.layers import CHI, G2, KAPPA, MU_G, MU_W, MU_X, N_IN, N_OUT, RHO, SIGMA2, TAU, V2

values = st.lists(st.integers(-3, 3), min_size=2, max_size=2)


def mean(f, *distributions):
    points = list(product(*distributions))
    return Fraction(sum(f(*point) for point in points), len(points))


def variance(f, *distributions):
    return mean(lambda *p: f(*p) ** 2, *distributions) - mean(f, *distributions) ** 2


def numbers(w, x):
    one = lambda v: v
    return {SIGMA2: variance(one, w), MU_W: mean(one, w), V2: variance(one, x), MU_X: mean(one, x)}


def value(e: sp.Expr, given: dict) -> Fraction:
    exact = e.subs({symbol: sp.Rational(number) for symbol, number in given.items()})
    return Fraction(int(exact.p), int(exact.q))


@given(w=values, x=values)
@settings(max_examples=60, deadline=None)
def test_product_of_independent_factors(w, x) -> None:
    assert value(product_variance(), numbers(w, x)) == variance(lambda a, b: a * b, w, x)


@given(pairs=st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_product_of_dependent_factors(pairs) -> None:
    w, x = [p[0] for p in pairs], [p[1] for p in pairs]
    cov = mean(lambda p: p[0] * p[1], pairs) - mean(lambda a: a, w) * mean(lambda a: a, x)
    squares = mean(lambda p: (p[0] * p[1]) ** 2, pairs)
    kappa = squares - mean(lambda a: a * a, w) * mean(lambda a: a * a, x)
    given_numbers = {**numbers(w, x), RHO: cov, KAPPA: kappa}
    expected = variance(lambda p: p[0] * p[1], pairs)
    assert value(product_variance(independent=False), given_numbers) == expected


@given(w=values, x=values)
@settings(max_examples=40, deadline=None)
def test_layer_of_two_with_any_means(w, x) -> None:
    """Independent inputs: without the two assumptions on means, and with the inputs' covariance 0."""
    derived = forward_variance(drop=["zero-mean weights", "zero-mean inputs"]).result
    expected = variance(lambda a, b, c, d: a * c + b * d, w, w, x, x)
    assert value(derived, {**numbers(w, x), N_IN: 2, CHI: 0}) == expected


@given(w=values, pairs=st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_layer_with_dependent_inputs(w, pairs) -> None:
    """Inputs that depend on each other matter only if the weights have a mean."""
    both = pairs + [(b, a) for a, b in pairs]  # exchangeable, so that the two are distributed alike
    x = [p[0] for p in both]
    chi = mean(lambda p: p[0] * p[1], both) - mean(lambda a: a, x) ** 2
    derived = forward_variance(drop=["zero-mean weights", "zero-mean inputs"]).result
    expected = variance(lambda a, b, p: a * p[0] + b * p[1], w, w, both)
    assert value(derived, {**numbers(w, x), N_IN: 2, CHI: chi}) == expected


@given(rows=st.lists(st.tuples(*[st.integers(-2, 2)] * 4), min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_layer_with_no_assumption_at_all(rows) -> None:
    joint = rows + [(b, a, d, c) for a, b, c, d in rows]
    w, x = [r[0] for r in joint], [r[2] for r in joint]
    terms = lambda r: (r[0] * r[2], r[1] * r[3])
    tau = mean(lambda r: terms(r)[0] * terms(r)[1], joint) - mean(lambda r: terms(r)[0], joint) ** 2
    rho = mean(lambda r: r[0] * r[2], joint) - mean(lambda a: a, w) * mean(lambda a: a, x)
    squares = mean(lambda r: (r[0] * r[2]) ** 2, joint)
    kappa = squares - mean(lambda a: a * a, w) * mean(lambda a: a * a, x)
    everything = ["independent factors", "zero-mean weights", "zero-mean inputs"]
    derived = forward_variance(drop=everything).result
    expected = variance(lambda r: sum(terms(r)), joint)
    assert value(derived, {**numbers(w, x), N_IN: 2, TAU: tau, RHO: rho, KAPPA: kappa}) == expected


def test_classical_rules() -> None:
    assert forward_variance().result == N_IN * SIGMA2 * V2  # Glorot and Bengio 2010, eq. 5
    assert backward_variance().result == N_OUT * SIGMA2 * G2
    with_mean = backward_variance(drop=["zero-mean inputs"]).result
    assert sp.expand(with_mean - N_OUT * SIGMA2 * (G2 + MU_G**2)) == 0


def test_every_step_that_needs_an_assumption_names_it() -> None:
    assumed = forward_variance().assumptions
    assert "the weights have mean 0" in assumed
    assert "the inputs have mean 0" in assumed
    fewer = forward_variance(drop=["zero-mean inputs"]).assumptions
    assert set(assumed) - set(fewer) == {"the inputs have mean 0"}


def test_unknown_assumption() -> None:
    with pytest.raises(InputError, match="zero-mean weights"):
        forward_variance(drop=["zero mean"])
