"""Polynomials in the entries of random variables, over any exact arithmetic or over real balls.

An expression is evaluated over them as over numbers: what comes out is the polynomial in the random entries that the
expression is at these sizes. No law of expectations has been used by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from verify.arithmetics.base import Abstain, Arithmetic, Undefined

#: An entry of a random array: its name and its row and column, from 0.
Entry = tuple[str, int, int]
#: A product of powers of entries, in order.
Monomial = tuple[tuple[Entry, int], ...]
#: The number of terms that a polynomial may grow to.
MAX_TERMS = 60_000


class Polynomial:
    """A sum of monomials with coefficients of some arithmetic."""

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[Monomial, Any]) -> None:
        self.terms = terms

    @property
    def constant(self) -> Any:
        """Return the coefficient of a polynomial of degree 0, None for any other; 0 for the empty sum."""
        if not self.terms:
            return 0
        return self.terms[()] if len(self.terms) == 1 and () in self.terms else None

    def __add__(self, other: Any) -> Polynomial:
        if not isinstance(other, Polynomial):
            other = Polynomial({(): other})
        out = dict(self.terms)
        for monomial, c in other.terms.items():
            total = out[monomial] + c if monomial in out else c
            if _is_zero(total):
                del out[monomial]
            else:
                out[monomial] = total
        return Polynomial(out)

    __radd__ = __add__

    def __neg__(self) -> Polynomial:
        return Polynomial({monomial: -c for monomial, c in self.terms.items()})

    def __sub__(self, other: Any) -> Polynomial:
        return self + -other

    def __rsub__(self, other: Any) -> Polynomial:
        return -self + other

    def __mul__(self, other: Any) -> Polynomial:
        if not isinstance(other, Polynomial):
            return Polynomial({m: c * other for m, c in self.terms.items() if not _is_zero(c * other)})
        out: dict[Monomial, Any] = {}
        for m, c in self.terms.items():
            for n, d in other.terms.items():
                product = _times(m, n)
                out[product] = out[product] + c * d if product in out else c * d
            if len(out) > MAX_TERMS:
                raise Abstain("a polynomial in the random entries grows too long")
        return Polynomial({m: c for m, c in out.items() if not _is_zero(c)})

    __rmul__ = __mul__

    def __pow__(self, k: int) -> Polynomial:
        out, base = Polynomial({(): 1}), self
        while k:
            if k & 1:
                out = out * base
            base, k = (base * base if k > 1 else base), k >> 1
        return out

    def __truediv__(self, other: Any) -> Polynomial:
        below = other.constant if isinstance(other, Polynomial) else other
        if below is None:
            raise Abstain("a division by what is random")
        if _is_zero(below):
            raise ZeroDivisionError
        return Polynomial({m: c / below for m, c in self.terms.items()})

    def __rtruediv__(self, other: Any) -> Polynomial:
        return Polynomial({(): other}) / self

    def __eq__(self, other: object) -> bool:
        gap = self - other
        return not gap.terms

    __hash__ = None  # type: ignore[assignment]


def _is_zero(c: Any) -> bool:
    return bool(c == 0)


def _times(m: Monomial, n: Monomial) -> Monomial:
    if not m or not n:
        return m or n
    powers = dict(m)
    for entry, k in n:
        powers[entry] = powers.get(entry, 0) + k
    return tuple(sorted(powers.items()))


class Polynomials(Arithmetic):
    """Polynomials over another arithmetic; functions and inverses are those of constants."""

    def __init__(self, base: Arithmetic) -> None:
        self.base = base
        self.name = f"polynomials over {base.name}"

    def context(self) -> Any:
        """Return the context of the coefficients."""
        return self.base.context()

    def number(self, q: Fraction | int) -> Any:
        """Return a rational number."""
        return _constant(self.base.number(q))

    def constant(self, name: str) -> Any:
        """Return pi or e."""
        return _constant(self.base.constant(name))

    def _of_other(self, e: Any) -> Any:
        if isinstance(e, Polynomial):
            return e
        return self.number(int(e)) if isinstance(e, np.integer) else _constant(e)

    def nonzero(self, e: Any) -> float:
        """Return how well an entry serves as a pivot."""
        return self.base.nonzero(_known(e))

    def _apply(self, function: str, x: np.ndarray) -> np.ndarray:
        found = self.base.apply(function, self._coefficients(x))
        return self._entries(found)

    def _power(self, x: np.ndarray, exponent: Fraction | int) -> np.ndarray:
        return self._entries(self.base.power(self._coefficients(x), exponent))

    def _coefficients(self, x: np.ndarray) -> np.ndarray:
        out = np.empty(x.shape, dtype=object)
        out.reshape(-1)[:] = [_known(e) for e in x.reshape(-1)]
        return self.base.array(out)

    def determinant(self, x: Any) -> Any:
        """Return the determinant by ring operations alone."""
        return self.determinant_without_division(x)

    def random(self, name: str, shape: tuple[int, int], symmetric: bool = False) -> np.ndarray:
        """Return the array of the entries of a random variable; a symmetric one has each of them twice."""
        out = np.empty(shape, dtype=object)
        one = self.base.number(1)
        for i, j in np.ndindex(*shape):
            entry = (name, min(i, j), max(i, j)) if symmetric else (name, i, j)
            out[i, j] = Polynomial({((entry, 1),): one})
        return out


def _constant(c: Any) -> Any:
    return Polynomial({} if not hasattr(c, "reason") and _is_zero(c) else {(): c})


def _known(e: Any) -> Any:
    if not isinstance(e, Polynomial):
        return e
    c = e.constant
    if c is None:
        raise Abstain("a function of what is random that is no polynomial")
    return c


__all__ = ["Entry", "Monomial", "Polynomial", "Polynomials", "Undefined"]
