"""What makes a wrong moment right: the assumption that is missing, or what was forgotten.

Every hypothesis is the question with one thing changed: a mean of zero, a variance of zero, independence. The claim is
held to each by the same computation that refuted it, so that a diagnosis is a fact and not a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import combinations
from typing import Any

from sympy import Expr, Integer, MatrixSymbol, Pow, Rational, S, Symbol

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.facts import assuming
from derive.language.text import to_text
from derive.moments.distributions import Distribution
from derive.moments.model import Model
from verify.moments.expected import field_evidence
from verify.moments.function_moments import quadrature_evidence
from verify.moments.moment_points import Question
from verify.verdict import Counterexample

#: The number of assumptions of which pairs are tried.
MOST_CANDIDATES = 5
#: The largest number in a ratio of two values that is told as a factor.
MOST_RATIO = 120
#: The families that are told by a mean and a covariance first.
_TWO = ("normal", "normal entries", "given", "iid", "matrixnormal", "vector entries")


@dataclass(frozen=True)
class Hypothesis:
    """A changed question or claim, and the words for it."""

    words: str
    question: Question
    claim: Expr


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
    if _holds(completed, claim, seed):
        return ""
    found = _assumed(question, completed, claim, seed)
    return found[1] if found else None


def diagnose(
    question: Question, completed: Question, claim: Expr, seed: int = 0, found: Counterexample | None = None
) -> str | None:
    """Return what a wrong claim forgot, in one sentence, or None where nothing is found; `found` shows it to be wrong."""
    assumed = _assumed(question, completed, claim, seed)
    if assumed:
        return f"{assumed[0]}: right if {assumed[1]}"
    for h in (*_slips(completed, claim), *_ratio(completed, claim, found)):
        if _holds(h.question, h.claim, seed):
            return h.words
    return None


def _assumed(question: Question, completed: Question, claim: Expr, seed: int) -> tuple[str, str] | None:
    """Return one assumption, or two, under which a claim is right, as the words for it and what it says."""
    candidates = list(_assumptions(question, completed))
    for a in candidates:
        if _holds(a.under(completed), claim, seed):
            return a.words, a.says
    for a, b in combinations(candidates[:MOST_CANDIDATES], 2):
        if _holds(b.under(a.under(completed)), claim, seed):
            return f"{a.words}, and {b.words}", f"{a.says} and {b.says}"
    return None


def _holds(question: Question, claim: Expr, seed: int) -> bool:
    try:
        exact = field_evidence(question, claim, seed)
        if exact.verdict == "inconclusive":
            exact = quadrature_evidence(question, claim, seed)
    except InputError:
        return False
    return exact.verdict in ("certified", "agrees")


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
    names_with_mean = [d.name for d in completed.model.distributions.values() if _has_mean(d)]
    for name in names_with_mean:
        words = f"the mean of {name} is forgotten"
        yield Assumption(words, f"E {name} = 0", partial(_with, name=name, place=0, value=S.Zero))
    for d in completed.model.distributions.values():
        if d.family == "iid":
            words = f"the higher moments of {d.name} are taken for those of a normal distribution"
            yield Assumption(words, f"{d.name} is normal", partial(_normal, name=d.name))
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


def _normal(question: Question, name: str) -> Question:
    d = question.model.distributions[name]
    return _with_distribution(question, replace(d, family="normal entries", parameters=d.parameters[:2]))


def _symmetric(question: Question, name: str) -> Question:
    assumptions = question.problem.assumptions | {("symmetric", name)}
    return replace(question, problem=replace(question.problem, assumptions=assumptions))


def _centred(question: Question) -> Question:
    for d in list(question.model.distributions.values()):
        if _has_mean(d):
            question = _with(question, d.name, 0, S.Zero)
    return question


def _has_mean(d: Distribution) -> bool:
    """Tell whether a variable has a declared mean that is not zero."""
    if d.family not in _TWO or d.parameters[0] in (None, 0):
        return False
    return bool(d.mean != algebra.zero(algebra.shape(d.mean)))


def _with(question: Question, name: str, place: int, value: Expr) -> Question:
    """Return the question with one parameter of a distribution changed; 0 in its shape."""
    d = question.model.distributions[name]
    old = d.parameters[place]
    if value == 0 and old is not None and algebra.is_matrix(old):
        value = algebra.zero(algebra.shape(old))
    parameters = tuple(value if k == place else p for k, p in enumerate(d.parameters))
    return _with_distribution(question, replace(d, parameters=parameters))


def _with_distribution(question: Question, d: Distribution) -> Question:
    distributions = {**question.model.distributions, d.name: d}
    return replace(question, model=replace(question.model, distributions=distributions))


# ---------------------------------------------------------------------------------------------- slips


def _slips(question: Question, claim: Expr) -> Iterator[Hypothesis]:
    """Yield what people forget or mix up, which no assumption mends."""
    for d in question.model.distributions.values():
        if d.family in _TWO and d.parameters[1] is not None:
            words = (
                f"the variance of {d.name} is forgotten: E[{d.name}^2] is (E {d.name})^2 + Var {d.name}, and not "
                f"(E {d.name})^2"
            )
            yield Hypothesis(words, _with(question, d.name, 1, S.Zero), claim)
    for d in question.model.distributions.values():
        v = d.parameters[1] if d.family in _TWO and len(d.parameters) > 1 else None
        if isinstance(v, Pow) and v.exp == 2:
            words = (
                f"the standard deviation {to_text(v.base)} stands for the variance {to_text(v)} of {d.name}"
            )
            yield Hypothesis(words, _with(question, d.name, 1, v.base), claim)
        if isinstance(v, Symbol):
            words = f"the variance {to_text(v)} of {d.name} is squared: it is the variance already"
            yield Hypothesis(words, _with(question, d.name, 1, v**2), claim)
    if question.kind == "variance" and not algebra.is_matrix(question.expressions[0]):
        square = (question.expressions[0] ** 2,)
        words = (
            "the square of the mean is not subtracted: this is E[f^2], and the variance is E[f^2] - (E f)^2"
        )
        yield Hypothesis(words, replace(question, kind="expectation", expressions=square), claim)
    yield from _factors(question, claim)
    yield from _terms(question, claim)


def _factors(question: Question, claim: Expr) -> Iterator[Hypothesis]:
    sizes = [s for shape in question.problem.shapes.values() for s in shape if not s.is_Integer]
    candidates: list[tuple[str, Any]] = [
        ("the sign is wrong", S.NegativeOne),
        ("a factor 2 is missing", Integer(2)),
        ("there is a factor 2 too many", Rational(1, 2)),
        ("a factor 4 is missing", Integer(4)),
        ("there is a factor 4 too many", Rational(1, 4)),
    ]
    for size in dict.fromkeys(sizes):
        candidates += [
            (f"a factor {size} is missing: the sum has {size} terms", size),
            (f"there is a factor {size} too many", 1 / size),
            (f"a factor {size}^2 is missing", size**2),
            (f"there is a factor {size}^2 too many", 1 / size**2),
        ]
    candidates += [
        (f"{b} stands for {a}", a / b) for a in dict.fromkeys(sizes) for b in dict.fromkeys(sizes) if a != b
    ]
    known = {
        s for n, s in question.problem.symbols.items() if n not in question.random and not n.startswith("mu")
    }
    for c in sorted(known, key=str):
        if not algebra.is_matrix(c) and c not in sizes:
            candidates += [(f"a factor {c} is missing", c), (f"there is a factor {c} too many", 1 / c)]
    for words, c in candidates:
        with assuming(question.problem.assumptions):
            yield Hypothesis(words, question, algebra.dot(c, claim))


def _ratio(question: Question, claim: Expr, found: Counterexample | None) -> Iterator[Hypothesis]:
    """Yield the claim times the ratio of the two values at a counterexample, where that is a plain number."""
    if found is None:
        return
    try:
        c = Fraction(found.true) / Fraction(found.claimed)
    except (ValueError, ZeroDivisionError):
        return
    near = c.limit_denominator(MOST_RATIO)
    if near in (0, 1) or abs(near.numerator) > MOST_RATIO or abs(float(c - near)) > 1e-6 * abs(float(c)):
        return
    words = f"a factor {near} is missing" if abs(near) > 1 else f"there is a factor {1 / near} too many"
    with assuming(question.problem.assumptions):
        yield Hypothesis(words, question, algebra.dot(Rational(near.numerator, near.denominator), claim))


def _terms(question: Question, claim: Expr) -> Iterator[Hypothesis]:
    """Yield the claim with the sign of one of its terms turned, one doubled or halved, or the transpose of it."""
    terms = claim.args if claim.is_Add or type(claim).__name__ == "MatAdd" else (claim,)
    with assuming(question.problem.assumptions):
        for term in terms if len(terms) > 1 else ():
            others = [t for t in terms if t is not term]
            shown = to_text(term)
            for words, c in (
                (f"the term {shown} has the opposite sign", S.NegativeOne),
                (f"the term {shown} does not belong there", S.Zero),
                (f"a factor 2 is missing in the term {shown}", Integer(2)),
                (f"there is a factor 2 too many in the term {shown}", Rational(1, 2)),
            ):
                yield Hypothesis(words, question, algebra.add(*others, algebra.dot(c, term)))
        if algebra.is_matrix(claim) and claim.shape[0] == claim.shape[1]:
            yield Hypothesis("it is the transpose of this", question, algebra.t(claim))


__all__ = ["Assumption", "Hypothesis", "diagnose", "missing_assumption", "unstated"]
