"""Losses that nobody chose: random texts of the language, differentiated and compared with differences."""

import warnings

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import derive
from derive import read_claim
from derive.errors import InputError
from derive.expression import algebra
from tests.derive import outside
from tests.derive.expressions import SHAPES, declared, texts
from tests.derive.points import derivative, draw, run
from verify.evaluate import evaluate

SIZES = {"m": 3, "n": 2}
SLOW = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
]


def hold(kind, text, number):
    """Hold the derivative of a text by one of its variables to differences, where these settle at some point."""
    names = sorted(set(outside.words(text)) & SHAPES.keys())
    wrt = names[number % len(names)] if names else "x"
    shapes = SHAPES | {f"d{wrt}": SHAPES[wrt]}
    f, _ = outside.evaluator(text, shapes, SIZES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the variable need not occur
        d = getattr(derive, kind)(text, wrt, where=declared(f"{text} {wrt}"))
    function = run(d.to_numpy())
    for seed in range(3):
        values = draw(shapes, "", np.random.default_rng(seed), SIZES)
        wanted, again = (derivative(kind, f, wrt, values, h=h) for h in (4e-3, 2e-3))
        # A derivative that is small beside the value (or beside its own terms, for a Hessian) is lost in rounding.
        noise = (1e-12 if kind != "hessian" else 1e-8) * (1 + np.abs(f(values)).max())
        if not np.allclose(wanted, again, rtol=1e-7, atol=noise):
            continue
        arguments = {n: values[n].item() if shapes[n] == (1, 1) else values[n] for n in d.symbols()}
        near = {n: v * (1 + 1e-10) for n, v in arguments.items()}
        try:
            found, moved = (np.atleast_2d(function(**at)) for at in (arguments, near))
        except np.linalg.LinAlgError:
            continue
        if not np.allclose(found, moved, rtol=1e-6, atol=noise):
            continue  # det(A*C') of fewer columns than rows is 0, and its formula divides by that
        assert np.allclose(found, again, rtol=1e-5, atol=100 * noise), d.to_text()
        if not d.directions:
            assert np.allclose(read_back(d, values), found, rtol=1e-9, atol=100 * noise), d.to_text()
        return
    assume(False)


def read_back(d, values):
    """Return the value of the printed text as the package reads it."""
    try:
        again = read_claim(d.to_text(), d.problem, algebra.shape(d.result))
    except InputError as error:  # a constant such as logdet(2*eye), left over from S - S, shows no size
        assume("does not follow" not in str(error))
        raise
    return evaluate(again, values, SIZES)


@settings(max_examples=50, deadline=None, suppress_health_check=SLOW)
@given(texts(depth=3, tame=True), st.integers(0, 20))
def test_the_gradient_of_any_loss(text, number):
    hold("gradient", text, number)


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(
    st.sampled_from([("n", 1), ("m", 1)]).flatmap(lambda s: texts(s, depth=2, tame=True)), st.integers(0, 20)
)
def test_the_jacobian_of_any_column(text, number):
    hold("jacobian", text, number)


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(
    st.sampled_from([("n", 1), ("m", "n"), ("n", "n")]).flatmap(lambda s: texts(s, depth=2, tame=True)),
    st.integers(0, 20),
)
def test_the_differential_of_anything(text, number):
    hold("differential", text, number)


@settings(max_examples=15, deadline=None, suppress_health_check=SLOW)
@given(texts(depth=2, tame=True), st.integers(0, 20))
def test_the_hessian_of_any_loss(text, number):
    hold("hessian", text, number)
