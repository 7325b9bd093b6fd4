r"""A key: a right derivation whose lines say what is asked, and for how many points.

The key is an ordinary document for proofreading. What stands before its first result (or before a line
`gradproof: solution`) is the problem, and holds for every submission. Lines of the form `gradproof: NAME: VALUE`
anywhere in it give the rules:

    gradproof: title: Homework 3      of the class page
    gradproof: points: 2              the next line with a result is asked, for 2 points; without any such line
                                      every result of the key is, for 1 point each
    gradproof: slip: 50%              what a slip on the way costs, of the result's points or in points (1/2)
    gradproof: wrong: 0%              what an answer is worth that is itself the slip
    gradproof: order: strict          an answer counts only after the answer to the result before
    gradproof: solution               the problem ends here

In LaTeX the lines may be comments: `% gradproof: points: 2`. A result that follows from an earlier slip keeps its points
less what the slip costs, and a slip is charged once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from derive.errors import InputError
from verify.proofread.document import read_document
from verify.proofread.proofread import proofread
from verify.proofread.relations import root_of
from verify.proofread.result import Proofreading, Statement

_RULE = re.compile(
    r"^[ \t>*%-]*gradproof[ \t]*:[ \t]*(points|slip|wrong|order|title|solution)\b[ \t]*:?[ \t]*(.*?)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?|\d+/\d+)\s*(%?)")
_DERIVATIVE = re.compile(r"(d\d*)(\w+?)/((?:d\w+?)+)")
#: A submission's or a key's characters.
LONGEST = 1_000_000

T = TypeVar("T")


@dataclass(frozen=True)
class Amount:
    """Points, or a share of a result's points."""

    number: Fraction
    is_share: bool

    def of(self, points: Fraction) -> Fraction:
        """Return the points that it comes to for a result worth so many."""
        return self.number * points if self.is_share else self.number


@dataclass(frozen=True)
class Asked:
    """A result that is asked: the name of what it is about, such as dL/dW, its line in the key and its points."""

    name: str
    line: int
    source: str
    points: Fraction


@dataclass(frozen=True)
class Key:
    """A key that was read: the problem's text, what is asked, and the rules."""

    text: str
    problem: str
    asked: tuple[Asked, ...]
    title: str = ""
    slip: Amount = Amount(Fraction(1, 2), True)
    wrong: Amount = Amount(Fraction(0), True)
    strict: bool = False

    @property
    def points(self) -> Fraction:
        """Return the most points that a submission can have."""
        return sum((a.points for a in self.asked), Fraction(0))


def read_key(text: str, seed: int = 0) -> Key:
    """Return a key; its results are proofread themselves.

    Raises InputError for rules that are not understood, for a key that asks nothing, and for one with a wrong line.
    """
    text = text.replace("\r\n", "\n")
    rules = [
        (text.count("\n", 0, m.start()) + 1, m[1].lower(), m[2], m.start()) for m in _RULE.finditer(text)
    ]
    plain = _RULE.sub(lambda m: "", text)
    found = proofread(plain + "\n", seed=seed)
    if (wrong := found.first_wrong) is not None:
        s = found.statements[wrong]
        raise InputError(f"line {s.line} of the key is wrong: {s.diagnosis or s.source}; mend the key first")
    key = Key(text, "", tuple(_asked(found, rules)))
    for line, name, value, _ in rules:
        if name == "slip":
            key = replace(key, slip=_amount(value, line))
        elif name == "wrong":
            key = replace(key, wrong=_amount(value, line))
        elif name == "title":
            key = replace(key, title=value)
        elif name == "order":
            if value not in ("strict", "free"):
                raise InputError(f"line {line} of the key: the order is strict or free, not {value!r}")
            key = replace(key, strict=value == "strict")
    end = next((place for _, name, _, place in rules if name == "solution"), None)
    return replace(key, problem=_problem(text if end is None else text[:end], found, end is not None))


def name_of(statement: Statement) -> str:
    """Return the name of what a claim is about, dL/dW or w; without what marks a solution (w of w^*)."""
    left = statement.reading.partition(" = ")[0].strip()
    return root_of(left) if re.fullmatch(r"\w+", left) else left


def of_any_loss(name: str) -> str:
    """Return the name of a derivative without its loss: d/dW of dL/dW."""
    found = _DERIVATIVE.fullmatch(name)
    return f"{found[1]}/{found[3]}" if found else name


def loss_of(name: str) -> str | None:
    """Return the loss in a derivative's name."""
    found = _DERIVATIVE.fullmatch(name)
    return found[2] if found else None


def _asked(found: Proofreading, rules: list[tuple[int, str, str, int]]) -> list[Asked]:
    claims = [s for s in found.claims if s.verdict != "unread" and s.reading]
    given = [(line, value) for line, name, value, _ in rules if name == "points"]
    asked: dict[str, Asked] = {}
    if not given:
        for s in claims:
            asked.setdefault(name_of(s), Asked(name_of(s), s.line, s.source, Fraction(1)))
    for line, value in given:
        statement = next((s for s in claims if s.line >= line), None)
        if statement is None:
            raise InputError(f"line {line} of the key gives points, but no result that can be read follows")
        amount = _amount(value, line)
        name = name_of(statement)
        if amount.is_share or name in asked:
            why = "points are a number" if amount.is_share else f"{name} has points already"
            raise InputError(f"line {line} of the key: {why}")
        asked[name] = Asked(name, statement.line, statement.source, amount.number)
    if not asked:
        raise InputError("the key has no result that can be read: write its results as formulas, a line each")
    return list(asked.values())


def _amount(value: str, line: int) -> Amount:
    found = _AMOUNT.fullmatch(value)
    if not found or found[1].endswith("/0"):
        raise InputError(f"line {line} of the key: {value!r} is no number of points such as 2, 1/2 or 50%")
    number = Fraction(found[1])
    return Amount(number / 100 if found[2] else number, bool(found[2]))


def _problem(text: str, found: Proofreading, is_whole: bool) -> str:
    """Return what stands before the key's first claim, without the rules."""
    plain = _RULE.sub("", text)
    document = read_document(plain)
    first = next((s for s in found.claims), None)
    if is_whole or first is None:
        return plain
    for piece in document.pieces:
        line, column = document.line_column(piece.end)
        if piece.is_formula and (line, column) > (first.line, first.column):
            return plain[: piece.start]
    return plain
