"""The formulas that train: every one is what `derive` derived, and is compiled from that expression.

Nothing in this package states a derivative of its own. A rule that changes in the rule table changes the training.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import sympy as sp

from derive import gradient
from derive.errors import InputError, InternalError
from derive.functions import relu, sigmoid, swish

__all__ = ["ACTIVATIONS", "LOSSES", "activation", "affine_pullbacks", "curve_gradients", "loss_gradient"]

#: Activation functions by name.
ACTIVATIONS = {"relu": relu, "sigmoid": sigmoid, "swish": swish, "tanh": sp.tanh}

#: Losses of the scores z of one sample and its target y, in the text language.
LOSSES = {"cross-entropy": "logsumexp(z) - y'*z", "squared": "norm2(z - y)^2"}

#: The symbols of the compiled expressions: pre-activation t and activation a = f(t).
T, A = sp.Symbol("t", real=True), sp.Symbol("a", real=True)


@cache
def activation(name: str) -> tuple[sp.Expr, sp.Expr]:
    """Return f(t), and f'(t) as derived, with a for f(t) where it occurs."""
    f = _named(ACTIVATIONS, name, "activation")
    derived = gradient(f"{name}(t)", "t", where="t: scalar").result
    (t,) = derived.free_symbols or {T}
    return f(T), derived.subs(t, T).subs(f(T), A)


@cache
def loss_gradient(name: str) -> sp.MatrixExpr:
    """Return the gradient of a loss by the scores z, in z and y (columns)."""
    return gradient(_named(LOSSES, name, "loss"), "z", where="z: n, y: n").result


@cache
def affine_pullbacks() -> dict[str, float]:
    """Return the factors of the derived pullbacks of W x + b: c·g x' for W, c·W' g for x, c·g for b.

    Raises InternalError where the derived expressions are not of this form, for which the kernels are BLAS calls.
    """
    expected = {
        "W": lambda g, W, x: g * x.T,
        "x": lambda g, W, x: W.T * g,
        "b": lambda g, W, x: g,
    }
    factors = {}
    for name, form in expected.items():
        derived = gradient("g'*(W*x + b)", name, where="W: m x n, x: n, b: m, g: m")
        by_name = {s.name: s for s in derived.result.free_symbols if isinstance(s, sp.MatrixSymbol)}
        m, n = sp.symbols("m n", integer=True, positive=True)
        g = by_name.get("g", sp.MatrixSymbol("g", m, 1))
        W = by_name.get("W", sp.MatrixSymbol("W", g.shape[0], n))
        x = by_name.get("x", sp.MatrixSymbol("x", n, 1))
        factor, rest = derived.result.as_coeff_mmul() if isinstance(derived.result, sp.MatMul) else (1, derived.result)
        if rest.doit() != form(g, W, x).doit():
            raise InternalError(f"the derived pullback of W x + b by {name} is {derived.result}: no kernel for it")
        factors[name] = float(factor)
    return factors


@cache
def curve_gradients() -> dict[str, Callable[..., Any]]:
    """Return the gradients of b0 + wo' relu(x wh + bh) by wh, bh and wo as NumPy functions.

    Each is called with columns wh, bh, wo of shape (h, 1) and a row x of shape (1, n), and gives an array of
    shape (h, n): one column of the Jacobian's transpose for every point.
    """
    where = "b0: scalar, x: scalar, wh: h, bh: h, wo: h"
    return {
        name: _function(gradient("b0 + wo'*relu(x*wh + bh)", name, where=where).to_numpy())
        for name in ("wh", "bh", "wo")
    }


def _function(source: str) -> Callable[..., Any]:
    """Return the function f whose source `to_numpy` wrote; it comes from the constant texts of this module only."""
    names: dict[str, Any] = {}
    exec(source, names)
    return names["f"]


def _named(table: dict[str, Any], name: str, what: str) -> Any:
    if name not in table:
        raise InputError(f"unknown {what} {name!r}; expected one of {', '.join(table)}")
    return table[name]
