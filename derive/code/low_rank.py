"""Matrices that are a diagonal plus a product of thin matrices, in terms of the small matrix of the low rank.

inv(D + c U V') = inv(D) - c inv(D) U inv(S) V' inv(D) with S = I + c V' inv(D) U (Woodbury 1950), and
det(D + c U V') = det(D) det(S) (Harville 1997, theorem 18.1.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Abs, Expr, Identity, Integer, log

from derive.expression import algebra
from derive.expression.elementwise import elementwise
from derive.expression.functions import LogDet
from derive.expression.operation import kind
from derive.expression.rebuild import rebuild


@dataclass(frozen=True)
class LowRank:
    """d + c U V', d a number or a column on the diagonal, where U may be thin."""

    d: Expr
    c: Expr
    u: Expr
    v: Expr

    @property
    def small(self) -> Expr:
        """Return the small matrix: S, or d S of a number d."""
        r = self.u.shape[1]
        if algebra.is_matrix(self.d):
            over = algebra.dot(algebra.diag(algebra.elementwise_power(self.d, Integer(-1))), self.u)
            return algebra.add(Identity(r), algebra.dot(self.c, algebra.t(self.v), over))
        return algebra.add(algebra.dot(self.d, Identity(r)), algebra.dot(self.c, algebra.t(self.v), self.u))

    def _over(self) -> tuple[Expr, ...]:
        """Return inv(D) as factors."""
        if algebra.is_matrix(self.d):
            return (algebra.diag(algebra.elementwise_power(self.d, Integer(-1))),)
        return (1 / self.d, Identity(self.u.shape[0]))

    def ways(
        self, before: Sequence[Expr], after: Sequence[Expr]
    ) -> tuple[tuple[tuple[Expr, ...], ...], int, int]:
        """Return the inverse as products of which it is the sum, and how many factors around it they hold too.

        inv(K) U is inv(D) U inv(S) with no sum, and so is V' inv(K): what is thin already comes out at once.
        """
        over, small = self._over(), algebra.inv(self.small)
        scale = (self.d,) if not algebra.is_matrix(self.d) else ()
        u, v = algebra.split(self.u)[1], algebra.split(algebra.t(self.v))[1]
        if tuple(after[: len(u)]) == u:
            return ((*over, *scale, self.u, small),), 0, len(u)
        if len(before) >= len(v) and tuple(before[len(before) - len(v) :]) == v:
            return ((small, algebra.t(self.v), *over, *scale),), len(v), 0
        thin = (self.u, small, algebra.t(self.v))
        if scale:
            return (over, (-self.c / self.d, *thin)), 0, 0
        return (over, (-self.c, *over, *thin, *over)), 0, 0

    def logdet(self) -> Expr:
        """Return log|det|."""
        rows, rank = self.u.shape
        if algebra.is_matrix(self.d):
            outer = algebra.entry_sum(elementwise(log, elementwise(Abs, self.d)))
        else:
            outer = (rows - rank) * log(self.d if algebra.is_positive(self.d) else abs(self.d))
        return outer + LogDet(self.small)


def low_rank(a: Expr) -> LowRank | None:
    """Return a sum d + c U V' as such, None where it is none."""
    if kind(a) != "sum" or not algebra.is_matrix(a):
        return None
    diagonal: list[Expr] = []
    rest: list[Expr] = []
    for t in a.args:
        coefficient, factors = algebra.split(t)
        word = kind(factors[0]) if len(factors) == 1 else ""
        if word == "identity":
            diagonal.append(coefficient)
        elif word == "diagonal matrix":
            diagonal.append(algebra.dot(coefficient, factors[0].args[0]))
        else:
            rest.append(t)
    if len(rest) != 1 or len(diagonal) != 1:
        return None
    coefficient, factors = algebra.split(rest[0])
    n = a.shape[0]
    cuts = [k for k in range(1, len(factors)) if factors[k].shape[0] != n]
    if not cuts:
        return None
    middle = min(cuts, key=lambda k: (factors[k].shape[0] != 1, abs(2 * k - len(factors)), k))
    u, v = algebra.dot(*factors[:middle]), algebra.t(algebra.dot(*factors[middle:]))
    return LowRank(diagonal[0], coefficient, u, v)


def thinned(expr: Expr, pairs: Sequence[tuple[Expr, Expr]]) -> Expr:
    """Return an expression with inverses and log-determinants of low rank by their small matrices.

    `pairs` are the (rows, rank) for which the rank is the smaller.
    """
    opened: dict[Expr, LowRank] = {}

    def found(a: Expr) -> LowRank | None:
        seen = low_rank(a)
        return seen if seen is not None and seen.u.shape in pairs else None

    def products(factors: list[Expr]) -> Expr:
        for k, f in enumerate(factors):
            if f in opened:
                ways, left, right = opened[f].ways(factors[:k], factors[k + 1 :])
            elif kind(f) == "transpose" and f.arg in opened:
                turned = (
                    [algebra.t(x) for x in reversed(factors[k + 1 :])],
                    [algebra.t(x) for x in reversed(factors[:k])],
                )
                ways, right, left = opened[f.arg].ways(*turned)
                ways = tuple(
                    tuple(algebra.t(x) if algebra.is_matrix(x) else x for x in reversed(w)) for w in ways
                )
            else:
                continue
            before, rest = algebra.dot(*factors[: k - left]), factors[k + 1 + right :]
            sums = []
            for way in ways:
                whole = algebra.dot(before, *way, *rest)
                coefficient, flat = algebra.split(whole) if algebra.is_matrix(whole) else (whole, ())
                sums.append(algebra.dot(coefficient, products(list(flat))) if flat else whole)
            return algebra.add(*sums)
        return algebra.dot(*factors)

    def rewrite(e: Expr, args: list[Expr]) -> Expr | None:
        word = kind(e)
        if word == "log-determinant" and (low := found(args[0])) is not None:
            return low.logdet()
        if word == "inverse" and (low := found(args[0])) is not None:
            whole = algebra.inv(args[0])
            opened[whole] = low
            return whole
        if word == "matrix product":
            flat = [f for a in args for f in (algebra.split(a)[1] if algebra.is_matrix(a) else (a,))]
            numbers = [algebra.split(a)[0] for a in args if algebra.is_matrix(a)]
            if any((f.arg if kind(f) == "transpose" else f) in opened for f in flat):
                return algebra.dot(*numbers, products(flat))
        return None

    return rebuild(expr, rewrite)
