"""Slips of the claim as a whole: its transpose, its inverse, its diagonal, and a scalar factor."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from sympy import Expr, HadamardProduct, Identity, Inverse, Pow, Rational, Symbol
from sympy.core.basic import Basic

from derive.expression import algebra
from verify.points.watched import KINKED
from verify.slips.case import Case, Explanation
from verify.slips.samples import multiple, same

#: So many scalars are tried as factors.
MOST_SCALARS = 30


def rearranged(case: Case) -> Explanation | None:
    """The transpose, the inverse, or no more than the diagonal."""
    claim = case.claim
    if not claim.is_Matrix or claim.shape[0] != claim.shape[1]:
        return None
    if case.is_right(claim.T):
        return Explanation(f"the transpose of {case.what}", claim.T)
    if case.result is None or not case.result.is_Matrix:
        return None
    if case.gives(Inverse(case.result), case.claimed):
        return Explanation(f"the inverse of {case.what}", Inverse(claim))
    by_columns = case.statement.kind in ("jacobian", "hessian") and not case.statement.is_operator(claim)
    if by_columns and case.gives(HadamardProduct(case.result, Identity(claim.shape[0])), case.claimed):
        return Explanation(
            f"only the diagonal of {case.what}, which is {case.text(case.result)}", case.result
        )
    return _of_the_diagonal(case) if by_columns else None


def _of_the_diagonal(case: Case) -> Explanation | None:
    """A matrix whose entries are right for i = j only."""
    assert case.result is not None
    unit = Identity(case.claim.shape[0])
    true, claimed = (case.samples.side(HadamardProduct(e, unit)) for e in (case.result, case.claim))
    if true is None or claimed is None:
        return None
    if same(true, claimed) and multiple(true, true) is not None:
        return Explanation(
            f"right for i = j only: delta_ij is missing in {case.text(case.claim)}", case.result
        )
    return None


def factor(case: Case) -> Explanation | None:
    """A number, a variable, or a scalar that the formulas are made of, as a factor too many or too few."""
    if case.claimed is None:
        return None
    constant = multiple(case.claimed, case.samples.true)
    if constant == 1:
        return None  # right at these sizes
    if constant is not None:
        return _times(case, constant)
    for s in _scalars(case):
        value = case.samples.scalar(s)
        if value is None:
            continue
        with_it = [t * c for t, c in zip(case.samples.true, value, strict=True)]
        constant = multiple(case.claimed, with_it)
        if constant is not None and constant != 0:
            words = f"{'' if constant == 1 else f'{constant} times '}{case.text(s)} times {case.what}"
            words += _lost(case, s)
            return Explanation(words, algebra.dot(1 / (_rational(constant) * s), case.claim))
        # claimed * s = constant * true: the factor s is missing.
        with_it = [t * c for t, c in zip(case.claimed, value, strict=True)]
        constant = multiple(with_it, case.samples.true)
        if constant is not None and constant != 0:
            also = "" if constant == 1 else f" and the factor {1 / constant}"
            mended = algebra.dot(s / _rational(constant), case.claim)
            return Explanation(f"right but for the missing factor {case.text(s)}{also}", mended)
    return None


def _lost(case: Case, s: Expr) -> str:
    """Return what is lost with a factor: 1/n of a mean, the second power of a denominator."""
    if s.is_Symbol and s.is_integer:
        return f": the factor 1/{case.text(s)} is lost"
    denominators = (n for n in case.nodes(case.claim) if isinstance(n, Pow) and n.exp == -1)
    return ": the square of the denominator is lost" if any(n.base == s for n in denominators) else ""


def _rational(c: Fraction) -> Rational:
    return Rational(c.numerator, c.denominator)


def _times(case: Case, c: Fraction) -> Explanation | None:
    if c == 0:
        words = f"zero, which {case.what} is not"
        return None if case.result is None else Explanation(words, case.result)
    mended = algebra.dot(1 / _rational(c), case.claim)
    if c == -1:
        return Explanation(f"{case.what} with the opposite sign", mended)
    words = {Fraction(2): "twice ", Fraction(1, 2): "half of "}.get(c, f"{c} times ")
    return Explanation(f"{words}{case.what}", mended)


def _scalars(case: Case) -> Iterator[Expr]:
    """Yield scalars that a factor may be: variables, sizes, and the scalars that the formulas are made of."""
    seen: set[Basic] = set()
    sizes = [Symbol(name, integer=True, positive=True) for name in case.statement.space.sizes]
    nodes = case.nodes(*([case.result] if case.result is not None else []), case.claim)
    for e in [*sizes, *sorted(nodes, key=lambda e: not e.is_Symbol)]:
        base = e.base if isinstance(e, Pow) else e
        if type(base).__name__ in KINKED:
            continue  # the pieces of a formula are no factors of it
        if getattr(base, "is_Matrix", False) or base.is_number or base in seen or len(seen) > MOST_SCALARS:
            continue
        seen.add(base)
        yield base
        yield base**2
