"""What the suite runs: every catalogued result times every method that applies, each a task for a process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from sympy import Expr

from derive.errors import InputError
from derive.moments.catalogue import MOMENT_RESULTS, expand_groups
from derive.moments.result import MomentResult
from derive.results import RESULTS
from derive.results.cookbook import cookbook
from verify.claims import check, read_of, symbolic_evidence
from verify.methods.exact import ball_evidence, field_evidence
from verify.methods.float_methods import METHODS, float_evidence
from verify.moments.catalogued import measure_check, measure_slip
from verify.study import Study
from verify.suite.steps import check_steps
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


@lru_cache(maxsize=4)
def study(name: str) -> Study:
    """Return the study of a catalogued derivative, whose tasks follow one another. Raises InputError."""
    entry = entries()[name]
    assert isinstance(entry, Entry)
    return Study.read(entry.expr, entry.wrt, entry.kind, entry.where, entry.assume or None)


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
    verdict = check(study(entry.name), claim, seed)
    return verdict.verdict, verdict.diagnosis or verdict.evidence[-1].figure


def _each(judge: Callable[[Study, Expr, int], Evidence]) -> Callable[[Entry, int], tuple[Word, str]]:
    """Return a method that holds the derived result and every printed form to the same judge."""

    def method(entry: Entry, seed: int) -> tuple[Word, str]:
        about = study(entry.name)
        claims = [read_of(about, claim) for claim in entry.claims]
        return _weakest([judge(about, formula, seed) for formula in (about.derived(claims[0]), *claims)])

    return method


def _weakest(found: list[Evidence]) -> tuple[Word, str]:
    order = (*UPHOLDING, "inconclusive", "refuted")
    worst = max(found, key=lambda e: order.index(e.verdict))
    return worst.verdict, worst.figure


def _steps(entry: Entry, seed: int) -> tuple[Word, str]:
    checks = check_steps(study(entry.name).derivation, seed)
    if not checks:
        return "agrees", "no lines: the expression is constant"
    wrong = [c.name for c in checks if c.verdict == "refuted"]
    if wrong:
        return "refuted", f"wrong at {', '.join(wrong)}"
    word, figure = _weakest([e for c in checks for e in c.evidence])
    return word, f"{len(checks)} nodes, each by duals and differences" if word == "agrees" else figure


def _by_floats(name: str) -> Callable[[Study, Expr, int], Evidence]:
    return lambda about, claim, seed: float_evidence(about.statement, claim, name, seed)


DERIVATIVE_METHODS: dict[str, Callable[[Entry, int], tuple[Word, str]]] = {
    "normal form": _each(lambda about, claim, seed: symbolic_evidence(about, claim)),
    "prime field": _each(lambda about, claim, seed: field_evidence(about.statement, claim, seed)),
    "real balls": _each(lambda about, claim, seed: ball_evidence(about.statement, claim, seed)),
    **{name: _each(_by_floats(name)) for name in METHODS},
    "every line": _steps,
}
