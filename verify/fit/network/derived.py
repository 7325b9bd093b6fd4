"""The formulas that train, compiled from what `derive` derives.

No derivative is stated here. Each function below is the NumPy source that a derivation prints, so that the formula
in the report is the code that runs, and a changed rule changes the training. Samples are columns: an (n, 1)
column in a formula stands for an (n, B) batch wherever the formula acts entry by entry or column by column.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from derive import gradient, parse
from derive.code import Output, source
from derive.errors import InputError

ACTIVATIONS = ("relu", "sigmoid", "swish", "tanh")

#: Losses of the scores z of one sample against its target y, in the text language.
LOSSES = {"cross-entropy": "logsumexp(z) - y'*z", "squared": "norm2(z - y)^2"}

#: An affine layer with the adjoint G of its scores A'X, the bias in the last row of A and ones in the last of X.
AFFINE = "tr(G'*(A'*X))"
AFFINE_SHAPES = "G: m x k, A: n x m, X: n x k"


def compiled(source: str) -> Callable[..., Any]:
    """Return the function of a source that `derive` has written."""
    scope: dict[str, Any] = {}
    exec(source, scope)  # the source is printed from a SymPy expression of ours
    return scope["f"]


def _known(name: str, table: Any, what: str) -> str:
    if name not in table:
        raise InputError(f"unknown {what} {name}: expected one of {', '.join(table)}")
    return name


@cache
def activation(name: str) -> Callable[..., Any]:
    """Return f(z=...), an activation by name. Raises InputError for an unknown one."""
    problem = parse(f"{_known(name, ACTIVATIONS, 'activation')}(z)")
    return compiled(source([Output((problem.expr,))], problem.symbols, guarded=False))


@cache
def activation_pullback(name: str) -> Callable[..., Any]:
    """Return f(g=..., z=...): the adjoint of z from the adjoint g of the activation at z."""
    _known(name, ACTIVATIONS, "activation")
    return compiled(gradient(f"g'*{name}(z)", "z", where="g: n, z: n").to_numpy(guarded=False))


@cache
def loss(name: str) -> Callable[..., Any]:
    """Return f(z=..., y=...): the loss of one sample."""
    problem = parse(LOSSES[_known(name, LOSSES, "loss")], where="z: n, y: n")
    return compiled(source([Output((problem.expr,))], problem.symbols, guarded=False))


@cache
def loss_gradient(name: str) -> Callable[..., Any]:
    """Return f(z=..., y=...): the adjoint of the scores, for cross-entropy softmax(z) sum(y) - y."""
    return compiled(
        gradient(LOSSES[_known(name, LOSSES, "loss")], "z", where="z: n, y: n").to_numpy(guarded=False)
    )


@cache
def affine_pullback(of: str) -> Callable[..., Any]:
    """Return f(G=..., A=..., X=...): the adjoint of A or X where A'X has the adjoint G."""
    return compiled(gradient(AFFINE, of, where=AFFINE_SHAPES).to_numpy(guarded=False))


@cache
def penalty_gradient() -> Callable[..., Any]:
    """Return f(c=..., W=...): the gradient of (c/2) ‖W‖²."""
    return compiled(gradient("1/2*c*norm2(W)^2", "W").to_numpy(guarded=False))


@cache
def dropout_pullback() -> Callable[..., Any]:
    """Return f(g=..., m=..., h=...): the adjoint of h where m ⊙ h has the adjoint g."""
    return compiled(gradient("g'*(m.*h)", "h", where="g: n, m: n, h: n").to_numpy(guarded=False))
