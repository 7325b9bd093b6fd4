"""Atoms for functions of single entries, and powers.

A power of a product falls apart into powers of its factors, where their signs allow. A power or function of
anything else becomes an atom that has the indices of its argument. Every law used may enlarge the domain but
never shrink it (log t = log |t| where t > 0), so that two expressions with one normal form agree wherever both
are defined.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations
from math import gcd, lcm
from typing import NamedTuple

from sympy import factorint

from derive.prove.recursion import RECURSION
from derive.prove.settling import Net, from_net, settle, sign_of_factors
from derive.prove.space import (
    MAX_TERMS,
    Coefficient,
    Exponent,
    Factor,
    Group,
    Monomial,
    Space,
    Structure,
    Term,
    Undecided,
    Value,
    exponent,
    is_integer,
    is_rational,
    times,
)
from derive.prove.tensors import diagonal, diagonal_matrix, hadamard, ones, scaled

LARGEST_FACTORED = 10**12


# ------------------------------------------------------------------------------- values from factors


def shell(v: Value, factors: Sequence[Factor] = ()) -> Net:
    """Return a net with the root of a value, its indices numbered by position."""
    n = len(v.rows)
    every = tuple(range(len(v.sizes)))
    return Net(dict(enumerate(v.sizes)), every[:n], every[n:], list(factors))


def spread(space: Space, v: Value, w: Value, groups: Sequence[Group]) -> Value:
    """Return a value in the shape of v whose entries are those of w at positions of v."""
    out: dict[Term, Coefficient] = {}
    for term, c in w.terms.items():
        settle(space, c, shell(v).attached(space, term, groups), out)
    return Value(v.rows, v.columns, out)


def broadcast(space: Space, v: Value, s: Value) -> Value:
    """Return the value in the shape of v all of whose entries are a scalar."""
    return spread(space, v, s, [])


def like_ones(space: Space, v: Value) -> Value:
    """Return the ones in the shape of v."""
    return ones(space, v.rows, v.columns)


def entry_atom(space: Space, kind: str, body: Value, name: str | None = None) -> tuple[int, Group]:
    """Return the atom of a function of a body's entries, and the positions of the body that its groups are.

    Positions that the body does not depend on are left out; of the ways to order the others, one is chosen.
    """
    chosen, positions, symmetries = _oriented(space, body)
    sign = {"exp": 2, "abs": 1, "step": 1}.get(kind, 0)
    if kind == "sum":
        sign = sign_of_value(space, chosen)
    return space.atom(kind, name, chosen, symmetries, sign), positions


def _oriented(space: Space, body: Value) -> tuple[Value, Group, tuple[Group, ...]]:
    known = space.orientations.get(space.value(body))
    if known is not None:
        return known
    attached: set[int] = set()
    for number, _ in body.terms:
        structure = space.structures[number]
        used = {i for _, _, groups in structure.factors for g in groups for i in g}
        root = structure.root
        attached.update(p for p, i in enumerate(root) if i in used or root.count(i) > 1)
    kept = sorted(attached)
    ways = list(permutations(kept)) if len(kept) <= 3 else [tuple(kept)]
    found = [(space.value(_narrowed(space, body, way)), way) for way in ways]
    least, first = min(found)
    symmetries = tuple(tuple(first.index(p) for p in way) for number, way in found if number == least)
    identity = tuple(range(len(kept)))
    result = (space.values[least], first, tuple(s for s in symmetries if s != identity))
    space.orientations[space.value(body)] = result
    return result


def _narrowed(space: Space, v: Value, positions: Group) -> Value:
    """Return v as a column with the given positions, in order; it does not depend on the others."""
    out: dict[Term, Coefficient] = {}
    for (number, monomial), c in v.terms.items():
        structure = space.structures[number]
        root = structure.root
        dropped = set(root) - {root[p] for p in positions}
        sizes = {i: s for i, s in enumerate(structure.sizes) if i not in dropped}
        factors = [*structure.factors, *[(a, e, ()) for a, e in monomial]]
        settle(space, c, Net(sizes, tuple([root[p] for p in positions]), (), factors), out)
    return Value(tuple([v.sizes[p] for p in positions]), (), out)


def apply(space: Space, kind: str, v: Value, name: str | None = None) -> Value:
    """Return a function of a value's entries as an atom."""
    atom, positions = entry_atom(space, kind, v, name)
    return from_net(space, shell(v, [(atom, 1, tuple([(p,) for p in positions]))]))


@RECURSION.provide
def kept_whole(space: Space, v: Value) -> Value:
    """Return a sum of several terms as one: common factors times an atom."""
    if len(v.terms) < 2:
        return v
    if all(space.structures[number].row == space.structures[number].column for number, _ in v.terms):
        return diagonal_matrix(space, kept_whole(space, diagonal(space, v))) if v.rows else v
    c, factors, rest = content(space, v, signed=True)
    atom, positions = entry_atom(space, "whole", rest)
    return from_net(space, shell(v, [*factors, (atom, 1, tuple([(p,) for p in positions]))]), c)


# ------------------------------------------------------------------------------ what values are made of


def factors_of(space: Space, structure: Structure, monomial: Monomial) -> list[Factor]:
    """Return the factors of a term, each at free indices only: sums over an index become atoms."""
    scalars: list[Factor] = [(a, e, ()) for a, e in monomial]
    return scalars + _at_free_indices(space, structure, set(structure.numbers))


def _at_free_indices(space: Space, structure: Structure, summed: set[int]) -> list[Factor]:
    """Return single factors at free indices, and the components with summed indices that are asked for."""
    factors: list[Factor] = []
    root = set(structure.root)
    for part, number in zip(structure.components, structure.numbers, strict=True):
        indices = {i for _, _, groups in part for g in groups for i in g}
        if len(part) == 1 and indices <= root:
            factors.extend(part)
        elif number in summed:
            ends = tuple(sorted(indices & root))
            sizes = {i: structure.sizes[i] for i in indices}
            atom, positions = entry_atom(space, "sum", from_net(space, Net(sizes, ends, (), list(part))))
            factors.append((atom, 1, tuple([(ends[p],) for p in positions])))
    return factors


def sign_of_value(space: Space, v: Value) -> int:
    """Return 2 if all entries are seen to be positive, 1 if not negative, else 0."""
    signs = []
    for (number, monomial), c in v.terms.items():
        structure = space.structures[number]
        factors = [*structure.factors, *[(a, e, ()) for a, e in monomial]]
        sign = sign_of_factors(space, factors) if c > 0 else 0
        if not sign:
            return int(_is_rectified(space, v))
        signs.append(1 if structure.has_delta else sign)
    return max(signs, default=1)


def _is_rectified(space: Space, v: Value) -> bool:
    """Tell whether a value is c(|u| + u) or c(|u| - u) with c > 0."""
    for (number, monomial), c in v.terms.items():
        structure = space.structures[number]
        factors = [*structure.factors, *[(a, e, ()) for a, e in monomial]]
        if len(factors) != 1 or factors[0][1] != 1 or space.atoms[factors[0][0]].kind != "abs" or c < 0:
            continue
        a, _, groups = factors[0]
        body = space.atoms[a].body
        if body is None or len(structure.sizes) > len(structure.root):
            continue
        own: dict[Term, Coefficient] = {}
        root = Net(dict(enumerate(structure.sizes)), structure.row, structure.column, [])
        for term, k in body.terms.items():
            settle(space, c * k, root.attached(space, term, groups), own)
        rest = {t: k for t, k in v.terms.items() if t != (number, monomial)}
        if rest in (own, {t: -k for t, k in own.items()}):
            return True
    return False


def leading_sign(space: Space, v: Value) -> int:
    """Return the sign of a sum's leading coefficient."""
    return 1 if v.terms[max(v.terms, key=space.order)] > 0 else -1


def content(space: Space, v: Value, signed: bool) -> tuple[Coefficient, list[Factor], Value]:
    """Return a sum as number times common factors times the rest; a signed number makes the rest lead with +.

    The factors' groups hold positions.
    """
    structures = [space.structures[number] for number, _ in v.terms]
    with_delta = any(s.has_delta for s in structures)
    shared = set.intersection(*[set(s.numbers) for s in structures])
    common: dict[tuple[int, tuple[Group, ...]], Exponent] | None = None
    for (_, monomial), structure in zip(v.terms, structures, strict=True):
        have: dict[tuple[int, tuple[Group, ...]], Exponent] = {(a, ()): e for a, e in monomial}
        if not with_delta:  # the root's indices are numbered by position
            have.update(((a, groups), e) for a, e, groups in _at_free_indices(space, structure, shared))
        common = have if common is None else _least(common, have)
    factors: list[Factor] = [(a, e, groups) for (a, groups), e in (common or {}).items() if e != 0]
    rest = times_factors(space, v, [(a, times(e, -1), groups) for a, e, groups in factors])
    if not rest.terms:
        return 1, [], v
    c = Fraction(
        gcd(*[Fraction(k).numerator for k in rest.terms.values()]),
        lcm(*[Fraction(k).denominator for k in rest.terms.values()]),
    )
    if signed:
        c *= leading_sign(space, rest)
    return exponent(c), factors, scaled(rest, exponent(1 / c))


class Factored(NamedTuple):
    """A value as number times factors times a sum of several terms, if there is one.

    The factors stand at the root's indices, which the sum has by position. Several positions may share one.
    """

    number: Fraction
    factors: list[Factor]
    rest: Value | None
    sizes: tuple[int, ...]
    row: Group
    column: Group

    def net(self, factors: Sequence[Factor]) -> Net:
        """Return the net of other factors at the same root."""
        indices = self.row + self.column
        return Net({i: self.sizes[i] for i in indices}, self.row, self.column, list(factors))

    def kept(self, space: Space, kind: str) -> list[Factor]:
        """Return a function of the sum as an atom."""
        if self.rest is None:
            return []
        atom, positions = entry_atom(space, kind, self.rest)
        return [(atom, 1, tuple([(p,) for p in positions]))]


def factored(space: Space, v: Value, signed: bool) -> Factored:
    """Return a value that is not zero as a product; a signed number makes the sum in it lead with +."""
    c: Coefficient = 1
    factors: list[Factor] = []
    rest = v
    if len(v.terms) > 1:
        c, factors, rest = content(space, v, signed)
        n = len(v.rows)
        every = tuple(range(len(v.sizes)))
        row, column, sizes = every[:n], every[n:], v.sizes
        ((number, monomial), k), *others = rest.terms.items()
        if others or space.structures[number].has_delta:
            return Factored(Fraction(c), factors, rest, sizes, row, column)
    else:
        ((number, monomial), k), *_ = v.terms.items()
        structure = space.structures[number]
        row, column, sizes = structure.row, structure.column, structure.sizes
    factors = factors + factors_of(space, space.structures[number], monomial)
    return Factored(Fraction(c * k), factors, None, sizes, row, column)


def _least(
    one: dict[tuple[int, tuple[Group, ...]], Exponent], two: dict[tuple[int, tuple[Group, ...]], Exponent]
) -> dict[tuple[int, tuple[Group, ...]], Exponent]:
    result = {}
    for key in dict.fromkeys((*one, *two)):
        a, b = one.get(key, 0), two.get(key, 0)
        if is_rational(a) and is_rational(b):
            result[key] = min(a, b)
        elif a == b:
            result[key] = a
    return result


def times_factors(space: Space, v: Value, factors: Sequence[Factor]) -> Value:
    """Return a value times factors at its positions."""
    if not factors:
        return v
    out: dict[Term, Coefficient] = {}
    every = [(p,) for p in range(len(v.sizes))]
    for term, c in v.terms.items():
        net = shell(v).attached(space, term, every)
        root = net.root
        placed = [(a, e, tuple([tuple([root[p] for p in g]) for g in groups])) for a, e, groups in factors]
        settle(space, c, Net(net.sizes, net.row, net.column, [*net.factors, *placed]), out)
    return Value(v.rows, v.columns, out)


def of_factor(space: Space, kind: str, factor: Factor, sizes: Sequence[int]) -> tuple[int, tuple[Group, ...]]:
    """Return the atom of a function of one factor, whose exponent is left aside, and where its groups stand."""
    a, _, groups = factor
    atom = space.atoms[a]
    if atom.kind == "sum":
        assert atom.body is not None
        body, ends = atom.body, list(groups)
    else:
        indices = list(dict.fromkeys(i for g in groups for i in g))
        net = Net({i: sizes[i] for i in indices}, tuple(indices), (), [(a, 1, groups)])
        body, ends = from_net(space, net), [(i,) for i in indices]
    inner, positions = entry_atom(space, kind, body)
    return inner, tuple([ends[p] for p in positions])


# ----------------------------------------------------------------------------------------------- powers


def number_power(space: Space, c: Coefficient, e: Exponent) -> tuple[Coefficient, list[Factor]]:
    """Return a rational number to a power; it is positive unless the power is a whole number."""
    if isinstance(e, int):
        return exponent(Fraction(c) ** e), []
    c = Fraction(c)
    primes: list[Factor] = []
    if c < 0:
        primes.append((space.atom("number", -1), e, ()))
    for part, direction in ((abs(c.numerator), 1), (c.denominator, -1)):
        found = factorint(part) if part < LARGEST_FACTORED else {part: 1}
        primes.extend(
            (space.atom("number", int(p), sign=2), times(e, direction * k), ())
            for p, k in found.items()
            if p != 1
        )
    return 1, primes


@RECURSION.provide
def power(space: Space, v: Value, e: Exponent) -> Value:
    """Return every entry to a power. Raises Undecided where an entry is zero and may not be."""
    if e == 0:
        return like_ones(space, v)
    if e == 1:
        return v
    positive = is_rational(e) and e > 0
    with_delta = any(space.structures[number].has_delta for number, _ in v.terms)
    if not v.terms or (len(v.terms) == 1 and with_delta):
        if not positive:
            raise Undecided("a power of zero")
        if not v.terms:
            return v
    if len(v.terms) > 1 and isinstance(e, int) and e > 0:
        if len(v.terms) ** e > MAX_TERMS:
            raise Undecided("a power would have too many terms")
        return hadamard(space, [v] * e)
    parts = factored(space, v, signed=is_integer(e))
    c, raised = number_power(space, parts.number if is_integer(e) else abs(parts.number), e)
    if is_integer(e):
        raised += [(a, times(f, e), groups) for a, f, groups in parts.factors]
        raised += [(a, e, groups) for a, _, groups in parts.kept(space, "sum")]
    else:
        raised += _roots(space, parts, e)
    return from_net(space, parts.net(raised), c)


def _roots(space: Space, parts: Factored, e: Exponent) -> list[Factor]:
    """Return factors to a power: of u^2k it is |u|^2ke, of u >= 0 it is u^ke; what may be negative stays together."""
    raised: list[Factor] = []
    loose: list[Factor] = []
    for a, f, groups in parts.factors:
        if space.atoms[a].sign or (is_rational(f) and not isinstance(f, int)):
            raised.append((a, times(f, e), groups))
        elif isinstance(f, int) and f % 2 == 0 and parts.rest is None:
            size, ends = of_factor(space, "abs", (a, 1, groups), parts.sizes)
            raised.append((size, times(f, e), ends))
        else:
            loose.append((a, f, groups))
    if parts.rest is not None:
        atom, positions = entry_atom(space, "sum", times_factors(space, parts.rest, loose))
        raised.append((atom, e, tuple([(p,) for p in positions])))
    elif len(loose) == 1 and parts.number > 0 and is_rational(loose[0][1]):
        a, f, groups = loose[0]
        raised.append((a, times(f, e), groups))
    elif loose or parts.number < 0:
        free = tuple(sorted({i for _, _, groups in loose for g in groups for i in g}))
        sizes = {i: parts.sizes[i] for i in free}
        body = from_net(space, Net(sizes, free, (), loose), 1 if parts.number > 0 else -1)
        atom, positions = entry_atom(space, "sum", body)
        raised.append((atom, e, tuple([(free[p],) for p in positions])))
    return raised
