"""Wrong rules, one at a time, and whether the checks of the rule table catch them.

    python -m tests.derive.mutate_rules

prints a table: every rule's pullback and pushforward scaled by 1.01, and with each of its transposes dropped. A
mutant that gives the same formulas as the rule (the derivative of sign is 0, and so is 1.01 times it) says so. The
exit code is 0 only where every other mutant is caught.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sympy import Rational

from derive.expression.algebra import M
from derive.expression.operation import Operation, Rule
from derive.operations import OPERATIONS
from tests.derive.rule_checks import adjoints, cases, failures, symbol

#: No rule has as many transposes.
MOST = 12


class Transposes:
    """Counts the transposes that a rule takes, and leaves out the one with a given number."""

    def __init__(self, dropped: int) -> None:
        self.dropped, self.seen = dropped, 0
        self.original: property = M.T  # type: ignore[assignment]

    def __enter__(self) -> Transposes:
        def transposed(x: M) -> M:
            y = self.original.fget(x)  # type: ignore[misc]
            if y.e == x.e:
                return y
            self.seen += 1
            return x if self.seen == self.dropped else y

        M.T = property(transposed)  # type: ignore[assignment,misc]
        return self

    def __exit__(self, *error: object) -> None:
        M.T = self.original  # type: ignore[misc]


def scaled(rule: Rule) -> Rule:
    return lambda g, y, x, i: M(Rational(101, 100)) * rule(g, y, x, i)


def without_transpose(number: int) -> Callable[[Rule], Rule]:
    def mutate(rule: Rule) -> Rule:
        def mutated(g, y, x, i):
            with Transposes(number):
                return rule(g, y, x, i)

        return mutated

    return mutate


@dataclass(frozen=True)
class Mutant:
    """An entry of the rule table with one change."""

    entry: Operation
    label: str
    wrong: Operation

    @property
    def changes(self) -> bool:
        """Tell whether any formula differs from the rule's."""
        return any(a != b for a, b in zip(formulas(self.entry), formulas(self.wrong), strict=True))

    def caught(self) -> bool:
        """Tell whether the checks find something."""
        return bool(failures(self.wrong))


def formulas(entry: Operation) -> list[object]:
    """Return all formulas that a rule gives for its examples; an error where one cannot be built."""
    found: list[object] = []
    for case in cases(entry, 0):
        args = [M(a) for a in case.arguments]
        for place, x in enumerate(case.arguments):
            if x.is_number:
                continue
            for rule, seeds in (
                (entry.push, [symbol("D", x)]),
                (entry.pull, [g for g, _ in adjoints(case.y)]),
            ):
                for seed in seeds:
                    try:
                        found.append(rule(M(seed), M(case.y), args, place).e)
                    except Exception as error:
                        found.append(type(error))
    return found


def mutants(entry: Operation) -> Iterator[Mutant]:
    """Yield the mutants of an entry; those with a transpose dropped only as far as a formula changes."""
    for way in ("pull", "push"):
        rule = getattr(entry, way)
        yield Mutant(entry, f"{way} scaled by 1.01", dataclasses.replace(entry, **{way: scaled(rule)}))
        for number in range(1, MOST):
            wrong = dataclasses.replace(entry, **{way: without_transpose(number)(rule)})
            mutant = Mutant(entry, f"{way} without transpose {number}", wrong)
            if not mutant.changes:
                break
            yield mutant


def main() -> int:
    escaped = total = 0
    for entry in (e for e in OPERATIONS if e.pull):
        for mutant in mutants(entry):
            same = not mutant.changes
            outcome = "the same formula" if same else "caught" if mutant.caught() else "NOT CAUGHT"
            total += not same
            escaped += outcome == "NOT CAUGHT"
            print(f"{entry.name:<38} {mutant.label:<28} {outcome}", flush=True)
    print(f"{total} wrong rules, {total - escaped} caught")
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
