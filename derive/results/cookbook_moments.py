"""The moments of the Matrix Cookbook, chapters 6 and 8 and appendix A.2, as data.

Petersen and Pedersen, "The Matrix Cookbook", version of 15 November 2012. A line of `cookbook_moments.jsonl` states one
identity: the expressions, what is declared of their variables, and the moment that the book prints, or means where a
note tells of a misprint. Lines without a number in the book go by their section and place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

#: Parts of the chapters that are no identities in moments, and why.
LEFT_OUT: dict[str, str] = {
    "305-311": "define the mean, the covariance and the moment matrices",
    "346-352": "define the density, and give marginals",
    "356-376": "densities: products, rearrangements, differentials",
    "8.3": "whitening, chi-square, entropy: no moments of polynomials",
    "8.4": "the density of a mixture and its derivatives",
}


@dataclass(frozen=True)
class MomentEquation:
    """An identity: the `kind` of moment of `expr` (two expressions for a covariance) under `where`, and its `result`."""

    equation: str
    kind: str
    expr: tuple[str, ...]
    where: str
    result: str
    assume: str = ""
    given: str = ""
    note: str = ""


@cache
def cookbook_moments() -> tuple[MomentEquation, ...]:
    """Return the identities in the order of the book."""
    lines = (
        files("derive.results").joinpath("cookbook_moments.jsonl").read_text(encoding="utf-8").splitlines()
    )
    return tuple(
        MomentEquation(**{**fields, "expr": tuple(fields["expr"])}) for fields in map(json.loads, lines)
    )
