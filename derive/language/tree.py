"""The tree of a formula as it is written, with the place of every piece, before shapes and meanings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Tree:
    """A piece of a formula: what it is (`op`), what it is made of, and where it stands in the text.

    | op | args | value |
    |---|---|---|
    | number | | a Rational, or pi |
    | name | | the name in the text language; `bold` tells bold type |
    | sub | base, index ... | the name that base and indices spell together: W_1, x_i |
    | + | terms | the signs |
    | * | factors | the operators between: `*` `/` `.*` `./`, `` for juxtaposition, `kron`, `@` |
    | neg, ' | operand | |
    | ^, .^ | base, exponent | `**` where NumPy's sign was written |
    | call | arguments | the function's name; `axis` rows or columns is a name among the arguments |
    | apply | head, arguments | an application of what is no function of the language: f(x), sigma'(x) |
    | prime | head | f' |
    | norm, bars | operand | for a norm its index: "2", "1", "F", "inf", "*" |
    | index | base, index ... | |
    | slice | first, last or empty | |
    | rows | rows, each a `tuple` | |
    | tuple, list | members | |
    | sum, prod | body, index names ... | the relations among the indices, and the bounds by name |
    | chain | sides | the relations between: = ≈ ∝ ≤ < ≥ > ≠ ∈ ∼ := → |
    | derivative | what, by ... | {"order": k}; what is missing in an operator that stands alone |
    | gradient | what, by or nothing | {"order": k} of nabla |
    | differential | what | |
    | expect, var, cov | arguments | |
    | cases | value, condition, value, condition ... | |
    | integral | body, variable, lower, upper | |
    | indicator | condition | |
    | count | operand | which of its sizes, from 0 on, -1 the last, None all |
    | einsum | arrays | what stands between its quotes |
    | text | | words, or what stands between quotes |
    | empty, dots | | |
    """

    op: str
    args: list[Tree]
    start: int
    end: int
    value: Any = None
    bracketed: bool = False
    bold: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    def walk(self) -> Iterator[Tree]:
        """Yield the pieces, operands before what is made of them, without recursion."""
        stack = [(self, False)]
        while stack:
            tree, ready = stack.pop()
            if ready or not tree.args:
                yield tree
            else:
                stack.append((tree, True))
                stack.extend((a, False) for a in reversed(tree.args))

    def names(self) -> dict[str, int]:
        """Return the names that occur, in order of appearance, with how often."""
        found: dict[str, int] = {}
        for tree in self.walk():
            if tree.op in ("name", "sub"):
                found[tree.value] = found.get(tree.value, 0) + 1
        return found

    def source(self, text: str) -> str:
        """Return the piece of the text that the tree was read from."""
        return text[self.start : self.end]

    def show(self) -> str:
        """Return the tree in brackets, for tests and messages: (+ x (neg y))."""
        if not self.args:
            return str(self.value) if self.value is not None else self.op
        head = self.op if self.value is None or self.op in ("sub",) else f"{self.op}:{self.value}"
        return f"({head} {' '.join(a.show() for a in self.args)})"


def applied_head(tree: Tree) -> tuple[Tree, int]:
    """Return what is applied in f''(x) and how many primes it has."""
    head, order = tree.args[0], 0
    while head.op == "prime":
        head, order = head.args[0], order + 1
    return head, order
