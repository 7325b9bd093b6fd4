"""The one reader of formulas: text, NumPy, Unicode or LaTeX to a tree with places, and from a tree to an expression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from derive.errors import InputError
from derive.language.latex_tokens import LATEX, latex_tokens
from derive.language.pratt import Parser, Vocabulary
from derive.language.tokens import Token, tokens
from derive.language.tree import Tree
from derive.language.words import FUNCTIONS

Notation = Literal["auto", "text", "latex"]


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


def name_of(text: str) -> str:
    r"""Return a name as the text language spells it: mu for μ and \mu, W_1 for W_{1}; another text as it is."""
    if text.isascii() and not set(text) & set("\\{}$"):
        return text
    try:
        tree = parse(text)
    except InputError:
        return text
    return str(tree.value) if tree.op in ("name", "sub") else text
