"""Names in formulas: variables, sizes, constants such as I_n, definitions; and what stands around one: signs, transposes."""

from __future__ import annotations

from sympy import Integer, pi

from derive.language.calls import call_shape
from derive.language.reading import POOR, SAID, Reading
from derive.language.scope import Node
from derive.language.shapes import SCALAR, Size, Unknown, is_scalar
from derive.language.tree import Tree
from derive.language.words import FUNCTIONS
from derive.operations import by_name


class NamesRead(Reading):
    """Reads names, numbers, signs and transposes."""

    def _number(self, tree: Tree, args: list[Node]) -> Node:
        return self.node("number", [], SCALAR, tree.start, tree.value)

    def _name(self, tree: Tree, args: list[Node]) -> Node:
        """Read a variable, a size, a constant, a definition, or `eye`."""
        name, position, scope = tree.value, tree.start, self.scope
        if tree.op == "sub" and args:
            return self.entry(tree, args)
        if tree.op == "sub" and any(a.op == "sub" for a in tree.args[1:]) and tree.args[0].value in self.known and (
            name not in scope.declared
        ):  # fmt: skip
            return self._at_label(tree)
        if (tree.op == "sub" or name.startswith("I_")) and name not in {*scope.declared, *scope.defined}:
            close = name.replace("_", "")  # W_{1} is also how W1 is printed
            name = (
                close if close in scope.declared or close in scope.defined or close in scope.sizes else name
            )
        if (tree.op == "sub" or name.startswith("I_")) and name not in {*scope.declared, *scope.defined}:
            sized = self._sized(tree)
            if sized is not None:
                return sized
        if name in scope.defined:
            node = scope.defined[name]
            return self.node("ref", [node], node.shape, position, name)
        known = name in scope.declared or name in scope.defined
        if name == "eye" or (name == "I" and not known and name not in self.wanted):
            n = Unknown()
            if name == "I" and not (self.latex or scope.closed):
                scope.note(position, 'I is read as the identity, eye: --where "I: n x n" makes it a variable')
            return self.node("eye", [], (n, n), position)
        if name == "1_vector":
            return self.node("vector", [], (Unknown(), 1), position)
        if name == "0_vector":
            ones = self.node("vector", [], (Unknown(), 1), position)
            zero = self.node("number", [], SCALAR, position, Integer(0))
            return self.node("*", [zero, ones], ones.shape, position, ["*"])
        if (
            scope.closed
            and tree.op == "sub"
            and not known
            and (made := self._constant_of_sizes(tree)) is not None
        ):
            return made
        if name not in scope.declared:
            if name in scope.sizes:
                return self.node("size", [], SCALAR, position, name)
            if name == "pi" and name not in scope.kinds:
                return self.node("number", [], SCALAR, position, pi)
            if name in FUNCTIONS or name in ("vector", "matrix"):
                mend = f"{name}(1)" if name in ("vector", "matrix") else f"{name}(...)"
                raise scope.error(f"{name} is a function and needs an argument: write {mend}", position)
        return self.node("name", [], scope.shape_of(name, position), position, name)

    def _at_label(self, tree: Tree) -> Node:
        """Read f_{y_i}, where i is one place: the entry of f at the label y_i."""
        base, *places = tree.args
        label = next(a for a in places if a.op == "sub")
        if any(n in self.summed for n in label.names()):
            said = f"{base.value}_({label.value}) is read in a sum of entries only"
            raise self.scope.error(f"{said}: write y'*{base.value} of a one-hot y", tree.start)
        self.scope.note(tree.start, f"{label.value} is read as the place of one entry of {base.value}")
        index = Tree("name", [], label.start, label.end, label.value)
        entry = Tree("index", [base, *[index if p is label else p for p in places]], tree.start, tree.end)
        return self.entry(entry, [self.read(base)])

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
            return self.node("eye", [], (n, n), tree.start)
        ones = self.node("vector", [], (n, 1), tree.start)
        zero = self.node("number", [], SCALAR, tree.start, Integer(0))
        return ones if base == "1_vector" else self.node("*", [zero, ones], ones.shape, tree.start, ["*"])

    def _constant_of_sizes(self, tree: Tree) -> Node | None:
        """Return K_{mn}, L_n and U_n of sizes, as answers print the commutation matrix and triangles of ones."""
        base, *places = tree.args
        word = {"K": "commutation", "L": "lower", "U": "above"}.get(str(base.value))
        sizes = [p for p in places if p.op == "number" or p.value in self.scope.sizes]
        entry = by_name(word) if word and base.value not in self.scope.declared else None
        if entry is None or len(sizes) != len(places) or len(sizes) != entry.arity:
            return None
        args = [
            self._number(p, []) if p.op == "number" else self.node("size", [], SCALAR, p.start, p.value)
            for p in sizes
        ]
        return self.node(entry.word, args, call_shape(self.scope, entry, args), tree.start)

    def _direction(self, tree: Tree, args: list[Node]) -> Node:
        """Read dX, the direction in X, where one is known."""
        inner = tree.args[0]
        name = f"d{inner.value}" if inner.op in ("name", "sub") else ""
        if name not in self.scope.declared:
            raise self.scope.error(f"{SAID['differential']} is not read here", tree.start)
        return self._name(Tree("name", [], tree.start, tree.end, name), [])

    def _negative(self, tree: Tree, args: list[Node]) -> Node:
        return self.node("neg", args, args[0].shape, tree.start)

    def _transposed(self, tree: Tree, args: list[Node]) -> Node:
        x = args[0]
        if "note" in tree.extra:
            self.scope.note(tree.start, tree.extra["note"])
        if x.op == "number" and x.value == 1:
            self.scope.note(x.position, "1 is read as a column of ones here")
            x = self.node("vector", [], (Unknown(), 1), x.position)
        if is_scalar(x.shape) and self.by_letter(x):
            if self.scope.strict and x.op == "name":
                raise self.scope.misfit(
                    f"{x.value} is a number, and numbers are not transposed", x.position, x
                )
            self.scope.cost += POOR  # people do not transpose numbers
        return self.node("'", [x], x.shape[::-1], x.position)
