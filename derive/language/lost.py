"""What a text needs to be positive, where its expression does not show it any more.

SymPy folds sqrt(a)^2 to a and a^2/a to a, which have values where the text has none. What a text needs is read off its own
pieces, and what is lost in folding is kept beside the expression: of a divisor, its square.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sympy import Expr, Integer, Lambda, Symbol
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression import algebra
from derive.expression.domain import divisors, domain, factors_of
from derive.expression.elementwise import ENTRY
from derive.expression.operation import by_name
from derive.language.build import elementwise_power
from derive.language.calls import called
from derive.language.scope import Node

#: The most requirements that are kept beside an expression.
MOST = 12


def lost(root: Node) -> tuple[Expr, ...]:
    """Return what has to be positive for a text to have a value and does not show in its expression.

    `root` is the node of the text, whose nodes have their expressions.
    """
    found: dict[Expr, None] = {}
    divided: dict[Expr, None] = {}
    stack, seen = [root], {id(root)}
    while stack:
        node = stack.pop()
        found |= dict.fromkeys(map(_without_coefficient, _needed(node)))
        divided |= dict.fromkeys(_without_coefficient(f) for e in _divided(node) for f in factors_of(e))
        stack.extend(new := [a for a in node.args if id(a) not in seen])
        seen.update(map(id, new))
    needed = [e for e in found if not e.is_number and e.free_symbols and not e.is_nonnegative]
    shown = set(map(_without_coefficient, domain(root.expr))) if needed else set()
    return tuple([*(e for e in needed if e not in shown), *_squares(divided, root.expr)][:MOST])


def _squares(divided: Iterable[Expr], expr: Expr) -> list[Expr]:
    """Return the squares of divisors that an expression does not show."""
    shown = set(map(_without_coefficient, divisors(expr))) if divided else set()
    hidden = [e for e in divided if e not in shown and not e.is_number and e.free_symbols]
    return [elementwise_power(e, Integer(2)) for e in hidden if not e.is_positive]


def _divided(node: Node) -> list[Expr]:
    """Return what a piece of text divides by."""
    args: list[Any] = [a.expr for a in node.args]
    if node.op == "*":
        return [e for op, e in zip(node.value, args[1:], strict=True) if op in ("/", "./")]
    if node.op in ("^", ".^"):
        base, power = args
        square = node.op == "^" and algebra.is_matrix(base)
        return [base] if power.is_negative and not square else []
    return []


def _needed(node: Node) -> list[Expr]:
    args: list[Any] = [a.expr for a in node.args]
    if node.op in ("^", ".^"):
        base, power = args
        if power.is_integer or (node.op == "^" and algebra.is_matrix(base)):
            return []
        return [base]
    if not args:
        return []
    out: list[Expr] = []
    for body in _of_function(node.op):
        if body == ENTRY:
            out.append(args[0])
        elif algebra.is_matrix(args[0]):
            out.append(ElementwiseApplyFunction(Lambda(ENTRY, body), args[0]))
        else:
            out.append(body.xreplace({ENTRY: args[0]}))
    return out


@lru_cache(maxsize=256)
def _of_function(word: str) -> tuple[Expr, ...]:
    """Return what a function of entries needs of its argument, as expressions in ENTRY."""
    entry = by_name(word)
    if entry is None or not (entry.entrywise or entry.spreads) or entry.arity != 1 or entry.more:
        return ()
    t = Symbol("t", real=True)
    return tuple(e.xreplace({t: ENTRY}) for e in domain(called(entry, [t])) if not e.is_positive)


def _without_coefficient(e: Expr) -> Expr:
    coefficient, factors = e.as_coeff_Mul() if not algebra.is_matrix(e) else (algebra.split(e)[0], None)
    if not (coefficient.is_number and coefficient.is_positive) or coefficient == 1:
        return e
    return factors if factors is not None else algebra.dot(1 / coefficient, e)
