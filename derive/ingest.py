"""What callers give, text or SymPy, as a problem and as a claim about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from sympy import Basic, Expr, Identity, MatrixSymbol, OneMatrix, Symbol, ZeroMatrix

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.elementwise import ENTRY
from derive.expression.facts import misfit
from derive.expression.functions import MatrixFunction
from derive.expression.walk import distinct
from derive.from_sympy.canonical import canonical
from derive.language.names import read_assumptions
from derive.language.parser import parse, parse_within
from derive.language.spelling import check_name
from derive.problem import Problem

#: x[i] and A[1, 2], which are entries of variables.
_ENTRY = re.compile(r"([A-Za-z]\w*)\[([^\[\]]{1,40})\]")


def read_problem(
    expr: str | Expr | Problem,
    wrt: Any,
    where: str | Mapping[str, Any] | None = None,
    assume: str | Iterable[Any] | None = None,
    scalar: bool = False,
) -> Problem:
    """Return the problem of an expression (text, SymPy or a problem) and its variables.

    `scalar` tells that the expression is meant to be one, which settles what names in a text are.
    `wrt` is a name, a symbol, or a list of them ("X,Y" names two). Raises InputError.
    """
    wanted = [wrt] if isinstance(wrt, str | Expr) or not isinstance(wrt, Iterable) else list(wrt)
    for w in wanted:
        if not isinstance(w, str | Symbol | MatrixSymbol):
            raise InputError(f"{str(w)[:60]} is not a variable: give a symbol or its name")
    for w in wanted:
        if isinstance(w, str) and (entry := _ENTRY.search(w)):
            raise InputError(
                f"{entry[0]} is an entry, not a variable: differentiate by {entry[1]}, --wrt {entry[1]}, whose gradient has "
                f"the derivative by {entry[0]} as its entry [{entry[2].strip()}]"
            )
    names = [n.strip() for w in wanted for n in (w.split(",") if isinstance(w, str) else [w.name])]
    if len(set(names)) < len(names):
        raise InputError("a variable is named twice: name each one once")
    if names == ["all"]:
        problem = read_problem(expr, (), where, assume, scalar)
        if "all" not in problem.symbols:
            return replace(problem, wrt=tuple(problem.symbols.values()))
    if isinstance(expr, str):
        return parse(expr, where, assume, wrt=names, scalar=scalar)
    if where:
        raise InputError(
            "shapes are declared for text only: those of a SymPy expression are its symbols' own"
        )
    if isinstance(expr, Problem):
        _check_known(names, expr.symbols, expr.sizes, "the problem")
        return replace(expr, wrt=tuple(expr.symbols[n] for n in names))
    root = canonical(expr)
    given = [w for w in wanted if isinstance(w, Expr)]
    sizes = _by_name([s for e in (expr, *given) for s in _sizes(e)])
    found = _by_name([s for s in (*_symbols(root), *given) if sizes.get(s.name) != s])
    for name in (*found, *sizes):
        check_name(name)
    both = sorted(found.keys() & sizes.keys())
    if both:
        raise InputError(f"{both[0]} is the name of a size and of a variable: rename one of them")
    _check_known(names, found, sizes, "the expression: give the symbol itself")
    shapes = {n: algebra.shape(s) for n, s in found.items()}
    assumptions = read_assumptions(assume)
    for kind, name in sorted(assumptions):
        if name not in found:
            raise InputError(f"{kind}({name}): {name} does not occur in the expression")
        if wrong := misfit(kind, name, shapes[name]):
            raise InputError(wrong)
    return Problem(root, tuple(found[n] for n in names), found, shapes, assumptions)


def _check_known(
    names: Iterable[str], variables: Mapping[str, Expr], sizes: Mapping[str, Expr], where: str
) -> None:
    for name in names:
        if name not in variables:
            if name in sizes:
                raise InputError(f"{name} is a size here, not a variable: sizes are whole numbers")
            check_name(name)
            raise InputError(f"{name[:40]} does not occur in {where}")


def _by_name(symbols: Iterable[Expr]) -> dict[str, Expr]:
    found: dict[str, Expr] = {}
    for symbol in symbols:
        if found.setdefault(symbol.name, symbol) != symbol:
            raise InputError(f"two different symbols are named {symbol.name[:40]}: rename one of them")
    return found


def _walk(expr: Basic) -> Iterable[Basic]:
    """Return the distinct parts of an expression; symbols of matrices are not taken apart."""
    return distinct(expr, within=lambda e: () if isinstance(e, MatrixSymbol) else e.args)


def _symbols(expr: Expr) -> list[Expr]:
    """Return the symbols of an expression in order of appearance, the sizes of its matrices among them."""
    return [e for e in _walk(expr) if isinstance(e, MatrixSymbol | Symbol) and e != ENTRY]


def _sizes(expr: Any) -> list[Symbol]:
    """Return the symbols in the sizes of an expression's matrices. Raises InputError for sizes that are none."""
    dimensions = [
        d
        for e in (_walk(expr) if isinstance(expr, Basic) else ())
        if isinstance(e, MatrixSymbol | Identity | OneMatrix | ZeroMatrix | MatrixFunction)
        for d in e.shape
    ]
    for d in dict.fromkeys(dimensions):
        if not _is_whole(d):
            raise InputError(
                f"the size {str(d)[:60]} is not made of whole numbers: take a symbol of its own for it"
            )
    return [s for d in dimensions for s in sorted(d.free_symbols, key=str)]


def _is_whole(size: Expr) -> bool:
    """Tell whether a size is a symbol, a number from 1 up, or made of such by sums, products and powers."""
    if size.is_Integer:
        return bool(size > 0)
    if size.is_Add:
        return all(_is_whole(a) or a.is_Integer for a in size.args)
    if size.is_Mul:
        return all(map(_is_whole, size.args))
    if size.is_Pow:
        return _is_whole(size.base) and bool(size.exp.is_Integer and size.exp > 0)
    return isinstance(size, Symbol)


def read_claim(
    claim: str | Expr | int | float | Fraction, problem: Problem, shape: tuple[Expr, Expr] | None = None
) -> Expr:
    """Return a claim (text, SymPy or a number) in the terms of a problem, 0 in the shape that is due.

    Raises InputError.
    """
    return read_with_domain(claim, problem, shape)[0]


def read_with_domain(
    claim: str | Expr | int | float | Fraction, problem: Problem, shape: tuple[Expr, Expr] | None = None
) -> tuple[Expr, tuple[Expr, ...]]:
    """Return a claim, as `read_claim`, and what else has to be positive for its text to have a value."""
    if isinstance(claim, str):
        return parse_within(claim, problem, shape)
    expr = canonical(_renamed(claim, problem) if isinstance(claim, Expr) else claim)
    if expr == 0 and shape is not None:
        return algebra.zero(shape), ()
    if shape is not None and algebra.shape(expr) != tuple(shape):
        have, want = (" x ".join(map(str, s)) for s in (algebra.shape(expr), shape))
        mend = ": is it the transpose?" if algebra.shape(expr) == tuple(shape)[::-1] else ""
        raise InputError(f"the claim is {have}, {want} is due{mend}")
    return expr, ()


def _renamed(claim: Expr, problem: Problem) -> Expr:
    """Return a claim with the symbols of the problem, which are those of the same names. Raises InputError."""
    known: dict[Expr, Expr] = {}
    for size in _sizes(claim):
        if size.name not in problem.sizes:
            check_name(size.name)
            raise InputError(f"the claim uses the size {size.name[:40]}, which is not in the expression")
        known[size] = problem.sizes[size.name]
    for s in _symbols(canonical(claim)):
        mine = problem.symbols.get(s.name) or problem.sizes.get(s.name)
        if mine is None:
            check_name(s.name)
            raise InputError(f"the claim uses {s.name[:40]}, which is not in the expression")
        shapes = [tuple(d.xreplace(known) for d in algebra.shape(s)), algebra.shape(mine)]
        if shapes[0] != shapes[1] or algebra.is_matrix(s) != algebra.is_matrix(mine):
            have, want = (" x ".join(map(str, shape)) for shape in shapes)
            raise InputError(f"{s.name} is {have} in the claim and {want} in the expression")
        known[s] = mine
    changed = {s: mine for s, mine in known.items() if s != mine}
    return claim.xreplace(changed) if changed else claim
