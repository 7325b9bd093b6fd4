r"""Which families of vectors a document has: what is transposed, normed or declared by a member, x_i ∈ R^d."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from derive.language.shapes import Shape
from derive.language.tree import Tree
from verify.proofread.document import Document
from verify.proofread.families import Families
from verify.proofread.trees import INDICES, bare, by_two, transposed

_COLUMNS = re.compile(r"\bcolumns?\b", re.IGNORECASE)


def find_families(
    document: Document, trees: Iterable[Tree], shapes: Mapping[str, Shape], defined: Collection[str]
) -> Families:
    """Return the families of a document, by the trees of its sides and the shapes that it declares."""
    trees = list(trees)
    pieces = [p for t in trees for p in t.walk()]
    alone = _alone(pieces)
    used = {n for t in trees for n in t.names()}
    bound = {str(a.value) for p in pieces if p.op in ("sum", "prod") for a in p.args[1:] if a.op == "name"}
    found = Families(shapes=shapes, indices=INDICES | bound)
    found.two = {n for p in pieces if (n := by_two(p))} - alone
    found.capitals = {n for n in found.two if n.upper() in used and len(n) == 1}
    defined = set(defined) - _solved_for(trees)
    prose = " ".join(p.text.characters for p in document.pieces if p.role == "prose")
    for name in sorted(_members(trees, alone) | _declared(pieces, shapes)):
        whole = name[:1].upper() + name[1:]
        if whole in used and whole not in defined and whole != name:
            matrix = Tree("name", [], 0, 0, whole)
            found.matrices[name] = transposed(matrix) if _in_columns(name, whole, shapes, prose) else matrix
        elif name not in defined:
            found.matrices[name] = Tree("name", [], 0, 0, name)
    if found:
        found.find_columns(trees)
    return found


def _alone(pieces: list[Tree]) -> set[str]:
    """Return the names that stand without an index."""
    heads = {id(p.args[0]) for p in pieces if p.op in ("sub", "index")}
    return {str(p.value) for p in pieces if p.op == "name" and id(p) not in heads}


def _members(trees: list[Tree], alone: set[str]) -> set[str]:
    """Return the names whose entries are vectors by their use, and by that of those beside them."""
    names = {str(base) for t in trees for base in _found(t)}
    names |= {name for t in trees for name in _behind_row(t)} - alone
    while more := {n for t in trees for n in _beside(t, names)} - names:
        names |= more
    return names


def _declared(pieces: list[Tree], shapes: Mapping[str, Shape]) -> set[str]:
    """Return the names whose members are declared as columns, x_i ∈ R^d."""
    columns = [name for name, shape in shapes.items() if shape[1] == 1 and shape != (1, 1)]
    found = {hit[1] for name in columns if (hit := re.fullmatch(r"([a-z]\w*?)_(\d|[a-zA-Z])", name))}
    return {name for name in found if any(_is_indexed(p, name) for p in pieces)}


def _in_columns(name: str, whole: str, shapes: Mapping[str, Shape], prose: str) -> bool:
    """Tell whether a matrix has the members as its columns: by its shape, or by what prose says."""
    member = next((shapes[n] for n in shapes if re.fullmatch(rf"{re.escape(name)}_\w", n)), None)
    if whole in shapes and member is not None and member[0] in shapes[whole]:
        return shapes[whole][0] == member[0] and shapes[whole][1] != member[0]
    return _COLUMNS.search(prose) is not None and not re.search(r"\brows?\b", prose, re.IGNORECASE)


def _is_indexed(tree: Tree, name: str) -> bool:
    return (
        tree.op == "sub" and len(tree.args) == 2 and tree.args[0].value == name and tree.args[1].op == "name"
    )


def _found(tree: Tree) -> Iterator[str]:
    for piece in tree.walk():
        if piece.op in ("'", "norm"):
            inner = piece.args[0]
            for term in inner.args if inner.op == "+" else [inner]:
                last = term.args[-1] if term.op == "*" and term.value[-1] not in ("/", "./") else term
                last = last.args[0] if last.op == "neg" else last
                if last.op == "sub" and len(last.args) == 2 and last.args[0].op == "name":
                    base, index = last.args
                    if (
                        index.op == "name"
                        and str(index.value) in INDICES
                        and not str(base.value)[:1].isupper()
                    ):
                        yield str(base.value)


def _behind_row(tree: Tree) -> Iterator[str]:
    """Yield the names of entries that are vectors by the row before them: x of w'x_i."""
    for piece in tree.walk():
        if piece.op == "*" and piece.args[-2].op == "'" and piece.value[-1] not in ("/", "./"):
            if name := _entry_of(piece.args[-1]):
                yield name


def _beside(tree: Tree, names: Collection[str]) -> Iterator[str]:
    """Yield the names of entries that are vectors by the member beside them: x of w_k'x_i, μ of x_i - μ_k."""
    for piece in tree.walk():
        if piece.op == "+":
            terms = [bare(a) for a in piece.args]
            if any(_entry_of(t) in names for t in terms):
                yield from (n for t in terms if (n := _entry_of(t)))
        if piece.op == "*":
            for left, right in zip(piece.args, piece.args[1:], strict=False):
                if left.op == "'" and _entry_of(left.args[0]) in names and (name := _entry_of(right)):
                    yield name


def _entry_of(tree: Tree) -> str:
    """Return the lower-case name of which a tree is an entry by one index, else nothing."""
    if tree.op != "sub" or len(tree.args) != 2 or tree.args[0].op != "name" or tree.args[1].op != "name":
        return ""
    name = str(tree.args[0].value)
    return name if str(tree.args[1].value) in INDICES and not name[:1].isupper() else ""


def _solved_for(trees: list[Tree]) -> set[str]:
    """Return the names of vectors that derivatives are by and that stand in formulas before any line is about them alone."""
    by = {
        str(a.args[0].value) for t in trees for p in t.walk() if p.op in ("derivative", "gradient")
        for a in p.args[1:] if a.op == "sub" and len(a.args) == 2
    }  # fmt: skip
    first = {n: next(t for t in trees if n in t.names()) for n in by}
    return {n for n, t in first.items() if t.op not in ("name", "sub")}
