"""The Kullback-Leibler divergence of two Gaussians."""

from __future__ import annotations

from derive.results.result import Result, Slip

_KL = "1/2*(tr(inv(T)*S) + (m - t)'*inv(T)*(m - t) + logdet(T) - logdet(S))"
_WHERE, _ASSUME = "m: n, t: n, S: n x n, T: n x n", "posdef(S), posdef(T)"
_STORY = (
    "The divergence of $N(m, S)$ from $N(t, T)$ in $n$ dimensions, without the constant $-n/2$. As a function of $S$ it is smallest at $S = T$, where this "
    "gradient is zero. The entries of $S$ count as independent; over symmetric matrices, entries off the diagonal move in pairs."
)

KL_COVARIANCE = Result(
    name="gaussian-kl",
    title="The divergence of Gaussians, by the first covariance",
    expr=_KL,
    wrt="S",
    kind="gradient",
    where=_WHERE,
    assume=_ASSUME,
    story=_STORY,
    source="Kullback and Leibler 1951, On information and sufficiency",
    claims=("1/2*(inv(T) - inv(S))",),
    slips=(
        Slip(
            "the sign of the entropy lost",
            "1/2*(inv(T) + inv(S))",
            "$-\\log\\det S$ has the gradient $-S^{-1}$: with a plus nothing keeps $S$ from shrinking to 0",
        ),
    ),
)

KL_SECOND = Result(
    name="gaussian-kl-second",
    title="The divergence of Gaussians, by the second covariance",
    expr=_KL,
    wrt="T",
    kind="gradient",
    where=_WHERE,
    assume=_ASSUME,
    story=(
        "By the covariance that the divergence is taken from, both the trace and the quadratic form go through the inverse. The "
        "gradient is zero at $T = S + (m - t)(m - t)^{\\top}$: the best Gaussian has the second moments of the first."
    ),
    source="Kullback and Leibler 1951, On information and sufficiency",
    claims=("1/2*(inv(T) - inv(T)*(S + (m - t)*(m - t)')*inv(T))",),
    slips=(
        Slip(
            "the quadratic form forgotten",
            "1/2*(inv(T) - inv(T)*S*inv(T))",
            "the means differ, and their distance is measured by $T^{-1}$",
        ),
    ),
)
