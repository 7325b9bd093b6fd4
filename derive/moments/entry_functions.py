"""Functions of entries: what a random array is a function of, and which function of one variable.

exp(-(w'·x)^2) is f(w'·x) with f(x) = exp(-x^2), and sigmoid(X)·(1 - sigmoid(X)) entry by entry one function of X: as far
inside as the argument is affine in what is random, where its distribution is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
from sympy import Expr
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression import algebra
from derive.expression.operation import kind
from derive.moments.activations import X
from derive.operations.unfold import definition

#: What stands for a known scalar x in functions, whose variable has that name.
KNOWN_X = sp.Dummy("x", real=True)

#: A function as an expression in `X`, and what it is of; None for what is no function of one array.
Read = tuple[Expr, Expr] | None


def function_of(e: Any, random: frozenset[Expr]) -> tuple[Expr, Expr]:
    """Return f as an expression in `X`, and the array whose entries f is of; any other array is itself, f(x) = x.

    A known scalar x in f is `KNOWN_X`.
    """
    apart = {} if X in random or X not in e.free_symbols else {X: KNOWN_X}
    found = _read(e.xreplace(apart), random)
    return (X, e) if found is None else (found[0], found[1].xreplace({KNOWN_X: X}))


def is_affine(e: Any, random: frozenset[Expr]) -> bool:
    """Tell whether an expression is written as an affine one in what is random."""
    if not e.free_symbols & random or e in random:
        return True
    if kind(e) in ("sum", "transpose", "trace", "diagonal", "sum of the entries", "diagonal matrix"):
        return all(is_affine(a, random) for a in e.args)
    if kind(e) in ("product", "matrix product", "elementwise product"):
        inside = [a for a in e.args if a.free_symbols & random]
        return len(inside) == 1 and is_affine(inside[0], random)
    return False


def _read(e: Any, random: frozenset[Expr]) -> Read:
    """Return the function and its argument, the argument a constant's own place where nothing is random."""
    if not e.free_symbols & random:
        return _constant(e)
    if is_affine(e, random):
        return X, e
    match kind(e):
        case "function" | "function of entries":
            return _of_function(e, random)
        case "power" | "elementwise power":
            base, exponent = e.args
            if exponent.free_symbols & random:
                return None
            return _joined([_read(base, random)], lambda f: f**exponent, random)
        case "sum":
            return _joined([_read(a, random) for a in e.args], sp.Add, random)
        case "product" | "elementwise product":
            return _joined([_read(a, random) for a in e.args], sp.Mul, random)
        case "matrix product":
            scale, factors = algebra.split(e)
            if len(factors) == 1:
                return _joined([_read(scale, random), _read(factors[0], random)], sp.Mul, random)
    return None


def _of_function(e: Any, random: frozenset[Expr]) -> Read:
    if isinstance(e, ElementwiseApplyFunction):
        outer, x = e.function.expr.xreplace({e.function.variables[0]: X}), e.expr
    elif isinstance(e, sp.Function) and len(e.args) == 1:
        outer, x = e.func(X), e.args[0]
    else:
        return None
    outer = outer.replace(lambda a: isinstance(a, sp.Function) and definition(a) is not None, definition)
    inner = _read(x, random)
    return (outer, x) if inner is None else (outer.xreplace({X: inner[0]}), inner[1])


def _constant(e: Any) -> Read:
    """Return a number, or the number that all entries of an array are."""
    if not algebra.is_matrix(e):
        return e, sp.S.Zero
    scale, factors = algebra.split(e)
    return (scale, sp.S.Zero) if all(kind(a) == "ones" for a in factors) else None


def _joined(parts: list[Read], of: Callable[..., Expr], random: frozenset[Expr]) -> Read:
    """Return a combination of functions of one and the same array."""
    read = [p for p in parts if p is not None]
    if len(read) < len(parts):
        return None
    found = of_one_array([(f, x) for f, x in read if x != 0], random)
    if found is None:
        return None
    functions, argument = found
    rest = iter(functions)
    return of(*[f if x == 0 else next(rest) for f, x in read]), argument


def of_one_array(
    read: Sequence[tuple[Expr, Expr]], random: frozenset[Expr]
) -> tuple[list[Expr], Expr] | None:
    """Return functions with their arguments as functions of one argument, f(2 a) and g(a) of a; None where they are not."""
    arguments = list(dict.fromkeys(x for _, x in read))
    if len(arguments) == 1:
        return [f for f, _ in read], arguments[0]
    inside: set[Any] = set().union(*(x.free_symbols & random for x in arguments))
    if len(inside) != 1:
        return None
    (symbol,) = inside
    multiples = {x: in_terms_of(x, symbol) for x in arguments}
    if any(c is None for c in multiples.values()):
        return None
    return [f.xreplace({X: multiples[x]}) for f, x in read], symbol


def in_terms_of(x: Any, symbol: Any) -> Expr | None:
    """Return an affine expression in the entries of one array as one in `X`."""
    if x == symbol:
        return X
    if not algebra.is_matrix(x):
        return None if algebra.is_matrix(symbol) else x.xreplace({X: KNOWN_X, symbol: X})
    if kind(x) == "sum":
        terms = [
            in_terms_of(a, symbol) if symbol in a.free_symbols else (_constant(a) or (None,))[0]
            for a in x.args
        ]
        return None if any(t is None for t in terms) else sp.Add(*terms)
    scale, factors = algebra.split(x)
    return scale * X if factors == [symbol] or factors == (symbol,) else None
