"""From index notation back to matrices: Σ_ij m_i A_ij m_j is m'·A·m.

Factors with the same indices are multiplied entry by entry. Then the indices that are summed over are taken away one
after the other, those with the fewest matrices first: k in A_ik, v_k, B_kj leaves A·diag(v)·B; in A_ik alone the column
A·1; in columns alone a scalar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sympy import Expr, Identity, S

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.operation import kind
from derive.moments.nets import Factor, Index


def contract(
    coefficient: Expr,
    factors: Iterable[Factor],
    equal: Iterable[tuple[int, int]],
    free: tuple[Index, Index],
    sizes: Mapping[int, Expr],
    summed: Iterable[int],
) -> Expr:
    """Return a product of arrays, summed over indices, as a matrix expression over the free indices.

    `equal` are pairs of indices that have to be the same, by which a sum becomes one over fewer indices. Raises
    InputError where no product of matrices is such a sum.
    """
    return _Net(coefficient, list(factors), list(equal), free, sizes, list(summed)).matrix()


class _Net:
    """The arrays of a product by their indices, while indices are taken away."""

    def __init__(
        self,
        coefficient: Expr,
        factors: list[Factor],
        equal: list[tuple[int, int]],
        free: tuple[Index, Index],
        sizes: Mapping[int, Expr],
        summed: Sequence[int],
    ) -> None:
        self.sizes, self.scalars = sizes, [coefficient]
        self.free = [i for i in free if i is not None]
        self.shape = tuple(S.One if i is None else sizes[i] for i in free)
        self.row, self.column = free
        self.to: dict[int, int] = {}
        self.arrays: dict[tuple[int, ...], list[Expr]] = {}
        self._identify(factors, equal)
        kept = [f for f in factors if not self._is_delta(f)]
        for f in kept:
            self._put(tuple(map(self._root, f.indices)), f.array)
        roots = {self._root(i) for i in self.free}
        self.summed = list(dict.fromkeys(self._root(i) for i in summed if self._root(i) not in roots))

    # -- equal indices ------------------------------------------------------------------------------

    def _root(self, i: int) -> int:
        while i in self.to:
            i = self.to[i]
        return i

    @staticmethod
    def _is_delta(f: Factor) -> bool:
        return isinstance(f.array, Identity)

    def _identify(self, factors: list[Factor], equal: list[tuple[int, int]]) -> None:
        deltas = [f.indices for f in factors if self._is_delta(f)]
        for i, j in [*equal, *[(d[0], d[1]) for d in deltas]]:
            a, b = self._root(i), self._root(j)
            if a != b:
                # A free index stays, the row's before the column's.
                keep, lose = (a, b) if self._rank(a) <= self._rank(b) else (b, a)
                self.to[lose] = keep

    def _rank(self, i: int) -> int:
        return self.free.index(i) if i in self.free else len(self.free)

    # -- arrays --------------------------------------------------------------------------------------

    def _put(self, indices: tuple[int, ...], x: Expr) -> None:
        if len(indices) == 2 and indices[0] == indices[1]:
            indices, x = indices[:1], algebra.diag(x)
        if len(indices) == 2 and indices[::-1] in self.arrays:
            indices, x = indices[::-1], algebra.t(x)
        scale, parts = algebra.split(x)
        if scale != 1:
            self.scalars.append(scale)
            x = algebra.dot(*parts)
        if indices:
            self.arrays.setdefault(indices, []).append(x)
        else:
            self.scalars.append(algebra.trace(x))

    def _taken(self, indices: tuple[int, ...]) -> Expr | None:
        found = self.arrays.pop(indices, [])
        return algebra.hadamard(*found) if len(found) > 1 else found[0] if found else None

    def _edges(self, k: int) -> int:
        """The number of matrices that an index has."""
        return sum(len(found) for indices, found in self.arrays.items() if len(indices) == 2 and k in indices)

    def _sides(self, k: int) -> list[tuple[int, Expr]]:
        """Take the matrices with the index k away, each as (its other index, the matrix with k as its columns).

        Several between the same two indices are multiplied entry by entry where three or more would stay.
        """
        keys = [indices for indices in self.arrays if len(indices) == 2 and k in indices]
        merge = self._edges(k) > 2
        sides = []
        for indices in keys:
            found = [self._taken(indices)] if merge else self.arrays.pop(indices)
            end = indices[0] if indices[1] == k else indices[1]
            sides += [(end, x if indices[1] == k else algebra.t(x)) for x in found]
        if len(sides) > 2:
            raise InputError(
                "three matrices or more share an index in the result, and no product of matrices is such a sum: ask "
                "for a part of it"
            )
        return sides

    # -- the sums ------------------------------------------------------------------------------------

    def matrix(self) -> Expr:
        """Return the product over the free indices."""
        waiting = list(self.summed)
        while waiting:
            k = min(waiting, key=lambda index: (self._edges(index), waiting.index(index)))
            waiting.remove(k)
            self._sum_over(k)
        return self._open()

    def _sum_over(self, k: int) -> None:
        column = self._taken((k,))
        sides = self._sides(k)
        if not sides:
            self.scalars.append(self.sizes[k] if column is None else _inner(column))
        elif len(sides) == 1:
            ((end, x),) = sides
            v = algebra.ones((self.sizes[k], S.One)) if column is None else column
            self._put((end,), algebra.dot(x, v))
        else:
            (i, x), (j, y) = sides
            between = [] if column is None else [algebra.diag(column)]
            self._put((i, j), algebra.dot(x, *between, algebra.t(y)))

    def _open(self) -> Expr:
        """Put the free indices' arrays together."""
        scalar = S.One
        for a in self.scalars:
            scalar = scalar * a
        if scalar == 0:
            return algebra.zero(self.shape)
        row, column = self.row, self.column
        if row is None and column is None:
            return scalar
        if row is None or column is None:
            k = row if row is not None else column
            assert k is not None
            v = self._taken((self._root(k),))
            v = algebra.ones((self.sizes[k], S.One)) if v is None else v
            return algebra.dot(scalar, v if row is not None else algebra.t(v))
        if self._root(row) == self._root(column):
            v = self._taken((self._root(row),))
            middle = Identity(self.sizes[row]) if v is None else algebra.diag(v)
            return algebra.dot(scalar, middle)
        whole = self._taken((row, column))
        flipped = self._taken((column, row))
        if flipped is not None:
            flipped = algebra.t(flipped)
            whole = flipped if whole is None else algebra.hadamard(whole, flipped)
        u, v = self._taken((row,)), self._taken((column,))
        if whole is None:
            u = algebra.ones((self.sizes[row], S.One)) if u is None else u
            v = algebra.ones((self.sizes[column], S.One)) if v is None else v
            return algebra.dot(scalar, u, algebra.t(v))
        left = [] if u is None else [algebra.diag(u)]
        right = [] if v is None else [algebra.diag(v)]
        return algebra.dot(scalar, *left, whole, *right)


def _inner(column: Expr) -> Expr:
    """Return Σ_k of a column; of an entrywise product of two, the scalar product that people write."""
    if kind(column) == "sum" and any(kind(a) in ("ones", "diagonal") for a in column.args):
        return sum((_inner(a) for a in column.args), S.Zero)
    scale, factors = algebra.split(column)
    if len(factors) > 1 and kind(factors[-1]) == "ones":
        return scale * algebra.entry_sum(algebra.dot(*factors[:-1]))
    inner = factors[0] if len(factors) == 1 else None
    if inner is not None and kind(inner) == "diagonal":
        return scale * algebra.trace(inner.args[0])
    if inner is not None and type(inner).__name__ == "HadamardProduct" and len(inner.args) == 2:
        a, b = inner.args
        if not algebra.divides(a) and not algebra.divides(b):
            return scale * algebra.dot(algebra.t(a), b)
    if inner is not None and type(inner).__name__ == "HadamardPower" and inner.exp == 2:
        return scale * algebra.dot(algebra.t(inner.base), inner.base)
    return algebra.entry_sum(column)
