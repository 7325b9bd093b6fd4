"""Sums in formulas: terms of one shape, and numbers, rows and columns that are spread over the others."""

from __future__ import annotations

from derive.language.names import kind_of
from derive.language.read_names import NamesRead
from derive.language.reading import (
    AFTER_WEIGHTS,
    BY_LETTER,
    COLUMNS,
    COMPUTED,
    LITERAL,
    SMALL,
    is_literal,
)
from derive.language.scope import Node
from derive.language.shapes import is_scalar
from derive.language.tree import Tree

#: Numbers that are added to vectors: quantiles, small ones, weights of penalties.
_SMALL = frozenset("tau eps epsilon lambda lam eta kappa".split())
_WEIGHTS = frozenset({"W", "V", "U", "Theta", "weights"})


class SumsRead(NamesRead):
    """Reads sums, and what compares two sides as a sum does."""

    def _sum(self, tree: Tree, args: list[Node]) -> Node:
        """Read a sum: all terms have one shape, or are spread to it."""
        terms = self._spread_together(args, tree.value)
        return self.node("+", terms, terms[0].shape, terms[0].position, list(tree.value))

    def _spread_together(self, args: list[Node], signs: list[str]) -> list[Node]:
        """Return the terms of a sum in one shape: scalars, rows and columns are spread over a matrix, with a note."""
        first = args[0]
        kinds = {self.form(x) for x in args}
        if len(kinds) == 1 or not kinds & {"scalar", "row", "column"}:
            for sign, x in zip(signs[1:], args[1:], strict=True):
                self.same_shape(first, x, sign)
            return args
        whole = kinds - {"scalar"}
        largest = "matrix" if len(whole) > 1 else next(iter(whole))
        target = next((x for x in args if self.form(x) == largest), None)
        if target is None:
            column, row = (next(x for x in args if self.form(x) == form) for form in ("column", "row"))
            raise self.scope.conflict(
                column, row, signs[args.index(row)] if args.index(row) else signs[args.index(column)]
            )
        for x, sign in zip(args, signs, strict=True):
            if self.form(x) == largest and x is not target:
                self.same_shape(target, x, sign)
        return [self._spread(x, target, sign) for x, sign in zip(args, signs, strict=True)]

    def _spread(self, x: Node, target: Node, what: str) -> Node:
        """Return a scalar, a row or a column spread over the shape of a target."""
        form = self.form(x)
        if form == self.form(target):
            return x
        if self.numpy and form == "column" and self.form(target) == "matrix" and x.op == "name" and what in ("+", "-") and (
            x.value not in self.scope.declared and not _side_of_weights(target)
        ):  # fmt: skip
            x = self.node("'", [x], x.shape[::-1], x.position)
            form = "row"
            self.scope.cost += AFTER_WEIGHTS - COLUMNS
        scope = self.scope
        if form == "scalar":
            inner = x.args[0] if x.op == "'" else x
            letter = (
                inner.op == "name" and inner.value not in scope.declared and inner.value not in scope.kinds
            )
            if letter and scope.strict:
                raise scope.conflict(target, x, what)
            scope.cost += (
                LITERAL
                if is_literal(x)
                else COMPUTED
                if not letter or scope.closed
                else SMALL
                if inner.value in _SMALL or (what == "+" and _is_predictor(target, inner))
                else BY_LETTER
            )
            if id(x) in self.totals and self.form(target) == "matrix" and self._is_of_matrices(x):
                raise scope.conflict(target, x, what)  # Σ_i x_i F_i is one of matrices F_i there
            said = "every entry"
        else:
            side = 1 if form == "row" else 0
            scope.same(target, x, side, side, what)
            scope.cost += AFTER_WEIGHTS if form == _side_of_weights(target) else COLUMNS
            said = "every row" if form == "row" else "every column"
        sign = {"-": "subtracted from", "+": "added to", ".*": "multiplied with", "./": "a divisor of"}.get(
            what, "taken with"
        )
        words = (
            f"{_said_of(x)} is {sign} {said} of the {'column' if self.form(target) == 'column' else 'matrix'}"
        )
        if self.form(target) == "row":
            words = words.replace("matrix", "row")
        scope.note(x.position, words)
        return self.node("spread", [x], target.shape, x.position, form)

    def _is_of_matrices(self, x: Node) -> bool:
        """Tell whether a number is made of entries of names whose letters say that they are matrices."""
        stack, kinds = [x], self.scope.kinds
        while stack:
            node = stack.pop()
            if node.op == "name" and kinds.get(node.value) == "vector" and kind_of(node.value) == "matrix":
                return True
            stack.extend(node.args)
        return False

    def _indicator(self, tree: Tree, args: list[Node]) -> Node:
        """Read 1[x > y] as the unit step of every entry of x - y."""
        condition = tree.args[0]
        if condition.op != "chain" or len(args) != 2 or condition.value[0] not in (">", "<", "≥", "≤"):
            raise self.scope.error("an indicator is read of one relation, 1[x > 0]", tree.start)
        if condition.value[0] in ("≥", "≤"):
            self.scope.note(tree.start, "the indicator is read as the unit step, which is 0 at 0")
        one, two = args if condition.value[0] in (">", "≥") else args[::-1]
        if not (two.op == "number" and two.value == 0):
            paid = self.scope.cost
            one = self._sum(Tree("+", [], tree.start, tree.end, ["+", "-"]), [one, two])
            self.scope.cost = min(self.scope.cost, paid + LITERAL)  # entries are compared with numbers
        return self.node("step", [one], one.shape, tree.start)


def _side_of_weights(product: Node) -> str:
    """Return "row" for X*W, to whose rows a bias b is added, "column" for W*X, else nothing."""
    factors = [a for a in product.args if not is_scalar(a.shape)] if product.op == "*" else []
    if len(factors) < 2 or any(s not in ("*", "", "@") for s in product.value):
        return ""
    first, last = (
        a.op == "name" and str(a.value).rstrip("_0123456789") in _WEIGHTS for a in (factors[0], factors[-1])
    )
    return "column" if first else "row" if last else ""


def _is_predictor(product: Node, b: Node) -> bool:
    """Tell whether X*w + b is a linear predictor with its intercept."""
    last = product.args[-1] if product.op == "*" else product
    return (
        str(b.value) in ("b", "b0", "b_0", "c") and last.op == "name" and last.value in ("w", "beta", "theta")
    )


def _said_of(x: Node) -> str:
    if x.op in ("name", "size", "number"):
        return str(x.value)
    if x.op == "'" and x.args[0].op == "name":
        return f"{x.args[0].value}'"
    return {"scalar": "the scalar", "row": "the row", "column": "the column"}.get(NamesRead.form(x), "this")
