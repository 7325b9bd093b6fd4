"""The suite: the same answer for any number of jobs, and nothing lost to what may happen to a worker."""

from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait

import pytest

from derive.errors import InputError
from tests.interrupts import interrupted
from verify import run_suite
from verify.suite.runner import SuiteReport
from verify.suite.tasks import DERIVATIVE_METHODS, Entry, entries, run_task, tasks
from verify.workers import TimeLimitError, WorkerDiedError, Workers

NAMES = ["mc-41", "softmax-jacobian"]


def answer(report: SuiteReport) -> list[tuple]:
    """The rows without the times."""
    return [(r.name, r.method, r.outcome, r.verdict, r.figure) for r in report.rows]


@pytest.fixture(scope="module")
def serial() -> SuiteReport:
    return run_suite(NAMES, jobs=1, seed=5)


def test_every_method_runs_on_every_named_result(serial):
    assert bool(serial)
    for name in NAMES:
        methods = [r.method for r in serial.rows if r.name == name]
        assert methods[: len(DERIVATIVE_METHODS)] == list(DERIVATIVE_METHODS)
    assert [r.name for r in serial.rows] == sorted((r.name for r in serial.rows), key=NAMES.index)
    assert {r.verdict for r in serial.rows if r.method.startswith("slip")} == {"refuted"}
    nothing = [(r.name, r.method) for r in serial.rows if r.outcome == "does not apply"]
    assert ("softmax-jacobian", "prime field") in nothing  # exp has no value there


def test_the_report_is_json_and_text(serial):
    data = json.loads(json.dumps(serial.to_dict()))
    assert data["seed"] == 5
    assert data["holds"] is True
    assert len(data["rows"]) == len(tasks(NAMES))
    assert {"name", "method", "outcome", "verdict", "figure", "seconds"} == set(data["rows"][0])
    assert "seed 5" in str(serial)


@pytest.mark.parametrize("kind", ["two processes", "threads", "a process pool"])
def test_the_answer_does_not_depend_on_who_computes_it(serial, kind):
    seen = []
    follow = lambda done, total, row: seen.append((done, total))
    if kind == "two processes":
        report = run_suite(NAMES, jobs=2, seed=5, progress=follow)
    else:
        pool = ThreadPoolExecutor(2) if kind == "threads" else ProcessPoolExecutor(1)
        with pool:
            report = run_suite(NAMES, executor=pool, seed=5, progress=follow)
    assert answer(report) == answer(serial)
    assert seen == [(k + 1, len(serial.rows)) for k in range(len(serial.rows))]


def test_a_moment_and_its_slip_are_measured():
    name = "relu-variance"
    first = next(t for t in tasks([name]) if t.method == "Monte Carlo")
    found = run_task(first, 0)
    assert found.passed
    assert found.verdict == "agrees"
    slip = next(t for t in tasks([name]) if t.method == "slip")
    found = run_task(slip, 0)
    assert found.passed
    assert found.verdict == "refuted"


def test_a_wrong_printed_form_fails(monkeypatch):
    wrong = Entry("wrong", "tr(A*X)", "X", "gradient", "", "", ("2*A'",), (("right after all", "A'"),))
    monkeypatch.setitem(entries(), "wrong", wrong)
    with ThreadPoolExecutor(1) as pool:
        report = run_suite(["wrong"], executor=pool)
    outcomes = {r.method: r.outcome for r in report.rows}
    decided = {m for m in DERIVATIVE_METHODS if m not in ("normal form", "every line")}
    assert {outcomes[m] for m in decided} == {"failed"}
    assert outcomes["normal form"] == "undecided"
    assert outcomes["slip: right after all"] == "failed"
    assert not report


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["gplmv"]}, "no result is named gplmv: did you mean gplvm"),
        ({"names": ["zzzz"]}, "gradproof list"),
        ({"jobs": 0}, "number of jobs is 0"),
        ({"time_limit": 0}, "time limit is 0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(InputError, match=message):
        run_suite(**arguments)


# ------------------------------------------------------------------------------ what happens to workers


def test_workers_survive_a_death_a_hang_and_an_exception():
    with Workers(1, time_limit=1.0) as pool:
        died = pool.submit(os._exit, 3)
        hangs = pool.submit(time.sleep, 60)
        raises = pool.submit(int, "three")
        no_pickle = pool.submit(lambda: 3)
        works = pool.submit(int, "3")
        with pytest.raises(WorkerDiedError, match="exit code 3"):
            died.result(30)
        with pytest.raises(TimeLimitError, match="no result within 1 s"):
            hangs.result(30)
        with pytest.raises(RuntimeError, match="ValueError: invalid literal"):
            raises.result(30)
        with pytest.raises(Exception, match="pickle"):
            no_pickle.result(30)
        assert works.result(30) == 3


def test_workers_that_are_shut_down_stop_at_once():
    pool = Workers(1, time_limit=60)
    future = pool.submit(time.sleep, 3600)
    while not future.running():
        time.sleep(0.01)
    pool.shutdown(cancel_futures=True)  # an hour, or this
    assert future.done()


class Saboteur(Executor):
    """Hands every task on, except the k-th, in whose place it runs something else when those before it are done."""

    def __init__(self, pool: Executor, k: int, fn, *args) -> None:
        self.pool, self.k, self.instead, self.count = pool, k, (fn, *args), 0

    def submit(self, fn, /, *args, **kwargs) -> Future:
        self.count += 1
        if self.count == self.k + 1:
            return self.pool.submit(*self.instead)
        future = self.pool.submit(fn, *args)
        if self.count <= self.k:
            wait([future])
        return future


@pytest.mark.parametrize(
    ("instead", "outcome", "figure"),
    [
        ((os._exit, 1), "died", "the worker died (exit code 1)"),
        ((time.sleep, 60), "time limit", "no result within 4 s"),
        ((int, "x"), "error", "ValueError"),
    ],
)
def test_what_befalls_one_task_is_reported_and_the_others_are_finished(instead, outcome, figure):
    with Workers(1, time_limit=4) as pool:
        report = run_suite(["mc-41"], executor=Saboteur(pool, 2, *instead), time_limit=300)
    assert [r.outcome for r in report.rows].count(outcome) == 1
    assert report.rows[2].outcome == outcome
    assert figure in report.rows[2].figure
    assert all(r.outcome == "passed" for k, r in enumerate(report.rows) if k != 2)
    assert not report


def test_an_executor_that_breaks_is_reported():
    with ProcessPoolExecutor(1) as pool:
        report = run_suite(["mc-41"], executor=Saboteur(pool, 0, os._exit, 1), time_limit=300)
    assert len(report.rows) == len(tasks(["mc-41"]))
    assert {r.outcome for r in report.rows} <= {"died", "not run"}


def test_an_executor_that_hangs_is_left():
    over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        report = run_suite(["mc-41"], executor=Saboteur(pool, 1, over.wait), time_limit=0.2)
        over.set()
    assert report.rows[0].outcome == "passed"
    assert {r.outcome for r in report.rows[1:]} == {"time limit"}


def test_ctrl_c_keeps_what_is_finished():
    def stop(done, total, row):
        if done == 3:
            raise KeyboardInterrupt

    report = run_suite(["mc-41"], jobs=1, progress=stop)
    assert report.interrupted
    assert not report
    assert [r.outcome for r in report.rows[:3]] == ["passed"] * 3
    assert {r.outcome for r in report.rows[3:]} == {"not run"}


def test_a_real_ctrl_c_leaves_no_process_behind():
    code = (
        "from verify import run_suite\n"
        "if __name__ == '__main__':\n"
        "    told = lambda d, t, r: print('row', flush=True)\n"
        "    report = run_suite(jobs=2, progress=told)\n"
        "    print('interrupted', report.interrupted, report.counts['not run'] < len(report.rows))\n"
    )
    _, out, err = interrupted(code, begun="row")
    assert "interrupted True True" in out, err
    assert "Traceback" not in err
