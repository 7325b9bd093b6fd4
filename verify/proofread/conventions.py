r"""What letters mean where a document says nothing of them: an inverted Σ is a covariance, x̄ the mean of a sample."""

from __future__ import annotations

import re
from collections.abc import Iterable

from derive.language.formula import parse
from derive.language.pratt import Vocabulary
from derive.language.tree import Tree
from derive.language.words import FUNCTIONS
from verify.proofread.assumed import Assumed
from verify.proofread.document import Document
from verify.proofread.families import Families
from verify.proofread.randomness import Randomness
from verify.proofread.relations import Relation
from verify.proofread.symbols import Rewriter

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


def name_means(
    definitions: dict[str, Tree],
    relations: list[Relation],
    random: Randomness,
    rewriter: Rewriter,
    families: Families,
) -> dict[str, str]:
    """Define what everybody calls so: the mean of a sample, of entries or of the members of a family; return their kinds."""
    kinds = {}
    trees = [t for r in relations for t in (r.start, r.right) if t is not None]
    trees += [t for s in rewriter.symbols.values() for t in s.what] + list(definitions.values())
    used = {n for t in trees for n in t.names()}
    for bar in sorted(n for n in used if n.endswith("bar") and n not in definitions):
        name = bar.removesuffix("bar")
        summed = _summed_over(trees, name)
        if name not in random.entries and name not in families.matrices and summed is None:
            continue
        size = random.lengths.get(name) or summed or "n"
        tree = parse(
            f"\\frac{{1}}{{{size}}}\\sum_{{i=1}}^{{{size}}} {_spelled(name)}_i", "latex",
            scope=Vocabulary(functions=FUNCTIONS, document=True),
        )  # fmt: skip
        definitions[bar] = families.read(tree)
        kinds[bar] = "vector" if name in families.matrices else "scalar"
    return kinds


def _summed_over(trees: list[Tree], name: str) -> str | None:
    """Return up to where the entries of a name are summed, None where no sum runs over them."""
    for tree in trees:
        for piece in tree.walk():
            if piece.op != "sum" or len(piece.args) != 2 or not isinstance(piece.value, dict):
                continue
            index = str(piece.args[1].value)
            inside = any(
                p.op == "sub" and len(p.args) == 2 and p.args[0].value == name and p.args[1].value == index
                for p in piece.args[0].walk()
            )
            if inside:
                bounds = piece.value.get("bounds", {}).get(index)
                last = bounds[1] if bounds else None
                return str(last.value) if last is not None and last.op in ("name", "number") else "n"
    return None


def _spelled(name: str) -> str:
    return name if len(name) == 1 else f"\\{name}"
