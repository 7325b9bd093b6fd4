"""`gradproof gradient`, `jacobian`, `hessian`, `differential`: a checked derivative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from reports.commands.options import Assume, Expression, Kind, Seed, Where, Wrt, as_json, warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from verify.derived import Checked

Output = Annotated[Literal["text", "latex", "numpy", "json"], typer.Option("--format", help="What to print.")]

_SUMMARIES: dict[Kind, str] = {
    "gradient": "Derive the gradient of a scalar, in the shape of the variable.",
    "jacobian": "Derive the Jacobian of a vector y: entry (i, j) is d y_i / d x_j.",
    "hessian": "Derive the Hessian of a scalar by a vector or a scalar.",
    "differential": "Derive the differential, linear in dX; --wrt may name several variables: X,Y.",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for kind in get_args(Kind):
        app.command(kind, help=_SUMMARIES[kind])(_command(kind))


def _command(kind: Kind) -> Callable[..., None]:
    def command(
        expr: Expression,
        wrt: Wrt,
        where: Where = None,
        assume: Assume = None,
        output: Output = "text",
        seed: Seed = 0,
    ) -> None:
        import verify

        variables = [name.strip() for name in wrt.split(",")] if kind == "differential" else wrt
        derivation = getattr(verify, kind)(expr, variables, where=where, assume=assume, seed=seed)
        warn(derivation.notes)
        _show(derivation, output)

    return command


def _show(derivation: Checked, output: str) -> None:
    """Print a checked derivation in one of the formats."""
    match output:
        case "latex":
            typer.echo(derivation.to_latex())
        case "numpy":
            typer.echo(derivation.to_numpy())
        case "json":
            typer.echo(as_json(derivation.to_dict()))
        case _:
            from reports import terminal
            from reports.derivation import checked_blocks

            terminal.show(checked_blocks(derivation))
