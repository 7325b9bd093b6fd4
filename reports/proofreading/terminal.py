"""A proofreading on the terminal: marks in the margin, colours; in a pipe one line a statement."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.renderers.plain import plain_math
from reports.renderers.terminal import console
from verify.proofread.result import Proofreading, Statement, said

_STYLES = {"✓": "green", "✗": "bold red", "↳": "yellow", "?": "yellow"}


def show(found: Proofreading, out: Console | None = None) -> None:
    """Print the claims with their verdicts, slips with counterexample and mended line, and the summary."""
    out = out or console()
    if not out.is_terminal:
        out.print(str(found), markup=False)
        return
    table = Table.grid(padding=(0, 2), expand=False)
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for s in found.claims:
        style = _STYLES[s.sign]
        shown = Text(plain_math(s.source).strip() or s.source)
        words = said(s)
        if words:
            shown.append(f"\n{words}", style=style if s.is_slip else "dim")
        for label, value in _told(s):
            shown.append(f"\n{label} ", style="dim").append(value)
        table.add_row(str(s.line), Text(f"{s.sign} {s.verdict}", style=style), shown)
    out.print(table)
    out.print(Text(found.summary, style="bold green" if found.first_wrong is None else "bold red"))
    for note in found.notes:
        out.print(Text(note, style="dim"))


def _told(s: Statement) -> list[tuple[str, str]]:
    """Return what stands below a slip."""
    if not s.is_slip:
        return []
    told = []
    if s.mended:
        told.append(("mended:", plain_math(s.mended)))
    if s.counterexample:
        told.append(("counterexample:", str(s.counterexample)))
    return told
