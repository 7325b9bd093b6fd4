"""Code where a divisor is zero and the derivative exists: the limit, no NaN."""

import numpy as np
import pytest

import derive

#: Loss, variable, and how it goes to zero: its second derivative at 0 is 0 times anything.
SMOOTH = [
    ("norm2(x)^3", "x"),
    ("norm2(A*x)^3", "x"),
    ("norm2(x)^5", "x"),
    ("norm2(x)^3*y'*x", "x"),
    ("norm2(x)^4", "x"),
]


@pytest.mark.parametrize(("loss", "wrt"), SMOOTH)
def test_hessians_of_powers_of_norms_are_zero_at_zero(loss, wrt):
    d = derive.hessian(loss, wrt)
    given = {"x": np.zeros(3), "A": np.arange(9.0).reshape(3, 3) + np.eye(3), "y": np.ones(3)}
    found = d.function()(**{n: given[n] for n in d.symbols()})
    assert np.array_equal(found, np.zeros((3, 3)))


def test_norm_times_linear_has_a_gradient_at_zero():
    f = derive.gradient("norm2(x)*(y'*x)", "x").function(value=True)
    value, gradient = f(x=np.zeros(3), y=np.ones(3))
    assert value == 0
    assert np.array_equal(gradient, np.zeros(3))


def test_what_has_no_derivative_at_zero_gives_none():
    with np.errstate(all="ignore"):
        assert np.isnan(derive.gradient("norm2(x)", "x").function()(x=np.zeros(3))).all()
        assert np.isnan(
            derive.gradient("x'*A*x/(x'*x)", "x").function(value=True)(x=np.zeros(2), A=np.eye(2))[0]
        )


def test_rows_that_are_zero_have_no_part_in_others():
    d = derive.hessian("sum(norm2(X, rows).^3)", "X")
    rng = np.random.default_rng(0)
    x, direction = rng.standard_normal((3, 2)), rng.standard_normal((3, 2))
    x[1] = 0
    found = d.function()(X=x, dX=direction)
    r = np.linalg.norm(x, axis=1, keepdims=True)
    wanted = 3 * r * direction + 3 * x * (x * direction).sum(1, keepdims=True) / np.where(r == 0, 1, r)
    assert np.allclose(found, wanted)


@pytest.mark.parametrize("loss", ["det(X)", "det(A*B + X)", "det(tr(X)*eye + A)"])
def test_determinants_have_gradients_where_they_are_zero(loss):
    f = derive.gradient(loss, "X", where="X: n x n, A: n x n, B: n x n").function(value=True)
    x = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])
    given = (
        {"A": 0 * x, "B": 0 * x} if "B" in loss else {"A": x - np.trace(x) * np.eye(3)} if "A" in loss else {}
    )
    h, gradient = 1e-3, f(X=x, **given)[1]
    for i, j in np.ndindex(3, 3):
        e = np.zeros((3, 3))
        e[i, j] = h
        slope = (f(X=x + e, **given)[0] - f(X=x - e, **given)[0]) / (2 * h)
        assert abs(slope - gradient[i, j]) < 1e-4


def test_a_step_of_a_number_is_a_number():
    x = np.ones((2, 2))
    assert derive.gradient("step(n - 1)*sum(X)", "X", where="X: n x n").function(value=True)(X=x)[0] == 4
    assert derive.gradient("sum((step(X - X)).*exp(X))", "X").function(value=True)(X=x)[0] == 0
