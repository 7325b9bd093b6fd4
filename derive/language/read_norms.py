"""Norms and bars in formulas: ||x||_1, ||X||_F, |x|, norm(X, 'fro')."""

from __future__ import annotations

import re

from sympy import Integer

from derive.language.calls import square
from derive.language.read_products import ProductsRead
from derive.language.reading import POOR, is_axis, is_column, is_row
from derive.language.scope import Node
from derive.language.shapes import SCALAR, is_scalar
from derive.language.tree import Tree
from derive.language.words import FUNCTIONS


class NormsRead(ProductsRead):
    """Reads norms, absolute values and determinants in bars."""

    def _norm(self, tree: Tree, args: list[Node]) -> Node:
        word = {"": "norm2", "2": "norm2", "F": "norm2", "Fro": "norm2", "1": "norm1"}.get(tree.value)
        if word == "norm2" and tree.value == "2" and self.form(args[0]) == "matrix":
            self.scope.note(
                tree.start,
                "||...||_2 of a matrix is read as the Frobenius norm; the largest singular value is normspec",
            )
        word = word or {"inf": "norminf", "∞": "norminf", "*": "normnuc", "op": "normspec"}.get(tree.value)
        if word is None and (found := self._other_norm(tree, args[0])) is not None:
            return found
        if word is None or word not in FUNCTIONS:
            raise self.scope.error(f"the norm with the index {tree.value} is not read", tree.start)
        if is_scalar(args[0].shape) and self.by_letter(args[0]):
            self.scope.cost += POOR  # nor do they take the norm of one
        return self.node(word, args, SCALAR, tree.start)

    def _other_norm(self, tree: Tree, x: Node) -> Node | None:
        """Return ||x||_p of a vector, ||x||_A = sqrt(x'Ax), ||X||_{2,1}; None for another norm."""
        at, index = tree.start, str(tree.value).replace("\\", "")
        if index == "2,1":
            self.scope.note(at, "||...||_{2,1} is read as the sum of the norms of the rows")
            rows = self.node("norm2 rows", [x], (x.shape[0], 1), at)
            return self.node("sum", [rows], SCALAR, at)
        if re.fullmatch(r"[a-z]|[0-9]+", index) and is_column(x.shape):
            p = self.read(
                Tree("number", [], at, at, Integer(int(index)))
                if index.isdigit()
                else Tree("name", [], at, at, index)
            )
            if not is_scalar(p.shape):
                raise self.scope.misfit(f"the index {index} of a norm is a number", at, p)
            one = self.node("number", [], SCALAR, at, Integer(1))
            powers = self.node(".^", [self.node("abs", [x], x.shape, at), p], x.shape, at)
            over = self.node("*", [one, p], SCALAR, at, ["/"])
            return self.node("^", [self.node("sum", [powers], SCALAR, at), over], SCALAR, at)
        hit = re.fullmatch(r"([A-Z][A-Za-z]*)(\^\{?-1\}?)?", index)
        if hit is None or not is_column(x.shape):
            return None
        weights = self.read(Tree("name", [], at, at, hit[1]))
        if hit[2]:
            weights = self.node("inv", [weights], weights.shape, at)
        self.scope.same(weights, x, 1, 0, "a norm")
        self.scope.same(weights, x, 0, 0, "a norm")
        row = self.node("'", [x], x.shape[::-1], at)
        square_ = self.node("*", [row, weights, x], SCALAR, at, ["*", "*"])
        return self.node("sqrt", [square_], SCALAR, at, "norm")

    def _bars(self, tree: Tree, args: list[Node]) -> Node:
        """Read |x|: of a number its absolute value, of a column every entry's (its norm under a power), of a matrix det."""
        x, scope = args[0], self.scope
        if is_scalar(x.shape):
            return self.node("abs", args, SCALAR, tree.start)
        if is_column(x.shape) or is_row(x.shape):
            if tree.extra.get("powered"):
                scope.note(tree.start, "|...| of a vector under a power or a line is read as its norm")
                return self.node("norm2", args, SCALAR, tree.start)
            scope.note(
                tree.start, "|...| of a vector is read entry by entry, as abs(...); ||...|| is its norm"
            )
            return self.node("abs", args, x.shape, tree.start)
        if tree.extra.get("entrywise"):
            return self.node("abs", args, x.shape, tree.start)
        square(self.scope, x, "a determinant |...|")
        scope.note(tree.start, "|...| of a matrix is read as its determinant; abs(...) is entry by entry")
        return self.node("det", args, SCALAR, tree.start)

    def _spelt_norm(self, tree: Tree, args: list[Node]) -> str:
        """Return the norm that NumPy's or PyTorch's second argument tells: ord=1, p='fro', 'nuc', 2 of a matrix."""
        given = next((a.args[0] for a in tree.args if a.op == "keyword" and a.value in ("ord", "p")), None)
        given = (
            given
            if given is not None
            else next((a for a in tree.args[1:] if a.op in ("text", "name", "number")), None)
        )
        if given is None or is_axis(given):
            return ""
        said = str(given.value)
        matrix = self.form(args[0]) == "matrix"
        known = {"fro": "norm2", "nuc": "normnuc", "inf": "" if matrix else "norminf", "2": "normspec" if matrix else "norm2",
                 "1": "" if matrix else "norm1"}  # fmt: skip
        return known.get(said, "") if given.op == "text" or self.numpy or given is not tree.args[-1] else ""

    def _norm_order(self, args: list[Node], position: int) -> list[Node]:
        order = args[1]
        if (
            order.op == "number"
            and order.value in (1, 2)
            and not (self.numpy and self.form(args[0]) == "matrix")
        ):
            return args
        raise self.scope.error("the norms are norm1(x), norm2(x) and norminf(x)", position)
