"""The activations that have names, as SymPy expressions of one variable, beside the gains that frameworks ship.

PyTorch's `calculate_gain` is a factor of the standard deviation: std = gain/sqrt(fan). Keras and JAX
(`variance_scaling`) ship a factor of the variance: he_normal is scale 2, glorot and lecun are scale 1, whatever the
activation; the scale that fits an activation is the square of its gain.

GELU is x Phi(x); SELU has the two constants of Klambauer et al. (Self-normalizing neural networks, 2017, eq. 2);
ELU has slope 1 at minus zero. What an activation does at a kink itself never enters a Gaussian moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

import sympy as sp

from derive.errors import InputError
from derive.moments.formula import read_formula, written_out
from derive.operations import by_name

#: The variable of every activation here.
X = sp.Symbol("x", real=True)

#: The standard deviation of the pre-activation, a ~ N(0, s^2).
S = sp.Symbol("s", positive=True)

_SELU_SCALE = sp.Rational("1.0507009873554805")
_SELU_SLOPE = sp.Rational("1.6732632423543773")


def _of_record(word: str) -> sp.Expr:
    """Return what a function of the text language is, by its record, in terms of exp, log and the like."""
    found = by_name(word)
    assert found is not None
    assert found.definition is not None
    return found.definition(X)


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


def elu(scale: sp.Expr | float = 1) -> sp.Expr:
    """Return the expression that is x for x > 0 and scale * (exp(x) - 1) otherwise."""
    return sp.Piecewise((X, X > 0), (sp.nsimplify(scale, rational=True) * (sp.exp(X) - 1), True))


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
        Activation("gelu", _of_record("gelu")),
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
            _of_record("sigmoid"),
            sp.S.One,
            "stands for 'no correction': the output's mean 1/2 enters its second moment, which no gain removes",
        ),
        Activation("swish", _of_record("swish")),
        Activation("softplus", _of_record("softplus")),
        Activation("mish", X * sp.tanh(_of_record("softplus"))),
    )
}


#: What people call them otherwise.
ALIASES: dict[str, str] = {
    "linear": "identity",
    "rectifier": "relu",
    "lrelu": "leaky_relu",
    "absolute": "abs",
    "heaviside": "step",
    "silu": "swish",
    "logistic": "sigmoid",
    "hard_tanh": "hardtanh",
    "clipped_relu": "relu6",
}

#: Activations with one parameter, given in brackets: leaky_relu(0.2).
PARAMETRIC: dict[str, Callable[[sp.Expr], sp.Expr]] = {"leaky_relu": leaky_relu, "elu": elu}

_PARAMETER = re.compile(r"\s*([A-Za-z_]\w*)\s*\(\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*\)\s*")


def activation(given: str | sp.Expr | Activation) -> Activation:
    """Return the activation that a name, a text such as "x*sigmoid(x)" or a SymPy expression stands for.

    Names are read in any case, with their aliases (silu, heaviside) and parameters ("leaky_relu(0.2)"). A text is
    read as a formula in the scalar x; erf, max, min and the named activations may occur in it. An expression may
    hold further symbols as parameters if its variable is `X` (or a symbol named "x"). Raises InputError for an
    unknown name, a text that does not parse, and an expression whose variable cannot be told.
    """
    if isinstance(given, Activation):
        return given
    if isinstance(given, str):
        return _from_text(given)
    return _symbolic(sp.sympify(given, strict=True) if isinstance(given, int | float) else given)


def _from_text(text: str) -> Activation:
    name = _known(text)
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    bracket = _PARAMETER.fullmatch(text)
    if bracket and _known(bracket[1]) in PARAMETRIC:
        family = _known(bracket[1])
        value = sp.Rational(bracket[2])
        shipped = sp.sqrt(2 / (1 + value**2)) if family == "leaky_relu" else None
        return Activation(f"{family}({bracket[2]})", PARAMETRIC[family](value), shipped)
    if text.isidentifier() and text not in ("x", "pi"):
        near = get_close_matches(text.lower(), [*ACTIVATIONS, *ALIASES], 1)
        mend = (
            f"did you mean {near[0]}?"
            if near
            else f"expected one of {', '.join(ACTIVATIONS)}, or a formula in x"
        )
        raise InputError(f"unknown activation {text!r}: {mend}")
    return _symbolic(read_formula(text, X), name=text.strip())


def _known(name: str) -> str:
    plain = name.strip().lower().replace("-", "_")
    return ALIASES.get(plain, plain)


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
    plain = written_out(expression).xreplace({variable: X})
    exact = sp.nsimplify(plain, rational=True) if plain.atoms(sp.Float) else plain
    return Activation(name or str(expression), exact)
