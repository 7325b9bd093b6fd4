"""What stands around a function in a pasted question: arg min before it, constraints and "where A is symmetric" after it.

Words in front are blanked out, so that places stay what they are; the clauses after it declare shapes and say what is
known. A derivative that the text itself asks for is the one that is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from derive.language.scope import ParseError
from derive.language.shapes import Shape, Size
from derive.language.tokens import Token
from derive.language.tree import Tree

_GROUP = r"(?:\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}|\\?[A-Za-z]+)"
_AIM = r"(?:minimi[sz]e|maximi[sz]e)"
_ARG = rf"(?:arg\s*(?:\\[,;! ]|~)?\s*\\?(?:min|max)|{_AIM})"
_ROMAN = r"\\(?:operatorname\*?|text|mathrm|mbox|mathop|textrm)"
#: min_x f, arg min_x f, minimize f and their spellings in LaTeX, with the variables under them.
_OPTIMUM = re.compile(
    rf"\s*(?:(?:\${{1,2}}|\\\[|\\\()\s*)?(?:"
    rf"\\underset\s*\{{(?P<under>[^{{}}]*)\}}\s*\{{\s*(?:{_ROMAN}\s*\{{)?\s*\\?(?:{_ARG}|min|max)\s*\}}?\s*\}}"
    rf"|(?P<firm>\\arg\s*(?:\\[,;! ])?\s*\\?(?:min|max)|\\(?:argmin|argmax)(?![A-Za-z])"
    rf"|{_ROMAN}\s*\{{+\s*\\?{_ARG}\s*\}}+|(?<![\\A-Za-z])(?!argmax\s*\(){_ARG}(?![A-Za-z]))(?:\s*\\limits)?"  # argmax(..) is a function
    rf"(?:\s*_\s*(?P<low>{_GROUP}))?"
    rf"|(?:\\(?:min|max|inf|sup)(?![A-Za-z])(?:\\limits)?|{_ROMAN}\s*\{{+\s*\\?(?:min|max)\s*\}}+|(?<![\\A-Za-z])(?:min|max))"
    rf"\s*_\s*(?P<soft>{_GROUP}))\s*:?"
)
#: The name of what attains an optimum: w^* = in front of arg min_w.
_OPTIMAL = re.compile(
    rf"^[^=;\n]{{1,60}}:?=(?=\s*(?:\\arg\s*(?:\\[,;! ])?\s*\\?(?:min|max)|\\argm|{_ROMAN}\s*\{{+\s*\\?{_ARG}|{_ARG}(?![A-Za-z(])))"
)
_ASKED = re.compile(
    r"\s*(?:(?:find|compute|calculate|take|differentiate|what is|derive)\s+)?(?:the\s+)?"
    r"(?:(?:partial\s+)?(?:derivative|gradient|grad|jacobian|hessian)\s+of\s+(?:the\s+function\s+)?|(?<=differentiate )|(?<=minimize ))",
    re.IGNORECASE,
)
_BY = re.compile(
    r"[\s,]{1,20}(?:with respect to|w\.?\s?r\.?\s?t\.?|by)\s+(?:the\s+)?(?:matrix\s+|vector\s+|scalar\s+)?\$?\\?(?P<by>[A-Za-z]\w*)\$?\s*[.?]?\s*$"
)
_OPERATOR = re.compile(r"\s*(?:d|∂)\s*/\s*(?:d|∂)\s*(?P<by>[^\W\d]\w*)(?:\s+|\s*(?=[(\[]))")
#: "sum over i of", "the product over i and j of".
_SUM_OF = re.compile(
    r"\b(?:the )?(sum|prod)(?:uct)? over (?:all )?([a-z])(?:(?:\s*,\s*|\s+and\s+)([a-z]))? of\b"
)
_QUOTIENT = re.compile(r"\s*\)\s*/\s*(?:d|∂)\s*(?P<by>[^\W\d]\w*)\s*$")
#: What stands around a formula in Python: comments, imports, the head of a function, what calls the derivative.
_PYTHON = (
    re.compile(r"#[^\n]*"),
    re.compile(r"^[ \t]*(?:import|from)[ \t][^\n]*$", re.MULTILINE),
    re.compile(r"^[ \t]*def[ \t]+\w+[ \t]*\([^()\n]*\)(?:[ \t]*->[^:\n]*)?[ \t]*:", re.MULTILINE),
    re.compile(r"(?<![\w\\])return(?=[ \t(])"),
    re.compile(r"(?:(?<=^)|(?<==)|(?<== ))\s*lambda[ \t]+\w+(?:[ \t]*,[ \t]*\w+)*[ \t]*:"),
    re.compile(r"^[ \t]*\w+\.(?:backward|detach|item)\(\)[ \t]*$", re.MULTILINE),
)
#: A label in words before a formula: "Loss:", "Objective function: ".
_LABEL = re.compile(r"\s*(?!lambda)[A-Za-z]{3,}(?: [A-Za-z]+){0,4}\s?:(?=\s*[\s$\\])(?!\s*\\mathbb)")
_DERIVATIVES = frozenset({"diff", "grad", "gradient", "derivative", "Derivative", "D", "jacobian"})
#: Words between a function and what is said of the names in it.
PARTING = frozenset("where with given let when if for and such subject st while".split())
#: What people say of a matrix or a vector -> what is assumed of it.
KNOWN = {
    "symmetric": "symmetric", "posdef": "posdef", "positive definite": "posdef", "spd": "posdef", "psd": "symmetric",
    "positive semidefinite": "symmetric", "positive-definite": "posdef", "orthogonal": "orthogonal",
    "orthonormal": "orthogonal", "invertible": "invertible", "nonsingular": "invertible", "non-singular": "invertible",
    "positive": "positive", "diagonal": "structured-diagonal",
}  # fmt: skip


@dataclass
class Clauses:
    """What a text says besides its function: shapes, assumptions, the variables that it asks for, notes."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    assumptions: set[tuple[str, str]] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def without_words(text: str, wanted: Iterable[str], clauses: Clauses) -> str:
    """Return a text with the words around its function blanked out, as long as it was."""
    names = set(wanted)
    text = _SUM_OF.sub(lambda hit: f"{hit[1]}_{hit[2]}{hit[3] or ''}".ljust(len(hit[0])), text)
    for around in _PYTHON:
        text = around.sub(lambda hit: " " * len(hit[0]), text)
    text = _OPTIMAL.sub(lambda hit: " " * len(hit[0]), text, count=1)
    hit = _OPTIMUM.match(text)
    if hit is not None:
        under = hit["under"] or hit["low"] or hit["soft"] or ""
        within = {re.sub(r"\W", "", n) for n in re.findall(r"\\?[A-Za-z]\w*", under)}
        if hit["firm"] or names & within:
            dollars = len(text) - len(text.lstrip().lstrip("$"))
            text = _blank(text, dollars, hit.end())
    if (hit := _LABEL.match(text)) is not None:
        text = _blank(text, 0, hit.end())
    if (hit := _ASKED.match(text)) is not None and hit[0].strip():
        text = _blank(text, 0, hit.end())
        clauses.asked.append("")
    if (hit := _BY.search(text)) is not None:
        clauses.asked.append(hit["by"])
        text = _blank(text, hit.start(), hit.end())
    if (hit := _OPERATOR.match(text)) is not None and "d" not in names:
        clauses.asked.append(hit["by"])
        text = _blank(text, 0, hit.end())
    elif re.match(r"\s*(?:d|∂)\(", text) and (hit := _QUOTIENT.search(text)) is not None and "d" not in names:
        if _closes(text, text.index("("), hit.start() + hit[0].index(")")):
            clauses.asked.append(hit["by"])
            text = _blank(_blank(text, hit.start() + hit[0].index(")") + 1, hit.end()), 0, text.index("("))
    return text


def _closes(text: str, opened: int, closed: int) -> bool:
    """Tell whether one bracket closes another."""
    depth = 0
    for place in range(opened, closed + 1):
        depth += (text[place] == "(") - (text[place] == ")")
        if not depth:
            return place == closed
    return False


def parts_here(found: list[Token], place: int, declared: Iterable[str]) -> bool:
    """Tell whether a token is a word or a comma that parts a function from what is said of it."""
    t = found[place]
    if t.kind == "prose":
        return True
    if t.kind in ("op", "sep") and t.text == ",":
        return True
    after = found[place + 1]
    return (
        t.kind == "name"
        and t.text in PARTING
        and t.gap
        and after.gap
        and t.text not in declared
        and place > 0
    )


def without_head(part: list[Token], found: list[Token], wanted: Iterable[str]) -> list[Token]:
    """Return a statement without the arrow or the label in front of it: x ↦ f(x) is f(x), f: R^n → R nothing, L: f is L = f."""
    arrow = next((i for i, t in enumerate(part) if t.text == "↦"), None)
    if arrow is not None:
        return part[arrow + 1 :] if len(part) > arrow + 2 else part
    named = part[0].kind in ("name", "func") and part[0].text != "lambda"
    if cut := _given(part):
        return [
            *([part[0]] if named and part[0].text not in _STATISTICS else []),
            *part[cut + (not named or part[0].text in _STATISTICS) :],
        ]
    if len(part) < 4 or not named or part[1].text != ":":
        return part
    if any(t.kind == "op" and t.text == "→" for t in part):
        return []
    alone = sum(t.text == part[0].text for t in found) == 1 and part[0].text not in wanted
    label = alone and not part[1].gap and (part[2].gap or len(part[0].text) > 1)
    if label and not any(t.text in ("=", ":=") for t in part):
        return [part[0], part[1]._replace(text=":="), *part[2:]]
    return part[2:] if label else part


#: What is no name of a value: the logarithm of a density, an expectation, a variance.
_STATISTICS = frozenset({"log", "expect", "var", "cov"})


def _given(part: list[Token]) -> int:
    """Return where p(y | x) =, log p(x; t) =, D(A || B) = or E[x] = goes on after its bracket, 0 for another statement."""
    at = next((i for i, t in enumerate(part) if t.kind == "op" and t.text in ("=", ":=")), 0)
    opened = next((i for i, t in enumerate(part[:at]) if t.text in ("(", "[")), 0)
    head = part[opened:at]
    if not opened or head[-1].text not in (")", "]"):
        return 0
    inside, before = head[1:-1], part[:opened]
    statistic = before[0].text in ("expect", "var", "cov")
    if not statistic and not any(t.text in ("|", "||", ";") for t in inside):
        return 0
    if inside[-1:] and inside[-1].text in ("|", "||") and inside[0].text == inside[-1].text:
        return 0  # f(||x||) = ... defines a function
    return (
        at
        if all(
            t.kind in ("name", "number", "prose", "func") or t.text in ("_", "{", "}", "-") for t in before
        )
        else 0
    )


def statement_of(part: list[Token], said: str, text: str, clauses: Clauses) -> bool:
    """Take down what a clause says of names in words, "A is symmetric"; tell whether it is one."""
    words = [t for t in part if t.kind != "end"]
    names = [t for t in words if t.kind == "name"]
    spoken = " ".join([*(t.text for t in words if t.kind == "name" and len(t.text) > 1), said]).lower()
    kinds = [kind for word, kind in KNOWN.items() if re.search(rf"(?<![\w-]){word}(?![\w-])", spoken)]
    of = [t.text for t in names if len(t.text) == 1 or t.text[0].isupper()]
    if not kinds or not of or any(t.kind not in ("name",) and t.text != "," for t in words):
        return False
    kind = "posdef" if "posdef" in kinds else kinds[0]
    for name in of:
        clauses.assumptions.add((kind, name))
        clauses.notes.append(f"{name} is taken as {kind}, as the text says")
    return True


def relation_of(tree: Tree, clauses: Clauses) -> bool:
    """Take down what a relation says of names: x ∈ R^n, S > 0, S = S'; tell whether it is such a one."""
    if tree.op != "chain" or len(tree.args) != 2:
        return False
    left, right = tree.args
    sign = tree.value[0]
    if sign == "∈" and right.op == "domain" and left.op in ("name", "sub"):
        sizes: list[Size] = [_size(a) for a in right.args]
        if not right.args:
            clauses.shapes[left.value] = (1, 1)
        elif all(sizes) and len(sizes) <= 2:
            clauses.shapes[left.value] = (sizes[0], sizes[1] if len(sizes) == 2 else 1)
        return True
    if sign in (">", "≥") and left.op in ("name", "sub") and right.op == "number" and right.value == 0:
        if left.value[:1].isupper():
            clauses.assumptions.add(("posdef" if sign == ">" else "symmetric", left.value))
        elif sign == ">":
            clauses.assumptions.add(("positive", left.value))
        return True
    one, two = (a if a.op == "name" else None for a in (left, right))
    for name, other in ((one, right), (two, left)):
        if (
            name is not None
            and other.op == "'"
            and other.args[0].op == "name"
            and other.args[0].value == name.value
        ):
            clauses.assumptions.add(("symmetric", name.value))
            return True
    factors = list(left.args) if left.op == "*" and sign == "=" else []
    if len(factors) == 2 and right.op == "name" and right.value in ("I", "eye"):
        q, p = factors if factors[0].op == "'" else factors[::-1]
        if q.op == "'" and q.args[0].op == "name" == p.op and q.args[0].value == p.value:
            clauses.assumptions.add(("orthogonal", p.value))
            return True
    return False


def _size(tree: Tree) -> Size:
    if tree.op == "number" and tree.value.is_Integer:
        return int(tree.value)
    return str(tree.value) if tree.op == "name" else 0


def function_asked(tree: Tree, text: str, wanted: Iterable[str], clauses: Clauses) -> Tree:
    """Return the function of which a text asks the derivative; that of any other text is itself. Raises ParseError."""
    if tree.op == "+" and tree.args[0].op in ("derivative", "gradient") and _operates(tree.args[0]):
        first = tree.args[0]
        whole = Tree("+", [first.args[0], *tree.args[1:]], tree.start, tree.end, tree.value)
        tree = Tree(first.op, [whole, *first.args[1:]], tree.start, tree.end, first.value)
    if (
        tree.op == "call"
        and tree.value in _DERIVATIVES
        and len(tree.args) == 2
        and tree.args[1].op in ("name", "sub")
        and tree.args[1].value not in ("rows", "columns")
    ):
        clauses.asked.append(tree.args[1].value)
        return tree.args[0]
    if tree.op not in ("derivative", "gradient"):
        return tree
    if (tree.value or {}).get("order", 1) != 1:
        raise ParseError(
            "this asks for a second derivative: give the function itself, and ask for its hessian",
            text,
            tree.start,
        )
    clauses.asked += [by.value for by in tree.args[1:] if by.op in ("name", "sub")] or [""]
    return tree.args[0]


def _operates(tree: Tree) -> bool:
    return tree.op == "gradient" or bool((tree.value or {}).get("operator"))


def asked_notes(clauses: Clauses, text: str, wanted: Iterable[str]) -> list[str]:
    """Return the notes on the derivative that a text asks for itself. Raises ParseError where it is by another variable."""
    names = list(wanted)
    for by in clauses.asked:
        base, _, index = by.rpartition("_")
        if base in names and len(index) <= 2 and index.isalpha():
            continue  # by an entry w_j of w, at every j
        if by and names and by not in names:
            raise ParseError(
                f"the text asks for the derivative by {by}, not by {', '.join(names)}: --wrt {by}", text, 0
            )
    if not clauses.asked:
        return []
    return ["the text asks for the derivative: it is that of the function in it that is given"]
