"""What a claim states, as an equality of numbers: the derivative along directions, and the claim applied to them.

Layouts: a gradient has the shape of the variable. A Jacobian is J[i, j] = dy_i/dx_j, matrices read column by
column; by a scalar it has the shape of the expression. A Hessian by a column is n x n, or its product with dx; by a
matrix it is the linear map that takes dX to the change of the gradient, in the shape of X, or the mn x mn matrix of
that map on vec(dX).
A differential is linear in the directions, dX for X. A value is the expression itself, which a claim says to be equal to
another: an equation.

Weights W in the variable's shape turn every layout into an equality: the derivative along the direction that moves
entry (i, j), with the entries tied to it, by W[i, j] equals the claim's entries summed with the same weights.
Random weights see every entry. The derivative comes from dual numbers alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sympy import Expr, MatAdd, MatMul, MatrixSymbol, S

from derive.errors import InputError
from derive.expression import algebra
from derive.problem import Problem
from verify.arithmetics.base import Arithmetic, Array, OutsideDomain, Undefined
from verify.arithmetics.dual import Dual, concrete
from verify.evaluate import Environment, total
from verify.points.drawn import PointSpace

#: The kinds of derivative, each with its name in a sentence.
NAMES = {
    "gradient": "the gradient",
    "jacobian": "the Jacobian",
    "hessian": "the Hessian",
    "differential": "the differential",
}
KINDS = tuple(NAMES)
#: The kind of an equation, which is about values and by no variable.
VALUE = "value"

#: One name -> its weights; a Hessian has two sets of them.
Weights = Mapping[str, Any]


@dataclass(frozen=True)
class Statement:
    """An expression, the variables it is differentiated by (none for its value), and the kind of derivative."""

    expr: Expr
    wrt: tuple[str, ...]
    kind: str
    space: PointSpace
    #: What has to be positive for the expression to have a value though it does not show it.
    domain: tuple[Expr, ...] = ()

    @classmethod
    def of(cls, problem: Problem, kind: str) -> Statement:
        """Return the statement about a problem's expression. Raises InputError for an unknown kind."""
        if kind == VALUE:
            return cls(problem.expr, (), kind, PointSpace.of(problem), problem.domain)
        if kind not in KINDS:
            raise InputError(f"the kind {kind!r} is not one of {', '.join(KINDS)}")
        if kind in ("gradient", "hessian") and problem.expr.is_Matrix:
            rows, columns = problem.expr.shape
            raise InputError(
                f"a {kind} needs a scalar expression, this one is {rows} x {columns}: ask for its jacobian"
            )
        if kind != "differential" and len(problem.wrt) != 1:
            raise InputError(f"a {kind} is by one variable, a differential may be by several")
        wrt = tuple(x.name for x in problem.wrt)
        return cls(problem.expr, wrt, kind, PointSpace.of(problem), problem.domain)

    @property
    def name(self) -> str:
        """Return what is stated, in words."""
        return "the left side" if self.kind == VALUE else NAMES[self.kind]

    def compared(self, true: str, claimed: str) -> str:
        """Return words for two numbers that are not equal, one of each side."""
        if self.is_value:
            return f"the left side is {true}, the right side is {claimed}"
        return f"along a random direction {true}, claimed {claimed}"

    # ----------------------------------------------------------------------------------------- shapes

    @property
    def expr_shape(self) -> tuple[Expr, Expr]:
        """Return the shape of the expression."""
        return self.expr.shape if self.expr.is_Matrix else (S.One, S.One)

    @property
    def wrt_shape(self) -> tuple[Expr, Expr]:
        """Return the shape of the (first) variable."""
        return self.space.variables[self.wrt[0]].shape

    @property
    def is_value(self) -> bool:
        """Return whether this is about the value of the expression, not a derivative."""
        return self.kind == VALUE

    @property
    def is_entrywise(self) -> bool:
        """Return whether the two sides are compared entry by entry, not by their products with weights."""
        return self.kind in ("differential", VALUE)

    @property
    def is_by_scalar(self) -> bool:
        """Return whether the (first) variable is a scalar, not a matrix that has one entry at some sizes."""
        return self.wrt_shape == (1, 1)

    def is_operator(self, claim: Expr) -> bool:
        """Return whether a claim is a Hessian as the linear map of dX, not as its matrix.

        Its symbolic shape says so: at sizes of 1 the two have the same shape.
        """
        if self.kind != "hessian" or self.is_by_scalar:
            return False
        return (claim.shape if claim.is_Matrix else (S.One, S.One)) == self.wrt_shape

    def claim_shapes(self) -> list[tuple[Expr, Expr]]:
        """Return the shapes that a claim may have."""
        if self.is_value:
            return [self.expr_shape]
        (m, n), (r, c) = self.expr_shape, self.wrt_shape
        if self.kind == "gradient":
            return [(r, c)]
        if self.kind == "differential" or (self.kind == "jacobian" and self.is_by_scalar):
            return [(m, n)]
        if self.kind == "jacobian":
            return [(m * n, r * c)]
        if self.is_by_scalar:
            return [(r, c)]
        return [(r, r), (r, c)] if c == 1 else [(r, c), (r * c, r * c)]

    # ------------------------------------------------------------------------------------- both sides

    def true_side(
        self, values: Mapping[str, Array], sizes: Mapping[str, int], arithmetic: Arithmetic, *w: Weights
    ) -> Array:
        """Return the derivative along the weighted directions, as a column (a matrix for a differential or a value)."""
        within(self.domain, values, sizes, arithmetic)
        if self.is_value:
            return arithmetic.check(Environment(arithmetic, values, sizes).run(self.expr))
        moves = [
            {x: self.space.variables[x].tie(arithmetic.array(v[x]), arithmetic, values[x]) for x in self.wrt}
            for v in w
        ]
        at = dict(values)
        for x in self.wrt:
            at[x] = Dual(values[x], moves[0][x])
            if self.kind == "hessian":
                at[x] = Dual(at[x], Dual(moves[1][x], 0 * moves[1][x]))
        y = arithmetic.check(
            self._moving(Environment(arithmetic, at, sizes).run(self.expr), arithmetic)
        ).tangent
        if self.kind == "hessian":
            return y.tangent
        return y.T.reshape(-1, 1) if self.kind == "jacobian" else y

    def _moving(self, y: Array, arithmetic: Arithmetic) -> Dual:
        """Return an expression's value as dual numbers, also where it does not depend on the variables."""
        if isinstance(y, Dual):
            return y
        zero = arithmetic.full(y.shape, 0)
        return Dual(Dual(y, zero), Dual(zero, zero)) if self.kind == "hessian" else Dual(y, zero)

    def claim_value(
        self,
        claim: Expr,
        values: Mapping[str, Array],
        sizes: Mapping[str, int],
        arithmetic: Arithmetic,
        directions: Weights,
    ) -> Array:
        """Return the value of a claim; dX, where it occurs, is the direction with the given weights."""
        at = dict(values)
        if self.kind in ("hessian", "differential"):
            for x in self.wrt:
                move = self.space.variables[x].tie(arithmetic.array(directions[x]), arithmetic, values[x])
                at.setdefault(f"d{x}", move)
        return arithmetic.check(Environment(arithmetic, at, sizes).run(claim))

    def claimed_side(
        self,
        claim: Expr,
        values: Mapping[str, Array],
        sizes: Mapping[str, int],
        arithmetic: Arithmetic,
        *w: Weights,
    ) -> Array:
        """Return a claim's entries, summed with the weights, in the shape of the true side."""
        if self.is_entrywise:
            return self.claim_value(claim, values, sizes, arithmetic, w[-1])
        x = self.wrt[0]
        if self.kind == "hessian" and not self.is_operator(claim):
            product = self._product(claim, values, sizes, arithmetic, w[1])
            return _vec(arithmetic.array(w[0][x])).T @ product
        if self.kind == "jacobian" and not self.is_by_scalar:
            return self._product(claim, values, sizes, arithmetic, w[0])
        c = self.claim_value(claim, values, sizes, arithmetic, w[-1])
        first = arithmetic.array(w[0][x])
        return _vec(c) * first if self.kind == "jacobian" else total(c * first)

    def _product(
        self,
        claim: Expr,
        values: Mapping[str, Array],
        sizes: Mapping[str, int],
        arithmetic: Arithmetic,
        w: Weights,
    ) -> Array:
        """Return a claimed matrix times the weights as a column.

        The column is carried through the claim's factors: a product of Kronecker products is larger than they are.
        """
        column = _vec(arithmetic.array(w[self.wrt[0]]))
        if not claim.is_Matrix:
            return self.claim_value(claim, values, sizes, arithmetic, w) @ column
        return self.claim_value(_applied(claim), {**values, _COLUMN: column}, sizes, arithmetic, w)


def within(
    needed: tuple[Expr, ...], values: Mapping[str, Array], sizes: Mapping[str, int], arithmetic: Arithmetic
) -> None:
    """Raise OutsideDomain where an entry of what is needed is negative, Undefined where it may not be positive.

    An arithmetic in which nothing is larger or smaller does not ask.
    """
    for e in needed if arithmetic.ordered else ():
        for entry in concrete(arithmetic.check(Environment(arithmetic, values, sizes).run(e))).reshape(-1):
            if entry < 0:
                raise OutsideDomain("a logarithm or a root of a negative number")
            if not entry > 0:
                raise Undefined("a logarithm or a root of what may not be positive")


#: No name of the text language has a space.
_COLUMN = "a column"


@lru_cache(maxsize=256)
def _applied(claim: Expr) -> Expr:
    """Return a matrix times a column of the name `_COLUMN`."""
    if claim.is_MatAdd:
        return algebra.make(MatAdd, *map(_applied, claim.args))
    column = MatrixSymbol(_COLUMN, claim.shape[1], 1)
    return algebra.make(MatMul, *(claim.args if claim.is_MatMul else (claim,)), column)


def _vec(x: Array) -> Array:
    return x.T.reshape(-1, 1)
