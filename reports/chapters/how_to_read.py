"""The first page of a report: layout, symbols, the five verdicts with an example each, and the methods."""

from __future__ import annotations

from reports.chapters.references import cited
from reports.document import Block, Check, Heading, Paragraph, Table

_LAYOUT = (
    "A gradient has the shape of the variable. A Jacobian has entry $(i, j) = \\partial y_i / \\partial x_j$. A Hessian by "
    "a matrix is the linear map of a direction. A derivation goes forward first, where every operation gets a name, and "
    "then backward, where every node gets its adjoint; $\\mathrel{+}=$ adds one path of several."
)
_SYMBOLS = (
    (r"$\bar{u}$", "the adjoint of $u$: the derivative of $f$ by it, in its shape"),
    (r"$\mathrm{d}X$", "a direction in which $X$ moves; $\\mathrm{d}f$ is linear in it"),
    (r"$\odot$, $\otimes$", "the product entry by entry, and Kronecker's"),
    (r"$I$, $\mathbf{1}$", "the identity, and the column of ones"),
    (r"$X^{\top}$, $X^{-1}$, $X^{+}$", "transpose, inverse, pseudo-inverse"),
    (r"$\mathrm{E}$, $\mathrm{Var}$", "expectation and variance"),
)
_VERDICTS = (
    ("proved", "equal as symbols", r"$x x^{\top} + x x^{\top}$ and $2 x x^{\top}$"),
    (
        "certified",
        "equal at random points, in exact arithmetic",
        "$X^{-\\top}$ as the gradient of $\\log \\det X$",
    ),
    (
        "agrees",
        "equal within rigorous or estimated errors",
        r"$\tanh' = 1 - \tanh^{2}$, to 70 digits at random points",
    ),
    (
        "refuted",
        "a point is shown at which the two differ by more than every possible error",
        r"$X^{-1}$ as the gradient of $\log \det X$",
    ),
    ("inconclusive", "none of these, and why", "a mean that rests on draws too rare to be seen"),
)
_METHODS = (
    "**Prime field.** Both formulas are evaluated modulo a random prime between $2^{60}$ and $2^{62}$, at random points, without rounding, "
    "and the derivative is that of dual numbers, which use no rule of the derivation. Different values refute. Equal ones "
    "come by chance only where a polynomial vanishes, and the chance is stated (Schwartz 1980; Zippel 1979).",
    "**Real balls.** Where exp and the like occur, every number is a midpoint with a radius that holds all rounding "
    "(Arb; Johansson 2017), of 256 bits or more. Disjoint balls refute. Overlapping ones agree to the digits stated.",
    "**Differences and sampling.** A difference quotient is extrapolated over many steps, and its error estimated from "
    "what they show. A mean is measured until a confidence sequence, valid however often one looks, excludes the claim or "
    "lies within the tolerance; at most one true claim in a million is refuted.",
)


def how_to_read() -> list[Block]:
    """Return the first page."""
    return [
        Heading("How to read this report"),
        Paragraph(_LAYOUT),
        Table(["symbol", "means"], _SYMBOLS),
        Table(
            ["verdict", "means", "for example"],
            [[Check(word), means, example] for word, means, example in _VERDICTS],  # type: ignore[arg-type]
        ),
        *(Paragraph(cited(text.replace("**", ""))) for text in _METHODS),
    ]
