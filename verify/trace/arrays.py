"""Symbolic arrays under NumPy's own protocols: what NumPy does with shapes, with expressions for numbers.

An array has 0, 1 or 2 axes, each of a size that is a number or a symbol. Its expression is a scalar where every axis
has size 1, a column for one axis, else a matrix. Sizes are equal where they are the same; nothing is known of a symbol
but that it is not 1, so that what is broadcast is what NumPy broadcasts at any sizes from 2 on.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Expr, Float, Integer, Mul, Rational, S, Symbol

from derive.errors import InputError
from derive.language import build

Size = Any
Shape = tuple[Size, ...]

#: What NumPy's functions do to symbolic arrays; `verify.trace.functions` states them.
UFUNCS: dict[Any, Callable[..., Traced]] = {}
REDUCTIONS: dict[Any, Callable[..., Traced]] = {}
FUNCTIONS: dict[Any, Callable[..., Any]] = {}
#: How entries are chosen by labels; `verify.trace.labels` states it.
CHOICES: dict[str, Callable[..., Any]] = {}


class CannotTraceError(InputError):
    """What the code does has no expression: it depends on the data, or is not known."""


class SizesError(ValueError):
    """Two sizes differ where NumPy wants them equal; `pair` are the two."""

    def __init__(self, message: str, pair: tuple[Size, Size]) -> None:
        ValueError.__init__(self, message)
        self.pair = pair


class NotSquareError(CannotTraceError, SizesError):
    """A matrix of two sizes where a square one is wanted."""


@dataclass(frozen=True)
class Places:
    """All places along an axis, as np.arange(n) gives them; with labels beside it, the entry of every row's label."""

    count: Size


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """A symbolic array: its shape as NumPy has it, and its expression."""

    __array_priority__ = 1000
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, shape: Shape, expr: Expr, is_mask: bool = False, is_view: bool = False) -> None:
        self.sizes, self.expr, self.is_mask, self.is_view = shape, expr, is_mask, is_view
        self.has_views = False
        #: Of the entries that labels choose from every row of a matrix: the labels, and the matrix.
        self.chosen: tuple[Traced, Traced] | None = None

    # ---------------------------------------------------------------------------------- what NumPy asks

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        out = options.pop("out", None)
        if method == "reduce":
            if ufunc not in REDUCTIONS:
                raise CannotTraceError(f"np.{ufunc.__name__}.reduce is not traced here")
            result = REDUCTIONS[ufunc](*inputs, **{"axis": 0} | options)
        elif method != "__call__" or options or ufunc not in UFUNCS:
            where = f".{method}" if method != "__call__" else ""
            raise CannotTraceError(f"np.{ufunc.__name__}{where} is not traced here")
        else:
            result = UFUNCS[ufunc](*map(traced, inputs))
        if out is None:
            return result
        (target,) = out
        if not isinstance(target, Traced):
            raise CannotTraceError("a symbolic result does not go into an array of numbers")
        return target.set(result)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if function not in FUNCTIONS:
            raise CannotTraceError(f"np.{function.__name__} is not traced here")
        return FUNCTIONS[function](*args, **options)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise CannotTraceError(
            "a symbolic array has no numbers: this code turns it into an array of NumPy's own"
        )

    # ----------------------------------------------------------------------------------- what it is

    @property
    def shape(self) -> tuple[Any, ...]:
        """Return the sizes: whole numbers, and symbolic scalars."""
        return tuple(int(d) if d.is_Integer else Traced((), d) for d in map(S, self.sizes))

    @property
    def ndim(self) -> int:
        """Return the number of axes."""
        return len(self.sizes)

    @property
    def size(self) -> Any:
        """Return the number of entries."""
        return _count(Mul(*map(S, self.sizes)))

    @property
    def dtype(self) -> Any:
        """Return that entries are numbers, or truth values."""
        return np.dtype(bool if self.is_mask else float)

    @property
    def T(self) -> Traced:
        """Return the transpose."""
        return self._view(self.sizes[::-1], self.expr if self.ndim < 2 else build.transpose(self.expr))

    def _view(self, shape: Shape, expr: Expr) -> Traced:
        self.has_views = True
        return Traced(shape, expr, self.is_mask, True)

    def two(self) -> tuple[Size, Size]:
        """Return rows and columns as broadcasting has them: one axis is a row."""
        return ((S.One,) * (2 - self.ndim) + tuple(map(S, self.sizes)))[-2:]  # type: ignore[return-value]

    def as_two(self) -> Expr:
        """Return the expression in rows and columns: one axis is a row."""
        return build.transpose(self.expr) if self.ndim == 1 else self.expr

    # ---------------------------------------------------------------------------------- control flow

    def _is_known(self, other: Any, relation: Callable[[Any, Any], bool]) -> bool | None:
        """Return how two sizes compare, None where that is not known or they are no sizes."""
        if self.ndim or not (isinstance(other, int | Traced)):
            return None
        there = other.expr if isinstance(other, Traced) else Integer(other)
        if not (self.expr.is_integer and there.is_integer):
            return None
        if self.expr == there:
            return relation(0, 0)
        return relation(1, 2) if relation in (operator.eq, operator.ne) else None

    def __eq__(self, other: Any) -> Any:
        known = self._is_known(other, operator.eq)
        return known if known is not None else np.equal(self, other)

    def __ne__(self, other: Any) -> Any:
        known = self._is_known(other, operator.ne)
        return known if known is not None else np.not_equal(self, other)

    def __bool__(self) -> bool:
        raise CannotTraceError("the code branches on the values of an array: that cannot be traced")

    def __index__(self) -> int:
        raise CannotTraceError(
            f"a whole number is needed, and {self.expr} is a symbol: give this size as a number"
        )

    __int__ = __float__ = __index__  # type: ignore[assignment]

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return operator.index(self.shape[0])

    def __iter__(self) -> Any:
        raise CannotTraceError("the code runs over the entries of an array: write it over whole arrays")

    # -------------------------------------------------------------------------------- places, in place

    def __getitem__(self, key: Any) -> Traced:
        """Return what whole slices and new axes show."""
        keys = key if isinstance(key, tuple) else (key,)
        if any(isinstance(k, Traced | Places) for k in keys):
            return CHOICES["chosen"](self, keys)  # type: ignore[no-any-return]
        if any(k is Ellipsis for k in keys):
            at = [k is Ellipsis for k in keys].index(True)
            missing = self.ndim - sum(k is not None and k is not Ellipsis for k in keys)
            keys = keys[:at] + (slice(None),) * missing + keys[at + 1 :]
        keys += (slice(None),) * (self.ndim - sum(k is not None for k in keys))
        sizes, left = [], list(self.sizes)
        for k in keys:
            if k is None:
                sizes.append(S.One)
            elif isinstance(k, slice) and k == slice(None):
                sizes.append(left.pop(0))
            elif isinstance(k, int) and S(left[0]) == 1 and k in (0, -1):
                left.pop(0)
            else:
                raise CannotTraceError("only whole slices, new axes and masks are traced, no single entries")
        return reshaped(self, tuple(sizes), self._view)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Set where a mask is true, or everywhere."""
        if isinstance(key, Traced) and key.is_mask:
            if key.ndim != self.ndim:
                raise CannotTraceError("a mask of another shape than its array is not traced")
            self.set(FUNCTIONS[np.where](key, value, self))
        elif isinstance(key, tuple) and any(isinstance(k, Traced | Places) for k in key):
            self.set(CHOICES["set chosen"](self, key, traced(value)))
        elif key is Ellipsis or key == slice(None):
            self.set(broadcast(traced(value), self.sizes))
        else:
            raise CannotTraceError("in place only whole arrays and masks are set")

    def set(self, value: Traced) -> Traced:
        """Take other values in place. Raises CannotTraceError where another array shares them."""
        if self.is_view or self.has_views:
            raise CannotTraceError(
                "an array is changed in place that another one shows: change a copy, a.copy()"
            )
        if not same_shape(value.sizes, self.sizes):
            raise _mismatch(
                f"a result of shape {value.sizes} does not go into {self.sizes}", value.sizes, self.sizes
            )
        self.expr, self.chosen = value.expr, value.chosen
        return self

    # -------------------------------------------------------------------------------------- methods

    def copy(self) -> Traced:
        """Return a copy."""
        return Traced(self.sizes, self.expr, self.is_mask)

    def astype(self, dtype: Any, **_: Any) -> Traced:
        """Return the same numbers; truth values as 0 and 1."""
        if np.dtype(dtype).kind not in "fiu" or (np.dtype(dtype).kind != "f" and not self.is_mask):
            raise CannotTraceError(f"entries of kind {dtype} are not traced")
        return Traced(self.sizes, self.expr)

    def __getattr__(self, name: str) -> Any:
        if name in ("sum", "mean", "max", "min", "var", "std", "trace", "dot", "reshape", "transpose", "ravel", "flatten",
                    "squeeze", "clip", "cumsum", "prod", "diagonal"):  # fmt: skip
            function = {"flatten": np.ravel}.get(name) or getattr(np, name)
            return lambda *args, **options: function(self, *args, **options)
        raise AttributeError(f"a symbolic array has no {name}")


def traced(value: Any) -> Traced:
    """Return a number or an array of numbers as a symbolic array."""
    if isinstance(value, Traced):
        return value
    if isinstance(value, np.ndarray) and value.ndim:
        if value.size and (value == value.flat[0]).all():
            return broadcast(traced(value.flat[0]), tuple(map(Integer, value.shape)))
        raise CannotTraceError("an array of numbers among symbols is not traced: pass it as an argument")
    if isinstance(value, bool | np.bool_):
        return Traced((), Integer(bool(value)), True)
    if isinstance(value, int | np.integer):
        return Traced((), Integer(int(value)))
    if isinstance(value, float | np.floating | np.ndarray):
        return Traced((), number(float(value)))
    raise CannotTraceError(f"{type(value).__name__} is no number")


def number(value: float) -> Expr:
    """Return a number exactly as its shortest decimal says: 0.1 is 1/10."""
    if not np.isfinite(value):
        raise CannotTraceError("an infinite number has no expression")
    return Rational(repr(value)) if value == int(value) or abs(Float(value)) < 1e15 else Float(value)


def _count(value: Expr) -> Any:
    return int(value) if value.is_Integer else Traced((), value)


def size(value: Any) -> Size:
    """Return a size as a SymPy number or symbol."""
    return value.expr if isinstance(value, Traced) and not value.ndim else Integer(operator.index(value))


def _mismatch(message: str, a: Shape, b: Shape) -> ValueError:
    """Return the error of two shapes that are to be the same."""
    pair = next(((S(x), S(y)) for x, y in zip(a, b, strict=False) if S(x) != S(y)), None)
    return SizesError(message, pair) if pair and len(a) == len(b) else ValueError(message)


def same_shape(a: Shape, b: Shape) -> bool:
    """Tell whether two shapes are the same."""
    return len(a) == len(b) and all(S(x) == S(y) for x, y in zip(a, b, strict=True))


def common(*shapes: Shape) -> Shape:
    """Return the shape that NumPy broadcasts to. Raises ValueError as NumPy does."""
    axes = max(len(s) for s in shapes)
    out = []
    for k in range(axes):
        found = {S(s[k - axes + len(s)]) for s in shapes if k - axes + len(s) >= 0} - {S.One}
        if len(found) > 1:
            sizes = " and ".join(str(tuple(map(S, s))) for s in shapes)
            first, second, *_ = sorted(found, key=str)
            raise SizesError(f"operands could not be broadcast together with shapes {sizes}", (first, second))
        out.append(found.pop() if found else S.One)
    if axes > 2:
        raise CannotTraceError("arrays of three axes and more are not traced")
    return tuple(out)


def broadcast(x: Traced, shape: Shape) -> Traced:
    """Return an array spread to a shape."""
    shape = tuple(map(S, shape))
    if common(x.sizes, shape) != shape:
        raise ValueError(f"shape {x.sizes} does not broadcast to {shape}")
    if same_shape(x.sizes, shape):
        return Traced(shape, x.expr, x.is_mask)
    rows, columns = ((S.One,) * (2 - len(shape)) + shape)[-2:]
    have = x.two()
    expr = x.as_two()
    if have != (rows, columns):
        form = "scalar" if have == (1, 1) else "row" if have[0] == 1 else "column"
        expr = build.spread(expr, form, (rows, columns)) if (rows, columns) != (1, 1) else expr
    if len(shape) == 1:
        expr = build.transpose(expr)
    return Traced(shape, expr, x.is_mask)


def reshaped(x: Traced, shape: Shape, make: Callable[[Shape, Expr], Traced] | None = None) -> Traced:
    """Return the entries in another shape, where axes of size 1 come or go."""
    make = make or Traced
    have = [S(d) for d in x.sizes if S(d) != 1]
    want = [S(d) for d in shape if S(d) != 1]
    if have != want or len(shape) > 2:
        raise CannotTraceError("a reshape that is more than axes of size 1 is not traced")
    expr = x.expr
    if len(want) == 1:  # a row or a column
        is_row = x.ndim == 2 and S(x.sizes[0]) == 1
        becomes_row = len(shape) == 2 and S(shape[0]) == 1
        expr = build.transpose(expr) if is_row != becomes_row else expr
    return make(tuple(map(S, shape)), expr)


def scalar_symbol(name: str) -> Symbol:
    """Return the symbol of a scalar variable."""
    return Symbol(name, real=True)


def ones(shape: Shape) -> Traced:
    """Return an array of ones."""
    return broadcast(Traced((), S.One), shape)
