"""Slips inside scalars: a matrix lost in a trace or a form, the product of traces for the trace of a product."""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Expr

from derive.expression import algebra
from derive.expression.operation import kind
from verify.slips.case import Case, Explanation
from verify.slips.places import factors
from verify.slips.repairs import places_of

#: So many matrices are tried as lost factors.
MOST_FACTORS = 12


def wrong_trace(case: Case) -> Explanation | None:
    """Mend a trace, a sum or a power of traces for which another of them was meant."""
    for rebuild, node, _many in places_of(case.claim):
        if node.is_Matrix:
            continue
        for other in dict.fromkeys(_meant(node)):
            found = _tried(case, rebuild, other)
            if found is not None:
                words = f"right with {case.text(other)} in place of {case.text(node)}"
                return Explanation(words, found)
            if case.late:
                return None
    return None


def inner_factor(case: Case) -> Explanation | None:
    """A matrix that is missing, or one too many, within a product that a scalar or a matrix is made of."""
    matrices = factors(case.nodes(*([] if case.result is None else [case.result])))[:MOST_FACTORS]
    for rebuild, node, _many in places_of(case.claim):
        if not node.is_Matrix:
            continue
        for other, words in (*_without(node, case), *_with(node, matrices, case)):
            if case.late:
                return None
            found = _tried(case, rebuild, other)
            if found is not None:
                return Explanation(words, found)
    return None


def _tried(case: Case, rebuild: object, other: Expr) -> Expr | None:
    """Return the claim with something else in one place, where it is right."""
    try:
        mended: Expr = rebuild(other)  # type: ignore[operator]
    except (ValueError, TypeError, AttributeError):
        return None  # shapes that do not fit
    if getattr(mended, "shape", None) != getattr(case.claim, "shape", None):
        return None
    return mended if case.is_right(mended) else None


def _meant(e: Expr) -> Iterator[Expr]:
    """Yield what may have been meant by a scalar of traces and sums."""
    word = kind(e)
    if word == "power" and e.exp == 2 and kind(e.base) == "trace":
        x = e.base.args[0]
        yield algebra.trace(algebra.dot(x, x))
        yield algebra.trace(algebra.dot(x, algebra.t(x)))
    if word == "product":
        traces = [a for a in e.args if kind(a) == "trace"]
        for i, a in enumerate(traces):
            for b in traces[i + 1 :]:
                if a.args[0].shape == b.args[0].shape:
                    yield e / (a * b) * algebra.trace(algebra.dot(a.args[0], b.args[0]))
    if word == "trace":
        x = e.args[0]
        yield algebra.entry_sum(x)
        _, parts = algebra.split(x)
        for k in range(1, len(parts)):
            if parts[k - 1].shape[1] == parts[0].shape[0]:
                yield algebra.trace(algebra.dot(*parts[:k])) * algebra.trace(algebra.dot(*parts[k:]))
        if kind(x) == "matrix power" and x.exp == 2:
            yield algebra.trace(x.base) ** 2
            yield algebra.trace(algebra.dot(x.base, algebra.t(x.base)))
    if word == "sum of the entries" and e.args[0].shape[0] == e.args[0].shape[1]:
        yield algebra.trace(e.args[0])
    if word == "norm":
        yield e**2
        if e.args[0].shape[0] == e.args[0].shape[1]:
            yield algebra.trace(e.args[0])


def _with(e: Expr, matrices: list[Expr], case: Case) -> Iterator[tuple[Expr, str]]:
    """Yield a product with one matrix more in it, of the same shape."""
    scalar, parts = algebra.split(e)
    for place in range(len(parts) + 1):
        for f in matrices:
            before, after = parts[:place], parts[place:]
            fits = (not before or before[-1].shape[1] == f.shape[0]) and (
                not after or f.shape[1] == after[0].shape[0]
            )
            if fits:
                other = algebra.dot(scalar, *before, f, *after)
                if algebra.shape(other) == e.shape and kind(other) != "identity":
                    yield other, f"right but for the missing factor {case.text(f)} in {case.text(e)}"


def _without(e: Expr, case: Case) -> Iterator[tuple[Expr, str]]:
    """Yield a product with one matrix less in it, of the same shape."""
    scalar, parts = algebra.split(e)
    for k, f in enumerate(parts) if len(parts) > 1 else ():
        if f.shape[0] == f.shape[1]:
            other = algebra.dot(scalar, *parts[:k], *parts[k + 1 :])
            yield other, f"right without the factor {case.text(f)} in {case.text(e)}"
