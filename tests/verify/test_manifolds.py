"""The gradient on the Stiefel manifold and on the sphere."""

import numpy as np
import pytest

import gradproof as gp

#: Loss, variable, manifold, what is assumed besides, the gradient that papers print.
PAPERS = [
    ("tr(A'*X)", "X", "stiefel", None, "A - 1/2*X*(X'*A + A'*X)"),
    ("tr(A'*X)", "X", "stiefel-canonical", None, "A - X*A'*X"),  # Edelman, Arias and Smith 1998, (2.53)
    ("tr(X'*A*X)", "X", "stiefel", "symmetric(A)", "2*(eye - X*X')*A*X"),  # Absil et al. 2008, 4.8.1
    ("tr(X'*A*X*N)", "X", "stiefel-canonical", "symmetric(A), symmetric(N)", "2*(A*X*N - X*N*X'*A*X)"),
    ("x'*A*x", "x", "sphere", "symmetric(A)", "2*(A*x - x*x'*A*x)"),  # Absil et al. 2008, (4.10)
]


@pytest.mark.parametrize(("loss", "wrt", "on", "assume", "answer"), PAPERS)
def test_a_gradient_of_a_paper(loss, wrt, on, assume, answer):
    d = gp.gradient(loss, wrt, assume=assume, on=on)
    assert d.verdict == "certified"
    moving = f"structured-{'stiefel' if on == 'sphere' else on}({wrt})"
    assumed = ", ".join(a for a in (assume, moving) if a)
    assert gp.check_claim(loss, wrt, answer, assume=assumed)
    free = gp.gradient(loss, wrt, assume=assume).to_text()
    assert gp.check_claim(loss, wrt, free, assume=assumed).verdict == "refuted"


def test_it_is_the_derivative_along_curves_in_the_manifold():
    """⟨grad, D⟩ is the derivative along D, and grad is tangent, at a point from LAPACK."""
    rng = np.random.default_rng(0)
    x, a, b = np.linalg.qr(rng.normal(size=(5, 3)))[0], rng.normal(size=(4, 5)), rng.normal(size=(4, 3))
    f = gp.gradient("norm2(A*X - B)^2", "X", on="stiefel").function("numpy", value=True)
    _, g = f(A=a, X=x, B=b)
    assert np.abs(x.T @ g + g.T @ x).max() < 1e-12
    w = rng.normal(size=(5, 5))

    def along(t):
        turned = np.linalg.solve(np.eye(5) + t / 2 * (w - w.T), (np.eye(5) - t / 2 * (w - w.T)) @ x)
        return f(A=a, X=turned, B=b)[0]

    h = 1e-5
    assert np.isclose((along(h) - along(-h)) / (2 * h), np.sum(g * (-(w - w.T) @ x)), rtol=1e-7)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda: gp.gradient("tr(A*X)", "X", on="torus"),
            "the manifold torus is not known: known are stiefel",
        ),
        (lambda: gp.gradient("tr(A*X)", "X", on="sphere"), "the sphere is one of columns"),
        (lambda: gp.gradient("a^2", "a", on="stiefel"), "needs a column or a matrix"),
        (
            lambda: gp.hessian("x'*A*x", "x", assume="structured-stiefel(x)"),
            "a Hessian on a manifold is not derived",
        ),
    ],
)
def test_what_is_refused(call, says):
    with pytest.raises(gp.InputError, match=says):
        call()
