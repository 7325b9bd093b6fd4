"""Which factors of A∘B·C belong together, where the signs alone do not say it.

Paper writes K u ∘ T u for (K u) ∘ (T u), and A (B ∘ C) D without its brackets, too; text is read from left to right.
The reading by the signs is kept wherever its shapes can fit; another one is taken where only that can, and told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derive.language.shapes import Product, Shape, Size, Total, Unknown, find, is_scalar

_ENTRYWISE = frozenset({".*", "./"})


@dataclass(frozen=True)
class Group:
    """Factors and the signs between them; a factor is a place in the text's order, or a group of its own."""

    members: tuple[int | Group, ...]
    signs: tuple[str, ...]


def groupings(signs: Sequence[str], loose: Sequence[int]) -> list[Group]:
    """Return the ways to group a product, the one that is written first.

    `loose` are the places of signs ∘ at which a product begins that reaches as far as the next sign ∘.
    """
    flat = Group(tuple(range(len(signs) + 1)), tuple(signs))
    entrywise = {k: None for k, s in enumerate(signs) if s in _ENTRYWISE}
    if not entrywise or len(entrywise) == len(signs):
        return [flat]
    apart = _parted(signs, list(entrywise))
    tight = _parted(signs, [k for k in range(len(signs)) if k not in entrywise])
    ways = [apart, tight, flat] if loose else [flat, apart, tight]
    return [w for i, w in enumerate(ways) if w not in ways[:i]]


def _parted(signs: Sequence[str], at: Sequence[int]) -> Group:
    """Return a product parted at some signs into groups."""
    starts = [0, *[k + 1 for k in at], len(signs) + 1]
    members: list[int | Group] = []
    for first, after in zip(starts, starts[1:], strict=False):
        inner = tuple(range(first, after))
        members.append(inner[0] if len(inner) == 1 else Group(inner, tuple(signs[first : after - 1])))
    return Group(tuple(members), tuple(signs[k] for k in at))


def fitting(way: Group, shapes: Sequence[Shape]) -> Shape | None:
    """Return the shape of a grouped product, None where its shapes cannot fit."""
    parts = [shapes[m] if isinstance(m, int) else fitting(m, shapes) for m in way.members]
    seen = parts[0]
    for sign, x in zip(way.signs, parts[1:], strict=True):
        if seen is None or x is None:
            return None
        seen = _times(sign, seen, x)
    return seen


def _times(sign: str, a: Shape, b: Shape) -> Shape | None:
    if is_scalar(a) or is_scalar(b):
        return b if is_scalar(a) else a
    if sign in _ENTRYWISE:
        if _differ(a[0], b[0]) or _differ(a[1], b[1]):
            return None
        return tuple(y if isinstance(find(x), Unknown) else x for x, y in zip(a, b, strict=True))  # type: ignore[return-value]
    return None if sign == "/" or _differ(a[1], b[0]) else (a[0], b[1])


def _differ(a: Size, b: Size) -> bool:
    a, b = find(a), find(b)
    if a is b or a == b or isinstance(a, Product | Total) or isinstance(b, Product | Total):
        return False
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return 1 in (a, b)
    return True
