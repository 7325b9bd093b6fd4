"""Rational numbers as text: whole for programs, short for people."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

__all__ = ["approximate", "full", "short"]

#: What has more characters than this is shown to people by six digits.
_SHORT = 12
#: Integers of more bits are longer than that, whatever they are.
_BITS = 64


def full(value: int | Fraction) -> str:
    """Return all digits, `3/4`; Python's own `str` refuses integers of more than 4,300."""
    from flint import fmpz

    return "/".join(str(fmpz(part)) for part in _parts(value))


def short(value: Any) -> str:
    """Return a rational number exactly where it is short, by six digits behind an ≈ where not; a float by six."""
    if not isinstance(value, int | Fraction):
        return f"{value:.6g}"
    parts = _parts(value)
    if max(part.bit_length() for part in parts) <= _BITS:
        texts = ["/".join(map(str, parts))]
        if 10**_SHORT % value.denominator == 0:  # a decimal number
            texts.append(f"{Decimal(value.numerator) / value.denominator:f}")
        if len(text := min(texts, key=len)) <= _SHORT:
            return text
    return f"≈{approximate(value)}"


def approximate(value: Any) -> str:
    """Return six digits."""
    try:
        rounded = float(value)
    except OverflowError:
        rounded = 0.0
    if rounded or not value:
        return f"{rounded:.6g}"
    # Beyond float64 on either side.
    return f"{Decimal(value.numerator) / Decimal(value.denominator):.5e}"


def _parts(value: int | Fraction) -> tuple[int, ...]:
    return (value.numerator, value.denominator)[: 1 if value.denominator == 1 else 2]
