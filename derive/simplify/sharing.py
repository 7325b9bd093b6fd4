"""Parts that repeat, as a reader meets them: whole, among the terms of a longer sum, in a longer product, below a line."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from sympy import Add, Expr, HadamardPower, MatAdd, MatMul, Pow, S

from derive.expression import algebra
from derive.expression.facts import remembered
from derive.expression.walk import distinct, parts
from derive.simplify.cost import cost

#: A part of so many operations is worth a name where it repeats.
NAMED = 3


#: The most parts of an expression whose names are weighed.
MOST_PARTS = 250


@dataclass(frozen=True)
class Inside:
    """A sum as `sign` times a sum that stands elsewhere, and the rest of its terms."""

    sign: int
    whole: Expr
    rest: tuple[Expr, ...]


class Sharing:
    """The parts of expressions as a reader takes them apart, who knows what stands elsewhere in them."""

    def __init__(self, exprs: Iterable[Expr]) -> None:
        found = dict.fromkeys(e for expr in exprs for e in distinct(expr))
        self._sums = sums_inside(found)
        self._products = products_inside(found)

    def pieces(self, e: Expr) -> tuple[Expr, ...]:
        """Return what an expression is made of: for a + b + c, where a + b stands elsewhere, that and c."""
        if e in self._sums:
            return (self._sums[e].whole, *self._sums[e].rest)
        if e in self._products:
            return self._products[e]
        if (divisor := divided_by(e)) is not None:
            return (divisor,)
        return parts(e)


@remembered
def named_cost(e: Expr) -> int:
    """Return the number of operations where parts that repeat are named: each is counted once, and one for its name.

    What has more than `MOST_PARTS` different parts is no answer that anybody reads: its length is that without names.
    """
    if len(distinct(e)) > MOST_PARTS:
        return cost(e)
    sharing = Sharing([e])
    seen: set[Expr] = set()
    named: set[Expr] = set()
    stack, total = [e], 0
    while stack:
        part = stack.pop()
        length = cost(part)
        if not length:
            continue
        if length >= NAMED:
            if part in seen:
                named.add(part)
                continue
            seen.add(part)
        inner = sharing.pieces(part)
        total += length - sum(map(cost, inner))
        stack.extend(inner)
    return total + len(named)


def is_below(e: Expr) -> bool:
    """Tell whether an expression is written as a division by another one."""
    return algebra.divides(e) or (isinstance(e, Pow) and algebra.is_negative(e.exp))


def divided_by(e: Expr) -> Expr | None:
    """Return x where an expression is one over it, None where it is no division."""
    if not is_below(e):
        return None
    return algebra.divisor(e) if isinstance(e, HadamardPower) else algebra.scalar_power(e.base, -e.exp)


def below(e: Expr) -> Expr | None:
    """Return one over a power, as it is written: 1/sqrt(x) of sqrt(x); None for what is no power."""
    if isinstance(e, Pow | HadamardPower) and e.exp.is_Number:
        return type(e)(e.base, -e.exp)
    return None


def products_inside(found: Iterable[Expr]) -> dict[Expr, tuple[Expr, ...]]:
    """Return the products among expressions that hold a whole other one, or its transpose, with their parts.

    Scalars stand for themselves: of 2 A B C, A B C is a part where it, or nothing longer, stands elsewhere.
    """
    products = [e for e in found if isinstance(e, MatMul) and cost(e) >= NAMED]
    if len(products) < 2:
        return {}
    having: dict[tuple[Expr, ...], dict[tuple[Expr, tuple[Expr, ...]], None]] = {}  # by the first two factors
    wholes: set[Expr] = set()
    for e in products:
        way = _unscaled(e)
        outer = any(f.shape[1] == 1 for f in algebra.split(way)[1][:-1])
        turned = way if outer else algebra.t(way)  # r x' + x r' is told by r, not by r x'
        # Of a product and its transpose the longer is made of the shorter, of equals the second of the first.
        whole = (
            turned if cost(turned) < cost(way) or (cost(turned) == cost(way) and turned in wholes) else way
        )
        wholes.add(whole)
        if isinstance(whole, MatMul) and cost(whole) >= NAMED:
            for run in dict.fromkeys((whole.args, algebra.split(whole if outer else algebra.t(whole))[1])):
                if len(run) > 1:
                    having.setdefault(run[:2], {})[whole, run] = None
    inside: dict[Expr, tuple[Expr, ...]] = {}
    for e in products:
        factors = algebra.split(e)[1]
        best: tuple[Expr, int, int] | None = None
        for i in range(len(factors) - 1):
            for whole, run in having.get(factors[i : i + 2], ()):
                if not _same(whole, e) and _same(factors[i : i + len(run)], run):
                    if best is None or cost(whole) > cost(best[0]):
                        best = whole, i, len(run)
        if best is not None:
            whole, i, k = best
            scalars = tuple(a for a in e.args if not algebra.is_matrix(a))
            inside[e] = (*scalars, *factors[:i], whole, *factors[i + k :])
    return inside


def _same(a: Hashable, b: Hashable) -> bool:
    """Tell whether two expressions are equal; those of another hash are not walked, which trees with shared parts need."""
    return a is b or (hash(a) == hash(b) and a == b)


def _unscaled(e: Expr) -> Expr:
    return algebra.matmul(S.One, list(algebra.split(e)[1]))


def sums_inside(found: Iterable[Expr]) -> dict[Expr, Inside]:
    """Return the sums among expressions whose terms hold all those of another one, or their negatives, with the longest."""
    sums = [e for e in found if isinstance(e, Add | MatAdd)]
    if len(sums) < 2:
        return {}
    having: dict[Expr, list[tuple[int, Expr, frozenset[Expr]]]] = {}
    for e in sums:
        if cost(e) >= NAMED:
            for sign in (1, -1):
                terms = [a if sign == 1 else algebra.dot(S(sign), a) for a in e.args]
                having.setdefault(terms[0], []).append((sign, e, frozenset(terms)))
    inside: dict[Expr, Inside] = {}
    for e in sums:
        whole = frozenset(e.args)
        for a in e.args:
            for sign, s, its in having.get(a, ()):
                best = inside.get(e)
                if s is not e and its < whole and (best is None or cost(s) > cost(best.whole)):
                    inside[e] = Inside(sign, s, tuple(b for b in e.args if b not in its))
    return inside
