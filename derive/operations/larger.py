"""The larger and the smaller of two, and functions of entries that are made of pieces or of named functions.

They are read as their definitions, so that an answer names the step function, the rectifier and the like.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Abs, Expr, Integer, Rational, S, atan, cos, cosh, erf, exp, log, pi, sin, sqrt, tanh

from derive.expression.algebra import M
from derive.expression.elementwise import relu, softplus
from derive.expression.operation import Operation
from derive.operations.entries import function
from derive.operations.formulas import apply
from derive.operations.rows import written

_PAIR, _TRIPLE = "m x n, m x n -> m x n", "m x n, m x n, m x n -> m x n"


def _of_entries(
    word: str, source: str, build: Callable[..., M], example: str, shape: str = "m x n -> m x n", **facts: Any
) -> Operation:
    return written(word, shape, source, build, example, spreads=True, **facts)


def _is_constant(x: M) -> bool:
    return not x.e.free_symbols - set().union(*[size.free_symbols for size in x.shape])


def _larger(x: M, y: M) -> M:
    return x + apply(relu, y - x) if _is_constant(x) else y + apply(relu, x - y)


def _smaller(x: M, y: M) -> M:
    return -_larger(-x, -y)


def _huber(x: M, c: M) -> M:
    return (x**2 - apply(relu, x - c) ** 2 - apply(relu, -x - c) ** 2) / 2


def _elu(x: M, a: M | int = 1) -> M:
    return apply(relu, x) + a * (apply(exp, -apply(relu, -x)) - 1)


def _clip(x: M, a: M | Expr, b: M | Expr) -> M:
    return x + apply(relu, a - x) - apply(relu, x - b)


#: The constants of Klambauer et al. 2017 (Self-normalizing neural networks), eq. 2.
SELU_SCALE, SELU_SLOPE = Rational("1.0507009873554805"), Rational("1.6732632423543773")


_ANGLE = function(
    "two-argument arctangent of numbers", "atan2_scalar", "1 x 1, 1 x 1 -> 1 x 1",
    pull=lambda g, y, x, i: g * (x[1] if i == 0 else -x[0]) / (x[0] ** 2 + x[1] ** 2),
    push=lambda d, y, x, i: d * (x[1] if i == 0 else -x[0]) / (x[0] ** 2 + x[1] ** 2),
    example="atan2(a, b)", source="the angle of (x, y): (x dy - y dx)/(x^2 + y^2)", text="atan2", axis="scalar",
    definition=lambda y, x: 2 * apply(atan, y / ((x**2 + y**2) ** S.Half + x)),
    numpy="np.arctan2({0}, {1})", torch="torch.atan2({0}, {1})", octave="atan2({0}, {1})",
)  # fmt: skip

OPERATIONS = (
    _ANGLE,
    function(
        "two-argument arctangent", "atan2", _PAIR,
        pull=lambda g, y, x, i: g * (x[1] if i == 0 else -x[0]) / (x[0] ** 2 + x[1] ** 2),
        push=lambda d, y, x, i: d * (x[1] if i == 0 else -x[0]) / (x[0] ** 2 + x[1] ** 2),
        example="atan2(A, B)", source="the angle of (y, x): (x dy - y dx)/(x^2 + y^2)",
        definition=lambda y, x: 2 * apply(atan, y / ((x**2 + y**2) ** S.Half + x)),
        scalar=_ANGLE.head,
        numpy="np.arctan2({0}, {1})", torch="torch.atan2({0}, {1})", octave="atan2({0}, {1})", spreads=True,
    ),
    _of_entries("max", "y + relu(x - y)", _larger, "max(A, B)", _PAIR, axis="2"),
    _of_entries("min", "y - relu(y - x)", _smaller, "min(A, B)", _PAIR, axis="2"),
    _of_entries("clip", "x + relu(a - x) - relu(x - b), for a < b", _clip, "clip(A, -1/2, 1/2)", _TRIPLE),
    _of_entries("hardtanh", "Collobert 2004: x between -1 and 1", lambda x: _clip(x, S.NegativeOne, S.One), "hardtanh(A)"),
    _of_entries("relu6", "Krizhevsky 2010: x between 0 and 6", lambda x: _clip(x, S.Zero, Integer(6)), "relu6(A)"),
    _of_entries("hardsigmoid", "Howard et al. 2019: x/6 + 1/2 between 0 and 1", lambda x: _clip(x / 6 + S.Half, S.Zero, S.One), "hardsigmoid(A)"),
    _of_entries("hardswish", "Howard et al. 2019: x hardsigmoid(x)", lambda x: x * _clip(x / 6 + S.Half, S.Zero, S.One), "hardswish(A)"),
    _of_entries("leakyrelu", "Maas et al. 2013: a x + (1 - a) relu(x)", lambda x, a: a * x + (1 - a) * apply(relu, x), "leakyrelu(A, 1/10)", _PAIR),
    _of_entries("elu", "Clevert et al. 2016: x for x > 0, else exp(x) - 1", _elu, "elu(A)"),
    _of_entries("elu", "Clevert et al. 2016: x for x > 0, else a (exp(x) - 1)", _elu, "elu(A, 1/2)", _PAIR, axis="2"),
    _of_entries("selu", "Klambauer et al. 2017, eq. 2: scaled elu with its two constants", lambda x: SELU_SCALE * _elu(x, SELU_SLOPE), "selu(A)"),
    _of_entries("softsign", "Bergstra et al. 2009: x/(1 + |x|)", lambda x: x / (1 + apply(Abs, x)), "softsign(A)"),
    _of_entries("logsigmoid", "-softplus(-x)", lambda x: -apply(softplus, -x), "logsigmoid(A)"),
    _of_entries("huber", "Huber 1964: x^2/2 up to c, then straight", _huber, "huber(A, 1/2)", _PAIR),
    _of_entries("mish", "Misra 2020: x tanh(softplus(x))", lambda x: x * apply(tanh, apply(softplus, x)), "mish(A)"),
    _of_entries("log1p", "log(1 + x)", lambda x: apply(log, 1 + x), "log1p(exp(A))"),
    _of_entries("expm1", "exp(x) - 1", lambda x: apply(exp, x) - 1, "expm1(A)"),
    _of_entries("normcdf", "(1 + erf(x/sqrt(2)))/2", lambda x: (1 + apply(erf, x / sqrt(2))) / 2, "normcdf(A)"),
    _of_entries("normpdf", "exp(-x^2/2)/sqrt(2 pi)", lambda x: apply(exp, -(x**2) / 2) / sqrt(2 * pi), "normpdf(A)"),
    _of_entries("sec", "1/cos", lambda x: 1 / apply(cos, x), "sec(A)"),
    _of_entries("csc", "1/sin", lambda x: 1 / apply(sin, x), "csc(A)"),
    _of_entries("cot", "cos/sin", lambda x: apply(cos, x) / apply(sin, x), "cot(A)"),
    _of_entries("sech", "1/cosh", lambda x: 1 / apply(cosh, x), "sech(A)"),
    _of_entries("coth", "1/tanh", lambda x: 1 / apply(tanh, x), "coth(A)"),
)  # fmt: skip
