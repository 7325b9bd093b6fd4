"""How results show themselves in a notebook, and make a report of themselves.

Results are symbols and numbers, and know no paper: what draws them registers itself here. Where nothing has, a notebook
falls back on the formula alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_HTML: list[Callable[[Any], str]] = []
_REPORT: list[Callable[[Any, Path, Iterable[str]], list[Path]]] = []


def register(
    html: Callable[[Any], str], report: Callable[[Any, Path, Iterable[str]], list[Path]] | None = None
) -> None:
    """Let results show themselves by `html`, and write reports by `report`; the last registration counts."""
    _HTML[:] = [html]
    _REPORT[:] = [report] if report is not None else []


class Shown:
    """A result that a notebook shows as HTML, once something that can draw it is registered."""

    def _repr_html_(self) -> str | None:
        return _HTML[0](self) if _HTML else None


def write_report(result: Any, out: str | Path, formats: Iterable[str]) -> list[Path]:
    """Write a report on a result into a folder, and return its files. Raises RuntimeError where nothing can."""
    if not _REPORT:
        raise RuntimeError("reports are written by gradproof: import gradproof first")
    return _REPORT[0](result, Path(out), formats)
