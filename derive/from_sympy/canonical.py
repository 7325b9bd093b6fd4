"""SymPy expressions brought to the forms that the rule table knows.

SymPy lets 1 x 1 matrices stand where scalars are meant, writes inverses as powers, and applies whole formulas
entry by entry. Here a 1 x 1 matrix becomes the scalar that it stands for, and every operation becomes one that
the table has an entry for, or an error that names it.
"""

from __future__ import annotations

from math import isfinite
from numbers import Real
from typing import Any

from sympy import (
    Add,
    Adjoint,
    BlockMatrix,
    DiagMatrix,
    E,
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
    Mul,
    OneMatrix,
    Piecewise,
    Pow,
    Rational,
    S,
    Sum,
    Symbol,
    Trace,
    Transpose,
    ZeroMatrix,
    pi,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagonalMatrix
from sympy.matrices.expressions.dotproduct import DotProduct
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.matrices.matrixbase import MatrixBase

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.elementwise import ENTRY
from derive.expression.entrywise import lift
from derive.expression.functions import Functional, MatrixFunction
from derive.expression.operation import Operation, record
from derive.from_sympy.indexed import in_matrices
from derive.from_sympy.scalar_functions import in_known_functions, rectified
from derive.language import build
from derive.language.calls import called

#: What only a square matrix has, beside the functions whose signature says so.
_SQUARE = (MatPow, DiagonalMatrix)
_LEAVES = (MatrixSymbol, Identity, OneMatrix, ZeroMatrix)
#: Those that list entries or blocks.
_EXPLICIT = (MatrixBase, BlockMatrix)


def canonical(expr: Any) -> Expr:
    """Return an expression, or a number of Python's, in the forms of the rule table. Raises InputError."""
    if isinstance(expr, Real) and not isinstance(expr, bool | Expr):
        if not isfinite(expr):
            raise InputError(f"{expr} is no real number")
        return Rational(str(expr))  # as it was written, and as the text language reads it
    if isinstance(expr, MatrixBase):
        raise _explicit(expr)
    if not isinstance(expr, Expr):
        raise InputError(f"expected a SymPy expression of symbols, got {type(expr).__name__}")
    done: dict[Expr, Expr] = {}
    stack: list[tuple[Expr, bool]] = [(expr, False)]
    while stack:
        e, ready = stack.pop()
        if e in done:
            continue
        inner = parts(e)
        if ready or not inner:
            done[e] = _rebuild(e, [done[a] for a in inner])
        else:
            stack.append((e, True))
            stack.extend((a, False) for a in inner)
    return done[expr]


def parts(e: Expr) -> tuple[Expr, ...]:
    """Return what an expression is made of, as far as it is read on its own."""
    if isinstance(e, (*_LEAVES, *_EXPLICIT, Sum, Piecewise)):
        return ()
    if isinstance(e, ElementwiseApplyFunction):
        return (e.expr,)
    if isinstance(e, Inverse):
        return (e.arg,)
    if isinstance(e, MatrixElement):
        return (e.parent,) if e.parent.shape == (1, 1) else ()
    return tuple(a for a in e.args if isinstance(a, Expr))


def _explicit(e: Any) -> InputError:
    """Return the error for a matrix that is given by its entries or blocks."""
    if isinstance(e, BlockMatrix):
        return InputError(
            "explicit matrices such as a BlockMatrix are not supported: write the expression in terms of the blocks, "
            "or take one MatrixSymbol for the whole matrix"
        )
    return InputError(
        f"explicit matrices such as {' '.join(str(e).split())[:40]} are not supported: take a MatrixSymbol for it, "
        "and give its entries when the result is evaluated"
    )


def _rebuild(e: Expr, args: list[Expr]) -> Expr:
    if isinstance(e, _EXPLICIT):
        raise _explicit(e)
    if isinstance(e, _LEAVES):
        return _leaf(e)
    if not args and e.is_Atom:
        return _atom(e)
    _check_shapes(e, args)
    if isinstance(e, MatAdd):
        return algebra.add(*args)
    if isinstance(e, Add):
        return Add(*args) if not algebra.is_matrix(args[0]) else algebra.add(*args)
    if isinstance(e, MatMul | Mul):
        return build.product(*args)
    if isinstance(e, HadamardProduct):
        return _hadamard(args)
    if isinstance(e, HadamardPower):
        return build.elementwise_power(*args)
    if isinstance(e, Inverse):
        return Inverse(args[0]) if algebra.is_matrix(args[0]) else 1 / args[0]
    if isinstance(e, MatPow | Pow):
        return build.matrix_power(*args) if algebra.is_matrix(args[0]) else build.scalar_power(*args)
    if isinstance(e, Transpose | Adjoint):
        return build.transpose(args[0])
    if isinstance(e, ElementwiseApplyFunction):
        body = canonical(e.function.expr.xreplace({e.function.variables[0]: ENTRY}))
        return lift(body, args[0])
    if isinstance(e, KroneckerProduct):
        *rest, product = args
        for a in reversed(rest):
            product = build.kron(a, product)
        return product
    if isinstance(e, DotProduct):
        return build.product(build.transpose(_column(args[0])), _column(args[1]))
    if isinstance(e, DiagonalMatrix):
        return build.hadamard(args[0], algebra.power(args[0], 0))
    if isinstance(e, MatrixElement):
        return _entry(e, args)
    if isinstance(e, Sum):
        return canonical(in_matrices(e))
    entry = record(type(e))
    if entry is not None and entry.text and not entry.entrywise:
        return _function(e, entry, args)
    if isinstance(e, Piecewise):
        return canonical(rectified(e))
    if e.is_Function and not any(map(algebra.is_matrix, args)):
        return in_known_functions(e, args)
    raise InputError(f"{type(e).__name__} is not an operation that can be differentiated here: {str(e)[:60]}")


def _leaf(e: Expr) -> Expr:
    if isinstance(e, ZeroMatrix):
        return algebra.zero(e.shape)
    if e.shape != (1, 1):
        return e
    return Trace(e) if isinstance(e, MatrixSymbol) else S.One


def _atom(e: Expr) -> Expr:
    if e.is_Float and e.is_finite:
        return Rational(str(e))
    if isinstance(e, Symbol) or e.is_Rational or e in (pi, E):
        return e
    if e.is_number:
        raise InputError(f"{e} is no real number that the text language has")
    raise InputError(f"{type(e).__name__} is not an operation that can be differentiated here: {str(e)[:60]}")


def _by(x: Expr) -> str:
    return f"{x.shape[0]} x {x.shape[1]}" if algebra.is_matrix(x) else "a scalar"


def _equal(a: Expr, b: Expr) -> bool:
    return a == b or (a - b).expand() == 0


def _check_shapes(e: Expr, args: list[Expr]) -> None:
    """Raise InputError where shapes do not fit, which SymPy checks for some expressions and not for others."""
    fits = True
    if isinstance(e, MatAdd | Add | HadamardProduct):
        scalars = [not algebra.is_matrix(a) for a in args]
        shapes = [algebra.shape(a) for a in args]
        fits = (all(scalars) or not any(scalars)) and all(
            _equal(p, q) for shape in shapes for p, q in zip(shape, shapes[0], strict=True)
        )
    elif isinstance(e, HadamardPower):
        fits = not all(map(algebra.is_matrix, args)) or all(map(_equal, *(a.shape for a in args)))
    elif isinstance(e, MatMul | Mul):
        rows = columns = None  # of the factors so far; what is 1 x 1 scales the rest
        for p, q in [a.shape for a in args if algebra.is_matrix(a)]:
            fits = fits and (columns is None or _equal(columns, p))
            rows, columns = p if columns is None else rows, q
            if (rows, columns) == (1, 1):
                rows = columns = None
    if not fits:
        kinds = " and ".join(dict.fromkeys(map(_by, args)))
        mend = "multiply scalars by Identity or OneMatrix, transpose what stands the other way"
        if isinstance(e, HadamardPower):  # SymPy makes such where it transposes A.^B
            mend = "the transpose of a power is the power of the transposes, HadamardPower(A.T, B.T)"
        elif e.has(Adjoint):
            mend = "write Abs of a scalar as Abs(Trace(...))"
        raise InputError(f"shapes do not fit in {str(e)[:60]}: {kinds}; {mend}")
    entry = record(type(e))
    square = isinstance(e, _SQUARE) or (entry is not None and entry.shape and entry.signature.is_square)
    if square and algebra.is_matrix(args[0]) and not _equal(*args[0].shape):
        raise InputError(f"{_name(e)} needs a square matrix, {str(args[0])[:60]} is {_by(args[0])}")


def _name(e: Expr) -> str:
    return e.record.text if isinstance(e, Functional | MatrixFunction) else type(e).__name__


def _column(x: Expr) -> Expr:
    """Return a row or a column as a column."""
    return build.transpose(x) if algebra.is_matrix(x) and x.shape[0] == 1 else x


def _hadamard(args: list[Expr]) -> Expr:
    product = args[0]
    for a in args[1:]:
        product = build.hadamard(product, a)
    return product


def _function(e: Expr, entry: Operation, args: list[Expr]) -> Expr:
    """Return a function of one matrix; one of a column takes a row as the column that it is the transpose of."""
    x = args[0]
    if algebra.is_matrix(x) and entry.signature.is_column:
        column = _column(x)
        if column.shape[1] != 1:
            mend = ": is DiagonalMatrix meant?" if isinstance(e, DiagMatrix) else ""
            raise InputError(f"{_name(e)} needs a column, {str(x)[:60]} is {_by(x)}{mend}")
        new = called(entry, [column, *args[1:]])
        follows = (
            isinstance(e, MatrixFunction) and e.shape == x.shape
        )  # such as a softmax, that of a row being a row
        return build.transpose(new) if column is not x and follows else new
    return called(entry, args)


def _entry(e: Any, args: list[Expr]) -> Expr:
    if args:
        return args[0]
    raise InputError(
        f"the entry {str(e)[:60]} has no name in the text language: multiply by unit vectors, as symbols of their own, "
        "sum over the whole range of the indices, or write Trace(...) of a 1 x 1 product"
    )
