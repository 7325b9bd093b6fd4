"""The derivatives of the Matrix Cookbook, chapter 2, as data.

Petersen and Pedersen, "The Matrix Cookbook", version of 15 November 2012. A line of `cookbook.jsonl` states one
equation as a problem in the text language with the result that it gives; an equation that holds for every power
or every function stands there as one instance, which its note names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from derive import api
from derive.derivation import Derivation

#: Equations of the chapter that are not in the data, and why.
LEFT_OUT: dict[str, str] = {
    "45": "complex: the conjugate transpose",
    "47": "says what 50 says",
    "65": "the sum of the eigenvalues: as a trace, it is 99",
    "66": "the product of the eigenvalues: as a determinant, it is 49",
    "94": "the first member of the chain that ends in 95",
    "96": "defines the function of 97 and 98",
    "128": "sine and cosine of a matrix, by their power series",
    "134": "defines the structure matrix",
    "135": "defines a composite function",
    "136": "the entries of 137",
}


@dataclass(frozen=True)
class Equation:
    """An equation: the problem (`kind`, `expr`, `wrt`, `where`, `assume`) and the printed `result`.

    `result` is in the text language; for a differential, dX names the direction in X. `sympy` holds ways to
    write `expr` with SymPy's own matrix expressions, as Python source.
    """

    id: str
    equation: str
    kind: str
    expr: str
    wrt: str
    where: str
    assume: str
    result: str
    sympy: tuple[str, ...] = ()
    note: str = ""

    def derive(self) -> Derivation:
        """Return the derivation."""
        derivative = {
            "gradient": api.gradient,
            "jacobian": api.jacobian,
            "hessian": api.hessian,
            "differential": api.differential,
        }[self.kind]
        return derivative(self.expr, self.wrt, where=self.where, assume=self.assume)


@cache
def cookbook() -> tuple[Equation, ...]:
    """Return the equations in the order of the book."""
    lines = files("derive.results").joinpath("cookbook.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(
        Equation(**{**fields, "sympy": tuple(fields.get("sympy", ()))}) for fields in map(json.loads, lines)
    )
