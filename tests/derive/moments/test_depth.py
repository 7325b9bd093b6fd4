import numpy as np
import pytest
import sympy as sp

from derive.errors import InputError
from derive.moments import (
    backward_factor,
    correlation_kernel,
    derive_depth,
    derive_fixed_point,
    second_moment_map,
)
from derive.moments.activations import ACTIVATIONS, X
from derive.moments.depth import SIGMA_B2, SIGMA_W2, C, Q

KERNELS = ["identity", "relu", "leaky_relu", "abs", "step", "sign", "square", "exp", "sin", "erf"]


def at(name: str, q: float, c: float) -> float:
    found = correlation_kernel(name).subs({Q: sp.Rational(str(q)), C: sp.Rational(str(c))})
    return float(sp.N(found))


@pytest.mark.parametrize("name", ["identity", "square", "exp", "sin", "erf"])
@pytest.mark.parametrize("c", [-0.6, 0.3])
def test_smooth_kernels_equal_a_double_integral(name: str, c: float) -> None:
    f = sp.lambdify(X, ACTIVATIONS[name].expression, ["scipy", "numpy"])
    z, weight = np.polynomial.hermite_e.hermegauss(80)
    u, w = z[:, None], z[None, :]
    s = np.sqrt(1.3)
    values = f(s * u) * f(s * (c * u + np.sqrt(1 - c * c) * w))
    expected = weight @ values @ weight / (2 * np.pi)
    assert at(name, 1.3, c) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "degree"), [("relu", 1), ("leaky_relu", 1), ("abs", 1), ("step", 0), ("sign", 0)]
)
@pytest.mark.parametrize("c", [-0.6, 0.3])
def test_homogeneous_kernels_equal_an_integral_over_the_angle(name: str, degree: int, c: float) -> None:
    """u = r cos t and v = r cos(t - arccos c) with E[r^2] = 2 q: only the angle is left to integrate."""
    function = {
        "relu": lambda x: np.maximum(x, 0),
        "leaky_relu": lambda x: np.where(x > 0, x, x / 100),
        "abs": np.abs,
        "step": lambda x: (x > 0).astype(float),
        "sign": np.sign,
    }[name]
    angle = (np.arange(400_000) + 0.5) * (2 * np.pi / 400_000)
    expected = np.mean(function(np.cos(angle)) * function(np.cos(angle - np.arccos(c))))
    expected *= (2 * 1.3) ** degree
    assert at(name, 1.3, c) == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_at_correlation_one_is_the_second_moment(name: str) -> None:
    forward = second_moment_map(name).subs({SIGMA_W2: 1, SIGMA_B2: 0})
    assert sp.simplify(correlation_kernel(name).subs(C, 1) - forward) == 0


@pytest.mark.parametrize("name", ["relu", "erf", "sin", "square", "identity"])
def test_slope_of_the_correlation_at_one_is_the_backward_factor(name: str) -> None:
    """Schoenholz et al. 2017: chi = dc'/dc at c = 1, here as q dE[f(u) f(v)]/dc in the limit."""
    slope = sp.limit(sp.diff(correlation_kernel(name), C).subs(Q, 2), C, 1, "-") / 2
    assert sp.simplify(SIGMA_W2 * slope - backward_factor(name).subs(Q, 2)) == 0


def test_no_kernel_without_closed_form() -> None:
    assert correlation_kernel("tanh") is None
    assert second_moment_map("tanh") is None
    with pytest.raises(InputError, match="iterate them numerically"):
        derive_depth("tanh")
    with pytest.raises(InputError):
        derive_depth("step")


def test_depth_derivation_of_the_rectifier() -> None:
    derived = derive_depth("relu")
    assert sp.simplify(derived.result - SIGMA_W2 / 2) == 0
    assert any("wide" in assumption for assumption in derived.assumptions)


@pytest.mark.parametrize(
    ("name", "w2", "b2", "q", "chi"),
    [
        ("erf", sp.Rational(3, 2), sp.S.Zero, sp.Rational(1, 2), 2 * sp.sqrt(3) / sp.pi),
        ("relu", sp.Rational(1), sp.Rational(1, 4), sp.Rational(1, 2), sp.Rational(1, 2)),
        ("identity", sp.Rational(3, 4), sp.Rational(1, 4), sp.S.One, sp.Rational(3, 4)),
        ("sin", 2 / (1 - sp.exp(-2)), sp.S.Zero, sp.S.One, (1 + sp.exp(-2)) / (1 - sp.exp(-2))),
    ],
)
def test_exact_fixed_points(name, w2, b2, q, chi) -> None:
    """By hand: relu q/2 + 1/4 = q, sin sigma_w^2 (1 - exp(-2 q))/2 = q; chi from E[f'^2] at that q."""
    found = derive_fixed_point(name, w2, b2, q)
    assert sp.N(found.result - chi, 30) == pytest.approx(0, abs=1e-25)
    assert any(step.rule == "slope at the fixed point" for step in found.steps)


def test_what_is_no_fixed_point_is_refused() -> None:
    with pytest.raises(InputError, match="no fixed point"):
        derive_fixed_point("relu", sp.S.One, sp.S.One, sp.S.One)
    with pytest.raises(InputError, match="no closed form"):
        derive_fixed_point("tanh", sp.S.One, sp.S.Zero, sp.S.One)
