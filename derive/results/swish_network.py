"""A two-layer network with swish units, by its first weights."""

from __future__ import annotations

from derive.results.result import Result, Slip

_Z = "(W_1*x + b)"
_ERROR = f"(W_2*swish{_Z} - y)"

SWISH_NETWORK = Result(
    name="swish-network",
    title="The gradient of a two-layer swish network",
    expr=f"1/2*norm2({_ERROR})^2",
    wrt="W_1",
    kind="gradient",
    where="W_1: h x n, W_2: m x h, b: h, x: n, y: m",
    story=(
        "The squared error of $W_2 \\operatorname{swish}(W_1 x + b)$ against $y$, by the first weights. The error travels back "
        "through $W_2^{\\top}$, is scaled entry by entry with "
        "$\\operatorname{swish}'(k) = \\sigma(k) (1 + k - \\operatorname{swish}(k))$, and meets the input $x$."
    ),
    source="Ramachandran, Zoph and Le 2017, Searching for activation functions",
    claims=(f"((W_2'*{_ERROR}).*(swish{_Z} + sigmoid{_Z}.*(vector(1) - swish{_Z})))*x'",),
    slips=(
        Slip(
            "a lost factor in swish'",
            f"((W_2'*{_ERROR}).*({_Z} + sigmoid{_Z}.*(vector(1) - sigmoid{_Z})))*x'",
            "the product rule gives $\\sigma(k) + k \\sigma(k) (1 - \\sigma(k))$, not $k + \\sigma(k) (1 - \\sigma(k))$",
        ),
    ),
)
