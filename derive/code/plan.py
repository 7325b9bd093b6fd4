"""A plan: array operations in order, every value computed once, with symbolic sizes.

A value is a number (its shape is None) or a matrix of (rows, columns); columns and rows broadcast over matrices. The
operations are few, and each means one thing in every target language and in every arithmetic that proves a plan:

    input name · number q · constant e, pi · size n · eye n · ones m n
    add (constant, coefficients) · prod (coefficient, exponents ±1) · power q · powers · call f · positive · larger
    matmul · transpose · sum axis · max axis · norm · nonzero · inner · rowinner · trace · diagonal · diagflat · shift · part axis skip · put axis skip · cumsum axis · kron · reshape m n · spread m n
    factor kind · solve · logdet · signdet · inverse · det · matpower k · softmax axis · logsumexp axis · function head · item · choose
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, Integer

Shape = tuple[Any, Any] | None


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One operation: its name, arguments, parameters, and the shape of its value."""

    index: int
    op: str
    args: tuple[Node, ...]
    params: tuple[Any, ...]
    shape: Shape
    symmetric: bool = False

    @property
    def is_number(self) -> bool:
        """Tell whether the value is a number."""
        return self.shape is None

    @property
    def rows(self) -> Any:
        """Return the number of rows."""
        return Integer(1) if self.shape is None else self.shape[0]

    @property
    def columns(self) -> Any:
        """Return the number of columns."""
        return Integer(1) if self.shape is None else self.shape[1]

    @property
    def is_transpose(self) -> bool:
        """Tell whether the value is another's transpose."""
        return self.op == "transpose"


@dataclass(frozen=True)
class Branch:
    """The outputs of a plan where a condition on sizes holds: pairs (left, right) of sizes with left > right."""

    condition: tuple[tuple[Expr, Expr], ...]
    outputs: tuple[Node, ...]


@dataclass(frozen=True)
class Plan:
    """What a function computes: one branch, or several told apart by sizes at run time; the last has no condition."""

    branches: tuple[Branch, ...]
    given: tuple[Any, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def post_order(roots: tuple[Node, ...] | list[Node]) -> list[Node]:
    """Return all nodes that the roots need, arguments first."""
    found: dict[int, Node] = {}
    stack = [(r, False) for r in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if node.index in found:
            continue
        if ready:
            found[node.index] = node
        else:
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.args))
    return list(found.values())


def uses(roots: tuple[Node, ...] | list[Node]) -> dict[int, int]:
    """Return how often every node is used."""
    count: dict[int, int] = {}
    for node in post_order(roots):
        for a in node.args:
            count[a.index] = count.get(a.index, 0) + 1
    for r in roots:
        count[r.index] = count.get(r.index, 0) + 1
    return count


def is_nonnegative(node: Node, positive: frozenset[str] = frozenset()) -> bool:
    """Tell whether a value is seen to have no negative entry; `positive` are the arguments of which that is known."""
    inner = lambda: all(is_nonnegative(a, positive) for a in node.args)
    match node.op:
        case "input":
            return node.params[0] in positive
        case "number":
            return bool(node.params[0] >= 0)
        case "call":
            return node.params[0] in ("exp", "cosh", "abs", "sigmoid", "softplus", "relu")
        case "size" | "constant" | "positive" | "norm" | "softmax" | "ones" | "eye":
            return True
        case "power":
            return bool(node.params[0].p % 2 == 0) or inner()
        case "add":
            return node.params[0] >= 0 and all(c >= 0 for c in node.params[1]) and inner()
        case "prod":
            return node.params[0] >= 0 and inner()
        case "transpose" | "reshape" | "spread" | "sum" | "max" | "diagonal":
            return inner()
    return False
