r"""Sums that do not run over all entries, and indices that are shifted: \sum_{t=2}^T |x_t - A x_{t-1}|^2.

Entry i + c of x at the places i from L to U is entry i of the part x[L + c:U + c]. Where a sum names no bounds, it runs
over the places at which all its entries exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.language.places import Places
from derive.language.reading import Reading
from derive.language.scope import Node
from derive.language.shapes import Product, Size, SizeConflict, Total, Undetermined, difference, find, unify
from derive.language.tree import Tree


@dataclass(frozen=True)
class Range:
    """The places from `first` to `last` at which an index runs; `shifts` are the largest by the names of what is indexed.

    `start` is the number that the index itself is at the first place.
    """

    first: Size
    last: Size
    shifts: dict[str, int]
    start: int = 1

    @property
    def count(self) -> Size:
        """Return how many places there are."""
        return minus(self.last, minus(self.first, 1))


def shifted(place: Tree) -> tuple[str, int] | None:
    """Return i and c where a place is i + c, i and 0 where it is i, None for another one."""
    if place.op == "name":
        return str(place.value), 0
    if place.op != "+" or len(place.args) != 2:
        return None
    one, two = place.args
    sign = -1 if place.value[1] == "-" else 1
    if one.op == "number" and sign > 0:
        one, two = two, one
    if one.op != "name" or two.op != "number" or not two.value.is_Integer or place.value[0] != "+":
        return None
    return str(one.value), sign * int(two.value)


def range_of(reader: Reading, tree: Tree, name: str) -> Range | None:
    """Return where an index of a sum runs; None where it runs over all entries. Raises ParseError."""
    lower, upper = tree.value["bounds"].get(name, (None, None))
    shifts: dict[str, list[int]] = {}
    for piece in tree.args[0].walk():
        for place in piece.args[1:] if piece.op in ("sub", "index") else ():
            if (found := shifted(place)) is not None and found[0] == name:
                shifts.setdefault(str(piece.args[0].value), []).append(found[1])
    moved = any(c for cs in shifts.values() for c in cs)
    from_start = lower is None or (lower.op == "number" and lower.value in (0, 1))
    to_end = (
        upper is None or upper.op in ("name", "number", "sub") or (lower is not None and lower.value == 0)
    )
    if from_start and to_end and not moved:
        return None
    places = Places(reader)
    largest = {base: max(cs) for base, cs in shifts.items()}
    zero = lower is not None and lower.op == "number" and lower.value == 0
    low = min((c for cs in shifts.values() for c in cs), default=0)
    from_zero = int(zero and low < 1)  # x_0 is the first entry there; x_{i+1} at i = 0 is x_1
    first: Size = max(1, 1 - low) if lower is None else from_zero if zero else places.place(lower)
    if upper is not None:
        last = find(Total(places.place(upper), 1)) if from_zero else places.place(upper)
    else:
        last = _last(reader, tree, name, largest)
        reader.scope.note(
            tree.start, f"the sum over {name} runs over the places at which all entries in it exist"
        )
    return Range(first, last, largest, 0 if zero else first if isinstance(first, int) else 1)


def _last(reader: Reading, tree: Tree, name: str, shifts: dict[str, int]) -> Size:
    """Return the last place at which all entries exist: by the size of what is shifted most."""
    base = max(shifts, key=lambda b: shifts[b])
    for piece in tree.args[0].walk():
        if piece.op not in ("sub", "index") or str(piece.args[0].value) != base:
            continue
        for side, place in enumerate(piece.args[1:]):
            if (found := shifted(place)) is not None and found[0] == name:
                size = reader.read(piece.args[0]).shape[side]
                return minus(size, shifts[base]) if shifts[base] else find(size)
    raise reader.scope.error(f"where the index {name} ends is not seen", tree.start)


def part(reader: Reading, x: Node, side: int, over: Range, shift: int, tree: Tree) -> Node:
    """Return the part of x whose entry i is entry i + shift of x, at the places of a range. Raises ParseError."""
    base = str(tree.args[0].value)
    whole = find(Total(over.last, over.shifts.get(base, shift)))
    try:
        unify(x.shape[side], whole)
    except Undetermined:
        reader.scope.deferred.append((x.shape[side], whole, x, "a sum"))
    except SizeConflict:
        left = difference(x.shape[side], whole)
        if left is None or left < 0:
            said = base if base.isidentifier() else "this"
            raise reader.scope.misfit(f"the places of {said} go beyond its size", tree.start, x) from None
    first = find(Total(over.first, shift)) if shift else over.first
    if isinstance(first, int) and first < 1:
        raise reader.scope.error("entries are counted from 1: this one is before the first", tree.start)
    select = reader.node("select", [], (x.shape[side], over.count), tree.start, minus(first, 1))
    places = Places(reader)
    return places.picked(x, select, None, tree) if side == 0 else places.picked(x, None, select, tree)


def minus(a: Size, b: Size) -> Size:
    """Return a difference of sizes."""
    a, b = find(a), find(b)
    if isinstance(a, int) and isinstance(b, int):
        return a - b
    return find(Total(a, -b)) if isinstance(b, int) else find(Total(a, Product(-1, b)))
