"""Formulas in a line of plain text: the stretches between words that hold a relation.

A word is one of the language in which people explain (`let`, `then`, `where`), or one that no sign of mathematics
touches; names and functions are what is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_RELATION = re.compile(r"(?<![<>:!])=(?!=)|≈|~=|:=|∼|(?<=[\w)\]])\s+~\s+|∈|<=|>=|≤|≥|⇒|=>|->|→|≻|⪰|\bin R\^")
_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
#: Words that explain. Names of two letters and more that are none of them may be names of things.
WORDS = frozenset(
    """a about above after again all also an and any are as assume assuming at be because been before but by call
    called can chain claim compute consider constant define defined definition denote derivative derivatives
    derive differential differentiate differentiating each entry equal equals equation every expand expanding
    expectation find finally first follows following for from function given gives gradient have hence here hessian holds
    if implies in independent indeed independently into is it its jacobian know known let likewise line loss matrix
    matrices mean means model new next not note notice now number obtain of on one only or our over plug plugging
    positive product proof prove recall respect result right rule rules same scalar second see set setting show
    side similarly since so solve solving some step substitute substituting such sum symmetric take taking than that the
    their then there therefore these this thus to together two under use uses using value variance vector vectors
    via want we well when where which while will with write writing yields you zero""".split()
)


def formulas_of_line(line: str) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of every stretch of a line that holds a relation and no word of prose."""
    cuts = [0]
    for found in _WORD.finditer(line):
        if _is_prose(line, found):
            cuts += [found.start(), found.end()]
    cuts.append(len(line))
    for start, end in zip(cuts[::2], cuts[1::2], strict=True):
        stretch = line[start:end]
        if not _RELATION.search(stretch):
            continue
        left = len(stretch) - len(stretch.lstrip(" \t,;:.>*-•)"))
        right = len(stretch.rstrip(" \t,;.:"))
        numbered = re.match(r"\(?\d{1,2}[.)]\s+", stretch[left:])
        left += numbered.end() if numbered else 0
        if left < right:
            yield start + left, start + right


#: Words of formulas, which may stand before a name with a blank between.
_OPERATORS = frozenset(
    "grad nabla tr trace det log logdet exp sin cos tan tanh sqrt diag vec sum prod inv".split()
)


def _is_prose(line: str, word: re.Match[str]) -> bool:
    text = word[0].lower()
    if text in _OPERATORS and word[0] == text:
        return not re.match(r" ?[(\w]|\^", line[word.end() :]) or (
            text == "sum" and line[word.end() :].startswith(" of")
        )
    if len(text) == 1 and text != "a":
        return False
    before, after = line[: word.start()].rstrip(" "), line[word.end() :].lstrip(" ")
    touched = line[word.end() : word.end() + 1] in tuple("([_^'=*/+.") or line[: word.start()][-1:] in tuple(
        "\\_^*/("
    )
    if text == "a" or word[0] == "A":  # a name beside a sign, an article beside words
        return (
            word[0] == "a"
            and not touched
            and before[-1:] not in tuple("=+-*/(^")
            and after[:1].isalpha()
            and not re.match(r"[A-Za-z]?\b\s*[=+*/^)-]", after)
        )
    if text in WORDS:
        return not (touched and line[word.end() : word.end() + 1] in tuple("(_["))
    if touched or len(text) <= 2 or re.match(r"[=+*/^≈<>~-]", after) or re.search(r"[=+*/^≈<>~-]$", before):
        return False
    return word[0].islower() or word[0].istitle()
