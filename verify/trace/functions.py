"""What NumPy's functions do to symbolic arrays. Each is stated by what it is, once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sympy import Expr, Mul, S

from derive.expression import algebra
from derive.language import build
from verify.trace.arrays import (
    CHOICES,
    FUNCTIONS,
    REDUCTIONS,
    UFUNCS,
    CannotTraceError,
    NotSquareError,
    Shape,
    SizesError,
    Traced,
    broadcast,
    common,
    ones,
    reshaped,
    size,
    traced,
)

# -------------------------------------------------------------------------------------- entry by entry


def _entries(x: Traced, word: str) -> Traced:
    if x.chosen is not None:
        return CHOICES["choose"](x.chosen[0], _entries(x.chosen[1], word))
    return Traced(x.sizes, build.function(word, x.expr))


def add(a: Traced, b: Traced) -> Traced:
    """Return a + b."""
    for x, y in ((a, b), (b, a)):
        if x.chosen is not None and not y.ndim:
            return CHOICES["choose"](x.chosen[0], add(x.chosen[1], y))
    shape = common(a.sizes, b.sizes)
    left, right = broadcast(a, shape).expr, broadcast(b, shape).expr
    return Traced(shape, build.add(left, right) if algebra.is_matrix(left) else left + right)


def negative(a: Traced) -> Traced:
    """Return -a."""
    return Traced(a.sizes, build.product(S.NegativeOne, a.expr))


def subtract(a: Traced, b: Traced) -> Traced:
    """Return a - b."""
    return add(a, negative(b))


def multiply(a: Traced, b: Traced) -> Traced:
    """Return a*b; a scalar scales."""
    shape = common(a.sizes, b.sizes)
    for x, y in ((a, b), (b, a)):
        if not algebra.is_matrix(x.expr):
            return Traced(shape, build.product(x.expr, broadcast(y, shape).expr))
    return Traced(shape, build.hadamard(broadcast(a, shape).expr, broadcast(b, shape).expr))


def power(a: Traced, b: Traced) -> Traced:
    """Return a**b; the exponent is a scalar."""
    if algebra.is_matrix(b.expr):
        raise CannotTraceError("an array as an exponent is not traced")
    if a.chosen is not None:
        return CHOICES["choose"](a.chosen[0], power(a.chosen[1], b))
    shape = common(a.sizes, b.sizes)
    if algebra.is_matrix(a.expr):
        return Traced(shape, build.elementwise_power(a.expr, b.expr))
    return Traced(shape, build.scalar_power(a.expr, b.expr))


def divide(a: Traced, b: Traced) -> Traced:
    """Return a/b."""
    return multiply(a, power(b, traced(-1)))


def greater(a: Traced, b: Traced) -> Traced:
    """Return where a > b."""
    return Traced(*_parts(_entries(subtract(a, b), "step")), is_mask=True)


def not_(a: Traced) -> Traced:
    """Return where a mask is false."""
    _need_mask(a)
    return Traced(*_parts(subtract(traced(1), a)), is_mask=True)


def _parts(x: Traced) -> tuple[Shape, Expr]:
    return x.sizes, x.expr


def _need_mask(*arrays: Traced) -> None:
    if not all(a.is_mask for a in arrays):
        raise CannotTraceError("logic on what is no mask is not traced")


def _and(a: Traced, b: Traced) -> Traced:
    _need_mask(a, b)
    return Traced(*_parts(multiply(a, b)), is_mask=True)


def _or(a: Traced, b: Traced) -> Traced:
    return not_(_and(not_(a), not_(b)))


def maximum(a: Traced, b: Traced) -> Traced:
    """Return the larger of both."""
    if a.expr == 0:
        a, b = b, a
    return add(b, _entries(subtract(a, b), "relu")) if b.expr != 0 else _entries(a, "relu")


def minimum(a: Traced, b: Traced) -> Traced:
    """Return the smaller of both."""
    return negative(maximum(negative(a), negative(b)))


def where(mask: Any, a: Any, b: Any) -> Traced:
    """Return a where the mask is true, else b."""
    mask, a, b = traced(mask), traced(a), traced(b)
    _need_mask(mask)
    shape = common(mask.sizes, a.sizes, b.sizes)
    parts = [multiply(m, v) for m, v in ((mask, a), (not_(mask), b)) if v.expr != 0]
    if not parts:
        return broadcast(traced(0), shape)
    return broadcast(parts[0] if len(parts) == 1 else add(*parts), shape)


def matmul(a: Traced, b: Traced) -> Traced:
    """Return a @ b: one axis is a row on the left and a column on the right."""
    if not a.ndim or not b.ndim:
        raise ValueError("matmul: an operand has no axes")
    if S(a.sizes[-1]) != S(b.sizes[0]):
        sizes = (S(a.sizes[-1]), S(b.sizes[0]))
        raise SizesError(f"matmul: shapes {a.sizes} and {b.sizes} do not fit", sizes)
    shape = (*a.sizes[:-1], *b.sizes[1:])
    if a.ndim == 1 and b.ndim == 2:  # a row by a matrix, and one axis is kept as a column
        return Traced(shape, build.product(build.transpose(b.expr), a.expr))
    return Traced(shape, build.product(a.as_two(), b.expr))


_SMOOTH: dict[Any, str] = {
    np.exp: "exp", np.log: "log", np.sqrt: "sqrt", np.sin: "sin", np.cos: "cos", np.tan: "tan", np.tanh: "tanh",
    np.sinh: "sinh", np.cosh: "cosh", np.abs: "abs", np.fabs: "abs", np.sign: "sign", np.arctan: "arctan",
    np.arcsin: "arcsin", np.arccos: "arccos", np.log1p: "log1p", np.expm1: "expm1",
}  # fmt: skip

UFUNCS |= {ufunc: partial(_entries, word=word) for ufunc, word in _SMOOTH.items()}
UFUNCS |= {
    np.add: add, np.subtract: subtract, np.multiply: multiply, np.true_divide: divide, np.negative: negative,
    np.positive: lambda a: a.copy(), np.power: power, np.float_power: power, np.matmul: matmul,
    np.square: lambda a: power(a, traced(2)), np.reciprocal: lambda a: power(a, traced(-1)),
    np.greater: greater, np.less: lambda a, b: greater(b, a), np.less_equal: lambda a, b: not_(greater(a, b)),
    np.greater_equal: lambda a, b: not_(greater(b, a)), np.logical_not: not_, np.invert: not_,
    np.logical_and: _and, np.bitwise_and: _and, np.logical_or: _or, np.bitwise_or: _or,
    np.maximum: maximum, np.minimum: minimum, np.heaviside: lambda a, _: _entries(a, "step"),
}  # fmt: skip

# -------------------------------------------------------------------------------------- along axes


def _axis(x: Traced, axis: Any) -> int | None:
    """Return the axis as a number from 0 on; None for all of them."""
    if not x.ndim and axis in (0, -1):  # as NumPy has it
        return None
    if axis is None or (isinstance(axis, tuple) and x.ndim and len({a % x.ndim for a in axis}) == x.ndim):
        return None
    if isinstance(axis, tuple) and len(axis) == 1:
        (axis,) = axis
    if not isinstance(axis, int) or not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis {axis} is out of bounds for an array of {x.ndim} axes")
    axis %= x.ndim
    return None if x.ndim == 1 else axis


def total(x: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Traced:
    """Return the sum along an axis, or of all entries."""
    _plain(options)
    x = traced(x)
    along = _axis(x, axis)
    if along is None:
        value = algebra.entry_sum(x.expr) if algebra.is_matrix(x.expr) else x.expr
        return Traced((S.One,) * x.ndim if keepdims else (), value)
    rows, columns = x.two()
    if along == 0:
        summed = Traced((S.One, columns), build.product(ones((S.One, rows)).expr, x.expr))
    else:
        summed = Traced((rows, S.One), build.product(x.expr, ones((columns, S.One)).expr))
    return summed if keepdims else reshaped(summed, (columns,) if along == 0 else (rows,))


def mean(x: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Traced:
    """Return the mean along an axis, or of all entries."""
    _plain(options)
    x = traced(x)
    if axis is not None and not x.ndim:
        raise ValueError("the mean of a number has no axis")
    along = _axis(x, axis)
    count = Mul(*map(S, x.sizes)) if along is None else S(x.sizes[along])
    return divide(total(x, axis, keepdims), Traced((), count))


def var(x: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Traced:
    """Return the mean squared distance from the mean."""
    _plain(options)
    x = traced(x)
    return mean(power(subtract(x, mean(x, axis, True)), traced(2)), axis, keepdims)


def _std(x: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Traced:
    return _entries(var(x, axis, keepdims, **options), "sqrt")


def largest(x: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Traced:
    """Return the largest entries along an axis, or of all entries."""
    _plain(options)
    x = traced(x)
    along = _axis(x, axis)
    if along is not None:
        rows, columns = x.two()
        rest = S(x.sizes[1 - along])
        if S(x.sizes[along]) == 1 or rest == 1:
            value = x.expr if S(x.sizes[along]) == 1 else build.function("max", x.expr)
        else:
            value = build.function("max rows", build.transpose(x.expr) if along == 0 else x.expr)
        column = Traced((rest, S.One), build.transpose(value) if value_is_row(value) else value)
        kept = (S.One, columns) if along == 0 else (rows, S.One)
        return reshaped(column, kept if keepdims else (rest,))
    value = build.function("max", x.expr) if algebra.is_matrix(x.expr) else x.expr
    return Traced((S.One,) * x.ndim if keepdims else (), value)


def value_is_row(x: Expr) -> bool:
    """Tell whether an expression is a row."""
    return bool(algebra.is_matrix(x) and x.shape[0] == 1)


def _smallest(x: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Traced:
    return negative(largest(negative(traced(x)), axis, keepdims, **options))


def _plain(options: dict[str, Any]) -> None:
    extra = {
        k
        for k, v in options.items()
        if v is not None and v is not np._NoValue and not (k == "ddof" and v == 0)
    }
    if extra:
        raise CannotTraceError(f"the option {min(extra)} is not traced")


# ---------------------------------------------------------------------------------- products, shapes


def dot(a: Any, b: Any) -> Traced:
    """Return np.dot: a matrix product, or a scaling."""
    a, b = traced(a), traced(b)
    return matmul(a, b) if a.ndim and b.ndim else multiply(a, b)


def outer(a: Any, b: Any) -> Traced:
    """Return the outer product of two arrays of one axis."""
    a, b = traced(a), traced(b)
    if a.ndim != 1 or b.ndim != 1:
        raise CannotTraceError("np.outer is traced for arrays of one axis")
    return matmul(a[:, None], b[None, :])


def _trace(x: Any) -> Traced:
    x = _square(traced(x))
    return Traced((), build.function("tr", x.expr) if algebra.is_matrix(x.expr) else x.expr)


def _square(x: Traced) -> Traced:
    if x.ndim != 2:
        raise CannotTraceError("what is not a square matrix is not traced here")
    if S(x.sizes[0]) != S(x.sizes[1]):
        raise NotSquareError("what is not a square matrix is not traced here", (S(x.sizes[0]), S(x.sizes[1])))
    return x


def _diag(x: Any) -> Traced:
    x = traced(x)
    if x.ndim == 1:
        return Traced(
            (x.sizes[0], x.sizes[0]), build.function("diag", x.expr) if algebra.is_matrix(x.expr) else x.expr
        )
    return Traced(
        (_square(x).sizes[0],), build.function("diag", x.expr) if algebra.is_matrix(x.expr) else x.expr
    )


def _transpose(x: Any, axes: Any = None) -> Traced:
    x = traced(x)
    if axes is not None and tuple(axes) not in ((1, 0), (-1, -2), (-1, 0)):
        raise CannotTraceError("these axes are not traced")
    return x.T


def reshape(x: Any, *shape: Any, **_: Any) -> Traced:
    """Return the entries in another shape; -1 stands for what is left."""
    x = traced(x)
    wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
    sizes = [None if isinstance(d, int) and d == -1 else size(d) for d in wanted]
    if None in sizes:
        rest = Mul(*map(S, x.sizes)) / Mul(*[S(d) for d in sizes if d is not None])
        sizes = [rest if d is None else d for d in sizes]
    return reshaped(x, tuple(sizes), x._view)


def _ravel(x: Any) -> Traced:
    x = traced(x)
    if sum(S(d) != 1 for d in x.sizes) > 1:
        raise CannotTraceError("the entries of a matrix in a line are not traced")
    return reshaped(x, (Mul(*map(S, x.sizes)),))


def _squeeze(x: Any) -> Traced:
    x = traced(x)
    return reshaped(x, tuple(d for d in x.sizes if S(d) != 1), x._view)


def norm(x: Any, ord: Any = None) -> Traced:
    """Return the Euclidean norm of an array of one axis, the Frobenius norm of a matrix; or the 1-norm of one axis."""
    x = traced(x)
    if ord is None or (ord == 2 and x.ndim == 1) or (ord == "fro" and x.ndim == 2):
        return _entries(total(multiply(x, x)), "sqrt")
    if ord == 1 and x.ndim == 1:
        return total(_entries(x, "abs"))
    raise CannotTraceError("this norm is not traced")


def _inverse(x: Any) -> Traced:
    x = _square(traced(x))
    return Traced(x.sizes, build.function("inv", x.expr) if algebra.is_matrix(x.expr) else 1 / x.expr)


def _solve(a: Any, b: Any) -> Traced:
    return matmul(_inverse(a), traced(b))


def _det(x: Any) -> Traced:
    x = _square(traced(x))
    return Traced((), build.function("det", x.expr) if algebra.is_matrix(x.expr) else x.expr)


def _slogdet(x: Any) -> tuple[Traced, Traced]:
    value = _det(x)
    return _entries(value, "sign"), _entries(_entries(value, "abs"), "log")


def filled(shape: Any, value: Any) -> Traced:
    """Return an array of one number."""
    sizes = tuple(map(size, shape)) if isinstance(shape, tuple | list) else (size(shape),)
    return broadcast(traced(value), sizes)


def _like(value: Any) -> Callable[..., Traced]:
    return lambda x, *_, **__: broadcast(traced(value), traced(x).sizes)


def _clip(x: Any, low: Any = None, high: Any = None, **_: Any) -> Traced:
    x = traced(x)
    x = x if low is None else maximum(x, traced(low))
    return x if high is None else minimum(x, traced(high))


def softplus(a: Traced, b: Traced) -> Traced:
    """Return np.logaddexp(a, b)."""
    return add(b, _entries(subtract(a, b), "softplus"))


UFUNCS[np.logaddexp] = softplus
REDUCTIONS |= {np.add: total, np.maximum: largest, np.minimum: _smallest}
FUNCTIONS |= {
    np.sum: total, np.mean: mean, np.var: var, np.std: _std, np.max: largest, np.amax: largest, np.min: _smallest,
    np.amin: _smallest, np.dot: dot, np.outer: outer, np.trace: _trace, np.diag: _diag, np.transpose: _transpose,
    np.reshape: reshape, np.ravel: _ravel, np.squeeze: _squeeze, np.linalg.norm: norm, np.linalg.inv: _inverse,
    np.linalg.solve: _solve, np.linalg.det: _det, np.linalg.slogdet: _slogdet, np.where: where, np.clip: _clip,
    np.zeros_like: _like(0), np.ones_like: _like(1), np.copy: lambda x: traced(x).copy(),
    np.inner: lambda a, b: dot(a, traced(b).T), np.vdot: dot, np.multiply: multiply,
    np.expand_dims: lambda x, axis: _expand(traced(x), axis), np.broadcast_to: lambda x, shape: broadcast(
        traced(x), tuple(map(size, shape))),
    np.shape: lambda x: traced(x).shape, np.ndim: lambda x: traced(x).ndim, np.size: lambda x: traced(x).size,
}  # fmt: skip


def _expand(x: Traced, axis: int) -> Traced:
    sizes = list(x.sizes)
    sizes.insert(axis % (x.ndim + 1), S.One)
    return reshaped(x, tuple(sizes), x._view)
