"""Losses with their derivatives as functions that run, held to each other and to differences."""

import numpy as np
import pytest
from scipy.optimize import minimize

import gradproof as gp
from derive.errors import InputError

RNG = np.random.default_rng(0)
A, X, U = RNG.standard_normal((6, 4)), RNG.standard_normal(4), RNG.standard_normal(6)


def test_products_are_those_of_the_matrices():
    loss = gp.function("logsumexp(A*x) + c*norm2(x)^4", "x", where="A: m x n, c: scalar")
    given = {"A": A, "x": X, "c": 0.3}
    value, slope = loss(**given)
    assert value == loss.value(**given)
    assert np.array_equal(slope, loss.gradient(**given))
    h, p = 1e-6, U[:4]
    ahead, behind = (loss.value(**given | {"x": X + s * h * p}) for s in (1, -1))
    assert abs((ahead - behind) / (2 * h) - loss.jvp(p, **given)) < 1e-7
    assert np.allclose(loss.hessian(**given) @ p, loss.hvp(p, **given))
    assert np.allclose(loss.vjp(2.0, **given), 2 * slope)


def test_products_with_the_jacobian_of_a_vector():
    f = gp.function("softmax(A*x)", "x", where="A: m x n")
    _, jacobian = f(A=A, x=X)
    assert np.allclose(f.jvp(X, A=A, x=X), jacobian @ X)
    assert np.allclose(f.vjp(U, A=A, x=X), jacobian.T @ U)


@pytest.mark.parametrize("method", ["BFGS", "trust-ncg"])
def test_a_matrix_is_fitted(method):
    loss = gp.function("norm2(T - U*V')^2", "U", where="T: m x n, U: m x k, V: n x k")
    t, v = RNG.standard_normal((5, 4)), RNG.standard_normal((4, 2))
    fit = loss.at(T=t, V=v, U=np.zeros((5, 2)))
    found = minimize(fit, fit.start, jac=True, method=method, **({"hessp": fit.hessp} if method[0] == "t" else {}))  # fmt: skip
    assert np.allclose(fit.whole(found.x), t @ v @ np.linalg.inv(v.T @ v), atol=1e-4)


def test_a_number_is_fitted():
    loss = gp.function("(c - 2)^2*exp(c)", "c")
    fit = loss.at(c=1.5)
    assert abs(minimize(fit, fit.start, jac=True).x[0] - 2) < 1e-4
    assert loss.hvp(3.0, c=1.5) == 3 * loss.hessian(c=1.5)


def test_bad_input_is_one_line():
    loss = gp.function("norm2(A*x)^2", "x", where="A: m x n")
    with pytest.raises(InputError, match="x is missing"):
        loss.at(A=A)
    with pytest.raises(InputError, match="no Python function"):
        gp.function("norm2(A*x)^2", "x", target="octave")
    with pytest.raises(InputError, match="one variable"):
        gp.function("norm2(A*x)^2", "x, A")
