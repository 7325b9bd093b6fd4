"""Softmax and log-sum-exp as operations that share their exponentials."""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Integer

from derive.code.builder import Builder
from derive.code.plan import Node, post_order
from derive.code.targets import Target


def expanded(outputs: Iterable[Node], b: Builder, target: Target, batched: bool = False) -> list[Node]:
    """Return the outputs with softmax and logsumexp as operations that share their exponentials.

    Where columns may be `batched`, a softmax is taken column by column.
    """
    known: dict[int, Node] = {}

    def shifted(x: Node, axis: int | None) -> tuple[Node, Node, Node]:
        top = b.make("max", (x,), (axis,), b.sum(x, axis).shape)
        e = b.make("call", (b.make("add", (x, top), (Integer(0), (Integer(1), Integer(-1))), x.shape),), ("exp",), x.shape)  # fmt: skip
        return top, e, b.make("sum", (e,), (axis,), top.shape)

    for node in post_order(list(outputs)):
        args = tuple(known[a.index] for a in node.args)
        if node.op in ("softmax", "logsumexp") and "softmax" not in target.operations:
            axis = node.params[0]
            if axis == 0 and args[0].columns == 1 and not batched:
                axis = None
            top, e, total = shifted(args[0], axis)
            if node.op == "softmax":
                known[node.index] = b.make("prod", (e, total), (Integer(1), (1, -1)), node.shape)
            else:
                log = b.make("call", (total,), ("log",), total.shape)
                args2 = (top, log) if top.index < log.index else (log, top)
                known[node.index] = b.make("add", args2, (Integer(0), (Integer(1), Integer(1))), total.shape)
        elif args == node.args:
            known[node.index] = node
        else:
            known[node.index] = b.make(node.op, args, node.params, node.shape, node.symmetric)
        if node.index in b.called:
            b.called.setdefault(known[node.index].index, b.called[node.index])
    return [known[n.index] for n in outputs]
