"""x_1 and x_2 as the entries of x: where a derivative is by x, and x stands nowhere but with a number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sympy import Integer

from derive.language.tree import Tree


def entries_of(trees: Sequence[Tree], wanted: Iterable[str]) -> tuple[dict[str, int], list[str]]:
    """Make x_1 in some trees an entry of x for every x that is wanted and stands there only so.

    Returned are the sizes of these columns, the highest number that stands, and notes. A name with any other index, or
    by itself, is left as it is.
    """
    pieces = list({id(p): p for t in trees for p in t.walk()}.values())
    bases = {id(p.args[0]) for p in pieces if p.op in ("sub", "index")}
    sizes: dict[str, int] = {}
    notes = []
    for name in wanted:
        numbered = {id(p): int(n) for p in pieces if (n := _number(p, name))}
        alone = any(p.op == "name" and p.value == name and id(p) not in bases for p in pieces)
        other = any(
            p.op in ("sub", "index") and p.args[0].value == name and id(p) not in numbered for p in pieces
        )
        if alone or other or len(set(numbered.values())) < 2:
            continue
        for p in pieces:
            if id(p) in numbered:
                base = Tree("name", [], p.start, p.end, name)
                place = Tree("number", [], p.start, p.end, Integer(numbered[id(p)]))
                p.op, p.args, p.value = "index", [base, place], None
        sizes[name] = max(numbered.values())
        notes.append(
            f"{name}_1, {name}_2 and so on are read as the entries of {name}, a column of {sizes[name]}"
        )
    return sizes, notes


def _number(p: Tree, name: str) -> str:
    """Return the number n of a piece x_n or xn, empty for another piece."""
    if p.op == "sub" and len(p.args) == 2 and p.args[0].value == name and p.args[1].op == "number":
        return str(p.args[1].value)
    hit = re.fullmatch(rf"{re.escape(name)}_?([1-9]\d?)", str(p.value)) if p.op == "name" else None
    return hit[1] if hit else ""
