"""A chapter of pictures: deep random networks measured, and networks of step neurons."""

from __future__ import annotations

from functools import partial

from reports.document import Block, Chapter, Figure, Heading, Paragraph, literal
from reports.prose import prose

_DEEP = (
    "The rules of initialisation are about one layer; what counts is what fifty of them make of it. The lines "
    "below follow from the maps of the chapters before, the points are measured on random networks."
)
_STEPS = (
    "Two step neurons make a box, and sums of boxes approximate any continuous function on an interval. The weights "
    "decide what happens at the ends of the box."
)


def layer_chapter(seed: int) -> Chapter:
    """Return the chapter; the networks are measured when its figures are drawn."""
    from reports.figures.random_layers import LAYER_FIGURES

    figures = [Figure(f.name, partial(f.draw, seed), prose(f.caption), literal(f.alt)) for f in LAYER_FIGURES]
    boxes = [figure for figure in figures if figure.name.startswith("box-")]
    deep = [figure for figure in figures if figure not in boxes]
    blocks: list[Block] = [
        Paragraph(_DEEP),
        *deep,
        Heading("Boxes from step neurons"),
        Paragraph(_STEPS),
        *boxes,
    ]
    return Chapter("Deep random networks", "random-layers", blocks)
