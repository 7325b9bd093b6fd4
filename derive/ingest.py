"""SymPy expressions from outside, brought to the forms that the rule table knows.

SymPy lets 1 x 1 matrices stand where scalars are meant, writes inverses as powers, and applies whole formulas
entry by entry. Here a 1 x 1 matrix becomes the scalar that it stands for, and every operation becomes one that
the table has an entry for, or an error that names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sympy import (
    Add,
    Adjoint,
    DiagMatrix,
    Expr,
    HadamardPower,
    HadamardProduct,
    Identity,
    Inverse,
    KroneckerProduct,
    MatAdd,
    MatMul,
    MatPow,
    MatrixSymbol,
    Max,
    Mul,
    OneMatrix,
    Pow,
    Rational,
    S,
    Symbol,
    Trace,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.determinant import Determinant
from sympy.matrices.expressions.diagonal import DiagonalOf
from sympy.matrices.matrixbase import MatrixBase

from derive import algebra
from derive.elementwise import ENTRY, relu
from derive.entrywise import lift
from derive.errors import InputError
from derive.facts import SQUARE
from derive.functions import Functional, MatrixFunction
from derive.language import build
from derive.language.names import read_assumptions
from derive.language.parser import parse, parse_within
from derive.problem import Problem

#: Functions of one matrix by the name of the text language, at whose scalar argument `at_scalar` answers.
_AT_SCALAR = {Trace: "tr", Determinant: "det", DiagMatrix: "diag", DiagonalOf: "diag"}


def canonical(expr: Any) -> Expr:
    """Return an expression in the forms of the rule table. Raises InputError where that cannot be."""
    if isinstance(expr, MatrixBase) or not isinstance(expr, Expr):
        raise InputError(f"expected a SymPy expression of symbols, got {type(expr).__name__}")
    done: dict[Expr, Expr] = {}
    stack: list[tuple[Expr, bool]] = [(expr, False)]
    while stack:
        e, ready = stack.pop()
        if e in done:
            continue
        inner = _inner(e)
        if ready or not inner:
            done[e] = _rebuild(e, [done[a] for a in inner])
        else:
            stack.append((e, True))
            stack.extend((a, False) for a in inner)
    return done[expr]


def _inner(e: Expr) -> tuple[Expr, ...]:
    if isinstance(e, MatrixSymbol | Identity | OneMatrix | ZeroMatrix):
        return ()
    if isinstance(e, ElementwiseApplyFunction):
        return (e.expr,)
    if isinstance(e, Inverse):
        return (e.arg,)
    return tuple(a for a in e.args if isinstance(a, Expr))


def _rebuild(e: Expr, args: list[Expr]) -> Expr:
    if isinstance(e, MatrixSymbol):
        return Trace(e) if e.shape == (1, 1) else e
    if isinstance(e, Identity | OneMatrix):
        return S.One if e.shape == (1, 1) else e
    if isinstance(e, ZeroMatrix):
        return algebra.zero(e.shape)
    if e.is_Float and e.is_finite:
        return Rational(str(e))  # as it was written, and as the text language reads it
    if e.is_Symbol or e.is_Number or e.is_NumberSymbol:
        return e
    matrices = [algebra.is_matrix(a) for a in args]
    if isinstance(e, MatAdd):
        return algebra.add(*args)
    if isinstance(e, Add):
        return Add(*args)
    if isinstance(e, MatMul | Mul):
        return build.product(*args)
    if isinstance(e, HadamardProduct):
        return algebra.hadamard(*args) if not all(matrices) else _hadamard(args)
    if isinstance(e, HadamardPower):
        return build.elementwise_power(*args)
    if isinstance(e, Inverse):
        return Inverse(args[0]) if matrices[0] else 1 / args[0]
    if isinstance(e, MatPow | Pow):
        return build.matrix_power(*args) if matrices[0] else build.scalar_power(*args)
    if isinstance(e, Transpose | Adjoint):
        return build.transpose(args[0])
    if isinstance(e, ElementwiseApplyFunction):
        body = e.function.expr.xreplace({e.function.variables[0]: ENTRY})
        return lift(body.replace(_is_positive_part, _positive_part), args[0])
    if isinstance(e, KroneckerProduct):
        *rest, product = args
        for a in reversed(rest):
            product = build.kron(a, product)
        return product
    if _is_positive_part(e):
        return _positive_part(Max(*args))
    if not any(matrices) and getattr(e, "text", None) in build.OPERATORS:
        return build.OPERATORS[e.text].build(*args)
    if type(e) in _AT_SCALAR or isinstance(e, Functional | MatrixFunction):
        if (not matrices[0] and not e.is_Matrix) or (not all(matrices) and len(args) == 1):
            word = _AT_SCALAR.get(type(e)) or e.text
            return build.at_scalar(word, args[0])
        return e.func(*args)
    if e.is_Function and len(args) == len(e.args) and not any(matrices):
        return e.func(*args, evaluate=False) if e.func.__module__.startswith("derive") else e.func(*args)
    raise InputError(f"{type(e).__name__} is not an operation that can be differentiated here: {str(e)[:60]}")


def _is_positive_part(e: Expr) -> bool:
    return isinstance(e, Max) and len(e.args) == 2 and S.Zero in e.args


def _positive_part(e: Expr) -> Expr:
    return relu(e.args[1] if e.args[0] == 0 else e.args[0]) if _is_positive_part(e) else e


def _hadamard(args: list[Expr]) -> Expr:
    product = args[0]
    for a in args[1:]:
        product = build.hadamard(product, a)
    return product


def read_problem(
    expr: str | Expr | Problem,
    wrt: Any,
    where: str | Mapping[str, Any] | None = None,
    assume: str | Iterable[Any] | None = None,
) -> Problem:
    """Return the problem of an expression (text, SymPy or a problem) and its variables.

    `wrt` is a name, a symbol, or a list of them ("X,Y" names two). Raises InputError.
    """
    wanted = [wrt] if isinstance(wrt, str | Expr) or not isinstance(wrt, Iterable) else list(wrt)
    for w in wanted:
        if not isinstance(w, str | Symbol | MatrixSymbol):
            raise InputError(f"{str(w)[:60]} is not a variable: give a symbol or its name")
    names = [n.strip() for w in wanted for n in (w.split(",") if isinstance(w, str) else [w.name])]
    if len(set(names)) < len(names):
        raise InputError("a variable is named twice: name each one once")
    if isinstance(expr, str):
        return parse(expr, where, assume, wrt=names)
    if isinstance(expr, Problem):
        missing = [n for n in names if n not in expr.symbols]
        if missing:
            raise InputError(f"{missing[0]} is not a variable of the problem")
        return Problem(
            expr.expr, tuple(expr.symbols[n] for n in names), expr.symbols, expr.shapes, expr.assumptions
        )
    root = canonical(expr)
    found: dict[str, Expr] = {}
    given = [w for w in wanted if isinstance(w, Expr)]
    for symbol in [*_symbols(root), *given]:
        if found.setdefault(symbol.name, symbol) != symbol:
            raise InputError(f"two different symbols are named {symbol.name}: rename one of them")
    missing = [n for n in names if n not in found]
    if missing:
        raise InputError(f"{missing[0]} does not occur in the expression: give the symbol itself")
    shapes = {n: algebra.shape(s) for n, s in found.items()}
    assumptions = read_assumptions(assume)
    for kind, name in sorted(assumptions):
        if name not in found:
            raise InputError(f"{kind}({name}): {name} does not occur in the expression")
        if kind in SQUARE and shapes[name][0] != shapes[name][1]:
            raise InputError(
                f"{kind}({name}) needs a square matrix, {name} is {' x '.join(map(str, shapes[name]))}"
            )
    return Problem(root, tuple(found[n] for n in names), found, shapes, assumptions)


def _symbols(expr: Expr) -> list[Expr]:
    """Return the variables of an expression in order of appearance, without the sizes of its matrices."""
    found: list[Expr] = []
    sizes: set[Expr] = set()
    stack, seen = [expr], set()
    while stack:
        e = stack.pop()
        if e in seen:
            continue
        seen.add(e)
        if algebra.is_matrix(e):
            sizes.update(*(d.free_symbols for d in e.shape))
        if isinstance(e, MatrixSymbol) or (isinstance(e, Symbol) and e != ENTRY):
            found.append(e)
        else:
            stack.extend(reversed(_inner(e)))
    return [s for s in found if s not in sizes]


def read_claim(claim: str | Expr, problem: Problem, shape: tuple[Expr, Expr] | None = None) -> Expr:
    """Return a claim (text or SymPy) in the terms of a problem. Raises InputError."""
    if isinstance(claim, str):
        return parse_within(claim, problem, shape)
    expr = canonical(claim)
    for symbol in _symbols(expr):
        if problem.symbols.get(symbol.name) != symbol:
            raise InputError(f"the claim uses {symbol.name}, which is not in the expression")
    if shape is not None and algebra.shape(expr) != tuple(shape):
        have, want = (" x ".join(map(str, s)) for s in (algebra.shape(expr), shape))
        mend = ": is it the transpose?" if algebra.shape(expr) == tuple(shape)[::-1] else ""
        raise InputError(f"the claim is {have}, {want} is due{mend}")
    return expr
