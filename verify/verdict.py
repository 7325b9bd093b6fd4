"""Evidence, and the verdict that it adds up to.

The five words are those of the design: *proved* (equal as symbols), *certified* (equal at random points in
exact arithmetic, the chance of a wrong 'equal' stated), *agrees* (equal to a stated number of digits or within
an estimated error), *refuted* (a point is shown at which the two differ by more than every possible error) and
*inconclusive* (none of these; the evidence says why and what would settle it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from derive.display import Shown

Word = Literal["proved", "certified", "agrees", "refuted", "inconclusive"]

#: From the strongest to the weakest of the words that uphold a claim.
UPHOLDING: tuple[Word, ...] = ("proved", "certified", "agrees")
#: How the figure of a method begins that is none for such expressions: that is no doubt about the claim.
DOES_NOT_APPLY = "does not apply"


@dataclass(frozen=True)
class Evidence:
    """One method's finding, with its figures.

    `method` names the method in the field's words ("finite differences", "prime field", "real balls").
    `figure` is the finding in one phrase for a table ("relative error 3e-11, estimated 5e-11").
    `details` holds the same in numbers, JSON-ready; `seconds` is the time that it took.
    """

    method: str
    verdict: Word
    figure: str
    details: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def applies(self) -> bool:
        """Whether the method is one for such expressions at all."""
        return not self.figure.startswith(DOES_NOT_APPLY)

    def to_dict(self) -> dict[str, Any]:
        """Return the evidence as a JSON-ready dictionary."""
        return {
            "method": self.method,
            "verdict": self.verdict,
            "figure": self.figure,
            "details": dict(self.details),
            "seconds": self.seconds,
        }


#: Rows, and entries of a row, of a counterexample that are shown in text.
SHOWN = 12


@dataclass(frozen=True)
class Counterexample:
    """A point at which a claim and the truth differ by more than every possible error.

    `point` maps names to entries (nested lists of exact numbers as strings), `entry` is the (row, column) at
    which the two values are compared, counted from 0 as in arrays. `claimed` and `true` are those values as
    strings, to as many digits as are certain. In text, entries of formulas are counted from 1, as
    in print; an entry of an array has a `name` of its own there, such as x[2]. `against` introduces the claimed value.
    """

    point: Mapping[str, Any]
    entry: tuple[int, int]
    claimed: str
    true: str
    name: str = ""
    against: str = "the claim gives"

    def to_dict(self) -> dict[str, Any]:
        """Return the counterexample as a JSON-ready dictionary; `entry` is counted from 0."""
        return {
            "point": dict(self.point),
            "entry": list(self.entry),
            "claimed": self.claimed,
            "true": self.true,
        }

    def __str__(self) -> str:
        where = ", ".join(f"{name} = {_shown(value)}" for name, value in self.point.items())
        at = f"at {where}: " if where else ""
        i, j = self.entry
        name = self.name or f"entry ({i + 1}, {j + 1})"
        return f"{at}{name} is {self.true}, {self.against} {self.claimed}"


def _shown(value: Any) -> str:
    """Nested lists of numbers without the quotes of those that are strings; of large ones the first entries."""
    if isinstance(value, list | tuple) and len(value) > SHOWN:
        return f"[{', '.join(map(_shown, value[:3]))}, ... ({len(value)} in all)]"
    return f"[{', '.join(map(_shown, value))}]" if isinstance(value, list | tuple) else str(value)


@dataclass(frozen=True)
class Verdict(Shown):
    """What the evidence adds up to. True as a bool where the claim is upheld, wherever its `conditions` hold."""

    verdict: Word
    evidence: tuple[Evidence, ...]
    counterexample: Counterexample | None = None
    diagnosis: str | None = None
    conditions: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.verdict in UPHOLDING

    def to_dict(self) -> dict[str, Any]:
        """Return verdict, evidence and, where there are, counterexample, diagnosis and conditions, JSON-ready."""
        out: dict[str, Any] = {"verdict": self.verdict, "evidence": [e.to_dict() for e in self.evidence]}
        if self.counterexample is not None:
            out["counterexample"] = self.counterexample.to_dict()
        if self.diagnosis is not None:
            out["diagnosis"] = self.diagnosis
        if self.conditions:
            out["conditions"] = list(self.conditions)
        return out

    def __str__(self) -> str:
        lines: list[str] = [self.verdict]
        lines += [f"  {e.method}: {e.figure} ({e.verdict})" for e in self.evidence]
        lines += [f"  wherever {condition}" for condition in self.conditions]
        if self.counterexample is not None:
            lines.append(f"  counterexample {self.counterexample}")
        if self.diagnosis is not None:
            lines.append(f"  diagnosis: {self.diagnosis}")
        return "\n".join(lines)


def add_up(evidence: Iterable[Evidence]) -> Word:
    """Return the word that several pieces of evidence add up to.

    One refutation outweighs everything else, since a counterexample stands; otherwise the strongest
    upholding word counts; otherwise the answer is inconclusive.
    """
    words = [e.verdict for e in evidence]
    if "refuted" in words:
        return "refuted"
    return next((word for word in UPHOLDING if word in words), "inconclusive")
