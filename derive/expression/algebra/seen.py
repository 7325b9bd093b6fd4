"""What is seen of an expression from how it is built, under the assumptions in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from math import prod

from sympy import Add, Expr, OneMatrix, S, ZeroMatrix

from derive.expression.algebra import core
from derive.expression.algebra.recursion import RECURSION
from derive.expression.elementwise import scalar_function
from derive.expression.facts import facts, remembered
from derive.expression.operation import Operation, kind, known_as, record
from derive.expression.walk import parts

_SYMMETRIC = ("symmetric", "posdef", "structured-symmetric", "structured-diagonal")


@RECURSION.provide
@remembered
def is_symmetric(x: Expr) -> bool:
    """Tell whether a matrix is seen to be symmetric; False means only that it is not seen."""
    if x.shape[0] != x.shape[1]:
        return False
    word = kind(x)
    if word == "matrix":
        return facts().has(x, *_SYMMETRIC)
    if word == "matrix product":
        matrices = _factors(x)
        return all(core.t(a) == core.t(core.t(b)) for a, b in zip(matrices, reversed(matrices), strict=True))
    if word in ("sum", "elementwise product"):
        # Counted, not only present: X + X + X' is not symmetric. A transpose of a product is written in two ways.
        turned = [core.t(a) for a in x.args]
        return Counter(core.t(a) for a in turned) == Counter(core.t(core.t(a)) for a in turned)
    entry = known_as(type(x))
    return entry is not None and _follows(entry.symmetric, x, is_symmetric)


def _follows(word: str, x: Expr, holds: Callable[[Expr], bool]) -> bool:
    """Tell whether a property of a function is seen, by the word of its record for what the property follows from."""
    if word in ("", "always"):
        return bool(word)
    matrices = [a for a in parts(x) if a.is_Matrix]
    if word == "any":
        return any(map(holds, matrices))
    return all(map(holds, parts(x)[:1] if word == "argument" else matrices))


def _factors(x: Expr) -> list[Expr]:
    """Return the matrices of a product, however it is bracketed or transposed."""
    if kind(x) == "matrix product":
        return [f for a in x.args if a.is_Matrix for f in _factors(a)]
    if kind(x) == "transpose" and kind(x.arg) in ("matrix product", "transpose"):
        return [core.t(f) for f in reversed(_factors(x.arg))]
    return [x]


@RECURSION.provide
def is_orthogonal(x: Expr) -> bool:
    """Tell whether a matrix is seen to be orthogonal."""
    if kind(x) == "transpose":
        return is_orthogonal(x.arg)
    return kind(x) == "matrix" and facts().has(x, "orthogonal")


@RECURSION.provide
def adds_to_one(x: Expr) -> frozenset[str]:
    """Return whether the rows, the columns or both of a matrix are seen to add up to 1 each."""
    if kind(x) == "transpose":
        turned = {"rows": "columns", "columns": "rows"}
        return frozenset(turned[side] for side in adds_to_one(x.arg))
    return _totals(x, "sums_to_one") | _totals(x, "onehot") if kind(x) == "matrix" else frozenset()


@RECURSION.provide
def is_onehot(x: Expr) -> bool:
    """Tell whether a matrix is seen to be made of zeros and ones."""
    return is_onehot(x.arg) if kind(x) == "transpose" else kind(x) == "matrix" and bool(_totals(x, "onehot"))


def _totals(x: Expr, word: str) -> frozenset[str]:
    known = facts()
    sides = {side for side in ("rows", "columns") if known.has(x, f"{word} {side}")}
    if known.has(x, word):
        sides.add("columns" if x.shape[1] == 1 else "rows")
    return frozenset(sides)


@remembered
def is_centred(x: Expr) -> bool:
    """Tell whether every column of a matrix is seen to add up to zero: x - (Σx/n) 1, X - 1 1'X/n, products of such."""
    if kind(x) == "matrix product":
        return is_centred(next(a for a in x.args if a.is_Matrix))
    terms = x.args if kind(x) == "sum" else ()
    if kind(x) == "transpose" and kind(x.arg) == "sum":
        terms = tuple(core.t(a) for a in x.arg.args)
    if not terms or x.shape[0] == 1:
        return False
    firsts = [core.split(a)[1][0] for a in terms]
    return any(kind(a) == "ones" or is_centred(a) for a in firsts) and _adds_to_zero(terms)


def _adds_to_zero(terms: tuple[Expr, ...]) -> bool:
    rows, columns = terms[0].shape
    if columns == 1:
        return Add(*[core.entry_sum(a) for a in terms]) == 0
    return isinstance(core.add(*[core.dot(OneMatrix(1, rows), a) for a in terms]), ZeroMatrix)


@RECURSION.provide
def is_diagonal(x: Expr) -> bool:
    """Tell whether a matrix is seen to be diagonal."""
    if kind(x) == "matrix":
        return facts().has(x, "structured-diagonal")
    entry = known_as(type(x))
    return entry is not None and _follows(entry.diagonal, x, is_diagonal)


def is_posdef(x: Expr) -> bool:
    """Tell whether a matrix is seen to be symmetric and positive definite."""
    word = kind(x)
    if word == "matrix":
        return facts().has(x, "posdef")
    if word == "identity":
        return True
    if word in ("inverse", "transpose"):
        return is_posdef(x.args[0])
    if word == "sum":
        return any(is_posdef(a) for a in x.args) and all(is_posdef(a) or is_semidefinite(a) for a in x.args)
    if word == "matrix product" and len(x.args) == 2 and not x.args[0].is_Matrix:
        return is_positive(x.args[0]) and is_posdef(x.args[1])
    return False


def is_semidefinite(x: Expr) -> bool:
    """Tell whether a matrix is seen to be symmetric and positive semidefinite."""
    if is_posdef(x):
        return True
    if kind(x) == "matrix product":
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
    word = kind(x)
    if word == "sum":
        inner = [_rank(a) for a in x.args]
        return least if None in inner else _least([least, sum(inner)])  # type: ignore[arg-type]
    if word == "ones":
        return 1
    if word == "zeros":
        return 0
    if word == "transpose":
        return _rank(x.arg)
    if word == "matrix product":
        return _least([least, *[_rank(a) for a in x.args if a.is_Matrix]])
    if word in ("elementwise product", "Kronecker product"):
        inner = [_rank(a) for a in x.args]
        return least if None in inner else _least([least, prod(inner)])  # type: ignore[arg-type]
    return least


def _least(ranks: Iterable[int | None]) -> int | None:
    return min((r for r in ranks if r is not None), default=None)


def is_positive(x: Expr) -> bool:
    """Tell whether a scalar, or every entry of a matrix, is seen to be positive."""
    if not x.is_Matrix and x.is_positive:
        return True
    word = kind(x)
    if word in ("matrix", "scalar"):
        return facts().has(x, "positive")
    if word in ("sum", "product", "matrix product", "elementwise product"):
        return all(is_positive(a) for a in x.args)
    entry = _entry(x)
    known = entry.positive if entry else ""
    if known == "argument":
        return is_positive(x.args[0])
    return known == "always" or (known == "posdef" and is_posdef(x.args[0]))


def _entry(x: Expr) -> Operation | None:
    """Return the record of a function, also of one that is applied entry by entry."""
    return record(scalar_function(x) if kind(x) == "function of entries" else type(x))


def is_nonnegative(x: Expr) -> bool:
    """Tell whether a scalar is seen to be zero or more."""
    if x.is_nonnegative or is_positive(x):
        return True
    entry = _entry(x)
    if entry and entry.nonnegative:
        return True
    if kind(x) == "trace":
        return is_semidefinite(x.arg)
    if x.is_Add or x.is_Mul:
        return all(is_nonnegative(a) for a in x.args)
    if x.is_Pow:
        return is_nonnegative(x.base) or bool(x.exp.is_even)
    return False
