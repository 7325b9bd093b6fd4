"""The collections of problems: the Matrix Cookbook, textbooks, losses, and what people asked on the web.

`python -m tests.derive.collections answers OUT` writes every answer to a file, `compare OLD NEW` tells two such files
apart, `variants [SEED [COUNT]]` asks every problem once more in other words, and `laws` prints how many answers each
law of `derive.simplify.laws` serves.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

from sympy import Add, Expr, HadamardPower, MatAdd, Trace, Transpose

import derive
from derive.derivation import Derivation
from derive.expression import algebra
from derive.expression.algebra.core import same_terms
from derive.expression.facts import assuming
from derive.expression.functions import Norm1, Norm2
from derive.expression.rebuild import rebuild, tidy
from derive.ingest import read_problem
from derive.language.text import to_text
from derive.problem import Problem
from derive.results.cookbook import cookbook
from derive.simplify import expand, factor, laws
from derive.simplify.cost import cost
from derive.simplify.present import present
from tests.derive import losses

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Question:
    """A problem of a collection, in the text language."""

    kind: str
    expr: str
    wrt: str
    where: str = ""
    assume: str = ""
    form: str = ""

    def __str__(self) -> str:
        return " | ".join([self.kind, self.expr, self.wrt, self.where, self.assume, self.form])

    def problem(self) -> Problem:
        """Return the problem as it is read."""
        scalar = self.kind in ("gradient", "hessian")
        return read_problem(self.expr, self.wrt, self.where, self.assume, scalar=scalar)

    def derived(self, problem: Problem) -> Derivation:
        """Return the derivation of the problem, or of another way to write it."""
        form = {"form": self.form} if self.form else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(derive, self.kind)(problem, [x.name for x in problem.wrt], **form)


def _lines(name: str) -> list[Question]:
    items = [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]
    return [
        Question(*[str(i.get(k) or "") for k in ("kind", "expr", "wrt", "where", "assume", "form")])
        for i in items
    ]


@cache
def questions() -> tuple[Question, ...]:
    """Return the problems of all collections, each once."""
    found = [Question(e.kind, e.expr, e.wrt, e.where, e.assume) for e in cookbook()]
    found += _lines("textbook.jsonl") + _lines("asked.jsonl")
    for kind, table in (
        ("gradient", losses.GRADIENTS),
        ("gradient", losses.PARTIAL_TRACES),
        ("differential", losses.DIFFERENTIALS),
        ("jacobian", losses.KRONECKER_JACOBIANS),
    ):
        found += [Question(kind, *row) for row in losses.rows(table)]
    return tuple(dict.fromkeys(found))


# ------------------------------------------------------------------------------------ in other words


def _other_order(problem: Problem, random: Random) -> Problem:
    """Return the problem with the terms of every sum in another order."""

    def turned(e: Expr, args: list[Expr]) -> Expr | None:
        if isinstance(e, MatAdd):
            random.shuffle(args)
            return algebra.add(*args)
        return None

    return replace(problem, expr=rebuild(problem.expr, turned), definitions=())


def _other_signs(problem: Problem, random: Random) -> Problem:
    """Return the problem with the signs in every square, norm and quadratic form flipped."""

    def minus(x: Expr) -> Expr:
        if isinstance(x, Transpose):
            return algebra.t(minus(x.arg))
        return algebra.add(*[algebra.dot(-1, a) for a in x.args]) if isinstance(x, Add | MatAdd) else x

    def turned(e: Expr, args: list[Expr]) -> Expr | None:
        if isinstance(e, Norm1 | Norm2) or (isinstance(e, HadamardPower) and e.exp == 2):
            return tidy(e, [minus(args[0]), *args[1:]])
        new = tidy(e, args)
        if isinstance(new, Trace):
            coefficient, (first, *middle) = algebra.split(new.arg)
            if middle and same_terms(first, algebra.t(middle[-1])):
                return algebra.trace(algebra.dot(coefficient, minus(first), *middle[:-1], minus(middle[-1])))
        return new

    return replace(problem, expr=rebuild(problem.expr, turned), definitions=())


VARIANTS: dict[str, Callable[[Problem, Random], Problem]] = {
    "order": _other_order,
    "signs": _other_signs,
}


@dataclass(frozen=True)
class Difference:
    """An answer that depends on how the question is written."""

    question: Question
    variant: str
    answer: str
    other: str
    lengths: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.variant} {self.lengths}: {self.question}\n    {self.answer}\n    {self.other}"


def differences(question: Question, random: Random) -> Iterator[Difference]:
    """Yield how the answer changes when it is presented again, and when the question is written in other words."""
    problem = question.problem()
    first = question.derived(problem)
    text = first.to_text()
    for result in first.results.values():
        with assuming(problem.assumptions):
            if (again := present(result)) != result:
                yield Difference(question, "again", text, to_text(again), (cost(result), cost(again)))
    length = sum(map(cost, first.results.values()))
    for name, variant in VARIANTS.items():
        other = variant(problem, random)
        if other.expr == problem.expr:
            continue
        try:
            second = question.derived(other)
            found, shown = sum(map(cost, second.results.values())), second.to_text()
        except Exception as error:  # what nobody may meet
            found, shown = -1, repr(error)[:200]
        if found != length:
            yield Difference(question, name, text, shown, (length, found))


# ------------------------------------------------------------------------------------------ commands


def _answers(out: str) -> None:
    with Path(out).open("w", encoding="utf-8") as file:
        for q in questions():
            try:
                d = q.derived(q.problem())
                text, length = d.to_text(), sum(map(cost, d.results.values()))
            except Exception as error:
                text, length = repr(error)[:200], -1
            file.write(json.dumps({"question": str(q), "answer": text, "length": length}) + "\n")


def _compare(old: str, new: str) -> None:
    before, after = (
        {row["question"]: row for row in map(json.loads, Path(f).read_text().splitlines())}
        for f in (old, new)
    )
    shorter = longer = 0
    for question, row in after.items():
        was = before.get(question)
        if was and was["answer"] != row["answer"]:
            shorter += row["length"] < was["length"]
            longer += row["length"] > was["length"]
            print(f"{was['length']} -> {row['length']}  {question}\n    {was['answer']}\n    {row['answer']}")
    total = [sum(row["length"] for row in rows.values()) for rows in (before, after)]
    print(f"{shorter} shorter, {longer} longer; operations together: {total[0]} before, {total[1]} after")


def _variants(seed: str = "0", count: str = "") -> None:
    random = Random(seed)
    asked = list(questions())
    if count:
        asked = random.sample(asked, int(count))
    found = 0
    for q in asked:
        for d in differences(q, random):
            found += 1
            print(d)
    print(f"{len(asked)} problems, {found} differences")


def _laws() -> None:
    """Print how many answers get longer without each law, and how many change, of those in which it is used."""
    table, rewrites = laws.laws(), laws.rewrites
    met: dict[laws.Law, dict[Question, None]] = {law: {} for law in table}
    asked: list[Question] = []

    def noting(e: Expr) -> Iterator[tuple[laws.Law, Expr]]:
        for law, new in rewrites(e):
            met[law][asked[-1]] = None
            yield law, new

    def answer(q: Question) -> tuple[int, str]:
        d = q.derived(q.problem())
        return sum(map(cost, d.results.values())), d.to_text()

    answers: dict[Question, tuple[int, str]] = {}
    for module in (laws, factor, expand):
        module.rewrites = noting
    for q in questions():
        asked.append(q)
        answers[q] = answer(q)
    for module in (laws, factor, expand):
        module.rewrites = rewrites
    for law in table:
        laws.laws = lambda law=law: tuple(other for other in table if other is not law)
        laws.tried.cache_clear()
        without = {q: answer(q) for q in met[law]}
        longer = sum(length > answers[q][0] for q, (length, _) in without.items())
        other = sum(found != answers[q] for q, found in without.items())
        print(f"{longer:4} longer, {other:4} other, of {len(met[law]):3}  {law}")


if __name__ == "__main__":
    {"laws": _laws, "answers": _answers, "compare": _compare, "variants": _variants}[sys.argv[1]](
        *sys.argv[2:]
    )
