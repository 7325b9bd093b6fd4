"""Inverses, determinants and what else a factorisation gives, of low rank where that is cheaper."""

from __future__ import annotations

from typing import Any

from sympy import Determinant, DiagMatrix, Expr, Identity, Inverse, MatAdd

from derive.code.factors import Solver, Woodbury
from derive.code.lower_values import Values
from derive.code.plan import Node
from derive.expression import algebra
from derive.expression.functions import Adjugate, LogDet


class Inverses(Values):
    """Inverses and determinants as nodes of a plan: every matrix is factorised once."""

    thin: bool
    through: bool
    solvers: dict[Expr, Solver]
    #: (rows, rank) of the low-rank matrices met.
    low: list[tuple[Any, Any]]

    # -------------------------------------------------------------------------------- inverses and more

    def solver(self, a: Expr) -> Solver:
        """Return what solves a matrix and gives its determinant."""
        if a not in self.solvers:
            posdef = algebra.is_posdef(a)
            low = self.low_rank(a)
            if low is not None:
                diagonal, coefficient, u, v = low
                posdef |= u == v and algebra.is_positive(diagonal) and algebra.is_nonnegative(coefficient)
                self.low.append((u.shape[0], u.shape[1]))
                if self.thin:
                    left, right = self.node(u), self.node(v)
                    d, c = self.node(diagonal), self.node(coefficient)
                    self.solvers[a] = Woodbury(self.b, d, c, left, right, posdef, self.through)
                    return self.solvers[a]
            self.solvers[a] = Solver(self.b, self.node(a), posdef)
        return self.solvers[a]

    def low_rank(self, a: Expr) -> tuple[Expr, Expr, Expr, Expr] | None:
        """Return (d, c, U, V) of a sum d + c U V', d a number or a column on the diagonal, where U may be thin."""
        if not isinstance(a, MatAdd):
            return None
        diagonal: list[Expr] = []
        rest: list[Expr] = []
        for t in a.args:
            coefficient, factors = algebra.split(t)
            if len(factors) == 1 and isinstance(factors[0], Identity):
                diagonal.append(coefficient)
            elif len(factors) == 1 and isinstance(factors[0], DiagMatrix):
                diagonal.append(algebra.dot(coefficient, factors[0].args[0]))
            else:
                rest.append(t)
        if len(rest) != 1 or len(diagonal) != 1:
            return None
        coefficient, factors = algebra.split(rest[0])
        n = a.shape[0]
        cuts = [k for k in range(1, len(factors)) if factors[k].shape[0] != n]
        if not cuts:
            return None
        middle = min(cuts, key=lambda k: (factors[k].shape[0] != 1, abs(2 * k - len(factors)), k))
        u, v = algebra.dot(*factors[:middle]), algebra.t(algebra.dot(*factors[middle:]))
        return diagonal[0], coefficient, u, v

    def inverse(self, e: Inverse) -> Node:
        """Return an inverse that is needed as a matrix."""
        tidy = algebra.inv(e.arg)
        return self.solver(tidy.arg).inverse() if isinstance(tidy, Inverse) else self.node(tidy)

    def logdet(self, e: LogDet) -> Node:
        """Return log|det|."""
        if isinstance(e.arg, DiagMatrix):
            d = self.loose(e.arg.args[0])
            return self.b.sum(self.b.spread(self.b.call("log", self.b.call("abs", d)), e.arg.args[0].shape))
        return self.solver(e.arg).logdet()

    def det(self, e: Determinant) -> Node:
        """Return the determinant."""
        return self.b.make("det", (self.node(e.arg),))

    def adjugate(self, e: Adjugate) -> Node:
        """Return det(X) inv(X) where X is seen to be invertible, or what singular matrices have too."""
        if algebra.is_posdef(e.arg):
            return self.b.times(self.det(Determinant(e.arg)), self.solver(e.arg).inverse())
        return self.b.make("function", (self.node(e.arg),), ("adj", 1), e.shape)
