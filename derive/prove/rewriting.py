"""The laws of the atoms, applied to a term until none applies.

Most of them say that an atom times what it is made of is something simpler: inv(M)·M = I, S^-1·S = 1 for a sum
S, sign(u)·u = |u|. Where the body has several terms, its leading term is what is looked for, and the law
is solved for it: inv(M)·lead = I - inv(M)·rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from derive.prove.matching import Lead, lead_of, match
from derive.prove.recursion import RECURSION
from derive.prove.settling import Net, sign_of_factors
from derive.prove.space import Coefficient, Factor, Group, Space, Term, Value, is_rational, plus, times

Rewritten = list[tuple[Coefficient, Net]]

#: Atoms that act on every entry of their body.
ENTRYWISE = frozenset({"sum", "exp", "log", "abs", "sign", "step", "function"})
_CONTRACTING = frozenset({"inverse", "pseudo-inverse", "projector", "frechet", "orthogonal", "simplex"})
_REDUCING = frozenset({"sum", "abs", "sign", "step", "function"})


def over(a: Coefficient, b: Coefficient) -> Coefficient:
    """Return a quotient of coefficients."""
    c = Fraction(a) / Fraction(b)
    return c.numerator if c.denominator == 1 else c


# ------------------------------------------------------------------------------ laws of matrix products


@RECURSION.provide
def contracted(space: Space, net: Net) -> Rewritten | None:
    """Apply one law of matrix products, such as inv(M)·M = I; None where none applies."""
    kinds = [space.atoms[a].kind for a, _, _ in net.factors]
    if not _CONTRACTING.intersection(kinds):
        return None
    degrees = net.degrees()
    for k, kind in enumerate(kinds):
        if kind in _CONTRACTING:
            result = _CONTRACTIONS[kind](space, net, degrees, k)
            if result is not None:
                return result
    return None


def _inverse(space: Space, net: Net, degrees: dict[int, int], k: int) -> Rewritten | None:
    a, e, groups = net.factors[k]
    if e != 1:
        return None
    half = len(groups) // 2
    first, second = groups[:half], groups[half:]
    # A symmetric body gives one law where another gives two: M·inv(M) = I is then the transpose of inv(M)·M = I.
    symmetric = bool(space.atoms[a].symmetries)
    for near, far, at_end in ((second, first, True), (first, second, False)):
        side = "row" if at_end or symmetric else "column"
        found = _beside(space, net, degrees, k, near, side)
        if found is None:
            continue
        other, left = found
        lead = lead_of(space, a)
        if space.atoms[a].kind == "inverse":
            whole = _joined(left, other, far)
        else:
            projector = space.atom("projector", side, space.atoms[a].body, ((1, 0),))
            whole = with_factors(left, (projector, 1, (other[0], far[0])))
        result: Rewritten = [(over(1, lead.coefficient), whole)]
        for term, c in lead.rest:
            wider, link = _fresh(left, near, net.sizes)
            kept = (*far, *link) if at_end else (*link, *far)
            ends = [*link, *other] if side == "row" else [*other, *link]
            new = with_factors(wider, (a, 1, kept)).attached(space, term, ends)
            result.append((-over(c, lead.coefficient), new))
        return result
    return None


def _beside(
    space: Space, net: Net, degrees: dict[int, int], k: int, near: Sequence[Group], side: str
) -> tuple[list[Group], Net] | None:
    """Find the leading term of factor k's body next to it; return where its other side ends, and what is left."""
    lead = lead_of(space, net.factors[k][0])
    structure = lead.structure
    inner, outer = structure.row, structure.column
    if side == "column":
        inner, outer = outer, inner
    bound: dict[int, Group] = {}
    for i, group in zip(inner, near, strict=True):
        if bound.setdefault(i, group) != group:
            return None
    closed = [i for i in inner if i not in outer]
    if any(j in net.root for i in closed for j in bound[i]):
        return None
    found = match(space, net, degrees, k, lead, bound, closed)
    if found is None or any(i not in found.images for i in outer):
        return None
    return [found.images[i] for i in outer], found.left


def _fresh(net: Net, groups: Sequence[Group], size: Mapping[int, int]) -> tuple[Net, list[Group]]:
    """Return a net with new indices of the sizes of others."""
    sizes = dict(net.sizes)
    start = max([*sizes, *size]) + 1
    link = []
    for g in groups:
        new = tuple(range(start, start + len(g)))
        start += len(g)
        sizes.update((j, size[i]) for j, i in zip(new, g, strict=True))
        link.append(new)
    return Net(sizes, net.row, net.column, net.factors), link


def _joined(net: Net, one: Sequence[Group], two: Sequence[Group]) -> Net:
    return net.joined(pair for a, b in zip(one, two, strict=True) for pair in zip(a, b, strict=True))


def _less_indices(net: Net, factors: list[Factor], gone: Group) -> Net:
    """Return the net with other factors, and without indices that a law has summed over."""
    return Net({i: s for i, s in net.sizes.items() if i not in gone}, net.row, net.column, factors)


def _projector(space: Space, net: Net, degrees: dict[int, int], k: int) -> Rewritten | None:
    """P = pinv(X)·X takes P and, on the proper side, X and pinv(X) to themselves."""
    a, e, (one, two) = net.factors[k]
    rest = net.factors[:k] + net.factors[k + 1 :]
    body = space.atoms[a].body
    assert body is not None
    if one == two and space.atoms[a].name == "column" and one[0] not in net.root and degrees[one[0]] == 2:
        # The trace of X·pinv(X) is that of pinv(X)·X.
        projector = space.atom("projector", "row", body, ((1, 0),))
        turned = Net({**net.sizes, one[0]: body.columns[0]}, net.row, net.column, rest)
        return [(1, with_factors(turned, (projector, 1, (one, one))))]
    for near, far in ((one, two), (two, one)):
        if len(near) != 1 or near[0] in net.root:
            continue
        if e == 2 and degrees[near[0]] == 1:  # the sum of squares of a row of P is P[a, a]
            return [(1, _less_indices(net, [*rest, (a, 1, (far, far))], near))]
        if e != 1 or degrees[near[0]] != 2:
            continue
        for b, f, groups in rest:
            if f == 1 and near in groups and _absorbed(space, a, b, groups.index(near)):
                return [(1, Net(net.sizes, net.row, net.column, rest).joined(zip(near, far, strict=True)))]
    return None


def _absorbed(space: Space, projector: int, other: int, slot: int) -> bool:
    """Tell whether a projector next to a slot of another atom can be left out."""
    if other == projector:
        return True
    p, q = space.atoms[projector], space.atoms[other]
    if q.kind == "pseudo-inverse" and q.body is p.body:
        return bool(q.symmetries) or slot == (0 if p.name == "row" else 1)
    lead = lead_of(space, projector)
    own = lead.structure.factors
    if lead.rest or len(own) != 1 or own[0][0] != other or own[0][1] != 1:
        return False
    outer = lead.structure.column if p.name == "row" else lead.structure.row
    return bool(q.symmetries) or own[0][2][slot] == outer


def _frechet(space: Space, net: Net, degrees: dict[int, int], k: int) -> Rewritten | None:
    """The derivative of expm at A in the direction of the identity is expm(A)."""
    a, e, (i, j, m, n) = net.factors[k]
    for near, ends in (((m, n), (i, j)), ((i, j), (n, m))):
        if e == 1 and near[0] == near[1] and degrees[near[0][0]] == 2 and near[0][0] not in net.root:
            rest = [f for other, f in enumerate(net.factors) if other != k]
            expm = space.atom("expm", None, space.atoms[a].body, space.atoms[a].name)
            return [(1, _less_indices(net, [*rest, (expm, 1, ends)], near[0]))]
    return None


def _orthogonal(space: Space, net: Net, degrees: dict[int, int], k: int) -> Rewritten | None:
    a, e, groups = net.factors[k]
    rest = [f for n, f in enumerate(net.factors) if n != k]
    for side, near in enumerate(groups):
        if len(near) != 1 or near[0] in net.root:
            continue
        if e == 2 and degrees[near[0]] == 1:
            return [(1, _less_indices(net, rest, near))]
        if e != 1 or degrees[near[0]] != 2:
            continue
        for n, (b, f, others) in enumerate(net.factors):
            if n == k or b != a or f != 1 or others[side] != near:
                continue
            left = [g for m, g in enumerate(net.factors) if m not in (k, n)]
            return [(1, _joined(_less_indices(net, left, near), [groups[1 - side]], [others[1 - side]]))]
    return None


def _simplex(space: Space, net: Net, degrees: dict[int, int], k: int) -> Rewritten | None:
    """The entries over a summed index add up to 1; those of a one-hot vector are their own powers."""
    a, e, groups = net.factors[k]
    _, summed, onehot = space.atoms[a].name
    rest = [f for n, f in enumerate(net.factors) if n != k]
    if onehot and e != 1 and is_rational(e) and e > 0:
        return [(1, Net(net.sizes, net.row, net.column, [*rest, (a, 1, groups)]))]
    for side in summed:
        near = groups[side]
        if e == 1 and len(near) == 1 and near[0] not in net.root and degrees[near[0]] == 1:
            return [(1, _less_indices(net, rest, near))]
    return None


_CONTRACTIONS = {
    "inverse": _inverse,
    "pseudo-inverse": _inverse,
    "projector": _projector,
    "frechet": _frechet,
    "orthogonal": _orthogonal,
    "simplex": _simplex,
}


# ------------------------------------------------------------------------------- laws entry by entry


@RECURSION.provide
def reduced(space: Space, net: Net) -> Rewritten | None:
    """Apply one law of functions of single entries; None where none applies."""
    degrees: dict[int, int] = {}
    for k, (a, e, groups) in enumerate(net.factors):
        kind = space.atoms[a].kind
        if kind not in ENTRYWISE:
            continue
        if len(groups) > 1 and len(set(groups)) < len(groups):
            return _on_diagonal(space, net, k)
        if kind not in _REDUCING or not is_rational(e):
            continue
        if not degrees:
            degrees = net.degrees()
        result = _REDUCTIONS[kind](space, net, degrees, k)
        if result is not None:
            return result
    return None


def with_factors(net: Net, *factors: Factor) -> Net:
    """Return the net times factors."""
    return Net(net.sizes, net.row, net.column, [*net.factors, *factors])


def _without(net: Net, k: int, *more: Factor) -> Net:
    return Net(net.sizes, net.row, net.column, [*net.factors[:k], *net.factors[k + 1 :], *more])


def _attach_body(space: Space, net: Net, body: Value, groups: Sequence[Group]) -> Rewritten:
    return [(c, net.attached(space, term, groups)) for term, c in body.terms.items()]


def _lead_law(space: Space, net: Net, degrees: dict[int, int], k: int) -> Rewritten | None:
    """Replace the leading term beside factor k by what the whole body gives, minus the other terms."""
    a, _, groups = net.factors[k]
    lead = lead_of(space, a)
    if lead.structure.has_delta:
        return None
    bound = dict(zip(lead.structure.root, groups, strict=True))
    found = match(space, net, degrees, k, lead, bound)
    if found is None:
        return _trailing_law(space, net, k, lead)
    left, kept = found.left, net.factors[k]
    result = [(over(c, lead.coefficient), n) for c, n in _gains(space, left, kept)]
    for term, c in lead.rest:
        result.append((-over(c, lead.coefficient), with_factors(left, kept).attached(space, term, groups)))
    return result


def _trailing_law(space: Space, net: Net, k: int, lead: Lead) -> Rewritten | None:
    """Let S = s + t with s > 0 and t leading: S^e/t = (S^(e+1)/t - S^e)/s."""
    a, e, groups = net.factors[k]
    if space.atoms[a].kind != "sum" or len(lead.rest) != 1:
        return None
    (term, c), *_ = lead.rest
    s, t = (_inverted(space, one, groups) for one in (term, lead.term))
    if s is None or t is None or sign_of_factors(space, s) < 2:
        return None
    powers = {(b, others): f for b, f, others in net.factors}
    for b, f, others in t:
        have = powers.get((b, others), 0)
        if not (is_rational(have) and is_rational(f)) or f >= 0 or have > f:
            return None
    more = _without(net, k, (a, plus(e, 1), groups), *s)
    less = with_factors(net, *s, *[(b, times(f, -1), others) for b, f, others in t])
    return [(over(1, c), more), (-over(lead.coefficient, c), less)]


def _inverted(space: Space, term: Term, groups: Sequence[Group]) -> list[Factor] | None:
    """Return the factors of 1/term at the given indices, if the term sums over none."""
    structure = space.structures[term[0]]
    if structure.has_delta or len(structure.sizes) > len(structure.root):
        return None
    to = dict(zip(structure.root, groups, strict=True))
    factors: list[Factor] = [(a, times(e, -1), ()) for a, e in term[1]]
    for a, e, own in structure.factors:
        placed = tuple([tuple([j for i in g for j in to[i]]) for g in own])
        ways = [placed, *[tuple([placed[p] for p in way]) for way in space.atoms[a].symmetries]]
        factors.append((a, times(e, -1), min(ways)))
    return factors


def _gains(space: Space, left: Net, factor: Factor) -> Rewritten:
    """What the whole body times a factor is: S·S^e = S^(e+1), u·sign(u) = |u|, u·step(u) = (u + |u|)/2."""
    a, e, groups = factor
    atom = space.atoms[a]
    if atom.kind == "sum":
        return [(1, with_factors(left, (a, plus(e, 1), groups)))]
    body = atom.body
    assert body is not None
    half = Fraction(1, 2) if atom.kind == "step" else 1
    size = RECURSION.absolute(space, body)
    gains = [(half * c, n) for c, n in _attach_body(space, left, size, groups)]
    if atom.kind == "step":
        gains += [(half * c, n) for c, n in _attach_body(space, left, body, groups)]
    elif e != 1:
        gains = [(c, with_factors(n, (a, plus(e, -1), groups))) for c, n in gains]
    return gains


def _sum(space: Space, net: Net, degrees: dict[int, int], k: int) -> Rewritten | None:
    a, e, groups = net.factors[k]
    body = space.atoms[a].body
    assert body is not None
    if e >= 1:
        more = [(a, e - 1, groups)] if e != 1 else []
        return _attach_body(space, _without(net, k, *more), body, groups)
    if e > 0:
        return None
    return _lead_law(space, net, degrees, k)


def _abs(space: Space, net: Net, degrees: dict[int, int], k: int) -> Rewritten | None:
    """|u|^e has 0 <= e < 2: |u|² = u². Where a root of u stands beside it, |u| = u."""
    a, e, groups = net.factors[k]
    n = _own_power(space, net, k)
    if n is not None and not isinstance(net.factors[n][1], int):
        b, f, others = net.factors[n]
        factors = [g for m, g in enumerate(net.factors) if m not in (k, n)]
        return [(1, Net(net.sizes, net.row, net.column, [*factors, (b, plus(f, e), others)]))]
    twice = 2 * int(e // 2)
    if not twice:
        return None
    body = space.atoms[a].body
    assert body is not None
    rest = e - twice
    more = [(a, rest, groups)] if rest else []
    return _attach_body(space, _without(net, k, *more), RECURSION.power(space, body, twice), groups)


def _partner(space: Space, net: Net, k: int, kind: str) -> int | None:
    """Return the position of the factor of a kind that has the same body at the same indices as factor k."""
    a, _, groups = net.factors[k]
    for n, (b, f, others) in enumerate(net.factors):
        atom = space.atoms[b]
        if atom.kind == kind and atom.body is space.atoms[a].body and groups == others:
            if is_rational(f) and f >= 1:
                return n
    return None


def _sign(space: Space, net: Net, degrees: dict[int, int], k: int) -> Rewritten | None:
    a, e, groups = net.factors[k]
    if not isinstance(e, int):
        return None
    if e >= 3:  # sign³ = sign, also at zero
        return [(1, _without(net, k, (a, 2 - e % 2, groups)))]
    if e <= 0:
        return [(1, _without(net, k, (a, e + 2 * (1 - e // 2), groups)))]
    n = _partner(space, net, k, "abs")
    body = space.atoms[a].body
    assert body is not None
    if n is not None:  # |u|·sign(u) = u
        b, f, others = net.factors[n]
        factors = [g for m, g in enumerate(net.factors) if m not in (k, n)]
        if f != 1:
            factors.append((b, f - 1, others))
        if e != 1:
            factors.append((a, e - 1, groups))
        left = Net(net.sizes, net.row, net.column, factors)
        return _attach_body(space, left, body, groups)
    n = _own_power(space, net, k)
    if n is None:
        return _lead_law(space, net, degrees, k)
    b, f, others = net.factors[n]
    more = [(a, e - 1, groups)] if e != 1 else []
    if not isinstance(f, int):  # a root of u shows that u is not negative
        return [(1, _without(net, k, *more))]
    factors = [g for m, g in enumerate(net.factors) if m not in (k, n)]  # sign(u)/u = |u|/u²
    left = Net(net.sizes, net.row, net.column, [*factors, (b, f - 1, others), *more])
    return _attach_body(space, left, RECURSION.absolute(space, body), groups)


def _own_power(space: Space, net: Net, k: int) -> int | None:
    """Return the position of a root or a negative power of the body of factor k, at the same indices."""
    a, _, groups = net.factors[k]
    lead = lead_of(space, a)
    own = lead.structure.factors
    u = None
    at: tuple[Group, ...] = ()
    summed = len(lead.structure.sizes) > len(lead.structure.root)
    if not lead.rest and not summed and len(own) + len(lead.term[1]) == 1:
        u = own[0][0] if own else lead.term[1][0][0]
        to = dict(zip(lead.structure.root, groups, strict=True))
        at = tuple(tuple(j for i in g for j in to[i]) for g in own[0][2]) if own else ()
    for n, (b, f, others) in enumerate(net.factors):
        atom = space.atoms[b]
        if not is_rational(f) or (f >= 0 and isinstance(f, int)):
            continue
        if b == u and (others == at or (atom.symmetries and others == at[::-1])):
            return n
        if atom.kind == "sum" and atom.body is space.atoms[a].body and others == groups:
            return n
    return None


def _step(space: Space, net: Net, degrees: dict[int, int], k: int) -> Rewritten | None:
    a, e, groups = net.factors[k]
    if e != 1:  # step² = step
        return [(1, _without(net, k, (a, 1, groups)))] if e > 0 else None
    n = _partner(space, net, k, "sign")
    if n is not None:
        return [(1, _without(net, n))]
    n = _partner(space, net, k, "abs")
    body = space.atoms[a].body
    assert body is not None
    if n is not None:  # |u|·step(u) = u·step(u)
        b, f, others = net.factors[n]
        left = _without(net, n, (b, f - 1, others)) if f != 1 else _without(net, n)
        return _attach_body(space, left, body, groups)
    n = _own_power(space, net, k)
    if n is not None and not isinstance(net.factors[n][1], int):
        return [(1, _without(net, k))]
    return _lead_law(space, net, degrees, k)


def _function(space: Space, net: Net, degrees: dict[int, int], k: int) -> Rewritten | None:
    """sin² = 1 - cos²."""
    a, e, groups = net.factors[k]
    atom = space.atoms[a]
    if atom.name != "sin" or e < 2:
        return None
    cos = space.atom("function", "cos", atom.body, atom.symmetries)
    more = [(a, e - 2, groups)] if e != 2 else []
    return [(1, _without(net, k, *more)), (-1, _without(net, k, *more, (cos, 2, groups)))]


_REDUCTIONS = {"sum": _sum, "abs": _abs, "sign": _sign, "step": _step, "function": _function}


def _on_diagonal(space: Space, net: Net, k: int) -> Rewritten:
    """Work out a function of entries where two of its indices are one: exp(A)[i, i] is exp of A's diagonal."""
    a, e, groups = net.factors[k]
    atom = space.atoms[a]
    body = atom.body
    assert body is not None
    distinct = list(dict.fromkeys(groups))
    first = [groups.index(g) for g in distinct]
    joins = [((0, p), (0, groups.index(g))) for p, g in enumerate(groups) if groups.index(g) != p]
    narrow = RECURSION.combine(space, [body], joins, [(0, p) for p in first], [])
    value = RECURSION.power(space, RECURSION.again(space, atom.kind, atom.name, narrow), e)
    return _attach_body(space, _without(net, k), value, distinct)
