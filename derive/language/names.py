"""What names mean: default kinds, declarations (`where`) and assumptions (`assume`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from derive.errors import InputError
from derive.facts import KINDS
from derive.language.shapes import SCALAR, Shape, Size

GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau "
    "upsilon phi chi psi omega".split()
)

_SIZE = r"(?:[A-Za-z]\w*|[1-9][0-9]{0,5})"
_DECLARATION = re.compile(
    rf"\s*(?P<name>[A-Za-z]\w*)\s*:\s*(?:(?P<scalar>scalar)|(?P<n>[1-9][0-9]{{0,5}})x(?P<m>[1-9][0-9]{{0,5}})"
    rf"|(?P<rows>{_SIZE})(?:\s+x\s+(?P<columns>{_SIZE}))?)\s*"
)
_ASSUMPTION = re.compile(r"\s*(?P<kind>[A-Za-z][A-Za-z-]*)\s*\(\s*(?P<name>[A-Za-z]\w*)\s*\)\s*")


def kind_of(name: str) -> str:
    """Return what a name stands for by default: 'scalar', 'vector' or 'matrix'."""
    stem = re.match(r"[A-Za-z]*", name)[0]  # type: ignore[index]
    if stem in GREEK or "a" <= name[0] <= "g":
        return "scalar"
    return "matrix" if name[0].isupper() else "vector"


def _size(text: str) -> Size:
    return int(text) if text.isdigit() else text


def read_where(where: str | Mapping[str, Any] | None) -> dict[str, Shape]:
    """Read declarations such as "W: m x n, b1: h, t: scalar".

    A mapping from names to "scalar" or to (rows, columns) says the same. Raises InputError.
    """
    if not where:
        return {}
    if isinstance(where, Mapping):
        return {
            str(name): SCALAR if value == "scalar" else (_size(str(value[0])), _size(str(value[1])))
            for name, value in where.items()
        }
    shapes: dict[str, Shape] = {}
    for part in re.split(r"[,;]", where):
        if not part.strip():
            continue
        hit = _DECLARATION.fullmatch(part)
        if not hit:
            raise InputError(
                f'cannot read the declaration "{part.strip()[:60]}": write a matrix as "W: m x n", '
                'a column vector as "x: n", a scalar as "t: scalar"'
            )
        if hit["scalar"]:
            declared: Shape = SCALAR
        elif hit["n"]:
            declared = (int(hit["n"]), int(hit["m"]))
        else:
            declared = (_size(hit["rows"]), _size(hit["columns"] or "1"))
        if shapes.setdefault(hit["name"], declared) != declared:
            raise InputError(f"{hit['name']} is declared twice with different shapes: keep one of them")
    return shapes


def read_assumptions(assume: str | Iterable[Any] | None) -> frozenset[tuple[str, str]]:
    """Read assumptions such as "symmetric(K), posdef(K)" as pairs (kind, name). Raises InputError."""
    if not assume:
        return frozenset()
    parts = re.split(r"[,;]", assume) if isinstance(assume, str) else list(assume)
    found = set()
    for part in parts:
        if isinstance(part, tuple):
            part = f"{part[0]}({part[1]})"
        if not part.strip():
            continue
        hit = _ASSUMPTION.fullmatch(part)
        if not hit:
            raise InputError(f'cannot read the assumption "{part.strip()[:60]}": write it as "symmetric(K)"')
        if hit["kind"] not in KINDS:
            near = get_close_matches(hit["kind"], KINDS, 1)
            mend = f"did you mean {near[0]}?" if near else f"known are {', '.join(KINDS)}"
            raise InputError(f"unknown assumption {hit['kind']}: {mend}")
        found.add((hit["kind"], hit["name"]))
    return frozenset(found)
