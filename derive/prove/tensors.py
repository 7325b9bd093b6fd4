"""Sums and contractions of values in index notation.

Every linear operation on matrices is a choice of which indices are joined and which stay free: `combine`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product as choices

from sympy import Expr

from derive.prove.recursion import RECURSION
from derive.prove.settling import Net, from_net, settle, size_factors
from derive.prove.space import (
    EMPTY,
    MAX_TERMS,
    Coefficient,
    Factor,
    Group,
    Space,
    Structure,
    Term,
    Undecided,
    Value,
)

#: (which value, which position of its root).
Place = tuple[int, int]


def constant(space: Space, c: Coefficient) -> Value:
    """Return a number as a value."""
    return Value((), (), {(EMPTY, ()): c} if c else {})


def scalar(space: Space, factors: Iterable[tuple[int, object]], c: Coefficient = 1) -> Value:
    """Return a product of scalar atoms as a value."""
    out: dict[Term, Coefficient] = {}
    settle(space, c, Net({}, (), (), [(a, e, ()) for a, e in factors]), out)
    return Value((), (), out)


def of_size(space: Space, size: Expr) -> Value:
    """Return a product of sizes as a scalar value."""
    c, factors = size_factors(space, size)
    return scalar(space, [(a, e) for a, e, _ in factors], c)


@RECURSION.provide
def combine(
    space: Space,
    values: Sequence[Value],
    joins: Iterable[tuple[Place, Place]],
    row: Sequence[Place],
    column: Sequence[Place],
) -> Value:
    """Return the product of values with places of their roots joined; `row` and `column` stay free.

    A place that stays free may be named several times. All others are summed. Raises Undecided.
    """
    joins = list(joins)
    count = 1
    for v in values:
        count *= len(v.terms)
    if count > MAX_TERMS:
        raise Undecided(f"a product would have {count} terms")
    out: dict[Term, Coefficient] = {}
    for chosen in choices(*[v.terms.items() for v in values]):
        sizes: dict[int, int] = {}
        factors: list[Factor] = []
        roots: list[Group] = []
        c: Coefficient = 1
        for (number, monomial), k in chosen:
            structure, shift = space.structures[number], len(sizes)
            sizes.update((shift + i, s) for i, s in enumerate(structure.sizes))
            roots.append(tuple([shift + i for i in structure.root]))
            factors.extend([(a, e, ()) for a, e in monomial])
            for a, e, groups in structure.factors:
                factors.append((a, e, tuple([tuple([shift + i for i in g]) for g in groups])))
            c *= k
        net = Net(
            sizes,
            tuple([roots[v][p] for v, p in row]),
            tuple([roots[v][p] for v, p in column]),
            factors,
        )
        settle(space, c, net.joined((roots[v][p], roots[w][q]) for (v, p), (w, q) in joins), out)
    size = [v.sizes for v in values]
    return Value(tuple([size[v][p] for v, p in row]), tuple([size[v][p] for v, p in column]), out)


def places(k: int, v: Value, side: str) -> list[Place]:
    """Return the places of a value's row or column, v being the k-th value of a combination."""
    n = len(v.rows)
    return [(k, p) for p in (range(n) if side == "row" else range(n, n + len(v.columns)))]


def total(space: Space, values: Sequence[Value]) -> Value:
    """Return the sum of values of one shape."""
    result = values[0]
    for v in values[1:]:
        result, v = aligned(space, result, "row", v, "row")
        result, v = aligned(space, result, "column", v, "column")
        # Refining one side may have refined the other.
        result, v = aligned(space, result, "row", v, "row")
        if result.rows != v.rows or result.columns != v.columns:
            raise Undecided("two ways of splitting a size do not fit")
        terms = dict(result.terms)
        for term, c in v.terms.items():
            c += terms.get(term, 0)
            if c:
                terms[term] = c
            else:
                del terms[term]
        if len(terms) > MAX_TERMS:
            raise Undecided("a sum grows too long")
        result = Value(result.rows, result.columns, terms)
    return result


def scaled(v: Value, c: Coefficient) -> Value:
    """Return a value times a number."""
    return Value(v.rows, v.columns, {t: c * k for t, k in v.terms.items()} if c else {})


def times_scalar(space: Space, v: Value, s: Value) -> Value:
    """Return a value times a scalar value."""
    return combine(space, [s, v], [], places(1, v, "row"), places(1, v, "column"))


def product(space: Space, values: Sequence[Value]) -> Value:
    """Return the matrix product."""
    chain = list(values)
    if space.factored and len(chain) > 1:
        chain = [RECURSION.kept_whole(space, v) for v in chain]
    for k in range(len(chain) - 1):
        chain[k], chain[k + 1] = aligned(space, chain[k], "column", chain[k + 1], "row")
    joins = [
        pair
        for k in range(len(chain) - 1)
        for pair in zip(places(k, chain[k], "column"), places(k + 1, chain[k + 1], "row"), strict=True)
    ]
    last = len(chain) - 1
    return combine(space, chain, joins, places(0, chain[0], "row"), places(last, chain[last], "column"))


def transpose(space: Space, v: Value) -> Value:
    """Return the transpose."""
    return combine(space, [v], [], places(0, v, "column"), places(0, v, "row"))


def hadamard(space: Space, values: Sequence[Value]) -> Value:
    """Return the elementwise product."""
    result = values[0]
    for v in values[1:]:
        for side in ("row", "column", "row"):
            result, v = aligned(space, result, side, v, side)
        joins = [
            pair
            for side in ("row", "column")
            for pair in zip(places(0, result, side), places(1, v, side), strict=True)
        ]
        result = combine(space, [result, v], joins, places(0, result, "row"), places(0, result, "column"))
    return result


def kron(space: Space, values: Sequence[Value]) -> Value:
    """Return the Kronecker product."""
    row = [p for k, v in enumerate(values) for p in places(k, v, "row")]
    column = [p for k, v in enumerate(values) for p in places(k, v, "column")]
    return combine(space, values, [], row, column)


def vec(space: Space, v: Value) -> Value:
    """Return the columns, stacked: the column's index is the more significant one."""
    return combine(space, [v], [], places(0, v, "column") + places(0, v, "row"), [])


def reshape(space: Space, v: Value, rows: tuple[int, ...], columns: tuple[int, ...]) -> Value:
    """Return the matrix of which a value is the vec. Raises Undecided where the value's size is split otherwise."""
    v = aligned(space, v, "row", ones(space, columns + rows, ()), "row")[0]
    found = places(0, v, "row")
    cut = next(
        (k for k in range(len(found) + 1) if _product(space, v.rows[:k]) == _product(space, columns)), 0
    )
    return combine(space, [v], [], found[cut:], found[:cut])


def _product(space: Space, numbers: tuple[int, ...]) -> Expr:
    return space.product_size(numbers)


def entry_sum(space: Space, v: Value) -> Value:
    """Return the sum of all entries."""
    return combine(space, [v], [], [], [])


def square(space: Space, v: Value) -> Value:
    """Return a square value with the sizes of row and column split alike."""
    if v.rows != v.columns:
        flipped = transpose(space, v)
        v = aligned(space, v, "row", flipped, "row")[0]
        v = aligned(space, v, "column", transpose(space, v), "column")[0]
        if v.rows != v.columns:
            raise Undecided("two ways of splitting a size do not fit")
    return v


def trace(space: Space, v: Value) -> Value:
    """Return the trace."""
    v = square(space, v)
    return combine(space, [v], zip(places(0, v, "row"), places(0, v, "column"), strict=True), [], [])


def diagonal(space: Space, v: Value) -> Value:
    """Return the column of a square value's diagonal."""
    v = square(space, v)
    joins = zip(places(0, v, "row"), places(0, v, "column"), strict=True)
    return combine(space, [v], joins, places(0, v, "row"), [])


def diagonal_matrix(space: Space, v: Value) -> Value:
    """Return the diagonal matrix of a column."""
    return combine(space, [v], [], places(0, v, "row"), places(0, v, "row"))


def ones(space: Space, rows: tuple[int, ...], columns: tuple[int, ...]) -> Value:
    """Return the matrix of ones."""
    sizes = dict(enumerate(rows + columns))
    n = len(rows)
    return from_net(space, Net(sizes, tuple(range(n)), tuple(range(n, len(sizes))), []))


def identity(space: Space, sizes: tuple[int, ...]) -> Value:
    """Return the identity."""
    every = tuple(range(len(sizes)))
    return from_net(space, Net(dict(enumerate(sizes)), every, every, []))


# ------------------------------------------------------------------------- sizes that are products


def aligned(space: Space, v: Value, v_side: str, w: Value, w_side: str) -> tuple[Value, Value]:
    """Split the indices of two sides until both have the same sizes in the same order.

    Raises Undecided where the sizes have no common refinement.
    """
    for _ in range(16):
        a, b = _side(v, v_side), _side(w, w_side)
        if a == b:
            return v, w
        p = next((p for p, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
        if p is None:
            break
        if (parts := _split_like(space, a[p], b[p:])) is not None:
            v = _refined(space, v, p + (len(v.rows) if v_side == "column" else 0), parts)
        elif (parts := _split_like(space, b[p], a[p:])) is not None:
            w = _refined(space, w, p + (len(w.rows) if w_side == "column" else 0), parts)
        else:
            break
    raise Undecided("two ways of splitting a size do not fit")


def _side(v: Value, side: str) -> tuple[int, ...]:
    return v.rows if side == "row" else v.columns


def _split_like(space: Space, size: int, parts: tuple[int, ...]) -> tuple[int, ...] | None:
    for k in range(2, len(parts) + 1):
        if space.product_size(parts[:k]) == space.sizes[size]:
            return parts[:k]
    return None


def _refined(space: Space, v: Value, position: int, parts: tuple[int, ...]) -> Value:
    """Split the index at a position of the root, in all terms, and whichever a term ties to it."""
    tied = {position}
    for number, _ in v.terms:
        root = space.structures[number].root
        found = {root[p] for p in tied}
        tied |= {p for p, i in enumerate(root) if i in found}
    out: dict[Term, Coefficient] = {}
    for (number, monomial), c in v.terms.items():
        net = _split(space.structures[number], tied, parts)
        net.factors.extend((a, e, ()) for a, e in monomial)
        settle(space, c, net, out)
    rows = _split_sizes(v.rows, 0, tied, parts)
    columns = _split_sizes(v.columns, len(v.rows), tied, parts)
    return Value(rows, columns, out)


def _split_sizes(
    sizes: tuple[int, ...], start: int, tied: set[int], parts: tuple[int, ...]
) -> tuple[int, ...]:
    return tuple(q for p, s in enumerate(sizes) for q in (parts if p + start in tied else (s,)))


def _split(structure: Structure, tied: set[int], parts: tuple[int, ...]) -> Net:
    sizes = dict(enumerate(structure.sizes))
    to: dict[int, Group] = {i: (i,) for i in sizes}
    for i in {structure.root[p] for p in tied}:
        fresh = len(sizes) + len(parts)
        while any(j in sizes for j in range(fresh, fresh + len(parts))):
            fresh += len(parts)
        del sizes[i]
        to[i] = tuple(range(fresh, fresh + len(parts)))
        sizes.update(zip(to[i], parts, strict=True))

    def mapped(group: Group) -> Group:
        return tuple([j for i in group for j in to[i]])

    return Net(
        sizes,
        mapped(structure.row),
        mapped(structure.column),
        [(a, e, tuple([mapped(g) for g in groups])) for a, e, groups in structure.factors],
    )
