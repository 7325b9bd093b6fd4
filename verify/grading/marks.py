"""One submission: its answers found, and points given."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any, Literal

from derive.errors import InputError
from verify.grading.key import Asked, Key, loss_of, name_of, of_any_loss
from verify.proofread.proofread import proofread
from verify.proofread.result import Proofreading, Statement

Outcome = Literal["right", "follows", "wrong", "open", "missing"]
_RIGHT = ("proved", "certified", "agrees")


@dataclass(frozen=True)
class Mark:
    """The points of one result: `answer` and `slips` are indices of the submission's statements.

    `slips` are those charged here; an `open` answer could not be settled, and waits for a person.
    """

    name: str
    outcome: Outcome
    earned: str
    points: str
    answer: int | None = None
    slips: tuple[int, ...] = ()
    note: str = ""


@dataclass
class Graded:
    """A submission's proofreading and marks, or why it could not be read."""

    file: str
    marks: list[Mark] = field(default_factory=list)
    found: Proofreading | None = None
    error: str = ""

    @property
    def earned(self) -> Fraction:
        """Return the points of the submission."""
        return sum((Fraction(m.earned) for m in self.marks), Fraction(0))

    @property
    def is_open(self) -> bool:
        """Tell whether a person must look."""
        return bool(self.error) or any(m.outcome == "open" for m in self.marks)

    def to_dict(self) -> dict[str, Any]:
        """Return what is kept of it: nothing that depends on the file's name or the clock."""
        found = self.found
        return {
            "marks": [asdict(m) for m in self.marks],
            "error": self.error,
            "source": found.source if found is not None else "",
            "statements": [s.to_dict() for s in found.statements] if found is not None else [],
        }

    @classmethod
    def from_dict(cls, file: str, kept: dict[str, Any]) -> Graded:
        """Return a submission from what was kept."""
        marks = [Mark(**{**m, "slips": tuple(m["slips"])}) for m in kept["marks"]]
        if kept["error"]:
            return cls(file, marks, None, kept["error"])
        statements = [Statement(**s) for s in kept["statements"]]
        return cls(file, marks, Proofreading(file, kept["source"], statements))


def grade_one(key: Key, text: str, seed: int = 0) -> dict[str, Any]:
    """Return what is kept of one submission; whatever goes wrong is its own error, and nobody else's."""
    try:
        found = proofread(text + "\n", seed=seed, problem=key.problem)
        for s in found.statements:
            s.evidence = [
                {"method": e["method"], "verdict": e["verdict"], "figure": e["figure"]} for e in s.evidence
            ]
        graded = Graded("", _marks(key, found, text, seed), found)
    except InputError as error:
        graded = Graded("", _none(key), None, str(error))
    except Exception as error:
        graded = Graded("", _none(key), None, f"{type(error).__name__}: {error}")
    return graded.to_dict()


def broken(key: Key, file: str, reason: str) -> Graded:
    """Return the grade of a submission that could not be judged."""
    return Graded(file, _none(key), None, reason)


def _none(key: Key) -> list[Mark]:
    return [Mark(a.name, "missing", "0", str(a.points)) for a in key.asked]


def _marks(key: Key, found: Proofreading, text: str, seed: int) -> list[Mark]:
    charged: set[int] = set()
    marks = []
    last = -1
    for asked in key.asked:
        answer, other = _answer(key, asked, found, last if key.strict else -1)
        if answer is None:
            marks.append(Mark(asked.name, "missing", "0", str(asked.points)))
            continue
        last = answer.index
        if other and not _same_loss(key, loss_of(asked.name), other, text, seed):
            note = f"for another loss: {other} is not {loss_of(asked.name)}"
            marks.append(Mark(asked.name, "wrong", "0", str(asked.points), answer.index, note=note))
            continue
        marks.append(_mark(key, asked, answer, found, charged))
    return marks


def _answer(key: Key, asked: Asked, found: Proofreading, after: int) -> tuple[Statement | None, str | None]:
    """Return the last statement about what is asked, and the loss's name where it has another one there."""
    claims = [s for s in found.claims if s.index > after and s.reading]
    own = [s for s in claims if name_of(s) == asked.name]
    if own or loss_of(asked.name) is None:
        return (own[-1] if own else None), None
    wanted = of_any_loss(asked.name)
    known = {loss_of(a.name) for a in key.asked}
    others = [
        s for s in claims if of_any_loss(name_of(s)) == wanted and loss_of(name_of(s)) not in (None, *known)
    ]
    return (others[-1], loss_of(name_of(others[-1]))) if others else (None, None)


def _same_loss(key: Key, loss: str | None, other: str, text: str, seed: int) -> bool:
    """Tell whether a submission's own loss is the key's, which is one more equation to judge."""
    found = proofread(f"$$ {other} = {loss} $$\n", seed=seed, problem=(key.problem, text))
    return bool(found.statements) and found.statements[-1].verdict in _RIGHT


def _mark(key: Key, asked: Asked, answer: Statement, found: Proofreading, charged: set[int]) -> Mark:
    points = asked.points
    if answer.verdict in ("unread", "inconclusive"):
        return Mark(
            asked.name, "open", "0", str(points), answer.index, note=answer.not_understood or "not settled"
        )
    on_the_way = [
        s.index for s in found.claims if s.is_slip and s.index <= answer.index and s.index not in charged
    ]
    charged |= set(on_the_way)
    if answer.is_slip:
        outcome: Outcome = "wrong"
        worth = key.wrong.of(points)
    else:
        outcome = "follows" if answer.verdict == "refuted" else "right"
        worth = points
    cost = key.slip.of(points) * sum(k != answer.index for k in on_the_way)
    earned = max(Fraction(0), min(points, worth) - cost)
    return Mark(asked.name, outcome, str(earned), str(points), answer.index, tuple(on_the_way))
