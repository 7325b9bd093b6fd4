"""Words that depend on a number."""

from __future__ import annotations


def count(n: int, one: str, many: str = "") -> str:
    """Return a number of things: 1 point, 3 points, 2 entries."""
    return f"{n} {one if n == 1 else many or one + 's'}"
