"""The matrices that are symmetric because of where they stand in a covariance: P and Q in F·P·F' + s²·Q."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from derive.language.tree import Tree


def symmetric_names(covariance: Tree, is_matrix: Callable[[str], bool]) -> Iterator[str]:
    """Yield the names of matrices that are covariances themselves, where `covariance` is one."""
    match covariance.op:
        case "name" if is_matrix(covariance.value):
            yield covariance.value
        case "+" | "neg":
            for term in covariance.args:
                yield from symmetric_names(term, is_matrix)
        case "call" if covariance.value in ("inv", "pinv"):
            yield from symmetric_names(covariance.args[0], is_matrix)
        case "*":
            matrices = [a for a in covariance.args if any(map(is_matrix, a.names())) or a.op == "call"]
            while len(matrices) > 2 and _transposes(matrices[0], matrices[-1]):
                matrices = matrices[1:-1]
            if len(matrices) == 1:
                yield from symmetric_names(matrices[0], is_matrix)


def _transposes(left: Tree, right: Tree) -> bool:
    """Tell whether one factor is written as the transpose of another."""
    return any(b.op == "'" and b.args[0].show() == a.show() for a, b in ((left, right), (right, left)))
