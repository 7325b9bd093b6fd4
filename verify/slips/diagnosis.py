"""What is wrong with a refuted claim, in a sentence.

The claim is compared with the truth as it would be under the usual slips (`verify.slips`): a factor, a transpose, a
term too many or too few, a forgotten path, a product in the wrong order, an inverse left out, another layout, an
assumption that was not made. The truth is the derivative by dual numbers, at random points of a prime field (or in
balls); the derived result and its computational graph serve only to give terms and paths their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sympy import Expr

from derive.errors import InputError
from verify.slips import assumptions, chain, functions, pieces, places, scalars, terms, whole
from verify.slips.case import Case, Explanation
from verify.slips.samples import Samples, same
from verify.study import Study

#: The slips, those that explain a claim most simply first.
SLIPS: tuple[Callable[[Case], Explanation | None], ...] = (
    whole.rearranged,
    functions.function_for_derivative,
    whole.factor,
    assumptions.symmetry,
    assumptions.tied_or_free,
    assumptions.row_by_row,
    terms.one_term,
    chain.forgotten_path,
    chain.inner_derivative,
    assumptions.unit_sum,
    assumptions.positivity,
    places.wrong_piece,
    places.lost_factor,
    assumptions.commuting,
    assumptions.structure,
    scalars.wrong_trace,
    scalars.inner_factor,
)


def diagnose(
    study: Study,
    claim: Expr,
    seed: int = 0,
    refuted_at: Mapping[str, int] | None = None,
) -> str | None:
    """Return a sentence on how a wrong claim differs from the truth, None if none can be said.

    `refuted_at` are sizes at which the claim is known to be wrong.
    """
    found = explain(study, claim, seed, refuted_at)
    return None if found is None else found.words


def explain(
    study: Study,
    claim: Expr,
    seed: int = 0,
    refuted_at: Mapping[str, int] | None = None,
    what: str | None = None,
) -> Explanation | None:
    """Return what is wrong with a claim, and the claim mended accordingly; None if nothing can be said.

    `what` names the truth in the sentence, if not the statement does.
    """
    try:
        samples = Samples(study.statement, claim, seed, refuted_at)
    except InputError:
        return None
    with samples.arithmetic.context():
        case = Case(study, claim, samples, seed)
        case.what = what or case.what
        if case.claimed is not None and same(case.claimed, samples.true):
            return pieces.beyond(case)
        for slip in SLIPS:
            try:
                found = slip(case)
            except (ValueError, TypeError, AttributeError, ArithmeticError):
                continue  # a diagnosis is a courtesy: a fault in looking for one slip costs no verdict
            if found is not None:
                return found
            if case.late:
                break
    if case.result is None or study.statement.is_value:
        return None
    return Explanation(f"none of the usual slips; {case.what} is {case.text(case.result)}", case.result)
