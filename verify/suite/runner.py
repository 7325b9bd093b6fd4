"""Every catalogued result times every method, over processes; what is finished is kept, whatever happens.

The answer does not depend on the number of jobs: each task draws from the seed alone, and rows are in the order of
the catalogue.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any, Literal

from derive.errors import InputError
from verify.seeds import checked_seed
from verify.suite.tasks import Finding, Task, run_task, tasks
from verify.verdict import UPHOLDING, Word
from verify.workers import TimeLimitError, WorkerDiedError, Workers

#: Seconds that one task may take, unless said otherwise.
TIME_LIMIT = 300.0

Outcome = Literal["passed", "failed", "undecided", "does not apply", "died", "time limit", "error", "not run"]
#: The outcomes that leave a suite without a clean answer.
BAD: tuple[Outcome, ...] = ("failed", "died", "time limit", "error", "not run")


@dataclass(frozen=True)
class Row:
    """One result by one method. `undecided`: it cannot tell; a prime field *does not apply* to exp."""

    name: str
    method: str
    outcome: Outcome
    verdict: Word | None
    figure: str
    seconds: float = 0.0

    @property
    def is_slip(self) -> bool:
        """Whether the row is about a wrong answer, which is to be refuted."""
        return self.method.startswith("slip")

    def to_dict(self) -> dict[str, Any]:
        """Return the row as a JSON-ready dictionary."""
        return {
            "name": self.name,
            "method": self.method,
            "outcome": self.outcome,
            "verdict": self.verdict,
            "figure": self.figure,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class ResultRows:
    """One result with the rows of all its methods and slips."""

    name: str
    rows: tuple[Row, ...]

    @property
    def outcome(self) -> Literal["holds", "failed", "undecided"]:
        """Failed where anything went wrong, undecided where no method upholds it or a slip is not refuted."""
        if any(row.outcome in BAD for row in self.rows):
            return "failed"
        upheld = any(row.outcome == "passed" and not row.is_slip for row in self.rows)
        refuted = all(row.outcome == "passed" for row in self.rows if row.is_slip)
        return "holds" if upheld and refuted else "undecided"

    @property
    def verdict(self) -> Word:
        """What the methods add up to."""
        words = [row.verdict for row in self.rows if row.verdict is not None and not row.is_slip]
        if "refuted" in words:
            return "refuted"
        return next((word for word in UPHOLDING if word in words), "inconclusive")


@dataclass(frozen=True)
class SuiteReport:
    """All rows, in the order of the catalogue. True as a bool if every result holds and nothing went wrong."""

    rows: tuple[Row, ...]
    seed: int
    jobs: int
    seconds: float
    interrupted: bool = False
    counts: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            self.counts[row.outcome] = self.counts.get(row.outcome, 0) + 1

    def __bool__(self) -> bool:
        return not self.interrupted and all(result.outcome == "holds" for result in self.results)

    @property
    def results(self) -> list[ResultRows]:
        """The rows, gathered by result."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.name, []).append(row)
        return [ResultRows(name, tuple(rows)) for name, rows in found.items()]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a JSON-ready dictionary."""
        return {
            "seed": self.seed,
            "jobs": self.jobs,
            "seconds": self.seconds,
            "interrupted": self.interrupted,
            "holds": bool(self),
            "counts": dict(self.counts),
            "rows": [row.to_dict() for row in self.rows],
        }

    def __str__(self) -> str:
        width = max((len(r.name) for r in self.rows), default=0)
        lines = [f"{r.name:<{width}}  {r.outcome:<14} {r.method}: {r.figure}" for r in self.rows]
        lines.append(", ".join(f"{n} {outcome}" for outcome, n in self.counts.items()) or "nothing to do")
        lines.append(
            f"seed {self.seed}, {self.seconds:.1f} s" + (", interrupted" if self.interrupted else "")
        )
        return "\n".join(lines)


def run_suite(
    names: Iterable[str] = (),
    *,
    jobs: int | None = None,
    seed: int = 0,
    executor: Executor | None = None,
    time_limit: float = TIME_LIMIT,
    progress: Callable[[int, int, Row], None] | None = None,
) -> SuiteReport:
    """Check the named results of the catalogue (all if none is named) by every method that applies.

    The tasks run in `jobs` processes (one a core if None), each task for at most `time_limit` seconds; or on a
    `concurrent.futures` executor, such as that of a Dask client (`client.get_executor()`), which is neither
    started nor shut down here: there, what gives no result while nothing else does either for `time_limit` seconds
    counts as having exceeded it. `progress(done, total, row)` is called after each task. A worker that dies, a
    task that takes too long, an executor that breaks and Ctrl-C are reported in the rows; nothing that is
    finished is lost.

    Raises InputError for unknown names, fewer than one job, a seed that is no whole number from 0 on, or a time limit that is not positive.
    """
    start = time.perf_counter()
    if jobs is not None and jobs < 1:
        raise InputError(f"the number of jobs is {jobs}: give 1 or more")
    if not time_limit > 0:
        raise InputError(f"the time limit is {time_limit:g} s: give a positive one")
    seed = checked_seed(seed)
    wanted = tasks(names)
    count = jobs or min(len(wanted), os.cpu_count() or 1)
    own = None if executor is not None else Workers(min(count, max(len(wanted), 1)), time_limit)
    collector = _Collector(wanted, progress)
    try:
        pool = executor if executor is not None else own
        assert pool is not None
        collector.submit(pool, seed)
        collector.collect(None if own is not None else time_limit)
    except KeyboardInterrupt:
        collector.interrupted = True
    finally:
        collector.cancel()
        if own is not None:
            own.shutdown(wait=True, cancel_futures=True)
    return SuiteReport(collector.rows(), seed, count, time.perf_counter() - start, collector.interrupted)


class _Collector:
    """The futures of all tasks, and the rows of those that are done."""

    def __init__(self, wanted: list[Task], progress: Callable[[int, int, Row], None] | None) -> None:
        self.wanted, self.progress = wanted, progress
        self.done: dict[int, Row] = {}
        self.futures: dict[Future[Finding], int] = {}
        self.interrupted = False

    def submit(self, pool: Executor, seed: int) -> None:
        """Hand all tasks to an executor."""
        for k, task in enumerate(self.wanted):
            try:
                self.futures[pool.submit(run_task, task, seed)] = k
            except (BrokenExecutor, RuntimeError) as error:
                self._add(k, _row(task, "not run", f"the executor takes no more tasks: {error}"))

    def collect(self, patience: float | None) -> None:
        """Wait for the rows; no longer than `patience` seconds for the next one."""
        outstanding = set(self.futures)
        while outstanding:
            finished, outstanding = wait(outstanding, patience, FIRST_COMPLETED)
            for future in sorted(finished, key=self.futures.__getitem__):
                k = self.futures[future]
                self._add(k, _outcome(self.wanted[k], future))
            if not finished:
                for future in outstanding:
                    k = self.futures[future]
                    self._add(k, _row(self.wanted[k], "time limit", f"no result within {patience:g} s"))
                return

    def cancel(self) -> None:
        """Cancel what has not begun."""
        for future in self.futures:
            future.cancel()

    def rows(self) -> tuple[Row, ...]:
        """Return a row for every task, in order."""
        why = "interrupted" if self.interrupted else "no result"
        return tuple(self.done.get(k) or _row(t, "not run", why) for k, t in enumerate(self.wanted))

    def _add(self, k: int, row: Row) -> None:
        self.done[k] = row
        if self.progress is not None:
            self.progress(len(self.done), len(self.wanted), row)


def _outcome(task: Task, future: Future[Finding]) -> Row:
    try:
        found = future.result()
    except TimeLimitError as error:
        return _row(task, "time limit", str(error))
    except (WorkerDiedError, BrokenExecutor) as error:
        return _row(task, "died", str(error) or "the worker died")
    except CancelledError:
        return _row(task, "not run", "cancelled")
    except Exception as error:  # a fault of one task is not the end of the suite
        return _row(task, "error", str(error) or type(error).__name__)
    outcome: Outcome = "passed" if found.passed else "failed"
    if found.passed is None:
        outcome = "undecided" if found.applies else "does not apply"
    return Row(task.name, found.label, outcome, found.verdict, found.figure, found.seconds)


def _row(task: Task, outcome: Outcome, figure: str) -> Row:
    return Row(task.name, task.method, outcome, None, figure)
