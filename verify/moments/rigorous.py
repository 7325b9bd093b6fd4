"""Gaussian integrals with proved digits: E[f(a)] for a ~ N(μ, s²) as a ball (python-flint's `acb.integral`).

f is cut at its kinks and jumps, each piece is analytic and is integrated with a rigorous error bound (Johansson,
Numerical integration in arbitrary-precision ball arithmetic, 2018). The tails are bounded: |f(x)| ≤ c·exp(b|x|) with c and
b read off the formula, and the Gaussian's tail beyond T against that in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import acb, arb, fmpq

from derive.moments.activations import X
from derive.moments.pieces import UndecidedError, pieces
from verify.arithmetics.base import Abstain

#: The half-width of the interval that is integrated over, in standard deviations: e^(-T²/2) is below 2^-230. It is wider
#: by b·s for a function that grows like exp(b|x|).
_WIDTH = 18

Bound = tuple[Any, Any]


def gaussian_mean(f: sp.Expr, mean: Any, variance: Any) -> Any:
    """Return E[f(a)] for a ~ N(mean, variance) as a ball; `f` is an expression in X, `mean` and `variance` are balls.

    Runs in the precision in force. Raises Abstain where f has kinks at points that are not known, grows too fast, or is
    of a kind that is not read.
    """
    scale = variance.sqrt()
    try:
        parts = pieces(f, X)
    except UndecidedError as reason:
        raise Abstain(f"the kinks of the function are not known: {reason}") from None
    bounds = {part: growth(part.expression) for part in parts}
    steepest = max(float(b.upper()) * float(scale.upper()) for _, b in bounds.values())
    if steepest > 200:
        raise Abstain("the function grows too fast for its Gaussian mean to be bounded here")
    width = _WIDTH + math.ceil(steepest)
    lower, upper = mean - width * scale, mean + width * scale
    total = arb(0)
    for part in parts:
        if part.expression == 0:
            continue
        a = lower if part.lower == -sp.oo else number(part.lower)
        b = upper if part.upper == sp.oo else number(part.upper)
        a, b = (a if bool(a > lower) else lower), (b if bool(b < upper) else upper)
        if not bool(a < b):
            continue
        total += _integral(part.expression, a, b, mean, variance)
        total += _tails(bounds[part], width, mean, scale)
    return total


def _integral(f: sp.Expr, a: Any, b: Any, mean: Any, variance: Any) -> Any:
    g = compiled(f)
    norm = 1 / (2 * arb.pi() * variance).sqrt()

    def integrand(z: Any, analytic: bool) -> Any:
        return g(z, analytic) * (-((z - mean) ** 2) / (2 * variance)).exp()

    # Halved near the middle, so that the peak is seen.
    value = acb(0)
    cuts = [a, mean, b] if bool(a < mean) and bool(mean < b) else [a, b]
    for left, right in zip(cuts, cuts[1:], strict=False):
        value += acb.integral(integrand, acb(left), acb(right))
    if not value.is_finite():
        raise Abstain("the integral has no finite enclosure here")
    return value.real * norm


def _tails(bound: Bound, width: int, mean: Any, scale: Any) -> Any:
    """Return a ball around 0 that holds the integral beyond the interval."""
    c, b = bound
    # ∫_T^∞ e^(b(|μ| + s z)) φ(z) dz = e^(b|μ| + b²s²/2) Q(T - b s), on either side.
    size = abs(mean)
    tail = (arb(width) - b * scale) / arb(2).sqrt()
    if not bool(tail > 1):
        raise Abstain("the function grows too fast for its Gaussian mean to be bounded here")
    one = c * (b * size + (b * scale) ** 2 / 2).exp() * tail.erfc() / 2
    return arb(0, (2 * one).upper())


def number(e: sp.Expr) -> Any:
    """Return an exact real number as a ball."""
    q = sp.nsimplify(e) if e.is_Float else e
    if q.is_Rational:
        return arb(fmpq(int(q.p), int(q.q)))
    return compiled(q)(acb(0), False).real


# -------------------------------------------------------------------------------------------- compiled


@lru_cache(maxsize=256)
def compiled(e: sp.Expr) -> Callable[[Any, bool], Any]:
    """Return a formula as a function of a complex ball; where it may not be analytic, its value is not finite."""
    if e == X:
        return lambda z, analytic: z
    if e.is_Rational:
        p, q = int(e.p), int(e.q)
        return lambda z, analytic: acb(arb(fmpq(p, q)))
    if e is sp.pi:
        return lambda z, analytic: acb(arb.pi())
    if e is sp.E:
        return lambda z, analytic: acb(arb.const_e())
    parts = [compiled(a) for a in e.args]
    if e.is_Add:
        return lambda z, analytic: _fold(parts, z, analytic, acb(0), lambda x, y: x + y)
    if e.is_Mul:
        return lambda z, analytic: _fold(parts, z, analytic, acb(1), lambda x, y: x * y)
    if e.is_Pow and e.exp.is_Integer:
        k = int(e.exp)
        return lambda z, analytic: parts[0](z, analytic) ** k
    if e.is_Pow and e.exp == sp.S.Half:
        return lambda z, analytic: parts[0](z, analytic).sqrt(analytic=analytic)
    if e.is_Pow and e.exp == -sp.S.Half:
        return lambda z, analytic: parts[0](z, analytic).rsqrt(analytic=analytic)
    if isinstance(e, sp.log):
        return lambda z, analytic: parts[0](z, analytic).log(analytic=analytic)
    if isinstance(e, sp.exp):
        return lambda z, analytic: parts[0](z, analytic).exp()
    name = _ENTIRE.get(type(e))
    if name is None:
        raise Abstain(f"{type(e).__name__} is not integrated here")
    return lambda z, analytic: getattr(parts[0](z, analytic), name)()


_ENTIRE: dict[Any, str] = {
    sp.sin: "sin",
    sp.cos: "cos",
    sp.tanh: "tanh",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.erf: "erf",
    sp.erfc: "erfc",
    sp.atan: "atan",
}


def _fold(parts: Any, z: Any, analytic: bool, start: Any, f: Any) -> Any:
    for part in parts:
        start = f(start, part(z, analytic))
    return start


# ---------------------------------------------------------------------------------------------- growth


def growth(e: sp.Expr, flat: int = 1, side: int = 0) -> Bound:
    """Return (c, b) with |e(x)| ≤ c·exp(b|x|) for all real x, or for those of the sign `side`. Raises Abstain.

    k!·flat^k·e^(|x|/flat) bounds |x|^k.
    """
    if not e.has(X):
        value = abs(compiled(e)(acb(0), False))
        return arb(value.upper()), arb(0)
    if e == X:
        return arb(flat), arb(1) / flat
    if e.is_Add:
        pairs = [growth(a, flat, side) for a in e.args]
        return sum((c for c, _ in pairs), arb(0)), _largest([b for _, b in pairs])
    if e.is_Mul:
        return _product_growth(e, flat, side)
    if e.is_Pow and e.exp.is_Integer and e.exp > 0:
        c, b = growth(e.base, flat, side)
        k = int(e.exp)
        return (arb(sp.factorial(k).p) * flat**k, arb(1) / flat) if e.base == X else (c**k, b * k)
    if e.is_Pow and e.exp == sp.S.Half:
        c, b = growth(e.base, flat, side)
        return c.sqrt() + 1, b / 2
    if e.is_Pow and e.exp.is_Integer and _at_least_one(e.base):
        return arb(1), arb(0)
    if isinstance(e, sp.exp) and e.args[0].is_polynomial(X):
        return _exponential_growth(sp.Poly(e.args[0], X), side)
    if isinstance(e, sp.log) and _at_least_one(e.args[0]):
        # 0 ≤ log u ≤ log(c) + b|x|, and |x| ≤ e^|x|
        c, b = growth(e.args[0], flat, side)
        return abs(c.log()) + abs(b) + 1, arb(1)
    if isinstance(e, sp.erf | sp.tanh | sp.sin | sp.cos):
        return arb(1), arb(0)
    if isinstance(e, sp.erfc | sp.atan):
        return arb(2), arb(0)
    if isinstance(e, sp.sinh | sp.cosh):
        return growth(sp.exp(e.args[0]) + sp.exp(-e.args[0]), flat, side)
    raise Abstain(f"how fast {e} grows is not known")


def _product_growth(e: sp.Expr, flat: int, side: int) -> Bound:
    c, b = arb(1), arb(0)
    for a in e.args:
        d, k = growth(a, flat, side)
        c, b = c * d, b + k
    return c, b


def _exponential_growth(p: sp.Poly, side: int) -> Bound:
    if p.degree() == 1:
        slope, constant = p.all_coeffs()
        steepness = _value(sp.Abs(slope))
        return _value(sp.exp(constant)), -steepness if (side * slope).is_negative else steepness
    if p.degree() == 2 and p.all_coeffs()[0].is_negative:
        a, b, constant = p.all_coeffs()
        return _value(sp.exp(constant - b**2 / (4 * a))), arb(0)
    raise Abstain("an exponential that outgrows the Gaussian")


def _value(e: sp.Expr) -> Any:
    if isinstance(e, sp.Abs):
        e = e.args[0] if e.args[0].is_nonnegative else -e.args[0]
    return arb(abs(compiled(e)(acb(0), False)).upper())


def _largest(values: list[Any]) -> Any:
    out = values[0]
    for v in values[1:]:
        out = out if bool(out >= v) else v
    return out


def _at_least_one(e: sp.Expr) -> bool:
    """Tell whether a real expression is 1 plus what is not negative."""
    constant, rest = e.as_coeff_Add()
    return bool(constant >= 1) and all(
        isinstance(a, sp.exp) or (a.is_Mul and a.args[0].is_positive and isinstance(a.args[-1], sp.exp))
        or (a.is_Pow and a.exp.is_even)
        for a in sp.Add.make_args(rest)
    )  # fmt: skip
