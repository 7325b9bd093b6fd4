r"""What a document assumes: shapes from `A \in \mathbb R^{m \times n}`, facts from signs (`K \succ 0`) and from words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from derive.errors import InputError
from derive.expression.facts import KINDS
from derive.language.formula import parse
from derive.language.names import read_assumptions, read_where
from derive.language.pratt import Vocabulary
from derive.language.shapes import Shape, Unknown
from derive.language.words import FUNCTIONS
from verify.proofread.document import Document
from verify.proofread.facts import Fact, facts
from verify.proofread.handwriting import usual
from verify.proofread.lines import Line

#: Words of documents -> assumptions of the language.
_WORDS = {
    "posdef": "posdef", "symmetric": "symmetric", "covariance_matrix": "symmetric", "invertible": "invertible", "orthogonal": "orthogonal",
    "positive": "positive", "onehot": "onehot", "sums_to_one": "sums_to_one", "nonzero": "nonzero",
    "diagonal": "structured-diagonal", "lower": "structured-lower", "upper": "structured-upper",
    "skew": "structured-skew",
}  # fmt: skip
_REALS = re.compile(
    r"^(?:\\mathbb|\\mathbf|\\bf|\\Bbb)?\s*\{?\s*(?P<set>R|S|ℝ)\s*\}?\s*(?:_\{?(?P<sign>\+{1,2}|>\s*0|\\ge\s*0)\}?)?"
    r"(?:\s*\^\s*(?:\{(?P<braced>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\}|\((?P<round>[^()]*)\)|(?P<plain>\w)))?"
    r"\s*(?:_\{?(?P<after>\+{1,2})\}?)?\s*$"
)
_BITS = re.compile(r"^\\?\{\s*0\s*,\s*1\s*\\?\}\s*\^\s*\{?(?P<size>[^{}]*)\}?$")


@dataclass
class Assumed:
    """Declared shapes and assumptions, and facts for moments: what is random, with which mean and variance."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    assumptions: set[tuple[str, str]] = field(default_factory=set)
    said: list[Fact] = field(default_factory=list)

    def add(self, where: str) -> None:
        """Add what declarations say. Raises InputError."""
        shapes, assumptions = read_where(where)
        for name, shape in shapes.items():
            if not any(isinstance(size, Unknown) for size in shape):
                self.shapes[name] = shape
            else:
                self.shapes.setdefault(name, shape)
        self.assumptions |= assumptions

    def names(self, kind: str) -> set[str]:
        """Return the names of which a fact of a kind is said."""
        return {name for f in self.said if f.kind == kind for s in f.subjects if (name := name_in(s))}


def read_assumed(
    document: Document, lines: Iterable[Line], where: str | None, assume: str | Iterable[str] | None
) -> Assumed:
    """Return what a document and its caller assume. What is not understood is left out; the caller's raises InputError."""
    shapes, assumptions = read_where(where, assume)
    found = Assumed(shapes, set(assumptions))
    for piece in document.pieces:
        if piece.role == "directive":
            _directive(piece.text.characters, found)
    for line in lines:
        _of_signs(line, found)
    found.said = facts(document)
    for fact in found.said:
        for subject in fact.subjects:
            name = name_in(subject)
            if name is None:
                continue
            kind = _WORDS.get(fact.kind)
            if kind in KINDS:
                found.assumptions.add((str(kind), name))
            elif fact.kind == "scalar":
                found.shapes.setdefault(name, (1, 1))
    return found


def name_in(source: str) -> str | None:
    """Return the name that a formula is, as the language spells it, or None."""
    try:
        tree = parse(usual(source), scope=Vocabulary(functions=FUNCTIONS, document=True))
    except (InputError, RecursionError):
        return None
    if tree.op == "apply" or (tree.op == "call" and len(str(tree.value)) == 1):
        return str(tree.value if tree.op == "call" else tree.args[0].value)
    return str(tree.value) if tree.op in ("name", "sub") else None


def _directive(text: str, found: Assumed) -> None:
    for part in re.split(r";", text):
        if ":" in part:
            found.add(part)
        elif part.strip():
            found.assumptions |= read_assumptions(part)


def _of_signs(line: Line, found: Assumed) -> None:
    for left, right in zip(line.sides, line.sides[1:], strict=False):
        names = [n for part in re.split(r",(?![^{(\[]*[})\]])", left.source) if (n := name_in(part.strip()))]
        if right.relation == "∈":
            for name in names:
                _member(name, right.source.strip(), found)
        elif right.relation in ("≻", "⪰") and right.source.strip() == "0":
            kind = "posdef" if right.relation == "≻" else "symmetric"
            found.assumptions |= {(kind, name) for name in names}
        elif right.relation == ">" and right.source.strip() == "0":
            found.assumptions |= {("positive", name) for name in names}
        elif right.relation == "=" and _is_transpose(left.source, right.source):
            found.assumptions |= {("symmetric", name) for name in names}


def _is_transpose(left: str, right: str) -> bool:
    """Tell whether a line says A = A^T."""
    return bool(
        re.fullmatch(
            re.escape(left.strip()) + r"\s*(?:'|\^\s*\{?\s*(?:\\top|T|\\mathsf\s*\{?T\}?|\\intercal)\s*\}?)",
            right.strip(),
        )
    )


def _member(name: str, source: str, found: Assumed) -> None:
    bits, reals = _BITS.match(source), _REALS.match(source)
    if bits is None and reals is None:
        return
    sizes = bits["size"] if bits else next((reals[g] for g in ("braced", "round", "plain") if reals[g]), "")  # type: ignore[index]
    parts = [p.strip() for p in re.split(r"\\times|×|\bx\b", re.sub(r"\\[,;: ]", "", sizes))]
    try:
        shown = [_size(p) for p in parts if p]
        if reals is not None and reals["set"] == "S" and len(shown) == 1:
            shown *= 2
            found.assumptions.add(
                ("posdef" if "++" in (reals["sign"], reals["after"]) else "symmetric", name)
            )
        elif reals is not None and (reals["sign"] or reals["after"]):
            found.assumptions.add(("positive", name))
        found.add(f"{name}: {' x '.join(shown) if shown else 'scalar'}")
    except InputError:
        return


def _size(source: str) -> str:
    """Return a size as the language spells it: a whole number, a name, or a product of them."""
    tree = parse(source, scope=Vocabulary(functions=FUNCTIONS))
    if tree.op == "*" and all(a.op in ("name", "sub", "number") for a in tree.args) and "/" not in tree.value:
        return "*".join(str(a.value) for a in tree.args)
    return str(tree.value)
