"""A line of a derivation, of a derivative or of a moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One line: the rule that it applies, the assumption that the rule needs, and the equation that it gives.

    `rule` is the name in the field; `assumption` is empty where the rule holds always. `equation` is one equation in
    LaTeX without dollar signs, `text` the same in the text language, where it has been written in it; `says` tells in
    one sentence what the line does, where that is more than the rule's name. `source` is where the rule is from.
    """

    rule: str
    assumption: str
    equation: str
    says: str = ""
    text: str = ""
    source: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the line as a JSON-ready dictionary."""
        return {
            "rule": self.rule,
            "assumption": self.assumption,
            "text": self.text,
            "latex": self.equation,
            "says": self.says,
            "source": self.source,
        }
