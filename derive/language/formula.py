"""The one reader of formulas: text, NumPy, Unicode or LaTeX to a tree with places, and from a tree to an expression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from derive.errors import InputError
from derive.language.latex_tokens import LATEX, latex_tokens
from derive.language.pratt import Parser, Vocabulary
from derive.language.scope import ParseError
from derive.language.tokens import SEPARATORS, Token, tokens
from derive.language.tree import Tree
from derive.language.words import FUNCTIONS

Notation = Literal["auto", "text", "latex"]


@dataclass
class Piece:
    """A statement of a formula: its tree or what kept it from being read, its place, and what parted it from the last.

    `before` is the sign that stands before it: "", ",", ";", "quad", "\\\\", "⇒", "⇔", or "prose", whose words are in
    `words`.
    """

    tree: Tree | None
    start: int
    end: int
    before: str = ""
    words: str = ""
    error: InputError | None = None


def notation_of(text: str) -> Literal["text", "latex"]:
    """Return whether a text is LaTeX or plain."""
    return "latex" if LATEX.search(text) else "text"


def _vocabulary(scope: Vocabulary | None, latex: bool) -> Vocabulary:
    return replace(scope or Vocabulary(functions=FUNCTIONS), latex=latex)


def _tokens(text: str, notation: Notation) -> tuple[list[Token], bool]:
    latex = (notation_of(text) if notation == "auto" else notation) == "latex"
    return (latex_tokens(text) if latex else tokens(text)), latex


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a text in its notation. Raises ParseError."""
    return _tokens(text, "auto")[0]


def parse(text: str, notation: Notation = "auto", scope: Vocabulary | None = None) -> Tree:
    """Return the tree of one expression, or of one chain of relations. Raises ParseError with the place."""
    found, latex = _tokens(text, notation)
    if latex:
        found = list(outside(found))
        while len(found) > 1 and found[-2].kind == "sep":
            del found[-2]
    return Parser(text, found, _vocabulary(scope, latex)).whole()


def outside(found: list[Token], parted: bool = False) -> Iterator[Token]:
    r"""Yield the tokens without what only sets out an equation: &, prose, and \quad unless it parts statements.

    Inside matrices and cases these stay, since there they part the entries.
    """
    depth = 0
    for t in found:
        depth += (t.kind == "begin") - (t.kind == "finish")
        if depth or not (t.kind in ("amp", "prose") or (not parted and t.kind == "sep" and t.text == "quad")):
            yield t


def parse_statements(text: str, notation: Notation = "auto", scope: Vocabulary | None = None) -> list[Piece]:
    r"""Return the statements of a display: cut at \\, commas, semicolons, \quad, \Rightarrow and prose.

    A statement that cannot be read has its error; the others are not lost with it. Only what cannot even be cut into
    tokens raises ParseError.
    """
    found, latex = _tokens(text, notation)
    words = _vocabulary(scope, latex)
    pieces: list[Piece] = []
    current: list[Token] = []
    before, said, depth, environments = "", "", 0, []  # type: ignore[var-annotated]

    def close(sign: str) -> None:
        nonlocal before, said, current
        if current:
            pieces.append(_piece(text, current, words, before, said))
            before, said, current = "", "", []
        if sign and (not before or before in (",", "quad", ".") or sign == "⇒"):
            before = sign

    for t in found:
        if t.kind == "end":
            break
        if t.kind == "begin":
            name = t.text.rstrip("*")
            if name in ("align", "aligned", "equation", "gather", "gathered", "split", "alignat", "eqnarray", "multline",
                        "flalign", "displaymath", "math") and not depth:  # fmt: skip
                close("")
                continue
            environments.append(name)
        elif t.kind == "finish":
            if not environments:
                close("")
                continue
            environments.pop()
        if t.kind == "op":
            depth += (t.text in ("(", "[", "{", "||<", "|<")) - (t.text in (")", "]", "}", "||>", "|>"))
        if environments or (depth > 0 and t.kind != "sep"):
            current.append(t)
        elif t.kind == "amp":
            continue
        elif t.kind == "prose":
            close("prose")
            said = f"{said} {t.text}".strip()
        elif t.kind == "sep":
            if depth > 0 and t.text not in ("\\\\",):
                current.append(t)
            else:
                depth = 0
                close(t.text)
        elif t.kind == "op" and not depth and (t.text == "," or t.text in SEPARATORS):
            close(t.text)
        else:
            current.append(t)
    close("")
    return pieces


def _piece(text: str, current: list[Token], words: Vocabulary, before: str, said: str) -> Piece:
    start, end = current[0].start, current[-1].end
    try:
        tree = Parser(text, [*current, Token("end", "", end, end)], words).whole()
    except ParseError as error:
        return Piece(None, start, end, before, said, error)
    return Piece(tree, start, end, before, said)


def name_of(text: str) -> str:
    r"""Return a name as the text language spells it: mu for μ and \mu, W_1 for W_{1}; another text as it is."""
    if text.isascii() and not set(text) & set("\\{}$"):
        return text
    try:
        tree = parse(text)
    except InputError:
        return text
    return str(tree.value) if tree.op in ("name", "sub") else text
