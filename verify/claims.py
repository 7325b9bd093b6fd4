"""A claimed derivative of an expression, answered with evidence: proved, certified, agrees, refuted."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sympy import Expr, MatrixSymbol, Symbol

from derive.conditions import of_value
from derive.errors import InputError, InternalError
from derive.expression import algebra
from derive.expression.facts import assuming
from derive.ingest import read_with_domain
from derive.problem import Problem
from derive.prove import equal
from verify.methods.large_sizes import lettered
from verify.seeds import checked_seed
from verify.statement import Statement
from verify.study import Study
from verify.verdict import UPHOLDING, Evidence, Verdict, Word, add_up


def check_claim(
    expr: str | Expr | Problem,
    wrt: Any,
    claim: str | Expr,
    kind: str = "gradient",
    where: str | Mapping[str, Any] | None = None,
    assume: str | Iterable[Any] | None = None,
    seed: int = 0,
) -> Verdict:
    """Check a claimed derivative of an expression (text or SymPy) by a variable.

    `kind` is gradient, jacobian, hessian or differential (in which dX names the direction in X), in the layouts
    of `verify.statement`. `where` declares shapes and `assume` says what is known of values, as for
    `derive.gradient`. The verdict is *proved* if the claim has the same normal form as the derived result,
    *certified* by a prime field if both sides are rational, *agrees* to 50 digits with rigorous bounds by real
    balls, or *refuted* with a counterexample reduced to small integers and a diagnosis.

    Raises InputError for what cannot be read, for a seed that is no whole number from 0 on, for a claim of another shape, and for an expression that has no
    value at any point that was tried.
    """
    seed = checked_seed(seed)
    return check(Study.read(expr, wrt, kind, where, assume), claim, seed)


def check(study: Study, claim: str | Expr, seed: int = 0, domain: tuple[Expr, ...] = ()) -> Verdict:
    """Check a claim about a problem that is studied; as `check_claim`, which calls it. Raises InputError.

    `domain` is what else has to be positive for a claim that is no text to have a value.
    """
    asserted, needed = read_with_domain_of(study, claim)
    return judged(study, asserted, seed, (*needed, *domain))


def judged(study: Study, asserted: Expr, seed: int = 0, domain: tuple[Expr, ...] = ()) -> Verdict:
    """Return the verdict on a claim that is read; where it refutes, with a counterexample and a diagnosis.

    `domain` is what has to be positive for the claim to have a value though the claim does not show it. Raises InputError
    where the expression has no value to be claimed.
    """
    from verify.methods.gaps import domain_evidence, gap_verdict
    from verify.methods.hollow import find_sizes, hollow_verdict

    statement = study.statement
    sizes = find_sizes(statement, asserted, seed)
    if sizes is not None and sizes.refutes:
        return hollow_verdict(statement, asserted, sizes, seed)
    evidence = gather(study, asserted, seed)
    word = add_up(evidence)
    if word != "refuted":
        gap = domain_evidence(statement, asserted, seed, domain)
        if gap is not None:
            return gap_verdict(statement, asserted, (*evidence, gap), seed, domain)
        if word not in UPHOLDING:
            return Verdict(word, tuple(evidence))
        needed = () if sizes is None else (sizes.condition(),)
        return Verdict(word, tuple(evidence), conditions=(*_conditions(study, asserted, domain), *needed))
    from verify.methods.counterexample import find_counterexample
    from verify.slips.diagnosis import diagnose

    at = next((e.details.get("sizes") for e in evidence if e.verdict == "refuted"), None)
    counterexample = find_counterexample(statement, asserted, seed, at)
    return Verdict(word, tuple(evidence), counterexample, diagnose(study, asserted, seed, at))


def _conditions(study: Study, claim: Expr, domain: tuple[Expr, ...]) -> tuple[str, ...]:
    """Return where a claim and what it is about have values: an upheld claim says nothing elsewhere."""
    with assuming(study.problem.assumptions):
        return of_value(study.statement.expr, (*study.statement.domain, *domain), claim)


def read(
    expr: str | Expr | Problem,
    wrt: Any,
    claim: str | Expr,
    kind: str = "gradient",
    where: str | Mapping[str, Any] | None = None,
    assume: str | Iterable[Any] | None = None,
) -> tuple[Problem, Statement, Expr]:
    """Return the problem, what is stated about it, and the claim in its terms. Raises InputError."""
    study = Study.read(expr, wrt, kind, where, assume)
    return study.problem, study.statement, read_of(study, claim)


def with_directions(problem: Problem) -> Problem:
    """Return the problem with a direction dX for every variable X, which claims may name."""
    symbols, shapes = dict(problem.symbols), dict(problem.shapes)
    for x in problem.wrt:
        name = f"d{x.name}"
        if name not in symbols:
            symbols[name] = MatrixSymbol(name, *x.shape) if x.is_Matrix else Symbol(name, real=True)
            shapes[name] = shapes[x.name]
    return replace(problem, symbols=symbols, shapes=shapes, definitions=(), notes=())


def read_of(study: Study, claim: str | Expr) -> Expr:
    """Return a claim in the terms of the problem that is studied, which may name its directions. Raises InputError."""
    return read_with_domain_of(study, claim)[0]


def read_with_domain_of(study: Study, claim: str | Expr) -> tuple[Expr, tuple[Expr, ...]]:
    """Return a claim, as `read_of`, and what else has to be positive for it to have a value. Raises InputError."""
    problem, statement = study.problem, study.statement
    directed = statement.kind in ("hessian", "differential")
    scope = with_directions(problem) if directed else problem
    shapes = statement.claim_shapes()
    errors = []
    for shape in shapes:
        try:
            return read_with_domain(claim, scope, shape)
        except InputError as error:
            errors.append(error)
    try:
        found, _ = read_with_domain(claim, scope)
    except InputError:
        raise errors[0] from None  # not the shape, but what it says
    have = algebra.shape(found)
    if have in shapes:
        raise errors[0]
    from verify.slips.wrong_shapes import explained

    said = explained(problem, statement, found)
    differ = f"the claim is {_by(have)}, {statement.name} {_by(shapes[0])}"
    raise InputError(f"{differ}: {said}" if said else differ)


def _by(shape: tuple[Any, Any]) -> str:
    return "a scalar" if shape == (1, 1) else f"{shape[0]} x {shape[1]}"


# ----------------------------------------------------------------------------------------- the evidence


def gather(study: Study, claim: Expr, seed: int = 0) -> list[Evidence]:
    """Return what symbols, a prime field and real balls say of a claim."""
    from verify.methods.exact import ball_evidence, field_evidence

    problem, statement = study.problem, study.statement
    symbolic = symbolic_evidence(study, claim)
    general = _for_letters(problem, statement, claim, seed)
    if general:
        return [symbolic, *general]
    exact = field_evidence(statement, claim, seed)
    # Where a prime field has decided, one real point still shows that there is something to differentiate.
    balls = ball_evidence(statement, claim, seed, quick=exact.verdict == "certified")
    found = [symbolic, exact, balls]
    words = {e.verdict for e in found}
    if "refuted" in words and words & {"proved", "certified"}:
        raise InternalError(
            f"the methods contradict each other on the {statement.kind} of {problem.expr}"
            f"{' by ' if statement.wrt else ''}{', '.join(statement.wrt)}: "
            + "; ".join(f"{e.method}: {e.verdict}" for e in found)
        )
    return found


def _for_letters(problem: Problem, statement: Statement, claim: Expr, seed: int) -> list[Evidence]:
    """Return what upholds a claim with letters for its large sizes, nothing where there are none or it does not."""
    from verify.methods.exact import ball_evidence, field_evidence

    general = lettered(problem, [claim])
    if general is None:
        return []
    try:
        stated, asserted = Statement.of(general[0], statement.kind), general[1][0]
        exact = field_evidence(stated, asserted, seed)
        found = [exact, ball_evidence(stated, asserted, seed, quick=exact.verdict == "certified")]
    except (InputError, ValueError, TypeError, AttributeError):
        return []
    return found if add_up(found) in ("certified", "agrees") else []


def symbolic_evidence(study: Study, claim: Expr) -> Evidence:
    """Return proved where the derived result and the claim have the same normal form."""
    start = time.perf_counter()
    try:
        result = study.derived(claim)
    except InputError as reason:
        return Evidence(
            "normal form", "inconclusive", f"not derived: {reason}", {}, time.perf_counter() - start
        )
    with assuming(study.problem.assumptions):
        same = equal(result, claim)
    whose = "the left side" if study.statement.is_value else "the derived result"
    figure = f"{whose} has the same normal form" if same else "the normal forms differ"
    word: Word = "proved" if same else "inconclusive"
    return Evidence("normal form", word, figure, {}, time.perf_counter() - start)
