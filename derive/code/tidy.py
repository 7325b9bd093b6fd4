"""Fewer passes over arrays: factors that all terms of a sum share are taken once, and a sign goes into a sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Integer

from derive.code.builder import Builder
from derive.code.plan import Node, post_order, uses

ONE = Integer(1)


def tidy(outputs: Sequence[Node], b: Builder) -> tuple[Node, ...]:
    """Return the outputs with common factors of sums taken out, where no term is needed for itself."""
    roots = list(outputs)
    count = uses(roots)
    known: dict[int, Node] = {}
    for node in post_order(roots):
        args = tuple(known[a.index] for a in node.args)
        if node.op == "add" and node.params[0] == 0 and len(args) > 1:
            single = all(count[a.index] == 1 for a in node.args if a.op in ("prod", "power"))
            found = _common(node, args, b) if single else None
        elif node.op == "prod" and len(args) == 1 and node.params[0] == -1 and args[0].op == "add":
            found = _negated(args[0], b) if count[node.args[0].index] == 1 else None
        elif node.op == "prod" and any(a.op == "kron" and count[a.index] == 1 for a in node.args):
            found = _into_product(node, args, b)
        else:
            found = None
        if found is None:
            same = all(x is y for x, y in zip(args, node.args, strict=True))
            found = node if same else _again(node, args, b)
        known[node.index] = found
    return tuple(known[r.index] for r in outputs)


def _again(node: Node, args: tuple[Node, ...], b: Builder) -> Node:
    """Return an operation with other arguments; factors that a product now holds may meet."""
    if node.op == "prod" and any(a.op == "prod" for a in args):
        return b.spread(b.product(args, node.params[1], node.params[0]), node.shape)
    return b.make(node.op, args, node.params, node.shape, node.symmetric)


def _negated(total: Node, b: Builder) -> Node:
    constant, coefficients = total.params
    turned = (-constant, tuple(-c for c in coefficients))
    return b.make("add", total.args, turned, total.shape, total.symmetric)


def _into_product(node: Node, args: Sequence[Node], b: Builder) -> Node | None:
    """Return a Kronecker product times numbers with the numbers at its right factor."""
    whole = [(a, e) for a, e in zip(args, node.params[1], strict=True) if a.shape is not None]
    if len(whole) != 1 or whole[0][0].op != "kron" or whole[0][1] != 1:
        return None
    left, right = whole[0][0].args
    numbers = [(a, e) for a, e in zip(args, node.params[1], strict=True) if a.shape is None]
    scaled = b.product([*[a for a, _ in numbers], right], [*[e for _, e in numbers], 1], node.params[0])
    return b.make("kron", (left, scaled), (), node.shape, node.symmetric)


def _factors(node: Node) -> tuple[Any, dict[Node, int]] | None:
    """Return a term as (coefficient, integer exponents of its factors)."""
    if node.op not in ("prod", "power"):
        return ONE, {node: 1}
    coefficient, exponents = node.params if node.op == "prod" else (ONE, (1,))
    out: dict[Node, int] = {}
    for f, e in zip(node.args if node.op == "prod" else (node,), exponents, strict=True):
        if f.op == "power":
            if not f.params[0].is_integer:
                return None
            f, e = f.args[0], int(f.params[0]) * e
        out[f] = out.get(f, 0) + e
    return coefficient, out


def _common(node: Node, terms: Sequence[Node], b: Builder) -> Node | None:
    """Return a sum as its common factor times a sum, None where there is none."""
    parted = [_factors(t) for t in terms]
    if any(p is None for p in parted):
        return None
    split = [p for p in parted if p is not None]
    common: dict[Node, int] = {}
    for f in split[0][1]:
        found = [p[1].get(f, 0) for p in split]
        if all(x > 0 for x in found) or all(x < 0 for x in found):
            common[f] = min(found, key=abs)
    if not common or any(len(p[1]) == len(common) and p[1] == common for p in split):
        return None
    rest = [
        (c * d, b.product(list(left), list(left.values())))
        for c, (d, factors) in zip(node.params[1], split, strict=True)
        if (left := {f: e - common.get(f, 0) for f, e in factors.items() if e != common.get(f, 0)})
    ]
    total = b.add(rest)
    if total.op == "prod" or total.op == "number":
        return None
    return b.spread(b.product([*common, total], [*common.values(), 1]), node.shape)
