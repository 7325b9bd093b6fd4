"""Slips of terms: one missing, one too many, one with a wrong sign or factor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sympy import Add, DiagMatrix, Expr, Identity, MatAdd, Rational, Transpose

from derive.expression import algebra
from derive.expression.facts import assuming
from derive.simplify.expand import expand
from verify.slips.case import Case, Explanation
from verify.slips.samples import multiple

#: So many terms of a formula are looked at.
MOST_TERMS = 40


@dataclass(frozen=True)
class _Part:
    """A part of the truth, with the words for its path to the variable, and its numbers at the sample points."""

    value: Expr
    path: str
    side: list[Any]


def one_term(case: Case) -> Explanation | None:
    """What one term of the claim lacks or has too much.

    What the paths to the variable add, and then the terms of the result, are parts of the truth. Parts that are
    multiples of each other (both paths in x'*x give x) count as one, since a claim cannot tell them apart.
    """
    if case.claimed is None:
        return None
    gap = [c - t for c, t in zip(case.claimed, case.samples.true, strict=True)]
    sums = _sums(case)
    merged = [part for parts in sums for part in _merged(case, parts)]
    single = [part for parts in sums for part in parts]
    for part in (*merged, *single):
        if multiple(gap, part.side) == -1:
            words = f"right but for the missing term {case.text(part.value)}{part.path}"
            words += ": delta_ij is missing" if _is_diagonal(case, part.value) else ""
            return Explanation(words, _plus(case, 1, part.value))
    claimed = _parts(case, ((term, "") for terms in sums_of(case, case.claim) for term in terms))
    for part in merged:
        c = multiple(gap, part.side)
        if c is None:
            continue
        mended = _plus(case, -c, part.value)
        if c == -2 and any((multiple(other.side, part.side) or 0) < 0 for other in claimed):
            words = f"right but for the sign of the term {case.text(part.value)}{part.path}"
            return Explanation(words, mended)
        k, bare = _coefficient(part.value)
        words = f"right but for the term {case.text(bare)}{part.path}, which has the factor {k * (1 + c)} instead of {k}"
        return Explanation(words, mended)
    return _surplus(case, gap, claimed)


def _is_diagonal(case: Case, term: Expr) -> bool:
    """Return whether a term of a Jacobian or Hessian stands on the diagonal only."""
    if case.statement.kind not in ("jacobian", "hessian") or not term.is_Matrix:
        return False
    factors = [f for f in algebra.split(term)[1] if not isinstance(f, Identity)]
    return all(isinstance(f, DiagMatrix) for f in factors) and term.shape[0] != 1


def _surplus(case: Case, gap: list[Any], claimed: list[_Part]) -> Explanation | None:
    for part in claimed:
        c = multiple(gap, part.side)
        if c is None:
            continue
        mended = _plus(case, -c, part.value)
        if c == 1:
            return Explanation(f"right but for the surplus term {case.text(part.value)}", mended)
        return Explanation(f"right with {1 - c} times the term {case.text(part.value)}", mended)
    return None


def _plus(case: Case, c: Fraction | int, term: Expr) -> Expr:
    """The claim with a multiple of a term added; as it stands, since a claim may be in no normal form."""
    return plus(case.claim, _scaled(Fraction(c), term))


def plus(*terms: Expr) -> Expr:
    """Return a sum as it stands."""
    return algebra.make(MatAdd if terms[0].is_Matrix else Add, *terms)


def _scaled(c: Fraction, term: Expr) -> Expr:
    return algebra.dot(Rational(c.numerator, c.denominator), term)


def _coefficient(term: Expr) -> tuple[Fraction, Expr]:
    """Return a term as its number and the rest."""
    scalar, factors = algebra.split(term) if term.is_Matrix else (term, ())
    number, rest = scalar.as_coeff_Mul()
    if not number.is_Rational:
        return Fraction(1), term
    return Fraction(int(number.p), int(number.q)), algebra.dot(rest, *factors)


def _sums(case: Case) -> list[list[_Part]]:
    """Return the truth as sums: over the paths to the variable, and over the terms of the result."""
    if case.result is None:
        return []
    paths = _paths(case)
    sums = [paths] if len(paths) > 1 else []
    sums += [[(term, "") for term in terms] for terms in sums_of(case, case.result)]
    return [_parts(case, parts) for parts in sums]


def sums_of(case: Case, e: Expr) -> list[tuple[Expr, ...]]:
    """Return the terms of a formula: multiplied out, and as it stands where that differs."""
    with assuming(case.problem.assumptions):
        spread = expand(e)
    forms = [f for f in dict.fromkeys((spread, e)) if f is not None]
    return [(f.args if f.is_Add or f.is_MatAdd else (f,))[:MOST_TERMS] for f in forms]


def _parts(case: Case, found: Iterable[tuple[Expr, str]]) -> list[_Part]:
    sides = ((value, path, case.samples.side(value)) for value, path in found)
    return [_Part(value, path, side) for value, path, side in sides if side is not None]


def _merged(case: Case, parts: list[_Part]) -> Iterator[_Part]:
    """Yield the parts, those that are multiples of each other added up; none that adds up to zero."""
    groups: list[list[tuple[Fraction, _Part]]] = []
    for part in parts:
        for group in groups:
            c = multiple(part.side, group[0][1].side)
            if c is not None:
                group.append((c, part))
                break
        else:
            groups.append([(Fraction(1), part)])
    for group in groups:
        first, total = group[0][1], sum(c for c, _ in group)
        if len(group) == 1:
            yield first
        elif total:
            side = case.samples.side(value := _scaled(Fraction(total), first.value))
            if side is not None:
                yield _Part(value, "", side)


def _paths(case: Case) -> list[tuple[Expr, str]]:
    """Return what every occurrence of the variable contributes to the gradient, with its path in words."""
    if case.statement.kind != "gradient":
        return []
    graph, sweep = case.graph_and_sweep()
    x = graph.variable(case.problem.wrt[0])
    out = []
    for c in sweep.contributions:
        if x is not None and c.node.parents[c.place] == x.index:
            inside = case.text(c.node.expr)
            occurrence = inside if isinstance(c.node.expr, Transpose) else f"{x.name} in {inside}"
            out.append((c.value, f", the path through {occurrence}"))
    return out
