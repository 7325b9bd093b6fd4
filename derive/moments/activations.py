"""The activations that have names, as SymPy expressions of one variable, beside the gains that frameworks ship.

GELU is x Phi(x); SELU has the two constants of Klambauer et al. (Self-normalizing neural networks, 2017, eq. 2);
ELU has slope 1 at minus zero. What an activation does at a kink itself never enters a Gaussian moment.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from derive.errors import InputError

#: The variable of every activation here.
X = sp.Symbol("x", real=True)

#: The standard deviation of the pre-activation, a ~ N(0, s^2).
S = sp.Symbol("s", positive=True)

_SELU_SCALE = sp.Rational("1.0507009873554805")
_SELU_SLOPE = sp.Rational("1.6732632423543773")
_SIGMOID = 1 / (1 + sp.exp(-X))
_LEAK = sp.Rational(1, 100)


@dataclass(frozen=True)
class Activation:
    """An activation: its name, its expression in `X`, and the constant gain that frameworks ship for it.

    `shipped_gain` is what PyTorch's `calculate_gain` returns: the weights get the standard deviation
    gain / sqrt(fan). It is None where no constant is shipped. `remark` says what the constant is where it is not
    the gain that keeps the second moment.
    """

    name: str
    expression: sp.Expr
    shipped_gain: sp.Expr | None = None
    remark: str = ""


def leaky_relu(slope: sp.Expr | float) -> sp.Expr:
    """Return the expression that is x for x > 0 and slope * x otherwise, for any slope, a symbol included."""
    return sp.Piecewise((X, X > 0), (sp.nsimplify(slope, rational=True) * X, True))


def elu() -> sp.Expr:
    """Return the expression that is x for x > 0 and exp(x) - 1 otherwise."""
    return sp.Piecewise((X, X > 0), (sp.exp(X) - 1, True))


def selu() -> sp.Expr:
    """Return the scaled exponential linear unit with the constants of Klambauer et al. (2017), eq. 2."""
    return sp.Piecewise((_SELU_SCALE * X, X > 0), (_SELU_SCALE * _SELU_SLOPE * (sp.exp(X) - 1), True))


#: Every named activation.
ACTIVATIONS: dict[str, Activation] = {
    entry.name: entry
    for entry in (
        Activation("identity", X, sp.S.One),
        Activation("relu", sp.Max(0, X), sp.sqrt(2)),
        Activation("leaky_relu", leaky_relu(_LEAK), sp.sqrt(2 / (1 + _LEAK**2))),
        Activation("abs", sp.Abs(X)),
        Activation("step", sp.Heaviside(X)),
        Activation("sign", sp.sign(X)),
        Activation("square", X**2),
        Activation("exp", sp.exp(X)),
        Activation("sin", sp.sin(X)),
        Activation("erf", sp.erf(X)),
        Activation("gelu", X * (1 + sp.erf(X / sp.sqrt(2))) / 2),
        Activation("hardtanh", sp.Max(-1, sp.Min(1, X))),
        Activation("relu6", sp.Max(0, sp.Min(6, X))),
        Activation("elu", elu()),
        Activation(
            "selu",
            selu(),
            sp.Rational(3, 4),
            "chosen by trial; with gain 1, SELU's own rule, mean 0 and variance 1 are a fixed point",
        ),
        Activation(
            "tanh",
            sp.tanh(X),
            sp.Rational(5, 3),
            "not the gain that keeps a pre-activation variance of 1, which is 1/sqrt(E[tanh(a)^2]) = 1.5925 at "
            "s = 1: under 5/3 it settles at 1.178, and gradients grow by 1.21 a layer",
        ),
        Activation(
            "sigmoid",
            _SIGMOID,
            sp.S.One,
            "stands for 'no correction': the output's mean 1/2 enters its second moment, which no gain removes",
        ),
        Activation("swish", X * _SIGMOID),
        Activation("softplus", sp.log(1 + sp.exp(X))),
        Activation("mish", X * sp.tanh(sp.log(1 + sp.exp(X)))),
    )
}


def activation(given: str | sp.Expr | Activation) -> Activation:
    """Return the activation that a name, a text such as "x*sigmoid(x)" or a SymPy expression stands for.

    A text is read in the text language with the scalar x as its variable. An expression may hold further symbols
    as parameters if its variable is `X` (or a symbol named "x"). Raises InputError for an unknown name, a text that
    does not parse, and an expression whose variable cannot be told.
    """
    if isinstance(given, Activation):
        return given
    if isinstance(given, str):
        if given in ACTIVATIONS:
            return ACTIVATIONS[given]
        if given.isidentifier() and given != "x":
            raise InputError(
                f"unknown activation {given!r}: expected one of {', '.join(ACTIVATIONS)}, or an expression in x"
            )
        from derive import parse

        return _symbolic(parse(given, where="x: scalar").expr, name=given)
    return _symbolic(sp.sympify(given, strict=True) if isinstance(given, int | float) else given)


def _symbolic(expression: sp.Expr, name: str | None = None) -> Activation:
    if not isinstance(expression, sp.Expr) or isinstance(expression, sp.MatrixExpr):
        kind = type(expression).__name__
        raise InputError(
            f"expected the name of an activation or a scalar expression of one variable, got {kind}"
        )
    symbols = sorted(expression.free_symbols, key=str)
    named_x = [symbol for symbol in symbols if str(symbol) == "x"]
    if len(symbols) > 1 and len(named_x) != 1:
        names = ", ".join(map(str, symbols))
        raise InputError(f"an activation has one variable, found {names}: name the variable x")
    variable = named_x[0] if named_x else (symbols[0] if symbols else X)
    # relu, sigmoid, swish and softplus of the text language, in terms of exp, log and abs.
    plain = expression.replace(lambda e: hasattr(e, "definition"), lambda e: e.definition())
    return Activation(name or str(expression), plain.xreplace({variable: X}))
