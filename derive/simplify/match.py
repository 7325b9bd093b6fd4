"""One matcher of expressions against patterns, under commutative and associative operators.

A pattern is an expression whose symbols are variables: a scalar's stands for a scalar, a matrix's for a matrix of a
shape that fits, a size's for a size. In sums, products of scalars and products entry by entry the order is free, and
powers are counted: f(t)^3 holds f(t)^2. In a product of matrices a variable stands for one factor or for several, a
trace is read in every rotation and transposed, and a transposed variable stands for the transpose of what is met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

from sympy import Expr, Mul, S, exp

from derive.expression import algebra
from derive.expression.algebra.core import same_terms
from derive.expression.elementwise import applied, elementwise, scalar_function
from derive.expression.facts import remembered
from derive.expression.operation import kind
from derive.expression.rebuild import rebuild
from derive.expression.walk import distinct, parts

#: Variables, and sizes, with what they stand for.
Bound: TypeAlias = "dict[Expr, Expr]"

_COMMUTING = frozenset({"product", "power", "elementwise product", "elementwise power"})
_CONSTANTS = frozenset({"identity", "ones", "zeros"})


def is_variable(p: Expr) -> bool:
    """Tell whether a pattern is a variable."""
    return kind(p) in ("scalar", "matrix")


def matches(p: Expr, e: Expr, bound: Bound) -> Iterator[Bound]:
    """Yield the ways in which an expression is an instance of a pattern, as variables with what they stand for."""
    word = kind(p)
    if word in ("scalar", "matrix"):
        yield from _bind(p, e, bound)
    elif algebra.is_matrix(p) != algebra.is_matrix(e):
        return
    elif word in _CONSTANTS:
        if kind(e) == word:
            yield from _sized(p, e, bound)
    elif word in ("number", "constant"):
        if p == e:
            yield bound
    elif word == "transpose":
        if kind(e) == "function of entries" and head(p.arg) is head(e):  # exp(S)' is exp(S')
            yield from matches(p.arg.expr, algebra.t(e.expr), bound)
        else:
            yield from matches(p.arg, algebra.t(e), bound)
    elif is_scaled(p) and _is_known(p, bound) and _same(algebra.add(instance(p, bound)), e):
        yield bound  # -(x - y), met as y - x
    elif word in _COMMUTING or is_scaled(p):
        whole = flipped(e.arg) if kind(e) == "transpose" else e  # (x.*y)' is x'.*y'
        yield from (found for found, rest in commuting(p, Powers.of(whole), bound) if rest.is_one)
    elif kind(e) != word:
        return
    elif word == "matrix power":
        if p.exp == e.exp:
            yield from matches(p.base, e.base, bound)
        elif e.exp.is_Integer and p.exp.is_Integer and e.exp % p.exp == 0 < e.exp / p.exp:
            yield from matches(p.base, algebra.power(e.base, int(e.exp / p.exp)), bound)
    elif word == "sum":
        yield from _summed(_variables_last(p), e.args, e, bound)
    elif word == "matrix product":
        yield from _whole_run(p, e, bound, [list(algebra.split(e)[1])])
    elif word == "trace" and kind(p.arg) == "matrix product":
        yield from _whole_run(p.arg, e.arg, bound, _turns(e.arg))
    elif word == "trace":
        for x in dict.fromkeys((e.arg, algebra.t(e.arg))):
            yield from matches(p.arg, x, bound)
    elif head(p) is head(e) and len(p.args) == len(e.args):
        yield from _in_order(parts(p), parts(e), bound)


def flipped(e: Expr) -> Expr:
    """Return the transpose, of sums and products in any sense that of their parts."""
    word = kind(e)
    if word == "elementwise product":
        return algebra.hadamard(*map(flipped, e.args))
    if word == "sum":
        return algebra.add(*map(flipped, e.args))
    if word == "elementwise power":
        return algebra.elementwise_power(flipped(e.base), flipped(e.exp))
    if word == "matrix product":
        coefficient, factors = algebra.split(e)
        return algebra.dot(coefficient, *map(flipped, reversed(factors)))
    return algebra.t(e)


def is_scaled(e: Expr) -> bool:
    """Tell whether an expression is a scalar times one matrix."""
    return kind(e) == "matrix product" and len(algebra.split(e)[1]) == 1


def head(e: Expr) -> object:
    """Return the class that tells what an expression is, for a function of entries that of the function."""
    return scalar_function(e) if kind(e) == "function of entries" else type(e)


def instance(p: Expr, bound: Bound) -> Expr:
    """Return a pattern with its variables replaced by what they stand for."""
    variables, constants = leaves(p)
    values = {v: bound[v] for v in variables if v in bound}
    values |= {c: type(c)(*[_size(n, bound) for n in c.args]) for c in constants}
    return rebuild(p, lambda e, args: None, values)


@cache
def leaves(p: Expr) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """Return the variables of a pattern, and its constants of some size."""
    parts = distinct(p)
    return tuple(filter(is_variable, parts)), tuple(c for c in parts if kind(c) in _CONSTANTS)


# ----------------------------------------------------------------------------------------- variables


def _bind(p: Expr, e: Expr, bound: Bound) -> Iterator[Bound]:
    if p in bound:
        if _same(bound[p], e):
            yield bound
    elif algebra.is_matrix(p) == algebra.is_matrix(e):
        for found in _sized(p, e, bound):
            yield {**found, p: e}


def _is_known(p: Expr, bound: Bound) -> bool:
    """Tell whether all variables of a pattern stand for something already."""
    return all(v in bound for v in leaves(p)[0])


def _same(a: Expr, b: Expr) -> bool:
    return a == b or same_terms(a, b)


def _sized(p: Expr, e: Expr, bound: Bound) -> Iterator[Bound]:
    """Yield the sizes of a pattern, where those of an expression fit."""
    found = bound
    for wanted, size in zip(algebra.shape(p), algebra.shape(e), strict=True):
        if wanted.is_Symbol and wanted not in found:
            found = {**found, wanted: size}
        elif _size(wanted, found) != size:
            return
    yield found


def _size(n: Expr, bound: Bound) -> Expr:
    return bound.get(n, n) if n.is_Atom else n.xreplace(bound)


def _in_order(ps: Sequence[Expr], es: Sequence[Expr], bound: Bound) -> Iterator[Bound]:
    if not ps:
        yield bound
    else:
        for found in matches(ps[0], es[0], bound):
            yield from _in_order(ps[1:], es[1:], found)


@cache
def _variables_last(p: Expr) -> list[Expr]:
    """Return the terms of a pattern as they are looked for: what has most to it first, plain variables at the end."""
    return sorted(p.args, key=lambda a: (is_variable(a), -len(distinct(a))))


# ---------------------------------------------------------------------------------------------- sums


def _summed(ps: Sequence[Expr], terms: Sequence[Expr], like: Expr, bound: Bound) -> Iterator[Bound]:
    """Yield the ways in which terms in any order are those of a pattern, a last variable standing for all that are left."""
    if len(ps) > len(terms):
        return
    if not ps:
        if not terms:
            yield bound
        return
    p, *others = ps
    if not others and len(terms) > 1:
        if is_variable(p):
            yield from _bind(p, algebra.add(*terms), bound)
        return
    for i, a in enumerate(terms):
        for found in matches(p, a, bound):
            yield from _summed(others, [*terms[:i], *terms[i + 1 :]], like, found)


# ---------------------------------------------------------------------------- products that commute


@dataclass(frozen=True)
class Powers:
    """A product of scalars, or one of matrices entry by entry: a coefficient, and powers of bases, in some shape.

    exp(k x) is exp(x) to the power k for whole numbers k.
    """

    coefficient: Expr
    powers: dict[Expr, Expr]
    shape: tuple[Expr, Expr]

    @property
    def is_one(self) -> bool:
        """Tell whether nothing is in it."""
        return self.coefficient == 1 and not self.powers

    @staticmethod
    def of(e: Expr) -> Powers:
        """Return an expression as powers; a product of several matrices is one base."""
        return _powers_of(e)

    def over(self, other: Powers, k: Expr = S.One) -> Powers | None:
        """Return what is left of it over a power of another product that it holds; None where it does not."""
        rest: Powers | None = self if other.coefficient != 0 else None
        for base, j in other.powers.items():
            if rest is None or not _holds(rest.powers.get(base, S.Zero), j * k):
                return None
            rest = rest.without(base, j * k)
        return rest and replace(rest, coefficient=self.coefficient / other.coefficient**k)

    def without(self, base: Expr, k: Expr) -> Powers:
        """Return it over a power of one of its bases."""
        left = self.powers[base] - k
        powers = {b: left if b is base or b == base else j for b, j in self.powers.items()}
        return replace(self, powers={b: j for b, j in powers.items() if j != 0})

    def root(self, k: Expr) -> Powers | None:
        """Return the product of which it is the k-th power, None where that has other than whole powers, or no first one."""
        powers = {b: j / k for b, j in self.powers.items()}
        whole = self.coefficient == 1 and 1 in powers.values() and all(j.is_Integer for j in powers.values())
        return replace(self, powers=powers) if k == 1 or whole else None

    def times(self, *others: Expr) -> Expr:
        """Return it times expressions."""
        factors = [*[_power(b, k) for b, k in self.powers.items()], *others]
        if self.shape == (1, 1):
            return Mul(self.coefficient, *factors)
        return algebra.dot(self.coefficient, algebra.hadamard(algebra.ones(self.shape), *factors))


@remembered
def _powers_of(e: Expr) -> Powers:
    if algebra.is_matrix(e):
        coefficient, factors = algebra.split(e)
        whole = factors[0] if len(factors) == 1 else algebra.matmul(S.One, list(factors))
        if (
            kind(whole) == "elementwise power"
            and kind(whole.base) == "elementwise product"
            and whole.exp.is_Integer
        ):
            whole = algebra.hadamard(*[algebra.elementwise_power(a, whole.exp) for a in whole.base.args])
        bases = whole.args if kind(whole) == "elementwise product" else (whole,)
        bases = tuple(a for a in bases if kind(a) != "ones")
    else:
        coefficient, rest = e.as_coeff_Mul()
        bases = () if rest == 1 else Mul.make_args(rest)
    powers: dict[Expr, Expr] = {}
    for a in bases:
        base, k = _base_and_power(a)
        powers[base] = powers.get(base, S.Zero) + k
    return Powers(coefficient, {b: k for b, k in powers.items() if k != 0}, algebra.shape(e))


def _base_and_power(a: Expr) -> tuple[Expr, Expr]:
    base, k = a, S.One
    if kind(a) in ("power", "elementwise power") and not algebra.is_matrix(a.exp):
        base, k = a.base, a.exp
    x = applied(exp, base)
    if x is None:
        return base, k
    number = algebra.split(x)[0] if algebra.is_matrix(x) else x
    number = number.as_coeff_Mul()[0]
    if number == 1 or not number.is_Integer:
        return base, k
    return elementwise(exp, algebra.dot(1 / number, x)), number * k


def _power(base: Expr, k: Expr) -> Expr:
    x = applied(exp, base)
    if x is not None and k.is_Integer and k < 0:
        return elementwise(exp, algebra.dot(k, x))
    return algebra.elementwise_power(base, k)


def _holds(have: Expr, need: Expr) -> bool:
    """Tell whether one power of a base is part of another one: numbers of one sign, the one no larger than the other."""
    if have == need:
        return True
    if not (have.is_Rational and need.is_Rational):
        return False
    return bool(have.p * need.p > 0 and abs(have.p) * need.q >= abs(need.p) * have.q)


def commuting(p: Expr, have: Powers, bound: Bound) -> Iterator[tuple[Bound, Powers]]:
    """Yield the ways in which a product holds a pattern, with what is left of the product."""
    number, scalars, items = _looked_for(p)
    if number != 1:
        have = replace(have, coefficient=have.coefficient / number)
    if scalars == 1:
        yield from _commuting(items, have, bound)
        return
    for found in matches(scalars, have.coefficient, bound):
        yield from _commuting(items, replace(have, coefficient=S.One), found)


@cache
def _looked_for(p: Expr) -> tuple[Expr, Expr, list[tuple[Expr, Expr]]]:
    """Return the number, the other scalars, and the powers of a pattern that is a product, as they are looked for."""
    wanted = Powers.of(p)
    number, scalars = wanted.coefficient.as_coeff_Mul()
    return number, scalars, sorted(wanted.powers.items(), key=lambda item: _rank(item[0]))


def _rank(p: Expr) -> tuple[bool, bool, int]:
    """Return when a factor is looked for: what says most first, exp(t) late, which is a power of exp(t/2), variables last."""
    return _is_plain(p), applied(exp, p) is not None, -len(distinct(p))


def _is_plain(p: Expr) -> bool:
    """Tell whether a pattern is a variable or its transpose."""
    return is_variable(p.arg if kind(p) == "transpose" else p)


def _commuting(items: list[tuple[Expr, Expr]], have: Powers, bound: Bound) -> Iterator[tuple[Bound, Powers]]:
    if not items:
        yield bound, have
        return
    (p, k), *others = items
    plain = _is_plain(p)
    if _is_known(p, bound):
        rest = have.over(Powers.of(instance(p, bound)), k)
        if rest is not None or plain:
            yield from _commuting(others, rest, bound) if rest else ()
            return
    if plain:
        if not others and not k.free_symbols:
            root = have.root(k)
            if root is not None:
                yield from (
                    (m, replace(have, coefficient=S.One, powers={}))
                    for m in matches(p, algebra.add(root.times()), bound)
                )
            return
    for base, j in have.powers.items():
        for sign, e in _ways_round(base):
            if k.free_symbols:
                if sign * j == 1:
                    continue  # x is no power
                ways = [(m, j) for found in matches(p, e, bound) for m in matches(k, sign * j, found)]
            elif _holds(sign * j, k):
                ways = [(m, sign * k) for m in matches(p, e, bound)]
            else:
                continue
            for found, used in ways:
                yield from _commuting(others, have.without(base, used), found)


def _ways_round(base: Expr) -> list[tuple[int, Expr]]:
    """Return a base as itself, and exp(x) as exp(-x) to the power -1."""
    x = applied(exp, base)
    return [(1, base)] if x is None else [(1, base), (-1, elementwise(exp, algebra.dot(S.NegativeOne, x)))]


# ------------------------------------------------------------------------------ products of matrices


def run(
    ps: Sequence[Expr], es: Sequence[Expr], bound: Bound, whole: bool = False
) -> Iterator[tuple[Bound, int]]:
    """Yield the ways in which factors begin with those of a pattern, with their number; `whole` asks for all of them."""
    if not ps:
        yield bound, 0
        return
    p, *others = ps
    if not es:
        return
    flipped = kind(p) == "transpose" and is_variable(p.arg)
    variable = p.arg if flipped else p
    if not is_variable(variable):
        for found in matches(p, es[0], bound):
            yield from ((m, 1 + used) for m, used in run(others, es[1:], found, whole))
    elif variable in bound:
        value = algebra.t(bound[variable]) if flipped else bound[variable]
        coefficient, factors = algebra.split(value)
        k = len(factors)
        if coefficient == 1 and len(es) >= k and all(map(_same, factors, es)):
            yield from ((m, k + used) for m, used in run(others, es[k:], bound, whole))
    else:
        least, most = 1, len(es) - len(others)
        if whole and all((q.arg if kind(q) == "transpose" else q) == variable for q in others):
            least, odd = divmod(len(es), len(ps))  # each of them has as many factors
            most = 0 if odd else least
        for k in range(least, most + 1):
            value = es[0] if k == 1 else algebra.matmul(S.One, list(es[:k]))
            for found in _bind(variable, algebra.t(value) if flipped else value, bound):
                yield from ((m, k + used) for m, used in run(others, es[k:], found, whole))


def _whole_run(p: Expr, e: Expr, bound: Bound, ways: Iterable[list[Expr]]) -> Iterator[Bound]:
    """Yield the ways in which one of some lists of factors, with the coefficient of an expression, is a pattern."""
    (c, ps), d = algebra.split(p), algebra.split(e)[0]
    for found in matches(c, d, bound):
        for es in ways:
            yield from (m for m, used in run(ps, es, found, True) if used == len(es))


def _turns(x: Expr) -> Iterator[list[Expr]]:
    """Yield the factors of what is under a trace in their rotations, and those of their transposes."""
    factors = list(algebra.split(x)[1])
    for way in (factors, [algebra.t(a) for a in reversed(factors)]):
        for i in range(1 if x.shape == (1, 1) else len(way)):
            yield [*way[i:], *way[:i]]
