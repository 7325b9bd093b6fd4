"""The one reader of formulas: text, NumPy, Unicode or LaTeX to a tree with places, and from a tree to an expression."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from derive.errors import InputError
from derive.language.latex_tokens import LATEX, latex_tokens
from derive.language.pratt import Parser, Vocabulary
from derive.language.scope import ParseError
from derive.language.tokens import SEPARATORS, Token, tokens
from derive.language.tree import Tree

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
    after: str = field(default="")


def notation_of(text: str) -> Literal["text", "latex"]:
    """Return whether a text is LaTeX or plain."""
    return "latex" if LATEX.search(text) else "text"


def _vocabulary(scope: Vocabulary | None, latex: bool) -> Vocabulary:
    from dataclasses import replace

    return replace(scope or Vocabulary(), latex=latex)


def _tokens(text: str, notation: Notation) -> tuple[list[Token], bool]:
    latex = (notation_of(text) if notation == "auto" else notation) == "latex"
    return (latex_tokens(text) if latex else tokens(text)), latex


def parse_formula(text: str, notation: Notation = "auto", scope: Vocabulary | None = None) -> Tree:
    """Return the tree of one expression, or of one chain of relations. Raises ParseError with the place."""
    found, latex = _tokens(text, notation)
    if latex:
        found = [
            t for t in found if t.kind not in ("amp", "prose") and not (t.kind == "sep" and t.text == "quad")
        ]
        while len(found) > 1 and found[-2].kind == "sep":
            del found[-2]
    return Parser(text, found, _vocabulary(scope, latex)).whole()


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
