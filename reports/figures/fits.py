"""Figures of fits: the data with the fitted function and its residuals, the network, the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from reports.figures.canvas import COLOURS, FAINT, INK, axes, canvas, look
from verify.fit.rationals import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from verify.fit.fit import Fit
    from verify.fit.relu_net import ReluNet

#: The smallest residual that a logarithmic axis takes; float64 has few digits below it.
_FLOOR = 1e-306
#: A range of x below this share of its distance from 0 is drawn from its left end on.
_NEAR = Fraction(1, 10**6)
#: More kinks than this are drawn as ticks on the axis, where they cover no data, and more points smaller.
_MANY = 40
#: Beyond this power of ten, and below its inverse, y is drawn divided by its own.
_EXTREME = 100
#: A network with more units is drawn with this many.
_DRAWN = 12


def fitted(fit: Fit, height: float = 4.0) -> Figure:
    """Draw the data, the fitted function with its kinks marked, and below them the residuals.

    Where x is far from 0 beside its range, it is drawn from its left end on. A network of rational numbers is computed
    exactly, and every other in float64. The residuals have a log axis, on which one of exactly 0 has no mark; their number is said.
    """
    points = fit.points
    first, last = Fraction(points.x[0]), Fraction(points.x[-1])
    offset = first if last - first < _NEAR * abs(first) else Fraction(0)
    x, y = np.array([float(v - offset) for v in points.x]), points.ys
    (grid, values), (kinks, at_kinks) = _course(fit, offset)
    exponent = _exponent(y)
    y, values, at_kinks = (heights / 10.0**exponent for heights in (y, values, at_kinks))
    residuals = np.abs(fit.net.residuals(points))
    figure = canvas(5.6, height)
    with look():
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        top.plot(grid, values, color=COLOURS[0], label=f"network, {fit.net.hidden} units", zorder=2)
        size = 4.5 if len(x) <= _MANY else 2.0
        top.plot(x, y, "o", color=INK, markersize=size, label="data", zorder=3)
        # Far outside the data a steep end piece would leave the data no height.
        heights = np.concatenate([y, values[(grid >= x[0]) & (grid <= x[-1])]])
        low, high = heights.min(), heights.max()
        edge = 0.07 * (high - low)
        if edge > 0:
            top.set_ylim(low - edge, high + edge)
        if len(kinks) > _MANY:
            top.plot(
                kinks,
                np.zeros(len(kinks)),
                "|",
                color=COLOURS[1],
                markersize=9,
                markeredgewidth=0.5,
                transform=top.get_xaxis_transform(),
                label=f"{len(kinks)} kinks (ticks on the axis)",
                zorder=4,
            )
        elif len(kinks):
            top.plot(
                kinks,
                at_kinks,
                "D",
                markersize=7,
                markerfacecolor="none",
                markeredgecolor=COLOURS[1],
                label="kinks",
                zorder=4,
            )
        top.set_ylabel(f"$y$ / $10^{{{exponent}}}$" if exponent else "$y$")
        top.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=8.5)
        _draw_residuals(bottom, x, residuals, size)
        bottom.set_xlabel(f"$x$ − {short(offset).lstrip('≈')}" if offset else "$x$")
        bottom.set_ylabel("|residual|")
    return figure


def compared(fits: Mapping[str, Fit], losses: Sequence[float]) -> Figure:
    """Draw the functions that several methods found through the same points, and the loss of the training by step."""
    figure = canvas(6.4, 4.0)
    with look():
        panels = figure.subplots(2, 2).flat
        for (method, fit), ax in zip(fits.items(), panels, strict=False):
            (grid, values), (kinks, at_kinks) = _course(fit, Fraction(0))
            ax.plot(grid, values, color=COLOURS[0], zorder=2)
            ax.plot([float(x) for x in fit.points.x], fit.points.ys, "o", color=INK, markersize=3, zorder=3)
            ax.plot(
                kinks,
                at_kinks,
                "D",
                markersize=6,
                markerfacecolor="none",
                markeredgecolor=COLOURS[1],
                zorder=4,
            )
            ax.set_title(f"{method}, {fit.net.hidden} units")
        last = next(panels)
        steps = np.arange(len(losses))
        last.semilogy(steps, np.maximum(np.asarray(losses, float), 1e-33), color=COLOURS[2], linewidth=1)
        last.set_title("mean squared error of train")
        for ax in panels:
            ax.set_axis_off()
    return figure


def _exponent(y: np.ndarray) -> int:
    """Return the power of ten that y is divided by to be drawn: 0 where it is of a size that axes can show."""
    largest = float(np.abs(y).max())
    exponent = int(np.floor(np.log10(largest))) if largest else 0
    return exponent if abs(exponent) > _EXTREME else 0


def _course(
    fit: Fit, offset: Fraction
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return x − offset and y of the corners of the fitted line, ends and points among them, and of its kinks."""
    first, last = (Fraction(fit.points.x[k]) for k in (0, -1))
    margin = (last - first) / 25
    low, high = first - margin, last + margin
    net = fit.net if fit.net.rational or not offset else fit.net.shifted(offset)
    if net.rational:
        kinks = [t for t in net.breaks() if low <= t <= high]
        corners = sorted({low, high, *kinks, *(Fraction(v) for v in fit.points.x)})
        exact = dict(zip(corners, net.sweep(corners), strict=True))
        grid, marks = ([float(t - offset) for t in places] for places in (corners, kinks))
        values, heights = ([float(exact[t]) for t in places] for places in (corners, kinks))
        return (np.array(grid), np.array(values)), (np.array(marks), np.array(heights))
    ends = [float(low - offset), float(high - offset)]
    at = np.array([t for t in net.kinks() if ends[0] <= t <= ends[1]])
    course = np.unique(np.concatenate([ends, at, [float(v - offset) for v in fit.points.x]]))
    return (course, net(course)), (at, net(at))


def _draw_residuals(ax: Axes, x: np.ndarray, residuals: np.ndarray, size: float) -> None:
    """Draw |residuals| of shape (n,) against x on a log axis, or say that all of them are 0."""
    seen = residuals > 0
    zeros = len(x) - int(seen.sum())
    if not seen.any():
        ax.set_ylim(-1, 1)
        ax.set_yticks([0])
        ax.text(0.5, 0.65, "every residual is exactly 0", transform=ax.transAxes, ha="center")
        return
    shown = np.maximum(residuals[seen], _FLOOR)
    least, most = float(shown.min()), float(shown.max())
    floor = max(least / 10, _FLOOR / 10)
    ax.set_yscale("log")
    ax.set_ylim(floor, most * (100 if zeros else 10))
    ax.vlines(x[seen], floor, shown, color=COLOURS[2])
    ax.plot(x[seen], shown, "o", color=COLOURS[2], markersize=size)
    if zeros:
        text = f"{zeros} of {len(x)} residuals {'is' if zeros == 1 else 'are'} exactly 0 and not drawn"
        plain = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        ax.text(0.99, 0.9, text, transform=ax.transAxes, ha="right", va="top", fontsize=8, bbox=plain)


def drawn_network(net: ReluNet) -> Figure:
    """Draw input, hidden units and output, with the weights on the edges and the biases in the nodes."""
    wh, bh, wo, b0 = net.arrays()
    shown = min(net.hidden, _DRAWN)
    figure, ax = axes(5.6, max(1.6, 0.62 * shown + 0.5))
    with look():
        ax.set_axis_off()
        ys = np.linspace(shown - 1, 0, shown) if shown > 1 else np.zeros(shown)
        middle = (shown - 1) / 2
        scale = np.abs(wo).max(initial=0.0) or 1.0
        for k, height in enumerate(ys):
            for (xa, ya), (xb, yb), weight, width in (
                ((0.0, middle), (2.0, height), wh[k], 1.0),
                ((2.0, height), (4.0, middle), wo[k], 0.6 + 1.8 * abs(wo[k]) / scale),
            ):
                colour = COLOURS[0] if weight >= 0 else COLOURS[1]
                ax.plot([xa, xb], [ya, yb], color=colour, linewidth=width, zorder=1)
                # Labels stand near the hidden unit, where the edges are apart.
                share = 0.62 if xa == 0.0 else 0.38
                ax.text(
                    xa + share * (xb - xa),
                    ya + share * (yb - ya),
                    f"{weight:.3g}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
                    color=INK,
                    zorder=2,
                )
            _node(ax, 2.0, height, f"{bh[k]:+.3g}")
        _node(ax, 0.0, middle, "$x$")
        # A bias that is rounding error beside the weights reads as 0.
        _node(ax, 4.0, middle, f"{b0 if abs(b0) > 1e-9 * scale else 0.0:+.3g}")
        ax.plot([4.0, 4.6], [middle, middle], color=INK, linewidth=1.0, zorder=1)
        _node(ax, 4.7, middle, "$y$")
        title = "input weight · ReLU unit with its bias · output weight"
        ax.set_title(
            title if shown == net.hidden else f"{title} (the first {shown} of {net.hidden} units)",
            fontsize=8.5,
        )
        ax.set_xlim(-0.3, 5.0)
        ax.set_ylim(-0.6, max(shown - 1, 0) + 0.6)
    return figure


def _node(ax: object, x: float, y: float, text: str) -> None:
    ax.text(  # type: ignore[attr-defined]
        x,
        y,
        text,
        ha="center",
        va="center",
        fontsize=8.5,
        zorder=3,
        color="black",
        bbox={"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": FAINT, "linewidth": 0.9},
    )


def loss_curve(losses: Sequence[float], label: str = "mean squared error") -> Figure:
    """Draw the loss against the step, on a log axis."""
    figure, ax = axes(5.6, 2.8)
    with look():
        values = np.asarray(losses, float)
        ax.semilogy(np.arange(len(values)), np.maximum(values, 1e-33), color=COLOURS[0], linewidth=1)
        ax.set_xlabel("step")
        ax.set_ylabel(label)
    return figure
