"""Functions of entries of which a text says no more than the name: f(A*x), and in answers f', f''.

Each is a class of its own, found by its name and by how often it was differentiated. An answer that holds for all smooth
functions is checked with many: what the evaluator takes for f is a polynomial with random coefficients, drawn anew at
every point, and for f' the derivative of that polynomial.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from types import new_class
from typing import Any

from sympy import Basic
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression.elementwise import RealFunction, scalar_function
from derive.expression.operation import register
from derive.operations.entries import entrywise
from derive.operations.formulas import apply

#: The kernel of all of them.
KERNEL = "unknown"


class UnknownFunction(RealFunction):
    """A function of entries with a name; `order` is how often it was differentiated."""

    symbol: str = ""
    order: int = 0

    def fdiff(self, argindex: int = 1) -> Any:
        """Return f'."""
        return unknown(self.symbol, self.order + 1)(self.args[0])


@cache
def unknown(symbol: str, order: int = 0) -> type[UnknownFunction]:
    """Return the function of a name, or its derivative of an order."""
    qualified = f"unknown_{order}_{symbol}"
    named = {"__module__": "derive.operations", "__qualname__": qualified, "symbol": symbol, "order": order}
    head: Any = new_class(qualified, (UnknownFunction,), exec_body=lambda names: names.update(named))
    code = callable_name(symbol, order) + "({0})"
    entry = entrywise(
        f"function {symbol}{chr(39) * order}", head, lambda x, y: apply(unknown(symbol, order + 1), x),
        "the chain rule", f"{symbol}(A)", text=symbol + "'" * order, kernel=KERNEL, axis=KERNEL,
        latex=rf"{_latex(symbol)}{chr(39) * order}\left(<0>\right)", numpy=code, torch=code, octave=code,
        holds=f"{symbol} is differentiable{' twice' if order == 1 else ''} at every entry of {{x}}",
    )  # fmt: skip
    register([entry])
    return head  # type: ignore[no-any-return]


def of_class_name(name: str) -> type[UnknownFunction] | None:
    """Return the class by its name, by which it is pickled."""
    hit = re.fullmatch(r"unknown_(\d+)_(\w+)", name)
    return unknown(hit[2], int(hit[1])) if hit else None


def callable_name(symbol: str, order: int) -> str:
    """Return the name under which code takes the function: f, f_prime, f_prime2."""
    return symbol if not order else f"{symbol}_prime{order if order > 1 else ''}"


def unknown_functions(*expressions: Basic) -> list[type[UnknownFunction]]:
    """Return the unknown functions in some expressions, by name and order."""
    found: set[type[UnknownFunction]] = set()
    stack: list[Any] = list(expressions)
    seen: set[Any] = set(stack)
    while stack:
        e = stack.pop()
        head = scalar_function(e) if isinstance(e, ElementwiseApplyFunction) else type(e)
        if isinstance(head, type) and issubclass(head, UnknownFunction):
            found.add(head)
        new: Iterable[Any] = [a for a in e.args if isinstance(a, Basic) and a not in seen]
        seen.update(new)
        stack.extend(new)
    return sorted(found, key=lambda f: (f.symbol, f.order))


def _latex(symbol: str) -> str:
    letters, _, digits = symbol.partition("_")
    base = letters if len(letters) == 1 else rf"\{letters}"
    return rf"{base}_{{{digits}}}" if digits else base
