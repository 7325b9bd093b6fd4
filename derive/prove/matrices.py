"""Inverses, determinants, pseudo-inverses and exponentials of matrices.

A square product falls apart where the size comes back: inv(A·B) = inv(B)·inv(A), det(A·B) = det(A)·det(B), and
so do Kronecker products. What is left becomes an atom; of a matrix and its transpose only one is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from derive.prove.entrywise import content, leading_sign, number_power, power, times_factors
from derive.prove.functions import exponential
from derive.prove.settling import Net, from_net
from derive.prove.space import (
    Coefficient,
    Exponent,
    Factor,
    Group,
    Space,
    Structure,
    Undecided,
    Value,
    exponent,
    times,
)
from derive.prove.tensors import (
    combine,
    constant,
    diagonal_matrix,
    identity,
    product,
    scalar,
    scaled,
    square,
    times_scalar,
    trace,
    transpose,
)


class Block(NamedTuple):
    """A Kronecker factor of a matrix: its positions among the row's, and its factors in a matrix product."""

    positions: Group
    factors: list[Value]


# --------------------------------------------------------------------------------------- falling apart


def blocks(space: Space, v: Value) -> list[Block]:
    """Return a square value of one term without coefficient as Kronecker factors of products."""
    ((number, _), _), *_ = v.terms.items()
    structure = space.structures[number]
    half = len(structure.row)
    whole = [Block(tuple(range(half)), [v])]
    groups = _together(structure)
    found = []
    for indices in groups:
        rows = tuple(p for p, i in enumerate(structure.row) if i in indices)
        columns = tuple(p for p, i in enumerate(structure.column) if i in indices)
        if rows != columns:
            return whole
        if not rows:
            continue
        factors = [f for f in structure.factors if any(i in indices for g in f[2] for i in g)]
        if len(rows) == 1:
            chain = _chain(space, structure, structure.row[rows[0]], structure.column[rows[0]], factors)
        else:
            net = Net(
                {i: structure.sizes[i] for i in indices},
                tuple([structure.row[p] for p in rows]),
                tuple([structure.column[p] for p in rows]),
                factors,
            )
            chain = [from_net(space, net)]
        found.append(Block(rows, chain))
    return found


def _together(structure: Structure) -> list[set[int]]:
    """Return the indices in sets that hang together."""
    return _joined([{i} for i in range(len(structure.sizes))], structure.factors)


def _joined(sets: list[set[int]], factors: Iterable[Factor]) -> list[set[int]]:
    for _, _, groups in factors:
        indices = {i for g in groups for i in g}
        touched = [s for s in sets if s & indices]
        sets = [s for s in sets if not s & indices] + [set().union(*touched)]
    return sets


def _chain(space: Space, structure: Structure, first: int, last: int, factors: list[Factor]) -> list[Value]:
    """Return the factors of a matrix product with one row and one column index."""
    size = structure.sizes[first]

    def value(row: int, column: int, some: list[Factor]) -> Value:
        indices = {row, column, *(i for _, _, groups in some for g in groups for i in g)}
        net = Net({i: structure.sizes[i] for i in indices}, (row,), (column,), some)
        return from_net(space, net)

    if first == last:
        return [value(first, last, factors)]

    def reached(start: int, without: int) -> list[Factor]:
        """Return the factors that hang together with an index when another is cut."""
        seen = {start}
        found: list[Factor] = []
        todo = list(factors)
        while True:
            near = [f for f in todo if any(i in seen for g in f[2] for i in g)]
            if not near:
                return found
            found.extend(near)
            todo = [f for f in todo if f not in near]
            seen |= {i for f in near for g in f[2] for i in g} - {without}

    cuts = []
    inner = {i for _, _, groups in factors for g in groups for i in g} - {first, last}
    for i in inner:
        if structure.sizes[i] == size:
            side = reached(first, i)
            if not any(last in g for f in side for g in f[2]):
                cuts.append((len(side), i))
    path = [first, *[i for _, i in sorted(cuts)], last]
    before: list[list[Factor]] = [[], *[reached(first, i) for i in path[1:]]]
    after: list[list[Factor]] = [*[reached(last, i) for i in path[:-1]], []]
    chain = []
    for k, i in enumerate(path):
        hanging = [f for f in factors if f not in before[k] and f not in after[k]]
        if hanging:
            chain.append(value(i, i, hanging))
        if k + 1 < len(path):
            between = [f for f in before[k + 1] if f in after[k]]
            chain.append(value(i, path[k + 1], between))
    return chain


def _is_diagonal(space: Space, v: Value) -> bool:
    return len(v.rows) == 1 and all(space.structures[n].row == space.structures[n].column for n, _ in v.terms)


def _column(space: Space, v: Value) -> Value:
    return combine(space, [v], [], [(0, 0)], [])


# -------------------------------------------------------------------------------------- inverse, det


def _assembled(space: Space, v: Value, parts: list[tuple[Group, Value]]) -> Value:
    """Return the Kronecker product of parts, each with its positions among the rows of v."""
    at = {p: (k, q) for k, (positions, _) in enumerate(parts) for q, p in enumerate(positions)}
    row = [at[p] for p in range(len(v.rows))]
    column = [(k, q + len(parts[k][0])) for k, q in row]
    return combine(space, [part for _, part in parts], [], row, column)


def inverse(space: Space, v: Value) -> Value:
    """Return the inverse. Raises Undecided for zero."""
    v = square(space, v)
    if not v.terms:
        raise Undecided("the inverse of zero")
    if not v.rows:
        return power(space, v, -1)
    c, factors, rest = _scalars_out(space, v)
    outer = scalar(space, [(a, times(e, -1)) for a, e in factors], _reciprocal(c))
    if len(rest.terms) > 1:
        return times_scalar(space, _leaf_inverse(space, rest), outer)
    parts = []
    for positions, chain in blocks(space, rest):
        parts.append((positions, product(space, [_leaf_inverse(space, f) for f in reversed(chain)])))
    return times_scalar(space, _assembled(space, rest, parts), outer)


def _scalars_out(space: Space, v: Value) -> tuple[Coefficient, list[tuple[int, Exponent]], Value]:
    """Return a value as number times scalar factors times the rest."""
    number: Coefficient = 1
    scalars: list[tuple[int, Exponent]] = []
    if len(v.terms) > 1:
        number, factors, rest = content(space, v, signed=True)
        scalars = [(a, e) for a, e, groups in factors if not groups]
        v = times_factors(space, rest, [f for f in factors if f[2]])
    if len(v.terms) == 1:
        ((structure, monomial), c), *_ = v.terms.items()
        return number * c, scalars + list(monomial), Value(v.rows, v.columns, {(structure, ()): 1})
    return number, scalars, v


def _reciprocal(c: Coefficient) -> Coefficient:
    return exponent(1 / Fraction(c))


def _one_atom(space: Space, v: Value) -> Factor | None:
    """Return the atom where a value is a single one, between one row's and one column's groups."""
    if len(v.terms) != 1:
        return None
    ((number, monomial), c), *_ = v.terms.items()
    structure = space.structures[number]
    if monomial or c != 1 or len(structure.factors) != 1 or structure.has_delta:
        return None
    return structure.factors[0] if structure.factors[0][1] == 1 else None


def _leaf_inverse(space: Space, v: Value) -> Value:
    if len(v.terms) == 1 and not space.structures[next(iter(v.terms))[0]].factors:
        ((number, _), _), *_ = v.terms.items()
        if space.structures[number].row == space.structures[number].column:
            return v
    if _is_diagonal(space, v):
        return diagonal_matrix(space, power(space, _column(space, v), -1))
    simpler = _simpler(space, v) if len(v.terms) > 1 else None
    if simpler is not None:
        return product(space, [inverse(space, simpler[1]), simpler[0]])
    factor = _one_atom(space, v)
    if factor is not None:
        atom = space.atoms[factor[0]]
        if atom.kind == "orthogonal":
            return transpose(space, v)
        if atom.kind == "inverse" and atom.body is not None:
            flipped = factor[2] != tuple([(i,) for i in range(len(v.sizes))])
            return transpose(space, atom.body) if flipped else atom.body
    return matrix_atom(space, "inverse", v)


def outer_inverses(space: Space, v: Value) -> Iterator[tuple[int, str, Value]]:
    """Find inverses that stand first ("row") or last ("column") in terms, with the matrix that cancels each."""
    for number, _ in v.terms:
        structure = space.structures[number]
        for a, e, groups in structure.factors:
            body = space.atoms[a].body
            if space.atoms[a].kind != "inverse" or e != 1 or body is None:
                continue
            half = len(groups) // 2
            for side, root, sizes in (
                ("row", structure.row, v.rows),
                ("column", structure.column, v.columns),
            ):
                at = tuple([(i,) for i in root])
                if sizes == body.rows and at in (groups[:half], groups[half:]):
                    # inv(M)[i, j] has its first groups in the columns of M.
                    straight = (at == groups[:half]) == (side == "row")
                    yield a, side, body if straight else transpose(space, body)


def _simpler(space: Space, v: Value) -> tuple[Value, Value] | None:
    """Return M and M·v where that has fewer inverses than v: I - inv(A + B)·A is inv(A + B)·B."""

    def inverses(w: Value) -> int:
        factors = [f for number, _ in w.terms for f in space.structures[number].factors]
        return sum(space.atoms[a].kind == "inverse" for a, _, _ in factors)

    for _, side, matrix in outer_inverses(space, v):
        if side == "row":
            cleared = product(space, [matrix, v])
            if cleared.terms and inverses(cleared) < inverses(v):
                return matrix, cleared
    return None


def matrix_atom(space: Space, kind: str, v: Value) -> Value:
    """Return an atom that is a kind of inverse of a matrix; its first groups are the columns of the body."""
    chosen, flipped, symmetric = oriented(space, v)
    n, m = len(v.rows), len(v.columns)
    swap = (*range(n, n + m), *range(n)) if n == m else ()
    atom = space.atom(kind, None, chosen, (swap,) if symmetric else ())
    groups = [(p,) for p in range(n + m)]
    groups = groups[m:] + groups[:m] if flipped else groups
    sizes = dict(enumerate(v.columns + v.rows))
    every = tuple(range(n + m))
    return from_net(space, Net(sizes, every[:m], every[m:], [(atom, 1, tuple(groups))]))


def oriented(space: Space, v: Value) -> tuple[Value, bool, bool]:
    """Return a matrix or its transpose, whether it is that, and whether both are one."""
    flipped = transpose(space, v)
    a, b = space.value(v), space.value(flipped)
    return space.values[min(a, b)], b < a, a == b


def determinant(space: Space, v: Value) -> Value:
    """Return the determinant."""
    v = square(space, v)
    if not v.rows:
        return v
    if not v.terms:
        return constant(space, 0)
    n = exponent(space.product_size(v.rows))
    c, factors, rest = _scalars_out(space, v)
    if len(rest.terms) > 1:
        parts = [_leaf_determinant(space, rest)]
    else:
        parts = []
        for positions, chain in blocks(space, rest):
            others = exponent(space.product_size([s for p, s in enumerate(v.rows) if p not in positions]))
            parts.extend(power(space, _leaf_determinant(space, f), others) for f in chain)
    k, primes = number_power(space, c, n)
    outer = scalar(space, [(a, times(e, n)) for a, e in factors] + [(a, e) for a, e, _ in primes], k)
    return combine(space, [outer, *parts], [], [], [])


def _leaf_determinant(space: Space, v: Value) -> Value:
    name = None
    if len(v.terms) == 1 and not space.structures[next(iter(v.terms))[0]].factors:
        ((number, _), _), *_ = v.terms.items()
        if space.structures[number].row == space.structures[number].column:
            return constant(space, 1)
    if _is_diagonal(space, v):
        column = _column(space, v)
        return scalar(space, [(space.atom("determinant", "diagonal", column), 1)])
    simpler = _simpler(space, v) if len(v.terms) > 1 else None
    if simpler is not None:
        below = power(space, determinant(space, simpler[0]), -1)
        return combine(space, [determinant(space, simpler[1]), below], [], [], [])
    factor = _one_atom(space, v)
    if factor is not None:
        atom = space.atoms[factor[0]]
        if atom.kind == "inverse" and atom.body is not None:
            return power(space, determinant(space, atom.body), -1)
        if atom.kind == "expm" and atom.body is not None:
            return exponential(space, trace(space, atom.body))
        name = "orthogonal" if atom.kind == "orthogonal" else None
    chosen, _, _ = oriented(space, v)
    return scalar(space, [(space.atom("determinant", name, chosen), 1)])


# --------------------------------------------------------------------------- pseudo-inverse, exponential


def pseudo_inverse(space: Space, v: Value, rank: str | None) -> Value:
    """Return the Moore-Penrose inverse; `rank` says whether the "column" or "row" rank is seen to be full."""
    flipped = transpose(space, v)
    if rank == "column" or not v.columns:
        return product(space, [inverse(space, product(space, [flipped, v])), flipped])
    if rank == "row" or not v.rows:
        return product(space, [flipped, inverse(space, product(space, [v, flipped]))])
    if not v.terms or len(v.rows) != 1 or len(v.columns) != 1:
        raise Undecided("a pseudo-inverse of zero, or of a matrix with split sizes")
    c, factors, rest = _scalars_out(space, v)
    outer = scalar(space, [(a, times(e, -1)) for a, e in factors], _reciprocal(c))
    return times_scalar(space, matrix_atom(space, "pseudo-inverse", rest), outer)


def expm(space: Space, v: Value) -> Value:
    """Return the matrix exponential."""
    v = square(space, v)
    if not v.rows:
        return exponential(space, v)
    if not v.terms:
        return identity(space, v.rows)
    if len(v.rows) != 1:
        raise Undecided("the exponential of a matrix with split sizes")
    chosen, flipped, symmetric = oriented(space, v)
    negative = scaled(v, -1)
    if leading_sign(space, chosen) < 0 and space.value(negative) != space.value(transpose(space, v)):
        return matrix_atom(space, "inverse", expm(space, negative))
    atom = space.atom("expm", None, chosen, ((1, 0),) if symmetric else ())
    groups = ((1,), (0,)) if flipped else ((0,), (1,))
    return from_net(space, Net(dict(enumerate(v.sizes)), (0,), (1,), [(atom, 1, groups)]))


def expm_frechet(space: Space, v: Value, direction: Value) -> Value:
    """Return L(A, E) = ∫ exp(sA) E exp((1-s)A) ds, as an atom with four indices times E.

    The atom is unchanged when s becomes 1 - s: M[i, j, k, l] = ∫ exp(sA)[i, k] exp((1-s)A)[l, j] ds.
    """
    v = square(space, v)
    if not v.rows:
        return times_scalar(space, direction, exponential(space, v))
    if not v.terms:
        return direction
    if len(v.rows) != 1:
        raise Undecided("the exponential of a matrix with split sizes")
    chosen, flipped, symmetric = oriented(space, v)
    ways: tuple[tuple[int, ...], ...] = ((3, 2, 1, 0),)
    if symmetric:  # either exponential may be transposed
        ways = (
            (3, 2, 1, 0),
            (2, 1, 0, 3),
            (0, 3, 2, 1),
            (2, 3, 0, 1),
            (1, 0, 3, 2),
            (3, 0, 1, 2),
            (1, 2, 3, 0),
        )
    atom = space.atom("frechet", ((1, 0),) if symmetric else (), chosen, ways)
    i, j, k, m = ((0,), (1,), (2,), (3,))
    groups = (k, m, i, j) if flipped else (i, j, k, m)
    size = v.rows[0]
    kernel = from_net(space, Net(dict.fromkeys(range(4), size), (0, 1), (2, 3), [(atom, 1, groups)]))
    direction = square(space, direction)
    joins = [((0, 2), (1, 0)), ((0, 3), (1, 1))]
    return combine(space, [kernel, direction], joins, [(0, 0)], [(0, 1)])


def diagonal_sums(space: Space, v: Value) -> Value:
    """Return the Toeplitz matrix of the sums of diagonals, as an atom [i - j = k - l] times v[k, l]."""
    v = square(space, v)
    if len(v.rows) != 1:
        raise Undecided("the diagonals of a matrix with split sizes")
    atom = space.atom("diagonal sums", None, symmetries=((2, 3, 0, 1), (1, 0, 3, 2), (3, 2, 1, 0)))
    groups = tuple([(i,) for i in range(4)])
    kernel = from_net(space, Net(dict.fromkeys(range(4), v.rows[0]), (0, 1), (2, 3), [(atom, 1, groups)]))
    return combine(space, [kernel, v], [((0, 2), (1, 0)), ((0, 3), (1, 1))], [(0, 0)], [(0, 1)])
