"""Makes the values of a plan: each once, in one canonical form, and in the form that is stable for large arguments.

The forms that matter are found as values are made, so that the order in which a formula was written does not:
log(1 + exp z) is softplus(z), exp(z)/(1 + exp z) is the logistic function, log Σ exp and exp/Σ exp never overflow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sympy import Integer, Rational

from derive.code.forms import Forms, is_call
from derive.code.plan import Node, Shape

ONE = Integer(1)


def joined(nodes: Iterable[Node]) -> Shape:
    """Return the shape to which values broadcast."""
    rows: Any = None
    columns: Any = None
    for node in nodes:
        if node.shape is not None:
            rows = node.shape[0] if rows is None or rows == 1 else rows
            columns = node.shape[1] if columns is None or columns == 1 else columns
    return None if rows is None else (rows, columns)


class Builder(Forms):
    """Makes nodes; equal ones are one object."""

    def __init__(self) -> None:
        self.nodes: dict[Any, Node] = {}
        #: What a text calls values: K of K = A*A'.
        self.called: dict[int, str] = {}
        #: Nodes that only one way of a choice at run time has made: they are not there for free.
        self.tentative: set[int] = set()
        self.trying = False
        #: Goes up with every value that there is to be used again.
        self.version = 0
        #: The sums that a value is a term of.
        self.sums: dict[Node, list[Node]] = {}

    def peek(self, op: str, args: tuple[Node, ...], params: tuple[Any, ...] = ()) -> Node | None:
        """Return a node if it was made already."""
        found = self.nodes.get((op, tuple(a.index for a in args), params))
        return None if found is None or found.index in self.tentative else found

    def make(
        self, op: str, args: tuple[Node, ...] = (), params: tuple[Any, ...] = (), shape: Shape = None,
        symmetric: bool = False,
    ) -> Node:  # fmt: skip
        """Return the node of an operation as it stands."""
        key = (op, tuple(a.index for a in args), params)
        if key not in self.nodes:
            self.nodes[key] = Node(len(self.nodes), op, args, params, shape, symmetric)
            self.version += op != "transpose"  # which comes for free
            if self.trying:
                self.tentative.add(self.nodes[key].index)
        found = self.nodes[key]
        if not self.trying and found.index in self.tentative:
            self.tentative.discard(found.index)
            self.version += 1
        return found

    # ------------------------------------------------------------------------------------------ leaves

    def input(self, name: str, shape: Shape, symmetric: bool = False) -> Node:
        """Return an argument of the function."""
        return self.make("input", (), (name,), shape, symmetric)

    def number(self, q: Any) -> Node:
        """Return a rational number, or a float."""
        return self.make("number", (), (q,))

    def eye(self, n: Any) -> Node:
        """Return the identity."""
        return self.make("eye", (), (n,), (n, n), True)

    def ones(self, rows: Any, columns: Any) -> Node:
        """Return a matrix of ones."""
        return self.make("ones", (), (rows, columns), (rows, columns), rows == columns)

    def zeros(self, rows: Any, columns: Any) -> Node:
        """Return a matrix of zeros."""
        return self.make("zeros", (), (rows, columns), (rows, columns), rows == columns)

    # -------------------------------------------------------------------------------------- entry by entry

    def _turned(self, args: tuple[Node, ...]) -> tuple[Node, ...] | None:
        """Return what the matrices among the arguments are transposes of, if at least one is and all can be."""
        matrices = [a for a in args if a.shape is not None]
        if not any(a.is_transpose for a in matrices):
            return None
        if not all(a.is_transpose or a.symmetric for a in matrices):
            return None
        return tuple(a if a.shape is None or not a.is_transpose else a.args[0] for a in args)

    def add(self, terms: Iterable[tuple[Any, Node]], constant: Any = 0) -> Node:
        """Return Σ coefficient·node + constant; coefficients and constant are rational numbers."""
        collected: dict[Node, Any] = {}
        const = Rational(constant)
        for c, node in terms:
            c = Rational(c)
            if node.op == "number" and node.params[0].is_Rational:
                const += c * node.params[0]
                continue
            d, node = self.parted(node)
            collected[node] = collected.get(node, 0) + c * d
        self.paired(collected)
        const, collected = self._opened(const, collected)
        kept = [(a, c) for a, c in collected.items() if c != 0]
        if not kept:
            return self.number(const)
        if len(kept) > 2 and (within := self._within(const, dict(kept))) is not None:
            const, kept = within
        kept.sort(key=lambda pair: pair[0].index)
        args, coefficients = tuple(a for a, _ in kept), tuple(c for _, c in kept)
        if len(args) == 1 and const == 0:
            return self.product(args, (1,), coefficients[0])
        if len(args) == 1 and (special := self.special_sum(args[0], coefficients[0], const)) is not None:
            return special
        turned = self._turned(args)
        if turned is not None:
            return self.transpose(self.add(zip(coefficients, turned, strict=True), const))
        square = self._symmetric(dict(zip(args, coefficients, strict=True)))
        minus = self.peek("add", args, (-const, tuple(-c for c in coefficients)))
        if minus is not None:
            return self.make("prod", (minus,), (-ONE, (1,)), minus.shape, minus.symmetric)
        out = self.make("add", args, (const, coefficients), joined(args), square)
        for a in args:
            self.sums.setdefault(a, []).append(out)
        return out

    def _within(self, const: Any, terms: dict[Node, Any]) -> tuple[Any, list[tuple[Node, Any]]] | None:
        """Return a sum with a smaller sum that is there in the place of some of its terms, None where there is none."""
        best: Node | None = None
        for first in terms:
            for known in self.sums.get(first, ()):
                if known.args[0] is not first or known.index in self.tentative:
                    continue
                ratio = terms[first] / known.params[1][0]
                fits = all(
                    terms.get(a) == ratio * c for a, c in zip(known.args, known.params[1], strict=True)
                )
                smaller = len(known.args) < len(terms) and known.params[0] in (0, const / ratio)
                if fits and smaller and (best is None or len(known.args) > len(best.args)):
                    best = known
        if best is None:
            return None
        ratio = terms[best.args[0]] / best.params[1][0]
        rest = {a: c for a, c in terms.items() if a not in best.args}
        return const - ratio * best.params[0], [*rest.items(), (best, ratio)]

    def _symmetric(self, terms: dict[Node, Any]) -> bool:
        """Tell whether a sum or a product entry by entry is symmetric: of every matrix, it has the transpose too."""
        return all(
            a.shape is None or a.symmetric or (a.rows == a.columns and terms.get(self.transpose(a)) == c)
            for a, c in terms.items()
        )

    def parted(self, node: Node) -> tuple[Any, Node]:
        """Return a value as (rational coefficient, rest)."""
        if node.is_transpose and node.args[0].op == "prod":
            c, rest = self.parted(node.args[0])
            return c, self.transpose(rest)
        if node.op == "prod" and node.params[0] != 1:
            return node.params[0], self.product(node.args, node.params[1])
        return ONE, node

    def _opened(self, const: Any, terms: dict[Node, Any]) -> tuple[Any, dict[Node, Any]]:
        """Open the sums among terms that meet a like term elsewhere; the others stay, to be shared."""
        sums = [a for a in terms if a.op == "add"]
        if not sums:
            return const, terms
        seen: dict[Node, int] = {}
        for a in terms:
            for inner in a.args if a.op == "add" else (a,):
                seen[inner] = seen.get(inner, 0) + 1
        out: dict[Node, Any] = {}
        for a, c in terms.items():
            meets = a.op == "add" and (
                any(seen[i] > 1 for i in a.args) or (a.params[0] != 0 and const != 0) or len(terms) == 1
            )
            if not meets:
                out[a] = out.get(a, 0) + c
                continue
            const += c * a.params[0]
            for d, inner in zip(a.params[1], a.args, strict=True):
                out[inner] = out.get(inner, 0) + c * d
        return const, out

    def negative(self, x: Node) -> Node:
        """Return -x."""
        return self.scaled(-1, x)

    def scaled(self, c: Any, x: Node) -> Node:
        """Return a rational multiple."""
        return self.product((x,), (1,), c)

    def times(self, *factors: Node) -> Node:
        """Return the product entry by entry."""
        return self.product(factors, (1,) * len(factors))

    def divide(self, x: Node, y: Node) -> Node:
        """Return x/y entry by entry."""
        return self.product((x, y), (1, -1))

    def product(self, factors: Iterable[Node], exponents: Iterable[Any], coefficient: Any = 1) -> Node:
        """Return coefficient·Π factor^exponent entry by entry."""
        c = Rational(coefficient)
        powers: dict[Node, Any] = {}
        todo = list(zip(factors, exponents, strict=True))[::-1]
        while todo:
            node, e = todo.pop()
            if (
                node.op == "number"
                and node.params[0].is_Rational
                and node.params[0] != 0
                and Rational(e).is_integer
            ):
                c *= node.params[0] ** e
            elif node.is_transpose and Rational(e).is_integer and self.parted(node)[0] != 1:
                d, node = self.parted(node)
                c *= d**e
                todo.append((node, e))
            elif node.op == "prod" and Rational(e).is_integer:
                c *= node.params[0] ** e
                todo.extend((a, d * e) for a, d in zip(node.args, node.params[1], strict=True))
            elif node.op == "power":
                base, inner = node.args[0], node.params[0]
                if inner % 2 == 0 and (inner * e) % 2 != 0:
                    base = self.call("abs", base)  # (x^2)^(1/2) is |x|
                todo.append((base, inner * e))
            elif node.op == "positive" and e > 0:
                powers[node] = ONE  # 0 and 1 are their own powers
            else:
                powers[node] = powers.get(node, 0) + Rational(e)
        if c == 0:
            return self.number(Integer(0))
        powers = self.quotients(powers)
        final: dict[Node, int] = {}
        for node, e in sorted(powers.items(), key=lambda pair: pair[0].index):
            if e != 0 and (found := self._raised(node, abs(e))) is not None:
                final[found] = 1 if e > 0 else -1
        shape = joined(powers)  # what cancels still spreads
        c, final = self._squared(c, final)
        args, exps = tuple(final), tuple(final.values())
        if not args:
            value = self.number(c)
            return value if shape is None else self.spread(value, shape)
        if c == 1 and len(args) == 1 and exps == (1,):
            out = args[0]
        elif len(args) == 1 and args[0].op == "add" and exps == (1,) and c == -1:
            const, coefficients = args[0].params
            out = self.add(((-d, a) for d, a in zip(coefficients, args[0].args, strict=True)), -const)
        elif (turned := self._turned(args)) is not None:
            out = self.transpose(self.product(turned, exps, c))
        else:
            square = self._symmetric(dict(zip(args, exps, strict=True)))
            out = self.make("prod", args, (c, exps), joined(args), square)
        return out if joined(args) == shape else self.spread(out, shape)

    def _squared(self, c: Any, final: dict[Node, int]) -> tuple[Any, dict[Node, int]]:
        """Take M^2 R as M times a product M R that is there."""
        squares = [f for f, e in final.items() if e > 0 and f.op == "power" and f.params[0] == 2]
        if len(squares) != 1 or len(final) < 2:
            return c, final
        m = squares[0].args[0]
        rest = {f: e for f, e in final.items() if f is not squares[0]}
        if m in rest:
            return c, final
        args = tuple(sorted([m, *rest], key=lambda f: f.index))
        exps = tuple(1 if f is m else rest[f] for f in args)
        for sign in (ONE, -ONE):
            if (found := self.peek("prod", args, (sign, exps))) is not None and found.shape is not None:
                pair = sorted((m, found), key=lambda f: f.index)
                return sign * c, dict.fromkeys(pair, 1)
        return c, final

    def spread(self, x: Node, shape: Shape) -> Node:
        """Return a value spread over a shape."""
        if x.shape == shape or shape is None:
            return x
        if x.op == "number" and x.params[0] == 1:
            return self.ones(*shape)
        return self.make("spread", (x,), shape, shape)

    def _raised(self, x: Node, e: Any) -> Node:
        return x if e == 1 else self.make("power", (x,), (Rational(e),), x.shape, x.symmetric)

    def power(self, x: Node, exponent: Any) -> Node:
        """Return every entry to a rational power."""
        return self.product((x,), (Rational(exponent),))

    def larger(self, x: Node, y: Node) -> Node:
        """Return the larger of two values entry by entry."""
        x, y = (x, y) if x.index < y.index else (y, x)
        return self.make("larger", (x, y), (), joined((x, y)))

    def top(self, x: Node, axis: int | None) -> Node:
        """Return the largest entry, of all or along an axis."""
        return self.make("max", (x,), (axis,), _summed(x, axis))

    def powers(self, x: Node, y: Node) -> Node:
        """Return every entry of x to the power of y."""
        return self.make("powers", (x, y), (), joined((x, y)))

    def call(self, f: str, x: Node) -> Node:
        """Return a function of every entry."""
        if x.is_transpose:
            return self.transpose(self.call(f, x.args[0]))
        if f == "sqrt":
            return self.power(x, Rational(1, 2))
        if f == "log" and (special := self.special_log(x)) is not None:
            return special
        if f == "exp" and is_call(x, "log"):
            return x.args[0]
        return self.make("call", (x,), (f,), x.shape, x.symmetric)

    def positive(self, x: Node) -> Node:
        """Return where the entries are larger than 0, as 0 and 1."""
        if x.is_transpose:
            return self.transpose(self.positive(x.args[0]))
        if x.op == "zeros":
            return x
        if x.op == "number":
            return self.number(Integer(int(bool(x.params[0] > 0))))
        return self.make("positive", (x,), (), x.shape, x.symmetric)

    def softmax(self, x: Node, axis: int) -> Node:
        """Return exp(x)/Σ exp(x) along an axis."""
        return self.make("softmax", (x,), (axis,), x.shape)

    def logsumexp(self, x: Node, axis: int | None) -> Node:
        """Return log Σ exp(x), of all entries or along an axis."""
        if axis == 0 and x.columns == 1:
            axis = None
        return self.make("logsumexp", (x,), (axis,), _summed(x, axis))

    # ------------------------------------------------------------------------------------------- arrays

    def transpose(self, x: Node) -> Node:
        """Return the transpose."""
        if x.shape is None or x.symmetric or x.shape == (1, 1):
            return x
        if x.is_transpose:
            return x.args[0]
        if x.op in ("ones", "zeros"):
            return self.make(x.op, (), x.params[::-1], x.shape[::-1])
        return self.make("transpose", (x,), (), x.shape[::-1])

    def matmul(self, a: Node, b: Node) -> Node:
        """Return the matrix product, or its transpose's transpose: X'Y and Y'X are computed once."""
        if a.columns == 1 and b.rows == 1:
            return self.times(a, b)
        (c, a), (d, b) = self._unsigned(a), self._unsigned(b)
        if c * d == -1:
            return self.negative(self.matmul(a, b))
        (x, y), flipped = self._oriented(a, b)
        symmetric = not flipped and self._is_around(x, y)
        out = self.make("matmul", (x, y), (), (x.rows, y.columns), symmetric)
        return self.transpose(out) if flipped else out

    def _is_around(self, x: Node, y: Node) -> bool:
        """Tell whether a matrix product is one of A A' and A M A' with M symmetric."""
        if x is self.transpose(y):
            return True
        for outer, inner in (
            (x, y),
            (self.transpose(y), self.transpose(x)),
        ):  # A (M A'), or the transpose of it
            whole, turned = (inner.args[0], True) if inner.is_transpose else (inner, False)
            if whole.op == "matmul":
                m, end = whole.args[::-1] if turned else whole.args
                if m.symmetric and (end if turned else self.transpose(end)) is outer:
                    return True
        return False

    def _unsigned(self, x: Node) -> tuple[Any, Node]:
        """Return a value without its sign, and the sign."""
        inner = x.args[0] if x.is_transpose else x
        if inner.op == "prod" and inner.params[0] < 0:
            return -ONE, self.negative(x)
        return ONE, x

    def _oriented(self, a: Node, b: Node) -> tuple[tuple[Node, Node], bool]:
        if a.rows == 1 or b.columns == 1:
            flip = a.rows == 1 and b.columns != 1
        else:
            ta, tb = self.transpose(b), self.transpose(a)
            mine, other = a.is_transpose + b.is_transpose, ta.is_transpose + tb.is_transpose
            flip = other < mine or (other == mine and self.peek("matmul", (ta, tb)) is not None)
        return ((self.transpose(b), self.transpose(a)), True) if flip else ((a, b), False)

    def known_product(self, a: Node, b: Node) -> Node | None:
        """Return a matrix product if it was made already."""
        if a.columns == 1 and b.rows == 1:
            return None
        pair, flipped = self._oriented(a, b)
        out = self.peek("matmul", pair)
        return None if out is None else self.transpose(out) if flipped else out

    def sum(self, x: Node, axis: int | None = None) -> Node:
        """Return the sum of all entries, of every column (axis 0) or of every row (axis 1)."""
        if x.is_transpose:
            if axis is None:
                return self.sum(x.args[0])
            return self.transpose(self.sum(x.args[0], 1 - axis))
        if axis is not None and x.shape is not None and x.shape[axis] == 1:
            return x
        return self.make("sum", (x,), (axis,), _summed(x, axis))

    def inner(self, a: Node, b: Node) -> Node:
        """Return the sum of the products of entries."""
        if a.is_transpose and (b.is_transpose or b.symmetric):
            a, b = a.args[0], self.transpose(b)
        elif b.is_transpose and a.symmetric:
            b = b.args[0]
        (c, a), (d, b) = self._unsigned(a), self._unsigned(b)
        if c * d == -1:
            return self.negative(self.inner(a, b))
        if b.index < a.index:
            a, b = b, a
        return self.make("inner", (a, b))

    def rowinner(self, a: Node, b: Node) -> Node:
        """Return the column of inner products of rows: diag(A B')."""
        if b.index < a.index:
            a, b = b, a
        return self.make("rowinner", (a, b), (), (a.rows, ONE))

    def diagonal(self, x: Node) -> Node:
        """Return the diagonal as a column."""
        x = x.args[0] if x.is_transpose else x
        return self.make("diagonal", (x,), (), (x.rows, ONE))

    def trace(self, x: Node) -> Node:
        """Return the trace."""
        x = x.args[0] if x.is_transpose else x
        return self.make("item", (x,)) if x.shape == (1, 1) else self.make("trace", (x,))

    def shift(self, x: Node, d: Node) -> Node:
        """Return x with a number or a column added to its diagonal."""
        if x.is_transpose:
            return self.transpose(self.shift(x.args[0], d))
        return self.make("shift", (x, d), (), x.shape, x.symmetric)

    def part(self, x: Node, axis: int, skip: Any, count: Any) -> Node:
        """Return `count` rows (axis 0) or columns (axis 1) after the first `skip`."""
        if x.is_transpose:
            return self.transpose(self.part(x.args[0], 1 - axis, skip, count))
        shape = (count, x.columns) if axis == 0 else (x.rows, count)
        return x if shape == x.shape else self.make("part", (x,), (axis, skip), shape)

    def put(self, x: Node, axis: int, skip: Any, n: Any) -> Node:
        """Return n rows (axis 0) or columns (axis 1) that are those of a matrix after the first `skip`, and else zero."""
        if x.is_transpose:
            return self.transpose(self.put(x.args[0], 1 - axis, skip, n))
        shape = (n, x.columns) if axis == 0 else (x.rows, n)
        return x if shape == x.shape else self.make("put", (x,), (axis, skip), shape)

    def cumulative(self, x: Node, axis: int, backward: bool) -> Node:
        """Return the sums of all rows (axis 0) or columns (axis 1) so far, or from here to the end."""
        if x.is_transpose:
            return self.transpose(self.cumulative(x.args[0], 1 - axis, backward))
        return self.make("cumsum", (x,), (axis, backward), x.shape)

    def reshape(self, x: Node, rows: Any, columns: Any) -> Node:
        """Return the matrix with the same entries, column by column."""
        if x.op == "reshape":
            x = x.args[0]
        if x.shape == (rows, columns):
            return x
        if x.is_transpose and 1 in (x.rows, x.columns) and 1 in (rows, columns):
            return self.reshape(x.args[0], rows, columns)
        if x.columns == 1 and rows == 1:
            return self.transpose(x)
        if x.rows == 1 and columns == 1:
            return self.transpose(x)
        return self.make("reshape", (x,), (rows, columns), (rows, columns))


def _summed(x: Node, axis: int | None) -> Shape:
    return None if axis is None else (ONE, x.columns) if axis == 0 else (x.rows, ONE)
