"""A chapter on networks that fit: the toy data sets by four methods, with pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.document import Block, Cell, Chapter, Figure, Heading, Paragraph, Table, literal

if TYPE_CHECKING:
    from verify.fit.points import Points

_STORY = (
    "A network with one hidden layer of rectified linear units is a piecewise linear function. Four methods look for "
    "one that passes through every point: the exact construction from the slope changes of the data; fsolve, Powell's "
    "root finding on all residuals at once, restarted at random; least squares by variable projection, in which "
    "the outer weights are solved for and only the kinks are searched; and training by Adam. The gradients of the last "
    "three are the derived ones: were they wrong, no residual would vanish."
)
#: Starts of each method that draws.
SEEDS = 3
#: Starts after which a method gives up. A budget in seconds would print other numbers on a slower machine.
STARTS = 400


def fit_chapter(seed: int) -> Chapter:
    """Fit both toy data sets by every method, and compare them."""
    from verify.fit.points import TOY

    blocks: list[Block] = [Paragraph(_STORY)]
    for points in TOY.values():
        blocks += _data_set(points, seed)
    return Chapter("Networks that fit", "fits", blocks)


def _data_set(points: Points, seed: int) -> list[Block]:
    from reports.figures import fits
    from verify.fit.fit import Budget
    from verify.fit.methods import compare, fit_points, shortfall

    seeds, budget = range(seed, seed + SEEDS), Budget(STARTS, seconds=600.0)
    rows: list[list[Cell]] = [
        [
            row.method,
            str(row.hidden),
            f"{row.success:.0%}",
            f"{row.restarts:g}",
            f"{row.max_residual:.1e}" if row.max_residual else "0",
        ]
        for row in compare(points, seeds=seeds, budget=budget)
    ]
    exact, trained = fit_points(points, "exact"), fit_points(points, "train", seed=seed, budget=budget)
    fewer = shortfall(points, seed)
    name = points.name
    return [
        Heading(literal(name)),
        Figure(
            f"fit-{name}",
            lambda: fits.fitted(exact),
            "The exact network through the data, its kinks, and the residuals.",
            literal(
                f"the points of {name}, the piecewise linear function through them, and residuals of zero"
            ),
        ),
        *(Paragraph(literal(line)) for line in (*exact.notes, *([str(fewer)] if fewer else []))),
        Figure(
            f"network-{name}",
            lambda: fits.drawn_network(exact.net),
            "The exact network with its weights.",
            literal(f"the network of {exact.net.hidden} hidden units with its weights and biases"),
        ),
        Table(
            ["method", "units", "solved", "restarts", "largest residual"],
            rows,
            f"The four methods over {SEEDS} seeds: the share that solved all points, and medians.",
            numeric=(1, 2, 3, 4),
        ),
        Figure(
            f"loss-{name}",
            lambda: fits.loss_curve(trained.losses),
            "The loss of the training that solved the data, step by step.",
            literal("the mean squared error falling to rounding error on a logarithmic axis"),
        ),
    ]
