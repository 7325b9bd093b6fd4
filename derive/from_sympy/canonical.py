"""SymPy expressions brought to the forms that the rule table knows.

SymPy lets 1 x 1 matrices stand where scalars are meant, writes inverses as powers, and applies whole formulas
entry by entry. Here a 1 x 1 matrix becomes the scalar that it stands for, and every operation becomes one that
the table has an entry for, or an error that names it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import isfinite
from numbers import Real
from typing import Any

from sympy import Add, Adjoint, BlockMatrix, E, Expr, Inverse, Piecewise, Rational, S, Sum, Symbol, Trace, pi
from sympy.matrices.expressions.diagonal import DiagonalMatrix
from sympy.matrices.expressions.dotproduct import DotProduct
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.matrices.matrixbase import MatrixBase

from derive.errors import InputError
from derive.expression import algebra, walk
from derive.expression.elementwise import ENTRY
from derive.expression.entrywise import lift
from derive.expression.functions import Functional, MatrixFunction
from derive.expression.operation import Operation, kind, record
from derive.expression.walk import post_order
from derive.from_sympy.indexed import in_matrices
from derive.from_sympy.scalar_functions import in_known_functions, rectified
from derive.language import build
from derive.language.calls import called

#: Matrices that are no operations of others.
_MATRICES = ("matrix", "identity", "ones", "zeros")
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
    for e in post_order(expr, within=parts):
        done[e] = _rebuild(e, [done[a] for a in parts(e)])
    return done[expr]


def parts(e: Expr) -> tuple[Expr, ...]:
    """Return what an expression is made of, as far as it is read on its own."""
    if isinstance(e, (*_EXPLICIT, Sum, Piecewise)):
        return ()
    if isinstance(e, MatrixElement):
        return (e.parent,) if e.parent.shape == (1, 1) else ()
    return tuple(a for a in walk.parts(e) if isinstance(a, Expr))


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
    word = kind(e)
    if word in _MATRICES:
        return _leaf(e)
    if not args and e.is_Atom:
        return _atom(e)
    _check_shapes(e, args)
    if word in _BUILT:
        return _BUILT[word](args)
    if word == "function of entries":
        body = canonical(e.function.expr.xreplace({e.function.variables[0]: ENTRY}))
        return lift(body, args[0])
    for head, built in _OF_SYMPY.items():
        if isinstance(e, head):
            return built(args)
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


def _sum(args: list[Expr]) -> Expr:
    return algebra.add(*args) if algebra.is_matrix(args[0]) else Add(*args)


def _inverse(args: list[Expr]) -> Expr:
    return Inverse(args[0]) if algebra.is_matrix(args[0]) else 1 / args[0]


def _power(args: list[Expr]) -> Expr:
    return build.matrix_power(*args) if algebra.is_matrix(args[0]) else build.scalar_power(*args)


def _kron(args: list[Expr]) -> Expr:
    *rest, product = args
    for a in reversed(rest):
        product = build.kron(a, product)
    return product


#: By the word for an operation: SymPy's arguments, in their canonical forms, put together as the text language does.
_BUILT: dict[str, Callable[[list[Expr]], Expr]] = {
    "sum": _sum,
    "product": lambda args: build.product(*args),
    "matrix product": lambda args: build.product(*args),
    "elementwise product": lambda args: reduce(build.hadamard, args),
    "elementwise power": lambda args: build.elementwise_power(*args),
    "inverse": _inverse,
    "power": _power,
    "matrix power": _power,
    "transpose": lambda args: build.transpose(args[0]),
    "Kronecker product": _kron,
}
#: Operations of SymPy's that are others here.
_OF_SYMPY: dict[type, Callable[[list[Expr]], Expr]] = {
    Adjoint: lambda args: build.transpose(args[0]),
    DotProduct: lambda args: build.product(build.transpose(_column(args[0])), _column(args[1])),
    DiagonalMatrix: lambda args: build.hadamard(args[0], algebra.power(args[0], 0)),
}


def _leaf(e: Expr) -> Expr:
    word = kind(e)
    if word == "zeros":
        return algebra.zero(e.shape)
    if e.shape != (1, 1):
        return e
    return Trace(e) if word == "matrix" else S.One


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
    fits, word = True, kind(e)
    if word in ("sum", "elementwise product"):
        scalars = [not algebra.is_matrix(a) for a in args]
        shapes = [algebra.shape(a) for a in args]
        fits = (all(scalars) or not any(scalars)) and all(
            _equal(p, q) for shape in shapes for p, q in zip(shape, shapes[0], strict=True)
        )
    elif word == "elementwise power":
        fits = not all(map(algebra.is_matrix, args)) or all(map(_equal, *(a.shape for a in args)))
    elif word in ("product", "matrix product"):
        rows = columns = None  # of the factors so far; what is 1 x 1 scales the rest
        for p, q in [a.shape for a in args if algebra.is_matrix(a)]:
            fits = fits and (columns is None or _equal(columns, p))
            rows, columns = p if columns is None else rows, q
            if (rows, columns) == (1, 1):
                rows = columns = None
    if not fits:
        kinds = " and ".join(dict.fromkeys(map(_by, args)))
        mend = "multiply scalars by Identity or OneMatrix, transpose what stands the other way"
        if word == "elementwise power":  # SymPy makes such where it transposes A.^B
            mend = "the transpose of a power is the power of the transposes, HadamardPower(A.T, B.T)"
        elif e.has(Adjoint):
            mend = "write Abs of a scalar as Abs(Trace(...))"
        raise InputError(f"shapes do not fit in {str(e)[:60]}: {kinds}; {mend}")
    entry = record(type(e))
    square = (
        word == "matrix power"
        or isinstance(e, DiagonalMatrix)
        or (entry is not None and entry.shape and entry.signature.is_square)
    )
    if square and algebra.is_matrix(args[0]) and not _equal(*args[0].shape):
        raise InputError(f"{_name(e)} needs a square matrix, {str(args[0])[:60]} is {_by(args[0])}")


def _name(e: Expr) -> str:
    return e.record.text if isinstance(e, Functional | MatrixFunction) else type(e).__name__


def _column(x: Expr) -> Expr:
    """Return a row or a column as a column."""
    return build.transpose(x) if algebra.is_matrix(x) and x.shape[0] == 1 else x


def _function(e: Expr, entry: Operation, args: list[Expr]) -> Expr:
    """Return a function of one matrix; one of a column takes a row as the column that it is the transpose of."""
    x = args[0]
    if algebra.is_matrix(x) and entry.signature.is_column:
        column = _column(x)
        if column.shape[1] != 1:
            mend = ": is DiagonalMatrix meant?" if kind(e) == "diagonal matrix" else ""
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
