"""Functions of every entry: an entry is a derivative in terms of x and y = f(x), and what the function is."""

from __future__ import annotations

from sympy import (
    Abs,
    S,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atanh,
    cos,
    cosh,
    erf,
    exp,
    log,
    pi,
    sign,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)

from derive.expression.elementwise import elementwise, relu, sigmoid, softplus, step
from derive.operations.entries import entrywise
from derive.operations.formulas import apply

_BETWEEN, _NOT_ZERO = "every entry of {x} is between -1 and 1", "no entry of {x} is zero"

OPERATIONS = (
    entrywise(
        "exponential", exp, lambda x, y: y, "exp' = exp",
        kernel="exp", latex=r"\exp\left(<0>\right)", positive="always",
    ),
    entrywise(
        "logarithm", log, lambda x, y: 1 / x, "log' t = 1/t", "log(exp(A))",
        kernel="log", latex=r"\log\left(<0>\right)",
    ),
    entrywise("sine", sin, lambda x, y: apply(cos, x), "sin' = cos", kernel="sin", latex=r"\sin\left(<0>\right)"),
    entrywise("cosine", cos, lambda x, y: -apply(sin, x), "cos' = -sin", kernel="cos", latex=r"\cos\left(<0>\right)"),
    entrywise("tangent", tan, lambda x, y: 1 + y**2, "tan' = 1 + tan^2", kernel="tan", latex=r"\tan\left(<0>\right)"),
    entrywise(
        "hyperbolic tangent", tanh, lambda x, y: 1 - y**2, "tanh' = 1 - tanh^2",
        kernel="tanh", latex=r"\tanh\left(<0>\right)",
    ),
    entrywise(
        "hyperbolic sine", sinh, lambda x, y: apply(cosh, x), "sinh' = cosh",
        kernel="sinh", latex=r"\sinh\left(<0>\right)",
    ),
    entrywise(
        "hyperbolic cosine", cosh, lambda x, y: apply(sinh, x), "cosh' = sinh",
        kernel="cosh", latex=r"\cosh\left(<0>\right)",
    ),
    entrywise(
        "arcsine", asin, lambda x, y: (1 - x**2) ** (-S.Half), "arcsin' t = (1 - t^2)^(-1/2)", "arcsin(tanh(A))",
        text="arcsin", kernel="asin", latex=r"\arcsin\left(<0>\right)", torch="torch.asin({0})", octave="asin({0})",
        holds=_BETWEEN,
    ),
    entrywise(
        "arccosine", acos, lambda x, y: -((1 - x**2) ** (-S.Half)), "arccos' t = -(1 - t^2)^(-1/2)", "arccos(tanh(A))",
        text="arccos", kernel="acos", latex=r"\arccos\left(<0>\right)", torch="torch.acos({0})", octave="acos({0})",
        holds=_BETWEEN,
    ),
    entrywise(
        "arctangent", atan, lambda x, y: 1 / (1 + x**2), "arctan' t = 1/(1 + t^2)",
        text="arctan", kernel="atan", latex=r"\arctan\left(<0>\right)", torch="torch.atan({0})", octave="atan({0})",
    ),
    entrywise(
        "inverse hyperbolic sine", asinh, lambda x, y: (1 + x**2) ** (-S.Half), "arcsinh' t = (1 + t^2)^(-1/2)",
        text="arcsinh", definition=lambda x: log(x + sqrt(x**2 + 1)), latex=r"\operatorname{arsinh}\left(<0>\right)",
        numpy="np.arcsinh({0})", torch="torch.asinh({0})", octave="asinh({0})",
    ),
    entrywise(
        "inverse hyperbolic cosine", acosh, lambda x, y: (x**2 - 1) ** (-S.Half), "arccosh' t = (t^2 - 1)^(-1/2), t > 1",
        "arccosh(exp(A.^2))", text="arccosh", definition=lambda x: log(x + sqrt(x**2 - 1)),
        latex=r"\operatorname{arcosh}\left(<0>\right)",
        numpy="np.arccosh({0})", torch="torch.acosh({0})", octave="acosh({0})", holds="every entry of {x} is larger than 1",
    ),
    entrywise(
        "inverse hyperbolic tangent", atanh, lambda x, y: 1 / (1 - x**2), "arctanh' t = 1/(1 - t^2), |t| < 1",
        "arctanh(tanh(A))", text="arctanh", definition=lambda x: log((1 + x) / (1 - x)) / 2,
        latex=r"\operatorname{artanh}\left(<0>\right)",
        numpy="np.arctanh({0})", torch="torch.atanh({0})", octave="atanh({0})", holds=_BETWEEN,
    ),
    entrywise(
        "error function", erf, lambda x, y: 2 / sqrt(pi) * apply(exp, -(x**2)), "erf' t = 2/sqrt(pi) exp(-t^2)",
        kernel="erf", numpy="scipy.special.erf({0})", torch="torch.special.erf({0})",
    ),
    entrywise(
        "absolute value", Abs, lambda x, y: apply(sign, x), "|t|' = sign t",
        text="abs", kernel="abs", latex=r"\left|<0>\right|", holds=_NOT_ZERO, nonnegative="always", homogeneous=(1, 1),
    ),
    entrywise(
        "sign", sign, lambda x, y: 0 * x, "sign' = 0",
        kernel="sign", holds=_NOT_ZERO, homogeneous=(0, -1),
    ),
    entrywise(
        "unit step", step, lambda x, y: 0 * x, "step' = 0 away from 0",
        definition=lambda x: (elementwise(sign, x) + elementwise(sign, x) ** 2) / 2, kernel="step",
        latex=r"\mathbf{1}\left[<0> > 0\right]",
        numpy="np.heaviside({0}, 0.0)", torch="torch.heaviside({0}, torch.zeros_like({0}))", octave="({0} > 0)",
        holds=_NOT_ZERO, nonnegative="always", homogeneous=(0, 0),
    ),
    entrywise(
        "rectifier", relu, lambda x, y: apply(step, x), "relu' t = 1 for t > 0, else 0",
        definition=lambda x: (x + elementwise(Abs, x)) / 2, kernel="relu", numpy="np.maximum({0}, 0)", torch="torch.relu({0})",
        octave="max({0}, 0)", holds=_NOT_ZERO, nonnegative="always", homogeneous=(1, 0),
    ),
    entrywise(
        "logistic function", sigmoid, lambda x, y: y * (1 - y), "sigmoid' = sigmoid (1 - sigmoid)",
        definition=lambda x: 1 / (1 + exp(-x)), latex=r"\sigma\left(<0>\right)",
        numpy="scipy.special.expit({0})", torch="torch.sigmoid({0})", octave="(1./(1 + exp(-{0})))", positive="always",
    ),
    entrywise(
        "swish", "swish", lambda x, y: apply(sigmoid, x) * (1 + x - y),
        "Ramachandran et al. 2017: swish' = swish + sigmoid (1 - swish)",
        definition=lambda x: x / (1 + exp(-x)), numpy="({0}*scipy.special.expit({0}))",
        torch="torch.nn.functional.silu({0})", octave="({0}./(1 + exp(-{0})))",
    ),
    entrywise(
        "softplus", softplus, lambda x, y: apply(sigmoid, x), "Dugas et al. 2001: softplus' = sigmoid",
        definition=lambda x: log(1 + exp(x)), numpy="np.logaddexp(0, {0})", torch="torch.nn.functional.softplus({0})",
        octave="(max({0}, 0) + log1p(exp(-abs({0}))))", positive="always",
    ),
    entrywise(
        "Gaussian error linear unit", "gelu",
        lambda x, y: (1 + apply(erf, x / sqrt(2))) / 2 + x * apply(exp, -(x**2) / 2) / sqrt(2 * pi),
        "Hendrycks and Gimpel 2016: (t Φ)' = Φ + t φ",
        definition=lambda x: x / 2 * (1 + elementwise(erf, x / sqrt(2))),
        numpy="({0}/2*(1 + scipy.special.erf({0}/np.sqrt(2))))", torch="torch.nn.functional.gelu({0})",
    ),
)  # fmt: skip
