"""Forms that are stable for large arguments, found as values are made: sigmoid, softplus, log-sum-exp, softmax, tanh."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from sympy import Integer, Rational

from derive.code.plan import Node

ONE = Integer(1)


class Forms(ABC):
    """What a builder asks of sums, products and logarithms before it makes them."""

    @abstractmethod
    def peek(self, op: str, args: tuple[Node, ...], params: tuple[Any, ...] = ()) -> Node | None:
        """Return a node if it was made already."""

    @abstractmethod
    def parted(self, node: Node) -> tuple[Any, Node]:
        """Return a value as (rational coefficient, rest)."""

    @abstractmethod
    def add(self, terms: Iterable[tuple[Any, Node]], constant: Any = 0) -> Node:
        """Return a sum."""

    @abstractmethod
    def negative(self, x: Node) -> Node:
        """Return -x."""

    @abstractmethod
    def scaled(self, c: Any, x: Node) -> Node:
        """Return a rational multiple."""

    @abstractmethod
    def call(self, f: str, x: Node) -> Node:
        """Return a function of every entry."""

    @abstractmethod
    def softmax(self, x: Node, axis: int) -> Node:
        """Return exp(x)/Σ exp(x) along an axis."""

    @abstractmethod
    def logsumexp(self, x: Node, axis: int | None) -> Node:
        """Return log Σ exp(x)."""

    def paired(self, terms: dict[Node, Any]) -> None:
        """Write softplus(z) - softplus(-z) as z."""
        for a in [a for a in terms if is_call(a, "softplus")]:
            other = self.peek("call", (self.negative(a.args[0]),), ("softplus",))
            if other is not None and terms.get(a) and terms.get(other) == -terms[a]:
                c, z = self.parted(a.args[0])
                terms[z] = terms.get(z, 0) + c * terms.pop(a)
                del terms[other]

    def special_sum(self, x: Node, c: Any, constant: Any) -> Node | None:
        """Return 1 - sigmoid and exp - 1 in their own functions."""
        if x.op == "call" and x.params[0] == "sigmoid" and (c, constant) == (-1, 1):
            return self.call("sigmoid", self.negative(x.args[0]))
        if x.op == "call" and x.params[0] == "exp" and (c, constant) in ((1, -1), (-1, 1)):
            return self.scaled(c, self.call("expm1", x.args[0]))
        return None

    def quotients(self, powers: dict[Node, Any]) -> dict[Node, Any]:
        """Write quotients of exponentials as functions that do not overflow."""
        for base in list(powers):
            e = powers.get(base, 0)
            if e >= 0 or not Rational(e).is_integer:
                continue
            if base.op == "add" and base.params == (1, (1,)) and is_call(base.args[0], "exp"):
                top = base.args[0]
                p, q = powers.get(top, 0), -e
                if not 0 <= p <= q:
                    continue
                z = top.args[0]
                powers.pop(base), powers.pop(top, None)
                for f, k in ((self.call("sigmoid", z), p), (self.call("sigmoid", self.negative(z)), q - p)):
                    if k:
                        powers[f] = powers.get(f, 0) + k
            elif base.op == "sum" and is_call(base.args[0], "exp") and powers.get(base.args[0], 0) > 0:
                top = base.args[0]
                axis = base.params[0]
                if axis is None and top.columns != 1:
                    continue
                k = min(powers[top], -e)
                soft = self.softmax(top.args[0], 0 if axis is None else axis)
                powers[top], powers[base] = powers[top] - k, e + k
                powers[soft] = powers.get(soft, 0) + k
            elif is_call(base, "cosh"):
                top = self.call("sinh", base.args[0])
                if (k := min(powers.get(top, 0), -e)) > 0:
                    powers[top], powers[base] = powers[top] - k, e + k
                    tanh = self.call("tanh", base.args[0])
                    powers[tanh] = powers.get(tanh, 0) + k
        for base in [f for f in powers if is_call(f, "exp")]:
            self._into_sigmoids(base, powers)
        for base in [f for f in powers if is_call(f, "expm1")]:  # (e^z - 1)/(e^z + 1) is tanh(z/2)
            below = self.call("sigmoid", self.negative(base.args[0]))
            if (k := min(powers[base], powers.get(below, 0))) > 0:
                powers[base], powers[below] = powers[base] - k, powers[below] - k
                tanh = self.call("tanh", self.scaled(Rational(1, 2), base.args[0]))
                powers[tanh] = powers.get(tanh, 0) + k
        return powers

    def _into_sigmoids(self, growing: Node, powers: dict[Node, Any]) -> None:
        """Write exp(-r z)^p sigmoid(z)^q, in which one overflows where the other is 0, with sigmoid(-z) for sigmoid(z)."""
        c, u = self.parted(growing.args[0])
        for base in [f for f in powers if is_call(f, "sigmoid") and powers[f] > 0]:
            p, (d, v) = powers.get(growing, 0), self.parted(base.args[0])
            ratio = -c / d if p > 0 else c / d
            if v is not u or p == 0 or not (ratio.is_integer and ratio >= 1):
                continue
            k = min(abs(p), powers[base] // ratio)
            other = self.call("sigmoid", self.negative(base.args[0]))
            powers[growing] -= k if p > 0 else -k
            powers[base] -= ratio * k
            powers[other] = powers.get(other, 0) + ratio * k

    def special_log(self, x: Node) -> Node | None:
        """Return the logarithm of what has a stable one."""
        if is_call(x, "exp"):
            return x.args[0]
        if x.op == "add" and x.params == (1, (1,)):
            inner = x.args[0]
            return (
                self.call("softplus", inner.args[0]) if is_call(inner, "exp") else self.call("log1p", inner)
            )
        if x.op == "add" and x.params[0] == 1 and len(x.args) == 1:
            return self.call("log1p", self.scaled(x.params[1][0], x.args[0]))
        if is_call(x, "sigmoid"):
            return self.negative(self.call("softplus", self.negative(x.args[0])))
        if x.op == "softmax":
            z, axis = x.args[0], x.params[0]
            return self.add([(1, z), (-1, self.logsumexp(z, axis))])
        if x.op == "sum" and is_call(x.args[0], "exp"):
            return self.logsumexp(x.args[0].args[0], x.params[0])
        return None


def is_call(x: Node, f: str) -> bool:
    """Tell whether a value is a function of every entry."""
    return x.op == "call" and x.params[0] == f
