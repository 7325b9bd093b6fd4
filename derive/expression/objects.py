"""Equal expressions as one object, so that comparing deep ones, or looking them up, walks nothing."""

from __future__ import annotations

import threading

from sympy import Expr

#: Expressions that are remembered, at most: all are forgotten then, which costs time only.
MOST = 1 << 16


class _Objects(threading.local):
    def __init__(self) -> None:
        self.known: dict[Expr, Expr] = {}


_OBJECTS = _Objects()


def one_object(e: Expr) -> Expr:
    """Return the one object that stands, in this thread, for all expressions equal to this one."""
    known = _OBJECTS.known
    if len(known) > MOST:
        known.clear()
    return known.setdefault(e, e)
