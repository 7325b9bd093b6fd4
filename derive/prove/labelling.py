"""The canonical labelling of summed indices.

Two components are equal up to the names of their summed indices if their certificates are equal. Colours are
refined until nothing changes; where indices of one colour remain, each of them is tried in turn and the least
certificate kept (individualisation and refinement: McKay and Piperno 2014, "Practical graph isomorphism, II").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from derive.prove.space import Factor, Space

Groups = tuple[tuple[int, ...], ...]


def certificate(
    space: Space,
    factors: Sequence[Factor],
    summed: Sequence[int],
    sizes: Mapping[int, int],
    root: Mapping[int, int],
) -> tuple[Any, ...]:
    """Return (sizes of the summed indices, factors), the indices numbered canonically.

    `root` numbers the free indices; they appear as -1, -2, ..., the summed ones as 0, 1, ...
    """
    number = {i: -1 - r for i, r in root.items()}
    if len(summed) < 2:
        number.update((i, 0) for i in summed)
        return _encode(space, factors, summed, sizes, number)
    return _Labelling(space, factors, summed, sizes, number).least()


def _encode(
    space: Space,
    factors: Sequence[Factor],
    order: Sequence[int],
    sizes: Mapping[int, int],
    number: Mapping[int, int],
) -> tuple[Any, ...]:
    coded = []
    for atom, exponent, groups in factors:
        mapped = tuple([tuple([number[i] for i in g]) for g in groups])
        symmetries = space.atoms[atom].symmetries
        if symmetries:
            mapped = min([mapped, *[tuple([mapped[k] for k in p]) for p in symmetries]])
        coded.append((space.label(atom, exponent), mapped, atom, exponent))
    coded.sort(key=lambda c: c[:2])
    return tuple([sizes[i] for i in order]), tuple([(a, e, g) for _, g, a, e in coded])


class _Labelling:
    def __init__(
        self,
        space: Space,
        factors: Sequence[Factor],
        summed: Sequence[int],
        sizes: Mapping[int, int],
        root: Mapping[int, int],
    ) -> None:
        self.space, self.factors, self.summed, self.sizes, self.root = space, factors, summed, sizes, root
        self.labels = [space.label(a, e) for a, e, _ in factors]
        self.places: dict[int, list[tuple[int, int, int]]] = {i: [] for i in summed}
        for f, (_, _, groups) in enumerate(factors):
            for g, group in enumerate(groups):
                for p, i in enumerate(group):
                    if i in self.places:
                        self.places[i].append((f, g, p))

    def least(self) -> tuple[Any, ...]:
        return self._search(self._refined(_ranks({i: self.sizes[i] for i in self.summed})))

    def _search(self, colour: dict[int, int]) -> tuple[Any, ...]:
        cells: dict[int, list[int]] = {}
        for i in self.summed:
            cells.setdefault(colour[i], []).append(i)
        tied = next((cells[c] for c in sorted(cells) if len(cells[c]) > 1), None)
        if tied is None:
            order = sorted(self.summed, key=colour.__getitem__)
            return _encode(self.space, self.factors, order, self.sizes, {**self.root, **_ranks(colour)})
        tries = []
        for chosen in tied:
            split = {i: 2 * c + 1 for i, c in colour.items()}
            split[chosen] -= 1
            tries.append(self._search(self._refined(split)))
        return min(tries, key=self._sort_key)

    def _sort_key(self, coded: tuple[Any, ...]) -> tuple[Any, ...]:
        return coded[0], [(self.space.label(a, e), g) for a, e, g in coded[1]]

    def _refined(self, colour: dict[int, int]) -> dict[int, int]:
        count = len(set(colour.values()))
        while count < len(self.summed):
            self.space.tick(len(self.factors))
            seen = {**self.root, **colour}
            around = [tuple([tuple([seen[i] for i in g]) for g in groups]) for _, _, groups in self.factors]
            signature = {
                i: (colour[i], sorted([self._place(around, *place) for place in self.places[i]]))
                for i in self.summed
            }
            colour = _ranks(signature)
            finer = len(set(colour.values()))
            if finer == count:
                break
            count = finer
        return colour

    def _place(self, around: list[Groups], f: int, g: int, p: int) -> tuple[int, int, int, Groups]:
        seen = around[f]
        symmetries = self.space.atoms[self.factors[f][0]].symmetries
        if symmetries:
            ways = [(seen, g)] + [(tuple([seen[k] for k in way]), way.index(g)) for way in symmetries]
            seen, g = min(ways)
        return (self.labels[f], g, p, seen)


def _ranks(values: Mapping[int, Any]) -> dict[int, int]:
    """Number values in increasing order, equal ones alike."""
    order: list[Any] = []
    for v in sorted(values.values()):
        if not order or order[-1] != v:
            order.append(v)
    place = {_frozen(v): r for r, v in enumerate(order)}
    return {i: place[_frozen(v)] for i, v in values.items()}


def _frozen(v: Any) -> Any:
    return (v[0], tuple(v[1])) if isinstance(v, tuple) else v
