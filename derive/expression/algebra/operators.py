"""NumPy's operators on expressions, so that a rule reads as its formula."""

from __future__ import annotations

from typing import Any

from sympy import Expr, S
from sympy.core.sympify import _sympify

from derive.expression.algebra.core import add, dot, elementwise_power, hadamard, is_matrix, ones, shape, t


class M:
    """A matrix or scalar expression under NumPy's operators."""

    __slots__ = ("e",)

    def __init__(self, e: Any) -> None:
        self.e: Expr = e.e if isinstance(e, M) else _sympify(e)

    @property
    def T(self) -> M:
        """Return the transpose."""
        return M(t(self.e))

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """Return (rows, columns)."""
        return shape(self.e)

    def __matmul__(self, other: M) -> M:
        return M(dot(self.e, M(other).e))

    def __mul__(self, other: Any) -> M:
        return M(hadamard(self.e, M(other).e))

    __rmul__ = __mul__

    def __add__(self, other: Any) -> M:
        a, b = self.e, M(other).e
        if is_matrix(a) != is_matrix(b):  # a scalar stands for a matrix of equal entries
            a, b = (x if is_matrix(x) else dot(x, ones(y.shape)) for x, y in ((a, b), (b, a)))
        return M(add(a, b))

    __radd__ = __add__

    def __sub__(self, other: Any) -> M:
        return self + -M(other)

    def __rsub__(self, other: Any) -> M:
        return M(other) + -self

    def __neg__(self) -> M:
        return M(dot(S.NegativeOne, self.e))

    def __truediv__(self, other: Any) -> M:
        return M(hadamard(self.e, elementwise_power(M(other).e, S.NegativeOne)))

    def __rtruediv__(self, other: Any) -> M:
        return M(other) / self

    def __pow__(self, exponent: Any) -> M:
        return M(elementwise_power(self.e, M(exponent).e))

    def __repr__(self) -> str:
        return f"M({self.e})"
