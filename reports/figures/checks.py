"""The error of a finite difference against its step size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.figures.canvas import COLOURS, FAINT, axes, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def finite_differences(
    steps: Sequence[float], errors: Sequence[float], extrapolated: tuple[float, float] | None = None
) -> Figure:
    """Draw |central difference - derivative| against the step size h, on logarithmic axes.

    The errors fall as h^2 (truncation) until rounding, which grows as 1/h, takes over; a wrong derivative
    gives a level line instead. `extrapolated` holds the error of Richardson's value and its own estimate of it.
    """
    figure, ax = axes(5.8, 2.7)
    pairs = [(h, e) for h, e in zip(steps, errors, strict=True) if e > 0]
    with look():
        if pairs:
            hs, es = zip(*pairs, strict=True)
            ax.loglog(hs, es, "o-", color=COLOURS[0], label="central difference")
            anchor = max(pairs)
            reference = [anchor[1] * (h / anchor[0]) ** 2 for h in hs]
            ax.loglog(hs, reference, "--", color=FAINT, linewidth=1, label=r"slope $h^2$")
            ax.set_ylim(bottom=min(es) / 8, top=max(es) * 8)
        if extrapolated is not None and extrapolated[0] > 0:
            error, estimate = extrapolated
            ax.axhline(error, color=COLOURS[1], label="Richardson extrapolation")
            ax.axhline(estimate, color=COLOURS[1], linewidth=1, linestyle=":", label="its own error estimate")
            low, high = ax.get_ylim()
            ax.set_ylim(min(low, error / 8, estimate / 8), high)
        ax.set_xlabel("step size $h$")
        ax.set_ylabel("relative error")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, fontsize=8.5, columnspacing=1.2)
    return figure
