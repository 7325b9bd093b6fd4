"""The assumptions in force.

Assumptions belong to a problem, not to a symbol: they are put in force for the length of a derivation by
`assuming`; `derive.expression.algebra.seen` tells what is seen to follow from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr

#: Assumption -> what it says, in the words of the text language.
KINDS: dict[str, str] = {
    "symmetric": "equal to its transpose",
    "posdef": "symmetric and positive definite",
    "invertible": "with an inverse",
    "positive": "with positive entries",
    "orthogonal": "with Q'*Q the identity",
    "structured-symmetric": "ranging over symmetric matrices only",
    "structured-diagonal": "ranging over diagonal matrices only",
    "structured-toeplitz": "ranging over Toeplitz matrices only",
    "structured-lower": "ranging over lower triangular matrices only",
    "structured-upper": "ranging over upper triangular matrices only",
    "structured-skew": "ranging over skew-symmetric matrices only",
}
#: Those that only a square matrix can have.
SQUARE = frozenset(KINDS) - {"positive"}


@dataclass
class Facts:
    """The assumptions in force, and what has been found out under them so far."""

    assumptions: frozenset[tuple[str, str]] = frozenset()
    symmetric: dict[Any, bool] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict)

    def has(self, symbol: Expr, *kinds: str) -> bool:
        """Tell whether one of the assumptions is made of a symbol."""
        name = getattr(symbol, "name", None)
        return any((kind, name) in self.assumptions for kind in kinds)


_FACTS: ContextVar[Facts | None] = ContextVar("facts", default=None)


def facts() -> Facts:
    """Return the facts in force; none outside a derivation."""
    return _FACTS.get() or Facts()


@contextmanager
def assuming(assumptions: Iterable[tuple[str, str]]) -> Iterator[Facts]:
    """Put assumptions, pairs of (kind, name), in force."""
    wanted = frozenset(assumptions)
    current = _FACTS.get()
    if current is not None and current.assumptions == wanted:
        yield current
        return
    current = Facts(wanted)
    token = _FACTS.set(current)
    try:
        yield current
    finally:
        _FACTS.reset(token)
