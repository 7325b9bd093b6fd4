"""Slips on one piece: claims that are right on one side of a kink only, where points of usual size lie."""

from __future__ import annotations

from verify.arithmetics.base import Abstain, Undefined
from verify.methods.exact import sides
from verify.points.pieces import Pieces, side_in_words
from verify.points.place import Place
from verify.slips.case import Case, Explanation
from verify.slips.samples import same


class _FoundError(Exception):
    """A point at which the claim is wrong."""


def beyond(case: Case) -> Explanation:
    """A claim that is right at all sample points: the side of a kink on which it is right, where there is one."""
    arithmetic, first = case.samples.places[0]
    words = "right at entries of usual size, but not at all points"
    mended = case.claim if case.result is None else case.result
    if not case.samples.is_real:
        return Explanation(words, mended)
    wrong: list[Place] = []

    def look(place: Place) -> bool:
        try:
            true, claimed = sides(case.statement, case.claim, place, arithmetic)
        except (Undefined, Abstain):
            return False
        if not same(list(true.reshape(-1)), list(claimed.reshape(-1))):
            wrong.append(place)
            raise _FoundError
        return True

    search = Pieces(case.statement, case.claim, first.sizes, case.seed, look)
    try:
        search.explore([place for _, place in case.samples.places if place.sizes == first.sizes])
    except _FoundError:
        before = set(search.visited)
        search.saw(wrong[0])
        for k, s in search.visited.keys() - before:
            words = f"right only where {side_in_words(search.kinks[k], -s)}"
    return Explanation(words, mended)
