"""Functions of every row of a matrix, one under the other; those of every column are theirs of the transpose.

What is short in terms of others is written so by `build`; the others have an entry of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Abs, Expr, S, exp, log

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.algebra import M, blocks
from derive.expression.operation import Operation
from derive.operations.entries import function
from derive.operations.formulas import apply, lower


def _ones(x: M) -> M:
    """Return the column of ones that sums every row of x."""
    return M(algebra.ones((x.shape[1], S.One)))


def row_sums(x: M) -> M:
    """Return the sum of every row, as a column."""
    return x @ _ones(x)


def _wide(column: M, x: M) -> M:
    """Return a column once for every column of x."""
    return column @ _ones(x).T


def _spread_rows(column: M, x: M) -> M:
    """Return x without what stands in a column for each of its rows."""
    return x - _wide(column, x)


def mean(x: M) -> M:
    """Return the mean of every row."""
    return row_sums(x) / x.shape[1]


def variance(x: M) -> M:
    """Return the mean squared distance of every row from its mean."""
    return row_sums(_spread_rows(mean(x), x) ** 2) / x.shape[1]


def differences(x: M) -> M:
    """Return every row without the one before it."""
    n = x.shape[0]
    if n == 1:
        raise InputError("diff needs two entries or more")
    later, earlier = (M(blocks.selection(S(k), n - 1, n)) for k in (1, 0))
    return later.T @ x - earlier.T @ x


def written(
    word: str, shape: str, source: str, build: Callable[..., M], example: str, **facts: Any
) -> Operation:
    """Return the entry of a function that is read as its definition in terms of others."""
    name = f"{word} of rows" if facts.get("axis") else word
    return function(
        name, f"{word}_{facts.get('axis', '')}".rstrip("_"), shape, source, example, text=word,
        build=lambda *args: build(*map(M, args)).e, scalar=lambda *args: build(*map(M, args)).e, **facts,
    )  # fmt: skip


def _rows(word: str, build: Callable[[M], M], shape: str = "m x n -> m x 1") -> Operation:
    return written(word, shape, "by its definition", build, f"{word}(A, rows)", axis="rows")


def _latex(word: str) -> str:
    return rf"\operatorname{{{word}}}_{{\text{{rows}}}}\left(<0>\right)"


def _softmax(x: Expr) -> M:
    return M(SOFTMAX.head(x))


SOFTMAX = function(
    "softmax of rows", "softmax_rows", "m x n -> m x n",
    pull=lambda g, y, x, i: y * g - y * _wide(row_sums(y * g), y),
    push=lambda d, y, x, i: y * d - y * _wide(row_sums(y * d), y),
    example="softmax(A, rows)", source="Bridle 1990: J = diag(y) - y y' for every row",
    definition=lambda x: apply(exp, x) / _wide(row_sums(apply(exp, x)), x),
    text="softmax", axis="rows", latex=_latex("softmax"),
    numpy="(lambda e: e / e.sum(axis=1, keepdims=True))(np.exp({0} - {0}.max(axis=1, keepdims=True)))", scalar=lambda c: S.One, positive="always",
)  # fmt: skip
LOGSUMEXP = function(
    "log-sum-exp of rows", "logsumexp_rows", "m x n -> m x 1",
    pull=lambda g, y, x, i: M(algebra.diag(g.e)) @ _softmax(x[0].e),
    push=lambda d, y, x, i: row_sums(_softmax(x[0].e) * d),
    example="logsumexp(A, rows)", source="Boyd and Vandenberghe 2004, 3.1.5, for every row",
    definition=lambda x: apply(log, row_sums(apply(exp, x))),
    text="logsumexp", axis="rows", latex=_latex("logsumexp"), numpy="scipy.special.logsumexp({0}, axis=1, keepdims=True)",
    scalar=lambda c: c,
)  # fmt: skip
ARGMAX = function(
    "indicator of the largest of every row", "argmax_rows", "m x n -> m x n",
    pull=lambda g, y, x, i: 0 * x[0], push=lambda d, y, x, i: 0 * x[0],
    example="argmax(A, rows)", source="constant where the largest is unique", holds="every row of {x} has one largest entry",
    text="argmax", axis="rows", kernel="argmax",
    numpy="(1.0*({0} >= {0}.max(axis=1, keepdims=True)))", torch="({0} >= {0}.amax(1, keepdim=True)).to({0}.dtype)", octave="double({0} >= max({0}, [], 2))",
    latex=_latex("onehot\\,argmax"), scalar=lambda c: S.One,
    nonnegative="always",
)  # fmt: skip
MAX = function(
    "largest of every row", "max_rows", "m x n -> m x 1",
    pull=lambda g, y, x, i: M(algebra.diag(g.e)) @ M(ARGMAX.head(x[0].e)),
    push=lambda d, y, x, i: row_sums(M(ARGMAX.head(x[0].e)) * d),
    example="max(A, rows)", source="Danskin 1967: the derivative of the entry that is the largest",
    holds="every row of {x} has one largest entry",
    text="max", axis="rows", kernel="max",
    numpy="{0}.max(axis=1, keepdims=True)", torch="{0}.amax(1, keepdim=True)", octave="max({0}, [], 2)",
    latex=_latex("max"), scalar=lambda c: c, positive="argument",
)  # fmt: skip
PROD = function(
    "product of every row", "prod_rows", "m x n -> m x 1",
    pull=lambda g, y, x, i: _wide(g * y, x[0]) / x[0],
    push=lambda d, y, x, i: y * row_sums(d / x[0]),
    example="prod(A, rows)", source="product rule", holds="no entry of {x} is zero",
    text="prod", axis="rows", kernel="prod",
    numpy="{0}.prod(axis=1, keepdims=True)", torch="torch.prod({0}, 1, keepdim=True)", octave="prod({0}, 2)",
    latex=_latex("prod"), scalar=lambda c: c, positive="argument",
)  # fmt: skip

OPERATIONS = (
    SOFTMAX, LOGSUMEXP, ARGMAX, MAX, PROD,
    _rows("sum", row_sums),
    _rows("mean", mean),
    _rows("var", variance),
    _rows("std", lambda x: variance(x) ** S.Half),
    _rows("norm1", lambda x: row_sums(apply(Abs, x))),
    _rows("norm2", lambda x: row_sums(x**2) ** S.Half),
    _rows("norminf", lambda x: M(MAX.head(apply(Abs, x).e))),
    _rows("min", lambda x: -M(MAX.head((-x).e))),
    _rows("diff", lambda x: differences(x.T).T, "m x n -> m x n-1"),
    _rows("cumsum", lambda x: x @ lower(x.shape[1]).T, "m x n -> m x n"),
)  # fmt: skip
