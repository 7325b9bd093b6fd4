"""A language of printed code: how it spells the operations of a plan.

A spelling is a template of its arguments {0}, {1}, ..., of the parameters {p} and {q}, of the sizes {rows} and {columns}
of the value, and of the type {dtype} of the arguments given. What a language lacks has none and is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Target:
    """A language: its name, what it imports, its operators, and a spelling for every operation."""

    name: str
    words: str
    imports: Mapping[str, str]
    operations: Mapping[str, str]
    calls: Mapping[str, str]
    functions: Mapping[str, str] = field(default_factory=dict)
    plus: str = " + "
    minus: str = " - "
    times: str = "*"
    over: str = "/"
    raised: str = "**"
    matmul: str = " @ "
    transposed: str = "{0}.T"
    size: str = "{0}.shape[{axis}]"
    base: int = 0
    fuses: bool = True
    in_place: bool = False
    end: str = ""
    closed: str = ""
    comment: str = "#"
    prefix: str = ""
    note: str = ""
    typed: str = ""
    #: Spellings by functions of the code's own, and these functions; they are for code that has a door too.
    own: Mapping[str, str] = field(default_factory=dict)
    helpers: str = ""

    @property
    def with_helpers(self) -> Target:
        """Return the language with the spellings by functions of the code's own."""
        return replace(self, operations={**self.operations, **self.own})


#: Functions of entries that every language calls by the same name.
ENTRYWISE = ("exp", "log", "log1p", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "sign")
_SHARED_CALLS = {name: f"{{np}}.{name}({{0}})" for name in (*ENTRYWISE, "arcsin", "arccos", "arctan")}


def calls_of(np: str, **own: str) -> dict[str, str]:
    """Return the spellings of functions of entries in the module `np`, and a language's own."""
    return {name: text.replace("{np}", np) for name, text in _SHARED_CALLS.items()} | own
