"""Products of sums multiplied out, inverses of square products taken apart, traces in one of their rotations."""

from __future__ import annotations

from itertools import product as choices
from typing import Any

from sympy import (
    Add,
    DiagMatrix,
    Expr,
    HadamardProduct,
    Inverse,
    KroneckerProduct,
    MatAdd,
    MatMul,
    MatPow,
    Mul,
    Pow,
    Trace,
    Transpose,
)

from derive.expression import algebra
from derive.expression.facts import facts
from derive.expression.functions import Toeplitz
from derive.expression.rebuild import rebuild, tidy
from derive.language.text import to_text
from derive.simplify.squares import squared_norm

#: The number of terms that a product may grow to.
MAX_TERMS = 120


def expand(e: Expr, scalars: bool = True) -> Expr | None:
    """Return an expression multiplied out, or None where it would grow beyond MAX_TERMS terms.

    Without `scalars`, sums of scalars stay together, as the denominators that they are elsewhere.
    """
    try:
        return rebuild(e, _expand if scalars else _expand_matrices)
    except _TooManyTermsError:
        return None


def _expand_matrices(e: Expr, args: list[Expr]) -> Expr | None:
    if isinstance(e, MatMul):
        return _distribute(algebra.dot, args, MatAdd)
    return None if isinstance(e, Mul | Pow) and not e.is_Matrix else _expand(e, args)


class _TooManyTermsError(Exception):
    pass


def _terms(e: Expr, sums: Any = (Add, MatAdd)) -> tuple[Expr, ...]:
    return e.args if isinstance(e, sums) else (e,)


def _distribute_commuting(build, args: list[Expr]) -> Expr:  # type: ignore[no-untyped-def]
    """Multiply out a product whose factors commute; a sum that a term of another one divides by cancels first."""
    divisors = {b for a in args for term in _terms(a) for b in _divisors(term)}
    kept = [a for a in args if a in divisors]
    if not kept:
        return _distribute(build, args)
    pieces = _terms(_distribute(build, [a for a in args if a not in divisors]))
    for a in kept:
        products = [build(piece, a) for piece in pieces]
        pieces = tuple(
            term
            for piece, product in zip(pieces, products, strict=True)
            for term in _terms(product if a in _divisors(piece) else _distribute(build, [piece, a]))
        )
        if len(pieces) > MAX_TERMS:
            raise _TooManyTermsError
    return algebra.add(*pieces)


def _divisors(term: Expr) -> set[Expr]:
    """Return the bases that a term has to a negative power."""
    if not term.is_Matrix:
        return {b for b, k in term.as_powers_dict().items() if k.is_negative}
    parts = [p for f in algebra.split(term)[1] for p in (f.args if isinstance(f, HadamardProduct) else (f,))]
    return {p.base for p in parts if algebra.divides(p)}


def _distribute(build, args: list[Expr], sums: Any = (Add, MatAdd)) -> Expr:  # type: ignore[no-untyped-def]
    count = 1
    lists = [_terms(a, sums) for a in args]
    for terms in lists:
        count *= len(terms)
    if count > MAX_TERMS:
        raise _TooManyTermsError
    if count == 1:
        return build(*args)
    return algebra.add(*[build(*pick) for pick in choices(*lists)])


def _expand(e: Expr, args: list[Expr]) -> Expr | None:
    if isinstance(e, MatMul):
        return _distribute(algebra.dot, args)
    if isinstance(e, Mul):
        return _distribute_commuting(Mul, args)
    if isinstance(e, HadamardProduct):
        return _distribute_commuting(algebra.hadamard, args)
    if isinstance(e, KroneckerProduct):
        return _distribute(algebra.kron, args)
    if isinstance(e, Transpose | DiagMatrix | Toeplitz) and isinstance(args[0], MatAdd):
        return algebra.add(*[tidy(e, [a]) for a in args[0].args])
    if isinstance(e, Trace):
        return Add(*[_with_norms(_rotated(a)) for a in _terms(algebra.trace(args[0]))])
    if isinstance(e, Inverse) and isinstance(args[0], MatMul):
        coefficient, factors = algebra.split(args[0])
        if all(f.shape == e.shape for f in factors):
            return algebra.dot(1 / coefficient, *[algebra.inv(f) for f in reversed(factors)])
    if isinstance(e, MatPow) and e.exp.is_Integer and 0 < e.exp <= 4 and isinstance(args[0], MatAdd | MatMul):
        return _distribute(algebra.dot, [args[0]] * int(e.exp))
    if isinstance(e, Pow) and e.exp.is_Integer and 0 < e.exp <= 4 and isinstance(args[0], Add):
        return _distribute(Mul, [args[0]] * int(e.exp))
    return None


def _with_norms(e: Expr) -> Expr:
    """Write the traces in a product that are sums of squares as such, so that they cancel against norms."""
    return Mul(*[squared_norm(a) for a in Mul.make_args(e)])


def _text(e: Expr) -> str:
    """Return the text of a factor, by which rotations are told; that of SymPy's own printer would take long."""
    memo = facts().memo
    key = ("text", e)
    if key not in memo:
        memo[key] = to_text(e)
    return memo[key]


def _rotated(e: Expr) -> Expr:
    """Return a trace in the first of its rotations and transposes, those with few transposes before others."""
    coefficient, rest = e.as_coeff_Mul()
    if not isinstance(rest, Trace):
        return Mul(*[_rotated(a) for a in e.args]) if isinstance(e, Mul) else e
    scale, factors = algebra.split(rest.arg)
    if rest.arg.shape == (1, 1):
        ways = [list(factors)]
    else:
        ways = [[*factors[i:], *factors[:i]] for i in range(len(factors))]
    ways += [[algebra.t(a) for a in reversed(way)] for way in ways]
    best = min(ways, key=lambda way: (sum(isinstance(a, Transpose) for a in way), [_text(a) for a in way]))
    return Mul(coefficient, scale, Trace(best[0] if len(best) == 1 else algebra.make(MatMul, *best)))
