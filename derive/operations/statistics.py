"""Statistics of all entries, of a column's order, and the largest and the smallest entry."""

from __future__ import annotations

from sympy import Abs, Expr, Mul, S

from derive.expression import algebra
from derive.expression.algebra import M
from derive.expression.functions import Lower
from derive.operations.entries import function
from derive.operations.formulas import apply, entry_sum, lower, ones_like
from derive.operations.rows import differences, written


def _count(x: M) -> Expr:
    return Mul(*x.shape)


def mean(x: M) -> M:
    """Return the mean of all entries."""
    return entry_sum(x) / _count(x)


def variance(x: M) -> M:
    """Return the mean squared distance of all entries from their mean."""
    return entry_sum((x - mean(x) * ones_like(x)) ** 2) / _count(x)


ARGMAX = function(
    "indicator of the largest entry", "argmax", "m x n -> m x n",
    pull=lambda g, y, x, i: 0 * x[0], push=lambda d, y, x, i: 0 * x[0],
    example="argmax(A)", source="constant where the largest is unique", holds="{x} has one largest entry",
    kernel="argmax all",
    numpy="(1.0*({0} >= {0}.max()))", torch="({0} >= {0}.max()).to({0}.dtype)", octave="double({0} >= max({0}(:)))",
    latex=r"\operatorname{onehot\,argmax}\left(<0>\right)", scalar=lambda c: S.One,
    nonnegative="always",
)  # fmt: skip
MAX = function(
    "largest entry", "max", "m x n -> 1 x 1",
    pull=lambda g, y, x, i: g * M(ARGMAX.head(x[0].e)),
    push=lambda d, y, x, i: entry_sum(M(ARGMAX.head(x[0].e)) * d),
    source="Danskin 1967: the derivative of the entry that is the largest", holds="{x} has one largest entry",
    kernel="max all",
    numpy="{0}.max()", torch="{0}.max()", octave="max({0}(:))",
    latex=r"\max\left(<0>\right)", scalar=lambda c: c, positive="argument",
)  # fmt: skip
PROD = function(
    "product of the entries", "prod", "m x n -> 1 x 1",
    pull=lambda g, y, x, i: g * y * x[0] ** -1,
    push=lambda d, y, x, i: y * entry_sum(d / x[0]),
    source="product rule", holds="no entry of {x} is zero",
    kernel="prod all",
    numpy="{0}.prod()", torch="{0}.prod()", octave="prod({0}(:))",
    latex=r"\prod\left(<0>\right)", scalar=lambda c: c, positive="argument",
)  # fmt: skip
LOWER = function(
    "ones on and below the diagonal", Lower, "n -> n x n",
    example="lower(n)", source="a constant", arguments=lambda y: (), text="lower", latex=r"L_{<args>}",
    numpy="np.tri({0})", jax="jnp.tri({0})", torch="torch.tril(torch.ones({0}, {0}))", octave="tril(ones({0}))",
    nonnegative="always",
)  # fmt: skip

OPERATIONS = (
    ARGMAX, MAX, PROD, LOWER,
    written("mean", "m x n -> 1 x 1", "by its definition", mean, "mean(A)"),
    written("var", "m x n -> 1 x 1", "by its definition: the mean squared distance from the mean", variance, "var(A)"),
    written("std", "m x n -> 1 x 1", "the root of var", lambda x: variance(x) ** S.Half, "std(A)"),
    written("min", "m x n -> 1 x 1", "-max(-x)", lambda x: -M(MAX.head((-x).e)) if algebra.is_matrix(x.e) else x, "min(A)"),
    written(
        "norminf", "m x n -> 1 x 1", "the largest sum of absolute values of a row",
        lambda x: M(MAX.head((apply(Abs, x) @ M(algebra.ones((x.shape[1], S.One)))).e))
        if algebra.is_matrix(x.e) else apply(Abs, x), "norminf(A*x)",
    ),
    written("cumsum", "m x n -> m x n", "by its definition", lambda x: lower(x.shape[0]) @ x, "cumsum(A)"),
    written(
        "diff", "m x n -> m-1 x n", "by its definition: every row without the one before it", differences, "diff(A)",
        mend="diff(x) of a column, diff(A, rows) along the rows",
    ),
    written("tril", "m x m -> m x m", "by its definition", lambda x: x * lower(x.shape[0]), "tril(A*B)"),
    written("triu", "m x m -> m x m", "by its definition", lambda x: x * lower(x.shape[0]).T, "triu(A*B)"),
)  # fmt: skip
