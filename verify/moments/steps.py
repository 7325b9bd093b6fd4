"""Step networks, measured: approximations by boxes and their sup errors, boxes in d dimensions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from derive.errors import InputError
from verify.moments.functions import Array, array_function

if TYPE_CHECKING:
    from sympy import Expr

    from derive.moments.activations import Activation
    from derive.moments.boxes import StepNetwork


def step(x: Array, at_zero: float = 0.0) -> Array:
    """Return 1 where x > 0, 0 where x < 0 and `at_zero` at 0."""
    return np.heaviside(x, at_zero)


def evaluate(network: StepNetwork, x: Array, at_zero: float = 0.0) -> Array:
    """Return the values of a symbolic step network with numeric entries at points x, shape (points, inputs)."""
    weights = np.array(network.weights, dtype=np.float64)
    thresholds = np.array(network.thresholds, dtype=np.float64)
    outputs = np.array(network.outputs, dtype=np.float64)
    return float(network.bias) + step(x @ weights.T + thresholds, at_zero) @ outputs


@dataclass(frozen=True)
class BoxSum:
    """A sum of N boxes on [-B, B] as N + 1 step neurons: y = sum_k outputs_k step(x - edges_k).

    `heights` are those of the boxes, `edges` the N + 1 thresholds, `outputs` the differences of the heights.
    """

    edges: Array
    heights: Array

    @property
    def outputs(self) -> Array:
        """The output weight of each neuron: by how much the sum jumps at its threshold."""
        return np.diff(np.concatenate([[0.0], self.heights, [0.0]]))

    def __call__(self, x: Array, at_zero: float = 1.0) -> Array:
        """Return the network's values at x (any shape), summing the neurons that are on.

        At a threshold the neuron counts with `at_zero`, so the sum of the outputs up to there is interpolated.
        """
        cumulative = np.concatenate([[0.0], np.cumsum(self.outputs)])
        below = cumulative[np.searchsorted(self.edges, x, side="left")]
        above = cumulative[np.searchsorted(self.edges, x, side="right")]
        return below + at_zero * (above - below)


def approximate(
    given: str | Expr | Activation | Callable[[Array], Array], boxes: int, half_width: float, at: float = 0.0
) -> BoxSum:
    """Return the sum of `boxes` boxes on [-half_width, half_width], heights those of f at a point of each cell.

    `at` is that point: 0 the left end, 1 the right end; 0.5, the midpoint, halves the largest error. Raises InputError out of range.
    """
    if isinstance(boxes, bool) or not isinstance(boxes, int) or not 1 <= boxes <= 10_000_000:
        raise InputError(f"the number of boxes must be an integer from 1 to 10,000,000, got {boxes!r}")
    if not (np.isfinite(half_width) and half_width > 0 and 0 <= at <= 1):
        raise InputError(
            f"expected a positive half-width and a point of the cell from 0 to 1, got {half_width}, {at}"
        )
    edges = np.linspace(-half_width, half_width, boxes + 1)
    heights = array_function(given)(edges[:-1] + at * np.diff(edges))
    if not np.isfinite(heights).all():
        raise InputError("the function is not finite on the interval")
    return BoxSum(edges, heights)


def sup_error(
    given: str | Expr | Activation | Callable[[Array], Array], network: BoxSum, points: int = 64
) -> float:
    """Return the largest error found on a fine grid: `points` a cell, just inside both of its edges included."""
    f = array_function(given)
    inside = np.linspace(1e-9, 1 - 1e-9, points)
    x = network.edges[:-1, None] + np.diff(network.edges)[:, None] * inside
    return float(np.max(np.abs(f(x) - network.heights[:, None])))


def largest_slope(
    given: str | Expr | Activation | Callable[[Array], Array], half_width: float, points: int = 200_001
) -> float:
    """Return max|f'| on [-half_width, half_width], on a fine grid."""
    from verify.moments.functions import derivative_function

    return float(np.max(np.abs(derivative_function(given)(np.linspace(-half_width, half_width, points)))))


def box_indicator(lower: Array, upper: Array, x: Array) -> NDArray[np.bool_]:
    """Return whether each point lies in the open box, computed by 2d thresholds and one AND neuron.

    `lower` and `upper` have shape (d,), `x` shape (points, d). The AND neuron's threshold is 2d - 1/2. Raises
    InputError for other shapes.
    """
    lower, upper, x = (np.asarray(given, dtype=np.float64) for given in (lower, upper, x))
    d = lower.size
    if lower.shape != (d,) or upper.shape != (d,) or x.ndim != 2 or x.shape[1] != d:
        raise InputError(
            f"expected bounds of shape (d,) and points of shape (points, d), got {lower.shape}, {upper.shape}, {x.shape}"
        )
    on = step(x - lower).sum(axis=1) + step(upper - x).sum(axis=1)
    return np.asarray(step(on - (2 * d - 0.5)) == 1.0)


def grid_approximation(f: Callable[[Array], Array], dimensions: int, boxes: int, half_width: float) -> Any:
    """Return a function that evaluates the sum of boxes^dimensions boxes of the midpoints' heights.

    `f` maps points of shape (n, d) to values of shape (n,). Raises InputError for sizes out of range and for more
    than 10^7 boxes.
    """
    for name, count in (("dimensions", dimensions), ("boxes", boxes)):
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise InputError(f"the number of {name} must be an integer from 1 on, got {count!r}")
    if isinstance(half_width, bool) or not isinstance(half_width, int | float) or not 0 < half_width < np.inf:
        raise InputError(f"the half-width must be positive and finite, got {half_width!r}")
    if boxes**dimensions > 10_000_000:
        raise InputError(f"{boxes}^{dimensions} boxes are more than 10,000,000")
    edges = np.linspace(-half_width, half_width, boxes + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    axes = np.stack(np.meshgrid(*[middles] * dimensions, indexing="ij"), axis=-1)
    heights = f(axes.reshape(-1, dimensions)).reshape((boxes,) * dimensions)

    def evaluate_at(x: Array) -> Array:
        cells = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, boxes - 1)
        return heights[tuple(cells.T)]

    return evaluate_at


def best_additive_error(dimensions: int, boxes: int) -> float:
    """Return the least sup error, over sums of functions of one coordinate, for the indicator of a central box.

    By the mixed difference over two coordinates no additive function comes closer than a quarter of the height;
    this finds the best one on a grid of cells by linear programming, for confirmation.
    """
    from scipy.optimize import linprog

    if dimensions < 2 or boxes < 3:
        raise InputError("expected at least 2 dimensions and 3 cells an axis")
    cells = np.stack(np.meshgrid(*[np.arange(boxes)] * dimensions, indexing="ij"), axis=-1).reshape(
        -1, dimensions
    )
    target = (cells == boxes // 2).all(axis=1).astype(float)
    columns = np.zeros((len(cells), dimensions * boxes))
    for axis in range(dimensions):
        columns[np.arange(len(cells)), axis * boxes + cells[:, axis]] = 1.0
    error = np.full((len(cells), 1), -1.0)
    found = linprog(
        np.append(np.zeros(dimensions * boxes), 1.0),
        A_ub=np.block([[columns, error], [-columns, error]]),
        b_ub=np.concatenate([target, -target]),
        bounds=(None, None),
    )
    return float(np.asarray(found.x)[-1])
