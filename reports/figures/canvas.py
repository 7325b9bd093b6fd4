"""The look that all figures share, and their bytes as SVG and PDF.

A figure is drawn once and saved twice. Both files are the same for the same picture: no date, no random
identifiers. The ink is a colour of its own so that in HTML it follows the page's text, light or dark.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Text, axes and outlines; becomes the page's own text colour in HTML.
INK = "#1a1a1f"
#: What stands back: grids, secondary outlines.
FAINT = "#8a8a93"
#: Data, in the order of use; told apart on white, on black and by colour-blind readers.
COLOURS = ("#2f7ed8", "#e07b39", "#2a9d78", "#b0508e", "#8f7f2f")
#: A confidence or error band.
BAND_ALPHA = 0.18

_STYLE: dict[str, Any] = {
    "font.family": "serif",
    "font.serif": ["STIXGeneral", "DejaVu Serif"],
    "font.size": 10,
    "mathtext.fontset": "stix",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.hashsalt": "gradproof",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}


def canvas(width: float = 5.6, height: float = 3.2) -> Figure:
    """Return an empty figure of the report's look; sizes in inches. Draw on it inside `look()`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with look():
        figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def axes(width: float = 5.6, height: float = 3.2) -> tuple[Figure, Axes]:
    """Return a figure with one pair of axes."""
    figure = canvas(width, height)
    with look():
        return figure, figure.subplots()


def look() -> Any:
    """A context in which matplotlib draws with the report's style and no other, whatever a user has set."""
    import matplotlib

    return matplotlib.rc_context({**matplotlib.rcParamsDefault, "backend": "agg", **_STYLE})


def _save(figure: Figure, buffer: Any, kind: str, metadata: dict[str, None]) -> None:
    """Write a figure, which is laid out once for all the files that it is saved to, into a buffer."""
    with look():
        if figure.get_layout_engine() is not None:
            figure.draw_without_rendering()
            figure.set_layout_engine(None)
        figure.savefig(buffer, format=kind, metadata=metadata)


def svg(figure: Figure, name: str) -> str:
    """Return the figure as an `<svg>` element.

    Its identifiers are prefixed by `name`, so that a page may hold many.
    """
    buffer = io.StringIO()
    _save(figure, buffer, "svg", {"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    return text.replace(INK, "currentColor").strip()


def pdf(figure: Figure) -> bytes:
    """Return the figure as a PDF file."""
    buffer = io.BytesIO()
    _save(figure, buffer, "pdf", {"CreationDate": None, "Creator": None, "Producer": None})
    return buffer.getvalue()
