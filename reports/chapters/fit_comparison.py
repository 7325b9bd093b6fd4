"""The table that compares the ways to fit points."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reports.document import Cell, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verify.fit.methods import Comparison


def comparison(rows: Sequence[Comparison], times: bool, caption: str = "") -> Table:
    """Return the table of a comparison; measured times only on request, for they are never the same twice."""
    header = ["method", "units", "solved", "restarts", "evaluations", "largest residual"]
    table: list[list[Cell]] = [
        [
            re.sub(r"--\S+ \S+", r"`\g<0>`", row.method),  # code: two hyphens are no dash
            str(row.hidden),
            f"{row.success:.0%}",
            f"{row.restarts:g}",
            f"{row.evaluations:,g}",
            f"{row.max_residual:.1e}" if row.max_residual else "0",
            *([_duration(row.seconds)] if times else []),
        ]
        for row in rows
    ]
    header += ["time"] if times else []
    return Table(header, table, caption, numeric=tuple(range(1, len(header))))


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
