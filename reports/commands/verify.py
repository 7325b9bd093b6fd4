"""`gradproof verify`: the catalogue, every result by every method."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

import typer

from derive.errors import InputError
from reports.chapters.catalogue import EXPERIMENTS
from reports.chapters.prose import finding
from reports.commands.options import Names, Seed, as_json
from reports.commands.progress import counted
from reports.document import Cell, Check, Paragraph, Table, literal
from reports.renderers import terminal
from verify import run_suite
from verify.suite.runner import ResultRows, Row, SuiteReport

#: Characters of a remark at most, so that a line has no more than 100.
_REMARK = 32
HOLDS, FAILED, UNDECIDED, INTERRUPTED = 0, 1, 3, 130


def verify(
    names: Names = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="N", help="Processes; one a core if left out.")
    ] = None,
    seed: Seed = 0,
    every: Annotated[bool, typer.Option("--all", help="Show a line for every method and slip.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Show only what does not hold.")] = False,
    output: Annotated[Literal["table", "json"], typer.Option("--format", help="What to print.")] = "table",
) -> None:
    """Check results of the catalogue by every method that applies, and refute their usual slips.

    Exits with 0 where everything holds, 1 where something does not, 3 where some result is left undecided.
    """
    for name in names or []:
        if name in EXPERIMENTS:
            raise InputError(f"{name} is a chapter of the report alone: `gradproof report {name}`")

    with counted("checking") as progress:
        found = run_suite(names or [], jobs=jobs, seed=seed, progress=progress)
    if output == "json":
        typer.echo(as_json(found.to_dict()))
    else:
        _show(found, every, failed)
    code = _exit_code(found)
    if code:
        raise typer.Exit(code)


def _exit_code(found: SuiteReport) -> int:
    if found.interrupted:
        return INTERRUPTED
    if any(result.outcome == "failed" for result in found.results):
        return FAILED
    return HOLDS if found else UNDECIDED


def _show(found: SuiteReport, every: bool, failed: bool) -> None:
    # Whoever stopped the work knows that the rest was not done: the counts say how much that is.
    shown = [result for result in found.results if not (failed and result.outcome == "holds")]
    table = _by_method(shown, found.interrupted, failed) if every else _by_result(shown)
    results = Counter(result.outcome for result in found.results)
    said = ", ".join(f"{number} {outcome}" for outcome, number in sorted(results.items(), key=_order))
    checks = ", ".join(f"{number} {outcome}" for outcome, number in found.counts.items())
    count = f"{len(found.results)} result{'s' * (len(found.results) != 1)}"
    lines = [
        f"{count}: {said}; seed {found.seed}, {found.seconds:.1f} s",
        f"{len(found.rows)} checks: {checks}",
    ]
    terminal.show([*([table] if table.rows else []), *(Paragraph(literal(line)) for line in lines)])


def _order(counted: tuple[str, int]) -> int:
    return ("holds", "failed", "undecided").index(counted[0])


def _by_result(results: list[ResultRows]) -> Table:
    """A line a result: its verdict, how many methods uphold it, and how many slips are refuted."""
    lines: list[list[Cell]] = []
    for result in results:
        methods = [row for row in result.rows if not row.is_slip and row.outcome != "does not apply"]
        slips = [row for row in result.rows if row.is_slip]
        bad = next((row for row in result.rows if row.outcome not in ("passed", "does not apply")), None)
        remark = "" if bad is None or result.outcome == "holds" else f"{bad.method}: {bad.outcome}"
        lines.append(
            [
                literal(result.name),
                Check(result.verdict),
                _share(methods),
                _share(slips),
                f"{sum(row.seconds for row in result.rows):.1f}",
                literal(remark if len(remark) < _REMARK else f"{remark[: _REMARK - 1]}…"),
            ]
        )
    header = ["result", "verdict", "methods", "slips", "seconds", "what failed"]
    if not any(line[-1] for line in lines):
        header, lines = header[:-1], [line[:-1] for line in lines]
    return Table(header, lines, numeric=[2, 3, 4])


def _share(rows: list[Row]) -> str:
    return f"{sum(row.outcome == 'passed' for row in rows)} of {len(rows)}" if rows else "-"


def _by_method(results: list[ResultRows], interrupted: bool, failed: bool) -> Table:
    fine = ("passed", "does not apply") if failed else ()
    rows = [
        [literal(row.name), literal(row.method), _outcome(row), f"{row.seconds:.2f}", finding(row.figure)]
        for result in results
        for row in result.rows
        if not (interrupted and row.outcome == "not run") and row.outcome not in fine
    ]
    return Table(["result", "method", "verdict", "seconds", "finding"], rows, numeric=[3])


def _outcome(row: Row) -> Cell:
    """The verdict; where it is what was wanted of a slip, with the sign of success."""
    if row.outcome == "does not apply":
        return "does not apply"
    if row.verdict is None:
        return f"✗ {row.outcome}"
    if row.verdict == "refuted" and row.outcome == "passed":
        return "✓ refuted"
    return Check(row.verdict)
