r"""Indices that are labels: k of Q(\mu_k), one component of a mixture; j of \partial\ell/\partial\theta_j, one parameter.

Nothing runs over such an index, so that it only tells of which component or parameter a formula speaks.
"""

from __future__ import annotations

import re

from verify.proofread.document import Document
from verify.proofread.handwriting import Spelling

_NAME = r"(?:\\(?:mathbf|boldsymbol|bm|hat|bar|tilde)\s*\{?\s*)?(?:\\[A-Za-z]+|[A-Za-z])\s*\}?"
_INDEX = r"(?:\{\s*(?P<braced>[i-n])\s*\}|(?P<plain>[i-n])(?![A-Za-z]))"
#: A function's head with an index in its argument, Q(\mu_k) = ...
_HEAD = re.compile(
    rf"^\s*(?:\\mathcal\s*\{{?\s*)?(?:\\[A-Za-z]+|[A-Za-z])\s*\}}?\s*(?:\\left)?\(\s*{_NAME}\s*_\s*{_INDEX}\s*"
    r"(?:,[^()=]*)?(?:\\right)?\)\s*&?\s*:?="
)
#: What a derivative is by, with an index: \partial\theta_j.
_BY = re.compile(rf"\\partial\s*\{{?\s*(?P<name>\\[A-Za-z]+|[A-Za-z])\s*_\s*{_INDEX}")

#: What is said to depend on a parameter: a matrix or a likelihood, K(θ), Σ(θ), \\ell(θ), not an activation φ(z).
_DEPENDS = r"(?:(?<![A-Za-z\\])[A-Z]|\\(?:ell|Sigma|Lambda|Omega|mathcal\s*\{?\s*[A-Z]\s*\}?))\s*(?:\\left)?"


def labels(document: Document) -> list[Spelling]:
    """Return how names with labels are spelled so that they are names of their own."""
    formulas = [p.text.characters for p in document.pieces if p.is_formula]
    found: list[Spelling] = []
    for index in sorted({m["braced"] or m["plain"] for f in formulas if (m := _HEAD.match(f))}):
        if not _runs(index, formulas):
            found += _spelled(index, formulas)
    for name, index in sorted(
        {(m["name"], m["braced"] or m["plain"]) for f in formulas for m in _BY.finditer(f)}
    ):
        if not _runs(index, formulas) and _only_differentiates(name, index, formulas):
            found.append(
                (re.compile(rf"{_start(name)}\s*_\s*(?:\{{\s*{index}\s*\}}|{index}(?![A-Za-z]))"), name + " ")
            )
    return found


def _start(name: str) -> str:
    return re.escape(name) if name[0] == "\\" else rf"(?<![A-Za-z\\]){name}"


def _runs(index: str, formulas: list[str]) -> bool:
    """Tell whether an index runs: under a sum or product, in a list, as one of a delta's."""
    running = re.compile(
        rf"\\(?:sum|prod|max|min)\s*(?:\\limits)?\s*_\s*(?:\{{[^{{}}]*(?<![A-Za-z\\]){index}(?![A-Za-z])|{index}(?![A-Za-z]))"
        rf"|(?<![A-Za-z\\_{{]){index}\s*=|\\delta\s*_\s*\{{[^{{}}]*{index}|\\(?:neq?|in)\s*{index}(?![A-Za-z])"
        rf"|(?<![A-Za-z\\_{{]){index}\s*\\(?:neq?|in)(?![A-Za-z])"
    )
    return any(running.search(f) for f in formulas)


def _only_differentiates(name: str, index: str, formulas: list[str]) -> bool:
    """Tell whether a name with an index only stands below derivatives, and else in heads of functions."""
    mine = re.compile(rf"{_start(name)}(?![A-Za-z])")
    usual = re.compile(
        rf"\\partial\s*\{{?\s*{_start(name)}\s*_\s*\{{?\s*{index}|{_DEPENDS}\(\s*{_start(name)}\s*\)"
    )
    places = [sum(1 for _ in p.finditer(f)) for p in (mine, usual) for f in formulas]
    half = len(formulas)
    return sum(places[:half]) == sum(places[half:]) > 0


def _spelled(index: str, formulas: list[str]) -> list[Spelling]:
    """Return the names with an index without it, those that never stand without it."""
    ends = rf"(?:\{{\s*(?P<first>[a-z]?)\s*,?\s*{index}\s*\}}|{index}(?![A-Za-z]))"
    labelled = re.compile(rf"(?P<name>\\[A-Za-z]+|(?<![A-Za-z\\])[A-Za-z])(?P<close>\s*\}}?)\s*_\s*{ends}")
    found: list[Spelling] = []
    for name in sorted({m["name"] for f in formulas for m in labelled.finditer(f)}):
        plain = re.compile(rf"{_start(name)}(?![A-Za-z])(?!\s*\}}?\s*_)")
        if not any(plain.search(f) for f in formulas):
            found.append(
                (re.compile(rf"(?P<name>{_start(name)})(?P<close>\s*\}}?)\s*_\s*{ends}"), _unlabelled)
            )
    return found


def _unlabelled(m: re.Match[str]) -> str:
    return m["name"] + m["close"] + (f"_{m['first']}" if m["first"] else " ")
