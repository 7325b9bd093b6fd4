"""The lines of a derivation of a moment, and the derivation that they make up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sympy import Expr


@dataclass(frozen=True)
class MomentStep:
    """One line: the law that it applies, the assumption that the law needs, and the equation that it gives.

    `assumption` is empty where the law holds always. `equation_latex` is one equation in LaTeX without dollar
    signs, `equation` the same in the text language, where it has been written in it; `text` says in one sentence what
    the line does.
    """

    law: str
    assumption: str
    equation_latex: str
    text: str
    equation: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the line as a JSON-ready dictionary."""
        return {
            "law": self.law,
            "assumption": self.assumption,
            "text": self.equation,
            "latex": self.equation_latex,
            "says": self.text,
        }


@dataclass(frozen=True)
class MomentDerivation:
    """A statement, the steps that lead to it, the assumptions that they use, and the result.

    `statement` names what is derived, in words; `result` is the SymPy expression that the last step reaches.
    """

    statement: str
    steps: tuple[MomentStep, ...]
    result: Expr

    @property
    def assumptions(self) -> tuple[str, ...]:
        """The assumptions that the steps use, each once, in order of use."""
        return tuple(dict.fromkeys(step.assumption for step in self.steps if step.assumption))

    def __str__(self) -> str:
        lines = [self.statement]
        for step in self.steps:
            needs = f" [{step.assumption}]" if step.assumption else ""
            lines.append(f"  {step.law}{needs}: {step.equation_latex}")
        lines.append(f"  result: {self.result}")
        return "\n".join(lines)
