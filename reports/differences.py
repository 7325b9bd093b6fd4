"""The central differences of a checked derivation at a random point, as a figure against the step size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from reports.document import Figure
from reports.figures.checks import finite_differences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    import derive

    Floats = NDArray[np.float64]

#: The steps are the powers of 4 from 1 down to this exponent.
_FINEST = -20


def difference_figure(d: derive.Derivation, name: str, seed: int) -> Figure:
    """Return the figure for a gradient or a Jacobian. Raises InputError where the function has no value."""
    line = _line(d, seed)
    steps, errors = _differences(line)
    return Figure(
        name,
        partial(finite_differences, steps, errors, _extrapolated(line)),
        "Central differences along a random direction, against the derived formula at a random point. The error "
        "falls as $h^2$ until rounding takes over; a wrong formula would leave a level line.",
        "error of central differences against the step size",
    )


@dataclass(frozen=True)
class _Line:
    """A function along a line: the point, the direction, and the derivative there by the derived formula."""

    function: Callable[[Floats], Floats]
    point: Floats
    direction: Floats
    derivative: Floats

    def error(self, derivative: Floats) -> float:
        """Return the largest error of an entry, relative to the derivative's largest entry."""
        import numpy as np

        size = float(np.max(np.abs(self.derivative))) or 1.0
        return float(np.max(np.abs(derivative - self.derivative))) / size


def _line(d: derive.Derivation, seed: int) -> _Line:
    """A line through the first random point at which the function has a derivative."""
    from derive.errors import InputError
    from verify.arithmetics.base import Undefined
    from verify.arithmetics.floats import FLOAT
    from verify.evaluate import evaluate
    from verify.exact import real_places
    from verify.statement import Statement

    statement = Statement.of(d.problem, d.kind)
    (x,) = statement.wrt
    for sizes in statement.space.assignments():
        for place in real_places(statement.space, statement, sizes, seed):
            weights = {x: place.weights[0][x] / abs(place.weights[0][x]).max()}
            try:
                at = place.values(statement.space, FLOAT)
                derivative = statement.claimed_side(d.result, at, sizes, FLOAT, weights)
            except Undefined:
                continue

            def function(moved: Floats, at: dict[str, Floats] = at, sizes: dict[str, int] = sizes) -> Floats:
                return evaluate(d.problem.expr, {**at, x: moved}, sizes).T.reshape(-1).astype(float)

            direction = statement.space.variables[x].tie(FLOAT.array(weights[x]), FLOAT)
            return _Line(function, at[x], direction, derivative.reshape(-1).astype(float))
    raise InputError("the expression has no value at any of the points tried")


def _differences(line: _Line) -> tuple[list[float], list[float]]:
    """Step sizes, and the errors of the central differences at them; steps that leave the domain are left out."""
    from verify.arithmetics.base import Undefined

    steps, errors = [], []
    for exponent in range(0, _FINEST - 1, -1):
        h = 4.0**exponent
        try:
            ahead, behind = (line.function(line.point + s * h * line.direction) for s in (1, -1))
        except Undefined:
            continue
        steps.append(h)
        errors.append(line.error((ahead - behind) / (2 * h)))
    return steps, errors


def _extrapolated(line: _Line) -> tuple[float, float]:
    """The error of the extrapolated derivative, and its own estimate of it."""
    from verify.differences import directional_derivative

    found = directional_derivative(line.function, line.point, line.direction)
    return line.error(found.value), line.error(line.derivative + found.error)
