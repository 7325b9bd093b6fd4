"""Where a formula may be broken into lines: at relations and operators that stand outside all brackets."""

from __future__ import annotations

import re

#: Tokens that matter: delimiters with their size, commands, escaped signs, single signs.
_TOKEN = re.compile(
    r"\\(?:left|right|[Bb]ig[lr])(?![A-Za-z])\s*(?:\\[A-Za-z]+|\\?.)|\\[A-Za-z]+|\\.|.", re.DOTALL
)
_RELATIONS = {
    "=",
    r"\approx",
    r"\iff",
    r"\Rightarrow",
    r"\Longrightarrow",
    r"\Longleftrightarrow",
    r"\le",
    r"\ge",
}
_OPERATORS = {"+", "-", r"\odot", r"\otimes"}
_OPENING, _CLOSING = re.compile(r"\\(left|begin)(?![a-z])"), re.compile(r"\\(right|end)(?![a-z])")
_WHERE = re.compile(r"\\q?quad\s*\\text\{\s*\w+\s*\}\s*$")
#: The end of a factor in brackets, with its exponent, before another factor.
_FACTOR = re.compile(
    r"\\right\s*[)\]](?:\^\{[^{}]*\}|\^\w)?\s*(?:\\,\s*)?(?=[A-Za-z\\])(?!\\right|\\end|\\,)"
)
_SPACES = {r"\quad", r"\qquad"}
_OPEN, _CLOSE = set("{(["), set("})]")
#: Commands that set no sign of their own.
_SILENT = re.compile(
    r"\\(?:left|right|mathrm|operatorname|mathbf|mathcal|mathbb|text|bar|tfrac|frac|dfrac|sqrt|begin|end|displaystyle"
    r"|[,;:!])(?![A-Za-z])|[{}^_\s]"
)


def pieces(latex: str) -> list[str]:
    """Return a formula cut at its top-level relations and operators, each at the start of a piece.

    What stands before the first relation stays with the piece after it, so that no line ends at the left side.
    """
    cuts, depth, previous = [0], 0, ""
    seen_relation = False
    for match in _TOKEN.finditer(latex):
        token = match[0]
        if token.isspace():
            continue
        if token in _OPEN or _OPENING.match(token):
            depth += 1
        elif token in _CLOSE or _CLOSING.match(token):
            depth -= 1
        elif depth == 0 and match.start():
            if token in _RELATIONS:
                if seen_relation:
                    cuts.append(match.start())
                seen_relation = True
            elif token in _SPACES:
                if not _WHERE.match(latex[cuts[-1] : match.start()]):
                    cuts.append(match.start())
                seen_relation = False
            elif token in _OPERATORS and not _is_sign(token, previous):
                cuts.append(match.start())
        previous = token
    return [part for a, b in zip(cuts, [*cuts[1:], None], strict=True) if (part := latex[a:b].strip())]


def finer(piece: str) -> list[str]:
    """Return a piece cut inside its longest outermost brackets, whose signs are then of a fixed size.

    A product of brackets without such is cut after the first; any other piece is returned alone.
    """
    groups: list[tuple[int, int, int, int]] = []
    depth, opened = 0, (0, 0)
    for match in _TOKEN.finditer(piece):
        token = match[0]
        if token in _OPEN or _OPENING.match(token):
            depth += 1
            if depth == 1:
                opened = match.span()
        elif token in _CLOSE or _CLOSING.match(token):
            depth -= 1
            if depth == 0 and token.startswith(r"\right"):
                groups.append((*opened, *match.span()))
    for start, inside, end, after in sorted(groups, key=lambda group: group[1] - group[2]):
        parts = pieces(piece[inside:end])
        if len(parts) > 1:
            size = r"\Big" if r"\left" in piece[inside:end] or "frac" in piece[inside:end] else r"\big"
            left = size + "l" + piece[start:inside].removeprefix(r"\left").strip()
            right = size + "r" + piece[end:after].removeprefix(r"\right").strip()
            first, last = f"{piece[:start]}{left} {parts[0]}", f"{parts[-1]} {right}{piece[after:]}"
            return [first, *parts[1:-1], last]
    factor = _FACTOR.match(piece, groups[0][2]) if groups else None
    return [piece[: factor.end()].rstrip(), piece[factor.end() :]] if factor else [piece]


def _is_sign(token: str, previous: str) -> bool:
    """Whether a plus or minus is a sign rather than an operator: nothing to add to stands before it."""
    return token in "+-" and (
        previous in _RELATIONS or previous in _OPERATORS or previous in _SPACES or previous in "^_,"
    )


def extent(latex: str) -> int:
    """Return about how many letters wide a formula is; a fraction counts as what is above and below it."""
    bare = re.sub(r"\\[A-Za-z]+", "x", _SILENT.sub("", latex))
    return len(bare)
