"""The laws by which expressions come to less: a table of them, `laws.txt`, and their use by one matcher.

A line there is `left = right | condition | source` in the text language. `python -m tests.derive.collections laws`
prints how many answers each law serves; tests certify every one through `check_equal` at its condition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, partial
from importlib.resources import files
from typing import TypeAlias

from sympy import Expr, Mul, Pow, S, Symbol

from derive.expression import algebra
from derive.expression.elementwise import scalar_function
from derive.expression.facts import remembered
from derive.expression.operation import by_name, kind, known_as, record
from derive.expression.rebuild import tidy
from derive.expression.walk import distinct, parts
from derive.language.equation import read_equation
from derive.simplify.cost import cost
from derive.simplify.match import Bound, Powers, commuting, flipped, instance, is_scaled, matches, run

#: Conditions, and how they are seen to hold where a law is used.
_SEEN: dict[str, Callable[[Expr], bool]] = {
    "positive": algebra.is_positive,
    "symmetric": algebra.is_symmetric,
    "rectangular": lambda x: x.shape[0] != x.shape[1],
}
Factors: TypeAlias = "tuple[Expr, ...]"
_COMMUTING = frozenset({"product", "power", "elementwise product", "elementwise power"})
_FUNCTION = re.compile(r"[a-z]\w*(?=\()")
_ENTRIES, _EXPONENT = re.compile(r"\b[ts]\b"), re.compile(r"\bk\b")


#: What no law that writes it on its left is met without, by `kind`, as the text language writes it.
_MARKS = {
    **dict.fromkeys(("power", "elementwise power", "matrix power"), "^"),
    "sum": " + ",
    "ones": "(1)",
    "identity": "eye",
}
#: Products of more factors are not looked through: every pair of them may be a law's left side.
MAX_FACTORS = 24


@dataclass(frozen=True)
class Reading:
    """One way to read a law: its sides as patterns."""

    left: Expr
    right: Expr
    law: Law

    @cached_property
    def rewrites(self) -> Callable[[Expr], Iterator[Expr]]:
        """Return the function that yields an expression with the left side, where it occurs in it, as the right one."""
        if kind(self.left) in _COMMUTING:
            return self._in_product
        if kind(self.left) == "matrix product":
            return self._in_matrix_product
        if kind(self.left) == "sum" and self.law.entrywise:
            return self._in_sum
        return self._whole

    @property
    def is_product(self) -> bool:
        """Tell whether the left side is a product of matrices, or one entry by entry."""
        word = kind(self.left)
        return word == "elementwise product" or (word == "matrix product" and not is_scaled(self.left))

    @property
    def transposed(self) -> Reading:
        """Return the law of the transposes of both sides."""
        return Reading(flipped(self.left), flipped(self.right), self.law)

    @cached_property
    def _is_one(self) -> bool:
        return Powers.of(self.left).is_one

    @cached_property
    def _split(self) -> tuple[Expr, Factors]:
        return algebra.split(self.left)

    def _whole(self, e: Expr) -> Iterator[Expr]:
        for found in matches(self.left, e, {}):
            if self.law.holds(found):
                yield instance(self.right, found)

    def _in_product(self, e: Expr) -> Iterator[Expr]:
        if kind(e) not in _COMMUTING and not is_scaled(e):
            return
        have = Powers.of(e)
        if len(have.powers) > MAX_FACTORS:
            return
        if self._is_one:  # exp(t)*exp(-t): powers of one base, which are together in `have`
            yield have.times()
            return
        for found, rest in commuting(self.left, have, {}):
            if self.law.holds(found):
                count, left = 1, rest
                while (again := next(commuting(self.left, left, found), None)) is not None:
                    if again[1] == left:
                        break
                    count, left = count + 1, again[1]
                yield left.times(algebra.elementwise_power(instance(self.right, found), S(count)))

    def _in_sum(self, e: Expr) -> Iterator[Expr]:
        """Yield a sum with some of its terms exchanged: those of the left side, all times the same."""
        if kind(e) == "sum":
            wanted = sorted(self.left.args, key=lambda p: -len(distinct(p)))
            yield from self._terms(wanted, list(e.args), {}, None)

    def _terms(
        self, wanted: list[Expr], terms: list[Expr], bound: Bound, factor: Powers | None
    ) -> Iterator[Expr]:
        if not wanted:
            if factor is not None and self.law.holds(bound):
                yield algebra.add(factor.times(instance(self.right, bound)), *terms)
            return
        for i, a in enumerate(terms):
            for found, rest in commuting(wanted[0], Powers.of(a), bound):
                if factor is None or rest == factor:
                    yield from self._terms(wanted[1:], terms[:i] + terms[i + 1 :], found, rest)

    def _in_matrix_product(self, e: Expr) -> Iterator[Expr]:
        scalars, factors = self._split
        if scalars == 1:
            yield from self._in_run(e, factors, {})
            return
        for coefficient, before, a, after in _with_scalars(e):
            for found, rest in commuting(scalars, Powers.of(coefficient), {}):
                for part in _inside(a, partial(self._in_run, factors=factors, bound=found)):
                    new = algebra.dot(rest.times(), *before, part, *after)
                    if rest.powers.keys() & Powers.of(instance(scalars, found)).powers.keys():
                        yield from self._in_matrix_product(new)  # all of a power, or nothing: det(X)^2
                    else:
                        yield new

    def _in_run(self, e: Expr, factors: Factors, bound: Bound) -> Iterator[Expr]:
        """Yield a product of matrices, or one matrix, with some of its factors, next to each other, exchanged."""
        if not algebra.is_matrix(e):
            return
        coefficient, es = algebra.split(e)
        for i in range(len(es) - (1 if len(factors) > 1 else 0)):
            for found, used in run(factors, es[i:], bound):
                if self.law.holds(found):
                    yield algebra.dot(coefficient, *es[:i], instance(self.right, found), *es[i + used :])


def _with_scalars(e: Expr) -> Iterator[tuple[Expr, Factors, Expr, Factors]]:
    """Yield a product as (scalars, the factors before one that they may be taken into, that one, those after it)."""
    if kind(e) not in ("product", "matrix product"):
        return
    scalars, factors = algebra.split(e) if kind(e) == "matrix product" else (e, ())
    for i, a in enumerate(factors):
        yield scalars, factors[:i], a, factors[i + 1 :]
    for a in Mul.make_args(scalars):
        if kind(a) in _LINEAR:
            yield scalars / a, (), a, factors


#: Operations that are linear in each of their arguments: a scalar may be taken into any of them.
_LINEAR = frozenset(
    {
        "transpose",
        "diagonal",
        "diagonal matrix",
        "elementwise product",
        "matrix product",
        "trace",
        "sum of the entries",
    }
)


def _inside(e: Expr, rewrites: Callable[[Expr], Iterator[Expr]]) -> Iterator[Expr]:
    """Yield an expression with a part exchanged that it is linear in."""
    yield from rewrites(e)
    if kind(e) in _LINEAR:
        for i, a in enumerate(e.args):
            for new in _inside(a, rewrites):
                yield tidy(e, [*e.args[:i], new, *e.args[i + 1 :]])


@dataclass(frozen=True)
class Law:
    """An identity: two sides in the text language, the condition at which it holds, and where it is from."""

    left: str
    right: str
    condition: str
    source: str
    always: bool = False

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"

    @cached_property
    def words(self) -> frozenset[str]:
        """Return the names of the functions and the marks of what else is on the left, without which it does not occur."""
        names = {w for w in _FUNCTION.findall(self.left) if w not in ("vector", "matrix") and by_name(w)}
        text = self.left.replace(" - ", " + ")
        return frozenset(names).union(mark for mark in _MARKS.values() if mark in text)

    @property
    def entrywise(self) -> bool:
        """Tell whether it is one of numbers, and of matrices entry by entry."""
        return bool(_ENTRIES.search(self.left))

    @cached_property
    def conditions(self) -> list[tuple[str, str]]:
        """Return what is asked of its variables, as (condition, name)."""
        return re.findall(r"([\w-]+)\((\w+)\)", self.condition)

    @property
    def assumptions(self) -> str:
        """Return those of its conditions that the text language can assume."""
        return ", ".join(f"{word}({name})" for word, name in self.conditions if word != "rectangular")

    def readings(self, matrix: bool) -> list[Reading]:
        """Return the ways to read it of scalars or of matrices, of products of these also transposed."""
        return self._of_matrices if matrix else self._of_scalars

    @cached_property
    def _of_scalars(self) -> list[Reading]:
        if (
            self.entrywise and not self._plain
        ):  # SymPy does it itself of numbers, not of scalars made of matrices
            nested = [r for r in self._of_matrices if kind(r.left) == "function of entries"]
            return [Reading(_of_entry(r.left), _of_entry(r.right), self) for r in nested]
        return [r for r in self._plain if not algebra.is_matrix(r.left) or algebra.split(r.left)[0] != 1]

    @cached_property
    def _of_matrices(self) -> list[Reading]:
        if self.entrywise:
            return self._read(re.sub(r"[*/^]", r".\g<0>", str(self)), "m x n")
        found = [r for r in self._plain if algebra.is_matrix(r.left)]
        return found + [r.transposed for r in found if r.is_product]

    @cached_property
    def _plain(self) -> list[Reading]:
        return self._read(str(self), "scalar")

    def _read(self, text: str, shape: str) -> list[Reading]:
        equation = read_equation(text, self.where(shape), self.assumptions)
        left, right = equation.problem.expr, equation.right
        return [Reading(left, right, self)] if left != right else []

    def where(self, shape: str = "scalar") -> str:
        """Return the shapes of its variables that their first letters do not say."""
        declared = [f"{name}: {shape}" for name in sorted(set(_ENTRIES.findall(self.left)))]
        return ", ".join([*declared, *["k: scalar"] * bool(_EXPONENT.search(self.left))])

    def holds(self, bound: Bound) -> bool:
        """Tell whether its conditions are seen to hold of what its variables stand for."""
        values = {getattr(v, "name", ""): e for v, e in bound.items()}
        return all(_SEEN[word](values[name]) for word, name in self.conditions)


def _of_entry(e: Expr) -> Expr:
    """Return what a function of the entries of a matrix is of one entry, unevaluated."""
    if kind(e) == "function of entries":
        return scalar_function(e)(_of_entry(e.expr), evaluate=False)
    if kind(e) == "elementwise power":
        return Pow(_of_entry(e.base), e.exp, evaluate=False)
    if is_scaled(e):
        return Mul(algebra.split(e)[0], _of_entry(algebra.split(e)[1][0]), evaluate=False)
    return Symbol(e.name, real=True)


@cache
def laws() -> tuple[Law, ...]:
    """Return the laws, in the order in which they are tried."""
    text = files("derive.simplify").joinpath("laws.txt").read_text(encoding="utf-8")
    return tuple(_law(line) for line in text.splitlines() if line and not line.startswith("#"))


def _law(line: str) -> Law:
    equation, condition, source = (part.strip() for part in line.split("|"))
    sign = " := " if " := " in equation else " = "
    left, right = equation.split(sign)
    return Law(left, right, condition, source, always=sign == " := ")


@remembered
def words(e: Expr) -> frozenset[str]:
    """Return the names of the functions in an expression."""
    entry = record(scalar_function(e)) if kind(e) == "function of entries" else known_as(type(e))
    own = {entry.text} if entry is not None and entry.text else set()
    if (mark := _MARKS.get(kind(e))) is not None:
        own.add(mark)
    return frozenset(own).union(*map(words, parts(e)))


@cache
def tried(there: frozenset[str], matrix: bool) -> tuple[Reading, ...]:
    """Return the readings of laws that may be met in what holds some words, a matrix or a scalar."""
    return tuple(r for law in laws() if law.words <= there for r in law.readings(matrix))


def rewrites(e: Expr) -> Iterator[tuple[Law, Expr]]:
    """Yield what the laws make of an expression, at its outermost operation."""
    for reading in tried(words(e), algebra.is_matrix(e)):
        for new in reading.rewrites(e):
            yield reading.law, new


@remembered
def lawful(e: Expr) -> Expr:
    """Return an expression with the laws applied at its outermost operation, each where it makes that shorter."""
    while (new := _better(e)) is not None:
        e = new
    return e


def _better(e: Expr) -> Expr | None:
    ways = [(cost(new), new) for law, new in rewrites(e) if law.always or cost(new) < cost(e)]
    return min(ways, key=lambda way: way[0])[1] if ways else None
