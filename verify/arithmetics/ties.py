"""Entries of a matrix that share a parameter, and so move together.

A structure says for every entry which one stands first among those that hold its parameter, or that the entry is
fixed at 0. Everything else follows from that: the matrix of given parameters, and sums over all that share one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from verify.arithmetics.base import Arithmetic, Array

_Places = tuple[np.ndarray, np.ndarray]


def _symmetric(i: np.ndarray, j: np.ndarray) -> _Places:
    return np.minimum(i, j), np.maximum(i, j)


def _toeplitz(i: np.ndarray, j: np.ndarray) -> _Places:
    least = np.minimum(i, j)
    return i - least, j - least


def _diagonal(i: np.ndarray, j: np.ndarray) -> _Places:
    return np.where(i == j, i, -1), j


#: Assumption -> the first place that holds the parameter of entry (i, j), with -1 for none. In this order each maps
#: what the ones before it leave to first places again, so that structures combine.
STRUCTURES: dict[str, Callable[[np.ndarray, np.ndarray], _Places]] = {
    "structured-symmetric": _symmetric,
    "structured-toeplitz": _toeplitz,
    "structured-diagonal": _diagonal,
    "structured-lower": lambda i, j: (np.where(i >= j, i, -1), j),
    "structured-upper": lambda i, j: (np.where((i <= j) & (i >= 0), i, -1), j),
    "structured-skew": lambda i, j: (np.where(i == j, -1, np.minimum(i, j)), np.maximum(i, j)),
}


def _signs(shape: tuple[int, int], kinds: frozenset[str]) -> np.ndarray | None:
    """Return -1 where an entry is its parameter with the other sign, 1 elsewhere; None where all are 1."""
    if "structured-skew" not in kinds:
        return None
    return np.where(np.tri(*shape, k=-1, dtype=bool), -1, 1)


@lru_cache(maxsize=256)
def parameters(shape: tuple[int, int], kinds: frozenset[str]) -> np.ndarray:
    """Return the number of the parameter that each entry holds, -1 where it is fixed at 0.

    Parameters are numbered by their first places, row by row.
    """
    i, j = np.indices(shape)
    for kind, first in STRUCTURES.items():
        if kind in kinds:
            i, j = first(i, j)
    places, numbers = np.unique(np.where(i < 0, -1, i * shape[1] + j), return_inverse=True)
    return numbers.reshape(shape) - int(places.size > 0 and places[0] < 0)


@lru_cache(maxsize=256)
def _holders(shape: tuple[int, int], kinds: frozenset[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return for each parameter the places that hold it, filled up to one length, and 1 for those that count."""
    numbers = parameters(shape, kinds).reshape(-1)
    places = [np.flatnonzero(numbers == k) for k in range(numbers.max() + 1)]
    longest = max(len(p) for p in places)
    filled = np.array([np.resize(p, longest) for p in places])
    return filled, np.array([np.arange(longest) < len(p) for p in places]).astype(int)


def spread(free: Array, kinds: frozenset[str], arithmetic: Arithmetic) -> Array:
    """Return the matrix in which every entry is the free number at the first place of its parameter."""
    if parameters(free.shape, kinds).max() < 0:
        return free * arithmetic.full((1, 1), 0)
    first = _holders(free.shape, kinds)[0][:, 0]
    return _signed(
        _at_entries(free.reshape(-1, 1)[first], parameters(free.shape, kinds), arithmetic), kinds, arithmetic
    )


def gathered(x: Array, kinds: frozenset[str], arithmetic: Arithmetic) -> Array:
    """Return the matrix in which every entry is the sum of all entries that hold its parameter."""
    if parameters(x.shape, kinds).max() < 0:
        return x * arithmetic.full((1, 1), 0)
    holders, counts = _holders(x.shape, kinds)
    x = _signed(x, kinds, arithmetic)
    picked = x.reshape(-1, 1)[holders.reshape(-1)].reshape(*holders.shape)
    sums = (picked * arithmetic.array(counts)).sum(axis=1, keepdims=True)
    return _signed(_at_entries(sums, parameters(x.shape, kinds), arithmetic), kinds, arithmetic)


def _signed(x: Array, kinds: frozenset[str], arithmetic: Arithmetic) -> Array:
    signs = _signs(x.shape, kinds)
    return x if signs is None else x * arithmetic.array(signs)


def _at_entries(values: Array, numbers: np.ndarray, arithmetic: Arithmetic) -> Array:
    out = values[numbers.reshape(-1)].reshape(*numbers.shape)
    return out if (numbers >= 0).all() else out * arithmetic.array((numbers >= 0).astype(int))
