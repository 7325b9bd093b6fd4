"""Finding the leading term of an atom's body among the factors of a term."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from derive.prove.settling import Net
from derive.prove.space import (
    Coefficient,
    Exponent,
    Factor,
    Group,
    Space,
    Structure,
    Term,
    is_rational,
    plus,
)


class Lead(NamedTuple):
    """The leading term of a body, its coefficient, and the other terms."""

    term: Term
    structure: Structure
    coefficient: Coefficient
    rest: list[tuple[Term, Coefficient]]


def lead_of(space: Space, atom: int) -> Lead:
    """Return the leading term of an atom's body."""
    if atom not in space.leads:
        body = space.atoms[atom].body
        assert body is not None
        term = max(body.terms, key=space.order)
        rest = [(t, c) for t, c in body.terms.items() if t != term]
        space.leads[atom] = Lead(term, space.structures[term[0]], body.terms[term], rest)
    return space.leads[atom]


class Found(NamedTuple):
    """Where the indices of a leading term stand, and the net without it and without the indices summed by it.

    The net may still name such an index in factor k, which the caller takes away.
    """

    images: dict[int, Group]
    left: Net


def match(
    space: Space,
    net: Net,
    degrees: dict[int, int],
    k: int,
    lead: Lead,
    bound: dict[int, Group],
    closed: Collection[int] = (),
) -> Found | None:
    """Find a leading term among the factors other than k.

    `bound` says where indices of its root stand. Those in `closed` are summed over, and occur in factor k and
    in the leading term only.
    """
    structure = lead.structure
    available: dict[int, Factor] = {n: f for n, f in enumerate(net.factors) if n != k}
    for atom, e in lead.term[1]:
        n = next((n for n, f in available.items() if f[0] == atom and not f[2]), None)
        left = None if n is None else _less(available[n][1], e)
        if n is None or left is None:
            return None
        del available[n]
        if left != 0:
            available[n] = (atom, left, ())
    inner = set(range(len(structure.sizes))) - set(structure.root)
    count = dict.fromkeys(range(len(structure.sizes)), 0)
    for _, _, groups in structure.factors:
        for g in groups:
            for i in g:
                count[i] += 1
    rigid = inner | set(closed)
    root = set(net.root)

    def fits(i: int, group: Group) -> bool:
        if i in inner:
            j = group[0]
            return j not in root and degrees[j] == count[i] and net.sizes[j] == structure.sizes[i]
        return net.sizes[group[0]] == structure.sizes[i] or len(group) > 1

    for i in closed:
        if any(degrees[j] != count[i] + 1 for j in bound[i]):
            return None

    def search(
        todo: list[Factor], bound: dict[int, Group], left: dict[int, Factor]
    ) -> Iterator[tuple[Any, ...]]:
        space.tick()
        if not todo:
            yield bound, left
            return
        nearest = max(todo, key=lambda f: sum(i in bound for g in f[2] for i in g))
        rest = [f for f in todo if f is not nearest]
        atom, e, groups = nearest
        strict = any(i in rigid for g in groups for i in g)
        for n, (a, f, others) in left.items():
            if a != atom:
                continue
            remaining = 0 if f == e else (None if strict else _less(f, e))
            if remaining is None:
                continue
            ways = [others, *[tuple(others[p] for p in way) for way in space.atoms[a].symmetries]]
            for way in ways:
                grown = _bind(groups, way, bound, fits)
                if grown is None:
                    continue
                fewer = {m: x for m, x in left.items() if m != n}
                if remaining != 0:
                    fewer[n] = (a, remaining, others)
                yield from search(rest, grown, fewer)

    for found, left_over in search(list(structure.factors), bound, available):
        images = [found[i] for i in inner]
        if len(set(images)) == len(images):
            gone = {j for i in (*inner, *closed) for j in found[i]}
            sizes = {j: s for j, s in net.sizes.items() if j not in gone}
            return Found(found, Net(sizes, net.row, net.column, list(left_over.values())))
    return None


def _less(have: Exponent, want: Exponent) -> Exponent | None:
    """Return what is left of a power when another is taken from it; None where it does not hold it."""
    if have == want:
        return 0
    if not (is_rational(have) and is_rational(want)) or want < 0 or have < want:
        return None
    return plus(have, -want)


def _bind(
    pattern: tuple[Group, ...],
    groups: tuple[Group, ...],
    bound: dict[int, Group],
    fits: Callable[[int, Group], bool],
) -> dict[int, Group] | None:
    grown = dict(bound)
    for want, have in zip(pattern, groups, strict=True):
        at = 0
        for i in want:
            if i in grown:
                image = grown[i]
                if have[at : at + len(image)] != image:
                    return None
                at += len(image)
            else:
                image = have[at : at + 1]
                if not image or not fits(i, image):
                    return None
                grown[i] = image
                at += 1
        if at != len(have):
            return None
    return grown
