r"""Ways of writing that are put into the usual one before a formula is read: 1_{x>0}, \partial_x f, <x, y>, d2f/dx2."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from verify.proofread.document import Document

#: How a document spells something, and how it is read.
Spelling = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

_ONE = r"(?:\\(?:mathbf|mathbb|mathds|boldsymbol|bm|mathrm|text|operatorname)\s*\{?\s*[1I]\s*\}?|\\(?:one|ind)(?![A-Za-z])|\b[1I](?=\s*(?:_|\\?[\[({])))"
_TEST = r"[^{}\[\]()<>=]*?(?:<|>|\\[lg]eq?\b|\\leqslant|\\geqslant|≤|≥)[^{}\[\]<>=]*?"
_INDICATORS = (
    re.compile(
        rf"{_ONE}\s*_\s*\{{\s*(?:\\left)?(?:\\?[\[{{(])?\s*(?P<test>{_TEST})\s*(?:\\right)?(?:\\?[\]}})])?\s*\}}"
    ),
    re.compile(
        rf"{_ONE}\s*(?:\\left)?\s*(?:\\\{{|\(|\[)\s*(?P<test>{_TEST})\s*(?:\\right)?\s*(?:\\\}}|\)|\])"
    ),
)
_EQUAL_INDICES = re.compile(
    rf"{_ONE}\s*_\s*\{{\s*(?:\\?[\[{{(])?\s*(?P<test>[a-z]\s*(?:=|\\neq?(?![a-z]))\s*[a-z])\s*(?:\\?[\]}})])?\s*\}}"
)
_PARTIAL = re.compile(r"\\partial\s*_\s*(?:\{(?P<braced>[^{}]*)\}|(?P<plain>\\[A-Za-z]+|\w))")
_LAYER = re.compile(r"\^\s*\{\s*\[\s*([\w+-]+)\s*\]\s*\}")
_INNER = re.compile(
    r"\\(?:left)?\s*\\?langle(?P<one>(?:(?!\\[lr]angle|,).)*),(?P<two>(?:(?!\\[lr]angle|\\right).)*)(?:\\right\s*)?\\rangle",
    re.DOTALL,
)
_SECOND = re.compile(r"\bd\^?2\s*(?P<what>[A-Za-z]\w*)\s*/\s*d(?P<by>[A-Za-z]\w*?)\^?2\b")
_LOST = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?)\s*\.|\\(?:Big|big|Bigg|bigg)\s*(?=[(\[{)\]}|\\])")


#: A letter whose square is a variable: what a derivative is by, or a function's argument.
_SQUARE = re.compile(
    r"(?:\\partial|\\nabla_\{?|\bd)\s*\{?\s*(?P<by>\\(?:sigma|tau|gamma|eta|omega|nu))\s*\^\s*\{?2\}?"
    r"|[,(]\s*(?P<of>\\(?:sigma|tau|gamma|eta|omega|nu))\s*\^\s*\{?2\}?\s*\)\s*(?:&\s*)?(?::?=)"
)
#: A formula that defines a square: \\sigma^2 = ...
_SQUARE_DEFINED = re.compile(
    r"\s*(?P<name>\\(?:sigma|tau|gamma|eta|omega|nu))\s*\^\s*\{?2\}?\s*&?\s*:?=(?=.*\\sum)", re.DOTALL
)
_SQUARED_NAME = re.compile(
    r"\s*(?P<name>[A-Za-z]|\\(?:sigma|tau|chi|kappa|rho))\s*\^\s*(?:2(?!\d)|\{\s*2\s*\})\s*&?\s*:?="
)
_SQUARED = re.compile(r"\s*\^\s*(?:2(?!\d)|\{\s*[24]\s*\})")
_MOMENTS = re.compile(r"\\(?:mathbb|mathrm|operatorname|text)\s*\{?(?:E|Var|Cov)\b|\bVar\b|\bE\s*\[")


def squared(document: Document) -> frozenset[str]:
    """Return the letters whose squares a document takes for variables: σ of ∂ℓ/∂σ²."""
    formulas = [p.text.characters for p in document.pieces if p.is_formula]
    text = "\n".join(formulas)
    named = _only_squared(formulas)
    if _MOMENTS.search(text):
        return named
    defined = (
        m["name"]
        for p in document.pieces
        if p.is_formula
        for m in [_SQUARE_DEFINED.match(p.text.characters)]
        if m
    )
    return frozenset([*(m["by"] or m["of"] for m in _SQUARE.finditer(text)), *defined, *named])


def _only_squared(formulas: list[str]) -> frozenset[str]:
    """Return the letters that a document only has squared, and defines so: S² = Σ(X_i - X̄)²/(n - 1)."""
    heads = {m["name"] for f in formulas if (m := _SQUARED_NAME.match(f))}
    return frozenset(
        name for name in heads
        if all(_SQUARED.match(f[m.end() :]) for f in formulas for m in re.finditer(rf"{_start(name)}(?![A-Za-z])", f))
    )  # fmt: skip


def _start(name: str) -> str:
    return re.escape(name) if name[0] == "\\" else rf"(?<![A-Za-z\\]){name}"


def unsquared(source: str, letters: frozenset[str]) -> str:
    """Return a formula in which σ² is a name of its own, and other powers of σ are powers of it."""
    for letter in letters:
        name = rf"{letter}_{{2}}"

        def power(m: re.Match[str], name: str = name) -> str:
            order = int(m["order"] or m["short"] or 1)
            hat = rf"\{m['hat']}{{{name}}}" if m["hat"] else name
            if order % 2:
                return rf"{{{hat}}}^{{{order}/2}}"
            return hat if order == 2 else rf"{{{hat}}}^{{{order // 2}}}"

        source = re.sub(
            rf"(?:\\(?P<hat>hat|tilde|bar)\s*\{{?\s*)?{_start(letter)}(?![A-Za-z])(?(hat)\s*\}}?)(?!\s*[_(])"
            r"(?:\s*\^\s*(?:\{\s*(?P<order>-?\d)\s*\}|(?P<short>\d)))?",
            power,
            source,
        )
    return source


#: A layer and a transpose in one exponent: W^{(2)\\top}.
_LAYER_TURNED = re.compile(
    r"\^\s*\{\s*[(\[]\s*([\w+-]+)\s*[)\]]\s*(\\top|T|\\intercal|\\mathsf\s*\{?T\}?|\\prime|')\s*\}"
)
#: The square of an optimum, \\sigma^{*2}.
_STAR_POWER = re.compile(
    r"(?P<name>\\[A-Za-z]+|[A-Za-z])\s*\^\s*\{\s*(?:(?:\*|\\star|\\ast)\s*(?P<one>\d)|(?P<two>\d)\s*(?:\*|\\star|\\ast))\s*\}"
)
_TWICE = re.compile(r"(?<![A-Za-z\\])D\s*\^\s*\{?2\}?\s*(?=[A-Za-z]\s*\()")
#: The next iterate, x^+ or x^{+}: of a vector there is no pseudoinverse in use.
_NEXT = re.compile(
    r"(?<![A-Za-z\\])(?P<name>[a-z]|\\(?:theta|beta|alpha|mu|lambda|mathbf\s*\{?[a-z]\}?|boldsymbol\s*\{?[a-z]\}?))\s*\^\s*(?:\{\s*\+\s*\}|\+)(?!\s*[\w(\\{])"
)
#: A name of its own for the next value of a matrix, where the document sets it: P^+ = (I - KC)P.
_NEXT_MATRIX = re.compile(
    r"\s*(?P<name>[A-Z]|\\(?:Sigma|Lambda|Omega))\s*\^\s*(?:\{\s*\+\s*\}|\+)\s*&?\s*:?="
)


def next_matrices(document: Document) -> frozenset[str]:
    """Return the matrices whose next value a document writes as X^+, where that is no pseudoinverse."""
    if any(re.search(r"pseudo|Moore|Penrose", p.text.characters) for p in document.pieces):
        return frozenset()
    heads = (
        (m["name"], p.text.characters[m.end() :])
        for p in document.pieces if p.is_formula for m in [_NEXT_MATRIX.match(p.text.characters)] if m
    )  # fmt: skip
    return frozenset(
        name for name, body in heads if not re.search(rf"{re.escape(name)}\s*\^", body.partition("=")[0])
    )


_LOG_GAMMA = re.compile(r"\\(?:log|ln)\s*\\Gamma(?=\s*(?:\\left)?\s*\()")
_SPOKEN_GRADIENT = re.compile(r"\b(?:grad|nabla)\s*(\^2)?\s+(?=[A-Za-z]\b)")
_RUN = re.compile(r"(?<![\w\\^_])[A-Z][A-Za-z]{1,2}(?![\w(])")


_LOG_DENSITY = re.compile(
    r"\\(?:log|ln)\s*(?P<letter>[pq]|\\(?:var)?pi(?![A-Za-z]))\s*(?:_\s*(?:\{?\\?\w+\}?))?\s*(?:\\left|\\[bB]igl?)?\((?P<given>[^()]*?)(?:\\right|\\[bB]igr?)?\)"
)


def log_densities(document: Document) -> dict[str, str]:
    r"""Return a name for the logarithm of each density that a document speaks of: \log p(w | y) is a function ell of w and y."""
    text = "\n".join(p.text.characters for p in document.pieces if p.is_formula)
    if not re.search(
        r"(?:=|&)\s*[^=\n]*\\(?:log|ln)\s*[pq]\s*[(_]"
        r"|\\(?:log|ln)\s*(?:[pq]|\\pi)\s*(?:_\s*\{?\\?\w+\}?)?\s*\([^()]*\)\s*&?\s*=",
        text,
    ):
        return {}
    found = dict.fromkeys(_spelled(m) for m in _LOG_DENSITY.finditer(text))
    first = 1 if not re.search(r"\\ell\s*_", text) else 91
    return {density: rf"\ell_{{{first + k}}}" for k, density in enumerate(found)}


def _spelled(m: re.Match[str]) -> str:
    given = re.sub(r"\s+", "", m["given"])
    return f"{m['letter'].replace('var', '')}({given})"


def named_densities(source: str, names: Mapping[str, str]) -> str:
    """Return a formula in which logarithms of densities are functions by those names."""

    def named(m: re.Match[str]) -> str:
        name = names.get(_spelled(m))
        given = re.sub(r"\s*(?:\\mid|\\vert|\||;)\s*", ", ", m["given"])
        return f" {name}({given})" if name else m[0]

    return _LOG_DENSITY.sub(named, source) if names else source


def split_runs(source: str, letters: frozenset[str]) -> str:
    """Return plain text in which Xw is X w, where both are names by themselves and the run is none."""

    def parted(m: re.Match[str]) -> str:
        return " ".join(m[0]) if set(m[0]) <= letters and m[0] not in letters else m[0]

    return _RUN.sub(parted, source)


def single_letters(document: Document) -> frozenset[str]:
    """Return the names of plain lines: single letters, and runs that stand left of an equals sign."""
    lines = [p.text.characters for p in document.pieces if p.role == "line"]
    found = {m for line in lines for m in re.findall(r"(?<![\w\\])[A-Za-z](?!\w)", line)}
    return frozenset(
        found | {m for line in lines for m in re.findall(r"(?:^|[,;]\s*)([A-Z][A-Za-z]{1,2})\s*:?=", line)}
    )


#: A transpose before a bracket in plain text, X^T(Xw - y).
_TURNED_BEFORE = re.compile(r"\^T\s*(?=\()")
#: Between a Greek letter and a name beside it in plain text, λw and nλ, but not in dλ.
_GREEK_BESIDE = re.compile(r"(?<=[α-ωΓΔΘΛΞΠΣΦΨΩ])(?=[A-Za-zα-ω])|(?<=[A-Za-ce-z])(?<!\bd)(?=[α-ωΓΔΘΛΞΠΣΦΨΩ])")
_GREEK = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega").split(), strict=True))  # fmt: skip
#: What a derivative is by in plain text, dL/dλ.
_BY_GREEK = re.compile(r"(?<=/)d([α-ρσ-ω])(?!\w)")
#: d as a number, 1/d or n/d; and as the factor of what stands behind a space, d\\, s.
_D_DIVIDES = re.compile(r"\\[td]?frac\s*(?:\d|\{[^{}]*\})\s*(?:d(?![A-Za-z])|\{\s*d\s*\})|/\s*d(?![\w\\])")
_D_TIMES = re.compile(r"(?<![A-Za-z\\])d\s*\\[,;:]\s*(?=[A-Za-z\\(])")
#: What a formula leaves open behind it.
UP_TO_A_CONSTANT = re.compile(
    r"\+\s*(?:\\(?:text|mathrm|textrm|operatorname)\s*\{\s*const(?:ant)?s?\.?\s*\}|const(?:ant)?\.?(?![A-Za-z]))\s*[.,;]?\s*$"
)
#: Times in subscripts, as filters have them: x_{k|k-1}, P_{t|t}.
_TIMES = re.compile(
    r"_\s*\{\s*(?P<time>[a-z](?:\s*[+-]\s*\d)?)\s*(?:\||\\mid|\\vert)\s*(?P<known>[a-z](?:\s*[+-]\s*\d)?)\s*\}"
)
#: A divergence of two laws by name, KL(q || p): a number by that name.
_DIVERGENCE = re.compile(
    r"(?:D\s*_\s*\{?\s*)?(?:\\(?:mathrm|text|operatorname|mathbb|mathsf)\s*\{\s*)?(?<![A-Za-z])KL(?:\s*\})*\s*(?:\\left|\\[bB]igl?)?\s*[(\[]"
    r"(?:[^()\[\]]|\([^()]*\))*?(?:\\\||\|\||\\parallel|\\Vert)(?:[^()\[\]]|\([^()]*\))*?(?:\\right|\\[bB]igr?)?\s*[)\]]"
)


def _time(m: re.Match[str]) -> str:
    """Return the subscript of a value at a time as known at another: a label without a bar."""
    return (
        r"_{\mathrm{"
        + ("post" if re.sub(r"\s", "", m["time"]) == re.sub(r"\s", "", m["known"]) else "prior")
        + "}}"
    )


def usual(source: str) -> str:
    """Return a formula in the usual spelling; what is not one of these ways of writing stays as it is."""
    if len(source) > 20_000:
        return source
    source = UP_TO_A_CONSTANT.sub("", source)
    source = _TIMES.sub(_time, source)
    source = _DIVERGENCE.sub(r"\\mathrm{KL}", source)
    source = _LAYER_TURNED.sub(r"^{(\1)}^{\\top}", source)
    source = _LAYER.sub(r"^{(\1)}", source)
    source = _STAR_POWER.sub(lambda m: f"{{{m['name']}^*}}^{{{m['one'] or m['two']}}}", source)
    source = _NEXT.sub(r"\g<name>_{new}", source)
    source = _TWICE.sub("∇^2 ", source)
    if "\\" not in source:
        source = _TURNED_BEFORE.sub("'*", source)
        source = _BY_GREEK.sub(lambda m: f"d{_GREEK[m[1]]}", source)
        source = _GREEK_BESIDE.sub(" ", source)
        source = _SPOKEN_GRADIENT.sub(lambda m: f"∇{m[1] or ''}", source)
        return _SECOND.sub(r"\\frac{d^2 \g<what>}{d \g<by>^2}", source) if "/d" in source else source
    for pattern in (*_INDICATORS, _EQUAL_INDICES):
        source = pattern.sub(lambda m: rf"\mathbb 1[{m['test']}]", source)
    source = _PARTIAL.sub(lambda m: rf"\frac{{\partial}}{{\partial {m['braced'] or m['plain']}}}", source)
    source = re.sub(r"\\\\(?=\\[A-Za-z])", r"\\\\ ", source)
    source = _LOG_GAMMA.sub(r"\\operatorname{lgamma}", source)
    for _ in range(4):
        found = _INNER.sub(
            lambda m: rf"\operatorname{{tr}}(({m['one'].removesuffix('left')})^\top({m['two']}))", source
        )
        if found == source:
            break
        source = found
    return source


#: The logistic function by its definition; its name has that meaning already.
_LOGISTIC = re.compile(
    r"\\sigma(?P<open>\()(?P<x>\w)\)&?:?="
    r"(?:\\[td]?frac\{?1\}?\{1\+(?:e\^\{-(?P=x)\}|\\exp\(-(?P=x)\))\}|1/\(1\+(?:e\^\{-(?P=x)\}|\\exp\(-(?P=x)\))\)"
    r"|\(1\+(?:e\^\{-(?P=x)\}|\\exp\(-(?P=x)\))\)\^\{-1\})[.,]?"
)


def is_logistic(source: str) -> bool:
    """Tell whether a formula only says that σ is the logistic function."""
    plain = re.sub(r"\\(?:left|right|[bB]igg?[lr]?|[,;:! ])|\s", "", source)
    return _LOGISTIC.fullmatch(plain) is not None


#: The information as a function, I(θ) = ...: no identity.
_INFORMATION = re.compile(
    r"\s*(?:\\mathcal\s*\{?\s*)?I(?:\s*\})?\s*(?:\\left)?\(\s*(?:\\?[A-Za-z]+)(?:\^\{?2\}?)?\s*(?:\\right)?\)\s*&?:?="
)


def logistic_arguments(document: Document) -> set[str]:
    """Return the letters in which a document only defines the logistic function: numbers, unless they are arrays elsewhere."""
    formulas = [p.text.characters for p in document.pieces if p.is_formula]
    found = set()
    for formula in formulas:
        plain = re.sub(r"\\(?:left|right|[bB]igg?[lr]?|[,;:! ])|\s", "", formula)
        if (m := _LOGISTIC.fullmatch(plain)) is not None:
            array = re.compile(rf"(?<![A-Za-z\\]){m['x']}\s*(?:_|\^|')|\\partial\s*{m['x']}(?![A-Za-z])")
            found |= {m["x"]} if not any(array.search(f) for f in formulas) else set()
    return found


_ALIAS = re.compile(
    r"\s*(?P<name>[a-zA-Z]|\\(?:phi|varphi|sigma|psi|rho))\s*(?:\(\s*\\cdot\s*\))?\s*:?=\s*"
    r"\\?(?:(?:mathrm|operatorname|text)\s*\{\s*)?(?P<function>tanh|sigma|relu|ReLU|sigmoid|softplus|gelu|GELU|swish)\s*\}?"
    r"\s*(?:\(\s*\\cdot\s*\))?\s*[.,]?\s*"
)


def is_alias(source: str) -> bool:
    """Tell whether a formula only says by which letter a function is called: g = \\tanh."""
    return _ALIAS.fullmatch(source) is not None


def _primed(formulas: list[str]) -> list[str]:
    """Return the small letters whose next value a document writes with a prime, h' = ..., and which it defines by no formula."""
    heads = {m[1] for f in formulas if (m := re.match(r"\s*([a-z])'\s*&?:?=(?!=)", f))}
    return sorted(
        n for n in heads
        if not any(re.match(rf"\s*{n}\s*(?:\([^()]*\))?\s*&?:?=", f) or re.search(rf"(?<![A-Za-z\\]){n}'\s*[A-Za-z(\\]", f.partition("=")[2]) for f in formulas)
    )  # fmt: skip


def _labels_of(time: str) -> list[tuple[re.Pattern[str], str]]:
    """Return how x_k, x_{k+1}, x_{k-1} are read where k is the time of a filter and no index: by labels."""
    labels = {"": "now", "+1": "next", "-1": "last"}
    return [
        (
            re.compile(
                rf"_\s*\{{\s*{time}\s*{re.escape(step)}\s*\}}" + ("" if step else rf"|_\s*{time}(?![A-Za-z])")
            ),
            rf"_{{\mathrm{{{label}}}}}",
        )
        for step, label in labels.items()
    ]


#: The head of a function of names, Q(x, u) = ...
_FUNCTION = re.compile(
    r"\s*(?P<name>[A-Z])\s*(?:\\left)?\(\s*(?P<given>[a-z](?:_\w)?(?:\s*,\s*[a-z](?:_\w)?)*)\s*(?:\\right)?\)\s*&?\s*:?=(?P<body>.*)",
    re.DOTALL,
)


#: What stands before a function that is differentiated.
_DIFFERENTIATES = r"\\frac\s*\{\s*(?:\\partial|d)\s*(?:\^\s*\{?2\}?)?\s*|\\nabla\s*(?:_\s*(?:\{[^{}]*\}|\w)\s*|\^\s*\{?2\}?\s*)*"


def _as_function(m: re.Match[str]) -> str:
    return rf"{m['sign']}{m[0][len(m['sign']) :]}_{{\mathrm{{fun}}}}"


def _functions_beside_matrices(formulas: list[str]) -> list[Spelling]:
    """Return how a function is spelled by whose letter its own body has a matrix: Q(x, u) = x'Qx + u'Ru."""
    found: list[Spelling] = []
    for m in (m for f in formulas if (m := _FUNCTION.match(f))):
        name = m["name"]
        if re.search(rf"(?<![A-Za-z\\]){name}(?![A-Za-z]|\s*(?:\\left)?\()", m["body"]):
            given = r"\s*,\s*".join(re.escape(g.strip()) for g in m["given"].split(","))
            called = rf"(?<![A-Za-z\\]){name}(?=\s*(?:\\left)?\(\s*{given}\s*(?:\\right)?\))"
            found.append((re.compile(called), rf"{name}_{{\mathrm{{fun}}}}"))
            found.append((re.compile(rf"(?P<sign>{_DIFFERENTIATES}){name}(?![A-Za-z])"), _as_function))
    return found


def renames(document: Document) -> tuple[Spelling, ...]:
    """Return what a document calls by other names: functions by letters (g = \\tanh), and probabilities by π with an index."""
    formulas = [p.text.characters for p in document.pieces if p.is_formula]
    found: list[Spelling] = []
    for formula in formulas:
        if (m := _ALIAS.fullmatch(formula)) is not None and m["name"] != rf"\{m['function']}":
            function = r"\tanh" if m["function"] == "tanh" else rf"\operatorname{{{m['function']}}}"
            function = r"\sigma" if m["function"] == "sigma" else function
            name = re.escape(m["name"]) if m["name"][0] == "\\" else rf"(?<![A-Za-z\\]){m['name']}"
            found.append(
                (
                    re.compile(
                        rf"{name}(?=\s*(?:'|\^\s*\{{?\s*\\prime\s*\}}?)*\s*(?:\\left|\\[bB]igl?)?\s*\()"
                    ),
                    function + " ",
                )
            )
    if any(_INFORMATION.match(f) for f in formulas):
        found.append(
            (re.compile(r"(?:\\mathcal\s*\{?\s*|(?<![A-Za-z\\]))I(?:\s*\})?(?=\s*(?:\\left)?\()"), r"\iota ")
        )
    if any(_D_DIVIDES.search(f) for f in formulas):
        found.append((_D_TIMES, r"d \cdot "))
    for time in sorted({m["time"] for f in formulas for m in _TIMES.finditer(f) if len(m["time"]) == 1}):
        if not any(re.search(rf"\\sum\s*_\s*\{{?\s*{time}\b", f) for f in formulas):
            found += _labels_of(time)
    for name in _primed(formulas):
        found.append((re.compile(rf"(?<![A-Za-z\\]){name}'(?!['(])"), rf"{name}_{{new}}"))
    found += _functions_beside_matrices(formulas)
    for name in next_matrices(document):
        found.append(
            (re.compile(rf"{re.escape(name)}\s*\^\s*(?:\{{\s*\+\s*\}}|\+)(?!\s*[\w({{])"), f"{name}_{{new}}")
        )
    if any(re.search(r"\\pi\s*_", f) for f in formulas):
        found.append((re.compile(r"\\pi(?=\s*_)"), r"\varpi"))
    return tuple(found)
