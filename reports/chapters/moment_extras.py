"""What chapters on moments show beside derivation and measurements: tables of activations and regimes, and pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from reports.chapters.prose import prose
from reports.document import Block, Cell, Figure, Heading, Math, Paragraph, Table, literal

if TYPE_CHECKING:
    from verify.moments.depth import FixedPoint, MeanField
    from verify.moments.quadrature import Integral

#: A formula longer than this in LaTeX is left out of the table: its number stands in the next one.
_LONGEST = 110
#: And one longer than this is not shown at all.
_LONGEST_LINE = 260


def extras(name: str, seed: int) -> list[Block]:
    """Return the further blocks of the chapter on the named result."""
    from reports.figures.random_layers import LAYER_FIGURES

    blocks = _TABLES[name](seed) if name in _TABLES else []
    figures = LAYER_FIGURES.get(name, ())
    return blocks + [Figure(f.name, partial(f.draw, seed), prose(f.caption), literal(f.alt)) for f in figures]


def _activations(_: int) -> list[Block]:
    """The moments of all activations: formulas in s where they are short, and the gains beside what ships."""
    from derive import to_text
    from derive.moments import ACTIVATIONS, gaussian_moments
    from derive.moments.stable import scaled
    from derive.moments.typeset import typeset
    from verify.moments.gains import gains_table

    formulas: list[list[Cell]] = []
    long: list[Block] = []
    for name in ACTIVATIONS:
        found = gaussian_moments(name)
        values = (found.mean, found.second, found.derivative)
        if any(value is None for value in values):
            continue
        cells = [typeset(value, inline=True) for value in values]
        lengths = [len(cell.replace(r"\, ", "")) for cell in cells]
        if max(lengths) <= _LONGEST:
            formulas.append([literal(name), *(f"${cell}$" for cell in cells)])
        elif max(lengths) <= _LONGEST_LINE:
            shown = rf"\mathrm{{{name}}}"
            for after, value in zip(("(a)", "(a)^2", "'(a)^2"), values, strict=True):
                equation = rf"\mathrm{{E}}[{shown}{after}] = {typeset(value)}"
                long.append(Math(equation, f"E[{name}{after}] = {to_text(scaled(value))}"))
    rows: list[list[Cell]] = []
    table = gains_table()
    for row in table:
        growth = row.shipped_forward_factor
        rows.append(
            [
                literal(row.name),
                _number(_value(row.second)),
                _number(row.variance),
                _number(_value(row.derivative), "$\\infty$"),
                "closed form" if row.exact else "quadrature",
                _number(row.forward),
                _number(row.backward),
                _number(row.compromise),
                _number(row.shipped),
                _number(growth),
            ]
        )
    remarks = [f"{row.name} ships {row.shipped:.4g}, {row.remark}" for row in table if row.remark]
    return [
        Heading("All activations"),
        Table(
            ["activation", "$E f(a)$", "$E f(a)^2$", "$E f'(a)^2$"],
            formulas,
            "Closed forms for $a \\sim N(0, s^2)$, those that are short.",
        ),
        *long,
        Table(
            [
                "activation",
                "$E f^2$",
                "Var $f$",
                "$E f'^2$",
                "from",
                "forward",
                "backward",
                "both",
                "ships",
                "factor",
            ],
            rows,
            "At $s = 1$: moments, the gains $1/\\sqrt{E f^2}$ and $1/\\sqrt{E f'^2}$ that keep the second moment of "
            "pre-activations (forward) and of gradients (backward), the compromise of a square layer (both), where the "
            "variance of a weight is the gain's square over the fan, the constant of PyTorch's `calculate_gain` where there is one, and the "
            "factor by which a layer with that constant multiplies the second moment.",
            numeric=[1, 2, 3, 5, 6, 7, 8, 9],
        ),
        *(Paragraph(f"{prose(remark)}.") for remark in remarks),
    ]


#: How near, relatively, an edge between two regimes is said to be one.
_NEAR = 1e-3
#: Activations with sigma_w and sigma_b: at, below and above what keeps gradients.
_CASES = (
    ("relu", 1.0, 0.0),
    ("relu", math.sqrt(2), 0.0),
    ("relu", math.sqrt(2 * math.pi / (math.pi - 1)), 0.0),
    ("tanh", 0.9, 0.0),
    ("tanh", 1.0, 0.0),
    ("tanh", 5 / 3, 0.0),
    ("tanh", 2.5, 0.3),
    ("erf", math.sqrt(1.5), 0.0),
    ("selu", 1.0, 0.0),
    ("gelu", 1.5335, 0.0),
    ("sigmoid", 1.0, 0.0),
)


def _regimes(seed: int) -> list[Block]:
    """Where the second moment goes, and what gradients do there, derived and measured on networks."""
    from verify.moments.depth import MeanField
    from verify.moments.networks import measure_networks

    limits: list[list[Cell]] = []
    layers: list[list[Cell]] = []
    for name, sigma_w, sigma_b in _CASES:
        field = MeanField(name, sigma_w, sigma_b)
        limit = field.limit()
        case: list[Cell] = [literal(name), f"{sigma_w:.5g}, {sigma_b:g}"]
        limits.append(
            [
                *case,
                field.regime(),
                _number(_value(limit), "$\\infty$"),
                _scale(limit),
                field.gradient_regime(),
                _number(None if limit is None else field.backward_factor(limit.value)),
                _alike(field, limit),
            ]
        )
        measured = measure_networks(name, sigma_w, sigma_b, width=256, networks=8, seed=seed, workers=1)
        forward, spread = measured.mean("forward")
        backward, _ = measured.mean("backward")
        moments = field.iterate(1.0, len(forward) - 1)
        factors = [field.backward_factor(q) for q in moments[1:-1]]
        layers.append(
            [
                *case,
                _power(moments[-1]),
                f"{_power(forward[-1])} ± {_power(spread[-1])}",
                f"{math.exp(sum(map(math.log, factors)) / len(factors)):.3f}",
                f"{(backward[0] / backward[-2]) ** (1 / len(factors)):.3f}",
            ]
        )
    return [
        Heading("Regimes"),
        Table(
            [
                "$f$",
                "$\\sigma_w, \\sigma_b$",
                "$q$ is",
                "$q^*$",
                "$\\xi_q$",
                "gradients are",
                "$\\chi$",
                "$c^*$",
            ],
            limits,
            "From $q = 1$ on: what becomes of the second moment, the fixed point $q^*$ that it approaches and the "
            "number $\\xi_q$ of layers over which a distance from it shrinks by $e$, what becomes of gradients there "
            "and their factor $\\chi$, and the correlation $c^*$ that two inputs approach.",
            numeric=[3, 4, 6, 7],
        ),
        Table(
            ["$f$", "$\\sigma_w, \\sigma_b$", "$q$ in layer 50", "measured", "gradients a layer", "measured"],
            layers,
            "The second moment in layer 50, and the factor of the gradients a layer in the geometric mean: iterated, "
            "and measured on eight random networks of width 256 (with the standard error).",
            numeric=[2, 3, 4, 5],
        ),
        *_knife_edges(),
    ]


def _knife_edges() -> list[Block]:
    """Say of the cases that stand near an edge between two regimes where exactly that edge is."""
    from verify.moments.edges import first_step_edge

    out: list[Block] = []
    for name, sigma_w, sigma_b in _CASES:
        edge = None if sigma_b else first_step_edge(name)
        if edge is None or abs(sigma_w / float(edge.value.mid()) - 1) > _NEAR:
            continue
        side = edge.side(sigma_w)
        said = {
            -1: f"{sigma_w:.5g} lies below it, and the second moment falls from 1",
            1: f"{sigma_w:.5g} lies above it, and the second moment grows from 1",
            0: "the row is for that number itself, at which 1 is kept",
        }[side]
        out.append(
            Paragraph(
                f"{literal(name)} stands on a knife edge: a layer keeps the second moment 1 at "
                f"$\\sigma_w = {edge.digits}\\ldots$ alone (proved digits), makes it smaller for every smaller "
                f"$\\sigma_w$ and larger for every larger one; {said}."
            )
        )
    return out


def _alike(field: MeanField, limit: FixedPoint | None) -> str:
    if limit is None or limit.value == 0:
        return "–"
    return _number(field.correlation_limit(limit.value).value)


def _scale(limit: FixedPoint | None) -> str:
    if limit is None:
        return "–"
    return "$\\infty$" if limit.marginal else f"{limit.depth_scale:.3g}"


def _value(found: Integral | FixedPoint | None) -> float | None:
    return None if found is None else found.value


def _number(value: float | None, missing: str = "–") -> str:
    return missing if value is None else f"{value:.4g}"


def _power(value: float) -> str:
    """A number as running text, powers of ten as formulas."""
    return prose(f"{value:.2g}" if not 0.01 <= abs(value) < 1000 else f"{value:.3g}")


_TABLES: dict[str, Callable[[int], list[Block]]] = {
    "gaussian-moments": _activations,
    "deep-erf": _regimes,
}
