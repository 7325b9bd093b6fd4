"""Random texts of the language, by shape: losses, and small changes of them."""

from __future__ import annotations

from random import Random

#: Sizes and the shapes of the names that occur.
SIZES = {"m": 2, "n": 3}
SHAPES = {
    "a": (1, 1), "b": (1, 1), "x": ("n", 1), "y": ("n", 1), "z": ("m", 1),
    "A": ("m", "n"), "B": ("n", "m"), "S": ("n", "n"), "T": ("n", "n"),
}  # fmt: skip
WHERE = "a: scalar, b: scalar, x: n, y: n, z: m, A: m x n, B: n x m, S: n x n, T: n x n"
_SMOOTH = "exp sin cos tanh arctan sigmoid softplus swish erf gelu".split()
_KINKED = ["relu", "abs"]

Shape = tuple


def text(rng: Random, shape: Shape, depth: int) -> str:
    """Return a random expression of a shape."""
    leaves = [n for n, s in SHAPES.items() if s == shape] + [
        f"{n}'" for n, s in SHAPES.items() if s[::-1] == shape != s
    ]
    if depth <= 0 or rng.random() < 0.1:
        return rng.choice(leaves) if leaves else _product(rng, shape, 0)
    inner = lambda s: text(rng, s, depth - 1)
    kind = rng.randrange(8)
    if kind == 0:
        return f"({inner(shape)} {rng.choice('+-')} {inner(shape)})"
    if kind == 1:
        return f"{rng.choice(_SMOOTH + _KINKED)}({inner(shape)})"
    if kind == 2:
        return (
            f"({inner(shape)}).*({inner(shape)})" if shape != (1, 1) else f"({inner(shape)})*({inner(shape)})"
        )
    if kind == 3:
        return f"{rng.choice(['2', '1/3', '-1', '0.5'])}*({inner(shape)})"
    if kind == 4:
        return f"({inner(shape)}){'.' * (shape != (1, 1))}^{rng.choice('23')}"
    if kind == 5:
        positive = f"(2 + ({inner((1, 1))})^2)" if shape == (1, 1) else f"exp({inner(shape)})"
        return f"({inner(shape)}){'.' * (shape != (1, 1))}/{positive}"
    if shape == (1, 1):
        s = rng.choice(list(SHAPES.values())[2:])
        square = ("n", "n")
        return rng.choice(
            [
                lambda: f"sum({inner(s)})", lambda: f"norm2({inner(s)})^2", lambda: f"tr({inner(square)})",
                lambda: f"log(1 + norm2({inner(s)})^2)", lambda: f"logsumexp({inner(('n', 1))})",
                lambda: f"({inner(('n', 1))})'*({inner(('n', 1))})", lambda: f"norm1({inner(s)})",
                lambda: f"logdet({inner(square)} + 9*eye)",
            ]
        )()  # fmt: skip
    return _product(rng, shape, depth)


def _product(rng: Random, shape: Shape, depth: int) -> str:
    # Where only leaves are to follow, through n: products of m x m, which none is, would go on and on.
    middle = rng.choice(["n", "m"]) if depth > 0 else "n"
    return f"({text(rng, (shape[0], middle), depth - 1)})*({text(rng, (middle, shape[1]), depth - 1)})"


def loss(rng: Random) -> tuple[str, str]:
    """Return a scalar expression and a variable that occurs in it."""
    while True:
        found = text(rng, (1, 1), rng.randint(2, 4))
        names = [n for n in SHAPES if _occurs(n, found)]
        if names and len(found) < 400:
            return found, rng.choice(names)


def _occurs(name: str, found: str) -> bool:
    from re import search

    return search(rf"\b{name}\b", found) is not None


def mutated(rng: Random, found: str) -> str:
    """Return a text with characters lost, doubled, exchanged and put in: what a person or a machine may send."""
    pieces = list(found)
    longer = ["^9^9", "1e300", "inv(", "sum(", ".^", "0*", "/0", "((((", "reshape("]
    more = [*"()'*+-/^.,;=[]{}|\\_ xAa01e9\n\t√²ᵀ\x00", *longer]
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(pieces) + 1)
        how = rng.randrange(4)
        if how == 0 and pieces:
            del pieces[min(at, len(pieces) - 1)]
        elif how == 1 and pieces:
            pieces.insert(at, rng.choice(pieces))
        elif how == 2:
            pieces.insert(at, rng.choice(more))
        elif pieces:
            i, j = rng.randrange(len(pieces)), rng.randrange(len(pieces))
            pieces[i], pieces[j] = pieces[j], pieces[i]
    return "".join(pieces)
