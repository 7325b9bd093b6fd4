"""A pool of worker processes that survives what a check may do: hang, or take its process down.

`Workers` is a `concurrent.futures` executor. Each task runs in a process, served by one thread of this process: a
task that exceeds its time limit costs that process its life and nothing else, and a process that dies is reported
as the outcome of its task; in both cases a new process takes its place. Tasks that take long may step aside, so that
short ones do not wait for them. The process that workers are forked from may die too. No process looks for modules in
the current folder.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

#: Seconds that a process may take until it is ready for tasks.
START_LIMIT = 120.0
#: By how much the priority of what steps aside is lower: it gets a tenth of the time of what it competes with.
NICE = 10


class WorkerDiedError(RuntimeError):
    """The process of a task ended before the task did."""


class TimeLimitError(RuntimeError):
    """A task took longer than its time limit, and was stopped."""


class Workers(Executor):
    """`jobs` processes; a task may take `time_limit` seconds.

    `preload` names a module that is imported once, in the process that workers are forked from where there is one.
    Up to `aside` tasks that have run for `patience` seconds step aside: their processes go on at a lower priority and
    are no longer counted among the `jobs`.
    """

    def __init__(
        self,
        jobs: int,
        time_limit: float,
        preload: str = "verify.suite.tasks",
        aside: int = 0,
        patience: float = 1.0,
    ) -> None:
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        self._context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            self._context.set_forkserver_preload([__name__, preload])
        self._limit = time_limit
        self._tasks: queue.SimpleQueue[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]] | None]
        self._tasks = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._patience = patience
        self._places, self._aside = threading.Semaphore(jobs), threading.Semaphore(aside)
        self._idle: list[tuple[Any, Connection]] = []
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(jobs + aside)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run fn(*args) in a process; its future may raise WorkerDiedError and TimeLimitError."""
        if kwargs:
            raise TypeError("Workers pass no keyword arguments")
        future: Future[Any] = Future()
        self._tasks.put((future, fn, args))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop: after the tasks that were submitted, or at once where futures are to be cancelled."""
        if cancel_futures:
            self._stopped.set()
        for _ in self._threads:
            self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    # ------------------------------------------------------------------------ one thread, one process

    def _serve(self) -> None:
        while True:
            self._places.acquire()
            task = self._tasks.get()
            if task is None or self._stopped.is_set():
                break
            future, fn, args = task
            if not future.set_running_or_notify_cancel() or not self._run(future, fn, args):
                self._places.release()
        self._places.release()
        while self._idle:
            with suppress(IndexError):  # another thread was faster
                self._end(*self._idle.pop())

    def _run(self, future: Future[Any], fn: Callable[..., Any], args: tuple[Any, ...]) -> bool:
        """Answer one task, and tell whether it stepped aside, so that its place is free already."""
        process, ours, aside = None, None, False
        try:
            process, ours = self._waiting() or self._start()
            ours.send((fn, args))
            if not self._answered(ours, min(self._limit, self._patience)):
                aside = self._limit > self._patience and self._step_aside(process)
                if not self._answered(ours, self._limit - self._patience):
                    raise TimeLimitError(f"no result within {self._limit:g} s")
            ok, answer = ours.recv()
        except (EOFError, OSError):
            self._end(process, ours)
            code = None if process is None else process.exitcode
            future.set_exception(WorkerDiedError(f"the worker died (exit code {code})"))
        except BaseException as error:  # no process, the time limit, or a task that cannot be sent
            self._end(process, ours)
            future.set_exception(error)
        else:
            if not aside:
                self._idle.append((process, ours))
            future.set_result(answer) if ok else future.set_exception(answer)
            if aside:
                self._end(process, ours)
        if aside:
            self._aside.release()
        return aside

    def _waiting(self) -> tuple[Any, Connection] | None:
        """Return a process that waits for a task and lives, or None."""
        while self._idle:
            try:
                process, ours = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if process.is_alive():
                return process, ours
            self._end(process, ours)
        return None

    def _step_aside(self, process: Any) -> bool:
        """Give a process a lower priority and its place to others, if there is room for it aside."""
        if not self._aside.acquire(blocking=False):
            return False
        with suppress(OSError, AttributeError):  # it has ended; or there are no priorities here
            os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
        self._places.release()
        return True

    def _answered(self, ours: Connection, limit: float) -> bool:
        waited = 0.0
        while waited < limit and not self._stopped.is_set():
            part = min(0.2, limit - waited)
            if ours.poll(part):
                return True
            waited += part
        return False

    def _start(self) -> tuple[Any, Connection]:
        """Start a process, a second time where the fork server has died. Raises WorkerDiedError."""
        for _ in range(2):
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=_work, args=(theirs,), daemon=True)
            try:
                with _apart(self._context.get_start_method()):
                    process.start()
            except (EOFError, OSError, RuntimeError) as error:
                ours.close()
                reason = f"{type(error).__name__}{f': {error}' if str(error) else ''}"
            else:
                if self._ready(ours):
                    return process, ours
                self._end(process, ours)
                reason = f"it did not get ready, exit code {process.exitcode}"
            finally:
                theirs.close()
        raise WorkerDiedError(f"no process can be started ({reason})")

    def _ready(self, ours: Connection) -> bool:
        """Wait until a process has its modules: that is no part of a task's time."""
        try:
            return self._answered(ours, max(self._limit, START_LIMIT)) and bool(ours.recv())
        except (EOFError, OSError):
            return False

    def _end(self, process: Any, ours: Connection | None) -> None:
        """Close the connection, and see to it that the process has ended."""
        if ours is not None:
            with suppress(OSError):
                ours.close()
        if process is not None:
            process.join(0.2)  # one that died by itself has an exit code to tell
            with suppress(OSError):
                process.kill()
            process.join(10)


#: What a start changes for a moment belongs to the whole process.
_starting = threading.Lock()


@contextmanager
def _apart(method: str) -> Iterator[None]:
    """Have a process start without the current folder on its path, and the fork server deaf to Ctrl-C.

    Python puts the current folder first on the path of what it starts by `-c`, as the start methods do: a file there
    that is named as one of our packages would run.
    """
    with _starting:
        before = os.environ.get("PYTHONSAFEPATH")
        os.environ["PYTHONSAFEPATH"] = "1"
        try:
            if method == "forkserver":
                _ensure_forkserver()
            yield
        finally:
            if before is None:
                del os.environ["PYTHONSAFEPATH"]
            else:
                os.environ["PYTHONSAFEPATH"] = before


def _ensure_forkserver() -> None:
    """Start the process that workers are forked from, if none is there, deaf to Ctrl-C, which is the parent's to handle."""
    from multiprocessing import forkserver, resource_tracker

    resource_tracker.ensure_running()  # it unblocks the signal when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(tasks: Connection) -> None:
    """Answer tasks until the connection closes. Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        tasks.send("ready")
    while True:
        try:
            fn, args = tasks.recv()
        except (EOFError, OSError):
            return
        except Exception as error:  # a task that this process cannot read
            answer = (False, RuntimeError(f"{type(error).__name__}: {error}"))
        else:
            try:
                answer = (True, fn(*args))
            except Exception as error:  # whatever a task raises is its outcome
                answer = (False, RuntimeError(f"{type(error).__name__}: {error}"))
        try:
            tasks.send(answer)
        except OSError:  # nobody is left to tell
            return
        except Exception as error:
            tasks.send((False, RuntimeError(f"the result cannot be sent: {error}")))
