"""derive's answers, given back only after an independent check.

The rule table makes the result; dual numbers at random points of a prime field, or balls where a function is not
rational, check it. A result that fails is withheld.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from sympy import Expr

from derive import api
from derive.code import Plan
from derive.derivation import Derivation
from derive.errors import InputError, InternalError
from derive.language.text import to_text
from derive.problem import Problem
from verify.code import judge, said
from verify.methods.exact import ball_evidence, field_evidence, has_a_value
from verify.methods.float_methods import float_evidence
from verify.methods.large_sizes import lettered
from verify.seeds import checked_seed
from verify.statement import Statement
from verify.verdict import DOES_NOT_APPLY, Evidence, Word, add_up

Where = str | Mapping[str, Any] | None
Assume = str | Iterable[Any] | None

NOWHERE = "no point was found at which the expression has a real value"


@dataclass(frozen=True, repr=False)
class Checked(Derivation):
    """A derivation with the evidence for its result; `seconds` is the time for both."""

    evidence: tuple[Evidence, ...] = ()
    verdict: Word = "inconclusive"
    seconds: float = 0.0

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, {self.verdict}>"

    def judged(self, plan: Plan, value: bool) -> list[str]:
        """Return the evidence that a plan computes the derivative. Raises InternalError where it does not."""
        return said(judge(self, plan, value))

    def to_dict(self) -> dict[str, Any]:
        """Return the derivation, its verdict and its evidence as a JSON-ready dictionary."""
        return {
            **super().to_dict(),
            "verdict": self.verdict,
            "evidence": [e.to_dict() for e in self.evidence],
            "seconds": self.seconds,
        }


def gradient(
    expr: str | Expr | Problem,
    wrt: Any,
    where: Where = None,
    assume: Assume = None,
    seed: int = 0,
    on: str | None = None,
) -> Checked:
    """Return the checked gradient of a scalar expression; as `derive.gradient`, which it calls.

    Raises InputError as that does, and where the expression has no value at any point tried; raises
    InternalError where the result fails its check.
    """
    start = time.perf_counter()
    return checked(api.gradient(expr, wrt, where, assume, on), seed, start)


def jacobian(
    expr: str | Expr | Problem, wrt: Any, where: Where = None, assume: Assume = None, seed: int = 0
) -> Checked:
    """Return the checked Jacobian; as `derive.jacobian`, which it calls. Raises as `gradient` does."""
    start = time.perf_counter()
    return checked(api.jacobian(expr, wrt, where, assume), seed, start)


def hessian(
    expr: str | Expr | Problem,
    wrt: Any,
    where: Where = None,
    assume: Assume = None,
    form: str = "operator",
    seed: int = 0,
) -> Checked:
    """Return the checked Hessian; as `derive.hessian`, which it calls. Raises as `gradient` does."""
    start = time.perf_counter()
    return checked(api.hessian(expr, wrt, where, assume, form), seed, start)


def differential(
    expr: str | Expr | Problem, wrt: Any, where: Where = None, assume: Assume = None, seed: int = 0
) -> Checked:
    """Return the checked differential; as `derive.differential`, which it calls. Raises as `gradient` does."""
    start = time.perf_counter()
    return checked(api.differential(expr, wrt, where, assume), seed, start)


def checked(derivation: Derivation, seed: int = 0, start: float | None = None) -> Checked:
    """Return a derivation with evidence for its result. Raises InternalError where it is refuted or undecided."""
    seed = checked_seed(seed)
    start = time.perf_counter() if start is None else start
    statements = _statements(derivation)
    evidence: list[Evidence] = []
    words = []
    for name, problem, kind, result in statements:
        statement = Statement.of(problem, kind)
        found = _found_for_letters(problem, kind, result, seed) or _found(statement, result, seed)
        word = add_up(found)
        if word not in ("certified", "agrees"):
            wrt = ", ".join(statement.wrt)
            raise InternalError(
                f"the {derivation.kind} of {to_text(derivation.problem.expr)} by {wrt} did not pass its own check and "
                f"is withheld: {found[-1].method}, {found[-1].figure}"
            )
        words.append(word)
        evidence += [replace(e, method=f"{e.method}, by {name}") for e in found] if name else found
    own = {f.name: getattr(derivation, f.name) for f in fields(Derivation)}
    first = lettered(statements[0][1])
    shown = Statement.of(first[0] if first else statements[0][1], statements[0][2])
    if len(evidence) == len(statements) and not has_a_value(shown, seed):
        own["notes"] = (*derivation.notes, NOWHERE)
    word = "agrees" if "agrees" in words else "certified"
    return Checked(**own, evidence=tuple(evidence), verdict=word, seconds=time.perf_counter() - start)


def _found(statement: Statement, result: Expr, seed: int) -> list[Evidence]:
    """Return what numbers say of a derived result."""
    found = [field_evidence(statement, result, seed, quick=True)]
    if found[0].verdict == "inconclusive":
        found.append(ball_evidence(statement, result, seed, quick=True))
        if found[1].figure.startswith(DOES_NOT_APPLY):  # a function that only floats compute
            found.append(float_evidence(statement, result, "central differences", seed))
    return found


def _found_for_letters(problem: Problem, kind: str, result: Expr, seed: int) -> list[Evidence]:
    """Return what upholds a result with letters for its large sizes, nothing where there are none or it does not."""
    general = lettered(problem, [result])
    if general is None:
        return []
    try:
        found = _found(Statement.of(general[0], kind), general[1][0], seed)
    except (InputError, ValueError, TypeError, AttributeError):
        return []
    return found if add_up(found) in ("certified", "agrees") else []


def _statements(d: Derivation) -> list[tuple[str, Problem, str, Expr]]:
    """Return what is stated, each with the name of its part: by several variables one a variable, or one a block.

    A block of a Hessian is the Jacobian of a gradient that is stated, too.
    """
    if not d.parts:
        return [("", d.problem, d.kind, d.result)]
    first = [] if d.kind != "hessian" or d.inner is None else _statements(d.inner)
    return [*first, *((p.key, p.problem, p.kind, p.result) for p in d.parts)]
