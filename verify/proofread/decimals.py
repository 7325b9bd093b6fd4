r"""Numbers to the digits given: 0.308, ≈ 3, 2.9 \times 10^{-3}."""

from __future__ import annotations

import re

from derive.language.equation import Decimal

_NUMBER = re.compile(
    r"^\s*(?P<sign>[-+−]?)\s*(?P<digits>\d+(?:\.\d*)?|\.\d+)"
    r"(?:\s*(?:\\times|\\cdot|×|·|\*)\s*10\s*\^\s*\{?\s*(?P<power>[-+−]?\s*\d+)\s*\}?|[eE](?P<short>[-+]?\d+))?\s*$"
)


def decimal(source: str, relation: str) -> tuple[bool, Decimal] | None:
    """Return whether a side is negative and the decimal that it is, None for another formula.

    A whole number is exact after =; after ≈ it is right to its last digit that is not zero.
    """
    found = _NUMBER.match(source)
    if found is None:
        return None
    digits = found["digits"]
    power = int(re.sub(r"\s|\+", "", (found["power"] or found["short"] or "0")).replace("−", "-"))
    if "." not in digits:
        if relation != "≈":
            return None
        zeros = len(digits) - len(digits.rstrip("0"))
        if zeros < len(digits):
            digits, power = digits[: len(digits) - zeros], power + zeros
    return found["sign"] in ("-", "−") and bool(found["sign"]), Decimal.of(
        f"{digits}e{power}" if power else digits
    )
