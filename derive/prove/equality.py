"""Equality of expressions by their normal forms."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Add, Expr, HadamardProduct, MatAdd, MatMul, Mul

from derive.expression.algebra import shape
from derive.expression.elementwise import applied, step
from derive.expression.facts import memo
from derive.expression.rebuild import rebuild, tidy
from derive.operations.unfold import definition
from derive.prove.entrywise import times_factors
from derive.prove.matrices import outer_inverses
from derive.prove.reading import licences, read
from derive.prove.space import (
    MAX_STEPS,
    Exponent,
    Factor,
    Group,
    Space,
    Undecided,
    Value,
    is_rational,
)
from derive.prove.tensors import product, scaled, total

#: The rounds of multiplying a difference by its denominators and inverted matrices.
_ROUNDS = 8
#: The steps after which products of sums are no longer multiplied out at first, and how many times more keeping them
#: may take than multiplying them out.
_FIRST_STEPS = 3_000
_KEPT = 2


@dataclass(frozen=True, eq=False)
class NormalForm:
    """A sum of terms; two of them made under the same assumptions are equal if their terms are the same."""

    space: Space
    value: Value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NormalForm) or other.space is not self.space:
            return NotImplemented
        return not total(self.space, [self.value, scaled(other.value, -1)]).terms


def _space(expressions: tuple[Expr, ...], factored: bool = False) -> Space:
    """Return the space of the assumptions in force and of what the expressions need to be defined."""
    positive, full_rank = licences(expressions)
    table, key = memo("spaces"), (frozenset(positive), frozenset(full_rank), factored)
    space = table.get(key)
    if space is None:
        space = table[key] = Space(positive, full_rank, factored)
    space.steps = MAX_STEPS
    return space


def normal_form(expr: Expr) -> NormalForm:
    """Return the normal form of an expression under the assumptions in force.

    Raises Undecided where the expression is beyond the bounds of the normal form.
    """
    space = _space((expr,))
    return NormalForm(space, read(space, expr))


def equal(a: Expr, b: Expr, steps: int = MAX_STEPS) -> bool:
    """Tell whether two scalars, or two matrices of one shape, are seen to be equal.

    True means equal for all values, of all sizes, at which both are defined under the assumptions in force
    (`derive.expression.facts.assuming`). False means only that it is not seen. What is too large to be multiplied out is
    compared with its products kept, and then part by part. `steps` bounds the work; no budget makes a difference
    go unseen.
    """
    if a == b:
        return True
    if shape(a) != shape(b):
        return False
    found = _difference_vanishes(_space((a, b)), a, b, min(_FIRST_STEPS, steps))
    if found is None:
        factored = _space((a, b), factored=True)
        found = _difference_vanishes(factored, a, b, _KEPT * steps) or _same_parts(factored, a, b)
        found = found or _difference_vanishes(_space((a, b)), a, b, steps)
    return bool(found) or _by_signs(a, b, min(_FIRST_STEPS, steps))


def _by_signs(a: Expr, b: Expr, steps: int) -> bool:
    """Compare with unit steps as their definition says, by signs: so that step(u) and step(-u) know of each other."""
    one, two = (rebuild(e, _steps_unfolded) for e in (a, b))
    if (one, two) == (a, b):
        return False
    return bool(_difference_vanishes(_space((one, two)), one, two, steps))


def _steps_unfolded(e: Expr, args: list[Expr]) -> Expr | None:
    if applied(step, e) is None:
        return None
    new = tidy(e, args)
    return definition(new) or new


def _difference_vanishes(space: Space, a: Expr, b: Expr, steps: int) -> bool | None:
    """Tell whether a - b is zero; None if that would take too many steps."""
    space.steps = steps
    try:
        return _vanishes(space, total(space, [read(space, a), scaled(read(space, b), -1)]))
    except Undecided:
        return None


def _same_parts(space: Space, a: Expr, b: Expr) -> bool:
    """Compare the arguments of one operation one by one, as long as the steps last.

    A leaf has no arguments to compare: it is the same or it differs.
    """
    if type(a) is not type(b) or not a.args or not b.args:
        return a == b
    one, two = list(a.args), list(b.args)
    # To SymPy a MatMul is a Mul, but its factors have an order.
    if isinstance(a, Add | MatAdd | Mul | HadamardProduct) and not isinstance(a, MatMul):
        for x in a.args:
            if x in two:
                one.remove(x)
                two.remove(x)
    return len(one) == len(two) and all(
        x == y
        or (
            isinstance(x, Expr) and isinstance(y, Expr) and shape(x) == shape(y) and _parts_equal(space, x, y)
        )
        for x, y in zip(one, two, strict=True)
    )


def _parts_equal(space: Space, a: Expr, b: Expr) -> bool:
    return bool(_difference_vanishes(space, a, b, space.steps)) or _same_parts(space, a, b)


# ------------------------------------------------------------------------------ clearing denominators


def _vanishes(space: Space, d: Value) -> bool:
    """Tell whether a value is zero, multiplying it by its denominators as long as there are any."""
    tried: set[tuple[int, str]] = set()
    for _ in range(_ROUNDS):
        if not d.terms:
            return True
        cleared = _without_sums(space, d)
        if cleared is None:
            cleared = _without_inverse(space, d, tried)
        if cleared is None:
            return False
        d = cleared
    return not d.terms


def _without_sums(space: Space, d: Value) -> Value | None:
    """Multiply by a sum that stands below in some term, at free indices; it is not zero there."""
    least: dict[tuple[int, tuple[Group, ...]], Exponent] = {}
    for number, monomial in d.terms:
        structure = space.structures[number]
        factors: list[Factor] = [(a, e, ()) for a, e in monomial]
        if not structure.has_delta:  # the root's indices are numbered by position
            free = len(structure.root)
            factors += [f for f in structure.factors if all(i < free for g in f[2] for i in g)]
        for a, e, groups in factors:
            if space.atoms[a].kind == "sum" and is_rational(e) and e < 0:
                least[a, groups] = min(e, least.get((a, groups), 0))
    if not least:
        return None
    (a, groups), e = max(least.items(), key=lambda item: item[0])
    return times_factors(space, d, [(a, -e, groups)])


def _without_inverse(space: Space, d: Value, tried: set[tuple[int, str]]) -> Value | None:
    """Multiply by a matrix whose inverse stands first or last in some term."""
    for atom, side, matrix in outer_inverses(space, d):
        if (atom, side) not in tried:
            tried.add((atom, side))
            return product(space, [matrix, d] if side == "row" else [d, matrix])
    return None
