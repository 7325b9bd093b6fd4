"""What a result of the catalogue is: a statement, declarative, with the slips that people make."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from derive import api
from derive.derivation import Derivation, Kind

#: What a slip claims: a formula in the text language, or a number.
C = TypeVar("C")


@dataclass(frozen=True)
class Slip(Generic[C]):
    """What is often handed in and wrong: the claim, a formula in the text language or a number, and what went wrong."""

    label: str
    claim: C
    why: str


@dataclass(frozen=True, kw_only=True)
class Catalogued(ABC):
    """What the catalogue states, under a name: a derivative or a moment, with its source and the slips that people make."""

    name: str
    title: str
    source: str
    slips: tuple[Slip[Any], ...] = ()

    @abstractmethod
    def derive(self) -> Any:
        """Return the derivation."""


@dataclass(frozen=True)
class IndexLine:
    """A line of a derivation with indices: its LaTeX and the reason for it."""

    equation: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Result(Catalogued):
    """A derivative that the catalogue states.

    `expr`, `wrt`, `where`, `assume` and `kind` put the problem in the text language; `claims` are the forms in
    which books print the answer; `story` says in a few sentences what it is for; `source` is a paper with its
    equation. `by_indices` derives the same with indices, where that is customary.
    """

    expr: str
    wrt: str
    kind: Kind
    story: str
    claims: tuple[str, ...]
    slips: tuple[Slip[str], ...] = ()
    where: str = ""
    assume: str = ""
    by_indices: Callable[[], list[IndexLine]] | None = None

    def derive(self) -> Derivation:
        """Return the derivation."""
        function: Any = getattr(api, self.kind)
        return function(self.expr, self.wrt, where=self.where, assume=self.assume)
