"""The moments of random layers as catalogue entries, and all entries together in the order of the report."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import sympy as sp

from derive.moments.deep_entries import DEEP_ERF, DEEP_RELU, STEP_NETWORKS
from derive.moments.gaussian import Quantity, derive_moment
from derive.moments.initialisation import compromise, initialisation_variance, rectifier_rules
from derive.moments.layers import backward_variance, forward_variance
from derive.moments.result import MomentCheck, MomentResult, MomentSlip

#: The band of experiments without control variates.
_WIDE = 1e-2

_VARIANCE_FACTOR = (sp.pi - 1) / (2 * sp.pi)
_HALF = sp.Rational(1, 2)


def _gaussian(activation: str, quantity: Quantity, s: sp.Expr = sp.S.One) -> dict[str, Any]:
    return {"activation": activation, "quantity": quantity, "s": s}


def _unit(activation: str, second: sp.Expr, derivative: sp.Expr) -> tuple[MomentCheck, MomentCheck]:
    """Return the checks of E[f(a)²] and E[f′(a)²] for a ~ N(0, 1)."""
    return (
        MomentCheck(f"E[{activation}(a)²], s = 1", second, "gaussian", _gaussian(activation, "second")),
        MomentCheck(
            f"E[{activation}′(a)²], s = 1", derivative, "gaussian", _gaussian(activation, "derivative")
        ),
    )


_TAIL = 1 - sp.erf(1 / sp.sqrt(2))
_ROOT3 = sp.sqrt(3)

_LAYER = {"n_in": 3, "n_out": 6}
_GLOROT = initialisation_variance("glorot", 3, 6)
_ARITHMETIC = (sp.Rational(1, 3) + sp.Rational(1, 6)) / 2


def _layer(direction: str, sigma2: sp.Expr, **more: Any) -> dict[str, Any]:
    return {**_LAYER, "direction": direction, "sigma2": sigma2, **more}


RELU_VARIANCE = MomentResult(
    name="relu-variance",
    title="ReLU variance factor",
    statement_latex=(
        r"a \sim \mathcal{N}(0, s^2),\; y = \max(0, a) \;\Rightarrow\; \mathrm{E}[y] = \frac{s}{\sqrt{2\pi}},\quad "
        r"\mathrm{E}[y^2] = \frac{s^2}{2},\quad \mathrm{Var}[y] = \frac{\pi - 1}{2\pi}\, s^2"
    ),
    variables={"a": "pre-activation, a scalar", "s": "its standard deviation", "y": "output of the unit"},
    assumptions=("a ~ N(0, s²)", "the next layer's weights have mean 0 and are independent of y"),
    derivation=rectifier_rules,
    checks=(
        MomentCheck("E[relu(a)]", 1 / sp.sqrt(2 * sp.pi), "gaussian", _gaussian("relu", "mean")),
        MomentCheck("E[relu(a)²]", _HALF, "gaussian", _gaussian("relu", "second")),
        MomentCheck("Var[relu(a)]", _VARIANCE_FACTOR, "gaussian", _gaussian("relu", "variance")),
        MomentCheck("E[relu′(a)²]", _HALF, "gaussian", _gaussian("relu", "derivative")),
        MomentCheck(
            "Var[relu(a)], s = 3",
            9 * _VARIANCE_FACTOR,
            "gaussian",
            _gaussian("relu", "variance", sp.Integer(3)),
        ),
        MomentCheck(
            "second moment of the next layer's a, σ² = 2/n_in",
            sp.S.One,
            "layer",
            _layer("forward", initialisation_variance("he", 3, 6), activation="relu"),
            _WIDE,
        ),
    ),
    slips=(
        MomentSlip(
            "variance factor 0.308",
            sp.Rational(308, 1000),
            "The factor is (π − 1)/(2π) = 0.3408, and what would keep the variance is σ² = 2π/((π − 1) n_in) = "
            "2.934/n_in; no rounding of either gives 0.308.",
            true=_VARIANCE_FACTOR,
            sampler="gaussian",
            options=_gaussian("relu", "variance"),
        ),
        MomentSlip(
            "ReLU halves the variance",
            _HALF,
            "It halves the second moment. The output has mean s/√(2π), so its variance is smaller than that.",
            true=_VARIANCE_FACTOR,
            sampler="gaussian",
            options=_gaussian("relu", "variance"),
        ),
        MomentSlip(
            "σ² = 0.308/n_in keeps the variance",
            sp.S.One,
            "With σ² = 0.308/n_in and inputs of variance 1, Var(y) is 0.105, not 1; it takes 2.934/n_in.",
            true=sp.Rational(308, 1000) * _VARIANCE_FACTOR,
            sampler="gaussian",
            options=_gaussian("relu", "variance", sp.sqrt(sp.Rational(308, 1000))),
        ),
        MomentSlip(
            "keeping Var(y) = v² is the rule for depth",
            sp.S.One,
            "The second moment enters the next layer. Under σ² = 2.934/n_in it grows by π/(π − 1) = 1.467 a layer: "
            "by 6.7·10⁴ from the first layer to the thirtieth.",
            true=sp.pi / (sp.pi - 1),
            sampler="layer",
            options=_layer("forward", 2 * sp.pi / (3 * (sp.pi - 1)), activation="relu"),
        ),
        MomentSlip(
            "(E y)² is small, so E y² = Var y",
            _VARIANCE_FACTOR,
            "(E y)² = s²/(2π) is 1/π of E y² = s²/2, nearly a third.",
            true=_HALF,
            sampler="gaussian",
            options=_gaussian("relu", "second"),
        ),
    ),
    source="He, Zhang, Ren, Sun: Delving deep into rectifiers, 2015, section 2.2",
)

GLOROT = MomentResult(
    name="glorot",
    title="Glorot rule",
    statement_latex=(
        r"\tfrac{1}{2}\left(n_{\mathrm{in}}\sigma^2 + n_{\mathrm{out}}\sigma^2\right) = 1 \iff "
        r"\sigma^2 = \frac{2}{n_{\mathrm{in}} + n_{\mathrm{out}}}"
    ),
    variables={
        "n_in, n_out": "inputs and outputs of the layer",
        "σ²": "variance of a weight",
        "v², g²": "variance of an input, and of an output's gradient",
    },
    assumptions=(
        "the weights are independent, have mean 0 and variance σ², and are independent of inputs and gradients",
        "inputs and output gradients have mean 0",
        "the activation is linear near 0",
    ),
    derivation=compromise,
    checks=(
        MomentCheck(
            "forward factor Var(a)/v², n_in = 3, n_out = 6",
            3 * _GLOROT,
            "layer",
            _layer("forward", _GLOROT),
            _WIDE,
        ),
        MomentCheck("backward factor Var(g_in)/g²", 6 * _GLOROT, "layer", _layer("backward", _GLOROT), _WIDE),
        MomentCheck("average of the two factors", sp.S.One, "layer", _layer("average", _GLOROT), _WIDE),
    ),
    slips=(
        MomentSlip(
            "σ² is the arithmetic mean of 1/n_in and 1/n_out",
            sp.S.One,
            "2/(n_in + n_out) is their harmonic mean. With the arithmetic mean the average of the two factors is "
            "(n_in + n_out)²/(4 n_in n_out), which is 9/8 for 3 inputs and 6 outputs.",
            true=_ARITHMETIC * sp.Rational(9, 2),
            sampler="layer",
            options=_layer("average", _ARITHMETIC),
        ),
        MomentSlip(
            "the 2 comes from ReLU",
            sp.S.One,
            "The 2 is that of the average of two constraints on a linear layer. With ReLU each factor is halved, "
            "so the same rule gives an average of 1/2; it would take 4/(n_in + n_out).",
            true=_HALF,
            sampler="layer",
            options=_layer("average", _GLOROT, activation="relu"),
        ),
        MomentSlip(
            "both constraints hold at once",
            sp.S.One,
            "Forward needs 1/n_in, backward 1/n_out: only a square layer has both.",
            true=3 * _GLOROT,
            sampler="layer",
            options=_layer("forward", _GLOROT),
        ),
    ),
    source="Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks, 2010, eq. 12",
)

FORWARD = MomentResult(
    name="forward-variance",
    title="Forward variance rule",
    statement_latex=r"a = \sum_{j=1}^{n_{\mathrm{in}}} w_j x_j \;\Rightarrow\; \mathrm{Var}(a) = n_{\mathrm{in}}\sigma^2 v^2",
    variables={"w": "weights of variance σ²", "x": "inputs of variance v²", "n_in": "how many there are"},
    assumptions=("weights independent of each other and of the inputs, of mean 0", "inputs of mean 0"),
    derivation=forward_variance,
    checks=(
        MomentCheck(
            "Var(a), n_in = 3, σ² = 1/2", sp.Rational(3, 2), "layer", _layer("forward", _HALF), _WIDE
        ),
        MomentCheck(
            "Var(AB), both of variance 1 and mean 1",
            sp.Integer(3),
            "product",
            {"mean_a": 1, "mean_b": 1},
            _WIDE,
        ),
    ),
    slips=(
        MomentSlip(
            "Var(AB) = Var(A) Var(B) for independent A, B",
            sp.S.One,
            "Var(AB) = Var A Var B + Var A (E B)² + Var B (E A)²: it takes zero means as well.",
            true=sp.Integer(3),
            sampler="product",
            options={"mean_a": 1, "mean_b": 1},
        ),
    ),
    source="Goodman: On the exact variance of products, 1960, eq. 2; Glorot, Bengio 2010, eq. 5",
)

BACKWARD = MomentResult(
    name="backward-variance",
    title="Backward variance rule",
    statement_latex=(
        r"g^{\mathrm{in}} = \sum_{i=1}^{n_{\mathrm{out}}} w_i g_i \;\Rightarrow\; "
        r"\mathrm{Var}(g^{\mathrm{in}}) = n_{\mathrm{out}}\sigma^2 (g^2 + \mu_g^2)"
    ),
    variables={"w": "weights of variance σ²", "g": "output gradients of variance g² and mean μ_g"},
    assumptions=("weights independent of each other and of the gradients, of mean 0",),
    derivation=partial(backward_variance, drop=("zero-mean inputs",)),
    checks=(
        MomentCheck(
            "Var(g_in), n_out = 6, σ² = 1/2, g² = 1, μ_g = 1/2",
            sp.Rational(15, 4),
            "layer",
            _layer("backward", _HALF, mean=sp.Rational(1, 2)),
            _WIDE,
        ),
    ),
    slips=(
        MomentSlip(
            "Var(g_in) = n_out σ² g² whatever the mean",
            sp.Integer(3),
            "The second moment g² + μ_g² of the output gradients enters, not their variance.",
            true=sp.Rational(15, 4),
            sampler="layer",
            options=_layer("backward", _HALF, mean=_HALF),
        ),
    ),
    source="Glorot, Bengio 2010, eq. 6; He et al. 2015, eq. 13",
)

CLOSED_FORMS = MomentResult(
    name="gaussian-moments",
    title="Gaussian moments of activations",
    statement_latex=(
        r"a \sim \mathcal{N}(0, s^2) \;\Rightarrow\; "
        r"\mathrm{E}[\mathrm{erf}(a)^2] = \frac{2}{\pi}\arcsin\frac{2 s^2}{1 + 2 s^2},\quad "
        r"\mathrm{E}[\sin(a)^2] = \frac{1 - e^{-2 s^2}}{2},\quad \ldots"
    ),
    variables={"a": "pre-activation, a scalar", "s": "its standard deviation"},
    assumptions=("a ~ N(0, s²)",),
    derivation=partial(derive_moment, "erf", "second"),
    checks=(
        *_unit("leaky_relu", sp.Rational(10001, 20000), sp.Rational(10001, 20000)),
        *_unit("abs", sp.S.One, sp.S.One),
        *_unit("square", sp.Integer(3), sp.Integer(4)),
        *_unit("sin", (1 - sp.exp(-2)) / 2, (1 + sp.exp(-2)) / 2),
        *_unit("erf", 2 * sp.asin(sp.Rational(2, 3)) / sp.pi, 4 / (sp.pi * sp.sqrt(5))),
        *_unit(
            "gelu",
            sp.Rational(1, 3) + 1 / (2 * _ROOT3 * sp.pi),
            sp.Rational(1, 3) + 2 / (3 * _ROOT3 * sp.pi),
        ),
        *_unit(
            "elu",
            1 + (1 - sp.erf(sp.sqrt(2))) * sp.exp(2) / 2 - _TAIL * sp.sqrt(sp.E),
            _HALF + (1 - sp.erf(sp.sqrt(2))) * sp.exp(2) / 2,
        ),
        *_unit("hardtanh", 1 - sp.sqrt(2 / (sp.pi * sp.E)), 1 - _TAIL),
    ),
    slips=(
        MomentSlip(
            "GELU has the moments of ReLU",
            _HALF,
            "For large s only: at s = 1, E[gelu(a)²] is 0.4252.",
            true=sp.Rational(1, 3) + 1 / (2 * _ROOT3 * sp.pi),
            sampler="gaussian",
            options=_gaussian("gelu", "second"),
        ),
    ),
    source="Williams: Computation with infinite neural networks, 1998, eq. 11; Gaussian integrals",
)

#: Every catalogued statement about moments, in the order of the report.
MOMENT_RESULTS: tuple[MomentResult, ...] = (
    RELU_VARIANCE,
    FORWARD,
    BACKWARD,
    GLOROT,
    CLOSED_FORMS,
    DEEP_RELU,
    DEEP_ERF,
    STEP_NETWORKS,
)

#: A name for several results at once.
GROUPS: dict[str, tuple[str, ...]] = {"initialisation": tuple(result.name for result in MOMENT_RESULTS)}


def expand_groups(names: Iterable[str]) -> list[str]:
    """Return the names with each group replaced by its members, each name once."""
    return list(dict.fromkeys(member for name in names for member in GROUPS.get(name, (name,))))
