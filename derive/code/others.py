"""Derivatives of products of entries as products of all other entries, which hold where an entry is zero too.

The derivative of x_1 ... x_n by x_i is written prod(x)/x; as code that would divide zero by zero. What multiplies by
a product of entries, and by one over these entries somewhere in a linear operation, gets the products of all others:
what stands before every entry times what stands after it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Integer

from derive.code.builder import Builder
from derive.code.plan import Node, post_order

ONE = Integer(1)
#: Operations that are linear in each of their arguments.
_LINEAR = frozenset(
    {
        "matmul",
        "inner",
        "rowinner",
        "sum",
        "transpose",
        "spread",
        "reshape",
        "diagflat",
        "kron",
        "part",
        "put",
        "cumsum",
    }
)


def without_quotients(outputs: Sequence[Node], b: Builder) -> tuple[Node, ...]:
    """Return the outputs with products of entries over one of these entries as products of the others."""
    known: dict[int, Node] = {}
    for node in post_order(list(outputs)):
        args = tuple(known[a.index] for a in node.args)
        same = all(x is y for x, y in zip(args, node.args, strict=True))
        made = node if same else b.make(node.op, args, node.params, node.shape, node.symmetric)
        known[node.index] = (_moved(made, b) or made) if made.op == "prod" else made
    return tuple(known[n.index] for n in outputs)


def _moved(node: Node, b: Builder) -> Node | None:
    """Return a product of numbers and matrices that multiplies by a product of entries, None where it does not."""
    for k, factor in enumerate(node.args):
        turned, whole, power = factor.is_transpose, factor, ONE
        while whole.op in ("transpose", "power"):
            turned ^= whole.op == "transpose" and whole is not factor
            power = power * whole.params[0] if whole.op == "power" else power
            whole = whole.args[0]
        if whole.op != "function" or whole.params not in (("prod", 1), ("prod rows", 1)):
            continue
        if not power.is_integer or power < 1 or node.params[1][k] != 1:
            continue
        left = b.power(b.transpose(whole) if turned else whole, power - 1)
        rows = whole.params[0] != "prod"
        of = b.transpose(whole.args[0]) if turned else whole.args[0]
        rest = [(a, e) for i, (a, e) in enumerate(zip(node.args, node.params[1], strict=True)) if i != k]
        if (of, -1) in rest:
            i = rest.index((of, -1))
            rest[i] = (_others(of, rows, turned, b), 1)
        elif rows:
            continue
        else:
            found = next(
                ((i, x) for i, (a, e) in enumerate(rest) if e == 1 and (x := _inside(a, of, b))), None
            )
            if found is None:
                continue
            rest[found[0]] = (found[1], 1)
        out = b.product([left, *[a for a, _ in rest]], [1, *[e for _, e in rest]], node.params[0])
        return b.spread(out, node.shape)
    return None


def _inside(node: Node, of: Node, b: Builder) -> Node | None:
    """Return a value that is linear in 1/x with the products of the others for 1/x."""
    if node.op == "power" and node.args[0] is of and node.params[0] == -1:
        return _others(of, False, False, b)
    if node.op == "prod":
        pairs = list(zip(node.args, node.params[1], strict=True))
        if (of, -1) in pairs:
            pairs[pairs.index((of, -1))] = (_others(of, False, False, b), 1)
        else:
            found = next(
                ((i, x) for i, (a, e) in enumerate(pairs) if e == 1 and (x := _inside(a, of, b))), None
            )
            if found is None:
                return None
            pairs[found[0]] = (found[1], 1)
        return b.spread(b.product([a for a, _ in pairs], [e for _, e in pairs], node.params[0]), node.shape)
    if node.op in _LINEAR:
        for i, a in enumerate(node.args):
            if (x := _inside(a, of, b)) is not None:
                args = (*node.args[:i], x, *node.args[i + 1 :])
                return b.make(node.op, args, node.params, node.shape)
    return None


def _others(x: Node, rows: bool, turned: bool, b: Builder) -> Node:
    """Return the products of all other entries, of all or of every row, or of every column where it is turned."""
    make = lambda y: b.make("others", (y,), (), y.shape)
    if rows:
        return b.transpose(make(b.transpose(x))) if turned else make(x)
    wide = b.reshape(x, ONE, x.rows * x.columns)
    return b.reshape(make(wide), x.rows, x.columns)
