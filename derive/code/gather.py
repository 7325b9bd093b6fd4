"""Sums of products that share a factor: A B + A C is A (B + C), with one product of matrices less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Integer

from derive.code.builder import Builder
from derive.code.plan import Node, post_order, uses

ONE = Integer(1)
#: How a term is made of what it shares with others: by a product at their left or right, or by a solution.
Shared = tuple[str, Node, bool]


def gathered(outputs: Sequence[Node], b: Builder) -> tuple[Node, ...]:
    """Return the outputs with the terms of sums that share a matrix gathered by it, where nothing else uses them."""
    count = uses(list(outputs))
    known: dict[int, Node] = {}
    for node in post_order(list(outputs)):
        args = tuple(known[a.index] for a in node.args)
        same = all(x is y for x, y in zip(args, node.args, strict=True))
        made = node if same else b.make(node.op, args, node.params, node.shape, node.symmetric)
        if node.op == "add" and node.shape is not None and len(args) > 1:
            made = _together(made, b, count) or made
        count[made.index] = max(count.get(made.index, 0), count[node.index])
        known[node.index] = made
    return tuple(known[r.index] for r in outputs)


def _together(node: Node, b: Builder, count: dict[int, int]) -> Node | None:
    """Return a sum with those of its terms that share most gathered, None where no two share anything."""
    constant, coefficients = node.params
    groups: dict[Shared, dict[int, Node]] = {}
    for k, a in enumerate(node.args):
        for shared, rest in _shared(a, b, count).items() if a.shape == node.shape else ():
            groups.setdefault(shared, {})[k] = rest
    (how, matrix, flag), chosen = max(
        groups.items(), key=lambda g: len(g[1]), default=(("", node, False), {})
    )
    if len(chosen) < 2:
        return None
    inner = b.add((coefficients[k], rest) for k, rest in chosen.items())
    shape = next(iter(chosen.values())).shape
    inner = b.spread(inner, shape)
    if how == "solve":
        whole = b.make("solve", (matrix, inner), (flag,), shape)
    else:
        whole = b.matmul(matrix, inner) if how == "left" else b.matmul(inner, matrix)
    terms = [(c, a) for k, (c, a) in enumerate(zip(coefficients, node.args, strict=True)) if k not in chosen]
    return b.spread(b.add([*terms, (ONE, whole)], constant), node.shape)


def _shared(a: Node, b: Builder, count: dict[int, int]) -> dict[Shared, Node]:
    """Return what a term may share with others, and what is left of it then, numbers included."""
    if a.op == "choose" and count.get(a.index, 1) == 1:  # what is shared decides
        return _shared(a.args[1], b, count) | _shared(a.args[0], b, count)
    numbers: list[tuple[Node, int]] = []
    coefficient: Any = ONE
    turned = False
    while count.get(a.index, 1) == 1:
        if a.op == "prod":
            pairs = list(zip(a.args, a.params[1], strict=True))
            whole = [x for x, e in pairs if x.shape is not None and e == 1 and x.shape == a.shape]
            numbers += [(x, e) for x, e in pairs if x.shape is None]
            if len(whole) + sum(x.shape is None for x in a.args) != len(pairs) or len(whole) != 1:
                return {}
            coefficient, a = coefficient * a.params[0], whole[0]
        elif a.is_transpose:
            turned, a = not turned, a.args[0]
        else:
            break
    if count.get(a.index, 1) != 1 or a.op not in ("matmul", "solve"):
        return {}
    scaled = lambda x: b.product([x, *[n for n, _ in numbers]], [1, *[e for _, e in numbers]], coefficient)
    if a.op == "solve":
        return {} if turned else {("solve", a.args[0], a.params[0]): scaled(a.args[1])}
    x, y = a.args
    if turned:
        x, y = b.transpose(y), b.transpose(x)
    return {("left", x, False): scaled(y), ("right", y, False): scaled(x)}
