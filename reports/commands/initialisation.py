"""`gradproof initialisation`: gains and variances to initialise with; `gradproof calibrate`: the check, checked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from reports.commands.options import Seed, as_json

if TYPE_CHECKING:
    from verify.moments.gains import Gains

Format = Annotated[Literal["table", "json"], typer.Option("--format", help="What to print.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("initialisation")(initialisation)
    app.command("calibrate")(calibrate)


def initialisation(
    activations: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ACTIVATION]...",
            help='Names, or expressions in x such as "x*sigmoid(x)"; none means all.',
        ),
    ] = None,
    fan_in: Annotated[int, typer.Option("--fan-in", min=1, help="Inputs of the layer.")] = 512,
    fan_out: Annotated[int, typer.Option("--fan-out", min=1, help="Outputs of the layer.")] = 512,
    s: Annotated[float, typer.Option("--s", help="Standard deviation of the pre-activations.")] = 1.0,
    output: Format = "table",
) -> None:
    """Show the gains of activations, the variance to initialise with, and what frameworks ship.

    Moments are integrated to 1e-12 or to the stated error; "exact" says whether a closed form exists.
    """
    from verify.moments.gains import gains, gains_table

    rows = [gains(name, s) for name in activations] if activations else gains_table(s)
    if output == "json":
        typer.echo(as_json([_as_dict(row, fan_in, fan_out) for row in rows]))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"a ~ N(0, {s:g}²), fan-in {fan_in}, fan-out {fan_out}", title_justify="left")
    for heading in (
        "activation",
        "E f²",
        "Var f",
        "E f′²",
        "gain →",
        "gain ←",
        "shipped",
        "σ² compromise",
        "exact",
    ):
        table.add_column(heading, justify="left" if heading == "activation" else "right", no_wrap=True)
    for row in rows:
        variance = row.variances(fan_in, fan_out)["compromise"]
        table.add_row(
            row.name,
            f"{row.second.value:.6g}",
            f"{row.variance:.6g}",
            "∞" if row.derivative is None else f"{row.derivative.value:.6g}",
            f"{row.forward:.5g}",
            _or_dash(row.backward, ".5g"),
            _or_dash(row.shipped, ".5g"),
            _or_dash(variance, ".4g"),
            "yes" if row.exact else "no",
        )
    console = Console(width=None if _on_terminal() else 110, markup=False, highlight=False)
    console.print(table)
    for row in rows:
        if row.remark:
            console.print(f"{row.name}: ships {row.shipped:.4g}, {row.remark}.", soft_wrap=True)


def calibrate(
    repetitions: Annotated[
        int, typer.Option("--repetitions", min=1, help="Repetitions of each case.")
    ] = 2000,
    seed: Seed = 0,
) -> None:
    """Show how often the moment check refutes true claims, and claims that are off by 1 %."""
    from verify.moments.calibration import main

    code = main(["--repetitions", str(repetitions), "--seed", str(seed)])
    if code:
        raise typer.Exit(code)


def _as_dict(row: Gains, fan_in: int, fan_out: int) -> dict[str, Any]:
    derivative = row.derivative
    return {
        "activation": row.name,
        "s": row.s,
        "exact": row.exact,
        "mean": row.mean.value,
        "second": row.second.value,
        "second_error": row.second.error,
        "variance": row.variance,
        "derivative": math.inf if derivative is None else derivative.value,
        "derivative_error": None if derivative is None else derivative.error,
        "forward_gain": row.forward,
        "backward_gain": row.backward,
        "compromise_gain": row.compromise,
        "shipped_gain": row.shipped,
        "sigma2": row.variances(fan_in, fan_out),
        "remark": row.remark,
    }


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _on_terminal() -> bool:
    import sys

    return sys.stdout.isatty()
