"""`gradproof proofread`: a derivation judged line by line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from derive.errors import InputError
from reports.commands.options import Assume, Seed, Where, as_json
from reports.commands.progress import counted
from reports.proofreading import page, terminal, tex
from verify import proofread as judge
from verify.files import writable, write
from verify.proofread import Proofreading


def proofread(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Markdown, LaTeX or plain text; - reads standard input.")
    ],
    where: Where = None,
    assume: Assume = None,
    seed: Seed = 0,
    run: Annotated[
        bool,
        typer.Option(
            "--run", help="Execute code cells that cannot be traced, and judge them by differences."
        ),
    ] = False,
    output: Annotated[
        Literal["text", "html", "latex", "json"],
        typer.Option(
            "--format", help="What to print: html is a page, latex the document with notes in its margin."
        ),
    ] = "text",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write to a file, not to the terminal.")
    ] = None,
) -> None:
    """Judge a hand derivation line by line, and name the first wrong line.

    Exits with 0 where no line is wrong, 1 where one is, 3 where some could not be settled.
    """
    if out is not None:
        writable(out.parent)
    with counted("judging") as progress:
        if file == "-":
            found = judge.proofread(sys.stdin.read() + "\n", where, assume, seed, progress=progress, run=run)
        elif not Path(file).is_file():
            raise InputError(f"there is no file {file}: give the path of a document, or - for standard input")
        else:
            found = judge.proofread(Path(file), where, assume, seed, progress=progress, run=run)
    if output == "text" and out is None:
        terminal.show(found)
    else:
        makers: dict[str, Callable[[Proofreading], str]] = {
            "text": str,
            "html": page,
            "latex": tex,
            "json": lambda f: as_json(f.to_dict()),
        }
        text = makers[output](found).rstrip("\n") + "\n"
        typer.echo(text, nl=False) if out is None else typer.echo(write(out, text))
    if found.exit_code:
        raise typer.Exit(found.exit_code)
