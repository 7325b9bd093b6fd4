"""Gradients on sets of matrices, gradients without a value, and derivatives of vector-valued callables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from derive.errors import InputError
from verify import check_gradient, check_hvp, check_jacobian, check_jvp, check_vjp

RNG = np.random.default_rng(5)
M = RNG.normal(size=(3, 3))
K = M @ M.T + 3 * np.eye(3)
C = RNG.normal(size=(3, 3))
Q = np.linalg.qr(RNG.normal(size=(3, 3)))[0]


def logdet_by_cholesky(k: Any) -> Any:
    return 2 * np.sum(np.log(np.diag(np.linalg.cholesky(k))))


def largest_eigenvalue(k: Any) -> Any:
    return np.linalg.eigvalsh(k)[-1]


def outer_of_eigenvector(k: Any) -> Any:
    v = np.linalg.eigh(k)[1][:, -1]
    return np.outer(v, v)


@pytest.mark.parametrize(
    ("f", "grad"), [(logdet_by_cholesky, np.linalg.inv), (largest_eigenvalue, outer_of_eigenvector)]
)
def test_a_function_that_reads_one_triangle(f: Callable[[Any], Any], grad: Callable[[Any], Any]) -> None:
    free = check_gradient(f, grad, K)
    assert free.verdict == "refuted"
    assert free.diagnosis is not None
    assert free.diagnosis.startswith(
        "f reads one triangle, the lower one: its gradient is right on symmetric"
    )
    for domain in ("symmetric", "posdef"):
        assert check_gradient(f, grad, K, domain=domain).verdict == "agrees"
    wrong = check_gradient(f, lambda k: 2 * grad(k), K, domain="symmetric")
    assert wrong.verdict == "refuted"
    assert wrong.counterexample is not None
    assert "on the domain (symmetric)" in wrong.counterexample.name


@pytest.mark.parametrize(
    ("domain", "x"),
    [
        ("lower", np.tril(M)),
        ("upper", np.triu(M)),
        ("skew", M - M.T),
        ("diagonal", np.diag([1.0, 2.0, 3.0])),
        ("symmetric", K),
        ("orthogonal", Q),
        ("orthogonal", Q[:, :2]),
        ("positive", np.abs(M)),
    ],
)
def test_only_what_a_domain_can_see_is_judged(domain: str, x: np.ndarray) -> None:
    c = C[:, : x.shape[1]]

    def f(z: Any) -> Any:
        return np.sum(c * z) + np.sum(np.sin(z))

    def grad(z: Any) -> Any:
        return c + np.cos(z)

    normal = {
        "lower": np.triu(C, 1),
        "upper": np.tril(C, -1),
        "skew": C + C.T,
        "diagonal": C - np.diag(np.diag(C)),
        "symmetric": C - C.T,
        "orthogonal": x @ (c.T @ x + x.T @ c),  # normal to the manifold
        "positive": 0 * c,
    }[domain]
    assert check_gradient(f, grad, x, domain=domain).verdict == "agrees"
    assert check_gradient(f, lambda z: grad(z) + normal, x, domain=domain).verdict == "agrees"
    assert check_gradient(f, lambda z: 1.01 * grad(z), x, domain=domain).verdict == "refuted"


def test_the_simplex() -> None:
    p = np.array([0.2, 0.3, 0.5])

    def f(q: Any) -> Any:
        return np.sum(q * np.log(q))

    assert check_gradient(f, lambda q: np.log(q), p, domain="simplex").verdict == "agrees"  # up to a constant
    assert check_gradient(f, lambda q: np.log(q), p).verdict == "refuted"
    assert check_gradient(f, lambda q: 2 * np.log(q), p, domain="simplex").verdict == "refuted"


@pytest.mark.parametrize(
    ("domain", "x", "said"),
    [
        ("symmetric", M, "x is not symmetric"),
        ("lower", M, "x is not lower triangular"),
        ("simplex", np.array([1.0, 2.0]), "x is not on the simplex"),
        ("orthogonal", M, "orthonormal columns"),
        ("positive", -np.ones(2), "x is not positive"),
        ("round", M, "the domain 'round' is not one of symmetric"),
        ("skew", np.ones(3), "needs a square one"),
    ],
)
def test_what_is_no_domain_is_an_input_error(domain: str, x: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_gradient(lambda z: np.sum(z), lambda z: np.ones(np.shape(z)), x, domain=domain)


def test_a_gradient_without_a_value_is_refuted_where_there_is_one() -> None:
    def grad(x: Any) -> Any:
        with np.errstate(all="ignore"):
            return 2 * x * (x / x)

    verdict = check_gradient(lambda x: np.sum(x**2), grad, np.array([1.0, 0.0]))
    assert verdict.verdict == "refuted"
    assert verdict.counterexample is not None
    assert (verdict.counterexample.name, verdict.counterexample.claimed) == ("x[1]", "nan")
    with pytest.raises(InputError, match="the gradient is nan"):
        check_gradient(lambda x: np.sum(np.abs(x)), lambda x: np.full(2, np.nan), np.array([0.0, 0.0]))


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x))
    return e / e.sum()


def softmax_jacobian(x: Any) -> Any:
    p = softmax(x)
    return np.diag(p) - np.outer(p, p)


X = np.array([0.3, -1.2, 0.8])


def test_jacobians_and_their_products() -> None:
    assert check_jacobian(softmax, softmax_jacobian, X).verdict == "agrees"
    assert check_jacobian(softmax, softmax_jacobian(X), X).verdict == "agrees"
    assert check_vjp(softmax, lambda x, u: softmax_jacobian(x) @ u, X).verdict == "agrees"
    assert check_jvp(softmax, lambda x, v: softmax_jacobian(x) @ v, X).verdict == "agrees"
    assert (
        check_jvp(softmax, lambda x, v: softmax_jacobian(x) @ v, X, np.array([1.0, 2.0, 0.0])).verdict
        == "agrees"
    )
    a = C + C.T
    assert check_hvp(lambda x: a @ x + x**3, lambda x, v: a @ v + 3 * x**2 * v, X).verdict == "agrees"


def test_wrong_products_are_refuted_at_their_output() -> None:
    def wrong(x: Any) -> Any:
        j = softmax_jacobian(x)
        j[1, 2] += 1e-3
        return j

    found = check_jacobian(softmax, wrong, X)
    assert found.verdict == "refuted"
    assert found.diagnosis is not None
    assert found.diagnosis.startswith("output [1]")
    assert check_vjp(softmax, lambda x, u: wrong(x).T @ u, X).verdict == "refuted"
    assert check_jvp(softmax, lambda x, v: wrong(x) @ v, X).verdict == "refuted"
    assert check_hvp(lambda x: x**3, lambda x, v: 2 * x**2 * v, X).verdict == "refuted"
    assert check_jvp(softmax, lambda x, v: abs(softmax_jacobian(x) @ v), X).verdict == "refuted"


def test_products_of_another_shape_are_input_errors() -> None:
    with pytest.raises(InputError, match="the Jacobian is 2 x 2: it has to be 3 x 3"):
        check_jacobian(softmax, np.eye(2), X)
    with pytest.raises(InputError, match="the product is a vector of 2"):
        check_jvp(softmax, lambda x, v: v[:2], X)


def test_derivatives_by_one_triangle_are_named() -> None:
    inv = np.linalg.inv
    doubled = lambda x: 2 * inv(x) - np.diag(np.diag(inv(x)))
    both = lambda x: np.linalg.slogdet((x + x.T) / 2)[1]
    for domain in (None, "symmetric"):
        found = check_gradient(both, doubled, K, domain=domain)
        assert found.verdict == "refuted"
        assert "one triangle, each of which stands at two places" in (found.diagnosis or "")
    assert check_gradient(both, inv, K, domain="symmetric").verdict == "agrees"


def test_entries_of_a_triangle_that_is_not_read_are_named() -> None:
    rng = np.random.default_rng(3)
    b, low = rng.standard_normal((4, 4)), np.tril(rng.standard_normal((4, 4)))
    f = lambda x: np.trace(np.tril(x) @ np.tril(x).T @ b)
    claim = lambda x: (b + b.T) @ np.tril(x)
    found = check_gradient(f, claim, low)
    assert found.verdict == "refuted"
    assert "does not read the upper triangle" in (found.diagnosis or "")
    assert check_gradient(f, claim, low, domain="lower").verdict == "agrees"


def test_a_gradient_that_is_nan_is_refuted_where_a_power_of_a_norm_is_flat() -> None:
    f = lambda x: np.linalg.norm(x) ** 3
    grad = lambda x: 3 * x * np.divide(np.dot(x, x), np.linalg.norm(x))
    with np.errstate(invalid="ignore"):
        found = check_gradient(f, grad, np.zeros(4))
    assert found.verdict == "refuted"
    assert "claim is nan" in (found.diagnosis or "")


def test_a_loss_in_the_place_of_its_gradient_is_named():
    with pytest.raises(InputError, match="not the loss"):
        check_hvp(lambda x: float(x @ x), lambda x, v: 2 * v, X)


def test_products_of_another_shape_are_no_products():
    with pytest.raises(InputError, match="must be alike"):
        check_jvp(lambda x: x**2, lambda x, v: (2 * x * v)[:, None], X)
