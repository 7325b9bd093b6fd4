"""Products of sums multiplied out, inverses of square products taken apart, traces in one of their rotations."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product as choices

from sympy import Add, Expr, MatMul, Mul, Trace

from derive.expression import algebra
from derive.expression.facts import remembered
from derive.expression.operation import kind
from derive.expression.rebuild import rebuild, tidy
from derive.language.text import to_text
from derive.simplify.laws import rewrites

Build = Callable[..., Expr]
Which = Callable[[Expr], bool]

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
    if kind(e) == "matrix product":
        return _distribute(algebra.dot, args, algebra.is_matrix)
    return None if kind(e) in ("product", "power") else _expand(e, args)


class _TooManyTermsError(Exception):
    pass


def _always(e: Expr) -> bool:
    return True


def _terms(e: Expr, which: Which = _always) -> tuple[Expr, ...]:
    return e.args if kind(e) == "sum" and which(e) else (e,)


def _distribute_commuting(build: Build, args: list[Expr]) -> Expr:
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
    parts = [
        p for f in algebra.split(term)[1] for p in (f.args if kind(f) == "elementwise product" else (f,))
    ]
    return {p.base for p in parts if algebra.divides(p)}


def _distribute(build: Build, args: list[Expr], which: Which = _always) -> Expr:
    """Multiply out a product, those of its factors that are sums and `which` says."""
    count = 1
    lists = [_terms(a, which) for a in args]
    for terms in lists:
        count *= len(terms)
    if count > MAX_TERMS:
        raise _TooManyTermsError
    if count == 1:
        return build(*args)
    return algebra.add(*[build(*pick) for pick in choices(*lists)])


def _expand(e: Expr, args: list[Expr]) -> Expr | None:
    word = kind(e)
    if word in _PRODUCTS:
        distribute, build = _PRODUCTS[word]
        return distribute(build, args)
    if word == "trace":
        return Add(*[_with_norms(_rotated(a)) for a in _terms(algebra.trace(args[0]))])
    inner = kind(args[0])
    if word in _LINEAR and inner == "sum":
        return algebra.add(*[tidy(e, [a]) for a in args[0].args])
    if word == "inverse" and inner == "matrix product":
        coefficient, factors = algebra.split(args[0])
        if all(f.shape == e.shape for f in factors):
            return algebra.dot(1 / coefficient, *[algebra.inv(f) for f in reversed(factors)])
    if word == "matrix power" and e.exp.is_Integer and 0 < e.exp <= 4 and inner in ("sum", "matrix product"):
        return _distribute(algebra.dot, [args[0]] * int(e.exp))
    if word == "power" and e.exp.is_Integer and 0 < e.exp <= 4 and inner == "sum":
        return _distribute(Mul, [args[0]] * int(e.exp))
    return None


#: Products by the word for them: how they are multiplied out, and built.
_PRODUCTS: dict[str, tuple[Callable[[Build, list[Expr]], Expr], Build]] = {
    "matrix product": (_distribute, algebra.dot),
    "product": (_distribute_commuting, Mul),
    "elementwise product": (_distribute_commuting, algebra.hadamard),
    "Kronecker product": (_distribute, algebra.kron),
}
#: Functions of one matrix that are taken of every term of a sum.
_LINEAR = frozenset({"transpose", "diagonal matrix", "sums along diagonals"})


def _with_norms(e: Expr) -> Expr:
    """Write the traces in a product that are sums of squares as such, so that they cancel against norms."""
    return Mul(*[next((new for _, new in rewrites(a)), a) for a in Mul.make_args(e)])


@remembered
def _text(e: Expr) -> str:
    """Return the text of a factor, by which rotations are told; that of SymPy's own printer would take long."""
    return to_text(e)


def _rotated(e: Expr) -> Expr:
    """Return a trace in the first of its rotations and transposes, those with few transposes before others."""
    coefficient, rest = e.as_coeff_Mul()
    if kind(rest) != "trace":
        return Mul(*[_rotated(a) for a in e.args]) if kind(e) == "product" else e
    scale, factors = algebra.split(rest.arg)
    if rest.arg.shape == (1, 1):
        ways = [list(factors)]
    else:
        ways = [[*factors[i:], *factors[:i]] for i in range(len(factors))]
    ways += [[algebra.t(a) for a in reversed(way)] for way in ways]
    best = min(ways, key=lambda way: (sum(kind(a) == "transpose" for a in way), [_text(a) for a in way]))
    return Mul(coefficient, scale, Trace(best[0] if len(best) == 1 else algebra.make(MatMul, *best)))
