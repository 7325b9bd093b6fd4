"""The relations of a document, each a line or a part of a chain, and the roles that they play."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from derive.language.tree import Tree
from verify.proofread.lines import Line, Side
from verify.proofread.result import Statement

#: Subscripts and accents that make of a name the point that solves for it.
SOLVED = re.compile(
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


def root_of(name: str) -> str:
    """Return the name without what makes it a solution: w of w_star, Sigma of Sigmahat."""
    return SOLVED.sub("", name)
