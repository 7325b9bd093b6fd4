"""The central differences of a checked derivation at a random point, as a figure against the step size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from reports.document import Block, Figure, Paragraph, ref
from reports.figures.checks import finite_differences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    import derive

    Floats = NDArray[np.float64]

#: The steps are the powers of 4 from 1 down to this exponent.
_FINEST = -20


def difference_figures(d: derive.Derivation, name: str, seed: int) -> list[Figure]:
    """Return the figure for a first derivative; none for a Hessian, or where the differences have no error.

    Raises InputError where the expression has no value.
    """
    if d.kind == "hessian":
        return []
    line = _line(d, seed)
    steps, errors = _differences(line)
    if not any(errors):
        return []
    caption = (
        "Central differences along a random direction, against the derived formula at a random point. The error "
        "falls as $h^2$ until rounding takes over; a wrong formula would leave a level line."
    )
    draw = partial(finite_differences, steps, errors, _extrapolated(line))
    return [Figure(name, draw, caption, "error of central differences against the step size")]


def shown_differences(d: derive.Derivation, name: str, seed: int) -> list[Block]:
    """Return the figure with a sentence that refers to it."""
    figures = difference_figures(d, name, seed)
    said = Paragraph(f"{ref(name, 'The figure')} shows the error of central differences against their step.")
    return [said, *figures] if figures else []


@dataclass(frozen=True)
class _Line:
    """A function of the distance along a line, and its derivative at 0 by the derived formula."""

    function: Callable[[float], Floats]
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
    from verify.methods.exact import Place, real_places
    from verify.statement import Statement

    statement = Statement.of(d.problem, d.kind)

    def through(place: Place) -> _Line:
        largest = max(abs(w).max() for w in place.weights[0].values())
        weights = {x: w / largest for x, w in place.weights[0].items()}
        at = place.values(statement.space, FLOAT)
        derivative = statement.claimed_side(d.result, at, place.sizes, FLOAT, weights)
        directions = {
            x: statement.space.variables[x].tie(FLOAT.array(w), FLOAT, at[x]) for x, w in weights.items()
        }

        def function(s: float) -> Floats:
            moved = {x: at[x] + s * direction for x, direction in directions.items()}
            value = evaluate(d.problem.expr, {**at, **moved}, place.sizes).astype(float)
            return value.T.reshape(-1, 1) if d.kind == "jacobian" else value

        return _Line(function, derivative.astype(float).reshape(function(0.0).shape))

    for sizes in statement.space.assignments():
        for place in real_places(statement.space, statement, sizes, seed):
            try:
                return through(place)
            except Undefined:
                continue
    raise InputError("the expression has no value at any of the points tried")


def _differences(line: _Line) -> tuple[list[float], list[float]]:
    """Step sizes, and the errors of the central differences at them; steps that leave the domain are left out."""
    from verify.arithmetics.base import Undefined

    steps, errors = [], []
    for exponent in range(0, _FINEST - 1, -1):
        h = 4.0**exponent
        try:
            slope = (line.function(h) - line.function(-h)) / (2 * h)
        except Undefined:
            continue
        steps.append(h)
        errors.append(line.error(slope))
    return steps, errors


def _extrapolated(line: _Line) -> tuple[float, float]:
    """The error of the extrapolated derivative, and its own estimate of it."""
    import numpy as np

    from verify.arithmetics.base import Undefined
    from verify.methods.differences import directional_derivative

    def function(s: Floats) -> Floats:
        try:
            return line.function(float(s[0]) - 1.0)
        except Undefined as error:
            raise ValueError(str(error)) from error

    found = directional_derivative(function, np.ones(1), np.ones(1))
    return line.error(found.value), line.error(line.derivative + found.error)
