"""Sums that repeat, kept whole while what is around them is shortened.

Of R + R' with R = A - B - B' the search makes 2 A - 3 B... term by term, which is shorter, and hides that the same sum
stands in both: a reader who gives R a name has less to read.
"""

from __future__ import annotations

from sympy import Add, Expr, MatAdd, MatrixSymbol, Symbol

from derive.expression import algebra
from derive.expression.facts import memo
from derive.expression.rebuild import rebuild, tidy
from derive.expression.walk import distinct, parts
from derive.simplify.cost import cost
from derive.simplify.sharing import NAMED, sums_inside


def without_wholes(expr: Expr) -> tuple[Expr, dict[Expr, Expr]]:
    """Return an expression with symbols for the sums that repeat in it, and what these stand for, the shorter ones first.

    The negative and the transpose of a sum are those of its symbol.
    """
    sums = _repeated(expr)
    if not sums:
        return expr, {}
    symbols = {e: _symbol(e) for e in sums}
    found: dict[Expr, Expr] = {}

    longer = sums_inside(distinct(expr))

    def rewrite(e: Expr, args: list[Expr]) -> Expr | None:
        new = symbols.get(e)
        if new is not None:
            found[new] = tidy(e, args)
        elif e in longer and longer[e].whole in symbols:
            part = longer[e]
            rest = [b for a, b in zip(e.args, args, strict=True) if a in part.rest]
            join = algebra.add if isinstance(e, MatAdd) else Add
            return join(algebra.dot(part.sign, symbols[part.whole]), *rest)
        return new

    return rebuild(expr, rewrite), found


def _repeated(expr: Expr) -> set[Expr]:
    """Return the sums that occur oftener than once; of those that occur only in each other, the longest."""
    after: list[Expr] = []
    places: dict[Expr, int] = {}
    stack = [(expr, False)]
    while stack:
        e, ready = stack.pop()
        if ready:
            after.append(e)
        elif e not in places:
            places[e] = 0
            stack.append((e, True))
            stack.extend((a, False) for a in parts(e))
    places[expr] = 1
    longer = sums_inside(after)
    found = set()
    for e in reversed(after):
        if isinstance(e, Add | MatAdd) and places[e] > 1 and cost(e) >= NAMED and not _hides(e):
            found.add(e)
            places[e] = 1
        inner = parts(e)
        if e in longer:
            inner = (longer[e].whole, *longer[e].rest)
        for a in inner:
            places[a] += places[e]
    return found


def _hides(e: Expr) -> bool:
    """Tell whether a symbol would hide what is seen of a sum: that its columns add up to zero, or that it is positive."""
    if not algebra.is_matrix(e):
        return algebra.is_nonnegative(e)
    return algebra.is_centred(e) or algebra.is_centred(algebra.t(e))


def _symbol(e: Expr) -> Expr:
    table = memo("wholes")
    if e not in table:
        name = f"whole {len(table) + 1}"  # no name of the text language: it meets no other
        table[e] = MatrixSymbol(name, *e.shape) if algebra.is_matrix(e) else Symbol(name, real=True)
    return table[e]
