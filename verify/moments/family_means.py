"""Expectations of functions of one entry that is no Gaussian, with proved digits.

Two values and Poisson series are summed, densities on an interval or a half-line are integrated in balls as the
Gaussian's is (`rigorous`): f is cut at its kinks, and what is left out of a half-line or a series is bounded by
|f(x)| ≤ c·exp(b|x|). No antiderivative is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import sympy as sp
from flint import acb, arb

from derive.moments.activations import X
from derive.moments.pieces import UndecidedError, pieces
from verify.arithmetics.base import Abstain, Undefined
from verify.moments.rigorous import compiled, growth, number

#: Lengths of a half-line that are integrated over, in units of the density's fall: e^(-T) is below 2^-230.
_LENGTH = 160
#: The most values of an integrand: one without singularities needs some hundreds.
_EVALUATIONS = 20_000
#: The terms of a Poisson series that are summed.
_TERMS = 220
#: A polynomial is bounded by c·exp(|x|/_FLAT), so that it grows less fast than any density here falls.
_FLAT = 64

#: E[f(start + slope·z)·z^k] from f, start, slope and k, by the family's parameters.
Mean = Callable[..., Any]


def family_mean(family: str, parameters: list[Any], f: sp.Expr, start: Any, slope: Any, k: int) -> Any:
    """Return E[f(start + slope·z) z^k] as a ball, for an entry z of a family. Raises Abstain, Undefined."""
    return _MEANS[family](f, start, slope, k, *parameters)


def _value(f: sp.Expr, x: Any) -> Any:
    found = acb(0)
    for part in _pieces(f):
        low, high = _ends(part)
        if (low is None or bool(x > low)) and (high is None or bool(x <= high)):
            found = compiled(part.expression)(acb(x), False)
            break
    else:
        raise Undefined("a value at a kink")
    if not found.is_finite():
        raise Undefined("a value that is not finite")
    return found.real


def _bernoulli(f: sp.Expr, start: Any, slope: Any, k: int, p: Any) -> Any:
    return p * _value(f, start + slope) + ((1 - p) * _value(f, start) if k == 0 else 0)


def _rademacher(f: sp.Expr, start: Any, slope: Any, k: int) -> Any:
    return (_value(f, start + slope) + (-1) ** k * _value(f, start - slope)) / 2


def _uniform(f: sp.Expr, start: Any, slope: Any, k: int, a: Any, b: Any) -> Any:
    if not bool(b > a):
        raise Undefined("an interval of no length")
    return _over(f, start, slope, a, b, lambda z: z**k) / (b - a)


def _exponential(f: sp.Expr, start: Any, slope: Any, k: int, rate: Any) -> Any:
    if not bool(rate > 0):
        raise Undefined("a rate that is not positive")
    return _half_line(f, start, slope / rate, k, arb(0), 1 / rate)


def _laplace(f: sp.Expr, start: Any, slope: Any, k: int, mean: Any, scale: Any) -> Any:
    if not bool(scale > 0):
        raise Undefined("a scale that is not positive")
    middle = start + slope * mean
    right = _half_line(f, middle, slope * scale, k, mean, scale)
    return (right + _half_line(f, middle, -slope * scale, k, mean, -scale)) / 2


def _half_line(f: sp.Expr, start: Any, slope: Any, k: int, shift: Any, stretch: Any) -> Any:
    """Return the integral of f(start + slope·z)·(shift + stretch·z)^k·exp(-z) over z > 0."""
    c, b = _bound(f, slope)
    # |shift + stretch·z|^k ≤ k!·F^k·exp((|shift| + |stretch|·z)/F), and f as its growth says.
    flat = arb(k > 0) / _FLAT
    falling = 1 - b * abs(slope) - flat * abs(stretch)
    if not bool(falling > 0):
        raise Undefined("a function that grows too fast for its mean here")
    length = (_LENGTH / falling).upper().ceil()
    if not bool(abs(slope) * length > abs(start)):
        raise Undefined("a function whose argument has not the sign of its slope yet")
    total = _over(f, start, slope, arb(0), arb(length), lambda z: (shift + stretch * z) ** k * (-z).exp())
    front = c * (abs(b * start) + flat * abs(shift)).exp() * math.factorial(k) * _FLAT**k
    rest = front * (-falling * length).exp() / falling
    return total + arb(0, rest.upper())


def _bound(f: sp.Expr, slope: Any) -> tuple[Any, Any]:
    """Return (c, b) with |f(x)| ≤ c·exp(b|x|) for the x of the slope's sign."""
    side = 1 if bool(slope > 0) else -1
    bounds = [growth(part.expression, _FLAT, side) for part in _pieces(f)]
    steepest = bounds[0][1]
    for _, b in bounds[1:]:
        steepest = steepest if bool(steepest >= b) else b
    return sum((c for c, _ in bounds), arb(0)), steepest


def _over(f: sp.Expr, start: Any, slope: Any, a: Any, b: Any, weight: Callable[[Any], Any]) -> Any:
    """Return the integral of f(start + slope·z)·weight(z) over an interval, piece by piece."""
    if not bool(slope != 0):
        raise Undefined("a function of a constant")
    total = acb(0)
    for part in _pieces(f):
        if part.expression == 0:
            continue
        low, high = (None if end is None else (end - start) / slope for end in _ends(part))
        if bool(slope < 0):
            low, high = high, low
        left = a if low is None or not bool(low > a) else low
        right = b if high is None or not bool(high < b) else high
        if not bool(left < right):
            continue
        g = compiled(part.expression)

        def integrand(z: Any, analytic: bool, g: Any = g) -> Any:
            return g(start + slope * z, analytic) * weight(z)

        total += acb.integral(integrand, acb(left), acb(right), eval_limit=_EVALUATIONS)
    if not total.is_finite():
        raise Abstain("the integral has no finite enclosure here")
    return total.real


def _poisson(f: sp.Expr, start: Any, slope: Any, k: int, rate: Any) -> Any:
    if not bool(rate > 0):
        raise Undefined("a rate that is not positive")
    total, weight = arb(0), (-rate).exp()
    for n in range(_TERMS):
        total += weight * n**k * _value(f, start + slope * n)
        weight = weight * rate / (n + 1)
    c, b = _bound(f, slope)
    # n^k ≤ k!·e^n; the terms beyond fall at least as fast as those of a geometric series.
    if not bool(abs(slope) * _TERMS > abs(start)):
        raise Undefined("a function whose argument has not the sign of its slope yet")
    ratio = rate * (b * abs(slope) + 1).exp() / _TERMS
    if not bool(ratio < arb(1) / 2):
        raise Undefined("a function that grows too fast for its mean here")
    rest = 2 * weight * c * math.factorial(k) * (abs(b * start) + (b * abs(slope) + 1) * _TERMS).exp()
    return total + arb(0, rest.upper())


_MEANS: dict[str, Mean] = {
    "bernoulli": _bernoulli,
    "rademacher": _rademacher,
    "uniform": _uniform,
    "exponential": _exponential,
    "laplace": _laplace,
    "poisson": _poisson,
}
#: The families of which the means of functions are computed here.
FAMILIES = frozenset(_MEANS)


def _pieces(f: sp.Expr) -> list[Any]:
    try:
        return pieces(f, X)
    except UndecidedError as reason:
        raise Abstain(f"the kinks of the function are not known: {reason}") from None


def _ends(part: Any) -> tuple[Any, Any]:
    """Return the ends of a piece as balls, None for infinite ones."""
    low = None if part.lower == -sp.oo else number(part.lower)
    return low, None if part.upper == sp.oo else number(part.upper)
