"""An expression built anew, node by node, by the constructors that keep it tidy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sympy import Expr, Function, Inverse, Transpose
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression import algebra
from derive.expression.elementwise import elementwise, scalar_function
from derive.expression.objects import one_object
from derive.expression.operation import record
from derive.expression.walk import parts, post_order

Rewrite = Callable[[Expr, list[Expr]], Expr | None]


def tidy(e: Expr, args: list[Expr]) -> Expr:
    """Return one node with new parts."""
    if isinstance(e, Inverse):
        return algebra.inv(args[0])
    if isinstance(e, ElementwiseApplyFunction):
        x = args[0]
        f = scalar_function(e)
        if f is not None and (not algebra.is_matrix(x) or isinstance(x, Transpose)):
            return elementwise(f, x)
        return (
            algebra.make(ElementwiseApplyFunction, e.function, x) if algebra.is_matrix(x) else e.function(x)
        )
    if isinstance(e, Function) and len(args) == 1:
        return elementwise(e.func, args[0])
    entry = record(type(e))
    return (entry.tidy if entry and entry.tidy else e.func)(*args)


def replaced(expr: Expr, values: Mapping[Expr, Expr]) -> Expr:
    """Return an expression with symbols replaced by expressions of their shapes, tidied on the way up."""
    return rebuild(expr, lambda node, args: None, values)


def rebuild(expr: Expr, rewrite: Rewrite, leaves: Mapping[Expr, Expr] = MappingProxyType({})) -> Expr:
    """Return an expression rebuilt from its leaves, every node by `rewrite(node, new parts)`.

    Where `rewrite` answers None, the node is only made tidy. `leaves` are symbols with what takes their place. Shared
    parts are rebuilt once; nothing recurses.
    """
    done: dict[Expr, Expr] = {}
    for e in post_order(expr):
        inner = parts(e)
        if not inner:
            done[e] = leaves.get(e, e)
            continue
        args = [done[a] for a in inner]
        new = rewrite(e, args)
        done[e] = one_object(tidy(e, args) if new is None else new)
    return done[expr]
