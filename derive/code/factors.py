"""Inverses and log-determinants by one factorisation a matrix: Cholesky, LU, or of the small matrix of a low rank.

A matrix that is a diagonal plus a product of thin matrices is never formed where thin is assumed:
inv(D + U C V') = inv(D) - inv(D) U inv(inv(C) + V' inv(D) U) V' inv(D) (Woodbury 1950), and
det(D + U C V') = det(D) det(C) det(inv(C) + V' inv(D) U) (Harville 1997, theorem 18.1.1).
"""

from __future__ import annotations

from sympy import Integer

from derive.code.builder import Builder
from derive.code.items import Diagonal, Item, Plain
from derive.code.plan import Node
from derive.code.sizes import Sizes

ONE = Integer(1)


class Solver:
    """A matrix of which an inverse or a determinant is needed."""

    def __init__(self, b: Builder, matrix: Node, posdef: bool) -> None:
        self.b, self.matrix, self.posdef = b, matrix, posdef
        kind = "cholesky" if posdef else "lu"
        self.factor = b.make("factor", (matrix,), (kind,), matrix.shape)
        self.symmetric = posdef or matrix.symmetric

    def solve(self, other: Node, transposed: bool = False) -> Node:
        """Return inv(A) B, or inv(A') B."""
        flag = transposed and not self.symmetric
        return self.b.make("solve", (self.factor, other), (flag,), (self.factor.rows, other.columns))

    def known(self, other: Node, transposed: bool = False) -> Node | None:
        """Return inv(A) B if it was made already."""
        return self.b.peek("solve", (self.factor, other), (transposed and not self.symmetric,))

    def inverse(self) -> Node:
        """Return inv(A)."""
        return self.b.make("inverse", (self.factor,), (), self.factor.shape, self.symmetric)

    def known_inverse(self) -> Node | None:
        """Return inv(A) if it was made already."""
        return self.b.peek("inverse", (self.factor,))

    def logdet(self) -> Node:
        """Return log|det A|."""
        return self.b.make("logdet", (self.factor,))

    def solving(self, at: Sizes, columns: float) -> float:
        """Return what a solve with so many columns costs."""
        return 2 * at[self.factor.rows] ** 2 * columns

    def inverting(self, at: Sizes) -> float:
        """Return what the inverse costs."""
        return (2 / 3 if self.posdef else 4 / 3) * at[self.factor.rows] ** 3


class Woodbury(Solver):
    """D + c U V', with D a number or a column on the diagonal: solved by the small matrix S = D + c V'U or its like.

    With `through`, what solves is inv(A) U = U inv(S), made once: inv(A) = inv(D) - c (inv(A) U) V' inv(D).
    """

    def __init__(
        self, b: Builder, d: Node, c: Node, u: Node, v: Node, posdef: bool, through: bool = False
    ) -> None:
        self.b, self.d, self.c, self.u, self.v, self.through = b, d, c, u, v, through
        self.rows, self.rank = u.rows, u.columns
        self.memo: dict[tuple[int, bool], Node] = {}
        self._inverse: Node | None = None
        self.symmetric = u is v
        if d.is_number:
            product = b.times(c, b.matmul(b.transpose(v), u))
            self.inner = Solver(b, b.shift(product, d), posdef and u is v)
        elif posdef and u is v:
            half = b.divide(u, b.power(d, Integer(1) / 2))
            product = b.times(c, b.matmul(b.transpose(half), half))
            self.inner = Solver(b, b.shift(product, b.number(ONE)), True)
        else:
            product = b.times(c, b.matmul(b.transpose(v), b.divide(u, d)))
            self.inner = Solver(b, b.shift(product, b.number(ONE)), False)

    def solve(self, other: Node, transposed: bool = False) -> Node:
        """Return inv(A) B, or inv(A') B."""
        transposed = transposed and not self.symmetric
        key = (other.index, transposed)
        if key not in self.memo:
            self.memo[key] = self._solve(other, transposed)
        return self.memo[key]

    def _solve(self, other: Node, transposed: bool) -> Node:
        b = self.b
        u, v, t = (self.v, self.u, True) if transposed else (self.u, self.v, False)
        if other is u:  # inv(A) U = inv(D) U inv(1 + c V' inv(D) U)
            over = u if self.d.is_number else b.divide(u, self.d)
            return b.transpose(self.inner.solve(b.transpose(over), not t))
        over = other if self.d.is_number else b.divide(other, self.d)
        inside = b.matmul(b.transpose(v), over)
        if self.through or (u.index, transposed) in self.memo:
            less = b.matmul(self.solve(u, transposed), inside)
        else:
            less = b.matmul(u if self.d.is_number else b.divide(u, self.d), self.inner.solve(inside, t))
        rest = b.add([(1, over), (-1, b.times(self.c, less))])
        return b.divide(rest, self.d) if self.d.is_number else rest

    def known(self, other: Node, transposed: bool = False) -> Node | None:
        """Return inv(A) B if it was made already."""
        return self.memo.get((other.index, transposed and not self.symmetric))

    def known_inverse(self) -> Node | None:
        """Return inv(A) if it was made already."""
        return self._inverse

    def _thin(self) -> tuple[Node, Node]:
        """Return matrices P, Q with inv(A) = inv(D) - c P Q'."""
        b = self.b
        return self.solve(self.u), b.divide(self.v, self.d)

    def inverse(self) -> Node:
        """Return inv(A)."""
        b = self.b
        if self._inverse is None:
            left, right = self._thin()
            product = b.times(self.c, b.matmul(left, b.transpose(right)))
            self._inverse = b.shift(b.negative(product), b.power(self.d, -1))
        return self._inverse

    def diagonal(self) -> Node:
        """Return the diagonal of inv(A)."""
        b = self.b
        over = b.spread(b.power(self.d, -1), (self.rows, ONE))
        return b.add([(1, over), (-1, b.times(self.c, b.rowinner(*self._thin())))])

    def opened(self, transposed: bool) -> list[tuple[Node, list[Item]]]:
        """Return inv(A), or inv(A'), as a sum of a diagonal and a thin product."""
        b = self.b
        over = Diagonal(b, b.spread(b.power(self.d, -1), (self.rows, ONE)))
        left, right = self._thin()
        if transposed:
            left, right = right, left
        thin: list[Item] = [Plain(b, left), Plain(b, b.transpose(right))]
        return [(b.number(ONE), [over]), (b.negative(self.c), thin)]

    def logdet(self) -> Node:
        """Return log|det A|."""
        b = self.b
        log = b.call("log", b.call("abs", self.d))
        if self.d.is_number:
            n, r = (b.number(x) if x.is_Integer else b.make("size", (), (x,)) for x in (self.rows, self.rank))
            outer = b.times(b.add([(1, n), (-1, r)]), log)
        else:
            outer = b.sum(log)
        return b.add([(1, outer), (1, self.inner.logdet())])

    def solving(self, at: Sizes, columns: float) -> float:
        """Return what a solve with so many columns costs."""
        return 4 * at[self.rows] * at[self.rank] * columns

    def inverting(self, at: Sizes) -> float:
        """Return what the inverse costs."""
        return 2 * at[self.rows] ** 2 * at[self.rank]


class Inverted(Item):
    """inv(A) as a factor: it solves."""

    def __init__(self, b: Builder, solver: Solver, transposed: bool = False) -> None:
        self.b, self.solver, self.transposed = b, solver, transposed and not solver.symmetric
        n = solver.rows if isinstance(solver, Woodbury) else solver.factor.rows
        self.rows = self.columns = n
        self.opened = solver.opened(self.transposed) if isinstance(solver, Woodbury) else None

    def formed(self, at: Sizes) -> float:
        """Return what the inverse costs."""
        return self.solver.inverting(at)

    def form(self) -> Node:
        """Return the inverse."""
        inverse = self.solver.inverse()
        return self.b.transpose(inverse) if self.transposed else inverse

    def known(self) -> Node | None:
        """Return the inverse if it was made already."""
        found = self.solver.known_inverse()
        return found if found is None or not self.transposed else self.b.transpose(found)

    def on_right(self, at: Sizes, width: float) -> float:
        """Return what a solve costs."""
        return self.solver.solving(at, width)

    on_left = on_right

    def times(self, other: Node) -> Node:
        """Return inv(A) B."""
        return self.solver.solve(other, self.transposed)

    def after(self, other: Node) -> Node:
        """Return B inv(A), as (inv(A') B')'."""
        b = self.b
        return b.transpose(self.solver.solve(b.transpose(other), not self.transposed))

    def known_times(self, other: Node) -> Node | None:
        """Return inv(A) B if it was made already."""
        return self.solver.known(other, self.transposed)

    def known_after(self, other: Node) -> Node | None:
        """Return B inv(A) if it was made already."""
        found = self.solver.known(self.b.transpose(other), not self.transposed)
        return None if found is None else self.b.transpose(found)

    def diagonal(self) -> Node:
        """Return the diagonal of the inverse."""
        if isinstance(self.solver, Woodbury):
            return self.solver.diagonal()
        return self.b.diagonal(self.form())
