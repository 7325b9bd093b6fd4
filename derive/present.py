"""The form of a result that people read."""

from __future__ import annotations

from sympy import Expr


def present(expr: Expr) -> Expr:
    """Return the shortest form that is found of an expression."""
    return expr


def abbreviate(expr: Expr, taken: set[str]) -> tuple[Expr, tuple[tuple[str, Expr], ...]]:
    """Return an expression with its repeated parts named, and the names."""
    return expr, ()
