"""`gradproof gradient`, `jacobian`, `hessian`, `differential`: a checked derivative."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import typer

import verify
from derive.code.selfcheck import self_check
from reports.chapters.derivation import checked_blocks
from reports.commands.options import Assume, Expression, Manifold, Seed, Where, Wrt, as_json, warn
from reports.commands.shared import followed_by
from reports.renderers import terminal
from verify.derived import Checked

Output = Annotated[
    Literal["text", "latex", "numpy", "jax", "torch", "octave", "julia", "json"],
    typer.Option("--format", help="What to print."),
]
Value = Annotated[
    bool,
    typer.Option("--value", help="Of code: return the value of the expression as well, (value, derivative)."),
]
Plan = Annotated[bool, typer.Option("--plan", help="Of code: write the operations beside the lines.")]
Selfcheck = Annotated[
    bool, typer.Option("--selfcheck", help="Of Python code: add a check on random data, run as a program.")
]
Variables = Annotated[
    str, typer.Option("--wrt", metavar="X,Y", help="The variables to differentiate by, with commas between.")
]
Form = Annotated[
    Literal["operator", "kronecker", "product"],
    typer.Option(
        "--form",
        help="By a matrix X: the linear map of a direction dX, or its matrix on vec(dX); by a vector x: the product with dx.",
    ),
]


def _show(
    derive: partial[Checked],
    where: Where = None,
    assume: Assume = None,
    output: Output = "text",
    value: Value = False,
    plan: Plan = False,
    selfcheck: Selfcheck = False,
    seed: Seed = 0,
) -> None:
    """Print a checked derivation in one of the formats, its notes as warnings."""
    derivation = derive(where=where, assume=assume, seed=seed)
    warn(derivation.notes)
    match output:
        case "latex":
            typer.echo(derivation.to_latex())
        case "numpy" | "jax" | "torch" | "octave" | "julia":
            code = derivation.to_code(output, value, costs=plan)
            typer.echo(code + (f"\n\n{self_check(derivation, output, value)}" if selfcheck else ""))
        case "json":
            typer.echo(as_json(derivation.to_dict()))
        case _:
            terminal.show(checked_blocks(derivation))


@followed_by(_show)
def gradient(expr: Expression, wrt: Wrt, on: Manifold = None) -> partial[Checked]:
    """Derive the gradient of a scalar, in the shape of the variable."""
    return partial(verify.gradient, expr, wrt, on=on)


@followed_by(_show)
def jacobian(expr: Expression, wrt: Wrt) -> partial[Checked]:
    """Derive the Jacobian of a vector y: entry (i, j) is d y_i / d x_j."""
    return partial(verify.jacobian, expr, wrt)


@followed_by(_show)
def hessian(expr: Expression, wrt: Wrt, form: Form = "operator") -> partial[Checked]:
    """Derive the Hessian of a scalar: by a vector its matrix, by a matrix the form that is asked for."""
    return partial(verify.hessian, expr, wrt, form=form)


@followed_by(_show)
def differential(expr: Expression, wrt: Variables) -> partial[Checked]:
    """Derive the differential, linear in dX for every variable X."""
    return partial(verify.differential, expr, [name.strip() for name in wrt.split(",")])
