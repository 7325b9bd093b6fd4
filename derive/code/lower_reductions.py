"""Traces, diagonals and sums of entries as nodes of a plan: of a product, none forms the product."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from sympy import Expr, Integer, Trace

from derive.code.chain import Products
from derive.code.items import Item, Ones
from derive.code.lower_values import Values
from derive.code.plan import Node
from derive.expression import algebra
from derive.expression.functions import EntrySum
from derive.expression.operation import kind

ONE = Integer(1)


class Reductions(Values):
    """Traces, diagonals and sums of entries as nodes of a plan."""

    products: Products

    @abstractmethod
    def items(self, factors: Sequence[Expr]) -> list[Item]:
        """Return matrix factors as items of a product."""

    @abstractmethod
    def size(self, e: Expr) -> Node:
        """Return a size as a number."""

    def trace(self, e: Trace) -> Node:
        """Return a trace as an inner product."""
        x = e.arg
        if kind(x) != "matrix product":
            if kind(x) == "sum":
                return self.b.add([(1, self.trace(Trace(a))) for a in x.args])
            if kind(x) == "identity":
                return self.size(x.shape[0])
            return self.products.trace(self.items([x])) if x.shape != (1, 1) else self.b.trace(self.node(x))
        coefficient, factors = algebra.split(x)
        c = self.node(coefficient)
        if len(factors) == 1:
            return self.b.times(c, self.trace(Trace(factors[0])))
        spread = self._distributed(list(factors))
        if spread is not None:
            return self.b.times(c, self.b.add([(1, self._traced(t)) for t in spread]))
        if any(f.shape[0] == 1 for f in factors[1:]):
            cut = next(k for k in range(1, len(factors)) if factors[k].shape[0] == 1)
            factors = (*factors[cut:], *factors[:cut])
        found = self.products.trace(self.items(factors))
        return self.b.times(c, found)

    def _traced(self, x: Expr) -> Node:
        return self.trace(Trace(x)) if algebra.is_matrix(x) else self.node(x)

    def _distributed(self, factors: list[Expr]) -> list[Expr] | None:
        """Return the terms of a product with a sum in it that holds an identity or an outer product."""
        for k, a in enumerate(factors):
            if kind(a) == "sum" and a not in self.known and any(
                kind(f) in ("identity", "inverse") for t in a.args for f in algebra.split(t)[1]
            ):  # fmt: skip
                return [algebra.dot(*factors[:k], t, *factors[k + 1 :]) for t in a.args]
        return None

    def diagonal_of(self, x: Expr) -> Node:
        """Return the diagonal of a square expression as a column."""
        b, word = self.b, kind(x)
        if word == "sum":
            return b.add([(1, self.diagonal_of(a)) for a in x.args])
        if word == "elementwise product":
            return b.times(*[self.diagonal_of(a) for a in x.args])
        if word in ("identity", "ones"):
            return b.number(ONE)
        if word == "transpose":
            return self.diagonal_of(x.arg)
        if word == "elementwise power" and x.exp.is_Rational:
            return b.power(self.diagonal_of(x.base), x.exp)
        coefficient, factors = algebra.split(x)
        c = self.node(coefficient)
        if coefficient != 1 and len(factors) == 1:
            return b.times(c, self.diagonal_of(factors[0]))
        spread = self._distributed(list(factors)) if len(factors) > 1 else None
        if spread is not None:
            return b.times(c, b.add([(1, self.diagonal_of(t)) for t in spread]))
        if x in self.known:
            return b.diagonal(self.node(x))
        items = self.items(factors)
        if not items:
            return c
        return b.times(c, self.products.diagonal(items))

    def entry_sum(self, e: EntrySum) -> Node:
        """Return the sum of all entries."""
        x = e.arg
        b, word = self.b, kind(x)
        if word == "elementwise power" and x.exp == 2:
            return self.squares(x.base)
        if word == "sum" and x not in self.known and any(_is_product(t) for t in x.args):
            return b.add([(1, self.entry_sum(EntrySum(t))) for t in x.args])  # an inner product needs no room
        if word == "matrix product" and len(factors := algebra.split(x)[1]) == 1:
            return b.times(self.node(algebra.split(x)[0]), self.entry_sum(EntrySum(factors[0])))
        if word == "elementwise product":
            a, *rest = x.args
            one, two = self.loose(a), b.times(*[self.loose(r) for r in rest])
            product = b.times(one, two)
            if product.op == "prod" and len(product.args) == 2 and product.params[1] == (1, 1):
                u, v = product.args
                if u.shape == v.shape == x.shape:
                    return b.scaled(product.params[0], b.inner(u, v))
            if product.op == "power" and product.params[0] == 2 and product.shape == x.shape:
                return b.inner(product.args[0], product.args[0])
            return b.sum(b.spread(product, x.shape))
        if word == "matrix product" and algebra.split(x)[0] == 1:
            ends = [Ones(b, ONE, x.shape[0]), Ones(b, x.shape[1], ONE)]
            ends = [i for i in ends if (i.rows, i.columns) != (1, 1)]
            first, *rest = (
                [*ends[:1], *self.items(x.args), *ends[1:]] if len(ends) == 2 else self.items(x.args)
            )
            if len(ends) == 2:
                return self.products.trace([first, *rest])
        return b.sum(self.node(x))


def _is_product(x: Expr) -> bool:
    """Tell whether a term is a multiple of a product, entry by entry, of two matrices."""
    factors = algebra.split(x)[1]
    return len(factors) == 1 and kind(factors[0]) == "elementwise product" and len(factors[0].args) == 2
