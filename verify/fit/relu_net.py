"""The model of the toy fits: y = b0 + Σ wo_k·relu(wh_k·x + bh_k), one input, one hidden layer, one output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from verify.fit.points import Points, Rational, quotient
from verify.fit.rationals import full, short

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ReluNet"]


@dataclass(frozen=True)
class ReluNet:
    """A one-hidden-layer ReLU network of one variable; parameters are floats or rational numbers."""

    wh: tuple[Any, ...]
    bh: tuple[Any, ...]
    wo: tuple[Any, ...]
    b0: Any

    @classmethod
    def from_vector(cls, p: Iterable[float]) -> ReluNet:
        """Split a vector (wh, bh, wo, b0) of length 3h + 1."""
        values = [float(v) for v in p]
        h = len(values) // 3
        return cls(tuple(values[:h]), tuple(values[h : 2 * h]), tuple(values[2 * h : 3 * h]), values[-1])

    @property
    def hidden(self) -> int:
        """Return the number of hidden units."""
        return len(self.wh)

    def __call__(self, x: Any) -> Any:
        """Return the value at x: exact for a Fraction on rational parameters, float64 for an array."""
        if isinstance(x, (int, Fraction)):
            units = zip(self.wh, self.bh, self.wo, strict=True)
            return self.b0 + sum(wo * max(wh * x + bh, 0) for wh, bh, wo in units)
        import numpy as np

        wh, bh, wo, b0 = self.arrays()
        return np.maximum(np.multiply.outer(np.asarray(x, float), wh) + bh, 0.0) @ wo + b0

    def sweep(self, xs: Sequence[Rational]) -> list[Rational]:
        """Return the exact values of a rational network at sorted x, in one pass over points and kinks."""
        slope: Rational = 0
        level: Rational = self.b0
        events = []
        for wh, bh, wo in zip(self.wh, self.bh, self.wo, strict=True):
            if wh == 0:
                level += wo * max(bh, 0)
                continue
            if wh < 0:  # active from the left up to its kink
                slope += wo * wh
                level += wo * bh
            sign = 1 if wh > 0 else -1
            events.append((quotient(-bh, wh), sign * wo * wh, sign * wo * bh))
        events.sort()
        values: list[Rational] = []
        passed = 0
        for x in xs:
            while passed < len(events) and events[passed][0] <= x:
                slope += events[passed][1]
                level += events[passed][2]
                passed += 1
            values.append(slope * x + level)
        return values

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """Return wh, bh, wo as float64 arrays of shape (h,), and b0."""
        import numpy as np

        wh, bh, wo = (np.array([float(v) for v in part]) for part in (self.wh, self.bh, self.wo))
        return wh, bh, wo, float(self.b0)

    @property
    def rational(self) -> bool:
        """Tell whether every parameter is a rational number, so that values can be computed exactly."""
        return all(isinstance(v, (int, Fraction)) for v in (*self.wh, *self.bh, *self.wo, self.b0))

    def breaks(self) -> list[Any]:
        """Return the places where the slope changes, sorted, rational or floats as the parameters are.

        Units without weight have none.
        """
        divide = quotient if self.rational else lambda a, b: float(a / b)
        units = zip(self.wh, self.bh, self.wo, strict=True)
        return sorted({divide(-bh, wh) for wh, bh, wo in units if wh != 0 and wo != 0})

    def kinks(self) -> list[float]:
        """Return the places where the slope changes as floats, sorted."""
        return sorted({float(t) for t in self.breaks()})

    def residuals(self, points: Points) -> np.ndarray:
        """Return f(x_i) - y_i as float64.

        Where every parameter is rational the difference is exact before it is rounded; else f is evaluated in
        float64, and the difference to y as it was written is exact.
        """
        import numpy as np

        if self.rational:
            return np.array([float(v - y) for v, y in zip(self.sweep(points.x), points.y, strict=True)])
        values = self(points.xs)
        finite = np.isfinite(values)
        return np.array(
            [float(Fraction(v) - y) if ok else v for v, y, ok in zip(values, points.y, finite, strict=True)]
        )

    def shifted(self, offset: Rational) -> ReluNet:
        """Return the network on u = x - offset; the biases are taken exactly before they are rounded."""
        biases = (
            float(Fraction(bh) + Fraction(wh) * offset) for wh, bh in zip(self.wh, self.bh, strict=True)
        )
        return ReluNet(self.wh, tuple(biases), self.wo, self.b0)

    def padded(self, hidden: int) -> ReluNet:
        """Return the same function with units of zero weight added."""
        zeros = (0,) * (hidden - self.hidden)
        return ReluNet(self.wh + tuple(1 for _ in zeros), self.bh + zeros, self.wo + zeros, self.b0)

    def parameters(self) -> dict[str, Any]:
        """Return wh, bh, wo (lists) and b0 as floats, JSON-ready."""
        wh, bh, wo, b0 = self.arrays()
        return {"wh": wh.tolist(), "bh": bh.tolist(), "wo": wo.tolist(), "b0": b0}

    def rationals(self) -> dict[str, Any]:
        """Return wh, bh, wo (lists) and b0 of a rational network as text, with all digits, JSON-ready."""
        parts = {"wh": self.wh, "bh": self.bh, "wo": self.wo}
        return {**{name: [full(v) for v in part] for name, part in parts.items()}, "b0": full(self.b0)}

    def formula(self, most: int = 16) -> str:
        """Return the function as text, with r for relu: `8 - 2·r(x) + 4·r(x - 4)`, for people.

        Long numbers are shown by six digits behind an ≈, and of more than `most` units the first ones.
        """
        text = short(self.b0)
        for wh, bh, wo in list(zip(self.wh, self.bh, self.wo, strict=True))[:most]:
            inner = "x" if wh == 1 else "-x" if wh == -1 else f"{short(wh)}·x"
            if bh != 0:
                inner += f" {'+' if bh > 0 else '-'} {short(abs(bh))}"
            factor = "" if abs(wo) == 1 else f"{short(abs(wo))}·"
            text += f" {'+' if wo >= 0 else '-'} {factor}r({inner})"
        left = self.hidden - most
        return text if left <= 0 else f"{text} + … and {left} more unit{'s' if left > 1 else ''}"
