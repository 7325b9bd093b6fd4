"""Functions of a column."""

from __future__ import annotations

from sympy import S, exp, log

from derive.expression.algebra import M
from derive.expression.functions import LogSumExp, Softmax
from derive.operations.entries import function
from derive.operations.formulas import apply, entry_sum

OPERATIONS = (
    function(
        "log-sum-exp", LogSumExp, "n x 1 -> 1 x 1",
        pull=lambda g, y, x, i: g * M(Softmax(x[0].e)),
        push=lambda d, y, x, i: M(Softmax(x[0].e)).T @ d,
        example="logsumexp(x)", source="Boyd and Vandenberghe 2004, 3.1.5",
        definition=lambda x: apply(log, entry_sum(apply(exp, x))),
        text="logsumexp", numpy="np.logaddexp.reduce({0}, axis=None)", scalar=lambda c: c,
    ),
    function(
        "softmax", Softmax, "n x 1 -> n x 1",
        pull=lambda g, y, x, i: y * g - y @ (y.T @ g),
        push=lambda d, y, x, i: y * d - y @ (y.T @ d),
        example="softmax(x)", source="Bridle 1990: J = diag(y) - y y'",
        definition=lambda x: apply(exp, x) / entry_sum(apply(exp, x)),
        text="softmax", numpy="(lambda e: e / e.sum(axis=0))(np.exp({0} - {0}.max(axis=0)))",
        scalar=lambda c: S.One, positive="always",
    ),
)  # fmt: skip
