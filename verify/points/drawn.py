"""Random points that honour assumptions exactly, over any arithmetic.

Every variable is made from as many free numbers as it has entries, by operations of the arithmetic alone: a
symmetric or Toeplitz matrix from those that stand first for its parameters, a positive definite one as L·L' (where
its structure forbids that, by a multiple of the identity added), an orthogonal one by the Cayley transform of a skew
matrix. In a prime field these maps reach a dense set of such matrices (positive definite ones are dense in
the symmetric ones, as far as polynomials can tell), and their degree counts in the Schwartz-Zippel bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import numpy as np
from sympy import Expr, Integer, S

from derive.errors import InputError
from derive.expression.facts import STIEFEL
from derive.expression.functions import Selection
from derive.operations import unknown_functions
from derive.problem import Problem
from verify.arithmetics import ties
from verify.arithmetics.base import Arithmetic, Array, Undefined
from verify.evaluate import DEGREE_OF_UNKNOWN, coefficients, layout, size_of, total

#: How free numbers are drawn: a name, the integers k to draw from, the denominator. Expressions that have no value
#: at generic points (a logarithm, an arc sine) have one at positive or at small ones.
STYLES: tuple[tuple[str, range, int], ...] = (
    ("generic", range(-128, 129), 64),
    ("positive", range(1, 129), 64),
    ("small", range(-128, 129), 1024),
    ("small positive", range(1, 129), 1024),
    ("large positive", range(65, 512), 32),
)

SYMMETRIC = frozenset({"symmetric", "posdef", "structured-symmetric"})
SUMS = frozenset({"sums_to_one", "sums_to_one rows", "sums_to_one columns"})
ONEHOT = frozenset({"onehot", "onehot rows", "onehot columns"})
#: Structures that products such as L·L' leave.
NARROW = frozenset(
    {"structured-diagonal", "structured-toeplitz", "structured-lower", "structured-upper", "structured-skew"}
)


@dataclass(frozen=True)
class Variable:
    """A name, its shape in SymPy sizes ((1, 1) for a scalar), and what is assumed of its values."""

    name: str
    shape: tuple[Expr, Expr]
    kinds: frozenset[str] = frozenset()

    def build(self, free: Array, arithmetic: Arithmetic, flip: bool = False) -> Array:
        """Return the value made from free numbers in the variable's shape.

        `flip` chooses the other component of the orthogonal matrices, which have determinant 1 or -1.
        """
        rows, columns = free.shape
        if self.kinds & (SUMS | ONEHOT):
            return self._summing_to_one(free, arithmetic)
        if self.kinds & set(STIEFEL):
            return self._orthonormal(free, arithmetic)
        if rows != columns or not self.kinds - {"positive", "invertible"}:
            return free
        if "orthogonal" in self.kinds:
            signs = np.ones((rows, 1), dtype=int)
            if "posdef" in self.kinds:
                return arithmetic.eye(rows)  # the only one
            signs[0, 0] = -1 if flip else 1
            half = free * arithmetic.array(np.tri(rows, k=-1, dtype=int))
            skew, unit = half - half.T, arithmetic.eye(rows)
            q = (unit - skew) @ arithmetic.inverse(unit + skew)
            flipped = q * arithmetic.array(signs.T)
            return flipped @ q.T if self.kinds & SYMMETRIC else flipped
        if "posdef" in self.kinds and not self.kinds & NARROW:
            half = free * arithmetic.array(np.tri(rows, dtype=int))
            return half @ half.T
        structure = self.kinds | ({"structured-symmetric"} if self.kinds & SYMMETRIC else set())
        value = ties.spread(free, structure, arithmetic)
        if "posdef" in self.kinds:  # no eigenvalue is below -(1 + ‖value‖²)
            return value + (1 + total(value * value)) * arithmetic.eye(rows)
        return value

    def _orthonormal(self, free: Array, arithmetic: Arithmetic) -> Array:
        """Return the first columns E of the identity turned by the Cayley transform of F E' - E F', F being free."""
        rows, columns = free.shape
        if columns > rows:
            raise Undefined("more orthonormal columns than rows")
        unit = arithmetic.eye(rows)
        first = unit[:, :columns]
        skew = free @ first.T - first @ free.T
        turned: Array = (unit - skew) @ (arithmetic.inverse(unit + skew) @ first)
        return turned

    def _summing_to_one(self, free: Array, arithmetic: Arithmetic) -> Array:
        """Return free numbers over their sum where they are positive, else each less the mean of what is too much."""
        axis = 1 if free.shape[0] == 1 or self.kinds & {"sums_to_one rows", "onehot rows"} else 0
        sums = free.sum(axis=(axis,), keepdims=True)
        if "positive" in self.kinds or self.kinds & ONEHOT:
            try:
                return free / sums
            except ZeroDivisionError:
                raise Undefined("entries that add up to zero, not to one") from None
        return free + (1 - sums) * arithmetic.full((1, 1), Fraction(1, free.shape[axis]))

    def lines(self, shape: tuple[int, int]) -> list[np.ndarray]:
        """Return the places, counted row by row, that hold one 1 each: those of rows, of columns, or all."""
        places = np.arange(shape[0] * shape[1]).reshape(shape)
        if "onehot rows" in self.kinds:
            return list(places)
        return list(places.T) if "onehot columns" in self.kinds else [places.reshape(-1)]

    def placements(self, shape: tuple[int, int]) -> Iterator[np.ndarray]:
        """Yield all its values where it is made of zeros and ones."""
        for ones in product(*self.lines(shape)):
            out = np.zeros(shape[0] * shape[1], dtype=object)
            out[list(ones)] = 1
            yield out.reshape(shape)

    def _onehot(self, drawn: np.ndarray) -> np.ndarray:
        """Return zeros with ones where drawn numbers are the largest."""
        flat = drawn.reshape(-1)
        out = np.zeros(flat.size, dtype=object)
        out[[max(line, key=flat.__getitem__) for line in self.lines(drawn.shape)]] = 1
        return out.reshape(drawn.shape)

    def allows(self, value: Array, arithmetic: Arithmetic) -> bool:
        """Return whether a value keeps the assumptions that construction alone does not grant."""
        entries = value.reshape(-1)
        if "positive" in self.kinds and not all(e > 0 for e in entries):
            return False
        if "nonzero" in self.kinds and any(e == 0 for e in entries):
            return False
        if self.kinds & ONEHOT:
            lines = [[entries[k] for k in line] for line in self.lines(value.shape)]
            if not all(
                sum(bool(e == 1) for e in a) == 1 == len(a) - sum(bool(e == 0) for e in a) for a in lines
            ):
                return False
        if self.kinds & {"invertible", "posdef"}:
            return bool(arithmetic.nonzero(arithmetic.determinant(value)[0, 0]))
        return True

    def tie(self, weights: Array, arithmetic: Arithmetic, at: Array) -> Array:
        """Return the direction in which the entries move at a point, weighted, where tied entries move together.

        On the Stiefel manifold it is what is left of the weights along the manifold: X A + Z with A skew-symmetric and
        X'Z = 0 (Edelman, Arias and Smith 1998, 2.2.1); of X'W, the metric says how much of its skew part.
        """
        if self.kinds & set(STIEFEL):
            inside = at.T @ weights
            half = (inside - inside.T) * arithmetic.full((1, 1), Fraction(1, 2))
            share = 2 if "structured-stiefel-canonical" in self.kinds else 1
            return at @ (share * half) + (weights - at @ inside)
        tied = self.kinds & ties.STRUCTURES.keys()
        return ties.gathered(weights, self.kinds, arithmetic) if tied else weights


@dataclass(frozen=True)
class PointSpace:
    """The variables of a problem, and its symbolic sizes: what random points are drawn from."""

    variables: Mapping[str, Variable]
    sizes: tuple[str, ...] = field(default=())
    #: Places and how many there are: x[k] asks for sizes with k <= n.
    places: tuple[tuple[Expr, Expr], ...] = field(default=())

    @classmethod
    def of(cls, problem: Problem) -> PointSpace:
        """Return the space of a problem. Raises InputError where assumptions exclude each other."""
        kinds: dict[str, set[str]] = {}
        for kind, name in problem.assumptions:
            kinds.setdefault(name, set()).add(kind)
        variables = {
            name: Variable(name, shape, frozenset(kinds.get(name, ())))
            for name, shape in problem.shapes.items()
        }
        for symbol in sorted({f.symbol for f in unknown_functions(problem.expr)} | problem.functions):
            name = coefficients(symbol)
            variables[name] = Variable(name, (Integer(DEGREE_OF_UNKNOWN + 1), S.One))
        for v in variables.values():
            if {"orthogonal", "positive"} <= v.kinds:
                raise InputError(f"{v.name} cannot be orthogonal with positive entries only")
            if "orthogonal" in v.kinds and v.kinds & NARROW:
                other = min(v.kinds & NARROW)
                raise InputError(f"no points are drawn of an orthogonal and {other} {v.name}: leave one away")
        nodes = [step.node for step in layout(problem.expr)]
        numbers = [n.name for n in nodes if n.is_Symbol and n.is_integer and n.name not in variables]
        places = [(n.args[0] + n.args[1], n.args[2]) for n in nodes if isinstance(n, Selection)]
        return cls(variables, tuple(dict.fromkeys((*problem.sizes, *numbers))), tuple(dict.fromkeys(places)))

    def fitting(self, sizes: dict[str, int]) -> dict[str, int]:
        """Return sizes with those enlarged that have fewer places than are named."""
        for _ in range(len(self.places)):
            for last, count in self.places:
                short = size_of(last, sizes) - size_of(count, sizes)
                if short > 0 and count.is_Symbol:
                    sizes = {**sizes, count.name: sizes[count.name] + short + 1}
        return sizes

    def shape(self, name: str, sizes: Mapping[str, int]) -> tuple[int, int]:
        """Return a variable's shape in integers."""
        rows, columns = self.variables[name].shape
        return size_of(rows, sizes), size_of(columns, sizes)

    def assuming(self, kind: str, names: Iterable[str]) -> PointSpace:
        """Return the space with one more assumption of some variables."""
        changed = dict(self.variables)
        for name in names:
            changed[name] = replace(changed[name], kinds=changed[name].kinds | {kind})
        return replace(self, variables=changed)

    def assignments(self, seed: int = 0, largest: int = 6) -> Iterator[dict[str, int]]:
        """Yield sizes to check at, with all places that are named."""
        return map(self.fitting, self._assignments(seed, largest))

    def _assignments(self, seed: int, largest: int) -> Iterator[dict[str, int]]:
        """Yield sizes to check at: distinct ones, in several orders, so that neither of two is always larger.

        None is 1, and two are equal only at last, so that a claim that holds for square matrices only does not
        pass; from the third on they are random, so that one that holds at given sizes only does not either.
        """
        count = len(self.sizes)
        if not count:
            yield {}
            return
        for base in ((2, 3, 4, 5), (3, 5, 2, 4)):
            yield dict(zip(self.sizes, [base[i % 4] + i // 4 for i in range(count)], strict=True))
        rng = Random(f"sizes {seed}")
        choice = range(2, max(largest, count + 3) + 1)
        for _ in range(24):
            yield dict(zip(self.sizes, rng.sample(choice, count), strict=True))
        for n in (3, 2):
            yield dict.fromkeys(self.sizes, n)

    def free(self, sizes: Mapping[str, int], draw: Any) -> dict[str, np.ndarray]:
        """Return free numbers for every variable, each entry from `draw(variable)`."""
        out = {}
        for name, variable in self.variables.items():
            numbers = np.empty(self.shape(name, sizes), dtype=object)
            numbers.reshape(-1)[:] = [draw(variable) for _ in range(numbers.size)]
            if variable.kinds & ONEHOT:
                numbers = variable._onehot(numbers)
            out[name] = numbers
        return out

    def values(
        self, free: Mapping[str, Any], arithmetic: Arithmetic, flip: bool = False, check: bool = True
    ) -> dict[str, Array]:
        """Return the values made from free numbers. Raises Undefined where they break an assumption."""
        out = {}
        for name, variable in self.variables.items():
            numbers = arithmetic.array(free[name])
            value = variable.build(numbers, arithmetic, flip)
            if check and not variable.allows(value, arithmetic):
                raise Undefined(f"{name} is not {' and '.join(sorted(variable.kinds))} here")
            out[name] = value
        return out

    def draw(self, sizes: Mapping[str, int], rng: Random, style: int = 0) -> dict[str, np.ndarray]:
        """Return free rational numbers in one of the styles; variables assumed positive are positive."""

        def number(variable: Variable) -> Fraction:
            at = style
            if "positive" in variable.kinds and STYLES[style][1].start < 0:
                at = style + 1
            _, integers, denominator = STYLES[at]
            k = 0
            while k == 0:
                k = rng.randrange(integers.start, integers.stop)
            return Fraction(k, denominator)

        return self.free(sizes, number)

    def draw_residues(self, sizes: Mapping[str, int], rng: Random, p: int) -> dict[str, np.ndarray]:
        """Return free residues, uniform modulo p."""
        return self.free(sizes, lambda variable: rng.randrange(p))


def weights(shape: Sequence[int], rng: Random, bound: int = 1000, signs: Random | None = None) -> np.ndarray:
    """Return an array of random integers between 1 and a bound, of random signs if asked, as weights of directions."""
    out = np.empty(tuple(shape), dtype=object)
    out.reshape(-1)[:] = [rng.randrange(1, bound) for _ in range(out.size)]
    if signs is not None:
        out.reshape(-1)[:] = [e * signs.choice((1, -1)) for e in out.flat]
    return out
