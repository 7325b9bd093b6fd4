"""`gradproof check`: whether a claimed derivative holds."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from reports.commands.options import Assume, Expression, Kind, Seed, Where, Wrt

#: The exit code for what a claim turns out to be; 2 is bad input.
HOLDS, REFUTED, INCONCLUSIVE = 0, 1, 3


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    expr: Expression,
    wrt: Wrt,
    claim: Annotated[str, typer.Option("--claim", metavar="EXPR", help="The derivative that is claimed.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What the claim is.")] = "gradient",
    where: Where = None,
    assume: Assume = None,
    seed: Seed = 0,
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="What to print.")] = "text",
) -> None:
    """Prove or refute a claimed derivative; a refutation shows a point.

    Exits with 0 where the claim holds, 1 where it is refuted, 3 where neither is established.
    """
    import json

    from verify import check_claim

    verdict = check_claim(expr, wrt, claim, kind=kind, where=where, assume=assume, seed=seed)
    if output == "json":
        typer.echo(json.dumps(verdict.to_dict(), indent=2))
    else:
        typer.echo(str(verdict))
    if not verdict:
        raise typer.Exit(REFUTED if verdict.verdict == "refuted" else INCONCLUSIVE)
