"""Sums as factors of a product: the part of a factor that its neighbour shares, and a sum seen inside a longer one."""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Expr, Identity, Inverse, MatAdd, MatMul, MatPow, S, Transpose

from derive.expression import algebra
from derive.simplify.cost import cost


def regrouped(e: Expr) -> Expr:
    """Return a product of matrices with a factor taken apart where what is left meets its neighbour.

    (K - I)(K x - x) is (K - I)^2 x, and (I - K)(K x - x) is -(I - K)^2 x.
    """
    if not isinstance(e, MatMul):
        return e
    coefficient, factors = algebra.split(e)
    best = e
    for i, a in enumerate(factors):
        for inner, shared, left in _apart(a):
            k = i + 1 if left else i - 1
            base = _base(factors[k]) if 0 <= k < len(factors) else None
            sign = None if base is None else sign_between(inner, base)
            if base is None or sign is None:
                continue
            pair = (*shared, base) if left else (base, *shared)
            new = algebra.dot(sign * coefficient, *factors[:i], *pair, *factors[i + 1 :])
            best = min(best, new, key=cost)
    return e if best is e else regrouped(best)


def gathered(terms: list[Expr]) -> Iterator[tuple[list[int], Expr]]:
    """Yield the terms of a sum that are a multiple of a sum that another term has for a factor, and that sum's product.

    x - K x + M (x - K x) is (I + M)(x - K x): (the members, their product).
    """
    parts = [algebra.split(a) for a in terms]
    where = {f: (i, c) for i, (c, f) in enumerate(parts)}
    for left in (True, False):
        whole = dict.fromkeys(f[0 if left else -1] for _, f in parts if len(f) > 1)
        for s in whole:
            inside = [algebra.split(a) for a in s.args] if isinstance(s, MatAdd) else []
            found = [where.get(f) for _, f in inside]
            if not inside or any(x is None for x in found):
                continue
            ratios = {x[1] / c for x, (c, _) in zip(found, inside, strict=True) if x is not None}
            if len(ratios) != 1:
                continue
            members = {x[0] for x in found if x is not None}
            others = {
                i: (c, f[1:] if left else f[:-1])
                for i, (c, f) in enumerate(parts)
                if len(f) > 1 and f[0 if left else -1] == s and i not in members
            }
            if not others:
                continue
            one = Identity(s.shape[1] if left else s.shape[0])
            rest = algebra.add(
                algebra.dot(ratios.pop(), one), *[algebra.dot(c, *f) for c, f in others.values()]
            )
            product = algebra.dot(s, rest) if left else algebra.dot(rest, s)
            yield sorted([*members, *others]), regrouped(product)


def _apart(a: Expr) -> Iterator[tuple[Expr, tuple[Expr, ...], bool]]:
    """Yield a factor that is a sum as (what is left, what all its terms begin or end with, do they begin so)."""
    flipped = isinstance(a, Transpose)
    terms = (a.arg if flipped else a).args if isinstance(a.arg if flipped else a, MatAdd) else ()
    parts = [algebra.split(algebra.t(b) if flipped else b) for b in terms]
    if not parts:
        return
    for left in (True, False):
        k = 0
        shortest = min(len(f) for _, f in parts)
        while k < shortest and len({f[k] if left else f[-1 - k] for _, f in parts}) == 1:
            k += 1
        if not k:
            continue
        shared = parts[0][1][:k] if left else parts[0][1][-k:]
        size = shared[-1].shape[1] if left else shared[0].shape[0]
        rests = [(f[k:] if left else f[:-k]) or (Identity(size),) for _, f in parts]
        yield algebra.add(*[algebra.dot(c, *f) for (c, _), f in zip(parts, rests, strict=True)]), shared, left


def _base(a: Expr) -> Expr:
    """Return the sum that a factor is a power of, or the inverse of."""
    return _base(a.args[0]) if isinstance(a, MatPow | Inverse) else a


def sign_between(a: Expr, b: Expr) -> Expr | None:
    """Return s = 1 or -1 with a = s b for sums of the same terms in any order; None where there is none."""
    if not (isinstance(a, MatAdd) and isinstance(b, MatAdd) and len(a.args) == len(b.args)):
        return None
    terms = set(b.args)
    for sign in (S.One, S.NegativeOne):
        if {algebra.dot(sign, x) for x in a.args} == terms:
            return sign
    return None
