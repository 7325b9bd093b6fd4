"""The variance to initialise weights with: the classical rules, and the rule for any gain.

A layer with n_in inputs and n_out outputs and weights of variance sigma^2 multiplies the second moment of the
pre-activations by n_in sigma^2 E[f(a)^2]/E[a^2] forward and that of the gradients by n_out sigma^2 E[f'(a)^2]
backward. Keeping one fixes sigma^2; keeping both is possible only for n_in = n_out and equal factors.
"""

from __future__ import annotations

import sympy as sp

from derive.errors import InputError
from derive.moments.activations import S
from derive.moments.gaussian import derive_moment
from derive.moments.layers import N_IN, N_OUT, SIGMA2, SYMBOL_LATEX, backward_variance, forward_variance
from derive.moments.steps import MomentDerivation
from derive.moments.typeset import typeset
from derive.step import Step

#: A rule's numerator and the fan that divides it. The sources: Glorot and Bengio 2010, eq. 12; He et al. 2015,
#: eqs. 10 and 14; LeCun et al., Efficient BackProp, 1998, eq. 16.
RULES: dict[str, tuple[int, str]] = {
    "glorot": (1, "fan-avg"),
    "he": (2, "fan-in"),
    "lecun": (1, "fan-in"),
    "fan-in": (1, "fan-in"),
    "fan-out": (1, "fan-out"),
    "fan-avg": (1, "fan-avg"),
    "fan-max": (1, "fan-max"),
}


def initialisation_variance(
    name: str,
    fan_in: sp.Expr | int = N_IN,
    fan_out: sp.Expr | int = N_OUT,
    gain: sp.Expr | int = 1,
) -> sp.Expr:
    """Return the variance of the weights under a rule, numeric or symbolic in the fans.

    `name` is one of RULES: "glorot" 2/(n_in + n_out), "he" 2/n_in, "lecun" 1/n_in, "fan-in" 1/n_in, "fan-out"
    1/n_out, "fan-avg" as Glorot's, "fan-max" 1/max(n_in, n_out). `gain` multiplies the standard deviation.
    Raises InputError for an unknown rule and for fans or gains that are not positive.
    """
    if name not in RULES:
        raise InputError(f"unknown initialisation rule {name!r}: expected one of {', '.join(RULES)}")
    numbers = {"fan_in": fan_in, "fan_out": fan_out, "gain": gain}
    exact = {key: _positive(key, value) for key, value in numbers.items()}
    numerator, fan = RULES[name]
    divisor = {
        "fan-in": exact["fan_in"],
        "fan-out": exact["fan_out"],
        "fan-avg": (exact["fan_in"] + exact["fan_out"]) / 2,
        "fan-max": sp.Max(exact["fan_in"], exact["fan_out"]),
    }[fan]
    return sp.together(numerator * exact["gain"] ** 2 / divisor)


def compromise(forward: sp.Expr | int = 1, backward: sp.Expr | int = 1) -> MomentDerivation:
    """Derive the compromise between n_in sigma^2 F = 1 and n_out sigma^2 B = 1: their average is 1.

    F and B are the activation's factors, E[f(a)^2]/s^2 and E[f'(a)^2]; for a linear layer both are 1, which gives
    2/(n_in + n_out), the harmonic mean of the two solutions 1/n_in and 1/n_out (not their arithmetic mean).
    """
    f, b = _positive("forward", forward), _positive("backward", backward)
    ahead, back = N_IN * SIGMA2 * f, N_OUT * SIGMA2 * b
    result = sp.factor(sp.solve(sp.Eq((ahead + back) / 2, 1), SIGMA2)[0])
    one, other = 1 / (N_IN * f), 1 / (N_OUT * b)
    harmonic = sp.factor(2 / (1 / one + 1 / other))
    arithmetic = sp.factor((one + other) / 2)
    forward_steps, backward_steps = forward_variance().steps, backward_variance().steps
    steps = (
        *forward_steps,
        Step(
            "forward constraint",
            "the second moment of the pre-activations is to stay the same from layer to layer",
            rf"{_show(ahead)} = 1 \iff \sigma^{{2}} = {_show(one)}",
            "Var(a) = v² for the inputs of the next layer.",
        ),
        *backward_steps,
        Step(
            "backward constraint",
            "the second moment of the gradients is to stay the same from layer to layer",
            rf"{_show(back)} = 1 \iff \sigma^{{2}} = {_show(other)}",
            "Var(g_in) = g² for the outputs of the layer before.",
        ),
        Step(
            "conflict",
            "",
            rf"{_show(one)} = {_show(other)} \iff {_show(N_IN * f)} = {_show(N_OUT * b)}",
            "Both constraints hold only for a square layer (with equal factors).",
        ),
        Step(
            "average of the two constraints",
            "neither direction is favoured",
            rf"\tfrac{{1}}{{2}}\left({_show(ahead)} + {_show(back)}\right) = 1 "
            rf"\iff \sigma^{{2}} = {_show(result)}",
            "The constraints are averaged, not their solutions: the 2 is that of an average, and no activation "
            "enters.",
        ),
        Step(
            "harmonic mean",
            "",
            rf"2 \left/ \left[\left({_show(one)}\right)^{{-1}} + \left({_show(other)}\right)^{{-1}}\right]\right. "
            rf"= {_show(harmonic)} "
            rf"\le {_show(arithmetic)}",
            "This is the harmonic mean of the two solutions; their arithmetic mean is larger unless they are equal.",
        ),
    )
    return MomentDerivation("the compromise between the forward and the backward constraint", steps, result)


def rectifier_rules() -> MomentDerivation:
    """Derive what keeps the second moment (2/n_in) and what would keep the variance of y = relu(a) instead.

    The result is the variance factor Var[relu(a)]/s^2 = (pi - 1)/(2 pi); the last steps say which of the two
    enters the next layer, and at what rate a deep network grows under the other rule.
    """
    base = derive_moment("relu", "variance")
    second = sp.cancel(derive_moment("relu", "second").result / S**2)
    variance = sp.cancel(base.result / S**2)
    keep_second, keep_variance = 1 / (N_IN * second), sp.factor(1 / (N_IN * variance))
    growth = sp.factor(keep_variance / keep_second)
    general = forward_variance(drop=["zero-mean inputs"])
    steps = (
        *base.steps,
        *general.steps,
        Step(
            "the moment that the next layer sees",
            "weights of mean 0, independent of the inputs",
            rf"\mathrm{{Var}}(a') = n_{{\mathrm{{in}}}}\,\sigma^{{2}}\,\mathrm{{E}}[y^2] "
            rf"= n_{{\mathrm{{in}}}}\,\sigma^{{2}} \cdot {typeset(second)}\, s^{{2}}",
            "The outputs y = relu(a) have a mean that is not 0, so their second moment enters, not their variance.",
        ),
        Step(
            "keep the second moment",
            "",
            rf"\mathrm{{Var}}(a') = s^{{2}} \iff \sigma^{{2}} = {_show(keep_second)}",
            "This is He's rule; it is the one that is stable with depth.",
        ),
        Step(
            "keep the variance instead",
            "",
            rf"n_{{\mathrm{{in}}}}\,\sigma^{{2}}\,\mathrm{{Var}}[y] = s^{{2}} "
            rf"\iff \sigma^{{2}} = {_show(keep_variance)} \approx "
            rf"\frac{{{sp.N(keep_variance * N_IN, 4)}}}{{n_{{\mathrm{{in}}}}}}",
            "This would make Var(y) of one layer equal to the variance that came in.",
        ),
        Step(
            "growth with depth",
            "the second rule is used in every layer",
            rf"\frac{{\mathrm{{Var}}(a')}}{{\mathrm{{Var}}(a)}} = {_show(growth)} \approx {sp.N(growth, 5)}, \qquad "
            rf"\left({_show(growth)}\right)^{{29}} \approx {float(growth**29):.0f}",
            "From the first layer to the thirtieth the variance grows 29 times by this factor.",
        ),
    )
    return MomentDerivation("ReLU: variance factor and second-moment factor", steps, base.result)


def _positive(name: str, value: sp.Expr | int) -> sp.Expr:
    exact = (
        sp.nsimplify(value, rational=True)
        if isinstance(value, float | int)
        else sp.sympify(value, strict=True)
    )
    if exact.is_positive is False or exact.is_finite is False or exact.is_real is False:
        raise InputError(f"{name} must be positive and finite, got {value}")
    return exact


def _show(e: sp.Expr) -> str:
    return typeset(e, SYMBOL_LATEX)
