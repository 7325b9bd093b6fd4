"""A chapter on a network trained by its derived gradients: the formulas that run, and two experiments."""

from __future__ import annotations

from reports.document import Block, Chapter, Code, Figure, Heading, Math, Paragraph, Table

_STORY = (
    "The trainer states no derivative of its own. Each formula below is derived, and its NumPy source is what runs, "
    "on a whole batch at a time: samples are columns. A rule that were wrong in the rule table would train wrongly."
)
_BY_HEART = (
    "A network with more parameters than images learns them by heart: 50 images of noise with random labels are all "
    "classified right in the end, which only a right gradient brings about."
)
_CHAOS = (
    "Two runs begin with first weights that differ by one part in $10^{15}$, on made images, one image a step. On "
    "pixels divided by 255 they stay together. On raw pixels the first layer is driven into saturation and out of it "
    "by single steps, and the difference grows until the two are different networks: such a run cannot be repeated "
    "on another machine, and its result says little."
)

#: What is derived: a loss whose gradient is the pullback of a layer, the variable, and shapes.
_FORMULAS = (
    ("softmax with cross-entropy, by the scores", "logsumexp(z) - y'*z", "z", "z: n, y: n"),
    (
        "affine layer, by the weights",
        "tr(G'*(W*X + b*vector(1)'))",
        "W",
        "G: m x k, W: m x n, X: n x k, b: m",
    ),
    ("affine layer, by its input", "tr(G'*(W*X + b*vector(1)'))", "X", "G: m x k, W: m x n, X: n x k, b: m"),
    ("swish unit, by its input", "g'*swish(z)", "z", "g: n, z: n"),
)


def training_chapter(seed: int) -> Chapter:
    """Derive the layers' pullbacks, train on noise, and let two runs drift apart."""
    return Chapter(
        "A network trained by its derived gradients", "training", [*_formulas(), *_experiments(seed)]
    )


def _formulas() -> list[Block]:
    from verify import gradient

    blocks: list[Block] = [Paragraph(_STORY)]
    for title, expr, wrt, where in _FORMULAS:
        d = gradient(expr, wrt, where=where)
        blocks += [Heading(title), Math(d.to_latex(name_parts=False), d.to_text()), Code(d.to_numpy())]
    return blocks


def _experiments(seed: int) -> list[Block]:
    import numpy as np

    from reports.figures import training
    from verify.fit.network.sensitivity import drift, made_images
    from verify.fit.network.trainer import Options, new_network, train

    chance = np.random.default_rng(seed)
    x, labels = chance.random((50, 64)), chance.integers(0, 10, 50)
    network = new_network((64, 60, 40, 10), "relu", "he", seed=seed)
    history = train(network, x, labels, Options(120, 10, 0.005, validation=0, seed=seed))
    images, classes = made_images(seed=seed)
    runs = {"raw pixels": drift(images, classes), "pixels/255": drift(images / 255, classes)}
    counts = [[name, *(str(n) for n in run.right)] for name, run in runs.items()]
    return [
        Heading("Fifty images by heart"),
        Paragraph(_BY_HEART),
        Figure(
            "by-heart",
            lambda: training.curves(history),
            f"A 64-60-40-10 network on 50 images of noise: {network.right(x, labels)} of 50 right in the end.",
            "training loss falling and training accuracy rising to one hundred per cent",
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
            ["pixels", "right, first run", "right, second run"],
            counts,
            f"Of {len(images)} images, how many the two runs get right.",
            numeric=(1, 2),
        ),
    ]
