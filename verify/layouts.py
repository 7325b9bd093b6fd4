"""The derived result of a statement, in the layout in which a claim is made."""

from __future__ import annotations

import warnings

from sympy import Expr, MatrixSymbol

from derive import algebra, api
from derive.problem import Problem
from verify.statement import Statement


def derived(problem: Problem, statement: Statement, claim: Expr | None = None) -> Expr:
    """Return the derived result, in the layout of the claim where there are two. Raises InputError."""
    if statement.is_value:
        return problem.expr
    names = list(statement.wrt)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variable that does not occur is the caller's to be warned of
        if statement.kind == "hessian":
            square = claim is not None and not statement.is_operator(claim) and statement.wrt_shape[1] != 1
            form = "kronecker" if square else "operator"
            result = api.hessian(problem, names, form=form).result
            if (
                claim is None
                or algebra.shape(result) == algebra.shape(claim)
                or not statement.is_operator(claim)
            ):
                return result
            return algebra.dot(result, MatrixSymbol(f"d{names[0]}", *statement.wrt_shape))
        if statement.kind == "differential":
            return api.differential(problem, names).result
        return getattr(api, statement.kind)(problem, names[0]).result
