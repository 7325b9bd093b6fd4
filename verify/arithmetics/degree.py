"""Bounds on the degree of a rational expression, computed like a value.

An array stands for N/D with one common denominator D: `numerator` and `denominator` bound the total degrees of
the entries of N and of D as polynomials in the numbers that a random point is drawn from. The Schwartz-Zippel
lemma turns the bound into the chance of a wrong 'equal'.

`height` bounds the sizes of their integer coefficients: log2 of the sum of the absolute values of the coefficients,
a norm under which a product is at most the product of the norms. A nonzero polynomial vanishes modulo p only if p
divides all its coefficients, so that the height bounds how many primes are blind to it.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from verify.arithmetics.base import Arithmetic, Unknown
from verify.arithmetics.dual import Dual


class Degree:
    """An array of rational functions, known by shape, degrees and height only."""

    __slots__ = ("denominator", "height", "numerator", "shape")
    __array_ufunc__ = None

    def __init__(
        self, shape: tuple[int, ...], numerator: int = 0, denominator: int = 0, height: float = 0.0
    ) -> None:
        self.shape, self.numerator, self.denominator, self.height = shape, numerator, denominator, height

    def _shaped(self, shape: tuple[int, ...], height: float = 0.0) -> Degree:
        return Degree(shape, self.numerator, self.denominator, self.height + height)

    @property
    def T(self) -> Degree:
        """Return the transpose."""
        return self._shaped(self.shape[::-1])

    def reshape(self, *shape: Any, order: Any = "C") -> Degree:
        """Return the entries in another shape."""
        return self._shaped(np.broadcast_to(0, self.shape).reshape(*shape).shape)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Degree:
        """Return the sum of the entries, which have one denominator."""
        count = len(self.shape)
        axes = range(count) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        gone = {i % count for i in axes}
        kept = [1 if i in gone else n for i, n in enumerate(self.shape) if keepdims or i not in gone]
        return self._shaped(tuple(kept), _bits(math.prod(self.shape)))

    def __getitem__(self, index: Any) -> Degree:
        return self._shaped(np.broadcast_to(0, self.shape)[index].shape)

    def __neg__(self) -> Degree:
        return self

    def __add__(self, other: Any) -> Degree:
        if isinstance(other, Dual):
            return NotImplemented
        o = _degree(other)
        top = max(self.numerator + o.denominator, o.numerator + self.denominator)
        below = self.denominator + o.denominator
        return Degree(_broadcast(self, o), top, below, self.height + o.height + 1)

    __radd__ = __sub__ = __rsub__ = __add__

    def __mul__(self, other: Any) -> Degree:
        if isinstance(other, Dual):
            return NotImplemented
        return self._times(_degree(other), _broadcast(self, _degree(other)))

    __rmul__ = __mul__

    def __matmul__(self, other: Any) -> Degree:
        if isinstance(other, Dual):
            return NotImplemented
        shape = (self.shape[0], other.shape[1])
        return self._times(other, shape)._shaped(shape, _bits(self.shape[1]))

    def _times(self, o: Degree, shape: tuple[int, ...]) -> Degree:
        top, below = self.numerator + o.numerator, self.denominator + o.denominator
        return Degree(shape, top, below, self.height + o.height)

    def __truediv__(self, other: Any) -> Degree:
        return self * _degree(other).reciprocal()

    def __rtruediv__(self, other: Any) -> Degree:
        return self.reciprocal() * other

    def __pow__(self, k: int) -> Degree:
        return Degree(self.shape, k * self.numerator, k * self.denominator, k * self.height)

    def reciprocal(self) -> Degree:
        """Return one over every entry: the common denominator is the product of all numerators."""
        entries = int(np.prod(self.shape))
        top = self.denominator + (entries - 1) * self.numerator
        return Degree(self.shape, top, entries * self.numerator, max(entries, 1) * self.height)


def _degree(x: Any) -> Degree:
    """Return the bound of constants, which have one common denominator."""
    if isinstance(x, Degree):
        return x
    entries = np.asarray(x, dtype=object).flat
    numbers = [Fraction(q) for q in entries if not isinstance(q, Unknown)]  # pi is compared nowhere
    below = math.lcm(*(q.denominator for q in numbers))
    largest = max((abs(q.numerator) * (below // q.denominator) for q in numbers), default=1)
    return Degree(np.shape(x), height=_bits(max(largest, below)))


def _bits(n: int) -> float:
    return math.log2(max(n, 1))


def _broadcast(x: Degree, y: Degree) -> tuple[int, ...]:
    return np.broadcast_shapes(x.shape, y.shape)


def _leibniz(n: int) -> float:
    """Return log2 of the number of terms of an n x n determinant."""
    return math.lgamma(n + 1) / math.log(2)


class Degrees(Arithmetic):
    """The arithmetic of degree bounds; every number has degree 0."""

    name = "degree bounds"
    ordered = False

    def array(self, x: Any) -> Any:
        """Return the bound of constants."""
        if isinstance(x, Degree | Dual):
            return x
        shape = np.shape(x)
        return _degree(x)._shaped(shape if len(shape) == 2 else (shape[0], 1) if shape else (1, 1))

    def full(self, shape: tuple[int, int], q: Fraction | int) -> Degree:
        """Return the bound of constants."""
        return _degree(q)._shaped(shape)

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
        top = x.denominator + (n - 1) * x.numerator
        return Degree(x.shape, top, n * x.numerator, _leibniz(n) + n * x.height)

    def determinant(self, x: Any) -> Any:
        """Return the bound of det(N)/D^n."""
        n = x.shape[0]
        if isinstance(x, Dual):
            cofactor = self.determinant(x.value[1:, 1:]) if n > 1 else self.eye(1)
            return Dual(self.determinant(x.value), cofactor * x.tangent[:1, :1])
        return Degree((1, 1), n * x.numerator, n * x.denominator, _leibniz(n) + n * x.height)

    def indicator_of_largest(self, x: Any) -> Any:
        """Return the bound of an unknown value."""
        return Degree(x.shape)

    def matrix_function(self, kernel: str, x: Any) -> Any:
        """Return the bound of an unknown value."""
        if isinstance(x, Dual):
            return Dual(self.matrix_function(kernel, x.value), self.matrix_function(kernel, x.value))
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
