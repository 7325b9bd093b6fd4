"""A chapter on networks that fit: the toy data sets by four methods, with pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reports.chapters.fit_comparison import comparison
from reports.document import Block, Chapter, Figure, Heading, Math, Paragraph, literal, ref

if TYPE_CHECKING:
    from verify.fit.points import Points

_STORY = (
    "A network with one hidden layer of rectified linear units is a piecewise linear function. Four methods look for "
    "one that passes through every point: the exact construction from the slope changes of the data; fsolve, Powell's "
    "root finding on all residuals at once, restarted at random; least squares by variable projection, in which "
    "the outer weights are solved for and only the kinks are searched; and training by Adam. The exact construction uses "
    "no derivative. Derived, and run as printed, are the slopes of the model by wh, bh and wo, and the gradient of the "
    "squared error by the values: fsolve has the first three as columns of its Jacobian, variable projection takes the "
    "slope by bh, training takes all four. Written by hand around them are the slope 1 by b0, the chain rule that "
    "joins the loss to the model in training, the change from bh to the kink, and Kaufman's projection; tests hold what comes "
    "out, the Jacobian of fsolve, the gradient that variable projection descends and that of the training, to "
    "differences of residuals and losses that know no rule."
)
_CAPTION = (
    "The ways to fit, each over several seeds: the share that solved all points, and medians. Evaluations count how "
    "often the residuals of all points were computed. Solved is a largest residual below 1e-11 of the range of y, "
    "rounding aside. Every start of fsolve is the best by linear least squares of 128 draws of kinks among the data; "
    "with `--start normal` all parameters are from $N(0, 1)$, the classical way."
)
_NO_TIMES = (
    "Times are no two alike: a report with `--times` has them, and `gradproof fit --method all` shows them."
)
_LEMMA = (
    "Why a network may need more units than there are kinks. Let the function have slopes $s_0, \\ldots, s_K$ and one unit for each "
    "kink. A unit that is active on the right of kink $i$ adds $s_i - s_{i-1}$ to the slope there; one that is active on the left "
    "of it adds $-(s_i - s_{i-1})$ there. Far to the left the slope $s_0$ is the sum of the latter: "
    "$s_0 + \\sum_{i \\in L} (s_i - s_{i-1}) = 0$, where $L$ are the kinks whose units are active on the left. For any $L$ the sum "
    "telescopes over every run of neighbours in $L$, and leaves an odd number of slopes with alternating signs."
)
_RELU = r"\mathrm{relu}"
#: Seeds of each method that draws: more where a fit is quick.
SEEDS: dict[str, int] = {"fsolve": 12, "least-squares": 12, "train": 3}
#: Starts after which a method gives up. A budget in seconds would print other numbers on a slower machine.
STARTS = 400


def fit_chapter(seed: int, times: bool = False) -> Chapter:
    """Fit both toy data sets by every method, and compare them; measured times only on request."""
    from verify.fit.points import TOY

    blocks: list[Block] = [Paragraph(_STORY), Paragraph(_LEMMA)]
    for points in TOY.values():
        blocks += _data_set(points, seed, times)
    return Chapter("Networks that fit", "fits", blocks)


def _data_set(points: Points, seed: int, times: bool) -> list[Block]:
    from reports.figures import fits
    from verify.fit.fit import Budget
    from verify.fit.methods import compare, fit_points, shortfall

    budget = Budget(STARTS, seconds=600.0)
    rows = compare(points, seeds=lambda method: range(seed, seed + SEEDS[method]), budget=budget)
    exact = fit_points(points, "exact")
    fewer = shortfall(points, seed)
    name = points.name
    found = {row.method: row.fit for row in rows if row.method in SEEDS}
    *notes, network = exact.notes
    said, _, formula = network.partition(": ")
    return [
        Heading(literal(name)),
        Figure(
            f"fit-{name}",
            lambda: fits.fitted(exact, height=3.0),
            "The exact network through the data, its kinks, and the residuals.",
            literal(
                f"the points of {name}, the piecewise linear function through them, and residuals of zero"
            ),
        ),
        *(Paragraph(literal(line)) for line in (*notes, *([str(fewer)] if fewer else []))),
        Paragraph(
            f"{ref(f'fit-{name}')} shows the exact network, {ref(f'fits-{name}')} what the other methods find, and the "
            f"table compares all. {literal(said)} (${_RELU}(t) = \\max(t, 0)$):"
        ),
        Math(f"y = {_typeset(formula)}", formula, f"network-{name}"),
        comparison(rows, times, _CAPTION if times else f"{_CAPTION} {_NO_TIMES}"),
        Figure(
            f"fits-{name}",
            lambda: fits.compared(found, found["train"].losses),
            "What the other methods find: other functions through the same points. At the lower right, the loss of the "
            "training that solved the data, by step.",
            literal(
                f"functions through the points of {name} found by {', '.join(found)}, and the loss of training"
            ),
        ),
    ]


def _typeset(formula: str) -> str:
    """A network as it is printed, such as 8 - 2·r(x) + 1/2·r(x - 4), in LaTeX."""
    formula = formula.removeprefix("0 + ")
    fractions = re.sub(r"(\d+)/(\d+)", r"\\tfrac{\1}{\2}", formula)
    return fractions.replace("·", r"\,").replace("r(", f"{_RELU}(")
