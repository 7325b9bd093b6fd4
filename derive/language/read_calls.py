"""Calls in formulas: the functions of the language, by rows and columns, and what other languages call operators."""

from __future__ import annotations

from difflib import get_close_matches
from functools import reduce

from sympy import Integer

from derive.language.calls import call_shape, square
from derive.language.places import Places
from derive.language.read_norms import NormsRead
from derive.language.reading import POOR, ROWS, is_axis, is_column
from derive.language.scope import Node
from derive.language.shapes import (
    SCALAR,
    Product,
    Size,
    SizeConflict,
    Unknown,
    find,
    is_scalar,
    show_shape,
    unify,
)
from derive.language.tree import Tree, applied_head
from derive.language.words import ALSO, ELSEWHERE, FUNCTIONS, INFIX, OF_MATRICES
from derive.operations import by_name

#: The highest derivative of an unknown function that is read.
MAX_ORDER = 8
_LOG_SOFTMAX = frozenset({"logsoftmax", "log_softmax"})
#: Constants of given sizes.
CONSTANTS = frozenset({"eye", "identity", "ones", "zeros"})


class CallsRead(NormsRead):
    """Reads calls of functions."""

    def _call(self, tree: Tree, args: list[Node]) -> Node:
        """Read a function and its arguments."""
        word, position, scope = tree.value, tree.extra.get("at", tree.start), self.scope
        if "note" in tree.extra:
            scope.note(position, tree.extra["note"])
        if word == "log" and len(args) == 1 and tree.args[0].op == "bars" and args[0].op == "abs" and (
            args[0].args[0].op == "det"
        ):  # fmt: skip
            return self.node("logdet", args[0].args[0].args, SCALAR, position)
        if word == "exp" and "power" in tree.extra and self.form(args[0]) == "matrix":
            word = self._exponential(args[0])
        if not args and not tree.args:
            raise scope.error(f"{word} needs an argument: write {word}(...)", position)
        if word in ("vector", "matrix"):
            if args[0].value != 1 or len(args) not in (1, 2 if word == "vector" else 3):
                sized = "vector(1, n)" if word == "vector" else "matrix(1, m, n)"
                raise scope.error(
                    f"only {word}(1) is known, the {word} of ones, or {sized} with its size: scale it",
                    position,
                )
            rows, *columns = scope.sizes_of(args[1:], word) or (Unknown(), Unknown())
            return self.node(word, [], (rows, 1 if word == "vector" else columns[0]), position)
        if word == "len" and len(args) == 1:
            return self._count(Tree("count", [], tree.start, tree.end, 0), args)
        if word in CONSTANTS and word not in scope.used:
            sizes = scope.sizes_of(args, f"{word}(n)") if args else [Places(self).place(a) for a in tree.args]
            return self._constant(word, sizes, position)
        if word not in FUNCTIONS and word in ALSO and ALSO[word] in FUNCTIONS:
            word = ALSO[word]
        if word in scope.functions:
            return self.unknown(word, 0, args, position)
        if word in _LOG_SOFTMAX and word not in FUNCTIONS:
            softmax = self._call(Tree("call", tree.args, tree.start, tree.end, "softmax"), args)
            return self.node("log", [softmax], softmax.shape, position)
        if word not in FUNCTIONS and word in INFIX:
            return self._infix(INFIX[word], tree, args, position)
        if word not in FUNCTIONS:
            raise self._unknown(word, position)
        if word == "norm2" and (spelt := self._spelt_norm(tree, args)):
            return self.node(spelt, args[:1], SCALAR, position)
        if word == "norm2" and len(args) == 2:
            args = self._norm_order(args, position)
            word = "norm1" if args[1].value == 1 else "norm2"
            args = args[:1]
        axis = self._axis(tree, position)
        if axis and args and is_column(args[0].shape) and any(a.op == "keyword" for a in tree.args):
            axis = ""  # the one axis of an array of one dimension
        if axis:
            return self._by_axis(word, axis, args, position)
        if (
            word == "softmax"
            and len(args) == 1
            and self.form(args[0]) == "matrix"
            and not (scope.closed or scope.strict)
        ):
            scope.cost += ROWS
            scope.note(
                position, "softmax of a matrix is read by rows, softmax(S, rows), as attention is written"
            )
            return self._by_axis(word, "rows", args, position)
        if len(args) > 1 and by_name(f"{word} 2"):
            word = f"{word} 2"
        entry = by_name(word)
        assert entry is not None
        word_said = entry.text
        arity, more = entry.arity, entry.more
        if len(args) < arity or (len(args) > arity and not more):
            due = f"{arity}{' or more' * more} argument{'s' * (arity > 1)}"
            mend = f": {entry.mend}" if entry.mend else ""
            raise scope.error(f"{word_said} takes {due}, not {len(args)}{mend}", position)
        x = args[0]
        if word in OF_MATRICES and x.op == "name" and is_scalar(x.shape) and not scope.closed and (
            x.value not in scope.declared and scope.kind_of(x.value) == "scalar"
        ):  # fmt: skip
            scope.cost += POOR
        return self.node(word, args, call_shape(scope, entry, args), position)

    def _count(self, tree: Tree, args: list[Node]) -> Node:
        """Read len(x), X.shape[0], X.size: how many rows, columns or entries there are."""
        shape = args[0].shape
        sizes: list[Size] = list(shape if self.form(args[0]) == "matrix" else shape[:1])
        if self.form(args[0]) == "row":
            sizes = [shape[1]]
        if tree.value is None:
            counted = reduce(Product, sizes)
        elif -len(sizes) <= tree.value < len(sizes):
            counted = sizes[tree.value]
        else:
            raise self.scope.misfit(
                f"there is no size {tree.value} of {show_shape(shape)}", tree.start, args[0]
            )
        return self.node("count", [], SCALAR, tree.start, counted)

    def _exponential(self, x: Node) -> str:
        """Return which function e^X is: the matrix exponential of what is or may be square, else exp entry by entry."""
        try:
            unify(*x.shape)
        except SizeConflict:
            self.scope.note(
                x.position, "e^... of a matrix that is not square is read entry by entry, as exp(...)"
            )
            return "exp"
        self.scope.note(
            x.position,
            "e^... of a square matrix is read as the matrix exponential, expm; exp(...) is entry by entry",
        )
        return "expm"

    def _unknown(self, word: str, position: int) -> Exception:
        scope = self.scope
        if word in scope.declared or word in scope.used or len(word) == 1:
            return scope.error(f"{word} is a variable, not a function: write {word}*(...)", position)
        near = get_close_matches(word.lower(), sorted(FUNCTIONS), 1)
        mend = (
            f"did you mean {near[0]}?"
            if near
            else f"define it, {word}(t) = ..., or write it with the functions of the language"
        )
        if word.lower() in ELSEWHERE:
            mend = f"write {ELSEWHERE[word.lower()]}"
        return scope.error(f"unknown function {word}: {mend}", position)

    def _constant(self, word: str, sizes: list[Size], position: int) -> Node:
        if word in ("eye", "identity"):
            if len(sizes) != 1:
                raise self.scope.error("the identity is square: write eye or eye(n)", position)
            return self.node("eye", [], (sizes[0], sizes[0]), position)
        shape = (sizes[0], sizes[1] if len(sizes) > 1 else 1)
        ones = self.node("vector" if shape[1] == 1 else "matrix", [], shape, position)
        if word == "ones":
            return ones
        zero = self.node("number", [], SCALAR, position, Integer(0))
        return self.node("*", [zero, ones], shape, position, ["*"])

    def _infix(self, op: str, tree: Tree, args: list[Node], position: int) -> Node:
        """Read dot(x, y), outer(x, y), matmul(A, B), solve(A, b), multiply(x, y), square(x), transpose(X)."""
        wanted = 1 if op in ("'", "square", "reciprocal") else 2
        if len(args) != wanted:
            raise self.scope.error(
                f"{tree.value} takes {wanted} argument{'s' * (wanted > 1)}, not {len(args)}", position
            )
        a = args[0]
        if op == "'":
            return self.node("'", [a], a.shape[::-1], position)
        if op in ("square", "reciprocal"):
            exponent = self.node("number", [], SCALAR, position, Integer(2 if op == "square" else -1))
            return self.node(".^" if not is_scalar(a.shape) else "^", [a, exponent], a.shape, position)
        b = args[1]
        if op in ("+", "-"):
            return self._sum(Tree("+", [], tree.start, tree.end, ["+", op]), args)
        if op == ".^":
            return self._power(Tree(".^", [], tree.start, tree.end), args)
        if op == "solve":
            square(self.scope, a, "solve")
            a, op = self.node("inv", [a], a.shape, a.position), "*"
        if op == "dot" and is_column(a.shape) and not is_scalar(b.shape) and find(b.shape[0]) != 1:
            a, op = self.node("'", [a], a.shape[::-1], a.position), "*"
        if op == "outer":
            b, op = self.node("'", [b], b.shape[::-1], b.position), "*"
        op = "@" if op in ("dot", "*") else op
        op, b, shape = self._times(op, a, b)
        return self.node("*", [a, b], shape, position, [op])

    def _axis(self, tree: Tree, position: int) -> str:
        """Return whether a call is by rows or by columns."""
        for a in tree.args:
            if is_axis(a):
                return str(a.value)
            if a.op == "keyword":
                if a.value in ("axis", "dim") and a.args[0].op in ("number", "neg"):
                    last = a.args[0].op == "neg" or a.args[0].value == 1
                    return "rows" if last else "columns"
                if a.value not in ("keepdims", "keepdim", "ord", "p"):
                    raise self.scope.error(f"the argument {a.value} is not read", a.start)
        return ""

    def _by_axis(self, word: str, axis: str, args: list[Node], position: int) -> Node:
        """Read f(X, rows): f of every row, one under the other; by columns it is that of the transpose, transposed."""
        x = args[0]
        if len(args) != 1:
            raise self.scope.error(f"{word} by {axis} takes one matrix: write {word}(S, {axis})", position)
        if axis == "columns":
            x = self.node("'", [x], x.shape[::-1], position)
        entry = by_name(f"{word} rows")
        if word == "sum" and axis == "columns":
            ones = self.node("vector", [], (x.shape[1], 1), position)
            row = self.node("'", [ones], (1, x.shape[1]), position)
            return self.node("*", [row, args[0]], (1, x.shape[0]), position, ["*"])
        if word == "sum":
            ones = self.node("vector", [], (x.shape[1], 1), position)
            y = self.node("*", [x, ones], (x.shape[0], 1), position, ["*"])
        elif entry is not None:
            y = self.node(f"{word} rows", [x], call_shape(self.scope, entry, [x]), position)
        elif by_name(word).entrywise:  # type: ignore[union-attr]
            return self.node(word, args, args[0].shape, position)
        else:
            known = ", ".join(w for w in sorted(FUNCTIONS) if by_name(f"{w} rows"))
            raise self.scope.error(f"{word} by {axis} is not known: known are {known}", position)
        return self.node("'", [y], y.shape[::-1], position) if axis == "columns" else y

    def unknown(self, symbol: str, order: int, args: list[Node], position: int) -> Node:
        """Return f of every entry, of an f of which no more is known, or its derivative of an order."""
        said = symbol + "'" * order
        if len(args) != 1:
            raise self.scope.error(
                f"{symbol} is not defined and has {len(args)} arguments: define {symbol}(s, t) = ..., or give it one,"
                " of whose every entry it is the function", position)  # fmt: skip
        if order > MAX_ORDER:
            raise self.scope.error(f"{said} is a derivative of too high an order", position)
        self.scope.note(
            position, f"{symbol} is not defined: {symbol}(...) is read as an unknown function of every entry, "
            f"with the derivatives {symbol}' and {symbol}''")  # fmt: skip
        return self.node("apply", args, args[0].shape, position, (symbol, order))

    def _apply(self, tree: Tree, args: list[Node]) -> Node:
        head, order = applied_head(tree)
        if head.value in self.scope.functions:
            return self.unknown(str(head.value), order, args, tree.start)
        said = head.value if head.op == "name" else "this"
        raise self.scope.error(
            f"{said} is a variable, not a function: write {said}*(...), or define {said}(x) = ...", tree.start
        )
