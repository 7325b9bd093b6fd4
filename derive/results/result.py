"""What a result of the catalogue is: a statement, declarative, with the slips that people make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from derive import api
from derive.derivation import Derivation, Kind


@dataclass(frozen=True)
class Slip:
    """A wrong formula that is often handed in: the claim in the text language, and what went wrong."""

    label: str
    claim: str
    why: str


@dataclass(frozen=True)
class IndexLine:
    """A line of a derivation with indices: its LaTeX and the reason for it."""

    equation: str
    reason: str


@dataclass(frozen=True)
class Result:
    """A derivative that the catalogue states.

    `expr`, `wrt`, `where`, `assume` and `kind` put the problem in the text language; `claims` are the forms in
    which books print the answer; `story` says in a few sentences what it is for; `source` is a paper with its
    equation. `by_indices` derives the same with indices, where that is customary.
    """

    name: str
    title: str
    expr: str
    wrt: str
    kind: Kind
    story: str
    source: str
    claims: tuple[str, ...]
    slips: tuple[Slip, ...] = ()
    where: str = ""
    assume: str = ""
    by_indices: Callable[[], list[IndexLine]] | None = None

    def derive(self) -> Derivation:
        """Return the derivation."""
        function: Any = getattr(api, self.kind)
        return function(self.expr, self.wrt, where=self.where, assume=self.assume)
