"""Whatever process dies, its task gets an outcome and the run an end; and no process runs what lies in a folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import time
from multiprocessing import forkserver
from pathlib import Path

import pytest

from verify.workers import WorkerDiedError, Workers

TRAP = "import pathlib; pathlib.Path('ran').touch(); raise SystemExit('ran what lies in a folder')\n"


def kill_parent() -> int:
    os.kill(os.getppid(), signal.SIGKILL)
    return 1


@pytest.mark.skipif(sys.platform != "linux", reason="has no fork server")
def test_the_death_of_the_fork_server_is_survived():
    with Workers(1, time_limit=30) as pool:
        assert pool.submit(kill_parent).result(60) in (1, None)
        with pytest.raises(WorkerDiedError):
            pool.submit(os._exit, 5).result(60)
        assert pool.submit(int, "3").result(60) == 3
        os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
        assert pool.submit(int, "4").result(60) == 4


def test_a_process_that_cannot_be_started_is_an_outcome(monkeypatch):
    with Workers(1, time_limit=30) as pool:
        monkeypatch.setattr(pool._context.Process, "start", lambda self: exec("raise OSError('full')"))
        with pytest.raises(WorkerDiedError, match=r"no process can be started \(OSError: full\)"):
            pool.submit(int, "3").result(60)
        monkeypatch.undo()
        assert pool.submit(int, "3").result(60) == 3


def test_a_short_task_goes_past_a_long_one():
    pool = Workers(1, time_limit=300, aside=1, patience=0.1)
    long = pool.submit(time.sleep, 200)
    assert pool.submit(int, "3").result(60) == 3
    assert not long.done()
    pool.shutdown(cancel_futures=True)


def test_a_process_that_died_while_it_waited_is_replaced():
    with Workers(1, time_limit=30) as pool:
        os.kill(pool.submit(os.getpid).result(60), signal.SIGKILL)
        pool._idle[0][0].join(10)
        assert pool.submit(int, "3").result(60) == 3


def test_a_result_that_cannot_be_sent_is_an_error():
    with Workers(1, time_limit=30) as pool, pytest.raises(RuntimeError, match="cannot be sent"):
        pool.submit(eval, "lambda: 0").result(60)


def test_a_folder_of_somebodys_own_runs_no_code(tmp_path: Path):
    for trap in ("derive.py", "verify/__init__.py", "reports/__init__.py", "sympy.py", "typer.py"):
        (tmp_path / trap).parent.mkdir(exist_ok=True)
        (tmp_path / trap).write_text(TRAP)
    command = Path(sysconfig.get_path("scripts")) / "gradproof"
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    done = subprocess.run(
        [command, "verify", "mc-41", "--jobs", "2"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert not (tmp_path / "ran").exists()
    assert (done.returncode, done.stderr) == (0, "")
