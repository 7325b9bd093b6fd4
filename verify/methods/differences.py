"""Derivatives by central differences, each with an estimate of its own error.

The central difference D(h) = (phi(h) - phi(-h)) / 2h of a smooth phi errs by c2 h^2 + c4 h^4 + ... (truncation)
and by at most e/h, e being the error of one value of phi (rounding). Nobody has to choose h: D is sampled on a
ladder of steps, each a quarter of the one before, from the scale of the variable down to where rounding drowns
everything. At every step Richardson extrapolation removes the leading powers of h (Richardson 1911; Ridders,
Advances in Engineering Software 4 (1982) 75-76), and two estimates are kept apart:

- truncation: how far one more extrapolation moved the value. This is the error of the value *before* that
  extrapolation, hence cautious;
- rounding: e/h, where e is the largest of the arithmetic's own unit, the noise that the caller knows of, and
  the disorder that the finer steps of the same ladder show. Hidden single precision, an inner iteration that stops
  early, and a jump of phi all show there.

A central difference cannot see a kink at 0, since it is symmetric. The difference of the two one-sided slopes
can: it tends to 0 if phi is smooth and to the jump of the slope if not, and is extrapolated in the same way. A
jump too small to be told from 0 counts as error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from derive.errors import InputError

Floats = NDArray[np.float64]

#: phi(h), phi(-h) and the step in fact taken, which differs from h where x + h is not a floating-point number.
Stencil = Callable[[float], tuple[Floats, Floats, float]]

RATIO = 4.0
#: Removing h^2, h^4, h^6, h^8 from D, and h, h^3, h^5, h^7 from the difference of the one-sided slopes.
EVEN_POWERS = (2, 4, 6, 8)
ODD_POWERS = (1, 3, 5, 7)
LONGEST_LADDER = 32
SHORTEST_LADDER = 8
#: How often the ladder is prolonged upwards when even its largest step is drowned in rounding.
PROLONGATIONS = 10
#: The rounding errors of an extrapolated value are at most this multiple of those of the finest D in it.
AMPLIFICATION = 1.1
#: A jump of the slope counts as a kink if it is this many times its own estimated error.
KINK_CONFIDENCE = 4.0


@dataclass(frozen=True)
class Ladder:
    """The samples of phi: `steps` (k, ...), largest first, `plus` and `minus` (k, ...), `centre` (...).

    `extent` (...) is the distance of x from the origin along the direction, in units of the step. Values that could not be
    computed are nan.
    """

    steps: Floats
    plus: Floats
    minus: Floats
    centre: Floats
    extent: Floats

    @property
    def central(self) -> Floats:
        """The central differences D(h), one for each step."""
        return (self.plus - self.minus) / (2 * self.steps)

    @property
    def bend(self) -> Floats:
        """The right one-sided slope minus the left one, for each step."""
        return ((self.plus - self.centre) - (self.centre - self.minus)) / self.steps


@dataclass(frozen=True)
class Estimate:
    """A derivative and the estimate of its error, which travel together. All arrays have the shape of phi.

    `error` = `truncation` + `rounding` + half of the kink that cannot be excluded. `kink` is the jump of the
    slope at the point, 0 where none is seen. `steps`, `values` and `errors` have one more axis in front: the best
    extrapolated value at each step and its error (inf where there is none). Where no step was usable, `value` is
    nan and `error` inf.
    """

    value: Floats
    error: Floats
    truncation: Floats
    rounding: Floats
    step: Floats
    kink: Floats
    steps: Floats
    values: Floats
    errors: Floats


def sample(
    stencil: Stencil,
    centre: Floats,
    *,
    extent: float,
    top: float,
    bottom: float,
    unit: float,
    noise: ArrayLike = 0.0,
) -> Ladder:
    """Return the samples of phi at steps from about `top` downwards, each a quarter of the one before.

    The descent ends at `bottom`, or where rounding (`unit`, the relative spacing of the arithmetic, times phi, over
    h) reaches 3% of the slopes seen. It begins above `top` if rounding or the `noise` of phi drowns the slope even there.
    `extent` is that of the ladder.
    """
    rows: list[tuple[Floats, Floats, float]] = []

    def blur(row: tuple[Floats, Floats, float], known: ArrayLike = 0.0) -> tuple[Floats, Floats]:
        plus, minus, h = row
        size = np.fmax(np.fmax(np.abs(plus), np.abs(minus)), np.abs(centre))
        return np.fmax(unit * size, known) / h, np.abs(plus - minus) / (2 * h)

    blurs: list[tuple[Floats, Floats]] = []
    h = top
    scale = max(top / extent, 1.0) if extent > 0 else 1.0  # of a tiny x, the steps have to be tinier
    longest = LONGEST_LADDER + min(
        int(np.log(min(scale, np.finfo(float).max)) / np.log(RATIO)), LONGEST_LADDER * 2
    )
    while len(rows) < longest and h >= bottom:
        rows.append(stencil(h))
        blurs.append(blur(rows[-1]))
        h /= RATIO
        if len(rows) >= SHORTEST_LADDER:
            roundings, slopes = zip(*blurs[-3:], strict=True)
            if np.all(roundings[-1] >= 0.03 * np.fmax.reduce(slopes)):
                break
    rows = _prolonged(rows, stencil, lambda row: blur(row, noise))
    shape = (-1, *np.shape(centre))
    return Ladder(
        steps=np.array([np.full(np.shape(centre), h) for _, _, h in rows], dtype=float).reshape(shape),
        plus=np.array([plus for plus, _, _ in rows], dtype=float).reshape(shape),
        minus=np.array([minus for _, minus, _ in rows], dtype=float).reshape(shape),
        centre=np.asarray(centre, dtype=float),
        extent=np.full(np.shape(centre), extent),
    )


def _prolonged(
    rows: list[tuple[Floats, Floats, float]],
    stencil: Stencil,
    blur: Callable[[tuple[Floats, Floats, float]], tuple[Floats, Floats]],
) -> list[tuple[Floats, Floats, float]]:
    """Return the ladder with larger steps on top, if rounding drowns its largest one and those show a slope.

    If they do not, they stay out: from afar every bounded function looks flat.
    """
    above = list(rows)
    for _ in range(PROLONGATIONS if len(rows) > 1 else 0):
        (drowned, slope), (_, finer) = blur(above[0]), blur(above[1])
        if not np.any((drowned > 1e-9 * slope) & (np.abs(slope - finer) <= 10 * drowned)):
            break
        row = stencil(above[0][2] * RATIO)
        if not np.all(np.isfinite(row[0]) & np.isfinite(row[1])):
            break
        above.insert(0, row)
    if not rows:
        return rows
    drowned, slope = blur(above[0])
    return above if np.any(slope > 20 * drowned) else rows


def side_by_side(ladders: Sequence[Ladder]) -> Ladder:
    """Return one ladder for several directions (a new last axis), the shorter ones filled up with nan."""
    length = max(len(ladder.steps) for ladder in ladders)

    def padded(rows: Floats) -> Floats:
        out = np.full((length, *rows.shape[1:]), np.nan)
        out[: len(rows)] = rows
        return out

    return Ladder(
        steps=np.stack([padded(ladder.steps) for ladder in ladders], axis=-1),
        plus=np.stack([padded(ladder.plus) for ladder in ladders], axis=-1),
        minus=np.stack([padded(ladder.minus) for ladder in ladders], axis=-1),
        centre=np.stack([ladder.centre for ladder in ladders], axis=-1),
        extent=np.stack([ladder.extent for ladder in ladders], axis=-1),
    )


def estimate(ladder: Ladder, *, unit: float = np.finfo(float).eps, noise: ArrayLike = 0.0) -> Estimate:
    """Return the derivative that a ladder shows, with its error.

    `unit` is the relative spacing of the arithmetic in which phi was computed, `noise` a known bound of the error of
    one value of phi, in the units of phi.
    """
    with np.errstate(all="ignore"):
        size = np.fmax(np.fmax(np.abs(ladder.plus), np.abs(ladder.minus)), np.abs(ladder.centre))
        floor = np.fmax(np.fmax(unit * size, np.asarray(noise, dtype=float)), _quantum(ladder))
        slope = _extrapolate(ladder.central, ladder.steps, floor, EVEN_POWERS)
        bend = _extrapolate(ladder.bend, ladder.steps, 4 * floor, ODD_POWERS)
        jump, jump_error = bend.pick(bend.best)
        kinked = np.abs(jump) > KINK_CONFIDENCE * jump_error
        hidden = np.where(kinked | ~np.isfinite(jump_error), 0.0, jump_error / 2)
        value, _ = slope.pick(slope.best)
        errors = slope.truncation + slope.rounding + hidden
        take = lambda rows: np.take_along_axis(rows, slope.best[None], axis=0)[0]
        return Estimate(
            value=value,
            error=take(errors),
            truncation=take(slope.truncation),
            rounding=take(slope.rounding),
            step=take(ladder.steps),
            kink=np.where(kinked, jump, 0.0),
            steps=ladder.steps,
            values=slope.values,
            errors=errors,
        )


@dataclass(frozen=True)
class _Extrapolated:
    """At each step the best column of the Richardson tableau, and the step at which its error is least."""

    values: Floats
    truncation: Floats
    rounding: Floats
    best: NDArray[np.intp]

    def pick(self, index: NDArray[np.intp]) -> tuple[Floats, Floats]:
        value = np.take_along_axis(self.values, index[None], axis=0)[0]
        error = np.take_along_axis(self.truncation + self.rounding, index[None], axis=0)[0]
        return value, error


def _extrapolate(rows: Floats, steps: Floats, floor: Floats, powers: Sequence[int]) -> _Extrapolated:
    """Return the Richardson extrapolation of `rows`, whose error is a series in these powers of the step."""
    if len(rows) < 2:
        nothing = np.full((1, *rows.shape[1:]), np.inf)
        return _Extrapolated(nothing * np.nan, nothing, nothing, np.zeros(rows.shape[1:], dtype=np.intp))
    columns = [rows]
    moved = [_shift(rows, rows)]
    for power in powers:
        last = columns[-1]
        correction = np.full_like(last, np.nan)
        correction[1:] = (last[1:] - last[:-1]) / (RATIO**power - 1)
        column = last + correction
        columns.append(column)
        moved.append(np.fmax(_shift(column, last), np.abs(correction)))
    table = np.stack(columns)
    truncation = np.stack(moved)
    truncation[~np.isfinite(truncation) | ~np.isfinite(table)] = np.inf

    rounding = AMPLIFICATION * np.fmax(floor, _disorder(columns[2], steps)) / steps
    rounding[~np.isfinite(rounding)] = np.inf
    column_index = np.argmin(truncation, axis=0)[None]
    values = np.take_along_axis(table, column_index, axis=0)[0]
    truncated = np.take_along_axis(truncation, column_index, axis=0)[0]
    # An extrapolation that moved little may have done so by chance: what the next three steps contradict counts too.
    total = truncated + rounding
    for ahead in range(1, min(4, len(rows))):
        beyond = np.abs(values[ahead:] - values[:-ahead]) - total[ahead:]
        truncated[:-ahead] = np.fmax(truncated[:-ahead], beyond)
    return _Extrapolated(values, truncated, rounding, _best(values, truncated + rounding))


def _best(values: Floats, errors: Floats) -> NDArray[np.intp]:
    """Return the step with the least error among those that do not contradict a finer one.

    The derivative is a limit: a coarse step whose value lies outside the errors of the finer ones saw another
    function, as where sin(1e6 x) is sampled at steps of 1 and looks flat.
    """
    best = np.full(values.shape[1:], len(values) - 1, dtype=np.intp)
    value, error = values[-1].copy(), errors[-1].copy()
    for k in range(len(values) - 2, -1, -1):
        agrees = ~(np.abs(values[k] - value) > 2 * (errors[k] + error))
        better = agrees & (errors[k] < error)
        best[better] = k
        value, error = np.where(better, values[k], value), np.where(better, errors[k], error)
    return best


def last_move(ladder: Ladder) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return the change of phi at the finest step that shows any, that step, and whether it is small beside x.

    Where phi never moves the change is 0 and the step inf. Small means 2^-18 of x or less: there, single precision
    explains why finer steps show nothing.
    """
    change = np.fmax(np.abs(ladder.plus - ladder.centre), np.abs(ladder.minus - ladder.centre))
    moves = change > 0
    finest = len(moves) - 1 - np.argmax(moves[::-1], axis=0)[None]
    ever = np.any(moves, axis=0)
    quantum = np.where(ever, np.take_along_axis(change, finest, axis=0)[0], 0.0)
    step = np.where(ever, np.take_along_axis(ladder.steps, finest, axis=0)[0], np.inf)
    return quantum, step, step < 2.0**-18 * ladder.extent


def _quantum(ladder: Ladder) -> Floats:
    """Return the least change that phi can show, for the steps at which it shows none; 0 for all others.

    A phi that is computed in single precision, or rounded, is exactly constant at small steps. Those say nothing of
    the slope if phi moves at larger steps that are still small beside x.
    """
    quantum, _, small = last_move(ladder)
    still = (ladder.plus == ladder.centre) & (ladder.minus == ladder.centre)
    return np.where(still & small, quantum, 0.0)


def _shift(column: Floats, before: Floats) -> Floats:
    """Return how far each row of `column` is from the next larger step's row of `before`."""
    out = np.full_like(column, np.nan)
    out[1:] = np.abs(column[1:] - before[:-1])
    return out


def _disorder(column: Floats, steps: Floats) -> Floats:
    """Return for each step the error of phi that the finer steps betray.

    `column` is extrapolated twice, so that its truncation falls by 4^6 or so from step to step: what is left of the
    change between two steps, times the step, is the error of the values of phi. Noise seen at a fine step
    is there at the coarser ones too; hence the running maximum from the fine end.
    """
    change = _shift(column, column) * steps
    change[~np.isfinite(change)] = 0.0
    running = np.maximum.accumulate(change[::-1], axis=0)[::-1]
    finer = np.empty_like(running)
    finer[:-1] = running[1:]
    finer[-1] = running[-1]
    # The finest steps have too few successors to judge by; they share the maximum of the last three.
    tail = max(len(running) - 3, 0)
    finer[tail:] = running[tail]
    return finer


def noise_level(values: Floats) -> Floats:
    """Return the noise (standard deviation) of the values of a function at equally spaced points (axis 0).

    Hamming's difference table, read as in ECnoise: J. J. More and S. M. Wild, Estimating computational noise, SIAM
    J. Sci. Comput. 33 (2011) 1292-1314, section 2. Differences of order k of a smooth function vanish with k, those
    of noise do not; a level counts if three successive orders give it within a factor 4 and the
    differences change sign. Where no level is established the answer is 0. Needs at least 6 points.
    """
    differences = np.asarray(values, dtype=float)
    levels, turning = [], []
    weight = 1.0
    for order in range(1, len(values) - 1):
        differences = np.diff(differences, axis=0)
        weight *= order / (2.0 * (2 * order - 1))
        with np.errstate(over="ignore", invalid="ignore"):
            levels.append(np.sqrt(weight * np.mean(differences**2, axis=0)))
        turning.append(np.any(differences > 0, axis=0) & np.any(differences < 0, axis=0))
    noise = np.zeros(np.shape(values)[1:])
    for k in range(len(levels) - 2):
        three = np.stack(levels[k : k + 3])
        settled = (three.max(axis=0) <= 4 * three.min(axis=0)) & turning[k] & (noise == 0)
        noise = np.where(settled, levels[k], noise)
    return np.where(np.isfinite(noise), noise, 0.0)


def power_of_two(size: ArrayLike) -> Floats:
    """Return the powers of two next above the sizes: steps that most points x + h take without rounding."""
    return np.exp2(np.ceil(np.log2(np.asarray(size, dtype=float))))


def directional_derivative(
    f: Callable[[Floats], ArrayLike], x: ArrayLike, direction: ArrayLike, *, noise: ArrayLike = 0.0
) -> Estimate:
    """Return the derivative of f at x along `direction`, in the shape of f(x), with its error.

    f takes a float64 array in the shape of x and returns an array; where it raises an arithmetic or domain error
    (ArithmeticError, ValueError) or returns nan, that step is left out. `noise` is a known bound of the error
    of f. Raises InputError if x and direction do not fit or the direction is 0.
    """
    point, along = np.asarray(x, dtype=float), np.asarray(direction, dtype=float)
    if point.shape != along.shape:
        raise InputError(
            f"the direction has shape {along.shape}, x has {point.shape}: give it in the shape of x"
        )
    if not np.any(along):
        raise InputError("the direction is 0: give one that is not")
    centre = np.array(f(point.copy()), dtype=float)

    def value(h: float) -> Floats:
        try:
            out = np.array(f(point + h * along), dtype=float)
        except (ArithmeticError, ValueError):
            return np.full(centre.shape, np.nan)
        return out

    moving = along != 0
    size, largest = np.abs(point[moving]), float(np.max(np.abs(along)))
    smallest = 4 * np.finfo(float).eps * float(np.max(size / np.abs(along[moving])))
    with np.errstate(all="ignore"):
        ladder = sample(
            lambda h: (value(h), value(-h), h),
            centre,
            extent=float(np.max(size)) / largest,
            top=float(power_of_two(max(float(np.max(size)), 1.0) / largest)),
            bottom=smallest,
            unit=float(np.finfo(float).eps),
            noise=noise,
        )
    return estimate(ladder, noise=noise)


def jacobian_by_differences(
    f: Callable[[Floats], ArrayLike], x: ArrayLike, *, noise: ArrayLike = 0.0
) -> tuple[Floats, Floats]:
    """Return the Jacobian of f at x and the estimate of its error, both in the shape f(x).shape + x.shape.

    Entry [i, j] is d f_i / d x_j. Errors and `noise` as in `directional_derivative`.
    """
    point = np.asarray(x, dtype=float)
    columns = []
    for index in np.ndindex(point.shape):
        unit_vector = np.zeros(point.shape)
        unit_vector[index] = 1.0
        columns.append(directional_derivative(f, point, unit_vector, noise=noise))
    shape = (*np.shape(columns[0].value), *point.shape) if columns else point.shape
    return (
        np.stack([c.value for c in columns], axis=-1).reshape(shape) if columns else np.zeros(shape),
        np.stack([c.error for c in columns], axis=-1).reshape(shape) if columns else np.zeros(shape),
    )
