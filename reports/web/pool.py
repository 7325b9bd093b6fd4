"""A pool for questions: processes with a limit of time and memory each, a queue with an end, answers kept by content.

A question that hangs or eats memory costs its own process and nothing else: `verify.workers` ends it, tells, and
starts another in its place. One that takes long steps aside: it goes on at a lower priority, and short ones go past.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from reports.web.answers import answer
from reports.web.requests import Question
from verify.workers import TimeLimitError, WorkerDiedError, Workers

#: Seconds after which a question makes room for others.
PATIENCE = 1.0
#: Characters of the answers that are kept, all together.
KEPT = 64 * 2**20


class BusyError(RuntimeError):
    """As many questions wait as may."""


@dataclass
class _Kept:
    """Answers by the digest of their question, the one asked longest ago the first to go."""

    size: int = KEPT
    answers: OrderedDict[str, tuple[int, str]] = field(default_factory=OrderedDict)
    used: int = 0

    def get(self, key: str) -> tuple[int, str] | None:
        if key in self.answers:
            self.answers.move_to_end(key)
        return self.answers.get(key)

    def put(self, key: str, value: tuple[int, str]) -> None:
        if key in self.answers:
            return
        self.answers[key] = value
        self.used += len(value[1])
        while self.used > self.size and self.answers:
            _, (_, text) = self.answers.popitem(last=False)
            self.used -= len(text)


class Pool:
    """`jobs` processes of `seconds` and `megabytes` a question; at most `waiting` questions at a time."""

    def __init__(self, jobs: int, seconds: float, megabytes: int, waiting: int) -> None:
        self.jobs, self.seconds, self.megabytes, self.waiting = jobs, seconds, megabytes, waiting
        self._workers = Workers(jobs, seconds, preload="reports.web.ready", aside=jobs, patience=PATIENCE)
        self._kept = _Kept()
        self._pending: dict[str, asyncio.Future[tuple[int, str]]] = {}

    @property
    def busy(self) -> int:
        """Return how many questions are being answered or wait."""
        return len(self._pending)

    async def ask(self, question: Question) -> tuple[int, str]:
        """Return the HTTP status and the JSON text of the answer. Equal questions are answered once.

        Raises BusyError where too many wait.
        """
        key = question.key
        if (known := self._kept.get(key)) is not None:
            return known
        if key not in self._pending:
            if self.busy >= self.waiting:
                raise BusyError
            task = asyncio.ensure_future(self._work(question))
            self._pending[key] = task
            task.add_done_callback(lambda _: self._pending.pop(key, None))
        return await asyncio.shield(self._pending[key])

    async def _work(self, question: Question) -> tuple[int, str]:
        try:
            found: tuple[int, str] = await asyncio.wrap_future(
                self._workers.submit(answer, question, self.megabytes)
            )
        except TimeLimitError:
            return 504, _told(f"no answer within {self.seconds:g} s; ask for something smaller")
        except WorkerDiedError:
            return 503, _told(
                f"the process that worked on it ended; if it took more than {self.megabytes} MB, ask for something smaller"
            )
        except Exception:  # what a worker raises beside its answers is a fault of ours
            return 500, _told("a fault of gradproof, please report it")
        if found[0] in (200, 400):
            self._kept.put(question.key, found)
        return found

    def close(self) -> None:
        """End the processes, whatever they do."""
        self._workers.shutdown(cancel_futures=True)


def _told(message: str) -> str:
    return '{"error": "' + message + '"}'
