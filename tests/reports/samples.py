"""A document with a block of every kind, for the tests of the renderers."""

from __future__ import annotations

from reports.document import (
    Bibliography,
    Box,
    Chapter,
    Check,
    Code,
    Derivation,
    Document,
    Figure,
    Heading,
    Line,
    Math,
    Paragraph,
    Source,
    Table,
    ref,
)
from reports.figures.checks import finite_differences
from reports.figures.graph import Vertex, computational_graph

AUTOENCODER = (
    Vertex("W", (), True, r"\bar{W} = W \left(r x^\top + x r^\top\right)"),
    Vertex("x", ()),
    Vertex(r"u_1 = W x", (0, 1), adjoint=r"\bar{u}_1 = W r"),
    Vertex(r"u_2 = W^\top u_1", (0, 2), adjoint=r"\bar{u}_2 = r"),
    Vertex(r"r = u_2 - x", (3, 1), adjoint=r"\bar{r} = r"),
    Vertex(r"\mathcal{L} = \tfrac{1}{2}\left\lVert r\right\rVert^2", (4,), adjoint=r"1"),
)


def sample() -> Document:
    """Return a document with a block of every kind and signs that each format must escape."""
    agrees = Check("agrees", "relative error 3e-11, estimated 5e-11")
    lines = [
        Line(r"\bar{r} = r", "r_bar = r", "squared norm", agrees),
        Line(r"\bar{u}_1 = W r", "u_1_bar = W*r", "matrix product", agrees),
        Line(
            r"\bar{W} = u_1 r^\top + \bar{u}_1 x^\top = W x r^\top + W r x^\top",
            "W_bar = W*x*r' + W*r*x'",
            "sum over paths",
            Check("proved"),
        ),
        Line(
            r"\mathrm{Var}(w x) = \mathrm{Cov}(w^2, x^2) + \left(\mu_w^2 + \sigma^2\right)"
            r"\left(\mu_x^2 + v^2\right) - \left(\mu_w \mu_x + \mathrm{Cov}(w, x)\right)^2",
            "Var(w x) = ...",
            "variance of a product; needs that the weights are independent of the inputs",
            agrees,
        ),
    ]
    return Document(
        title="Tied & true <autoencoders> 100%",
        subtitle="The gradient of $\\tfrac{1}{2}\\lVert W^\\top W x - x\\rVert^2$, for `W: m x n`",
        preface=[Paragraph("Costs 5\\$ & 50 % of #1_2: ~ ^ {x} \\\\ <b>\"quoted\" 'single'</b>.")],
        chapters=[
            Chapter(
                "The gradient",
                "gradient",
                [
                    Heading("Derivation"),
                    Math(r"\nabla_W \mathcal{L} = W(r x^\top + x r^\top)", "W*(r*x' + x*r')"),
                    Derivation(lines),
                    Figure("graph", lambda: computational_graph(AUTOENCODER), "The graph.", "a graph"),
                    Box("result", "Result", [Math(r"W r x^\top", "W*r*x'")]),
                ],
            ),
            Chapter(
                "The checks",
                "checks",
                [
                    Table(["method", "figure", "verdict"], [["balls", "30 digits", agrees]], "A table.", [1]),
                    Figure(
                        "errors",
                        lambda: finite_differences([1e-1, 1e-2, 1e-3], [1e-2, 1e-4, 1e-6], (1e-12, 2e-12)),
                        "The error falls as $h^2$.",
                        "error against step size",
                    ),
                    Box("slip", "One path only", [_remark(), Math(r"W x r^\top", "W*x*r'")]),
                    Box("note", "A note", [Paragraph("Nothing more.")]),
                    Paragraph(f"So it stands in {ref('@he2015')}; see {ref('graph')}."),
                    Bibliography([Source("he2015", "He et al. 2015"), Source("x", "Cited nowhere")]),
                    Code("def gradient(W, x):\n    return W @ x  # 100 % {plain} \\ text\n"),
                ],
                agrees,
            ),
        ],
        colophon="Seed 0.",
    )


def _remark() -> Paragraph:
    return Paragraph("At $W = 1$ it is off by $2^{-3}$.")
