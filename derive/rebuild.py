"""An expression built anew, node by node, by the constructors that keep it tidy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import (
    Add,
    Determinant,
    DiagMatrix,
    Expr,
    Function,
    HadamardPower,
    HadamardProduct,
    Identity,
    Inverse,
    KroneckerProduct,
    MatAdd,
    MatMul,
    MatPow,
    MatrixSymbol,
    Mul,
    OneMatrix,
    Pow,
    Trace,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagonalOf

from derive import algebra
from derive.elementwise import elementwise, scalar_function
from derive.functions import EntrySum, Expm, ExpmFrechet, PseudoInverse, Reshape, Toeplitz, Vec

Rewrite = Callable[[Expr, list[Expr]], Expr | None]

_TIDY: dict[type, Callable[..., Expr]] = {
    Add: Add,
    Mul: Mul,
    Pow: algebra.scalar_power,
    MatAdd: algebra.add,
    MatMul: algebra.dot,
    MatPow: lambda x, k: algebra.power(x, int(k)),
    HadamardProduct: algebra.hadamard,
    HadamardPower: algebra.elementwise_power,
    KroneckerProduct: algebra.kron,
    Transpose: algebra.t,
    Trace: algebra.trace,
    Determinant: algebra.det,
    EntrySum: algebra.entry_sum,
    DiagMatrix: algebra.diag,
    DiagonalOf: algebra.diag,
    Vec: algebra.vec,
    Reshape: algebra.unvec,
    PseudoInverse: algebra.pinv,
    Expm: algebra.expm,
    ExpmFrechet: algebra.frechet,
    Toeplitz: algebra.toeplitz,
}


def parts(e: Expr) -> tuple[Expr, ...]:
    """Return the expressions that an expression is made of, without sizes and function names."""
    if not e.args or isinstance(e, MatrixSymbol | Identity | OneMatrix | ZeroMatrix):
        return ()
    if isinstance(e, ElementwiseApplyFunction):
        return (e.expr,)
    if isinstance(e, Inverse):
        return (e.arg,)
    return e.args


def tidy(e: Expr, args: list[Expr]) -> Expr:
    """Return one node with new parts."""
    if isinstance(e, Inverse):
        return algebra.inv(args[0])
    if isinstance(e, ElementwiseApplyFunction):
        x = args[0]
        f = scalar_function(e)
        if algebra.is_matrix(x) or f is None:
            return ElementwiseApplyFunction(e.function, x) if algebra.is_matrix(x) else e.function(x)
        return elementwise(f, x)
    if isinstance(e, Function) and len(args) == 1:
        return elementwise(e.func, args[0])
    build: Any = _TIDY.get(type(e), e.func)
    return build(*args)


def rebuild(expr: Expr, rewrite: Rewrite) -> Expr:
    """Return an expression rebuilt from its leaves, every node by `rewrite(node, new parts)`.

    Where `rewrite` answers None, the node is only made tidy. Shared parts are rebuilt once; nothing recurses.
    """
    done: dict[Expr, Expr] = {}
    stack: list[tuple[Expr, bool]] = [(expr, False)]
    while stack:
        e, ready = stack.pop()
        if e in done:
            continue
        inner = parts(e)
        if not inner:
            done[e] = e
        elif ready:
            args = [done[a] for a in inner]
            new = rewrite(e, args)
            done[e] = tidy(e, args) if new is None else new
        else:
            stack.append((e, True))
            stack.extend((a, False) for a in inner)
    return done[expr]
