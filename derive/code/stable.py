"""Values that would overflow on the way, as a scale and a mantissa: x = exp(scale)·mantissa, scales put together first.

Exponentials, determinants and products of entries grow out of all bounds where their logarithms and quotients do not.
Under a logarithm, and wherever one of them divides, sums are taken relative to their largest term (Blanchard, Higham
and Higham 2021, "Accurately computing the log-sum-exp and softmax functions"); what cancels is never formed. A norm is
one operation, scaled inside, and no root of a sum of squares.
"""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Integer, Rational

from derive.code.builder import Builder
from derive.code.plan import Node, post_order

HALF = Rational(1, 2)
#: A value as (scale, mantissa); without a scale the mantissa is the value.
Pair = tuple[Node | None, Node]


def stable(outputs: Sequence[Node], b: Builder) -> tuple[Node, ...]:
    """Return the outputs with logarithms and quotients of what may overflow taken by scale and mantissa."""
    return _Stable(b).values(outputs)


class _Stable:
    """One pass over a plan, arguments first."""

    def __init__(self, b: Builder) -> None:
        self.b = b
        self.known: dict[int, Node] = {}
        self.pairs: dict[int, Pair] = {}
        self.divided: set[int] = set()

    def values(self, outputs: Sequence[Node]) -> tuple[Node, ...]:
        """Return the outputs' new values."""
        order = post_order(list(outputs))
        normed = {n.args[0].index for n in order if _is_norm(n)}
        for node in order:
            if node.index not in self.known:
                self.known[node.index] = self._value(node, normed)
                if any(a.index in self.divided for a in node.args) and self.pair(node)[0] is not None:
                    self.divided.add(node.index)
        return tuple(self.known[n.index] for n in outputs)

    def _value(self, node: Node, normed: set[int]) -> Node:
        b = self.b
        if node.op == "call" and node.params[0] in ("log", "log1p"):
            return self._log(node)
        if self._divides(node):
            self.divided.add(node.index)
            return self.joined(self.pair(node), node)
        if _is_norm(node):
            return b.power(self._norm(node.args[0]), 2 * node.params[0])
        if node.index in normed and node.op == "inner":
            return b.power(self._norm(node), Integer(2))
        return self._again(node)

    def _divides(self, node: Node) -> bool:
        """Tell whether a value divides by what has a scale, is a root of it, or multiplies such a quotient by another."""
        if node.op == "power":
            roots = node.params[0].q != 1 and (node.args[0].op == "det" or node.args[0].params == ("prod", 1))
            return roots and self.pair(node.args[0])[0] is not None
        if node.op not in ("prod", "inner", "rowinner", "matmul"):
            return False
        exponents = node.params[1] if node.op == "prod" else (1,) * len(node.args)
        scaled = [(a, e) for a, e in zip(node.args, exponents, strict=True) if self.pair(a)[0] is not None]
        if any(e < 0 for _, e in scaled):
            return True
        return len(scaled) > 1 and any(a.index in self.divided for a, _ in scaled)

    def _again(self, node: Node) -> Node:
        """Return an operation with the new values of its arguments."""
        args = tuple(self.known[a.index] for a in node.args)
        if args == node.args:
            return node
        b = self.b
        match node.op:
            case "prod":
                return b.spread(b.product(args, node.params[1], node.params[0]), node.shape)
            case "add":
                return b.spread(b.add(zip(node.params[1], args, strict=True), node.params[0]), node.shape)
        return b.make(node.op, args, node.params, node.shape, node.symmetric)

    def _norm(self, squares: Node) -> Node:
        return self.b.make("norm", (self.known[squares.args[0].index],))

    def _log(self, node: Node) -> Node:
        """Return a logarithm: of a value with a scale, the scale and the logarithm of the mantissa."""
        b, x = self.b, node.args[0]
        small = node.params[0] == "log1p"
        if x.op == "inner" and x.args[0] is x.args[1] and not small:
            return b.scaled(2, b.call("log", self._norm(x)))
        scale, mantissa = self.pair(x)
        if small:
            if scale is None:
                whole = b.add([(1, x)], 1)
                if whole.op != "add" or self._special(whole) is None:
                    return self._again(node)
                scale, mantissa = self.pair(whole)
            else:
                top = b.call("relu", scale)
                rest = b.add([
                    (1, b.call("expm1", b.negative(top))),
                    (1, b.times(mantissa, b.call("exp", b.add([(1, scale), (-1, top)])))),
                ])  # fmt: skip
                return b.spread(b.add([(1, top), (1, b.call("log1p", rest))]), node.shape)
        if scale is None:
            return self._again(node)
        terms = [(1, scale)]
        if not (mantissa.op == "number" and mantissa.params[0] == 1):
            terms.append((1, b.call("log", mantissa)))
        return b.spread(b.add(terms), node.shape)

    def joined(self, pair: Pair, like: Node) -> Node:
        """Return the value of a scale and a mantissa."""
        scale, mantissa = pair
        if scale is None:
            return self.b.spread(mantissa, like.shape)
        return self.b.spread(self.b.times(self.b.call("exp", scale), mantissa), like.shape)

    # ------------------------------------------------------------------------------------------- pairs

    def pair(self, node: Node) -> Pair:
        """Return a value as scale and mantissa; both broadcast to its shape."""
        if node.index not in self.pairs:
            made = getattr(self, f"of_{node.op}", lambda _: None)(node)
            if made is None:
                made = (None, self._plain(node))
            self.pairs[node.index] = made
        return self.pairs[node.index]

    def _plain(self, node: Node) -> Node:
        if node.index not in self.known:  # made by this pass itself
            self.values([node])
        return self.known[node.index]

    def of_call(self, node: Node) -> Pair | None:
        """Return the pair of a function of entries."""
        b, f = self.b, node.params[0]
        z = self._plain(node.args[0])
        if f == "exp":
            return z, b.number(Integer(1))
        if f in ("cosh", "sinh"):
            size = b.call("abs", z)
            far = b.scaled(-2, size)
            if f == "cosh":
                return size, b.scaled(HALF, b.add([(1, b.call("exp", far))], 1))
            return size, b.product((b.call("sign", z), b.call("expm1", far)), (1, 1), -HALF)
        return None

    def of_det(self, node: Node) -> Pair:
        """Return the pair of a determinant, by one factorisation."""
        b, a = self.b, self._plain(node.args[0])
        cholesky = b.peek("factor", (a,), ("cholesky",))
        if cholesky is not None:
            return b.make("logdet", (cholesky,)), b.number(Integer(1))
        factor = b.make("factor", (a,), ("lu",), a.shape)
        return b.make("logdet", (factor,)), b.make("signdet", (factor,))

    def of_function(self, node: Node) -> Pair | None:
        """Return the pair of the product of all entries, and of det(X) inv(X), which is the adjugate."""
        b, x = self.b, self._plain(node.args[0])
        if node.params == ("adj", 1):
            scale, sign = self.of_det(node)
            factor = next((n for n in (b.peek("factor", (x,), (k,)) for k in ("cholesky", "lu")) if n), None)
            assert factor is not None
            return scale, b.times(sign, b.make("inverse", (factor,), (), node.shape, x.symmetric))
        if node.params != ("prod", 1):
            return None
        signs = b.make("function", (b.call("sign", x),), ("prod", 1))
        return b.sum(b.call("log", b.call("abs", x))), signs

    def of_power(self, node: Node) -> Pair | None:
        """Return the pair of a power."""
        scale, mantissa = self.pair(node.args[0])
        q = node.params[0]
        return None if scale is None else (self.b.scaled(q, scale), self.b.power(mantissa, q))

    def of_prod(self, node: Node) -> Pair | None:
        """Return the pair of a product: scales are added."""
        b = self.b
        coefficient, exponents = node.params
        pairs = [self.pair(a) for a in node.args]
        scales = [(e, s) for (s, _), e in zip(pairs, exponents, strict=True) if s is not None]
        if not scales:
            return None
        scale = b.add(scales)
        mantissa = b.product([m for _, m in pairs], exponents, coefficient)
        return (None if scale.op == "number" else scale), mantissa

    def _special(self, node: Node) -> Pair | None:
        """Return the pair of 1 ± erf z, a tail of the normal distribution, and of 1 - tanh(z)^2."""
        if len(node.args) != 1:
            return None
        b, x = self.b, node.args[0]
        constant, (c,) = node.params
        if x.op == "call" and x.params[0] == "erf" and abs(c) == abs(constant):
            z = b.product((self._plain(x.args[0]), b.number(Integer(2))), (1, HALF), c / constant)
            return b.call("log_ndtr", z), b.number(2 * constant)
        if x.op == "power" and x.params[0] == 2 and c == -constant:
            inner = x.args[0]
            if inner.op == "call" and inner.params[0] == "tanh":
                far = b.scaled(-2, b.call("abs", self._plain(inner.args[0])))
                return far, b.scaled(4 * constant, b.power(b.add([(1, b.call("exp", far))], 1), Integer(-2)))
        return None

    def of_add(self, node: Node) -> Pair | None:
        """Return the pair of a sum: its scale is that of its largest term."""
        b = self.b
        if (special := self._special(node)) is not None:
            return special
        constant, coefficients = node.params
        pairs = [self.pair(a) for a in node.args]
        if all(s is None for s, _ in pairs):
            return None
        tops: list[Node] = []
        for s, _ in pairs:
            if s is not None and s not in tops:
                tops.append(s)
        zero = constant != 0 or any(s is None for s, _ in pairs)
        if len(tops) == 2 and b.negative(tops[0]) is tops[1] and not zero:
            top = b.call("abs", tops[0])
        else:
            top = tops[0]
            for s in tops[1:]:
                top = b.larger(top, s)
            top = b.call("relu", top) if zero else top
        terms = [(c, self._relative(pair, top)) for c, pair in zip(coefficients, pairs, strict=True)]
        if constant != 0:
            terms.append((constant, b.call("exp", b.negative(top))))
        return top, b.add(terms)

    def _relative(self, pair: Pair, top: Node) -> Node:
        """Return a value over exp(top)."""
        b = self.b
        scale, mantissa = pair
        if scale is top:
            return mantissa
        below = b.add([(-1, top), *([(1, scale)] if scale is not None else [])])
        return b.times(mantissa, b.call("exp", below))

    def _summed(self, node: Node, pair: Pair, axis: int | None, like: Node) -> tuple[Node, Node]:
        """Return the scale along an axis of a value with a scale, and the value over it in its own shape."""
        b = self.b
        scale, _ = pair
        assert scale is not None
        fixed = scale.shape is None or (axis is not None and scale.shape[axis] == 1 != like.shape[axis])  # type: ignore[index]
        if fixed:
            top = scale
        else:
            whole = axis is None or scale.shape[1 - axis] == 1  # type: ignore[index]
            top = b.make("max", (scale,), (None,)) if whole else b.top(scale, axis)
        return top, b.spread(self._relative(pair, top), like.shape)

    def of_sum(self, node: Node) -> Pair | None:
        """Return the pair of a sum of entries."""
        x, axis = node.args[0], node.params[0]
        pair = self.pair(x)
        if pair[0] is None:
            return None
        top, rest = self._summed(node, pair, axis, x)
        return top, self.b.sum(rest, axis)

    def of_inner(self, node: Node) -> Pair | None:
        """Return the pair of an inner product."""
        b = self.b
        (s, m), (t, n) = (self.pair(a) for a in node.args)
        if s is None and t is None:
            return None
        like = node.args[0]
        (top, left), (other, right) = (
            (None, b.spread(p[1], like.shape)) if p[0] is None else self._summed(node, p, None, like)
            for p in ((s, m), (t, n))
        )
        tops = [(1, x) for x in (top, other) if x is not None]
        return b.add(tops), b.inner(left, right)

    def of_rowinner(self, node: Node) -> Pair | None:
        """Return the pair of the inner products of rows."""
        b, (x, y) = self.b, node.args
        pairs = self.pair(x), self.pair(y)
        if all(s is None for s, _ in pairs):
            return None
        parts = [
            (None, b.spread(p[1], x.shape)) if p[0] is None else self._summed(node, p, 1, x) for p in pairs
        ]
        return b.add([(1, top) for top, _ in parts if top is not None]), b.rowinner(parts[0][1], parts[1][1])

    def of_matmul(self, node: Node) -> Pair | None:
        """Return the pair of a matrix product: every row of the left factor and every column of the right has a scale."""
        b = self.b
        scales, factors = [], []
        for axis, a in ((1, node.args[0]), (0, node.args[1])):
            pair = self.pair(a)
            if pair[0] is None:
                factors.append(b.spread(pair[1], a.shape))
                continue
            top, rest = self._summed(node, pair, axis, a)
            scales.append((1, top))
            factors.append(rest)
        return (b.add(scales), b.matmul(*factors)) if scales else None

    def of_transpose(self, node: Node) -> Pair | None:
        """Return the pair of a transpose."""
        scale, mantissa = self.pair(node.args[0])
        return None if scale is None else (self.b.transpose(scale), self.b.transpose(mantissa))

    def of_spread(self, node: Node) -> Pair | None:
        """Return the pair of a value spread over a shape."""
        scale, mantissa = self.pair(node.args[0])
        return None if scale is None else (scale, self.b.spread(mantissa, node.shape))


def _is_norm(node: Node) -> bool:
    """Tell whether a value is an odd power of a norm."""
    if node.op != "power" or node.args[0].op != "inner" or node.params[0].q != 2:
        return False
    a, b = node.args[0].args
    return a is b
