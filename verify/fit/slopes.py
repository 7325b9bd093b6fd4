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


class _State(NamedTuple):
    """The slope of the current piece lies in (lo, hi), or is lo = hi; the sum over the pieces before likewise."""

    lo: Any
    hi: Any
    odd: bool
    sum_lo: Any
    sum_hi: Any


#: A move across a stretch: the slope intervals of the pieces that it passes through, first and last included.
_Move = tuple[tuple[Any, Any], ...]


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
    # Layers of states after each half-step (at a joint: kink or none; across a stretch: a move), each with the
    # state that it came from, the slope intervals of the pieces that ended, and which of those are included.
    layers: list[dict[tuple[_State, int], Any]] = [{(_State(-inf, inf, False, 0, 0), 0): None}]
    met = 0
    for j, part in enumerate(scaled):
        for step in ("joint", "across"):
            if step == "joint" and j == 0:
                continue
            layer: dict[tuple[_State, int], Any] = {}
            after = to_go[j] if step == "joint" else to_go[j + 1]
            for key in layers[-1]:
                state, used = key
                moves = _at_joint(state) if step == "joint" else _across(state, part)
                for move in moves:
                    cost = used + len(move) - 1
                    lo, hi = move[-1]
                    budget = least - cost - after[0]
                    if budget < 0 or (budget == 0 and not _meets(lo, hi, after[1])):
                        continue
                    for new, included in _sums(state, move):
                        if (new, cost) not in layer:
                            layer[new, cost] = (key, move, included)
                            met += 1
            if met > LIMIT:
                return None, met, False
            layers.append(_widest(layer) if len(layer) > _MANY else layer)
    for key in layers[-1]:
        for last, odd, lo, hi in _closings(key[0], (key[0].lo, key[0].hi)):
            if odd and (lo < 0 < hi or lo == 0 == hi):
                return _build(x, parts, layers, key, last, scale), met, True
    return None, met, True


def _common_denominator(parts: Sequence[Stretch]) -> int:
    """Return the least common multiple of the slopes' denominators, or the first one on the way beyond MOST_BITS."""
    scale = 1
    for part in parts:
        scale = lcm(scale, part.slope.denominator)
        if scale.bit_length() > MOST_BITS:
            break
    return scale


def _widest(layer: dict[tuple[_State, int], Any]) -> dict[tuple[_State, int], Any]:
    """Drop states whose possible sums lie within those of another state that is otherwise equal."""
    reach: dict[Any, list[Any]] = {}  # [largest hi with lo = -inf, smallest lo with hi = inf, everything?]
    for state, used in layer:
        lo, hi = state.sum_lo, state.sum_hi
        best = reach.setdefault((state[:3], used), [-inf, inf])
        if lo == -inf:
            best[0] = max(best[0], hi)
        if hi == inf:
            best[1] = min(best[1], lo)
    kept = {}
    for (state, used), origin in layer.items():
        lo, hi = state.sum_lo, state.sum_hi
        below, above = reach[state[:3], used]
        if lo == -inf:
            keep = hi == below
        elif hi == inf:
            keep = lo == above and below < inf
        else:
            keep = hi > below and lo < above if lo < hi else hi >= below and lo <= above
        if keep:
            kept[state, used] = origin
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


def _at_joint(state: _State) -> list[_Move]:
    here = (state.lo, state.hi)
    return [(here,), (here, (-inf, inf))]


def _across(state: _State, part: Stretch) -> list[_Move]:
    s = part.slope
    lo, hi = state.lo, state.hi
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


def _closings(state: _State, interval: tuple[Any, Any]) -> list[tuple[bool, bool, Any, Any]]:
    """Return (included, odd, sum_lo, sum_hi) for leaving the ended piece out of the sum, and for taking it in."""
    lo, hi = interval
    if state.odd:
        lo, hi = -hi, -lo
    return [
        (False, state.odd, state.sum_lo, state.sum_hi),
        (True, not state.odd, _add(state.sum_lo, lo), _add(state.sum_hi, hi)),
    ]


def _add(a: Any, b: Any) -> Any:
    """Return a + b where at most the infinities of one sign occur; never turns a rational into a float."""
    return a if a in (inf, -inf) else b if b in (inf, -inf) else a + b


def _sums(state: _State, move: _Move) -> list[tuple[_State, tuple[bool, ...]]]:
    """Return the states after a move, one for each choice of the ended pieces that enter the sum."""
    lo, hi = move[-1]
    found: list[tuple[_State, tuple[bool, ...]]] = [(state, ())]
    for interval in move[:-1]:
        found = [
            (_State(lo, hi, odd, a, b), (*chosen, included))
            for before, chosen in found
            for included, odd, a, b in _closings(before, interval)
        ]
    return [(_State(lo, hi, s.odd, s.sum_lo, s.sum_hi), chosen) for s, chosen in found]


def _build(
    x: Sequence[Rational],
    parts: Sequence[Stretch],
    layers: list[dict],
    key: Any,
    last: bool,
    scale: int,
) -> Interpolant:
    """Follow the layers back from a final state, choose the slopes so that the sum is 0, and place the kinks."""
    intervals, included = [(key[0].lo, key[0].hi)], [last]
    places: list[tuple[int, bool, int]] = []  # (stretch, across?, number of kinks), in reverse
    for depth in range(len(layers) - 1, 0, -1):
        key, move, chosen = layers[depth][key]
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
