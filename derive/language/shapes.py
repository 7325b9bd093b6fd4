"""Sizes and their unification.

A size is an int, a name, an `Unknown`, a `Product` of two sizes (of `kron` and `vec`), a `Total` of two (of blocks), or
a `Triangle` (of `vech`). A shape is a pair of sizes. Names and unknowns of matrices are never 1: what is one wide is declared so, or is a scalar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from math import gcd, isqrt, prod

from sympy import Add, Expr, Integer, Mul, S, Symbol


class Unknown:
    """A size that is still to be found; `to` is what it was found to be."""

    __slots__ = ("to",)

    def __init__(self) -> None:
        self.to: Size | None = None


@dataclass(frozen=True)
class Product:
    """A product of two sizes."""

    a: Size
    b: Size


@dataclass(frozen=True)
class Total:
    """A sum of two sizes, of blocks side by side; a number in it may be negative, n - 1."""

    a: Size
    b: Size


@dataclass(frozen=True)
class Triangle:
    """The number n(n + 1)/2 of entries on and below the diagonal of an n x n matrix."""

    of: Size


Size = int | str | Unknown | Product | Total | Triangle
Shape = tuple[Size, Size]

SCALAR: Shape = (1, 1)


class SizeConflict(Exception):
    """Two sizes that cannot be equal."""


class Undetermined(SizeConflict):
    """Two products of sizes that can be equal in more than one way."""


def find(size: Size) -> Size:
    """Return what is known of a size, with products of known numbers multiplied out."""
    while isinstance(size, Unknown) and size.to is not None:
        size = size.to
    if isinstance(size, Product):
        a, b = find(size.a), find(size.b)
        if a == 1:
            return b
        if b == 1:
            return a
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        return Product(a, b)
    if isinstance(size, Total):
        known, others = summands(size)
        return reduce(Total, [*others, known] if known or not others else others)
    if isinstance(size, Triangle):
        n = find(size.of)
        return n * (n + 1) // 2 if isinstance(n, int) else Triangle(n)
    return size


def summands(size: Size) -> tuple[int, list[Size]]:
    """Return a size as a number and other sizes, which it is the sum of."""
    if not isinstance(size, Total):
        size = find(size)
    if isinstance(size, int):
        return size, []
    if not isinstance(size, Total):
        return 0, [size]
    (m, left), (n, right) = summands(size.a), summands(size.b)
    terms = left + right
    for size in left + right:  # n - n
        if size in terms and Product(-1, size) in terms:
            terms.remove(size)
            terms.remove(Product(-1, size))
    return m + n, terms


def difference(a: Size, b: Size) -> int | None:
    """Return by how much one size is larger than another, None where that is not a number."""
    (m, left), (n, right) = summands(a), summands(b)
    for size in list(left):
        if size in right:
            left.remove(size)
            right.remove(size)
    return None if left or right else m - n


def is_scalar(shape: Shape) -> bool:
    """Tell whether a shape is known to be 1 x 1."""
    return find(shape[0]) == 1 and find(shape[1]) == 1


def is_square(shape: Shape) -> bool:
    """Tell whether a shape is known to be square, and no number."""
    return find(shape[0]) == find(shape[1]) != 1


def occurs(unknown: Unknown, size: Size) -> bool:
    """Tell whether an unknown is part of a size."""
    size = find(size)
    if isinstance(size, Product | Total):
        return occurs(unknown, size.a) or occurs(unknown, size.b)
    return occurs(unknown, size.of) if isinstance(size, Triangle) else size is unknown


def factors(size: Size) -> list[Size]:
    """Return the factors of a size."""
    size = find(size)
    return factors(size.a) + factors(size.b) if isinstance(size, Product) else [size]


def size_names(size: Size) -> set[str]:
    """Return the names in a size."""
    size = find(size)
    if isinstance(size, Product | Total):
        return size_names(size.a) | size_names(size.b)
    if isinstance(size, Triangle):
        return size_names(size.of)
    return {size} if isinstance(size, str) else set()


def unify(a: Size, b: Size, guess: bool = False) -> None:
    """Make two sizes equal.

    Raises SizeConflict where they cannot be, and Undetermined where products can be equal in several ways; with
    `guess`, their factors are then matched in order, as a Kronecker product's are.
    """
    a, b = find(a), find(b)
    if a is b or a == b:
        return
    if isinstance(b, Unknown) and not isinstance(a, Unknown):
        a, b = b, a
    if isinstance(a, Unknown):
        if b == 1:
            raise SizeConflict
        if not occurs(a, b):
            a.to = b
            return
    if isinstance(a, Total) or isinstance(b, Total):
        _unify_totals(a, b)
        return
    if isinstance(a, Product) or isinstance(b, Product):
        _unify_products(*_cancelled(factors(a), factors(b)), guess)
        return
    if isinstance(b, Triangle) and not isinstance(a, Triangle):
        a, b = b, a
    if isinstance(a, Triangle):
        unify(a.of, b.of if isinstance(b, Triangle) else _side(b))
        return
    raise SizeConflict


def _side(size: Size) -> int:
    """Return n where a size is n(n + 1)/2. Raises SizeConflict where it is none."""
    n = (isqrt(8 * size + 1) - 1) // 2 if isinstance(size, int) else 0
    if not n or n * (n + 1) // 2 != size:
        raise SizeConflict
    return n


def _unify_totals(a: Size, b: Size) -> None:
    (m, left), (n, right) = summands(a), summands(b)
    for size in list(left):
        if size in right:
            left.remove(size)
            right.remove(size)
    if not left and right:
        (m, left), (n, right) = (n, right), (m, left)
    if len(left) == 1 and isinstance(left[0], Unknown):  # left[0] + m = n + right
        rest: list[Size] = [*right, n - m] if n != m or not right else right
        if len(rest) == 1 and isinstance(rest[0], int) and rest[0] < 2:
            raise SizeConflict
        unify(left[0], reduce(Total, rest))
    elif left or right:
        if any(isinstance(d, Unknown) for d in left + right):
            raise Undetermined
        raise SizeConflict
    elif m != n:
        raise SizeConflict


def _cancelled(left: list[Size], right: list[Size]) -> tuple[list[Size], list[Size]]:
    """Leave away the factors that stand on both sides; of the numbers, one is left on each side."""
    left, right = list(left), list(right)
    for size in list(left):
        if size in right:
            left.remove(size)
            right.remove(size)
    m, n = (prod(d for d in side if isinstance(d, int)) for side in (left, right))
    common = gcd(m, n)
    sides = [(left, m // common), (right, n // common)]
    left, right = ([d for d in side if not isinstance(d, int)] + [k] * (k > 1) for side, k in sides)
    return left, right


def _unify_products(left: list[Size], right: list[Size], guess: bool) -> None:
    if not left and not right:
        return
    if not left or not right or not any(isinstance(d, Unknown) for d in left + right):
        raise SizeConflict
    if not isinstance(left[0], Unknown) or (isinstance(right[0], Unknown) and len(right) < len(left)):
        left, right = right, left
    unknown = left[0]
    if isinstance(unknown, Unknown) and all(d is unknown for d in left) and unknown not in right:
        k = len(left)
        if k == 1:
            unknown.to = reduce(Product, right)
            return
        if len(right) == k and len(set(right)) == 1:
            unify(unknown, right[0])
            return
        if len(right) == 1 and isinstance(right[0], int) and round(right[0] ** (1 / k)) ** k == right[0]:
            unknown.to = round(right[0] ** (1 / k))
            return
    if not guess or len(left) != len(right):
        raise Undetermined
    for x, y in zip(left, right, strict=True):
        unify(x, y, guess)


class Names:
    """Letters for the sizes that are still unknown, for the length of one message."""

    def __init__(self) -> None:
        self.letters: list[tuple[Unknown, str]] = []

    def show(self, size: Size) -> str:
        """Return a size for a message."""
        size = find(size)
        if isinstance(size, Product):
            return "*".join(f"({t})" if "+" in t else t for t in (self.show(size.a), self.show(size.b)))
        if isinstance(size, Total):
            return f"{self.show(size.a)} + {self.show(size.b)}".replace("+ -", "- ")
        if isinstance(size, Triangle):
            n = self.show(size.of)
            return f"{n}*({n} + 1)/2"
        if not isinstance(size, Unknown):
            return str(size)
        for unknown, letter in self.letters:
            if unknown is size:
                return letter
        letter = "nmkpqrst"[len(self.letters) % 8]
        self.letters.append((size, letter))
        return letter

    def show_shape(self, shape: Shape) -> str:
        """Return a shape for a message."""
        return "a scalar" if is_scalar(shape) else f"{self.show(shape[0])} x {self.show(shape[1])}"


def show_shape(shape: Shape) -> str:
    """Return a single shape for a message."""
    return Names().show_shape(shape)


def size_symbol(name: str) -> Symbol:
    """Return the SymPy symbol of a named size."""
    return Symbol(name, integer=True, positive=True)


def to_sympy(size: Size, known: Mapping[str, Expr] | None = None) -> Expr:
    """Return a size as a SymPy expression; `known` are the expressions of names that have theirs.

    Raises SizeConflict where it is still unknown.
    """
    size = find(size)
    if isinstance(size, Product):
        return Mul(to_sympy(size.a, known), to_sympy(size.b, known))
    if isinstance(size, Total):
        return Add(to_sympy(size.a, known), to_sympy(size.b, known))
    if isinstance(size, Triangle):
        n = to_sympy(size.of, known)
        return n * (n + 1) / 2
    if isinstance(size, int):
        return Integer(size)
    if isinstance(size, str):
        return (known or {}).get(size) or size_symbol(size)
    raise SizeConflict


def from_sympy(size: Expr, known: dict[str, Expr] | None = None) -> Size:
    """Return a SymPy size in the terms of unification, where what is no product goes by a name.

    What the names stand for is added to `known`.
    """
    if size.is_Integer:
        return int(size)
    if size.is_Mul and size.args[0] == S.Half:
        for n in size.args[1:]:
            if size == n * (n + 1) / 2:
                return Triangle(from_sympy(n, known))
    if size.is_Mul and len(size.args) >= 2:
        first, *rest = size.args
        return Product(from_sympy(first, known), from_sympy(Mul(*rest), known))
    if size.is_Add:
        first, *rest = size.args
        return Total(from_sympy(first, known), from_sympy(Add(*rest), known))
    if size.is_Pow and size.exp.is_Integer and size.exp > 1:
        return Product(from_sympy(size.base, known), from_sympy(size.base ** (size.exp - 1), known))
    if known is not None:
        known[str(size)] = size
    return str(size)
