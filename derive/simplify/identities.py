"""Identities between functions of one variable, by which products and sums of them come to less.

They hold entry by entry for matrices and for scalars alike, wherever the left side is defined. Those of products are
stated once, as data, in `laws.txt`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sympy import (
    Add,
    Expr,
    HadamardPower,
    HadamardProduct,
    MatAdd,
    MatMul,
    Mul,
    OneMatrix,
    Pow,
    S,
    exp,
    log,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression import algebra
from derive.expression.elementwise import ENTRY, applied, elementwise, scalar_function, sigmoid, softplus
from derive.expression.operation import kind, record
from derive.expression.rebuild import rebuild, tidy
from derive.expression.walk import distinct
from derive.language.text import signed
from derive.simplify.laws import lawful


def _negative(x: Expr) -> Expr:
    return algebra.dot(S.NegativeOne, x)


def parity(e: Expr) -> int:
    """Return 1 for an even function of entries or of a scalar, -1 for an odd one, 0 for others."""
    f: Any = scalar_function(e) if isinstance(e, ElementwiseApplyFunction) else type(e)
    return _parity(f) if f is not None and (entry := record(f)) and entry.entrywise else 0


@cache
def _parity(f: Any) -> int:
    value, turned = f(ENTRY), f(-ENTRY)
    return 1 if turned == value else -1 if turned == -value else 0


def homogeneous(e: Expr) -> Expr:
    """Return a function that is homogeneous with a number taken out of its argument: sign(-2 x) = -sign(x).

    relu(2 x) is 2 relu(x), |-2 x| is 2 |x|, also for the norms; of what is seen to be positive, |x| and relu(x) are x.
    """
    applied_entrywise = isinstance(e, ElementwiseApplyFunction)
    f = scalar_function(e) if applied_entrywise else type(e)
    entry = record(f)
    if entry is None or (entry.homogeneous is None and not entry.entrywise):
        return e if entry is None or not entry.linear else _number_outside(e)
    x = e.expr if applied_entrywise else e.args[0]
    if entry.homogeneous is None:
        sign_of = parity(e)
        if not sign_of or not signed(x)[0]:
            return e
        return algebra.dot(S(sign_of), elementwise(f, _negative(x)))
    degree, sign_of = entry.homogeneous
    if entry.entrywise and degree == 1 and algebra.is_nonnegative(x):
        return x
    if entry.entrywise and degree == 0 and algebra.is_positive(x):
        return algebra.ones(algebra.shape(x))
    number, rest = _number_and_rest(x)
    if number in (1, 0) or (sign_of == 0 and number == -1):
        return e
    outside = abs(number) ** degree * (sign_of if number < 0 and sign_of else 1)
    inside = rest if sign_of or number > 0 else _negative(rest)
    return algebra.dot(outside, elementwise(f, inside) if entry.entrywise else f(inside))


def _number_outside(e: Expr) -> Expr:
    """Return a linear function of one matrix with a number taken out of its argument."""
    number, rest = _number_and_rest(e.args[0])
    return e if number == 1 else algebra.dot(number, tidy(e, [rest, *e.args[1:]]))


def _number_and_rest(x: Expr) -> tuple[Expr, Expr]:
    coefficient, factors = algebra.split(x) if algebra.is_matrix(x) else (x, ())
    scalars = Mul.make_args(coefficient)
    number = Mul(*[a for a in scalars if a.is_number])
    return number, algebra.dot(*[a for a in scalars if not a.is_number], *factors)


def _product_of(powers: dict[Expr, Expr], like: Expr) -> Expr:
    if algebra.is_matrix(like):
        ones = algebra.ones(like.shape)
        return algebra.hadamard(ones, *[algebra.elementwise_power(b, k) for b, k in powers.items()])
    return Mul(*[Pow(b, k) for b, k in powers.items()])


def _powers(e: Expr) -> dict[Expr, Expr]:
    """Return a product as powers; those that are not rational numbers stay whole."""
    if algebra.is_matrix(e):
        factors = e.args if isinstance(e, HadamardProduct) else (e,)
        split = [(a.base, a.exp) if isinstance(a, HadamardPower) else (a, S.One) for a in factors]
    else:
        split = [a.as_base_exp() if isinstance(a, Pow) else (a, S.One) for a in Mul.make_args(e)]
    powers: dict[Expr, Expr] = {}
    for a, (base, k) in zip(factors if algebra.is_matrix(e) else Mul.make_args(e), split, strict=True):
        base, k = (base, k) if k.is_Rational else (a, S.One)
        powers[base] = powers.get(base, S.Zero) + k
    return powers


def logistic_forms(expr: Expr, seen: set[Expr]) -> Expr:
    """Return an expression with the logistic function and softplus, where they are written out, by their names.

    With s for the logistic function of -t, 1 + exp(t) is 1/s, 1 - 1/(1 + exp(-t)) is s, and log(1 + exp(t)) is
    softplus(t). So nothing is taken from 1 that is nearly 1, nor divided by itself where it is infinite. Where 1/s
    does not cancel, `written_out` makes it 1 + exp(t) again, for the arguments that are `seen`.
    """

    if not any(kind(e) in ("function", "function of entries") for e in distinct(expr)):
        return expr

    def name(e: Expr, args: list[Expr]) -> Expr:
        new = tidy(e, args)
        if (t := _one_plus_exp(new)) is not None:
            seen.update((t, _negative(t)))
            return algebra.elementwise_power(elementwise(sigmoid, _negative(t)), S.NegativeOne)
        if isinstance(new, Mul | Pow | HadamardProduct | HadamardPower) or _is_scaled(new):
            new = _with_complements(new, seen)
        if seen and isinstance(new, Add | MatAdd):
            return _complements(new, seen)
        if (inside := applied(log, new)) is not None:
            base, k = _base_and_power(inside)
            t = applied(sigmoid, base)
            if t is not None and k in (1, -1):
                return algebra.dot(-k, elementwise(softplus, _negative(t)))
            if (t := _complement(inside)) is not None:
                return algebra.dot(S.NegativeOne, elementwise(softplus, t))
        return new

    return rebuild(expr, name)


def written_out(expr: Expr, seen: set[Expr]) -> Expr:
    """Return an expression with 1/σ(t) as 1 + exp(-t), for the arguments that `logistic_forms` met."""

    def written(e: Expr, args: list[Expr]) -> Expr | None:
        base, k = _base_and_power(tidy(e, args))
        t = applied(sigmoid, base)
        if t in seen and k.is_Integer and k < 0:
            whole = algebra.add(algebra.ones(algebra.shape(t)), elementwise(exp, _negative(t)))
            return algebra.elementwise_power(whole, -k)
        return None

    return rebuild(expr, written) if seen else expr


def _complements(e: Expr, seen: set[Expr]) -> Expr:
    """Return a sum with u - u σ(t) as u σ(-t), for the arguments that are seen."""
    terms = list(e.args)
    places = {a: i for i, a in enumerate(terms)}
    for i, b in enumerate(terms):
        coefficient, factors = algebra.split(b) if algebra.is_matrix(b) else (S.One, (b,))
        for base in _powers(factors[0]) if len(factors) == 1 else ():
            t = applied(sigmoid, base)
            if t not in seen:
                continue
            scaled = algebra.dot(-coefficient, factors[0])
            a = algebra.hadamard(scaled, algebra.elementwise_power(base, S.NegativeOne))
            if a in places:
                other = places[a]
                new = algebra.hadamard(a, elementwise(sigmoid, _negative(t)))
                new = (
                    lawful(new)
                    if isinstance(new, Mul | Pow | HadamardProduct) and not isinstance(new, MatMul)
                    else new
                )
                rest = algebra.add(new, *[c for k, c in enumerate(terms) if k not in (i, other)])
                return _complements(rest, seen) if isinstance(rest, Add | MatAdd) else rest
    return e


def _is_scaled(e: Expr) -> bool:
    return isinstance(e, MatMul) and len(algebra.split(e)[1]) == 1


def _with_complements(e: Expr, seen: set[Expr]) -> Expr:
    """Return a product with what divides by 1 - σ(t) divided by σ(-t), and the identities applied."""
    coefficient, factors = algebra.split(e) if algebra.is_matrix(e) else (S.One, (e,))
    if len(factors) > 1:
        return e
    powers = _powers(factors[0])
    turned: dict[Expr, Expr] = {}
    for base, k in powers.items():
        t = _complement(base)
        if t is not None and k.is_Rational and (k < 0 or t in seen):
            seen.update((t, _negative(t)))
            base = elementwise(sigmoid, _negative(t))
        t = applied(exp, base)
        if t in seen and algebra.is_matrix(t) and k.is_Integer and k < 0:
            base, k = elementwise(exp, _negative(t)), -k
        turned[base] = turned.get(base, S.Zero) + k
    inner = factors[0]
    if turned != powers:
        inner = _product_of(turned, inner)
    if not isinstance(inner, MatMul):
        inner = lawful(inner)
    inner = _spread(inner, seen)
    return algebra.dot(coefficient, inner) if algebra.is_matrix(e) else inner


#: Products with the logistic function are multiplied out to so many terms.
_MAX_TERMS = 30


def _spread(e: Expr, seen: set[Expr]) -> Expr:
    """Return a product of exp(t) or σ(t) and a sum term by term, where no exp(t) is left then, e (u + v/e) = u e + v."""
    if (
        not seen
        or not isinstance(e, Mul | HadamardProduct)
        or isinstance(e, MatMul)
        or not _exponentials(e, seen)
    ):
        return e
    terms = _multiplied_out(e)
    if not 1 < len(terms) <= _MAX_TERMS:
        return e
    new = algebra.add(*[_named(a) for a in terms])
    new = _complements(new, seen) if isinstance(new, Add | MatAdd) else new
    return e if _exponentials(new, seen) else new


def _multiplied_out(e: Expr) -> list[Expr]:
    """Return the terms of a product, entry by entry, with the sums in it multiplied out."""
    coefficient, factors = algebra.split(e) if algebra.is_matrix(e) else (S.One, (e,))
    if isinstance(e, Add | MatAdd):
        return [b for a in e.args for b in _multiplied_out(a)]
    if len(factors) > 1:
        return [e]
    powers = _powers(factors[0])
    whole = next((b for b, k in powers.items() if k == 1 and isinstance(b, Add | MatAdd)), None)
    if whole is None or (algebra.is_matrix(e) and isinstance(coefficient, Add)):
        return [e]
    rest = algebra.dot(
        coefficient, _product_of({b: k for b, k in powers.items() if b is not whole}, factors[0])
    )
    terms: list[Expr] = []
    for a in whole.args:
        terms += _multiplied_out(algebra.hadamard(rest, a))
        if len(terms) > _MAX_TERMS:
            break
    return terms


def _named(e: Expr) -> Expr:
    """Return a term with the identities applied."""
    coefficient, factors = algebra.split(e) if algebra.is_matrix(e) else (S.One, (e,))
    if len(factors) > 1 or not isinstance(factors[0], Mul | Pow | HadamardProduct | HadamardPower):
        return e
    return algebra.dot(coefficient, lawful(factors[0])) if algebra.is_matrix(e) else lawful(e)


def _exponentials(e: Expr, seen: set[Expr]) -> bool:
    """Tell whether an exponential of an argument that is seen occurs outside of other functions."""
    outside = distinct(e, within=lambda a: a.args if kind(a) in _OPERATORS else ())
    return any(applied(exp, a) in seen for a in outside)


_OPERATORS = frozenset(
    {"sum", "product", "power", "matrix product", "elementwise product", "elementwise power"}
)


def _base_and_power(e: Expr) -> tuple[Expr, Expr]:
    if isinstance(e, HadamardPower) and not algebra.is_matrix(e.exp):
        return e.base, e.exp
    return (e.base, e.exp) if isinstance(e, Pow) else (e, S.One)


def _complement(e: Expr) -> Expr | None:
    """Return t where an expression is 1 - σ(t)."""
    if not (isinstance(e, MatAdd) or e.is_Add) or len(e.args) != 2:
        return None
    for one, other in (e.args, e.args[::-1]):
        if one == 1 or isinstance(one, OneMatrix):
            c, t = _scaled(sigmoid, other)
            return t if c == -1 else None
    return None


def _one_plus_exp(e: Expr) -> Expr | None:
    """Return t where an expression is 1 + exp(t)."""
    if not (isinstance(e, MatAdd) or e.is_Add) or len(e.args) != 2:
        return None
    for one, other in (e.args, e.args[::-1]):
        if one == 1 or isinstance(one, OneMatrix):
            return applied(exp, other)
    return None


def _scaled(f: Any, e: Expr) -> tuple[Expr, Expr | None]:
    """Return c and t where an expression is c f(t), a scalar or entry by entry."""
    if algebra.is_matrix(e):
        coefficient, factors = algebra.split(e)
        return coefficient, applied(f, factors[0]) if len(factors) == 1 else None
    inner = next((a for a in Mul.make_args(e) if applied(f, a) is not None), None)
    return (S.One, None) if inner is None else (e / inner, applied(f, inner))
