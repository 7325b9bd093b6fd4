"""All interpolants with the least number of kinks, and whether one has slopes with an alternating sum of 0.

The data are a chain of maximal straight *stretches*. In an interpolant with the least number of kinks a stretch
of three or more intervals is followed exactly (leaving it costs three kinks or more, following it two). One of
two intervals may also be left by a kink inside each of them, one of a single interval by one or two kinks
inside. Whether a kink inside an interval with chord slope s can lead from slope m to m' depends on nothing but
the signs of m - s and m' - s, which must be opposite. So the slopes of each family of interpolants fill a
product of open intervals and points, and the possible alternating sums of some of them fill an open interval or
a point. A dynamic program over the stretches keeps these intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, inf, lcm
from typing import Any, NamedTuple

from derive.errors import InternalError
from verify.fit.points import Rational, quotient

__all__ = ["Interpolant", "Stretch", "search"]

#: The search gives up, undecided, when it has met this many states.
LIMIT = 50_000
#: Nor does it begin where the common denominator of the slopes has more bits: the network would have such numbers.
MOST_BITS = 20_000

#: Layers beyond this size are thinned.
_MANY = 100


class Stretch(NamedTuple):
    """A maximal straight run of the data: the points start..end lie on one line."""

    start: int
    end: int
    slope: Any


@dataclass(frozen=True)
class Interpolant:
    """A piecewise linear function through the points: kinks, slopes (one more), and the slopes that cancel."""

    kinks: list[Rational]
    slopes: list[Rational]
    included: list[bool]


#: (lo, hi, kinks so far): the slope of the current piece lies in the open interval (lo, hi), or is lo = hi.
_Piece = tuple[Any, Any, int]
#: (odd number of terms?, lo, hi): what the alternating sum over the pieces before can be, likewise.
_Sum = tuple[bool, Any, Any]
#: A move at a joint or across a stretch: the slope intervals of the pieces that it passes through, in order.
_Move = tuple[tuple[Any, Any], ...]
#: The sums of every piece after a half-step, each with the piece and sum that it came from, the move, and which of
#: the pieces that ended in it are included.
_Layer = dict[_Piece, dict[_Sum, Any]]


def search(
    x: Sequence[Rational], parts: Sequence[Stretch], least: int
) -> tuple[Interpolant | None, int, bool]:
    """Search the interpolants with the least number of kinks for one whose slopes cancel.

    Returns (the interpolant or None, the number of states met, whether the search was complete).
    """
    # Slopes as integers, in units of 1/scale: comparisons of rationals would take most of the time.
    scale = _common_denominator(parts)
    if scale.bit_length() > MOST_BITS:
        return None, 0, False
    scaled = [Stretch(a, b, s.numerator * (scale // s.denominator)) for a, b, s in parts]
    to_go = _kinks_to_go(scaled)
    if to_go[0][0] != least:
        raise InternalError(
            f"the cone of reachable slopes counts {to_go[0][0]} kinks, the turns count {least}"
        )
    # After every half-step, which is one at a joint (a kink or none) or one across a stretch, there is a layer.
    layers: list[_Layer] = [{(-inf, inf, 0): {(False, 0, 0): None}}]
    met = 0
    for half in range(1, 2 * len(scaled)):
        j, joint = half // 2, half % 2 == 0
        layer: _Layer = {}
        count, cone = to_go[j] if joint else to_go[j + 1]
        for piece, sums in layers[-1].items():
            lo, hi, used = piece
            for move in _at_joint(lo, hi) if joint else _across(lo, hi, scaled[j]):
                cost = used + len(move) - 1
                budget = least - cost - count
                if budget < 0 or (budget == 0 and not _meets(*move[-1], cone)):
                    continue
                reached = layer.setdefault((*move[-1], cost), {})
                before = len(reached)
                _carry(reached, piece, sums, move)
                met += len(reached) - before
        if met > LIMIT:
            return None, met, False
        layers.append(_widest(layer) if sum(map(len, layer.values())) > _MANY else layer)
    for piece, sums in layers[-1].items():
        for total in sums:
            for last, (odd, lo, hi) in _closings(total, piece[:2]):
                if odd and (lo < 0 < hi or lo == 0 == hi):
                    return _build(x, parts, layers, (piece, total), last, scale), met, True
    return None, met, True


def _common_denominator(parts: Sequence[Stretch]) -> int:
    """Return the least common multiple of the slopes' denominators, or the first one on the way beyond MOST_BITS."""
    scale = 1
    for part in parts:
        scale = lcm(scale, part.slope.denominator)
        if scale.bit_length() > MOST_BITS:
            break
    return scale


def _widest(layer: _Layer) -> _Layer:
    """Drop sums that lie within another one of the same piece with as many terms, odd or even."""
    return {piece: _widest_sums(sums) for piece, sums in layer.items()}


def _widest_sums(sums: dict[_Sum, Any]) -> dict[_Sum, Any]:
    # For odd and even: the largest end of a sum without a lower end, and the smallest of one without an upper end.
    below = [max((hi for odd, lo, hi in sums if odd == o and lo == -inf), default=-inf) for o in (0, 1)]
    above = [min((lo for odd, lo, hi in sums if odd == o and hi == inf), default=inf) for o in (0, 1)]
    kept = {}
    for total, origin in sums.items():
        odd, lo, hi = total
        if lo == -inf:
            keep = hi == below[odd]
        elif hi == inf:
            keep = lo == above[odd] and below[odd] < inf
        else:
            keep = hi > below[odd] and lo < above[odd] if lo < hi else hi >= below[odd] and lo <= above[odd]
        if keep:
            kept[total] = origin
    return kept


def _kinks_to_go(parts: Sequence[Stretch]) -> list[tuple[int, tuple[Any, Any]]]:
    """Return for every joint the least number of kinks to its right, and the closed cone of slopes that reach it.

    Every other slope needs one kink more, at the joint itself.
    """
    out: list[tuple[int, tuple[Any, Any]]] = [(0, (-inf, inf))]
    for part in reversed(parts):
        count, (lo, hi) = out[-1]
        s = part.slope
        if lo <= s <= hi:
            lo = hi = s
        else:
            count += 1
            # From the right: the slopes that reach are below s, so those that come are above, and conversely.
            lo, hi = (s, inf) if hi < s else (-inf, s)
            if part.end - part.start > 1:
                lo = hi = s
        out.append((count, (lo, hi)))
    return out[::-1]


def _meets(lo: Any, hi: Any, cone: tuple[Any, Any]) -> bool:
    """Return whether the open interval (lo, hi), or the point lo = hi, meets the closed cone."""
    a, b = cone
    return a <= lo <= b if lo == hi else lo < b and a < hi


def _at_joint(lo: Any, hi: Any) -> list[_Move]:
    here = (lo, hi)
    return [(here,), (here, (-inf, inf))]


def _across(lo: Any, hi: Any, part: Stretch) -> list[_Move]:
    s = part.slope
    moves: list[_Move] = []
    if lo == s == hi or lo < s < hi:
        moves.append(((s, s),))
    intervals = part.end - part.start
    if intervals > 2:
        return moves
    above = (max(lo, s), hi) if hi > s else None
    below = (lo, min(hi, s)) if lo < s else None
    up, down, anything = (s, inf), (-inf, s), (-inf, inf)
    if intervals == 2:
        if above:
            moves.append((above, down, up))
        if below:
            moves.append((below, up, down))
        return moves
    if above:
        moves += [(above, down), (above, down, anything), (above, anything, down)]
    if below:
        moves += [(below, up), (below, up, anything), (below, anything, up)]
    moves += [((lo, hi), up, down), ((lo, hi), down, up)]
    return moves


def _closings(total: _Sum, interval: tuple[Any, Any]) -> list[tuple[bool, _Sum]]:
    """Return (included, sum) for leaving an ended piece out of the sum, and for taking it in."""
    odd, a, b = total
    lo, hi = interval
    if odd:
        lo, hi = -hi, -lo
    return [(False, total), (True, (not odd, _add(a, lo), _add(b, hi)))]


def _add(a: Any, b: Any) -> Any:
    """Return a + b where at most the infinities of one sign occur; never turns a rational into a float."""
    if a == inf or a == -inf:
        return a
    return b if b == inf or b == -inf else a + b


def _carry(reached: dict[_Sum, Any], piece: _Piece, sums: dict[_Sum, Any], move: _Move) -> None:
    """Add the sums after a move to those reached, one for each choice of the ended pieces that enter it."""
    for total in sums:
        found: list[tuple[_Sum, tuple[bool, ...]]] = [(total, ())]
        for interval in move[:-1]:
            found = [
                (after, (*chosen, included))
                for before, chosen in found
                for included, after in _closings(before, interval)
            ]
        for after, chosen in found:
            if after not in reached:
                reached[after] = (piece, total), move, chosen


def _build(
    x: Sequence[Rational],
    parts: Sequence[Stretch],
    layers: list[_Layer],
    key: tuple[_Piece, _Sum],
    last: bool,
    scale: int,
) -> Interpolant:
    """Follow the layers back from a final state, choose the slopes so that the sum is 0, and place the kinks."""
    intervals, included = [key[0][:2]], [last]
    places: list[tuple[int, bool, int]] = []  # (stretch, across?, number of kinks), in reverse
    for depth in range(len(layers) - 1, 0, -1):
        piece, total = key
        key, move, chosen = layers[depth][piece][total]
        intervals += move[-2::-1]
        included += chosen[::-1]
        places.append((depth // 2, depth % 2 == 1, len(move) - 1))
    intervals.reverse()
    included.reverse()
    slopes = [quotient(s, scale) for s in _choose(intervals, included)]
    kinks: list[Rational] = []
    for j, across, count in reversed(places):
        part = parts[j]
        if not across:
            kinks += [x[part.start]] * count
        elif count:
            # One kink in each of two intervals, or one or two kinks in one interval.
            ends = range(part.start + 1, part.end + 1)
            for end in ends:
                kinks += _inside(
                    x[end - 1], x[end], part.slope, slopes[len(kinks) :][: count // len(ends) + 1]
                )
    return Interpolant(kinks, slopes, included)


def _choose(intervals: list[tuple[Any, Any]], included: list[bool]) -> list[Fraction]:
    """Choose a rational in each interval such that the alternating sum of those included is 0."""
    signs, sign = [], 1
    for chosen in included:
        signs.append(sign if chosen else 0)
        sign = -sign if chosen else sign
    rest: list[tuple[Any, Any]] = [(0, 0)]  # what the pieces from k on can add up to
    for (lo, hi), sign in zip(reversed(intervals), reversed(signs), strict=True):
        a, b = (lo, hi) if sign >= 0 else (-hi, -lo)
        rest.append((_add(rest[-1][0], a), _add(rest[-1][1], b)) if sign else rest[-1])
    rest.reverse()
    out: list[Fraction] = []
    total = Fraction(0)
    for k, ((lo, hi), sign) in enumerate(zip(intervals, signs, strict=True)):
        if sign:
            # total + sign·slope + (something in rest[k + 1]) must be able to reach 0.
            a, b = rest[k + 1]
            need_lo, need_hi = _add(-b, -total), _add(-a, -total)
            if sign < 0:
                need_lo, need_hi = -need_hi, -need_lo
            if need_lo == need_hi:
                lo = hi = need_lo
            elif lo != hi:
                lo, hi = max(lo, need_lo), min(hi, need_hi)
        value = Fraction(lo) if lo == hi else _simple(lo, hi)
        total += sign * value
        out.append(value)
    return out


def _simple(lo: Any, hi: Any) -> Fraction:
    """Return a simple rational in the open interval (lo, hi), whose ends may be infinite."""
    if lo < 0 < hi:
        return Fraction(0)
    if hi <= 0:
        return -_simple(-hi, -lo)
    if hi == inf:
        return Fraction(floor(lo) + 1)
    whole = floor(lo)
    if whole + 1 < hi:
        return Fraction(whole + 1)
    # The simplest rational between has this whole part; invert the remainders (Stern and Brocot).
    return whole + 1 / _simple(Fraction(1) / (hi - whole), Fraction(1) / (lo - whole) if lo > whole else inf)


def _inside(a: Rational, b: Rational, chord: Rational, slopes: list[Rational]) -> list[Rational]:
    """Return kinks in (a, b) such that pieces of these two or three slopes rise as the chord does."""
    excess = [m - chord for m in slopes]
    up = sum(e for e in excess if e > 0)
    down = -sum(e for e in excess if e < 0)
    # Lengths for which Σ length·excess = 0.
    lengths = [down if e > 0 else up if e < 0 else up + down for e in excess]
    kinks: list[Rational] = []
    t: Rational = 0
    for length in lengths[:-1]:
        t += length
        kinks.append(a + quotient(t * (b - a), sum(lengths)))
    return kinks
