"""Plain findings as running text: numbers, sizes and symbols become formulas, the rest stays literal."""

from __future__ import annotations

import re

from reports.document import literal

_GREEK = {
    "α": r"\alpha",
    "β": r"\beta",
    "δ": r"\delta",
    "ε": r"\varepsilon",
    "λ": r"\lambda",
    "μ": r"\mu",
    "π": r"\pi",
    "ρ": r"\rho",
    "σ": r"\sigma",
    "χ": r"\chi",
}
_LETTER = f"[A-Za-z{''.join(_GREEK)}]"
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
_EXPONENT = f"[{''.join(_RAISED)}]+"
_NUMBER = r"\d+(?:\.\d+)?"
#: What is set as a formula, the longest reading first.
_FORMULA = re.compile(
    rf"""(?<![\w\\.])(?:
      (?P<mantissa>{_NUMBER})e(?P<exponent>[+-]?\d+)             # 3.5e-11
    | (?P<base>\d+)\^\(?(?P<power>-?\d+)\)?                      # 2^-116
    | (?P<size>[a-z])[ ]=[ ](?P<value>\d+)(?!\.?\d|/)            # n = 3
    | √\((?P<root>\d*π)\)                                       # √(2π)
    | (?P<factor>\d*)(?P<letter>{_LETTER})(?:_(?P<index>[a-z]+|\d))?(?P<raised>{_EXPONENT})?
    | (?P<ten>\d+(?:[.]\d+)?·10|10)(?P<tens>{_EXPONENT})         # 6.7·10⁴
    )(?![\w^])""",
    re.VERBOSE,
)


def finding(text: str) -> str:
    """Return a plain phrase, such as a piece of evidence's figure, as running text with its formulas."""
    out, position = [], 0
    for match in _FORMULA.finditer(text):
        latex = _latex(match)
        if latex is None:
            continue
        out += [literal(text[position : match.start()]), f"${latex}$"]
        position = match.end()
    return "".join(out) + literal(text[position:])


def prose(text: str) -> str:
    """Return running text for what is either that already, with formulas between dollars, or a plain phrase."""
    return text if "$" in text else finding(text)


def symbols(names: str) -> str:
    """Return a list of symbols in plain text, such as "σ², n_in", as one formula."""
    return r",\; ".join(_FORMULA.sub(lambda m: _latex(m) or m[0], name) for name in names.split(", "))


def sentence(text: str, *, capital: bool = True, stop: bool = True) -> str:
    """Return running text as a sentence: with a capital, unless it begins with a formula, and a full stop."""
    text = text[:1].upper() + text[1:] if capital else text
    return f"{text.rstrip('.')}." if stop else text


def _latex(match: re.Match[str]) -> str | None:
    """The formula that a match stands for; None for a letter that is just a letter."""
    if match["mantissa"]:
        power = int(match["exponent"])
        mantissa = (
            match["mantissa"].rstrip("0").rstrip(".") if "." in match["mantissa"] else match["mantissa"]
        )
        if float(mantissa) == 0:
            return "0"
        return rf"10^{{{power}}}" if mantissa == "1" else rf"{mantissa} \cdot 10^{{{power}}}"
    if match["base"]:
        return f"{match['base']}^{{{match['power']}}}"
    if match["size"]:
        return f"{match['size']} = {match['value']}"
    if match["ten"]:
        return match["ten"].replace("·", r" \cdot ") + _script("^", _lowered(match["tens"]))
    if match["root"]:
        return rf"\sqrt{{{match['root'].replace('π', ' ').strip()} \pi}}"
    letter, index, raised = match["letter"], match["index"], match["raised"]
    if not (index or raised or letter in _GREEK):
        return None  # the article a, or the E of an expectation
    below = "" if not index else _script("_", index if len(index) == 1 else rf"\mathrm{{{index}}}")
    return (
        match["factor"]
        + _GREEK.get(letter, letter)
        + below
        + (_script("^", _lowered(raised)) if raised else "")
    )


def _script(sign: str, text: str) -> str:
    return f"{sign}{{{text}}}"


def _lowered(raised: str) -> str:
    return "".join(_RAISED[sign] for sign in raised)
