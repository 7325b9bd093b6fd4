r"""Letters that mean another array by another index, as in Bishop: a_j = Σ_i w_ji x_i, a_k = Σ_j w_kj z_j, δ_j beside δ_k.

Such names get the number of their layer, a^{(1)}_j and a^{(2)}_k, wherever they stand; their weights w_ji and w_kj too.
"""

from __future__ import annotations

import re

from verify.proofread.document import Document

_NAME = r"(?P<name>\\[A-Za-z]+|[A-Za-z])\s*_\s*\{?\s*(?P<index>[a-z])\s*\}?"
_HEAD = re.compile(rf"(?<![A-Za-z\\]){_NAME}\s*&?\s*(?::?=|\\equiv)\s*&?(?P<body>[^=]*)")
_BY = re.compile(rf"\\frac\s*\{{\s*\\partial[^{{}}]*\}}\s*\{{\s*\\partial\s*{_NAME}\s*\}}")
_PAIR = re.compile(
    r"(?:(?<![A-Za-z\\])|(?<=_[a-z]))(?P<name>\\[A-Za-z]+|[A-Za-z])\s*_\s*\{\s*(?P<row>[a-z])\s*,?\s*(?P<column>[a-z])\s*\}"
)


def overloaded(document: Document) -> list[tuple[re.Pattern[str], str]]:
    """Return how the names are spelled that a document has one of for each layer, told apart by their indices."""
    formulas = [p.text.characters for p in document.pieces if p.is_formula]
    bodies: dict[str, dict[str, str]] = {}
    for m in (m for f in formulas for m in _HEAD.finditer(f)):
        bodies.setdefault(m["name"], {}).setdefault(m["index"], m["body"])
    layers: dict[str, list[str]] = {n: found for n, by in bodies.items() if (found := _layers(by))}
    for name, by in bodies.items():
        if name not in layers and len(by) > 1 and (found := _by_layer(by, layers)):
            layers[name] = found
    made = [
        (
            re.compile(rf"{_start(name)}\s*_\s*(?:\{{\s*{index}\s*\}}|{index})"),
            f"{name}^{{({k})}}_{{{index}}}",
        )
        for name, indices in layers.items()
        for k, index in enumerate(indices, 1)
    ]
    orders = [indices for indices in layers.values() if len(indices) > 1]
    return made + (_weights(formulas, orders[0]) if made else [])


def _start(name: str) -> str:
    return re.escape(name) if name[0] == "\\" else rf"(?:(?<![A-Za-z\\])|(?<=_[a-z])){name}"


def _layers(bodies: dict[str, str]) -> list[str]:
    """Return the indices of a name in the order of its layers: one is a sum over the index of the other."""
    for first in bodies:
        for second in bodies:
            if (
                first != second
                and re.search(rf"\\sum\s*_\s*\{{?\s*{first}\b", bodies[second])
                and "\\sum" in bodies[first]
            ):
                return [first, second]
    return []


def _by_layer(bodies: dict[str, str], layers: dict[str, list[str]]) -> list[str]:
    """Return the indices of a name that is a derivative by another array for each index."""
    by = {
        i: m for i, body in bodies.items() if (m := _BY.match(body.strip())) is not None and m["index"] == i
    }
    if len(by) != 2:
        return []
    names = {m["name"] for m in by.values()}
    known = layers.get(next(iter(names)), []) if len(names) == 1 else list(by)
    return [i for i in known if i in by] if set(by) <= set(known) else []


def _weights(formulas: list[str], order: list[str]) -> list[tuple[re.Pattern[str], str]]:
    """Return how the weights between the layers are spelled: w_ji of the first and w_kj of the second."""
    pairs: dict[str, dict[str, str]] = {}
    for m in (m for f in formulas for m in _PAIR.finditer(f)):
        if m["row"] in order:
            pairs.setdefault(m["name"], {})[m["row"]] = m["column"]
    return [
        (re.compile(rf"{_start(name)}\s*_\s*\{{\s*{row}\s*,?\s*{column}\s*\}}"), f"{name}^{{({order.index(row) + 1})}}_{{{row}{column}}}")
        for name, by in pairs.items() if len(by) > 1
        for row, column in by.items()
    ]  # fmt: skip
