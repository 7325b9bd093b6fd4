"""The derivation of a moment: a statement, and the lines that lead to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from derive.step import Step

if TYPE_CHECKING:
    from sympy import Expr


@dataclass(frozen=True)
class MomentDerivation:
    """A statement, the steps that lead to it, the assumptions that they use, and the result.

    `statement` names what is derived, in words; `result` is the SymPy expression that the last step reaches.
    """

    statement: str
    steps: tuple[Step, ...]
    result: Expr

    @property
    def assumptions(self) -> tuple[str, ...]:
        """The assumptions that the steps use, each once, in order of use."""
        return tuple(dict.fromkeys(step.assumption for step in self.steps if step.assumption))

    def __str__(self) -> str:
        lines = [self.statement]
        for step in self.steps:
            needs = f" [{step.assumption}]" if step.assumption else ""
            lines.append(f"  {step.rule}{needs}: {step.equation}")
        lines.append(f"  result: {self.result}")
        return "\n".join(lines)
