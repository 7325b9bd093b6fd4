"""The log-likelihood of the Gaussian process latent variable model."""

from __future__ import annotations

from derive.results.result import Result, Slip

_K = "(alpha*X*X' + 1/beta*eye)"

GPLVM = Result(
    name="gplvm",
    title="The gradient of the GP-LVM log-likelihood",
    expr=f"-d/2*logdet({_K}) - 1/2*tr(inv({_K})*Y*Y')",
    wrt="X",
    kind="gradient",
    where="X: n x q, Y: n x d",
    assume="positive(alpha), positive(beta)",
    story=(
        "The $d$ columns of the data $Y$ are independent draws of one Gaussian process with the linear kernel "
        "$K = \\alpha X X^{\\top} + \\beta^{-1} I$ over latent points $X$. The log-likelihood (without its constant) depends on $X$ through "
        "$K$, twice through $X X^{\\top}$: both paths give the same matrix because $K$ is symmetric, which is seen from how "
        "$K$ is made."
    ),
    source="Lawrence 2005, Probabilistic non-linear principal component analysis, (4) and (5)",
    claims=(f"alpha*(inv({_K})*Y*Y' - d*eye)*inv({_K})*X",),
    slips=(
        Slip(
            "the sign of the inverse's derivative lost",
            f"-alpha*(inv({_K})*Y*Y' + d*eye)*inv({_K})*X",
            "the differential of $K^{-1}$ is $-K^{-1} \\, \\mathrm{d}K \\, K^{-1}$; with a plus the data term changes sides",
        ),
        Slip(
            "half of the gradient",
            f"1/2*alpha*(inv({_K})*Y*Y' - d*eye)*inv({_K})*X",
            "$X X^{\\top}$ holds $X$ twice, and the two paths cancel the half in front",
        ),
    ),
)
