"""The one place where an expression is walked: its parts, all of them once, from the leaves up, with their places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sympy import Expr

from derive.expression.operation import kind

#: What expressions begin with, by `kind`; the arguments of some are sizes, which are no parts.
LEAVES = frozenset({"number", "constant", "scalar", "matrix", "identity", "ones", "zeros"})
#: Matrices that their sizes and places determine.
CONSTANTS = frozenset(
    {
        "commutation matrix",
        "columns of the identity",
        "ones above the diagonal",
        "ones on and below the diagonal",
    }
)


def parts(e: Expr) -> tuple[Expr, ...]:
    """Return the expressions that an expression is made of, without sizes and function names."""
    args: tuple[Expr, ...] = e.args
    if not args:
        return args
    own = _PARTS.get(kind(e))
    return args if own is None else own(e)


_PARTS: dict[str, Callable[[Any], tuple[Expr, ...]]] = {
    **dict.fromkeys(LEAVES, lambda e: ()),
    "function of entries": lambda e: (e.expr,),
    "inverse": lambda e: (e.arg,),
}


def distinct(*expressions: Expr, within: Callable[[Any], Iterable[Expr]] = parts) -> dict[Expr, None]:
    """Return all parts of expressions, each once, what contains it before it: a shared part is not walked again.

    `within` says of what an expression is made, where that is more or less than its parts.
    """
    found: dict[Expr, None] = {}
    stack = list(reversed(expressions))
    while stack:
        e = stack.pop()
        if e not in found:
            found[e] = None
            stack.extend(reversed(tuple(within(e))))
    return found


def post_order(*expressions: Expr, within: Callable[[Any], Iterable[Expr]] = parts) -> Iterator[Expr]:
    """Yield all parts of expressions, each once, its own parts before it, the last of them first."""
    done: set[Expr] = set()
    stack: list[tuple[Expr, bool]] = [(e, False) for e in expressions]
    while stack:
        e, ready = stack.pop()
        if e in done:
            continue
        if ready or not (inner := tuple(within(e))):
            done.add(e)
            yield e
        else:
            stack.append((e, True))
            stack += [(a, False) for a in inner]
