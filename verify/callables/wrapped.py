"""Other people's functions behind one face: a flat float64 vector in, one float out.

x may be a NumPy array, a number, a tensor, or a tuple, list or dict of these (nested if need be). f gets the same kind of thing, a fresh
copy at every call, so that one that changes its argument does no harm. What f and grad return is read through
the array interface (`__array__`, `.detach()`, `.cpu()`); no framework is imported.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.errors import InputError

Floats = NDArray[np.float64]


def to_array(value: Any) -> NDArray[Any]:
    """Return a number, array or tensor as a NumPy array, without sharing memory with it."""
    for method in ("detach", "cpu"):
        if hasattr(value, method):
            value = getattr(value, method)()
    return np.array(value)


@cache
def spacing(dtype: np.dtype[Any]) -> float:
    """Return the relative spacing of a floating-point type; that of float64 for integers."""
    if np.issubdtype(dtype, np.floating):
        return max(float(np.finfo(dtype).eps), float(np.finfo(float).eps))
    # bfloat16 and its kin are no NumPy types: 8 significant bits are the fewest in use.
    return 2.0**-8 if dtype.kind == "V" else float(np.finfo(float).eps)


@dataclass(frozen=True)
class Leaf:
    """One array of x: its name, shape and type, and where it lies in the flat vector."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    at: slice
    new_tensor: Callable[[NDArray[Any]], Any] | None

    def rebuild(self, array: NDArray[Any]) -> Any:
        """Return the array as the caller's kind of tensor; as it is, if x was no tensor."""
        return array if self.new_tensor is None else self.new_tensor(array)


class NotFiniteError(InputError):
    """A claimed gradient with entries that are not finite; `claim` is the flat vector of it."""

    def __init__(self, message: str, claim: Floats) -> None:
        super().__init__(message)
        self.claim = claim


class Argument:
    """The point x: its arrays, its flat vector, and the way back to what the caller passed."""

    def __init__(self, x: Any) -> None:
        self.like = x
        self.leaves: list[Leaf] = []
        parts: list[Floats] = []
        at = 0
        for name, part in _arrays(x, "x"):
            array = _real_leaf(name, part)
            span = slice(at, at + array.size)
            self.leaves.append(Leaf(name, array.shape, array.dtype, span, getattr(part, "new_tensor", None)))
            parts.append(array.astype(float).ravel())
            at += array.size
        self.flat: Floats = np.concatenate(parts) if parts else np.zeros(0)
        if not self.flat.size:
            raise InputError("x is empty, so there is nothing to differentiate: give it at least one entry")
        bad = np.flatnonzero(~np.isfinite(self.flat))
        if bad.size:
            raise InputError(f"{self.name(bad[0])} is {self.flat[bad[0]]}: x must be finite")
        self.spacing: Floats = np.concatenate(
            [np.full(leaf.at.stop - leaf.at.start, spacing(leaf.dtype)) for leaf in self.leaves]
        )
        whole = self.leaves[0]
        plain = whole.dtype == np.float64 and whole.new_tensor is None and not _is_container(x)
        #: The shape of x where it is one array of floats, as most are: their way back is short.
        self._plain = whole.shape if plain else None

    def hint(self, function: Callable[[Any], Any], name: str) -> str:
        """Return what may be wrong with a function that fails at x: how it takes its arguments, or of which kind."""
        parts = len(self.like) if isinstance(self.like, tuple | list) and _is_container(self.like) else 1
        if _takes(function, parts) and not _takes(function, 1):
            return f"; {name} gets x as one argument: pass lambda x: {name}(*x)"
        if any(leaf.new_tensor for leaf in self.leaves):
            return ""
        return f"; {name} gets NumPy arrays: if it takes tensors, pass x as one"

    def leaf(self, entry: int) -> Leaf:
        """Return the array to which an entry of the flat vector belongs."""
        return next(leaf for leaf in self.leaves if entry < leaf.at.stop)

    def index(self, entry: int) -> tuple[int, ...]:
        """Return the index of an entry within its array."""
        leaf = self.leaf(entry)
        return tuple(int(i) for i in np.unravel_index(entry - leaf.at.start, leaf.shape))

    def name(self, entry: int) -> str:
        """Return how a person would write an entry: `x[0, 2]`, `x['W'][3]`."""
        index = self.index(int(entry))
        return self.leaf(int(entry)).name + (f"[{', '.join(map(str, index))}]" if index else "")

    def round(self, flat: Floats) -> Floats:
        """Return the nearest vector that the arrays' own types can hold."""
        out = flat.copy()
        for leaf in self.leaves:
            if leaf.dtype != np.float64:
                out[leaf.at] = flat[leaf.at].astype(leaf.dtype)
        return out

    def unflatten(self, flat: NDArray[Any], *, keep_type: bool = True) -> Any:
        """Return a fresh value of the caller's kind; with `keep_type` false, as plain arrays of flat's type."""
        if self._plain is not None:
            return flat.reshape(self._plain).astype(float) if keep_type else flat.reshape(self._plain)
        arrays = iter(
            leaf.rebuild(flat[leaf.at].reshape(leaf.shape).astype(leaf.dtype))
            if keep_type
            else flat[leaf.at].reshape(leaf.shape)
            for leaf in self.leaves
        )
        return _refill(self.like, arrays)

    def flatten_gradient(self, value: Any) -> tuple[Floats, Floats]:
        """Return a claimed gradient as a flat vector, with the relative spacing of its arithmetic.

        Raises InputError where its shape or structure is not that of x, or an entry is not a finite real number.
        """
        flat, units = [], []
        for leaf, (name, part) in zip(self.leaves, _alongside(self.like, value, "the gradient"), strict=True):
            array = _claim_array(name, part, leaf)
            flat.append(array.astype(float).ravel())
            units.append(np.full(array.size, spacing(array.dtype)))
        vector = np.concatenate(flat)
        bad = np.flatnonzero(~np.isfinite(vector))
        if bad.size:
            raise NotFiniteError(
                f"the gradient is {vector[bad[0]]} at entry {self.name(bad[0])} of this x", vector
            )
        return vector, np.concatenate(units)


def kind(x: Any) -> str:
    """Return what something is, in words: None, a str, a float."""
    return "None" if x is None else f"a {type(x).__name__}"


def _takes(function: Callable[..., Any], number: int) -> bool:
    """Return whether a function can be called with so many arguments, as far as its signature says."""
    try:
        inspect.signature(function).bind(*[None] * number)
    except (TypeError, ValueError):
        return False
    return True


def _is_container(x: Any) -> bool:
    """Return whether x is a container of arrays, not a nested list of numbers that is itself one array."""
    if isinstance(x, dict):
        return True
    return isinstance(x, tuple | list) and any(
        hasattr(part, "__array__") or hasattr(part, "detach") or _is_container(part) for part in x
    )


def _arrays(x: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not _is_container(x):
        yield name, x
        return
    for key, part in x.items() if isinstance(x, dict) else enumerate(x):
        yield from _arrays(part, f"{name}[{key!r}]")


def _alongside(x: Any, claim: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the arrays of a claim in the order of those of x; keys of dicts may come in any order."""
    if not _is_container(x):
        yield name, claim
        return
    keys = set(x) if isinstance(x, dict) else set(range(len(x)))
    given = (
        set(claim)
        if isinstance(claim, dict)
        else set(range(len(claim)))
        if isinstance(claim, tuple | list)
        else None
    )
    if given != keys or isinstance(x, dict) != isinstance(claim, dict):
        kind = type(x).__name__
        listed = ", ".join(repr(key) for key in (x if isinstance(x, dict) else range(len(x))))
        raise InputError(f"{name} must be a {kind} like x, with an entry for each of {listed}")
    for key, part in x.items() if isinstance(x, dict) else enumerate(x):
        yield from _alongside(part, claim[key], f"{name}[{key!r}]")


def _refill(like: Any, arrays: Iterator[Any]) -> Any:
    if not _is_container(like):
        return next(arrays)
    if isinstance(like, dict):
        return {key: _refill(part, arrays) for key, part in like.items()}
    parts = [_refill(part, arrays) for part in like]
    if hasattr(like, "_fields"):
        return type(like)(*parts)
    return tuple(parts) if isinstance(like, tuple) else parts


def _real_leaf(name: str, part: Any) -> NDArray[Any]:
    try:
        array = to_array(part)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name} is not an array of numbers: {_one_line(error)}") from None
    if np.iscomplexobj(array):
        raise InputError(f"{name} is complex: pass its real and imaginary parts as two real arrays")
    if array.dtype.kind not in "fiubV" or (array.dtype.kind == "V" and array.dtype.names):
        raise InputError(f"{name} has the type {array.dtype}: pass real numbers")
    exact = array.dtype.kind == "f" and array.dtype.itemsize <= 8
    return array if exact else array.astype(np.float64)


def _claim_array(name: str, part: Any, leaf: Leaf) -> NDArray[Any]:
    try:
        array = to_array(part)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name} is not an array of numbers: {_one_line(error)}") from None
    if np.iscomplexobj(array) or array.dtype.kind not in "fiubV":
        raise InputError(f"{name} has the type {array.dtype}: it must be real numbers")
    if array.shape == leaf.shape:
        return array
    said = f"{name} is {by(array.shape)}, {leaf.name} is {by(leaf.shape)}"
    if array.shape == leaf.shape[::-1]:
        raise InputError(f"{said}: is it the transpose?")
    if array.size == int(np.prod(leaf.shape)):
        raise InputError(f"{said}: give it in the shape of {leaf.name}, .reshape{leaf.shape}")
    raise InputError(f"{said}: the gradient of a scalar has the shape of its variable")


def by(shape: tuple[int, ...]) -> str:
    """Return a shape in words: `3 x 2`, `a vector of 3`, `a scalar`."""
    if not shape:
        return "a scalar"
    return f"a vector of {shape[0]}" if len(shape) == 1 else " x ".join(map(str, shape))


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


class ScalarFunction:
    """f over flat vectors: counted, timed, and never called again once its time is up."""

    def __init__(self, f: Callable[[Any], Any], variable: Argument, seconds: float) -> None:
        if not callable(f):
            raise InputError(f"f is not callable but {kind(f)}: give a function of x that returns one number")
        self.f, self.variable = f, variable
        self.deadline = time.monotonic() + seconds
        self.calls = 0
        self.unit = float(np.finfo(float).eps)
        self.single = True
        self.trouble = ""
        self.centre = self._first_value()

    @property
    def late(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self.deadline

    def _first_value(self) -> float:
        try:
            value = self._evaluate(self.variable.flat)
        except InputError:
            raise
        except Exception as error:
            hint = self.variable.hint(self.f, "f")
            raise InputError(f"f failed at x itself ({_one_line(error)}){hint}") from error
        if not np.isfinite(value):
            raise InputError(f"f is {value} at x itself: move x to where f is finite")
        return value

    def _evaluate(self, flat: Floats) -> float:
        self.calls += 1
        # Steps that leave the domain of f are expected; they are told by the value, not by warnings.
        with np.errstate(all="ignore"):
            found = self.f(self.variable.unflatten(flat))
            value = float(found) if type(found) in (float, np.float64) else self._number(to_array(found))
            self.single = self.single and value == float(np.float32(value))
        return value

    def _number(self, out: NDArray[Any]) -> float:
        """Return the number that f gives as an array of one entry, and note its arithmetic."""
        if out.size != 1:
            raise InputError(
                f"f returns {by(out.shape)}, a gradient needs one number: sum it, or pick one component"
            )
        if np.iscomplexobj(out):
            raise InputError("f returns a complex number: return its real part, or its squared modulus")
        if out.dtype.kind not in "fiubV":
            raise InputError(f"f returns the type {out.dtype}: it must return one real number")
        self.unit = max(self.unit, spacing(out.dtype))
        return float(out.reshape(()).astype(float))

    def __call__(self, flat: Floats) -> float:
        """Return f, or nan where it fails, overflows, or the time is up; `trouble` then tells what happened."""
        if self.late:
            return float("nan")
        try:
            value = self._evaluate(flat)
        except Exception as error:
            self.trouble = f"{_one_line(error)} at {self._where(flat)}"
            return float("nan")
        if not math.isfinite(value):
            self.trouble = f"f is {value} at {self._where(flat)}"
            return float("nan")
        return value

    def _where(self, flat: Floats) -> str:
        moved = np.flatnonzero(flat != self.variable.flat)
        if moved.size != 1:
            return f"a point {np.max(np.abs(flat - self.variable.flat)):.1e} from x"
        return f"{self.variable.name(moved[0])} = {flat[moved[0]]:.17g}"
