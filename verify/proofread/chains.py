r"""A formula cut into chains of sides: `a = b = c` is one chain of three, at `\\`, `;`, `\Rightarrow` another begins.

Only signs outside all brackets cut, so that what is inside a matrix, a case distinction or a function's arguments stays
whole. A line that begins with a relation goes on with the chain before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from verify.proofread.document import Text

#: A sign of relation as it is written -> the relation.
RELATIONS = {
    "=": "=", r"\equiv": "=", "≡": "=", "==": "=", ":=": ":=", r"\coloneqq": ":=", r"\triangleq": ":=", r"\doteq": "=",
    "≜": ":=", "=:": "=:", r"\approx": "≈", "≈": "≈", "~=": "≈", r"\simeq": "≈", r"\cong": "≈", r"\propto": "∝", "∝": "∝",
    r"\in": "∈", "∈": "∈", r"\sim": "∼", "∼": "∼", r"\le": "≤", r"\leq": "≤", "<=": "≤", "≤": "≤", r"\ge": "≥", r"\geq": "≥",
    ">=": "≥", "≥": "≥", "<": "<", ">": ">", r"\lt": "<", r"\gt": ">", r"\ne": "≠", r"\neq": "≠", "≠": "≠", "!=": "≠",
    r"\succ": "≻", "≻": "≻", r"\succeq": "⪰", r"\succcurlyeq": "⪰", "⪰": "⪰", r"\perp": "⊥", r"\to": "→",
    r"\rightarrow": "→", "->": "→", "→": "→", r"\mapsto": "↦", r"\leqslant": "≤", r"\geqslant": "≥", r"\ll": "<", r"\gg": ">",
}  # fmt: skip
#: What begins a new statement that is said to follow.
_ARROWS = {
    r"\Rightarrow", r"\implies", r"\Longrightarrow", r"\iff", r"\Leftrightarrow", r"\Longleftrightarrow", r"\therefore",
    "⇒", "⟹", "⇔", "⟺", "∴", "=>", "==>", "<=>", r"\because",
}  # fmt: skip
_GAPS = {r"\quad", r"\qquad", r"\hspace", r"\hfill"}
_DROPPED = {
    r"\nonumber",
    r"\notag",
    r"\displaystyle",
    r"\textstyle",
    r"\limits",
    r"\nolimits",
    r"\hline",
    r"\centering",
}
_TOKEN = re.compile(
    r"\\begin\{[^}]*\}|\\end\{[^}]*\}|\\\\(?:\s*\[[^\]]*\])?|\\(?:left|right|[bB]igg?[lrm]?)\s*(?:\\[A-Za-z]+|\\?.)"
    r"|\\[A-Za-z]+\*?|\\.|==>|<=>|=>|==|:=|=:|<=|>=|!=|~=|->|\n|.",
    re.DOTALL,
)
_OPEN = {"(", "[", "{", r"\{", r"\lbrace", r"\langle", r"\lfloor", r"\lceil"}
_CLOSE = {")", "]", "}", r"\}", r"\rbrace", r"\rangle", r"\rfloor", r"\rceil"}
_PROSE = re.compile(r"\\(?:text|textrm|textit|textbf|mbox|intertext|shortintertext)\s*\{")
_LABELS = re.compile(r"\\(?:tag\*?|label|eqref|ref|cite|footnote|vspace|hspace\*?)\s*\{[^{}]*\}")
_STACKED = re.compile(r"\\(?:overset|stackrel|underset)\s*\{[^{}]*\}\s*\{\s*(\\?[A-Za-z]+|[=≈<>])\s*\}")
_BOXED = re.compile(r"\\(?:boxed|fbox|underbrace|overbrace|ensuremath|mathstrut|color\{[^{}]*\})\s*(?=\{)")
#: Environments inside a display that only arrange its lines, and tables of relations.
_ARRANGED = re.compile(
    r"\\begin\{(aligned|alignedat|align|alignat|split|gathered|gather|multlined|multline|equation|eqnarray)(\*?)\}"
    r"(?:\[[^\]\n]*\]|\{\d+\})?|\\end\{(?:aligned|alignedat|align|alignat|split|gathered|gather|multlined|multline|equation|eqnarray)\*?\}"
)
_TABLE = re.compile(
    r"\\begin\{array\}\s*\{[^{}]*\}(?P<rows>(?:(?!\\begin).)*?&\s*=\s*&.*?)\\end\{array\}", re.DOTALL
)
#: For which entries a line is, in brackets beside it: \\quad (i \\ne j).
_BESIDE = re.compile(
    r"(?:\\q?quad|[,;&]|\\[,; ])\s*(?P<open>\()\s*(?P<test>[a-z]\s*(?:=|\\neq?(?![a-z])|≠)\s*[a-z])\s*\)"
)
_BLANKS_BEFORE = re.compile(r"(?:\\[ ,;:!>]|[~\s.])+")
_BLANKS_AFTER = re.compile(r"(?:\\[ ,;:!>]|\\$|[~\s.])+$")
#: What stands upright in \text{} and is a function's name all the same.
_WORDS = (
    "tr",
    "det",
    "rank",
    "diag",
    "vec",
    "const",
    "Tr",
    "argmin",
    "argmax",
    "E",
    "Var",
    "Cov",
    "sgn",
    "ReLU",
)


@dataclass(frozen=True)
class Side:
    """A side of a relation; `relation` stands before it, none before a chain's first."""

    relation: str | None
    text: Text


@dataclass
class Chain:
    """Sides with relations between them.

    `after` is what stood before the chain: an arrow ("⇒"), a new line, a comma, a gap, words, or nothing. A chain
    that `goes_on` has no first side of its own, and takes the last side of the chain before it. `words` are those
    that follow it within the formula.
    """

    after: str
    sides: list[Side] = field(default_factory=list)
    goes_on: bool = False
    words: str = ""

    @property
    def is_bare(self) -> bool:
        """Tell whether there is no relation."""
        return len(self.sides) == 1 and self.sides[0].relation is None


def chains(formula: Text) -> list[Chain]:
    """Return the chains of a formula in reading order; sides are stripped, empty ones left out."""
    return _Cutter(_plain(formula)).cut()


def _plain(text: Text) -> Text:
    """Take away labels, boxes, what is stacked on a relation, and environments that only arrange lines."""
    for found in reversed(list(_TABLE.finditer(text.characters))):
        text = text.replaced(found.end("rows"), found.end(), " ").replaced(
            found.start(), found.start("rows"), " "
        )
    for found in reversed(list(_BESIDE.finditer(text.characters))):
        text = text.replaced(found.end("test"), found.end(), " ").replaced(
            found.start("open"), found.start("test"), r"\quad "
        )
    for found in reversed(list(_ARRANGED.finditer(text.characters))):
        text = text.replaced(found.start(), found.end(), " ")
    for found in reversed(list(_LABELS.finditer(text.characters))):
        text = text.replaced(found.start(), found.end(), " ")
    for found in reversed(list(_STACKED.finditer(text.characters))):
        text = text.replaced(found.start(), found.end(), f" {found[1]} ")
    for found in reversed(list(_BOXED.finditer(text.characters))):
        end = _closing(text.characters, found.end())
        if end is not None:
            text = text.replaced(end - 1, end, " ").replaced(found.start(), found.end() + 1, " ")
    return text


def _closing(characters: str, start: int) -> int | None:
    depth = 0
    for found in re.compile(r"\\.|[{}]", re.DOTALL).finditer(characters, start):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return None


class _Cutter:
    """Reads tokens from left to right and keeps the depth of brackets."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.found: list[Chain] = []
        self.chain = Chain("")
        self.relation: str | None = None
        self.begin = 0

    def cut(self) -> list[Chain]:
        """Return the chains."""
        characters, depth, position = self.text.characters, 0, 0
        while found := _TOKEN.match(characters, position):
            token, start, position = found[0], found.start(), found.end()
            if token.startswith(r"\begin") or token in _OPEN or re.match(r"\\left|\\[bB]igg?l", token):
                depth += 1
            elif (
                token.startswith(r"\end")
                or token in _CLOSE
                or re.match(r"\\right(?![A-Za-z])|\\[bB]igg?r", token)
            ):
                depth = max(depth - 1, 0)
            elif depth:
                continue
            elif prose := _PROSE.match(characters, start):
                end = _closing(characters, prose.end() - 1) or len(characters)
                words = characters[prose.end() : end - 1]
                if words.strip() in _WORDS:
                    position = end
                    continue
                self._end_chain(start, end, "words")
                self._said(words)
                position = end
            elif token in RELATIONS:
                self._end_side(start)
                self.relation, self.begin = RELATIONS[token], position
            elif token in _ARROWS:
                self._end_chain(start, position, "⇒")
            elif token.startswith("\\\\") or token in ("\n", ";"):
                if token != "\n" or self._line_is_whole(start, position):
                    self._end_chain(start, position, "line" if token != ";" else ";")
            elif token in _GAPS:
                self._end_chain(start, position, "gap")
            elif token == ",":
                self._end_chain(start, position, ",")
            elif token == "&" or token in _DROPPED:
                self.text = self.text.replaced(start, position, " " * (position - start))
                characters = self.text.characters
        self._end_chain(len(characters), len(characters), "")
        return _merged(self.found)

    def _line_is_whole(self, start: int, after: int) -> bool:
        """Tell whether a plain line break ends a statement: the next line is one, too, and this line does not hang."""
        before = self.text.characters[self.begin : start].rstrip()
        rest = self.text.characters[after:].lstrip()
        if not before or not rest or "\\\\" in self.text.characters or "&" in self.text.characters:
            return False
        return before[-1] not in "=+-*/({[,&\\" and not re.match(r"[+\-*/=]|\\(?:cdot|times|quad)", rest)

    def _end_side(self, end: int) -> None:
        side = self.text.part(self.begin, end)
        lead = _BLANKS_BEFORE.match(side.characters)
        stop = _BLANKS_AFTER.search(side.characters)
        first, last = lead.end() if lead else 0, stop.start() if stop else len(side)
        if first >= last:
            return
        side = side.part(first, last)
        self.chain.sides.append(Side(self.relation, side))

    def _end_chain(self, end: int, after: int, kind: str) -> None:
        self._end_side(end)
        if not self.chain.sides:
            self.chain.goes_on = False
            self.chain.after = "⇒" if "⇒" in (self.chain.after, kind) else kind or self.chain.after
        else:
            self.chain.goes_on = self.chain.sides[0].relation is not None
            self.found.append(self.chain)
            self.chain = Chain(kind)
        self.relation, self.begin = None, after

    def _said(self, words: str) -> None:
        if self.found:
            self.found[-1].words = f"{self.found[-1].words} {words.strip()}".strip()
        if re.search(r"\b(so|then|thus|hence|therefore|gives|implies)\b", words):
            self.chain.after = "⇒"


def _merged(found: list[Chain]) -> list[Chain]:
    """Put lists with commas together: names before a relation of membership, and what goes on with a range."""
    merged: list[Chain] = []
    for chain in found:
        last = merged[-1] if merged else None
        if last is not None and chain.after == "," and _is_list(last, chain):
            joined = _joined(last.sides[-1].text, chain.sides[0].text)
            last.sides[-1] = Side(last.sides[-1].relation, joined)
            last.sides += chain.sides[1:]
            continue
        merged.append(chain)
    return merged


def _is_list(last: Chain, chain: Chain) -> bool:
    if last.is_bare and not chain.goes_on:
        return chain.is_bare or (
            len(chain.sides) > 1 and chain.sides[1].relation in ("∈", "∼", "≻", "⪰", ">", "≥")
        )
    if chain.is_bare and not last.is_bare:  # i = 1, \dots, n
        text = chain.sides[0].text.characters
        ahead = last.sides[-1].text.characters
        return bool(
            re.search(r"dots|…|\.\.\.", text + ahead)
            or (last.sides[0].text.characters.strip() in tuple("ijklmnt") and len(text.strip()) <= 2)
        )
    return False


def _joined(first: Text, second: Text) -> Text:
    there = first.places[-1]
    return Text(
        f"{first.characters}, {second.characters}", (*first.places[:-1], there, there, *second.places)
    )
