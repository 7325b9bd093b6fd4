"""Functions of a matrix that every arithmetic computes in the same way: by ring operations, comparisons and roots.

They act on arrays and on dual numbers alike, so that derivatives come from the values' own computation.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np

from verify.arithmetics.base import Arithmetic, Array
from verify.arithmetics.dual import Dual


def argmax_of_rows(a: Arithmetic, x: Array) -> Array:
    """Return 1 at the largest entry of every row, 0 elsewhere; it is constant nearby."""
    if isinstance(x, Dual):
        return argmax_of_rows(a, x.value)
    return a.indicator_of_largest(x)


def max_of_rows(a: Arithmetic, x: Array) -> Array:
    """Return the largest entry of every row as a column."""
    return (argmax_of_rows(a, x) * x).sum(axis=1, keepdims=True)


def prod_of_rows(a: Arithmetic, x: Array) -> Array:
    """Return the product of every row as a column."""
    if x.shape[1] == 0:
        return a.full((x.shape[0], 1), 1)
    out = x[:, :1]
    for j in range(1, x.shape[1]):
        out = out * x[:, j : j + 1]
    return out


def _of_all(f: Callable[[Arithmetic, Array], Array]) -> Callable[[Arithmetic, Array], Array]:
    def at(a: Arithmetic, x: Array) -> Array:
        y = f(a, x.reshape(1, -1))
        return y if y.shape == (1, 1) else y.reshape(*x.shape)

    return at


def cosine(a: Arithmetic, x: Array) -> Array:
    """Return cos X, the upper left block of exp [[0, -X], [X, 0]] (Higham 2008, section 12.1)."""
    n = x.shape[0]
    return _rotation(a, x)[:n, :n]


def sine(a: Arithmetic, x: Array) -> Array:
    """Return sin X, the lower left block of exp [[0, -X], [X, 0]]."""
    n = x.shape[0]
    return _rotation(a, x)[n:, :n]


def _rotation(a: Arithmetic, x: Array) -> Array:
    n = x.shape[0]
    unit = a.eye(2 * n)
    first, second = unit[:, :n], unit[:, n:]
    return a.expm(second @ x @ first.T - first @ x @ second.T)


def cholesky(a: Arithmetic, x: Array) -> Array:
    """Return L of L L' = (X + X')/2, column by column (Golub and Van Loan 2013, algorithm 4.2.1)."""
    n = x.shape[0]
    rest = a.full((1, 1), Fraction(1, 2)) * (x + x.T)
    unit, out = a.eye(n), a.full((n, n), 0)
    for k in range(n):
        below = a.array(np.diag((np.arange(n) >= k).astype(int)))
        column = (below @ rest[:, k : k + 1]) * a.power(rest[k : k + 1, k : k + 1], Fraction(-1, 2))
        rest = rest - column @ column.T
        out = column @ unit[k : k + 1] + out
    return out


def polar(a: Arithmetic, x: Array) -> Array:
    """Return the orthonormal factor U of X = U H of a matrix of full rank."""
    if x.shape[0] >= x.shape[1]:
        return x @ a.inverse(a.matrix_function("sqrtm", x.T @ x))
    return a.inverse(a.matrix_function("sqrtm", x @ x.T)) @ x


def nuclear_norm(a: Arithmetic, x: Array) -> Array:
    """Return the sum of the singular values of a matrix of full rank."""
    gram = x.T @ x if x.shape[0] >= x.shape[1] else x @ x.T
    root = a.matrix_function("sqrtm", gram) * a.eye(gram.shape[0])
    return root.sum(axis=(0, 1), keepdims=True)


def eigenvalues(a: Arithmetic, x: Array) -> Array:
    """Return the eigenvalues of a symmetric matrix, the smallest first, as a column."""
    n, unit = x.shape[0], a.eye(x.shape[0])
    out = a.full((n, 1), 0)
    for i in range(n):
        out = unit[:, i : i + 1] * a.eigenpair(x, i + 1)[0] + out
    return out


def eigenvectors(a: Arithmetic, x: Array) -> Array:
    """Return the eigenvectors of a symmetric matrix as columns, that of the smallest eigenvalue first."""
    n, unit = x.shape[0], a.eye(x.shape[0])
    out = a.full((n, n), 0)
    for i in range(n):
        out = a.eigenpair(x, i + 1)[1] @ unit[i : i + 1] + out
    return out


def skew(a: Arithmetic, x: Array) -> Array:
    """Return the matrix of the cross product by a column of three."""
    out = a.full((3, 3), 0)
    for k in range(3):
        turn = np.zeros((3, 3), dtype=int)
        turn[(k + 2) % 3, (k + 1) % 3], turn[(k + 1) % 3, (k + 2) % 3] = 1, -1
        out = x[k : k + 1] * a.array(turn) + out
    return out


def unskew(a: Arithmetic, x: Array) -> Array:
    """Return the column of the differences of entries across the diagonal, the adjoint of `skew`."""
    y, unit = x - x.T, a.eye(3)
    out = a.full((3, 1), 0)
    for k in range(3):
        i, j = (k + 2) % 3, (k + 1) % 3
        out = unit[:, k : k + 1] * y[i : i + 1, j : j + 1] + out
    return out


def vech(a: Arithmetic, x: Array) -> Array:
    """Return the columns of the entries on and below the diagonal, stacked."""
    n = x.shape[0]
    return x.T.reshape(-1, 1)[[n * j + i for j in range(n) for i in range(j, n)]]


def unvech(a: Arithmetic, x: Array, size: Array) -> Array:
    """Return the lower triangular matrix with the given columns, the adjoint of `vech`."""
    k = x.shape[0]
    n = (isqrt(8 * k + 1) - 1) // 2
    places = np.zeros((n * n, k), dtype=int)
    places[[n * i + j for j in range(n) for i in range(j, n)], range(k)] = 1
    return (a.array(places) @ x).reshape(n, n)


#: Kernel -> what it is.
GENERIC: dict[str, Callable[..., Any]] = {
    "argmax": argmax_of_rows,
    "max": max_of_rows,
    "prod": prod_of_rows,
    "argmax all": _of_all(argmax_of_rows),
    "max all": _of_all(max_of_rows),
    "prod all": _of_all(prod_of_rows),
    "cosm": cosine,
    "sinm": sine,
    "chol": cholesky,
    "polar": polar,
    "normnuc": nuclear_norm,
    "eigvals": eigenvalues,
    "eigvecs": eigenvectors,
    "skew": skew,
    "unskew": unskew,
    "vech": vech,
    "unvech": unvech,
}
