"""Square roots and logarithms of matrices of balls, enclosed rigorously.

An approximate root Y of X, by Denman and Beavers' iteration, is made an enclosure by its residual R = X - Y Y: with L the
map D -> Y D + D Y, every D with D = inv(L) (R - D D) makes Y + D a root, and by Brouwer's theorem there is one with entries
below r = 2 b |R| where b bounds inv(L) and 4 b b n |R| <= 1 (Kantorovich; Higham 2008, section 6.1).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.linalg
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
    """Return an enclosure of the principal logarithm: that of a root W near 1, 2 artanh of Z = inv(W + 1) (W - 1)."""
    n = x.shape[0]
    unit = arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    k = 0
    while not _norm(arb_mat(n, n, list(x.flat)) - unit) < 0.25:
        if k > 60:
            raise Undefined("a logarithm that is not enclosed")
        x, k = sqrtm(arithmetic, x), k + 1
        if isinstance(x[0, 0], Unknown):
            return x
    wide = arb_mat(n, n, list(x.flat))
    z = (wide + unit).inv() * (wide - unit)
    square, q = z * z, _norm(z)
    terms = math.ceil(ctx.prec / max(1, -2 * math.log2(q))) + 2 if q > 0 else 1
    total = unit * 0
    for j in range(terms, 0, -1):  # Horner's rule for 1 + z^2/3 + z^4/5 + ...
        total = unit * (arb(1) / (2 * j - 1)) + square * total
    total = 2 * z * total
    rest = arb(0, float((2 * q ** (2 * terms + 1) / (1 - q * q)).upper())) if q > 0 else arb(0)
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
    """Return a bound of the inverse of D -> Y D + D Y in the largest entry.

    Where Y'P + P Y >= 1/2 for a positive definite P, Y has its eigenvalues in the right half plane, and the inverse, the
    integral of exp(-tY) D exp(-tY), has at most the norm 2 max eig P in the norm of P (Lyapunov; Horn and Johnson 1991,
    section 2.2). That norm and the largest entry are n cond P apart at most.
    """
    about = np.array([float(e) for e in y.entries()]).reshape(n, n)
    try:
        p = scipy.linalg.solve_continuous_lyapunov(about.T, np.eye(n))
        p = (p + p.T) / 2
        values = np.linalg.eigvalsh(p)
    except (np.linalg.LinAlgError, ValueError):
        raise Undefined("a square root without a derivative") from None
    least, most = float(values[0]), float(values[-1])
    # What floats round off is far below 1e-9 ||Y|| ||P||.
    gap = float(np.linalg.norm(about.T @ p + p @ about - np.eye(n)))
    slack = 1e-9 * float(np.linalg.norm(about)) * most
    if not (np.isfinite(gap) and least > 1e-9 * most > 0 and gap + slack < 0.5):
        raise Undefined("a square root that is not enclosed")
    return arb(2 * most * (most / least) * n)


def _size(x: Any) -> Any:
    return max((abs(e).upper() for e in x.entries()), key=float)


def _norm(x: Any) -> Any:
    n = x.nrows()
    return max((sum((abs(x[i, j]) for j in range(n)), arb(0)).upper() for i in range(n)), key=float)
