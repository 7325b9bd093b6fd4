"""`gradproof check`: whether a claimed derivative holds."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from derive import read_problem
from derive.api import on_manifold
from reports.chapters.verdicts import verdict_blocks
from reports.commands.options import Assume, Expression, Kind, Manifold, Seed, Where, as_json, warn
from reports.document import Check
from reports.renderers import terminal
from verify import check_claim
from verify.verdict import Verdict

#: The exit code for what a claim turns out to be; 2 is bad input.
HOLDS, REFUTED, INCONCLUSIVE = 0, 1, 3


def check(
    expr: Expression,
    wrt: Annotated[
        str,
        typer.Option("--wrt", metavar="X", help="The variable to differentiate by; of a differential, X,Y."),
    ],
    claim: Annotated[str, typer.Option("--claim", metavar="EXPR", help="The derivative that is claimed.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What the claim is.")] = "gradient",
    where: Where = None,
    assume: Assume = None,
    on: Manifold = None,
    seed: Seed = 0,
    output: Annotated[
        Literal["text", "json"],
        typer.Option("--format", help="What to print; JSON counts the entries of the counterexample from 0."),
    ] = "text",
) -> None:
    """Prove or refute a claimed derivative; a refutation shows a point.

    Exits with 0 where the claim holds, 1 where it is refuted, 3 where neither is established.
    """
    names = [name.strip() for name in wrt.split(",")] if kind == "differential" else wrt
    problem = read_problem(expr, names, where, assume, scalar=kind in ("gradient", "hessian"))
    if on:
        problem = on_manifold(problem, on)
    warn(problem.notes)
    absent = [x.name for x in problem.wrt if x not in problem.expr.free_symbols]
    warn(f"{name} does not occur in the expression: the derivative by it is zero" for name in absent)
    verdict = check_claim(problem, names, claim, kind=kind, seed=seed)
    show(verdict, output)


def show(verdict: Verdict, output: str) -> None:
    """Print a verdict, as JSON or for people, and exit with its code."""
    if output == "json":
        found = verdict.to_dict()
        if verdict.verdict == "refuted":
            found = {"counterexample": None, "diagnosis": None, **found}
        typer.echo(as_json(found))
    else:
        out = terminal.console()
        out.print(terminal.verdict(Check(verdict.verdict)))
        terminal.show(verdict_blocks(verdict), out)
    if not verdict:
        raise typer.Exit(REFUTED if verdict.verdict == "refuted" else INCONCLUSIVE)
