"""The value of a text to fifty digits, by a reader of its own and mpmath."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath
import numpy as np

from tests.derive import outside

#: Digits that numbers are computed with.
DIGITS = 60

_ENTRYWISE = {
    "exp": mpmath.exp, "log": mpmath.log, "sqrt": mpmath.sqrt, "sin": mpmath.sin, "cos": mpmath.cos,
    "tan": mpmath.tan, "sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh, "arctan": mpmath.atan,
    "abs": abs, "sign": mpmath.sign, "erf": mpmath.erf, "relu": lambda t: max(t, mpmath.mpf(0)),
    "step": lambda t: mpmath.mpf(t > 0), "sigmoid": lambda t: 1 / (1 + mpmath.exp(-t)),
    "softplus": lambda t: mpmath.log(1 + mpmath.exp(t)), "swish": lambda t: t / (1 + mpmath.exp(-t)),
    "gelu": lambda t: t * mpmath.ncdf(t),
}  # fmt: skip


def _matrix(x: np.ndarray) -> Any:
    return mpmath.matrix(x.tolist())


def _array(x: Any) -> np.ndarray:
    return np.array(x.tolist(), dtype=object)


def _power(x: np.ndarray, k: np.ndarray) -> np.ndarray:
    if x.size == 1:
        return x ** k[0, 0]
    return _array(_matrix(x) ** int(k[0, 0]))


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.vectorize(mpmath.exp, otypes=[object])(x)
    return e / e.sum()


_WHOLE = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, ".*": lambda a, b: a * b, "./": lambda a, b: a / b,
    "/": lambda a, b: a / b, ".^": lambda a, b: a**b, "minus": lambda a: -a, "'": lambda a: a.T,
    "*": lambda a, b: a * b if 1 in (a.size, b.size) else a @ b, "^": _power,
    "tr": np.trace, "sum": np.sum, "det": lambda a: mpmath.det(_matrix(a)),
    "logdet": lambda a: mpmath.log(abs(mpmath.det(_matrix(a)))), "inv": lambda a: _array(_matrix(a) ** -1),
    "adj": lambda a: mpmath.det(_matrix(a)) * _array(_matrix(a) ** -1), "norm1": lambda a: np.sum(abs(a)),
    "norm2": lambda a: mpmath.sqrt(np.sum(a * a)), "vec": lambda a: a.T.reshape(-1, 1), "diag": outside.diagonal,
    "softmax": _softmax, "logsumexp": lambda a: mpmath.log(sum(map(mpmath.exp, a.reshape(-1)))), "kron": np.kron,
}  # fmt: skip


def reader(
    text: str, shapes: Mapping[str, tuple], sizes: Mapping[str, int], target: tuple | None = None
) -> Any:
    """Return the function from values by name to the value of a text. Both raise outside.Unreadable."""
    tree = outside.read(text)
    shape = outside.unify(tree, dict.fromkeys(sizes, (1, 1)) | dict(shapes))
    for have, want in zip(shape, target or (), strict=False):
        outside._same(have, want, "the shape of the result")

    def value(values: Mapping[str, np.ndarray]) -> np.ndarray:
        try:
            return _value(tree, values, sizes)
        except ZeroDivisionError:
            raise outside.Unreadable("it has no value at this point") from None

    return value


def _value(tree: Any, values: Mapping[str, np.ndarray], sizes: Mapping[str, int]) -> np.ndarray:
    if tree.op == "number":
        value = +mpmath.pi if tree.leaf == str(np.pi) else mpmath.mpf(tree.leaf)
        return np.array([[value]], dtype=object)
    shape = tuple(outside._number(size, sizes) for size in tree.shape)
    if tree.op == "name":
        found = values[tree.leaf] if tree.leaf in values else mpmath.mpf(sizes[tree.leaf])
        return np.reshape(np.array(found, dtype=object), shape)
    if tree.op in ("eye", "vector", "matrix"):
        ones = np.eye(shape[0]) if tree.op == "eye" else np.ones(shape)
        return np.array([[mpmath.mpf(t) for t in row] for row in ones], dtype=object)
    parts = [_value(part, values, sizes) for part in tree.parts]
    if tree.op in _ENTRYWISE:
        return np.vectorize(_ENTRYWISE[tree.op], otypes=[object])(parts[0])
    if tree.op not in _WHOLE:
        raise outside.Unreadable(f"{tree.op} is not evaluated here")
    out = np.array(_WHOLE[tree.op](*parts), dtype=object)
    return out if out.ndim == 2 else out.reshape(1, 1)
