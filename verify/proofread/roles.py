"""Which part a relation plays: a definition, an assumption, what is given, or a claim, stationary lines among them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from derive.language.tree import Tree
from verify.proofread.families import Families, FamilyError
from verify.proofread.handwriting import UP_TO_A_CONSTANT, is_alias, is_logistic
from verify.proofread.lines import Line, Lines, Side, depends
from verify.proofread.moments import KINDS as MOMENTS
from verify.proofread.randomness import Randomness, spoken
from verify.proofread.restricted import condition, restrict
from verify.proofread.result import Role, Statement
from verify.proofread.symbols import INDICES, Rewriter, UnreadError, base_of, free_indices

_ASSUMED = frozenset("∈ ∼ ≻ ⪰ > ≥ < ≤ ≠ ⊥ → ↦".split())
#: Words before a line that is about the point at which a gradient vanishes.
_STATIONARY = re.compile(
    r"\b(?:zero|stationar\w*|solv\w*|optim\w*|minim\w*|maxim\w*|mode|critical|normal equations?|closed form|vanish\w*|first[- ]order)\b",
    re.IGNORECASE,
)
_AT_STATIONARY = re.compile(
    r"^\s*(?:is|are|as|which|solves|minimi[sz]es|maximi[sz]es)\b[^.\n]{0,40}?"
    r"\b(?:stationar\w*|minim\w*|maxim\w*|optim\w*|critical|solution|solves|zero)\b"
    r"|^\s*(?:solves|minimi[sz]es|maximi[sz]es)\b",
    re.IGNORECASE,
)
#: Words between a gradient that is set to zero and what follows from it.
_CONNECTING = re.compile(
    r"(?:[\W\d_]|\b(?:so|we|gives?|giving|get|obtain|yields?|yielding|hence|thus|therefore|then|which|that|means|i\.?e|and|"
    r"the|is|our|have|find|us|leads?|to|now|it|follows|implies|this|if|or|equivalently|as|at|in|matrix|form|a)\b)*",
    re.IGNORECASE,
)
_SUBSTITUTING = re.compile(r"\b(?:insert|substitut|plug)\w*\b[^.]*$", re.IGNORECASE)
#: Setting the gradient to $0$: the words before, and the zero by itself.
_SET = re.compile(
    r"\b(?:set|sets|setting|equat\w+|equal\w*|vanish\w*|put|putting)\b[^.\n]{0,40}$", re.IGNORECASE
)
_NOTHING = re.compile(r"0|\\(?:mathbf|boldsymbol|bm|vec)\s*\{?\s*0\s*\}?")
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
#: Subscripts and accents that make of a name the point that solves for it.
_SOLVED = re.compile(
    r"(?:_(?:star|opt|MLE|ML|MAP|OLS|LS|hat|min|max)|star|hat|tilde|bar)$|(?:hat|star)(?=_\w+$)"
)


@dataclass
class Relation:
    """A relation of a chain, with the trees of the chain's start, of the side before, and of its own.

    `only` are the entries that it is about where those are not all: i and j, and whether they are equal.
    """

    statement: Statement
    operator: str
    start: Tree | None
    before: Tree | None
    right: Tree | None
    chain: int
    place_in_chain: int
    side: Side
    over: tuple[str, ...] = ()
    at_zero_of: str | None = None
    gradient: str | None = None
    error: str | None = None
    line: Line | None = None
    only: tuple[str, str, bool] | None = None


@dataclass
class Roles:
    """The relations of a document, the definitions among them, and of trees beside them the indices that they run over;
    `ones` are the names whose entries are said to add up to one, `totals` what is assumed of the sums of rows and columns."""

    relations: list[Relation] = field(default_factory=list)
    definitions: dict[str, Tree] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    over: dict[int, tuple[str, ...]] = field(default_factory=dict)
    ones: set[str] = field(default_factory=set)
    totals: set[tuple[str, str]] = field(default_factory=set)


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


class _Casting:
    def __init__(
        self, lines: Lines, rewriter: Rewriter, position: object, random: Randomness, families: Families
    ) -> None:
        self.lines, self.rewriter, self.position, self.random = lines, rewriter, position, random
        self.families = families
        self.roles = Roles()
        self.used: set[str] = set()
        self.gradient: str | None = None  # the latest gradient of a line
        self.gradients: dict[str, str] = {}  # the latest by each name
        self.vanished: str | None = None  # the latest gradient that was set to zero
        self.zero_of: str | None = None  # the gradient that the lines now at hand set to zero
        self.last: Side | None = None
        self.trees: dict[int, Tree | None] = {}
        self.errors: dict[int, str] = {}
        self.rows: dict[
            int, str
        ] = {}  # sides that are vectors with a free index, of which they are the matrix

    def run(self) -> Roles:
        self._vector_lines()
        self._bodies()
        chain = 0
        for line in self.lines.lines:
            sides = line.sides
            if line.goes_on and self.last is not None:
                sides = [self.start if self.start is not None else self.last, *sides]
            else:
                chain += 1
                self.start, self.place = sides[0], 0
                if len(sides) == 1 and sides[0].relation is None:
                    self.last = sides[0]
                    if _NOTHING.fullmatch(sides[0].source.strip()) and _SET.search(line.before):
                        self.zero_of = self.vanished = self.gradient or self.zero_of
                    elif _STATIONARY.search(line.before):  # "stationarity in $u$ gives"
                        by = base_of(self._tree(sides[0]))
                        self.zero_of = self.vanished = self.gradients.get(by, self.gradient) or self.zero_of
                    continue
            self._context(line)
            self.said_at_once = self._says_moments(line)
            before = self.last if line.goes_on else sides[0]
            for side in [s for s in line.sides if s.relation is not None]:
                self.place += 1
                self._relation(line, side, before, chain)
                before = side
            self.last = line.sides[-1]
        restrict(self.roles.relations)
        return self.roles

    start: Side | None = None
    place = 0

    # ------------------------------------------------------------------------------------------ trees

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

    # ------------------------------------------------------------------------------------------ roles

    def _context(self, line: Line) -> None:
        """Keep or drop that the lines at hand are about the zero of a gradient; one that is never written is that of the latest function."""
        if _STATIONARY.search(line.before) or _AT_STATIONARY.search(line.behind):
            about = root_of(base_of(self._tree(line.sides[0])))
            self.zero_of = self.gradients.get(about, self.gradient) or self.zero_of
            if self.zero_of is None:
                self.zero_of = self.gradient = self._unwritten()
        elif (
            line.after != "⇒" and not line.goes_on and not _CONNECTING.fullmatch(line.before)
            and not (self.zero_of and _SUBSTITUTING.search(line.before))
        ):  # fmt: skip
            self.zero_of = None

    def _unwritten(self) -> str | None:
        """Return the gradient of the latest function of one variable that the document defines."""
        known = [n for n in self.roles.definitions if len(self.lines.functions.get(n, ())) == 1]
        if not known or (name := known[-1]) not in self.rewriter.bodies:
            return None
        what, by = (Tree("name", [], 0, 0, n) for n in (name, self.lines.functions[name][0]))
        return str(self.rewriter.symbol("derivative", (what,), (by,), what).value)

    def _relation(self, line: Line, side: Side, before: Side | None, chain: int) -> None:
        start, right = self._tree(self.start), self._tree(side)
        prior = self._tree(before)
        first = self.place == 1
        operator = side.relation or "="
        index = len(self.roles.relations)
        shown = (
            f"{self.start.source} {_sign(side)} {side.source}"
            if first and self.start
            else f"{_sign(side)} {side.source}"
        )
        place = self.start.start if first and self.start else side.start
        row, column = self.position(place)  # type: ignore[operator]
        statement = Statement(index, row, column, shown, "claim")
        start, prior, right = (replace(t) if t is not None else None for t in (start, prior, right))
        relation = Relation(statement, operator, start, prior, right, chain, self.place, side)
        sides = [t for t in (start, right) if t is not None]
        relation.over = tuple(dict.fromkeys(i for t in sides for i in free_indices(t)))
        relation.error = next(
            (self.errors[id(s)] for s in (self.start, side) if s is not None and id(s) in self.errors), None
        )
        relation.gradient, relation.line = self.gradient, line
        self.roles.relations.append(relation)
        if operator in _ASSUMED or self.said_at_once or _DENSITY.match(side.source.strip()):
            statement.role = "assumption"
        elif (
            operator == "=:"
            and prior is not None
            and base_of(right)
            and base_of(right) not in self.roles.definitions
        ):
            statement.role = "definition"  # what stands before gets a name
            self.roles.definitions[base_of(right)] = replace(prior)
            self.rewriter.defined.add(base_of(right))
            self.roles.over[id(self.roles.definitions[base_of(right)])] = relation.over
            relation.start = relation.right
        elif operator == "∝":
            statement.role = "assumption" if first else "claim"
            relation.error = relation.error or "a side that is proportional to the one before"
        elif first and self.start is not None and is_alias(f"{self.start.source}={side.source}"):
            statement.role = "assumption"  # g = tanh
        elif first and condition(start, right, operator):
            statement.role = "assumption"  # for i = j
        elif first and self.start is not None and depends(self.start.source, side.source):
            statement.role = "assumption"  # K = K(θ)
        elif first and self.start is not None and is_logistic(f"{self.start.source}={side.source}"):
            statement.role = "definition"
        elif right is None or start is None:
            if (
                first
                and re.search(r"\\[lc]?dots|…|\.\.\.", side.source)
                and base_of(start) in INDICES | {"t", "n", "m"}
            ):
                statement.role = "assumption"  # i = 1, ..., n
        elif first and (
            self._says_moment(start, right) or self._sets_zero(start, right) or _says_symmetric(start, right)
        ):
            statement.role = "assumption"
        elif first and operator == "=" and _FITTED.search(line.before.rstrip()):
            statement.role = "assumption"  # "we fit y = a + bx": not that y is so
        elif first and self._defines(line, start, right, operator):
            statement.role = self._definition(line, start, right, operator)
        elif first and self._adds_to_one(start, right):
            statement.role = "assumption"
        elif self.zero_of and self._is_about_zero(start, right):
            relation.at_zero_of = self._zero_of(start)
        elif first and self._is_constraint(line, start, right):
            statement.role = "assumption"
            if right.op == "number" and right.value == 1 and (name := _summed(start)):
                self.roles.ones.add(name)
        elif _is_null(right):
            self._ends_in_zero(start)
        elif UP_TO_A_CONSTANT.search(side.source):
            relation.error = "a side that is equal up to a constant"
        if start is not None:
            self._note(start)
        if right is not None:
            self._note(right)

    def _note(self, tree: Tree) -> None:
        self.used |= spoken(tree)
        symbol = self.rewriter.symbols.get(base_of(tree))
        if symbol is not None and symbol.kind == "derivative":
            self.gradient = symbol.name
            if symbol.by[0].op == "name":
                self.gradients[str(symbol.by[0].value)] = symbol.name

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

    def _sets_zero(self, start: Tree, right: Tree) -> bool:
        """Tell whether a line sets a gradient to zero, and take it down."""
        if not _is_null(right):
            return False
        symbol = self.rewriter.symbols.get(base_of(start))
        if symbol is not None and symbol.kind == "at":  # the gradient at the point that is sought
            symbol = self.rewriter.symbols.get(base_of(symbol.what[0]))
            if symbol is not None and not _SOLVED.search(
                base_of(self.rewriter.symbols[base_of(start)].what[1])
            ):
                symbol = None
        if symbol is None or symbol.kind != "derivative":
            return False
        self.zero_of = self.gradient = self.vanished = symbol.name
        return True

    def _ends_in_zero(self, start: Tree) -> None:
        """Take it down where a chain about a gradient ends in zero: what follows is about that point."""
        symbol = self.rewriter.symbols.get(base_of(start))
        if symbol is not None and symbol.kind == "derivative":
            self.zero_of = self.vanished = symbol.name

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

    said = ""
    said_at_once = False

    def _defines(self, line: Line, start: Tree, right: Tree, operator: str) -> bool:
        name = base_of(start)
        if not name or name in self.rewriter.symbols:
            return False
        if name in self.roles.definitions or name in self._names_of([*spoken(right)]):
            return False
        if operator == ":=":
            return True
        if operator == "≈":
            return False
        if self._is_solved(name):
            return False
        return not (
            name in self.used
            and re.search(r"\b(?:then|so|hence|thus|therefore)\b", line.before)
            and not _GIVEN.search(line.before)
        )

    def _is_solved(self, name: str) -> bool:
        """Tell whether a name is that of the zero of a gradient: w itself where it is set to zero, or its optimum w*."""
        if self.zero_of:
            inside = self._inside(self.zero_of)
            return _SOLVED.search(name) is not None or (name in self.used and name in inside)
        if name in self.used and name in self.gradients:  # what a derivative was taken by
            self.zero_of = self.vanished = self.gradients[name]
            return True
        symbol = self.rewriter.symbols.get(self.vanished or self.gradient or "")
        if symbol is None or _SOLVED.search(name) is None or symbol.by[0].op != "name":
            return False
        if root_of(name) != symbol.by[0].value:
            return False
        self.zero_of = self.vanished = symbol.name
        return True

    def _inside(self, gradient: str) -> set[str]:
        """Return the names that a gradient is made of: those of what is differentiated, definitions opened."""
        symbol = self.rewriter.symbols[gradient]
        return self._names_of([n for t in (*symbol.what, *symbol.by) for n in spoken(t)])

    def _names_of(self, stack: list[str]) -> set[str]:
        """Return names with those that their definitions are made of."""
        found: set[str] = set()
        while stack:
            name = stack.pop()
            if name not in found:
                found.add(name)
                body = self.roles.definitions.get(name)
                stack += [] if body is None else [*spoken(body), *body.names()]
                inner = self.rewriter.symbols.get(name)
                stack += [] if inner is None else [n for t in (*inner.what, *inner.by) for n in spoken(t)]
        return found

    def _definition(self, line: Line, start: Tree, right: Tree, operator: str) -> Role:
        self.roles.definitions[base_of(start)] = right
        self.rewriter.defined.add(base_of(start))
        symbol = self.rewriter.symbols.get(base_of(right))
        if symbol is not None and symbol.kind == "derivative":
            what = symbol.what[0]
            if what.op == "name" and what.value not in self.roles.definitions:
                self.roles.given.add(symbol.name)
                return "given"
        return "definition"

    def _zero_of(self, start: Tree) -> str:
        """Return the gradient whose zero a line is about: of several that are set to zero, that by what it solves for."""
        by = base_of(start.args[0] if start.op == "^" else start)  # the square of a name: σ*²
        return self.gradients.get(by) or self.gradients.get(root_of(by)) or str(self.zero_of)

    def _is_about_zero(self, start: Tree, right: Tree) -> bool:
        names = {*start.names(), *right.names()}
        return not any(n in self.rewriter.symbols for n in names)


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


def _is_null(tree: Tree) -> bool:
    return tree.op in ("number", "name") and tree.value in (0, "0_vector")


def root_of(name: str) -> str:
    """Return the name without what makes it a solution: w of w_star, Sigma of Sigmahat."""
    return _SOLVED.sub("", name)


def _head(tree: Tree) -> str:
    if tree.op == "call":
        return str(tree.value)
    if tree.op == "apply":
        return str(tree.args[0].value)
    if tree.op == "expect":
        return "E"
    return str(tree.value) if tree.op in ("name", "sub") else ""


def _sign(side: Side) -> str:
    return side.relation or ""
