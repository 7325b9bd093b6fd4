"""Claimed derivatives against measured ones: within the error, excluded at every step that can tell, or neither."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.methods.differences import Estimate, Ladder, estimate, last_move
from verify.verdict import Word

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: The claim may differ from the estimate by this many estimated errors.
SAFETY = 4.0
#: A derivative counts as seen if the tolerance is at most the first part of it, or the second part of the largest
#: derivative: three digits, or two in less than double precision.
SEEN, SEEN_SINGLE = (1e-3, 1e-9), (1e-2, 5e-3)
#: The relative distance within which two successive coarse steps speak for a claim that finer ones exclude.
COARSE = 1e-5
#: So many step sizes at least must exclude a claim.
WITNESSES = 3


@dataclass(frozen=True)
class Finding:
    """What differences say of claimed derivatives, one entry of each array for each claim.

    `tolerance` is what claim and estimate may differ by. A claim is `within` it, or `excluded`, or neither (the
    step sizes disagree). It is `seen` if the tolerance is small enough to mean something. `kinked`: the slopes on
    the two sides differ, and the claim lies between them; `jumps`: f itself is discontinuous at x.
    """

    within: Flags
    excluded: Flags
    seen: Flags
    kinked: Flags
    jumps: Flags
    off: Floats
    tolerance: Floats
    estimate: Estimate

    def word(self, k: int) -> Word:
        """Return the verdict on claim k."""
        if self.excluded[k]:
            return "refuted"
        upheld = self.within[k] and self.seen[k] and not self.kinked[k] and not self.jumps[k]
        return "agrees" if upheld else "inconclusive"

    def reason(self, k: int) -> str:
        """Return why the verdict on claim k is inconclusive, and what would settle it."""
        if not np.isfinite(self.estimate.error[k]):
            return "f has no value on both sides of x, at any step: move x off the edge of the domain of f"
        if self.jumps[k]:
            return "f jumps at x: move x off the jump"
        if self.kinked[k]:
            half = abs(float(self.estimate.kink[k])) / 2
            middle = float(self.estimate.value[k])
            return f"f has a kink at x, one-sided slopes {middle - half:.6g} and {middle + half:.6g}: move x off it"
        if not self.within[k] and self.tolerance[k] < SEEN[0] * self.off[k]:
            return "the slope depends on the step size, as f jumps, ripples or has a kink near x: move x"
        return (
            f"rounding or noise of f drowns it (error {self.tolerance[k]:.1e}): compute f in higher precision, "
            "drop large constants, or fix its random numbers"
        )


def judge(
    claim: Floats,
    claim_error: Floats,
    ladder: Ladder,
    *,
    near: Floats,
    unit: float,
    noise: float = 0.0,
    rounded: bool | None = None,
) -> Finding:
    """Return what a ladder whose last axis runs over the claimed derivatives says of them.

    `claim_error` is the error that the claim's own arithmetic may have, `near` the largest step that counts as close to
    x, `unit` the relative spacing of f's arithmetic, `noise` a bound of the error of f. A claim is excluded if at least three steps could tell it from the estimate, all such
    steps exclude it, no two finer steps speak for it, and f is not `rounded` off to a constant near x: where that is
    not known, as far as these ladders show.
    """
    found = estimate(ladder, unit=unit, noise=noise)
    half_kink = np.abs(found.kink) / 2
    tolerance = SAFETY * found.error + claim_error
    off = np.abs(claim - found.value)
    within = off <= tolerance + half_kink

    reach = SAFETY * found.errors + claim_error
    finer = found.steps <= found.step
    # A step that is coarse or far from x can tell only if it saw a slope at all: from afar every bounded function
    # looks flat.
    sees_slope = found.errors <= 0.05 * np.abs(found.values)
    telling = (reach <= (off - half_kink) / 2) & ((finer & (found.steps <= near)) | sees_slope)
    denying = np.abs(claim - found.values) > reach + half_kink
    # Steps too noisy to tell may still fit the claim much better than they fit the estimate.
    fits = finer & (np.abs(found.values - claim) < 0.2 * np.abs(found.values - found.value))
    spoken_for = np.any(fits[1:] & fits[:-1], axis=0)
    # Where f cancels at x, fine steps see its rounding as a slope, and coarse ones see the truth to many digits.
    near_claim = np.abs(found.values - claim) <= COARSE * np.fmin(
        np.abs(claim), np.abs(found.values - found.value)
    )
    fits = ~finer & near_claim & (found.errors < np.abs(claim))
    spoken_for |= np.any(fits[1:] & fits[:-1], axis=0)
    excluded = ~within & (telling.sum(axis=0) >= WITNESSES) & np.all(denying | ~telling, axis=0) & ~spoken_for

    jumps = _jumps(ladder, unit)
    excluded &= ~jumps & (not (_rounded(ladder) if rounded is None else rounded))
    seen = _seen(claim, claim_error, tolerance, found, ladder, unit)
    return Finding(within, excluded, seen, (half_kink > 0) & within, jumps, off, tolerance, found)


def _rounded(ladder: Ladder) -> bool:
    """Return whether phi is constant near x along every direction, and not further away: it may be rounded.

    Where it moves again at steps that single precision explains, the quantum counts as error instead.
    """
    _, last, small = last_move(ladder)
    finest = np.min(np.where(np.isfinite(ladder.plus), ladder.steps, np.inf), axis=0)
    return bool(np.all(finest < last) and np.any(np.isfinite(last) & ~small))


def _jumps(ladder: Ladder, unit: float) -> Flags:
    """Return where phi is discontinuous at x: on one side the finest steps all see the same change."""
    found = np.zeros(np.shape(ladder.centre), dtype=bool)
    for k in np.ndindex(found.shape):
        for side in (ladder.plus, ladder.minus):
            change = (side - ladder.centre)[(slice(None), *k)]
            change = change[np.isfinite(change)][-5:]
            size = 1e3 * unit * abs(ladder.centre[k])
            found[k] |= (
                change.size == 5 and np.min(np.abs(change)) > size and np.ptp(change) < 0.01 * abs(change[-1])
            )
    return found


def _seen(
    claim: Floats, claim_error: Floats, tolerance: Floats, found: Estimate, ladder: Ladder, unit: float
) -> Flags:
    """Return where the tolerance is small enough for 'within it' to mean something."""
    enough, beside_largest = SEEN if unit <= np.finfo(float).eps else SEEN_SINGLE
    size = np.fmax(np.abs(claim), np.abs(found.value))
    largest = float(np.max(size, initial=0.0))
    with np.errstate(invalid="ignore"):
        moves = np.fmax(np.abs(ladder.plus - ladder.centre), np.abs(ladder.minus - ladder.centre))
        slopes = np.where(ladder.steps >= found.step, moves / ladder.steps, 0.0)
    # A derivative of 0 has no digits; it is seen if f moves much more than the tolerance, here or along another entry.
    nil = np.abs(claim) <= np.fmax(claim_error, 1e-12 * largest)
    around = np.fmax(largest, np.fmax.reduce(slopes, axis=0, initial=0.0))
    constant = ~np.any(moves > 0, axis=0)
    return (
        (tolerance <= enough * size)
        | (nil & ((tolerance <= enough * around) | constant))
        | (tolerance <= beside_largest * largest)
    )
