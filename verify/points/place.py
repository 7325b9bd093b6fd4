"""A place at which the two sides of a claim are compared: sizes, a point, and the weights of directions."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from verify.arithmetics.base import Arithmetic, Array
from verify.points.drawn import PointSpace, weights
from verify.statement import Statement


@dataclass(frozen=True)
class Place:
    """Sizes and a point at which both sides have values; the values are exact in the arithmetic."""

    sizes: dict[str, int]
    free: dict[str, Any]
    flip: bool
    weights: tuple[dict[str, Any], ...]
    style: int = 0
    _known: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def values(self, space: PointSpace, arithmetic: Arithmetic, check: bool = False) -> dict[str, Array]:
        """Return the values of the variables in an arithmetic. Raises Undefined where `check` finds a fault."""
        of, known = self._known.get(arithmetic.name, (None, {}))
        if check or of is not space:
            known = space.values(self.free, arithmetic, self.flip, check)
            self._known[arithmetic.name] = (space, known)
        return known


def draw_weights(statement: Statement, sizes: dict[str, int], rng: Random, bound: int) -> tuple[Any, ...]:
    """Return random weights for every variable: two sets for a Hessian.

    Where a claim may name directions, the weights have both signs: a claim has to be linear in them.
    """
    signs = Random(rng.random()) if statement.kind in ("differential", "hessian") else None
    count = 2 if statement.kind == "hessian" else 1
    return tuple(
        {x: weights(statement.space.shape(x, sizes), rng, bound, signs) for x in statement.wrt}
        for _ in range(count)
    )
