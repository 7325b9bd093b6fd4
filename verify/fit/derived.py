"""The gradients of the toy model, as `derive` derived them and as NumPy functions that run.

Nothing here states a derivative: a rule that changes in the rule table changes every fit that uses a gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from derive import gradient

__all__ = ["LOSS", "MODEL", "SHAPES", "curve_gradients", "loss_gradient"]

#: The model in the text language, for one input x.
MODEL = "b0 + wo'*relu(x*wh + bh)"
#: The squared error of values z against y.
LOSS = "norm2(z - y)^2"
SHAPES = "b0: scalar, x: scalar, wh: h, bh: h, wo: h"


@cache
def curve_gradients() -> dict[str, Callable[..., Any]]:
    """Return the gradients of the model by wh, bh and wo.

    Each is called with columns wh, bh, wo of shape (h, 1), a number b0 and a row x of shape (1, n), and gives an
    array of shape (h, n): a column of the Jacobian's transpose for every point. The gradient by b0 is 1.
    """
    return {
        name: _function(gradient(MODEL, name, where=SHAPES).to_numpy(guarded=False))
        for name in ("wh", "bh", "wo")
    }


@cache
def loss_gradient() -> Callable[..., Any]:
    """Return f(z=..., y=...), the gradient of the squared error by the values z."""
    return _function(gradient(LOSS, "z", where="z: n, y: n").to_numpy(guarded=False))


def _function(source: str) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec(source, names)  # the source is what `to_numpy` printed for the constant text above
    return names["f"]
