"""Hypothesis strategies for well-shaped texts of the language."""

from __future__ import annotations

import re

from hypothesis import strategies as st

#: Names and shapes of all variables of a generated text.
SHAPES = {
    "a": (1, 1), "c": (1, 1), "t": (1, 1),
    "x": ("n", 1), "y": ("n", 1), "u": ("m", 1), "v": ("m", 1),
    "A": ("m", "n"), "B": ("n", "m"), "C": ("m", "n"), "S": ("n", "n"), "T": ("m", "m"),
}  # fmt: skip
WHERE = ", ".join(f"{n}: scalar" if s == (1, 1) else f"{n}: {s[0]} x {s[1]}" for n, s in SHAPES.items())


def declared(text):
    """Return the declarations of the names that occur in a text."""
    names = set(re.findall(r"[A-Za-z]\w*", text))
    return ", ".join(part for part in WHERE.split(", ") if part.split(":")[0] in names)


#: Functions that are smooth and tame everywhere, and the others.
SMOOTH = ["tanh", "sin", "cos", "sigmoid", "arctan", "softplus", "swish", "erf", "gelu"]
PARTIAL = ["exp", "log", "sqrt", "tan", "sinh", "cosh", "arcsin", "arccos", "abs", "sign", "relu"]


@st.composite
def texts(draw, shape=(1, 1), depth=3, tame=False):
    """Draw a text of a shape. A tame one has a finite value everywhere, and a derivative."""
    pick = lambda *options: draw(st.sampled_from(options))
    sub = lambda s, d=depth - 1: draw(texts(s, d, tame))
    size = lambda: pick("m", "n")
    spare = lambda text: pick(text, text, f"({text})", f"( {text} )")
    rows, columns = shape
    names = [n for n, s in SHAPES.items() if s == shape]
    flipped = [f"{n}'" for n, s in SHAPES.items() if s == (columns, rows) and s != (1, 1)]
    if depth <= 0:
        numbers = ["2", "3", "0.5", "1/3", "7"] if shape == (1, 1) else []
        if not names + flipped:
            return f"({sub((rows, 1), 0)}*{sub((1, columns), 0)})"
        return pick(*names, *names, *flipped, *numbers)
    common = [
        lambda: f"({sub(shape)}) {pick('+', '-')} ({sub(shape)})",
        lambda: f"({sub(shape)}){pick(' + ', '-')}{sub(shape, 0)}",
        lambda: f"-{spare(sub(shape, 0))}",
        lambda: f"{pick(*SMOOTH)}({sub(shape)})",
    ]
    if not tame:
        common += [lambda: f"{pick(*PARTIAL)}({sub(shape)})"]
    if shape == (1, 1):
        s, q = size(), size()
        common += [
            lambda: f"({sub(shape)})*({sub(shape)})",
            lambda: f"{sub(shape, 0)}*({sub(shape)})",
            lambda: f"({sub(shape)})/(2 + ({sub(shape)})^2)",
            lambda: f"({sub(shape)})^{pick('2', '3')}",
            lambda: f"tr({sub((s, s))})",
            lambda: f"det({sub((s, s))})",
            lambda: f"sum({sub((s, q))})",
            lambda: f"norm2({sub((s, q))})^2",
            lambda: f"logsumexp({sub((s, 1))})",
            lambda: f"({sub((s, 1))})'*({sub((s, 1))})",
            lambda: f"{sub((s, 1), 0)}'*({sub((s, q))})*{sub((q, 1), 0)}",
            lambda: f"logdet({_positive(sub((s, q)))})",
            lambda: f"tr(kron({sub((s, s), 0)}, {sub((q, q))}))",
            lambda: f"vec({sub((s, q))})'*vec({sub((s, q))})",
        ]
        if not tame:
            common += [
                lambda: f"norm1({sub((s, q))})",
                lambda: f"norm2({sub((s, q))})",
                lambda: f"logdet({sub((s, s))})",
                lambda: f"({sub(shape)})^({sub(shape)})",
            ]
        return pick(*common)()
    inner = size()
    common += [
        lambda: f"({sub((rows, inner))})*({sub((inner, columns))})",
        lambda: f"{sub((rows, inner), 0)}*({sub((inner, columns))})",
        lambda: f"({sub(shape)}).*({sub(shape)})",
        lambda: f"({sub((1, 1), 0)})*({sub(shape)})",
        lambda: f"({sub(shape)})/(1 + ({sub((1, 1), 0)})^2)",
        lambda: f"({sub((columns, rows))})'",
        lambda: f"({sub(shape)}).^{pick('2', '3')}",
        lambda: f"({sub(shape)})./({pick('2', '3')}*{_ones(shape)} + ({sub(shape)}).^2)",
        lambda: f"({sub(shape)}) + {sub((1, 1), 0)}*{_ones(shape)}",
    ]
    if columns == 1 and rows != 1:
        common += [lambda: f"softmax({sub(shape)})", lambda: f"diag({sub((rows, rows))})"]
    if rows == columns:
        common += [
            lambda: f"({sub(shape)}) + {sub((1, 1), 0)}*eye",
            lambda: f"diag({sub((rows, 1))})",
            lambda: f"inv({_positive(sub((rows, inner)))})",
            lambda: f"({spare(sub(shape))})^{pick('2', '3')}",
        ]
        if not tame:
            common += [
                lambda: f"inv({sub(shape)})",
                lambda: f"adj({sub(shape)})",
                lambda: f"expm({sub(shape)})",
            ]
    if not tame:
        common += [
            lambda: f"pinv({sub((columns, rows))})",
            lambda: f"({sub(shape)})/({sub((1, 1), 0)})",
            lambda: f"({sub(shape)}).^(-1/2)",
            lambda: f"({sub(shape)})./({sub(shape)})",
        ]
    return pick(*common)()


def _ones(shape):
    return "vector(1)" if shape[1] == 1 else "vector(1)'" if shape[0] == 1 else "matrix(1)"


def _positive(text):
    return f"({text})*({text})' + 2*eye"
