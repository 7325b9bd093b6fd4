"""Points at which matrices are badly conditioned, exact in every arithmetic.

A stretched matrix is the drawn one times a diagonal matrix D, whose entries fall from 1 to 2^-27, times a dense
orthogonal matrix H, so that no scaling of rows or columns mends it. H is the Householder reflection
I - 2vv'/v'v with v = (1, ..., n), and D holds powers of two: both are rational.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from verify.arithmetics.base import Arithmetic, Array
from verify.points.drawn import ONEHOT, SUMS, SYMMETRIC, PointSpace, Variable
from verify.statement import Statement

#: The logarithm to base 2 of the condition number that D alone makes: 2^27 is 1.3e8.
BITS = 27


@dataclass(frozen=True)
class Stretched(Variable):
    """A variable whose matrices have a condition number of about 2^27, and else keep what is assumed of them.

    Columns, rows, orthogonal and Toeplitz matrices stay as they are drawn; positive matrices are scaled by rows only.
    """

    def build(self, free: Array, arithmetic: Arithmetic, flip: bool = False) -> Array:
        """Return the value made from free numbers."""
        value = super().build(free, arithmetic, flip)
        rows, columns = value.shape
        if 1 in (rows, columns) or self.kinds & {"orthogonal", "structured-toeplitz", *SUMS, *ONEHOT}:
            return value
        if self.kinds & {"positive", "structured-diagonal"}:
            return arithmetic.array(_powers(rows, BITS).reshape(-1, 1)) * value
        if self.kinds & SYMMETRIC:
            half = arithmetic.array(_reflection(rows) * _powers(rows, BITS // 2))
            return half @ value @ half.T
        n = min(rows, columns)
        dense = arithmetic.array(_powers(n, BITS).reshape(-1, 1) * _reflection(n))
        return value @ dense if columns <= rows else dense.T @ value


def stretched(statement: Statement) -> Statement:
    """Return the statement with every variable stretched."""
    variables = {
        name: Stretched(v.name, v.shape, v.kinds) if type(v) is Variable else v
        for name, v in statement.space.variables.items()
    }
    return replace(statement, space=PointSpace(variables, statement.space.sizes))


def _powers(n: int, bits: int) -> np.ndarray:
    out = np.empty(n, dtype=object)
    out[:] = [Fraction(1, 2 ** round(bits * i / max(n - 1, 1))) for i in range(n)]
    return out


def _reflection(n: int) -> np.ndarray:
    v = np.array([Fraction(i + 1) for i in range(n)], dtype=object).reshape(-1, 1)
    unit = np.array([[Fraction(int(i == j)) for j in range(n)] for i in range(n)], dtype=object)
    return unit - v @ v.T * (2 / (v * v).sum())
