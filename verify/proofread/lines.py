r"""The lines of a document: chains of sides, each side a tree, with the functions that the document defines.

A side that cannot be read keeps its error, and costs nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from derive.errors import InputError
from derive.language.formula import Notation, parse
from derive.language.pratt import Vocabulary
from derive.language.scope import ParseError
from derive.language.tree import Tree
from derive.language.words import FUNCTIONS
from verify.proofread.chains import Chain, chains
from verify.proofread.document import Document, Piece
from verify.proofread.handwriting import (
    Spelling,
    is_logistic,
    log_densities,
    logistic_arguments,
    named_densities,
    renames,
    single_letters,
    split_runs,
    squared,
    unsquared,
    usual,
)
from verify.proofread.labels import labels
from verify.proofread.overloaded import overloaded

#: A function's head as it stands left of its definition: f(x), \ell(\Sigma), J(\mathbf w), f(x, y).
_HEAD = re.compile(r"^([^()=+*/-]+?)\s*(?:\\left)?\(\s*([^()]+?)\s*(?:\\right)?\)$")


def depends(first: str, second: str) -> bool:
    """Tell whether a line only says what a name depends on: K = K(θ)."""
    head = _HEAD.match(second.strip().rstrip(".,;"))
    return head is not None and head[1].strip() == first.strip()


@dataclass
class Side:
    """A side of a relation: as it is written, where, and its tree or what kept it from being read."""

    relation: str | None
    source: str
    start: int
    end: int
    tree: Tree | None = None
    error: str | None = None


@dataclass
class Line:
    """A chain: its sides, what stood before it (an arrow, a comma ...), and the words around it.

    One that `goes_on` begins with a relation, and takes the last side of the line before it as its first.
    """

    sides: list[Side]
    after: str
    goes_on: bool
    before: str
    behind: str
    words: str
    paragraph: int


@dataclass
class Lines:
    """All lines of a document, the names that they define as functions, with their parameters, and names that are numbers."""

    lines: list[Line]
    functions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    defined: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Ways:
    """A document's own ways with names: letters whose squares are names, runs of letters, logarithms of densities."""

    squares: frozenset[str]
    runs: frozenset[str]
    densities: dict[str, str]
    renames: tuple[Spelling, ...] = ()


def read_lines(document: Document) -> Lines:
    """Return the lines of a document, with trees."""
    found = list(_chains(document))
    ways = Ways(
        squared(document),
        single_letters(document),
        log_densities(document),
        (*renames(document), *overloaded(document), *labels(document)),
    )
    functions: dict[str, tuple[str, ...]] = {}
    names: set[str] = set()
    for piece, chain, *_ in found:
        _note_head(chain, functions, names, _notation(piece), ways)
    defined = frozenset(_defined(found, ways))
    words = Vocabulary(
        functions=FUNCTIONS, defined=set(functions), names=names - set(functions), document=True
    )
    lines = [
        Line(
            [_side(s.relation, s.text, words, _notation(piece), ways) for s in chain.sides],
            chain.after,
            chain.goes_on,
            before,
            behind,
            chain.words,
            n,
        )
        for piece, chain, before, behind, n in found
    ]
    numbers = frozenset(
        name.removeprefix("\\").replace("{", "").replace("}", "") for name in ways.densities.values()
    ) | logistic_arguments(document)
    return Lines(lines, functions, defined, numbers)


def _defined(found: list[tuple[Piece, Chain, str, str, int]], ways: Ways) -> Iterator[str]:
    """Yield the names that stand left of an equals sign, those of arrays for entries."""
    for piece, chain, *_ in found:
        if len(chain.sides) > 1 and chain.sides[1].relation in ("=", ":="):
            try:
                tree = parse(
                    _own(chain.sides[0].text.characters, "latex", ways),
                    _notation(piece),
                    scope=Vocabulary(functions=FUNCTIONS, document=True),
                )
            except (InputError, RecursionError):
                continue
            if tree.op in ("name", "sub"):
                yield str(tree.value)
                if tree.op == "sub" and tree.args[0].op == "name":
                    yield str(tree.args[0].value)


def _chains(document: Document) -> Iterator[tuple[Piece, Chain, str, str, int]]:
    """Yield the chains of all formulas, each with its piece, the words before and behind it, and its paragraph."""
    before, paragraph = "", 0
    pieces = document.pieces
    for place, piece in enumerate(pieces):
        if piece.role == "prose":
            before = piece.text.characters
            paragraph += before.count("\n\n")
        if not piece.is_formula:
            continue
        follows = pieces[place + 1] if place + 1 < len(pieces) else None
        behind = follows.text.characters if follows is not None and follows.role == "prose" else ""
        found = chains(piece.text)
        for k, chain in enumerate(found):
            yield piece, chain, before if not k else "", behind if k == len(found) - 1 else "", paragraph
        before = ""


def _note_head(
    chain: Chain,
    functions: dict[str, tuple[str, ...]],
    names: set[str],
    notation: Notation,
    ways: Ways,
) -> None:
    """Take down the function or the name that a chain defines."""
    if len(chain.sides) < 2 or chain.sides[1].relation not in ("=", ":=", "∈", "≻", ">"):
        return
    if is_logistic(f"{chain.sides[0].text.characters}={chain.sides[1].text.characters}"):
        return
    first, second = (_own(s.text.characters.strip(), "latex", ways) for s in chain.sides[:2])
    head = _HEAD.match(second if depends(first, second) else first)
    try:
        if head is None:
            tree = parse(first, notation, scope=Vocabulary(functions=FUNCTIONS, document=True))
            if tree.op in ("name", "sub"):
                names.add(tree.value)
            return
        name = parse(head[1], notation, scope=Vocabulary(functions=FUNCTIONS, document=True))
        given = [parse(p, notation, scope=Vocabulary(functions=FUNCTIONS)) for p in _split(head[2])]
    except InputError:
        return
    known = name.op in ("name", "sub") and all(g.op in ("name", "sub") for g in given)
    if known and name.value not in FUNCTIONS and name.value not in functions:
        functions[name.value] = tuple(g.value for g in given)


def _split(arguments: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;]", arguments) if part.strip()]


def _notation(piece: Piece) -> Notation:
    return "auto" if piece.role == "line" else "latex"


def _own(source: str, notation: Notation, ways: Ways) -> str:
    """Return a formula in which the document's own ways with names are put into the usual ones."""
    if notation != "latex":
        return split_runs(source, ways.runs)
    for pattern, new in ways.renames:
        source = pattern.sub(new if callable(new) else (lambda m, new=new: new), source)  # type: ignore[misc]
    return named_densities(unsquared(source, ways.squares), ways.densities)


#: A formula, a bar behind it, and where it is evaluated.
_BAR = re.compile(
    r"^(?:\\left\s*\.)?(?P<what>.+?)\s*(?:\\right|\\[bB]igg?[lr]?|\\left)?\s*(?:\\[lr]?[vV]ert|\|)\s*_\s*"
    r"(?:\{\s*(?P<name>[^{}=]+?)\s*=\s*(?P<value>(?:[^{}]|\{[^{}]*\})+)\}|(?P<short>\w)\s*=\s*(?P<number>\d+))\s*$",
    re.DOTALL,
)


def _parsed(source: str, notation: Notation, words: Vocabulary) -> Tree:
    bar = _BAR.match(source)
    if bar is None or bar["what"].count("|") % 2:
        return parse(source, notation, scope=words)
    parts = (bar["what"], bar["name"] or bar["short"], bar["value"] or bar["number"])
    return Tree("at", [parse(part, notation, scope=words) for part in parts], 0, len(source))


def _side(
    relation: str | None,
    text: object,
    words: Vocabulary,
    notation: Notation,
    ways: Ways,
) -> Side:
    characters, places = text.characters, text.places  # type: ignore[attr-defined]
    side = Side(relation, characters, places[0], places[-1])
    try:
        side.tree = _parsed(usual(_own(characters, notation, ways)), notation, words)
    except ParseError as error:
        side.error = error.message
    except (InputError, RecursionError) as error:
        side.error = str(error).partition("\n")[0] or "nested too deep"
    return side
