"""Expectations of functions of one entry that is no Gaussian: finite sums, integrals against a density, series.

A function is cut at its kinks; on each piece it is a sum of c·x^k·exp(b·x), sines and cosines among them, whose integrals
against a uniform, an exponential or a Laplace density, and whose Poisson series, are elementary.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp
from sympy import Expr
from sympy.integrals.manualintegrate import manualintegrate

from derive.expression import algebra
from derive.moments.activations import X
from derive.moments.distributions import Distribution
from derive.moments.integrals import Term, real, terms, tidy
from derive.moments.pieces import UndecidedError, pieces

#: The largest integrand, in operations, for which SymPy's rules are asked.
_LONGEST = 30
_ENTIRE = sp.exp | sp.sin | sp.cos | sp.sinh | sp.cosh | sp.tanh | sp.erf | sp.erfc | sp.atan | sp.asinh
_REAL, _STEP = sp.Symbol("real", real=True), sp.Symbol("step", positive=True)
#: Ends of an interval of which nothing is known.
_NOWHERE = sp.symbols("low high", real=True)

#: A density exp(slope·x + constant) between two ends.
Density = tuple[Expr, Expr, Expr, Expr]


def family_expectation(d: Distribution, f: Expr) -> Expr | None:
    """Return E[f(a)] for an entry a of a variable, None where there is no closed form here."""
    if d.family in ("rademacher", "bernoulli"):
        return _VALUES[d.family](f, *d.parameters)
    if d.family not in ("uniform", "exponential", "laplace", "poisson"):
        return None
    known = {s for s in f.free_symbols - {X} if algebra.is_positive(s)} | _positive(d)
    signed = {s: sp.Symbol(s.name, positive=True) for s in known}
    parameters = [p.xreplace(signed) for p in d.parameters if p is not None]
    f = f.xreplace(signed)
    try:
        found = _about_the_middle(d.family, f, *parameters)
        if found is None:
            found = _MEANS[d.family](f, *parameters)
    except UndecidedError:
        return None
    if found is None or found.has(sp.nan, sp.zoo, sp.oo):
        return None
    shown = found if d.family == "poisson" else tidy(real(found), thorough=False)
    return shown.xreplace({v: k for k, v in signed.items()})


def _positive(d: Distribution) -> set[Expr]:
    """Return the symbols that are positive since the distribution exists: a length, a rate, a scale."""
    first, last = d.parameters[0], d.parameters[-1]
    assert first is not None
    assert last is not None
    size = sp.expand(last - first) if d.family == "uniform" else last
    number, rest = size.as_coeff_Mul()
    return {rest} if rest.is_Symbol and number.is_positive else set()


_VALUES: dict[str, Callable[..., Expr]] = {
    "rademacher": lambda f: (f.subs(X, 1) + f.subs(X, -1)) / 2,
    "bernoulli": lambda f, p: p * f.subs(X, 1) + (1 - p) * f.subs(X, 0),
}


def _about_the_middle(family: str, f: Expr, *parameters: Expr) -> Expr | None:
    """Return c of an f with f(m + x) + f(m - x) = 2c about the middle m of the distribution, 1/2 of the logistic function."""
    if (
        family not in ("uniform", "laplace")
        or _elementary(f)
        or len(pieces(f, X)) != 1
        or not _smooth(f, *_NOWHERE)
    ):
        return None
    middle = sp.Add(*parameters) / 2 if family == "uniform" else parameters[0]
    twice = sp.simplify(f + f.subs(X, 2 * middle - X))
    return None if twice.has(X) else twice / 2


def _uniform(f: Expr, a: Expr, b: Expr) -> Expr | None:
    return _against(f, [(sp.S.Zero, -sp.log(b - a), a, b)])


def _exponential(f: Expr, rate: Expr) -> Expr | None:
    return _against(f, [(-rate, sp.log(rate), sp.S.Zero, sp.oo)])


def _laplace(f: Expr, mean: Expr, scale: Expr) -> Expr | None:
    height = -sp.log(2 * scale)
    left = (1 / scale, height - mean / scale, -sp.oo, mean)
    return _against(f, [left, (-1 / scale, height + mean / scale, mean, sp.oo)])


def _poisson(f: Expr, rate: Expr) -> Expr | None:
    """E[x^k exp(b x)] is the k-th derivative of exp(rate (exp(b) - 1)) by b."""
    parts = pieces(f, X)
    split = _elementary(parts[0].expression) if len(parts) == 1 else None
    if split is None:
        return None
    b = sp.Dummy()
    series = sp.exp(rate * (sp.exp(b) - 1))
    return sp.Add(*[t.coefficient * sp.diff(series, b, t.power).subs(b, t.linear) for t in split])


_MEANS: dict[str, Callable[..., Expr | None]] = {
    "uniform": _uniform,
    "exponential": _exponential,
    "laplace": _laplace,
    "poisson": _poisson,
}


def _against(f: Expr, densities: list[Density]) -> Expr | None:
    """Return the integral of a function against exponential densities between their ends."""
    total: Expr = sp.S.Zero
    for slope, constant, low, high in densities:
        for part in pieces(f, X):
            lower, upper = _later(low, part.lower), _earlier(high, part.upper)
            if part.expression == 0 or not _before(lower, upper):
                continue
            value = _integral(part.expression, slope, lower, upper)
            if value is None:
                return None
            total += sp.exp(constant) * value
    return total


def _integral(f: Expr, slope: Expr, lower: Expr, upper: Expr) -> Expr | None:
    split = _elementary(f)
    if split is None:
        return _antiderivative(f, lower, upper) if slope == 0 else None
    total: Expr = sp.S.Zero
    for term in split:
        value = _of_term(term, slope, lower, upper)
        if value is None:
            return None
        total += value
    return total


def _elementary(f: Expr) -> list[Term] | None:
    """Return a function as a sum of terms c·x^k·exp(b·x), or None."""
    split = terms(f, X)
    return None if split is None or any(t.quadratic != 0 or t.erfs for t in split) else split


def _of_term(term: Term, slope: Expr, lower: Expr, upper: Expr) -> Expr | None:
    """Return the integral of c x^k exp(b x) exp(slope x): x^k/b - k x^(k-1)/b^2 + ... is its antiderivative over exp(b x)."""
    b = sp.expand(term.linear + slope)
    if lower.is_infinite or upper.is_infinite:
        falling = -sp.re(b) if upper.is_infinite else sp.re(b)
        if not falling.is_positive:
            return None  # infinite, or not known to be finite

    def at(x: Expr) -> Expr:
        if x.is_infinite:
            return sp.S.Zero
        if b == 0:
            return x ** (term.power + 1) / (term.power + 1)
        k = term.power
        return sp.exp(b * x) * sp.Add(
            *[(-1) ** j * sp.ff(k, j) * x ** (k - j) / b ** (j + 1) for j in range(k + 1)]
        )

    return term.coefficient * (at(upper) - at(lower))


def _antiderivative(f: Expr, lower: Expr, upper: Expr) -> Expr | None:
    """Return an integral by SymPy's rules of integration; what they give is held to f by differentiation."""
    if f.count_ops() > _LONGEST or not _smooth(f, lower, upper):
        return None
    found = manualintegrate(f, X)
    if found.has(sp.Integral, sp.Piecewise) or sp.simplify(sp.diff(found, X) - f) != 0:
        return None
    return found.subs(X, upper) - found.subs(X, lower)


def _smooth(f: Expr, lower: Expr, upper: Expr) -> bool:
    """Tell whether a function is seen to have no singularity inside an interval."""
    signs = [lambda e, x=x: sp.expand(e.subs(X, x)) for x in (_REAL, lower + _STEP, upper - _STEP)]
    for e in sp.preorder_traversal(f):
        if isinstance(e, sp.Function) and not isinstance(e, _ENTIRE | sp.log):
            return False
        if isinstance(e, sp.log) or (e.is_Pow and e.has(X) and e.base != sp.E and not _whole(e.exp)):
            base = e.args[0]
            whole = e.is_Pow and e.exp.is_Integer
            if not any((v := to(base)).is_positive or (whole and v.is_negative) for to in signs):
                return False
    return True


def _whole(e: Expr) -> bool:
    return bool(e.is_Integer and e.is_nonnegative)


def _before(a: Expr, b: Expr) -> bool:
    return (
        b - a
    ).is_extended_nonpositive is not True  # what is not decided are the ends of a declared interval


def _later(a: Expr, b: Expr) -> Expr:
    return _chosen(a, b, 1)


def _earlier(a: Expr, b: Expr) -> Expr:
    return _chosen(a, b, -1)


def _chosen(a: Expr, b: Expr, sign: int) -> Expr:
    """Return the larger one of two ends, or the smaller one. Raises UndecidedError where a parameter decides."""
    for x, y in ((a, b), (b, a)):
        if y == -sign * sp.oo or (sign * (x - y)).is_extended_nonnegative:
            return x
    raise UndecidedError(f"which of {a} and {b} is larger depends on a parameter")
