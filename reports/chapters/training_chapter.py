"""A chapter on a network trained by its derived gradients: the formulas that run, and two experiments."""

from __future__ import annotations

from reports.chapters.derivation import code_of
from reports.chapters.prose import finding
from reports.chapters.references import cited
from reports.document import Block, Cell, Chapter, Check, Code, Figure, Heading, Math, Paragraph, Table

_STORY = (
    "Batches are trained by derivations alone: each formula below is derived, and its NumPy source is what runs, on a "
    "whole batch at a time: samples are columns. Only "
    "steps of one image at a time are written out by hand, in place: the derivatives of relu, sigmoid and tanh by "
    "their values, and softmax minus target. A test holds such steps to the derived ones."
)
_CHECKED = (
    "The gradient of a whole network, 5-4-3-3 with a penalty on its weights, is held to what no rule has made: finite "
    "differences and complex steps of its loss in every parameter, and balls, which enclose the derivative along random "
    "directions of all parameters with every rounding error. A relu is analytic to either side of its kink, and no "
    "unit of these stands on one."
)
_BY_HEART = (
    "A network with more parameters than images learns them by heart: 50 images of noise with random labels are all "
    "classified right in the end. That is no proof of its gradient. Backward passes that leave out the derivative of "
    "relu, or go back through fixed random matrices in place of the transposed weights (feedback alignment, Lillicrap "
    "et al. 2016), bring it about as well. What tells them apart is a check of the gradient: each of the three, on a "
    "network 5-4-3-3, against differences of its loss in every parameter."
)
_CHAOS = (
    "Two runs begin with first weights that differ by one part in $10^{15}$, on made images, one image a step. On "
    "pixels divided by 255 they stay together to rounding error and get the same images right, at the same rate and at "
    "one that suits the smaller pixels. On raw pixels the first layer is driven into saturation and out of it by "
    "single steps, and the difference grows until the two are different networks with different results. The raw run "
    "learns, but what it comes to depends on the last digit: it cannot be repeated on another machine. How many "
    "images are right says how far a run has come at its rate; whether its two numbers are equal is what is shown."
)

#: The pairs of runs: a name, what raw pixels are divided by, the rate.
_RUNS = (
    ("raw pixels, rate 0.003", 1, 0.003),
    ("pixels/255, rate 0.003", 255, 0.003),
    ("pixels/255, rate 0.03", 255, 0.03),
)


def training_chapter(seed: int) -> Chapter:
    """Derive the layers' pullbacks, train on noise, and let two runs drift apart."""
    return Chapter(
        "A network trained by its derived gradients",
        "training",
        [*_formulas(), *_checks(seed), *_experiments(seed)],
    )


def _formulas() -> list[Block]:
    from derive import latex, to_text
    from verify import gradient
    from verify.fit.network.derived import AFFINE, AFFINE_SHAPES, LOSSES

    formulas = (
        ("softmax with cross-entropy, by the scores", LOSSES["cross-entropy"], "z", "z: n, y: n"),
        ("affine layer, by the weights with the bias as a last row", AFFINE, "A", AFFINE_SHAPES),
        ("affine layer, by its input with a row of ones", AFFINE, "X", AFFINE_SHAPES),
        ("swish unit, by its input", "g'*swish(z)", "z", "g: n, z: n"),
    )
    blocks: list[Block] = [Paragraph(_STORY)]
    for title, expr, wrt, where in formulas:
        d = gradient(expr, wrt, where=where)
        stated = Math(f"f = {latex(d.problem.expr)}", to_text(d.problem.expr))
        derived = Math(d.to_latex(name_parts=False), d.to_text())
        blocks += [Heading(title), stated, derived, Code(code_of(d))]
    return blocks


def _checks(seed: int) -> list[Block]:
    import numpy as np

    from verify.fit.network.assembled import check_network
    from verify.fit.network.derived import ACTIVATIONS, LOSSES
    from verify.fit.network.trainer import new_network

    chance = np.random.default_rng(seed)
    x, labels = chance.normal(size=(4, 5)), chance.integers(0, 3, 4)
    methods = ("finite differences", "complex step", "real balls")
    rows = []
    for loss in LOSSES:
        for activation in ACTIVATIONS:
            network = new_network((5, 4, 3, 3), activation, "glorot", loss, 0.1, seed)
            for _, b in network.parameters:
                b += chance.normal(
                    0, 0.2, b.shape
                )  # at zero biases a unit behind idle ones stands on its kink
            found = {e.method: e for e in check_network(network, x, labels, seed).evidence}
            off = _power(found["real balls"].details["relative"])
            rows.append([activation, loss, *(found[method].verdict for method in methods), off])
    return [
        Heading("The assembled gradient, checked"),
        Paragraph(_CHECKED),
        Table(
            ["activation", "loss", *methods, "off, by balls"],
            rows,
            "Three checks of the assembled gradient in float64; the last column is relative to its size.",
            numeric=(5,),
        ),
    ]


def _experiments(seed: int) -> list[Block]:
    import numpy as np

    from reports.figures import training
    from verify.fit.network.impostors import passes
    from verify.fit.network.sensitivity import drift, made_images
    from verify.fit.network.trainer import Options, new_network, train

    chance = np.random.default_rng(seed)
    x, labels = chance.random((50, 64)), chance.integers(0, 10, 50)
    network = new_network((64, 60, 40, 10), "relu", "he", seed=seed)
    history = train(network, x, labels, Options(120, 10, 0.005, validation=0, seed=seed))
    trained: list[list[Cell]] = [
        [p.name, f"{p.right} of 50", Check(p.verdict.verdict), finding(p.verdict.evidence[0].figure)]
        for p in passes(x, labels, (64, 60, 40, 10), seed=seed)
    ]
    images, classes = made_images(seed=seed)
    runs = {name: drift(images / scale, classes, rate=rate) for name, scale, rate in _RUNS}
    counts = [
        [name, *(str(n) for n in run.right), _power(run.distance[0]), _power(run.distance[-1])]
        for name, run in runs.items()
    ]
    return [
        Heading("Fifty images by heart"),
        Paragraph(cited(_BY_HEART)),
        Figure(
            "by-heart",
            lambda: training.curves(history),
            f"A 64-60-40-10 network on 50 images of noise: {network.right(x, labels)} of 50 right in the end.",
            "training loss falling and training accuracy rising to one hundred per cent",
        ),
        Table(
            ["backward pass", "right in the end", "as a gradient", "finding"],
            trained,
            "Three backward passes, each trained on the 50 images and checked.",
        ),
        Heading("A run that cannot be repeated"),
        Paragraph(_CHAOS),
        Figure(
            "drift",
            lambda: training.drifts(runs),
            "The distance of two runs that begin one part in $10^{15}$ apart.",
            "on raw pixels the distance grows to order one, on scaled pixels it stays at rounding error",
        ),
        Table(
            ["pair of runs", "right, first run", "right, second run", "apart at first", "apart at last"],
            counts,
            f"Of {len(images)} images, how many the two runs get right, and the relative distance of their weights.",
            numeric=(1, 2, 3, 4),
        ),
    ]


def _power(distance: float) -> str:
    """Return a distance to one digit, as a formula."""
    mantissa, exponent = f"{distance:.0e}".split("e")
    return rf"${mantissa} \cdot 10^{{{int(exponent)}}}$" if distance else "0"
