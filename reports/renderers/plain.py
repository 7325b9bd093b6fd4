"""A formula in LaTeX as one line of plain text, for a terminal: Wᵀ, δ_jk, x², exp(z_j)/2."""

from __future__ import annotations

import re

from reports.document import spans

_SUPERSCRIPTS = dict(zip("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", strict=True))
_SIGNS = {
    "cdot": "·",
    "times": "×",
    "odot": "⊙",
    "otimes": "⊗",
    "circ": "∘",
    "pm": "±",
    "le": "≤",
    "ge": "≥",
    "ne": "≠",
    "approx": "≈",
    "sim": "~",
    "in": "∈",
    "to": "→",
    "Rightarrow": "⇒",
    "iff": "⇔",
    "partial": "∂",
    "nabla": "∇",
    "sum": "∑",
    "int": "∫",
    "infty": "∞",
    "top": "⊤",
    "succ": "≻",
    "ldots": "…",
    "cdots": "…",
    "lVert": "‖",
    "rVert": "‖",
    "lvert": "|",
    "rvert": "|",
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "varepsilon": "ε",
    "eta": "η",
    "theta": "θ",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "varphi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "Gamma": "Γ",
    "Delta": "Δ",
    "Lambda": "Λ",
    "Sigma": "Σ",
    "Phi": "Φ",
    "Omega": "Ω",
}
#: Commands that only set the type or the size of what follows.
_SETTING = re.compile(
    r"\\(?:mathrm|mathbf|mathcal|mathbb|mathit|operatorname|text|textstyle|displaystyle|left|right|big|Big|bigl|bigr"
    r"|Bigl|Bigr)(?![A-Za-z])\s*"
)
_SPACE = re.compile(r"\\[,;:! ]|\\q?quad(?![A-Za-z])|~")
_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_FRACTION = re.compile(rf"\\[td]?frac\s*{_GROUP}\s*{_GROUP}")
_ROOT = re.compile(rf"\\sqrt\s*{_GROUP}")
_BAR = re.compile(r"\\bar\s*(?:\{([^{}]*)\}|(\w))")
_SCRIPT = re.compile(rf"([_^])\s*(?:{_GROUP}|(\S))")
_COMMAND = re.compile(r"\\([A-Za-z]+)\s*")


def plain_text(text: str) -> str:
    """Return running text with its formulas as plain text."""
    return "".join(plain_math(s.text) if s.kind == "math" else s.text for s in spans(text))


def plain_math(latex: str) -> str:
    """Return a formula as plain text; a construct without a plain form keeps its name."""
    text = _SPACE.sub(" ", _SETTING.sub("", latex))
    for pattern, shown in ((_ROOT, _root), (_BAR, _bar), (_FRACTION, _fraction)):
        while pattern.search(text):
            text = pattern.sub(shown, text)
    text = re.sub(r"\\([{}%&#_$])", r"\1", text)
    # Scripts wait for their contents to be plain.
    text = _COMMAND.sub(_command, text)
    while True:
        replaced = _SCRIPT.sub(_script, text)
        if replaced == text:
            break
        text = replaced
    return re.sub(r" +", " ", re.sub(r"[{}]", "", text).translate(_HELD)).strip()


def _command(match: re.Match[str]) -> str:
    name = match[1]
    spaced = match[0] != match[0].rstrip() and name not in ("lVert", "lvert")
    return _SIGNS.get(name, name) + (" " if spaced else "")


def _fraction(match: re.Match[str]) -> str:
    return f"{_factor(match[1])}/{_factor(match[2])}"


def _factor(text: str) -> str:
    text = text.strip()
    return text if re.fullmatch(r"\\?\w+|√\([^()]*\)", text) else f"({text})"


def _root(match: re.Match[str]) -> str:
    return f"√({match[1]})"


def _bar(match: re.Match[str]) -> str:
    return f"{match[1] or match[2]}\N{COMBINING MACRON}"


#: Private stand-ins for _ and ^ that are done with.
_LOW, _HIGH = "\ue000", "\ue001"
_HELD = str.maketrans({_LOW: "_", _HIGH: "^"})


def _script(match: re.Match[str]) -> str:
    inner = (match[2] if match[2] is not None else match[3]).strip().replace(" ", "")
    if match[1] == "_":
        return f"{_LOW}{inner}"
    if inner in ("⊤", "-⊤"):
        return "ᵀ" if inner == "⊤" else "⁻ᵀ"
    if inner == "'":
        return "′"
    if inner and all(sign in _SUPERSCRIPTS for sign in inner):
        return "".join(_SUPERSCRIPTS[sign] for sign in inner)
    return f"{_HIGH}{inner}" if len(inner) == 1 else f"{_HIGH}({inner})"
