"""Which part a relation plays: a definition, an assumption, what is given, or a claim, stationary lines among them."""

from __future__ import annotations

import re
from dataclasses import replace

from derive.language.tree import Tree
from verify.proofread.families import Families
from verify.proofread.handwriting import UP_TO_A_CONSTANT, is_alias, is_logistic
from verify.proofread.lines import Line, Lines, Side, depends
from verify.proofread.moments import KINDS as MOMENTS
from verify.proofread.randomness import Randomness, spoken
from verify.proofread.relations import Relation, Roles
from verify.proofread.restricted import condition, restrict
from verify.proofread.result import Role, Statement
from verify.proofread.symbols import INDICES, Rewriter, base_of, free_indices
from verify.proofread.zeroes import Zeroes, is_null

_ASSUMED = frozenset("∈ ∼ ≻ ⪰ > ≥ < ≤ ≠ ⊥ → ↦".split())
#: Words before an equation that holds by what is asked, not by what was said.
_CONSTRAINT = re.compile(
    r"(?:\bs\.\s?t\.|(?:\bsubject to|\bsuch that|\bsatisf\w*|\bconstraints?|\bassum\w*|\bsuppose|\bnormali[sz]ed|\bwhere|\bwith|"
    r"\bprovided|\bgiven|\bif|\bwhen|\bso that|\bunder)\b)[^.]{0,40}$",
    re.IGNORECASE,
)
#: A law by its name, q(z) = N(m, s²), which says what a variable follows.
_DENSITY = re.compile(
    r"\\(?:mathcal|mathrm|operatorname|text)\s*\{?\s*(?:N|Normal|Gaussian|U|Unif\w*|Bern\w*|Poi\w*|Exp|Gamma|Beta|Bin\w*|Dir\w*|Cat\w*)\s*\}?"
    r"\s*(?:\\left|\\[bB]igl?)?\([^=]*[,;|][^=]*\)\s*$"
)
_GIVEN = re.compile(r"\b(?:given|upstream|known|denote|let|where|with|write|put|define\w*)\b", re.IGNORECASE)
_FITTED = re.compile(
    r"\b(?:fit|fits|fitting|fitted|model(?:led|ed|s)?|regress\w*|approximat\w*|hypothesi[sz]e\w*)\b(?:\s+(?:the|a|by|as|with|line|model|linear|data|to)\b)*$",
    re.IGNORECASE,
)


def cast(
    lines: Lines,
    rewriter: Rewriter,
    position: object,
    random: Randomness | None = None,
    families: Families | None = None,
) -> Roles:
    """Return the relations of all lines with their roles; `position` gives line and column of a place.

    `random` is what the document says of random variables; lines that say more of them are added. Members of `families`
    are read as rows.
    """
    return _Casting(lines, rewriter, position, random or Randomness(), families or Families()).run()


class _Casting(Zeroes):
    def __init__(
        self, lines: Lines, rewriter: Rewriter, position: object, random: Randomness, families: Families
    ) -> None:
        super().__init__(lines, rewriter, families)
        self.position, self.random = position, random
        self.start: Side | None = None
        self.last: Side | None = None
        self.place = 0
        self.said = ""
        self.said_at_once = False

    def run(self) -> Roles:
        self._vector_lines()
        self._bodies()
        chain = 0
        for line in self.lines.lines:
            if not line.goes_on or self.last is None:
                chain += 1
                self.start, self.place = line.sides[0], 0
                if len(line.sides) == 1 and line.sides[0].relation is None:
                    self.last = line.sides[0]
                    self._bare(line)
                    continue
            self._context(line)
            self.said_at_once = self._says_moments(line)
            before = self.last if line.goes_on else line.sides[0]
            for side in [s for s in line.sides if s.relation is not None]:
                self.place += 1
                self._relation(line, side, before, chain)
                before = side
            self.last = line.sides[-1]
        restrict(self.roles.relations)
        return self.roles

    # ------------------------------------------------------------------------------------------ roles

    def _relation(self, line: Line, side: Side, before: Side | None, chain: int) -> None:
        """Take down a relation with the first role that a rule gives it; else it is a claim."""
        relation = self._read(line, side, before, chain)
        self.roles.relations.append(relation)
        rules = (
            self._assumes, self._named_behind, self._proportional, self._spelled, self._half_read, self._states,
            self._defines, self._totals, self._vanishes, self._constrains, self._left_open,
        )  # fmt: skip
        relation.statement.role = next((role for rule in rules if (role := rule(relation))), "claim")
        for tree in (relation.start, relation.right):
            if tree is not None:
                self._note(tree)

    def _read(self, line: Line, side: Side, before: Side | None, chain: int) -> Relation:
        """Return a relation with its trees and where it stands."""
        first = self.start if self.place == 1 else None
        operator = side.relation or "="
        shown = f"{operator if side.relation else ''} {side.source}"
        row, column = self.position(first.start if first else side.start)  # type: ignore[operator]
        source = f"{first.source} {shown}" if first else shown
        statement = Statement(len(self.roles.relations), row, column, source, "claim")
        start, prior, right = (
            replace(t) if (t := self._tree(s)) is not None else None for s in (self.start, before, side)
        )
        relation = Relation(statement, operator, start, prior, right, chain, self.place, side)
        sides = [t for t in (start, right) if t is not None]
        relation.over = tuple(dict.fromkeys(i for t in sides for i in free_indices(t)))
        relation.error = next(
            (self.errors[id(s)] for s in (self.start, side) if s is not None and id(s) in self.errors), None
        )
        relation.gradient, relation.line = self.gradient, line
        return relation

    def _assumes(self, r: Relation) -> Role | None:
        """A relation that is no equation, moments said at once, or a law by its name."""
        said = r.operator in _ASSUMED or self.said_at_once or _DENSITY.match(r.side.source.strip())
        return "assumption" if said else None

    def _named_behind(self, r: Relation) -> Role | None:
        """What stands before gets a name: ... =: μ."""
        name = base_of(r.right)
        if r.operator != "=:" or r.before is None or not name or name in self.roles.definitions:
            return None
        body = self.roles.definitions[name] = replace(r.before)
        self.rewriter.defined.add(name)
        self.roles.over[id(body)] = r.over
        r.start = r.right
        return "definition"

    def _proportional(self, r: Relation) -> Role | None:
        if r.operator != "∝":
            return None
        r.error = r.error or "a side that is proportional to the one before"
        return "assumption" if r.place_in_chain == 1 else "claim"

    def _spelled(self, r: Relation) -> Role | None:
        """A line that only says how something is called or what it depends on: g = tanh, K = K(θ), for i = j."""
        if r.place_in_chain > 1 or self.start is None:
            return None
        first, second = self.start.source, r.side.source
        if is_alias(f"{first}={second}") or condition(r.start, r.right, r.operator) or depends(first, second):
            return "assumption"
        return "definition" if is_logistic(f"{first}={second}") else None

    def _half_read(self, r: Relation) -> Role | None:
        """A line of which a side is not read; a list of an index's values is understood all the same."""
        if r.start is not None and r.right is not None:
            return None
        listed = r.place_in_chain == 1 and re.search(r"\\[lc]?dots|…|\.\.\.", r.side.source)
        return "assumption" if listed and base_of(r.start) in INDICES | {"t", "n", "m"} else "claim"

    def _states(self, r: Relation) -> Role | None:
        """A line that says something for the first time: a moment, a gradient set to zero, a symmetry, a model."""
        if r.place_in_chain > 1:
            return None
        start, right = _both(r)
        if self._says_moment(start, right) or self._sets_zero(start, right) or _says_symmetric(start, right):
            return "assumption"
        fitted = r.operator == "=" and r.line is not None and _FITTED.search(r.line.before.rstrip())
        return "assumption" if fitted else None  # "we fit y = a + bx": not that y is so

    def _totals(self, r: Relation) -> Role | None:
        return "assumption" if r.place_in_chain == 1 and self._adds_to_one(*_both(r)) else None

    def _vanishes(self, r: Relation) -> Role | None:
        """A line about the point where a gradient is zero."""
        start, right = _both(r)
        if not self.zero_of or not self._is_about_zero(start, right):
            return None
        r.at_zero_of = self._zero_of(start)
        return "claim"

    def _constrains(self, r: Relation) -> Role | None:
        start, right = _both(r)
        if r.place_in_chain > 1 or r.line is None or not self._is_constraint(r.line, start, right):
            return None
        if right.op == "number" and right.value == 1 and (name := _summed(start)):
            self.roles.ones.add(name)
        return "assumption"

    def _left_open(self, r: Relation) -> Role | None:
        """The end of a chain in zero, or in what is only known up to a constant."""
        start, right = _both(r)
        if is_null(right):
            self._ends_in_zero(start)
        elif UP_TO_A_CONSTANT.search(r.side.source):
            r.error = "a side that is equal up to a constant"
        return None

    def _says_moment(self, start: Tree, right: Tree) -> bool:
        """Tell whether a line says the mean or variance of a variable for the first time."""
        symbol = self.rewriter.symbols.get(base_of(start))
        if symbol is None or symbol.kind not in MOMENTS:
            return False
        if any(base_of(t) in self.rewriter.symbols for t in symbol.what):
            return False  # the mean of a score
        moments = [n for n, s in self.rewriter.symbols.items() if s.kind in MOMENTS]
        return self.random.says(symbol, start, right, moments, self.lines.defined)

    def _says_moments(self, line: Line) -> bool:
        """Tell whether a line says several moments at once, E[X] = E[Y] = 0, and take them down."""
        trees = [self._tree(s) for s in line.sides]
        if len(trees) < 3 or line.goes_on or any(t is None for t in trees):
            return False
        *first, last = [t for t in trees if t is not None]
        symbols = [self.rewriter.symbols.get(base_of(t)) for t in first]
        if base_of(last) in self.rewriter.symbols or any(s is None or s.kind not in MOMENTS for s in symbols):
            return False
        said = [self._says_moment(t, last) for t in first]
        return all(said)

    def _adds_to_one(self, start: Tree, right: Tree) -> bool:
        """Tell whether a line says Σ_k y_k = 1, or Σ_k y_ik = 1, of what is not defined: so it is assumed, for each row."""
        if right.op != "number" or right.value != 1:
            return False
        name = _summed(start)
        if name and start.op == "sum" and name not in self.roles.definitions:
            self.roles.ones.add(name)
            return True
        if start.op != "sum" or len(start.args) != 2:
            return False
        entry, index = start.args
        if entry.op != "sub" or len(entry.args) != 3 or entry.args[0].op != "name":
            return False
        name, places = str(entry.args[0].value), [a.value for a in entry.args[1:]]
        if name in self.roles.definitions or index.value not in places:
            return False
        self.roles.totals.add((f"sums_to_one {'rows' if places[1] == index.value else 'columns'}", name))
        return True

    def _is_constraint(self, line: Line, start: Tree, right: Tree) -> bool:
        """Tell whether an equation of free names is asked for, not derived: "subject to Ax = b", "with 1'y = 1"."""
        said = self.said = line.before or (self.said if line.after in (",", "gap") else "")
        if line.goes_on or start.op in ("name", "sub") or not _CONSTRAINT.search(said.rstrip(" ,:\n")[-60:]):
            return False
        names = spoken(start) | spoken(right)
        return not names & (set(self.rewriter.symbols) | set(self.roles.definitions))

    def _defines(self, r: Relation) -> Role | None:
        """The first equation of a name that is not solved for; the derivative of a loss that is not known is given."""
        start, right = _both(r)
        if (
            r.place_in_chain > 1
            or r.line is None
            or not self._is_new(r.line, base_of(start), right, r.operator)
        ):
            return None
        self.roles.definitions[base_of(start)] = right
        self.rewriter.defined.add(base_of(start))
        symbol = self.rewriter.symbols.get(base_of(right))
        if symbol is not None and symbol.kind == "derivative":
            what = symbol.what[0]
            if what.op == "name" and what.value not in self.roles.definitions:
                self.roles.given.add(symbol.name)
                return "given"
        return "definition"

    def _is_new(self, line: Line, name: str, right: Tree, operator: str) -> bool:
        """Tell whether an equation gives a name its meaning."""
        if not name or name in self.rewriter.symbols:
            return False
        if name in self.roles.definitions or name in self._names_of([*spoken(right)]):
            return False
        if operator in (":=", "≈"):
            return operator == ":="
        if self._is_solved(name):
            return False
        follows = re.search(r"\b(?:then|so|hence|thus|therefore)\b", line.before) and not _GIVEN.search(
            line.before
        )
        return not (name in self.used and follows)


def _both(r: Relation) -> tuple[Tree, Tree]:
    """Return the sides of a relation of which both are read."""
    assert r.start is not None
    assert r.right is not None
    return r.start, r.right


def _says_symmetric(start: Tree, right: Tree) -> bool:
    """Tell whether a line says A = A', which is taken for what is known of A."""
    return right.op == "'" and start.op == "name" == right.args[0].op and right.args[0].value == start.value


def _summed(tree: Tree) -> str:
    """Return the name whose entries a tree adds up: 1'y, Σ_i y_i, sum(y); else nothing."""
    if tree.op == "*" and len(tree.args) == 2 and tree.args[0].op == "'":
        left, right = tree.args[0].args[0], tree.args[1]
        is_ones = left.value in ("1_vector", 1)
        return str(right.value) if is_ones and right.op == "name" else ""
    if tree.op == "sum" and len(tree.args) == 2 and tree.args[0].op == "sub" and len(tree.args[0].args) == 2:
        return base_of(tree.args[0])
    if tree.op == "call" and tree.value == "sum" and tree.args[0].op == "name":
        return str(tree.args[0].value)
    return ""
