"""The assumption under which a claimed moment is right: a mean of zero, independence, a covariance of zero, symmetry.

Every assumption is a changed question, and the claim is held to it by the same computation that refuted it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

from sympy import Expr, MatrixSymbol, S, Symbol

from derive.expression import algebra
from derive.moments.model import Model
from verify.moments.changed import as_normal, has_mean, holds, with_parameter
from verify.moments.question import Question

#: The number of assumptions of which pairs are tried.
MOST_CANDIDATES = 5


@dataclass(frozen=True)
class Assumption:
    """What people take for granted: the words for it, what makes the claim right, and the question under it."""

    words: str
    says: str
    under: Callable[[Question], Question]


def unstated(question: Question) -> Question:
    """Return the question with a free covariance for every pair of variables of which nothing is stated.

    Gaussians are then taken as jointly normal: what holds whatever is not stated holds for them.
    """
    model = question.model
    pairs = _unstated_pairs(model)
    if not pairs:
        return question
    symbols, shapes = dict(question.problem.symbols), dict(question.problem.shapes)
    covariances = dict(model.covariances)
    for x, y in pairs:
        rows, columns = (algebra.shape(model.distributions[n].symbol) for n in (x, y))
        if rows[1] != 1 or columns[1] != 1:
            continue
        name = f"cov_{x}_{y}"
        scalar = rows[0] == 1 and columns[0] == 1
        symbols[name] = Symbol(name, real=True) if scalar else MatrixSymbol(name, rows[0], columns[0])
        shapes[name] = (rows[0], columns[0])
        covariances[x, y] = symbols[name]
    names = frozenset(n for pair in pairs for n in pair)
    joint = (*model.jointly_normal, names)
    changed = replace(model, covariances=covariances, jointly_normal=joint)
    return replace(question, model=changed, problem=replace(question.problem, symbols=symbols, shapes=shapes))


def _unstated_pairs(model: Model) -> list[tuple[str, str]]:
    """Return the pairs of variables of which neither independence nor a covariance is stated."""
    out = []
    for x, y in combinations(sorted(model.distributions), 2):
        stated = (x, y) in model.covariances or (y, x) in model.covariances
        if not stated and len(model.components(frozenset({x, y}))) == 1:
            out.append((x, y))
    return out


def missing_assumption(question: Question, claim: Expr, seed: int = 0) -> str | None:
    """Return the assumption under which a claim is right, such as "E x = 0" or "independent(x, y)"; None if none is found.

    For a claim that holds as it stands the answer is the empty text.
    """
    completed = unstated(question)
    if holds(completed, claim, seed):
        return ""
    found = assumed(question, completed, claim, seed)
    return found[1] if found else None


def assumed(question: Question, completed: Question, claim: Expr, seed: int) -> tuple[str, str] | None:
    """Return one assumption, or two, under which a claim is right, as the words for it and what it says."""
    candidates = list(_assumptions(question, completed))
    for a in candidates:
        if holds(a.under(completed), claim, seed):
            return a.words, a.says
    for a, b in combinations(candidates[:MOST_CANDIDATES], 2):
        if holds(b.under(a.under(completed)), claim, seed):
            return f"{a.words}, and {b.words}", f"{a.says} and {b.says}"
    return None


# ---------------------------------------------------------------------------------------- assumptions


def _assumptions(question: Question, completed: Question) -> Iterator[Assumption]:
    """Yield the assumptions that people make without saying so."""
    pairs = _unstated_pairs(question.model)
    if pairs:
        names = frozenset(n for pair in pairs for n in pair)
        yield Assumption(
            "independence is used and not stated",
            f"independent({', '.join(sorted(names))})",
            partial(_independent, names=names, pairs=pairs),
        )
    for x, y in question.model.covariances:
        yield Assumption(
            f"the covariance of {x} and {y} is dropped",
            f"cov({x}, {y}) = 0",
            partial(_uncorrelated, pair=(x, y)),
        )
    names_with_mean = [d.name for d in completed.model.distributions.values() if has_mean(d)]
    for name in names_with_mean:
        words = f"the mean of {name} is forgotten"
        yield Assumption(words, f"E {name} = 0", partial(with_parameter, name=name, place=0, value=S.Zero))
    for d in completed.model.distributions.values():
        if d.family == "iid":
            words = f"the higher moments of {d.name} are taken for those of a normal distribution"
            yield Assumption(words, f"{d.name} is normal", partial(as_normal, name=d.name))
    known = {n for kind, n in completed.problem.assumptions if kind == "symmetric"}
    for name, shape in completed.problem.shapes.items():
        if shape[0] == shape[1] != 1 and name not in completed.random and name not in known:
            yield Assumption(
                f"{name} is taken for symmetric", f"{name} is symmetric", partial(_symmetric, name=name)
            )
    if len(names_with_mean) > 2:
        listed = ", ".join(names_with_mean)
        yield Assumption(f"the means of {listed} are forgotten", f"E of {listed} is 0", _centred)


def _independent(question: Question, names: frozenset[str], pairs: list[tuple[str, str]]) -> Question:
    model = question.model
    kept = {pair: c for pair, c in model.covariances.items() if pair not in pairs}
    independent = (*model.independent, names)
    joint = tuple(g for g in model.jointly_normal if g != names)
    return replace(
        question, model=replace(model, independent=independent, covariances=kept, jointly_normal=joint)
    )


def _uncorrelated(question: Question, pair: tuple[str, str]) -> Question:
    covariances = question.model.covariances
    kept = {**covariances, pair: algebra.zero(algebra.shape(covariances[pair]))}
    return replace(question, model=replace(question.model, covariances=kept))


def _symmetric(question: Question, name: str) -> Question:
    assumptions = question.problem.assumptions | {("symmetric", name)}
    return replace(question, problem=replace(question.problem, assumptions=assumptions))


def _centred(question: Question) -> Question:
    for d in list(question.model.distributions.values()):
        if has_mean(d):
            question = with_parameter(question, d.name, 0, S.Zero)
    return question
