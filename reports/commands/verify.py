"""`gradproof verify`: the catalogue, every result by every method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from reports.commands.options import Names, Seed, as_json

if TYPE_CHECKING:
    from reports.document import Cell
    from verify.suite import Row, SuiteReport

HOLDS, FAILED, UNDECIDED, INTERRUPTED = 0, 1, 3, 130


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify)


def verify(
    names: Names = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="N", help="Processes; one a core if left out.")
    ] = None,
    seed: Seed = 0,
    output: Annotated[Literal["table", "json"], typer.Option("--format", help="What to print.")] = "table",
) -> None:
    """Check results of the catalogue by every method that applies, and refute their usual slips.

    Exits with 0 where everything holds, 1 where something does not, 3 where some result is left undecided.
    """
    from derive.errors import InputError
    from reports.chapters import EXPERIMENTS
    from reports.progress import counted
    from verify import run_suite

    for name in names or []:
        if name in EXPERIMENTS:
            raise InputError(f"{name} is a chapter of the report alone: `gradproof report {name}`")

    with counted("checking") as progress:
        found = run_suite(names or [], jobs=jobs, seed=seed, progress=progress)
    if output == "json":
        typer.echo(as_json(found.to_dict()))
    else:
        _show(found)
    code = _exit_code(found)
    if code:
        raise typer.Exit(code)


def _exit_code(found: SuiteReport) -> int:
    from verify.suite import BAD

    if found.interrupted:
        return INTERRUPTED
    if any(row.outcome in BAD for row in found.rows):
        return FAILED
    return HOLDS if found else UNDECIDED


def _show(found: SuiteReport) -> None:
    from reports import terminal
    from reports.document import Paragraph, Table, literal
    from reports.prose import finding

    # Whoever stopped the work knows that the rest was not done: the counts say how much that is.
    shown = [row for row in found.rows if not (found.interrupted and row.outcome == "not run")]
    rows = [
        [literal(row.name), literal(row.method), _outcome(row), f"{row.seconds:.2f}", finding(row.figure)]
        for row in shown
    ]
    results = len({row.name for row in found.rows})
    counts = ", ".join(f"{number} {outcome}" for outcome, number in found.counts.items())
    said = f"{results} result{'s' * (results != 1)}, {len(found.rows)} checks: {counts}; seed {found.seed}, {found.seconds:.1f} s"
    table = Table(["result", "method", "verdict", "seconds", "finding"], rows, numeric=[3])
    terminal.show([table, Paragraph(literal(said))])


def _outcome(row: Row) -> Cell:
    """The verdict; where it is what was wanted of a slip, with the sign of success."""
    from reports.document import Check

    if row.verdict is None:
        return f"✗ {row.outcome}"
    if row.verdict == "refuted" and row.outcome == "passed":
        return "✓ refuted"
    return Check(row.verdict)
