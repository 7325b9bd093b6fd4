"""A question about a moment with one thing changed: a parameter, a family, what is random, what is stated."""

from __future__ import annotations

from dataclasses import replace

from sympy import Expr, S

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.facts import assuming
from derive.moments.distributions import Distribution, entry_cumulant
from verify.moments.expected import field_evidence
from verify.moments.function_moments import quadrature_evidence
from verify.moments.question import Question

#: The families that are told by a mean and a covariance first.
TWO = ("normal", "normal entries", "given", "iid", "matrixnormal", "vector entries")


def holds(question: Question, claim: Expr, seed: int) -> bool:
    """Tell whether a claim answers a question, by the computation that refutes the wrong ones."""
    if algebra.shape(claim) != question.shape and not question.over:
        return False
    try:
        exact = field_evidence(question, claim, seed)
        if exact.verdict == "inconclusive":
            exact = quadrature_evidence(question, claim, seed)
    except InputError:
        return False
    return exact.verdict in ("certified", "agrees")


def with_parameter(question: Question, name: str, place: int, value: Expr) -> Question:
    """Return the question with one parameter of a distribution changed; 0 in its shape."""
    d = question.model.distributions[name]
    old = d.parameters[place]
    if value == 0 and old is not None and algebra.is_matrix(old):
        value = algebra.zero(algebra.shape(old))
    parameters = tuple(value if k == place else p for k, p in enumerate(d.parameters))
    return with_distribution(question, replace(d, parameters=parameters))


def with_distribution(question: Question, d: Distribution) -> Question:
    """Return the question with another distribution of a variable."""
    distributions = {**question.model.distributions, d.name: d}
    return replace(question, model=replace(question.model, distributions=distributions))


def with_mean_for(question: Question, names: frozenset[str]) -> Question:
    """Return the question with variables replaced by their means, which are known. Raises InputError where one is not."""
    model = question.model
    means = {model.distributions[n].symbol: mean_of(model.distributions[n]) for n in names}
    with assuming(question.problem.assumptions):
        expressions = tuple(e.xreplace(means).doit(deep=False) for e in question.expressions)
    kept = {n: d for n, d in model.distributions.items() if n not in names}
    pairs = {pair: c for pair, c in model.covariances.items() if not names & set(pair)}
    groups = tuple(g - names for g in model.independent if len(g - names) > 1)
    joint = tuple(g - names for g in model.jointly_normal if len(g - names) > 1)
    changed = replace(model, distributions=kept, covariances=pairs, independent=groups, jointly_normal=joint)
    return replace(question, model=changed, expressions=expressions)


def mean_of(d: Distribution) -> Expr:
    """Return the mean of a variable, also of a mixture. Raises InputError where it is not given."""
    if not d.components:
        return d.mean
    means = [algebra.dot(w, replace(c, symbol=d.symbol).mean) for w, c in d.components]
    return algebra.add(*means)


def as_entries(d: Distribution) -> Distribution | None:
    """Return a variable of independent entries as told by its central moments up to the fourth; None for others."""
    if d.family == "iid":
        return d
    if not d.has_independent_entries or d.family == "vector entries":
        return None
    mean, variance, third, fourth = (entry_cumulant(d, k) for k in range(1, 5))
    return replace(d, family="iid", parameters=(mean, variance, third, fourth + 3 * variance**2))


def as_normal(question: Question, name: str) -> Question:
    """Return the question with entries that are normal, of the same mean and variance."""
    d = as_entries(question.model.distributions[name])
    assert d is not None
    return with_distribution(question, replace(d, family="normal entries", parameters=d.parameters[:2]))


def has_mean(d: Distribution) -> bool:
    """Tell whether a variable has a declared mean that is not zero."""
    if d.family not in TWO or d.parameters[0] in (None, S.Zero):
        return False
    return bool(d.mean != algebra.zero(algebra.shape(d.mean)))
