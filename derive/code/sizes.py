"""Symbolic sizes as numbers: what a plan costs where sizes are such and such."""

from __future__ import annotations

import math
from functools import lru_cache
from random import Random
from typing import Any

from sympy import Expr, Rational, cancel

from derive.code.plan import Node, post_order

#: The sizes at which orders of computation are compared: all equal, and drawn between these bounds.
EQUAL, SMALLEST, LARGEST, DRAWS = 300, 4, 3000, 5
#: What calling an operation costs beside its arithmetic, in operations, and how many calls some are.
CALL = 1e4
CALLS = {
    "factor": 8,
    "solve": 10,
    "inverse": 10,
    "det": 6,
    "pinv": 20,
    "function": 5,
    "rowinner": 3,
    "kron": 8,
}
#: What one entry of a pass over a matrix costs, in operations of a matrix product: memory is slow.
PASS = 10.0


class Sizes:
    """One number for every size; those of the same name are the same."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed) if seed else None
        self.known: dict[Any, float] = {}

    def __getitem__(self, size: Any) -> float:
        """Return a size as a number; numbers are sizes themselves."""
        if isinstance(size, float):
            return size
        if size not in self.known:
            if size.is_Integer:
                self.known[size] = float(size)
            elif size.is_Symbol:
                low, high = math.log(SMALLEST), math.log(LARGEST)
                self.known[size] = math.exp(self.rng.uniform(low, high)) if self.rng else float(EQUAL)
            else:
                for s in sorted(
                    size.free_symbols, key=str
                ):  # in one order: each letter draws when it is first met
                    self[s]
                self.known[size] = max(self._value(size), 1.0)
        return self.known[size]

    def _value(self, e: Any) -> float:
        """Return a polynomial of sizes as a number."""
        if e.is_Rational:
            return int(e.p) / int(e.q)
        if e.is_Symbol:
            return self.known[e]
        if e.is_Add:
            return math.fsum(self._value(a) for a in e.args)
        if e.is_Mul:
            return math.prod(self._value(a) for a in e.args)
        if e.is_Pow:
            return self._value(e.base) ** self._value(e.exp)
        return float(e.subs(self.known))


def examples(larger: tuple[tuple[Any, Any], ...] = ()) -> list[Sizes]:
    """Return the sizes at which orders of computation are compared; of each pair, the first is by far the larger."""
    found = [Sizes(seed) for seed in range(0 if not larger else 1, DRAWS + 1)]
    for at in found:
        for rows, rank in larger:
            at.known[rank] = min(at[rank], max(at[rows] / 10, 1.0))
    return found


def entries(node: Node, at: Sizes) -> float:
    """Return how many numbers a value holds."""
    return at[node.rows] * at[node.columns]


def cost(node: Node, at: Sizes) -> float:
    """Return roughly how many floating-point operations one node takes, beside its arguments."""
    own = entries(node, at)
    match node.op:
        case "matmul":
            touched = own + sum(entries(a, at) for a in node.args)
            return 2 * own * at[node.args[0].columns] + 4 * touched
        case "factor":
            n = at[node.rows]
            return n**3 * (1 / 3 if node.params[0] == "cholesky" else 2 / 3)
        case "solve":
            return 2 * own * at[node.rows]
        case "inverse":
            return (2 / 3 if node.args[0].params[0] == "cholesky" else 4 / 3) * own * at[node.rows]
        case "det" | "pinv" | "function":
            return 10 * max(own, *(entries(a, at) for a in node.args), 1.0) ** 1.5
        case "matpower":
            return 2 * own * at[node.rows] * math.log2(max(int(node.params[0]), 2))
        case "inner" | "rowinner" | "sum" | "max" | "norm" | "logsumexp" | "softmax":
            return 4 * entries(node.args[0], at) * (1 if node.op[0] not in "ls" or node.op == "sum" else 10)
        case "trace" | "diagonal" | "logdet" | "signdet":
            return at[node.args[0].rows]
        case "partial inner" | "partial weighted":
            return PASS * entries(node.args[0], at)
        case "power" if node.params[0] in (-1, Rational(1, 2), 2):
            return PASS * own
        case "call" | "powers" | "power":
            return 10 * PASS * own
        case (
            "put"
            | "cumsum"
            | "add"
            | "prod"
            | "larger"
            | "shift"
            | "spread"
            | "kron"
            | "diagflat"
            | "eye"
            | "ones"
            | "positive"
        ):
            return PASS * own * max(len(node.args) - 1, 1)
        case "reshape":
            return own
        case "choose":
            return 0.0
    return 0.0


def total(roots: tuple[Node, ...] | list[Node], at: Sizes) -> float:
    """Return what a plan costs, its calls included."""
    free = {"input", "number", "constant", "size", "transpose", "part"}
    return sum(
        cost(n, at) + (CALL * CALLS.get(n.op, 1) if n.op not in free else 0.0) for n in post_order(roots)
    )


def flops(node: Node) -> Expr | None:
    """Return the leading term of a node's operations in its sizes, None where they are none."""
    match node.op:
        case "matmul":
            return 2 * node.rows * node.args[0].columns * node.columns
        case "factor":
            return node.rows**3 / (3 if node.params[0] == "cholesky" else 1) * (1 if node.params[0] == "cholesky" else 2) / (1 if node.params[0] == "cholesky" else 3)  # fmt: skip
        case "solve" | "inverse":
            return 2 * node.rows * node.rows * node.columns
        case "inner" | "rowinner" | "partial inner" | "partial weighted":
            return 2 * node.args[0].rows * node.args[0].columns
        case "sum" | "max" | "norm" | "logsumexp" | "softmax" | "trace":
            return node.args[0].rows * node.args[0].columns
        case "input" | "number" | "constant" | "size" | "transpose" | "reshape" | "part":
            return None
    return node.rows * node.columns * max(len(node.args), 1)


@lru_cache(maxsize=4096)
def ratio_of(one: Expr, two: Expr) -> Expr:
    """Return the quotient of two costs without common factors."""
    return cancel(one / two)
