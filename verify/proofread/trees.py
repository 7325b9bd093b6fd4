"""Trees of products and entries: factors, transposes, indices called by other letters."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sympy import S

from derive.language.tree import Tree

#: Letters that are indices of members.
INDICES = frozenset("ijklmnst")


def bare(tree: Tree) -> Tree:
    """Return a term without its minus."""
    return tree.args[0] if tree.op == "neg" else tree


def factors_of(tree: Tree) -> list[tuple[Tree, bool]]:
    """Return the factors of a product, and whether each divides; unbracketed products inside are opened."""
    if tree.op != "*":
        return [(tree, False)]
    found: list[tuple[Tree, bool]] = []
    for k, factor in enumerate(tree.args):
        divides = k > 0 and tree.value[k - 1] in ("/", "./")
        found += [(factor, True)] if divides else factors_of(factor)
    return found


def product_of(factors: list[Tree]) -> Tree:
    """Return the product of trees, sums and negatives among them in brackets."""
    if len(factors) == 1:
        return factors[0]
    bracketed = [replace(f, bracketed=True) if f.op in ("+", "neg") else f for f in factors]
    return Tree("*", bracketed, 0, 0, ["*"] * (len(factors) - 1), True)


def inverse_of(tree: Tree) -> Tree:
    """Return one over a tree."""
    one = Tree("number", [], 0, 0, S.One)
    return Tree("*", [one, replace(tree, bracketed=True)], 0, 0, ["/"], True)


def transposed(tree: Tree) -> Tree:
    """Return the transpose of a tree."""
    return tree.args[0] if tree.op == "'" else Tree("'", [tree], 0, 0)


def again(factors: list[tuple[Tree, bool]]) -> Tree:
    """Return the product of factors, some of which divide."""
    return product_of([inverse_of(f) if divides else f for f, divides in factors])


def ones_column() -> Tree:
    """Return a column of ones."""
    return Tree("call", [Tree("number", [], 0, 0, S.One)], 0, 0, "vector")


def renamed(tree: Tree, index: str, new: str = "i") -> Tree:
    """Return a tree with an index called by another letter."""
    if index == new:
        return tree
    if tree.op in ("sum", "prod") and any(a.value == new for a in tree.args[1:]):  # a bound index makes room
        tree = _unbound(tree, new, next(c for c in "lrspq" if c not in tree.names()))
    args = [renamed(a, index, new) for a in tree.args]
    if tree.op == "name" and tree.value == index:
        return replace(tree, value=new)
    value = tree.value
    if tree.op == "sub" and args and args[0].op == "name":
        value = f"{args[0].value}_{''.join(str(a.value) for a in args[1:])}"
    return replace(tree, args=args, value=value, extra=dict(tree.extra))


def _unbound(tree: Tree, index: str, new: str) -> Tree:
    """Return a sum whose bound index is called by another letter."""
    value = tree.value
    if isinstance(value, dict) and index in (bounds := value.get("bounds", {})):
        value = {**value, "bounds": {new if k == index else k: b for k, b in bounds.items()}}
    args = [renamed(a, index, new) for a in tree.args]
    return replace(tree, value=value, args=args, extra=dict(tree.extra))


def by_two(tree: Tree) -> str:
    """Return the small letter of which a tree is an entry by two indices, else nothing."""
    if tree.op != "sub" or len(tree.args) != 3 or tree.args[0].op != "name":
        return ""
    name = str(tree.args[0].value)
    known = all(a.op == "name" and a.value in INDICES for a in tree.args[1:])
    return name if known and not name[:1].isupper() else ""


def capital(tree: Tree, names: Collection[str]) -> Tree:
    """Return a tree in which the entries of names are those of their capitals."""
    if (name := by_two(tree)) in names:
        head = replace(tree.args[0], value=name.upper())
        return replace(
            tree, args=[head, *tree.args[1:]], value=f"{name.upper()}{str(tree.value)[len(name) :]}"
        )
    return replace(tree, args=[capital(a, names) for a in tree.args], extra=dict(tree.extra))
