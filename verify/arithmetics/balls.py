"""Real balls: midpoint and radius, with every rounding error inside the radius (python-flint `arb`).

Johansson 2017, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic". Two disjoint balls
are a proof that two numbers differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import factorial
from threading import RLock
from typing import Any, ClassVar

import numpy as np
from flint import acb_mat, arb, arb_mat, ctx, fmpq

from verify.arithmetics.ball_roots import logm, sqrtm
from verify.arithmetics.base import Arithmetic, OutsideDomain, Undefined, Unknown

_PRECISION = RLock()


class Balls(Arithmetic):
    """Real balls with the given number of bits."""

    def __init__(self, bits: int = 256) -> None:
        self.bits = bits
        self.name = f"real balls of {bits} bits"

    @contextmanager
    def context(self) -> Iterator[None]:
        """Compute with this precision; one thread at a time, for python-flint's precision is the process's."""
        with _PRECISION, ctx.workprec(self.bits):
            yield

    def number(self, q: Fraction | int) -> Any:
        """Return a ball around q: of radius 0 where q has few enough binary digits."""
        if isinstance(q, Fraction) and q.denominator != 1:
            return arb(fmpq(q.numerator, q.denominator))
        return arb(int(q))

    def constant(self, name: str) -> Any:
        """Return pi or e."""
        return arb.pi() if name == "pi" else arb.const_e()

    def _apply(self, function: str, x: np.ndarray) -> np.ndarray:
        at = _BALL.get(function) or getattr(arb, function)
        out = np.empty(x.shape, dtype=object)
        out.reshape(-1)[:] = [e if isinstance(e, Unknown) else at(e) for e in x.flat]
        return out

    def _power(self, x: np.ndarray, exponent: Fraction | int) -> np.ndarray:
        if isinstance(exponent, int):
            return x ** arb(exponent)
        y = self.number(exponent)
        out = np.empty(x.shape, dtype=object)
        out.reshape(-1)[:] = [
            e**y if isinstance(e, Unknown) or not e < 0 else _outside("a root") for e in x.flat
        ]
        return out

    def general_power(self, x: Any, y: Any) -> Any:
        """Return x^y, for constant integer y of any sign of x."""
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
            return x**y
        return super().general_power(x, y)

    def nonzero(self, e: Any) -> float:
        """Return a lower bound of the size of an entry."""
        if isinstance(e, Unknown):
            return super().nonzero(e)
        return float(e.abs_lower())

    def _expm(self, x: np.ndarray) -> Any:
        flat = arb_mat(x.shape[0], x.shape[1], list(x.flat)).exp().entries()
        out = np.empty(x.shape, dtype=object)
        out.reshape(-1)[:] = flat
        return out

    kernels: ClassVar[dict[str, Any]] = {"expm": _expm, "sqrtm": sqrtm, "logm": logm}

    def _eigenpair(self, x: np.ndarray, i: int) -> tuple[Any, Any]:
        n = x.shape[0]
        if any(isinstance(e, Unknown) for e in x.flat):
            return super()._eigenpair(x, i)
        try:  # the enclosures are disjoint, and each holds one eigenvalue of every matrix in the ball
            values, vectors = acb_mat(arb_mat(n, n, list(x.flat))).eig(right=True)
        except ValueError:
            raise Undefined("eigenvalues that are not told apart") from None
        if not all(e.imag.contains(0) for e in values):
            raise Undefined("eigenvalues that are not real")
        # Disjoint enclosures that meet the real line have disjoint real parts, and hold no conjugate pair.
        k = sorted(range(n), key=lambda j: float(values[j].real.mid()))[i - 1]
        column = [vectors[j, k] for j in range(n)]
        largest = max(column, key=lambda e: float(e.abs_lower()))
        v = np.array([(e / largest).real for e in column], dtype=object).reshape(n, 1)
        v = v / (v * v).sum().sqrt()
        value = np.array([[values[k].real]], dtype=object)
        return value, v * self.orientation(v)

    def finite(self, e: Any) -> bool:
        """Return whether a ball is bounded."""
        return e.is_finite()


def _kink(e: Any) -> Any:
    return Unknown("no derivative at the kink", Undefined) if e.contains(0) else arb(0)


def _sign(e: Any) -> Any:
    return (
        arb(0)
        if e.is_zero()
        else Unknown("a sign that is not known", Undefined)
        if e.contains(0)
        else e.sgn()
    )


def _step(e: Any) -> Any:
    if e > 0:
        return arb(1)
    return arb(0) if e <= 0 else Unknown("a sign that is not known", Undefined)


def _relu(e: Any) -> Any:
    return e if e > 0 else arb(0) if e <= 0 else (e + abs(e)) / 2


def _log(e: Any) -> Any:
    if e < 0:
        return _outside("the logarithm")
    return e.log() if e > 0 else Unknown("the logarithm of a number that is not positive", Undefined)


def _outside(what: str) -> Unknown:
    sign = "not positive" if what == "the logarithm" else "negative"
    return Unknown(f"{what} of a number that is {sign}", OutsideDomain)


def _arc(name: str) -> Any:
    def at(e: Any) -> Any:
        if abs(e) > 1:
            return Unknown(f"the {name} of a number beyond 1", OutsideDomain)
        return e.asin() if name == "arc sine" else e.acos()

    return at


def _polygamma(k: int) -> Any:
    """The k-th derivative of the digamma function is (-1)^(k+1) k! zeta(k + 1, x) (DLMF 25.11.12)."""
    return lambda e: (-1) ** (k + 1) * factorial(k) * arb(k + 1).zeta(e)


_BALL: dict[str, Any] = {
    name: getattr(arb, name)
    for name in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "erf")
} | {
    "abs": abs,
    "asin": _arc("arc sine"),
    "acos": _arc("arc cosine"),
    "log": _log,
    "log_abs": lambda e: _log(abs(e)),
    "sign": _sign,
    "step": _step,
    "relu": _relu,
    "kink": _kink,
    "lgamma": lambda e: e.lgamma(),
    "digamma": lambda e: e.digamma(),
    "trigamma": _polygamma(1),
    "tetragamma": _polygamma(2),
    "pentagamma": _polygamma(3),
}
