"""Products of arrays in index notation, and matrix expressions written out in it.

A term is a scalar times arrays with indices; indices that are not free are summed. x'·A·x is Σ_ij x_i A_ij x_j. Only what
is random is taken apart: whatever else an expression holds stays a whole array, whatever operation made it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product as choices
from typing import Any

from sympy import Abs, Expr, Identity, MatMul, Pow, S

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.elementwise import ENTRY
from derive.expression.operation import kind
from derive.language.text import to_text
from derive.moments.activations import X
from derive.moments.entry_functions import function_of
from derive.operations.unfold import definition

#: The number of terms that an expression may be multiplied out to, and the largest power that is.
MAX_TERMS, MAX_POWER = 2_000, 8

#: An index of a row or column; None where that has size 1.
Index = int | None


class NotPolynomialError(InputError):
    """An expression that is no polynomial in what is random."""


@dataclass(frozen=True)
class Factor:
    """An array with its indices: a matrix two, a column one, a scalar none."""

    array: Expr
    indices: tuple[int, ...] = ()


@dataclass(frozen=True)
class Term:
    """coefficient × known arrays × random arrays, summed over the indices that are not free."""

    coefficient: Expr = S.One
    known: tuple[Factor, ...] = ()
    random: tuple[Factor, ...] = ()

    def __mul__(self, other: Term) -> Term:
        return Term(
            self.coefficient * other.coefficient, self.known + other.known, self.random + other.random
        )


@dataclass
class Indices:
    """The indices of a calculation and the sizes that they run over."""

    sizes: dict[int, Expr] = field(default_factory=dict)

    def fresh(self, size: Expr) -> Index:
        """Return a new index; None for a size of 1."""
        if size == 1:
            return None
        number = len(self.sizes)
        self.sizes[number] = size
        return number


@dataclass
class Lowering:
    """Writes expressions in index notation; `random` are the symbols that are random."""

    random: frozenset[Expr]
    indices: Indices = field(default_factory=Indices)

    def is_random(self, e: Expr) -> bool:
        """Tell whether an expression depends on what is random."""
        return bool(e.free_symbols & self.random)

    def terms(self, e: Expr, row: Index = None, column: Index = None) -> list[Term]:
        """Return an expression, at an entry of it, as a sum of terms. Raises InputError where it is no polynomial."""
        if not self.is_random(e):
            return [self._known(e, row, column)]
        if e in self.random:
            return [Term(random=(Factor(e, _present(row, column)),))]
        lower = _LOWERINGS.get(kind(e))
        if lower is None:
            raise self.unreadable(e)
        return lower(self, e, row, column)

    def unreadable(self, e: Expr) -> NotPolynomialError:
        """Return the error for what is no polynomial in what is random."""
        names = ", ".join(sorted(s.name for s in e.free_symbols & self.random))
        return NotPolynomialError(
            f"{to_text(e)[:60]} is no polynomial in the random {names}: expectations are of polynomials, and of "
            "functions such as relu of one Gaussian"
        )

    def _known(self, e: Expr, row: Index, column: Index) -> Term:
        if not algebra.is_matrix(e):
            return Term(e)
        scale, factors = algebra.split(e)
        array = algebra.dot(*factors) if scale != 1 else e
        if row is None and column is not None:
            array = algebra.t(array)
        if row is None and column is None:
            return Term(scale * algebra.trace(array))
        return Term(scale, (Factor(array, _present(row, column)),))

    def product(self, lists: Sequence[list[Term]]) -> list[Term]:
        """Return the product of sums, multiplied out."""
        count = 1
        for terms in lists:
            count *= len(terms)
        if count > MAX_TERMS:
            raise InputError(
                f"multiplied out, this has {count} terms, at most {MAX_TERMS} are read: name parts of it"
            )
        out = []
        for chosen in choices(*lists):
            term = Term()
            for factor in chosen:
                term = term * factor
            out.append(term)
        return out

    def power(self, e: Expr, exponent: Any, row: Index = None, column: Index = None) -> list[Term]:
        """Return an entry of e to a whole power; every factor gets indices of its own to sum over."""
        if not is_small(exponent):
            raise InputError(
                f"the power {exponent} of {to_text(e)[:40]}, which is random: powers from 1 to {MAX_POWER} are read"
            )
        return self.product([self.terms(e, row, column) for _ in range(int(exponent))])


def is_small(exponent: Any) -> bool:
    """Tell whether a power to this exponent is multiplied out."""
    return bool(exponent.is_Integer and 0 < exponent <= MAX_POWER)


def _present(*indices: Index) -> tuple[int, ...]:
    return tuple(i for i in indices if i is not None)


# ---------------------------------------------------------------------------------------- the operations


def _sum(low: Lowering, e: Expr, row: Index, column: Index) -> list[Term]:
    return [term for a in e.args for term in low.terms(a, row, column)]


def _scalar_product(low: Lowering, e: Expr, row: Index, column: Index) -> list[Term]:
    return low.product([low.terms(a) for a in e.args])


def _matrix_product(low: Lowering, e: Any, row: Index, column: Index) -> list[Term]:
    scale, factors = algebra.split(e)
    between = [low.indices.fresh(a.shape[1]) for a in factors[:-1]]
    ends = [row, *between, column]
    lists = [low.terms(a, ends[k], ends[k + 1]) for k, a in enumerate(factors)]
    return low.product([low.terms(scale), *lists])


def _transpose(low: Lowering, e: Any, row: Index, column: Index) -> list[Term]:
    return low.terms(e.arg, column, row)


def _trace(low: Lowering, e: Any, row: Index, column: Index) -> list[Term]:
    k = low.indices.fresh(e.arg.shape[0])
    return low.terms(e.arg, k, k)


def _entrywise_product(low: Lowering, e: Expr, row: Index, column: Index) -> list[Term]:
    return low.product([low.terms(a, row, column) for a in e.args])


def _entrywise_power(low: Lowering, e: Any, row: Index, column: Index) -> list[Term]:
    if not is_small(e.exp) and _is_function(low, e):
        return _whole(low, e, row, column)
    return low.power(e.base, e.exp, row, column)


def _power(low: Lowering, e: Any, row: Index, column: Index) -> list[Term]:
    base, exponent = e.args
    even = exponent.is_Integer and exponent % 2 == 0
    if even and isinstance(base, Abs):
        base = base.args[0]
    elif even and isinstance(root := definition(base), Pow):
        if root.exp == S.Half:  # the square of a norm is a polynomial, though the norm is none
            base, exponent = root.base, root.exp * exponent
    if not is_small(exponent) and _is_function(low, e):
        return _whole(low, e, row, column)
    return low.power(base, exponent)


def _is_function(low: Lowering, e: Expr) -> bool:
    """Tell whether a power that is no polynomial, such as 1/(1 + x^2), is a function of one affine array."""
    whole = e.exp.is_Integer and e.exp > 0
    return not whole and function_of(e, low.random)[0] != X


def _whole(low: Lowering, e: Any, row: Index, column: Index) -> list[Term]:
    """Keep a function of entries as one random array."""
    if row is None and algebra.is_matrix(e):
        e = algebra.t(e)
    return [Term(random=(Factor(e, _present(row, column)),))]


def _matrix_power(low: Lowering, e: Any, row: Index, column: Index) -> list[Term]:
    if not (e.exp.is_Integer and 0 < e.exp <= MAX_POWER):
        raise low.unreadable(e)
    return _matrix_product(low, algebra.make(MatMul, *[e.base] * int(e.exp)), row, column)


def _entry_sum(low: Lowering, e: Any, row: Index, column: Index) -> list[Term]:
    i, j = (low.indices.fresh(d) for d in e.args[0].shape)
    return low.terms(e.args[0], i, j)


def _diagonal_matrix(low: Lowering, e: Any, row: Index, column: Index) -> list[Term]:
    delta = low.terms(Identity(e.shape[0]), row, column)
    return low.product([delta, low.terms(e.args[0], row)])


def _diagonal(low: Lowering, e: Any, row: Index, column: Index) -> list[Term]:
    return low.terms(e.arg, row, row)


def _function(low: Lowering, e: Any, row: Index, column: Index) -> list[Term]:
    """Take a polynomial of entries apart, keep another function of entries as one random array."""
    if kind(e) == "function of entries":
        body, x = e.function.expr.xreplace({e.function.variables[0]: ENTRY}), e.expr
    else:
        body, x = e.func(ENTRY), e.args[0]
    if body.is_polynomial(ENTRY):
        out: list[Term] = []
        for (k,), c in body.as_poly(ENTRY).terms():
            powers = low.power(x, S(k), row, column) if k else [Term()]
            out += low.product([[Term(c)], powers])
        return out
    return _whole(low, e, row, column)


#: By the word for an operation.
_LOWERINGS: dict[str, Callable[[Lowering, Any, Index, Index], list[Term]]] = {
    "sum": _sum,
    "product": _scalar_product,
    "matrix product": _matrix_product,
    "transpose": _transpose,
    "trace": _trace,
    "elementwise product": _entrywise_product,
    "elementwise power": _entrywise_power,
    "power": _power,
    "matrix power": _matrix_power,
    "sum of the entries": _entry_sum,
    "diagonal matrix": _diagonal_matrix,
    "diagonal": _diagonal,
    "function of entries": _function,
    "function": _function,
}
