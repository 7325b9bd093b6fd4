r"""What letters mean where a document says nothing of them: Σ whose determinant or inverse is taken is a covariance."""

from __future__ import annotations

import re
from collections.abc import Iterable

from derive.language.tree import Tree
from verify.proofread.assumed import Assumed
from verify.proofread.document import Document

_COVARIANCE = re.compile(r"Sigma(?:_\w+)?")
_GENERAL = re.compile(
    r"\b(?:not (?:necessarily )?symmetric|non-?symmetric|general|arbitrary|any)\b", re.IGNORECASE
)


def take_covariances(document: Document, trees: Iterable[Tree], assumed: Assumed) -> list[str]:
    """Assume that Σ is symmetric where its inverse or determinant stands and nothing else is said; return what is to be told."""
    known = {name for _, name in assumed.assumptions}
    if any(_GENERAL.search(p.text.characters) for p in document.pieces if p.role == "prose"):
        return []
    found = {name for t in trees for name in _inverted(t) if _COVARIANCE.fullmatch(name)} - known
    assumed.assumptions |= {("symmetric", name) for name in found}
    return [f"{name} is taken for a covariance matrix: symmetric" for name in sorted(found)]


def _inverted(tree: Tree) -> Iterable[str]:
    for piece in tree.walk():
        inverse = (
            piece.op == "^"
            and piece.args[1].op in ("neg", "number")
            and piece.args[1].show().startswith("(neg")
        )
        taken = piece.op == "bars" or (piece.op == "call" and piece.value in ("det", "logdet", "inv"))
        if (inverse or taken) and piece.args[0].op in ("name", "sub"):
            yield str(piece.args[0].value)
