"""Claims that have no value where the truth has one: right as far as they go, and wrong all the same.

1.5 sqrt(x) is the gradient of |x|^1.5 for positive x only, and log a + log b is log(a b) where both are positive.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import islice

from sympy import Expr

from derive.expression.domain import is_square
from derive.expression.operation import kind
from derive.expression.walk import distinct
from verify.methods.counterexample import find_gap, outside_domain
from verify.methods.exact import assignments, real_places
from verify.points.watched import domain
from verify.statement import Statement
from verify.verdict import Evidence, Verdict

_ROOTS = ("square root of a matrix", "logarithm of a matrix")
#: Points at which the domains are compared, and assignments of sizes.
POINTS, ASSIGNMENTS = 12, 2


def domain_evidence(
    statement: Statement, claim: Expr, seed: int = 0, needed: tuple[Expr, ...] = ()
) -> Evidence | None:
    """Return a refutation where a claim has no value at a point at which the truth has one, None where none is found.

    Only logarithms, roots and arc sines have less than the whole line for their domain, logarithms and roots of matrices
    less than all matrices, and those of the expression bound the truth's as well. What else is `needed` to be positive
    the claim does not show.
    """
    start = time.perf_counter()
    sizes = _seen(statement, claim, seed, needed)
    if sizes is None:
        return None
    whose = "the right side" if statement.is_value else "the claim"
    figure = f"{whose} has no value at a point where {statement.name} has one"
    return Evidence("domain", "refuted", figure, {"sizes": sizes, "seed": seed}, time.perf_counter() - start)


def _seen(statement: Statement, claim: Expr, seed: int, needed: tuple[Expr, ...]) -> dict[str, int] | None:
    """Return sizes at which there is such a point."""
    ours = {*domain(statement.expr), *statement.domain, *_rooted(statement.expr)}
    may_be_negative = [e for e in needed if not is_square(e)]
    if not {*domain(claim), *may_be_negative, *_rooted(claim)} - ours:
        return None
    for sizes in assignments(statement, claim, seed, ASSIGNMENTS)[1][:ASSIGNMENTS]:
        places = islice(real_places(statement.space, statement, sizes, seed, POINTS), POINTS)
        if any(outside_domain(statement, claim, place, needed) is not None for place in places):
            return sizes
    return None


def _rooted(e: Expr) -> set[Expr]:
    """Return the matrices of which an expression takes the root or the logarithm."""
    return {part.args[0] for part in distinct(e) if kind(part) in _ROOTS}


def gap_verdict(
    statement: Statement,
    claim: Expr,
    evidence: tuple[Evidence, ...],
    seed: int = 0,
    needed: tuple[Expr, ...] = (),
) -> Verdict:
    """Return the refutation of a claim whose last evidence is a gap in its domain, and where the claim is right."""
    shown = find_gap(statement, claim, seed, evidence[-1].details["sizes"], needed)
    free = [v.name for v in statement.space.variables.values() if not v.kinds]
    together = f"{', '.join(free[:-1])} and {free[-1]} are" if len(free) > 1 else f"{''.join(free)} is"
    for names, said in [*(([name], f"{name} is") for name in free), (free, together)]:
        positive = replace(statement, space=statement.space.assuming("positive", names))
        if names and _seen(positive, claim, seed, needed) is None:
            return Verdict("refuted", evidence, shown, f"right only where {said} positive")
    return Verdict("refuted", evidence, shown, "right only where it has a value")
