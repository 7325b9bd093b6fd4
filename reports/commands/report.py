"""`gradproof report`: the catalogue as HTML, LaTeX and PDF."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from derive.errors import InputError
from reports.commands.options import Names, Seed

FORMATS = ("html", "latex", "pdf")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report)


def report(
    names: Names = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write to.")] = Path(
        "build/report"
    ),
    formats: Annotated[
        str, typer.Option("--format", metavar="html,latex,pdf", help="What to write, with commas between.")
    ] = "html,latex,pdf",
    seed: Seed = 0,
    times: Annotated[
        bool, typer.Option("--times", help="Measured times of fits too; then no two reports are the same.")
    ] = False,
) -> None:
    """Derive, check and print results: index.html, report.tex and, where TeX is installed, report.pdf."""
    wanted = _formats(formats)
    from reports import html, tex
    from reports.chapters import build
    from reports.progress import track
    from verify.files import writable, write

    writable(out)
    document = build(names or [], seed=seed, track=track, times=times)
    # The HTML comes last: make takes it for the sign that everything before it has been written.
    if {"latex", "pdf"} & wanted:
        source, figures = tex.render(document), tex.draw_figures(document)
        if "latex" in wanted:
            for name, data in figures.items():
                write(out / "figures" / f"{name}.pdf", data)
            typer.echo(write(out / "report.tex", source))
        if "pdf" in wanted:
            try:
                typer.echo(write(out / "report.pdf", tex.compile_pdf(source, figures)))
            except tex.MissingTeX as lack:
                print(f"note: no report.pdf, since this machine lacks {lack}", file=sys.stderr)
    if "html" in wanted:
        typer.echo(write(out / "index.html", html.render(document)))


def _formats(text: str) -> set[str]:
    wanted = {part.strip() for part in text.split(",")} - {""}
    unknown = sorted(wanted - set(FORMATS))
    if unknown or not wanted:
        said = f"--format {unknown[0]} is not known" if unknown else "--format is empty"
        raise InputError(f"{said}; choose among {', '.join(FORMATS)}")
    return wanted
