"""What a fit of points gives back, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.errors import InputError
from verify.fit.exact import ExactFit
from verify.fit.points import Points
from verify.fit.relu_net import ReluNet

__all__ = ["VANISHED", "Budget", "Fit", "Progress", "tolerance"]

#: Called now and then with (starts so far, least largest residual so far).
Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Budget:
    """The number of starts and the seconds after which a search gives up."""

    starts: int = 1_000_000
    seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.starts < 1 or not self.seconds > 0:
            raise InputError("a budget allows at least one start and more than 0 seconds")

    def allows(self, starts: int, seconds: float) -> bool:
        """Return whether another start may be tried."""
        return starts < self.starts and (starts == 0 or seconds < self.seconds)


@dataclass(frozen=True)
class Fit:
    """A fitted network. `restarts` counts the starts after the first; `converged` that all residuals vanish.

    `reached` tells that the search itself had an end, on x and y brought to [-1, 1], whatever became of its network in
    the units of the data. `evaluations` counts how often the residuals of all points were computed, a measure of the work that no machine
    changes. `notes` are lines for the reader, such as the proof of minimality; `losses` is the course of a training,
    mean squared errors in units of half the range of y; `exact` is what is proven, by the method of that name.
    """

    points: Points
    method: str
    net: ReluNet
    restarts: int
    seconds: float
    converged: bool
    evaluations: int = 0
    notes: tuple[str, ...] = ()
    losses: tuple[float, ...] = ()
    exact: ExactFit | None = None
    reached: bool = False

    @property
    def max_residual(self) -> float:
        """Return the largest |f(x_i) - y_i|."""
        return float(abs(self.net.residuals(self.points)).max())

    def to_dict(self) -> dict[str, Any]:
        """Return the fit as a JSON-ready dictionary, the rational parameters of an exact one with all digits."""
        found: dict[str, Any] = {
            "dataset": self.points.name,
            "method": self.method,
            "hidden": self.net.hidden,
            "parameters": self.net.parameters(),
            "max_residual": self.max_residual,
            "restarts": self.restarts,
            "seconds": self.seconds,
            "converged": self.converged,
            "evaluations": self.evaluations,
            "kinks": self.net.kinks(),
            "notes": list(self.notes),
        }
        if self.exact is not None:
            found |= {
                "exact": self.net.rationals(),
                "units": self.exact.units,
                "minimal": self.exact.minimal,
                "proof": self.exact.proof(),
            }
        return found


#: A residual counts as 0 below this share of the range of y.
VANISHED = 1e-11
#: Rounding alone must not be taken for a misfit, nor a misfit of this share of the range of y for rounding.
_ROUNDING, _MISFIT = 8 * 2.0**-52, 1e-6


def tolerance(points: Points) -> float:
    """Return the largest residual of a network in float64 that counts as 0.

    It is 1e-11 of the range of y, and what rounding makes of numbers as large as y and as the steepest slope times
    x, which matters for points far from the origin.
    """
    x, y = ([Fraction(v) for v in values] for values in (points.x, points.y))
    spread = float(max(y) - min(y))
    largest_x, largest_y = (float(max(abs(values[0]), abs(values[-1]))) for values in (x, sorted(y)))
    steepest = float(max(abs((y[k] - y[k - 1]) / (x[k] - x[k - 1])) for k in range(1, len(x))))
    return VANISHED * spread + min(_ROUNDING * (largest_y + steepest * largest_x), _MISFIT * spread)
