"""For other people's test suites: `assert_gradient`, which explains itself where it fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from verify.callables.gradients import check_gradient
from verify.verdict import Verdict

WIDTH, HEIGHT = 56, 14


def assert_gradient(
    f: Callable[[Any], Any],
    grad: Callable[[Any], Any] | Any,
    x: Any,
    *,
    inconclusive_ok: bool = False,
    **options: Any,
) -> Verdict:
    """Assert that `grad` is the gradient of the scalar function `f` at `x`; return the verdict.

    Arguments and `options` are those of `check_gradient`. No step and no tolerance is needed. Raises AssertionError
    where the gradient is refuted, and where the answer is inconclusive unless `inconclusive_ok`; the message
    gives the evidence, the worst entry, the diagnosis and a plot of the Taylor remainder. Raises InputError on bad input.
    """
    __tracebackhide__ = True
    verdict = check_gradient(f, grad, x, **options)
    if verdict or (inconclusive_ok and verdict.verdict == "inconclusive"):
        return verdict
    raise AssertionError(explain(verdict))


def explain(verdict: Verdict) -> str:
    """Return what a person needs to mend a gradient: the verdict, worst entry, diagnosis, and order plot."""
    head = "the gradient is wrong" if verdict.verdict == "refuted" else "the gradient could not be settled"
    lines = [f"{head}: {verdict.verdict}"]
    lines += [f"  {e.method}: {e.figure} ({e.verdict})" for e in verdict.evidence]
    by_method = {e.method: e.details for e in verdict.evidence}
    worst = by_method.get("complex step") or by_method.get("finite differences") or {}
    if verdict.verdict == "refuted" and "worst_entry" in worst:
        lines.append(
            f"  worst entry {worst['worst_entry']}: claimed {worst['claimed']:.15g}, "
            f"measured {worst['measured']:.15g} ± {worst['tolerance']:.1e}"
        )
    if verdict.diagnosis:
        lines.append(f"  diagnosis: {verdict.diagnosis}")
    plot = order_plot(by_method.get("Taylor remainder", {}))
    if plot:
        lines += ["  Taylor remainder |f(x + hd) - f(x) - h<g, d>| against h:", *("  " + row for row in plot)]
    return "\n".join(lines)


def order_plot(details: Mapping[str, Any]) -> Sequence[str]:
    """Return a log-log plot in text of the remainders (*), with lines of order 1 (') and 2 (.) to compare.

    `details` are those of the evidence by Taylor remainder. Both lines pass through the remainder at the largest step.
    Empty where fewer than two remainders are above 0.
    """
    points = [
        (math.log10(h), math.log10(r))
        for h, r in zip(details.get("steps", ()), details.get("remainders", ()), strict=True)
        if h > 0 and r > 0 and math.isfinite(r)
    ]
    if len(points) < 2:
        return []
    points.sort()
    (left, _), (right, start) = points[0], points[-1]
    low, high = min(r for _, r in points), max(r for _, r in points)
    if right == left or high == low:
        return []
    grid = [[" "] * WIDTH for _ in range(HEIGHT)]

    def mark(h: float, r: float, sign: str) -> None:
        row = round((high - r) / (high - low) * (HEIGHT - 1))
        if 0 <= row < HEIGHT:
            grid[row][round((h - left) / (right - left) * (WIDTH - 1))] = sign

    for column in range(WIDTH):
        h = left + (right - left) * column / (WIDTH - 1)
        mark(h, start + (h - right), "'")
        mark(h, start + 2 * (h - right), ".")
    for h, r in points:
        mark(h, r, "*")
    scale = [f"{10**high:8.1e} |", *["         |"] * (HEIGHT - 2), f"{10**low:8.1e} |"]
    axis = f"{10**left:.1e}".ljust(WIDTH - 7) + f"{10**right:.1e}"
    rows = [margin + "".join(row).rstrip() for margin, row in zip(scale, grid, strict=True)]
    return [
        *rows,
        "         +" + "-" * WIDTH,
        "          " + axis,
        "          * remainder   ' order 1   . order 2",
    ]
