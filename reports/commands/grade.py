"""`gradproof grade`: a class graded against a key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from reports.commands.options import Seed, as_json
from reports.commands.progress import counted
from reports.proofreading.grading import show, write_class
from reports.renderers.terminal import console
from verify.files import writable
from verify.grading import grade as run


def grade(
    key: Annotated[
        Path,
        typer.Argument(metavar="KEY", help="A right derivation, with lines such as gradproof: points: 2."),
    ],
    submissions: Annotated[
        list[Path], typer.Argument(metavar="SUBMISSION...", help="Documents, or folders.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the pages and results.csv.")
    ] = Path("graded"),
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, metavar="N", help="Processes; one a core if not given.")
    ] = None,
    seed: Seed = 0,
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="What to print.")] = "text",
) -> None:
    """Grade submissions against a key: a table, results.csv, a page each and one of the class.

    A run that was stopped goes on where it was. Exits with 0, or 3 where some submission waits for a person.
    """
    writable(out)
    with counted("grading") as progress:
        found = run(key, _files(submissions), keep=out / ".kept", jobs=jobs, seed=seed, progress=progress)
    if found.interrupted:
        raise KeyboardInterrupt
    write_class(found, out)
    if output == "json":
        rows = [{"submission": s.file, "points": str(s.earned), **s.to_dict()} for s in found.submissions]
        typer.echo(as_json({"of": str(found.key.points), "submissions": rows}))
    else:
        show(found, console())
        typer.echo(out / "index.html")
    if not found:
        raise typer.Exit(3)


def _files(submissions: list[Path]) -> list[Path]:
    """Return the files, those of folders in order."""
    files: list[Path] = []
    for path in submissions:
        inside = (
            [p for p in sorted(path.iterdir()) if p.suffix in (".md", ".tex", ".txt")]
            if path.is_dir()
            else [path]
        )
        files += [p for p in inside if p not in files]
    return files
