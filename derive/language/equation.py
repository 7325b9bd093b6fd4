"""An equation in one text, E = F or E ≈ F: both sides in the same symbols, their shapes unified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from sympy import Expr

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.facts import misfit
from derive.language.formula import notation_of, parse, tokens_of
from derive.language.names import read_where
from derive.language.pratt import Vocabulary
from derive.language.scope import Misfit, ParseError
from derive.language.shapes import SCALAR
from derive.language.spelling import check_name
from derive.language.together import Built, build
from derive.language.tree import Tree
from derive.language.unknown import unknown_names
from derive.language.words import FUNCTIONS
from derive.problem import Problem


@dataclass(frozen=True)
class Decimal:
    """A decimal as it is written: its value, and half a unit of its last digit."""

    value: Fraction
    radius: Fraction

    @classmethod
    def of(cls, text: str) -> Decimal:
        """Return the decimal that a text such as 2.934, 12 or 1.50e-3 is."""
        digits, _, exponent = text.lower().partition("e")
        places = len(digits.partition(".")[2])
        return cls(Fraction(text), Fraction(10) ** (int(exponent or 0) - places) / 2)


@dataclass(frozen=True)
class Equation:
    """The problem of the left side, in whose symbols the right side stands too.

    The shapes of the two differ where no reading makes them fit. `decimals` are names that stand for decimals.
    """

    problem: Problem
    right: Expr
    #: What has to be positive for the right side to have a value, where its expression does not show it.
    domain: tuple[Expr, ...] = ()
    decimals: Mapping[str, Decimal] = field(default_factory=dict)


def read_equation(
    text: str,
    where: str | Mapping[str, Any] | None = None,
    assume: str | Iterable[Any] | None = None,
    approx: bool = False,
) -> Equation:
    """Read an equation of the text language, of NumPy's notation or of LaTeX.

    A right side 0 has the shape of the left one. After ≈, or with `approx`, decimals become names (see `Equation`), and
    so does a whole number that is all of a side. Raises ParseError with the place; a Misfit where a side cannot fit in
    itself though the left side can.
    """
    declared, assumptions = read_where(where, assume)
    words = Vocabulary(functions=FUNCTIONS, names=set(declared))
    functions = frozenset(unknown_names(tokens_of(text), words))
    tree = parse(text, scope=replace(words, names=set(), defined=set(functions)))
    if tree.op != "chain" or len(tree.args) != 2 or tree.value[0] not in ("=", "≈"):
        at = tree.args[2].start if tree.op == "chain" and len(tree.args) > 2 else tree.end
        raise ParseError("an equation has two sides, with one sign = or ≈ between them", text, at)
    left, right = tree.args
    for name in declared:
        check_name(name)
    decimals = _named(tree, text) if approx or tree.value[0] == "≈" else {}
    shapes = {**declared, **dict.fromkeys(decimals, SCALAR)}
    latex = notation_of(text) == "latex"

    def built(trees: list[Tree], same: list[tuple[int, int]]) -> Built:
        return build(trees, text, shapes, same, (), assumptions, latex, functions=functions)

    zero = right.op == "number" and right.value == 0
    try:
        try:
            found = built([left, right], [] if zero else [(0, 1)])
        except Misfit:
            found = built([left, right], [])  # the caller sees the two shapes
    except Misfit as misfit:
        try:
            built([left], [])
        except Misfit as own:  # a left side that does not fit in itself is no equation
            raise ParseError(own.message, text, own.position) from None
        raise misfit from None
    one, two = found.expressions
    _check(assumptions, found)
    problem = Problem(
        one, (), found.symbols, found.shapes, assumptions, notes=found.notes, domain=found.domains[0]
    )
    right = algebra.zero(algebra.shape(one)) if zero else two
    return Equation(problem, right, found.domains[1], decimals)


def _named(tree: Tree, text: str) -> dict[str, Decimal]:
    """Put names in place of the decimals of an equation, and of whole numbers that are a side; return their meaning."""
    taken = tree.names()
    found: dict[str, Decimal] = {}
    sides = [side.args[0] if side.op == "neg" else side for side in tree.args]
    for piece in tree.walk():
        source = piece.source(text)
        if piece.op != "number" or not source[:1].isdigit():
            continue
        if "." in source or (any(piece is side for side in sides) and piece.value != 0):
            name = f"decimal{len(found)}"
            while name in taken:
                name += "0"
            found[name] = Decimal.of(source)
            piece.op, piece.value = "name", name
    return found


def _check(assumptions: frozenset[tuple[str, str]], found: Built) -> None:
    for kind, name in sorted(assumptions):
        if name not in found.shapes:
            raise InputError(f"{kind}({name}): {name} does not occur in the equation")
        if wrong := misfit(kind, name, found.shapes[name]):
            raise InputError(wrong)
