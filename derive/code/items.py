"""Factors of a product that know how to act on what stands at their right or left, and what that costs.

A diagonal matrix scales, ones sum, a power multiplies again and again, a Kronecker product multiplies from two sides, a
permutation transposes; none of them is formed where it is applied to what is narrow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Integer

from derive.code.builder import Builder
from derive.code.plan import Node
from derive.code.sizes import Sizes

ONE = Integer(1)


class Item:
    """A factor of a product."""

    rows: Any
    columns: Any
    #: Under a trace with factors as large, the sum of (number, thin items) that the factor is.
    opened: list[tuple[Node, list[Item]]] | None = None

    def formed(self, at: Sizes) -> float:
        """Return what forming the matrix costs."""
        return 0.0

    def form(self) -> Node:
        """Return the matrix."""
        raise NotImplementedError

    def on_right(self, at: Sizes, width: float) -> float:
        """Return what self times a matrix of so many columns costs."""
        return 2 * at[self.rows] * at[self.columns] * width + self.formed(at)

    def on_left(self, at: Sizes, width: float) -> float:
        """Return what a matrix of so many rows times self costs."""
        return 2 * at[self.rows] * at[self.columns] * width + self.formed(at)

    def times(self, other: Node) -> Node:
        """Return self times a matrix."""
        raise NotImplementedError

    def after(self, other: Node) -> Node:
        """Return a matrix times self."""
        raise NotImplementedError

    def known_times(self, other: Node) -> Node | None:
        """Return self times a matrix if it was made already."""
        return None

    def known_after(self, other: Node) -> Node | None:
        """Return a matrix times self if it was made already."""
        return None

    def known(self) -> Node | None:
        """Return the matrix if it was made already."""
        return None


class Plain(Item):
    """A matrix that is there."""

    def __init__(self, b: Builder, node: Node) -> None:
        self.b, self.node, self.rows, self.columns = b, node, node.rows, node.columns

    def form(self) -> Node:
        """Return the matrix."""
        return self.node

    known = form

    def times(self, other: Node) -> Node:
        """Return the product."""
        return self.b.matmul(self.node, other)

    def after(self, other: Node) -> Node:
        """Return the product."""
        return self.b.matmul(other, self.node)

    def known_times(self, other: Node) -> Node | None:
        """Return the product if it was made already."""
        return self.b.known_product(self.node, other)

    def known_after(self, other: Node) -> Node | None:
        """Return the product if it was made already."""
        return self.b.known_product(other, self.node)


class Diagonal(Item):
    """diag(d) of a column d: it scales rows or columns."""

    def __init__(self, b: Builder, d: Node) -> None:
        self.b, self.d, self.rows, self.columns = b, d, d.rows, d.rows

    def formed(self, at: Sizes) -> float:
        """Return the entries of the matrix."""
        return at[self.rows] ** 2

    def form(self) -> Node:
        """Return the matrix."""
        return self.b.make("diagflat", (self.d,), (), (self.rows, self.rows), True)

    def on_right(self, at: Sizes, width: float) -> float:
        """Return the entries of the product."""
        return at[self.rows] * width

    on_left = on_right

    def times(self, other: Node) -> Node:
        """Return other with its rows scaled."""
        return self.b.times(self.d, other)

    def after(self, other: Node) -> Node:
        """Return other with its columns scaled."""
        return self.b.times(other, self.b.transpose(self.d))


class Ones(Item):
    """A column or a row of ones: a product with it is a sum."""

    def __init__(self, b: Builder, rows: Any, columns: Any) -> None:
        self.b, self.rows, self.columns = b, rows, columns

    def form(self) -> Node:
        """Return the ones."""
        return self.b.ones(self.rows, self.columns)

    def on_right(self, at: Sizes, width: float) -> float:
        """Return the entries of what is summed or spread."""
        return at[self.columns] * at[self.rows] * width

    on_left = on_right

    def times(self, other: Node) -> Node:
        """Return the sums of columns, or a row repeated."""
        if self.rows == 1:
            return self.b.sum(other, 0)
        return self.b.spread(other, (self.rows, other.columns))

    def after(self, other: Node) -> Node:
        """Return the sums of rows, or a column repeated."""
        if self.columns == 1:
            return self.b.sum(other, 1)
        return self.b.spread(other, (other.rows, self.columns))


class Power(Item):
    """X^k: applied k times to what is narrow."""

    def __init__(self, b: Builder, x: Node, k: int) -> None:
        self.b, self.x, self.k, self.rows, self.columns = b, x, k, x.rows, x.columns

    def formed(self, at: Sizes) -> float:
        """Return the cost of squaring."""
        return 4 * at[self.rows] ** 3

    def form(self) -> Node:
        """Return the power."""
        if self.k == 2:
            return self.b.matmul(self.x, self.x)
        symmetric = self.x.symmetric
        return self.b.make("matpower", (self.x,), (self.k,), self.x.shape, symmetric)

    def on_right(self, at: Sizes, width: float) -> float:
        """Return the cost of one factor after the other."""
        return 2 * self.k * at[self.rows] ** 2 * width

    on_left = on_right

    def times(self, other: Node) -> Node:
        """Return X(...(X B))."""
        for _ in range(self.k):
            other = self.b.matmul(self.x, other)
        return other

    def after(self, other: Node) -> Node:
        """Return ((B X)...)X."""
        for _ in range(self.k):
            other = self.b.matmul(other, self.x)
        return other


class Kronecker(Item):
    """A ⊗ B: on a column it is vec(B X A') (Magnus and Neudecker 2019, theorem 2.2)."""

    def __init__(self, b: Builder, left: Node, right: Node) -> None:
        self.b, self.left, self.right = b, left, right
        self.rows, self.columns = left.rows * right.rows, left.columns * right.columns

    def formed(self, at: Sizes) -> float:
        """Return the entries of the matrix."""
        return at[self.rows] * at[self.columns]

    def form(self) -> Node:
        """Return the matrix."""
        symmetric = self.left.symmetric and self.right.symmetric
        return self.b.make("kron", (self.left, self.right), (), (self.rows, self.columns), symmetric)

    def on_right(self, at: Sizes, width: float) -> float:
        """Return the cost of two products for a column, of the matrix for more."""
        if width != 1:
            return super().on_right(at, width)
        p, q, m, n = at[self.right.rows], at[self.right.columns], at[self.left.rows], at[self.left.columns]
        return 2 * p * q * n + 2 * p * n * m

    def on_left(self, at: Sizes, width: float) -> float:
        """Return the cost of two products for a row, of the matrix for more."""
        if width != 1:
            return super().on_left(at, width)
        p, q, m, n = at[self.right.rows], at[self.right.columns], at[self.left.rows], at[self.left.columns]
        return 2 * p * q * m + 2 * q * n * m

    def _applied(self, column: Node, a: Node, b: Node) -> Node:
        x = self.b.reshape(column, b.columns, a.columns)
        return self.b.reshape(self.b.matmul(self.b.matmul(b, x), self.b.transpose(a)), b.rows * a.rows, ONE)

    def times(self, other: Node) -> Node:
        """Return the product."""
        if other.columns == 1:
            return self._applied(other, self.left, self.right)
        return self.b.matmul(self.form(), other)

    def after(self, other: Node) -> Node:
        """Return the product."""
        if other.rows == 1:
            turned = self.b.transpose(self.left), self.b.transpose(self.right)
            return self.b.transpose(self._applied(self.b.transpose(other), *turned))
        return self.b.matmul(other, self.form())


class Permutation(Item):
    """The commutation matrix: on a column it transposes."""

    def __init__(self, b: Builder, m: Any, n: Any) -> None:
        self.b, self.m, self.n, self.rows, self.columns = b, m, n, m * n, m * n

    def formed(self, at: Sizes) -> float:
        """Return the entries of the matrix."""
        return at[self.rows] ** 2

    def form(self) -> Node:
        """Return the matrix."""
        sizes = (self.b.make("size", (), (self.m,)), self.b.make("size", (), (self.n,)))
        return self.b.make("function", sizes, ("commutation", 2), (self.rows, self.rows))

    def on_right(self, at: Sizes, width: float) -> float:
        """Return the entries for a column."""
        return at[self.rows] if width == 1 else super().on_right(at, width)

    def on_left(self, at: Sizes, width: float) -> float:
        """Return the entries for a row."""
        return at[self.rows] if width == 1 else super().on_left(at, width)

    def times(self, other: Node) -> Node:
        """Return vec(X') of vec(X)."""
        if other.columns != 1:
            return self.b.matmul(self.form(), other)
        return self.b.reshape(self.b.transpose(self.b.reshape(other, self.m, self.n)), self.rows, ONE)

    def after(self, other: Node) -> Node:
        """Return vec(X)' of vec(X')'."""
        if other.rows != 1:
            return self.b.matmul(other, self.form())
        column = self.b.transpose(other)
        x = self.b.transpose(self.b.reshape(column, self.n, self.m))
        return self.b.transpose(self.b.reshape(x, self.rows, ONE))


class Picked(Item):
    """Columns of the identity: at the left of a matrix its transpose takes rows, and it puts them among zeros."""

    def __init__(
        self, b: Builder, skip: Any, count: Any, n: Any, transposed: bool, form: Callable[[], Node]
    ) -> None:
        self.b, self.skip, self.count, self.n, self.transposed, self._form = (
            b,
            skip,
            count,
            n,
            transposed,
            form,
        )
        self.rows, self.columns = (count, n) if transposed else (n, count)

    def form(self) -> Node:
        """Return the matrix."""
        return self.b.transpose(self._form()) if self.transposed else self._form()

    def formed(self, at: Sizes) -> float:
        """Return the entries of the matrix."""
        return at[self.rows] * at[self.columns]

    def on_right(self, at: Sizes, width: float) -> float:
        """Return the entries of the product."""
        return at[self.rows] * width

    def on_left(self, at: Sizes, width: float) -> float:
        """Return the entries of the product."""
        return at[self.columns] * width

    def times(self, other: Node) -> Node:
        """Return rows of a matrix, or the matrix with rows of zeros."""
        if self.transposed:
            return self.b.part(other, 0, self.skip, self.count)
        return self.b.put(other, 0, self.skip, self.n)

    def after(self, other: Node) -> Node:
        """Return columns of a matrix, or the matrix with columns of zeros."""
        if self.transposed:
            return self.b.put(other, 1, self.skip, self.n)
        return self.b.part(other, 1, self.skip, self.count)


class Cumulative(Item):
    """Ones on and below the diagonal: sums of all rows so far; transposed, of all from here on."""

    def __init__(self, b: Builder, n: Any, transposed: bool, form: Callable[[], Node]) -> None:
        self.b, self.transposed, self._form = b, transposed, form
        self.rows = self.columns = n

    def form(self) -> Node:
        """Return the matrix."""
        return self.b.transpose(self._form()) if self.transposed else self._form()

    def formed(self, at: Sizes) -> float:
        """Return the entries of the matrix."""
        return at[self.rows] ** 2

    def on_right(self, at: Sizes, width: float) -> float:
        """Return the entries of the product."""
        return at[self.rows] * width

    on_left = on_right

    def times(self, other: Node) -> Node:
        """Return sums of rows."""
        return self.b.cumulative(other, 0, self.transposed)

    def after(self, other: Node) -> Node:
        """Return sums of columns."""
        return self.b.cumulative(other, 1, not self.transposed)


class Virtual(Item):
    """A matrix of which the size is known only, in words or as numbers; it stands for what a sum is applied to."""

    def __init__(self, rows: Any, columns: Any) -> None:
        self.rows, self.columns = rows, columns
