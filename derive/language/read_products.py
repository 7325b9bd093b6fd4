"""Products and powers in formulas: which factors are multiplied as matrices, which entry by entry, in which order."""

from __future__ import annotations

import re

from derive.language.calls import square
from derive.language.grouping import Group, fitting, groupings
from derive.language.read_sums import SumsRead
from derive.language.reading import BEHIND, COLUMNS, POOR, PRODUCTS, SAID, is_column, is_row
from derive.language.scope import Node
from derive.language.shapes import SCALAR, Shape, Unknown, find, is_scalar, show_shape
from derive.language.tree import Tree

#: Characters of the signs of the product of entries, ∘, ⊙, \circ and \odot, but not of .*
_CIRCLES = frozenset("∘⊙\\")
#: What SymPy's matrix expressions are written with.
_SYMPY = re.compile(
    r"\b(?:Trace|Determinant|Inverse|Transpose|HadamardProduct|MatPow|MatMul|MatAdd)\(|\.I\b|\.inv\(\)"
)


class ProductsRead(SumsRead):
    """Reads products, inner products and powers."""

    def _product(self, tree: Tree, args: list[Node]) -> Node:
        """Read a product, its factors grouped by their signs, or as their shapes ask."""
        if not self.numpy and any(s in (".*", "./") for s in tree.value):
            return self._grouped(tree, args)
        return self._in_order(tree, args)

    def _grouped(self, tree: Tree, args: list[Node]) -> Node:
        """Read a product with signs that act entry by entry among others."""
        trees, nodes, signs, loose = [tree.args[0]], [args[0]], [], []
        for sign, t, x in zip(tree.value, tree.args[1:], args[1:], strict=True):
            signs.append(sign)
            if not t.extra.get("loose"):
                trees.append(t)
                nodes.append(x)
                continue
            loose.append(len(signs) - 1)
            trees += t.args
            nodes += [self.done[id(a)] for a in t.args]
            signs += t.value
        ways = groupings(signs, loose)
        shapes = [x.shape for x in nodes]
        fit = [w for w in ways if fitting(w, shapes) is not None] if len(ways) > 1 else []
        way = fit[0] if fit else ways[0]
        if way is not ways[0]:
            said = self.scope.text[trees[0].start : trees[-1].end]
            self.scope.note(
                tree.start, f"{said} is read as {_spelt(way, trees, self.scope.text)}: so its shapes fit"
            )
        elif loose and len(fit) > 1:
            self.scope.note(tree.start, f"products are read before ∘: {_spelt(way, trees, self.scope.text)}")
        return self._of_group(way, trees, nodes)

    def _of_group(self, way: Group, trees: list[Tree], nodes: list[Node]) -> Node:
        made = [nodes[m] if isinstance(m, int) else self._of_group(m, trees, nodes) for m in way.members]
        ends = [_reach(m, trees) for m in way.members]
        parts = [Tree("so far", [], first.start, last.end) for first, last in ends]
        return self._in_order(Tree("*", parts, parts[0].start, parts[-1].end, list(way.signs)), made)

    def _in_order(self, tree: Tree, args: list[Node]) -> Node:
        """Read a product from left to right."""
        left = args[0]
        steps: list[tuple[str, Node]] = []
        seen = left  # what stands to the left of the operator so far, for its shape only
        for k, (sign, x) in enumerate(zip(tree.value, args[1:], strict=True), 1):
            if self._is_inner(tree, k, sign, seen, x):
                if steps:
                    left = self.node(
                        "*",
                        [left, *[a for _, a in steps]],
                        seen.shape,
                        left.position,
                        [op for op, _ in steps],
                    )
                    steps = []
                left = seen = self.node("'", [left], left.shape[::-1], left.position)
            if (
                sign == "*"
                and not self.numpy
                and tree.extra.get("summed")
                and not self.scope.closed
                and is_column(seen.shape)
                and is_column(x.shape)
            ):
                sign = ".*"
                self.scope.cost += PRODUCTS
                self.scope.note(
                    x.position, "the product * of two columns in a sum is read entry by entry, as .*"
                )
            if (
                sign == ".*"
                and "formula" not in tree.extra
                and any(is_scalar(a.shape) and self.by_letter(a) for a in (seen, x))
            ):
                circle = _CIRCLES & set(self.scope.text[tree.args[k - 1].end : tree.args[k].start])
                self.scope.cost += (
                    2 * POOR if circle else POOR
                )  # nor do they write a number before or after ∘
            if not sign and x.op == "number" and x.value == 1 and seen.op == "'" and is_row(seen.shape):
                self.scope.note(x.position, "1 is read as a column of ones here")
                x = self.node("vector", [], (Unknown(), 1), x.position)
            op, x, shape = self._times(sign, seen, x)
            steps.append((op, x))
            seen = Node("so far", [seen, x], shape, left.position)
        return self.node("*", [left, *[x for _, x in steps]], seen.shape, left.position,
                          [op for op, _ in steps])  # fmt: skip

    def _is_inner(self, tree: Tree, k: int, sign: str, a: Node, b: Node) -> bool:
        """Tell whether x @ A and x · y stand for x'*A and x'*y, as NumPy has it for vectors and as people write."""
        if not is_column(a.shape) or find(b.shape[0]) == 1:
            return False
        between = self.scope.text[tree.args[k - 1].end : tree.args[k].start]
        dotted = is_column(b.shape) and any(c in between for c in ("·", "⋅", "\\cdot"))
        if sign == "@" or (sign == "*" and dotted):
            self.scope.note(a.position, "the product of two columns is read as their inner product" if dotted or is_column(b.shape)
                            else "a column in front of @ is read as a row, as NumPy has it")  # fmt: skip
            return True
        return False

    def _inner(self, tree: Tree, args: list[Node]) -> Node:
        """Read an inner product, in angle brackets or as A:B."""
        colon = "colon" in tree.extra
        if not colon and (
            len(args) != 2 or not self.scope.text.startswith(("\\langle", "⟨", "〈"), tree.start)
        ):
            raise self.scope.error(f"{SAID['tuple']} is not read here", tree.start)
        a, b = args
        if colon and (is_scalar(a.shape) or is_scalar(b.shape)):
            raise self.scope.misfit(
                "a colon stands between the two matrices of an inner product A:B, or the bounds of a range",
                tree.start, a, b,
            )  # fmt: skip
        if colon:
            self.scope.note(tree.start, "A:B is read as the inner product of A and B, tr(A'*B)")
        if is_scalar(a.shape) and is_scalar(b.shape):
            return self.node("*", [a, b], SCALAR, tree.start, ["*"])
        for i in (0, 1):
            self.scope.same(a, b, i, i, "an inner product")
        row = self.node("'", [a], a.shape[::-1], tree.start)
        product = self.node("*", [row, b], (a.shape[1], b.shape[1]), tree.start, ["*"])
        return product if is_column(a.shape) else self.node("tr", [product], SCALAR, tree.start)

    def _times(self, sign: str, a: Node, b: Node) -> tuple[str, Node, Shape]:
        """Return the operator that is meant by a sign, the right operand, and the shape of the product."""
        op = "*" if sign in ("", "@") else sign
        one, two = is_scalar(a.shape), is_scalar(b.shape)
        scope = self.scope
        if op == "/" and not two and self.numpy:
            op = "./"
        if (
            op == "/"
            and is_column(b.shape)
            and (one or is_column(a.shape))
            and not (scope.closed or scope.strict)
        ):
            scope.cost += PRODUCTS if one else COLUMNS
            scope.note(b.position, "the quotient / by a column is read entry by entry, as ./")
            op = "./"
        if op == "/":
            if not two:
                raise scope.misfit(
                    f"division by {show_shape(b.shape)}: divide by a scalar, or write ./ for elementwise division"
                    " or inv(X)", b.position, b)  # fmt: skip
            return op, b, a.shape
        if op == "*" and sign == "*" and self.numpy and not (one or two):
            op = ".*"
            scope.note(b.position, "* is read entry by entry, as NumPy has it; @ is the matrix product")
        if one or two:
            if (
                op == "*"
                and two
                and not one
                and b.op == "name"
                and b.value not in scope.declared
                and not scope.closed
            ):
                # People write numbers in front, and A*b of a column b.
                scope.cost += (
                    BEHIND if self.form(a) == "matrix" and scope.kind_of(b.value) == "scalar" else 0.3
                )
            return op, b, b.shape if one else a.shape
        if op == "*":
            scope.same(a, b, 1, 0, "*")
            return op, b, (a.shape[0], b.shape[1])
        if (
            self.numpy
            and op in (".*", "./")
            and {self.form(a), self.form(b)} == {"row", "column"}
            and "'" not in (a.op, b.op)
        ):
            b = self.node("'", [b], b.shape[::-1], b.position)  # both arrays of one dimension
        if op in (".*", "./") and {self.form(a), self.form(b)} in ({"matrix", "row"}, {"matrix", "column"}):
            return self._times_spread(op, a, b)
        for i in (0, 1):
            scope.same(a, b, i, i, op)
        return op, b, a.shape

    def _times_spread(self, op: str, a: Node, b: Node) -> tuple[str, Node, Shape]:
        """Return the product of the entries of a matrix with a row or a column that is spread over it."""
        if self.form(b) == "matrix":
            raise self.scope.misfit("write the matrix first, then the row or the column that every row or column of it "
                                    "is multiplied by", b.position, a, b)  # fmt: skip
        if self.numpy and b.op == "name" and is_column(b.shape):
            b = self.node(
                "'", [b], b.shape[::-1], b.position
            )  # an array of one dimension goes with the last one
        return op, self._spread(b, a, op), a.shape

    def _power(self, tree: Tree, args: list[Node]) -> Node:
        """Read a power of a scalar, of a square matrix, or of every entry."""
        base, exponent = args
        op, scope = tree.op, self.scope
        if base.op == "sqrt" and base.value == "norm" and exponent.op == "number" and exponent.value == 2:
            return base.args[0]
        if tree.value == "**" and not is_scalar(base.shape):
            op = ".^"
            if not self.numpy and _SYMPY.search(scope.text) and not is_column(base.shape):
                op = "^"
                scope.note(base.position, "** is read as the matrix power, as SymPy has it")
            elif not (self.numpy or is_column(base.shape)):
                scope.note(
                    base.position, "** is read entry by entry, as NumPy has it; A^2 is the matrix power"
                )
        if op == "^" and base.op in ("abs", "norm2") and not is_scalar(base.shape):
            op = ".^"
        if (
            tree.op == ".^"
            and "formula" not in tree.extra
            and is_scalar(base.shape)
            and is_scalar(exponent.shape)
            and self.by_letter(base)
        ):
            scope.cost += POOR
        if op == ".^" and not is_scalar(exponent.shape):
            if is_scalar(base.shape):
                return self.node(".^", [base, exponent], exponent.shape, base.position)
            for i in (0, 1):
                scope.same(base, exponent, i, i, op)
        elif not is_scalar(exponent.shape):
            mend = " (for the transpose write X')" if exponent.value in ("T", "t", "H") else ""
            due = "a scalar" if is_scalar(base.shape) else "an integer such as 3, or a scalar after .^"
            said = f"the exponent is {show_shape(exponent.shape)}, it must be {due}{mend}"
            if mend:
                raise scope.error(said, exponent.position)
            raise scope.misfit(said, exponent.position, exponent)
        if (
            op == "^"
            and tree.extra.get("summed")
            and is_column(base.shape)
            and not (scope.closed or scope.strict)
        ):
            scope.cost += PRODUCTS
            scope.note(base.position, "the power ^ of a column in a sum is read entry by entry, as .^")
            op = ".^"
        if op == "^" and not is_scalar(base.shape):
            if self.latex and is_column(base.shape):
                raise scope.misfit(
                    "the square of a vector: write x^T x, or x^{\\odot 2} entry by entry", base.position, base
                )
            square(self.scope, base, "a matrix power")
        return self.node(op, [base, exponent], base.shape, base.position)


def _reach(member: int | Group, trees: list[Tree]) -> tuple[Tree, Tree]:
    """Return the first and the last of the trees that a member of a group is made of."""
    if isinstance(member, int):
        return trees[member], trees[member]
    return _reach(member.members[0], trees)[0], _reach(member.members[-1], trees)[1]


def _spelt(way: Group, trees: list[Tree], text: str, inner: bool = False) -> str:
    """Return a grouped product as text with its brackets."""
    parts = []
    for m in way.members:
        outer = trees[m].extra.get("outer", (trees[m].start, trees[m].end)) if isinstance(m, int) else (0, 0)
        parts.append(text[slice(*outer)] if isinstance(m, int) else _spelt(m, trees, text, True))
    said = parts[0]
    for sign, part in zip(way.signs, parts[1:], strict=True):
        said += (" ∘ " if sign == ".*" else f" {sign} ".replace("  ", " ")) + part
    return f"({said})" if inner else said
