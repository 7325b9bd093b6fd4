"""Square roots and logarithms of matrices of balls, enclosed rigorously.

An approximate root Y of X, by Denman and Beavers' iteration, is made an enclosure by its residual R = X - Y Y: with L the
map D -> Y D + D Y, every D with D = inv(L) (R - D D) makes Y + D a root, and by Brouwer's theorem there is one with entries
below r = 2 b |R| where b bounds inv(L) and 4 b b n |R| <= 1 (Kantorovich; Higham 2008, section 6.1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx

from verify.arithmetics.base import OutsideDomain, Undefined, Unknown


def sqrtm(arithmetic: Any, x: np.ndarray) -> np.ndarray:
    """Return an enclosure of the principal square root. Raises Undefined where none is found; it is unknown where there is none."""
    n = x.shape[0]
    wide = arb_mat(n, n, list(x.flat))
    if wide.det() < 0:  # an odd number of eigenvalues are below 0
        return arithmetic.unknown(
            x.shape, "the root or the logarithm of a matrix, which is not real", OutsideDomain
        )
    y = _approximate(wide.mid(), n)
    residual = _size(wide - y * y)
    bound = _inverse_bound(y, n)
    if not 4 * bound * bound * n * residual < 1:
        raise Undefined("a square root that is not enclosed")
    radius = float((2 * bound * residual).upper())
    around = arb(0, radius) if radius > 0 else arb(0)
    out = np.empty((n, n), dtype=object)
    out.reshape(-1)[:] = [e + around for e in y.entries()]
    return out


def logm(arithmetic: Any, x: np.ndarray) -> np.ndarray:
    """Return an enclosure of the principal logarithm: that of a root W + 1 near 1 by its series in W."""
    n = x.shape[0]
    unit = arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    k = 0
    while not _norm(arb_mat(n, n, list(x.flat)) - unit) < 0.25:
        if k > 60:
            raise Undefined("a logarithm that is not enclosed")
        x, k = sqrtm(arithmetic, x), k + 1
        if isinstance(x[0, 0], Unknown):
            return x
    w = arb_mat(n, n, list(x.flat)) - unit
    terms = ctx.prec // 2 + 8
    total = unit * 0
    for j in range(terms, 0, -1):  # Horner's rule for w - w^2/2 + w^3/3 - ...
        total = w * (unit * (arb(1 if j % 2 else -1) / j) + total)
    q = _norm(w)
    rest = arb(0, float((q ** (terms + 1) / (1 - q)).upper())) if q > 0 else arb(0)
    out = np.empty((n, n), dtype=object)
    out.reshape(-1)[:] = [(e + rest) * arb(2) ** k for e in total.entries()]
    return out


def _approximate(x: Any, n: int) -> Any:
    """Return a root of a matrix of numbers to the precision at hand, with no radius."""
    unit = arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    m, y = x, x
    half = arb(1) / 2
    tolerance = arb(2) ** -(ctx.prec // 2 + 8)
    for _ in range(60):
        try:
            inverse = m.inv().mid()
        except ZeroDivisionError:
            raise Undefined("the root of a singular matrix") from None
        y = (y * (unit + inverse) * half).mid()
        gap = _size(m - unit)
        m = ((unit + (m + inverse) * half) * half).mid()
        if gap < tolerance:
            return y
    raise Undefined("a square root that is not real")


def _inverse_bound(y: Any, n: int) -> Any:
    """Return a bound of the inverse of D -> Y D + D Y in the largest entry, from an approximate inverse."""
    about = np.array([float(e) for e in y.entries()]).reshape(n, n)
    unit = np.eye(n)
    system = np.kron(about, unit) + np.kron(unit, about.T)
    try:
        inverse = np.linalg.inv(system)
    except np.linalg.LinAlgError:
        raise Undefined("a square root without a derivative") from None
    size = float(np.abs(inverse).sum(axis=1).max())
    # ||1 - B L|| <= ||1 - B L0|| + ||B|| ||L - L0||; what floats round off is far below 1e-9 ||B|| ||L||.
    gap = float(np.abs(np.eye(n * n) - inverse @ system).sum(axis=1).max())
    if not (np.isfinite(size) and gap + 1e-9 * size * np.abs(system).sum(axis=1).max() < 0.5):
        raise Undefined("a square root that is not enclosed")
    return arb(2 * size)


def _size(x: Any) -> Any:
    return max((abs(e).upper() for e in x.entries()), key=float)


def _norm(x: Any) -> Any:
    n = x.nrows()
    return max((sum((abs(x[i, j]) for j in range(n)), arb(0)).upper() for i in range(n)), key=float)
