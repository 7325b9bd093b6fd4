"""The measured power of checks: wrong formulas refuted, right ones upheld, over the whole catalogue.

    python -m verify.power [--peers] [--format table|json] [--limit N] [--seed S] [--jobs N]

Every catalogued expression gives the derivative that the catalogue states, as printed and as derived, its
differential and, where it is a scalar, its Hessian. `verify.power.mutants` makes wrong formulas of all of them. Right and wrong
ones go to `check_claim`'s verdict, and with `--peers` to the methods on floats, of this package and of others where
installed: at well-conditioned points, and at points with matrices of condition number 1e8.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, NamedTuple

import numpy as np
from sympy import Expr

from derive.errors import InputError, InternalError
from derive.language.text import to_text
from derive.results import RESULTS
from derive.results.cookbook import cookbook
from verify.callables.gradients import check_gradient
from verify.claims import gather, read
from verify.methods.float_methods import METHODS, float_evidence
from verify.points.stretch import stretched
from verify.power.mutants import SLIPS, Mutant, with_units, wrong_formulas
from verify.power.peers import ask, installed
from verify.power.plain import Plain, plain
from verify.statement import Statement
from verify.study import Study
from verify.verdict import UPHOLDING, Word, add_up
from verify.workers import Workers

Placing = Callable[[Statement], Statement]

#: Where the checks are made: a name, and what it makes of a statement.
POINTS: dict[str, Placing] = {
    "well-conditioned": lambda statement: statement,
    "condition number 1e8": stretched,
}
#: Seconds that the checks of one derivative may take.
TIME_LIMIT = 7200.0
#: The verdict whose misses are listed.
VERDICT = "gradproof check_claim"
FLOATS = "gradproof check_gradient"
#: Before the methods that a verdict adds up.
PART = "- "
#: What a right formula counts as, beside the slips.
RIGHT = "right"

Words = dict[str, Word]


# ------------------------------------------------------------------------------------------ what is checked


class Task(NamedTuple):
    """A catalogued expression, by its place in the catalogue, and the kind of derivative."""

    place: int
    name: str
    kind: str


@dataclass(frozen=True)
class Stated:
    """A catalogued derivative: its study, and all right formulas, no two of them the same."""

    study: Study
    right: tuple[Expr, ...]


def _entries() -> list[tuple[str, Any, tuple[str, ...]]]:
    printed = [(e.id, e, (e.result,)) for e in cookbook()]
    return [*printed, *[(r.name, r, r.claims) for r in RESULTS]]


def tasks() -> list[Task]:
    """Return every derivative of every catalogued expression, the longest first."""
    out = []
    for i, (name, entry, _) in enumerate(_entries()):
        kinds = [entry.kind, "differential"]
        if entry.kind == "gradient" and "structured" not in entry.assume:
            kinds.append("hessian")
        out += [Task(i, name, kind) for kind in dict.fromkeys(kinds)]
    return sorted(out, key=lambda task: task.kind != "hessian")


def stated(task: Task) -> Stated:
    """Return a task's problem and formulas."""
    _, entry, claims = _entries()[task.place]
    formulas = []
    for claim in claims:
        problem, statement, formula = read(
            entry.expr, entry.wrt, claim, entry.kind, entry.where, entry.assume
        )
        formulas.append(formula)
    if task.kind != entry.kind:
        statement, formulas = Statement.of(problem, task.kind), []
    study = Study(problem, statement)
    result = study.derived(*formulas[:1])
    return Stated(study, tuple(dict.fromkeys([*formulas, result])))


# --------------------------------------------------------------------------------------------- the checkers


class Check:
    """A derivative at one kind of points, and what the checkers say of claims there.

    `trouble` tells why there was no verdict on the last claim: methods that contradict each other, for one.
    """

    trouble: str = ""

    def __init__(self, case: Stated, place: Placing, seed: int, peers: bool) -> None:
        self.case, self.seed = case, seed
        self.statement = with_units(place(case.study.statement), case.right[0])
        self.study = case.study.at(self.statement)
        self.plain = plain(self.statement, case.right[0], seed)
        self.floats, self.peers = peers, installed() if peers else {}

    def conditions(self) -> list[float]:
        """Return the condition numbers of the matrices at the point of the float checks."""
        if self.plain is None:
            return []
        names = {s.name for s in self.statement.expr.free_symbols}
        values = [v for name, v in self.plain.values.items() if name in names]
        return [float(np.linalg.cond(v)) for v in values if min(v.shape) > 1]

    def words(self, claim: Expr) -> Words:
        """Return what every checker says of a claim."""
        out = self._verdict(claim)
        if self.floats:
            methods = [float_evidence(self.statement, claim, method, self.seed) for method in METHODS]
            out |= {f"gradproof {e.method} (float64)": e.verdict for e in methods}
        if self.floats and self.plain is not None:
            out |= self._gradient(self.plain, claim)
            out |= {name: ask(checker, self.plain, claim) for name, checker in self.peers.items()}
        return out

    def _verdict(self, claim: Expr) -> Words:
        self.trouble = ""
        try:
            evidence = gather(self.study, claim, self.seed)
        except (InputError, InternalError) as error:
            self.trouble = str(error)
            return {VERDICT: "inconclusive"}
        parts: Words = {f"{PART}{e.method}": e.verdict for e in evidence if e.method != "normal form"}
        return {VERDICT: add_up(evidence), **parts}

    def _gradient(self, at: Plain, claim: Expr) -> Words:
        try:
            verdict = check_gradient(at.f, lambda x: at.gradient(claim, x), at.x, seed=self.seed)
        except InputError:  # no finite value
            return {FLOATS: "inconclusive"}
        parts: Words = {f"{PART}{e.method}": e.verdict for e in verdict.evidence}
        return {FLOATS: verdict.verdict, **parts}


# --------------------------------------------------------------------------------------------- the measurement


class Key(NamedTuple):
    """What is counted: the kind of points, the checker, the slip (or `RIGHT`), and the checker's word."""

    points: str
    checker: str
    slip: str
    word: Word


@dataclass
class Power:
    """How often each checker said each word, and the claims on which `check_claim`'s verdict was wrong or missing."""

    counts: Counter[Key] = field(default_factory=Counter)
    misses: list[dict[str, str]] = field(default_factory=list)
    removed: Counter[str] = field(default_factory=Counter)
    conditions: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in POINTS})

    def add(self, other: Power) -> None:
        """Add what another part of the catalogue gave."""
        self.counts += other.counts
        self.misses += other.misses
        self.removed += other.removed
        for name, found in other.conditions.items():
            self.conditions[name] += found

    def count(self, task: Task, points: str, at: Check, claim: Expr, slip: str, piece: Expr) -> None:
        """Count what the checkers say of a claim, right or with a slip in one piece."""
        words = at.words(claim)
        for checker, word in words.items():
            self.counts[Key(points, checker, slip, word)] += 1
        word = words[VERDICT]
        missed = word not in UPHOLDING if slip == RIGHT else word != "refuted"
        if missed:
            place = {"result": task.name, "kind": task.kind, "points": points}
            said = {"verdict": word, "trouble": at.trouble}
            self.misses.append({**place, "slip": slip, "piece": to_text(piece), **said})

    def total(self, points: str, checker: str, *slips: str) -> int:
        """Return how many formulas a checker was asked about."""
        return sum(n for k, n in self.counts.items() if k[:2] == (points, checker) and k.slip in slips)

    def said(self, word: Word, points: str, checker: str, *slips: str) -> int:
        """Return how often a checker said a word."""
        return sum(self.counts[Key(points, checker, slip, word)] for slip in slips)

    def checkers(self) -> list[str]:
        """Return the checkers, in the order of the tables."""
        return list(dict.fromkeys(key.checker for key in self.counts))

    def row(self, points: str, checker: str) -> dict[str, Any]:
        """Return a checker's figures at one kind of points."""
        right = self.total(points, checker, RIGHT)
        refuted = self.said("refuted", points, checker, RIGHT)
        return {
            "mutants": self.total(points, checker, *SLIPS),
            "mutants_refuted": self.said("refuted", points, checker, *SLIPS),
            "mutants_inconclusive": self.said("inconclusive", points, checker, *SLIPS),
            "right": right,
            "right_refuted": refuted,
            "right_inconclusive": self.said("inconclusive", points, checker, RIGHT),
            "by_slip": {
                slip: [self.said("refuted", points, checker, slip), self.total(points, checker, slip)]
                for slip in SLIPS
            },
        }

    def to_dict(self) -> dict[str, Any]:
        """Return all figures, JSON-ready."""
        return {
            "points": {
                points: {
                    "median_condition": float(np.median(self.conditions[points] or [1.0])),
                    "checkers": {c: self.row(points, c) for c in self.checkers()},
                }
                for points in POINTS
            },
            "removed": dict(self.removed),
            "misses": self.misses,
        }


def measure_one(
    task: Task, *, peers: bool = False, limit: int | None = None, seed: int = 0, check: type[Check] = Check
) -> Power:
    """Return the power of the checkers on one derivative, and at most `limit` of its mutants."""
    out = Power()
    case = stated(task)
    found = wrong_formulas(case.study.statement, *case.right, seed=seed)
    out.removed.update(equal=found.equal, repeated=found.repeated, undefined=found.undefined)
    wrong: list[Mutant] = list(found.wrong.values())
    if limit is not None and len(wrong) > limit:
        wrong = Random(f"limit {seed} {task}").sample(wrong, limit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # floats overflow, and checkers say so
        for points, place in POINTS.items():
            at = check(case, place, seed, peers)
            out.conditions[points] += at.conditions()
            for formula in case.right:
                out.count(task, points, at, formula, RIGHT, formula)
            for mutant in wrong:
                out.count(task, points, at, mutant.formula, mutant.slip, mutant.piece)
    return out


def measure(
    which: Sequence[Task] | None = None,
    *,
    peers: bool = False,
    limit: int | None = None,
    seed: int = 0,
    jobs: int = 1,
    check: type[Check] = Check,
    done: Callable[[], None] = lambda: None,
) -> Power:
    """Return the power of the checkers on derivatives (all of them), the same for any number of jobs.

    `limit` is the largest number of mutants of one derivative, `check` what asks the checkers; `done` is called after
    each derivative.
    """
    todo = tasks() if which is None else list(which)
    work = partial(measure_one, peers=peers, limit=limit, seed=seed, check=check)
    out = Power()
    for part in _each(work, todo, jobs):
        out.add(part)
        done()
    return out


def _each(work: Callable[[Task], Power], todo: Sequence[Task], jobs: int) -> Iterator[Power]:
    if jobs == 1:
        yield from map(work, todo)
        return
    with Workers(jobs, TIME_LIMIT, "verify.power.measured") as pool:
        try:
            yield from pool.map(work, todo)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


# --------------------------------------------------------------------------------------------------- the tables


def share(part: int, whole: int) -> str:
    """Return a percentage that says 0 or 100 only where that is exact."""
    if not whole:
        return "-"
    if part in (0, whole):
        return "100 %" if part else "0 %"
    return f"{min(max(round(100 * part / whole, 2), 0.01), 99.99):.2f} %"


def tables(power: Power) -> str:
    """Return the figures as two tables in Markdown: one row a checker, and one row a slip."""
    return f"{_by_checker(power)}\n\n{_by_slip(power)}"


def _by_checker(power: Power) -> str:
    columns = ("mutants refuted", "right refuted", "right not upheld")
    head = ["checker", *[f"{points}: {c}" for points in POINTS for c in columns]]
    rows = []
    for checker in power.checkers():
        cells = [checker]
        for points in POINTS:
            row = power.row(points, checker)
            lost = row["right_refuted"] + row["right_inconclusive"]
            cells += [
                f"{share(row['mutants_refuted'], row['mutants'])} of {row['mutants']}",
                f"{row['right_refuted']} of {row['right']}",
                f"{lost} of {row['right']}",
            ]
        rows.append(cells)
    return _markdown(head, rows)


def _by_slip(power: Power) -> str:
    checkers = [c for c in power.checkers() if not c.startswith(PART)]
    rows = []
    for points in POINTS:
        for slip in SLIPS:
            figures = [power.row(points, c)["by_slip"][slip] for c in checkers]
            rows.append([points, slip, str(figures[0][1]), *[share(*pair) for pair in figures]])
    return _markdown(["refuted at points", "slip", "mutants", *checkers], rows)


def _markdown(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


# -------------------------------------------------------------------------------------------------- the command


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Give what is to be called after each part: it moves a bar on a terminal, and is silent in a pipe."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("measuring", total=total)
        yield lambda: bar.advance(shown)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0 if every mutant was refuted and every right formula upheld, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m verify.power", description="The measured power of checks."
    )
    parser.add_argument(
        "--peers", action="store_true", help="ask the methods on floats, of this package and of others, too"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--limit", type=_positive, help="the largest number of mutants of one derivative")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=_positive, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    start = time.perf_counter()
    todo = tasks()
    with _progress(len(todo)) as done:
        power = measure(
            todo, peers=given.peers, limit=given.limit, seed=given.seed, jobs=given.jobs, done=done
        )
    seconds = time.perf_counter() - start
    if given.format == "json":
        print(json.dumps({**power.to_dict(), "seed": given.seed, "seconds": seconds}, indent=2))
    else:
        print(tables(power))
        conditions = ", ".join(
            f"{np.median(found):.1e} ({points})" for points, found in power.conditions.items()
        )
        print(f"\nMedian condition number of the matrices: {conditions}.")
        print(f"Seed {given.seed}, {seconds:.0f} s with {given.jobs} jobs.")
        for miss in power.misses:
            print("missed: " + ", ".join(f"{name} {value}" for name, value in miss.items()))
    return 1 if power.misses else 0
