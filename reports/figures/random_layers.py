"""Pictures of random layers: variance by depth, correlation maps, and step networks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.figures.canvas import BAND_ALPHA, COLOURS, FAINT, INK, axes, canvas, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from verify.moments.functions import Array

#: n_in times the variance of a weight, and what each choice is known as.
_INITIALISATIONS = (
    (1.0, r"$\sigma^2 = 1/n$"),
    (2.0, r"$\sigma^2 = 2/n$ (He)"),
    (2 * math.pi / (math.pi - 1), r"$\sigma^2 = 2.934/n$ (keeps Var $y$)"),
)


@dataclass(frozen=True)
class LayerFigure:
    """A picture for a chapter: `draw(seed)` makes it, from measurements where it shows any."""

    name: str
    draw: Callable[[int], Figure]
    caption: str
    alt: str


def variance_by_depth(seed: int = 0, width: int = 256, depth: int = 50, networks: int = 8) -> Figure:
    """Draw the second moment of a deep ReLU network's pre-activations by depth, for three initialisations.

    Points are means over random networks with two standard errors, lines what the map of the second moment says.
    """
    from verify.moments.depth import MeanField
    from verify.moments.networks import measure_networks

    figure, ax = axes(5.6, 3.3)
    layers = np.arange(1, depth + 1)
    with look():
        for (scale, label), colour in zip(_INITIALISATIONS, COLOURS, strict=False):
            sigma_w = math.sqrt(scale)
            measured = measure_networks(
                "relu", sigma_w, width=width, depth=depth, networks=networks, seed=seed, workers=1
            )
            mean, error = measured.mean("forward")
            predicted = MeanField("relu", sigma_w).iterate(1.0, depth - 1)
            ax.plot(layers, predicted, color=colour, linewidth=1)
            ax.plot(layers[::2], mean[::2], "o", color=colour, markersize=3, label=label)
            low = np.maximum(mean - 2 * error, mean / 10)
            ax.fill_between(layers, low, mean + 2 * error, color=colour, alpha=BAND_ALPHA, linewidth=0)
        ax.set_yscale("log")
        ax.set_xlabel("layer")
        ax.set_ylabel(r"mean of $a^2$")
        ax.legend(loc="upper left", fontsize=8.5)
    return figure


def gradients_by_depth(seed: int = 0, width: int = 256, depth: int = 50, networks: int = 8) -> Figure:
    """Draw the second moment of the gradients in tanh networks by layer: vanishing, critical and exploding."""
    from verify.moments.depth import MeanField
    from verify.moments.networks import measure_networks

    figure, ax = axes(5.6, 3.3)
    layers = np.arange(1, depth + 1)
    with look():
        for sigma_w, colour in zip((0.9, 1.0, 5 / 3), COLOURS, strict=False):
            measured = measure_networks(
                "tanh", sigma_w, width=width, depth=depth, networks=networks, seed=seed, workers=1
            )
            mean, error = measured.mean("backward")
            field = MeanField("tanh", sigma_w)
            factors = [field.backward_factor(q) for q in field.iterate(1.0, depth - 1)]
            predicted = np.append(np.cumprod(factors[-2::-1])[::-1], 1.0)
            label = rf"$\sigma_w = {sigma_w:.3g}$"
            ax.plot(layers, predicted, color=colour, linewidth=1)
            ax.plot(layers[::2], mean[::2], "o", color=colour, markersize=3, label=label)
            low = np.maximum(mean - 2 * error, mean / 10)
            ax.fill_between(layers, low, mean + 2 * error, color=colour, alpha=BAND_ALPHA, linewidth=0)
        ax.set_yscale("log")
        ax.set_xlabel("layer")
        ax.set_ylabel(r"mean of $(\partial L / \partial a)^2$")
        ax.legend(loc="upper right", fontsize=8.5)
    return figure


def correlation_maps(seed: int = 0, networks: int = 12) -> Figure:
    """Draw the correlation of two inputs after a layer against that before it, with measurements of one layer."""
    from verify.moments.depth import MeanField
    from verify.moments.networks import measure_networks

    figure, ax = axes(4.4, 4.0)
    cases = (("relu", math.sqrt(2), 0.0), ("tanh", 0.9, 0.3), ("tanh", 2.5, 0.3))
    grid = np.linspace(0, 1, 41)
    with look():
        ax.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle="--", label="unchanged")
        for (name, sigma_w, sigma_b), colour in zip(cases, COLOURS, strict=False):
            field = MeanField(name, sigma_w, sigma_b)
            limit = field.limit()
            q = limit.value if limit else 1.0
            label = rf"{name}, $\sigma_w = {sigma_w:.3g}$, $\sigma_b = {sigma_b:g}$"
            ax.plot(grid, [field.correlation(c, q) for c in grid], color=colour, label=label)
            before, after = [], []
            for c in (0.0, 0.25, 0.5, 0.75, 0.95):
                measured = measure_networks(
                    name,
                    sigma_w,
                    sigma_b,
                    depth=2,
                    networks=networks,
                    second_moment=q,
                    correlation=c,
                    seed=seed,
                    workers=1,
                )
                mean, _ = measured.mean("correlation")
                before.append(mean[0])
                after.append(mean[1])
            ax.plot(before, after, "o", color=colour, markersize=3.5)
            fixed = field.correlation_limit(q)
            ax.plot([fixed.value], [fixed.value], "s", color=INK, markersize=5, fillstyle="none")
        ax.set_xlabel("correlation before the layer")
        ax.set_ylabel("correlation after the layer")
        ax.set_xlim(-0.02, 1.02)
        ax.set_ylim(-0.02, 1.03)
        ax.legend(loc="lower right", fontsize=8)
    return figure


def box_network(seed: int = 0) -> Figure:
    """Draw the two-neuron box with its exact weights, and beside it the usual one, each with what it computes.

    The marks at the ends are the values there for step(0) = 0 (circles) and step(0) = 1 (squares).
    """
    from derive.moments.boxes import box_network as exact
    from derive.moments.boxes import usual_box_network as usual

    figure = canvas(6.4, 4.4)
    with look():
        grid = figure.subplots(2, 2, gridspec_kw={"height_ratios": [1.15, 1]})
        cases = (("exact at both ends", exact), ("the usual weights", usual))
        for column, (title, make) in enumerate(cases):
            symbolic, numeric = make(), make(1, 1)
            _draw_network(grid[0, column], symbolic)
            grid[0, column].set_title(title)
            _draw_box(grid[1, column], numeric)
    return figure


def _draw_network(ax: Axes, network: object) -> None:
    """Draw input, two hidden step neurons and the output, edges labelled by their weights."""
    from derive.language.latex import latex
    from derive.moments.boxes import StepNetwork

    assert isinstance(network, StepNetwork)
    show = lambda e: f"${latex(e)}$"
    ax.set_axis_off()
    ax.set_xlim(-0.25, 2.3)
    ax.set_ylim(-0.3, 1.3)
    places = {"x": (0.0, 0.5), "h0": (1.0, 1.0), "h1": (1.0, 0.0), "y": (2.0, 0.5)}
    for k in range(2):
        for start, end, text in (
            ("x", f"h{k}", show(network.weights[k][0])),
            (f"h{k}", "y", show(network.outputs[k])),
        ):
            (x0, y0), (x1, y1) = places[start], places[end]
            line = {"arrowstyle": "-", "color": FAINT, "linewidth": 1, "shrinkA": 11, "shrinkB": 11}
            ax.annotate("", (x1, y1), (x0, y0), arrowprops=line)
            above = 0.13 if k == 0 else -0.13
            ax.text((x0 + x1) / 2, (y0 + y1) / 2 + above, text, ha="center", va="center")
        x, y = places[f"h{k}"]
        shift = 0.24 if k == 0 else -0.24
        ax.text(x, y + shift, f"bias {show(network.thresholds[k])}", ha="center", va="center", fontsize=8.5)
        ax.plot(
            x + np.array([-0.09, 0.0, 0.0, 0.09]),
            y + np.array([-0.05, -0.05, 0.06, 0.06]),
            color=INK,
            zorder=3,
        )
    ax.text(2.0, 0.22, f"bias {show(network.bias)}", ha="center", va="center", fontsize=8.5)
    for name, (x, y) in places.items():
        ax.plot([x], [y], "o", markersize=22, markerfacecolor="none", markeredgecolor=INK)
        if not name.startswith("h"):
            ax.text(x, y, f"${name}$", ha="center", va="center", zorder=3)


def _draw_box(ax: Axes, network: object) -> None:
    """Draw what a network with height 1 and width 1 computes, and its values at the two ends."""
    from derive.moments.boxes import StepNetwork
    from verify.moments.steps import evaluate

    assert isinstance(network, StepNetwork)
    for low, high in ((-0.6, 0.0), (0.0, 1.0), (1.0, 1.6)):
        x = np.linspace(low + 1e-6, high - 1e-6, 5)
        ax.plot(x, evaluate(network, x[:, None]), color=COLOURS[0])
    ends = np.array([[0.0], [1.0]])
    marks = ((0.0, "o", COLOURS[1], 7.0), (1.0, "s", COLOURS[2], 4.5))
    for at_zero, mark, colour, size in marks:
        ax.plot(
            ends[:, 0],
            evaluate(network, ends, at_zero),
            mark,
            color=colour,
            fillstyle="none",
            markersize=size,
            label=f"step(0) = {at_zero:g}",
        )
    ax.set_xticks([0, 1], ["0", r"$\delta$"])
    ax.set_yticks([0, 1], ["0", "$h$"])
    ax.set_ylim(-0.15, 1.65)
    ax.legend(loc="upper center", fontsize=8, ncols=2)


def box_approximation(seed: int = 0, boxes: int = 40) -> Figure:
    """Draw a sum of boxes beside the function it approximates, and its sup error against the number of boxes."""
    import sympy as sp

    from verify.moments.functions import array_function
    from verify.moments.steps import approximate, largest_slope, sup_error

    x = sp.Symbol("x", real=True)
    curve = sp.exp(-(x**2)) * sp.sin(5 * x) + sp.Rational(3, 10) * x
    f: Callable[[Array], Array] = array_function(curve)
    figure = canvas(6.4, 2.9)
    with look():
        left, right = figure.subplots(1, 2)
        fine = np.linspace(-2, 2, 1200)
        network = approximate(curve, boxes, 2.0)
        left.plot(fine, f(fine), color=COLOURS[0], label="$f$")
        left.stairs(network.heights, network.edges, color=COLOURS[1], linewidth=1, label=f"{boxes} boxes")
        left.set_xlabel("$x$")
        left.legend(loc="lower right", fontsize=8.5)
        counts = [10, 30, 100, 300, 1000, 3000, 10_000]
        slope = largest_slope(curve, 2.0)
        right.loglog(
            counts,
            [4 * slope / n for n in counts],
            "--",
            color=FAINT,
            label=r"bound $(2B/N)\,\max|f^{\prime}|$",
        )
        for at, colour, label in (
            (0.0, COLOURS[0], "height at the left end"),
            (0.5, COLOURS[2], "at the midpoint"),
        ):
            errors = [sup_error(curve, approximate(curve, n, 2.0, at)) for n in counts]
            right.loglog(counts, errors, "o-", color=colour, label=label)
        right.set_xlabel("boxes $N$")
        right.set_ylabel("sup error")
        right.legend(loc="lower left", fontsize=8)
    return figure


#: The pictures of chapters on moments, by the name of the result.
LAYER_FIGURES: dict[str, tuple[LayerFigure, ...]] = {
    "deep-relu": (
        LayerFigure(
            "relu-depth",
            variance_by_depth,
            "A deep ReLU network, width 256: the second moment of the pre-activations by layer for three "
            "initialisations, measured on random networks (points, with a band of two standard errors) and iterated "
            "(lines). Only 2/n is stable.",
            "second moment against layer for three initialisations of a ReLU network",
        ),
    ),
    "deep-erf": (
        LayerFigure(
            "tanh-gradients",
            gradients_by_depth,
            "Tanh networks, width 256: the second moment of the gradients by layer, measured (points) and predicted "
            "by the product of the backward factors (lines). They vanish below the critical point and explode above "
            "it; the shipped gain 5/3 lies above.",
            "second moment of gradients against layer for three scales of the weights of a tanh network",
        ),
        LayerFigure(
            "correlation-map",
            correlation_maps,
            "The correlation of two inputs after a layer against that before it: computed (lines), measured on one "
            "layer of width 512 (points), and the stable fixed point (square).",
            "correlation map of three random networks",
        ),
    ),
    "step-networks": (
        LayerFigure(
            "box-network",
            box_network,
            "A box from two step neurons. With hidden weights 1 and −1 both ends are treated alike, whatever step(0) "
            "is; with the usual difference of two steps one of the ends is wrong, and which depends on step(0).",
            "two step networks with their weights and the boxes they compute",
        ),
        LayerFigure(
            "box-approximation",
            box_approximation,
            "A sum of boxes approximates a smooth function; the sup error falls as 1/N, as the bound says.",
            "a function, its approximation by boxes, and the sup error against the number of boxes",
        ),
    ),
}
