"""The tokens of a formula in plain text: the text language, NumPy's notation, and Unicode's signs."""

from __future__ import annotations

import re
from typing import NamedTuple

from derive.language.scope import ParseError


class Token(NamedTuple):
    """A token: its kind, its canonical text, its place, and whether a space stands before it."""

    kind: str
    text: str
    start: int
    end: int
    gap: bool = False
    bold: bool = False


GREEK = dict(
    zip("αβγδεζηθικλμνξοπρστυφχψωϵϑϕϱςΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ",
        ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi "
         "chi psi omega epsilon theta phi rho sigma Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu "
         "Nu Xi Omicron Pi Rho Sigma Tau Upsilon Phi Chi Psi Omega").split(), strict=True)
)  # fmt: skip
#: Signs that stand for signs of the language.
SIGNS = {
    "−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "∗": "*", "⋅": "*", "÷": "/", "⊙": ".*", "∘": ".*", "⊗": "kron",
    "′": "'", "’": "'", "‘": "'", "⊤": "'", "（": "(", "）": ")", "，": ",", "‖": "||", "∥": "||", "≔": ":=", "==": "=",
    "≈": "≈", "≃": "≈", "∝": "∝", "≤": "≤", "<=": "≤", "≥": "≥", ">=": "≥", "≠": "≠", "!=": "≠", "∈": "∈", "∼": "∼",
    "~": "∼", "⇒": "⇒", "=>": "⇒", "→": "→", "->": "→", "∴": "⇒", "⇔": "⇔",
    "↦": "↦", "|->": "↦", "⟨": "(", "⟩": ")", "〈": "(", "〉": ")",
}  # fmt: skip
FRACTIONS = {"½": "1/2", "⅓": "1/3", "¼": "1/4", "¾": "3/4", "⅔": "2/3", "⅛": "1/8", "⅙": "1/6", "⅕": "1/5"}
_SUPER = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀᴴⁿ", "0123456789-THn", strict=True))
_SUB = dict(zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₗₘₙₐₑₒₓₕₚₛₜᵣᵤᵥ", "0123456789ijklmnaeoxhpstruv", strict=True))
RELATIONS = frozenset("= ≈ ∝ ≤ < ≥ > ≠ ∈ ∼ := →".split())
SEPARATORS = frozenset("; ⇒ ⇔ \n".split())

_GREEK = "".join(GREEK)
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    # The point of 5.*x is that of the operator.
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]+|\.(?=[eE][+-]?[0-9])|\.(?![*/^.\w]))?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<module>(?:np|numpy|jnp|anp|onp|cp|torch|tf|math|scipy|sp|jax|keras|nn|F|LA(?=\.(?:norm|inv|det)))"
    r"(?:\.(?:linalg|special|nn|functional|numpy|math|backend|losses|lax|scipy))*\.(?=[A-Za-z]))"
    rf"|(?P<name>(?:[A-Za-z]|[{_GREEK}])[A-Za-z_0-9]*[{''.join(_SUB)}]*)"
    rf"|(?P<low>[{''.join(_SUB)}]+)"
    r"|(?P<transpose>\.(?:T|mT|t\(\)|transpose\(\))(?!\w))"
    r"|(?P<shape>\.(?:shape\[-?[0-9]\]|size\(-?[0-9]\)|shape\(-?[0-9]\)|size(?![\w(])))"
    r"|(?P<method>\.[A-Za-z]\w*(?=\())"
    rf"|(?P<super>[{''.join(_SUPER)}]+)"
    rf"|(?P<fraction>[{''.join(FRACTIONS)}])"
    r"|(?P<infinity>∞)|(?P<reals>ℝ)|(?P<root>√)|(?P<sum>∑)|(?P<product>∏)|(?P<nabla>∇)|(?P<partial>∂)"
    r"|(?P<op>\.\*|\./|\.\^|\*\*|\|\||:=|==|<=|>=|!=|=>|->|\|->|[-+*/^'()\[\]{},;:=|@<>_~!−–—×·∗⋅÷⊙∘⊗′’‘⊤（），‖∥≔≈≃∝≤≥≠∈∼⇒→∴⇔↦⟨⟩〈〉])"
)

#: What people write with characters that the language does not have.
MENDS = {
    "\\": "write inv(A)*x for the solution of a system",
    ".": "a point stands in a number or before *, / and ^; write X' or X.T for the transpose, inv(X) for the inverse",
}
_STRING = re.compile(r"'[\w,> -]*'|\"[\w,> -]*\"")
_SPELT = re.compile(rf"[{_GREEK}{''.join(_SUB)}]")


def _name(text: str) -> str:
    """Return a name in the letters of the language: x₁ is x_1, α is alpha."""
    if text.isascii():
        return text
    text = re.sub(rf"([{''.join(_SUB)}]+)$", lambda m: "_" + "".join(_SUB[c] for c in m[1]), text)
    return "".join(GREEK.get(c, c) for c in text)


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text, the last being of kind `end`. Raises ParseError with the place."""
    found: list[Token] = []
    at, gap = 0, False
    while at < len(text):
        hit = _TOKEN.match(text, at)
        if hit is None:
            raise _unknown(text, at)
        kind, piece, start, at = hit.lastgroup or "", hit[0], at, hit.end()
        if (
            piece in ("'", '"')
            and found
            and found[-1].text in ("(", ",", "=")
            and (string := _STRING.match(text, start))
        ):
            found.append(Token("string", string[0][1:-1], start, string.end(), gap))
            at, gap = string.end(), False
            continue
        if kind == "space":
            gap = True
            continue
        if kind == "name":
            found.append(Token("name", _name(piece), start, at, gap))
        elif kind == "op":
            found.append(Token("op", SIGNS.get(piece, piece), start, at, gap))
        elif kind == "super":
            found.append(Token("super", "".join(_SUPER[c] for c in piece), start, at, gap))
        elif kind == "low":
            lowered = "".join(_SUB[c] for c in piece)
            found.append(Token("op", "_", start, start, gap))
            found.append(Token("number" if lowered.isdigit() else "name", lowered, start, at))
        elif kind in ("infinity", "reals"):
            found.append(Token("name", "inf" if kind == "infinity" else "R", start, at, gap))
        elif kind == "fraction":
            found.append(Token("number", FRACTIONS[piece], start, at, gap))
        elif kind == "transpose":
            found.append(Token("op", "'", start, at, gap))
        else:
            found.append(Token(kind, piece, start, at, gap))
        gap = False
    found.append(Token("end", "", len(text), len(text), gap))
    return _with_sums(found)


_SUM_OVER = re.compile(r"(sum|prod|Sigma|Pi)_([a-z]{1,2})")


def _with_sums(found: list[Token]) -> list[Token]:
    """Return the tokens with sum_i and Σᵢ in front of what has the index i as the sum over i, not as names."""
    out: list[Token] = []
    for place, t in enumerate(found):
        hit = _SUM_OVER.fullmatch(t.text) if t.kind == "name" else None
        if hit is None or not _is_sum(hit, found, place):
            out.append(t)
            continue
        over = [Token("name", c, t.start, t.end) for c in hit[2]]
        braces = [Token("op", "{", t.start, t.start)], [Token("op", "}", t.end, t.end)]
        kind = "sum" if hit[1] in ("sum", "Sigma") else "product"
        out += [t._replace(kind=kind), Token("op", "_", t.start, t.start), *braces[0], *over, *braces[1]]
    return out


def _is_sum(hit: re.Match[str], found: list[Token], place: int) -> bool:
    before, after = found[place - 1] if place else None, found[place + 1]
    if after.kind in ("end", "super") or (
        after.kind == "op" and after.text not in ("(", "|", "||", "[", "-")
    ):
        return False
    if hit[1] in ("Sigma", "Pi"):
        if before is not None and (before.kind in ("super",) or before.text in (")", "'", "]")):
            return False
        if any(t.text == hit[0] and t.start != found[place].start for t in found):
            return False
    ends = re.compile(rf"\w+_[a-z]*[{hit[2]}][a-z]*")
    return any(t.kind == "name" and ends.fullmatch(t.text) for t in found[place + 1 :]) or any(
        t.text in set(hit[2]) for t in found[place + 1 :]
    )


def _unknown(text: str, at: int) -> ParseError:
    c = text[at]
    shown = c if c.isprintable() else f"U+{ord(c):04X}"
    mend = (
        f": {MENDS[c]}"
        if c in MENDS
        else ""
        if c.isascii()
        else ": only ASCII, Greek letters and signs of mathematics are read"
    )
    return ParseError(f"the character {shown} is not part of the language{mend}", text, at)
