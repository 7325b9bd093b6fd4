"""SymPy's functions of scalars in terms of those of the text language.

Everything here is real, so that conjugates and real parts are what they are of.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sympy import (
    Abs,
    Expr,
    Ge,
    Gt,
    Le,
    Lt,
    Max,
    Min,
    Piecewise,
    S,
    Symbol,
    acos,
    asin,
    atan,
    cancel,
    cos,
    cosh,
    default_sort_key,
    fraction,
    log,
    sign,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from sympy.core.function import AppliedUndef

from derive.errors import InputError
from derive.expression.elementwise import ENTRY, elementwise, relu, step
from derive.expression.operation import entry_functions
from derive.operations.unknown import unknown

#: Name of a SymPy function -> the same in functions of the text language.
REWRITTEN: dict[str, Callable[..., Expr]] = {
    "conjugate": lambda x: x,
    "re": lambda x: x,
    "sec": lambda x: 1 / cos(x),
    "csc": lambda x: 1 / sin(x),
    "cot": lambda x: 1 / tan(x),
    "sech": lambda x: 1 / cosh(x),
    "csch": lambda x: 1 / sinh(x),
    "coth": lambda x: 1 / tanh(x),
    "asec": lambda x: acos(1 / x),
    "acsc": lambda x: asin(1 / x),
    "acot": lambda x: atan(1 / x),
    "asinh": lambda x: log(x + sqrt(x**2 + 1)),
    "acosh": lambda x: log(x + sqrt(x**2 - 1)),
    "atanh": lambda x: log((1 + x) / (1 - x)) / 2,
    "asech": lambda x: log(1 / x + sqrt(1 / x**2 - 1)),
    "acsch": lambda x: log(1 / x + sqrt(1 / x**2 + 1)),
    "acoth": lambda x: log((x + 1) / (x - 1)) / 2,
    "sinc": lambda x: sin(x) / x,
    "Heaviside": lambda x, at_zero: (
        (1 + sign(x)) / 2 + (at_zero - S.Half) * (1 - Abs(sign(x))) if at_zero else step(x)
    ),
}


#: What may be the name of a function of which nothing is known.
_WORD = re.compile(r"[A-Za-z]\w{0,20}", re.ASCII)


def in_known_functions(e: Any, args: list[Expr]) -> Expr:
    """Return a function of scalars, at the given arguments, in functions of the text language.

    Raises InputError where that has none for it.
    """
    functions = entry_functions()
    if e.func in functions and len(args) == 1:
        return elementwise(e.func, args[0])
    if isinstance(e, Max | Min):
        return _largest(args) if isinstance(e, Max) else -_largest([-a for a in args])
    name = e.func.__name__
    if name in REWRITTEN:
        return REWRITTEN[name](*args)
    if isinstance(e, AppliedUndef) and len(args) == 1 and _WORD.fullmatch(name):
        return elementwise(unknown(name), args[0])
    what = "no definition" if isinstance(e, AppliedUndef) else "no name in the text language"
    known = sorted({*REWRITTEN, *(f.__name__ for f in functions), "Max", "Min"})
    shown = str(e.xreplace({ENTRY: Symbol("t")}))[:60]
    raise InputError(f"the function {name} in {shown} has {what}: known are {', '.join(known)}")


def _largest(args: list[Expr]) -> Expr:
    """Return the maximum: a + relu(b - a) is that of a and b."""
    first, *rest = sorted(args, key=lambda a: (not a.is_number, default_sort_key(a)))
    for a in rest:
        first = first + relu(a - first)
    return first


def rectified(e: Piecewise) -> Expr:
    """Return a function of two pieces that meet where its condition changes, in terms of the rectifier.

    Where f - g is c (a - b), "f if a > b, else g" is g + c relu(a - b). Raises InputError for others.
    """
    try:
        (f, where), (g, otherwise) = e.args
    except ValueError:
        where = otherwise = None
    if otherwise == True and isinstance(where, Gt | Ge | Lt | Le):  # noqa: E712, SymPy's own truth
        above = where.gts - where.lts
        slope = cancel((f - g) / above)
        if fraction(slope)[1].is_number:  # no 0/0 where the pieces meet
            return g + slope * relu(above)
    raise InputError(
        f"the pieces of {str(e)[:60]} do not make a rectifier: write it with Max, Min, abs or sign"
    )
