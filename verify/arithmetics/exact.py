"""Exact numbers: residues modulo a prime, and rationals (python-flint).

A residue is a rational function's value at a random point with no rounding at all; functions that are not
rational have an unknown value there, and a known derivative where that is rational (the logarithm).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np
from flint import fmpq, fmpz, nmod

from verify.arithmetics.base import Arithmetic, Undefined, Unknown

#: Primes are drawn from those between these bounds, of which there are more than 2^56 (the prime number theorem, in
#: the form of Dusart 2010). So a nonzero integer of h bits is 0 modulo one of them with a chance below h/60/2^56.
LEAST, LARGEST = 2**60, 2**62
PRIME_BITS = 56


class PrimeField(Arithmetic):
    """Residues modulo a prime between 2^60 and 2^62."""

    ordered = False

    def __init__(self, p: int) -> None:
        self.p = p
        self.name = f"the field of {p} elements"

    @property
    def words(self) -> str:
        """Return what the arithmetic is called in a sentence, in which the prime does not matter."""
        return "a prime field"

    def number(self, q: Fraction | int) -> Any:
        """Return q mod p. Raises Undefined where p divides its denominator: another prime will do."""
        if isinstance(q, Fraction):
            below = nmod(q.denominator % self.p, self.p)
            if below == 0:
                raise Undefined("a denominator that the prime divides")
            return nmod(q.numerator % self.p, self.p) / below
        return nmod(int(q) % self.p, self.p)


class Rationals(Arithmetic):
    """Rational numbers of any size."""

    name = "the rationals"

    def number(self, q: Fraction | int) -> Any:
        """Return q."""
        return fmpq(q.numerator, q.denominator) if isinstance(q, Fraction) else fmpq(int(q))

    def _apply(self, function: str, x: np.ndarray) -> np.ndarray:
        at = _ORDERED.get(function)
        if at is None and function in ("log", "log_abs"):
            if any(not isinstance(e, Unknown) and (e == 0 or (e < 0 and function == "log")) for e in x.flat):
                raise Undefined("the logarithm of a number that is not positive")
        if at is None:
            return super()._apply(function, x)
        out = np.empty(x.shape, dtype=object)
        out.reshape(-1)[:] = [e if isinstance(e, Unknown) else at(e) for e in x.flat]
        return out

    def _power(self, x: np.ndarray, exponent: Fraction | int) -> np.ndarray:
        if exponent == Fraction(1, 2) or exponent == Fraction(-1, 2):
            roots = [_root(e) for e in x.flat]
            if all(r is not None for r in roots):
                out = np.empty(x.shape, dtype=object)
                out.reshape(-1)[:] = roots
                return out if exponent > 0 else super()._power(out, -1)
        return super()._power(x, exponent)


def _root(e: Any) -> Any:
    """Return the rational square root of a rational square, or None."""
    if isinstance(e, Unknown) or e < 0:
        return None
    p, q = e.p.isqrt(), e.q.isqrt()
    return fmpq(p, q) if p * p == e.p and q * q == e.q else None


_ORDERED = {
    "abs": abs,
    "sign": lambda e: fmpq((e > 0) - (e < 0)),
    "step": lambda e: fmpq(int(e > 0)),
    "relu": lambda e: e if e > 0 else fmpq(0),
    "kink": lambda e: Unknown("no derivative at the kink", Undefined) if e == 0 else fmpq(0),
}

RATIONALS = Rationals()


@lru_cache(maxsize=4096)
def prime_field(key: object = 0) -> PrimeField:
    """Return the prime field that a key draws, the same one for the same key.

    A fixed prime would be blind to multiples of itself. What a key does not foresee is a formula written with it in
    mind, so that verdicts put the numbers of the formulas into the key.
    """
    rng = Random(f"prime {key}")
    while True:
        p = rng.randrange(LEAST, LARGEST) | 1
        if fmpz(p).is_prime():
            return PrimeField(p)
