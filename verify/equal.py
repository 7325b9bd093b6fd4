"""An equation, answered with evidence: the values of its two sides, by the methods that judge claims.

Equality is that of a line of a derivation: the right side has to have the left one's value wherever that has one. A
side may hold decimals, which under `approx` (or the sign ≈) stand for all numbers that round to them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from typing import Any, TypeAlias

from flint import arb
from sympy import Expr, S, Symbol

from derive.errors import InputError
from derive.expression import algebra
from derive.ingest import read_problem, read_with_domain
from derive.language.equation import Decimal, Equation, read_equation
from derive.language.names import read_assumptions
from derive.language.scope import Misfit
from derive.operations import unknown_functions
from derive.problem import Problem
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import Abstain, Arithmetic, Array, Undefined
from verify.claims import gather, judged
from verify.methods.counterexample import find_counterexample
from verify.methods.exact import (
    ASSIGNMENTS,
    POINTS,
    PRECISIONS,
    assignments,
    field_evidence,
    real_places,
    sides,
)
from verify.points.drawn import Variable
from verify.seeds import checked_seed
from verify.slips.wrong_shapes import explained
from verify.statement import VALUE, Statement
from verify.study import Study
from verify.verdict import Evidence, Verdict, Word, add_up
from verify.wording import count

Side: TypeAlias = "str | Expr | int | float | Fraction"


def check_equal(
    left: Side | Problem,
    right: Side | None = None,
    where: str | Mapping[str, Any] | None = None,
    assume: str | Iterable[Any] | None = None,
    seed: int = 0,
    approx: bool = False,
) -> Verdict:
    """Check that two expressions (text, SymPy, numbers) have equal values, whatever the values of their variables.

    Scalars, vectors and matrices; a right side 0 has the shape of the left one. `left` alone may be a text with `=`
    or `≈` in it. `where` and `assume` are as for `derive.gradient`; a name means the same on both sides. The verdict is
    one of those of `check_claim`; sides whose shapes cannot be the same are *refuted* with their sizes. With `approx`,
    or `≈`, a decimal stands for all numbers that round to it: 2.934 is 2*pi/(pi - 1), and 2.933 is not.

    Raises InputError for what cannot be read and for a left side that has no value at any point that was tried.
    """
    seed = checked_seed(seed)
    start = time.perf_counter()
    try:
        equation = read(left, right, where, assume, approx)
    except Misfit as misfit:
        return _of_sizes(misfit.message, start)
    return compare(equation.problem, equation.right, seed, equation.decimals, equation.domain)


def read(
    left: Side | Problem,
    right: Side | None = None,
    where: str | Mapping[str, Any] | None = None,
    assume: str | Iterable[Any] | None = None,
    approx: bool = False,
) -> Equation:
    """Return an equation, read. Raises InputError; a Misfit where the right side cannot fit in itself."""
    texts = [_text(side) for side in (left, right) if side is not None]
    if all(isinstance(t, str) for t in texts):
        between = "" if texts[-1].lstrip()[:1] in ("=", "≈") else " = "
        return read_equation(between.join(texts), where, assume, approx)
    if right is None:
        raise InputError("an equation has two sides: give the other one as well")
    if isinstance(left, str | int | float | Fraction) and not isinstance(right, str | int | float | Fraction):
        problem = _problem(right, None, assume)  # its symbols are the ones to go by
        expr, domain = read_with_domain(left, problem)
        return Equation(replace(problem, expr=expr, domain=domain), problem.expr)
    problem = _problem(left, right, assume)
    if isinstance(right, float | int | Fraction) and approx:
        symbol = Symbol("a decimal", real=True)  # no name of the text language has a space
        shapes = {**problem.shapes, symbol.name: (S.One, S.One)}
        problem = replace(problem, symbols={**problem.symbols, symbol.name: symbol}, shapes=shapes)
        decimal = Decimal.of(str(right).lstrip("-"))
        return Equation(problem, -symbol if right < 0 else symbol, (), {symbol.name: decimal})
    if _text(right) == "0" or right == 0:
        return Equation(problem, algebra.zero(algebra.shape(problem.expr)))
    return Equation(problem, *read_with_domain(right, problem))


def _text(side: Any) -> Any:
    """Return a number as its text, which says its digits, and all else as it is."""
    return str(side) if isinstance(side, int | float | Fraction) else side


def _problem(expr: Any, other: Any, assume: str | Iterable[Any] | None) -> Problem:
    """Return the problem of an expression that knows the symbols of another one too."""
    if isinstance(expr, Problem):
        return expr
    problem = read_problem(expr, ())
    if isinstance(other, Expr):
        more = read_problem(other, ())
        for name, symbol in more.symbols.items():
            if problem.symbols.get(name, symbol) != symbol:
                raise InputError(f"two different symbols are named {name[:40]}: rename one of them")
        symbols, shapes = {**problem.symbols, **more.symbols}, {**problem.shapes, **more.shapes}
        problem = replace(problem, symbols=symbols, shapes=shapes)
    return replace(problem, assumptions=frozenset(read_assumptions(assume)))


def compare(
    problem: Problem,
    right: Expr,
    seed: int = 0,
    decimals: Mapping[str, Decimal] | None = None,
    domain: tuple[Expr, ...] = (),
) -> Verdict:
    """Return the verdict on a problem's expression and another one in the same symbols, both read already.

    `decimals` are the names in them that stand for decimals, `domain` is what else has to be positive for the other one
    to have a value. Names that do not occur cost nothing.
    """
    problem = _of_names(problem, right, *domain)
    statement = Statement.of(problem, VALUE)
    if algebra.shape(problem.expr) != algebra.shape(right):
        return _of_shapes(problem, statement, right)
    if decimals:
        return _by_intervals(statement, right, decimals, seed)
    study = Study(problem, statement)
    return judged(study, right, seed, domain)


def holds(problem: Problem, right: Expr, seed: int = 0) -> bool:
    """Tell whether an equation is upheld; as `compare`, without a counterexample and a diagnosis where it is not."""
    problem = _of_names(problem, right)
    if algebra.shape(problem.expr) != algebra.shape(right):
        return False
    statement = Statement.of(problem, VALUE)
    first = field_evidence(statement, right, seed).verdict
    if first in ("certified", "refuted"):
        return first == "certified"
    word = add_up(gather(Study(problem, statement), right, seed))
    return word in ("proved", "certified", "agrees")


def _of_names(problem: Problem, *others: Expr) -> Problem:
    """Return a problem without the names that do not occur, of which a document has many."""
    used = {
        s.name for e in (problem.expr, *problem.domain, *others) for s in e.free_symbols if hasattr(s, "name")
    }
    return Problem(
        problem.expr,
        (),
        {name: s for name, s in problem.symbols.items() if name in used},
        {name: shape for name, shape in problem.shapes.items() if name in used},
        frozenset(a for a in problem.assumptions if a[1] in used),
        domain=problem.domain,
        functions=frozenset(f.symbol for f in unknown_functions(*others)),
    )


# ---------------------------------------------------------------------------------------------------- shapes


def _of_shapes(problem: Problem, statement: Statement, right: Expr) -> Verdict:
    start = time.perf_counter()
    one, two = (_by(algebra.shape(e)) for e in (problem.expr, right))
    said = explained(problem, statement, right) or None
    return _of_sizes(f"the left side is {one}, the right side {two}", start, said)


def _of_sizes(figure: str, start: float, said: str | None = None) -> Verdict:
    evidence = Evidence("sizes", "refuted", figure, {}, time.perf_counter() - start)
    return Verdict("refuted", (evidence,), None, said)


def _by(shape: tuple[Any, Any]) -> str:
    return "a scalar" if shape == (1, 1) else f"{shape[0]} x {shape[1]}"


# -------------------------------------------------------------------------------------------------- decimals


@dataclass(frozen=True)
class Rounded(Variable):
    """A number of which a decimal is known: it is within half a unit of the last digit."""

    decimal: Decimal = field(kw_only=True)

    def build(self, free: Array, arithmetic: Arithmetic, flip: bool = False) -> Array:
        """Return the ball of such numbers; in an arithmetic without balls, the decimal."""
        out = arithmetic.full((1, 1), self.decimal.value)
        if isinstance(arithmetic, Balls):
            out[0, 0] = out[0, 0] + arb(0, float(self.decimal.radius))
        return out


def _by_intervals(statement: Statement, right: Expr, decimals: Mapping[str, Decimal], seed: int) -> Verdict:
    """Return the verdict by balls in which every decimal is as wide as its digits say."""
    start = time.perf_counter()
    rounded = {name: Rounded(name, (S.One, S.One), decimal=d) for name, d in decimals.items()}
    space = replace(statement.space, variables={**statement.space.variables, **rounded})
    statement = replace(statement, space=space)
    arithmetic = Balls(PRECISIONS[0])
    points = 0
    word: Word = "agrees"
    figure, refuted_at = "", None
    wanted, candidates = assignments(statement, right, seed, ASSIGNMENTS)
    for place in (
        place
        for sizes in candidates[:wanted]
        for place in islice(real_places(space, statement, sizes, seed), POINTS)
    ):
        try:
            true, claimed = sides(statement, right, place, arithmetic)
        except Undefined:
            continue
        except Abstain as reason:
            word, figure = "inconclusive", str(reason)
            break
        points += 1
        with arithmetic.context():
            pairs = zip(true.reshape(-1), claimed.reshape(-1), strict=True)
            apart = next(((a, b) for a, b in pairs if not a.overlaps(b)), None)
            if apart is not None:
                word, refuted_at = "refuted", place.sizes
                figure = f"disjoint: {statement.compared(apart[0].str(12), apart[1].str(12))}"
                break
    if word == "agrees" and not points:
        raise InputError("the left side has no value at any of the points tried: is an assumption missing?")
    figure = figure or f"equal to the digits given at {count(points, 'point')}"
    details = {"points": points, "seed": seed}
    found = Evidence("real balls", word, figure, details, time.perf_counter() - start)
    if word != "refuted":
        return Verdict(word, (found,))
    shown = find_counterexample(statement, right, seed, refuted_at, arithmetic)
    if shown is not None:
        shown = replace(shown, point={n: v for n, v in shown.point.items() if n not in decimals})
    return Verdict(word, (found,), shown)
