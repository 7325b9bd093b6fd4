"""Wrong lines as they should be: the true value, or the name whose transpose makes the line right."""

from __future__ import annotations

from dataclasses import replace

from derive.errors import InputError, InternalError
from derive.language.latex import latex
from derive.language.tree import Tree
from verify.proofread.model import transposed
from verify.proofread.paper import Paper
from verify.proofread.reading import is_zero
from verify.proofread.relations import Relation
from verify.proofread.symbols import UnreadError


class Mends(Paper):
    """Says how a wrong line goes right."""

    def mend(self, relation: Relation) -> None:
        """Write the line as it should be."""
        s = relation.statement
        left = s.source.rpartition(relation.side.source)[0]
        if s.diagnosis is not None and s.diagnosis.endswith("with the opposite sign"):
            s.mended = rf"{left}-\left({relation.side.source}\right)"
            return
        try:
            true = self.model.unfold(self.model.expression(relation.start))  # type: ignore[arg-type]
        except (UnreadError, KeyError):
            return
        s.mended = self._spoken(f"{left}{latex(true)}".strip())

    def say_transposed(self, relation: Relation) -> None:
        """Say of a slip without a better diagnosis by which name's transpose it goes right."""
        s = relation.statement
        plain = s.diagnosis is None or s.diagnosis.startswith("none of") or "..." in s.diagnosis
        if (
            s.is_slip
            and plain
            and not relation.over
            and not relation.at_zero_of
            and (found := self._by_transposing(relation)) is not None
        ):
            s.diagnosis = self._spoken(f"right with {found[0]}")

    def refute_by_sizes(self, relation: Relation) -> None:
        """Write a line as refuted whose shapes cannot fit, with the sizes."""
        s = relation.statement
        s.verdict = "refuted"
        s.from_line_before = False
        s.reading = self._reading(relation)
        s.diagnosis = self.misfits[s.index]
        s.evidence = [{"method": "sizes", "verdict": "refuted", "figure": s.diagnosis}]
        found = self._by_transposing(relation)
        if found is not None:
            name, tree = found
            s.diagnosis = f"{s.diagnosis.partition(';')[0]}; right with {name}"
            self.claimed_tree = tree
        s.diagnosis = self._spoken(s.diagnosis)
        s.evidence[0]["figure"] = self._spoken(str(s.evidence[0]["figure"]))

    def _by_transposing(self, relation: Relation) -> tuple[str, Tree] | None:
        """Return the name whose transpose makes the line right, where there is one."""
        if relation.right is None or relation.start is None:
            return None
        for tree in list(relation.right.walk())[:40]:
            if tree.op == "name":
                mended, said = _swap(relation.right, tree, transposed(tree)), f"{tree.value}'"
            elif tree.op == "'" and tree.args[0].op == "name":
                mended, said = _swap(relation.right, tree, tree.args[0]), str(tree.args[0].value)
            else:
                continue
            kept = self.model.built, dict(self.model._trees), dict(self.model._truth)
            try:
                others = [
                    r for r in self.relations if self._is_read(r) and r.statement.index not in self.misfits
                ]
                sides = [t for r in others for t in (r.start, r.right) if t is not None]
                same = [(r.start, r.right) for r in others if not is_zero(r.right)]
                self.model.read([*sides, relation.start, mended], [*same, (relation.start, mended)])  # type: ignore[list-item]
                if self.model.departures() & self._arrays():
                    continue
                left, right = (self.model.unfold(self.model.expression(t)) for t in (relation.start, mended))
                if self.holds(left, right):
                    return said, mended
            except (
                UnreadError,
                InputError,
                InternalError,
                KeyError,
                RecursionError,
                ValueError,
                TypeError,
                IndexError,
            ):
                continue
            finally:
                self.model.built, self.model._trees, self.model._truth = kept
        return None


def _swap(tree: Tree, old: Tree, new: Tree) -> Tree:
    """Return a tree with one of its pieces replaced."""
    if tree is old:
        return new
    if not tree.args:
        return tree
    return replace(tree, args=[_swap(a, old, new) for a in tree.args], extra=dict(tree.extra))
