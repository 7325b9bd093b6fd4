"""What was found out before is not worked out again: tables for one thread, kept as long as somebody says."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

Table = dict[Any, Any]

#: Entries of a table that nobody keeps, at most: it is emptied then.
MOST = 20_000


class _Loose(defaultdict[str, Table]):
    """Tables that nobody keeps."""

    def __getitem__(self, name: str) -> Table:
        table = super().__getitem__(name)
        if len(table) > MOST:
            table.clear()
        return table


class Memo(threading.local):
    """Tables by their names, under a key on which what they say depends. Every thread has its own.

    `tables` are those of `key`; `turn_to` another before they are used.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, defaultdict[str, Table]] = {}
        self.key: Hashable = None
        self.tables: defaultdict[str, Table] = _Loose(dict)

    def turn_to(self, key: Hashable) -> None:
        """Take the tables of a key: those that are kept, else new ones."""
        kept = self._kept.get(key)
        self.key, self.tables = key, _Loose(dict) if kept is None else kept

    @contextmanager
    def keeping(self, key: Hashable) -> Iterator[None]:
        """Keep the tables of a key meanwhile, and forget them at the end."""
        if key in self._kept:
            yield
            return
        self._kept[key] = defaultdict(dict)
        self.key = None
        try:
            yield
        finally:
            del self._kept[key]
            self.turn_to(None)
