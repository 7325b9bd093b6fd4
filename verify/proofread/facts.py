"""What the words of a document say of its names: symmetric, one-hot, independent with mean zero.

A fact has a kind (a word of the language's assumptions where there is one), the formulas that it is about, as they are
written, and, where it has one, a value (`with variance $σ²$`). What is read is what is written beside a name; nothing is
guessed from afar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from verify.proofread.document import Document, Piece

#: Words -> kind. The longest that fits is taken.
KINDS = {
    r"positive[ -]definite|\bspd\b|\bs\.p\.d\.": "posdef",
    r"positive[ -]semi-?definite|\bpsd\b": "symmetric",
    r"(?<!skew-)(?<!skew )(?<!anti)symmetric(?!\s+(?:part|component))|\bsym\b\.?": "symmetric",
    r"covariances?(?: matri(?:x|ces))?|(?:precision|kernel|gram|information) matri(?:x|ces)": "covariance_matrix",
    r"skew-?[ ]?symmetric|antisymmetric": "skew",
    r"non-?singular|invertible": "invertible",
    r"orthogonal|orthonormal": "orthogonal",
    r"diagonal": "diagonal",
    r"lower[ -]triangular": "lower",
    r"upper[ -]triangular": "upper",
    r"one-?[ ]?hot": "onehot",
    r"sums? to (?:one|1)|probability (?:vector|distribution)|on the (?:probability )?simplex": "sums_to_one",
    r"non-?zero": "nonzero",
    r"strictly positive|positive": "positive",
    r"full column rank|full rank": "fullrank",
    r"(?:real |real-valued )?(?:number|scalar|constant)s?": "scalar",
    r"(?:column )?vectors?": "vector",
    r"square": "square",
    r"matri(?:x|ces)": "matrix",
    r"i\.?\s?i\.?\s?d\.?|independent and identically distributed": "iid",
    r"(?<!in)dependent": "dependent",
    r"(?:mutually )?independent|independently": "independent",
    r"uncorrelated": "uncorrelated",
    r"mean[ -]zero|zero[ -]mean|zero[ -]means|cent(?:er|re)d|mean (?:of )?(?:zero|0)|expectation (?:zero|0)": "zero_mean",
    r"unit variance|variance (?:one|1)": "unit_variance",
    r"standard (?:normal|gaussian)": "standard_normal",
    r"(?:is|are) given|upstream": "given",
}  # fmt: skip
_ANY = re.compile("|".join(f"(?P<k{k}>{pattern})" for k, pattern in enumerate(KINDS)), re.IGNORECASE)
_NAMES = list(KINDS.values())
_MOMENT = re.compile(
    r"(?:with|of|and|,)?\s*(?:common |the same |equal |finite )?(mean|variance|covariance)s?(?: matrix)?(?: of)?\s*$",
    re.IGNORECASE,
)
#: How the name before a mean or a variance owns it: "with mean", "has a known variance", ", mean"; not "faces the covariance".
_BELONGS = re.compile(
    r"(?:^|[,(:]|\b(?:with|has|have|having|of|and|whose|but|is|are|its|their))\s*"
    r"(?:(?:an?|the|common|same|equal|known|unknown|finite|constant|true|prior|noise|sample|some|zero) )*\s*$",
    re.IGNORECASE,
)
#: Where a thought ends.
_END = re.compile(r"[.;:!?](?=\s|$)|\n\s*\n|\n\s*[-*]\s|\n\s*\d+[.)]\s")
#: Words after which what follows is no property of the name before.
_TURN = re.compile(r"\b(?:but|not|never|if|when|unless|whether|only|show|prove|that)\b", re.IGNORECASE)
_NAME = re.compile(r"\b([A-Za-z](?:_?\w{0,3})?)\b")


@dataclass(frozen=True)
class Fact:
    """Something said of formulas; `place` is where it stands in the document, a `plain` value is no LaTeX."""

    kind: str
    subjects: tuple[str, ...]
    place: int
    value: str = ""
    plain: bool = False


def facts(document: Document) -> list[Fact]:
    """Return what the prose says of names, in reading order."""
    found: list[Fact] = []
    for thought in _thoughts(document):
        found += _of_thought(thought)
    return found


@dataclass(frozen=True)
class _Item:
    text: str
    place: int
    is_formula: bool
    plain: bool = False


def _thoughts(document: Document) -> Iterator[list[_Item]]:
    """Yield the items between two ends of sentences: words and formulas in turn."""
    items: list[_Item] = []
    for piece in document.pieces:
        if piece.role in ("inline", "line", "display"):
            items.append(_Item(piece.text.characters.strip(), piece.start, True, piece.role == "line"))
            continue
        if piece.role != "prose":
            continue
        yield from _split(piece, items)
    if items:
        yield items


def _split(piece: Piece, items: list[_Item]) -> Iterator[list[_Item]]:
    text, position = piece.text.characters, 0
    for end in _END.finditer(text):
        if re.search(r"\b(?:i\.i|i\.e|e\.g|resp|cf|i\.i\.d)$", text[: end.start()]):
            continue
        items.append(_Item(text[position : end.start()], piece.text.places[position], False))
        yield list(items)
        items.clear()
        position = end.end()
    items.append(_Item(text[position:], piece.text.places[position], False))


def _of_thought(items: list[_Item]) -> Iterator[Fact]:
    said: tuple[int, tuple[str, ...]] = (-1, ())  # where the latest value of a moment stands, and of what
    for k, item in enumerate(items):
        if item.is_formula:
            continue
        for word in _ANY.finditer(item.text):
            kind = _NAMES[int(word.lastgroup[1:])] if word.lastgroup else ""
            before, after = item.text[: word.start()], item.text[word.end() :]
            if _negated(before):
                continue
            subjects = (
                _ahead_only(items, k, after)
                if kind == "covariance_matrix"
                else _subjects(items, k, before, after)
            )
            if kind == "independent" and re.match(r"\s*of\s*$", after) and k + 1 < len(items):
                subjects = (*_before(items, k, before), *_names_from(items[k + 1]))
            if subjects or kind in ("independent", "iid"):
                yield Fact(kind, subjects, item.place + word.start())
        moment = _MOMENT.search(item.text)
        if moment and k + 1 < len(items) and not re.search(r"[=]", items[k + 1].text):
            before = item.text[: moment.start()]
            if not _BELONGS.search(item.text[: moment.start(1)]):
                continue
            subjects = (
                said[1] if said[0] == k - 1 and _LISTED.fullmatch(before) else _before(items, k, before)
            )
            said = (k + 1, subjects)
            if subjects:
                value = items[k + 1]
                yield Fact(moment[1].lower(), subjects, item.place + moment.start(), value.text, value.plain)


def _negated(before: str) -> bool:
    return bool(
        re.search(r"\b(?:not|non|need not be|never|isn't)(?:\s+\w+){0,2}\s*-?$", before, re.IGNORECASE)
    )


def _ahead_only(items: list[_Item], k: int, after: str) -> tuple[str, ...]:
    """Return the capitals right after a word: "the covariance $P$", not "X has covariance c"."""
    if after.strip() or k + 1 == len(items) or not items[k + 1].is_formula:
        return ()
    return tuple(n for n in _names_from(items[k + 1]) if _CAPITAL.search(n))


_CAPITAL = re.compile(r"(?:^|\{)\s*(?:[A-Z](?![a-z])|\\(?:Sigma|Lambda|Omega|Gamma|Psi)(?![A-Za-z]))")


def _subjects(items: list[_Item], k: int, before: str, after: str) -> tuple[str, ...]:
    """Return the names that a word is about: those before it ("K is symmetric"), else the one right after it."""
    if _PARTED.search(after) and (owners := _before(items, k, before)):
        return owners  # "K symmetric and s > 0"
    if re.fullmatch(
        r"\s*(?:(?:real|square|random|constant|variables?|and|or|matri(?:x|ces)|vectors?|numbers?|scalars?|\w+-?\w*definite|symmetric|invertible|diagonal|column|,)\s*)*"
        r"|\s*(?:\w+[ -]){0,2}(?:matri(?:x|ces)|vectors?|operators?)\s*",
        after,
    ):
        ahead = _names_from(items[k + 1]) if k + 1 < len(items) and items[k + 1].is_formula else ()
        clause = re.split(r",|\band\b(?=[^,]*$)", before)[-1]
        if (
            ahead
            and re.search(
                r"\b(?:a|an|the|for|with|let|some|any|every|all|where|of|given|and|assume|suppose|consider)?\s*(?:\w+[ -]){0,3}$",
                clause,
                re.IGNORECASE,
            )
            and not re.search(r"\b(?:is|are|be)\b", clause)
        ):
            if not re.fullmatch(r"\s*", clause) or not (k and items[k - 1].is_formula and "," not in before):
                return ahead
    return _before(items, k, before)


#: Words after which a new thing is spoken of.
_PARTED = re.compile(r"(?:\b(?:and|or|with|for)|,)\s*$")
#: Names in running text: "A is", "A and B are".
_SPOKEN = re.compile(
    r"(?:^|[\s,(])((?:[A-Za-z](?:_?\w{0,2})?\s*(?:,|and)\s*)*[A-Za-z](?:_?\w{0,2})?)\s+(?:is|are|be|being)\s+(?:\w+[ -]){0,4}$"
)
#: A name right before what is said of it: ", A sym.", "with A symmetric".
_TERSE = re.compile(r"(?:,|\b(?:with|where|for|and))\s*([B-HJ-Z]|A(?=\s+$))\s+$")
_NO_NAMES = frozenset({"and", "it", "is", "we", "he", "all", "this"})
_LISTED = re.compile(r"\s*(?:,|and|or|,\s*and)?\s*")


def _before(items: list[_Item], k: int, before: str) -> tuple[str, ...]:
    """Return the names before a word: in the words themselves, else the list of formulas that ends right before them."""
    if _TURN.search(before):
        return ()
    spoken = _SPOKEN.search(before)
    if spoken and not re.match(r"\s*(?:is|are|be)\b", before):
        names = tuple(n for n in _NAME.findall(spoken[1]) if n.lower() not in _NO_NAMES)
        if names:
            return names
    terse = _TERSE.search(before)
    if terse:
        return (terse[1],)
    subjects: list[str] = []
    for index in range(k - 1, -1, -1):
        item = items[index]
        if not item.is_formula:
            if not _LISTED.fullmatch(item.text):
                return () if _TURN.search(item.text[-20:].replace("that", "")) else tuple(subjects)
            continue
        names = _names_from(item)
        if not names or (subjects and _RELATED.search(item.text)):
            break
        subjects[:0] = names
    return tuple(subjects)


_RELATED = re.compile(r"=|\\succ|≻|\\sim|>")


def _names_from(item: _Item) -> tuple[str, ...]:
    r"""Return the names that a formula is a list of, also with a shape behind: `X, Y`, `A \in \mathbb R^{n \times n}`."""
    head = re.split(r"\\in\b|∈|\\sim\b|:|\\succ\w*|>|=", item.text, maxsplit=1)[0]
    if len(head) > 80:
        return ()
    parts = [part.strip() for part in re.split(r",(?![^{(\[]*[})\]])", head)]
    named = re.compile(
        r"(?:\\(?:mathbf|boldsymbol|bm|vec|hat|bar|tilde|mathcal|mathrm|bf|mathsf)\s*\{?)*\s*(?:\\?[A-Za-z]+)\}?(?:_(?:\{[^{}]*\}|\\?\w))?(?:\(\w\))?'*"
    )
    dots = [part for part in parts if re.fullmatch(r"\\[lc]?dots[cbmio]?|…|\.\.\.", part)]
    names = [part for part in parts if part not in dots and named.fullmatch(part)]
    return tuple(names) if len(names) + len(dots) == len(parts) else ()
