"""Expectations of functions of random entries: E[relu(x_i)], Cov(relu(x_i), x_j).

Of independent entries the joint cumulants of functions are those of one entry. Of a Gaussian, f of one affine
combination a is known by its mean and variance, and its joint cumulant with further entries by Stein's identity,
κ(f(a), x_j, ..., x_k) = E[f^(r)(a)] Cov(a, x_j) ... Cov(a, x_k) (C. Stein, Annals of Statistics 9, 1981).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import sympy as sp
from sympy import Expr
from sympy.utilities.iterables import multiset_partitions

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.elementwise import elementwise
from derive.expression.operation import kind
from derive.language.text import to_text
from derive.moments.activations import X
from derive.moments.distributions import Distribution, Part
from derive.moments.entry_functions import KNOWN_X
from derive.moments.family_functions import family_expectation
from derive.moments.integrals import has_jumps, real, sum_of_pieces, tidy
from derive.moments.nets import Factor
from derive.moments.pieces import Piece, UndecidedError, derivative_pieces, pieces

#: Mean and variance of the Gaussian that a function is of.
MEAN, VARIANCE = sp.Symbol("mu", real=True), sp.Symbol("v", positive=True)
_S = sp.Symbol("s", positive=True)


class NoClosedFormError(InputError):
    """An expectation that has no closed form here."""


# ------------------------------------------------------------------------- one Gaussian, any mean


def gaussian_expectation(f: Expr, order: int = 0, centred: bool = False) -> Expr:
    """Return E[f(a)], or of a derivative of f, for a ~ N(MEAN, VARIANCE), or N(0, VARIANCE) if `centred`.

    Raises NoClosedFormError where there is none here, and where a derivative of f is no function.
    """
    signed = {c: sp.Symbol(c.name, positive=True) for c in f.free_symbols - {X} if algebra.is_positive(c)}
    found = _closed_form(f.xreplace(signed), order, centred)
    if found is None:
        unknown = sorted(c.name for c in f.free_symbols - {X} - set(signed))
        mend = "with numbers for the mean and the variance it is computed to proved digits"
        if unknown:
            mend = f'give {unknown[0]} a number, or say --assume "positive({unknown[0]})" if it is'
        raise NoClosedFormError(
            f"the expectation of {_shown(f)} of a Gaussian has no closed form here: {mend}"
        )
    return found.xreplace({positive: c for c, positive in signed.items()})


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
        return _odd_but_for_a_constant(f) if centred and order == 0 else None
    return tidy(real(total.subs(MEAN, mean)), thorough=False).subs(_S, sp.sqrt(VARIANCE))


def _odd_but_for_a_constant(f: Expr) -> Expr | None:
    """Return c of a bounded f with f(x) + f(-x) = 2c, its expectation at any variance: 1/2 of the logistic function."""
    if f.is_Piecewise or f.has(sp.Piecewise, sp.Abs, sp.Max, sp.Min):
        return None
    even = sp.simplify(f + f.subs(X, -X))
    if even.has(X):
        return None
    ends = [sp.limit(f, X, end) for end in (sp.oo, -sp.oo)]
    finite = all(end.is_finite for end in ends)
    if not finite or sp.calculus.util.continuous_domain(f, X, sp.S.Reals) != sp.S.Reals:
        return None
    return even / 2


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

    def moment(f: Expr) -> Expr:
        found = family_expectation(d, f)
        if found is None:
            raise NoClosedFormError(
                f"the expectation of {_shown(f)} has no closed form here where {d.text or d.name}: with numbers for all "
                "that is known it may be computed to proved digits"
            )
        return found

    return _cumulant(functions, moment).xreplace({KNOWN_X: X})


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
    scalars = [s for s in roots if not s.is_positive and not s.is_integer and not algebra.is_matrix(s)]
    squared = [s for s in scalars if variance.subs(s, -s) == variance]
    positive = {s: sp.Symbol(s.name, positive=True) for s in squared}
    given = {MEAN: mean, VARIANCE: variance.xreplace(positive)}
    found = e.subs(given, simultaneous=True)
    return found.xreplace({KNOWN_X: X, **{v: k for k, v in positive.items()}})


def lifted(f: Expr, mean: Expr, variance: Expr) -> Expr:
    """Return an expression in MEAN and VARIANCE entry by entry of two columns, a scalar where all entries are alike."""
    alike = {
        a: c for a, array in ((MEAN, mean), (VARIANCE, variance)) if (c := all_entries(array)) is not None
    }
    if len(alike) == 2:
        return put(f, alike[MEAN], alike[VARIANCE])
    f = put(f, alike.get(MEAN, MEAN), alike.get(VARIANCE, VARIANCE))
    arrays = {a: array for a, array in ((MEAN, mean), (VARIANCE, variance)) if a not in alike}
    return _entry_by_entry(f, arrays, algebra.shape(next(iter(arrays.values()))))


def all_entries(array: Expr) -> Expr | None:
    """Return the number that all entries of an array are written to be, None where they are not."""
    if not algebra.is_matrix(array):
        return array
    if array == algebra.zero(algebra.shape(array)):
        return sp.S.Zero
    scale, factors = algebra.split(array)
    return scale if all(kind(a) == "ones" for a in factors) else None


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


def gaussian_cumulant(
    f: Expr, indices: tuple[int, ...], mean: Expr, variance: Expr, links: Sequence[Part]
) -> list[Part]:
    """Return κ(f(a), x_j, ...) from the mean and variance of a, at indices, and the covariances of a with the x."""
    value = gaussian_expectation(f, len(links), _is_zero(mean))
    parts = _at(lifted(value, mean, variance), indices)
    for link in links:
        parts = [part * link for part in parts]
    return parts


def independent_cumulant(
    functions: Sequence[Expr], places: Sequence[tuple[int, ...]], mean: Expr, variance: Expr
) -> list[Part]:
    """Return κ(f(a_i), g(a_j), ...) of independent Gaussian entries a, which is zero unless all are the same entry."""
    value = lifted(_gaussian_cumulant(tuple(functions), _is_zero(mean)), mean, variance)
    first, *rest = places
    equal = tuple((i, j) for other in rest for i, j in zip(first, other, strict=True))
    return [Part(p.coefficient, p.factors, equal) for p in _at(value, first)]


def cumulant_at_one_place(
    functions: Sequence[Expr], indices: tuple[int, ...], mean: Expr, variance: Expr
) -> list[Part]:
    """Return κ(f(a_i), g(a_i), ...) of functions of one and the same entry of a Gaussian column."""
    return _at(lifted(_gaussian_cumulant(tuple(functions), _is_zero(mean)), mean, variance), indices)


def _is_zero(e: Expr) -> bool:
    return bool(e == algebra.zero(algebra.shape(e)))


def _at(array: Expr, indices: tuple[int, ...]) -> list[Part]:
    """Return an entry of an array as a part, or none where it is zero."""
    if _is_zero(array):
        return []
    return [Part(sp.S.One, (Factor(array, indices),)) if algebra.is_matrix(array) else Part(array)]
