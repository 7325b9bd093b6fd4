"""Expectations under a ~ N(0, s^2), exactly, as sums of Gaussian integrals in closed form.

An integrand is expanded into terms  c * x^k * exp(b x - g x^2) * erf(d1 x) * erf(d2 x).  Each is integrated by
completing the square and, where erf occurs, by Stein's identity E[x h(x)] = s^2 E[h'(x)] (C. Stein, Annals of
Statistics 9, 1981, lemma 1) down to E[erf(d1 x) erf(d2 x)], which is an arcsine (C. Williams, Neural Computation
10, 1998, eq. 11). What is no such sum has no closed form here, and the answer is None.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from derive.moments.pieces import Piece, UndecidedError, derivative_pieces, jumps, pieces

_OSCILLATING = (sp.sin, sp.cos, sp.sinh, sp.cosh)


@dataclass(frozen=True)
class Term:
    """The integrand coefficient * x^power * exp(linear * x - quadratic * x^2) * product of erf(d x), d in erfs."""

    coefficient: sp.Expr
    power: int
    linear: sp.Expr
    quadratic: sp.Expr
    erfs: tuple[sp.Expr, ...]


def expectation(f: sp.Expr, x: sp.Symbol, s: sp.Expr) -> sp.Expr | None:
    """Return E[f(a)] for a ~ N(0, s^2) in closed form, or None where there is none here.

    `f` is a SymPy expression in `x`; other symbols in it are parameters. `s` is positive.
    """
    try:
        parts = pieces(f, x)
    except UndecidedError:
        return None
    return expectation_of_pieces(parts, x, s)


def derivative_square_expectation(f: sp.Expr, x: sp.Symbol, s: sp.Expr) -> sp.Expr | None:
    """Return E[f'(a)^2] with f' taken almost everywhere; infinite where f jumps is left to the caller to say."""
    try:
        parts = derivative_pieces(f, x)
    except UndecidedError:
        return None
    return expectation_of_pieces([Piece(p.lower, p.upper, p.expression**2) for p in parts], x, s)


def has_jumps(f: sp.Expr, x: sp.Symbol) -> bool:
    """Tell whether `f` is discontinuous somewhere, so that its derivative is not a function."""
    try:
        return bool(jumps(f, x))
    except UndecidedError:
        return False


def expectation_of_pieces(parts: list[Piece], x: sp.Symbol, s: sp.Expr) -> sp.Expr | None:
    """Return the sum of the integrals of the pieces against the density of N(0, s^2), tidied, or None."""
    total = sum_of_pieces(parts, x, s)
    return total if total is None or total == sp.oo else tidy(total)


def sum_of_pieces(parts: list[Piece], x: sp.Symbol, s: sp.Expr) -> sp.Expr | None:
    """Return that sum as it comes, which is faster; oo where the integral of the absolute value is infinite."""
    total: sp.Expr = sp.S.Zero
    for part in parts:
        value = piece_integral(part, x, s)
        if value is None or value == sp.oo:
            return value
        total += value
    return total


def piece_integral(part: Piece, x: sp.Symbol, s: sp.Expr) -> sp.Expr | None:
    """Return the integral of one piece against the density of N(0, s^2), or None."""
    split = terms(part.expression, x)
    if split is None:
        return None
    total: sp.Expr = sp.S.Zero
    for term in split:
        value = _integral(term, part.lower, part.upper, s)
        if value is None:
            return None
        if value == sp.oo:
            return sp.oo  # distinct terms do not cancel: the one that grows fastest decides
        total += value
    return total


def terms(f: sp.Expr, x: sp.Symbol) -> list[Term] | None:
    """Return `f` as a sum of terms that have closed-form integrals, or None."""
    f = sp.sympify(f).replace(lambda e: isinstance(e, _OSCILLATING), lambda e: e.rewrite(sp.exp))
    f = f.replace(lambda e: isinstance(e, sp.erfc), lambda e: 1 - sp.erf(e.args[0]))
    out = []
    for addend in sp.Add.make_args(sp.expand(f)):
        term = _term(addend, x)
        if term is None:
            return None
        out.append(term)
    return out


#: The largest expression, in operations, on which SymPy's general simplification is tried.
_SIMPLIFIED = 90


def tidy(e: sp.Expr, thorough: bool = True) -> sp.Expr:
    """Return `e` in its shortest form, products over one denominator rather than fractions inside factors.

    Where not `thorough`, SymPy's general simplification, which takes long, is left out.

    Exponentials and error functions stand for themselves while it is factored: to a factoring algorithm exp(50) is
    the hundredth power of exp(1/2).
    """
    masks = {node: sp.Dummy(positive=True) for node in _outermost(e)}
    masked = e.xreplace(masks)
    expanded = sp.expand(masked)
    candidates = [masked, expanded, sp.factor_terms(expanded)]
    if not thorough:
        candidates += [sp.factor(expanded)]
    elif sp.count_ops(expanded) <= _SIMPLIFIED:
        simplified = sp.simplify(masked)
        candidates += [simplified, sp.factor(simplified), sp.factor(sp.together(simplified))]

    def length(c: sp.Expr) -> tuple[int, int]:
        inner = sum(
            any(
                (addend.is_Mul and sp.denom(addend) != 1) or (addend.is_Pow and addend.exp.is_negative)
                for addend in a.args
            )
            for product in c.atoms(sp.Mul)
            for a in product.args
            if a.is_Add
        )
        return sp.count_ops(c) + 2 * inner, len(str(c))

    back = {mask: node for node, mask in masks.items()}
    return min((candidate.xreplace(back) for candidate in candidates), key=length)


def real(e: sp.Expr) -> sp.Expr:
    """Return a real expression without the imaginary unit, which sines and cosines are integrated by."""
    if not e.has(sp.I):
        return e

    def turned(a: sp.Expr) -> sp.Expr:
        real, imaginary = sp.expand(a.args[0]).as_independent(sp.I, as_Add=True)
        angle = sp.expand(imaginary / sp.I)
        return sp.exp(real) * (sp.cos(angle) + sp.I * sp.sin(angle))

    found = sp.expand(sp.powsimp(e).replace(lambda a: isinstance(a, sp.exp) and a.has(sp.I), turned))
    return sp.cancel(sp.together(found)) if found.has(sp.I) else found


def _outermost(e: sp.Expr) -> list[sp.Expr]:
    """Return the exponentials and error functions in `e` that stand inside no other."""
    if isinstance(e, sp.exp | sp.erf):
        return [e]
    return list(dict.fromkeys(node for arg in e.args for node in _outermost(arg)))


def _term(addend: sp.Expr, x: sp.Symbol) -> Term | None:
    """Read one product as a Term, or None where a factor is of another kind."""
    coefficient: sp.Expr = sp.S.One
    exponent: sp.Expr = sp.S.Zero
    power = 0
    erfs: list[sp.Expr] = []
    for factor in sp.Mul.make_args(addend):
        base, times = factor.as_base_exp()
        if not factor.has(x):
            coefficient *= factor
        elif base == x and times.is_Integer and times > 0:
            power += int(times)
        elif base == sp.E or isinstance(factor, sp.exp):
            exponent += factor.args[0] if isinstance(factor, sp.exp) else times
        elif isinstance(base, sp.erf) and times.is_Integer and 0 < times <= 2:
            slope = sp.cancel(base.args[0] / x)
            if slope.has(x):
                return None
            erfs += [slope] * int(times)
        else:
            return None
    if not exponent.is_polynomial(x) or len(erfs) > 2:
        return None
    poly = sp.Poly(exponent, x)
    if poly.degree() > 2:
        return None
    return Term(
        coefficient * sp.exp(poly.coeff_monomial(1)),
        power,
        poly.coeff_monomial(x),
        -poly.coeff_monomial(x**2),
        tuple(erfs),
    )


def _integral(term: Term, lower: sp.Expr, upper: sp.Expr, s: sp.Expr) -> sp.Expr | None:
    """Return the integral of `term` times the density of N(0, s^2) over (lower, upper), or None."""
    if term.quadratic != 0 and not term.quadratic.is_nonnegative:
        # exp(+x^2) against the density: a formula for all s there is not, but for a number s it is decided.
        left = 1 + 2 * term.quadratic * s**2
        if not left.is_number or not term.quadratic.is_number:
            return None
        if not left.is_positive:
            infinite = lower == -sp.oo or upper == sp.oo
            return sp.oo if infinite and left.is_negative else None
    narrowed = s / sp.sqrt(1 + 2 * term.quadratic * s**2)
    front = term.coefficient * narrowed / s
    whole = lower == -sp.oo and upper == sp.oo
    if term.erfs:
        if term.linear != 0 or not whole:
            return None
        return front * _erf_moment(term.power, term.erfs, narrowed)
    if not whole and term.linear.is_real is False:
        return None
    mean = term.linear * narrowed**2
    front *= sp.exp(term.linear**2 * narrowed**2 / 2)
    ends = (lower, upper) if whole else (lower - mean, upper - mean)
    moments = _partial_moments(term.power, *ends, narrowed)
    return front * sum(
        sp.binomial(term.power, j) * mean ** (term.power - j) * moments[j] for j in range(term.power + 1)
    )


def _partial_moments(k: int, lower: sp.Expr, upper: sp.Expr, s: sp.Expr) -> list[sp.Expr]:
    """Return the integrals of y^j times the density of N(0, s^2) over (lower, upper) for j = 0 .. k.

    By parts: I_j = (j - 1) s^2 I_{j-2} - s^2 [y^{j-1} n(y)], with I_0 from the error function.
    """

    def edge(j: int) -> sp.Expr:
        def at(y: sp.Expr) -> sp.Expr:
            if y.is_infinite:
                return sp.S.Zero
            return y**j * sp.exp(-(y**2) / (2 * s**2)) / (sp.sqrt(2 * sp.pi) * s)

        return at(upper) - at(lower)

    def cumulative(y: sp.Expr) -> sp.Expr:
        if y == sp.oo:
            return sp.S.One
        if y == -sp.oo:
            return sp.S.Zero
        return (1 + sp.erf(y / (sp.sqrt(2) * s))) / 2

    out: list[sp.Expr] = [cumulative(upper) - cumulative(lower)]
    for j in range(1, k + 1):
        tail = (j - 1) * s**2 * out[j - 2] if j > 1 else sp.S.Zero
        out.append(tail - s**2 * edge(j - 1))
    return out


def _erf_moment(k: int, erfs: tuple[sp.Expr, ...], s: sp.Expr) -> sp.Expr:
    """Return E[x^k product erf(d x)] for x ~ N(0, s^2) by Stein's identity; at most two factors."""
    if not erfs:
        return sp.S.Zero if k % 2 else sp.factorial2(k - 1) * s**k
    if (k + len(erfs)) % 2:
        return sp.S.Zero
    if k == 0:
        d, e = erfs
        return 2 / sp.pi * sp.asin(2 * d * e * s**2 / sp.sqrt((1 + 2 * d**2 * s**2) * (1 + 2 * e**2 * s**2)))
    total: sp.Expr = sp.S.Zero
    if k > 1:
        total += (k - 1) * _erf_moment(k - 2, erfs, s)
    for i, d in enumerate(erfs):
        rest = erfs[:i] + erfs[i + 1 :]
        narrowed = s / sp.sqrt(1 + 2 * d**2 * s**2)  # erf'(d x) d = 2 d exp(-d^2 x^2) / sqrt(pi)
        total += 2 * d / sp.sqrt(sp.pi) * narrowed / s * _erf_moment(k - 1, rest, narrowed)
    return s**2 * total
