"""The Gaussian moments of an activation: E[f(a)], E[f(a)^2], Var[f(a)] and E[f'(a)^2] for a ~ N(0, s^2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import sympy as sp

from derive.errors import InputError
from derive.moments.activations import Activation, S, X, activation
from derive.moments.integrals import (
    derivative_square_expectation,
    expectation,
    expectation_of_pieces,
    has_jumps,
    piece_integral,
    tidy,
)
from derive.moments.pieces import Piece, UndecidedError, derivative_pieces, pieces
from derive.moments.steps import MomentDerivation
from derive.moments.typeset import typeset
from derive.step import Step

Quantity = Literal["mean", "second", "variance", "derivative"]

#: What the four quantities are called in formulas.
QUANTITY_LATEX: dict[str, str] = {
    "mean": r"\mathrm{E}[f(a)]",
    "second": r"\mathrm{E}[f(a)^2]",
    "variance": r"\mathrm{Var}[f(a)]",
    "derivative": r"\mathrm{E}[f'(a)^2]",
}

_GAUSSIAN = "a ~ N(0, s²)"


@dataclass(frozen=True)
class GaussianMoments:
    """The four moments of f(a) for a ~ N(0, s^2); each is a SymPy expression in `S`, or None without closed form.

    A moment is oo where the integral of its absolute value is infinite; `derivative` is also where f jumps: then f'
    is no function, and no gradient descends through f.
    """

    activation: Activation
    mean: sp.Expr | None
    second: sp.Expr | None
    variance: sp.Expr | None
    derivative: sp.Expr | None


def gaussian_moments(f: str | sp.Expr | Activation, s: sp.Expr | float = S) -> GaussianMoments:
    """Return E[f(a)], E[f(a)^2], Var[f(a)], E[f'(a)^2] for a ~ N(0, s^2), exactly where a closed form exists.

    `f` is the name of an activation or a SymPy expression of one variable; `s` a positive number or expression.
    Raises InputError for an unknown name, more than one variable, or an s that is not positive.
    """
    try:
        scale = sp.sympify(s, strict=True)
    except sp.SympifyError:
        raise InputError(f"the standard deviation s must be a number or an expression, got {s!r}") from None
    if scale.is_positive is False or scale.is_finite is False:
        raise InputError(f"the standard deviation s must be positive and finite, got {s}")
    return _moments(activation(f), scale)


@lru_cache(maxsize=256)
def _moments(act: Activation, scale: sp.Expr) -> GaussianMoments:
    mean = expectation(act.expression, X, scale)
    second = expectation(_square(act.expression), X, scale)
    variance = (
        None if mean is None or second is None else sp.oo if second == sp.oo else tidy(second - mean**2)
    )
    derivative = (
        sp.oo if has_jumps(act.expression, X) else derivative_square_expectation(act.expression, X, scale)
    )
    return GaussianMoments(act, mean, second, variance, derivative)


def derive_moment(f: str | sp.Expr | Activation, quantity: Quantity, s: sp.Expr = S) -> MomentDerivation:
    """Derive one of the four moments step by step; each step names its law and the assumption that it uses.

    Raises InputError where there is no closed form; `verify` then integrates numerically.
    """
    act = activation(f)
    name = QUANTITY_LATEX[quantity]
    if quantity == "variance":
        return _derive_variance(act, s)
    if quantity == "derivative" and has_jumps(act.expression, X):
        raise InputError(f"{act.name} jumps: its derivative is not a function, and E[f'(a)^2] is infinite")
    try:
        parts = _integrand(act.expression, quantity)
    except UndecidedError as reason:
        raise InputError(f"{act.name}: no closed form, since {reason}") from None
    values = [piece_integral(part, X, s) for part in parts]
    if any(value is None for value in values):
        raise InputError(f"{act.name}: {quantity} has no closed form here; integrate it numerically")
    density = r"\frac{e^{-x^2/(2 s^2)}}{\sqrt{2\pi}\,s}"
    symbol = {"mean": "f(x)", "second": "f(x)^2", "derivative": "f'(x)^2"}[quantity]
    steps = [
        Step(
            "definition of the expectation",
            _GAUSSIAN,
            rf"{name} = \int_{{-\infty}}^{{\infty}} {symbol}\, {density}\, dx",
            "The expectation of a function of a is its integral against the density of a.",
        )
    ]
    kept = [(part, value) for part, value in zip(parts, values, strict=True) if part.expression != 0]
    if len(parts) > 1:
        integrals = " + ".join(_integral_latex(part, density) for part, _ in kept) or "0"
        steps.append(
            Step(
                "additivity over intervals",
                "",
                f"{name} = {integrals}",
                "The integral splits where f has a kink or a jump; pieces on which it is 0 drop out.",
            )
        )
    for part, value in kept:
        steps.append(
            Step(
                _integral_law(part),
                "",
                f"{_integral_latex(part, density)} = {typeset(tidy(value))}",
                "A Gaussian integral in closed form.",
            )
        )
    if sp.oo in values:
        raise InputError(f"{act.name}: {quantity} is infinite for s = {s}")
    result = expectation_of_pieces(parts, X, s)
    if len(kept) > 1:
        steps.append(Step("sum", "", f"{name} = {typeset(result)}", "The pieces are added."))
    return MomentDerivation(f"{quantity} of {act.name}(a) for {_GAUSSIAN}", tuple(steps), result)


def _derive_variance(act: Activation, s: sp.Expr) -> MomentDerivation:
    mean = derive_moment(act, "mean", s)
    second = derive_moment(act, "second", s)
    result = tidy(second.result - mean.result**2)
    name = QUANTITY_LATEX["variance"]
    last = (
        Step(
            "variance as a difference",
            "",
            rf"{name} = \mathrm{{E}}[f(a)^2] - (\mathrm{{E}}[f(a)])^2",
            "The variance is the second moment less the square of the mean; it is the second moment only if "
            "the mean is zero.",
        ),
        Step(
            "substitution",
            "",
            rf"{name} = {typeset(second.result)} - \left({typeset(mean.result)}\right)^2 = {typeset(result)}",
            "The two moments are inserted.",
        ),
    )
    return MomentDerivation(
        f"variance of {act.name}(a) for {_GAUSSIAN}", (*mean.steps, *second.steps, *last), result
    )


def _integrand(f: sp.Expr, quantity: Quantity) -> list[Piece]:
    if quantity == "derivative":
        return [Piece(p.lower, p.upper, p.expression**2) for p in derivative_pieces(f, X)]
    return pieces(f if quantity == "mean" else _square(f), X)


def _square(f: sp.Expr) -> sp.Expr:
    return sp.Mul(f, f)


def _integral_latex(part: Piece, density: str) -> str:
    body = "" if part.expression == 1 else typeset(part.expression)
    if isinstance(part.expression, sp.Add):
        body = rf"\left({body}\right)"
    return rf"\int_{{{typeset(part.lower)}}}^{{{typeset(part.upper)}}} {body}\, {density}\, dx"


def _integral_law(part: Piece) -> str:
    e = part.expression
    half = part.lower != -sp.oo or part.upper != sp.oo
    if e.is_polynomial(X):
        return "Gaussian moments of a half-line" if half else "Gaussian moments"
    if e.has(sp.erf):
        return "Stein's identity"
    return "completing the square"
