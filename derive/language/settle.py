"""Products of sizes made equal, after the whole text is read.

What follows is found: by cancelling, and where that leaves several factors open, by going through the ways in which
they can be shared out. What does not follow is never made up for a constant such as `eye`, since that would choose
what a text means. Only the sizes of variables that nobody declared are free to be chosen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import product
from math import prod

from sympy import factorint

from derive.language.scope import Node, ParseError, Scope
from derive.language.shapes import (
    Names,
    Product,
    Size,
    SizeConflict,
    Undetermined,
    Unknown,
    factors,
    find,
    unify,
)

#: The most ways to share out factors that are gone through.
MAX_WAYS = 2_000

Deferred = tuple[Size, Size, Node, str]
#: A size as powers of names and primes.
Monomial = Counter[str | int]


def decide_sizes(scope: Scope) -> None:
    """Settle the deferred equalities of a text; what does not follow stays unknown. Raises ParseError."""
    waiting = scope.deferred
    while waiting:
        rest = [pair for pair in waiting if not _settled(scope, pair, guess=False)]
        if len(rest) == len(waiting) and not _shared_out(scope, rest):
            at = None if scope.closed else next((i for i, p in enumerate(rest) if _is_free(scope, p)), None)
            if at is None:
                return
            _settled(scope, rest.pop(at), guess=True)
        waiting = rest


def _settled(scope: Scope, pair: Deferred, guess: bool) -> bool:
    a, b, _, _ = pair
    try:
        unify(a, b, guess)
    except SizeConflict as error:
        if isinstance(error, Undetermined) and not guess:
            return False
        raise _misfit(scope, pair) from None
    return True


def _misfit(scope: Scope, pair: Deferred) -> ParseError:
    """Return the error for two sizes that cannot be equal."""
    a, b, node, what = pair
    names = Names()
    sizes = f"{names.show(a)} and {names.show(b)}"
    return scope.error(f"sizes do not fit in {what}: {sizes}; declare the shapes with --where", node.position)


def _unknowns(sizes: Iterable[Size]) -> set[Unknown]:
    return {f for size in sizes for f in factors(size) if isinstance(f, Unknown)}


def _is_free(scope: Scope, pair: Deferred) -> bool:
    """Tell whether all that is open in an equality are sizes of variables."""
    return _unknowns(pair[:2]) <= _unknowns(d for shape in scope.used.values() for d in shape)


def _shared_out(scope: Scope, pairs: list[Deferred]) -> bool:
    """Give the unknowns that are the same in every way to make the pairs equal their values; tell if there were any."""
    unknowns = _unknowns(d for pair in pairs for d in pair[:2])
    ways = list(zip(range(MAX_WAYS), _ways([pair[:2] for pair in pairs], {}), strict=False))
    if len(ways) == MAX_WAYS:
        return False
    if not ways:
        raise _misfit(scope, pairs[0])
    found = False
    for unknown in unknowns:
        values = [way.get(unknown) for _, way in ways]
        if values[0] is not None and all(value == values[0] for value in values):
            unknown.to = _size(values[0])
            found = True
    return found


def _ways(
    pairs: list[tuple[Size, Size]], given: dict[Unknown, Monomial]
) -> Iterator[dict[Unknown, Monomial]]:
    """Yield the ways to make pairs of sizes equal, no unknown being 1; unknowns that nothing bounds are left out."""
    open_pair = None
    for a, b in pairs:
        (known, unknown), (other, further) = _read(a, given), _read(b, given)
        if unknown and further:
            continue
        if further:
            (known, unknown), (other, further) = (other, further), (known, unknown)
        left = Counter(other)
        left.subtract(known)
        if any(power < 0 for power in left.values()) or (not unknown and any(left.values())):
            return
        if unknown and open_pair is None:
            open_pair = (unknown[0], left)
    if open_pair is None:
        yield given
        return
    unknown_, left = open_pair
    atoms = list(left)
    for powers in product(*(range(left[atom] + 1) for atom in atoms)):
        if any(powers):
            value = +Counter(dict(zip(atoms, powers, strict=True)))
            yield from _ways(pairs, {**given, unknown_: value})


def _read(size: Size, given: dict[Unknown, Monomial]) -> tuple[Monomial, list[Unknown]]:
    """Return what is known of a size as a monomial, and its factors that are unknown."""
    known: Monomial = Counter()
    unknown = []
    for factor in factors(find(size)):
        if isinstance(factor, int):
            known.update(factorint(factor))
        elif isinstance(factor, str):
            known[factor] += 1
        elif isinstance(factor, Unknown) and factor in given:
            known.update(given[factor])
        elif isinstance(factor, Unknown):
            unknown.append(factor)
    return known, unknown


def _size(value: Monomial) -> Size:
    """Return a monomial other than 1 as a size."""
    number = prod(atom**power for atom, power in value.items() if isinstance(atom, int))
    parts: list[Size] = [number] if number > 1 else []
    for atom, power in value.items():
        if isinstance(atom, str):
            parts.extend([atom] * power)
    return reduce(Product, parts)
