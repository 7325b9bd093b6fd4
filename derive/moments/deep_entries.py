"""Deep random networks and networks of step neurons as catalogue entries."""

from __future__ import annotations

from functools import partial
from typing import Any

import sympy as sp

from derive.moments.boxes import step_networks
from derive.moments.depth import derive_depth, derive_fixed_point
from derive.moments.result import MomentCheck, MomentResult, MomentSlip

_HALF = sp.Rational(1, 2)
_KEEPS_VARIANCE = 2 * sp.pi / (sp.pi - 1)

#: The band of one layer's experiments without control variates, and that of a few whole networks.
_WIDE, _NETWORKS = 1e-2, 5e-2
#: Many narrow networks cost less than a few wide ones, and their mean is known better.
_SIZES = {"width": 256, "networks": 32}


def _network(activation: str, quantity: str, sigma_w2: sp.Expr, **more: Any) -> dict[str, Any]:
    return {"activation": activation, "quantity": quantity, "sigma_w2": sigma_w2, **_SIZES, **more}


def _deep(label: str, claim: sp.Expr, options: dict[str, Any]) -> MomentCheck:
    """Return a check on random networks, of depth 50 where nothing else is said."""
    return MomentCheck(label, claim, "network", options, _NETWORKS, "random networks")


_PAIR = {"activation": "relu", "correlation": _HALF}
#: E[relu(u) relu(v)] for second moments 1 and correlation 1/2: (sqrt(3)/2 + (pi - pi/3)/2) / (2 pi).
_RELU_KERNEL = sp.sqrt(3) / (4 * sp.pi) + sp.Rational(1, 6)

DEEP_RELU = MomentResult(
    name="deep-relu",
    title="Second moment and correlation in a deep ReLU network",
    statement_latex=(
        r"q' = \tfrac{1}{2}\sigma_w^2\, q + \sigma_b^2, \qquad \chi = \tfrac{1}{2}\sigma_w^2, \qquad "
        r"c' = \frac{\sqrt{1 - c^2} + (\pi - \arccos c)\, c}{\pi} \;\text{ for }\; \sigma_b = 0"
    ),
    variables={
        "q": "second moment of the pre-activations",
        "c": "correlation of the pre-activations of two inputs",
        "χ": "factor of the gradients' second moment a layer",
        "σ_w², σ_b²": "n times the variance of a weight, variance of a bias",
    },
    assumptions=("weights of mean 0, independent of each other and of the inputs", "wide layers"),
    derivation=partial(derive_depth, "relu"),
    checks=(
        MomentCheck("E[relu(u) relu(v)], c = 1/2", _RELU_KERNEL, "pair", _PAIR, _WIDE),
        MomentCheck(
            "E[relu(a)²], s² = 2",
            sp.S.One,
            "gaussian",
            {"activation": "relu", "quantity": "second", "s": sp.sqrt(2)},
        ),
        _deep("growth of q a layer, σ_w² = 2", sp.S.One, _network("relu", "growth", sp.Integer(2))),
        _deep(
            "growth of the gradients a layer, σ_w² = 2",
            sp.S.One,
            _network("relu", "gradients", sp.Integer(2)),
        ),
        _deep(
            "growth of q a layer, σ_w² = 2.934",
            sp.pi / (sp.pi - 1),
            _network("relu", "growth", _KEEPS_VARIANCE),
        ),
    ),
    slips=(
        MomentSlip(
            "ReLU halves the covariance too",
            sp.Rational(1, 4),
            "E[u v]/2 is the covariance only if u = v. Correlations rise from layer to layer, toward 1.",
            true=_RELU_KERNEL,
            sampler="pair",
            options=_PAIR,
        ),
        MomentSlip(
            "2.934/n_in keeps a deep network stable",
            sp.S.One,
            "It keeps Var(y) of one layer; q grows by π/(π − 1) = 1.467 a layer, 6.7·10⁴-fold from the first to the "
            "thirtieth.",
            true=sp.pi / (sp.pi - 1),
            sampler="network",
            options=_network("relu", "growth", _KEEPS_VARIANCE),
        ),
    ),
    source="Poole et al. 2016, eqs. 3 and 5; Schoenholz et al. 2017, eq. 6; Cho, Saul 2009, eq. 6",
)

#: At sigma_w^2 = 3/2 the fixed point is exact: E[erf(a)^2] = 2/pi arcsin(1/2) = 1/3 at q = 1/2.
_ERF_W2 = sp.Rational(3, 2)
_ERF_CHI = 2 * sp.sqrt(3) / sp.pi
_ALIKE = sp.Rational(9, 10)


def _erf_correlation(c: sp.Expr, layers: int) -> sp.Expr:
    """Return the correlation of two inputs that many layers after c, at the fixed point: of one layer exactly."""
    after = 6 / sp.pi * sp.asin(c / 2)
    return after if layers == 1 else _erf_correlation(sp.N(after, 30), layers - 1)


DEEP_ERF = MomentResult(
    name="deep-erf",
    title="Fixed point, gradients and chaos in a deep erf network",
    statement_latex=(
        r"\sigma_w^2 = \tfrac{3}{2},\; \sigma_b = 0 \;\Rightarrow\; q^* = \tfrac{1}{2},\quad "
        r"\left.\frac{dq'}{dq}\right|_{q^*} = \frac{\sqrt{3}}{\pi} < 1,\quad \chi = \frac{2\sqrt{3}}{\pi} > 1,\quad "
        r"c' = \frac{6}{\pi} \arcsin\frac{c}{2}"
    ),
    variables={
        "q": "second moment of the pre-activations",
        "c": "correlation of the pre-activations of two inputs",
        "χ": "factor of the gradients' second moment a layer",
        "σ_w², σ_b²": "n times the variance of a weight, variance of a bias",
    },
    assumptions=("weights of mean 0, independent of each other and of the inputs", "wide layers"),
    derivation=partial(derive_fixed_point, "erf", _ERF_W2, sp.S.Zero, _HALF),
    checks=(
        _deep("q in every layer", _HALF, _network("erf", "level", _ERF_W2, second_moment=_HALF)),
        _deep(
            "growth of the gradients a layer",
            _ERF_CHI,
            _network("erf", "gradients", _ERF_W2, second_moment=_HALF),
        ),
        _deep(
            "correlation one layer after c = 1/2",
            _erf_correlation(_HALF, 1),
            _network(
                "erf",
                "correlation",
                _ERF_W2,
                second_moment=_HALF,
                correlation=_HALF,
                depth=2,
                width=512,
                networks=256,
            ),
        ),
    ),
    slips=(
        MomentSlip(
            "a stable second moment means stable gradients",
            sp.S.One,
            "The second moment stays at 1/2, but the slope at the fixed point is one thing and χ another: the gradients grow by "
            "1.103 a layer, e-fold in 10.2 layers.",
            true=_ERF_CHI,
            sampler="network",
            options=_network("erf", "gradients", _ERF_W2, second_moment=_HALF),
        ),
        MomentSlip(
            "two inputs that are alike stay alike",
            _ALIKE,
            "c = 1 is unstable where χ > 1: the correlation falls toward the fixed point 0 of c' = 6/π arcsin(c/2), "
            "which is chaos. From 0.9 it comes to 0.622 in nineteen layers.",
            true=_erf_correlation(_ALIKE, 19),
            sampler="network",
            options=_network(
                "erf",
                "correlation",
                _ERF_W2,
                second_moment=_HALF,
                correlation=_ALIKE,
                depth=20,
                networks=24,
            ),
        ),
    ),
    source="Williams 1998, eq. 11; Poole et al. 2016, eqs. 3 and 5; Schoenholz et al. 2017, eqs. 9 and 12",
)

_X = sp.Symbol("x", real=True)
#: The curve of the example, on [-2, 2]; its steepest slope is that at 0, 5.3.
CURVE = sp.exp(-(_X**2)) * sp.sin(5 * _X) + sp.Rational(3, 10) * _X
HALF_WIDTH = sp.Integer(2)
_STEEPEST = sp.Rational(53, 10)


def _boxes(count: int, rtol: float) -> MomentCheck:
    """Return the check that the sup error is the bound (2B/N) max|f'|, which it approaches from below."""
    bound = 2 * HALF_WIDTH / count * _STEEPEST
    options = {"f": CURVE, "boxes": count, "half_width": HALF_WIDTH}
    return MomentCheck(
        f"sup error of {count:,} boxes for exp(−x²) sin 5x + 0.3x, against the bound",
        bound,
        "boxes",
        options,
        rtol,
        "fine grid",
    )


def _ends(weights: str, at_zero: int, end: int) -> dict[str, Any]:
    return {"weights": weights, "at_zero": at_zero, "end": end}


STEP_NETWORKS = MomentResult(
    name="step-networks",
    title="Boxes from step neurons",
    statement_latex=(
        r"h\,[\mathrm{step}(x) + \mathrm{step}(\delta - x) - 1] = h \cdot 1(0 < x < \delta), \qquad "
        r"\sup_{|x| \le B} |f - \hat f_N| \le \frac{2B}{N} \sup_{|x| \le B} |f'|"
    ),
    variables={
        "h, δ": "height and width of the box",
        "N": "how many boxes there are on [−B, B]; N + 1 step neurons make them",
    },
    assumptions=("step(0) = 0", "f is differentiable on [−B, B], and |f'| is bounded there"),
    derivation=step_networks,
    checks=(
        *(
            MomentCheck(
                f"exact weights at x = {'δ' if end else '0'}, step(0) = {at_zero}, h = 1",
                sp.Integer(at_zero),
                "box-end",
                _ends("exact", at_zero, end),
                1e-12,
                "evaluation",
            )
            for at_zero in (0, 1)
            for end in (0, 1)
        ),
        MomentCheck(
            "sup error of 10 boxes for the same, too coarse for the bound 2.12",
            sp.Rational(105, 100),
            "boxes",
            {"f": CURVE, "boxes": 10, "half_width": HALF_WIDTH},
            5e-3,
            "fine grid",
        ),
        _boxes(100, 2e-2),
        _boxes(1000, 1e-3),
        _boxes(10_000, 1e-4),
        MomentCheck(
            "share of points that 2d + 1 neurons tell right, d = 1, …, 8",
            sp.S.One,
            "corners",
            {"dimensions": 8},
            1e-12,
            "random points",
        ),
        MomentCheck(
            "sup error of 4^d boxes on a grid for (|x_1| + … + |x_d|)/d, d = 8",
            sp.Rational(1, 4),
            "grid",
            {"dimensions": 8, "boxes": 4},
            1e-6,
            "corners of cells",
        ),
        MomentCheck(
            "least sup error of an additive network for a box, d = 2",
            sp.Rational(1, 4),
            "additive",
            {"dimensions": 2},
            1e-6,
            "linear programming",
        ),
    ),
    slips=(
        MomentSlip(
            "the usual weights 1, 1, biases 0, −δ, outputs h, −h make the open box",
            sp.S.Zero,
            "With step(0) = 0 they give h at x = δ, and with step(0) = 1 they miss the closed box there. Weights 1, "
            "−1, biases 0, δ, outputs h, h and bias −h are right at both ends.",
            true=sp.S.One,
            sampler="box-end",
            options=_ends("usual", 0, 1),
        ),
        MomentSlip(
            "functions of one coordinate each add up to any box",
            sp.S.Zero,
            "The mixed difference of a sum of functions of one coordinate is 0, that of a box its height: one of four "
            "points is off by a quarter of it. An AND neuron is needed.",
            true=sp.Rational(1, 4),
            sampler="additive",
            options={"dimensions": 2},
        ),
    ),
    source="Cybenko 1989; mean value theorem; the mixed difference over two coordinates",
)
