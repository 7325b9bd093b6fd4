"""The entry points: expectation, variance and covariance of text or SymPy expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sympy import Expr

from derive.errors import InputError
from derive.expression.facts import assuming
from derive.moments.declarations import Reading, read_moment
from derive.moments.expectation import Moment, covariance_of, expectation_of, variance_of

Where = str | Mapping[str, Any] | None
Assume = str | Iterable[Any] | None


def expect(expr: str | Expr, where: Where = None, assume: Assume = None, given: str | None = None) -> Moment:
    """Return the expectation of a scalar or matrix expression, in its shape, with the lines that lead to it.

    `where` declares distributions, independence and shapes ("x ~ normal(m, S), independent(x, y), A: n x n"), `assume`
    what is known of values. `given` names variables to condition on. Raises InputError for what cannot be read, for a
    moment that does not exist, and for one that is needed and not declared.
    """
    r = reading([expr], where, assume, given)
    return expectation_of(r.problem, r.model, r.expressions[0], r.notes, r.over)


def variance(
    expr: str | Expr, where: Where = None, assume: Assume = None, given: str | None = None
) -> Moment:
    """Return the variance of a scalar, or the covariance matrix of a column; as `expect`. Raises InputError."""
    r = reading([expr], where, assume, given)
    return variance_of(r.problem, r.model, r.expressions[0], r.notes, r.over)


def covariance(
    first: str | Expr,
    second: str | Expr,
    where: Where = None,
    assume: Assume = None,
    given: str | None = None,
) -> Moment:
    """Return E[(f - E f)(g - E g)'] of two scalars or columns; as `expect`. Raises InputError."""
    r = reading([first, second], where, assume, given)
    one, two = r.expressions
    return covariance_of(r.problem, r.model, one, two, r.notes, r.over)


def reading(
    expressions: Iterable[str | Expr], where: Where, assume: Assume = None, given: str | None = None
) -> Reading:
    """Return expressions read with their declarations, conditioned on the variables in `given`. Raises InputError."""
    r = read_moment(expressions, where, assume)
    for name in [n.strip() for n in (given or "").split(",") if n.strip()]:
        if name not in r.model.distributions:
            raise InputError(
                f"{name[:40]} is not random here: given names one of {', '.join(r.model.distributions)}"
            )
        with assuming(r.problem.assumptions):
            r = replace(r, model=r.model.conditioned(name), before=r.before or r.model)
    return r
