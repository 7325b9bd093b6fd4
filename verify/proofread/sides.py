"""The sides of lines as trees in which derivatives, moments and members of families are names."""

from __future__ import annotations

from dataclasses import replace

from derive.language.tree import Tree
from verify.proofread.families import Families, FamilyError
from verify.proofread.lines import Lines, Side
from verify.proofread.relations import Roles
from verify.proofread.symbols import Rewriter, UnreadError


class Sides:
    """Reads the sides of all lines; `trees` are those that were read, `errors` why others were not."""

    def __init__(self, lines: Lines, rewriter: Rewriter, families: Families) -> None:
        self.lines, self.rewriter, self.families = lines, rewriter, families
        self.roles = Roles()
        self.trees: dict[int, Tree | None] = {}
        self.errors: dict[int, str] = {}
        self.rows: dict[
            int, str
        ] = {}  # sides that are vectors with a free index, of which they are the matrix

    def _vector_lines(self) -> None:
        """Find the lines whose first side is a derivative by a member, which speak of all rows at once."""
        if not self.families:
            return
        index = ""
        for line in self.lines.lines:
            first = line.sides[0].tree
            if not line.goes_on:
                index = ""
                if first is not None and (k := self.families.free_row(first)) and len(line.sides) > 1:
                    try:
                        for side in line.sides:
                            if side.tree is not None:
                                self.families.rows(side.tree, k)
                        index = k
                    except FamilyError:
                        pass
            if index:
                self.rows |= {id(side): index for side in line.sides}

    def _bodies(self) -> None:
        """Rewrite the bodies of functions first, so that they can stand for f at another argument; twice, for f in g's."""
        for last in (False, True):
            for line in self.lines.lines:
                if (
                    len(line.sides) < 2
                    or line.sides[1].relation not in ("=", ":=")
                    or line.sides[0].tree is None
                ):
                    continue
                name, side = _head(line.sides[0].tree), line.sides[1]
                if name in self.lines.functions and name not in self.rewriter.bodies:
                    tree = self._tree(side)
                    if tree is not None:
                        self.rewriter.bodies[name] = tree
                    elif not last:
                        self.trees.pop(id(side), None)
                        self.errors.pop(id(side), None)

    def _tree(self, side: Side | None) -> Tree | None:
        if side is None:
            return None
        if id(side) not in self.trees:
            self.trees[id(side)] = None
            if side.tree is None:
                self.errors[id(side)] = side.error or "not a formula"
            else:
                try:
                    row = self.rows.get(id(side))
                    read = self.families.rows(side.tree, row) if row else self.families.read(side.tree)
                    self.trees[id(side)] = self.rewriter.rewrite(read)
                    self._weights()
                except (UnreadError, FamilyError) as reason:
                    self.errors[id(side)] = str(reason)
        return self.trees[id(side)]

    def _weights(self) -> None:
        """Take the columns that got names as definitions: factors of sums over families, formulas of entries."""
        for name, (body, indices) in self.families.weights.items():
            if name not in self.roles.definitions:
                tree = self.rewriter.rewrite(body)
                self.roles.definitions[name] = tree
                self.roles.over[id(tree)] = indices
        for name, (body, index, _) in self.rewriter.parts.items():
            if name not in self.roles.definitions:
                self.roles.definitions[name] = tree = replace(body)
                self.roles.over[id(tree)] = (index,)


def _head(tree: Tree) -> str:
    if tree.op == "call":
        return str(tree.value)
    if tree.op == "apply":
        return str(tree.args[0].value)
    if tree.op == "expect":
        return "E"
    return str(tree.value) if tree.op in ("name", "sub") else ""
