"""Activations as people write them: formulas of the one scalar x, read by the language's reader.

Every function of entries that the language knows may occur, in each of its notations; what the language states by
definition is written out, so that integrals see the pieces.
"""

from __future__ import annotations

import sympy as sp

from derive.errors import InputError
from derive.expression.elementwise import relu, step
from derive.language.formula import parse as parse_tree
from derive.language.parser import parse
from derive.operations.unfold import definition

#: The longest formula that is read, and the largest exponent of a number.
MAX_LENGTH, MAX_POWER = 2000, 64


def read_formula(text: str, variable: sp.Symbol) -> sp.Expr:
    """Return a formula such as "x*erf(max(x, 0))" as an expression in `variable`.

    Raises InputError with the place where the text is no formula, names anything but x, or is no real number.
    """
    if not text.strip():
        raise InputError('the activation is empty: give a name, or a formula such as "x*sigmoid(x)"')
    if len(text) > MAX_LENGTH:
        raise InputError(f"the formula is too long: at most {MAX_LENGTH} characters are read")
    occurs = "x" in parse_tree(text).names()
    problem = parse(text, where="x: scalar" if occurs else None, scalar=True)
    strange = sorted(problem.symbols.keys() - {"x"})
    if strange:
        raise InputError(f"unknown name {strange[0]} in the formula {text!r}: the variable is x")
    found = written_out(problem.expr)
    if isinstance(found, sp.MatrixExpr) or found.has(sp.zoo, sp.nan, sp.oo, sp.I):
        raise InputError(f"the formula {text!r} is not a real number anywhere, or divides by zero")
    if any(abs(p.exp) > MAX_POWER for p in found.atoms(sp.Pow) if p.exp.is_number):
        raise InputError(f"powers in a formula go up to {MAX_POWER}")
    return found.xreplace(dict.fromkeys(found.free_symbols, variable))


def written_out(expression: sp.Expr) -> sp.Expr:
    """Return a scalar expression in terms of exp, log and the like: rectifier and step as Max and Heaviside.

    The functions that the records of the operations define stand as their definitions.
    """
    kinks = expression.replace(relu, lambda u: sp.Max(0, u)).replace(step, sp.Heaviside)
    while (found := kinks.replace(lambda e: definition(e) is not None, definition)) != kinks:
        kinks = found.replace(relu, lambda u: sp.Max(0, u)).replace(step, sp.Heaviside)
    return kinks
