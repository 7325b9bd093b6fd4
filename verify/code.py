"""Code that comes with evidence: the plan behind it, put against the derivative that it claims to compute.

A plan's values are read back as an expression (`derive.code.meaning`), every branch and every choice at run time of its
own, and held to dual numbers in a prime field or in balls, as any claim is: the formula that made the plan is not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derive.code import Plan
from derive.code.meaning import meaning
from derive.code.plan import post_order
from derive.derivation import Derivation
from derive.errors import InputError, InternalError
from derive.expression.facts import assuming
from verify.methods.exact import ball_evidence, field_evidence
from verify.statement import VALUE, Statement
from verify.verdict import Evidence


@dataclass(frozen=True)
class Judged:
    """One value of a plan, on one branch and arm, with the evidence for it."""

    what: str
    evidence: Evidence


def judge(derivation: Derivation, plan: Plan, value: bool, seed: int = 0) -> list[Judged]:
    """Return the evidence for every value of a plan.

    Raises InternalError where one of them is refuted: the code is withheld.
    """
    parts = derivation.parts or (derivation,)
    if derivation.parts and derivation.kind != "gradient":
        return []  # blocks of several variables: each formula has its evidence, their code has none of its own
    stated = [(derivation, VALUE)] if value else []
    stated += [(part, part.kind) for part in parts]
    symbols = dict(derivation.symbols())
    out: list[Judged] = []
    with assuming(derivation.problem.assumptions):
        for branch in plan.branches:
            where = " and ".join(f"{rows} > {rank}" for rows, rank in branch.condition)
            at = f" where {where}" if where and len(plan.branches) > 1 else ""
            for (part, kind), root in zip(stated, branch.outputs, strict=True):
                arms = (0, 1) if any(n.op == "choose" for n in post_order([root])) else (0,)
                statement = Statement.of(part.problem, kind)
                for arm in arms:
                    claim = meaning(root, symbols, arm)
                    found = _evidence(statement, claim, seed)
                    out.append(Judged(_named(part, kind, bool(derivation.parts)) + at, found))
                    if found.verdict == "refuted":
                        raise InternalError(
                            f"the code of the {kind} did not pass its own check and is withheld: {found.figure}"
                        )
    return out


def _named(part: Derivation, kind: str, several: bool) -> str:
    if kind == VALUE:
        return "value"
    return f"{kind} by {part.problem.wrt[0].name}" if several else kind


def _evidence(statement: Statement, claim: object, seed: int) -> Evidence:
    found = field_evidence(statement, claim, seed, quick=True)  # type: ignore[arg-type]
    if found.verdict != "inconclusive":
        return found
    try:
        return ball_evidence(statement, claim, seed, quick=True)  # type: ignore[arg-type]
    except InputError:
        return found


def said(judged: Sequence[Judged]) -> list[str]:
    """Return the evidence in words, a line a value."""
    if not judged:
        return []
    lines = dict.fromkeys(f"    {j.what}: {j.evidence.verdict}, {j.evidence.figure}" for j in judged)
    return [
        "",
        "These operations were checked against the definition of the derivative, by dual numbers:",
        *lines,
    ]
