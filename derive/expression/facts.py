"""The assumptions in force.

Assumptions belong to a problem, not to a symbol: they are put in force for the length of a derivation by
`assuming`; `derive.expression.algebra.seen` tells what is seen to follow from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from sympy import Expr

from derive.expression.memo import Memo

Result = TypeVar("Result")

#: Assumption -> what it says, in the words of the text language.
KINDS: dict[str, str] = {
    "symmetric": "equal to its transpose",
    "posdef": "symmetric and positive definite",
    "invertible": "with an inverse",
    "positive": "with positive entries",
    "nonzero": "with no entry zero",
    "sums_to_one": "a vector whose entries add up to 1",
    "sums_to_one rows": "with rows that add up to 1 each",
    "sums_to_one columns": "with columns that add up to 1 each",
    "onehot": "a vector with one entry 1 and zeros",
    "onehot rows": "with one 1 and zeros in every row",
    "onehot columns": "with one 1 and zeros in every column",
    "orthogonal": "with Q'*Q the identity",
    "structured-symmetric": "ranging over symmetric matrices only",
    "structured-diagonal": "ranging over diagonal matrices only",
    "structured-toeplitz": "ranging over Toeplitz matrices only",
    "structured-lower": "ranging over lower triangular matrices only",
    "structured-upper": "ranging over upper triangular matrices only",
    "structured-skew": "ranging over skew-symmetric matrices only",
    "structured-stiefel": "ranging over matrices with X'*X the identity only, with the metric of the space around",
    "structured-stiefel-canonical": "ranging over matrices with X'*X the identity only, with the canonical metric",
}
#: Those that only a square matrix can have.
SQUARE = frozenset({"symmetric", "posdef", "invertible", "orthogonal"}) | {
    kind for kind in KINDS if kind.startswith("structured") and "stiefel" not in kind
}
#: Of matrices whose columns are orthonormal, of which there may be fewer than rows.
STIEFEL = ("structured-stiefel", "structured-stiefel-canonical")
#: Those of a vector, and of the rows or the columns of a matrix.
TOTALS = frozenset({"sums_to_one", "onehot"})


def said(kind: str, name: str) -> str:
    """Return an assumption in the text language: posdef(K), onehot(Y, rows)."""
    word, _, axis = kind.partition(" ")
    return f"{word}({name}, {axis})" if axis else f"{word}({name})"


def misfit(kind: str, name: str, shape: tuple[Any, Any]) -> str:
    """Return what is wrong with an assumption of a name of some shape, nothing where it fits."""
    word, _, axis = kind.partition(" ")
    rows, columns = shape

    def needs(what: str) -> str:
        return f"{said(kind, name)} needs {what}, {name} is {'a scalar' if rows == columns == 1 else f'{rows} x {columns}'}"

    if kind in SQUARE and rows != columns:
        return needs("a square matrix")
    if kind in STIEFEL and rows == 1:
        return needs("a column or a matrix with no more columns than rows")
    if word in TOTALS and not axis and (rows == 1) == (columns == 1):
        return f"{needs('a vector')}: write {word}({name}, rows) or {word}({name}, columns) of a matrix"
    if axis and 1 in (rows, columns):
        return f"{needs('a matrix')}: write {word}({name}) of a vector"
    return ""


@dataclass(frozen=True)
class Facts:
    """Assumptions, pairs of (kind, name)."""

    assumptions: frozenset[tuple[str, str]] = frozenset()

    def has(self, symbol: Expr, *kinds: str) -> bool:
        """Tell whether one of the assumptions is made of a symbol."""
        name = getattr(symbol, "name", None)
        return any((kind, name) in self.assumptions for kind in kinds)


_NOTHING = Facts()
_FACTS: ContextVar[Facts] = ContextVar("facts", default=_NOTHING)
_MEMO = Memo()


def facts() -> Facts:
    """Return the facts in force; none outside a derivation."""
    return _FACTS.get()


@contextmanager
def assuming(assumptions: Iterable[tuple[str, str]]) -> Iterator[Facts]:
    """Put assumptions, pairs of (kind, name), in force; what is found out under them is remembered meanwhile."""
    wanted = Facts(frozenset(assumptions))
    token = _FACTS.set(wanted)
    try:
        with _MEMO.keeping(wanted):
            yield wanted
    finally:
        _FACTS.reset(token)


def memo(name: str) -> dict[Any, Any]:
    """Return the table of that name, of what was found out under the facts in force in this thread."""
    known = _FACTS.get()
    if _MEMO.key is not known:
        _MEMO.turn_to(known)
    return _MEMO.tables[name]


def remembered(f: Callable[[Expr], Result]) -> Callable[[Expr], Result]:
    """Return a function of an expression that looks up what it was asked before under the facts in force."""
    name = f"{f.__module__}.{f.__qualname__}"

    @wraps(f)
    def looked_up(e: Expr) -> Result:
        table = memo(name)
        found = table.get(e, _MEMO)  # which nothing returns
        if found is _MEMO:
            found = table[e] = f(e)
        return found

    return looked_up


def remembered_together(f: Callable[..., Result]) -> Callable[..., Result]:
    """Return a function of several expressions that looks up what it was asked before, of them in that order."""
    name = f"{f.__module__}.{f.__qualname__}"

    @wraps(f)
    def looked_up(*terms: Expr) -> Result:
        table = memo(name)
        found = table.get(terms, _MEMO)
        if found is _MEMO:
            found = table[terms] = f(*terms)
        return found

    return looked_up
