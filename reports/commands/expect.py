"""`gradproof expect`, `variance`, `covariance`: a checked moment, or the verdict on a claimed one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import typer

from reports.chapters.moments import moment_blocks
from reports.commands import check
from reports.commands.options import Assume, Expression, Seed, as_json, warn
from reports.commands.shared import followed_by
from reports.renderers import terminal
from verify.moments import moment_claims
from verify.moments.moment_claims import Expected
from verify.moments.moment_sampling import sampled_too

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


class _Asked(NamedTuple):
    """A moment of expressions: its kind, and what derives it."""

    kind: str
    expressions: tuple[str, ...]
    derive: Callable[..., Expected]


def _show(
    asked: _Asked,
    where: Declared = "",
    assume: Assume = None,
    given: Given = None,
    claim: Claim = None,
    sampled: Sampled = False,
    output: Output = "text",
    seed: Seed = 0,
) -> None:
    """Print a checked moment, or the verdict on a claimed one."""
    if claim is not None:
        of = asked.expressions if len(asked.expressions) > 1 else asked.expressions[0]
        verdict = moment_claims.check_expect(of, claim, where, asked.kind, assume, given, seed)
        check.show(verdict, output)
        return
    found = asked.derive(*asked.expressions, where=where, assume=assume, given=given, seed=seed)
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


@followed_by(_show)
def expect(expr: Expression) -> _Asked:
    """Derive the expectation of a matrix expression, each line with the assumption that it uses.

    With --claim, exits with 0 where it holds, 1 where it is refuted, 3 where neither is established.
    """
    return _Asked("expectation", (expr,), moment_claims.expect)


@followed_by(_show)
def variance(expr: Expression) -> _Asked:
    """Derive the variance of a scalar, or the covariance matrix of a column; as `expect`."""
    return _Asked("variance", (expr,), moment_claims.variance)


@followed_by(_show)
def covariance(
    first: Expression,
    second: Annotated[str, typer.Argument(metavar="EXPR", help="The second expression.")],
) -> _Asked:
    """Derive the covariance of two scalars or columns; as `expect`."""
    return _Asked("covariance", (first, second), moment_claims.covariance)
