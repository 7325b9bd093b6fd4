"""All lines of a document read together: which fit, in which shapes, and which are left out for the others' sake."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sympy import Expr

from derive.errors import InputError
from derive.language.scope import Misfit, ParseError
from derive.language.text import to_text
from derive.language.tree import Tree
from verify.proofread import integrals
from verify.proofread.model import Model
from verify.proofread.relations import Relation
from verify.proofread.symbols import Rewriter, UnreadError, base_of


@dataclass
class Claimed:
    """What the latest line about a symbol says: its tree, its expression where that fits, and which line it is."""

    relation: Relation
    tree: Tree
    value: Expr | None


class Reading:
    """The relations of one document, read; `misfits` are the lines whose shapes fit with no reading, and why."""

    def __init__(self, model: Model, relations: list[Relation], rewriter: Rewriter, seed: int) -> None:
        self.model, self.relations, self.rewriter, self.seed = model, relations, rewriter, seed
        self.misfits: dict[int, str] = {}
        self.claimed: dict[str, Claimed] = {}
        self.solutions: dict[Expr, tuple[Expr, bool]] = {}
        self.stated = dict(model.definitions)
        self.integrals = {name for name, body in self.stated.items() if integrals.has_integral(body)}
        for name in self.integrals:
            del model.definitions[name]

    def read(self) -> None:
        """Read all claims together; where that fails, leave out those that do not fit, one by one."""
        self._leave_ill_definitions()
        self.model.turned |= {
            s.name for s in self.model.symbols.values() if s.row and self.model.kinds.get(s.what[0].show()) == "scalar"
        }  # fmt: skip
        self._rename()
        wanted = [r for r in self.relations if self._is_read(r)]
        for relation in wanted:
            try:
                pair = (relation.start, relation.right)
                self.model.read([*pair], [] if is_zero(relation.right) else [pair])  # type: ignore[list-item]
            except Misfit:
                continue  # shapes are for all lines together
            except (UnreadError, InputError, RecursionError) as reason:
                relation.error = reason_of(reason)
        wanted = [r for r in wanted if r.error is None]
        if self._fits(wanted):
            self._powers_of_entries(wanted)
            self._leave_odd_one(wanted)
            return
        plain = (dict(self.model.declared), dict(self.model.kinds))
        if self._fits_with_numbers(wanted):
            self._powers_of_entries(wanted, plain)
            return
        kept: list[Relation] = []
        for relation in wanted:
            if (
                self._fits([*kept, relation])
                or self._turned(kept, relation)
                or self._entrywise(kept, relation)
            ):
                kept.append(relation)
            elif self._misfit and not (lost := self._lost(relation)):
                self.misfits[relation.statement.index] = self._why
            else:
                relation.error = f"{lost}, whose definition is not read" if self._misfit else self._why
        self._fits(self._of_one_layout(kept))

    def _of_one_layout(self, kept: list[Relation]) -> list[Relation]:
        """Leave out lines in the other layout of derivatives by matrices, unless the document keeps to it: all of several."""
        known = {s for r in kept for s in self._symbols(r)}
        symbols = {s for s in known if self._is_matrix(s)}
        columns = {s for s in known if self._is_by(s, "column")}
        turned = symbols & self.model.turned
        rows = columns & self.model.turned
        if not turned or (turned == symbols and columns == rows and len(turned) + len(rows) > 1):
            return kept
        self.model.turned -= turned
        left = [r for r in kept if not turned & set(self._symbols(r))]
        for relation in kept:
            if relation in left:
                continue
            if self._fits([*left, relation]):
                left.append(relation)
            else:
                self.misfits[relation.statement.index] = self._why
        return left

    def _powers_of_entries(self, wanted: list[Relation], plain: tuple[dict, dict] | None = None) -> None:
        """Take powers entry by entry, 1 - h^2 of a column h, where names go against their letters for nothing else.

        `plain` are the declarations and kinds without the numbers that are tried for variables.
        """
        odd = self.model.departures()
        sides = [(r, r.start, r.before, r.right) for r in wanted if not r.over]
        definitions = dict(self.model.definitions)
        before = [*definitions.values(), *(t for _, *trees in sides for t in trees if t is not None)]
        taken = {id(t): _powers_by_entry(t, odd) for t in before}
        if all(taken[id(t)] is t for t in before):
            return
        settled = (self.model.declared, self.model.kinds)
        for relation, *trees in sides:
            relation.start, relation.before, relation.right = (t and taken[id(t)] for t in trees)
        self.model.definitions |= {n: taken[id(t)] for n, t in definitions.items()}
        self.model.declared, self.model.kinds = plain or settled
        self._rename()
        if self._fits(wanted) and not self.model.departures() & odd:
            return
        for relation, *trees in sides:
            relation.start, relation.before, relation.right = trees
        self.model.definitions.update(definitions)
        self.model.declared, self.model.kinds = settled
        self._rename()
        self._fits(wanted)

    def _leave_odd_one(self, wanted: list[Relation]) -> None:
        """Leave out the one line for whose sake names would be read against their letters, where there is one."""
        odd = self.model.departures()
        claims = [r for r in wanted if r.statement.role == "claim"]
        hurt = odd & self._arrays()  # transposed or normed, and read as numbers all the same
        if not odd or (len(claims) < 2 and not hurt):
            return
        for relation in claims:
            if relation.at_zero_of or not odd & self._names(relation):
                continue
            others = [r for r in wanted if r is not relation]
            left = self.model.departures() if self._fits(others) else odd
            if left - (set(self.model.definitions) if hurt else set()):
                continue
            shapes = dict(self.model.built.shapes)  # type: ignore[union-attr]
            declared = dict(self.model.declared)
            self.model.declared |= {
                n: (str(rows) if rows != 1 else 1, str(columns) if columns != 1 else 1)
                for n, (rows, columns) in shapes.items() if n not in self.model.symbols
                and all(d == 1 or str(d).isidentifier() for d in (rows, columns))
            }  # fmt: skip
            fits = self._fits(wanted)
            self.model.declared = declared
            if not fits and self._misfit:
                why = self._why
                if self._entrywise(others, relation) and not self.model.departures() & odd:
                    return
                self.misfits[relation.statement.index] = why
                self._fits(others)
                return
        self._fits(wanted)

    def _lost(self, relation: Relation) -> str:
        """Return a name of a line that the document defines by what is not read: its shapes are not known."""
        lost = {
            base_of(r.start)
            for r in self.relations
            if r.statement.role == "definition" and r.error is not None
        }
        names, stack = set(), [*self._names(relation)]
        while stack:
            name = stack.pop()
            if name not in names:
                names.add(name)
                body, symbol = self.stated.get(name), self.model.symbols.get(name)
                trees = [
                    *([body] if body is not None else []),
                    *((*symbol.what, *symbol.by) if symbol else ()),
                ]
                stack += [n for t in trees for n in t.names()]
        return min(names & lost - {""}, default="")

    def _names(self, relation: Relation) -> set[str]:
        """Return the names that a line speaks of, those that its derivatives are about among them."""
        trees = [t for t in (relation.start, relation.right) if t is not None]
        names = {n for t in trees for n in t.names()}
        for n in list(names & set(self.model.symbols)):
            s = self.model.symbols[n]
            names |= {m for t in (*s.what, *s.by) for m in t.names()}
        return names

    _why, _misfit = "", False

    def _is_read(self, relation: Relation) -> bool:
        about = relation.statement.role in ("claim", "given", "definition")
        whole = relation.error is None and relation.start is not None and relation.right is not None
        return about and whole and not self._has_integral(relation)

    def _has_integral(self, relation: Relation) -> bool:
        """Tell whether a line speaks of an integral, or of a name that is one."""
        trees = [t for t in (relation.start, relation.right) if t is not None]
        return integrals.has_integral(*trees) or any(n in self.integrals for t in trees for n in t.names())

    def _leave_ill_definitions(self) -> None:
        """Read the definitions; one whose body does not fit is a wrong line and defines nothing."""
        if self._classifies():
            return
        stated = {base_of(r.start) for r in self.relations}
        known = self.model.definitions
        if self._leave_one_definition(known):
            return
        self.model.definitions = {}
        for relation in self.relations:
            name = base_of(relation.start)
            if relation.statement.role not in ("definition", "given") or name not in known:
                continue
            self.model.definitions[name] = known[name]
            try:
                self.model.classify()
                continue
            except Misfit as misfit:
                self.misfits[relation.statement.index] = misfit.message
                relation.statement.role = "claim"
            except (UnreadError, InputError, RecursionError) as reason:
                relation.error = reason_of(reason)
            del self.model.definitions[name]
        tacit = {name: body for name, body in known.items() if name not in stated}
        self.model.definitions |= tacit
        for last in (False, True):
            try:
                self.model.classify()
                return
            except (InputError, UnreadError):
                if last or not tacit:
                    self.model.kinds.clear()
                    return
                for name in tacit:
                    del self.model.definitions[name]

    def _classifies(self) -> bool:
        try:
            self.model.classify()
        except Misfit as misfit:
            self._why = misfit.message
            return False
        except (UnreadError, InputError, RecursionError):
            self._why = ""
            return False
        return True

    def _leave_one_definition(self, known: dict[str, Tree]) -> bool:
        """Leave out the latest definition without which all others fit, where there is one; it is the wrong line."""
        why = self._why
        if not why:
            return False
        for relation in reversed(self.relations):
            name = base_of(relation.start)
            if relation.statement.role != "definition" or name not in known:
                continue
            self.model.definitions = {n: t for n, t in known.items() if n != name}
            if self._classifies():
                self.misfits[relation.statement.index] = why
                relation.statement.role = "claim"
                return True
        self.model.definitions = known
        return False

    def _fits(self, relations: list[Relation]) -> bool:
        ill = {(r.chain, r.place_in_chain) for r in self.relations if r.statement.index in self.misfits}
        sound = [r for r in relations if (r.chain, r.place_in_chain - 1) not in ill]
        sides = [t for r in relations for t in (r.start, r.right) if t is not None]
        sides += [r.before for r in sound if r.before is not None and not integrals.has_integral(r.before)]
        same = [(r.start, r.right) for r in relations if not is_zero(r.right)]
        same += [
            (r.before, r.right)
            for r in sound
            if r.over
            and r.before is not None
            and id(r.before) in {id(t) for t in sides}
            and not is_zero(r.right)
        ]
        try:
            self.model.read(sides, same)  # type: ignore[arg-type]
        except Misfit as misfit:
            self._why, self._misfit = misfit.message, True
            return False
        except (UnreadError, InputError, RecursionError) as reason:
            self._why, self._misfit = reason_of(reason), False
            return False
        except (
            IndexError,
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
            AssertionError,
            NotImplementedError,
        ) as fault:
            self._why, self._misfit = f"the reader failed at this line ({type(fault).__name__})", False
            return False
        return True

    def _fits_with_numbers(self, wanted: list[Relation]) -> bool:
        """Try the variables of derivatives as numbers, one by one, and then all: d/dx of what is a function of x."""
        columns = {
            base_of(s.by[0]) for s in self.model.symbols.values() if s.by and self.model.kinds.get(s.by[0].show()) == "column"
        }  # fmt: skip
        arrays = self._arrays()
        known = {*self.model.declared, *self.model.definitions, *arrays}
        free = sorted(n for n in columns if n and n not in known)
        for names in [[n] for n in free] + ([free] if len(free) > 1 else []):
            declared, kinds = dict(self.model.declared), dict(self.model.kinds)
            self.model.declared |= dict.fromkeys(names, (1, 1))
            try:
                self.model.classify()
                self._rename()
                if self._fits(wanted):
                    return True
            except (UnreadError, InputError, RecursionError):
                pass
            self.model.declared, self.model.kinds = declared, kinds
            self._rename()
        return False

    def _arrays(self) -> set[str]:
        """Return the names that are transposed or normed somewhere: no numbers."""
        trees = [t for r in self.relations for t in (r.start, r.right) if t is not None]
        trees += self.model.definitions.values()
        pieces = [p for t in trees for p in t.walk() if p.op in ("'", "norm")]
        return {str(a.value) for p in pieces for a in p.args if a.op == "name"}

    def _rename(self) -> None:
        """Give the symbols names whose letters tell their kinds."""
        names = self.model.letters()
        if not names:
            return
        trees = [t for r in self.relations for t in (r.start, r.before, r.right) if t is not None]
        self.rewriter.rename(names, [*trees, *self.model.definitions.values()])
        self.model.given = {names.get(n, n) for n in self.model.given}
        self.model.turned = {names.get(n, n) for n in self.model.turned}
        for r in self.relations:
            r.at_zero_of = names.get(str(r.at_zero_of), r.at_zero_of)
            r.gradient = names.get(str(r.gradient), r.gradient)

    def _turned(self, kept: list[Relation], relation: Relation) -> bool:
        """Try the other layout of the derivatives that only this line has: rows for columns."""
        fresh = set(self._symbols(relation)) - {s for r in kept for s in self._symbols(r)}
        fresh = {s for s in fresh if self.model.symbols[s].kind == "derivative"}
        settled = {s for r in kept for s in self._symbols(r)} - self.model.turned
        if not fresh or (any(map(self._is_matrix, fresh)) and any(map(self._is_matrix, settled))):
            return False  # a document keeps to one layout
        why, misfit = self._why, self._misfit
        self.model.turned ^= fresh
        if self._fits([*kept, relation]):
            return True
        self.model.turned ^= fresh
        self._why, self._misfit = why, misfit
        return False

    def _entrywise(self, kept: list[Relation], relation: Relation) -> bool:
        """Try fractions entry by entry, as in 1/p of a vector p, and products by an asterisk."""
        right, why, misfit = relation.right, self._why, self._misfit
        if right is None or not misfit:
            return False
        for signs in ("^", "/", "/^", "/*", "/*^"):  # the asterisk of backward passes, the square of 1 - h^2
            if _has_signs(right, signs):
                relation.right = _entry_by_entry(right, signs)
                if self._fits([*kept, relation]):
                    return True
        relation.right, self._why, self._misfit = right, why, misfit
        return False

    def _is_matrix(self, name: str) -> bool:
        """Tell whether a symbol is the derivative of a number by a matrix."""
        return self._is_by(name, "matrix")

    def _is_by(self, name: str, kind: str) -> bool:
        """Tell whether a symbol is the derivative of a number by a column or a matrix."""
        s, kinds = self.model.symbols[name], self.model.kinds
        if s.kind != "derivative" or s.row:
            return False
        return kinds.get(s.what[0].show()) == "scalar" and kinds.get(s.by[0].show()) == kind

    def _symbols(self, relation: Relation) -> list[str]:
        """Return the symbols that a line speaks of, those of the side before it among them."""
        trees = [t for t in (relation.start, relation.before, relation.right) if t is not None]
        return [n for t in trees for n in t.names() if n in self.model.symbols]

    def _spoken(self, text: str) -> str:
        """Return a text with the symbols as people write them: dL/dz, not the name that stands for it."""
        known = self.model.symbols

        def written(m: re.Match[str]) -> str:
            name = re.sub(r"\W|_|mathrm", "", m[0])
            return known[name].written if name in known else "the derivative"

        return re.sub(r"\b[gz]?Dg\d+\b|\\mathrm\{[gz]?Dg\}_\{\d+\}", written, text)

    def _reading(self, relation: Relation) -> str:
        def shown(tree: Tree | None) -> str:
            try:
                text = to_text(self.model.expression(tree))  # type: ignore[arg-type]
            except (KeyError, InputError):
                text = tree.show() if tree is not None and tree.op in ("name", "sub") else "?"
            return self._spoken(text)

        return f"{shown(relation.start)} = {shown(relation.right)}"


def _has_signs(tree: Tree, signs: str) -> bool:
    """Tell whether a tree has all of some signs: fractions, asterisks, powers."""
    found = {s for p in tree.walk() if p.op == "*" for s in p.value} | {p.op for p in tree.walk()} & {"^"}
    return set(signs) <= found


def _entry_by_entry(tree: Tree, signs: str) -> Tree:
    """Return a tree whose fractions, or products by an asterisk, are taken entry by entry."""
    args = [_entry_by_entry(a, signs) for a in tree.args]
    value = tree.value
    if tree.op == "*":
        value = [
            f".{sign}" if sign and sign in signs and args[k + 1].op != "number" else sign
            for k, sign in enumerate(value)
        ]
    if tree.op == "^" and "^" in signs and args[1].op == "number":
        return replace(tree, op=".^", args=args, extra=dict(tree.extra))
    return replace(tree, args=args, value=value, extra=dict(tree.extra))


def _powers_by_entry(tree: Tree, names: Collection[str]) -> Tree:
    """Return a tree whose powers by numbers are taken entry by entry where some of the names stand in the base."""
    if not tree.args:
        return tree
    args = [_powers_by_entry(a, names) for a in tree.args]
    power = tree.op == "^" and args[1].op == "number" and not args[0].names().keys().isdisjoint(names)
    if not power and all(a is b for a, b in zip(args, tree.args, strict=True)):
        return tree
    return replace(tree, op=".^" if power else tree.op, args=args, extra=dict(tree.extra))


def is_zero(tree: Tree | None) -> bool:
    """Tell whether a side is the number 0."""
    return tree is not None and tree.op == "number" and tree.value == 0


def reason_of(error: Any) -> str:
    """Return the first line of what an error says."""
    message = error.message if isinstance(error, ParseError) else str(error)
    return (message or "nested too deep").partition("\n")[0]
