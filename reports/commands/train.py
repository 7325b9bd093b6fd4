"""`gradproof train`: a small classifier in NumPy on IDX image files, trained by the derived gradients."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from reports.commands.options import as_json

if TYPE_CHECKING:
    pass


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(
    data: Annotated[Path, typer.Option("--data", help="Folder with the IDX files, gzip or not.")],
    layers: Annotated[str, typer.Option("--layers", help="Widths, the input's first.")] = "784-32-32-10",
    activation: Annotated[str, typer.Option("--activation", help="relu, sigmoid, swish or tanh.")] = "relu",
    initialisation: Annotated[
        str, typer.Option("--init", help="he, glorot, lecun, fan-in, fan-out, fan-max, or std=0.1.")
    ] = "he",
    epochs: Annotated[int, typer.Option("--epochs", help="Passes over the training images.")] = 10,
    batch: Annotated[int, typer.Option("--batch", help="Images a step; 1 updates after every image.")] = 64,
    rate: Annotated[float, typer.Option("--rate", help="Learning rate.")] = 1e-3,
    decay: Annotated[float, typer.Option("--decay", help="Factor of the rate after every epoch.")] = 1.0,
    optimiser: Annotated[str, typer.Option("--optimiser", help="sgd, momentum or adam.")] = "adam",
    momentum: Annotated[float, typer.Option("--momentum", help="For --optimiser momentum.")] = 0.9,
    l2: Annotated[float, typer.Option("--l2", help="Factor of half the sum of squared weights.")] = 0.0,
    dropout: Annotated[float, typer.Option("--dropout", help="Share of hidden units left out.")] = 0.0,
    validation: Annotated[float, typer.Option("--validation", help="Share of images set aside.")] = 0.1,
    patience: Annotated[
        int, typer.Option("--patience", help="Epochs without a better one; 0: never stop.")
    ] = 0,
    shuffle: Annotated[
        bool, typer.Option("--shuffle/--no-shuffle", help="Or take images in file order.")
    ] = True,
    seed: Annotated[int, typer.Option("--seed", help="Of weights, split, order and dropout.")] = 0,
    dtype: Annotated[Literal["float32", "float64"], typer.Option("--dtype")] = "float32",
    limit: Annotated[int, typer.Option("--limit", min=0, help="Only the first training images; 0: all.")] = 0,
    raw: Annotated[
        bool, typer.Option("--raw", help="Pixels 0..255 as they are, not divided by 255.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for parameters, history and figures.")
    ] = None,
    output: Annotated[Literal["table", "json"], typer.Option("--format", help="What to print.")] = "table",
) -> int:
    """Train a fully connected classifier on IDX image files, by the gradients that were derived.

    The test images are looked at once before training and once after: what is kept is chosen on the validation
    split. Exit code 1 where the training diverged.
    """
    import numpy as np

    from verify.fit.network.idx import read_images
    from verify.fit.network.trainer import Options, new_network
    from verify.fit.network.trainer import train as run

    images = read_images(data)
    widths = _layers(layers, images.train.shape[1], images.classes)
    options = Options(
        epochs, batch, rate, decay, optimiser, momentum, dropout, validation, patience, shuffle, seed
    )
    kind: Any = np.float32 if dtype == "float32" else np.float64
    network = new_network(widths, activation, initialisation, "cross-entropy", l2, seed, kind)
    scale = np.float32(1 if raw else 255)
    count = limit or len(images.train)
    x, test = (part.astype(np.float32) / scale for part in (images.train[:count], images.test))
    labels = images.train_labels[:count]
    before = network.right(test.astype(kind), images.test_labels)
    with _bar() as progress:
        history = run(network, x, labels, options, progress)
    after = network.right(test.astype(kind), images.test_labels)
    files = []
    if out is not None:
        from reports.figures.training import save_figures
        from verify.fit.network.store import save

        files = [save(network, out / "network.npz"), history.save(out / "history.csv"),
                 *save_figures(network, history, test.astype(kind), images, out)]  # fmt: skip
    summary = {
        "data": str(data), "layers": list(widths), "before": before, "after": after, "test": len(test),
        "best": history.best, "stopped": history.stopped, "epochs": [vars(e) for e in history.epochs],
        "files": [str(f) for f in files],
    }  # fmt: skip
    if output == "json":
        typer.echo(as_json(summary))
    else:
        _print(summary)
    return 1 if history.diverged else 0


def _layers(text: str, inputs: int, classes: int) -> tuple[int, ...]:
    from derive.errors import InputError

    parts = text.strip().split("-")
    if len(parts) < 2 or not all(p.isdigit() and int(p) > 0 for p in parts):
        raise InputError(
            f"cannot read the layers {text[:60]}: write widths with hyphens, such as 784-32-32-10"
        )
    widths = tuple(map(int, parts))
    if widths[0] != inputs:
        raise InputError(
            f"the images have {inputs} pixels, the layers begin with {widths[0]}: begin with {inputs}"
        )
    if widths[-1] < classes:
        raise InputError(f"there are {classes} classes, the layers end with {widths[-1]}: end with {classes}")
    return widths


def _bar() -> Any:
    """Return a context that gives a progress callback on a terminal, None in a pipe."""
    import sys
    from contextlib import nullcontext

    return _live() if sys.stderr.isatty() else nullcontext(None)


def _live() -> Any:
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    @contextmanager
    def bar() -> Any:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Bar(*columns, console=Console(stderr=True), transient=True) as shown:
            task = shown.add_task("training")

            def update(epoch: int, epochs: int, done: int, total: int, loss: float) -> None:
                text = f"epoch {epoch}/{epochs}, loss {loss:.4f}"
                shown.update(
                    task, description=text, total=total * epochs, completed=(epoch - 1) * total + done
                )

            yield update

    return bar()


def _print(summary: dict[str, Any]) -> None:
    from rich.table import Table

    from reports.terminal import console

    out = console()
    table = Table(box=None, pad_edge=False)
    for heading in ("epoch", "loss", "train", "validation", "rate", "seconds"):
        table.add_column(heading, justify="right")
    for e in summary["epochs"]:
        held = "" if e["validation"] is None else f"{e['validation']:.2%}"
        table.add_row(str(e["epoch"]), f"{e['loss']:.5f}", f"{e['train']:.2%}", held, f"{e['rate']:.3g}",
                      f"{e['seconds']:.1f}")  # fmt: skip
    out.print(table)
    if summary["stopped"]:
        out.print(summary["stopped"])
    if summary["epochs"]:
        out.print(f"kept: epoch {summary['best']}")
    out.print(f"test: {summary['before']} of {summary['test']} right before, {summary['after']} after")
    for file in summary["files"]:
        out.print(f"wrote {file}")
