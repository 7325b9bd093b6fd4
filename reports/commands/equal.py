"""`gradproof equal`: whether two expressions have equal values."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from reports.commands.check import show
from reports.commands.options import Assume, Seed, Where
from verify import check_equal


def equal(
    left: Annotated[str, typer.Argument(metavar="EXPR", help="An expression, or an equation such as E = F.")],
    right: Annotated[
        str | None,
        typer.Argument(metavar="EXPR", help="The other side; 0 is a zero of the left side's shape."),
    ] = None,
    approx: Annotated[
        bool,
        typer.Option("--approx", help="Decimals stand for all that rounds to them, as after the sign ≈."),
    ] = False,
    where: Where = None,
    assume: Assume = None,
    seed: Seed = 0,
    output: Annotated[
        Literal["text", "json"],
        typer.Option("--format", help="What to print; JSON counts the entries of the counterexample from 0."),
    ] = "text",
) -> None:
    """Prove or refute an equation of two expressions; a refutation shows a point.

    Exits with 0 where it holds, 1 where it is refuted, 3 where neither is established.
    """
    show(check_equal(left, right, where, assume, seed, approx), output)
