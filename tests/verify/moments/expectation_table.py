"""Moments with answers from outside, right ones and wrong ones, as rows of kind, expressions, declarations, assumptions.

MC in a row is the Matrix Cookbook (Petersen and Pedersen, 2012); MN is Magnus and Neudecker (1999); Goodman (1960) is the
exact variance of products; He and Glorot are the initialisation papers. The answers are written as the sources have them.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).parent / "data"
_KINDS = {"E": "expectation", "Var": "variance", "Cov": "covariance"}


class Row(NamedTuple):
    """A moment that is asked for, an answer, and where the answer is from, or what is wrong with it."""

    kind: str
    expr: str | tuple[str, ...]
    where: str
    assume: str
    answer: str
    source: str


def rows(name: str) -> list[Row]:
    """Return the rows of a table: cells between bars, a dash for nothing, both expressions of a covariance with ;."""
    out = []
    for line in (_DATA / name).read_text().splitlines():
        kind, written, where, assume, answer, source = (cell.strip() for cell in line.split(" | "))
        pair = tuple(e.strip() for e in written.split(" ; "))
        assume = "" if assume == "-" else assume
        out.append(Row(_KINDS[kind], pair if len(pair) > 1 else pair[0], where, assume, answer, source))
    return out


TABLE = rows("expectations.txt")
FURTHER = rows("further_expectations.txt")
WRONG = rows("wrong_expectations.txt")
