"""Judgements kept by their content: in a class, most lines are the same formulas under the same problem.

A judgement is a function of its formulas, what is assumed, and the seed alone, so that what is kept changes no answer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from derive.problem import Problem

#: How many judgements are kept.
_MOST = 4000
_kept: OrderedDict[Hashable, Any] = OrderedDict()

T = TypeVar("T")


def remembered(key: Hashable, make: Callable[[], T]) -> T:
    """Return what is kept under a key, made where it is new. What `make` raises is not kept."""
    try:
        found = _kept.pop(key)
    except KeyError:
        found = make()
    _kept[key] = found
    if len(_kept) > _MOST:
        _kept.popitem(last=False)
    return found  # type: ignore[no-any-return]


def content(problem: Problem) -> Hashable:
    """Return what a problem is, as a key."""
    symbols = tuple(sorted(problem.symbols.items(), key=lambda item: item[0]))
    return problem.expr, problem.wrt, symbols, problem.assumptions, problem.domain, problem.functions
