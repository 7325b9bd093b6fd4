"""A claim whose shape is not that of the derivative: right but for its layout, or for a factor, or wrong anyway."""

from __future__ import annotations

from sympy import Expr

from derive.errors import InputError
from derive.expression import algebra
from derive.language.text import to_text
from derive.problem import Problem
from verify.evaluate import layout
from verify.slips.places import between, factors, missing, pairs
from verify.slips.samples import Samples, same
from verify.statement import Statement

#: What the layout here is, by the kind of derivative, for a claim that is right when transposed.
_LAYOUTS = {
    "gradient": "right in numerator layout; here the gradient has the shape of the variable",
    "jacobian": "right in denominator layout; here row i of the Jacobian belongs to y_i",
    "hessian": "right when transposed; here the Hessian as a map of the direction has the shape of the variable",
    "value": "right when transposed",
    "differential": "right when transposed; here the differential has the shape of the expression",
}


def explained(problem: Problem, statement: Statement, claim: Expr) -> str:
    """Return what is to be said of a claim of a wrong shape: its mend, or that transposing it is none.

    Empty where there is nothing to say.
    """
    shapes = statement.claim_shapes()
    if algebra.shape(claim)[::-1] in shapes:
        if _is_right(statement, algebra.t(claim)):
            return f"{_LAYOUTS[statement.kind]}, so write ({to_text(claim)})'"
        return "wrong even when transposed"
    if claim.is_Matrix:
        for sides in pairs(factors(step.node for step in layout(problem.expr))):
            mended = between(sides, claim)
            if mended is not None and algebra.shape(mended) in shapes and _is_right(statement, mended):
                return f"right but for {missing(sides, to_text)}"
    return ""


def _is_right(statement: Statement, claim: Expr) -> bool:
    try:
        samples = Samples(statement, claim)
    except InputError:
        return False
    with samples.arithmetic.context():
        side = samples.side(claim)
        return side is not None and same(side, samples.true)
