"""The laws by which products of functions of entries come to less, read from `laws.txt`.

A line there is `left = right | condition | source` in the text language, with one real t. `python -m
tests.derive.collections laws` prints how many answers each law serves; tests certify every one through `check_equal`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from derive.language.formula import parse
from derive.language.pratt import Vocabulary
from derive.language.tree import Tree
from derive.language.words import FUNCTIONS

#: (the function's name, or "" for t itself; is it of -t; the power).
Power = tuple[str, bool, int]


@dataclass(frozen=True)
class Law:
    """An identity of products: `used` are the powers on the left, `given` those on the right."""

    left: str
    right: str
    condition: str
    source: str
    used: tuple[Power, ...]
    given: tuple[Power, ...]


@cache
def laws() -> tuple[Law, ...]:
    """Return the laws, in the order in which they are tried."""
    text = files("derive.simplify").joinpath("laws.txt").read_text(encoding="utf-8")
    return tuple(_law(line) for line in text.splitlines() if line and not line.startswith("#"))


def _law(line: str) -> Law:
    equation, condition, source = (part.strip() for part in line.split("|"))
    left, right = (side.strip() for side in equation.split("="))
    words = Vocabulary(functions=FUNCTIONS, names={"t"})
    used, given = (tuple(_powers(parse(side, scope=words), 1)) for side in (left, right))
    return Law(left, right, condition, source, used, given)


def _powers(tree: Tree, power: int) -> list[Power]:
    """Return a product of powers of functions of t or -t as those."""
    if tree.op == "*":
        signs = [1, *[-1 if operator == "/" else 1 for operator in tree.value]]
        return [p for a, s in zip(tree.args, signs, strict=True) for p in _powers(a, s * power)]
    if tree.op == "^":
        return _powers(tree.args[0], power * int(tree.args[1].value))
    if tree.op == "call" and len(tree.args) == 1:
        return [(tree.value, tree.args[0].op == "neg", power)]
    if tree.op == "name":
        return [("", False, power)]
    if tree.op == "number" and tree.value == 1:
        return []
    raise ValueError(f"not a product of powers of functions of t: {tree.show()}")
