r"""Families of vectors, x_1, ..., x_n: read as the rows of one matrix.

A member x_i becomes X[i, :]', a scalar sum over i stays a sum, and a sum of vectors or matrices over i becomes products of
matrices: Σ_i s_i x_i is X'·s, Σ_i s_i x_i y_i' is X'·diag(s)·Y, where the column s has a name of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sympy import S

from derive.language.names import kind_of
from derive.language.shapes import Shape
from derive.language.tree import Tree
from verify.proofread.trees import (
    INDICES,
    again,
    bare,
    by_two,
    capital,
    factors_of,
    inverse_of,
    ones_column,
    product_of,
    renamed,
    transposed,
)

#: How the columns of factors are named.
WEIGHTS = "weights"
Kind = str | None


class FamilyError(Exception):
    """A formula with members of a family that is not read; the message names it."""


@dataclass
class Families:
    """The families of a document by name, each with the tree of the matrix whose rows its members are.

    `two` are the small letters with two indices, `capitals` those of them that a capital stands for: y_ij of Y.
    """

    matrices: dict[str, Tree] = field(default_factory=dict)
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    weights: dict[str, tuple[Tree, tuple[str, ...]]] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)
    indices: frozenset[str] = INDICES
    capitals: set[str] = field(default_factory=set)
    two: set[str] = field(default_factory=set)
    _by_text: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.matrices)

    # ---------------------------------------------------------------------------------------- reading

    def read(self, tree: Tree) -> Tree:
        """Return a tree without members. Raises FamilyError for a sum that is not read."""
        if self.capitals and (given := {n for p in tree.walk() if (n := by_two(p)) in self.capitals}):
            tree = capital(tree, given)
        if not self.matrices or not self._members(tree):
            return tree
        if tree.op == "sum":
            indices = [str(a.value) for a in tree.args[1:]]
            if self._members(tree.args[0], indices) and self.kind(tree.args[0], indices) != "s":
                if len(indices) != 1:
                    raise FamilyError("a sum of vectors over several indices")
                return replace(self._collected(tree.args[0], indices[0]), bracketed=True)
        if tree.op == "sub" and self._is_member(tree):
            return self._row(tree)
        if tree.op in ("derivative", "gradient") and len(tree.args) == 2 and self._is_member(tree.args[1]):
            return self._by_member(tree)
        return replace(tree, args=[self.read(a) for a in tree.args], extra=dict(tree.extra))

    def find_columns(self, trees: Iterable[Tree]) -> None:
        """Take down the names that are columns by their use beside members: μ of x_i - μ, θ of θ'x_i and x_i'θ."""
        for piece in (p for tree in trees for p in tree.walk()):
            if piece.op == "+" and any(self._is_member(bare(a)) for a in piece.args):
                self.columns |= {str(bare(a).value) for a in piece.args if bare(a).op == "name"}
            if piece.op == "*":
                for left, right in zip(piece.args, piece.args[1:], strict=False):
                    if left.op == "'" and self._is_member(left.args[0]) and right.op == "name":
                        self.columns |= {str(right.value)} if kind_of(str(right.value)) == "scalar" else set()
                    if left.op == "'" and left.args[0].op == "name" and self._is_member(right):
                        self.columns.add(str(left.args[0].value))

    def _is_member(self, tree: Tree, indices: Collection[str] | None = None) -> bool:
        return (
            tree.op == "sub" and len(tree.args) == 2 and tree.args[0].value in self.matrices
            and tree.args[1].op == "name" and tree.args[1].value in self.indices
            and (indices is None or tree.args[1].value in indices)
        )  # fmt: skip

    def _members(self, tree: Tree, indices: Collection[str] | None = None) -> bool:
        return any(self._is_member(piece, indices) for piece in tree.walk())

    def _depends(self, tree: Tree, index: str) -> bool:
        return any(
            p.op == "sub" and any(a.value == index for a in p.args[1:] if a.op == "name") for p in tree.walk()
        )

    def _row(self, tree: Tree) -> Tree:
        """Return a member as the transpose of a row of its matrix."""
        matrix = self.matrices[str(tree.args[0].value)]
        whole = Tree("slice", [Tree("empty", [], 0, 0), Tree("empty", [], 0, 0)], tree.start, tree.end)
        if matrix.op == "'":
            return Tree("index", [matrix.args[0], whole, tree.args[1]], tree.start, tree.end)
        return transposed(Tree("index", [matrix, tree.args[1], whole], tree.start, tree.end))

    def _by_member(self, tree: Tree) -> Tree:
        """Return a derivative by a member as a row of that by the matrix, as a column."""
        what, member = tree.args
        matrix = self.matrices[str(member.args[0].value)]
        whole = replace(
            tree,
            args=[self.read(what), matrix.args[0] if matrix.op == "'" else matrix],
            extra=dict(tree.extra),
        )
        row = self._row(replace(member, args=[Tree("name", [], 0, 0, member.args[0].value), member.args[1]]))
        index = row.args[0] if row.op == "'" else row
        picked = replace(index, args=[whole, *index.args[1:]])
        return transposed(picked) if row.op == "'" else picked

    # ------------------------------------------------------------------------------------------ kinds

    def kind(self, tree: Tree, indices: Collection[str]) -> Kind:
        """Return s, c, r or m: a number, a column, a row, a matrix; None where that is not known."""
        op = tree.op
        if op == "sub":
            if self._is_member(tree):
                return "c"
            if any(a.op == "name" and (a.value in indices or str(a.value) in INDICES) for a in tree.args[1:]):
                return "s"
            return self._named(str(tree.value), tree)
        if op == "name":
            return self._named(str(tree.value), tree)
        if op == "'":
            inner = self.kind(tree.args[0], indices)
            return {"c": "r", "r": "c", "s": "r"}.get(str(inner), inner)
        if op in ("number", "norm", "bars") or (
            op == "call" and tree.value in ("tr", "det", "logdet", "norm2", "norm1", "sum")
        ):
            return "s"
        if op == "call" and tree.value in ("inv", "diag", "eye"):
            return "m"
        if op == "+":
            kinds = [self.kind(a, indices) for a in tree.args]
            return next((k for k in kinds if k != "s"), "s")
        if op in ("neg", "call", "apply", "sum", "prod", "^", ".^"):
            return self.kind(tree.args[1] if op == "apply" else tree.args[0], indices)
        if op == "*":
            return self._product(tree, indices)
        return "s"

    def _named(self, name: str, tree: Tree) -> Kind:
        if name in self.shapes:
            rows, columns = self.shapes[name]
            return "s" if (rows, columns) == (1, 1) else "c" if columns == 1 else "m"
        if name in self.columns:
            return "c"
        if tree.bold:
            return "m" if name[:1].isupper() and name[1:2].islower() is False else "c"
        return {"scalar": "s", "vector": "c", "matrix": "m"}[kind_of(name)]

    def _product(self, tree: Tree, indices: Collection[str]) -> Kind:
        now: Kind = "s"
        for k, factor in enumerate(tree.args):
            if k and tree.value[k - 1] in ("/", "./"):
                continue
            other = self.kind(factor, indices)
            if now == "r" and other == "s" and factor.op == "name":
                other = "c"  # x_i' β: a Greek letter beside a row is a column
            now = _times(now, other)
        return now

    # ------------------------------------------------------------------------------------------- sums

    def _collected(self, body: Tree, index: str) -> Tree:
        """Return a sum of columns or matrices over an index as products of matrices."""
        if body.op == "+" and not all(self._depends(a, index) for a in body.args):
            return product_of([transposed(replace(self._rows(body, index), bracketed=True)), ones_column()])
        if body.op == "+":
            return Tree(
                "+",
                [self._collected(a, index) for a in body.args],
                body.start,
                body.end,
                list(body.value),
                True,
            )
        if body.op == "neg":
            return Tree("neg", [self._collected(body.args[0], index)], body.start, body.end)
        before, column, row, scalars, behind = self._parted(body, index)
        fixed = [s for s in scalars if not self._depends(s, index)]
        moving = [s for s in scalars if self._depends(s, index)]
        u = self._rows(column, index)
        if row is not None:
            middle = [Tree("call", [self._column(moving, index)], 0, 0, "diag")] if moving else []
            parts = [transposed(u), *middle, self._rows(transposed(row), index)]
        else:
            parts = [transposed(u), self._column(moving, index) if moving else ones_column()]
        return product_of([*fixed, *before, *parts, *behind])

    def _parted(self, body: Tree, index: str) -> tuple[list[Tree], Tree, Tree | None, list[Tree], list[Tree]]:
        """Return the factors of a term: matrices before, the column, the row, the numbers, what stands behind."""
        factors = factors_of(body)
        before: list[Tree] = []
        scalars: list[Tree] = []
        behind: list[Tree] = []
        column: Tree | None = None
        row: Tree | None = None
        k = 0
        while k < len(factors):
            factor, divides = factors[k]
            kind = "s" if divides else self.kind(factor, [index])
            if kind == "s":
                scalars.append(inverse_of(factor) if divides else factor)
            elif kind == "r" and column is None:
                run = [factor]
                while k + 1 < len(factors) and self.kind(product_of(run), [index]) != "s":
                    k += 1
                    run.append(factors[k][0])
                scalars.append(product_of(run))
            elif kind == "c" and column is None:
                column = factor
            elif kind == "r" and row is None and self._depends(factor, index):
                row = factor
            elif self._depends(factor, index):
                raise FamilyError("a sum over vectors of this kind")
            elif column is None:
                before.append(factor)
            else:
                behind.append(factor)
            k += 1
        if column is None or not self._depends(column, index):
            raise FamilyError("a sum over vectors of this kind")
        return before, column, row, scalars, behind

    def _rows(self, tree: Tree, index: str) -> Tree:
        """Return the matrix whose rows are a column that depends on an index."""
        if tree.op == "'" and tree.args[0].op == "'":
            return self._rows(tree.args[0].args[0], index)
        if not self._depends(tree, index):
            return product_of([ones_column(), transposed(tree)])
        if self._is_member(tree):
            return self.matrices[str(tree.args[0].value)]
        if tree.op == "+":
            return Tree("+", [self._rows(a, index) for a in tree.args], 0, 0, list(tree.value), True)
        if tree.op == "sum" and len(tree.args) == 2 and tree.args[1].op == "name":
            return self._rows_of_sum(tree.args[0], str(tree.args[1].value), index)
        if tree.op == "neg":
            return Tree("neg", [self._rows(tree.args[0], index)], 0, 0)
        if tree.op == "'" and tree.args[0].op == "*":  # (x_i' A)'
            first, *rest = tree.args[0].args
            if self.kind(first, [index]) == "r" and not any(self._depends(a, index) for a in rest):
                return product_of([self._rows(transposed(first), index), *rest])
        if tree.op == "*":
            before, column, row, scalars, behind = self._parted(tree, index)
            if row is None and not behind:
                moving = [s for s in scalars if self._depends(s, index)]
                fixed = [s for s in scalars if not self._depends(s, index)]
                made = [Tree("call", [self._column(moving, index)], 0, 0, "diag")] if moving else []
                return product_of(
                    [*fixed, *made, self._rows(column, index), *(transposed(m) for m in reversed(before))]
                )
        raise FamilyError("a sum over vectors of this kind")

    def _column(self, scalars: list[Tree], index: str) -> Tree:
        """Return the name of the column whose entries are a product of numbers that depend on an index."""
        body = self.read(renamed(product_of(scalars), index))
        name = self._by_text.setdefault(body.show(), f"{WEIGHTS}{len(self._by_text) + 1}")
        self.weights.setdefault(name, (body, ("i",)))
        return Tree("name", [], 0, 0, name)

    def _table(self, scalars: list[Tree], row: str, column: str) -> Tree:
        """Return the name of the matrix whose entries are a product of numbers that depend on two indices."""
        body = self.read(renamed(renamed(renamed(product_of(scalars), column, "_"), row), "_", "j"))
        name = self._by_text.setdefault(
            f"{body.show()}|ij", f"{WEIGHTS.capitalize()}{len(self._by_text) + 1}"
        )
        self.weights.setdefault(name, (body, ("i", "j")))
        return Tree("name", [], 0, 0, name)

    # ------------------------------------------------------------------------------------ vector lines

    def free_row(self, tree: Tree) -> str:
        """Return the index k of a vector ∂L/∂w_k or μ_k, which stands for all rows; nothing where a tree is no such vector."""
        if tree.op in ("derivative", "gradient") and len(tree.args) == 2:
            if entry := self._of_entry(tree):
                return str(entry.args[1].value)
            tree = tree.args[1]
        return str(tree.args[1].value) if self._is_member(tree) else ""

    def _of_entry(self, tree: Tree) -> Tree | None:
        """Return the entry p_i whose derivative by a column a tree is: a vector for each i, a row of the Jacobian."""
        what, by = tree.args
        is_entry = (
            what.op == "sub" and len(what.args) == 2 and what.args[0].op == "name" and what.args[1].op == "name"
            and what.args[1].value in self.indices and not self._is_member(what)
        )  # fmt: skip
        is_column = by.op == "name" and self.kind(by, []) == "c"
        return what if is_entry and is_column else None

    def rows(self, tree: Tree, index: str) -> Tree:
        """Return the matrix whose rows are a vector with a free index. Raises FamilyError."""
        if tree.op == "number":
            return tree
        if tree.op in ("derivative", "gradient") and (entry := self._of_entry(tree)) is not None:
            return replace(tree, args=[entry.args[0], tree.args[1]], extra=dict(tree.extra))
        if tree.op in ("derivative", "gradient"):
            matrix = self.matrices[str(tree.args[1].args[0].value)]
            by = matrix.args[0] if matrix.op == "'" else matrix
            whole = replace(tree, args=[self.read(tree.args[0]), by], extra=dict(tree.extra))
            return transposed(whole) if matrix.op == "'" else whole
        if self.kind(tree, [index]) != "c":
            raise FamilyError("a vector with a free index of this kind")
        return self.read(self._rows(tree, index))

    def _rows_of_sum(self, body: Tree, over: str, index: str) -> Tree:
        """Return the matrix whose rows, by an index, are sums of vectors over another one: Σ_i r_ik x_i is R'X."""
        if body.op == "neg":
            return Tree("neg", [self._rows_of_sum(body.args[0], over, index)], 0, 0)
        if body.op == "+":
            return Tree(
                "+", [self._rows_of_sum(a, over, index) for a in body.args], 0, 0, list(body.value), True
            )
        factors = factors_of(body)
        at = next(
            (
                k
                for k, (f, divides) in enumerate(factors)
                if not divides and self.kind(f, [over, index]) == "c"
            ),
            None,
        )
        if at is None or any(
            self.kind(f, [over, index]) != "s" for k, (f, _) in enumerate(factors) if k != at
        ):
            raise FamilyError("a sum over vectors of this kind")
        column = factors[at][0]
        others = [f for k, f in enumerate(factors) if k != at]
        if column.op in ("+", "neg"):
            parts = [again([*others, (a, False)]) for a in column.args]
            return self._rows_of_sum(Tree(column.op, parts, 0, 0, column.value, True), over, index)
        scalars = [inverse_of(f) if divides else f for f, divides in others]
        if not self._depends(product_of([*scalars, column]), index):
            return product_of([ones_column(), transposed(self._collected(body, over))])
        table = self._table(scalars or [Tree("number", [], 0, 0, S.One)], index, over)
        if self._depends(column, over):
            return product_of([table, self._rows(column, over)])
        sums = Tree("call", [product_of([table, ones_column()])], 0, 0, "diag")
        return product_of([sums, self._rows(column, index)])


def _times(left: Kind, right: Kind) -> Kind:
    if left == "s" or right == "s":
        return right if left == "s" else left
    return {("r", "c"): "s", ("r", "m"): "r", ("m", "c"): "c", ("m", "m"): "m", ("c", "r"): "m"}.get(
        (str(left), str(right))
    )
