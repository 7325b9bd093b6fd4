"""Bounds on the degree of a rational expression, computed like a value.

An array stands for N/D with one common denominator D: `numerator` and `denominator` bound the total degrees of
the entries of N and of D as polynomials in the numbers that a random point is drawn from. The Schwartz-Zippel
lemma turns the bound into the chance of a wrong 'equal'.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from verify.arithmetics.base import Arithmetic
from verify.arithmetics.dual import Dual


class Degree:
    """An array of rational functions, known by shape and degrees only."""

    __slots__ = ("denominator", "numerator", "shape")
    __array_ufunc__ = None

    def __init__(self, shape: tuple[int, ...], numerator: int = 0, denominator: int = 0) -> None:
        self.shape, self.numerator, self.denominator = shape, numerator, denominator

    @property
    def T(self) -> Degree:
        """Return the transpose."""
        return Degree(self.shape[::-1], self.numerator, self.denominator)

    def reshape(self, *shape: Any, order: Any = "C") -> Degree:
        """Return the entries in another shape."""
        new = np.broadcast_to(0, self.shape).reshape(*shape).shape
        return Degree(new, self.numerator, self.denominator)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Degree:
        """Return the sum of the entries, which have one denominator."""
        new = np.broadcast_to(0, self.shape).sum(axis=axis, keepdims=keepdims).shape
        return Degree(new, self.numerator, self.denominator)

    def __getitem__(self, index: Any) -> Degree:
        return Degree(np.broadcast_to(0, self.shape)[index].shape, self.numerator, self.denominator)

    def __neg__(self) -> Degree:
        return self

    def __add__(self, other: Any) -> Degree:
        if isinstance(other, Dual):
            return NotImplemented
        o = _degree(other)
        top = max(self.numerator + o.denominator, o.numerator + self.denominator)
        return Degree(_broadcast(self, o), top, self.denominator + o.denominator)

    __radd__ = __sub__ = __rsub__ = __add__

    def __mul__(self, other: Any) -> Degree:
        if isinstance(other, Dual):
            return NotImplemented
        o = _degree(other)
        return Degree(_broadcast(self, o), self.numerator + o.numerator, self.denominator + o.denominator)

    __rmul__ = __mul__

    def __matmul__(self, other: Any) -> Degree:
        if isinstance(other, Dual):
            return NotImplemented
        shape = (self.shape[0], other.shape[1])
        return Degree(shape, self.numerator + other.numerator, self.denominator + other.denominator)

    def __truediv__(self, other: Any) -> Degree:
        return self * _degree(other).reciprocal()

    def __rtruediv__(self, other: Any) -> Degree:
        return self.reciprocal() * other

    def __pow__(self, k: int) -> Degree:
        return Degree(self.shape, k * self.numerator, k * self.denominator)

    def reciprocal(self) -> Degree:
        """Return one over every entry: the common denominator is the product of all numerators."""
        entries = int(np.prod(self.shape))
        return Degree(self.shape, self.denominator + (entries - 1) * self.numerator, entries * self.numerator)


def _degree(x: Any) -> Degree:
    return x if isinstance(x, Degree) else Degree(np.shape(x))


def _broadcast(x: Degree, y: Degree) -> tuple[int, ...]:
    return np.broadcast_shapes(x.shape, y.shape)


class Degrees(Arithmetic):
    """The arithmetic of degree bounds; every number has degree 0."""

    name = "degree bounds"

    def array(self, x: Any) -> Any:
        """Return the bound of constants."""
        if isinstance(x, Degree | Dual):
            return x
        shape = np.shape(x)
        return Degree(shape if len(shape) == 2 else (shape[0], 1) if shape else (1, 1))

    def full(self, shape: tuple[int, int], q: Fraction | int) -> Degree:
        """Return the bound of constants."""
        return Degree(shape)

    def eye(self, n: int) -> Degree:
        """Return the bound of the identity."""
        return Degree((n, n))

    def _apply(self, function: str, x: Any) -> Degree:
        # An unknown value reaches no result that is compared, so that its degree does not count.
        return Degree(x.shape)

    def _power(self, x: Any, exponent: Fraction | int) -> Degree:
        return x.reciprocal() ** -exponent if isinstance(exponent, int) else Degree(x.shape)

    def inverse(self, x: Any) -> Any:
        """Return the bound by Cramer's rule: inv(N/D) = D·adj(N)/det(N)."""
        if isinstance(x, Dual):
            # Any formula for the derivative bounds the degree of what the elimination computes.
            y = self.inverse(x.value)
            return Dual(y, y @ x.tangent @ y)
        n = x.shape[0]
        return Degree(x.shape, x.denominator + (n - 1) * x.numerator, n * x.numerator)

    def determinant(self, x: Any) -> Any:
        """Return the bound of det(N)/D^n."""
        n = x.shape[0]
        if isinstance(x, Dual):
            cofactor = self.determinant(x.value[1:, 1:]) if n > 1 else self.eye(1)
            return Dual(self.determinant(x.value), cofactor * x.tangent[:1, :1])
        return Degree((1, 1), n * x.numerator, n * x.denominator)

    def expm(self, x: Any) -> Any:
        """Return the bound of an unknown value."""
        if isinstance(x, Dual):
            return Dual(self.expm(x.value), self.expm(x.value))
        return Degree(x.shape)

    def eigenpair(self, x: Any, i: int) -> Any:
        """Return the bounds of unknown values."""
        if isinstance(x, Dual):
            value, v = self.eigenpair(x.value, i)
            return Dual(value, value), Dual(v, v)
        return Degree((1, 1)), Degree((x.shape[0], 1))

    def check(self, x: Any, derivative_only: bool = False) -> Any:
        """Return the bound."""
        return x


DEGREES = Degrees()
