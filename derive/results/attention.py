"""Attention by its queries, its keys and its values."""

from __future__ import annotations

from derive.results.result import Result, Slip

_WEIGHTS = "softmax(Q*K'/sqrt(d), rows)"
_WHERE = "Q: n x k, K: m x k, V: m x p, R: n x p, d: scalar"

ATTENTION = Result(
    name="attention",
    title="Attention, by the queries",
    expr=f"sum(R.*({_WEIGHTS}*V))",
    wrt="Q",
    kind="gradient",
    where=_WHERE,
    assume="positive(d)",
    story=(
        "Every row of $Q$ asks, every row of $K$ answers, and the softmax of their products by rows weighs the rows of $V$. $R$ is "
        "the gradient of the loss by the output. With $P$ for the weights, $R V^{\\top}$ goes back through the softmax of every row."
    ),
    source="Vaswani et al. 2017, Attention is all you need, (1)",
    claims=(f"({_WEIGHTS}.*(R*V' - sum({_WEIGHTS}.*(R*V'), rows)))*K/sqrt(d)",),
    slips=(
        Slip(
            "softmax taken for a function of every entry",
            f"({_WEIGHTS}.*(matrix(1) - {_WEIGHTS}).*(R*V'))*K/sqrt(d)",
            "the entries of a row share one normaliser: off the diagonal the Jacobian is not zero",
        ),
        Slip(
            "the scale forgotten on the way back",
            f"({_WEIGHTS}.*(R*V' - sum({_WEIGHTS}.*(R*V'), rows)))*K",
            "the factor $1/\\sqrt{d}$ stands in the scores, and so in their derivative",
        ),
    ),
)
