"""`assert_gradient` as it is used in another project's tests: silent when right, explicit when wrong."""

from __future__ import annotations

import numpy as np
import pytest

from derive.errors import InputError
from verify.callables.testing import HEIGHT, assert_gradient, order_plot

X = np.array([[0.3, -1.2], [0.8, 2.0]])


def loss(x):
    return np.exp(x).sum() + x[0, 1] * x[1, 0] ** 2


def gradient(x):
    return np.exp(x) + np.array([[0, x[1, 0] ** 2], [2 * x[0, 1] * x[1, 0], 0]])


def test_a_right_gradient_passes_and_returns_its_verdict():
    verdict = assert_gradient(loss, gradient, X, seed=3)
    assert verdict.verdict == "agrees"


def test_a_wrong_gradient_fails_with_all_that_is_needed_to_mend_it():
    with pytest.raises(AssertionError) as caught:
        assert_gradient(loss, lambda x: gradient(x).T, X)
    said = str(caught.value)
    assert said.startswith("the gradient is wrong: refuted")
    assert "finite differences" in said
    assert "worst entry x[" in said
    assert "diagnosis: the claim is the transpose of the gradient" in said
    assert "order 1" in said
    assert "*" in said.split("against h:")[1]


def test_the_worst_entry_is_the_one_that_was_spoilt():
    def spoilt(x):
        g = gradient(x)
        g[1, 0] += 1e-4 * abs(g[1, 0])
        return g

    with pytest.raises(AssertionError, match=r"worst entry x\[1, 0\]: claimed"):
        assert_gradient(loss, spoilt, X)


def test_an_unsettled_gradient_fails_unless_allowed():
    kinked = lambda x: np.abs(x).sum()
    with pytest.raises(AssertionError, match="could not be settled") as caught:
        assert_gradient(kinked, np.sign, np.array([0.0, 1.0]))
    assert "kink at x, one-sided slopes -1 and 1" in str(caught.value)
    verdict = assert_gradient(kinked, np.sign, np.array([0.0, 1.0]), inconclusive_ok=True)
    assert verdict.verdict == "inconclusive"


def test_a_refuted_gradient_fails_even_where_unsettled_ones_are_allowed():
    with pytest.raises(AssertionError, match="refuted"):
        assert_gradient(loss, lambda x: 2 * gradient(x), X, inconclusive_ok=True)


def test_bad_input_is_not_an_assertion():
    with pytest.raises(InputError, match="is it the transpose"):
        assert_gradient(lambda x: x.sum(), lambda x: np.ones((2, 3)), np.ones((3, 2)))


def columns_of(rows: list[str], sign: str) -> dict[int, int]:
    """Return the row at which a sign stands in each column of the plot."""
    return {c: r for r, row in enumerate(rows[:HEIGHT]) for c, here in enumerate(row) if here == sign}


def test_the_plot_shows_the_order_of_its_data():
    steps = [4.0**-k for k in range(8)]
    quadratic = list(order_plot({"steps": steps, "remainders": [h**2 for h in steps]}))
    stars, first = columns_of(quadratic, "*"), columns_of(quadratic, "'")
    assert len(stars) == len(steps)
    assert sorted(stars.values(), reverse=True) == [stars[c] for c in sorted(stars)]
    assert all(first[c] < stars[c] for c in sorted(stars)[:-2])
    linear = list(order_plot({"steps": steps, "remainders": steps}))
    assert not set(columns_of(linear, "*")) & set(columns_of(linear, "'"))
    assert order_plot({}) == []
    assert order_plot({"steps": [1.0, 0.5], "remainders": [0.0, 0.0]}) == []
