r"""A question in words around formulas: Let $A \in \mathbb{R}^{m \times n}$. Find the gradient of $\|Ax - b\|$ w.r.t. $x$.

What stands between dollars is kept in its place, the words around are blanked out: they tell which formula is asked about,
by which variable it is differentiated, and what is known of names.
"""

from __future__ import annotations

import re

from derive.language.clauses import KNOWN, Clauses

_MATH = re.compile(
    r"\$\$(?P<a>[^$]+)\$\$|\$(?P<b>[^$]+)\$|\\\((?P<c>.+?)\\\)|\\\[(?P<d>.+?)\\\]"
    r"|(?P<e>\\begin\{(?:equation|align)\*?\}.+?\\end\{(?:equation|align)\*?\})",
    re.DOTALL,
)
_BY = re.compile(
    r"(?:respect to|w\.?\s?r\.?\s?t\.?|\bby|\bover)\s*(?:the\s+)?(?:matrix|vector|scalar|variable|parameter)?s?\s*$",
    re.I,
)
_ASKS = re.compile(
    r"(?:gradient|derivative|jacobian|hessian|differential|differentiat\w+|minimi[sz]\w*|maximi[sz]\w*|objective|loss|function)\b[^.]{0,60}$",
    re.I,
)
_NAME = re.compile(r"\s*\\?(?:(?:mathbf|boldsymbol|vec|bm)\s*\{?)?\s*\\?([A-Za-z]\w*)\}?\s*")
_WORD = re.compile(r"[A-Za-z]{2,}")


def without_prose(text: str, clauses: Clauses) -> str:
    """Return a text with the words outside of its formulas blanked out, as long as it was; one without dollars as it is."""
    hits = list(_MATH.finditer(text))
    ends = [0, *[h.end() for h in hits]]
    before = [text[a : h.start()] for a, h in zip(ends, hits, strict=False)]
    after = text[ends[-1] :]
    if not hits or not any(_WORD.search(words) for words in (*before, after)):
        return text
    kept: list[tuple[int, int]] = []
    asked: tuple[int, int] | None = None
    for place, (hit, words) in enumerate(zip(hits, before, strict=True)):
        span = hit.span(hit.lastgroup or 0)
        name = _NAME.fullmatch(text[slice(*span)])
        following = before[place + 1] if place + 1 < len(before) else after
        if name is not None and _BY.search(words):
            clauses.asked.append(name[1])
        elif name is not None:
            _take_down(name[1], following, clauses)
        elif asked is None and _ASKS.search(words):
            asked = span
        else:
            kept.append(span)
    if asked is None and not kept:
        return text
    if asked is None:
        asked = max(kept, key=lambda s: s[1] - s[0])
        kept.remove(asked)
    kept = [s for s in kept if _says(text[slice(*s)])]
    out = [" "] * len(text)
    for start, stop in (*kept, asked):
        out[start:stop] = text[start:stop]
        out[max(0, start - 1)] = ";"
    return "".join(out).replace(";", " ", 1) if not kept else "".join(out)


def _says(formula: str) -> bool:
    """Tell whether a formula defines or restricts names: it has a relation."""
    return re.search(r"=|\\in(?![a-z])|∈|\\succ|>|<", formula) is not None


def _take_down(name: str, following: str, clauses: Clauses) -> None:
    """Take down what is said of a name: $A$ is symmetric."""
    said = re.match(r"\s*(?:is|are|being|,)?\s*(?:a|an)?\s*((?:[a-z-]+[ ,]*){1,5})", following)
    if said is None or not re.match(r"\s*(?:is|are|being)\b", following):
        return
    kinds = [kind for word, kind in KNOWN.items() if re.search(rf"(?<![\w-]){word}(?![\w-])", said[1])]
    if kinds:
        kind = "posdef" if "posdef" in kinds else kinds[0]
        clauses.assumptions.add((kind, name))
        clauses.notes.append(f"{name} is taken as {kind}, as the text says")
