"""What the suite runs: every catalogued result times every method that applies, each a task for a process."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from derive import api
from derive.errors import InputError
from derive.moments.catalogue import MOMENT_RESULTS, expand_groups
from derive.moments.result import MomentResult
from derive.results import RESULTS
from derive.results.cookbook import cookbook
from verify.claims import read, symbolic_evidence
from verify.exact import ball_evidence, field_evidence
from verify.float_methods import METHODS, float_evidence
from verify.layouts import derived
from verify.moments.catalogued import measure_check, measure_slip
from verify.steps import check_steps
from verify.verdict import DOES_NOT_APPLY, UPHOLDING, Evidence, Word


@dataclass(frozen=True)
class Entry:
    """A catalogued derivative: the problem, the printed forms of the answer, and wrong ones with their labels."""

    name: str
    expr: str
    wrt: str
    kind: str
    where: str
    assume: str
    claims: tuple[str, ...]
    slips: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Task:
    """One method on one catalogued result; `part` says which slip or which moment."""

    name: str
    method: str
    part: int = 0


@dataclass(frozen=True)
class Finding:
    """What a task found. `passed` is None where the method cannot tell, or `applies` not at all."""

    verdict: Word
    passed: bool | None
    figure: str
    label: str
    seconds: float
    applies: bool = True


@cache
def entries() -> dict[str, Entry | MomentResult]:
    """Return the whole catalogue by name, in its order."""
    out: dict[str, Entry | MomentResult] = {}
    for r in RESULTS:
        slips = tuple((s.label, s.claim) for s in r.slips)
        out[r.name] = Entry(r.name, r.expr, r.wrt, r.kind, r.where, r.assume, r.claims, slips)
    for m in MOMENT_RESULTS:
        out[m.name] = m
    for e in cookbook():
        out[e.id] = Entry(e.id, e.expr, e.wrt, e.kind, e.where, e.assume, (e.result,))
    return out


def tasks(names: Iterable[str] = ()) -> list[Task]:
    """Return the tasks of the named results, of all if none is named. Raises InputError for an unknown name."""
    known = entries()
    wanted = expand_groups(names) or list(known)
    out: list[Task] = []
    for name in wanted:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, 1)
            mend = f"did you mean {near[0]}?" if near else "`gradproof list` shows the names"
            raise InputError(f"no result is named {name}: {mend}")
        entry = known[name]
        if isinstance(entry, MomentResult):
            out += [Task(name, check.method, k) for k, check in enumerate(entry.checks)]
            out += [Task(name, "slip", k) for k in range(len(entry.slips))]
        else:
            out += [Task(name, method) for method in DERIVATIVE_METHODS]
            out += [Task(name, "slip", k) for k in range(len(entry.slips))]
    return out


def run_task(task: Task, seed: int) -> Finding:
    """Run one task. The same seed gives the same finding, in whichever process."""
    start = time.perf_counter()
    entry = entries()[task.name]
    label = task.method
    if isinstance(entry, MomentResult):
        if task.method == "slip":
            slip = entry.slips[task.part]
            verdict, label = measure_slip(slip, seed, workers=1), f"slip: {slip.label}"
        else:
            check = entry.checks[task.part]
            verdict, label = measure_check(check, seed, workers=1), f"{check.method}: {check.label}"
        word, figure = verdict.verdict, verdict.evidence[0].figure
    elif task.method == "slip":
        label, claim = entry.slips[task.part]
        label = f"slip: {label}"
        word, figure = _slip(entry, claim, seed)
    else:
        word, figure = DERIVATIVE_METHODS[task.method](entry, seed)
    applies = not figure.startswith(DOES_NOT_APPLY)
    passed = _passed(word, task.method == "slip")
    return Finding(word, passed, figure, label, time.perf_counter() - start, applies)


def _passed(word: Word, is_slip: bool) -> bool | None:
    if word == "inconclusive":
        return None
    return (word == "refuted") == is_slip


# --------------------------------------------------------------------------- the methods for derivatives


def _slip(entry: Entry, claim: str, seed: int) -> tuple[Word, str]:
    """A slip is to be refuted, with a counterexample; the figure is its diagnosis."""
    from verify.claims import check_claim

    verdict = check_claim(entry.expr, entry.wrt, claim, entry.kind, entry.where, entry.assume or None, seed)
    return verdict.verdict, verdict.diagnosis or verdict.evidence[-1].figure


def _each(judge: Callable[[Any, Any, Any, int], Evidence]) -> Callable[[Entry, int], tuple[Word, str]]:
    """Return a method that holds the derived result and every printed form to the same judge."""

    def method(entry: Entry, seed: int) -> tuple[Word, str]:
        found: list[Evidence] = []
        for claim in entry.claims:
            problem, statement, asserted = read(
                entry.expr, entry.wrt, claim, entry.kind, entry.where, entry.assume or None
            )
            if not found:
                found.append(judge(problem, statement, derived(problem, statement, asserted), seed))
            found.append(judge(problem, statement, asserted, seed))
        return _weakest(found)

    return method


def _weakest(found: list[Evidence]) -> tuple[Word, str]:
    order = (*UPHOLDING, "inconclusive", "refuted")
    worst = max(found, key=lambda e: order.index(e.verdict))
    return worst.verdict, worst.figure


def _steps(entry: Entry, seed: int) -> tuple[Word, str]:
    function: Any = getattr(api, entry.kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variable that does not occur: the equation says so itself
        derivation = function(entry.expr, entry.wrt, where=entry.where, assume=entry.assume or None)
    checks = check_steps(derivation, seed)
    if not checks:
        return "agrees", "no lines: the expression is constant"
    wrong = [c.name for c in checks if c.verdict == "refuted"]
    if wrong:
        return "refuted", f"wrong at {', '.join(wrong)}"
    word, figure = _weakest([e for c in checks for e in c.evidence])
    return word, f"{len(checks)} nodes, each by duals and differences" if word == "agrees" else figure


def _by_floats(name: str) -> Callable[[Any, Any, Any, int], Evidence]:
    return lambda problem, statement, claim, seed: float_evidence(statement, claim, name, seed)


DERIVATIVE_METHODS: dict[str, Callable[[Entry, int], tuple[Word, str]]] = {
    "normal form": _each(
        lambda problem, statement, claim, seed: symbolic_evidence(problem, statement, claim)
    ),
    "prime field": _each(lambda problem, statement, claim, seed: field_evidence(statement, claim, seed)),
    "real balls": _each(lambda problem, statement, claim, seed: ball_evidence(statement, claim, seed)),
    **{name: _each(_by_floats(name)) for name in METHODS},
    "every line": _steps,
}
