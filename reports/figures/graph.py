"""The computational graph as a picture: values flow upwards, and each node shows its adjoint.

The layout is that of Sugiyama, Tagawa and Toda (1981), in its plainest form: a node's layer is its longest path
from a leaf, the order in a layer is improved by barycentres, edges that skip layers bend around what stands there, and boxes keep their distance.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from reports.figures.canvas import COLOURS, FAINT, INK, canvas, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SWEEPS = 16
_FONT_SIZE = 12
_ADJOINT_SIZE = 11
#: Inches: between the boxes of a layer, between layers, around a box's text, between its two lines.
_GAP, _LAYER_GAP, _PADDING, _LEADING = 0.3, 0.34, 0.08, 0.05


@dataclass(frozen=True)
class Vertex:
    """A node of the picture: its equation or symbol, the indices of its arguments, its adjoint; LaTeX throughout."""

    label: str
    parents: tuple[int, ...]
    is_variable: bool = False
    adjoint: str = ""


@dataclass(frozen=True)
class _Layout:
    """Boxes and the bends of edges, in inches, each placed by its centre."""

    x: list[float]
    y: list[float]
    routes: list[list[int]]


def computational_graph(nodes: Sequence[Vertex]) -> Figure:
    """Draw the graph; a node's arguments come before it.

    Boxes that depend on the variable are tinted, the variable itself more strongly; the edges along which its
    derivative flows are dark, the others faint. An adjoint stands under its node's equation.
    """
    active = _active(nodes)
    figure = canvas(1, 1)
    with look():
        ax = figure.add_axes((0, 0, 1, 1))
        sizes = [_extent(ax, node) for node in nodes]
        layout = _arrange(nodes, sizes)
        _frame(figure, ax, layout, sizes)
        for route in layout.routes:
            _draw_edge(ax, layout, sizes, route, strong=active[route[0]])
        for index, node in enumerate(nodes):
            _draw_node(ax, (layout.x[index], layout.y[index]), sizes[index], node, active[index])
    return figure


def mathtext(latex: str) -> str:
    """Return a formula in the part of LaTeX that matplotlib sets, between dollars; plain text where it cannot."""
    from matplotlib.mathtext import MathTextParser

    text = re.sub(r"\\(left|right)(?![a-zA-Z])\s*", "", latex)
    text = re.sub(r"\\[lr]Vert(?![a-zA-Z])", r"\\Vert ", text)
    text = re.sub(r"\\[lr]vert(?![a-zA-Z])", "|", text)
    text = re.sub(r"\\[td]frac(?![a-zA-Z])", r"\\frac", text)
    text = re.sub(r"\\text(?=\{)", r"\\mathrm", text)
    text = re.sub(r"\^\s*(\{-?)?\s*\\top(?![a-zA-Z])\}?", _tighten, text)
    try:
        MathTextParser("agg").parse(f"${text}$")
    except ValueError:
        return re.sub(r"[\\${}]", "", latex)
    return f"${text}$"


def _tighten(match: re.Match[str]) -> str:
    """A transpose's sign moved to where TeX puts it; mathtext takes it for a relation and adds space."""
    return r"^{-\!\top}" if match[1] == "{-" else r"^{\!\top}"


def _active(nodes: Sequence[Vertex]) -> list[bool]:
    """Whether a node depends on the variable."""
    active: list[bool] = []
    for node in nodes:
        active.append(node.is_variable or any(active[parent] for parent in node.parents))
    return active


def _arrange(nodes: Sequence[Vertex], sizes: Sequence[tuple[float, float]]) -> _Layout:
    """Place boxes and bends; indices from len(nodes) on are bends."""
    depth = _depths(nodes)
    routes: list[list[int]] = []
    for index, node in enumerate(nodes):
        for parent in dict.fromkeys(node.parents):
            bends = range(len(depth), len(depth) + depth[index] - depth[parent] - 1)
            routes.append([parent, *bends, index])
            depth += [depth[parent] + 1 + step for step in range(len(bends))]
    below: list[list[int]] = [[] for _ in depth]
    above: list[list[int]] = [[] for _ in depth]
    for route in routes:
        for lower, upper in pairwise(route):
            above[lower].append(upper)
            below[upper].append(lower)
    layers: list[list[int]] = [[] for _ in range(max(depth) + 1)]
    for index, level in enumerate(depth):
        layers[level].append(index)
    _order(layers, below, above)
    widths = [width for width, _ in sizes] + [0.0] * (len(depth) - len(nodes))
    x = _columns(layers, below, above, widths)
    heights: list[float] = [
        max((sizes[i][1] for i in layer if i < len(nodes)), default=0.0) for layer in layers
    ]
    level_y: list[float] = [0.0]
    for low, high in pairwise(heights):
        level_y.append(level_y[-1] + (low + high) / 2 + _LAYER_GAP)
    return _Layout(x, [level_y[level] for level in depth], routes)


def _depths(nodes: Sequence[Vertex]) -> list[int]:
    """The layer of each node: its longest path from a leaf; what is constant stands just below its first use."""
    depth: list[int] = []
    for node in nodes:
        depth.append(1 + max((depth[parent] for parent in node.parents), default=-1))
    active = _active(nodes)
    for index in reversed(range(len(nodes))):
        uses = [depth[i] for i, other in enumerate(nodes) if index in other.parents]
        if not active[index] and uses:
            depth[index] = min(uses) - 1
    lowest = min(depth)
    return [level - lowest for level in depth]


def _order(layers: list[list[int]], below: Sequence[Sequence[int]], above: Sequence[Sequence[int]]) -> None:
    """Order each layer so that edges cross little: by the mean place of the neighbours, up and down in turns."""
    rank = {index: float(place) for layer in layers for place, index in enumerate(layer)}

    def wish(index: int, beside: Sequence[int]) -> float:
        return sum(rank[n] for n in beside) / len(beside) if beside else rank[index]

    for sweep in range(_SWEEPS):
        neighbours, order = (below, layers) if sweep % 2 == 0 else (above, layers[::-1])
        for layer in order:
            wishes = {index: wish(index, neighbours[index]) for index in layer}
            layer.sort(key=wishes.__getitem__)
            rank.update({index: float(place) for place, index in enumerate(layer)})


def _columns(
    layers: Sequence[Sequence[int]],
    below: Sequence[Sequence[int]],
    above: Sequence[Sequence[int]],
    widths: Sequence[float],
) -> list[float]:
    """The abscissa of each box and bend: near the mean of its neighbours, distances kept."""
    x = [0.0] * len(widths)
    for layer in layers:
        _spread(x, layer, [0.0] * len(layer), widths)
    for sweep in range(_SWEEPS):
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = []
            for index in layer:
                beside = [*below[index], *above[index]]
                wanted.append(sum(x[n] for n in beside) / len(beside) if beside else x[index])
            _spread(x, layer, wanted, widths)
    return x


def _spread(x: list[float], layer: Sequence[int], wanted: Sequence[float], widths: Sequence[float]) -> None:
    """Place a layer in its order, as near to the wishes as the widths allow.

    Neighbours that collide are pooled into a block at the mean of their wishes: the pool-adjacent-violators
    solution of a least-squares problem with ordered gaps.
    """
    shift = [0.0]
    for left, right in pairwise(layer):
        shift.append(shift[-1] + (widths[left] + widths[right]) / 2 + _GAP)
    pools: list[tuple[float, int]] = []
    for wish, offset in zip(wanted, shift, strict=True):
        total, count = wish - offset, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            last_total, last_count = pools.pop()
            total, count = total + last_total, count + last_count
        pools.append((total, count))
    starts = [total / count for total, count in pools for _ in range(count)]
    for index, start, offset in zip(layer, starts, shift, strict=True):
        x[index] = start + offset


def _extent(ax: Axes, node: Vertex) -> tuple[float, float]:
    """Width and height in inches of a node's box."""
    lines = [_measure(ax, node.label, _FONT_SIZE)]
    if node.adjoint:
        lines.append(_measure(ax, node.adjoint, _ADJOINT_SIZE))
    height = sum(h for _, h in lines) + _LEADING * (len(lines) - 1)
    return max(w for w, _ in lines) + 2.4 * _PADDING, height + 2 * _PADDING


def _measure(ax: Axes, latex: str, size: float) -> tuple[float, float]:
    artist = ax.text(0, 0, mathtext(latex), fontsize=size)
    extent = artist.get_window_extent()
    artist.remove()
    return extent.width / ax.figure.dpi, extent.height / ax.figure.dpi


def _frame(figure: Figure, ax: Axes, layout: _Layout, sizes: Sequence[tuple[float, float]]) -> None:
    """Size the figure so that an inch of the layout is an inch of the picture."""
    boxes = list(zip(layout.x, layout.y, sizes, strict=False))
    left = min([x - w / 2 for x, _, (w, _) in boxes] + layout.x) - 0.05
    right = max([x + w / 2 for x, _, (w, _) in boxes] + layout.x) + 0.05
    bottom = min(y - h / 2 for _, y, (_, h) in boxes) - 0.05
    top = max(y + h / 2 for _, y, (_, h) in boxes) + 0.05
    figure.set_layout_engine("none")
    figure.set_size_inches(right - left, top - bottom)
    ax.set(xlim=(left, right), ylim=(bottom, top))
    ax.set_axis_off()


def _draw_edge(
    ax: Axes, layout: _Layout, sizes: Sequence[tuple[float, float]], route: Sequence[int], strong: bool
) -> None:
    """Draw a smooth line through the bends that leaves and arrives upright."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    points = [(layout.x[i], layout.y[i]) for i in route]
    points[0] = (points[0][0], points[0][1] + sizes[route[0]][1] / 2)
    points[-1] = (points[-1][0], points[-1][1] - sizes[route[-1]][1] / 2)
    vertices, codes = [points[0]], [Path.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(points):
        vertices += [(x0, y0 + (y1 - y0) * 0.5), (x1, y1 - (y1 - y0) * 0.5), (x1, y1)]
        codes += [Path.CURVE4] * 3
    ax.add_patch(
        FancyArrowPatch(
            path=Path(vertices, codes),
            arrowstyle="-|>",
            mutation_scale=8,
            color=INK if strong else FAINT,
            linewidth=1.0 if strong else 0.7,
            zorder=1,
        )
    )


def _draw_node(
    ax: Axes, place: tuple[float, float], size: tuple[float, float], node: Vertex, active: bool
) -> None:
    from matplotlib.colors import to_rgb
    from matplotlib.patches import FancyBboxPatch

    (x, y), (width, height) = place, size
    tint = (*to_rgb(COLOURS[0]), 0.25 if node.is_variable else 0.09) if active else "none"
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.07",
            facecolor=tint,
            edgecolor=COLOURS[0] if active else FAINT,
            linewidth=1.3 if node.is_variable else 0.8,
            zorder=2,
        )
    )
    line = _measure(ax, node.label, _FONT_SIZE)[1]
    ax.text(x, y + height / 2 - _PADDING - line / 2, mathtext(node.label), fontsize=_FONT_SIZE, **_CENTRED)
    if node.adjoint:
        line = _measure(ax, node.adjoint, _ADJOINT_SIZE)[1]
        below = y - height / 2 + _PADDING + line / 2
        ax.text(x, below, mathtext(node.adjoint), fontsize=_ADJOINT_SIZE, color=COLOURS[1], **_CENTRED)


_CENTRED: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 3}
