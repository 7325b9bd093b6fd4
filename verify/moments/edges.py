"""Where the second moment of a wide random network changes from falling to growing, with proved digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flint import arb, ctx

from derive.moments.activations import Activation, activation
from verify.arithmetics.base import Abstain
from verify.moments.rigorous import gaussian_mean

_BITS, _DIGITS = 128, 12


@dataclass(frozen=True)
class Edge:
    """The sigma_w at which a layer without biases keeps a second moment, as a ball.

    A layer multiplies sigma_w^2 by E[f(sqrt(q) z)^2], so that below it the second moment falls and above it grows.
    """

    value: Any

    @property
    def digits(self) -> str:
        """The first digits, all of them proved."""
        with ctx.workprec(_BITS):
            whole = str(self.value.str(_DIGITS + 6, radius=False))
        point = whole.index(".")
        return whole[: point + _DIGITS]

    def side(self, sigma_w: float) -> int:
        """Return -1 for a number below the edge, 1 for one above it, 0 for one that is its nearest float."""
        with ctx.workprec(_BITS):
            gap = arb(sigma_w) - self.value
            if abs(gap) < arb(2) ** -50:
                return 0
            return -1 if gap < 0 else 1


def first_step_edge(f: str | Activation, q: float = 1.0) -> Edge | None:
    """Return the sigma_w at which a layer without biases gives back the second moment q, None where it is not enclosed."""
    expression = activation(f).expression
    try:
        with ctx.workprec(_BITS):
            return Edge((arb(q) / gaussian_mean(expression**2, arb(0), arb(q))).sqrt())
    except Abstain:
        return None
