"""Figures of a training: loss and accuracy by epoch, the confusion matrix, what the network thinks of images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.figures.canvas import COLOURS, FAINT, INK, canvas, look, pdf, svg
from verify.files import write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from verify.fit.network.idx import Images
    from verify.fit.network.model import Network
    from verify.fit.network.sensitivity import Drift
    from verify.fit.network.trainer import History


def curves(history: History) -> Figure:
    """Return training and validation loss on a log axis beside training and validation accuracy, by epoch."""
    figure = canvas(6.4, 2.8)
    with look():
        left, right = figure.subplots(1, 2)
        epochs = [e.epoch for e in history.epochs]
        held = bool(history.epochs) and history.epochs[0].validation is not None
        left.semilogy(epochs, [e.loss for e in history.epochs], "o-", color=COLOURS[0], label="training")
        right.plot(epochs, [100 * e.train for e in history.epochs], "o-", color=COLOURS[0], label="training")
        if held:
            losses = [e.validation_loss for e in history.epochs]
            left.semilogy(epochs, losses, "s-", color=COLOURS[1], label="validation")
            shares = [100 * (e.validation or 0) for e in history.epochs]
            right.plot(epochs, shares, "s-", color=COLOURS[1], label="validation")
            for axes in (left, right):
                axes.axvline(history.best, color=FAINT, lw=0.8, ls=":")
        left.set(xlabel="epoch", ylabel="loss" if held else "training loss")
        right.set(xlabel="epoch", ylabel="right, %" if held else "training images right, %")
        _plain_ticks(left)
        if held:
            left.legend()
            right.legend()
        for axes in (left, right):
            axes.xaxis.get_major_locator().set_params(integer=True)
            if len(epochs) == 1:
                axes.set_xticks(epochs)
    return figure


def _plain_ticks(axes: Axes) -> None:
    """Label a logarithmic y axis with powers of ten, or within less than two decades with plain round numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

    low, high = axes.get_ylim()
    if not 0 < low < high or high / low >= 100:
        return
    axis = axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)) if high / low >= 10 else MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _plain(names: Sequence[str]) -> list[str]:
    """Return names that matplotlib sets as they are: a dollar sign begins no formula."""
    return [name.replace("$", r"\$") for name in names]


def confusion(network: Network, x: Any, labels: Any, names: Sequence[str] = ()) -> Figure:
    """Return the confusion matrix: rows are true classes, columns what the network says, in per cent of a row.

    Shares that round to 0 are left blank. `names` of the classes, or their numbers, stand at both axes.
    """
    import numpy as np

    classes = network.layers[-1]
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels, network.predict(x)), 1)
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = canvas(4.4, 4.0)
    with look():
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
        for i in range(classes):
            for j in range(classes):
                text = f"{shares[i, j]:.0f}"
                if text != "0":
                    ink = "white" if shares[i, j] > 55 else "#1a1a1a"
                    axes.text(j, i, text, ha="center", va="center", fontsize=7, color=ink)
        axes.set(xlabel="class given", ylabel="true class, % of its images")
        ticks = _plain(names or [str(k) for k in range(classes)])
        turned: dict[str, Any] = (
            {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if max(map(len, ticks)) > 2 else {}
        )
        axes.set_xticks(range(classes), ticks, **turned)
        axes.set_yticks(range(classes), ticks)
        axes.grid(False)
    return figure


def opinions(network: Network, x: Any, images: Images, names: Sequence[str] = (), count: int = 8) -> Figure:
    """Return test images with the probabilities that the network gives their classes.

    Half of them are the first ones, half the first that are classified wrongly. `names` of the classes, or their
    numbers, stand at the bars; the bar of the true class has a colour of its own, which a key explains.
    """
    import numpy as np
    from matplotlib.patches import Patch

    wrong = np.flatnonzero(network.predict(x) != images.test_labels)[: count // 2]
    first = [i for i in range(len(x)) if i not in set(wrong.tolist())][: count - len(wrong)]
    chosen = [*first, *wrong.tolist()]
    probabilities = network.probabilities(x[chosen])
    ticks = _plain(names or [str(k) for k in range(network.layers[-1])])
    figure = canvas(6.4, 3.1)
    with look():
        grid = figure.subplots(2, len(chosen), height_ratios=(1, 1.2), squeeze=False)
        for column, index in enumerate(chosen):
            above, below = grid[0][column], grid[1][column]
            above.imshow(images.test[index].reshape(images.size), cmap="Greys")
            above.set_axis_off()
            label = int(images.test_labels[index])
            colours = [COLOURS[2] if k == label else COLOURS[1] for k in range(network.layers[-1])]
            below.barh(range(network.layers[-1]), probabilities[column], color=colours)
            below.set(xlim=(0, 1), xticks=(0, 1), yticks=range(network.layers[-1]))
            below.set_yticklabels(ticks if column == 0 else [])
            below.invert_yaxis()
            below.tick_params(labelsize=6, colors=INK)
            below.grid(False)
        grid[1][0].set_ylabel("class")
        key = [
            Patch(color=COLOURS[2], label="probability of the true class"),
            Patch(color=COLOURS[1], label="of another class"),
        ]
        figure.legend(handles=key, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def drifts(runs: dict[str, Drift]) -> Figure:
    """Return how far pairs of runs drift apart that begin one part in 1e15 from each other, by the step."""
    figure = canvas(5.6, 3.0)
    with look():
        axes = figure.subplots()
        styles = ("-", "-", "--", ":", "-.")  # so that lines that coincide are both seen
        for (name, run), colour, style in zip(runs.items(), COLOURS, styles, strict=False):
            axes.semilogy(run.steps, run.distance, style, color=colour, label=name)
        axes.legend(loc="center right")
        axes.set(xlabel="images seen", ylabel="relative distance of the weights", ylim=(1e-16, 10))
    return figure


def save_figures(
    network: Network, history: History, x: Any, images: Images, folder: Path, names: Sequence[str] = ()
) -> list[Path]:
    """Write the figures as SVG and PDF files; return their paths.

    `x` are the test images as the network takes them, `names` those of its classes. Raises InputError.
    """
    figures = {
        "confusion": confusion(network, x, images.test_labels, names),
        "samples": opinions(network, x, images, names),
    }
    if history.epochs:
        figures["curves"] = curves(history)
    written = []
    for name, figure in sorted(figures.items()):
        written.append(write(folder / f"{name}.svg", svg(figure, name)))
        written.append(write(folder / f"{name}.pdf", pdf(figure)))
    return written
