"""Quotients whose limit is 0 where their divisor is 0: x x'/‖x‖ is 0 at x = 0, and 0/0 as it stands.

Every factor of a product has an order in the vector y whose norm divides: y has 1, y'a has 1, y y' has 2. Where the
orders add up to more than the divisor's, the quotient goes to 0 with y, and the divisor is taken as 1 where it is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from derive.code.builder import Builder
from derive.code.plan import Node, post_order

#: Functions of entries that go to 0 as fast as their argument does.
_LINEAR_AT_ZERO = frozenset(
    {"abs", "sin", "tan", "sinh", "tanh", "relu", "expm1", "log1p", "arcsin", "arctan", "erf"}
)
_KEEP = frozenset(
    {
        "transpose",
        "spread",
        "reshape",
        "sum",
        "diagonal",
        "diagflat",
        "trace",
        "item",
        "norm",
        "part",
        "put",
        "cumsum",
    }
)
_MULTIPLY = frozenset({"matmul", "inner", "rowinner", "kron", "partial inner", "partial weighted"})


def removable(outputs: Sequence[Node], b: Builder) -> tuple[Node, ...]:
    """Return the outputs with divisors that may be 0 taken as 1 there, where the quotient goes to 0."""
    known: dict[int, Node] = {}
    for node in post_order(list(outputs)):
        args = tuple(known[a.index] for a in node.args)
        if node.op == "prod":
            pairs = zip(node.args, args, node.params[1], strict=True)
            args = tuple(_guarded(a, b) if e < 0 and _removable(node, old) else a for old, a, e in pairs)
        same = all(x is y for x, y in zip(args, node.args, strict=True))
        known[node.index] = node if same else b.make(node.op, args, node.params, node.shape, node.symmetric)
    return tuple(known[r.index] for r in outputs)


def _guarded(divisor: Node, b: Builder) -> Node:
    return b.make("nonzero", (divisor,), (), divisor.shape)


def _removable(product: Node, divisor: Node) -> bool:
    """Tell whether a product goes to 0 where one of its divisors, a power of norms, does."""
    base, degree = divisor, 1
    if base.op == "power":
        base, degree = base.args[0], base.params[0]
    inside = base.args[0] if base.args else base
    if base.op == "norm":
        y, axis = inside, None
    elif base.op in ("inner", "rowinner") and inside is base.args[1]:
        y, axis, degree = inside, 1 if base.op == "rowinner" else None, 2 * degree
    elif base.op == "sum" and inside.op == "power" and inside.params[0] == 2:
        y, axis, degree = inside.args[0], base.params[0], 2 * degree
    else:
        return False
    order = _order_in(y, axis)
    orders = [e * order(a) for a, e in zip(product.args, product.params[1], strict=True) if a is not divisor]
    return bool(sum(orders) > degree)


def _order_in(y: Node, axis: int | None) -> Callable[[Node], Any]:
    """Return how fast a value goes to 0 with y, at least: its power of y. Along an axis, every row (1) or column (0) with its own of y."""
    known: dict[int, Any] = {y.index: 1}

    def order(node: Node) -> Any:
        for n in post_order([node]):
            if n.index not in known:
                known[n.index] = of(n, [known[a.index] for a in n.args])
        return known[node.index]

    def of(n: Node, orders: list[Any]) -> Any:
        if axis is not None and not _stays(n, axis):
            return orders[1 - axis] if n.op == "matmul" else 0
        if n.op in _KEEP:
            return orders[0]
        if n.op in _MULTIPLY:
            return sum(orders)
        match n.op:
            case "prod":
                return sum(e * o for e, o in zip(n.params[1], orders, strict=True))
            case "power":
                return n.params[0] * orders[0]
            case "add":
                return min(orders) if n.params[0] == 0 else min(0, *orders)
            case "shift":
                return min(orders)
            case "call" if n.params[0] in _LINEAR_AT_ZERO:
                return orders[0]
        return 0

    return order


def _stays(n: Node, axis: int) -> bool:
    """Tell whether every row (axis 1) or column (axis 0) of a value is made of the same of its arguments."""
    if n.op in ("sum", "rowinner"):
        return (n.params[0] if n.op == "sum" else 1) == axis
    return n.op in ("prod", "power", "add", "call", "spread")
