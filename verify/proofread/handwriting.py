r"""Ways of writing that are put into the usual one before a formula is read: 1_{x>0}, \partial_x f, <x, y>, d2f/dx2."""

from __future__ import annotations

import re

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
_PARTIAL = re.compile(r"\\partial\s*_\s*(?:\{(?P<braced>[^{}]*)\}|(?P<plain>\\[A-Za-z]+|\w))")
_LAYER = re.compile(r"\^\s*\{\s*\[\s*([\w+-]+)\s*\]\s*\}")
_INNER = re.compile(
    r"\\(?:left)?\s*\\?langle(?P<one>(?:(?!\\[lr]angle|,).)*),(?P<two>(?:(?!\\[lr]angle|\\right).)*)(?:\\right\s*)?\\rangle",
    re.DOTALL,
)
_SECOND = re.compile(r"\bd\^?2\s*(?P<what>[A-Za-z]\w*)\s*/\s*d(?P<by>[A-Za-z]\w*?)\^?2\b")
_LOST = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?)\s*\.|\\(?:Big|big|Bigg|bigg)\s*(?=[(\[{)\]}|\\])")


def usual(source: str) -> str:
    """Return a formula in the usual spelling; what is not one of these ways of writing stays as it is."""
    if len(source) > 20_000:
        return source
    if "\\" not in source:
        return _SECOND.sub(r"\\frac{d^2 \g<what>}{d \g<by>^2}", source) if "/d" in source else source
    for pattern in _INDICATORS:
        source = pattern.sub(lambda m: rf"\mathbb 1[{m['test']}]", source)
    source = _PARTIAL.sub(lambda m: rf"\frac{{\partial}}{{\partial {m['braced'] or m['plain']}}}", source)
    source = _LAYER.sub(r"^{(\1)}", source)
    for _ in range(4):
        found = _INNER.sub(
            lambda m: rf"\operatorname{{tr}}(({m['one'].removesuffix('left')})^\top({m['two']}))", source
        )
        if found == source:
            break
        source = found
    return source
