"""Wrong formulas made from right ones, by the slips that people make, to measure what a check can see.

A formula is changed in one place at a time: a sign or a factor on one term, a term dropped, a factor transposed,
neighbours swapped, an elementwise product where a matrix product stood, an inverse left out, one entry off. What
equals the truth after all (a symmetric matrix transposed, say) is no mutant. That is decided by exact arithmetic at
points of its own: in two prime fields that no verdict uses, or in balls of 1024 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np
from sympy import Expr, HadamardProduct, MatAdd, MatMul, MatrixSymbol, Rational, Transpose

from derive.errors import InternalError
from derive.expression import algebra
from derive.expression.operation import kind
from derive.expression.walk import CONSTANTS, parts
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import Abstain, Arithmetic, Array, Undefined
from verify.arithmetics.exact import PrimeField, prime_field
from verify.methods.exact import Place, draw_weights, real_places
from verify.points.drawn import Variable
from verify.statement import Statement

#: What a term may be multiplied with by mistake.
SCALES: Mapping[str, Rational] = {
    "sign": Rational(-1),
    "factor 2": Rational(2),
    "factor 1/2": Rational(1, 2),
    "factor 1 + 1e-3": 1 + Rational(1, 10**3),
    "factor 1 + 1e-5": 1 + Rational(1, 10**5),
    "factor 1 + 1e-9": 1 + Rational(1, 10**9),
}
#: How far one entry is off, relatively.
OFF = Rational(1, 10**4)

#: The slips, in the order of the tables.
SLIPS = (
    *SCALES,
    "dropped term",
    "transposed factor",
    "swapped factors",
    "elementwise product",
    "dropped inverse",
    "one entry off by 1e-4",
)


@dataclass(frozen=True)
class Mutant:
    """A wrong formula, the slip that it was made by, and the piece that was changed."""

    slip: str
    formula: Expr
    piece: Expr


# -------------------------------------------------------------------------------------- one entry that is off


@dataclass(frozen=True)
class Unit(Variable):
    """A matrix of zeros with a one at `at`, as a variable whose value is not drawn."""

    at: tuple[int, int] = (0, 0)

    def build(self, free: Array, arithmetic: Arithmetic, flip: bool = False) -> Array:
        """Return the matrix."""
        out = np.zeros(free.shape, dtype=int)
        out[self.at] = 1
        return arithmetic.array(out)


def units(shape: tuple[Any, Any]) -> tuple[Unit, ...]:
    """Return the unit matrices of a shape that mark its corners."""
    rows = (0,) if shape[0] == 1 else (0, -1)
    columns = (0,) if shape[1] == 1 else (0, -1)
    # No name of the text language has a space.
    return tuple(Unit(f"unit {i} {j}", shape, at=(i, j)) for i in rows for j in columns)


def with_units(statement: Statement, formula: Expr) -> Statement:
    """Return the statement with the unit matrices that mutants of a formula name."""
    if not formula.is_Matrix:
        return statement
    marks = {u.name: u for u in units(formula.shape)}
    space = replace(statement.space, variables={**statement.space.variables, **marks})
    return replace(statement, space=space)


def _one_entry_off(formula: Expr) -> Iterator[Mutant]:
    if not formula.is_Matrix:
        yield Mutant(SLIPS[-1], (1 + OFF) * formula, formula)
        return
    for unit in units(formula.shape):
        mark = MatrixSymbol(unit.name, *formula.shape)
        there = algebra.make(MatMul, OFF, algebra.make(HadamardProduct, formula, mark))
        yield Mutant(SLIPS[-1], algebra.make(MatAdd, formula, there), formula)


# ----------------------------------------------------------------------------------------- the slips at a place


def mutants(formula: Expr) -> Iterator[Mutant]:
    """Yield every formula that one slip makes of a formula, some of them equal to each other or to it."""
    for node, put, term in _places(formula, lambda new: new, True):
        for slip, other in _slips(node, term):
            if algebra.shape(other) == algebra.shape(node):
                yield Mutant(slip, put(other), node)
    if formula not in (0, algebra.zero(algebra.shape(formula))):
        yield Mutant("dropped term", algebra.zero(algebra.shape(formula)), formula)
    yield from _one_entry_off(formula)


_Put = Callable[[Expr], Expr]


def _places(e: Expr, put: _Put, term: bool) -> Iterator[tuple[Expr, _Put, bool]]:
    """Yield every piece of an expression, what puts another in its place, and whether it stands as a term."""
    yield e, put, term
    if kind(e) in CONSTANTS:
        return
    inner = parts(e)
    for i, a in enumerate(e.args):
        if a.is_number or not any(a is p for p in inner):
            continue

        def inside(new: Expr, i: int = i) -> Expr:
            args = [*e.args[:i], new, *e.args[i + 1 :]]
            # SymPy's constructors would check again that the shapes of products and sums fit, slowly.
            bare = e.is_Matrix and kind(e) in ("sum", "matrix product", "elementwise product")
            return put(algebra.make(type(e), *args) if bare else e.func(*args))

        yield from _places(a, inside, kind(e) not in (*_PRODUCTS, "transpose"))


_PRODUCTS = ("product", "matrix product", "elementwise product", "Kronecker product")


def _slips(e: Expr, term: bool) -> Iterator[tuple[str, Expr]]:
    if kind(e) == "sum":
        yield from _dropped(e)
    elif term:
        yield from ((slip, _times(c, e)) for slip, c in SCALES.items())
    if kind(e) in ("matrix product", "Kronecker product"):
        yield from _reordered(e)
    elif e.is_Matrix and term:
        yield "transposed factor", _transposed(e)
    yield from (("dropped inverse", other) for other in _without_inverse(e))


def _times(c: Rational, e: Expr) -> Expr:
    if not e.is_Matrix:
        return c * e
    return algebra.make(MatMul, c, *(e.args if kind(e) == "matrix product" and e.args[0].is_Matrix else (e,)))


def _dropped(e: Expr) -> Iterator[tuple[str, Expr]]:
    for i in range(len(e.args)):
        rest = [*e.args[:i], *e.args[i + 1 :]]
        yield "dropped term", rest[0] if len(rest) == 1 else e.func(*rest)


def _transposed(e: Expr) -> Expr:
    return e.arg if kind(e) == "transpose" else Transpose(e)


def _reordered(e: Expr) -> Iterator[tuple[str, Expr]]:
    """Yield the slips of one or two factors of a product."""
    scalars = [a for a in e.args if not a.is_Matrix]
    factors = [a for a in e.args if a.is_Matrix]
    changed: list[tuple[str, list[Expr]]] = []
    for i, a in enumerate(factors):
        changed.append(("transposed factor", [*factors[:i], _transposed(a), *factors[i + 1 :]]))
    for i, (a, b) in enumerate(zip(factors, factors[1:], strict=False)):
        changed.append(("swapped factors", [*factors[:i], b, a, *factors[i + 2 :]]))
        if kind(e) == "matrix product" and a.shape == b.shape:
            entrywise = algebra.make(HadamardProduct, a, b)
            changed.append(("elementwise product", [*factors[:i], entrywise, *factors[i + 2 :]]))
    for slip, new in changed:
        fits = all(a.shape[1] == b.shape[0] for a, b in zip(new, new[1:], strict=False))
        if kind(e) == "Kronecker product" or fits:
            yield slip, algebra.make(type(e), *scalars, *new) if len(scalars + new) > 1 else new[0]


def _without_inverse(e: Expr) -> Iterator[Expr]:
    word = kind(e)
    if word == "inverse":
        yield e.arg
    elif word == "pseudo-inverse":
        yield Transpose(e.arg)
    elif word in ("power", "matrix power", "elementwise power") and e.args[1].is_number and e.args[1] < 0:
        yield e.func(e.args[0], -e.args[1])


# ---------------------------------------------------------------------------- which of them are wrong at all

#: Sizes other than those that verdicts begin with.
_SIZES = ((3, 4, 5, 2), (5, 3, 2, 4))


class Oracle:
    """The truth in exact arithmetic, at points of its own, and what formulas are worth there."""

    def __init__(self, statement: Statement, right: Expr, seed: int = 0) -> None:
        self.statement = statement
        self.places: list[tuple[Arithmetic, Place]] = []
        for arithmetics in ((prime_field("mutants 1"), prime_field("mutants 2")), (Balls(1024),)):
            try:
                self.places = [p for a in arithmetics for p in self._places(a, right, seed)]
                break
            except Abstain:
                continue
        if not self.places:
            raise InternalError(f"{statement.expr} has no value at any of the points tried")
        self.truth = [self._side(None, arithmetic, place) for arithmetic, place in self.places]

    def _places(self, arithmetic: Arithmetic, right: Expr, seed: int) -> Iterator[tuple[Arithmetic, Place]]:
        names = self.statement.space.sizes
        for base in _SIZES if names else _SIZES[:1]:
            sizes = {name: base[i % 4] + i // 4 for i, name in enumerate(names)}
            for place in self._draws(arithmetic, sizes, seed):
                try:
                    self._side(None, arithmetic, place)
                    self._side(right, arithmetic, place)
                except Undefined:
                    continue
                yield arithmetic, place
                break

    def _draws(self, arithmetic: Arithmetic, sizes: dict[str, int], seed: int) -> Iterator[Place]:
        if not isinstance(arithmetic, PrimeField):
            yield from real_places(self.statement.space, self.statement, sizes, seed + 1)
            return
        p = arithmetic.p
        rng = Random(f"mutants {seed} {p} {sorted(sizes.items())}")
        for i in range(8):
            free = self.statement.space.draw_residues(sizes, rng, p)
            yield Place(sizes, free, i % 2 == 1, draw_weights(self.statement, sizes, rng, p))

    def _side(self, formula: Expr | None, arithmetic: Arithmetic, place: Place) -> list[Any]:
        with arithmetic.context():
            values = place.values(self.statement.space, arithmetic)
            if formula is None:
                side = self.statement.true_side(values, place.sizes, arithmetic, *place.weights)
            else:
                side = self.statement.claimed_side(formula, values, place.sizes, arithmetic, *place.weights)
            return list(side.reshape(-1))

    def side(self, formula: Expr) -> list[list[Any] | None]:
        """Return a formula's numbers at every place, None where it has no value."""
        out: list[list[Any] | None] = []
        for arithmetic, place in self.places:
            try:
                out.append(self._side(formula, arithmetic, place))
            except (Undefined, Abstain):
                out.append(None)
        return out

    def is_right(self, side: list[list[Any] | None]) -> bool:
        """Return whether the numbers of a formula are the truth."""
        return all(
            got is not None and all(_equal(a, b) for a, b in zip(got, true, strict=True))
            for got, true in zip(side, self.truth, strict=True)
        )


def _equal(a: Any, b: Any) -> bool:
    if not hasattr(a, "overlaps"):
        return bool(a == b)
    if not a.overlaps(b):
        return False
    if float((a - b).abs_upper()) > 1e-60 * max(1.0, float(a.abs_upper())):
        raise InternalError("1024 bits do not tell two formulas apart")
    return True


def _key(side: list[list[Any] | None]) -> tuple[Any, ...]:
    """Return what is the same for formulas that are the same function."""
    return tuple(
        None if numbers is None else tuple(map(_digits, numbers))
        for numbers in side
    )  # fmt: skip


def _digits(e: Any) -> Any:
    return e.str(40, radius=False) if hasattr(e, "overlaps") else int(e)


@dataclass
class Mutants:
    """The wrong formulas made from right ones; how many others equalled the truth, each other, or had no value."""

    wrong: dict[tuple[Any, ...], Mutant] = field(default_factory=dict)
    equal: int = 0
    repeated: int = 0
    undefined: int = 0


def wrong_formulas(statement: Statement, *right: Expr, seed: int = 0) -> Mutants:
    """Return the mutants of right formulas that differ from the truth, and from each other, as functions.

    The formulas have one shape; the unit matrices are variables of `with_units(statement, right[0])`. Raises
    InternalError where one of the formulas is not right.
    """
    oracle = Oracle(with_units(statement, right[0]), right[0], seed)
    out = Mutants()
    for formula in right:
        if not oracle.is_right(oracle.side(formula)):
            raise InternalError(f"the formula {formula} is not the {statement.kind} of {statement.expr}")
        for mutant in mutants(formula):
            side = oracle.side(mutant.formula)
            if all(numbers is None for numbers in side):
                out.undefined += 1
            elif oracle.is_right(side):
                out.equal += 1
            elif (key := _key(side)) in out.wrong:
                out.repeated += 1
            else:
                out.wrong[key] = mutant
    return out
