"""A Monte Carlo estimate with its confidence band against the number of samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.figures.canvas import BAND_ALPHA, COLOURS, FAINT, axes, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from verify.moments.monte_carlo import Look


def monte_carlo(looks: Sequence[Look], claim: float, rtol: float) -> Figure:
    """Draw the ratio of estimate and claim, look by look, on the tolerance band in which it has to come to rest.

    A claim of 0 has no ratio; then the estimate itself is drawn, and `rtol` is ignored.
    """
    scale = claim or 1.0
    samples = [point.samples for point in looks]
    estimates = [point.estimate / scale for point in looks]
    widths = [abs(point.half_width / scale) for point in looks]
    figure, ax = axes(5.6, 2.9)
    with look():
        if claim:
            ax.axhspan(1 - rtol, 1 + rtol, color=FAINT, alpha=0.16, linewidth=0, label=f"tolerance ±{rtol:g}")
        ax.axhline(claim / scale, color=FAINT, linewidth=1, linestyle="--", label="claim")
        low = [e - w for e, w in zip(estimates, widths, strict=True)]
        high = [e + w for e, w in zip(estimates, widths, strict=True)]
        ax.fill_between(
            samples, low, high, color=COLOURS[0], alpha=BAND_ALPHA, linewidth=0, label="confidence"
        )
        ax.plot(samples, estimates, "o-", color=COLOURS[0], label="estimate")
        ax.set_xscale("log")
        ax.set_xlabel("samples")
        ax.set_ylabel("estimate / claim" if claim else "estimate")
        ax.ticklabel_format(axis="y", useOffset=False)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, fontsize=8.5)
    return figure
