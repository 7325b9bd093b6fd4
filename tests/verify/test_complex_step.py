"""The complex step: exact where f is analytic, and not trusted where it is not, or cannot be seen to be."""

from __future__ import annotations

import numpy as np
import pytest

from verify.methods.complex_step import complex_step, condition_number

X = np.array([0.3, -1.2, 0.8, 2.0])


def step(f, x=X):
    return complex_step(f, lambda flat: flat, x, range(x.size), float(f(x)), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("f", "gradient"),
    [
        (lambda x: (x**3).sum(), lambda x: 3 * x**2),
        (lambda x: np.exp(np.sin(x)).sum(), lambda x: np.exp(np.sin(x)) * np.cos(x)),
        (lambda x: x @ x, lambda x: 2 * x),
        (
            lambda x: x[0] * x[1] + sum(v**2 for v in x[2:]),
            lambda x: np.array([x[1], x[0], 2 * x[2], 2 * x[3]]),
        ),
        (lambda x: np.linalg.det(x.reshape(2, 2)), lambda x: np.array([x[3], -x[2], -x[1], x[0]])),
        (lambda x: np.log(np.sqrt(np.sum(x * x))), lambda x: x / (x @ x)),
        (lambda x: 1e12 + np.einsum("i,i,i->", x, x, x), lambda x: 3 * x**2),
    ],
)
def test_analytic_functions_to_the_last_digits(f, gradient):
    found = step(f)
    assert not found.distrust
    assert np.all(np.abs(found.values - gradient(X)) <= found.errors)
    assert np.all(found.errors <= 1e-12 * np.max(np.abs(found.values)))


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda x: np.abs(x).sum(), "absolute"),
        (lambda x: abs(x).sum(), "absolute"),
        (lambda x: np.linalg.norm(x), "norm|sight"),
        (lambda x: (x * x.conj()).real.sum(), "real|conj"),
        (lambda x: np.vdot(x, x), "vdot"),
        (lambda x: x.max(), "maximum"),
        (lambda x: np.maximum(x, 0).sum(), "maximum"),
        (lambda x: np.where(x > 0, x, 0).sum(), "greater|where"),
        (lambda x: np.sort(x)[0], "sort"),
        (lambda x: x.real.sum(), "real"),
        (lambda x: np.real(x).sum(), "real"),
        (lambda x: x.astype(float).sum(), "does not take complex"),
        (lambda x: float(x[0]) ** 2, "does not take complex|complex"),
        (lambda x: (np.asarray(x) ** 2).sum(), "out of NumPy's sight"),
        (lambda x: (x**2).sum() + 1e-13 * np.abs(x).sum(), "absolute"),
        (lambda x: np.linalg.svd(x.reshape(2, 2))[1].sum(), "svd"),
        (lambda x: x[0].item() ** 2 + (x**2).sum(), "item"),
    ],
)
def test_functions_that_are_not_seen_to_be_analytic_are_not_trusted(f, why):
    found = step(f)
    assert found.distrust
    assert any(word in found.distrust for word in why.split("|")), found.distrust


def test_the_condition_number_of_what_is_solved_with_is_noticed():
    K = np.diag([1.0, 1e-8])
    assert condition_number(
        lambda x: x @ np.linalg.solve(K, x), lambda flat: flat, np.ones(2)
    ) == pytest.approx(1e8)
    square = lambda x: np.linalg.det(x.reshape(2, 2))
    assert condition_number(square, lambda flat: flat, np.array([2.0, 0, 0, 1])) == pytest.approx(2)
    assert condition_number(lambda x: x @ x, lambda flat: flat, np.ones(2)) == 1
    assert condition_number(lambda x: x.nonsense, lambda flat: flat, np.ones(2)) == 1
