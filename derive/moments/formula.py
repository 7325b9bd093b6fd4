"""Activations as people write them: the formulas of the text language with one scalar variable x.

The grammar is that of the text language; what is read here are scalars only, so that a formula may also use the
functions that kink and jump (max, min, step), erf, and the named activations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

import sympy as sp
from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, UnexpectedToken, VisitError

from derive.errors import InputError

#: The longest formula, the deepest nesting of brackets and the largest exponent of a number that are read.
MAX_LENGTH, MAX_DEPTH, MAX_POWER = 2000, 60, 64

#: Functions of numbers: how many arguments they take (None for any), and what they are.
FUNCTIONS: dict[str, tuple[int | None, Callable[..., sp.Expr]]] = {
    **{
        name: (1, getattr(sp, name))
        for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh")
    },
    **{name: (1, getattr(sp, name)) for name in ("erf", "erfc", "sign", "floor")},
    "arcsin": (1, sp.asin),
    "arccos": (1, sp.acos),
    "arctan": (1, sp.atan),
    "abs": (1, sp.Abs),
    "max": (None, sp.Max),
    "min": (None, sp.Min),
}


@cache
def _lark() -> Lark:
    grammar = files("derive.language").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", keep_all_tokens=False, maybe_placeholders=False)


def read_formula(text: str, variable: sp.Symbol, named: Mapping[str, Callable[..., sp.Expr]]) -> sp.Expr:
    """Return a formula such as "x*erf(max(x, 0))" as an expression in `variable`.

    `named` holds further functions of one argument, and of numbers as parameters after it. Raises InputError with
    what was expected where the text is no formula in x.
    """
    if not text.strip():
        raise InputError('the activation is empty: give a name, or a formula such as "x*sigmoid(x)"')
    if len(text) > MAX_LENGTH or _depth(text) > MAX_DEPTH:
        raise InputError(
            f"the formula is too long: at most {MAX_LENGTH} characters and {MAX_DEPTH} brackets deep are read"
        )
    try:
        found = _Formula(text, variable, named).transform(_lark().parse(text))
    except VisitError as error:
        raise error.orig_exc from None
    except UnexpectedInput as error:
        ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        at = len(text) if ended else error.pos_in_stream or 0
        got = f"{text[at : at + 10]!r}" if not ended else "the end"
        mend = "; a power is written ^" if "**" in text else ""
        raise InputError(
            f"the formula {text!r} cannot be read from character {at + 1} on, at {got}{mend}"
        ) from None
    if found.has(sp.zoo, sp.nan, sp.I):
        raise InputError(f"the formula {text!r} is not a real number anywhere, or divides by zero")
    return found


def _depth(text: str) -> int:
    deepest = depth = signs = 0
    for c in text:
        depth += (c == "(") - (c == ")")
        signs = signs + 1 if c in "+-^'" else 0 if c not in " " else signs
        deepest = max(deepest, depth + signs, text.count("^") if c == "^" else 0)
    return deepest


class _Formula(Transformer):  # type: ignore[type-arg]
    """Builds SymPy scalars from the grammar's rules."""

    def __init__(self, text: str, variable: sp.Symbol, named: Mapping[str, Callable[..., sp.Expr]]) -> None:
        super().__init__()
        self._text, self._variable, self._named = text, variable, named

    def start(self, items: list[Any]) -> sp.Expr:
        """Return the whole formula."""
        return items[0]

    def number(self, items: list[Token]) -> sp.Expr:
        """Read a number, exactly."""
        mantissa, _, exponent = items[0].lower().partition("e")
        if len(mantissa) > 100 or (exponent and abs(int(exponent)) > 300):
            raise InputError("a number in a formula has at most 100 digits and an exponent up to 300")
        return sp.Rational(items[0].value)

    def name(self, items: list[Token]) -> sp.Expr:
        """Read the variable or pi."""
        name = str(items[0])
        if name == "x":
            return self._variable
        if name == "pi":
            return sp.pi
        if name in FUNCTIONS or name in self._named:
            raise InputError(f"{name} is a function and needs an argument: write {name}(x)")
        raise InputError(
            f"unknown name {name} in the formula {self._text!r}: the variable is x{self._near(name)}"
        )

    def bracket(self, items: list[Any]) -> sp.Expr:
        """Return what stands in brackets."""
        return items[1]

    def transposed(self, items: list[Any]) -> sp.Expr:
        """Refuse a transpose."""
        raise InputError("an activation is a scalar: leave the transpose ' away")

    def signed(self, items: list[Any]) -> sp.Expr:
        """Read a sign in front."""
        return items[1] if items[0] == "+" else -items[1]

    def sum(self, items: list[Any]) -> sp.Expr:
        """Read a sum."""
        first, *rest = items
        pairs = zip(rest[::2], rest[1::2], strict=True)
        return sp.Add(first, *(term if sign == "+" else -term for sign, term in pairs))

    def product(self, items: list[Any]) -> sp.Expr:
        """Read a product from left to right."""
        out, *rest = items
        for sign, factor in zip(rest[::2], rest[1::2], strict=True):
            if sign in ("/", "./"):
                if factor == 0:
                    raise InputError("division by zero")
                out = out / factor
            else:
                out = out * factor
        return out

    def power(self, items: list[Any]) -> sp.Expr:
        """Read a power."""
        base, _, exponent = items
        if exponent.is_number and not abs(exponent) <= MAX_POWER:
            raise InputError(f"powers in a formula go up to {MAX_POWER}")
        if base == 0 and exponent.is_negative:
            raise InputError("division by zero")
        return base**exponent

    def call(self, items: list[Any]) -> sp.Expr:
        """Apply a function."""
        name = str(items[0])
        args = [item for item in items[1:] if not isinstance(item, Token)]
        if name in self._named:
            return self._named[name](*args)
        if name not in FUNCTIONS:
            raise InputError(f"unknown function {name} in the formula {self._text!r}{self._near(name)}")
        arity, function = FUNCTIONS[name]
        if arity is not None and len(args) != arity:
            raise InputError(f"{name} takes {arity} argument, got {len(args)}")
        return function(*args)

    def _near(self, name: str) -> str:
        near = get_close_matches(re.sub(r"\W", "", name.lower()), [*FUNCTIONS, *self._named], 1)
        return f": did you mean {near[0]}?" if near else ""
