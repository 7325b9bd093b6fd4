"""Common factors taken out of sums, wherever that shortens them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, total_ordering
from typing import Any

from sympy import (
    Add,
    DiagMatrix,
    Expr,
    HadamardPower,
    HadamardProduct,
    Identity,
    KroneckerProduct,
    MatAdd,
    MatMul,
    Mul,
    OneMatrix,
    Pow,
    S,
    Trace,
    Transpose,
    exp,
    expand_mul,
)
from sympy.matrices.expressions.diagonal import DiagonalOf

from derive.expression import algebra
from derive.expression.elementwise import applied
from derive.expression.facts import memo
from derive.expression.functions import Softmax, Toeplitz, Vec
from derive.expression.operation import kind
from derive.expression.walk import distinct
from derive.language.text import signed
from derive.simplify.cost import cost, distinct_cost, leaves
from derive.simplify.fractions import content, divided, reduced
from derive.simplify.inverses import over_one_inverse
from derive.simplify.laws import rewrites
from derive.simplify.regroup import gathered
from derive.simplify.sharing import named_cost

#: Sums of more terms, or longer ones, are left as they are: looking at all their factors would take too long.
MAX_TERMS = 40
MAX_COST = 300
#: Of longer sums of scalars, no factor of some terms only is taken out.
MAX_PARTLY = 6

Term = tuple[Expr, tuple[Expr, ...]]


def factor_sum(e: Expr) -> Expr:
    """Return a sum with common factors taken out."""
    if not isinstance(e, Add | MatAdd) or len(e.args) > MAX_TERMS or cost(e) > MAX_COST:
        return e
    # What is left after one factor is taken out is left after many others too: looked at each time, the sums
    # inside would cost exponentially many looks.
    table = memo("factored")
    if e not in table:
        table[e] = _matrix_sum(e) if isinstance(e, MatAdd) else _scalar_sum(e)
    return table[e]


# ----------------------------------------------------------------------------------------- scalars


def common_scalar(coefficients: list[Expr], fewest: bool = False) -> Expr:
    """Return the product of what all coefficients have in common, their rational content included.

    Of a base below the line in all of them it is the highest power, so that nothing stays below inside, or with
    `fewest` the lowest: (g - f/h)/h in place of (h g - f)/h^2.
    """
    numbers, rests = zip(*[c.as_coeff_Mul() for c in coefficients], strict=True)
    shared = dict(rests[0].as_powers_dict())
    for rest in rests[1:]:
        powers = rest.as_powers_dict()
        shared = {
            b: _shared_power(p, powers[b], fewest)
            for b, p in shared.items()
            if b in powers and (p - powers[b]).is_number
        }
    number = content([n for n in numbers if n.is_Rational]) if all(n.is_Rational for n in numbers) else S.One
    return Mul(number, *[algebra.scalar_power(b, p) for b, p in shared.items()])


def _shared_power(p: Expr, q: Expr, fewest: bool) -> Expr:
    low, high = (q, p) if (p - q).is_nonnegative else (p, q)
    return high if fewest and high.is_negative else low


def _scalar_sum(e: Expr) -> Expr:
    e = _one_trace(e)
    if not isinstance(e, Add):
        return e
    terms = list(e.args)
    ways = [e, *(new for _, new in rewrites(e))]
    ways += _scalar_fraction(e)
    ways += _partly_factored(terms)
    for common in _commons(terms):
        whole = Add(*[divided(a, common) for a in terms])
        for inner in (whole, *(_partly_factored(list(whole.args)) if isinstance(whole, Add) else ())):
            # A number alone in front of a sum would be multiplied into it.
            ways.append(Mul(common, inner, evaluate=not (common.is_Number and isinstance(inner, Add))))
    return min(map(reduced, ways), key=cost)


def _partly_factored(terms: list[Expr]) -> Iterator[Expr]:
    """Yield a sum of scalars with one factor taken out of some of the terms, not of all."""
    if len(terms) > MAX_PARTLY:
        return
    holding: dict[Expr, list[int]] = {}
    for i, a in enumerate(terms):
        for f in Mul.make_args(a):
            if not f.is_number:
                holding.setdefault(f, []).append(i)
    for f, members in holding.items():
        if 1 < len(members) < len(terms):
            inner = Add(*[divided(terms[i], f) for i in members])
            yield Add(Mul(f, inner), *[a for i, a in enumerate(terms) if i not in members])


def _scalar_fraction(e: Add) -> Iterator[Expr]:
    """Yield a sum of scalars over one denominator, the numerators multiplied out."""
    powers = [a.as_powers_dict() for a in e.args]
    below: dict[Expr, Expr] = {}
    for p in powers:
        for base, k in p.items():
            if k.is_Integer and k < 0 and not base.is_number:
                below[base] = max(below.get(base, S.Zero), -k)
    if not below or all(base in p for p in powers for base in below):
        return
    denominator = Mul(*[Pow(b, k) for b, k in below.items()])
    above = Add(*[expand_mul(a * denominator, deep=False) for a in e.args])
    yield _scalar_sum_over(above, denominator)
    yield from (_scalar_sum_over(new, denominator) for _, new in rewrites(above))


def _scalar_sum_over(above: Expr, below: Expr) -> Expr:
    common = common_scalar(list(above.args)) if isinstance(above, Add) else S.One
    return Mul(common, Add(*[divided(a, common) for a in Add.make_args(above)]), 1 / below)


def _commons(coefficients: list[Expr]) -> list[Expr]:
    """Return the scalars that may be taken out of a sum of terms with these coefficients."""
    common = common_scalar(coefficients)
    found = dict.fromkeys([common, common_scalar(coefficients, fewest=True), common.as_coeff_Mul()[0]])
    return [c for c in found if c != 1]


def _one_trace(e: Expr) -> Expr:
    """Write a sum of traces of matrices of one size as the trace of their sum, where that is shorter."""
    groups: dict[Expr, list[tuple[Expr, Expr, Expr]]] = {}
    for a in e.args:
        inner = [f for f in Mul.make_args(a) if isinstance(f, Trace)]
        for f in inner:
            groups.setdefault(f.arg.shape[0], []).append((a, a / f, f.arg))
    for size, members in groups.items():
        taken = {a: (c, m) for a, c, m in members}
        if len(taken) < 2 or size == 1:
            continue
        matrix = factor_sum(algebra.add(*[algebra.dot(c, m) for c, m in taken.values()]))
        new = Add(*[a for a in e.args if a not in taken], algebra.trace(matrix))
        if not isinstance(matrix, MatAdd) and cost(new) < cost(e):
            return _scalar_sum(new) if isinstance(new, Add) else new
    return e


# ---------------------------------------------------------------------------------------- matrices


def _build(term: Term) -> Expr:
    return algebra.dot(term[0], *term[1])


def _matrix_sum(e: MatAdd) -> Expr:
    terms = list(e.args)
    ways = [_factored(terms)]
    for common in _commons([algebra.split(a)[0] for a in terms]):
        ways.append(algebra.dot(common, _factored([algebra.dot(1 / common, a) for a in terms])))
    return _sign_outside(min((_positive_first(reduced(w)) for w in ways), key=reading))


def _sign_outside(e: Expr) -> Expr:
    """Return a sum of negative terms only as the negative of a sum, so that a product around it takes its sign."""
    if not isinstance(e, MatAdd) or not all(signed(a)[0] for a in e.args):
        return e
    return algebra.dot(S.NegativeOne, algebra.make(MatAdd, *[algebra.dot(S.NegativeOne, a) for a in e.args]))


def reading(e: Expr) -> Reading:
    """Return how hard an expression is to read, for comparisons."""
    return Reading(e)


@total_ordering
class Reading:
    """How hard an expression is to read: its length; of equally short ones that whose parts repeat.

    A part that repeats gets a name, so that it is read once. Then c I x is harder than c x, and -A - B than -(A + B).
    Only what the length leaves open is looked at further.
    """

    def __init__(self, e: Expr) -> None:
        self.expr, self.length = e, (named_cost(e), cost(e))

    @cached_property
    def rest(self) -> tuple[int, int, int, int, bool]:
        """Return what settles a tie: exponentials first, which overflow where the logistic function does not."""
        e = self.expr
        exponentials = sum(applied(exp, part) is not None for part in distinct(e))
        rows = sum(
            kind(part) == "ones" and part.shape[0] == 1 for part in distinct(e)
        )  # transposes in the text
        return exponentials, distinct_cost(e), leaves(e), rows, isinstance(e, MatAdd) and signed(e.args[0])[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Reading):
            return NotImplemented
        return self.expr == other.expr or (self.length == other.length and self.rest == other.rest)

    def __lt__(self, other: Reading) -> bool:
        if self.length != other.length:
            return self.length < other.length
        return self.expr != other.expr and self.rest < other.rest

    __hash__ = None  # type: ignore[assignment]


def _factored(terms: list[Expr]) -> Expr:
    """Return a sum of terms with common factors taken out, one after the other as long as it gets shorter."""
    while len(terms) > 1:
        found = min(_candidates(terms), key=lambda c: cost(algebra.add(*c)), default=None)
        if found is None or cost(algebra.add(*found)) >= cost(algebra.add(*terms)):
            break
        terms = found
    whole = algebra.add(*terms)
    if isinstance(whole, MatAdd):
        whole = _take_out_scalar(whole)
    return _positive_first(whole)


def _positive_first(e: Expr) -> Expr:
    """Put the first positive term of a sum in front, and a matrix before its own transpose."""
    if not isinstance(e, MatAdd):
        return e
    if isinstance(e.args[0], Transpose) and len(e.args) == 2 and e.args[0].arg == e.args[1]:
        return algebra.make(MatAdd, *reversed(e.args))
    if not signed(e.args[0])[0]:
        return e
    first = next((i for i, a in enumerate(e.args) if not signed(a)[0]), 0)
    return algebra.make(MatAdd, e.args[first], *e.args[:first], *e.args[first + 1 :])


def _take_out_scalar(e: MatAdd) -> Expr:
    ways = [e]
    for common in _commons([algebra.split(a)[0] for a in e.args]):
        inner = _positive_first(algebra.add(*[algebra.dot(1 / common, a) for a in e.args]))
        ways.append(algebra.dot(common, inner))
    return min(ways, key=cost)


def _candidates(terms: list[Expr]) -> Iterator[list[Expr]]:
    """Yield the sums that result from taking one common factor out of some of the terms."""
    parts = [algebra.split(a) for a in terms]
    for left in (True, False):
        groups: dict[tuple[Expr, ...], list[int]] = {}
        for i, (_, factors) in enumerate(parts):
            for k in range(1, len(factors) + 1):
                groups.setdefault(factors[:k] if left else factors[-k:], []).append(i)
        for shared, members in groups.items():
            if len(members) > 1:
                yield _grouped(terms, members, _product(parts, members, shared, left))
    for members, new in gathered(terms):
        yield _grouped(terms, members, new)
    flipped = [i for i, a in enumerate(terms) if _transposes(a)]
    if len(flipped) > 1:
        inner = factor_sum(algebra.add(*[algebra.t(terms[i]) for i in flipped]))
        yield _grouped(terms, flipped, Transpose(inner) if isinstance(inner, MatAdd) else algebra.t(inner))
    yield from _scalar_candidates(terms, parts)
    yield from _linear_candidates(terms, parts)
    yield from _hadamard_candidates(terms, parts)
    yield from _fraction_candidates(terms, parts)
    yield from ([e] for e in over_one_inverse(terms))
    yield from ([new] for _, new in rewrites(algebra.add(*terms)))


def _scalar_candidates(terms: list[Expr], parts: list[Term]) -> Iterator[list[Expr]]:
    """Yield the sums with one scalar taken out of some of the terms, not of all."""
    holding: dict[Expr, list[int]] = {}
    for i, (c, _) in enumerate(parts):
        for a in Mul.make_args(c):
            if not a.is_number:
                holding.setdefault(a, []).append(i)
    for a, members in holding.items():
        if 1 < len(members) < len(terms):
            inner = factor_sum(algebra.add(*[algebra.dot(1 / a, terms[i]) for i in members]))
            if isinstance(inner, MatAdd):
                yield _grouped(terms, members, algebra.dot(a, inner))


def _transposes(a: Expr) -> bool:
    """Tell whether the transpose of a term is shorter than the term."""
    return cost(algebra.t(a)) < cost(a)


def _grouped(terms: list[Expr], members: list[int], new: Expr) -> list[Expr]:
    first = members[0]
    return [new if i == first else a for i, a in enumerate(terms) if i == first or i not in members]


def _product(parts: list[Term], members: list[int], shared: tuple[Expr, ...], left: bool) -> Expr:
    k = len(shared)
    rests = []
    for i in members:
        coefficient, factors = parts[i]
        rest = factors[k:] if left else factors[:-k]
        if not rest:
            rest = (Identity(shared[-1].shape[1] if left else shared[0].shape[0]),)
        rests.append(_build((coefficient, rest)))
    inner = factor_sum(algebra.add(*rests))
    return algebra.dot(*shared, inner) if left else algebra.dot(inner, *shared)


def _powers(e: Expr) -> dict[Expr, Expr] | None:
    """Return a matrix as elementwise powers of bases, or None where a power is no number."""
    found: dict[Expr, Expr] = {}
    for a in e.args if isinstance(e, HadamardProduct) else (e,):
        base, exponent = (a.base, a.exp) if isinstance(a, HadamardPower) else (a, S.One)
        if algebra.is_matrix(exponent):
            return None
        found[base] = found.get(base, S.Zero) + exponent
    return found


def _hadamard_candidates(terms: list[Expr], parts: list[Term]) -> Iterator[list[Expr]]:
    powers = {
        i: p
        for i, (_, f) in enumerate(parts)
        if (p := _powers(f[0] if len(f) == 1 else _whole(f))) is not None
    }
    bases = dict.fromkeys(b for p in powers.values() for b in p if not isinstance(b, OneMatrix))
    for base in bases:
        members = [i for i, p in powers.items() if base in p]
        if len(members) < 2:
            continue
        least = _least([powers[i][base] for i in members])
        if least is None:
            continue
        taken = algebra.elementwise_power(base, least)
        inverse = algebra.elementwise_power(base, -least)
        rests = [algebra.hadamard(terms[i], inverse) for i in members]
        if any(_scaled_ones(rest) for rest in rests) and not isinstance(base, Softmax):
            continue
        inside = algebra.add(*rests)
        if cost(inside) >= cost(algebra.add(*[terms[i] for i in members])):
            continue  # the power did not cancel
        inner = factor_sum(inside)
        yield _grouped(terms, members, algebra.hadamard(taken, inner))


def _least(exponents: list[Expr]) -> Expr | None:
    """Return the exponent nearest to zero, or the least of those that differ by numbers; None where there is none."""
    first = exponents[0]
    if all(k.is_Rational for k in exponents):
        least = min(exponents) if min(exponents) > 0 else max(exponents)
        return None if least == 0 or min(exponents) < 0 < max(exponents) else least
    apart = [k - first for k in exponents]
    return first + min(apart) if all(k.is_Rational for k in apart) else None


def _fraction_candidates(terms: list[Expr], parts: list[Term]) -> Iterator[list[Expr]]:
    """Yield the sum over one elementwise denominator, the numerators multiplied out."""
    powers = [_powers(f[0] if len(f) == 1 else _whole(f)) for _, f in parts]
    if any(p is None for p in powers):
        return
    below: dict[Expr, Expr] = {}
    for p in powers:
        for base, k in (p or {}).items():
            if k.is_negative:
                below[base] = max(below.get(base, S.Zero), -k)
    if not below or all(base in (p or {}) for p in powers for base in below):
        return
    denominator = algebra.hadamard(*[algebra.elementwise_power(b, k) for b, k in below.items()])
    inverse = algebra.elementwise_power(denominator, S.NegativeOne)
    for kept in (set(), {b for p in powers for b, k in (p or {}).items() if k.is_positive}):
        above = algebra.add(*[_multiplied_out(a, below, kept) for a in terms])
        yield [algebra.hadamard(_take_out_scalar(above) if isinstance(above, MatAdd) else above, inverse)]


def _multiplied_out(term: Expr, factors: dict[Expr, Expr], kept: set[Expr]) -> Expr:
    """Return a term times powers of bases entry by entry, with whole powers of sums, but those kept, multiplied out."""
    term = algebra.hadamard(term, *[algebra.elementwise_power(b, k) for b, k in factors.items()])
    coefficient, (whole, *rest) = algebra.split(term)
    if rest:
        return term
    pieces: list[Expr] = [algebra.dot(coefficient, algebra.ones(term.shape))]
    for base, k in (_powers(whole) or {whole: S.One}).items():
        if isinstance(base, MatAdd) and base not in kept and k.is_Integer and 0 < k <= 2:
            for _ in range(int(k)):
                pieces = [algebra.hadamard(p, a) for p in pieces for a in base.args]
        else:
            pieces = [algebra.hadamard(p, algebra.elementwise_power(base, k)) for p in pieces]
    return algebra.add(*pieces)


def _linear_candidates(terms: list[Expr], parts: list[Term]) -> Iterator[list[Expr]]:
    """Yield the sums in which functions that are linear in an argument are applied to a sum once."""
    groups: dict[Any, list[tuple[int, Expr, Expr]]] = {}
    for i, (c, factors) in enumerate(parts):
        e = factors[0]
        if len(factors) > 1:
            continue
        if type(e) in _LINEAR:
            groups.setdefault((type(e), e.args[0].shape), []).append((i, c, e.args[0]))
        if isinstance(e, KroneckerProduct) and len(e.args) == 2:
            a, b = e.args
            groups.setdefault((b, 0, a.shape), []).append((i, c, a))
            groups.setdefault((a, 1, b.shape), []).append((i, c, b))
    for (what, *rest), members in groups.items():
        if len(members) < 2:
            continue
        inner = factor_sum(algebra.add(*[algebra.dot(c, x) for _, c, x in members]))
        if what in _LINEAR:
            new = _LINEAR[what](inner)
        else:
            new = algebra.kron(inner, what) if rest[0] == 0 else algebra.kron(what, inner)
        yield _grouped(terms, [i for i, _, _ in members], new)


#: Functions of one matrix that are linear.
_LINEAR: dict[Any, Callable[[Expr], Expr]] = {
    DiagMatrix: algebra.diag,
    DiagonalOf: algebra.diag,
    Vec: algebra.vec,
    Toeplitz: algebra.toeplitz,
}


def _scaled_ones(e: Expr) -> bool:
    """Tell whether a matrix is a scalar, not a number, times ones.

    People write c x rather than x ⊙ c 1, but for the softmax y, of which they write y ⊙ (g - y'g 1).
    """
    coefficient, factors = algebra.split(e)
    return isinstance(factors[0], OneMatrix) and not coefficient.is_number


def _whole(factors: tuple[Expr, ...]) -> Expr:
    return algebra.make(MatMul, *factors)
