"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

Expression = Annotated[str, typer.Argument(metavar="EXPR", help="An expression in the text language.")]
Wrt = Annotated[str, typer.Option("--wrt", metavar="X", help="The variable to differentiate by.")]
Where = Annotated[
    str | None, typer.Option("--where", metavar="SHAPES", help='Shapes, such as "W: m x n, x: n, t: scalar".')
]
Assume = Annotated[
    str | None,
    typer.Option("--assume", metavar="FACTS", help='What is known, such as "symmetric(K), positive(x)".'),
]
Seed = Annotated[int, typer.Option("--seed", min=0, metavar="S", help="Seed of every random draw.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Names from `gradproof list`; none means all.")
]
Kind = Literal["gradient", "jacobian", "hessian", "differential"]
