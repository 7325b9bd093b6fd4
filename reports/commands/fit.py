"""`gradproof fit`: a one-hidden-layer ReLU network through points, by four methods."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from reports.commands.options import Seed, as_json, warn

if TYPE_CHECKING:
    from verify.fit.fit import Fit, Progress

#: The exit code of a search that met the end of its budget.
UNSOLVED = 3


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("fit")(fit)


def fit(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET|FILE.csv", help="w-shape, zigzag, or a CSV with x,y.")
    ],
    hidden: Annotated[
        int | None,
        typer.Option("--hidden", metavar="H", help="Hidden units; without it what the points need."),
    ] = None,
    method: Annotated[
        Literal["exact", "fsolve", "least-squares", "train"], typer.Option("--method", help="How to fit.")
    ] = "exact",
    start: Annotated[
        Literal["good", "normal"],
        typer.Option(
            "--start", help="Starts of fsolve: kinks near the turns of the data, or all from N(0, 1)."
        ),
    ] = "good",
    budget: Annotated[
        float | None,
        typer.Option("--budget", metavar="SECONDS", help="When to give up; 60, 10 or 30 by method."),
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the figures there, as SVG and PDF.")
    ] = None,
    output: Annotated[Literal["table", "json"], typer.Option("--format", help="What to print.")] = "table",
) -> None:
    """Fit a one-hidden-layer ReLU network to points (x, y).

    Exits with 0 where all residuals vanish, 3 where the budget ended first (the best fit is shown).
    """
    from verify.fit.fit import Budget
    from verify.fit.methods import fit_points
    from verify.fit.points import load_points

    points = load_points(dataset)
    limit = None if budget is None else Budget(seconds=budget)
    with _progress() as progress:
        found = fit_points(points, method, hidden, seed, start, limit, progress)
    files = [] if out is None else _write_figures(found, out)
    if output == "json":
        if not found.converged:
            warn(found.notes)
        typer.echo(as_json(found.to_dict()))
    else:
        from verify.fit.methods import shortfall

        fewer = shortfall(points, seed) if method == "exact" else None
        _print(found, [*found.notes, *([str(fewer)] if fewer else []), *(f"wrote {path}" for path in files)])
    if not found.converged:
        raise typer.Exit(UNSOLVED)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """Show the starts and the least residual so far on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("fitting") as status:

        def show(starts: int, residual: float) -> None:
            status.update(f"{starts} starts, least largest residual {residual:.3g}")

        yield show


def _write_figures(found: Fit, out: Path) -> list[Path]:
    from reports.figures import canvas, fits
    from verify.files import write

    figures = {"fit": fits.fitted(found), "network": fits.drawn_network(found.net)}
    if found.losses:
        figures["loss"] = fits.loss_curve(found.losses)
    stem = Path(found.points.name).stem
    written = []
    for name, figure in figures.items():
        base = f"{stem}-{found.method}-{name}"
        written.append(
            write(out / f"{base}.svg", canvas.svg(figure, base).replace("currentColor", canvas.INK))
        )
        written.append(write(out / f"{base}.pdf", canvas.pdf(figure)))
    return written


def _print(found: Fit, notes: list[str]) -> None:
    from rich.table import Table

    from reports import terminal

    console = terminal.console()
    console.print(f"{found.points.name}: y = b0 + Σ wo·relu(wh·x + bh)", markup=False)
    units = Table()
    for heading in ("unit", "wh", "bh", "wo", "kink at"):
        units.add_column(heading, justify="right", no_wrap=True)
    for k, (wh, bh, wo) in enumerate(zip(found.net.wh, found.net.bh, found.net.wo, strict=True), start=1):
        kink = f"{float(-bh) / float(wh):.6g}" if wh and wo else "none"
        units.add_row(str(k), *(_number(v) for v in (wh, bh, wo)), kink)
    console.print(units)
    console.print(f"b0 = {_number(found.net.b0)}", markup=False)
    residuals = Table(title="residuals", title_justify="left")
    for heading in ("x", "y", "f(x) - y"):
        residuals.add_column(heading, justify="right", no_wrap=True)
    for x, y, r in zip(found.points.x, found.points.y, found.net.residuals(found.points), strict=True):
        residuals.add_row(_number(x), _number(y), f"{r:.3g}")
    console.print(residuals)
    word = "solved" if found.converged else "NOT SOLVED"
    console.print(
        f"{word} by {found.method}: {found.net.hidden} units, largest residual {found.max_residual:.3g}, "
        f"{found.restarts} restarts, {found.seconds:.3g} s",
        markup=False,
    )
    for note in notes:
        console.print(note, markup=False)


def _number(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
