"""Slips of assumption: claims that are right for symmetric matrices, positive entries, probabilities, or another layout."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import numpy as np
from sympy import Expr, MatMul

from derive.expression.functions import Commutation
from verify.arithmetics.base import Arithmetic, Array
from verify.arithmetics.ties import STRUCTURES
from verify.evaluate import total
from verify.points.drawn import SYMMETRIC, Variable
from verify.slips.case import Case, Explanation
from verify.statement import Statement


def symmetry(case: Case) -> Explanation | None:
    """A claim that is right only for symmetric matrices."""
    square = [v.name for v in _variables(case) if _is_square(v) and not v.kinds & SYMMETRIC]
    groups = [[name] for name in square] + ([square] if len(square) > 1 else [])
    for names in groups:
        found = _right(case, _under(case, "symmetric", names), "right only if {} symmetric", names)
        if found is not None:
            return found
    return None


def positivity(case: Case) -> Explanation | None:
    """A claim that is right only where variables are positive."""
    free = [v.name for v in _variables(case) if not v.kinds]
    if not case.samples.is_real or not free:
        return None
    words = "right only where {} positive"
    together = _right(case, _under(case, "positive", free), words, free)
    if together is None:
        return None
    single = (_right(case, _under(case, "positive", [name]), words, [name]) for name in free)
    return next(filter(None, single), together)


@dataclass(frozen=True)
class _Shares(Variable):
    """A column whose entries add up to 1, such as probabilities or a one-hot target."""

    def build(self, free: Array, arithmetic: Arithmetic, flip: bool = False) -> Array:
        return free * arithmetic.power(total(free), -1)


@dataclass(frozen=True)
class _OneHot(Variable):
    """A column with a single 1, such as the target of a classification."""

    def build(self, free: Array, arithmetic: Arithmetic, flip: bool = False) -> Array:
        entries = np.zeros(free.shape, dtype=int)
        entries.reshape(-1)[Random(str(free.reshape(-1)[0])).randrange(entries.size)] = 1
        return arithmetic.array(entries)


def unit_sum(case: Case) -> Explanation | None:
    """A claim that is right only if the entries of a column add up to 1, as those of a target of softmax do."""
    for v in _variables(case):
        if v.shape[1] == 1 != v.shape[0] and not v.kinds and v.name not in case.statement.wrt:
            statement = _with(case.statement, _Shares(v.name, v.shape))
            if case.is_right_in(statement):
                return Explanation(f"right only if sum({v.name}) = 1", case.claim, statement)
            statement = _with(case.statement, _OneHot(v.name, v.shape))
            if case.is_right_in(statement):
                return Explanation(f"right only if {v.name} is one-hot", case.claim, statement)
    return None


@dataclass(frozen=True)
class _OfOneBasis(Variable):
    """A matrix of given eigenvectors, which moves among such matrices only: value and direction commute."""

    def build(self, free: Array, arithmetic: Arithmetic, flip: bool = False) -> Array:
        return self._of_eigenvalues(free, arithmetic)

    def tie(self, weights: Array, arithmetic: Arithmetic, at: Array) -> Array:
        return self._of_eigenvalues(weights, arithmetic)

    def _of_eigenvalues(self, free: Array, arithmetic: Arithmetic) -> Array:
        n = len(free)
        ones, eye = np.tri(n, dtype=int), np.eye(n, dtype=int)
        # Any basis that is not orthogonal will do: in an orthogonal one the matrices would be symmetric as well.
        basis = arithmetic.array(ones @ (ones.T + eye))
        return basis @ (free * arithmetic.array(eye)) @ arithmetic.inverse(basis)


def commuting(case: Case) -> Explanation | None:
    """A differential that is right only where the matrix and its direction commute, as numbers do."""
    if case.statement.is_value:
        return None
    (x, *others) = case.statement.wrt
    v = case.statement.space.variables[x]
    linear = case.statement.kind == "differential" or case.statement.is_operator(case.claim)
    if others or not linear or not _is_square(v) or v.kinds - {"invertible"}:
        return None
    statement = _with(case.statement, _OfOneBasis(x, v.shape))
    if case.is_right_in(statement):
        return Explanation(f"right only where {x} and d{x} commute", case.claim, statement)
    return None


def tied_or_free(case: Case) -> Explanation | None:
    """The formula for free entries where they are tied, or the other way about."""
    if case.statement.is_value:
        return None
    x = case.statement.space.variables[case.statement.wrt[0]]
    tied = x.kinds & STRUCTURES.keys()
    if not tied:
        return _structured(case, ["structured-symmetric"])
    loose = x.kinds - tied | ({"symmetric"} if tied != {"structured-toeplitz"} else set())
    statement = _with(case.statement, replace(x, kinds=loose))
    if case.is_right_in(statement):
        words = f"right if the entries of {x.name} were free; the tied ones move together"
        return Explanation(words, case.claim, statement)
    return None


def structure(case: Case) -> Explanation | None:
    """The formula for the tied entries of a structure, where the entries are free."""
    if case.statement.is_value:
        return None
    return _structured(case, [k for k in STRUCTURES if k != "structured-symmetric"])


def _structured(case: Case, kinds: list[str]) -> Explanation | None:
    x = case.statement.space.variables[case.statement.wrt[0]]
    if not _is_square(x) or x.kinds & STRUCTURES.keys():
        return None
    for kind in kinds:
        statement = _under(case, kind, [x.name])
        if case.is_right_in(statement):
            words = f"right under {kind}({x.name}), where tied entries move together"
            return Explanation(words, case.claim, statement)
    return None


def row_by_row(case: Case) -> Explanation | None:
    """A Jacobian that reads matrices row by row."""
    if case.statement.kind != "jacobian":
        return None
    (m, n), (r, c) = case.statement.expr_shape, case.statement.wrt_shape
    rows = Commutation(n, m) if 1 not in (m, n) else None
    columns = Commutation(r, c) if 1 not in (r, c) else None
    for left, right in ((rows, columns), (None, columns), (rows, None)):
        chain: list[Expr] = [f for f in (left, case.claim, right) if f is not None]
        if len(chain) > 1 and case.is_right(MatMul(*chain)):
            words = "the Jacobian for matrices read row by row; here they are read column by column"
            return Explanation(words, MatMul(*chain))
    return None


# --------------------------------------------------------------------------------------------- other spaces


def _variables(case: Case) -> list[Variable]:
    return list(case.statement.space.variables.values())


def _is_square(v: Variable) -> bool:
    return bool(v.shape[0] == v.shape[1] and v.shape != (1, 1))


def _with(statement: Statement, v: Variable) -> Statement:
    """The statement with one of its variables replaced."""
    space = replace(statement.space, variables={**statement.space.variables, v.name: v})
    return replace(statement, space=space)


def _under(case: Case, kind: str, names: list[str]) -> Statement:
    """The statement under one more assumption of some variables."""
    return replace(case.statement, space=case.statement.space.assuming(kind, names))


def _right(case: Case, statement: Statement, words: str, names: list[str]) -> Explanation | None:
    if not case.is_right_in(statement):
        return None
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return Explanation(words.format(f"{listed} {'is' if len(names) == 1 else 'are'}"), case.claim, statement)
