"""What the normal form is made of: atoms, terms and values in index notation, each stored once.

A matrix expression is a sum of terms. A term is a rational coefficient times a product of atoms, and an atom
carries groups of indices: A[i, j], x[i], inv(M)[i, j], exp(t)[i]. Indices at the root are free (first those of
the row, then those of the column); all others are summed. An index may occur any number of times, so that
elementwise products, diagonals, the identity (one free index in row and column) and vectors of ones (a free
index without atoms) need no atoms of their own. A row or column of size 1 has no index; that of a Kronecker
product or of a vec has several, the most significant first.

Atoms, terms and values are numbered as they first appear in a `Space`, and compared by number.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from sympy import Expr, Integer, Mul, Rational, expand

#: An exponent: an int, a Fraction, or a SymPy expression of symbols.
Exponent = Any
#: A coefficient: an int or a Fraction.
Coefficient = Any
#: One index of an atom's slot, or several where a slot has a product's size.
Group = tuple[int, ...]
#: (atom, exponent, groups).
Factor = tuple[int, Exponent, tuple[Group, ...]]
#: Factors without indices, by atom: ((atom, exponent), ...), sorted.
Monomial = tuple[tuple[int, Exponent], ...]
#: (structure, monomial).
Term = tuple[int, Monomial]

#: The largest number of terms that a sum may grow to.
MAX_TERMS = 400
#: The number of steps that one normal form may take.
MAX_STEPS = 12_000


class Undecided(Exception):
    """The expression is beyond the bounds, or outside of what the normal form covers."""


class Structure(NamedTuple):
    """The part of a term that has free indices; index i has the size `sizes[i]`, the root's come first.

    `components` lists the factors that hang together through summed indices; they are `factors` in groups, and
    `numbers` tells which are the same.
    """

    sizes: tuple[int, ...]
    row: Group
    column: Group
    components: tuple[tuple[Factor, ...], ...]
    numbers: Group
    factors: tuple[Factor, ...]

    @property
    def root(self) -> Group:
        """Return the free indices by position, those of the row first."""
        return self.row + self.column

    @property
    def has_delta(self) -> bool:
        """Tell whether one index stands at two positions of the root, so that the term is zero elsewhere."""
        return len(set(self.root)) < len(self.root)


@dataclass(frozen=True, eq=False, slots=True)
class Value:
    """A sum of terms, with the sizes of its row's and column's indices (both empty for a scalar)."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    terms: dict[Term, Coefficient]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the sizes by position."""
        return self.rows + self.columns


@dataclass(eq=False, slots=True)
class Atom:
    """An atom: its kind, what it is made of, and which exchanges of its groups leave it unchanged.

    `sign` is 2 where it is seen to be positive, 1 where not negative, 0 where nothing is seen.
    """

    kind: str
    name: Any
    body: Value | None
    symmetries: tuple[tuple[int, ...], ...]
    sign: int


EMPTY = 0  # the structure of a scalar: no index, no factor


class Space:
    """The atoms, structures and values met so far under one set of assumptions, and the steps left.

    `positive` names the symbols that are nonnegative wherever the expressions in question are defined, since
    these take their logarithm or a root of them; `full_rank` holds (expression, "column" or "row") likewise. A
    `factored` space keeps the sums in matrix products as they are, each an atom.
    """

    def __init__(
        self, positive: Iterable[str] = (), full_rank: Iterable[tuple[Expr, str]] = (), factored: bool = False
    ) -> None:
        self.positive = frozenset(positive)
        self.full_rank = frozenset(full_rank)
        self.factored = factored
        self.atoms: list[Atom] = []
        self.structures: list[Structure] = []
        self.sizes: list[Expr] = []
        self.values: list[Value] = []
        self.components: list[Any] = []
        self.read: dict[Expr, Value] = {}
        self.leads: dict[int, Any] = {}
        self.orientations: dict[int, Any] = {}
        self.steps = MAX_STEPS
        self._ids: dict[tuple[str, Hashable], int] = {}
        self.structure((), (), (), ())

    def tick(self, steps: int = 1) -> None:
        """Count steps. Raises Undecided when none are left."""
        self.steps -= steps
        if self.steps < 0:
            raise Undecided("the step budget is spent")

    def _number(self, table: str, key: Hashable, items: list[Any], item: Any) -> int:
        found = self._ids.get((table, key))
        if found is None:
            found = self._ids[table, key] = len(items)
            items.append(item)
        return found

    def size(self, size: Expr) -> int:
        """Return the number of a size."""
        return self._number("size", size, self.sizes, size)

    def product_size(self, sizes: Iterable[int]) -> Expr:
        """Return the product of sizes."""
        return Mul(*[self.sizes[s] for s in sizes])

    def structure(self, sizes: tuple[int, ...], row: Group, column: Group, components: Group) -> int:
        """Return the number of a structure: the free indices' sizes, where they stand, and its components."""
        key = (sizes, row, column, components)
        found = self._ids.get(("structure", key))
        if found is None:
            found = self._ids["structure", key] = len(self.structures)
            self.structures.append(self._built(*key))
        return found

    def _built(self, sizes: tuple[int, ...], row: Group, column: Group, components: Group) -> Structure:
        every = list(sizes)
        parts = []
        for number in components:
            own, factors = self.components[number]
            shift = len(every)
            every.extend(own)
            parts.append(
                tuple(
                    (a, e, tuple([tuple([-1 - i if i < 0 else i + shift for i in g]) for g in groups]))
                    for a, e, groups in factors
                )
            )
        return Structure(
            tuple(every), row, column, tuple(parts), components, tuple(f for part in parts for f in part)
        )

    def component(self, certificate: Hashable) -> int:
        """Return the number of a component by its canonical labelling."""
        return self._number("component", certificate, self.components, certificate)

    def label(self, atom: int, exponent: Exponent) -> int:
        """Return the number of a power of an atom."""
        return self._ids.setdefault(("label", (atom, exponent)), len(self._ids))

    def value(self, value: Value) -> int:
        """Return the number of a value."""
        key = (value.rows, value.columns, frozenset(value.terms.items()))
        return self._number("value", key, self.values, value)

    def atom(
        self,
        kind: str,
        name: Any,
        body: Value | None = None,
        symmetries: tuple[tuple[int, ...], ...] = (),
        sign: int = 0,
    ) -> int:
        """Return the number of an atom."""
        number = None if body is None else self.value(body)
        if number is not None:
            body = self.values[number]
        key = (kind, name, number)
        found = self._ids.get(("atom", key))
        if found is None:
            found = self._ids["atom", key] = len(self.atoms)
            self.atoms.append(Atom(kind, name, body, symmetries, sign))
        return found

    def order(self, term: Term) -> tuple[Any, ...]:
        """Return the key by which the leading term of a sum is chosen.

        Terms that depend on all free indices come first, and those without scalar factors. Then counts the total
        degree, then the atoms: products keep that order, so that divisions end.
        """
        structure = self.structures[term[0]]
        used = {i for _, _, groups in structure.factors for g in groups for i in g}
        factors = [(a, e) for a, e, _ in structure.factors]
        scalars = bool(factors) and bool(term[1])
        degree = sum(abs(e) if is_rational(e) else 1 for _, e in (*factors, *term[1]))
        labels = sorted(((a, self.label(a, e)) for a, e in (*factors, *term[1])), reverse=True)
        return (
            used.issuperset(structure.root),
            not structure.has_delta,
            not scalars,
            degree,
            labels,
            term[0],
        )


# -------------------------------------------------------------------------------------------- exponents


def exponent(e: Any) -> Exponent:
    """Return an exponent as an int or a Fraction where it is rational, else as an expanded expression."""
    if isinstance(e, int):
        return e
    if isinstance(e, Fraction):
        return e.numerator if e.denominator == 1 else e
    if e.is_Rational:
        return int(e) if e.is_Integer else Fraction(int(e.p), int(e.q))
    e = expand(e)
    return exponent(e) if e.is_Rational else e


def symbolic(e: Exponent) -> Expr:
    """Return an exponent as a SymPy expression."""
    if isinstance(e, Fraction):
        return Rational(e.numerator, e.denominator)
    return Integer(e) if isinstance(e, int) else e


def plus(a: Exponent, b: Exponent) -> Exponent:
    """Return the sum of two exponents."""
    if isinstance(a, int | Fraction) and isinstance(b, int | Fraction):
        return exponent(a + b)
    return exponent(symbolic(a) + symbolic(b))


def times(a: Exponent, b: Exponent) -> Exponent:
    """Return the product of two exponents."""
    if isinstance(a, int | Fraction) and isinstance(b, int | Fraction):
        return exponent(a * b)
    return exponent(symbolic(a) * symbolic(b))


def is_rational(e: Exponent) -> bool:
    """Tell whether an exponent is a number."""
    return isinstance(e, int | Fraction)


def is_integer(e: Exponent) -> bool:
    """Tell whether an exponent is an integer, or a symbol that stands for one."""
    return isinstance(e, int) or (not isinstance(e, Fraction) and bool(e.is_integer))


def whole_part(e: Exponent) -> int:
    """Return the largest integer in an exponent's constant part."""
    if is_rational(e):
        return e // 1 if isinstance(e, int) else e.numerator // e.denominator
    constant = e.as_coeff_Add()[0]
    return int(constant // 1) if constant.is_Rational else 0
