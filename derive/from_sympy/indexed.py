"""Sums over indices, Σ_i Σ_j x[i]·A[i, j]·y[j], in matrix notation.

A body is a sum of products. Every factor of a product depends on two indices at most and so is a matrix with those as
rows and columns, a column, or a scalar. Factors of the same indices are multiplied entry by entry, and the indices that
are summed over are taken away one after the other: index k of the matrices A (i, k) and B (k, j) and the columns v
over k leaves the matrix A·diag(v)·B; of A alone, the column A·v; of two columns or more, the scalar v'·w.

The expressions that are made are SymPy's, in whatever form its constructors give them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import (
    DiagMatrix,
    Expr,
    Function,
    HadamardPower,
    HadamardProduct,
    Identity,
    KroneckerDelta,
    Lambda,
    MatAdd,
    MatMul,
    Max,
    Min,
    Mul,
    OneMatrix,
    Piecewise,
    Pow,
    S,
    Sum,
    Symbol,
    Trace,
    Transpose,
    expand_mul,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagonalOf
from sympy.matrices.expressions.matexpr import MatrixElement

from derive.errors import InputError
from derive.expression.elementwise import ENTRY
from derive.expression.functions import EntrySum
from derive.from_sympy.scalar_functions import rectified

#: Index -> the size of the dimension that it runs over.
Sizes = Mapping[Symbol, Expr]


def in_matrices(e: Sum) -> Expr:
    """Return a sum over indices in matrix notation. Raises InputError where that cannot be."""
    return _array(e, (), {})


def _array(e: Expr, over: tuple[Symbol, ...], sizes: Sizes) -> Expr:
    """Return what e is at all values of at most two indices: a scalar, a column, or a matrix."""
    if isinstance(e, Sum):
        return _summed(e, over, sizes)
    if isinstance(e, MatrixElement):
        return _spread(*_element(e, sizes), over, sizes)
    if isinstance(e, KroneckerDelta):
        return _delta(e, over, sizes)
    if isinstance(e, Piecewise):
        return _array(rectified(e), over, sizes)
    depends = e.free_symbols & set(sizes)
    if not depends:
        return _spread(e, (), over, sizes)
    if e.is_Add:
        return _add([_array(a, over, sizes) for a in e.args])
    if e.is_Mul:
        return _Term(sizes).times(e.args, over).sum_over((), over)
    if isinstance(e, Pow) and over:
        base, exponent = (_array(a, over, sizes) if a.free_symbols & set(sizes) else a for a in e.args)
        if not base.is_Matrix:
            base = MatMul(base, _ones(over, sizes))
        return HadamardPower(base, exponent)
    varying = [a for a in e.args if a.free_symbols & set(sizes)]
    if isinstance(e, Function | Max | Min) and len(varying) == 1:
        f = Lambda(ENTRY, e.func(*[ENTRY if a == varying[0] else a for a in e.args], evaluate=False))
        return ElementwiseApplyFunction(f, _array(varying[0], over, sizes))
    raise _unreadable(e)


def _unreadable(e: Expr) -> InputError:
    return InputError(
        f"{str(e)[:60]} under a sum is not read: sums are over products, powers and functions of entries x[i, 0], A[i, j]"
    )


def _element(e: Any, sizes: Sizes) -> tuple[Expr, tuple[Symbol, ...]]:
    """Return an entry as an array and its indices: the matrix over (i, j), a column over i, or a scalar."""
    x, places = e.parent, []
    for index, size in zip(e.indices, x.shape, strict=True):
        if index == 0 and size == 1:
            continue
        if index not in sizes:
            raise InputError(f"the index {index} of {str(e)[:60]} is none that the sum runs over: fixed entries have no name "
                             "in the text language")  # fmt: skip
        if sizes[index] != size:
            raise InputError(
                f"the index {index} of {str(e)[:60]} runs over {sizes[index]} values, not over all {size}"
            )
        places.append(index)
    if not places:
        return Trace(x), ()
    if len(places) == 2:
        return (DiagonalOf(x), (places[0],)) if places[0] == places[1] else (x, tuple(places))
    return (x if x.shape[1] == 1 else Transpose(x)), (places[0],)


def _delta(e: Any, over: tuple[Symbol, ...], sizes: Sizes) -> Expr:
    i, j = e.args[:2]
    if i not in sizes or j not in sizes or sizes[i] != sizes[j]:
        raise InputError(f"the indices of {e} do not run over the same values of a sum")
    return _spread(Identity(sizes[i]), (i, j), over, sizes)


def _ones(over: tuple[Symbol, ...], sizes: Sizes) -> Expr:
    return OneMatrix(sizes[over[0]], sizes[over[1]] if len(over) == 2 else 1)


def _spread(x: Expr, given: tuple[Symbol, ...], over: tuple[Symbol, ...], sizes: Sizes) -> Expr:
    """Return an array over `given` as the array over `over`, which holds those indices, that has the same entries."""
    if given == over:
        return x
    if not given:
        return MatMul(x, _ones(over, sizes))
    if len(given) == 2:
        return Transpose(x)
    if given[0] == over[0]:
        return MatMul(x, OneMatrix(1, sizes[over[1]]))
    return MatMul(OneMatrix(sizes[over[0]], 1), Transpose(x))


def _add(terms: list[Expr]) -> Expr:
    return MatAdd(*terms) if terms[0].is_Matrix else sum(terms[1:], terms[0])


def _together(parts: list[Expr]) -> Expr:
    return parts[0] if len(parts) == 1 else HadamardProduct(*parts)


def _summed(e: Sum, over: tuple[Symbol, ...], sizes: Sizes) -> Expr:
    """Return a sum at all values of the indices that it is not over."""
    within = dict(sizes)
    names = []
    for index, *limits in e.limits:
        if len(limits) != 2 or limits[0] != 0 or limits[1].free_symbols & {i for i, *_ in e.limits}:
            raise InputError(
                f"the sum over {index} does not start at 0 and end at a size less 1: write (i, 0, n - 1)"
            )
        within[index] = limits[1] + 1
        names.append(index)
    if set(names) & set(sizes) or len(set(names)) < len(names):
        raise InputError(f"the index {names[0]} of a sum is that of another around it: rename one of them")
    if e.function.is_Matrix:
        raise InputError(f"{str(e)[:60]} is a sum of matrices: only sums of entries are read")
    body = expand_mul(e.function, deep=False)
    terms = body.args if body.is_Add else (body,)
    return _add([_Term(within).times(Mul.make_args(term), over).sum_over(names, over) for term in terms])


class _Term:
    """A product of factors: the scalars, and the columns and matrices by their indices."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.factors: dict[tuple[Symbol, ...], list[Expr]] = {(): []}

    def times(self, factors: tuple[Expr, ...], over: tuple[Symbol, ...]) -> _Term:
        """Take factors into the product."""
        for factor in factors:
            indices = _indices(factor, self.sizes)
            if len(indices) > 2:
                raise InputError(
                    f"{str(factor)[:60]} depends on more than two indices: no matrix has such entries"
                )
            if len(indices) == 2 and indices == over[::-1]:
                indices = over
            self._put(indices, _array(factor, indices, self.sizes))
        return self

    def _put(self, indices: tuple[Symbol, ...], x: Expr) -> None:
        if indices[::-1] in self.factors and len(indices) == 2:
            indices, x = indices[::-1], Transpose(x)
        self.factors.setdefault(indices, []).append(x)

    def sum_over(self, names: Any, over: tuple[Symbol, ...]) -> Expr:
        """Return the product, summed over indices, at all values of the others."""
        waiting = list(names)
        while waiting:
            k = min(waiting, key=lambda index: len(self._matrices(index)))
            waiting.remove(k)
            self._take_away(k)
        scalar = Mul(*self.factors[()])
        if not over:
            return scalar
        columns = [_together(self.factors[(k,)]) if (k,) in self.factors else None for k in over]
        if len(over) == 1:
            return MatMul(scalar, columns[0] if columns[0] is not None else _ones(over, self.sizes))
        kept = self._over(over)
        if kept is None and None not in columns:
            return MatMul(scalar, columns[0], Transpose(columns[1]))
        left, right = (DiagMatrix(c) if c is not None else S.One for c in columns)
        return MatMul(scalar, left, kept if kept is not None else _ones(over, self.sizes), right)

    def _over(self, over: tuple[Symbol, ...]) -> Expr | None:
        found = self.factors.get(over, []) + [Transpose(x) for x in self.factors.get(over[::-1], [])]
        return _together(found) if found else None

    def _matrices(self, k: Symbol) -> list[tuple[Symbol, ...]]:
        return [indices for indices in self.factors if len(indices) == 2 and k in indices]

    def _take_away(self, k: Symbol) -> None:
        """Sum over the index k, which leaves a scalar, a column, or a matrix."""
        columns = self.factors.pop((k,), [])
        keys = self._matrices(k)
        if not keys:
            self.factors[()].append(self._inner_product(columns, k))
            return
        if len(keys) > 2:
            raise InputError(
                f"three factors or more share the index {k} with others: no product of matrices is such a sum"
            )
        # The matrices with k as their columns, k as their rows.
        ends, sides = [], []
        for indices in keys:
            x = _together(self.factors.pop(indices))
            ends.append(indices[0] if indices[1] == k else indices[1])
            sides.append(x if indices[1] == k else Transpose(x))
        if len(keys) == 1:
            v = _together(columns) if columns else OneMatrix(self.sizes[k], 1)
            self._put((ends[0],), MatMul(sides[0], v))
            return
        between = [DiagMatrix(_together(columns))] if columns else []
        self._put((ends[0], ends[1]), MatMul(sides[0], *between, Transpose(sides[1])))

    def _inner_product(self, columns: list[Expr], k: Symbol) -> Expr:
        if not columns:
            return self.sizes[k]
        first, *rest = columns
        return Trace(MatMul(Transpose(first), _together(rest))) if rest else EntrySum(first)


def _indices(e: Expr, sizes: Sizes) -> tuple[Symbol, ...]:
    """Return the indices that an expression depends on, in the order in which it has them."""
    found: list[Symbol] = []
    free = e.free_symbols & set(sizes)
    elements = sorted(e.atoms(MatrixElement), key=lambda x: -len(set(x.indices) & free))
    for i in [i for x in elements for i in x.indices] + sorted(free, key=str):
        if i in free and i not in found:
            found.append(i)
    return tuple(found)
