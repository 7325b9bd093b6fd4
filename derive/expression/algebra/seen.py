"""What is seen of an expression from how it is built, under the assumptions in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import prod

from sympy import (
    Add,
    DiagMatrix,
    Expr,
    HadamardProduct,
    Identity,
    Inverse,
    KroneckerProduct,
    MatAdd,
    MatMul,
    OneMatrix,
    S,
    Trace,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.matexpr import MatrixSymbol

from derive.expression.algebra import core
from derive.expression.algebra.recursion import RECURSION
from derive.expression.elementwise import scalar_function
from derive.expression.facts import facts
from derive.expression.operation import Operation, record

_SYMMETRIC = ("symmetric", "posdef", "structured-symmetric", "structured-diagonal")


@RECURSION.provide
def is_symmetric(x: Expr) -> bool:
    """Tell whether a matrix is seen to be symmetric; False means only that it is not seen."""
    known = facts().symmetric
    if x not in known:
        known[x] = x.shape[0] == x.shape[1] and _symmetric(x)
    return known[x]


def _symmetric(x: Expr) -> bool:
    if isinstance(x, MatrixSymbol):
        return facts().has(x, *_SYMMETRIC)
    if isinstance(x, Identity | ZeroMatrix | OneMatrix):
        return True
    if isinstance(x, ElementwiseApplyFunction):
        return is_symmetric(x.expr)
    if isinstance(x, MatMul):
        matrices = _factors(x)
        return all(core.t(a) == core.t(core.t(b)) for a, b in zip(matrices, reversed(matrices), strict=True))
    if isinstance(x, MatAdd | HadamardProduct):
        # Counted, not only present: X + X + X' is not symmetric. A transpose of a product is written in two ways.
        return Counter(core.t(core.t(a)) for a in x.args) == Counter(core.t(a) for a in x.args)
    if isinstance(x, KroneckerProduct):
        return all(is_symmetric(a) for a in x.args)
    entry = record(type(x))
    known = entry.symmetric if entry else ""
    return known == "always" or (bool(known) and all(is_symmetric(a) for a in _matrices(x, known)))


def _factors(x: Expr) -> list[Expr]:
    """Return the matrices of a product, however it is bracketed or transposed."""
    if isinstance(x, MatMul):
        return [f for a in x.args if a.is_Matrix for f in _factors(a)]
    if isinstance(x, Transpose) and isinstance(x.arg, MatMul | Transpose):
        return [core.t(f) for f in reversed(_factors(x.arg))]
    return [x]


def _matrices(x: Expr, which: str) -> Sequence[Expr]:
    """Return the argument, or all arguments, of which a property of a function follows."""
    return x.args[:1] if which == "argument" else [a for a in x.args if a.is_Matrix]


@RECURSION.provide
def is_orthogonal(x: Expr) -> bool:
    """Tell whether a matrix is seen to be orthogonal."""
    if isinstance(x, Transpose):
        return is_orthogonal(x.arg)
    return isinstance(x, MatrixSymbol) and facts().has(x, "orthogonal")


def is_centred(x: Expr) -> bool:
    """Tell whether every column of a matrix is seen to add up to zero: x - (Σx/n) 1, X - 1 1'X/n, products of such."""
    if isinstance(x, MatMul):
        return is_centred(next(a for a in x.args if a.is_Matrix))
    terms = x.args if isinstance(x, MatAdd) else ()
    if isinstance(x, Transpose) and isinstance(x.arg, MatAdd):
        terms = tuple(core.t(a) for a in x.arg.args)
    if not terms or x.shape[0] == 1:
        return False
    memo = facts().memo
    key = ("centred", x)
    if key not in memo:
        firsts = [core.split(a)[1][0] for a in terms]
        memo[key] = any(isinstance(a, OneMatrix) or is_centred(a) for a in firsts) and _adds_to_zero(terms)
    return memo[key]


def _adds_to_zero(terms: tuple[Expr, ...]) -> bool:
    rows, columns = terms[0].shape
    if columns == 1:
        return Add(*[core.entry_sum(a) for a in terms]) == 0
    return isinstance(core.add(*[core.dot(OneMatrix(1, rows), a) for a in terms]), ZeroMatrix)


@RECURSION.provide
def is_diagonal(x: Expr) -> bool:
    """Tell whether a matrix is seen to be diagonal."""
    if isinstance(x, MatrixSymbol):
        return facts().has(x, "structured-diagonal")
    if isinstance(x, Inverse | Transpose):
        return is_diagonal(x.args[0])
    if isinstance(x, MatMul):
        return all(is_diagonal(a) for a in x.args if a.is_Matrix)
    return isinstance(x, DiagMatrix) or (isinstance(x, HadamardProduct) and any(map(is_diagonal, x.args)))


def is_posdef(x: Expr) -> bool:
    """Tell whether a matrix is seen to be symmetric and positive definite."""
    if isinstance(x, MatrixSymbol):
        return facts().has(x, "posdef")
    if isinstance(x, Identity):
        return True
    if isinstance(x, Inverse | Transpose):
        return is_posdef(x.args[0])
    if isinstance(x, MatAdd):
        return any(is_posdef(a) for a in x.args) and all(is_posdef(a) or is_semidefinite(a) for a in x.args)
    if isinstance(x, MatMul) and len(x.args) == 2 and not x.args[0].is_Matrix:
        return is_positive(x.args[0]) and is_posdef(x.args[1])
    return False


def is_semidefinite(x: Expr) -> bool:
    """Tell whether a matrix is seen to be symmetric and positive semidefinite."""
    if is_posdef(x):
        return True
    if isinstance(x, MatMul):
        scalars = [a for a in x.args if not a.is_Matrix]
        matrices = [a for a in x.args if a.is_Matrix]
        if not all(is_nonnegative(c) for c in scalars) or not is_symmetric(x):
            return False
        middle = matrices[len(matrices) // 2]
        return len(matrices) % 2 == 0 or is_semidefinite(middle)
    return False


def has_low_rank(x: Expr) -> bool:
    """Tell whether a square matrix is seen to be singular, at all sizes or at all but the smallest: x*y' and the like."""
    n, rank = x.shape[0], _rank(x)
    if rank is None or n == 1:
        return bool(n.is_Integer and n % 2 == 1 and n > 1 and core.t(x) == core.dot(S.NegativeOne, x))
    return not n.is_Integer or bool(rank < n)


def _rank(x: Expr) -> int | None:
    """Return a number that the rank is seen not to exceed: of products the least size inside, of sums the sum."""
    sizes = [int(d) for d in x.shape if d.is_Integer]
    least = min(sizes, default=None)
    inner: list[int | None]
    if isinstance(x, MatAdd):
        inner = [_rank(a) for a in x.args]
        return least if None in inner else _least([least, sum(inner)])  # type: ignore[arg-type]
    if isinstance(x, OneMatrix):
        return 1
    if isinstance(x, ZeroMatrix):
        return 0
    if isinstance(x, Transpose):
        return _rank(x.arg)
    if isinstance(x, MatMul):
        return _least([least, *[_rank(a) for a in x.args if a.is_Matrix]])
    if isinstance(x, HadamardProduct | KroneckerProduct):
        inner = [_rank(a) for a in x.args]
        return least if None in inner else _least([least, prod(inner)])  # type: ignore[arg-type]
    return least


def _least(ranks: Iterable[int | None]) -> int | None:
    return min((r for r in ranks if r is not None), default=None)


def is_positive(x: Expr) -> bool:
    """Tell whether a scalar, or every entry of a matrix, is seen to be positive."""
    if not x.is_Matrix and x.is_positive:
        return True
    if isinstance(x, MatrixSymbol) or x.is_Symbol:
        return facts().has(x, "positive")
    if isinstance(x, OneMatrix):
        return True
    if x.is_Add or x.is_Mul or isinstance(x, MatAdd | HadamardProduct | MatMul):
        return all(is_positive(a) for a in x.args)
    entry = _entry(x)
    known = entry.positive if entry else ""
    if known == "argument":
        return is_positive(x.args[0])
    return known == "always" or (known == "posdef" and is_posdef(x.args[0]))


def _entry(x: Expr) -> Operation | None:
    """Return the record of a function, also of one that is applied entry by entry."""
    return record(scalar_function(x) if isinstance(x, ElementwiseApplyFunction) else type(x))


def is_nonnegative(x: Expr) -> bool:
    """Tell whether a scalar is seen to be zero or more."""
    if x.is_nonnegative or is_positive(x):
        return True
    entry = _entry(x)
    if entry and entry.nonnegative:
        return True
    if isinstance(x, Trace):
        return is_semidefinite(x.arg)
    if x.is_Add or x.is_Mul:
        return all(is_nonnegative(a) for a in x.args)
    if x.is_Pow:
        return is_nonnegative(x.base) or bool(x.exp.is_even)
    return False
