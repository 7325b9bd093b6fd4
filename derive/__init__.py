"""Symbols: text to expression to computational graph to derivation. This package knows no numbers."""

import sys

from derive.api import differential, gradient, hessian, jacobian
from derive.derivation import Derivation, Step
from derive.errors import InputError, InternalError
from derive.ingest import read_claim, read_problem
from derive.language.latex import latex
from derive.language.parser import parse
from derive.language.text import to_text
from derive.problem import Problem

# An expression is as deep as the network that it describes, and SymPy walks it recursively.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))

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
