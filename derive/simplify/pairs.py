"""A sum of a product, its transpose and a symmetric product, as a product and its transpose.

u p' + p u' + 2 c p p' is (u + c p) p' + p (u + c p)', and A P + P A + k P is (A + k/2 I) P + P (A + k/2 I).
"""

from __future__ import annotations

from sympy import Expr, Identity, MatAdd, S

from derive.expression import algebra
from derive.expression.rebuild import rebuild, tidy
from derive.expression.walk import distinct

Term = tuple[Expr, tuple[Expr, ...]]


def completed(e: Expr) -> Expr:
    """Return an expression with the symmetric terms of its sums taken into pairs of transposes, half into each."""

    if not any(isinstance(a, MatAdd) and len(a.args) > 2 for a in distinct(e)):
        return e

    def rewrite(e: Expr, args: list[Expr]) -> Expr:
        new = tidy(e, args)
        return _completed(new) if isinstance(new, MatAdd) and len(new.args) > 2 else new

    return rebuild(e, rewrite)


def _completed(e: MatAdd) -> Expr:
    if e.shape[0] != e.shape[1]:
        return e
    terms = list(e.args)
    parts: list[Term] = [algebra.split(a) for a in terms]
    turned = [algebra.split(algebra.t(a)) for a in terms]
    symmetric = [i for i, (a, b) in enumerate(zip(parts, turned, strict=True)) if a == b and len(a[1]) > 1]
    pairs = [
        (i, j)
        for i, a in enumerate(parts)
        for j, b in enumerate(turned)
        if i != j and a == b and len(a[1]) > 1
    ]
    taken: set[int] = set()
    new: list[Expr] = []
    for i, j in pairs:
        if {i, j} & taken:
            continue
        (c, factors), found = parts[i], []
        shared = max((_common_end(factors, parts[k][1]) for k in symmetric if k not in taken), default=0)
        if not shared:
            continue
        found = [k for k in symmetric if k not in taken and _common_end(factors, parts[k][1]) == shared]
        end = factors[-shared:]
        first = algebra.add(
            _start(c, factors, end), *[_start(parts[k][0] / 2, parts[k][1], end) for k in found]
        )
        half = algebra.dot(first, *end)
        new += [half, algebra.t(half)]
        taken |= {i, j, *found}
    if not taken:
        return e
    return algebra.add(*new, *[a for i, a in enumerate(terms) if i not in taken])


def _common_end(a: tuple[Expr, ...], b: tuple[Expr, ...]) -> int:
    count = 0
    for x, y in zip(reversed(a), reversed(b), strict=False):
        if x != y:
            break
        count += 1
    return count


def _start(coefficient: Expr, factors: tuple[Expr, ...], end: tuple[Expr, ...]) -> Expr:
    """Return the product without its last factors."""
    rest = factors[: len(factors) - len(end)] or (Identity(end[0].shape[0]),)
    return algebra.dot(coefficient if coefficient != 1 else S.One, *rest)
