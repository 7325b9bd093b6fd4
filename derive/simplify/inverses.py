"""Inverses in products and sums, as matrix fractions: scalars taken in, a common inverse taken out.

inv(I + X'X/c)/c is inv(c I + X'X), and (I - A) inv(I + A) + I is 2 inv(I + A).
"""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Expr, Inverse, MatAdd, MatMul, S, Transpose

from derive.expression import algebra
from derive.expression.elementwise import holds_matrices
from derive.simplify.cost import cost

#: Longer sums inside an inverse are not multiplied through.
MAX_COST = 20


def scaled_inverse(e: Expr) -> Expr:
    """Return a product with its scalars taken into an inverse of a sum, where that is shorter."""
    if not isinstance(e, MatMul):
        return e
    whole_coefficient, factors = algebra.split(e)
    number, coefficient = whole_coefficient.as_coeff_Mul()
    if coefficient == 1 or holds_matrices(coefficient):  # SymPy 1.13 fails at one over tanh(det(A - B))
        return e
    best = e
    for i, a in enumerate(factors):
        inner = _inverted(a)
        if isinstance(inner, MatAdd) and cost(inner) <= MAX_COST:
            whole = algebra.inv(
                algebra.add(
                    *[algebra.dot(algebra.scalar_power(coefficient, S.NegativeOne), b) for b in inner.args]
                )
            )
            new = algebra.dot(number, *factors[:i], _like(a, whole), *factors[i + 1 :])
            best = min(best, new, key=cost)
    return best


def over_one_inverse(terms: list[Expr]) -> Iterator[Expr]:
    """Yield a sum of which some terms begin, or end, with one inverse, as that inverse times a sum."""
    parts = [algebra.split(a) for a in terms]
    for left in (True, False):
        for f in dict.fromkeys(p[1][0 if left else -1] for p in parts):
            inner = _inverted(f)
            if (
                not isinstance(inner, MatAdd)
                or cost(inner) > MAX_COST
                or f.shape[0] != terms[0].shape[not left]
            ):
                continue
            back = algebra.t(inner) if isinstance(f, Transpose) else inner
            rest: list[Expr] = []
            for a, (c, factors) in zip(terms, parts, strict=True):
                if factors[0 if left else -1] == f:
                    others = factors[1:] if left else factors[:-1]
                    one = algebra.dot(f, algebra.inv(f))
                    rest += _opened(algebra.dot(c, *(others or (one,))))
                else:
                    whole = back.args if isinstance(back, MatAdd) else (algebra.t(b) for b in back.arg.args)
                    rest += [algebra.dot(b, a) if left else algebra.dot(a, b) for b in whole]
            total = algebra.add(*rest)
            yield algebra.dot(f, total) if left else algebra.dot(total, f)


def _opened(e: Expr) -> list[Expr]:
    """Return a sum, times a number or transposed, term by term."""
    coefficient, factors = algebra.split(e)
    if len(factors) > 1:
        return [e]
    inner = factors[0].arg if isinstance(factors[0], Transpose) else factors[0]
    if not isinstance(inner, MatAdd):
        return [e]
    flip = algebra.t if inner is not factors[0] else lambda a: a
    return [algebra.dot(coefficient, flip(a)) for a in inner.args]


def _inverted(a: Expr) -> Expr | None:
    inner = a.arg if isinstance(a, Transpose) else a
    return inner.arg if isinstance(inner, Inverse) else None


def _like(a: Expr, inverse: Expr) -> Expr:
    return algebra.t(inverse) if isinstance(a, Transpose) else inverse
