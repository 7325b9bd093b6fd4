"""`gradproof expect`, `variance`, `covariance`: a checked moment, or the verdict on a claimed one."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from reports.chapters.moments import moment_blocks
from reports.chapters.verdicts import verdict_blocks
from reports.commands.check import INCONCLUSIVE, REFUTED
from reports.commands.options import Assume, Expression, Seed, as_json, warn
from reports.document import Check
from reports.renderers import terminal
from verify.moments import moment_claims
from verify.moments.moment_claims import Expected
from verify.moments.moment_sampling import sampled_too
from verify.verdict import Verdict

Declared = Annotated[
    str,
    typer.Option(
        "--where",
        metavar="DECLARATIONS",
        help='Distributions, independence and shapes: "x ~ normal(m, S), y ~ iid(0, s^2), independent(x, y), A: m x n".',
    ),
]
Given = Annotated[
    str | None,
    typer.Option("--given", metavar="X,Y", help="Random variables to condition on, with commas between."),
]
Claim = Annotated[
    str | None, typer.Option("--claim", metavar="EXPR", help="A formula to prove or refute instead.")
]
Sampled = Annotated[
    bool,
    typer.Option("--monte-carlo", help="Measure it by sampling as well, at one choice of the parameters."),
]
Output = Annotated[Literal["text", "latex", "json"], typer.Option("--format", help="What to print.")]


def expect(
    expr: Expression,
    where: Declared = "",
    assume: Assume = None,
    given: Given = None,
    claim: Claim = None,
    sampled: Sampled = False,
    output: Output = "text",
    seed: Seed = 0,
) -> None:
    """Derive the expectation of a matrix expression, each line with the assumption that it uses.

    With --claim, exits with 0 where it holds, 1 where it is refuted, 3 where neither is established.
    """
    _run("expectation", (expr,), where, assume, given, claim, sampled, output, seed)


def variance(
    expr: Expression,
    where: Declared = "",
    assume: Assume = None,
    given: Given = None,
    claim: Claim = None,
    sampled: Sampled = False,
    output: Output = "text",
    seed: Seed = 0,
) -> None:
    """Derive the variance of a scalar, or the covariance matrix of a column; as `expect`."""
    _run("variance", (expr,), where, assume, given, claim, sampled, output, seed)


def covariance(
    first: Expression,
    second: Annotated[str, typer.Argument(metavar="EXPR", help="The second expression.")],
    where: Declared = "",
    assume: Assume = None,
    given: Given = None,
    claim: Claim = None,
    sampled: Sampled = False,
    output: Output = "text",
    seed: Seed = 0,
) -> None:
    """Derive the covariance of two scalars or columns; as `expect`."""
    _run("covariance", (first, second), where, assume, given, claim, sampled, output, seed)


def _run(
    kind: str,
    expressions: tuple[str, ...],
    where: str,
    assume: str | None,
    given: str | None,
    claim: str | None,
    sampled: bool,
    output: str,
    seed: int,
) -> None:
    if claim is not None:
        whole = expressions if len(expressions) > 1 else expressions[0]
        _show_verdict(moment_claims.check_expect(whole, claim, where, kind, assume, given, seed), output)
        return
    name = {"expectation": "expect"}.get(kind, kind)
    found: Expected = getattr(moment_claims, name)(
        *expressions, where=where, assume=assume, given=given, seed=seed
    )
    if sampled:
        found = sampled_too(found, seed)
    warn(found.notes)
    match output:
        case "latex":
            typer.echo(found.to_latex())
        case "json":
            typer.echo(as_json(found.to_dict()))
        case _:
            terminal.show(moment_blocks(found))


def _show_verdict(verdict: Verdict, output: str) -> None:
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
