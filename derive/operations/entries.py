"""Two short ways to write an entry: a function of every entry, and a function of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from derive.expression import elementwise, functions
from derive.expression.algebra import M
from derive.expression.operation import Operation, Rule


def linear(build: Callable[[Sequence[M]], M]) -> Rule:
    """Return the pushforward of an operation that is linear in each argument, where its builder differs from `tidy`."""
    return lambda d, y, x, i: build([*x[:i], d, *x[i + 1 :]])


def entrywise(
    name: str,
    head: Any,
    derivative: Callable[[M, M], M | int] | None,
    source: str,
    example: str = "",
    text: str = "",
    kernel: str = "",
    latex: str = "",
    numpy: str = "",
    torch: str = "",
    octave: str = "",
    **facts: Any,
) -> Operation:
    """Return the entry of a function that acts on every entry; `derivative(x, y)` is f'(x) with y = f(x).

    `head` is its SymPy class, or a word, which makes one. `text` is its name in the text language, else that of the
    class; `kernel` the name by which Arb and NumPy compute it, where it has no `definition` in terms of other functions.
    Without a derivative it is differentiated by its definition. The spellings default to a function of that name.
    """
    word = text or (head if isinstance(head, str) else head.__name__)
    head = elementwise.made(head) if isinstance(head, str) else head

    def rule(g: M, y: M, x: Sequence[M], i: int) -> M:
        return g * derivative(x[0], y)  # type: ignore[misc]

    spellings = {"latex": latex, "numpy": numpy, "torch": torch, "octave": octave}
    used = rule if derivative else None
    return Operation(
        name, head, used, used, example or f"{word}(A)", source, text=word, shape="m x n -> m x n", kernel=kernel,
        spellings={target: template for target, template in spellings.items() if template}, entrywise=True, **facts,
    )  # fmt: skip


def function(
    name: str,
    head: Any,
    shape: str,
    source: str,
    example: str = "",
    text: str = "",
    pull: Rule | None = None,
    push: Rule | str | None = None,
    latex: Any = "",
    numpy: Any = "",
    torch: Any = "",
    octave: Any = "",
    jax: Any = "",
    **facts: Any,
) -> Operation:
    """Return the entry of a function of matrices with its signature.

    `head` is its SymPy class, or a word, which makes one and is its name in the text language. Without `pull` and
    `push` it is differentiated by its definition.
    """
    text = text or (head if isinstance(head, str) else "")
    head = functions.made(head, shape) if isinstance(head, str) else head
    spellings = {"latex": latex, "numpy": numpy, "jax": jax, "torch": torch, "octave": octave}
    return Operation(
        name, head, pull, push, example or f"{text}(A)", source, text=text, shape=shape,
        spellings={target: template for target, template in spellings.items() if template}, **facts,
    )  # fmt: skip
