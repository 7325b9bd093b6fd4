"""A class made up: right hands in several styles, and slips planted at known lines."""

from __future__ import annotations

import random

KEY = r"""gradproof: title: Ridge regression, 15 lines
gradproof: slip: 1/2

Let $L(w)=\frac12\|Xw-y\|^2+\frac{c}{2}w^\top w$ with $X\in\mathbb R^{m\times n}$ and $c > 0$.

gradproof: points: 2

$$\nabla L = X^\top(Xw-y) + c w$$

gradproof: points: 1

$$\nabla^2 L = X^\top X + cI$$

Setting the gradient to zero,

gradproof: points: 3
$$w^* = (X^\top X+cI)^{-1}X^\top y$$
"""
_RIGHT = [
    r"Let $r = Xw - y$.",
    r"$$\frac{\partial L}{\partial r} = r$$",
    r"$$\nabla L = X^\top(Xw-y) + c w$$",
    r"$$= X^\top X w - X^\top y + c w$$",
    r"$$= (X^\top X + cI) w - X^\top y$$",
    r"Then $w^\top X^\top X w = \|Xw\|^2$ and",
    r"$$y^\top X w = w^\top X^\top y$$",
    r"$$\|Xw - y\|^2 = \|Xw\|^2 - 2 w^\top X^\top y + \|y\|^2$$",
    r"$$\nabla^2 L = X^\top X + cI$$",
    r"$$\mathrm{tr}(X^\top X) = \|X\|_F^2$$",
    r"Setting $\nabla L = 0$ gives",
    r"$$w^* = (X^\top X+cI)^{-1}X^\top y$$",
]
#: Line (from 1) -> ways of getting it wrong.
_SLIPS = {
    2: [r"$$\frac{\partial L}{\partial r} = 2r$$", r"$$\frac{\partial L}{\partial r} = -r$$"],
    3: [
        r"$$\nabla L = X^\top(Xw-y) + 2c w$$",
        r"$$\nabla L = X^\top(Xw+y) + c w$$",
        r"$$\nabla L = X(Xw-y) + c w$$",
    ],
    7: [r"$$y^\top X w = -w^\top X^\top y$$", r"$$y^\top X w = 2w^\top X^\top y$$"],
    8: [r"$$\|Xw - y\|^2 = \|Xw\|^2 - w^\top X^\top y + \|y\|^2$$"],
    9: [r"$$\nabla^2 L = X^\top X$$", r"$$\nabla^2 L = XX^\top + cI$$", r"$$\nabla^2 L = X^\top X - cI$$"],
    12: [r"$$w^* = (X^\top X-cI)^{-1}X^\top y$$", r"$$w^* = (X^\top X)^{-1}X^\top y$$"],
}


def submission(seed: int) -> tuple[str, int | None]:
    """Return a submission and the line of its slip, None in a fifth of them."""
    draw = random.Random(seed)
    lines = list(_RIGHT)
    planted = None if draw.random() < 0.2 else draw.choice(sorted(_SLIPS))
    if planted is not None:
        lines[planted - 1] = draw.choice(_SLIPS[planted])
    if draw.random() < 0.5:
        lines = [line.replace(r"\top", "T") for line in lines]
    if draw.random() < 0.3:
        lines = [line.replace("X", r"\mathbf X").replace(r"w", r"\mathbf w") for line in lines]
    lines += [f"Submission {seed}.", "", "The end."]
    return "\n".join(lines) + "\n", planted
