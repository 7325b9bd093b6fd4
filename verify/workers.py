"""A pool of worker processes that survives what a check may do: hang, or take its process down.

`Workers` is a `concurrent.futures` executor. Each worker is one process, served by one thread of this process: a
task that exceeds its time limit costs that process its life and nothing else, and a process that dies is reported
as the outcome of its task; in both cases a new process takes its place.
"""

from __future__ import annotations

import multiprocessing
import queue
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from multiprocessing.connection import Connection
from typing import Any


class WorkerDiedError(RuntimeError):
    """The process of a task ended before the task did."""


class TimeLimitError(RuntimeError):
    """A task took longer than its time limit, and was stopped."""


class Workers(Executor):
    """`jobs` processes; a task may take `time_limit` seconds."""

    def __init__(self, jobs: int, time_limit: float) -> None:
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        self._context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            self._context.set_forkserver_preload([__name__, "verify.suite_tasks"])
            _start_forkserver()
        self._limit = time_limit
        self._tasks: queue.SimpleQueue[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]] | None]
        self._tasks = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(jobs)]
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
        process, ours = None, None
        while True:
            task = self._tasks.get()
            if task is None or self._stopped.is_set():
                break
            future, fn, args = task
            if not future.set_running_or_notify_cancel():
                continue
            if process is None or ours is None:
                process, ours = self._start()
            try:
                ours.send((fn, args))
                if not self._answered(ours):
                    raise TimeLimitError(f"no result within {self._limit:g} s")
                ok, answer = ours.recv()
            except (EOFError, OSError):
                process.join(1)
                future.set_exception(WorkerDiedError(f"the worker died (exit code {process.exitcode})"))
                self._stop(process, ours)
                process, ours = None, None
            except Exception as error:  # the time limit, or a task that cannot be sent
                self._stop(process, ours)
                process, ours = None, None
                future.set_exception(error)
            else:
                future.set_result(answer) if ok else future.set_exception(answer)
        if process is not None:
            self._stop(process, ours)

    def _answered(self, ours: Connection) -> bool:
        waited = 0.0
        while waited < self._limit and not self._stopped.is_set():
            part = min(0.2, self._limit - waited)
            if ours.poll(part):
                return True
            waited += part
        return False

    def _start(self) -> tuple[Any, Connection]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def _stop(self, process: Any, ours: Connection | None) -> None:
        if ours is not None:
            ours.close()
        process.kill()
        process.join()


def _start_forkserver() -> None:
    """Start the process that workers are forked from deaf to Ctrl-C, which is the parent's to handle."""
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
    while True:
        try:
            fn, args = tasks.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (True, fn(*args))
        except Exception as error:  # whatever a task raises is its outcome
            answer = (False, RuntimeError(f"{type(error).__name__}: {error}"))
        tasks.send(answer)
