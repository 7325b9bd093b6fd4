r"""The symbols of a derivation that stand for something derived: ∂L/∂W, ∇f, dL, f'(x), E[x].

In a tree each becomes a plain name, so that the reader of formulas sees a formula, and what it stands for is kept
beside it. Equal symbols get one name. An application f(y) of a function of the document becomes its body with y in
the place of its parameter, and f(x) with its own parameter the name f.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from derive.language.tree import Tree
from verify.proofread.pieces import INDICES, larger, slope, smaller, step_of, without_cases

Kind = Literal["derivative", "hessian", "differential", "direction", "expect", "var", "cov", "at"]


#: How the names of symbols begin, before their letter tells their kind.
PREFIX = "Dg"
#: How the names of formulas of entries begin, log p_i of ∂ log p_i/∂z_j: with the letter of a column.
PART = "part"


class UnreadError(Exception):
    """A construct that is not read; the message names it."""


@dataclass(frozen=True)
class Symbol:
    """What a name stands for: a derivative of `what` by `by`, a differential, a direction, a moment, a value.

    A value, of kind at, is that of the first of `what` where the name `by` is the second. A derivative as a `row` is
    written as one by a transpose: that of a number is a row.
    """

    name: str
    kind: Kind
    what: tuple[Tree, ...]
    by: tuple[Tree, ...]
    written: str
    over: tuple[str, ...] = ()
    row: bool = False

    @property
    def key(self) -> str:
        """Return what equal symbols have in common."""
        return f"{self.kind}|{'|'.join(t.show() for t in self.what)}|{'|'.join(t.show() for t in self.by)}|{self.over}|{self.row}"


class Rewriter:
    """Rewrites trees; `bodies` are the definitions of the document's functions, `functions` their parameters."""

    def __init__(self, functions: Mapping[str, tuple[str, ...]], defined: set[str]) -> None:
        self.functions, self.defined = functions, defined
        self.bodies: dict[str, Tree] = {}
        self.symbols: dict[str, Symbol] = {}
        self._by_key: dict[str, Symbol] = {}
        self.fields: set[str] = set()  # what stands behind ∇, rather numbers than vectors
        self.parts: dict[
            str, tuple[Tree, str, str]
        ] = {}  # formulas of entries that got a name: tree, index, key

    def rewrite(self, tree: Tree) -> Tree:
        """Return the tree with its symbols as names. Raises UnreadError."""
        if (
            tree.op == "sub"
            and len(tree.args) == 2
            and tree.args[0].value in ("I", "eye")
            and free_indices(tree)
        ):
            return Tree("call", [tree.args[1]], tree.start, tree.end, "eye")  # I_p, the identity of p rows
        made = _MADE.get(tree.op)
        if made is not None:
            return made(self, tree)
        if not tree.args:
            return tree
        args = [self.rewrite(a) for a in tree.args]
        value = tree.value
        if tree.op in ("sum", "prod") and isinstance(value, dict):
            bounds = {
                k: tuple(self.rewrite(b) if isinstance(b, Tree) else b for b in v)
                for k, v in value.get("bounds", {}).items()
            }
            value = {**value, "bounds": bounds}
        return replace(tree, args=args, value=value, extra=dict(tree.extra))

    # --------------------------------------------------------------------------------------- symbols

    def symbol(
        self,
        kind: Kind,
        what: tuple[Tree, ...],
        by: tuple[Tree, ...],
        tree: Tree,
        over: tuple[str, ...] = (),
        row: bool = False,
    ) -> Tree:
        """Return the name of a symbol, one for equal symbols."""
        made = Symbol(
            f"{PREFIX}{len(self._by_key) + 1}",
            kind,
            what,
            by,
            _written(kind, what, by, self.symbols),
            over,
            row,
        )
        known = self._by_key.setdefault(made.key, made)
        self.symbols[known.name] = known
        return Tree("name", [], tree.start, tree.end, known.name)

    def rename(self, names: Mapping[str, str], trees: Iterable[Tree]) -> None:
        """Give symbols other names, whose letters tell their kinds, in the trees and in what symbols stand for."""
        inside = [t for s in self.symbols.values() for t in (*s.what, *s.by)]
        for tree in (*trees, *inside, *self.bodies.values()):
            for piece in tree.walk():
                if piece.op in ("name", "sub") and piece.value in names:
                    piece.value = names[piece.value]
        known = [replace(s, name=names.get(s.name, s.name)) for s in self.symbols.values()]
        self.symbols.clear()
        self.symbols.update({s.name: s for s in known})
        self._by_key = {s.key: s for s in known}

    def _derivative(self, tree: Tree) -> Tree:
        order = tree.value["order"] if isinstance(tree.value, dict) else 1
        what, *by = (self.rewrite(a) for a in tree.args)
        if what.op == "empty":
            raise UnreadError("a derivative sign without what is differentiated")
        if order == 2 and len(by) == 1:
            by = [by[0], by[0]]
        if order > 2 or len(by) > 2 or not by:
            raise UnreadError(f"a derivative of order {order}")
        kind: Kind = "hessian" if len(by) == 2 else "derivative"
        row = kind == "derivative" and by[0].op == "'"
        by = [t.args[0] if t.op == "'" else t for t in by]
        if (free := free_indices(what)) and what.op not in ("sub", "index"):
            what = self._named(what, free)
        bases, places = zip(*(_parts(t) for t in (what, *by)), strict=True)
        indices = [i for place in places for i in place]
        leaf = self.symbol(kind, (bases[0],), bases[1:], tree, row=row)
        if not indices:
            return leaf
        return Tree("sub", [leaf, *indices], tree.start, tree.end, leaf.value)

    def _named(self, entry: Tree, indices: list[str]) -> Tree:
        """Return an entry of the array whose entries a formula gives, which gets a name of its own."""
        if len(indices) > 1:
            raise UnreadError(
                "the derivative of a formula with several free indices: give the formula a name"
            )
        key = f"{entry.show()}|{indices[0]}"
        name = next((n for n, (_, _, k) in self.parts.items() if k == key), f"{PART}{len(self.parts) + 1}")
        self.parts[name] = (entry, indices[0], key)
        self.defined.add(name)
        places = [Tree("name", [], entry.start, entry.end, i) for i in indices]
        return Tree(
            "sub", [Tree("name", [], entry.start, entry.end, name), *places], entry.start, entry.end, name
        )

    def _indicator(self, tree: Tree) -> Tree:
        made = step_of(tree.args[0])
        if made is None:
            raise UnreadError("an indicator of something else than a > b")
        return self.rewrite(made)

    def _cases(self, tree: Tree) -> Tree:
        made = without_cases(tree)
        if made is None:
            raise UnreadError("cases whose conditions are not of the kind a > b, or otherwise")
        return self.rewrite(made)

    def _gradient(self, tree: Tree) -> Tree:
        first = tree.args[0]
        if first.op == "'" and not first.bracketed:  # ∇f^T is the transpose of the gradient
            return Tree(
                "'",
                [self._gradient(replace(tree, args=[first.args[0], *tree.args[1:]]))],
                tree.start,
                tree.end,
            )
        if first.op in ("apply", "call") and (made := self._gradient_at(tree, first)) is not None:
            return made
        what, *by = (self.rewrite(a) for a in tree.args)
        if not by:
            parameters = self.functions.get(str(what.value), ()) if what.op == "name" else ()
            if len(parameters) != 1:
                parameters = self._usual_parameter(what)
            if len(parameters) != 1:
                raise UnreadError("∇ without the variable: write ∇_x f, or define f(x)")
            by = [Tree("name", [], tree.start, tree.end, parameters[0])]
        order = tree.value["order"] if isinstance(tree.value, dict) else 1
        if what.op == "name":
            self.fields.add(str(what.value))
        if order == 2:
            return self.symbol("hessian", (what,), (by[0], by[0]), tree)
        return self.symbol("derivative", (what,), (by[0],), tree)

    def _gradient_at(self, tree: Tree, applied: Tree) -> Tree | None:
        """Return the gradient of a function of the document at another argument than its parameter: ∇f(x*)."""
        name = str(applied.args[0].value if applied.op == "apply" else applied.value)
        arguments = applied.args[1:] if applied.op == "apply" else applied.args
        parameters = self.functions.get(name, ())
        if len(tree.args) != 1 or len(parameters) != 1 or len(arguments) != 1:
            return None
        if arguments[0].op in ("name", "sub") and arguments[0].value == parameters[0]:
            return None
        by = Tree("name", [], tree.start, tree.end, parameters[0])
        leaf = self._gradient(replace(tree, args=[Tree("name", [], tree.start, tree.end, name), by]))
        return self.symbol("at", (leaf, self.rewrite(arguments[0])), (by,), tree)

    def _usual_parameter(self, what: Tree) -> tuple[str, ...]:
        """Return the parameter of the document's functions, where all have the same and a formula depends on it."""
        known = {p for p in self.functions.values() if len(p) == 1}
        (one,) = known if len(known) == 1 else ((),)
        return one if one and (what.op != "name" or what.value in self.defined) else ()

    def _differential(self, tree: Tree) -> Tree:
        what = self.rewrite(tree.args[0])
        if what.op in ("name", "sub") and what.value not in self.defined:
            return self.symbol("direction", (what,), (), tree)
        return self.symbol("differential", (what,), (), tree)

    def _moment(self, tree: Tree) -> Tree:
        """Return the symbol of a moment; that of an entry is an entry of the array of moments."""
        if tree.op == "expect" and "E" in self.functions:  # an energy that the document defines
            return self._application(tree, "E", tree.args)
        kinds: dict[str, Kind] = {"expect": "expect", "var": "var", "cov": "cov"}
        kind = kinds[tree.op if tree.op in kinds else str(tree.value)]
        what = tuple(self.rewrite(a) for a in tree.args)
        if kind == "cov" and len(what) == 1:
            kind = "var"
        if len(what) != (2 if kind == "cov" else 1):
            raise UnreadError(f"a moment of {len(what)} formulas")
        over = tuple(dict.fromkeys(i for t in what for i in free_indices(t)))
        if not over:
            return self.symbol(kind, what, (), tree)
        if kind == "cov" and any(tuple(free_indices(t)) != over for t in what):
            raise UnreadError("the covariance of entries with different indices")
        leaf = self.symbol(kind, what, (), tree, over)
        indices = [Tree("name", [], tree.start, tree.end, i) for i in over]
        return Tree("sub", [leaf, *indices], tree.start, tree.end, leaf.value)

    def _at(self, tree: Tree) -> Tree:
        """Return the symbol of a value at a point: f'(x)|_{x=0}."""
        what, by, value = (self.rewrite(a) for a in tree.args)
        if by.op not in ("name", "sub") or free_indices(what):
            raise UnreadError("a value at what is no name")
        return self.symbol("at", (what, value), (by,), tree)

    # ----------------------------------------------------------------------------------- applications

    def _applied(self, tree: Tree) -> Tree:
        head, *arguments = tree.args
        if head.op == "prime":
            return self._primed(tree, head.args[0], arguments)
        return self._application(tree, head.value, arguments)

    def _call(self, tree: Tree) -> Tree:
        if tree.value in ("expect", "var", "cov") and tree.args and tree.args[-1].op != "name":
            return self._moment(tree)
        if tree.value in self.functions:
            return self._application(tree, tree.value, tree.args)
        if tree.value in ("max", "min") and len(tree.args) == 2 and tree.args[-1].op != "name":
            return self.rewrite(larger(tree) if tree.value == "max" else smaller(tree))
        return replace(tree, args=[self.rewrite(a) for a in tree.args], extra=dict(tree.extra))

    def _application(self, tree: Tree, name: str, arguments: list[Tree]) -> Tree:
        parameters = self.functions.get(name)
        plain = Tree("name", [], tree.start, tree.end, name)
        if parameters is None:
            if all(a.op in ("name", "sub") for a in arguments):
                return plain
            raise UnreadError(f"{name}(...): the function {name} is not defined in the document")
        if tuple(a.value if a.op in ("name", "sub") else None for a in arguments) == parameters:
            return plain
        if len(arguments) != len(parameters):
            raise UnreadError(f"{name} takes {len(parameters)} arguments")
        if name not in self.bodies:
            raise UnreadError(f"{name} at another argument, before its definition")
        given = dict(zip(parameters, (self.rewrite(a) for a in arguments), strict=True))
        return replace(substitute(self.bodies[name], given), bracketed=True)

    def _primed(self, tree: Tree, head: Tree, arguments: list[Tree]) -> Tree:
        order = 1
        while head.op == "prime":
            head, order = head.args[0], order + 1
        name = str(head.value)
        if len(arguments) == 1 and name not in self.functions:
            made = slope(name, self.rewrite(arguments[0]), order)
            if made is not None:
                return made
        if name not in self.functions or len(self.functions[name]) != 1 or len(arguments) != 1 or order > 2:
            raise UnreadError(f"{name}': the derivative of a function that the document does not define")
        (parameter,) = self.functions[name]
        by = Tree("name", [], tree.start, tree.end, parameter)
        what = Tree("name", [], tree.start, tree.end, name)
        if arguments[0].op in ("name", "sub") and arguments[0].value == parameter:
            if order == 2:
                return self.symbol("hessian", (what,), (by, by), tree)
            return self.symbol("derivative", (what,), (by,), tree)
        if (made := slope(name, self.rewrite(arguments[0]), order)) is not None:
            return made
        leaf = self.symbol(
            "hessian" if order == 2 else "derivative", (what,), (by, by) if order == 2 else (by,), tree
        )
        return self.symbol("at", (leaf, self.rewrite(arguments[0])), (by,), tree)


_MADE: dict[str, Callable[[Rewriter, Tree], Tree]] = {
    "derivative": Rewriter._derivative,
    "gradient": Rewriter._gradient,
    "differential": Rewriter._differential,
    "expect": Rewriter._moment,
    "var": Rewriter._moment,
    "cov": Rewriter._moment,
    "indicator": Rewriter._indicator,
    "cases": Rewriter._cases,
    "at": Rewriter._at,
    "apply": Rewriter._applied,
    "call": Rewriter._call,
}


def free_indices(tree: Tree, bound: frozenset[str] = frozenset()) -> list[str]:
    """Return the indices of entries in a tree that no sum runs over, in order of appearance."""
    if tree.op in ("sub", "index"):
        return [
            a.value for a in tree.args[1:] if a.op == "name" and a.value in INDICES and a.value not in bound
        ]
    if tree.op in ("sum", "prod"):
        inner = bound | {a.value for a in tree.args[1:] if a.op == "name"}
        return free_indices(tree.args[0], inner)
    return list(dict.fromkeys(i for a in tree.args for i in free_indices(a, bound)))


def is_name(tree: Tree) -> bool:
    """Tell whether a tree is a name, with a subscript perhaps that is no index: W, W_1."""
    return tree.op == "name" or (tree.op == "sub" and not free_indices(tree))


def _parts(tree: Tree) -> tuple[Tree, list[Tree]]:
    """Return the vector or matrix of an entry, and its indices."""
    if tree.op in ("sub", "index") and free_indices(tree):
        return tree.args[0], list(tree.args[1:])
    return tree, []


def base_of(tree: Tree | None) -> str:
    """Return the name that a tree is, or is an entry of; else nothing."""
    if tree is None or tree.op not in ("name", "sub"):
        return ""
    return str(_parts(tree)[0].value)


def substitute(tree: Tree, given: Mapping[str, Tree]) -> Tree:
    """Return a tree with names replaced by trees, in brackets."""
    if tree.op in ("name", "sub") and tree.value in given:
        return replace(given[tree.value], bracketed=True)
    if not tree.args:
        return tree
    return replace(tree, args=[substitute(a, given) for a in tree.args], extra=dict(tree.extra))


def _written(kind: Kind, what: tuple[Tree, ...], by: tuple[Tree, ...], symbols: Mapping[str, Symbol]) -> str:
    def shown(tree: Tree) -> str:
        if tree.op == "name" and tree.value in symbols:
            return symbols[str(tree.value)].written
        return (
            str(tree.value) if tree.op in ("name", "sub") and not str(tree.value).startswith(PART) else "(…)"
        )

    first = shown(what[0])
    if kind == "derivative":
        return f"d{first}/d{shown(by[0])}"
    if kind == "hessian":
        return f"d2{first}/d{shown(by[0])}d{shown(by[1])}"
    if kind in ("differential", "direction"):
        return f"d{first}"
    if kind == "at":
        return f"{first} at {shown(by[0])} = {shown(what[1])}"
    return f"{ {'expect': 'E', 'var': 'Var', 'cov': 'Cov'}[kind] }[{', '.join(map(shown, what))}]"
