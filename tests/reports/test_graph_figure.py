"""The layout of the computational graph: nothing overlaps, arguments stand below, order is kept."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.figures import graph
from reports.figures.canvas import svg
from reports.figures.graph import Vertex, computational_graph, mathtext
from tests.reports.samples import AUTOENCODER


@st.composite
def graphs(draw):
    nodes, sizes = [], []
    for index in range(draw(st.integers(1, 14))):
        count = draw(st.integers(0, min(3, index)))
        parents = draw(st.lists(st.integers(0, index - 1), min_size=count, max_size=count)) if index else []
        nodes.append(Vertex(f"u_{index}", tuple(parents), is_variable=draw(st.booleans())))
        sizes.append((draw(st.floats(0.2, 3)), draw(st.floats(0.2, 1))))
    return nodes, sizes


@given(graphs())
def test_boxes_do_not_overlap_and_arguments_stand_below(case):
    nodes, sizes = case
    layout = graph._arrange(nodes, sizes)
    boxes = list(zip(layout.x, layout.y, sizes, strict=False))
    for (x, y, (w, h)), (other_x, other_y, (other_w, other_h)) in combinations(boxes, 2):
        beside = abs(x - other_x) >= (w + other_w) / 2
        above = abs(y - other_y) >= (h + other_h) / 2
        assert beside or above
    for index, node in enumerate(nodes):
        assert all(layout.y[parent] < layout.y[index] for parent in node.parents)


@given(graphs())
def test_every_edge_is_drawn_once_from_its_argument(case):
    nodes, sizes = case
    routes = graph._arrange(nodes, sizes).routes
    drawn = sorted((route[0], route[-1]) for route in routes)
    assert drawn == sorted({(parent, i) for i, node in enumerate(nodes) for parent in node.parents})


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.1, 2)), min_size=1, max_size=8))
def test_spreading_keeps_order_and_distance_and_wishes_that_fit(wishes):
    wanted, widths = [w for w, _ in wishes], [w for _, w in wishes]
    x = [0.0] * len(wanted)
    graph._spread(x, range(len(wanted)), wanted, widths)
    for i in range(len(x) - 1):
        assert x[i + 1] - x[i] >= (widths[i] + widths[i + 1]) / 2 + graph._GAP - 1e-9
    assert sum(x) == pytest.approx(sum(wanted))


@pytest.mark.parametrize(
    "latex",
    [
        r"\left\lVert W^\top W x - x\right\rVert^2",
        r"\tfrac{1}{2} \operatorname{tr}\left(K^{-1} Y\right)",
        r"\bar{u}_1 \odot \exp(z)",
        r"\mathcal{L} = \log\lvert K\rvert",
        r"\mathbf{1} \text{ if } x",
    ],
)
def test_formulas_of_the_project_are_set_as_formulas(latex):
    assert mathtext(latex).startswith("$")


def test_what_matplotlib_cannot_set_is_shown_plainly():
    assert mathtext(r"\begin{cases} x \end{cases}") == "begincases x endcases"


def test_the_picture_is_the_same_each_time():
    assert svg(computational_graph(AUTOENCODER), "g") == svg(computational_graph(AUTOENCODER), "g")
