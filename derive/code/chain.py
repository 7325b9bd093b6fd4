"""Products of many matrices: their order by cost, with factors that are applied and never formed.

A sum with an identity in it is an item too: it is taken term by term. The cheapest order is found by dynamic
programming at several sizes (Cormen et al. 2009, section 15.2); where it depends on the sizes, both orders are kept
and the code chooses at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Integer, Rational

from derive.code.builder import Builder
from derive.code.items import Diagonal, Item, Picked, Plain, Virtual
from derive.code.plan import Node, is_nonnegative
from derive.code.sizes import PASS, Sizes, flops, post_order, ratio_of

ONE, HALF = Integer(1), Rational(1, 2)
#: An order that is never worse than this factor is taken without a choice at run time.
REGRET = 1.25


class Sum(Item):
    """A sum of products, some of which are cheaper to apply than the sum is to form."""

    def __init__(
        self, maker: Products, terms: list[tuple[Node, list[Item]]], form: Callable[[], Node]
    ) -> None:
        self.maker, self.terms, self._form = maker, terms, form
        self.rows, self.columns = next((i[0].rows, i[-1].columns) for _, i in terms if i)
        self._node: Node | None = None
        self._prices: dict[Any, float] = {}

    def _remembered(self, key: Any, price: Callable[[], float]) -> float:
        """Return a price, worked out once as long as nothing is made: sums stand in sums."""
        key = (*key, self._node is None, self.maker.b.version)
        if key not in self._prices:
            self._prices[key] = price()
        return self._prices[key]

    def formed(self, at: Sizes) -> float:
        """Return the cost of all terms."""
        own = PASS * at[self.rows] * at[self.columns]
        terms = [items for _, items in self.terms if items]
        return self._remembered((id(at),), lambda: sum(self.maker.price(items, at) + own for items in terms))

    def form(self) -> Node:
        """Return the sum."""
        self._node = self._node or self._form()
        return self._node

    def known(self) -> Node | None:
        """Return the sum if it was formed already."""
        return self._node

    def on_right(self, at: Sizes, width: float, other: Node | None = None) -> float:
        """Return the cost of all terms applied; to a value that is there, terms may be there too."""
        ghost = Virtual(self.columns, width) if other is None else Plain(self.maker.b, other)
        return self._applied(at, width, other, True, lambda items: [*items, ghost])

    def on_left(self, at: Sizes, width: float, other: Node | None = None) -> float:
        """Return the cost of all terms applied; to a value that is there, terms may be there too."""
        ghost = Virtual(width, self.rows) if other is None else Plain(self.maker.b, other)
        return self._applied(at, width, other, False, lambda items: [ghost, *items])

    def _applied(
        self,
        at: Sizes,
        width: float,
        other: Node | None,
        right: bool,
        beside: Callable[[list[Item]], list[Item]],
    ) -> float:
        own = at[self.rows if right else self.columns] * width
        return self._remembered(
            (id(at), width, other and other.index, right),
            lambda: sum((self.maker.price(beside(i), at) if i else 0.0) + own for _, i in self.terms),
        )

    def times(self, other: Node) -> Node:
        """Return the sum of the products."""
        b = self.maker.b
        parts = [b.times(c, self.maker.product([*i, Plain(b, other)]) if i else other) for c, i in self.terms]
        return b.add([(1, p) for p in parts])

    def after(self, other: Node) -> Node:
        """Return the sum of the products."""
        b = self.maker.b
        parts = [b.times(c, self.maker.product([Plain(b, other), *i]) if i else other) for c, i in self.terms]
        return b.add([(1, p) for p in parts])


@dataclass(frozen=True)
class _Best:
    cost: float
    tree: Any
    node: Node | None = None


def _ended(n: int, from_right: bool) -> Any:
    """Return the order of n + 1 factors from the right, or from the left."""
    tree: Any = ("form", n if from_right else 0)
    for i in reversed(range(n)) if from_right else range(1, n + 1):
        tree = ("times", i, tree) if from_right else ("after", i, tree)
    return tree


class Products:
    """Products, traces and diagonals of items, each in the cheapest order."""

    def __init__(self, builder: Builder, examples: Sequence[Sizes], positive: frozenset[str]) -> None:
        self.b, self.examples, self.positive = builder, examples, positive

    # ------------------------------------------------------------------------------------------ orders

    def _table(self, items: Sequence[Item], at: Sizes) -> dict[tuple[int, int], _Best]:
        """Return the best order of every stretch i..j of items."""
        n = len(items)
        heights, widths = [at[i.rows] for i in items], [at[i.columns] for i in items]
        best: dict[tuple[int, int], _Best] = {}
        for i, item in enumerate(items):
            node = item.known()
            best[i, i] = _Best(0.0 if node is not None else item.formed(at), ("form", i), node)
        for length in range(2, n + 1):
            for i in range(n - length + 1):
                j = i + length - 1
                found: list[_Best] = []
                for k in range(i, j):
                    left, right = best[i, k], best[k + 1, j]
                    rows, columns = heights[i], widths[j]
                    if k == i:
                        item = items[i]
                        known = right.node and item.known_times(right.node)
                        price = 0.0 if known else self._applied(item, at, columns, right.node, True)
                        found.append(_Best(right.cost + price, ("times", i, right.tree), known))
                    if k + 1 == j:
                        item = items[j]
                        known = left.node and item.known_after(left.node)
                        price = 0.0 if known else self._applied(item, at, rows, left.node, False)
                        found.append(_Best(left.cost + price, ("after", j, left.tree), known))
                    if (k > i and k + 1 < j) or (k == i and k + 1 == j):
                        known = left.node and right.node and self.b.known_product(left.node, right.node)
                        price = 0.0 if known else 2 * rows * widths[k] * columns
                        total = left.cost + right.cost + price
                        found.append(_Best(total, ("matmul", left.tree, right.tree), known))
                best[i, j] = min(found, key=lambda b: b.cost)
        return best

    def _applied(self, item: Item, at: Sizes, width: float, other: Node | None, right: bool) -> float:
        """Return what an item on what stands at its right, or left, costs."""
        if isinstance(item, Sum):
            return item.on_right(at, width, other) if right else item.on_left(at, width, other)
        return item.on_right(at, width) if right else item.on_left(at, width)

    def price(self, items: Sequence[Item], at: Sizes) -> float:
        """Return what a product costs at some sizes."""
        return self._table(items, at)[0, len(items) - 1].cost

    def _price_of(self, tree: Any, items: Sequence[Item], at: Sizes) -> tuple[float, int, int]:
        """Return the cost of an order at some sizes, and the stretch that it covers."""
        kind, *rest = tree
        if kind == "form":
            i = rest[0]
            return (0.0 if items[i].known() is not None else items[i].formed(at)), i, i
        if kind == "times":
            c, i, j = self._price_of(rest[1], items, at)
            return c + items[rest[0]].on_right(at, at[items[j].columns]), rest[0], j
        if kind == "after":
            c, i, j = self._price_of(rest[1], items, at)
            return c + items[rest[0]].on_left(at, at[items[i].rows]), i, rest[0]
        (a, i, k), (b, _, j) = self._price_of(rest[0], items, at), self._price_of(rest[1], items, at)
        return a + b + 2 * at[items[i].rows] * at[items[k].columns] * at[items[j].columns], i, j

    def _run(self, tree: Any, items: Sequence[Item]) -> Node:
        kind, *rest = tree
        if kind == "form":
            return items[rest[0]].form()
        if kind == "times":
            return items[rest[0]].times(self._run(rest[1], items))
        if kind == "after":
            return items[rest[0]].after(self._run(rest[1], items))
        return self.b.matmul(self._run(rest[0], items), self._run(rest[1], items))

    # ---------------------------------------------------------------------------------------- products

    def product(self, items: Sequence[Item]) -> Node:
        """Return the product of items."""
        n = len(items) - 1
        if n == 0:
            return items[0].form()
        if n == 2 and (square := self._square(items)) is not None:
            return square
        if all(isinstance(i, Plain) for i in items) and (n == 1 or 1 in (items[0].rows, items[n].columns)):
            return self._run(_ended(n, items[n].columns == 1), items)  # matrix times vector all the way
        costs: dict[Any, list[float]] = {}
        best: list[float] = []
        for at in self.examples:
            table = self._table(items, at)
            costs.setdefault(table[0, n].tree, [])
            best.append(table[0, n].cost)
        if len(costs) == 1:
            return self._run(next(iter(costs)), items)
        for tree in costs:
            costs[tree] = [self._price_of(tree, items, at)[0] for at in self.examples]
        regret = {
            tree: max((c + 1) / (b + 1) for c, b in zip(found, best, strict=True))
            for tree, found in costs.items()
        }
        first = min(regret, key=regret.__getitem__)
        if regret[first] <= REGRET:
            return self._run(first, items)
        second = min(
            (t for t in costs if t != first),
            key=lambda t: max((min(x, y) + 1) / (b + 1) for x, y, b in zip(costs[t], costs[first], best, strict=True)),
        )  # fmt: skip
        return self._chosen(first, second, items)

    def _square(self, items: Sequence[Item]) -> Node | None:
        """Return A' diag(d) A with d >= 0 as B'B, of which half need be computed; None where it is no such product."""
        left, middle, right = items
        if not (isinstance(left, Plain) and isinstance(middle, Diagonal) and isinstance(right, Plain)):
            return None
        b, x, d = self.b, right.form(), middle.d
        if left.form() is not b.transpose(x) or x.columns == 1 or not is_nonnegative(d, self.positive):
            return None
        half = b.times(b.power(d, HALF), x)
        return b.matmul(b.transpose(half), half)

    def _chosen(self, first: Any, second: Any, items: Sequence[Item]) -> Node:
        """Return the product in one of two orders, by their symbolic cost at run time."""
        before = len(self.b.nodes)
        outside, self.b.trying = self.b.trying, True
        try:
            one, two = self._run(first, items), self._run(second, items)
        finally:
            self.b.trying = outside
        if one is two:
            return self._run(first, items)
        mine, other = ({n.index: n for n in post_order([x])} for x in (one, two))
        price = lambda a, b: sum(
            (flops(n) or 0 for i, n in a.items() if i not in b and i >= before), Integer(0)
        )
        costs = price(mine, other), price(other, mine)
        ratio = self._ratio(*costs)
        if ratio is not None:
            return self._run(first if ratio <= 1 else second, items)
        flip = one.is_transpose and two.is_transpose
        if flip:
            one, two = one.args[0], two.args[0]
        shape, symmetric = one.shape, one.symmetric or two.symmetric
        node = self.b.make("choose", (one, two), costs, shape, symmetric)
        return self.b.transpose(node) if flip else node

    def _ratio(self, one: Any, other: Any) -> Any:
        """Return one cost as a multiple of another one, None where that depends on the sizes."""
        if 0 in (one, other):
            return Integer(0 if one == 0 else 2)
        found = [at[one] / at[other] for at in self.examples]
        if max(found) > 1.0001 * min(found):
            return None  # which the symbols would tell too, but slowly
        ratio = ratio_of(one, other)
        return ratio if ratio.is_number else None

    def _known(self, items: Sequence[Item]) -> Node | None:
        """Return a product that was made already, whichever factor it starts with."""
        n, doubled = len(items), [*items, *items]
        table = self._table(doubled, self.examples[0])
        return next((node for r in range(n) if (node := table[r, r + n - 1].node) is not None), None)

    def _split(self, items: Sequence[Item], rotations: Sequence[int], extra: Callable[[Item, Item, Sizes], float]) -> tuple[Any, ...]:  # fmt: skip
        """Return (rotation, cut) that makes two products and their combination cheapest over all sizes."""
        n = len(items)
        scores: dict[tuple[int, int], list[float]] = {}
        for at in self.examples:
            table = self._table([*items, *items] if len(rotations) > 1 else items, at)
            for r in rotations:
                for cut in range(1, n):
                    first, last = items[r], items[(r + cut - 1) % n]
                    price = (
                        table[r, r + cut - 1].cost + table[r + cut, r + n - 1].cost + extra(first, last, at)
                    )
                    scores.setdefault((r, cut), []).append(price)
        best = [min(column) for column in zip(*scores.values(), strict=True)]
        return min(
            scores, key=lambda s: (sum((c + 1) / (b + 1) for c, b in zip(scores[s], best, strict=True)), s)
        )

    def trace(self, items: Sequence[Item]) -> Node:
        """Return the trace of a product, as the inner product of two halves."""
        n = len(items)
        if n == 1:
            item = items[0]
            return self.b.sum(item.d) if isinstance(item, Diagonal) else self.b.trace(item.form())
        opened = next((k for k, i in enumerate(items) if i.opened is not None), None)
        if opened is not None and all(i.rows == i.columns == items[opened].rows for i in items):
            terms = items[opened].opened or []
            turned = [*items[opened + 1 :], *items[:opened]]
            return self.b.add([(1, self.b.times(c, self.trace([*turned, *inner]))) for c, inner in terms])
        whole = self._known(items)
        if whole is not None and whole.shape != (1, 1):
            return self.b.trace(whole)
        if (half := self._quadratic(items)) is not None:
            return half
        entries = lambda first, last, at: 2 * at[first.rows] * at[last.columns]
        r, cut = self._split(items, range(n), entries)
        turned = [*items[r:], *items[:r]]
        left, right = turned[:cut], turned[cut:]
        for one, rest in ((left, right), (right, left)):
            if len(one) == 1 and isinstance(one[0], Diagonal):
                d = one[0].d
                if len(rest) == 1 and isinstance(rest[0], Diagonal):
                    return self.b.inner(d, rest[0].d)
                return self.b.inner(d, self.diagonal(rest))
            if len(one) == 1 and isinstance(one[0], Picked):
                return self.b.trace(self.product([*one, *rest] if one[0].transposed else [*rest, *one]))
        return self.b.inner(self.b.transpose(self.product(left)), self.product(right))

    def _quadratic(self, items: Sequence[Item]) -> Node | None:
        """Return tr(X'AX) as half the inner product of X and (A + A')X where that was made already, by a gradient."""
        if len(items) != 3 or not all(isinstance(i, Plain) for i in items):
            return None
        for r in range(3):
            left, a, x = (items[(r + k) % 3].form() for k in range(3))
            if left is not self.b.transpose(x) or a.rows != a.columns:
                continue
            pair = tuple(sorted((a, self.b.transpose(a)), key=lambda n: n.index))
            whole = self.b.peek("add", pair, (Integer(0), (ONE, ONE)))
            if whole is not None and (known := self.b.known_product(whole, x)) is not None:
                return self.b.scaled(HALF, self.b.inner(x, known))
        return None

    def diagonal(self, items: Sequence[Item]) -> Node:
        """Return the diagonal of a product as a column, without the product."""
        b = self.b
        if len(items) == 1:
            item = items[0]
            if isinstance(item, Diagonal):
                return item.d
            return getattr(item, "diagonal", lambda: b.diagonal(item.form()))()
        if isinstance(items[0], Diagonal):
            return b.times(items[0].d, self.diagonal(items[1:]))
        if isinstance(items[-1], Diagonal):
            return b.times(items[-1].d, self.diagonal(items[:-1]))
        entries = lambda first, last, at: 2 * at[first.rows] * at[last.columns]
        _, cut = self._split(items, (0,), entries)
        left, right = self.product(items[:cut]), b.transpose(self.product(items[cut:]))
        if left.columns == 1:
            return b.times(left, right)
        return b.rowinner(left, right)
