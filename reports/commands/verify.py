"""`gradproof verify`: every catalogued result checked by every method, as a table."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from reports.commands.options import Names, Seed


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify)


def verify(
    names: Names = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, metavar="N", help="Worker processes; default: one a core.")
    ] = None,
    seed: Seed = 0,
    output: Annotated[Literal["table", "json"], typer.Option("--format", help="What to print.")] = "table",
) -> None:
    """Check results of the catalogue; exits with 0 only where every one of them holds."""
