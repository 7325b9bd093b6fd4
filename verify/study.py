"""A problem with what it comes to, made once."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from sympy import Expr, MatrixSymbol

from derive import api
from derive.derivation import Derivation
from derive.errors import InputError
from derive.expression import algebra
from derive.ingest import read_problem
from derive.problem import Problem
from verify.statement import KINDS, Statement

#: The layout of a Hessian by a matrix that is derived unless another is asked for.
_FORM = "operator"


class Study:
    """A problem, what is stated of it, and its derivation, which is made when it is first asked for, and once.

    Whoever asks several questions about one problem (a report its chapter, a suite its methods, a diagnosis its slips)
    asks one study.
    """

    def __init__(self, problem: Problem, statement: Statement, derivation: Derivation | None = None) -> None:
        self.problem, self.statement = problem, statement
        self._derivations: dict[str, Derivation] = {}
        if derivation is not None:
            self._derivations[_FORM] = derivation

    @classmethod
    def read(
        cls,
        expr: str | Expr | Problem,
        wrt: Any,
        kind: str = "gradient",
        where: str | Mapping[str, Any] | None = None,
        assume: str | Iterable[Any] | None = None,
    ) -> Study:
        """Return the study of a derivative, as for `verify.check_claim`. Raises InputError."""
        if kind not in KINDS:
            raise InputError(f"the kind {kind!r} is not one of {', '.join(KINDS)}")
        problem = read_problem(expr, wrt, where, assume, scalar=kind in ("gradient", "hessian"))
        return cls(problem, Statement.of(problem, kind))

    def at(self, statement: Statement) -> Study:
        """Return the study of the same problem with its statement made at other points; they share derivations."""
        other = Study(self.problem, statement)
        other._derivations = self._derivations
        return other

    @property
    def derivation(self) -> Derivation:
        """Return the derivation; of a Hessian by a matrix, as the linear map of a direction. Raises InputError."""
        return self._derivation()

    def derived(self, claim: Expr | None = None) -> Expr:
        """Return the derived result, in the layout of the claim where there are two. Raises InputError."""
        statement = self.statement
        if statement.is_value:
            return self.problem.expr
        if statement.kind != "hessian":
            return self.derivation.result
        square = claim is not None and not statement.is_operator(claim) and statement.wrt_shape[1] != 1
        result = self._derivation("kronecker" if square else _FORM).result
        if claim is None or algebra.shape(result) == algebra.shape(claim) or not statement.is_operator(claim):
            return result
        return algebra.dot(result, MatrixSymbol(f"d{statement.wrt[0]}", *statement.wrt_shape))

    def _derivation(self, form: str = _FORM) -> Derivation:
        if form not in self._derivations:
            kind, names = self.statement.kind, list(self.statement.wrt)
            function: Any = getattr(api, kind)
            wrt: Any = names if kind in ("differential", "hessian") else names[0]
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore"
                )  # a variable that does not occur is the caller's to be warned of
                options = {"form": form} if kind == "hessian" else {}
                self._derivations[form] = function(self.problem, wrt, **options)
        return self._derivations[form]
