"""Points that carry the rounding of floating-point numbers, and the fewer units that pass through them up to it.

Points on a ReLU network that a program computed lie beside it by some 1e-16, and each of these steps to the side is a
kink to exact arithmetic. Moving every y by no more than rounding did makes long straight runs of them again.
"""

from __future__ import annotations

from fractions import Fraction

from verify.fit.points import Points, Rational, quotient

__all__ = ["straightened"]

#: The digits from which on a decimal number is taken for a float64 that was printed, not for one that a person wrote.
_DIGITS = 15
#: How far rounding moves a y, as a share of the largest one: a few units in the last place.
ROUNDING = Fraction(1, 2**50)


def straightened(points: Points) -> Points | None:
    """Return the points with each y moved by at most `ROUNDING` of the largest |y|, in longer straight runs.

    Returns None for points whose y were not rounded to float64, being short decimals.
    """
    if max(map(_digits, points.y)) < _DIGITS:
        return None
    x, y = points.x, points.y
    most = ROUNDING * max(max(y), -min(y))
    moved = [y[0]]
    while len(moved) < len(x):
        start = len(moved) - 1
        end = _end_of_run(points, start, most)
        slope = quotient(y[end] - y[start], x[end] - x[start])
        moved += [y[start] + slope * (x[k] - x[start]) for k in range(start + 1, end)] + [y[end]]
    return Points(points.name, x, tuple(moved), points.merged)


def _end_of_run(points: Points, start: int, most: Rational) -> int:
    """Return the last point such that the chord to it from the first one passes all between, up to `most`."""
    x, y = points.x, points.y

    def slope(k: int, change: Rational = 0) -> Rational:
        return quotient(y[k] + change - y[start], x[k] - x[start])

    end = start + 1
    low, high = slope(end, -most), slope(end, most)
    for k in range(start + 2, len(x)):
        if low <= slope(k) <= high:
            end = k
        low, high = max(low, slope(k, -most)), min(high, slope(k, most))
        if low > high:
            break
    return end


def _digits(value: Rational) -> int:
    """Return the significant digits of a decimal number, 0 of a fraction that is none."""
    twos, rest = 0, Fraction(value).denominator
    while rest % 2 == 0:
        twos, rest = twos + 1, rest // 2
    fives = 0
    while rest % 5 == 0:
        fives, rest = fives + 1, rest // 5
    if rest != 1:
        return 0
    return len(str(abs(int(value * 10 ** max(twos, fives)))).rstrip("0"))
