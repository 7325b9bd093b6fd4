"""Floating-point numbers: float64, and complex128 for the complex step.

Squire and Trapp 1998, "Using complex variables to estimate derivatives of real functions": f(x + ih) carries
the derivative in its imaginary part without a subtraction. It needs every function continued analytically, so
that |z| here is z·sign(Re z).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from fractions import Fraction
from functools import cache
from typing import Any, ClassVar

import numpy as np

from verify.arithmetics.base import SINGULAR, Arithmetic, Undefined
from verify.arithmetics.dual import Dual

#: Terms of the exponential series at norm 1/2: the next one is below 2^-53.
TERMS = 16


@cache
def _found(function: str) -> Any:
    """Return a function by Arb's name: NumPy's, which calls asin arcsin, or else SciPy's."""
    for name in (function, f"arc{function[1:]}"):
        if hasattr(np, name):
            return getattr(np, name)
    import scipy.special  # takes long to import

    return getattr(scipy.special, function)


#: Functions about the gamma function, by the order of derivative of its digamma function.
_GAMMA = {"lgamma": -1, "digamma": 0, "trigamma": 1, "tetragamma": 2, "pentagamma": 3}


def _polygamma(k: int, x: np.ndarray) -> np.ndarray:
    from scipy import special  # takes long to import

    if k < 1:
        return (
            special.loggamma(x)
            if k and np.iscomplexobj(x)
            else special.gammaln(x)
            if k
            else special.digamma(x)
        )
    if not np.iscomplexobj(x):
        return special.polygamma(k, x)
    return special.polygamma(k, x.real) + 1j * x.imag * special.polygamma(k + 1, x.real)  # of a small step


class Floats(Arithmetic):
    """Floats of one NumPy type."""

    def __init__(self, dtype: type) -> None:
        self.dtype = dtype
        self.name = np.dtype(dtype).name

    def context(self) -> AbstractContextManager[Any]:
        """Return a context without warnings: what is not finite is found by `check`."""
        return np.errstate(all="ignore")

    def number(self, q: Fraction | int) -> Any:
        """Return the nearest float."""
        return self.dtype(float(q))

    def constant(self, name: str) -> Any:
        """Return pi or e."""
        return self.dtype(getattr(np, name))

    def _entries(self, raw: np.ndarray) -> np.ndarray:
        return raw.astype(self.dtype)

    def _apply(self, function: str, x: np.ndarray) -> np.ndarray:
        if function == "kink":
            return np.zeros(x.shape)
        if function == "sign":
            return np.sign(x.real).astype(self.dtype)
        if function == "step":
            return (x.real > 0).astype(self.dtype)
        if function == "relu":
            return np.where(x.real <= 0, 0, x).astype(self.dtype)
        if function == "abs":
            return x * np.sign(x.real)
        if function == "log_abs":
            return np.log(x * np.sign(x.real))
        if function in _GAMMA:
            return _polygamma(_GAMMA[function], x)
        return _found(function)(x)

    def _power(self, x: np.ndarray, exponent: Fraction | int) -> np.ndarray:
        return np.sqrt(x) if exponent == Fraction(1, 2) else x ** float(exponent)

    def nonzero(self, e: Any) -> float:
        """Return the size of an entry."""
        return float(abs(e))

    def inverse(self, x: Any) -> Any:
        """Return the inverse; of floats without tangents by LAPACK."""
        if isinstance(x, Dual):
            return super().inverse(x)
        try:
            return np.linalg.inv(x)
        except np.linalg.LinAlgError:
            raise Undefined(SINGULAR) from None

    def determinant(self, x: Any) -> Any:
        """Return the determinant; of floats without tangents by LAPACK."""
        return super().determinant(x) if isinstance(x, Dual) else np.linalg.det(x).reshape(1, 1)

    def _expm(self, x: np.ndarray) -> np.ndarray:
        """Return the series at x/2^s, squared s times (Moler and Van Loan 2003, method 3)."""
        norm = float(np.abs(x).sum(axis=0).max(initial=0.0))
        if not np.isfinite(norm):
            raise Undefined("no finite value")
        squarings = max(0, int(np.ceil(np.log2(max(norm, 1e-300)))) + 1)
        scaled, unit = x / 2.0**squarings, np.eye(len(x), dtype=self.dtype)
        out = unit
        for k in range(TERMS, 0, -1):
            out = unit + scaled @ out / k
        for _ in range(squarings):
            out = out @ out
        return out

    def _sqrtm(self, x: np.ndarray) -> np.ndarray:
        """Return the principal square root by the product form of Denman and Beavers' iteration (Higham 2008, (6.29))."""
        unit = np.eye(len(x), dtype=self.dtype)
        m, y = x, x
        try:
            for _ in range(60):
                inverse = np.linalg.inv(m)
                y, m = y @ (unit + inverse) / 2, (unit + (m + inverse) / 2) / 2
                if not np.abs(m - unit).max() > 1e-13:
                    break
            else:
                raise Undefined("a square root that is not real")
            inverse = np.linalg.inv(m)
        except np.linalg.LinAlgError:
            raise Undefined(SINGULAR) from None
        return y @ (unit + inverse) / 2

    def _logm(self, x: np.ndarray) -> np.ndarray:
        """Return the principal logarithm: that of a root near 1 by quadrature of its integral (Higham 2008, (11.1))."""
        unit, k = np.eye(len(x), dtype=self.dtype), 0
        while not np.abs(x - unit).sum(axis=0).max(initial=0.0) < 0.25:
            if k > 40:
                raise Undefined("a logarithm that is not real")
            x, k = self._sqrtm(x), k + 1
        nodes, weights = np.polynomial.legendre.leggauss(10)
        out = sum(
            w / 2 * np.linalg.solve(unit + (t + 1) / 2 * (x - unit), x - unit)
            for t, w in zip(nodes, weights, strict=True)
        )
        return 2**k * out

    kernels: ClassVar[dict[str, Any]] = {"expm": _expm, "sqrtm": _sqrtm, "logm": _logm}

    def _eigenpair(self, x: np.ndarray, i: int) -> tuple[np.ndarray, np.ndarray]:
        real = not np.iscomplexobj(x)
        try:
            values, vectors = np.linalg.eigh(x) if real and np.array_equal(x, x.T) else np.linalg.eig(x)
        except np.linalg.LinAlgError:
            raise Undefined("eigenvalues of a matrix that is not finite") from None
        k = np.argsort(values.real)[i - 1]
        value, v = values[k], vectors[:, k : k + 1]
        if real and value.imag:
            raise Undefined("eigenvalues that are not real")
        v = v / np.sqrt((v * v).sum())
        if real:
            value, v = value.real, v.real
        return np.array([[value]]), v * self.orientation(v.real)

    def finite(self, e: Any) -> bool:
        """Return whether an entry is neither infinite nor NaN."""
        return bool(np.isfinite(e))


FLOAT = Floats(np.float64)
COMPLEX = Floats(np.complex128)
