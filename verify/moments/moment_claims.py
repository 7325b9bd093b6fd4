"""Expectations given back only after an independent check, and claimed ones proved or refuted.

The result of `derive.moments` is compared with the expectation that follows, entry by entry, from the distributions
(`expected`, `function_moments`). A claim that is wrong is refuted with a distribution of small numbers, and told what makes
it right, where that is found.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from sympy import Expr, Float, S

from derive.errors import InputError, InternalError
from derive.expression import algebra
from derive.expression.facts import assuming
from derive.ingest import read_claim
from derive.language.text import to_text
from derive.moments.api import reading
from derive.moments.declarations import Reading
from derive.moments.expectation import Moment
from derive.moments.gaussian_functions import NoClosedFormError
from derive.prove import equal
from derive.step import Step
from verify.arithmetics.base import Abstain, Undefined
from verify.moments.expected import field_evidence
from verify.moments.function_moments import (
    proved_digits,
    quadrature_evidence,
    rounded_evidence,
    with_functions_named,
)
from verify.moments.moment_assumptions import unstated
from verify.moments.moment_counterexample import find_counterexample
from verify.moments.moment_slips import diagnose
from verify.moments.question import Question
from verify.seeds import checked_seed
from verify.verdict import Evidence, Verdict, Word, add_up

Where = str | Mapping[str, Any] | None
Assume = str | Iterable[Any] | None

#: A decimal number with its places.
_DECIMAL = re.compile(r"[-+]?\d*\.(?P<places>\d+)(?:[eE](?P<exponent>[-+]?\d+))?")
KINDS = ("expectation", "variance", "covariance")


@dataclass(frozen=True, repr=False)
class Expected(Moment):
    """A moment with the evidence for its result; `seconds` is the time for both."""

    evidence: tuple[Evidence, ...] = ()
    verdict: Word = "inconclusive"
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the derivation, its verdict and its evidence as a JSON-ready dictionary."""
        return {
            **super().to_dict(),
            "verdict": self.verdict,
            "evidence": [e.to_dict() for e in self.evidence],
            "seconds": self.seconds,
        }

    def __repr__(self) -> str:
        return f"<{self.kind} {self.to_text()}, {self.verdict}>"


def expect(
    expr: str | Expr, where: Where = None, assume: Assume = None, given: str | None = None, seed: int = 0
) -> Expected:
    """Return the checked expectation of an expression; as `derive.moments.api.expect`, whose result it checks.

    Where there is no closed form and all parameters are numbers, the result is a decimal number with proved digits.
    Raises InputError as that does, and InternalError where the result fails its check.
    """
    return _checked("expectation", [expr], where, assume, given, seed)


def variance(
    expr: str | Expr, where: Where = None, assume: Assume = None, given: str | None = None, seed: int = 0
) -> Expected:
    """Return the checked variance of a scalar, or the covariance matrix of a column; as `expect`."""
    return _checked("variance", [expr], where, assume, given, seed)


def covariance(
    first: str | Expr,
    second: str | Expr,
    where: Where = None,
    assume: Assume = None,
    given: str | None = None,
    seed: int = 0,
) -> Expected:
    """Return the checked covariance of two scalars or columns; as `expect`."""
    return _checked("covariance", [first, second], where, assume, given, seed)


def check_expect(
    expr: str | Expr | tuple[str | Expr, ...],
    claim: str | Expr | int | float,
    where: Where = None,
    kind: str = "expectation",
    assume: Assume = None,
    given: str | None = None,
    seed: int = 0,
) -> Verdict:
    """Check a claimed expectation, variance or covariance (of a pair `expr`) of an expression.

    *proved* where the claim has the normal form of the derived result, *certified* by a prime field where all moments are
    polynomials in the parameters, *agrees* to proved digits for functions of Gaussians, *refuted* with a distribution of
    small numbers and a diagnosis. What is declared counts, and nothing else: a claim that is right for independent
    variables only is refuted where independence is not stated. Raises InputError.
    """
    if kind not in KINDS:
        raise InputError(f"the kind {kind!r} is not one of {', '.join(KINDS)}")
    expressions = list(expr) if isinstance(expr, tuple) else [expr]
    if len(expressions) != (2 if kind == "covariance" else 1):
        raise InputError("a covariance is that of a pair of expressions, other moments are those of one")
    r = reading(expressions, where, assume, given)
    question = Question(kind, r.problem, r.model, r.expressions, over=r.over, before=r.before)
    return judge(question, read_moment_claim(question, claim), checked_seed(seed), places_of(claim))


# ------------------------------------------------------------------------- for what is read already


def read_moment_claim(question: Question, claim: str | Expr | int | float) -> Expr:
    """Return a claim in the terms of a question. Raises InputError, also where it names what is random."""
    problem = replace(question.problem, expr=S.Zero)
    try:
        found = read_claim(claim, problem, question.shape)
    except InputError:
        if not question.over:
            raise
        found = read_claim(claim, problem, (S.One, S.One))  # the same number for every entry
    inside = sorted(s.name for s in found.free_symbols if s.name in question.random)
    if inside:
        raise InputError(
            f"the claim uses {inside[0]}, which is random: a moment is a formula in what is known"
        )
    return found


def places_of(claim: Any) -> int | None:
    """Return the decimal places of a claim that is one decimal number, None for all others."""
    found = _DECIMAL.fullmatch(str(claim).strip())
    return len(found["places"]) - int(found["exponent"] or 0) if found else None


def judge(question: Question, claim: Expr, seed: int = 0, places: int | None = None) -> Verdict:
    """Return the verdict on a claimed moment of expressions that are read already, with a diagnosis where it is wrong.

    A moment that is an integral, and no polynomial, may be claimed as a number rounded to so many decimal `places`.
    """
    completed = unstated(question)
    evidence: list[Evidence] = []
    if completed is question:
        evidence.append(_symbolic(question, claim))
    exact = field_evidence(completed, claim, seed)
    evidence.append(exact)
    if exact.verdict == "inconclusive":
        rounded = None if places is None else rounded_evidence(completed, claim, places)
        evidence.append(rounded or quadrature_evidence(completed, claim, seed))
    words = {e.verdict for e in evidence}
    if "refuted" in words and words & {"proved", "certified"}:
        raise InternalError(f"the methods contradict each other on the claim {to_text(claim)}")
    word = add_up(evidence)
    if word != "refuted":
        return Verdict(word, tuple(evidence))
    counterexample = find_counterexample(completed, claim, seed)
    told = diagnose(question, completed, claim, seed)
    return Verdict(word, tuple(evidence), counterexample, told)


def checked_moment(question: Question, seed: int = 0, notes: tuple[str, ...] = ()) -> Expected:
    """Return the derived and checked moment of expressions that are read already. Raises InputError, InternalError."""
    start = time.perf_counter()
    try:
        moment = question.derived(notes)
    except NoClosedFormError as reason:
        return _numerical(question, reason, start, notes)
    evidence = [field_evidence(question, moment.result, seed)]
    if evidence[0].verdict == "inconclusive":
        evidence.append(quadrature_evidence(question, moment.result, seed))
    word = add_up(evidence)
    if word not in ("certified", "agrees"):
        raise InternalError(
            f"the {question.kind} of {', '.join(map(to_text, question.expressions))} did not pass its own check and is "
            f"withheld: {evidence[-1].method}, {evidence[-1].figure}"
        )
    evidence = [e for e in evidence if e.applies]
    own = {f.name: getattr(moment, f.name) for f in fields(Moment)}
    return Expected(**own, evidence=tuple(evidence), verdict=word, seconds=time.perf_counter() - start)


# ------------------------------------------------------------------------------------------- details


def _checked(
    kind: str, expressions: list[str | Expr], where: Where, assume: Assume, given: str | None, seed: int
) -> Expected:
    seed = checked_seed(seed)
    start = time.perf_counter()
    r: Reading = reading(expressions, where, assume, given)
    found = checked_moment(Question(kind, r.problem, r.model, r.expressions, over=r.over), seed, r.notes)
    return replace(found, seconds=time.perf_counter() - start)


def _symbolic(question: Question, claim: Expr) -> Evidence:
    start = time.perf_counter()
    try:
        result = question.derived().result
    except InputError as reason:
        figure = f"not derived: {reason}"
        return Evidence("normal form", "inconclusive", figure, {}, time.perf_counter() - start)
    with assuming(question.problem.assumptions):
        same = equal(result, claim)
    figure = "the derived result has the same normal form" if same else "the normal forms differ"
    return Evidence(
        "normal form", "proved" if same else "inconclusive", figure, {}, time.perf_counter() - start
    )


def _numerical(question: Question, reason: InputError, start: float, notes: tuple[str, ...]) -> Expected:
    """Return a moment without closed form as a decimal number, where everything known is a number."""
    named = with_functions_named(question)
    if any(algebra.is_matrix(e) for e in question.expressions) or question.space().variables:
        raise reason
    shown = f"the {question.kind} of {', '.join(map(to_text, question.expressions))[:60]}"
    with assuming(question.problem.assumptions):
        try:
            ball, digits = proved_digits(named)
        except (Abstain, Undefined) as why:
            raise InputError(f"{shown} has no closed form here, and no number either: {why}") from None
    result = Float(ball.str(digits, radius=False), digits)
    seconds = time.perf_counter() - start
    evidence = Evidence(
        "rigorous quadrature",
        "agrees",
        f"{digits} proved digits",
        {"digits": digits, "ball": str(ball)},
        seconds,
    )
    step = Step(
        "Gaussian integral",
        "; ".join(d.text for d in question.model.distributions.values()),
        rf"{result}",
        "The integral against the Gaussian's density, enclosed in a ball; there is no closed form here.",
        str(result),
    )
    texts = tuple(d.text for d in question.model.distributions.values())
    return Expected(
        question.kind, question.problem, question.model, question.expressions, result, (step,), texts, notes,
        question.over, (evidence,), "agrees", seconds,
    )  # fmt: skip
