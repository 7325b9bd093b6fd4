"""The form of a result that people read: short, common factors taken out, known functions by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sympy import (
    Add,
    DiagMatrix,
    Expr,
    HadamardPower,
    HadamardProduct,
    KroneckerProduct,
    MatAdd,
    MatMul,
    MatPow,
    Mul,
    S,
    Trace,
    Transpose,
    exp,
    log,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagonalOf

from derive.expression import algebra
from derive.expression.elementwise import applied
from derive.expression.facts import assuming, facts, memo
from derive.expression.functions import EntrySum, Expm, ExpmFrechet, Reshape, Vec
from derive.expression.rebuild import rebuild, replaced, tidy
from derive.expression.walk import distinct, parts, post_order
from derive.language.text import signed, to_text
from derive.simplify import identities
from derive.simplify.cost import cost
from derive.simplify.diagonals import broadcast, scaled_rows
from derive.simplify.expand import expand
from derive.simplify.factor import factor_sum, reading
from derive.simplify.fractions import reduced
from derive.simplify.inverses import scaled_inverse
from derive.simplify.laws import lawful
from derive.simplify.literal import written_out
from derive.simplify.match import flipped
from derive.simplify.pairs import completed
from derive.simplify.regroup import regrouped
from derive.simplify.sharing import MOST_PARTS
from derive.simplify.wholes import without_wholes

#: Results longer than this are shared by their parts, as they are; multiplying them out would not shorten them.
MAX_COST = 300
#: Expressions that nobody reads, of more parts or nested deeper, are shortened once, part by part.
LONGEST, DEEPEST = 4000, 50


def present(expr: Expr) -> Expr:
    """Return the shortest form that is found of an expression; presenting that again changes nothing.

    The search is made again in what it found until it comes back to a form that it met; of all, the one that is read
    most easily, of equal ones one of those that it goes round in, or the last.
    """
    if _is_large(expr):
        return _shortened_once(expr)
    met = [expr]
    while (new := _once(met[-1])) not in met:
        met.append(new)
    start = met.index(new)
    around = start < len(met) - 1

    def key(i: int) -> tuple[Any, ...]:
        return (reading(met[i]), (0, to_text(met[i]) if around else "") if i >= start else (1, -i))

    return written_out(met[min(range(len(met)), key=key)], present)


def _is_large(expr: Expr) -> bool:
    """Tell whether an expression, its shared parts counted once, is too long or too deep to be searched for its forms."""
    deep: dict[Expr, int] = {}
    length = 0
    for e in post_order(expr):
        within = parts(e)
        length += len(within)
        deep[e] = 1 + max(map(deep.__getitem__, within), default=0)
    return length > LONGEST or deep[expr] > DEEPEST


def _shortened_once(expr: Expr) -> Expr:
    """Return an expression with every part as short as it is found to be by itself."""
    logistic: set[Expr] = set()
    named = identities.logistic_forms(expr, logistic)
    return identities.written_out(rebuild(named, _shorten), logistic)


def _once(expr: Expr) -> Expr:
    """Return the shortest form that is found of an expression in one search."""
    logistic: set[Expr] = set()
    expr = one_way_round(expr)
    expr = identities.logistic_forms(expr, logistic)
    if any(applied(exp, e) is not None for e in distinct(expr)):
        expr = rebuild(expr, lambda e, args: lawful(tidy(e, args)))
    light = rebuild(expr, _shorten)
    candidates = [light]
    if cost(light) <= MAX_COST:
        spreads = [_expanded(expr, True), _expanded(expr, False)]
        spreads = [one_way_round(s) for s in spreads if s is not None]
        spreads = [identities.logistic_forms(s, logistic) if logistic else s for s in spreads]
        candidates += [rebuild(s, _shorten) for s in dict.fromkeys(spreads) if s != light]
        pairs = [c for s in dict.fromkeys(spreads) if (c := completed(s)) != s]
        candidates += [way for c in pairs for way in (rebuild(c, _shorten), *_around_wholes(c))]
    if len(distinct(expr)) <= MOST_PARTS:
        candidates += _around_wholes(expr)
    candidates = list(dict.fromkeys(candidates))
    candidates += [rebuild(c, _regrouped) for c in candidates if any(map(_has_sums, distinct(c)))]
    best = min(candidates, key=reading)
    if any(isinstance(e, HadamardProduct) and scaled_rows(e) != e for e in distinct(best)):
        best = min(best, rebuild(best, _with_scaled_rows), key=reading)
    if logistic:
        again = rebuild(identities.logistic_forms(best, logistic), _shorten)
        best = min(best, again, key=reading)
    if algebra.is_matrix(best) and sum(isinstance(e, Transpose) for e in distinct(best)) > 2:
        flipped = rebuild(_flip(best), _shorten)
        if not isinstance(flipped, Transpose) and cost(flipped) + 3 <= cost(best):
            best = min(best, _transposed(flipped), key=reading)
    return _signs_inside(_one_of_transposes(identities.written_out(best, logistic)))


def _around_wholes(expr: Expr) -> Iterator[Expr]:
    """Yield an expression with what is around its repeated sums shortened, the sums for themselves."""
    short, wholes = without_wholes(expr)
    if wholes:
        known = {
            ("symmetric", name.name)
            for name, e in wholes.items()
            if algebra.is_matrix(e) and algebra.is_symmetric(e)
        }
        inside: dict[Expr, Expr] = {}
        for name, e in wholes.items():  # later ones may hold earlier ones
            inside[name] = replaced(rebuild(e, _shorten), inside)
        with assuming(facts().assumptions | known):
            ways = [short, *[s for scalars in (True, False) if (s := _expanded(short, scalars)) is not None]]
            found = [rebuild(way, _shorten) for way in dict.fromkeys(ways)]
        for way in found:
            yield replaced(way, inside)


def _expanded(expr: Expr, scalars: bool) -> Expr | None:
    """Return an expression multiplied out; what has no product of sums is as it is."""
    table, key = memo("expanded"), (expr, scalars)
    if key not in table:
        table[key] = expand(expr, scalars)
    return table[key]


def _has_sums(e: Expr) -> bool:
    return isinstance(e, MatMul) and any(map(_is_sum, e.args))


def _is_sum(e: Expr) -> bool:
    return isinstance(e.args[0] if isinstance(e, Transpose) else e, MatAdd)


def _transposed(e: Expr) -> Expr:
    """Return the transpose, of a product factor by factor where that is no longer than the transpose of the whole."""
    coefficient, factors = algebra.split(e)
    whole = algebra.dot(*factors)
    inside = algebra.dot(coefficient, algebra.t(whole))
    outside = algebra.dot(coefficient, Transpose(whole))
    return inside if isinstance(whole, Transpose) or cost(inside) <= cost(outside) else outside


def _one_of_transposes(expr: Expr) -> Expr:
    """Write a sum that is the transpose of another one, term by term, as that: A' - P B B' beside A - B B' P."""
    sums = [e for e in distinct(expr) if isinstance(e, MatAdd)]
    if len(sums) < 2:
        return expr
    known = {_terms(e.args): e for e in sums}
    turned: dict[Expr, Expr] = {}
    for e in sorted(sums, key=cost):
        other = known.get(_terms(algebra.t(a) for a in e.args))
        if other is not None and other != e and e not in turned:
            turned[other] = algebra.make(Transpose, e)
    if not turned:
        return expr
    new = rebuild(expr, lambda e, args: turned.get(e))
    return new if cost(new) <= cost(expr) else expr


def _terms(terms: Iterable[Expr]) -> frozenset[tuple[Expr, int]]:
    """Return what sums of the same terms, each as often, have in common."""
    return frozenset(Counter(terms).items())


def one_way_round(expr: Expr) -> Expr:
    """Write scalar products that are equal, x'y and y'x, and sums, x + y, y + x and -x - y, the same way round.

    So they are seen to be equal.
    """
    alike = Counter(type(e) for e in distinct(expr))
    if alike[MatAdd] < 2 and alike[Trace] < 2:
        return expr
    ways: dict[Expr, Expr] = {}
    sums: dict[frozenset[tuple[Expr, int]], Expr] = {}

    def rewrite(e: Expr, args: list[Expr]) -> Expr | None:
        if isinstance(e, MatAdd):
            new = tidy(e, args)
            if not isinstance(new, MatAdd):
                return new
            terms = _terms(new.args)
            if terms not in sums and (opposite := sums.get(_terms(_negatives(new)))) is not None:
                return algebra.dot(S.NegativeOne, opposite)
            return sums.setdefault(terms, new)
        if not isinstance(e, Trace):
            return None
        new = tidy(e, args)
        if not isinstance(new, Trace):
            return new
        flipped = Trace(algebra.t(new.arg))
        return ways.setdefault(new, ways.get(flipped, new))

    return rebuild(expr, rewrite)


def _negatives(e: Expr) -> list[Expr]:
    return [algebra.dot(S.NegativeOne, a) for a in e.args]


def _flip(e: Expr) -> Expr:
    return algebra.add(*[algebra.t(a) for a in e.args]) if isinstance(e, MatAdd) else algebra.t(e)


def _shorten(e: Expr, args: list[Expr]) -> Expr:
    """Return a node with short parts shortened; what was met before, in this search or an earlier one, is known."""
    new = tidy(e, args)
    table, key = memo("shortened"), (new, isinstance(e, HadamardProduct | HadamardPower))
    if key not in table:
        table[key] = _shortened(e, new)
    return table[key]


def _shortened(e: Expr, new: Expr) -> Expr:
    if isinstance(new, Add | MatAdd):
        return factor_sum(new)
    if any(isinstance(a, HadamardProduct | HadamardPower) for a in (e, new)):
        coefficient, factors = algebra.split(new)
        if len(factors) == 1 and isinstance(factors[0], HadamardProduct | HadamardPower):
            inner = reduced(lawful(factors[0]))
            new = inner if coefficient == 1 else reduced(algebra.dot(coefficient, inner))
    new = lawful(identities.homogeneous(new))
    if isinstance(new, ElementwiseApplyFunction | exp | log):
        return broadcast(new)
    if isinstance(new, Expm | ExpmFrechet):
        return _turned(new)
    if isinstance(new, KroneckerProduct | DiagonalOf):
        new = tidy(new, [_turned(a) for a in new.args])
    new = lawful(broadcast(new))
    if isinstance(new, MatMul):
        new = scaled_inverse(new)
    if isinstance(new, MatMul):
        return opened(_blocks(lawful(reduced(new))))
    if isinstance(new, Mul):
        new = reduced(lawful(new))
    if isinstance(new, Trace):
        new = Trace(min(_blocks(new.arg), _blocks(algebra.t(new.arg)), key=cost))
    if isinstance(new, Trace | EntrySum):
        return lawful(new)
    if isinstance(new, Transpose):
        return _flipped_inside(new)
    return new


def _flipped_inside(e: Transpose) -> Expr:
    """Return a transpose with its parts transposed in place of the whole, where that is shorter."""
    coefficient, factors = algebra.split(flipped(e.arg))
    inner = factor_sum(factors[0]) if len(factors) == 1 else algebra.dot(*factors)
    if any(isinstance(a, Transpose) and isinstance(a.arg, MatAdd) for a in distinct(inner)):
        return e
    return shorter(algebra.dot(coefficient, inner), e)


def _regrouped(e: Expr, args: list[Expr]) -> Expr | None:
    if not isinstance(e, MatMul):
        return None
    new = tidy(e, args)
    return _shorten(new, list(parts(new))) if (new := regrouped(new)) != e else new


def _with_scaled_rows(e: Expr, args: list[Expr]) -> Expr:
    new = tidy(e, args)
    turned = scaled_rows(new) if isinstance(new, HadamardProduct) else new
    return _shorten(turned, list(parts(turned))) if turned != new or isinstance(new, MatAdd) else new


def opened(e: Expr) -> Expr:
    """Return the negative of a sum as a sum."""
    coefficient, factors = algebra.split(e)
    if coefficient != -1 or len(factors) > 1 or not isinstance(factors[0], MatAdd):
        return e
    return shorter(_negated(factors[0]) or e, e)


def shorter(new: Expr, old: Expr) -> Expr:
    """Return the shorter of two expressions, the old one where they are equally long."""
    return new if cost(new) < cost(old) else old


def _turned(e: Expr) -> Expr:
    """Return a matrix as the transpose of its transpose, where that is shorter or has fewer transposes inside."""
    if isinstance(e, Expm | ExpmFrechet):
        flipped = algebra.make(Transpose, algebra.make(type(e), *[algebra.t(a) for a in e.args]))
    elif isinstance(e, MatMul):
        coefficient, factors = algebra.split(algebra.t(e))
        flipped = algebra.matmul(coefficient, [algebra.make(Transpose, algebra.matmul(S.One, list(factors)))])
    else:
        return e
    return flipped if cost(flipped) < cost(e) else e


def _blocks(e: Expr) -> Expr:
    """Write a product that repeats a block of factors as a power of it."""
    if not isinstance(e, MatMul):
        return e
    coefficient, factors = algebra.split(e)
    for size in range(2, len(factors) // 2 + 1):
        count, rest = divmod(len(factors), size)
        if not rest and factors == factors[:size] * count:
            return algebra.dot(coefficient, MatPow(algebra.dot(*factors[:size]), count, evaluate=False))
    return e


def _signs_inside(e: Expr) -> Expr:
    """Write -2 (y - A x) as 2 (A x - y), where a result is a product with a minus in front that holds a sum."""
    if not signed(e)[0] or not isinstance(e, Mul | MatMul):
        return e
    coefficient, matrices = algebra.split(e) if isinstance(e, MatMul) else (e, ())
    number, rest = coefficient.as_coeff_Mul()
    scalars = Mul.make_args(rest)
    factors = (*scalars, *matrices)
    for i, a in enumerate(factors):
        others = factors[:i] + factors[i + 1 :]
        known = {b for f in others for b in (f, *parts(f)[:1])}  # also what is raised to a power
        inner = None if a in known or algebra.t(a) in known else _negated(a)
        if inner is not None:  # the number comes last: in front of a sum alone SymPy multiplies it into that
            new = algebra.dot(*factors[:i], inner, *factors[i + 1 :], -number)
            if cost(new) < cost(e):
                return new
    return e


def _negated(e: Expr) -> Expr | None:
    """Return the negative of a sum, or of a factor that changes its sign with a sum inside; None where there is none."""
    if isinstance(e, MatAdd):
        terms = _negatives(e)
        first = next((i for i, a in enumerate(terms) if not signed(a)[0]), None)
        if first is None:
            return None
        return algebra.make(MatAdd, terms[first], *terms[:first], *terms[first + 1 :])
    if isinstance(e, Add):
        return (
            None if all(signed(a)[0] == signed(e.args[0])[0] for a in e.args) else Add(*[-a for a in e.args])
        )
    if isinstance(e, Trace | HadamardProduct | MatMul):
        for i, a in enumerate(e.args):
            if (inner := _negated(a)) is not None:
                return tidy(e, [*e.args[:i], inner, *e.args[i + 1 :]])
        return None
    odd = identities.parity(e) == -1
    if odd or isinstance(e, Transpose | DiagMatrix | DiagonalOf | Vec | Reshape | EntrySum):
        inner = _negated(parts(e)[0])
        return None if inner is None else tidy(e, [inner, *parts(e)[1:]])
    return None
