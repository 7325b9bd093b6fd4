"""What names are because of where they stand in a covariance: P and Q are symmetric in F·P·F' + v·Q, and v is a scalar."""

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


def scale_names(covariance: Tree, is_matrix: Callable[[str], bool]) -> Iterator[str]:
    """Yield the names in front of the matrices of a covariance, which only scalars stand before: v in v·eye."""
    match covariance.op:
        case "+" | "neg":
            for term in covariance.args:
                yield from scale_names(term, is_matrix)
        case "*":
            front = []
            for a in covariance.args:
                if a.op == "name" and a.value != "eye" and not is_matrix(a.value):
                    front.append(a.value)
                elif front and (a.op in ("name", "call")):
                    yield from front
                    return
                elif a.op != "number":
                    return


def _transposes(left: Tree, right: Tree) -> bool:
    """Tell whether one factor is written as the transpose of another."""
    return any(b.op == "'" and b.args[0].show() == a.show() for a, b in ((left, right), (right, left)))
