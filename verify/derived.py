"""derive's answers, given back only after an independent check.

The rule table makes the result; dual numbers at random points of a prime field, or balls where a function is not
rational, check it. A result that fails is withheld.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sympy import Expr

from derive import api
from derive.derivation import Derivation
from derive.errors import InternalError
from derive.language.text import to_text
from derive.problem import Problem
from verify.exact import ball_evidence, field_evidence, has_a_value
from verify.seeds import checked_seed
from verify.statement import Statement
from verify.verdict import Evidence, Word, add_up

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

    def to_dict(self) -> dict[str, Any]:
        """Return the derivation, its verdict and its evidence as a JSON-ready dictionary."""
        return {
            **super().to_dict(),
            "verdict": self.verdict,
            "evidence": [e.to_dict() for e in self.evidence],
            "seconds": self.seconds,
        }


def gradient(
    expr: str | Expr | Problem, wrt: Any, where: Where = None, assume: Assume = None, seed: int = 0
) -> Checked:
    """Return the checked gradient of a scalar expression; as `derive.gradient`, which it calls.

    Raises InputError as that does, and where the expression has no value at any point tried; raises
    InternalError where the result fails its check.
    """
    start = time.perf_counter()
    return checked(api.gradient(expr, wrt, where, assume), seed, start)


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
    statement = Statement.of(derivation.problem, derivation.kind)
    evidence = [field_evidence(statement, derivation.result, seed, quick=True)]
    if evidence[0].verdict == "inconclusive":
        evidence.append(ball_evidence(statement, derivation.result, seed, quick=True))
    word = add_up(evidence)
    if word not in ("certified", "agrees"):
        wrt = ", ".join(statement.wrt)
        raise InternalError(
            f"the {derivation.kind} of {to_text(derivation.problem.expr)} by {wrt} did not pass its own check and "
            f"is withheld: {evidence[-1].method}, {evidence[-1].figure}"
        )
    own = {f.name: getattr(derivation, f.name) for f in fields(Derivation)}
    if len(evidence) == 1 and not has_a_value(statement, seed):
        own["notes"] = (*derivation.notes, NOWHERE)
    return Checked(**own, evidence=tuple(evidence), verdict=word, seconds=time.perf_counter() - start)
