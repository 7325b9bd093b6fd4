"""Inverses, determinants and what else a factorisation gives, of low rank where that is cheaper."""

from __future__ import annotations

from typing import Any

from sympy import Determinant, DiagMatrix, Expr, Inverse

from derive.code.factors import Solver, Woodbury
from derive.code.low_rank import low_rank
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
            low = low_rank(a)
            if low is not None:
                posdef |= low.u == low.v and algebra.is_positive(low.d) and algebra.is_nonnegative(low.c)
                self.low.append((low.u.shape[0], low.u.shape[1]))
                if self.thin:
                    left, right = self.node(low.u), self.node(low.v)
                    d, c = self.node(low.d), self.node(low.c)
                    self.solvers[a] = Woodbury(self.b, d, c, left, right, posdef, self.through)
                    return self.solvers[a]
            self.solvers[a] = Solver(self.b, self.node(a), posdef)
        return self.solvers[a]

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
