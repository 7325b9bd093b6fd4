"""From the tree of a formula to nodes with shapes, bottom-up and without recursion."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from functools import reduce
from typing import Any

from sympy import Integer, pi

from derive.language.calls import call_shape, square
from derive.language.components import of_vectors, written_out
from derive.language.grouping import Group, fitting, groupings
from derive.language.indices import Indexed
from derive.language.names import kind_of
from derive.language.places import Places
from derive.language.scope import Node, Scope
from derive.language.shapes import (
    SCALAR,
    Product,
    Shape,
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

#: What a reading costs beyond the letters: see `derive.language.kinds`.
LITERAL, COMPUTED, BY_LETTER, COLUMNS, PRODUCTS = 0.2, 0.6, 1.5, 0.9, 2.2
BEHIND, SMALL = 1.1, 0.8
AFTER_WEIGHTS = 0.4
POOR = 1.2
#: The highest derivative of an unknown function that is read.
MAX_ORDER = 8


def _is_literal(node: Node) -> bool:
    return node.op == "number" or (node.op in ("neg", "*", "^", "+") and all(map(_is_literal, node.args)))


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


def _is_row(shape: Shape) -> bool:
    return find(shape[0]) == 1 and find(shape[1]) != 1


def _is_column(shape: Shape) -> bool:
    return find(shape[1]) == 1 and find(shape[0]) != 1


class Reader:
    """Builds nodes from a tree; `numpy` tells that * and / act entry by entry there."""

    def __init__(self, scope: Scope, numpy: bool = False, latex: bool = False) -> None:
        self.scope, self.numpy, self.latex = scope, numpy, latex
        self.done: dict[int, Node] = {}
        self.totals: set[int] = set()  # numbers that are sums over indices
        self.fixed: frozenset[str] = frozenset()  # indices that stand for one place
        self.summed: frozenset[str] = frozenset()  # those that sums run over
        self.known: frozenset[str] = frozenset()  # names that stand by themselves, or under an index of a sum

    def read(self, root: Tree) -> Node:
        """Return the node of a tree. Raises ParseError."""
        stack = [(root, False)]
        while stack:
            tree, ready = stack.pop()
            if id(tree) in self.done:
                continue
            if ready:
                args = [self.done[id(a)] for a in self._operands(tree)]
                node = self._node_of(tree, args)
                node.bracketed = node.bracketed or tree.bracketed
                self.done[id(tree)] = node
            else:
                stack.append((tree, True))
                stack.extend((a, False) for a in reversed(self._operands(tree)))
        return self.done[id(root)]

    def _operands(self, tree: Tree) -> list[Tree]:
        if tree.op == "call" and tree.value in ("sum", "mean"):
            for piece in tree.walk():
                piece.extra["summed"] = True
        if tree.op in ("sum", "prod", "einsum") or (tree.op == "sub" and not self.is_entry(tree)):
            return []
        if tree.op in ("index", "sub"):
            return tree.args[:1]
        if tree.op == "rows":
            return [a for row in tree.args for a in row.args]
        if tree.op == "call" and tree.value in _CONSTANTS and any(a.op == "+" for a in tree.args):
            return []  # the sizes n + 1 are no sums of columns
        if tree.op == "differential":
            return []
        if tree.op == "indicator":
            return tree.args[0].args if tree.args[0].op == "chain" else []
        if tree.op == "apply":
            return tree.args[1:] if applied_head(tree)[0].value in self.scope.functions else []
        if tree.op == "call":
            return [a for a in tree.args if a.op not in ("keyword", "text") and not _is_axis(a)]
        if tree.op == "norm" or (tree.op == "call" and tree.value in ("norm2", "norm", "norm1")):
            for a in _terms(tree.args):
                if a.op == "sum":
                    a.extra["vector"] = True  # nobody takes the norm of a number
        if tree.op in ("^", ".^") and tree.args[0].op == "bars":
            tree.args[0].extra["powered" if tree.op == "^" else "entrywise"] = True
        return tree.args

    def _node_of(self, tree: Tree, args: list[Node]) -> Node:
        method = _METHODS.get(tree.op)
        if method is None:
            raise self.scope.error(f"{_SAID.get(tree.op, 'this')} is not read here", tree.start)
        return method(self, tree, args)

    def _node(self, op: str, args: list[Node], shape: Shape, position: int, value: Any = None) -> Node:
        node = Node(op, args, shape, position, value)
        self.scope.nodes.append(node)
        return node

    # ------------------------------------------------------------------------------------ names, numbers

    def _number(self, tree: Tree, args: list[Node]) -> Node:
        return self._node("number", [], SCALAR, tree.start, tree.value)

    def is_entry(self, tree: Tree) -> bool:
        """Tell whether z_k is an entry at a place of its own, and no name."""
        indices = tree.args[1:]
        return bool(indices) and all(a.op == "name" and a.value in self.fixed for a in indices)

    def _name(self, tree: Tree, args: list[Node]) -> Node:
        """Read a variable, a size, a constant, a definition, or `eye`."""
        name, position, scope = tree.value, tree.start, self.scope
        if tree.op == "sub" and args:
            return self._entry(tree, args)
        if tree.op == "sub" and any(a.op == "sub" for a in tree.args[1:]) and tree.args[0].value in self.known and (
            name not in scope.declared
        ):  # fmt: skip
            base, index = tree.args[0].value, next(a for a in tree.args[1:] if a.op == "sub").value
            said = f"{base}_({index}) has an index of its own in its index: write {base}[k] for entry k, or y'*{base} of a one-hot y"
            raise scope.error(said, position)
        if (tree.op == "sub" or name.startswith("I_")) and name not in {*scope.declared, *scope.defined}:
            close = name.replace("_", "")  # W_{1} is also how W1 is printed
            name = (
                close if close in scope.declared or close in scope.defined or close in scope.sizes else name
            )
        if tree.op == "sub" and any(a.op == "sub" for a in tree.args[1:]) and tree.args[0].value in self.known and (
            name not in scope.declared
        ):  # fmt: skip
            base, index = tree.args[0].value, next(a for a in tree.args[1:] if a.op == "sub").value
            said = f"{base}_({index}) has an index of its own in its index: write {base}[k] for entry k, or y'*{base} of a one-hot y"
            raise scope.error(said, position)
        if (tree.op == "sub" or name.startswith("I_")) and name not in {*scope.declared, *scope.defined}:
            sized = self._sized(tree)
            if sized is not None:
                return sized
        if name in scope.defined:
            node = scope.defined[name]
            return self._node("ref", [node], node.shape, position, name)
        known = name in scope.declared or name in scope.defined
        if name == "eye" or ((self.latex or scope.closed) and name == "I" and not known):
            n = Unknown()
            return self._node("eye", [], (n, n), position)
        if name == "1_vector":
            return self._node("vector", [], (Unknown(), 1), position)
        if name == "0_vector":
            ones = self._node("vector", [], (Unknown(), 1), position)
            zero = self._node("number", [], SCALAR, position, Integer(0))
            return self._node("*", [zero, ones], ones.shape, position, ["*"])
        if (
            scope.closed
            and tree.op == "sub"
            and not known
            and (made := self._constant_of_sizes(tree)) is not None
        ):
            return made
        if name not in scope.declared:
            if name in scope.sizes:
                return self._node("size", [], SCALAR, position, name)
            if name == "pi" and name not in scope.kinds:
                return self._node("number", [], SCALAR, position, pi)
            if name in FUNCTIONS or name in ("vector", "matrix"):
                mend = f"{name}(1)" if name in ("vector", "matrix") else f"{name}(...)"
                raise scope.error(f"{name} is a function and needs an argument: write {mend}", position)
        return self._node("name", [], scope.shape_of(name, position), position, name)

    def _sized(self, tree: Tree) -> Node | None:
        """Return I_n as the identity of size n, 1_n as n ones; None for other names."""
        base = tree.args[0].value if tree.args else tree.value.partition("_")[0]
        if base not in ("I", "1_vector", "0_vector") or base in self.scope.declared or len(tree.args) > 2:
            return None
        size = (
            tree.args[1]
            if tree.args
            else Tree("name", [], tree.start, tree.end, tree.value.partition("_")[2])
        )
        if size.op == "number" or (size.op == "name" and str(size.value).isdigit()):
            n: Size = int(size.value)
        elif size.op == "name" and size.value in self.scope.sizes:
            n = size.value
        else:
            n = Unknown()
        if base == "I":
            return self._node("eye", [], (n, n), tree.start)
        ones = self._node("vector", [], (n, 1), tree.start)
        zero = self._node("number", [], SCALAR, tree.start, Integer(0))
        return ones if base == "1_vector" else self._node("*", [zero, ones], ones.shape, tree.start, ["*"])

    def _constant_of_sizes(self, tree: Tree) -> Node | None:
        """Return K_{mn}, L_n and U_n of sizes, as answers print the commutation matrix and triangles of ones."""
        base, *places = tree.args
        word = {"K": "commutation", "L": "lower", "U": "above"}.get(str(base.value))
        sizes = [p for p in places if p.op == "number" or p.value in self.scope.sizes]
        entry = by_name(word) if word and base.value not in self.scope.declared else None
        if entry is None or len(sizes) != len(places) or len(sizes) != entry.arity:
            return None
        args = [
            self._number(p, []) if p.op == "number" else self._node("size", [], SCALAR, p.start, p.value)
            for p in sizes
        ]
        return self._node(entry.word, args, call_shape(self.scope, entry, args), tree.start)

    # ------------------------------------------------------------------------------------ signs, sums

    def _indexed(self, tree: Tree, args: list[Node]) -> Node:
        """Read a sum over indices."""
        if "bounds" not in (tree.value or {}):
            raise self.scope.error("this sum is not read", tree.start)
        entries, over = of_vectors(self, tree)
        if over:
            return self.read_over(entries, over)
        node = Indexed(self, {}).read(written_out(self, tree)).node
        self.totals.add(id(node))
        return node

    def _einsum(self, tree: Tree, args: list[Node]) -> Node:
        """Read einsum('ij,jk->ik', A, B)."""
        spec = str(tree.value).replace(" ", "")
        sides, arrow, out = spec.partition("->")
        indices = sides.split(",")
        flat = list("".join(indices))
        if not arrow:
            out = "".join(sorted(c for c in set(flat) if flat.count(c) == 1))
        if (
            len(indices) != len(tree.args)
            or not all(c.isalpha() for c in flat)
            or len(out) > 2
            or len({*out}) < len(out)
        ):
            raise self.scope.error(f"einsum('{spec}') of {len(tree.args)} arrays is not read", tree.start)
        name = {c: Tree("name", [], tree.start, tree.start, f"_{c}") for c in flat}
        parts = [Tree("index", [x, *[name[c] for c in own]], x.start, x.end)
                 for own, x in zip(indices, tree.args, strict=True)]  # fmt: skip
        body = (
            parts[0] if len(parts) == 1 else Tree("*", parts, tree.start, tree.end, ["*"] * (len(parts) - 1))
        )
        summed = [name[c] for c in dict.fromkeys(flat) if c not in out]
        if summed:
            body = Tree("sum", [body, *summed], tree.start, tree.end, {"relations": [], "bounds": {}})
        return self.read_over(body, [f"_{c}" for c in out])

    def read_over(self, tree: Tree, indices: Sequence[str]) -> Node:
        """Return the matrix, the column or the number of what a tree is at all values of at most two free indices."""
        if not indices:
            return self.read(tree)
        if len(indices) > 2:
            raise self.scope.error(
                "three free indices and more are not read: no matrix has such entries", tree.start
            )
        context = Indexed(self, {i: Unknown() for i in indices})
        return context.spread(context.read(written_out(self, tree)), tuple(indices))

    def _entry(self, tree: Tree, args: list[Node]) -> Node:
        return Places(self).entry(tree, args[0])

    def _blocks(self, tree: Tree, args: list[Node]) -> Node:
        waiting = iter(args)
        return Places(self).blocks(tree, [[next(waiting) for _ in row.args] for row in tree.args])

    def _transposed(self, tree: Tree, args: list[Node]) -> Node:
        x = args[0]
        if "note" in tree.extra:
            self.scope.note(tree.start, tree.extra["note"])
        if x.op == "number" and x.value == 1:
            self.scope.note(x.position, "1 is read as a column of ones here")
            x = self._node("vector", [], (Unknown(), 1), x.position)
        if is_scalar(x.shape) and self._by_letter(x):
            if self.scope.strict and x.op == "name":
                raise self.scope.misfit(
                    f"{x.value} is a number, and numbers are not transposed", x.position, x
                )
            self.scope.cost += POOR  # people do not transpose numbers
        return self._node("'", [x], x.shape[::-1], x.position)

    def _by_letter(self, x: Node) -> bool:
        """Tell whether a number is a name that its letter makes one, or made of such names."""
        if self.scope.closed or x.op not in ("name", "+", "neg"):
            return False
        if x.op == "name":
            return x.value not in self.scope.declared
        return any(self._by_letter(a) for a in x.args)

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
        return self._node("step", [one], one.shape, tree.start)

    def _direction(self, tree: Tree, args: list[Node]) -> Node:
        """Read dX, the direction in X, where one is known."""
        inner = tree.args[0]
        name = f"d{inner.value}" if inner.op in ("name", "sub") else ""
        if name not in self.scope.declared:
            raise self.scope.error(f"{_SAID['differential']} is not read here", tree.start)
        return self._name(Tree("name", [], tree.start, tree.end, name), [])

    def _negative(self, tree: Tree, args: list[Node]) -> Node:
        return self._node("neg", args, args[0].shape, tree.start)

    def _sum(self, tree: Tree, args: list[Node]) -> Node:
        """Read a sum: all terms have one shape, or are spread to it."""
        terms = self._spread_together(args, tree.value)
        return self._node("+", terms, terms[0].shape, terms[0].position, list(tree.value))

    def _spread_together(self, args: list[Node], signs: list[str]) -> list[Node]:
        """Return the terms of a sum in one shape: scalars, rows and columns are spread over a matrix, with a note."""
        first = args[0]
        kinds = {self._form(x) for x in args}
        if len(kinds) == 1 or not kinds & {"scalar", "row", "column"}:
            for sign, x in zip(signs[1:], args[1:], strict=True):
                self._same_shape(first, x, sign)
            return args
        whole = kinds - {"scalar"}
        largest = "matrix" if len(whole) > 1 else next(iter(whole))
        target = next((x for x in args if self._form(x) == largest), None)
        if target is None:
            column, row = (next(x for x in args if self._form(x) == form) for form in ("column", "row"))
            raise self.scope.conflict(
                column, row, signs[args.index(row)] if args.index(row) else signs[args.index(column)]
            )
        for x, sign in zip(args, signs, strict=True):
            if self._form(x) == largest and x is not target:
                self._same_shape(target, x, sign)
        return [self._spread(x, target, sign) for x, sign in zip(args, signs, strict=True)]

    @staticmethod
    def _form(x: Node) -> str:
        if is_scalar(x.shape):
            return "scalar"
        return "row" if _is_row(x.shape) else "column" if _is_column(x.shape) else "matrix"

    def _same_shape(self, a: Node, b: Node, what: str) -> None:
        for i in (0, 1):
            self.scope.same(a, b, i, i, what)

    def _spread(self, x: Node, target: Node, what: str) -> Node:
        """Return a scalar, a row or a column spread over the shape of a target."""
        form = self._form(x)
        if form == self._form(target):
            return x
        if self.numpy and form == "column" and self._form(target) == "matrix" and x.op == "name" and what in ("+", "-") and (
            x.value not in self.scope.declared and not _side_of_weights(target)
        ):  # fmt: skip
            x = self._node("'", [x], x.shape[::-1], x.position)
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
                if _is_literal(x)
                else COMPUTED
                if not letter or scope.closed
                else SMALL
                if inner.value in _SMALL or (what == "+" and _is_predictor(target, inner))
                else BY_LETTER
            )
            if id(x) in self.totals and self._form(target) == "matrix" and self._is_of_matrices(x):
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
        words = f"{_said_of(x)} is {sign} {said} of the {'column' if self._form(target) == 'column' else 'matrix'}"
        if self._form(target) == "row":
            words = words.replace("matrix", "row")
        scope.note(x.position, words)
        return self._node("spread", [x], target.shape, x.position, form)

    # ------------------------------------------------------------------------------------ products

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
                    left = self._node(
                        "*",
                        [left, *[a for _, a in steps]],
                        seen.shape,
                        left.position,
                        [op for op, _ in steps],
                    )
                    steps = []
                left = seen = self._node("'", [left], left.shape[::-1], left.position)
            if (
                sign == "*"
                and not self.numpy
                and tree.extra.get("summed")
                and not self.scope.closed
                and _is_column(seen.shape)
                and _is_column(x.shape)
            ):
                sign = ".*"
                self.scope.cost += PRODUCTS
                self.scope.note(
                    x.position, "the product * of two columns in a sum is read entry by entry, as .*"
                )
            if (
                sign == ".*"
                and "formula" not in tree.extra
                and any(is_scalar(a.shape) and self._by_letter(a) for a in (seen, x))
            ):
                circle = _CIRCLES & set(self.scope.text[tree.args[k - 1].end : tree.args[k].start])
                self.scope.cost += (
                    2 * POOR if circle else POOR
                )  # nor do they write a number before or after ∘
            if not sign and x.op == "number" and x.value == 1 and seen.op == "'" and _is_row(seen.shape):
                self.scope.note(x.position, "1 is read as a column of ones here")
                x = self._node("vector", [], (Unknown(), 1), x.position)
            op, x, shape = self._times(sign, seen, x)
            steps.append((op, x))
            seen = Node("so far", [seen, x], shape, left.position)
        return self._node("*", [left, *[x for _, x in steps]], seen.shape, left.position,
                          [op for op, _ in steps])  # fmt: skip

    def _is_inner(self, tree: Tree, k: int, sign: str, a: Node, b: Node) -> bool:
        """Tell whether x @ A and x · y stand for x'*A and x'*y, as NumPy has it for vectors and as people write."""
        if not _is_column(a.shape) or find(b.shape[0]) == 1:
            return False
        between = self.scope.text[tree.args[k - 1].end : tree.args[k].start]
        dotted = _is_column(b.shape) and any(c in between for c in ("·", "⋅", "\\cdot"))
        if sign == "@" or (sign == "*" and dotted):
            self.scope.note(a.position, "the product of two columns is read as their inner product" if dotted or _is_column(b.shape)
                            else "a column in front of @ is read as a row, as NumPy has it")  # fmt: skip
            return True
        return False

    def _inner(self, tree: Tree, args: list[Node]) -> Node:
        """Read an inner product, in angle brackets or as A:B."""
        colon = "colon" in tree.extra
        if not colon and (len(args) != 2 or not self.scope.text.startswith(("\\langle", "⟨"), tree.start)):
            raise self.scope.error(f"{_SAID['tuple']} is not read here", tree.start)
        a, b = args
        if colon and (is_scalar(a.shape) or is_scalar(b.shape)):
            raise self.scope.misfit(
                "a colon stands between the two matrices of an inner product A:B, or the bounds of a range",
                tree.start, a, b,
            )  # fmt: skip
        if colon:
            self.scope.note(tree.start, "A:B is read as the inner product of A and B, tr(A'*B)")
        if is_scalar(a.shape) and is_scalar(b.shape):
            return self._node("*", [a, b], SCALAR, tree.start, ["*"])
        for i in (0, 1):
            self.scope.same(a, b, i, i, "an inner product")
        row = self._node("'", [a], a.shape[::-1], tree.start)
        product = self._node("*", [row, b], (a.shape[1], b.shape[1]), tree.start, ["*"])
        return product if _is_column(a.shape) else self._node("tr", [product], SCALAR, tree.start)

    def _times(self, sign: str, a: Node, b: Node) -> tuple[str, Node, Shape]:
        """Return the operator that is meant by a sign, the right operand, and the shape of the product."""
        op = "*" if sign in ("", "@") else sign
        one, two = is_scalar(a.shape), is_scalar(b.shape)
        scope = self.scope
        if op == "/" and not two and self.numpy:
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
                    BEHIND if self._form(a) == "matrix" and scope.kind_of(b.value) == "scalar" else 0.3
                )
            return op, b, b.shape if one else a.shape
        if op == "*":
            scope.same(a, b, 1, 0, "*")
            return op, b, (a.shape[0], b.shape[1])
        if (
            self.numpy
            and op in (".*", "./")
            and {self._form(a), self._form(b)} == {"row", "column"}
            and "'" not in (a.op, b.op)
        ):
            b = self._node("'", [b], b.shape[::-1], b.position)  # both arrays of one dimension
        if op in (".*", "./") and {self._form(a), self._form(b)} in ({"matrix", "row"}, {"matrix", "column"}):
            return self._times_spread(op, a, b)
        for i in (0, 1):
            scope.same(a, b, i, i, op)
        return op, b, a.shape

    def _times_spread(self, op: str, a: Node, b: Node) -> tuple[str, Node, Shape]:
        """Return the product of the entries of a matrix with a row or a column that is spread over it."""
        if self._form(b) == "matrix":
            raise self.scope.misfit("write the matrix first, then the row or the column that every row or column of it "
                                    "is multiplied by", b.position, a, b)  # fmt: skip
        if self.numpy and b.op == "name" and _is_column(b.shape):
            b = self._node(
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
            if not self.numpy and _SYMPY.search(scope.text) and not _is_column(base.shape):
                op = "^"
                scope.note(base.position, "** is read as the matrix power, as SymPy has it")
            elif not (self.numpy or _is_column(base.shape)):
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
            and self._by_letter(base)
        ):
            scope.cost += POOR
        if op == ".^" and not is_scalar(exponent.shape):
            if is_scalar(base.shape):
                return self._node(".^", [base, exponent], exponent.shape, base.position)
            for i in (0, 1):
                scope.same(base, exponent, i, i, op)
        elif not is_scalar(exponent.shape):
            mend = " (for the transpose write X')" if exponent.value in ("T", "t", "H") else ""
            due = "a scalar" if is_scalar(base.shape) else "an integer such as 3, or a scalar after .^"
            said = f"the exponent is {show_shape(exponent.shape)}, it must be {due}{mend}"
            if mend:
                raise scope.error(said, exponent.position)
            raise scope.misfit(said, exponent.position, exponent)
        if op == "^" and not is_scalar(base.shape):
            if self.latex and _is_column(base.shape):
                raise scope.misfit(
                    "the square of a vector: write x^T x, or x^{\\odot 2} entry by entry", base.position, base
                )
            square(self.scope, base, "a matrix power")
        return self._node(op, [base, exponent], base.shape, base.position)

    # ------------------------------------------------------------------------------------ calls

    def _call(self, tree: Tree, args: list[Node]) -> Node:
        """Read a function and its arguments."""
        word, position, scope = tree.value, tree.extra.get("at", tree.start), self.scope
        if "note" in tree.extra:
            scope.note(position, tree.extra["note"])
        if word == "log" and len(args) == 1 and tree.args[0].op == "bars" and args[0].op == "abs" and (
            args[0].args[0].op == "det"
        ):  # fmt: skip
            return self._node("logdet", args[0].args[0].args, SCALAR, position)
        if word == "exp" and "power" in tree.extra and self._form(args[0]) == "matrix":
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
            return self._node(word, [], (rows, 1 if word == "vector" else columns[0]), position)
        if word == "len" and len(args) == 1:
            return self._count(Tree("count", [], tree.start, tree.end, 0), args)
        if word in _CONSTANTS and word not in scope.used:
            sizes = scope.sizes_of(args, f"{word}(n)") if args else [Places(self).place(a) for a in tree.args]
            return self._constant(word, sizes, position)
        if word not in FUNCTIONS and word in ALSO and ALSO[word] in FUNCTIONS:
            word = ALSO[word]
        if word in scope.functions:
            return self.unknown(word, 0, args, position)
        if word in _LOG_SOFTMAX and word not in FUNCTIONS:
            softmax = self._call(Tree("call", tree.args, tree.start, tree.end, "softmax"), args)
            return self._node("log", [softmax], softmax.shape, position)
        if word not in FUNCTIONS and word in INFIX:
            return self._infix(INFIX[word], tree, args, position)
        if word not in FUNCTIONS:
            raise self._unknown(word, position)
        if word == "norm2" and (spelt := self._spelt_norm(tree, args)):
            return self._node(spelt, args[:1], SCALAR, position)
        if word == "norm2" and len(args) == 2:
            args = self._norm_order(args, position)
            word = "norm1" if args[1].value == 1 else "norm2"
            args = args[:1]
        axis = self._axis(tree, position)
        if axis and args and _is_column(args[0].shape) and any(a.op == "keyword" for a in tree.args):
            axis = ""  # the one axis of an array of one dimension
        if axis:
            return self._by_axis(word, axis, args, position)
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
        return self._node(word, args, call_shape(scope, entry, args), position)

    def _count(self, tree: Tree, args: list[Node]) -> Node:
        """Read len(x), X.shape[0], X.size: how many rows, columns or entries there are."""
        shape = args[0].shape
        sizes: list[Size] = list(shape if self._form(args[0]) == "matrix" else shape[:1])
        if self._form(args[0]) == "row":
            sizes = [shape[1]]
        if tree.value is None:
            counted = reduce(Product, sizes)
        elif -len(sizes) <= tree.value < len(sizes):
            counted = sizes[tree.value]
        else:
            raise self.scope.misfit(
                f"there is no size {tree.value} of {show_shape(shape)}", tree.start, args[0]
            )
        return self._node("count", [], SCALAR, tree.start, counted)

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

    def _spelt_norm(self, tree: Tree, args: list[Node]) -> str:
        """Return the norm that NumPy's or PyTorch's second argument tells: ord=1, p='fro', 'nuc', 2 of a matrix."""
        given = next((a.args[0] for a in tree.args if a.op == "keyword" and a.value in ("ord", "p")), None)
        given = (
            given
            if given is not None
            else next((a for a in tree.args[1:] if a.op in ("text", "name", "number")), None)
        )
        if given is None or _is_axis(given):
            return ""
        said = str(given.value)
        matrix = self._form(args[0]) == "matrix"
        known = {"fro": "norm2", "nuc": "normnuc", "inf": "" if matrix else "norminf", "2": "normspec" if matrix else "norm2",
                 "1": "" if matrix else "norm1"}  # fmt: skip
        return known.get(said, "") if given.op == "text" or self.numpy or given is not tree.args[-1] else ""

    def _norm_order(self, args: list[Node], position: int) -> list[Node]:
        order = args[1]
        if (
            order.op == "number"
            and order.value in (1, 2)
            and not (self.numpy and self._form(args[0]) == "matrix")
        ):
            return args
        raise self.scope.error("the norms are norm1(x), norm2(x) and norminf(x)", position)

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
            return self._node("eye", [], (sizes[0], sizes[0]), position)
        shape = (sizes[0], sizes[1] if len(sizes) > 1 else 1)
        ones = self._node("vector" if shape[1] == 1 else "matrix", [], shape, position)
        if word == "ones":
            return ones
        zero = self._node("number", [], SCALAR, position, Integer(0))
        return self._node("*", [zero, ones], shape, position, ["*"])

    def _infix(self, op: str, tree: Tree, args: list[Node], position: int) -> Node:
        """Read dot(x, y), outer(x, y), matmul(A, B), solve(A, b), multiply(x, y), square(x), transpose(X)."""
        wanted = 1 if op in ("'", "square", "reciprocal") else 2
        if len(args) != wanted:
            raise self.scope.error(
                f"{tree.value} takes {wanted} argument{'s' * (wanted > 1)}, not {len(args)}", position
            )
        a = args[0]
        if op == "'":
            return self._node("'", [a], a.shape[::-1], position)
        if op in ("square", "reciprocal"):
            exponent = self._node("number", [], SCALAR, position, Integer(2 if op == "square" else -1))
            return self._node(".^" if not is_scalar(a.shape) else "^", [a, exponent], a.shape, position)
        b = args[1]
        if op in ("+", "-"):
            return self._sum(Tree("+", [], tree.start, tree.end, ["+", op]), args)
        if op == ".^":
            return self._power(Tree(".^", [], tree.start, tree.end), args)
        if op == "solve":
            square(self.scope, a, "solve")
            a, op = self._node("inv", [a], a.shape, a.position), "*"
        if op == "dot" and _is_column(a.shape) and not is_scalar(b.shape) and find(b.shape[0]) != 1:
            a, op = self._node("'", [a], a.shape[::-1], a.position), "*"
        if op == "outer":
            b, op = self._node("'", [b], b.shape[::-1], b.position), "*"
        op = "@" if op in ("dot", "*") else op
        op, b, shape = self._times(op, a, b)
        return self._node("*", [a, b], shape, position, [op])

    def _axis(self, tree: Tree, position: int) -> str:
        """Return whether a call is by rows or by columns."""
        for a in tree.args:
            if _is_axis(a):
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
            x = self._node("'", [x], x.shape[::-1], position)
        entry = by_name(f"{word} rows")
        if word == "sum" and axis == "columns":
            ones = self._node("vector", [], (x.shape[1], 1), position)
            row = self._node("'", [ones], (1, x.shape[1]), position)
            return self._node("*", [row, args[0]], (1, x.shape[0]), position, ["*"])
        if word == "sum":
            ones = self._node("vector", [], (x.shape[1], 1), position)
            y = self._node("*", [x, ones], (x.shape[0], 1), position, ["*"])
        elif entry is not None:
            y = self._node(f"{word} rows", [x], call_shape(self.scope, entry, [x]), position)
        elif by_name(word).entrywise:  # type: ignore[union-attr]
            return self._node(word, args, args[0].shape, position)
        else:
            known = ", ".join(w for w in sorted(FUNCTIONS) if by_name(f"{w} rows"))
            raise self.scope.error(f"{word} by {axis} is not known: known are {known}", position)
        return self._node("'", [y], y.shape[::-1], position) if axis == "columns" else y

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
        return self._node("apply", args, args[0].shape, position, (symbol, order))

    def _apply(self, tree: Tree, args: list[Node]) -> Node:
        head, order = applied_head(tree)
        if head.value in self.scope.functions:
            return self.unknown(str(head.value), order, args, tree.start)
        said = head.value if head.op == "name" else "this"
        raise self.scope.error(
            f"{said} is a variable, not a function: write {said}*(...), or define {said}(x) = ...", tree.start
        )

    # ------------------------------------------------------------------------------------ bars

    def _norm(self, tree: Tree, args: list[Node]) -> Node:
        word = {"": "norm2", "2": "norm2", "F": "norm2", "Fro": "norm2", "1": "norm1"}.get(tree.value)
        if word == "norm2" and tree.value == "2" and self._form(args[0]) == "matrix":
            self.scope.note(
                tree.start,
                "||...||_2 of a matrix is read as the Frobenius norm; the largest singular value is normspec",
            )
        word = word or {"inf": "norminf", "∞": "norminf", "*": "normnuc", "op": "normspec"}.get(tree.value)
        if word is None and (found := self._other_norm(tree, args[0])) is not None:
            return found
        if word is None or word not in FUNCTIONS:
            raise self.scope.error(f"the norm with the index {tree.value} is not read", tree.start)
        if is_scalar(args[0].shape) and self._by_letter(args[0]):
            self.scope.cost += POOR  # nor do they take the norm of one
        return self._node(word, args, SCALAR, tree.start)

    def _other_norm(self, tree: Tree, x: Node) -> Node | None:
        """Return ||x||_p of a vector, ||x||_A = sqrt(x'Ax), ||X||_{2,1}; None for another norm."""
        at, index = tree.start, str(tree.value).replace("\\", "")
        if index == "2,1":
            self.scope.note(at, "||...||_{2,1} is read as the sum of the norms of the rows")
            rows = self._node("norm2 rows", [x], (x.shape[0], 1), at)
            return self._node("sum", [rows], SCALAR, at)
        if re.fullmatch(r"[a-z]|[0-9]+", index) and _is_column(x.shape):
            p = self.read(
                Tree("number", [], at, at, Integer(int(index)))
                if index.isdigit()
                else Tree("name", [], at, at, index)
            )
            if not is_scalar(p.shape):
                raise self.scope.misfit(f"the index {index} of a norm is a number", at, p)
            one = self._node("number", [], SCALAR, at, Integer(1))
            powers = self._node(".^", [self._node("abs", [x], x.shape, at), p], x.shape, at)
            over = self._node("*", [one, p], SCALAR, at, ["/"])
            return self._node("^", [self._node("sum", [powers], SCALAR, at), over], SCALAR, at)
        hit = re.fullmatch(r"([A-Z][A-Za-z]*)(\^\{?-1\}?)?", index)
        if hit is None or not _is_column(x.shape):
            return None
        weights = self.read(Tree("name", [], at, at, hit[1]))
        if hit[2]:
            weights = self._node("inv", [weights], weights.shape, at)
        self.scope.same(weights, x, 1, 0, "a norm")
        self.scope.same(weights, x, 0, 0, "a norm")
        row = self._node("'", [x], x.shape[::-1], at)
        square_ = self._node("*", [row, weights, x], SCALAR, at, ["*", "*"])
        return self._node("sqrt", [square_], SCALAR, at, "norm")

    def _bars(self, tree: Tree, args: list[Node]) -> Node:
        """Read |x|: of a number its absolute value, of a column every entry's (its norm under a power), of a matrix det."""
        x, scope = args[0], self.scope
        if is_scalar(x.shape):
            return self._node("abs", args, SCALAR, tree.start)
        if _is_column(x.shape) or _is_row(x.shape):
            if tree.extra.get("powered"):
                scope.note(tree.start, "|...| of a vector under a power is read as its norm")
                return self._node("norm2", args, SCALAR, tree.start)
            scope.note(
                tree.start, "|...| of a vector is read entry by entry, as abs(...); ||...|| is its norm"
            )
            return self._node("abs", args, x.shape, tree.start)
        if tree.extra.get("entrywise"):
            return self._node("abs", args, x.shape, tree.start)
        square(self.scope, x, "a determinant |...|")
        scope.note(tree.start, "|...| of a matrix is read as its determinant; abs(...) is entry by entry")
        return self._node("det", args, SCALAR, tree.start)


def _terms(trees: list[Tree]) -> Iterator[Tree]:
    """Yield the terms of sums, and what stands behind a number in them."""
    for t in trees:
        if t.op in ("+", "neg"):
            yield from _terms(t.args)
        elif t.op == "*" and t.args[0].op != "sum":
            yield from _terms(t.args[-1:])
        else:
            yield t


#: Numbers that are added to vectors: quantiles, small ones, weights of penalties.
_SMALL = frozenset("tau eps epsilon lambda lam eta kappa".split())
_LOG_SOFTMAX = frozenset({"logsoftmax", "log_softmax"})
_WEIGHTS = frozenset({"W", "V", "U", "Theta", "weights"})
#: Characters of the signs of the product of entries, ∘, ⊙, \circ and \odot, but not of .*
_CIRCLES = frozenset("∘⊙\\")
#: Constants of given sizes.
_CONSTANTS = frozenset({"eye", "identity", "ones", "zeros"})


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


def _is_axis(tree: Tree) -> bool:
    return tree.op == "name" and tree.value in ("rows", "columns")


def _said_of(x: Node) -> str:
    if x.op in ("name", "size", "number"):
        return str(x.value)
    if x.op == "'" and x.args[0].op == "name":
        return f"{x.args[0].value}'"
    return {"scalar": "the scalar", "row": "the row", "column": "the column"}.get(Reader._form(x), "this")


#: What SymPy's matrix expressions are written with.
_SYMPY = re.compile(
    r"\b(?:Trace|Determinant|Inverse|Transpose|HadamardProduct|MatPow|MatMul|MatAdd)\(|\.I\b|\.inv\(\)"
)
_SAID = {
    "chain": "an equation", "derivative": "a derivative", "gradient": "a derivative", "differential": "a differential",
    "sum": "a sum over indices", "prod": "a product over indices", "index": "an entry by its index",
    "tuple": "a list of expressions", "expect": "an expectation",
    "var": "a variance", "cov": "a covariance", "cases": "a function by cases", "integral": "an integral",
    "indicator": "an indicator", "dots": "...", "prime": "f'", "empty": "nothing", "text": "prose",
    "slice": "a range of indices", "domain": "a set",
}  # fmt: skip

_METHODS: dict[str, Callable[[Reader, Tree, list[Node]], Node]] = {
    "number": Reader._number,
    "name": Reader._name,
    "sub": Reader._name,
    "+": Reader._sum,
    "*": Reader._product,
    "neg": Reader._negative,
    "'": Reader._transposed,
    "^": Reader._power,
    ".^": Reader._power,
    "call": Reader._call,
    "apply": Reader._apply,
    "norm": Reader._norm,
    "bars": Reader._bars,
    "sum": Reader._indexed,
    "prod": Reader._indexed,
    "index": Reader._entry,
    "rows": Reader._blocks,
    "tuple": Reader._inner,
    "differential": Reader._direction,
    "indicator": Reader._indicator,
    "einsum": Reader._einsum,
    "count": Reader._count,
}
