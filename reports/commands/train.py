"""`gradproof train`: a small classifier in NumPy on IDX image files, trained by the derived gradients."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from derive.errors import InputError
from reports.commands.options import as_json, warn
from reports.renderers.terminal import console
from verify.files import writable
from verify.fit.network.idx import Images, read_images
from verify.fit.network.model import Network
from verify.fit.network.store import load, save
from verify.fit.network.trainer import Options, history_path, new_network
from verify.fit.network.trainer import train as run

#: What a new network has where the command line does not say; a loaded one brings its own.
LAYERS, ACTIVATION, INITIALISATION, DTYPE = "784-32-32-10", "relu", "he", "float32"


def train(
    data: Annotated[Path, typer.Option("--data", help="Folder with the IDX files, gzip or not.")],
    layers: Annotated[
        str | None, typer.Option("--layers", help="Widths, the input's first.", show_default=LAYERS)
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option("--activation", help="relu, sigmoid, swish or tanh.", show_default=ACTIVATION),
    ] = None,
    initialisation: Annotated[
        str | None,
        typer.Option(
            "--init",
            help="he, glorot, lecun, fan-in, fan-out, fan-max, or std=0.1.",
            show_default=INITIALISATION,
        ),
    ] = None,
    load: Annotated[
        Path | None,
        typer.Option(
            "--load",
            help="Begin with the parameters of an .npz file that --out wrote (with --epochs 0: only evaluate). "
            "Momentum and the moments of adam begin anew.",
        ),
    ] = None,
    epochs: Annotated[int, typer.Option("--epochs", help="Passes over the training images.")] = 10,
    batch: Annotated[int, typer.Option("--batch", help="Images a step; 1 updates after every image.")] = 64,
    rate: Annotated[float, typer.Option("--rate", help="Learning rate.")] = 1e-3,
    decay: Annotated[float, typer.Option("--decay", help="Factor of the rate after every epoch.")] = 1.0,
    optimiser: Annotated[str, typer.Option("--optimiser", help="sgd, momentum or adam.")] = "adam",
    momentum: Annotated[float, typer.Option("--momentum", help="For --optimiser momentum.")] = 0.9,
    l2: Annotated[
        float | None,
        typer.Option("--l2", help="Factor of half the sum of squared weights.", show_default="0"),
    ] = None,
    dropout: Annotated[float, typer.Option("--dropout", help="Share of hidden units left out.")] = 0.0,
    validation: Annotated[float, typer.Option("--validation", help="Share of images set aside.")] = 0.1,
    patience: Annotated[
        int, typer.Option("--patience", help="Epochs without a better one; 0: never stop.")
    ] = 0,
    shuffle: Annotated[
        bool, typer.Option("--shuffle/--no-shuffle", help="Or take images in file order.")
    ] = True,
    seed: Annotated[int, typer.Option("--seed", help="Of weights, split, order and dropout.")] = 0,
    dtype: Annotated[
        Literal["float32", "float64"] | None,
        typer.Option("--dtype", help="Of the parameters.", show_default=DTYPE),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Only the first training images; 0: all.")] = 0,
    raw: Annotated[
        bool, typer.Option("--raw", help="Pixels 0..255 as they are, not divided by 255.")
    ] = False,
    test_each_epoch: Annotated[
        bool,
        typer.Option(
            "--test-each-epoch",
            help="Print the test images right after every epoch: for looking, never for choosing anything.",
        ),
    ] = False,
    classes: Annotated[
        str | None,
        typer.Option("--classes", help='Names for the figures, "a,b,...".', show_default="0,1,..."),
    ] = None,
    history_file: Annotated[
        Path | None, typer.Option("--history", help="File for the history, .csv or .json (with seconds).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for parameters, history and figures.")
    ] = None,
    output: Annotated[Literal["table", "json"], typer.Option("--format", help="What to print.")] = "table",
) -> int:
    """Train a fully connected classifier on IDX image files, by the gradients that were derived.

    The test images are looked at once before training and once after: what is kept is chosen on the validation
    split, and so it is with --test-each-epoch. Exit code 1 where the training diverged.
    """
    options = Options(
        epochs, batch, rate, decay, optimiser, momentum, dropout, validation, patience, shuffle, seed
    )
    warn(_unused(options))
    if out is not None:
        writable(out)
    if history_file is not None:
        writable(history_path(history_file).parent)
    images = read_images(data)
    if load is None:
        network = _new(images, layers or LAYERS, activation or ACTIVATION, initialisation or INITIALISATION,
                       l2 or 0.0, seed, dtype or DTYPE)  # fmt: skip
    else:
        network = _loaded(images, load, layers, activation, initialisation, l2, dtype)
    names = _names(classes, network.layers[-1])
    kind = network.parameters[0][0].dtype
    scale = np.float32(1 if raw else 255)
    count = limit or len(images.train)
    x, test = (part.astype(np.float32) / scale for part in (images.train[:count], images.test))
    test = test.astype(kind)
    before = network.right(test, images.test_labels)
    counts: list[int] = []

    def watch(_: int, network: Network) -> None:
        counts.append(network.right(test, images.test_labels))

    with _bar() as progress:
        history = run(
            network, x, images.train_labels[:count], options, progress, watch if test_each_epoch else None
        )
    after = network.right(test, images.test_labels)
    files = [] if history_file is None else [history.save(history_file)]
    if out is not None:
        from reports.figures.training import save_figures

        files.append(save(network, out / "network.npz"))
        if epochs:  # an evaluation leaves the history of the training that lies there
            files.append(history.save(out / "history.csv"))
        files += save_figures(network, history, test, images, out, names)
    epochs_done = [vars(e) for e in history.epochs]
    if test_each_epoch:
        epochs_done = [{**e, "test": n} for e, n in zip(epochs_done, counts, strict=True)]
    summary = {
        "data": str(data), "layers": list(network.layers), "before": before, "after": after, "test": len(test),
        "best": history.best, "stopped": history.stopped, "epochs": epochs_done,
        "files": [str(f) for f in files],
    }  # fmt: skip
    if output == "json":
        typer.echo(as_json(summary))
    else:
        _print(summary)
    return 1 if history.diverged else 0


def _unused(options: Options) -> Iterator[str]:
    """Say which options have no effect beside the others."""
    if options.patience and not options.validation:
        yield "--patience has no effect with --validation 0: there are no images that tell better from worse"
    if options.optimiser != "momentum" and options.momentum != type(options).momentum:
        yield f"--momentum is for --optimiser momentum; {options.optimiser} does not use it"


def _new(
    images: Images, layers: str, activation: str, initialisation: str, l2: float, seed: int, dtype: str
) -> Network:
    """Return a network with drawn weights. Raises InputError."""
    widths = _layers(layers, images.train.shape[1])
    images.require_classes(widths[-1])
    kind: Any = np.dtype(dtype).type
    return new_network(widths, activation, initialisation, "cross-entropy", l2, seed, kind)


def _loaded(
    images: Images,
    path: Path,
    layers: str | None,
    activation: str | None,
    initialisation: str | None,
    l2: float | None,
    dtype: str | None,
) -> Network:
    """Return the network of a file, with another penalty or type where asked for.

    Raises InputError where it is no classifier of these images, or not the one that the options describe.
    """
    network = load(path)
    own = "-".join(map(str, network.layers))
    if initialisation is not None:
        raise InputError(f"--init draws new weights, --load {path} brings them: leave one of the two out")
    if network.loss != "cross-entropy":
        raise InputError(f"{path}: the loss is {network.loss}: a classifier is trained with cross-entropy")
    for option, given, found in (("layers", layers, own), ("activation", activation, network.activation)):
        if given is not None and given.strip() != found:
            raise InputError(
                f"{path}: the {option} of the file: {found}, not {given[:60]}: leave --{option} out"
            )
    if network.layers[0] != images.train.shape[1]:
        raise InputError(
            f"{path}: a network of {network.layers[0]} inputs, the images have {images.train.shape[1]} pixels: "
            "give the images it was trained on"
        )
    images.require_classes(network.layers[-1])
    if l2 is not None:
        if not (isfinite(l2) and l2 >= 0):
            raise InputError(f"l2 is {l2}: it must be 0 or more")
        network = replace(network, l2=l2)
    if dtype is not None:
        network = replace(
            network, parameters=[(w.astype(dtype), b.astype(dtype)) for w, b in network.parameters]
        )
    return network


def _names(text: str | None, count: int) -> list[str]:
    """Return the names of the classes, their numbers if none are given. Raises InputError."""
    if text is None:
        return [str(k) for k in range(count)]
    names = [name.strip() for name in text.split(",")]
    if len(names) != count or not all(names):
        raise InputError(
            f"--classes gives {sum(map(bool, names))} names, the layers end with {count}: write {count} names "
            "with commas between them"
        )
    return names


def _layers(text: str, inputs: int) -> tuple[int, ...]:
    """Return the widths of a text such as 784-32-32-10. Raises InputError."""
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
    return widths


def _bar() -> Any:
    """Return a context that gives a progress callback on a terminal, None in a pipe."""
    return _live() if sys.stderr.isatty() else nullcontext(None)


def _live() -> Any:
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
    out = console()
    table = Table(box=None, pad_edge=False)
    tested = any("test" in e for e in summary["epochs"])
    headings = ("epoch", "loss", "train", "validation loss", "validation", "rate", "seconds")
    for heading in (*headings, *(["test"] if tested else [])):
        table.add_column(heading, justify="right")
    for e in summary["epochs"]:
        held = ["", ""]
        if e["validation"] is not None:
            held = [f"{e['validation_loss']:.5f}", f"{e['validation']:.2%}"]
        row = [str(e["epoch"]), f"{e['loss']:.5f}", f"{e['train']:.2%}", *held, f"{e['rate']:.3g}",
               f"{e['seconds']:.1f}"]  # fmt: skip
        table.add_row(*row, *([str(e["test"])] if tested else []))
    if summary["epochs"]:
        out.print(table)
    if summary["stopped"]:
        out.print(summary["stopped"])
    if summary["best"]:
        out.print(f"kept: epoch {summary['best']}")
    if summary["epochs"] or summary["stopped"]:
        out.print(f"test: {summary['before']} of {summary['test']} right before, {summary['after']} after")
    else:
        out.print(f"test: {summary['after']} of {summary['test']} right")
    for file in summary["files"]:
        out.print(f"wrote {file}")
