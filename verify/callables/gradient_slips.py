"""What a wrong gradient is instead: the usual slips, recognised in numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from verify.callables.charts import once

Floats = NDArray[np.float64]

#: What the derivatives by the entries of one triangle of a symmetric matrix are said to be.
COUNTED_TWICE = (
    "the claim is the derivative by the entries of one triangle, each of which stands at two places: as a matrix G "
    "with df = tr(G'*dX) its entries off the diagonal are to be halved"
)


@dataclass(frozen=True)
class Measured:
    """A claimed gradient beside the measured one, over the entries that were measured.

    `whole` lists the arrays that were measured in full, as (name, positions among the measured entries, shape).
    """

    claim: Floats
    value: Floats
    tolerance: Floats
    x: Floats
    names: Sequence[str]
    whole: Sequence[tuple[str, slice, tuple[int, ...]]]

    def fits(self, candidate: Floats) -> bool:
        """Return whether the candidate is the measured gradient, within the tolerance."""
        return bool(np.all(np.abs(candidate - self.value) <= self.tolerance))


def describe(measured: Measured) -> str | None:
    """Return what the claim is instead of the gradient, in one sentence; None where no usual slip fits."""
    slips = (
        _nothing,
        _one_triangle,
        _counted_twice,
        _unread_triangle,
        _rearranged,
        _multiple,
        _one_array_wrong,
        _few_wrong,
        _one_line_wrong,
        _shifted,
        _nearly,
    )
    return next((said for slip in slips if (said := slip(measured)) is not None), None)


def _nothing(m: Measured) -> str | None:
    if not np.any(m.claim) and np.any(np.abs(m.value) > m.tolerance):
        return "the claim is zero, the gradient is not"
    return None


def _one_triangle(m: Measured) -> str | None:
    """The gradient on symmetric matrices, of an f that reads one triangle of its argument, or both by halves."""
    if len(m.whole) != 1 or len(m.whole[0][2]) != 2 or m.fits(m.claim):
        return None
    _, part, shape = m.whole[0]
    if shape[0] != shape[1] or shape[0] < 2 or part.stop - part.start != m.claim.size:
        return None
    x, claim, value, error = (a.reshape(shape) for a in (m.x, m.claim, m.value, m.tolerance))
    if not np.array_equal(x, x.T) or np.any(np.abs(claim + claim.T - value - value.T) > error + error.T):
        return None
    for name, other in (("lower", np.triu(value, 1)), ("upper", np.tril(value, -1))):
        if np.all(np.abs(other) <= error):
            return (
                f"f reads one triangle, the {name} one: its gradient is right on symmetric matrices only "
                'if two mirrored entries are moved together (domain="symmetric" judges that)'
            )
    return 'the gradient is right on symmetric matrices only (domain="symmetric" judges that)'


def _square(m: Measured) -> tuple[int, int] | None:
    """Return the shape of a square array that was measured in full, None where there is another one."""
    if len(m.whole) != 1 or len(m.whole[0][2]) != 2:
        return None
    _, part, (rows, columns) = m.whole[0]
    return (rows, columns) if rows == columns > 1 and part.stop - part.start == m.claim.size else None


def _counted_twice(m: Measured) -> str | None:
    """The derivatives by the entries of one triangle of a symmetric matrix: twice the gradient off the diagonal."""
    shape = _square(m)
    if shape is None or m.fits(m.claim):
        return None
    x, claim, value, error = (a.reshape(shape) for a in (m.x, m.claim, m.value, m.tolerance))
    half = once(claim)
    fits = np.all(np.abs(half + half.T - value - value.T) <= error + error.T)
    return COUNTED_TWICE if np.array_equal(x, x.T) and np.allclose(claim, claim.T) and fits else None


def _unread_triangle(m: Measured) -> str | None:
    """The gradient of an f that reads one triangle of its argument, with entries in the other."""
    shape = _square(m)
    if shape is None or m.fits(m.claim):
        return None
    claim, value, error = (a.reshape(shape) for a in (m.claim, m.value, m.tolerance))
    for name, other, outside in (("lower", "upper", np.triu), ("upper", "lower", np.tril)):
        beyond = outside(np.ones(shape), 1 if name == "lower" else -1) > 0
        if np.all(np.abs(value[beyond]) <= error[beyond]) and np.all(
            np.abs(claim - value)[~beyond] <= error[~beyond]
        ):
            return (
                f"f does not read the {other} triangle, where the claim has entries: the others are right "
                f'(domain="{name}" judges these)'
            )
    return None


def _factor(m: Measured, claim: Floats) -> float | None:
    """Return c where the claim is c times the gradient, every entry agreeing; None if it is not, or c is 1."""
    heavy = np.abs(claim) / np.fmax(m.tolerance, np.finfo(float).tiny)
    if not np.any(claim) or m.fits(claim):
        return None
    pivot = int(np.argmax(heavy))
    scale = m.value[pivot] / claim[pivot]
    if scale == 0 or not np.all(np.abs(scale * claim - m.value) <= 2 * m.tolerance * max(1.0, abs(scale))):
        return None
    c = 1 / scale
    near = Fraction(c).limit_denominator(24)
    doubt = 2 * m.tolerance[pivot] / abs(m.value[pivot])
    return float(near) if near and abs(float(near) - c) <= max(doubt, 1e-12) * abs(c) else c


def _times(c: float) -> str:
    if c == -1:
        return "minus"
    named = {2.0: "twice", 0.5: "half", -2.0: "minus twice", -0.5: "minus half"}
    if c in named:
        return named[c]
    if abs(c - 1) < 1e-4:
        return f"1 {'+' if c > 1 else '-'} {abs(c - 1):.2g} times"
    fraction = Fraction(c).limit_denominator(24)
    exact = abs(float(fraction) - c) < 1e-15 * abs(c)
    return f"{fraction if exact else format(c, '.10g')} times"


def _multiple(m: Measured) -> str | None:
    c = _factor(m, m.claim)
    if c is None or np.sum(np.abs(m.value) > m.tolerance) < min(2, m.value.size):
        return None
    return (
        "the sign is wrong: the claim is minus the gradient"
        if c == -1
        else f"the claim is {_times(c)} the gradient"
    )


def _rearranged(m: Measured) -> str | None:
    """Transposes, and entries in column order instead of row order or the other way about."""
    mixed = "row-major and column-major order are mixed up: the claim is a rearrangement of"
    arrangements: tuple[tuple[str, Callable[[Floats], Floats]], ...] = (
        ("the claim is the transpose of", lambda a: a.T),
        (mixed, lambda a: a.ravel("F").reshape(a.shape)),
        (mixed, lambda a: a.ravel().reshape(a.shape, order="F")),
        ("the claim is, in reverse order,", lambda a: a[tuple(slice(None, None, -1) for _ in a.shape)]),
    )
    if (
        m.fits(m.claim)
        or not m.whole
        or sum(part.stop - part.start for _, part, _ in m.whole) != m.claim.size
    ):
        return None
    for words, move in arrangements:
        moved = m.claim.copy()
        for _, part, shape in m.whole:
            array = move(m.claim[part].reshape(shape))
            if array.shape != shape:
                break
            moved[part] = array.ravel()
        else:
            if np.array_equal(moved, m.claim):
                continue
            if m.fits(moved):
                return f"{words} the gradient"
            c = _factor(m, moved)
            if c is not None and np.sum(np.abs(m.value) > m.tolerance) > 1:
                return f"{words} the gradient, and {_times(c)} it"
    return None


def _few_wrong(m: Measured) -> str | None:
    wrong = np.flatnonzero(np.abs(m.claim - m.value) > m.tolerance)
    if not 0 < wrong.size <= min(3, m.claim.size // 2):
        return None
    listed = ", ".join(
        f"{m.names[i]} ({m.claim[i]:.10g} instead of {_digits(m.value[i], m.tolerance[i])})"
        for i in map(int, wrong)
    )
    return f"all measured entries are right but for {listed}"


def _one_array_wrong(m: Measured) -> str | None:
    """Several arrays, some right, some wrong; what is wrong with the only wrong one."""
    bad = np.abs(m.claim - m.value) > m.tolerance
    wrong = [(name, part, shape) for name, part, shape in m.whole if np.any(bad[part])]
    if not 0 < len(wrong) < len(m.whole):
        return None
    names = ", ".join(name for name, _, _ in wrong)
    name, part, shape = wrong[0]
    if len(wrong) > 1 or part.stop - part.start < 2:
        return f"only the part for {names} is wrong" if bad.sum() > 3 else None
    alone = Measured(
        m.claim[part],
        m.value[part],
        m.tolerance[part],
        m.x[part],
        m.names[part],
        [(name, slice(0, part.stop - part.start), shape)],
    )
    said = describe(alone)
    return f"only the part for {names} is wrong" + (f": {said}" if said else "")


def _one_line_wrong(m: Measured) -> str | None:
    """A single wrong row or column of a matrix."""
    bad = np.abs(m.claim - m.value) > m.tolerance
    for name, part, shape in m.whole:
        if len(shape) != 2 or min(shape) < 2:
            continue
        table = bad[part].reshape(shape)
        rows, columns = np.flatnonzero(table.any(axis=1)), np.flatnonzero(table.any(axis=0))
        if rows.size == 1 < columns.size:
            return f"only row {rows[0]} of the part for {name} is wrong"
        if columns.size == 1 < rows.size:
            return f"only column {columns[0]} of the part for {name} is wrong"
    return None


def _shifted(m: Measured) -> str | None:
    """A missing or surplus term that is constant, or proportional to x as that of a quadratic penalty is."""
    missing = m.value - m.claim
    if missing.size < 3:
        return None
    middle = float(np.median(missing))
    if m.fits(m.claim + middle):
        return f"the claim lacks the same {_digits(middle, np.max(m.tolerance))} in every entry"
    pivot = int(np.argmax(np.abs(m.x)))
    if m.x[pivot] and np.ptp(m.x):
        c = float(missing[pivot] / m.x[pivot])
        if c and np.all(np.abs(m.claim + c * m.x - m.value) <= 2 * m.tolerance):
            return f"the claim lacks the term {c:.6g} x, as of {c / 2:.6g} |x|^2"
    return None


def _nearly(m: Measured) -> str | None:
    """Right to several digits everywhere, which f itself may be to blame for."""
    apart = float(np.max(np.abs(m.claim - m.value)) / np.max(np.abs(m.value))) if np.any(m.value) else 1.0
    if apart > 1e-3:
        return None
    return (
        f"the claim is right to {apart:.1e} of the largest entry: if f is an approximation (an iteration that "
        "stops early, a quadrature, a table), its gradient differs from that of what it approximates"
    )


def _digits(value: float, error: float) -> str:
    """Return the value with the digits that its error leaves."""
    if not value or not np.isfinite(error) or error <= 0:
        return f"{value:.10g}"
    places = int(np.clip(np.ceil(np.log10(abs(value) / error)) + 1, 2, 16)) if abs(value) > error else 2
    return f"{value:.{places}g}"
