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


class Memo(threading.local):
    """Tables by their names, under a key on which what they say depends. Every thread has its own."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, dict[str, Table]] = {}
        self._loose_key: Hashable = None
        self._loose: dict[str, Table] = {}

    def table(self, key: Hashable, name: str) -> Table:
        """Return a table. One that is not kept holds until another key is asked for, or until it is too large."""
        tables = self._kept.get(key)
        if tables is not None:
            return tables[name]
        if self._loose_key != key:
            self._loose_key, self._loose = key, {}
        table = self._loose.setdefault(name, {})
        if len(table) > MOST:
            table.clear()
        return table

    @contextmanager
    def keeping(self, key: Hashable) -> Iterator[None]:
        """Keep the tables of a key meanwhile, and forget them at the end."""
        if key in self._kept:
            yield
            return
        self._kept[key] = defaultdict(dict)
        try:
            yield
        finally:
            del self._kept[key]
