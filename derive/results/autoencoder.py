"""The tied linear autoencoder: two paths to one weight matrix."""

from __future__ import annotations

from derive.results.result import Result, Slip

AUTOENCODER = Result(
    name="autoencoder",
    title="The gradient of the tied linear autoencoder",
    expr="1/2*norm2(W'*W*x - x)^2",
    wrt="W",
    kind="gradient",
    where="W: h x n, x: n",
    story=(
        "The encoder $h = W x$ and the decoder $W^{\\top} h$ share one matrix $W$. It enters the reconstruction error "
        "$r = W^{\\top} W x - x$ twice, and the gradient is the sum over both paths: one through the encoder, one through "
        "the decoder. Whoever follows one path only trains a different model."
    ),
    source="Baldi and Hornik 1989, Neural networks and principal component analysis",
    claims=(
        "W*x*(W'*W*x - x)' + W*(W'*W*x - x)*x'",
        "W*((W'*W*x - x)*x' + x*(W'*W*x - x)')",
    ),
    slips=(
        Slip(
            "one path only (the decoder)",
            "W*x*(W'*W*x - x)'",
            "the path through the encoder $W x$ is forgotten",
        ),
        Slip(
            "one path only (the encoder)",
            "W*(W'*W*x - x)*x'",
            "the path through the decoder $W^{\\top}$ is forgotten",
        ),
        Slip(
            "twice one path",
            "2*W*(W'*W*x - x)*x'",
            "the two paths give different matrices: one is not a copy of the other",
        ),
    ),
)
