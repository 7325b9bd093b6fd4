import math

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
    assert kinked.backward == pytest.approx(math.sqrt(2 / 1.04), rel=1e-4)


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
