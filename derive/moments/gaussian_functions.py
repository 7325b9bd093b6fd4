"""Expectations of functions of random entries: E[relu(x_i)], Cov(relu(x_i), x_j).

Of independent entries the joint cumulants of functions are those of one entry. Of a Gaussian, f of one affine
combination a is known by its mean and variance, and its joint cumulant with further entries by Stein's identity,
κ(f(a), x_j, ..., x_k) = E[f^(r)(a)] Cov(a, x_j) ... Cov(a, x_k) (C. Stein, Annals of Statistics 9, 1981).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy import Expr
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.utilities.iterables import multiset_partitions

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.elementwise import elementwise
from derive.language.text import to_text
from derive.moments.activations import X
from derive.moments.distributions import Distribution, Part
from derive.moments.integrals import has_jumps, sum_of_pieces, tidy
from derive.moments.nets import Factor
from derive.moments.pieces import Piece, UndecidedError, derivative_pieces, pieces
from derive.operations.unfold import definition

#: Mean and variance of the Gaussian that a function is of.
MEAN, VARIANCE = sp.Symbol("mu", real=True), sp.Symbol("v", positive=True)
_S = sp.Symbol("s", positive=True)


class NoClosedFormError(InputError):
    """An expectation that has no closed form here."""


def body(e: Any) -> Expr:
    """Return a function of entries as an expression in `X`; a random array itself is X."""
    if isinstance(e, ElementwiseApplyFunction):
        inside = e.function.expr.xreplace({e.function.variables[0]: X})
    elif isinstance(e, sp.Function) and len(e.args) == 1:
        inside = e.func(X)
    else:
        return X
    return inside.replace(lambda a: isinstance(a, sp.Function) and definition(a) is not None, definition)


def argument(e: Any) -> Expr:
    """Return what a function of entries is of; a random array is its own argument."""
    if isinstance(e, ElementwiseApplyFunction):
        return e.expr
    return e.args[0] if isinstance(e, sp.Function) and len(e.args) == 1 else e


# ------------------------------------------------------------------------- one Gaussian, any mean


def gaussian_expectation(f: Expr, order: int = 0, centred: bool = False) -> Expr:
    """Return E[f(a)], or of a derivative of f, for a ~ N(MEAN, VARIANCE), or N(0, VARIANCE) if `centred`.

    Raises NoClosedFormError where there is none here, and where a derivative of f is no function.
    """
    found = _closed_form(f, order, centred)
    if found is None:
        raise NoClosedFormError(
            f"the expectation of {_shown(f)} of a Gaussian has no closed form here: with numbers for the mean and the "
            "variance it is computed to proved digits"
        )
    return found


def _shown(f: Expr) -> str:
    return to_text(f)[:60] if f.has(X) else str(f)[:60]


@lru_cache(maxsize=512)
def _closed_form(f: Expr, order: int, centred: bool = False) -> Expr | None:
    """Return E[f^(order)(a)], at mean zero if `centred`, or None."""
    mean = sp.S.Zero if centred else MEAN
    if f.is_polynomial(X):
        return _polynomial(sp.diff(f, X, order) if order else f).subs(MEAN, mean)
    try:
        for _ in range(order):
            if has_jumps(f, X):
                return None
            f = _joined(derivative_pieces(f, X))
        parts = pieces(f, X)
    except UndecidedError:
        return None
    total = _with_error_function(f) if len(parts) == 1 else None
    if total is None:
        shifted = [
            Piece(p.lower - mean, p.upper - mean, p.expression.subs(X, X + mean))
            for p in parts
            if p.expression != 0
        ]
        total = sum_of_pieces(shifted, X, _S)
    if total is None or total.has(sp.oo):
        return None
    return tidy(_real(total.subs(MEAN, mean)), thorough=False).subs(_S, sp.sqrt(VARIANCE))


def _real(e: Expr) -> Expr:
    """Return a real expression without the imaginary unit, which sines and cosines were integrated by."""
    if not e.has(sp.I):
        return e

    def turned(a: Expr) -> Expr:
        real, imaginary = sp.expand(a.args[0]).as_independent(sp.I, as_Add=True)
        angle = sp.expand(imaginary / sp.I)
        return sp.exp(real) * (sp.cos(angle) + sp.I * sp.sin(angle))

    return sp.expand(sp.powsimp(e).replace(lambda a: isinstance(a, sp.exp) and a.has(sp.I), turned))


def _joined(parts: list[Piece]) -> Expr:
    """Return pieces as one expression."""
    if len(parts) == 1:
        return parts[0].expression
    return sp.Piecewise(*[(p.expression, p.upper > X) for p in parts[:-1]], (parts[-1].expression, True))


def _polynomial(f: Expr) -> Expr:
    total: Expr = sp.S.Zero
    for (k,), c in sp.Poly(f, X).terms():
        total += c * sum(
            sp.binomial(k, 2 * j) * sp.factorial2(2 * j - 1) * MEAN ** (k - 2 * j) * VARIANCE**j
            for j in range(k // 2 + 1)
        )
    return sp.expand(total)


def _with_error_function(f: Expr) -> Expr | None:
    """Return the expectation of a sum of c·x^k·erf(d x): by Stein's identity down to E erf(d a) = erf(d μ/√(1 + 2d²s²))."""
    total: Expr = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(f)):
        erfs = [a for a in sp.Mul.make_args(term) if isinstance(a, sp.erf)]
        rest = term / sp.Mul(*erfs)
        if len(erfs) > 1 or not rest.is_polynomial(X):
            return None
        if not erfs:
            total += _polynomial(rest).subs(VARIANCE, _S**2)
            continue
        d = sp.cancel(erfs[0].args[0] / X)
        if d.has(X):
            return None
        for (k,), c in sp.Poly(rest, X).terms():
            total += c * _erf_moment(k, d)
    return total


def _erf_moment(k: int, d: Expr) -> Expr:
    """E[a^k erf(d a)] = μ E[a^(k-1) erf] + s² E[(a^(k-1) erf(d a))']."""
    width = sp.sqrt(1 + 2 * d**2 * _S**2)
    if k == 0:
        return sp.erf(d * MEAN / width)
    out = MEAN * _erf_moment(k - 1, d)
    if k > 1:
        out += _S**2 * (k - 1) * _erf_moment(k - 2, d)
    # E[a^(k-1) exp(-d² a²)]: the density narrows to variance s²/(1 + 2 d² s²) and mean μ/(1 + 2 d² s²).
    narrow = _polynomial(X ** (k - 1)).subs(
        {MEAN: MEAN / width**2, VARIANCE: _S**2 / width**2}, simultaneous=True
    )
    density = sp.exp(-(d**2) * MEAN**2 / width**2) / width
    return out + _S**2 * 2 * d / sp.sqrt(sp.pi) * density * narrow


# --------------------------------------------------------------------------- functions of entries


def entry_cumulant_of(d: Distribution, functions: Sequence[Expr]) -> Expr:
    """Return the joint cumulant of functions of one and the same entry of a variable with independent entries."""
    if d.family == "normal entries":
        mean, variance = d.parameters
        assert mean is not None
        assert variance is not None
        found = _gaussian_cumulant(tuple(functions), mean == 0)
        return put(found, mean, variance)
    if d.family == "rademacher":
        return _cumulant(functions, lambda f: (f.subs(X, 1) + f.subs(X, -1)) / 2)
    if d.family == "bernoulli":
        (p,) = d.parameters
        assert p is not None
        return _cumulant(functions, lambda f: p * f.subs(X, 1) + (1 - p) * f.subs(X, 0))
    raise InputError(
        f"expectations of functions such as {_shown(functions[0])} are those of Gaussians: {d.name} is not said to be "
        "normal"
    )


@lru_cache(maxsize=512)
def _gaussian_cumulant(functions: tuple[Expr, ...], centred: bool) -> Expr:
    return tidy(_cumulant(functions, lambda f: gaussian_expectation(f, 0, centred)), thorough=False)


def _cumulant(functions: Sequence[Expr], moment: Callable[[Expr], Expr]) -> Expr:
    """Return a joint cumulant from the moments of products (Leonov and Shiryaev 1959)."""
    total: Expr = sp.S.Zero
    for blocks in multiset_partitions(list(range(len(functions)))):
        product: Expr = sp.Integer((-1) ** (len(blocks) - 1)) * sp.factorial(len(blocks) - 1)
        for block in blocks:
            product *= moment(sp.expand(sp.Mul(*[functions[k] for k in block])))
        total += product
    return sp.expand(total)


def put(e: Expr, mean: Expr, variance: Expr) -> Expr:
    """Return an expression in MEAN and VARIANCE for given ones; what stands squared as a variance is not negative."""
    roots = variance.free_symbols - mean.free_symbols
    squared = {s for s in roots if variance.subs(s, -s) == variance and not s.is_positive}
    positive = {s: sp.Symbol(s.name, positive=True) for s in squared}
    given = {MEAN: mean, VARIANCE: variance.xreplace(positive)}
    found = e.subs(given, simultaneous=True)
    return found.xreplace({v: k for k, v in positive.items()})


def lifted(f: Expr, mean: Expr, variance: Expr) -> Expr:
    """Return an expression in MEAN and VARIANCE entry by entry of two columns (or scalars)."""
    if not algebra.is_matrix(mean) and not algebra.is_matrix(variance):
        return put(f, mean, variance)
    shape = algebra.shape(mean if algebra.is_matrix(mean) else variance)
    return _entry_by_entry(f, {MEAN: mean, VARIANCE: variance}, shape)


def _entry_by_entry(e: Expr, arrays: dict[Expr, Expr], shape: tuple[Expr, Expr]) -> Expr:
    """Apply an expression in several variables to the entries of their arrays."""
    if e in arrays:
        return arrays[e]
    if not e.free_symbols & set(arrays):
        return algebra.dot(e, algebra.ones(shape))
    if e.is_Mul:
        scalars = [a for a in e.args if not a.free_symbols & set(arrays)]
        others = [_entry_by_entry(a, arrays, shape) for a in e.args if a not in scalars]
        return algebra.dot(*scalars, algebra.hadamard(*others))
    if e.is_Add:
        return algebra.add(*[_entry_by_entry(a, arrays, shape) for a in e.args])
    if e.is_Pow:
        return algebra.elementwise_power(_entry_by_entry(e.base, arrays, shape), e.exp)
    return elementwise(e.func, _entry_by_entry(e.args[0], arrays, shape))


def gaussian_cumulant(function: Factor, mean: Expr, variance: Expr, links: Sequence[Part]) -> list[Part]:
    """Return κ(f(a), x_j, ...) from the mean and variance of a, and the covariances of a with the x."""
    centred = mean == algebra.zero(algebra.shape(mean))
    value = gaussian_expectation(body(function.array), len(links), centred)
    array = lifted(value, mean, variance)
    if array == algebra.zero(algebra.shape(array)):
        return []
    part = Part(array) if not algebra.is_matrix(array) else Part(sp.S.One, (Factor(array, function.indices),))
    for link in links:
        part = part * link
    return [part]
