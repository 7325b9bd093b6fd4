"""Seeds of random draws, as callers give them."""

from __future__ import annotations

import operator
from typing import Any

from derive.errors import InputError


def checked_seed(seed: Any) -> int:
    """Return a seed as an integer. Raises InputError for what is none, or is negative."""
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if number < 0 or isinstance(seed, bool):
        raise InputError(f"seed must be an integer from 0 on, got {seed!r}")
    return number
