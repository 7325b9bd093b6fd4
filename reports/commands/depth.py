"""`gradproof depth`: what a deep random network does to second moments, gradients and correlations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from derive.errors import InputError
from derive.moments.activations import X
from derive.moments.formula import read_formula
from reports.commands.options import Seed, as_json
from reports.commands.progress import counted
from reports.document import Block, Paragraph, Table, literal
from reports.renderers import terminal
from verify.moments.depth import FixedPoint, MeanField
from verify.moments.networks import Profile, measure_networks

#: The layers that a table shows, up to the depth asked for, which it shows as well.
_SHOWN = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000)


def depth(
    activation: Annotated[
        str,
        typer.Argument(metavar="ACTIVATION", help='A name, or an expression in x such as "x*sigmoid(x)".'),
    ],
    sigma_w: Annotated[
        str,
        typer.Option(
            "--sigma-w", metavar="S", help='Standard deviation of a weight times sqrt(n), such as "sqrt(2)".'
        ),
    ] = "1",
    sigma_b: Annotated[str, typer.Option("--sigma-b", metavar="S", help="That of a bias.")] = "0",
    second_moment: Annotated[
        float, typer.Option("--q", metavar="Q", help="Second moment of the first pre-activations.")
    ] = 1.0,
    correlation: Annotated[
        float, typer.Option("--c", metavar="C", help="Correlation of two inputs' first pre-activations.")
    ] = 0.5,
    layers: Annotated[int, typer.Option("--depth", min=2, max=1000, help="Layers.")] = 50,
    networks: Annotated[
        int, typer.Option("--networks", min=0, max=1000, help="Random networks to measure; 0 for none.")
    ] = 4,
    width: Annotated[int, typer.Option("--width", min=1, max=10_000, help="Their width.")] = 512,
    seed: Seed = 0,
    output: Annotated[Literal["table", "json"], typer.Option("--format", help="What to print.")] = "table",
) -> None:
    """Iterate the moments of a deep random network, and measure them on networks of that width.

    Shows the fixed points of the second moment q with their stability and depth scales, what gradients do there, the
    correlation that two inputs approach, and layer by layer the second moments of pre-activations and gradients.
    """
    field = MeanField(activation, _constant("--sigma-w", sigma_w), _constant("--sigma-b", sigma_b))
    if not (math.isfinite(second_moment) and second_moment > 0):
        raise InputError(f"--q {second_moment:g}: the second moment must be positive and finite")
    if not -1 <= correlation <= 1:
        raise InputError(f"--c {correlation:g}: a correlation lies between -1 and 1")
    if networks == 1:
        raise InputError("--networks 1: one network has no spread; give 2 or more, or 0 for none")
    derived = _derived(field, second_moment, correlation, layers)
    measured = None
    if networks:
        with counted("measuring") as progress:
            done = iter(range(1, networks + 1))
            measured = measure_networks(
                activation,
                field.sigma_w,
                field.sigma_b,
                width=width,
                depth=layers,
                networks=networks,
                second_moment=second_moment,
                correlation=correlation,
                seed=seed,
                on_network=lambda: progress and progress(next(done), networks, None),
            )
    if output == "json":
        typer.echo(as_json(_as_dict(field, second_moment, derived, measured)))
    else:
        terminal.show(_blocks(field, second_moment, derived, measured, width))


def _constant(option: str, text: str) -> float:
    """Return a number as people write it: 1.5, 5/3, sqrt(2)."""
    try:
        found = read_formula(text, X)
        if found.is_number:
            return float(found)
    except (InputError, TypeError, ValueError, OverflowError):
        pass
    raise InputError(f"{option} {text}: expected a number, such as 1.5, 5/3 or sqrt(2)")


def _derived(field: MeanField, q: float, c: float, layers: int) -> dict[str, list[float]]:
    """Return the iterated moments of layers 1 to `layers`; the gradients have variance 1 in the last layer."""
    forward, correlations = [q], [c]
    for _ in range(layers - 1):
        correlations.append(_or(math.nan, lambda: field.correlation(correlations[-1], forward[-1])))
        forward.append(_or(math.inf, lambda: field.second_moment(forward[-1])))
    gradients = [1.0]
    for moment in reversed(forward[:-1]):
        gradients.append(gradients[-1] * _or(math.inf, lambda q=moment: field.backward_factor(q)))  # type: ignore[misc]
    return {"forward": forward, "backward": gradients[::-1], "correlation": correlations}


def _or(otherwise: float, value: Callable[[], float]) -> float:
    """Return the value, or what stands for it where it is beyond doubles."""
    try:
        return value()
    except InputError:
        return otherwise


def _blocks(
    field: MeanField, q: float, derived: dict[str, list[float]], measured: Profile | None, width: int
) -> list[Block]:
    said = [
        f"{field.name}, σ_w = {field.sigma_w:g}, σ_b = {field.sigma_b:g}, from q = {q:g}: {_summary(field, q)}"
    ]
    said += [f"fixed point q = {_point(p, field)}" for p in field.fixed_points]
    blocks: list[Block] = [Paragraph(literal(line)) for line in said]
    total = len(derived["forward"])
    shown = sorted({*(k for k in _SHOWN if k < total), total})
    header = ["layer", "q", "gradients", "correlation"]
    if measured is not None:
        header = ["layer", "q", "measured", "gradients", "measured", "correlation", "measured"]
    rows = []
    for k in shown:
        row = [str(k)]
        for name in ("forward", "backward", "correlation"):
            row.append(_shown(derived[name][k - 1]))
            if measured is not None:
                mean, error = measured.mean(name)
                finite = math.isfinite(mean[k - 1]) and math.isfinite(error[k - 1])
                row.append(f"{mean[k - 1]:.4g} ± {error[k - 1]:.2g}" if finite else "–")
        rows.append([literal(cell) for cell in row])
    caption = "Gradients are relative to the last layer's."
    if measured is not None:
        caption += f" Measured: the mean of {len(measured.forward)} networks of width {width}, with its standard error."
    return [*blocks, Table(header, rows, numeric=list(range(len(header)))), Paragraph(literal(caption))]


def _shown(value: float) -> str:
    return "–" if math.isnan(value) else "∞" if math.isinf(value) else f"{value:.4g}"


def _summary(field: MeanField, q: float) -> str:
    """What becomes of the second moment, of gradients, and of two inputs, in one sentence."""
    limit = field.limit(q)
    words = f"the second moment is {field.regime(q)}, gradients are {field.gradient_regime(q)}"
    if limit is None or limit.value == 0:
        return words
    chi = field.backward_factor(limit.value)
    if math.isinf(chi):
        words += (
            ": the activation jumps, or rises without bound, so that near inputs part faster than any rate, while the "
            "derivative that backpropagation takes is that between the jumps"
        )
    alike = field.correlation_limit(limit.value)
    if math.isinf(chi):
        return f"{words}; the correlation of two inputs approaches {alike.value:.6g}: {alike.approach}"
    scale = "" if chi == 0 or abs(chi - 1) <= 1e-6 else f", e-fold in {abs(1 / math.log(chi)):.4g} layers"
    return (
        f"{words} (χ = {chi:.6g} at q = {limit.value:.6g}{scale}); the correlation of two inputs approaches "
        f"{alike.value:.6g}: {alike.approach}"
    )


def _point(point: FixedPoint, field: MeanField) -> str:
    if field.keeps_every_scale and point.value:
        return f"{point.value:.6g}, and every other q: the map keeps every scale"
    word = "marginal" if point.marginal else "stable" if point.stable else "unstable"
    return f"{point.value:.6g}, {word}: {point.approach}"


def _as_dict(
    field: MeanField, q: float, derived: dict[str, list[float]], measured: Profile | None
) -> dict[str, Any]:
    limit = field.limit(q)
    stands = limit is not None and limit.value > 0
    alike = field.correlation_limit(limit.value) if stands and limit is not None else None
    out: dict[str, Any] = {
        "activation": field.name,
        "sigma_w": field.sigma_w,
        "sigma_b": field.sigma_b,
        "regime": field.regime(q),
        "gradient_regime": field.gradient_regime(q),
        "fixed_points": [_fixed(point) for point in field.fixed_points],
        "limit": None if limit is None else _fixed(limit),
        "chi": None if limit is None else field.backward_factor(limit.value),
        "correlation_limit": None if alike is None else _fixed(alike),
        "derived": derived,
    }
    if measured is not None:
        out["measured"] = {
            name: dict(zip(("mean", "standard_error"), (list(v) for v in measured.mean(name)), strict=True))
            for name in derived
        }
    return out


def _fixed(point: FixedPoint) -> dict[str, float | bool]:
    return {
        "value": point.value,
        "slope": point.slope,
        "stable": point.stable,
        "depth_scale": point.depth_scale,
    }
