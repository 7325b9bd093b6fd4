"""What the parts of the lowering share: the builder, what is known, and the values of expressions."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sympy import Expr

from derive.code.builder import Builder
from derive.code.plan import Node


class Values(ABC):
    """Expressions as nodes of one plan."""

    b: Builder
    #: Values of expressions that were met, and of variables that stand for an entry.
    known: dict[Expr, Node]
    bound: dict[Expr, Node]

    @abstractmethod
    def node(self, e: Expr) -> Node:
        """Return the value of an expression in its own shape."""

    @abstractmethod
    def loose(self, e: Expr) -> Node:
        """Return a value that broadcasts to the expression's shape."""

    def squares(self, x: Expr) -> Node:
        """Return the sum of the squares of the entries."""
        node = self.node(x)
        return self.b.inner(node, node)
