"""Numbers that scale a product of matrices, put at the factor that has fewer entries than the product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Integer

from derive.code.builder import Builder
from derive.code.plan import Node, post_order, uses
from derive.code.sizes import Sizes, entries

ONE = Integer(1)
Powers = tuple[tuple[Node, int], ...]


def scaled(outputs: Sequence[Node], b: Builder, sizes: Sequence[Sizes]) -> tuple[Node, ...]:
    """Return the outputs with fewer passes over what is large: c (A B) is A (c B) where B is the smaller."""
    count = uses(list(outputs))
    known: dict[int, Node] = {}
    moving = _Scaling(b, sizes, count)
    for node in post_order(list(outputs)):
        args = tuple(known[a.index] for a in node.args)
        same = all(x is y for x, y in zip(args, node.args, strict=True))
        made = node if same else b.make(node.op, args, node.params, node.shape, node.symmetric)
        made = moving.inwards(made) or made
        count[made.index] = max(count.get(made.index, 0), count[node.index])
        known[node.index] = made
    return tuple(known[r.index] for r in outputs)


class _Scaling:
    """Multiplies by numbers inside of what is used once."""

    def __init__(self, b: Builder, sizes: Sequence[Sizes], count: dict[int, int]) -> None:
        self.b, self.sizes, self.count = b, sizes, count

    def inwards(self, node: Node) -> Node | None:
        """Return a scaled value, or a sum of some, with the numbers moved inwards; None where none can be."""
        if node.shape is None:
            return None
        if node.op == "prod":
            return self._times(ONE, (), node)
        if node.op != "add" or all(abs(c) == 1 for c in node.params[1]):
            return None
        moved = [
            (c, a, None if abs(c) == 1 else self._once(c, (), a))
            for c, a in zip(node.params[1], node.args, strict=True)
        ]
        if all(found is None for _, _, found in moved):
            return None
        return self.b.add([(c, a) if f is None else (ONE, f) for c, a, f in moved], node.params[0])

    def _once(self, q: Any, numbers: Powers, node: Node) -> Node | None:
        """Return q times numbers times a value that nothing else uses."""
        return self._times(q, numbers, node) if self.count.get(node.index, 1) == 1 else None

    def _times(self, q: Any, numbers: Powers, node: Node) -> Node | None:
        b = self.b
        match node.op:
            case "transpose":
                found = self._once(q, numbers, node.args[0])
                return None if found is None else b.transpose(found)
            case "prod":
                pairs = list(zip(node.args, node.params[1], strict=True))
                whole = [(a, e) for a, e in pairs if a.shape is not None]
                if len(whole) != 1 or whole[0][1] != 1 or whole[0][0].shape != node.shape:
                    return None
                own = tuple((a, e) for a, e in pairs if a.shape is None)
                return self._once(q * node.params[0], (*numbers, *own), whole[0][0])
            case "add" if node.params[0] == 0:
                terms = [
                    self._once(q * c, numbers, a) for c, a in zip(node.params[1], node.args, strict=True)
                ]
                kept = [t for t in terms if t is not None]
                return b.add([(ONE, t) for t in kept]) if len(kept) == len(terms) else None
            case "matmul":
                if abs(q) == 1 and not numbers:
                    return None
                left, right = node.args
                if self._smaller(right, node):
                    return b.matmul(left, self._product(q, numbers, right))
                if self._smaller(left, node):
                    return b.matmul(self._product(q, numbers, left), right)
        return None

    def _product(self, q: Any, numbers: Powers, x: Node) -> Node:
        found = self._once(q, numbers, x)
        return found or self.b.product([*[a for a, _ in numbers], x], [*[e for _, e in numbers], 1], q)

    def _smaller(self, x: Node, product: Node) -> bool:
        return sum((2 * entries(x, at)) ** 0.5 - entries(product, at) ** 0.5 for at in self.sizes) <= 0
