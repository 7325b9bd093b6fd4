"""Symbols: text to expression to computational graph to derivation. This package knows no numbers.

Names are imported when they are first used: SymPy takes a while, and what catches an InputError needs none of it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from derive.api import differential, gradient, hessian, jacobian
    from derive.derivation import Derivation
    from derive.errors import InputError, InternalError
    from derive.ingest import read_claim, read_problem
    from derive.language.latex import latex
    from derive.language.parser import parse
    from derive.language.text import to_text
    from derive.problem import Problem
    from derive.step import Step

# An expression is as deep as the network that it describes, and SymPy walks it recursively.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))

_HOMES = {
    "Derivation": "derive.derivation",
    "InputError": "derive.errors",
    "InternalError": "derive.errors",
    "Problem": "derive.problem",
    "Step": "derive.step",
    "differential": "derive.api",
    "gradient": "derive.api",
    "hessian": "derive.api",
    "jacobian": "derive.api",
    "latex": "derive.language.latex",
    "parse": "derive.language.parser",
    "read_claim": "derive.ingest",
    "read_problem": "derive.ingest",
    "to_text": "derive.language.text",
}

__all__ = [
    "Derivation",
    "InputError",
    "InternalError",
    "Problem",
    "Step",
    "differential",
    "gradient",
    "hessian",
    "jacobian",
    "latex",
    "parse",
    "read_claim",
    "read_problem",
    "to_text",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'derive' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
