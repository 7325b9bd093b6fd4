"""Names that stand for functions of which a text says no more: f in f(A*x) and f'(x), wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from derive.language.names import kind_of
from derive.language.pratt import Vocabulary
from derive.language.tokens import Token

#: Names by which people call functions of which they say no more.
_CUSTOMARY = re.compile(
    r"(?:[fghFGHL]|phi|psi|varphi|Phi|Psi|rho|sigma|kappa|ell|eta|chi|zeta)(?:_?\d{1,2}|_\w)?"
)
_PRIMES = frozenset({"'", "prime", "^", "{", "}"})


def unknown_names(found: Sequence[Token], words: Vocabulary) -> set[str]:
    """Return the names that are applied wherever they stand, f(x) and f'(x), and that nothing defines."""
    applied: set[str] = set(words.unknown)
    plain: set[str] = set()
    for place, t in enumerate(found):
        if t.kind != "name" or words.is_function(t.text):
            continue
        after = place + 1
        while found[after].text in _PRIMES and not (
            found[after].text == "^" and found[after + 1].text not in ("{", "prime", "'")
        ):
            after += 1
        opened = found[after]
        bracket = opened.kind == "op" and opened.text == "(" and not (opened.gap and not words.latex)
        primed = after > place + 1
        if primed and bracket and not words.latex and kind_of(t.text) != "scalar":
            continue  # h'(A*x) is a product, unless h is applied elsewhere
        (applied if bracket and (t.text != "sigma" or primed or words.latex) else plain).add(t.text)
    return {
        n for n in applied - plain - words.names - words.wanted - words.defined if _CUSTOMARY.fullmatch(n)
    }
