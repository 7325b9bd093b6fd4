"""Time and work that no machine changes: a clock that tests set, and a count of calls in place of seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any


class Clock:
    """A clock that stands still but for `tick` seconds at each look, and for what a test adds to `now`."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now, self.tick, self.looks = 0.0, tick, 0

    def __call__(self) -> float:
        self.looks += 1
        self.now += self.tick
        return self.now

    def set(self, monkeypatch: Any) -> Clock:
        """Put the clock in the place of those of the module `time`."""
        for name in ("perf_counter", "monotonic"):
            monkeypatch.setattr(time, name, self)
        return self


def calls(work: Callable[[], object], most: int) -> int:
    """Return how many functions `work` calls, Python's and C's; more than `most` end it. It may raise."""
    count = 0

    def watch(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1
            if count > most:
                sys.setprofile(None)
                raise AssertionError(f"more than {most} calls")

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
