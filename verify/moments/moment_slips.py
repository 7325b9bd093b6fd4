"""What is wrong with a refuted moment, in a sentence: an assumption, a law misapplied, or a piece of the formula.

A law misapplied is the question with one thing changed (a variance of zero, f(E x) for E f(x), E f E g for E fg), to
which the claim is held by the same computation that refuted it, so that a diagnosis is a fact and not a guess. What no
law explains is looked for in the formula itself, against the derived result, by the slips of all formulas
(`verify.slips`); a mend is held to the question as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from sympy import Expr, Pow, S, Symbol

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.facts import assuming
from derive.expression.operation import kind
from derive.language.text import to_text
from derive.moments.distributions import Distribution
from derive.moments.gaussian_functions import NoClosedFormError
from derive.moments.model import diagonal_of
from verify.arithmetics.base import Abstain, Undefined
from verify.moments.changed import (
    TWO,
    as_entries,
    as_normal,
    holds,
    with_distribution,
    with_mean_for,
    with_parameter,
)
from verify.moments.function_moments import proved_digits, with_functions_named
from verify.moments.moment_assumptions import assumed
from verify.moments.question import Question
from verify.slips.diagnosis import explain
from verify.statement import VALUE, Statement
from verify.study import Study

#: The most factors or terms of an expression that are taken apart.
MOST_PIECES = 6
#: The digits of a number that a sentence holds.
SHOWN_DIGITS = 12


@dataclass(frozen=True)
class Hypothesis:
    """A changed question or claim, and the words for it."""

    words: str
    question: Question
    claim: Expr


def diagnose(question: Question, completed: Question, claim: Expr, seed: int = 0) -> str | None:
    """Return what a wrong claim forgot, in one sentence, or None where nothing is found.

    `completed` is the question with a free covariance for what is not stated, as `unstated` returns it.
    """
    found = assumed(question, completed, claim, seed)
    if found:
        return f"{found[0]}: right if {found[1]}"
    for slip in SLIPS:
        with assuming(completed.problem.assumptions):
            try:
                for h in slip(completed, claim):
                    if holds(h.question, h.claim, seed):
                        return h.words
            except (ValueError, TypeError, AttributeError, ArithmeticError):
                continue  # a diagnosis is a courtesy: a fault in looking for one slip costs no verdict
    return _in_the_formula(completed, claim, seed)


def _in_the_formula(question: Question, claim: Expr, seed: int) -> str | None:
    """Return how the claim differs from the derived result, as formulas differ; else what the result is."""
    what = f"the {question.kind}"
    try:
        result = question.derived().result
    except NoClosedFormError:
        return _in_digits(question, what)
    except InputError:
        return None
    if algebra.shape(result) != algebra.shape(claim) or not holds(question, result, seed):
        return None
    known = {n: s for n, s in question.problem.symbols.items() if n not in question.random}
    shapes = {n: question.problem.shapes[n] for n in known}
    assumptions = frozenset(a for a in question.problem.assumptions if a[1] in known)
    problem = replace(
        question.problem, expr=result, wrt=(), symbols=known, shapes=shapes, assumptions=assumptions
    )
    with assuming(assumptions):
        found = explain(Study(problem, Statement.of(problem, VALUE)), claim, seed, what=what)
        if found is None or not holds(question, found.mended, seed):
            return f"none of the usual slips; {what} is {to_text(result)}"
    return found.words


def _in_digits(question: Question, what: str) -> str | None:
    """Return the number that a moment without closed form is, where all that is known are numbers."""
    if question.shape != (1, 1) or question.space().variables:
        return f"none of the usual slips; {what} has no closed form here"
    try:
        ball, digits = proved_digits(with_functions_named(question))
    except (InputError, Abstain, Undefined):
        return None
    return f"none of the usual slips; {what} is {ball.str(min(digits, SHOWN_DIGITS), radius=False)}"


# ---------------------------------------------------------------------------------------------- slips


def _spread_forgotten(question: Question, claim: Expr) -> Iterator[Hypothesis]:
    """A variance of zero."""
    for d in question.model.distributions.values():
        if d.family in TWO and d.parameters[1] is not None:
            words = f"the variance of {d.name} is forgotten"
            if question.kind == "expectation" and not question.functions:
                words += f": E[{d.name}^2] is (E {d.name})^2 + Var {d.name}, and not (E {d.name})^2"
            yield Hypothesis(words, with_parameter(question, d.name, 1, S.Zero), claim)


def _means_for_variables(question: Question, claim: Expr) -> Iterator[Hypothesis]:
    """f(E x) for E f(x), of one variable and of all."""
    names = sorted(question.random)
    subsets = [frozenset({n}) for n in names] + ([frozenset(names)] if len(names) > 1 else [])
    for chosen in subsets if question.kind == "expectation" else ():
        try:
            changed = with_mean_for(question, chosen)
        except InputError:
            continue
        listed = " and ".join(sorted(chosen))
        means = " and ".join(f"E {n}" for n in sorted(chosen))
        words = f"{means} stands for {listed}: the expectation of a function is not the function of the expectation"
        yield Hypothesis(words, changed, claim)


def _spread_mistaken(question: Question, claim: Expr) -> Iterator[Hypothesis]:
    """A standard deviation or a precision for a (co)variance, or the diagonal alone."""
    for d in question.model.distributions.values():
        v = d.parameters[1] if d.family in TWO and len(d.parameters) > 1 else None
        if isinstance(v, Pow) and v.exp == 2:
            words = (
                f"the standard deviation {to_text(v.base)} stands for the variance {to_text(v)} of {d.name}"
            )
            yield Hypothesis(words, with_parameter(question, d.name, 1, v.base), claim)
        if isinstance(v, Symbol):
            words = f"the variance {to_text(v)} of {d.name} is squared: it is the variance already"
            yield Hypothesis(words, with_parameter(question, d.name, 1, v**2), claim)
        if d.family not in ("normal", "given") or v is None or not algebra.is_matrix(v):
            continue
        if diagonal_of(v) is None:
            words = f"the entries of {d.name} are taken for uncorrelated: {to_text(v)} is not diagonal"
            diagonal = algebra.diag(algebra.diag(v))
            yield Hypothesis(words, with_parameter(question, d.name, 1, diagonal), claim)
        try:
            inverse = algebra.inv(v)
        except (InputError, ValueError):
            continue
        words = f"{to_text(inverse)} stands for the covariance {to_text(v)} of {d.name}"
        yield Hypothesis(words, with_parameter(question, d.name, 1, inverse), claim)


def _entries_mistaken(question: Question, claim: Expr) -> Iterator[Hypothesis]:
    """The first moments of independent entries, mistaken for each other or for those of a normal variable."""
    paired = {n for pair in question.model.covariances for n in pair}
    for d in question.model.distributions.values():
        entries = None if d.name in paired else as_entries(d)
        if entries is None:
            continue
        x, (mean, variance, *higher) = d.name, entries.parameters
        assert mean is not None
        assert variance is not None

        def told(
            mean: Expr, variance: Expr, entries: Distribution = entries, higher: list[Expr | None] = higher
        ) -> Question:
            return with_distribution(question, replace(entries, parameters=(mean, variance, *higher)))

        if mean != 0:
            second = mean**2 + variance
            words = f"E[{x}^2] stands for Var {x}, which is E[{x}^2] - (E {x})^2"
            yield Hypothesis(words, told(mean, second), claim)
            words = f"the mean of {x} is forgotten: E[{x}^2] is (E {x})^2 + Var {x}, and not Var {x}"
            yield Hypothesis(words, told(S.Zero, variance), claim)
            if variance != mean:
                words = f"the variance of {x} is taken for its mean"
                yield Hypothesis(words, told(mean, mean), claim)
        if d.family not in TWO:
            words = f"the variance of {x} is forgotten: E[{x}^2] is (E {x})^2 + Var {x}, and not (E {x})^2"
            yield Hypothesis(words, told(mean, S.Zero), claim)
            words = f"the standard deviation of {x} stands for its variance"
            yield Hypothesis(words, told(mean, variance**S.Half), claim)
            words = f"the higher moments of {x} are taken for those of a normal distribution"
            yield Hypothesis(words, as_normal(question, x), claim)


def _given_forgotten(question: Question, claim: Expr) -> Iterator[Hypothesis]:
    """Conditions that are not used, wholly or in part."""
    before = question.before
    if before is None:
        return
    given = sorted(set(before.distributions) - question.random)
    listed = ", ".join(given)
    if not any(s.name in given for s in claim.free_symbols):
        words = f"{listed} is given, and not used: this is the {question.kind} without it"
        yield Hypothesis(words, replace(question, model=before, before=None), claim)
    for name, d in question.model.distributions.items():
        old = before.distributions[name]
        if d.family in TWO and d != old:
            for place, words in ((0, "mean"), (1, "covariance")):
                value = old.parameters[place]
                if value is not None:
                    words = f"the {words} of {name} is that without {listed}, which is given"
                    yield Hypothesis(words, with_parameter(question, name, place, value), claim)


def _other_moment(question: Question, claim: Expr) -> Iterator[Hypothesis]:
    """Another moment of the same expressions: E[f^2] for Var f, the standard deviation, the expectation."""
    first, last = question.expressions[0], question.expressions[-1]
    if question.kind == "expectation":
        if algebra.shape(first)[1] == 1 and (not algebra.is_matrix(first) or first.shape[0] != 1):
            words = "this is the variance, and the expectation is asked for"
            yield Hypothesis(words, replace(question, kind="variance"), claim)
        return
    if not question.over:
        square = first * last if question.shape == (1, 1) else algebra.dot(first, algebra.t(last))
        seconds = replace(question, kind="expectation", expressions=(square,))
        if question.kind == "variance":
            words = "the square of the mean is not subtracted: this is E[f^2], and the variance is E[f^2] - (E f)^2"
        else:
            words = (
                "the product of the means is not subtracted: Cov(f, g) is E[fg] - E f E g, and this is E[fg]"
            )
        yield Hypothesis(words, seconds, claim)
    words = f"this is the expectation, and the {question.kind} is asked for"
    yield Hypothesis(words, replace(question, kind="expectation", expressions=(first,)), claim)
    if question.kind == "variance" and question.shape == (1, 1):
        words = "this is the standard deviation: the variance is its square"
        yield Hypothesis(words, question, claim**2)


def _products(question: Question, claim: Expr) -> Iterator[Hypothesis]:
    """E f E g for E[fg], of factors that are not independent."""
    if question.kind != "expectation" or question.over:
        return
    for f, g in _cuts(question.expressions[0]):
        if not (f.free_symbols & g.free_symbols & question.model.random):
            continue
        try:
            means = [replace(question, expressions=(e,)).derived().result for e in (f, g)]
        except InputError:
            continue
        words = f"E[{to_text(f)}] E[{to_text(g)}] stands for E[{to_text(algebra.dot(f, g))}]: the two are dependent"
        yield Hypothesis(words, _known(question, algebra.dot(*means)), claim)


def _cuts(e: Expr) -> Iterator[tuple[Expr, Expr]]:
    """Yield the ways to cut a product, or a power, into two factors."""
    if not algebra.is_matrix(e) and kind(e) == "power" and e.exp.is_Integer and e.exp > 1:
        yield e.base, e.base ** (e.exp - 1)
        return
    scalar, matrices = algebra.split(e)
    for k in range(1, min(len(matrices), MOST_PIECES)):
        left, right = matrices[:k], matrices[k:]
        if algebra.shape(left[-1])[1] != 1 or algebra.shape(right[0])[0] == 1:
            yield algebra.dot(scalar, *left), algebra.dot(*right)
    factors = scalar.args if kind(scalar) == "product" else ()
    for f in factors[:MOST_PIECES] if len(factors) <= MOST_PIECES else ():
        yield f, algebra.dot(scalar / f, *matrices)
    if matrices and scalar.free_symbols:
        yield scalar, algebra.dot(*matrices)


def _sums(question: Question, claim: Expr) -> Iterator[Hypothesis]:
    """The sum of variances for the variance of a sum, with the signs of the terms or without."""
    e = question.expressions[0]
    terms = e.args if kind(e) == "sum" else ()
    if question.kind != "variance" or question.over or not 1 < len(terms) <= MOST_PIECES:
        return
    try:
        parts = [replace(question, expressions=(t,)).derived().result for t in terms]
    except InputError:
        return
    words = "the variances of the terms are added, and their covariances are dropped"
    yield Hypothesis(words, _known(question, algebra.add(*parts)), claim)


def _sizes(question: Question, claim: Expr) -> Iterator[Hypothesis]:
    """One size for another, in the claim or in one term of it."""
    sizes = dict.fromkeys(
        s for shape in question.problem.shapes.values() for d in shape for s in d.free_symbols
    )
    terms = claim.args if kind(claim) == "sum" else ()
    for a, b in combinations(sorted(sizes, key=str), 2):
        for right, wrong in ((a, b), (b, a)):
            words = f"{wrong} stands for {right}"
            yield Hypothesis(words, question, algebra.dot(right / wrong, claim))
            for term in terms[:MOST_PIECES] if wrong in claim.free_symbols else ():
                others = [t for t in terms if t is not term]
                mended = algebra.add(*others, algebra.dot(right / wrong, term))
                yield Hypothesis(f"{words} in the term {to_text(term)}", question, mended)


def _known(question: Question, value: Expr) -> Question:
    """Return the question to which a formula in what is known is the answer."""
    return replace(question, kind="expectation", expressions=(value,))


#: The laws that people misapply, those that explain most simply first.
SLIPS = (
    _spread_forgotten,
    _means_for_variables,
    _spread_mistaken,
    _entries_mistaken,
    _given_forgotten,
    _other_moment,
    _products,
    _sums,
    _sizes,
)
