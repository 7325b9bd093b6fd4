"""Progress of long work on standard error: a bar on a terminal, a line for each piece of it in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


def track(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Yield the items, showing how many are done; in a pipe, each by its `name` where it has one."""
    if not sys.stderr.isatty():
        count = len(items) if total is None and isinstance(items, Sized) else total or 0
        for number, item in enumerate(items, 1):
            if count > 1:
                name = getattr(item, "name", "")
                said = f"{label} {number}/{count}{f': {name}' if name else ''}"
                print(said, file=sys.stderr, flush=True)
            yield item
        return
    from rich.console import Console
    from rich.progress import track as bar

    yield from bar(items, description=label, total=total, console=Console(stderr=True), transient=True)


@contextmanager
def counted(label: str) -> Iterator[Callable[..., Any] | None]:
    """Give a function to call with (done, total, ...) after each piece of work; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")

        def advance(done: int, total: int, row: Any = None) -> None:
            bar.update(task, completed=done, total=total, description=str(getattr(row, "name", "")))

        yield advance
