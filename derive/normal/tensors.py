"""Sums and contractions of values in index notation.

Every linear operation on matrices is a choice of which indices are joined and which stay free: `combine`. A
term that comes out of it is settled: powers of one atom are added up, laws are applied (`rewriting`), factors
without free indices become scalar atoms, and the rest is labelled canonically.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product as choices
from typing import NamedTuple

from sympy import Add, Expr, Mul

from derive.normal.labelling import certificate
from derive.normal.space import (
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
    exponent,
    is_rational,
    plus,
    whole_part,
)

#: (which value, which position of its root).
Place = tuple[int, int]


class Net(NamedTuple):
    """A term before it is settled: sizes by index, the free indices, and the factors."""

    sizes: dict[int, int]
    row: Group
    column: Group
    factors: list[Factor]

    @property
    def root(self) -> Group:
        """Return the free indices by position, those of the row first."""
        return self.row + self.column

    def degrees(self) -> dict[int, int]:
        """Return how often each index occurs, at the root and in factors."""
        count = dict.fromkeys(self.sizes, 0)
        for i in self.root:
            count[i] += 1
        for _, _, groups in self.factors:
            for g in groups:
                for i in g:
                    count[i] += 1
        return count

    def joined(self, pairs: Iterable[tuple[int, int]]) -> Net:
        """Return the net with pairs of indices made one."""
        parent: dict[int, int] = {}

        def find(i: int) -> int:
            while i in parent:
                i = parent[i]
            return i

        for a, b in pairs:
            a, b = find(a), find(b)
            if a != b:
                parent[max(a, b)] = min(a, b)
        if not parent:
            return self
        to = {i: find(i) for i in self.sizes}
        return Net(
            {i: s for i, s in self.sizes.items() if i not in parent},
            tuple([to[i] for i in self.row]),
            tuple([to[i] for i in self.column]),
            [(a, e, tuple([tuple([to[i] for i in g]) for g in groups])) for a, e, groups in self.factors],
        )

    def attached(self, space: Space, term: Term, at: Sequence[Group]) -> Net:
        """Return the net times a term whose root stands at the given indices."""
        structure = space.structures[term[0]]
        shift = max(self.sizes, default=-1) + 1
        sizes = dict(self.sizes)
        sizes.update((shift + i, s) for i, s in enumerate(structure.sizes))
        to: dict[int, Group] = {i: (shift + i,) for i in range(len(structure.sizes))}
        pairs: list[tuple[int, int]] = []
        for i, group in zip(structure.root, at, strict=True):
            if to[i] == (shift + i,):
                del sizes[shift + i]
                to[i] = group
            else:
                pairs.extend(zip(to[i], group, strict=True))
        factors = self.factors + [(a, e, ()) for a, e in term[1]]
        for a, e, groups in structure.factors:
            factors.append((a, e, tuple([tuple([j for i in g for j in to[i]]) for g in groups])))
        return Net(sizes, self.row, self.column, factors).joined(pairs)


# --------------------------------------------------------------------------------------------- settling


def settle(
    space: Space,
    coefficient: Coefficient,
    net: Net,
    out: dict[Term, Coefficient],
) -> None:
    """Add a net's canonical terms to a sum. Raises Undecided."""
    from derive.normal.rewriting import contracted, reduced

    todo = [(coefficient, net)]
    while todo:
        c, net = todo.pop()
        space.tick(2 + len(net.factors))
        if len(todo) > MAX_TERMS:
            raise Undecided("a sum grows too long")
        c, net = _merged(space, c, net)
        rewritten = contracted(space, net)
        if rewritten is None:
            rewritten = reduced(space, net)
        if rewritten is None:
            scalars = sum(not groups for _, _, groups in net.factors)
            c, net, components = _closed(space, c, net)
            if sum(not groups for _, _, groups in net.factors) > scalars:
                c, net = _merged(space, c, net)
                rewritten = reduced(space, net)
        if rewritten is not None:
            todo.extend((c * d, n) for d, n in rewritten)
            continue
        term = _labelled(space, net, components)
        total = out.get(term, 0) + c
        if total:
            out[term] = total
        else:
            out.pop(term, None)
    if len(out) > MAX_TERMS:
        raise Undecided("a sum grows too long")


def _merged(space: Space, c: Coefficient, net: Net) -> tuple[Coefficient, Net]:
    """Add up the exponents of equal atoms; whole powers of numbers go into the coefficient."""
    powers: dict[tuple[int, tuple[Group, ...]], object] = {}
    for a, e, groups in net.factors:
        symmetries = space.atoms[a].symmetries
        if symmetries:
            groups = min([groups, *[tuple([groups[k] for k in way]) for way in symmetries]])
        key = (a, groups)
        powers[key] = plus(powers[key], e) if key in powers else e
    factors: list[Factor] = []
    for (a, groups), e in powers.items():
        if space.atoms[a].kind == "number":
            whole, number = whole_part(e), space.atoms[a].name
            c, e = c * Fraction(number) ** whole, plus(e, -whole)
            if number == -1 and not is_rational(e):  # (-1)^(2n) = 1 for a size n
                e = exponent(_parity(e))
        if e != 0:
            factors.append((a, e, groups))
    return c, Net(net.sizes, net.row, net.column, factors)


def _parity(e: Expr) -> Expr:
    return Add(*[(c % 2) * Mul(*rest) for c, rest in (t.as_coeff_mul() for t in Add.make_args(e)) if c % 2])


def _closed(space: Space, c: Coefficient, net: Net) -> tuple[Coefficient, Net, list[list[Factor]]]:
    """Turn the factors that hang on no free index into scalar atoms, and lone indices into sizes."""
    root = set(net.root)
    lead: dict[int, int] = {}

    def find(i: int) -> int:
        while lead[i] != i:
            i = lead[i]
        return i

    for _, _, groups in net.factors:
        summed = [i for g in groups for i in g if i not in root]
        for i in summed:
            lead.setdefault(i, i)
        for i in summed[1:]:
            lead[find(i)] = find(summed[0])
    parts: dict[int, list[Factor]] = {}
    scalars: list[Factor] = []
    open_parts: list[list[Factor]] = []
    for f in net.factors:
        indices = [i for g in f[2] for i in g]
        inner = next((i for i in indices if i not in root), None)
        if not indices:
            scalars.append(f)
        elif inner is None:
            open_parts.append([f])
        else:
            parts.setdefault(find(inner), []).append(f)
    sizes = {i: net.sizes[i] for i in root}
    for part in parts.values():
        indices_of = {i for _, _, groups in part for g in groups for i in g}
        if indices_of & root:
            open_parts.append(part)
            sizes.update((i, net.sizes[i]) for i in indices_of)
        else:
            scalars.append((_closed_atom(space, part, sorted(indices_of), net.sizes), 1, ()))
    for i, s in net.sizes.items():
        if i not in root and i not in lead:
            k, factors = size_factors(space, space.sizes[s])
            c *= k
            scalars.extend(factors)
    kept = [f for part in open_parts for f in part]
    return c, Net(sizes, net.row, net.column, scalars + kept), open_parts


def _closed_atom(space: Space, part: list[Factor], summed: list[int], sizes: Mapping[int, int]) -> int:
    part, summed, sizes = fused(space, part, summed, sizes)
    number = space.component(certificate(space, part, summed, sizes, {}))
    return space.atom("closed", number, sign=sign_of_factors(space, part))


def sign_of_factors(space: Space, factors: Iterable[tuple[int, object, object]]) -> int:
    """Return 2 if a product is seen to be positive at all indices, 1 if not negative, else 0."""
    least = 2
    for a, e, _ in factors:
        sign = space.atoms[a].sign
        if sign == 0 and is_rational(e) and (not isinstance(e, int) or e % 2 == 0):
            sign = 1  # a root is not negative, nor is a square
        least = min(least, sign)
    return least


def fused(
    space: Space, part: list[Factor], summed: list[int], sizes: Mapping[int, int]
) -> tuple[list[Factor], list[int], Mapping[int, int]]:
    """Make one index of two summed ones that stand only side by side, in one order."""
    after: dict[int, set[int]] = {}
    before: dict[int, set[int]] = {}
    if all(len(g) < 2 for _, _, groups in part for g in groups):
        return part, summed, sizes
    for _, _, groups in part:
        for g in groups:
            for a, b in zip((-1, *g), (*g, -1), strict=True):
                after.setdefault(a, set()).add(b)
                before.setdefault(b, set()).add(a)
    for a in summed:
        follower = next(iter(after[a])) if len(after[a]) == 1 else -1
        if follower in summed and before[follower] == {a} and follower != a:
            fewer = [(x, e, tuple(tuple(i for i in g if i != follower) for g in gs)) for x, e, gs in part]
            whole = space.size(space.product_size([sizes[a], sizes[follower]]))
            return fused(space, fewer, [i for i in summed if i != follower], {**sizes, a: whole})
    return part, summed, sizes


def size_factors(space: Space, size: Expr) -> tuple[Coefficient, list[Factor]]:
    """Return a size as a coefficient and scalar atoms."""
    c: Coefficient = 1
    factors: list[Factor] = []
    for part in Mul.make_args(size):
        base, e = part.as_base_exp()
        if part.is_Integer:
            c *= int(part)
        else:
            factors.append((space.atom("size", base, sign=2), int(e), ()))
    return c, factors


def _labelled(space: Space, net: Net, components: list[list[Factor]]) -> Term:
    scalars = tuple(sorted([(a, e) for a, e, groups in net.factors if not groups]))
    if not net.root:
        return EMPTY, scalars
    number: dict[int, int] = {}
    for i in net.root:
        number.setdefault(i, len(number))
    numbers = []
    for part in components:
        summed = sorted({i for _, _, groups in part for g in groups for i in g if i not in number})
        part, summed, sizes = fused(space, part, summed, net.sizes)
        numbers.append(space.component(certificate(space, part, summed, sizes, number)))
    return (
        space.structure(
            tuple([net.sizes[i] for i in number]),
            tuple([number[i] for i in net.row]),
            tuple([number[i] for i in net.column]),
            tuple(sorted(numbers)),
        ),
        scalars,
    )


# ------------------------------------------------------------------------------------------- operations


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


def from_net(space: Space, net: Net, c: Coefficient = 1) -> Value:
    """Return the value of one net."""
    out: dict[Term, Coefficient] = {}
    settle(space, c, net, out)
    return Value(tuple([net.sizes[i] for i in net.row]), tuple([net.sizes[i] for i in net.column]), out)


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
        from derive.normal.entrywise import kept_whole

        chain = [kept_whole(space, v) for v in chain]
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
