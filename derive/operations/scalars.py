"""Scalars of a matrix: trace, sums and norms."""

from __future__ import annotations

from sympy import Abs, Expr, Identity, OneMatrix, S, Trace, sign

from derive.expression import algebra
from derive.expression.elementwise import elementwise
from derive.expression.functions import EntrySum, Norm1, Norm2
from derive.operations.entries import function
from derive.operations.formulas import apply, entry_sum, eye_like, inner, ones_like


def _trace(x: Expr) -> Expr:
    # The text tr(eye) would not say of which size.
    return algebra.trace(x) if isinstance(x, Identity | OneMatrix) else Trace(x)


def _sum(x: Expr) -> Expr:
    return algebra.entry_sum(x) if isinstance(x, Identity | OneMatrix) else EntrySum(x)


def _absolute(c: Expr) -> Expr:
    """Return |c|, which is c where c is seen to be zero or more."""
    return c if algebra.is_nonnegative(c) else elementwise(Abs, c)


OPERATIONS = (
    function(
        "trace", Trace, "n x n -> 1 x 1",
        pull=lambda g, y, x, i: g * eye_like(x[0]),
        push="linear",
        example="tr(A*B)", source="Giles (2.3.1), MC (36)",
        text="tr", latex=r"\operatorname{tr}\left(<0>\right)", numpy="np.trace({0})",
        build=_trace, tidy=algebra.trace, scalar=lambda c: c, positive="posdef",
    ),
    function(
        "sum of the entries", EntrySum, "m x n -> 1 x 1",
        pull=lambda g, y, x, i: g * ones_like(x[0]),
        push="linear",
        example="sum(A)", source="linearity",
        text="sum", numpy="np.sum({0})", build=_sum, tidy=algebra.entry_sum, scalar=lambda c: c,
        positive="argument",
    ),
    function(
        "norm", Norm2, "m x n -> 1 x 1",
        pull=lambda g, y, x, i: g / y * x[0],
        push=lambda d, y, x, i: inner(x[0], d) / y,
        source="MC (129)", holds="{x} is not zero",
        definition=lambda x: entry_sum(x**2) ** S.Half,
        text="norm2", latex=r"\left\lVert <0> \right\rVert", numpy="np.sqrt(np.sum(np.square({0})))",
        scalar=_absolute, nonnegative="always", homogeneous=(1, 1),
    ),
    function(
        "sum of absolute values", Norm1, "m x n -> 1 x 1",
        pull=lambda g, y, x, i: g * apply(sign, x[0]),
        push=lambda d, y, x, i: inner(apply(sign, x[0]), d),
        source="|t|' = sign t", holds="no entry of {x} is zero",
        definition=lambda x: entry_sum(apply(Abs, x)),
        text="norm1", latex=r"\left\lVert <0> \right\rVert_{1}", numpy="np.abs({0}).sum()",
        scalar=_absolute, nonnegative="always", homogeneous=(1, 1),
    ),
)  # fmt: skip
