"""Slips in one place of the claim: a wrong piece, and a matrix factor that was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from sympy import Expr, Inverse, Transpose

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.operation import kind
from verify.slips.case import Case, Explanation
from verify.slips.repairs import repairs
from verify.slips.terms import plus, sums_of

#: So many matrices of the expression are tried as lost factors.
MOST_FACTORS = 16

#: A factor on the left, one on the right; None for none.
Sides = tuple[Expr | None, Expr | None]


def wrong_piece(case: Case) -> Explanation | None:
    """Mend the claim in one place at a time, in the ways in which people slip."""
    for words, mended in repairs(case.claim, case.text):
        if case.late:
            return None
        if case.is_right(mended):
            return Explanation(words, mended)
    return None


def lost_factor(case: Case) -> Explanation | None:
    """A matrix of the expression, transposed or inverted perhaps, that is missing from the claim or a term of it."""
    if not case.claim.is_Matrix:
        return None
    matrices = factors(case.nodes())
    terms = [t for sums in sums_of(case, case.claim) for t in sums if len(sums) > 1]
    for sides in pairs(matrices):
        if case.late:
            return None
        for term in (case.claim, *dict.fromkeys(terms)) if None in sides else (case.claim,):
            with_it = between(sides, term)
            if with_it is None or algebra.shape(with_it) != case.claim.shape or _cancels(sides, term):
                continue
            mended = with_it if term is case.claim else plus(case.claim, algebra.dot(-1, term), with_it)
            if case.is_right(mended):
                where = "" if term is case.claim else f" of the term {case.text(term)}"
                return Explanation(f"right but for {missing(sides, case.text)}{where}", mended)
    return None


def _cancels(sides: Sides, e: Expr) -> bool:
    """Tell whether a factor is the inverse of what it stands beside, which was never lost."""
    alone = [between(s, e) for s in ((sides[0], None), (None, sides[1])) if s != (None, None)]
    return any(product is not None and kind(algebra.split(product)[1][0]) == "identity" for product in alone)


def factors(nodes: Iterator[object]) -> list[Expr]:
    """Return the matrices among some expressions, the names first, each with its transpose and its inverses."""
    matrices = [e for e in nodes if isinstance(e, Expr) and e.is_Matrix and not isinstance(e, Transpose)]
    matrices = sorted(matrices, key=lambda e: not e.is_Symbol)[:MOST_FACTORS]
    plain = [f for e in matrices for f in (e, algebra.t(e))]
    square = [e for e in matrices if e.shape[0] == e.shape[1] and not isinstance(e, Inverse)]
    return list(
        dict.fromkeys([*plain, *(f for e in square for f in (algebra.inv(e), algebra.t(algebra.inv(e))))])
    )


def pairs(matrices: list[Expr]) -> Iterator[Sides]:
    """Yield each matrix on one of the sides, then all two on both."""
    yield from (sides for m in matrices for sides in ((m, None), (None, m)))
    yield from product(matrices, matrices)


def between(sides: Sides, e: Expr) -> Expr | None:
    """Return an expression with factors to its sides; None where their shapes do not fit."""
    left, right = sides
    if (left is not None and left.shape[1] != e.shape[0]) or (
        right is not None and e.shape[1] != right.shape[0]
    ):
        return None
    try:
        return algebra.dot(*(f for f in (left, e, right) if f is not None))
    except (InputError, ValueError):
        return None  # the inverse of what has none


def missing(sides: Sides, text: Callable[[Expr], str]) -> str:
    """Return words for factors that are missing on the sides."""
    named = [(s, side) for s, side in zip(sides, ("left", "right"), strict=True) if s is not None]
    return (
        "the missing factor"
        + "s" * (len(named) > 1)
        + " "
        + " and ".join(f"{text(s)} on the {side}" for s, side in named)
    )
