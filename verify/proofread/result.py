"""What a proofreading comes to: a statement for every relation, and the first wrong one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from html import escape
from textwrap import fill
from typing import Any, ClassVar, Literal

Role = Literal["definition", "assumption", "given", "claim", "prose"]
Judgement = Literal["proved", "certified", "agrees", "refuted", "inconclusive", "unread"]

#: Letters on a line of text.
_WIDTH = 100
SIGNS = {"proved": "✓", "certified": "✓", "agrees": "✓", "refuted": "✗", "inconclusive": "?", "unread": "?"}


@dataclass
class Statement:
    """A relation of a chain, in reading order.

    `source` is what stands in the document from the relation's sign on (for the first of a chain with its left side),
    `reading` the same as it was understood, in the text language. `from_line_before` tells whether it holds where every
    derivative means what the latest line about it says; `cause` is the index of the slip that it follows from.
    """

    index: int
    line: int
    column: int
    source: str
    role: Role
    reading: str = ""
    verdict: Judgement = "unread"
    from_line_before: bool | None = None
    cause: int | None = None
    diagnosis: str | None = None
    mended: str | None = None
    counterexample: Any = None
    evidence: list[dict[str, Any]] = field(default_factory=list)
    not_understood: str | None = None

    @property
    def is_slip(self) -> bool:
        """Tell whether the statement is wrong by itself."""
        return self.verdict == "refuted" and self.cause is None

    @property
    def sign(self) -> str:
        """Return the mark in the margin."""
        return "↳" if self.verdict == "refuted" and self.cause is not None else SIGNS[self.verdict]

    def to_dict(self) -> dict[str, Any]:
        """Return the statement as a JSON-ready dictionary."""
        return asdict(self)


@dataclass
class Proofreading:
    """A document's statements, judged. `first_wrong` is the index of the first slip, or None."""

    file: str
    source: str
    statements: list[Statement]
    notes: list[str] = field(default_factory=list)

    #: Makes a page of a proofreading; the reports set it, since numbers know no paper.
    notebook: ClassVar[Callable[[Proofreading], str] | None] = None

    def _repr_html_(self) -> str | None:
        # A frame keeps the page's style from the notebook's, and the notebook's from the page.
        make = type(self).__dict__["notebook"]
        if make is None:
            return None
        return f'<iframe srcdoc="{escape(make(self))}" style="width:100%;height:40rem;border:0"></iframe>'

    @property
    def claims(self) -> list[Statement]:
        """Return the statements that were to be judged."""
        return [s for s in self.statements if s.role == "claim"]

    @property
    def first_wrong(self) -> int | None:
        """Return the index of the first statement that is wrong by itself."""
        return next((s.index for s in self.statements if s.is_slip), None)

    @property
    def counts(self) -> dict[str, int]:
        """Return how many claims are right, slips, follow from a slip, are open, or were not read."""
        kinds = Counter(_outcome(s) for s in self.claims)
        return {kind: kinds[kind] for kind in ("right", "slips", "follow", "inconclusive", "unread")}

    def __bool__(self) -> bool:
        return self.first_wrong is None

    @property
    def exit_code(self) -> int:
        """Return 1 where a line is wrong, 3 where nothing could be judged or some claim is open, else 0."""
        if self.first_wrong is not None:
            return 1
        counts = self.counts
        return 3 if counts["inconclusive"] or not counts["right"] else 0

    def to_dict(self) -> dict[str, Any]:
        """Return the proofreading as a JSON-ready dictionary."""
        return {
            "file": self.file,
            "first_wrong": self.first_wrong,
            "counts": self.counts,
            "statements": [s.to_dict() for s in self.statements],
            "notes": self.notes,
        }

    def __str__(self) -> str:
        return "\n".join([*map(_row, self.claims), self.summary])

    @property
    def summary(self) -> str:
        """Return the last line: the first wrong line, and how many claims came out how."""
        counts = self.counts
        words = {
            "right": "right",
            "slips": "slip",
            "follow": "follows from it",
            "inconclusive": "open",
            "unread": "not judged",
        }
        if counts["slips"] > 1:
            words |= {"slips": "slips", "follow": "follow from them"}
        elif counts["follow"] > 1:
            words["follow"] = "follow from it"
        listed = ", ".join(f"{counts[k]} {word}" for k, word in words.items() if counts[k] or k == "right")
        first = self.first_wrong
        where = f"First wrong line: {self.statements[first].line}" if first is not None else "No wrong line"
        return f"{where}. {listed}."


def numbered(statements: list[Statement]) -> list[Statement]:
    """Return statements in reading order, numbered so; what a statement follows from keeps being meant.

    Of a list, each part of which was numbered by itself, every cause is to stand in the part of its statement.
    """
    causes = []
    part: dict[int, Statement] = {}
    for s in statements:
        if s.index in part:
            part = {}
        part[s.index] = s
        causes.append((s, part))
    linked = [(s, known.get(s.cause)) for s, known in causes if s.cause is not None]
    ordered = sorted(statements, key=lambda s: (s.line, s.column))
    for k, s in enumerate(ordered):
        s.index = k
    for s, cause in linked:
        s.cause = cause.index if cause is not None else None
    return ordered


def _outcome(s: Statement) -> str:
    if s.verdict == "refuted":
        return "slips" if s.cause is None else "follow"
    return s.verdict if s.verdict in ("inconclusive", "unread") else "right"


def said(s: Statement) -> str:
    """Return the words beside a statement."""
    if s.verdict == "unread":
        return s.not_understood or "not understood"
    if s.verdict == "refuted" and s.cause is not None:
        return "wrong, but follows from an earlier line"
    if s.verdict == "refuted":
        return s.diagnosis or "wrong"
    if s.from_line_before is False:
        return "right, though it does not follow from the line before"
    return ""


def _row(s: Statement) -> str:
    """A claim on a line; what is said of it goes underneath where the line would be too long."""
    row = f"{s.line:4}  {s.sign} {s.verdict:<13}{_one_line(s.source):<44} {said(s)}".rstrip()
    if len(row) <= _WIDTH:
        return row
    beneath = fill(said(s), _WIDTH, initial_indent=" " * 21, subsequent_indent=" " * 21)
    return f"{s.line:4}  {s.sign} {s.verdict:<13}{_one_line(s.source)}\n{beneath}"


def _one_line(source: str) -> str:
    text = " ".join(source.split())
    return text if len(text) <= 42 else text[:41] + "…"
