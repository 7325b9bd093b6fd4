"""`gradproof fit`: a one-hidden-layer ReLU network through points, by four methods."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from reports.chapters.fit_comparison import comparison
from reports.commands.options import Seed, as_json, warn
from reports.document import Paragraph, literal
from reports.renderers import terminal
from verify.files import writable, write
from verify.fit.fit import Budget, Fit, Progress
from verify.fit.methods import compare, fit_points, shortfall
from verify.fit.points import Points, load_points
from verify.fit.rationals import short

#: The exit code of a search that met the end of its budget.
UNSOLVED = 3
#: Rows of a table on a terminal at most; JSON holds all.
_MOST_ROWS = 40
#: What a comparison gives each method: seeds, and starts a fit.
_SEEDS, _STARTS, _SECONDS = 5, 400, 10.0


def fit(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET|FILE.csv", help="w-shape, zigzag, or a CSV with x,y.")
    ],
    hidden: Annotated[
        int | None,
        typer.Option("--hidden", metavar="H", help="Hidden units; without it what the points need."),
    ] = None,
    method: Annotated[
        Literal["exact", "fsolve", "least-squares", "train", "all"],
        typer.Option("--method", help="How to fit; all: compare the methods."),
    ] = "exact",
    start: Annotated[
        Literal["good", "normal"] | None,
        typer.Option(
            "--start",
            help="Starts of fsolve: good, kinks among the data (usual), or normal, all from N(0, 1).",
        ),
    ] = None,
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
    points = load_points(dataset)
    if out is not None:
        writable(out)
    limit = None if budget is None else Budget(seconds=budget)
    if start is not None and method != "fsolve":
        warn([f"--start {start} is for --method fsolve; {method} does not use it"])
    if method == "all":
        _compare(points, hidden, seed, budget, out, output)
        return
    with _progress() as progress:
        found = fit_points(points, method, hidden, seed, start or "good", limit, progress)
    files = [] if out is None else _write_figures(found, out)
    if output == "json":
        if not found.converged:
            warn(found.notes)
        typer.echo(as_json(found.to_dict()))
    else:
        fewer = shortfall(points, seed) if method == "exact" else None
        _print(found, [*found.notes, *([str(fewer)] if fewer else []), *(f"wrote {path}" for path in files)])
    if not found.converged:
        raise typer.Exit(UNSOLVED)


def _compare(
    points: Points, hidden: int | None, seed: int, budget: float | None, out: Path | None, output: str
) -> None:
    """Print one row a method; the figures are those of a fit by each."""
    seeds = range(seed, seed + _SEEDS)
    limit = Budget(_STARTS, seconds=_SECONDS if budget is None else budget)
    with _working() as said:
        rows = compare(points, hidden, seeds, limit, said)
    files = [] if out is None else [path for row in rows for path in _write_figures(row.fit, out, row.method)]
    if output == "json":
        typer.echo(
            as_json(
                {"dataset": points.name, "seeds": list(seeds), "methods": [row.to_dict() for row in rows]}
            )
        )
        return

    terminal.show(
        [
            Paragraph(
                literal(
                    f"{points.name}: {_SEEDS} seeds a method, at most {limit.starts} starts and {limit.seconds:g} s each; "
                    "medians"
                )
            ),
            comparison(rows, times=True),
            *(Paragraph(literal(f"wrote {path}")) for path in files),
        ]
    )


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """Show the starts and the least residual so far on a terminal, nothing in a pipe."""
    with _working() as said:
        yield said and (
            lambda starts, residual: said(
                f"{starts} start{'' if starts == 1 else 's'}, least largest residual {residual:.3g}"
            )
        )


@contextmanager
def _working() -> Iterator[Callable[[str], None] | None]:
    """Give a function that shows what is being done, on a terminal; None in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return

    with Console(stderr=True).status("fitting") as status:
        yield lambda said: status.update(said)


def _write_figures(found: Fit, out: Path, method: str = "") -> list[Path]:
    from reports.figures import canvas, fits

    figures = {"fit": fits.fitted(found), "network": fits.drawn_network(found.net)}
    if found.losses:
        figures["loss"] = fits.loss_curve(found.losses)
    stem = Path(found.points.name).stem
    written = []
    for name, figure in figures.items():
        base = f"{stem}-{(method or found.method).replace(' --start ', '-')}-{name}"
        written.append(
            write(out / f"{base}.svg", canvas.svg(figure, base).replace("currentColor", canvas.INK))
        )
        written.append(write(out / f"{base}.pdf", canvas.pdf(figure)))
    return written


def _print(found: Fit, notes: list[str]) -> None:
    console = terminal.console()
    console.print(f"{found.points.name}: y = b0 + Σ wo·relu(wh·x + bh)", markup=False)
    units = Table()
    for heading in ("unit", "wh", "bh", "wo", "kink at"):
        units.add_column(heading, justify="right", no_wrap=True)
    net = found.net
    for k in _shown(net.hidden):
        if k is None:
            units.add_row("…", "", "", "", "")
            continue
        wh, bh, wo = net.wh[k], net.bh[k], net.wo[k]
        kink = f"{float(-bh) / float(wh):.6g}" if wh and wo else "none"
        units.add_row(str(k + 1), short(wh), short(bh), short(wo), kink)
    console.print(units)
    console.print(f"b0 = {short(net.b0)}", markup=False)
    residuals = Table(title="residuals", title_justify="left")
    for heading in ("x", "y", "f(x) - y"):
        residuals.add_column(heading, justify="right", no_wrap=True)
    left_over = net.residuals(found.points)
    for k in _shown(len(found.points)):
        if k is None:
            residuals.add_row("…", "…", "…")
        else:
            residuals.add_row(short(found.points.x[k]), short(found.points.y[k]), f"{left_over[k]:.3g}")
    console.print(residuals)
    if len(found.points) > _MOST_ROWS or net.hidden > _MOST_ROWS:
        console.print("… stands for rows left out; --format json has every unit")
    word = "solved" if found.converged else "NOT SOLVED"
    console.print(
        f"{word} by {found.method}: {net.hidden} unit{'' if net.hidden == 1 else 's'}, largest residual "
        f"{found.max_residual:.3g}, {found.restarts} restart{'' if found.restarts == 1 else 's'}, {found.seconds:.3g} s",
        markup=False,
    )
    for note in notes:
        console.print(note, markup=False)


def _shown(count: int) -> list[int | None]:
    """Return the rows to show, with None where rows are left out."""
    if count <= _MOST_ROWS:
        return list(range(count))
    return [*range(_MOST_ROWS // 2), None, *range(count - _MOST_ROWS // 2 + 1, count)]
