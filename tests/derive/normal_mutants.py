"""Formulas with one leaf changed, and whether the normal form ever takes one for the formula that it was made from.

    python -m tests.derive.normal_mutants [SEED]

changes every leaf of every formula of the collections (a number, a name, an exponent), every sign and every
transpose, and compares the two at the full budget of steps and at smaller ones. What counts as equal is put to
exact arithmetic, since a change may change nothing (K' for a symmetric K). The exit code is 0 only where no two
different formulas were ever equal.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import starmap
from pathlib import Path
from random import Random

from sympy import (
    Add,
    Expr,
    HadamardPower,
    MatAdd,
    MatMul,
    MatPow,
    MatrixSymbol,
    Number,
    Pow,
    Symbol,
    Transpose,
)

from derive import read_problem
from derive.errors import InputError
from derive.expression import algebra
from derive.expression.facts import assuming
from derive.expression.walk import parts
from derive.problem import Problem
from derive.prove import equal
from derive.prove.space import MAX_STEPS
from derive.results.cookbook import cookbook
from tests.derive.losses import DIFFERENTIALS, GRADIENTS, HESSIANS, JACOBIANS, rows
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import Abstain, Undefined
from verify.arithmetics.exact import RATIONALS
from verify.evaluate import Environment
from verify.points.drawn import STYLES, PointSpace

#: Budgets of steps, the full one first.
BUDGETS = (MAX_STEPS, 0, 1, 3, 10, 30, 100, 300, 1_000, 3_000)
#: Formulas that no budget multiplies out, so that they are compared part by part.
LARGE = (
    ("2*tr(A^40)", ""),
    ("a*sum(x.^y) + 3*b", "a: scalar, b: scalar"),
    ("exp(2*sum(x.^y))", ""),
    ("sin(norm2(x + y + z + u + v)^14)*5/3*c", ""),
    ("tr(A^31*B)*relu(c - exp(9))", ""),
    ("log(2 + sum(x.^(2*y)))", ""),
)


def texts() -> list[tuple[str, str | None, str | None]]:
    """Return the expressions of the collections as texts, each once, with its shapes and assumptions."""
    data = Path(__file__).parent / "data/textbook.jsonl"
    textbook = [json.loads(line) for line in data.read_text().splitlines()]
    asked = [(text, where, None) for text, where in LARGE]
    for table in (GRADIENTS, JACOBIANS, HESSIANS, DIFFERENTIALS):
        asked += [(expr, where, assume) for expr, _, where, assume in rows(table)]
    asked += [(item["expr"], item.get("where"), item.get("assume")) for item in textbook]
    asked += [(item.expr, item.where, item.assume) for item in cookbook()]
    return list(dict.fromkeys(asked))


def formula(expr: str, where: str | None, assume: str | None) -> Problem:
    """Return an expression of the collections."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_problem(expr, (), where, assume)


def changed(e: Expr) -> Iterator[tuple[str, Expr]]:
    """Yield an expression with one leaf, sign, exponent or transpose changed, and what was changed."""
    if isinstance(e, Number):
        yield "number", e + 1
        yield "sign", -e
    elif isinstance(e, MatrixSymbol):
        yield "name", MatrixSymbol(e.name + "_", *e.shape)
        if e.shape[0] == e.shape[1] != 1:
            yield "transpose", Transpose(e)
    elif isinstance(e, Symbol):
        yield "name", Symbol(e.name + "_", **e.assumptions0)
    if isinstance(e, Add | MatAdd):
        first, *others = e.args
        minus = algebra.dot(-1, first) if algebra.is_matrix(first) else -first
        yield "sign", e.func(minus, *others)
    if isinstance(e, Transpose) and e.shape[0] == e.shape[1]:
        yield "transpose", e.arg
    if isinstance(e, Pow | HadamardPower | MatPow) and e.args[1].is_number:
        yield "exponent", e.func(e.args[0], e.args[1] + 1)
    for i, a in enumerate(parts(e)):
        if isinstance(a, Expr) and not (
            isinstance(e, MatPow | Pow | HadamardPower) and a.is_number and i == 1
        ):
            for what, new in changed(a):
                if algebra.shape(new) == algebra.shape(a):
                    args = [new if b is a else b for b in e.args]
                    bare = isinstance(e, MatAdd | MatMul)
                    try:
                        yield what, algebra.make(type(e), *args) if bare else e.func(*args)
                    except InputError:
                        continue  # there is no eigenvalue of place -1


def with_names(problem: Problem) -> Problem:
    """Return the problem with the other names that changed formulas have."""
    named = {f"{name}_": shape for name, shape in problem.shapes.items()}
    facts = {(kind, f"{name}_") for kind, name in problem.assumptions}
    return replace(
        problem, shapes={**problem.shapes, **named}, assumptions=problem.assumptions | frozenset(facts)
    )


def differ(problem: Problem, a: Expr, b: Expr, seed: int = 0) -> bool:
    """Tell whether two formulas have different values at some point, by balls."""
    space, rng, balls = PointSpace.of(problem), Random(seed), Balls(512)
    for k in range(40):
        sizes = {name: 2 + (i + k) % 3 for i, name in enumerate(space.sizes)}
        free = space.draw(sizes, rng, k % len(STYLES))
        try:
            space.values(free, RATIONALS, k % 2 == 1, check=True)
            with balls.context():
                values = space.values(free, balls, k % 2 == 1, check=False)
                one, two = (balls.check(Environment(balls, values, sizes).run(e)) for e in (a, b))
                if any(not x.overlaps(y) for x, y in zip(one.reshape(-1), two.reshape(-1), strict=True)):
                    return True
        except (Undefined, Abstain, InputError):
            continue
    return False


def false_equalities(
    problem: Problem, budgets: tuple[int, ...], pick: Random | None = None, count: int | None = None
) -> Iterator[tuple[str, Expr, int | None]]:
    """Yield (what was changed, the changed formula, the budget at which it was equal, None for none)."""
    named = with_names(problem)
    every = list(dict.fromkeys((what, new) for what, new in changed(problem.expr) if new != problem.expr))
    for what, new in pick.sample(every, min(count, len(every))) if pick and count else every:
        if algebra.shape(new) != algebra.shape(problem.expr):
            continue
        at = None
        for steps in budgets:
            with assuming(named.assumptions):
                same = equal(problem.expr, new, steps)
            if same:
                at = steps if differ(named, problem.expr, new) else None
                break
        yield what, new, at


def main() -> int:
    """Print the table; 0 where nothing different was equal."""
    counts: Counter[str] = Counter()
    wrong = 0
    for problem in starmap(formula, texts()):
        for what, new, at in false_equalities(problem, BUDGETS):
            counts[what] += 1
            if at is not None:
                wrong += 1
                print(f"EQUAL at {at} steps: {problem.expr} = {new}")
    print(", ".join(f"{what} {n}" for what, n in sorted(counts.items())), f"changed; {wrong} taken for equal")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
