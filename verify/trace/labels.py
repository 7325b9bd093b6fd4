"""Entries that labels choose, x[np.arange(n), labels], as sums against the one-hot matrix of the labels.

What is done to chosen entries one by one is done to the matrix before the choice: log(x)[...] for log(x[...]).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Identity, MatrixSymbol, S

from derive.expression import algebra
from verify.trace.arrays import CHOICES, CannotTraceError, Places, Size, SizesError, Traced, size
from verify.trace.functions import add, multiply, subtract, total

#: How the one-hot rows of labels are named: those of y are onehot_y.
ONE_HOT = "onehot_"


def one_hot(labels: Traced, classes: Size) -> Traced:
    """Return the matrix whose rows are one where the labels are."""
    if labels.ndim != 1 or not isinstance(labels.expr, MatrixSymbol):
        raise CannotTraceError("entries are chosen by labels that are an argument, an array of one axis")
    rows = S(labels.sizes[0])
    return Traced((rows, classes), MatrixSymbol(f"{ONE_HOT}{labels.expr.name}", rows, classes))


def choose(labels: Traced, of: Traced) -> Traced:
    """Return of every row the entry that its label says."""
    rows = one_hot(labels, of.sizes[1])
    found = total(multiply(rows, of), 1)
    found.chosen = (labels, of)
    return found


def _by_labels(x: Traced, keys: tuple[Any, ...]) -> Traced:
    """Return the labels in x[np.arange(n), labels]. Raises CannotTraceError."""
    places, labels = keys if len(keys) == 2 else (None, None)
    if x.ndim != 2 or not isinstance(places, Places) or not isinstance(labels, Traced) or labels.is_mask:
        raise CannotTraceError("of single entries only x[np.arange(n), labels] is traced")
    for count in (places.count, labels.sizes[0] if labels.ndim == 1 else S.One):
        if S(count) != S(x.sizes[0]):
            raise SizesError("labels of another number than rows", (S(count), S(x.sizes[0])))
    return labels


def _chosen(x: Traced, keys: tuple[Any, ...]) -> Traced:
    if len(keys) == 1 and isinstance(keys[0], Traced) and isinstance(x.expr, Identity):
        return one_hot(keys[0], x.sizes[1])
    return choose(_by_labels(x, keys), x)


def _set_chosen(x: Traced, keys: tuple[Any, ...], value: Traced) -> Traced:
    labels = _by_labels(x, keys)
    rows = one_hot(labels, x.sizes[1])
    known = value.chosen is not None and value.chosen[0].expr == labels.expr
    new = value.chosen[1] if known and value.chosen else (value if not value.ndim else value[:, None])
    kept = subtract(x, multiply(rows, x)) if x.expr != algebra.zero(x.two()) else x
    return add(kept, multiply(rows, new))


def _places(count: Any) -> Places:
    return Places(size(count))


def _eye(rows: Any, columns: Any = None) -> Traced:
    n = size(rows)
    if columns is not None and S(size(columns)) != S(n):
        raise CannotTraceError("an identity that is not square is not traced")
    return Traced((n, n), Identity(n))


CHOICES |= {"choose": choose, "chosen": _chosen, "set chosen": _set_chosen}
#: What NumPy makes of sizes alone, by name.
MADE: dict[str, Callable[..., Any]] = {"arange": _places, "eye": _eye, "identity": _eye}
