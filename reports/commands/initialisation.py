"""`gradproof initialisation`: gains and variances to initialise with; `gradproof calibrate`: the check, checked."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from derive.errors import InputError
from derive.moments import ACTIVATIONS, gaussian_moments
from reports.commands.options import Seed, as_json
from verify.moments.calibration import main
from verify.moments.gains import Gains, gains
from verify.moments.quadrature import Integral

Format = Annotated[Literal["table", "json"], typer.Option("--format", help="What to print.")]


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
    """Show the moments and gains of activations, the variance to initialise with, and what frameworks ship.

    "closed form" moments are exact, others are integrated to 1e-12 or to the error that JSON states. With names
    given, closed forms are printed as formulas in s.
    """
    rows: list[Gains] = []
    failed: list[InputError] = []
    for name in activations or list(ACTIVATIONS):
        try:
            rows.append(gains(name, s))
        except InputError as error:
            failed.append(error)
    if not rows:
        raise failed[0]
    if output == "json":
        typer.echo(as_json([_as_dict(row, fan_in, fan_out) for row in rows]))
    else:
        _show(rows, s, fan_in, fan_out)
        if activations:
            _show_formulas(activations)
    for reason in failed:
        print(f"error: {reason}", file=sys.stderr)
    if failed:
        raise typer.Exit(2)


def _show(rows: list[Gains], s: float, fan_in: int, fan_out: int) -> None:
    console = Console(width=None if _on_terminal() else 110, markup=False, highlight=False)
    moments = Table(title=f"Moments for a ~ N(0, {s:g}²)", title_justify="left")
    for heading in ("activation", "E f", "E f²", "Var f", "E f′²", "from"):
        moments.add_column(
            heading, justify="left" if heading in ("activation", "from") else "right", no_wrap=True
        )
    weights = Table(
        title=f"Gains, and the variance σ² of the weights for fan-in {fan_in}, fan-out {fan_out}",
        title_justify="left",
    )
    headings = ("gain →", "gain ←", "σ² fan-in", "σ² fan-out", "σ² compromise", "PyTorch", "scale")
    weights.add_column("activation", no_wrap=True)
    for heading in headings:
        weights.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        values = [
            _moment(row, name, moment)
            for name, moment in (
                ("mean", row.mean),
                ("second", row.second),
                ("variance", row.central),
                ("derivative", row.derivative),
            )
        ]
        moments.add_row(row.name, *values, "closed form" if row.exact else "quadrature")
        sigma2 = row.variances(fan_in, fan_out)
        weights.add_row(
            row.name,
            _or_dash(row.forward, ".5g"),
            _or_dash(row.backward, ".5g"),
            *(_or_dash(sigma2[key], ".4g") for key in ("fan-in", "fan-out", "compromise")),
            _or_dash(row.shipped, ".5g"),
            _or_dash(row.variance_scale, ".4g"),
        )
    console.print(moments)
    console.print(weights)
    console.print(
        "gain →, ← keep the second moment forward, and that of the gradients backward; PyTorch: the constant of "
        "calculate_gain; scale: what variance_scaling of Keras and JAX takes with mode fan_in to do the same "
        "(he_normal is 2, lecun_normal 1, whatever the activation).",
        soft_wrap=True,
    )
    for row in rows:
        for name, reason in row.reasons.items():
            console.print(f"{row.name}: {_SYMBOLS[name]} {reason}.", soft_wrap=True)
        if row.remark:
            console.print(f"{row.name}: ships {row.shipped:.4g}, {row.remark}.", soft_wrap=True)


_SYMBOLS = {"mean": "E f", "second": "E f²", "variance": "Var f", "derivative": "E f′²"}


def _moment(row: Gains, name: str, moment: Integral | None) -> str:
    if moment is not None:
        typical = 1.0 if row.second is None else row.second.value**0.5
        return "0" if abs(moment.value) < 1e-15 * typical and name == "mean" else f"{moment.value:.6g}"
    return "∞" if row.reasons.get(name, "").startswith("is infinite") else "–"


def _show_formulas(activations: list[str]) -> None:
    """Print the closed forms that are short enough to read."""
    for given in activations:
        try:
            found = gaussian_moments(given)
        except InputError:
            continue
        for name in _SYMBOLS:
            value = getattr(found, name)
            text = str(value).replace("**", "^")
            if value is not None and value.is_finite is not False and len(text) <= 160:
                typer.echo(f"{found.activation.name}: {_SYMBOLS[name]} = {text}")


def calibrate(
    repetitions: Annotated[
        int, typer.Option("--repetitions", min=1, help="Repetitions of each case.")
    ] = 2000,
    seed: Seed = 0,
) -> None:
    """Show how often the moment check refutes true claims, and claims that are off by 1 %."""
    code = main(["--repetitions", str(repetitions), "--seed", str(seed)])
    if code:
        raise typer.Exit(code)


def _as_dict(row: Gains, fan_in: int, fan_out: int) -> dict[str, Any]:
    moments = {"mean": row.mean, "second": row.second, "variance": row.central, "derivative": row.derivative}
    out: dict[str, Any] = {"activation": row.name, "s": row.s, "exact": row.exact}
    for name, moment in moments.items():
        out[name] = None if moment is None else moment.value
        out[f"{name}_error"] = None if moment is None else moment.error
    return out | {
        "reasons": dict(row.reasons),
        "forward_gain": row.forward,
        "backward_gain": row.backward,
        "compromise_gain": row.compromise,
        "shipped_gain": row.shipped,
        "shipped_forward_factor": row.shipped_forward_factor,
        "shipped_backward_factor": row.shipped_backward_factor,
        "variance_scale": row.variance_scale,
        "sigma2": row.variances(fan_in, fan_out),
        "remark": row.remark,
    }


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _on_terminal() -> bool:
    return sys.stdout.isatty()
