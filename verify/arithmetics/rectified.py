"""Sums t + |t| as rectifiers: what is exactly 0 for t < 0 is so in every arithmetic.

A ball around t, added to one around |t|, is a ball around 0 that is not 0 itself, so that nothing could be said
of the sign of an inactive unit whose argument is rounded. The rectifier is evaluated by the sign of its argument.
"""

from __future__ import annotations

from sympy import Abs, Add, Expr, MatAdd, MatMul, Mul
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression import algebra
from derive.expression.elementwise import elementwise, relu, scalar_function


def rectified(node: Expr) -> Expr | None:
    """Return a sum with c t + c |t| written 2 c relu(t), and c |t| - c t written 2 c relu(-t); None for any other."""
    terms = [_split(term) for term in node.args]
    for i, (c, u) in enumerate(terms):
        inner = _absolute(u)
        if inner is None:
            continue
        for j, (d, v) in enumerate(terms):
            sign = 1 if v == inner else -1 if v == _negative(inner) else 0
            if not sign or abs(c) != abs(d) or not c.is_number:
                continue
            argument = inner if c == sign * d else _negative(inner)
            rest = [term for k, term in enumerate(node.args) if k not in (i, j)]
            return _sum(node, [*rest, _times(2 * c, elementwise(relu, argument))])
    return None


def _split(term: Expr) -> tuple[Expr, Expr]:
    """Return a term as its number and the rest."""
    if not term.is_Matrix:
        return term.as_coeff_Mul()
    if not isinstance(term, MatMul):
        return Add(1), term
    numbers = [a for a in term.args if a.is_number]
    rest = [a for a in term.args if not a.is_number]
    return Mul(*numbers), rest[0] if len(rest) == 1 else algebra.make(MatMul, *rest)


def _absolute(u: Expr) -> Expr | None:
    """Return t of |t|, entry by entry or of a scalar."""
    if isinstance(u, Abs):
        return u.args[0]
    return u.expr if isinstance(u, ElementwiseApplyFunction) and scalar_function(u) is Abs else None


def _negative(t: Expr) -> Expr:
    c, rest = _split(t)
    return _times(-c, rest)


def _times(c: Expr, t: Expr) -> Expr:
    if c == 1:
        return t
    return algebra.make(MatMul, c, t) if t.is_Matrix else Mul(c, t)


def _sum(node: Expr, terms: list[Expr]) -> Expr:
    if len(terms) == 1:
        return terms[0]
    return algebra.make(MatAdd, *terms) if node.is_Matrix else Add(*terms)
