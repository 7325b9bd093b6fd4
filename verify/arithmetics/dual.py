"""Dual numbers: arrays a + b·t with t² = 0, so that b carries the derivative along one direction.

The entries of a and b are of any arithmetic, dual numbers among them (then the derivative of the derivative is
carried too). An array without a tangent is a constant. Nothing here knows a rule of matrix calculus: the
operators are those of the ring of polynomials in t modulo t².
"""

from __future__ import annotations

from typing import Any


class Dual:
    """The array value + tangent·t, with t² = 0."""

    __slots__ = ("tangent", "value")
    __array_ufunc__ = None  # NumPy arrays leave mixed operations to the methods below

    def __init__(self, value: Any, tangent: Any) -> None:
        self.value, self.tangent = value, tangent

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the array."""
        return self.value.shape

    @property
    def T(self) -> Dual:
        """Return the transpose."""
        return Dual(self.value.T, self.tangent.T)

    def reshape(self, *shape: Any, order: Any = "C") -> Dual:
        """Return the entries in another shape."""
        return Dual(self.value.reshape(*shape, order=order), self.tangent.reshape(*shape, order=order))

    def sum(self, axis: Any = None, keepdims: bool = False) -> Dual:
        """Return the sum of the entries."""
        return Dual(
            self.value.sum(axis=axis, keepdims=keepdims), self.tangent.sum(axis=axis, keepdims=keepdims)
        )

    def __getitem__(self, index: Any) -> Dual:
        return Dual(self.value[index], self.tangent[index])

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.tangent)

    def __add__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.tangent + other.tangent)
        value = self.value + other
        # A constant that broadcasts makes the sum larger than the tangent.
        return Dual(value, self.tangent if self.shape == value.shape else self.tangent + 0 * value)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Dual:
        return self + -other

    def __rsub__(self, other: Any) -> Dual:
        return -self + other

    def __mul__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value * other.value, self.tangent * other.value + self.value * other.tangent)
        return Dual(self.value * other, self.tangent * other)

    __rmul__ = __mul__

    def __matmul__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value @ other.value, self.tangent @ other.value + self.value @ other.tangent)
        return Dual(self.value @ other, self.tangent @ other)

    def __rmatmul__(self, other: Any) -> Dual:
        return Dual(other @ self.value, other @ self.tangent)

    def __truediv__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            value = self.value / other.value
            return Dual(value, (self.tangent - value * other.tangent) / other.value)
        return Dual(self.value / other, self.tangent / other)

    def __rtruediv__(self, other: Any) -> Dual:
        value = other / self.value
        return Dual(value, -value * self.tangent / self.value)

    def __pow__(self, k: int) -> Dual:
        if k == 1:
            return self
        lower = self.value ** (k - 1)
        return Dual(lower * self.value, k * (lower * self.tangent))


def concrete(x: Any) -> Any:
    """Return the array with every t set to 0."""
    while isinstance(x, Dual):
        x = x.value
    return x
