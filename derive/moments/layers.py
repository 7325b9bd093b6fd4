"""The variance of a random linear layer, forward and backward, one assumption at a time.

The sum a = w_1 x_1 + ... + w_n x_n of products of random weights and random inputs has, with no assumption but
that all terms are distributed alike, a variance of many terms. Each assumption is a substitution into that general
formula, so what remains when one is dropped is the general formula with the other substitutions made: there is one
mechanism, and no formula is written twice. (Glorot and Bengio, Understanding the difficulty of training deep
feedforward neural networks, 2010, eqs. 5 to 12; He et al., Delving deep into rectifiers, 2015, eqs. 6 to 14.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy as sp

from derive.errors import InputError
from derive.moments.steps import MomentDerivation
from derive.moments.typeset import typeset
from derive.step import Step

N_IN = sp.Symbol(r"n_in", positive=True)
N_OUT = sp.Symbol(r"n_out", positive=True)
#: Variance and mean of a weight.
SIGMA2 = sp.Symbol("sigma2", positive=True)
MU_W = sp.Symbol("mu_w", real=True)
#: Variance and mean of an input x_j (forward).
V2 = sp.Symbol("v2", positive=True)
MU_X = sp.Symbol("mu_x", real=True)
#: Variance and mean of an output gradient g_i (backward).
G2 = sp.Symbol("g2", positive=True)
MU_G = sp.Symbol("mu_g", real=True)
#: Cov(w, x), Cov(w^2, x^2) of the factors of one term, and the covariance of two different terms.
RHO = sp.Symbol("rho", real=True)
KAPPA = sp.Symbol("kappa", real=True)
TAU = sp.Symbol("tau", real=True)
#: Cov(x_j, x_k) of two different inputs.
CHI = sp.Symbol("chi", real=True)

#: How the symbols above are written in formulas.
SYMBOL_LATEX: dict[sp.Symbol, str] = {
    N_IN: r"n_{\mathrm{in}}",
    N_OUT: r"n_{\mathrm{out}}",
    SIGMA2: r"\sigma^{2}",
    MU_W: r"\mu_w",
    V2: r"v^{2}",
    MU_X: r"\mu_x",
    G2: r"g^{2}",
    MU_G: r"\mu_g",
    RHO: r"\mathrm{Cov}(w, x)",
    KAPPA: r"\mathrm{Cov}(w^2, x^2)",
    TAU: r"\mathrm{Cov}(w_1 x_1, w_2 x_2)",
    CHI: r"\mathrm{Cov}(x_1, x_2)",
}


@dataclass(frozen=True)
class Assumption:
    """A thing taken to be true of weights and inputs: the law it serves, and what it substitutes."""

    key: str
    text: str
    law: str
    replaces: Mapping[sp.Symbol, sp.Expr]
    says: str


def _assumptions(mean: sp.Symbol, inputs: str) -> tuple[Assumption, ...]:
    return (
        Assumption(
            "independent factors",
            f"each weight is independent of the {inputs}",
            "independence",
            {RHO: sp.S.Zero, KAPPA: sp.S.Zero},
            "The expectation of a product of independent factors is the product of their expectations.",
        ),
        Assumption(
            "independent weights",
            f"the weights are independent of each other and, together, of the {inputs}",
            "independence",
            {TAU: MU_W**2 * CHI},
            "Two different terms then covary only through their inputs, in proportion to the square of the "
            "weights' mean.",
        ),
        Assumption(
            "zero-mean weights",
            "the weights have mean 0",
            "zero mean",
            {MU_W: sp.S.Zero},
            "Then different terms do not covary, even if the inputs depend on each other.",
        ),
        Assumption(
            "zero-mean inputs",
            f"the {inputs} have mean 0",
            "zero mean",
            {mean: sp.S.Zero},
            "Only now does the second moment of the input equal its variance.",
        ),
    )


def product_variance(independent: bool = True) -> sp.Expr:
    """Return Var(AB) in the symbols of A = w (SIGMA2, MU_W) and B = x (V2, MU_X).

    For independent factors Var A Var B + Var A (E B)^2 + Var B (E A)^2 (L. Goodman, On the exact variance of
    products, 1960, eq. 2); in general Cov(A^2, B^2) + E A^2 E B^2 - (Cov(A, B) + E A E B)^2.
    """
    general = _second_of_product(V2, MU_X) - (RHO + MU_W * MU_X) ** 2
    return sp.expand(general.subs({RHO: 0, KAPPA: 0}) if independent else general)


def _second_of_product(variance: sp.Symbol, mean: sp.Symbol) -> sp.Expr:
    return KAPPA + (SIGMA2 + MU_W**2) * (variance + mean**2)


def forward_variance(drop: Iterable[str] = ()) -> MomentDerivation:
    """Derive Var(a) for a = w_1 x_1 + ... + w_n x_n with n = n_in; by default it is n_in sigma^2 v^2.

    `drop` names assumptions not to make, of "independent factors", "independent weights", "zero-mean weights" and
    "zero-mean inputs"; the result is then the general formula. Raises InputError for an unknown name.
    """
    return _layer_variance("a", r"a_i = \sum_{j} w_{ij} x_j", "x", "inputs", N_IN, V2, MU_X, drop)


def backward_variance(drop: Iterable[str] = ()) -> MomentDerivation:
    """Derive Var(g_in) for g_in = w_1 g_1 + ... + w_n g_n with n = n_out; by default it is n_out sigma^2 g^2.

    The gradient with respect to input j collects one term from each output i. `drop` is as for
    `forward_variance`; without "zero-mean inputs" (of the output gradients) it is n_out sigma^2 (g^2 + mu_g^2).
    """
    return _layer_variance(
        r"g^{\mathrm{in}}",
        r"g^{\mathrm{in}}_j = \sum_{i} w_{ij} g_i",
        "g",
        "output gradients",
        N_OUT,
        G2,
        MU_G,
        drop,
    )


def _layer_variance(
    name: str,
    definition: str,
    factor: str,
    inputs: str,
    n: sp.Symbol,
    variance: sp.Symbol,
    mean: sp.Symbol,
    drop: Iterable[str],
) -> MomentDerivation:
    """Substitute one assumption after another into the variance of a sum of n products."""
    assumptions = _assumptions(mean, inputs)
    if isinstance(drop, str):
        raise InputError(f"drop takes several names: write [{drop!r}]")
    dropped = set(drop)
    if "independent factors" in dropped:
        dropped.add(
            "independent weights"
        )  # it says more: the weights are, together, independent of the inputs
    unknown = dropped - {assumption.key for assumption in assumptions}
    if unknown:
        known = ", ".join(assumption.key for assumption in assumptions)
        raise InputError(f"unknown assumption {sorted(unknown)[0]!r}: expected one of {known}")

    def show(e: sp.Expr) -> str:
        return _latex(e, factor)

    alike = "all terms are distributed alike"
    left = rf"\mathrm{{Var}}({name})"
    value = n * (_second_of_product(variance, mean) - (RHO + MU_W * mean) ** 2) + n * (n - 1) * TAU
    product = rf"\mathrm{{Var}}(w {factor})"
    steps = [
        Step(
            "bilinearity of the covariance",
            alike,
            rf"{left} = {show(n)}\,{product} + {show(n * (n - 1))}\,{show(TAU)} "
            rf"\quad\text{{for}}\quad {definition}",
            "The variance of a sum is the sum of all covariances of its terms.",
        ),
        Step(
            "variance of a product",
            "",
            rf"{product} = \mathrm{{E}}[w^2 {factor}^2] - (\mathrm{{E}}[w {factor}])^2 "
            rf"= {show(_second_of_product(variance, mean))} - \left({show(RHO + MU_W * mean)}\right)^2",
            "Each expectation of a product is the product of the expectations plus a covariance.",
        ),
    ]
    for assumption in assumptions:
        if assumption.key in dropped:
            continue
        value = value.subs(dict(assumption.replaces))
        shown = show(_collected(value, n))
        steps.append(Step(assumption.law, assumption.text, f"{left} = {shown}", assumption.says))
    statement = f"variance of a random linear layer: {inputs}"
    return MomentDerivation(statement, tuple(steps), _collected(value, n))


def _collected(value: sp.Expr, n: sp.Symbol) -> sp.Expr:
    """Return `value` with n in front and the covariances of different terms apart."""
    return sp.factor_terms(n * sp.collect(sp.expand(value / n), [TAU, CHI], sp.factor))


def _latex(e: sp.Expr, factor: str) -> str:
    pairs = {symbol: SYMBOL_LATEX[symbol].replace("x", factor) for symbol in (RHO, KAPPA, TAU, CHI)}
    return typeset(e, {**SYMBOL_LATEX, **pairs})
