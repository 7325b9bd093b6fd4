"""Vectors under an index, w'*x[i] and norm2(X[i, :] - X[j, :]), written out as sums over their components.

x[i] in the place of a column is row i of a matrix X. An inner product is a sum over a further index, a squared norm the
inner product with itself; where two rows are subtracted, products are multiplied out, so that no piece depends on more
than two indices: Σ_k (X_ik - X_jk)² has the matrices X.^2 and X*X'.
"""

from __future__ import annotations

from collections.abc import Container
from itertools import count

from derive.language.ranges import shifted
from derive.language.reading import BY_LETTER, POOR, Reading
from derive.language.scope import Misfit, Node
from derive.language.shapes import SCALAR, find, is_scalar
from derive.language.tree import Tree
from derive.operations import by_name

#: The most pieces of a text in which vectors are written out.
MAX_PIECES = 400
_PRODUCTS = frozenset({"", "*", "@"})
_NORMS = {"norm2": 2, "norm1": 1}


class Components:
    """Writes the vectors of one piece out; `rows` are the matrices whose rows names with one index are."""

    def __init__(self, reader: Reading, tree: Tree) -> None:
        self.reader, self.scope = reader, reader.scope
        self.rows: dict[str, str] = {}
        self.numbers: set[int] = set()  # products u_i v_j' where a number is due
        self.fresh = (f"{c}{n or ''}" for n in count() for c in ("_k", "_l"))
        self._vectors: dict[int, bool] = {}
        self._kinds: dict[int, str] = {}
        names = {*tree.names(), *self.scope.declared, *self.scope.used}
        for piece in tree.walk():
            self._find(piece, names)

    # ------------------------------------------------------------------------------------ families

    def _find(self, tree: Tree, names: set[str]) -> None:
        """Take down the names that stand with one index where a column is due."""
        within: list[Tree] = []
        if tree.op == "sum" and tree.extra.get(
            "vector"
        ):  # Σ_i w_i x_i is a vector where its last factors are
            within = [t.args[-1] if t.op == "*" else t for t in _summands(tree.args[0])]
        if tree.op in ("'", "norm") or (tree.op == "call" and tree.value in _NORMS):
            within = list(tree.args)
        elif tree.op == "*":
            for left, sign, right in zip(tree.args, tree.value, tree.args[1:], strict=False):
                if sign in _PRODUCTS and self._is_row_or_matrix(left):
                    within.append(right)
        while within:
            a = within.pop()
            if a.op == "apply" and (row := _feature(a)) is not None:
                self.scope.note(
                    a.start, f"{a.args[0].value}({a.args[1].value}) is read as a row of a matrix of features"
                )
                a.op, a.args, a.value = row.op, row.args, row.value
            if a.op in ("+", "neg") or (a.bracketed and a.op in ("*",)):
                within += a.args
            elif (
                a.op in ("index", "sub")
                and len(a.args) == 2
                and shifted(a.args[1]) is not None
                and a.args[0].op == "name"
            ):
                base = a.args[0].value
                if a.value in self.scope.declared or base in self.rows or not self._may_be_rows(base):
                    continue
                self._family(base, names)
                index = shifted(a.args[1])[0]  # type: ignore[index]
                self.scope.note(
                    a.start, f"{base}_{index} is read as a column, row {index} of {self.rows[base]}"
                )

    def _family(self, base: str, names: Container[str]) -> None:
        """Take a name as that of the rows of a matrix: x_i is row i of X."""
        upper = base.upper()
        free = upper not in names or self._kind_of(upper) == "matrix"
        other = upper if len(base) == 1 and free else base
        self.rows[base] = base if base in self.scope.declared else other
        self.scope.families[base] = self.rows[base]

    def _may_be_rows(self, base: str) -> bool:
        shape = self.scope.declared.get(base)
        return shape is None or not (is_scalar(shape) or shape[1] == 1)

    def _is_row_or_matrix(self, tree: Tree) -> bool:
        if tree.op == "'":
            inner = tree.args[0]
            return not (inner.op == "index" and len(inner.args) == 3 and inner.args[2].op == "slice")
        if tree.op == "neg":
            return self._is_row_or_matrix(tree.args[0])
        if tree.op == "name":
            return self._kind_of(tree.value) == "matrix"
        return tree.op == "index" and any(a.op == "slice" for a in tree.args)

    # ------------------------------------------------------------------------------------ kinds

    def _kind_of(self, name: str) -> str:
        if name in self.scope.sizes or name in ("pi",):
            return "scalar"
        shape = self.scope.declared.get(name)
        if shape is None and name in self.scope.defined:
            shape = self.scope.defined[name].shape
        if shape is None:
            kind = self.scope.kind_of(name)
            return "column" if kind == "vector" else kind
        if is_scalar(shape):
            return "scalar"
        return "column" if shape[1] == 1 else "row" if shape[0] == 1 else "matrix"

    def vector(self, tree: Tree) -> bool:
        """Tell whether a piece holds a vector under an index."""
        for piece in tree.walk():
            if id(piece) not in self._vectors:
                self._vectors[id(piece)] = self._is_row(piece) or any(
                    self._vectors.get(id(a)) for a in piece.args
                )
        return self._vectors[id(tree)]

    def _is_row(self, tree: Tree) -> bool:
        if tree.op == "index":
            slices = [a.op == "slice" for a in tree.args[1:]]
            whole = all(x.op == "empty" for a in tree.args[1:] if a.op == "slice" for x in a.args)
            if len(slices) == 2 and sum(slices) == 1 and whole:
                return True
        base = tree.args[0] if tree.args else tree
        return (
            tree.op in ("index", "sub")
            and len(tree.args) == 2
            and base.op == "name"
            and base.value in self.rows
        )

    def _is_outer(self, tree: Tree) -> bool:
        """Tell whether a piece is a product of a column under an index and a row."""
        if tree.op == "neg":
            return self._is_outer(tree.args[0])
        if tree.op != "*" or tree.args[-1].op != "'" or not self._is_row(tree.args[-1].args[0]):
            return False
        return self._is_row(tree.args[0]) or self._may_be_row(tree.args[-2])

    def _may_be_row(self, tree: Tree) -> bool:
        """Tell whether a piece is a name with one index, so that it may be a row under it."""
        return (
            tree.op in ("index", "sub")
            and len(tree.args) == 2
            and [a.op for a in tree.args] == ["name", "name"]
            and self._may_be_rows(tree.args[0].value)
        )

    def _by_letter(self, tree: Tree) -> bool:
        names = self.scope.declared.keys() | self.scope.sizes | self.scope.defined.keys()
        return tree.op == "name" and tree.value not in names and not self.scope.closed

    def kind(self, tree: Tree) -> str:
        """Return whether a piece is a scalar, a row, a column or a matrix."""
        if id(tree) not in self._kinds:
            self._kinds[id(tree)] = self._kind(tree)
        return self._kinds[id(tree)]

    def _kind(self, tree: Tree) -> str:
        if self._is_row(tree):
            return "row" if len(tree.args) == 3 and tree.args[2].op == "slice" else "column"
        if tree.op in ("name", "sub") and len(tree.args) == 0:
            return self._kind_of(tree.value)
        if tree.op == "'":
            kind = self.kind(tree.args[0])
            if kind == "scalar" and self._by_letter(tree.args[0]):
                self.scope.cost += POOR
            return {"row": "column", "column": "row"}.get(kind, kind)
        if tree.op in ("neg", "+", ".^") or (tree.op == "call" and _entrywise(tree.value)):
            kinds = [self.kind(a) for a in tree.args]
            if tree.op == "+" and {*kinds} in ({"scalar", "matrix"}, {"scalar", "row"}) and all(
                k == "scalar" or self._is_outer(a) for k, a in zip(kinds, tree.args, strict=True)
            ):  # fmt: skip
                self.numbers |= {
                    id(a.args[0] if a.op == "neg" else a)
                    for k, a in zip(kinds, tree.args, strict=True)
                    if k != "scalar"
                }
                return "scalar"
            if tree.op == "+" and len({*kinds}) > 1:
                self.scope.cost += sum(
                    BY_LETTER
                    for k, a in zip(kinds, tree.args, strict=True)
                    if k == "scalar" and self._by_letter(a)
                )
            return next((k for k in kinds if k != "scalar"), "scalar")
        if tree.op == "*":
            kind = "scalar"
            for sign, a in zip(["*", *tree.value], tree.args, strict=True):
                other = self.kind(a)
                if kind == "scalar" or other == "scalar" or sign not in _PRODUCTS:
                    kind = other if kind == "scalar" else kind
                elif (kind, other) == ("row", "column"):
                    kind = "scalar"
                elif kind in ("column", "matrix"):
                    kind = "column" if other == "column" else "matrix"
            return kind
        if tree.op in ("call", "^", "rows", "index") and not any(
            p.op in ("sub", "sum") or _indices(p) for p in tree.walk()
        ):
            shape = self.reader.read(tree).shape
            rows, columns = (find(d) == 1 for d in shape)
            return "scalar" if rows and columns else "row" if rows else "column" if columns else "matrix"
        return "scalar"

    # ------------------------------------------------------------------------------------ rewriting

    def scalar(self, tree: Tree) -> Tree:
        """Return a number with its vectors written out."""
        if not self.vector(tree):
            return tree
        if tree.op in ("^", ".^") and tree.args[1].op == "number" and tree.args[1].value == 2:
            v = self._under_norm(tree.args[0])
            if v is not None:
                return self._inner(v, [], v, tree)
        v = self._under_norm(tree)
        if v is not None:
            return _call("sqrt", self._inner(v, [], v, tree))
        if tree.op == "call" and tree.value in ("norm1", "sum") and self.kind(tree.args[0]) != "scalar":
            k = next(self.fresh)
            part = self.component(tree.args[0], k)
            return _sum(_call("abs", part) if tree.value == "norm1" else part, k)
        if tree.op == "call" and tree.value == "dot" and len(tree.args) == 2:
            return self._inner(tree.args[0], [], tree.args[1], tree)
        if tree.op == "*":
            return self._product(tree)
        if tree.op == "+":
            self.kind(tree)  # finds products of rows among numbers
        return _like(tree, [self.scalar(a) if a.op != "slice" else a for a in tree.args])

    def _under_norm(self, tree: Tree) -> Tree | None:
        euclidean = (tree.op == "norm" and tree.value in ("", "2")) or (
            tree.op == "call" and tree.value == "norm2"
        )
        return (
            tree.args[0] if euclidean and self.vector(tree) and self.kind(tree.args[0]) != "scalar" else None
        )

    def _product(self, tree: Tree) -> Tree:
        """Return a product, each row times ... times column in it as a sum."""
        factors: list[Tree] = []
        signs: list[str] = []
        run: list[Tree] = []
        for sign, a in zip(["*", *tree.value], tree.args, strict=True):
            kind = self.kind(a)
            if kind == "row" and a is tree.args[-1] and not run and id(tree) in self.numbers and factors:
                self._family(tree.args[-2].args[0].value, tree.names())  # u_i v_j' of rows
                factors.pop()
                signs.pop()
                run = [tree.args[-2], a]
            elif kind == "scalar":
                factors.append(self.scalar(a))
                signs.append(sign)
            else:
                run.append(a)
                if kind == "column" and self.kind(run[0]) == "row":
                    factors.append(self._inner(run[0], run[1:-1], run[-1], tree))
                    signs.append("*")
                    run = []
        if run and id(tree) in self.numbers and self._is_inner_of_rows(run):
            factors.append(self._inner(run[0], run[1:-1], run[-1], tree))
            signs.append("*")
        elif run:
            raise self._misfit("this is a vector or a matrix for every index: a number is due", tree)
        return Tree("*", factors, tree.start, tree.end, signs[1:])

    def _is_inner_of_rows(self, run: list[Tree]) -> bool:
        """Tell whether a product is u_i v_j' where a number is due, u_i and v_j being rows."""
        ends = [a.args[0] if a.op == "'" else a for a in (run[0], run[-1])]
        if len(run) < 2 or run[-1].op != "'" or run[0].op == "'" or not all(map(self._is_row, ends)):
            return False
        said = " and ".join(
            dict.fromkeys(f"{a.args[0].value}_{a.args[1].value}" for a in ends if len(a.args) == 2)
        )
        self.scope.note(run[0].start, f"{said} are read as rows, since a number is due")
        return True

    def _misfit(self, message: str, tree: Tree) -> Misfit:
        """Return the error for vectors where numbers are due, which names read otherwise may mend."""
        nodes = [
            Node("name", [], SCALAR, tree.start, n)
            for n in dict.fromkeys(p.value for p in tree.walk() if p.op == "name")
        ]
        return self.scope.misfit(message, tree.start, *nodes)

    def _inner(self, left: Tree, between: list[Tree], right: Tree, tree: Tree) -> Tree:
        """Return left'·between·right as sums over components, multiplied out where both are sums of rows of several indices."""
        names = {n for x in (left, right) for p in x.walk() if self._is_row(p) for n in _indices(p)}
        lefts, rights = ([("+", x)] for x in (left, right))
        if len(names) > 1:
            lefts, rights = self._terms(left), self._terms(right)
        terms, signs = [], []
        for one, a in lefts:
            for two, b in rights:
                k = next(self.fresh)
                parts, ks = [self.component(a, k)], [k]
                for m in between:
                    ks.append(next(self.fresh))
                    parts.append(_entry(m, ks[-2], ks[-1]))
                parts.append(self.component(b, ks[-1]))
                terms.append(_sum(Tree("*", parts, tree.start, tree.end, ["*"] * (len(parts) - 1)), *ks))
                signs.append("+" if one == two else "-")
        return terms[0] if len(terms) == 1 else Tree("+", terms, tree.start, tree.end, signs)

    def _terms(self, tree: Tree) -> list[tuple[str, Tree]]:
        if tree.op == "'":
            return self._terms(tree.args[0])
        if tree.op == "neg":
            return [("-" if s == "+" else "+", a) for s, a in self._terms(tree.args[0])]
        if tree.op == "+":
            return [
                (sign if s == "+" else "-" if sign == "+" else "+", b)
                for sign, a in zip(tree.value, tree.args, strict=True)
                for s, b in self._terms(a)
            ]
        return [("+", tree)]

    def component(self, tree: Tree, k: str) -> Tree:
        """Return component k of a row or a column."""
        if self._is_row(tree):
            base, *places = tree.args
            index = Tree("name", [], tree.start, tree.end, k)
            if len(places) == 1:
                name = Tree("name", [], base.start, base.end, self.rows[base.value])
                return Tree("index", [name, places[0], index], tree.start, tree.end)
            return Tree(
                "index", [base, *[index if p.op == "slice" else p for p in places]], tree.start, tree.end
            )
        kind = self.kind(tree)
        if kind == "scalar":
            return self.scalar(tree)
        if not self.vector(tree):
            return _entry(tree, k)
        if tree.op in ("'", "neg", "+", ".^") or (tree.op == "call" and _entrywise(tree.value)):
            made = [self.component(a, k) for a in tree.args]
            return made[0] if tree.op == "'" else _like(tree, made)
        if tree.op == "*":
            if set(tree.value) - _PRODUCTS - {"/"}:
                return _like(tree, [self.component(a, k) for a in tree.args])
            return self._of_product(tree, k, kind)
        raise self.scope.error("this vector under an index is not read", tree.start)

    def entry(self, tree: Tree, k: str, l: str) -> Tree:
        """Return entry (k, l) of a matrix."""
        kind = self.kind(tree)
        if kind == "scalar":
            return self.scalar(tree)
        if tree.op in ("'",):
            return self.entry(tree.args[0], l, k)
        if tree.op in ("neg", "+", ".^") or (tree.op == "call" and _entrywise(tree.value)):
            return _like(tree, [self.entry(a, k, l) for a in tree.args])
        if tree.op in ("sum", "prod"):
            return _like(tree, [self.entry(tree.args[0], k, l), *tree.args[1:]])
        if not self.vector(tree) and tree.op != "*":
            return _entry(tree, k, l)
        if tree.op != "*" or set(tree.value) - _PRODUCTS - {"/"}:
            raise self.scope.error("this matrix under an index is not read", tree.start)
        parts = [(s, a) for s, a in zip(["*", *tree.value], tree.args, strict=True)]
        made, signs, left = [], [], k
        chain = [a for _, a in parts if self.kind(a) != "scalar"]
        inner: list[str] = []
        for place, a in enumerate(chain):
            last, kind = place == len(chain) - 1, self.kind(a)
            if kind == "column":
                made.append(self.component(a, left))
                left = l
            elif kind == "row":
                made.append(self.component(a, l if last else inner[-1]))
            else:
                inner.append(next(self.fresh))
                made.append(self.entry(a, left, l if last else inner[-1]))
                left = inner[-1]
        signs = ["*"] * (len(made) - 1)
        product = Tree("*", made, tree.start, tree.end, signs) if len(made) > 1 else made[0]
        used = {a.value for p in product.walk() if p.op == "index" for a in p.args[1:]}
        product = (
            _sum(product, *[i for i in inner if i in used]) if any(i in used for i in inner) else product
        )
        rest = [(s, self.scalar(a)) for s, a in parts if self.kind(a) == "scalar"]
        if not rest:
            return product
        return Tree(
            "*",
            [product, *[a for _, a in rest]],
            tree.start,
            tree.end,
            [s if s == "/" else "*" for s, _ in rest],
        )

    def _of_product(self, tree: Tree, k: str, kind: str) -> Tree:
        parts = [a for a in tree.args if self.kind(a) != "scalar"]
        rest = [
            (s, a) for s, a in zip(["*", *tree.value], tree.args, strict=True) if self.kind(a) == "scalar"
        ]
        chain = parts[::-1] if kind == "row" else parts
        ks = [k, *[next(self.fresh) for _ in chain[1:]]]
        made = [
            _entry(m, *((i, j) if kind == "column" else (j, i)))
            for m, i, j in zip(chain[:-1], ks, ks[1:], strict=False)
        ]
        made.append(self.component(chain[-1], ks[-1]))
        product = Tree("*", made, tree.start, tree.end, ["*"] * (len(made) - 1))
        whole = product if len(made) > 1 else made[0]
        whole = _sum(whole, *ks[1:]) if len(ks) > 1 else whole
        if not rest:
            return whole
        return Tree(
            "*", [whole, *[self.scalar(a) for _, a in rest]], tree.start, tree.end, [s for s, _ in rest]
        )


def _feature(tree: Tree) -> Tree | None:
    """Return phi(x_n), the features of a sample, as phi_n; None for another application."""
    head, *args = tree.args
    if head.op != "name" or head.value not in ("phi", "psi") or len(args) != 1 or args[0].op != "sub":
        return None
    indices = args[0].args[1:]
    if len(indices) != 1 or indices[0].op != "name":
        return None
    name = Tree("name", [], head.start, head.end, str(head.value).capitalize())
    return Tree("sub", [name, indices[0]], tree.start, tree.end, f"{name.value}_{indices[0].value}")


def of_vectors(reader: Reading, tree: Tree) -> tuple[Tree, tuple[str, ...]]:
    """Return a sum of vectors or matrices under an index as that of their entries, with the indices of these.

    Σ_i w_i x_i has the entries Σ_i w_i X_ik over k, Σ_i x_i x_i' the entries Σ_i X_ik X_il over k and l; a sum of numbers
    is returned with no indices.
    """
    components = Components(reader, tree)
    body = tree.args[0]
    if tree.op != "sum" or not components.vector(tree) or (kind := components.kind(body)) == "scalar":
        return tree, ()
    k = next(components.fresh)
    if kind == "column":
        return _sum_like(tree, components.component(body, k)), (k,)
    if kind == "row":
        raise components._misfit("this is a row for every index: a column or a number is due", tree)
    m = next(components.fresh)
    return _sum_like(tree, components.entry(body, k, m)), (k, m)


def _sum_like(tree: Tree, body: Tree) -> Tree:
    return Tree("sum", [body, *tree.args[1:]], tree.start, tree.end, tree.value)


def _summands(tree: Tree) -> list[Tree]:
    if tree.op == "neg":
        return _summands(tree.args[0])
    return [t for a in tree.args for t in _summands(a)] if tree.op == "+" else [tree]


def written_out(reader: Reading, tree: Tree) -> Tree:
    """Return a piece under indices with its vectors written out as sums over components."""
    components = Components(reader, tree)
    if not components.vector(tree):
        return tree
    if sum(1 for _ in tree.walk()) > MAX_PIECES:
        raise reader.scope.error(
            "a sum over vectors under an index is read up to a length: name parts of it", tree.start
        )
    return components.scalar(tree)


def _indices(tree: Tree) -> list[str]:
    return [a.value for a in tree.args[1:] if a.op == "name"] if tree.op in ("index", "sub") else []


def _entrywise(word: str) -> bool:
    entry = by_name(f"{word} 2") or by_name(word)
    return entry is not None and (entry.entrywise or entry.spreads)


def _entry(tree: Tree, *indices: str) -> Tree:
    if tree.op == "'":
        return _entry(tree.args[0], *indices[::-1])
    return Tree(
        "index", [tree, *[Tree("name", [], tree.start, tree.end, k) for k in indices]], tree.start, tree.end
    )


def _sum(body: Tree, *indices: str) -> Tree:
    names = [Tree("name", [], body.start, body.end, k) for k in indices]
    return Tree("sum", [body, *names], body.start, body.end, {"relations": [], "bounds": {}})


def _call(word: str, x: Tree) -> Tree:
    return Tree("call", [x], x.start, x.end, word)


def _like(tree: Tree, args: list[Tree]) -> Tree:
    return Tree(tree.op, args, tree.start, tree.end, tree.value, tree.bracketed, tree.bold, dict(tree.extra))
