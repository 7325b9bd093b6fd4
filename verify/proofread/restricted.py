"""Lines that hold for some entries only: "for i ≠ j: ∂p_i/∂z_j = -p_i p_j", which says nothing of the diagonal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sympy import Expr, Identity, S

from derive.expression import algebra
from derive.language.tree import Tree
from verify.proofread.symbols import INDICES

if TYPE_CHECKING:
    from verify.proofread.lines import Line
    from verify.proofread.relations import Relation

#: Words that end what was said for some entries.
_TOGETHER = re.compile(
    r"[.](?=\s|$)|\b(?:together|combin\w*|both|in general|altogether|in (?:short|summary|one)|compactly|overall|either case)\b",
    re.IGNORECASE,
)
#: What stands behind a condition that is about the line before it.
_ABOUT_BEFORE = re.compile(r"\s*(?:[.;)]|,?\s*(?:and|while|but|whereas|otherwise)\b|$)", re.IGNORECASE)


def condition(start: Tree | None, right: Tree | None, operator: str) -> tuple[str, str, bool] | None:
    """Return the two indices of i = j or i ≠ j, and whether they are to be equal; None for another line."""
    if operator not in ("=", "≠") or start is None or right is None:
        return None
    if not all(t.op == "name" and t.value in INDICES for t in (start, right)) or start.value == right.value:
        return None
    return str(start.value), str(right.value), operator == "="


def restrict(relations: list[Relation]) -> None:
    """Note for each claim to which entries it is restricted, by the conditions beside it."""
    ahead: tuple[str, str, bool] | None = None
    begun: Line | None = None  # the line of the condition
    for k, relation in enumerate(relations):
        line = relation.line
        if line is not None and relation.place_in_chain == 1 and not line.goes_on:
            said = line.before.lstrip(" .:\n") if k and relations[k - 1].line is begun else line.before
            ahead = None if _TOGETHER.search(said) else ahead
        found = condition(relation.start, relation.right, relation.operator)
        if found is None:
            if relation.statement.role == "claim":
                relation.only = ahead
            continue
        relation.statement.role = "assumption"
        earlier = relations[k - 1] if k else None
        same = earlier is not None and earlier.line is not None and line is not None
        if same and earlier is not None and _is_about(relation, earlier):
            for other in relations[:k]:
                if other.chain == earlier.chain and other.statement.role == "claim":
                    other.only = found
            ahead = None
        else:
            ahead, begun = found, line


def _is_about(relation: Relation, earlier: Relation) -> bool:
    """Tell whether a condition stands behind the line that it is about."""
    if earlier.statement.role != "claim" or relation.line is None:
        return False
    line = relation.line
    if not line.before.strip() and line.after:  # in the same display
        return line.after != "line"
    if _TOGETHER.search(line.before) or ":" in line.before:
        return False
    return _ABOUT_BEFORE.match(line.behind) is not None


def masked(expr: Expr, only: tuple[str, str, bool] | None, over: tuple[str, ...]) -> Expr:
    """Return the entries of a matrix that a restricted line is about, zeros elsewhere."""
    if only is None or set(over) != {only[0], only[1]}:
        return expr
    if expr == 0 or not algebra.is_matrix(expr):
        return expr
    rows, columns = algebra.shape(expr)
    if rows != columns:
        return expr
    diagonal = Identity(rows)
    if only[2]:
        return algebra.hadamard(expr, diagonal)
    return algebra.add(expr, algebra.dot(-S.One, algebra.hadamard(expr, diagonal)))
