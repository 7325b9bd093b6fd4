"""Which gradient the lines at hand set to zero: "setting this to zero gives", "the optimal w*"."""

from __future__ import annotations

import re

from derive.language.tree import Tree
from verify.proofread.families import Families
from verify.proofread.lines import Line, Lines
from verify.proofread.randomness import spoken
from verify.proofread.relations import SOLVED, root_of
from verify.proofread.sides import Sides
from verify.proofread.symbols import Rewriter, base_of

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


class Zeroes(Sides):
    """Follows gradients through a document: the latest, and which is set to zero where."""

    def __init__(self, lines: Lines, rewriter: Rewriter, families: Families) -> None:
        super().__init__(lines, rewriter, families)
        self.used: set[str] = set()
        self.gradient: str | None = None  # the latest gradient of a line
        self.gradients: dict[str, str] = {}  # the latest by each name
        self.vanished: str | None = None  # the latest gradient that was set to zero
        self.zero_of: str | None = None  # the gradient that the lines now at hand set to zero

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

    def _bare(self, line: Line) -> None:
        """Take it down where a formula by itself speaks of a zero: "set it to $0$", "stationarity in $u$ gives"."""
        (side,) = line.sides
        if _NOTHING.fullmatch(side.source.strip()) and _SET.search(line.before):
            self.zero_of = self.vanished = self.gradient or self.zero_of
        elif _STATIONARY.search(line.before):
            by = base_of(self._tree(side))
            self.zero_of = self.vanished = self.gradients.get(by, self.gradient) or self.zero_of

    def _unwritten(self) -> str | None:
        """Return the gradient of the latest function of one variable that the document defines."""
        known = [n for n in self.roles.definitions if len(self.lines.functions.get(n, ())) == 1]
        if not known or (name := known[-1]) not in self.rewriter.bodies:
            return None
        what, by = (Tree("name", [], 0, 0, n) for n in (name, self.lines.functions[name][0]))
        return str(self.rewriter.symbol("derivative", (what,), (by,), what).value)

    def _note(self, tree: Tree) -> None:
        self.used |= spoken(tree)
        symbol = self.rewriter.symbols.get(base_of(tree))
        if symbol is not None and symbol.kind == "derivative":
            self.gradient = symbol.name
            if symbol.by[0].op == "name":
                self.gradients[str(symbol.by[0].value)] = symbol.name

    def _sets_zero(self, start: Tree, right: Tree) -> bool:
        """Tell whether a line sets a gradient to zero, and take it down."""
        if not is_null(right):
            return False
        symbol = self.rewriter.symbols.get(base_of(start))
        if symbol is not None and symbol.kind == "at":  # the gradient at the point that is sought
            symbol = self.rewriter.symbols.get(base_of(symbol.what[0]))
            if symbol is not None and not SOLVED.search(
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

    def _is_solved(self, name: str) -> bool:
        """Tell whether a name is that of the zero of a gradient: w itself where it is set to zero, or its optimum w*."""
        if self.zero_of:
            inside = self._inside(self.zero_of)
            return SOLVED.search(name) is not None or (name in self.used and name in inside)
        if name in self.used and name in self.gradients:  # what a derivative was taken by
            self.zero_of = self.vanished = self.gradients[name]
            return True
        symbol = self.rewriter.symbols.get(self.vanished or self.gradient or "")
        if symbol is None or SOLVED.search(name) is None or symbol.by[0].op != "name":
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

    def _zero_of(self, start: Tree) -> str:
        """Return the gradient whose zero a line is about: of several that are set to zero, that by what it solves for."""
        by = base_of(start.args[0] if start.op == "^" else start)  # the square of a name: σ*²
        return self.gradients.get(by) or self.gradients.get(root_of(by)) or str(self.zero_of)

    def _is_about_zero(self, start: Tree, right: Tree) -> bool:
        names = {*start.names(), *right.names()}
        return not any(n in self.rewriter.symbols for n in names)


def is_null(tree: Tree) -> bool:
    """Tell whether a side is zero, a number or a vector."""
    return tree.op in ("number", "name") and tree.value in (0, "0_vector")
