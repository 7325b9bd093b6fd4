"""What a fit of points gives back, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from derive.errors import InputError
from verify.fit.points import Points
from verify.fit.relu_net import ReluNet

__all__ = ["Budget", "Fit", "Progress", "tolerance"]

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

    `notes` are lines for the reader, such as the proof of minimality; `losses` is the course of a training.
    """

    points: Points
    method: str
    net: ReluNet
    restarts: int
    seconds: float
    converged: bool
    notes: tuple[str, ...] = ()
    losses: tuple[float, ...] = ()

    @property
    def max_residual(self) -> float:
        """Return the largest |f(x_i) - y_i|."""
        return float(abs(self.net.residuals(self.points)).max())

    def to_dict(self) -> dict[str, Any]:
        """Return the fit as a JSON-ready dictionary."""
        return {
            "dataset": self.points.name,
            "method": self.method,
            "hidden": self.net.hidden,
            "parameters": self.net.parameters(),
            "max_residual": self.max_residual,
            "restarts": self.restarts,
            "seconds": self.seconds,
            "converged": self.converged,
        }


def tolerance(points: Points) -> float:
    """Return the largest residual that counts as 0: 1e-10, or 1e-13 of the largest |y| where that is more."""
    return max(1e-10, 1e-13 * float(abs(points.ys).max()))
