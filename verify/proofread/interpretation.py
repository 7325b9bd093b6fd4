"""What a document says, put together: its lines with their roles, and the model in which they are judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from derive.language.names import kind_of
from derive.language.shapes import Shape
from derive.language.tree import Tree
from verify.proofread.assumed import Assumed, read_assumed
from verify.proofread.by_rows import read_by_rows
from verify.proofread.conventions import name_means, take_covariances
from verify.proofread.document import Document
from verify.proofread.families import Families
from verify.proofread.find_families import find_families
from verify.proofread.lines import Lines, read_lines
from verify.proofread.model import Model
from verify.proofread.preferred import dependent_arrays, keeps_off_zero, numbers, preferred, variables
from verify.proofread.randomness import Randomness
from verify.proofread.relations import Relation, Roles
from verify.proofread.repeated import read_repeated
from verify.proofread.roles import cast
from verify.proofread.shorthand import LOSSES, read_shorthand
from verify.proofread.symbols import Rewriter, base_of


@dataclass
class Interpretation:
    """The lines of a document and all that is said in it; `bars` are the kinds of means that it names, `tacit` what is to be told."""

    lines: Lines
    assumed: Assumed
    random: Randomness
    families: Families
    rewriter: Rewriter
    roles: Roles
    bars: dict[str, str]
    tacit: list[str]

    @property
    def trees(self) -> list[Tree]:
        """Return the sides that were read, and what is differentiated in them."""
        sides = [t for r in self.roles.relations for t in (r.start, r.right) if t is not None]
        return sides + [t for s in self.rewriter.symbols.values() for t in s.what]


def interpret(source: Document, where: str | None, assume: str | Iterable[str] | None) -> Interpretation:
    """Return what a document says, with what its caller declares and assumes."""
    lines = read_lines(source)
    read_shorthand(lines)
    read_repeated(source, lines)
    assumed = read_assumed(source, lines.lines, where, assume)
    rewriter, random = Rewriter(lines.functions, set()), Randomness()
    random.add_facts(assumed.said)
    random.add_lines(lines.lines)
    sides = [s.tree for line in lines.lines for s in line.sides if s.tree is not None]
    tacit = take_covariances(source, sides, assumed)
    families = find_families(source, sides, assumed.shapes, lines.defined)
    read_by_rows(source, lines, families)
    roles = cast(lines, rewriter, source.line_column, random, families)
    bars = name_means(roles.definitions, roles.relations, random, rewriter, families)
    return Interpretation(lines, assumed, random, families, rewriter, roles, bars, tacit)


def modelled(read: Interpretation) -> Model:
    """Return the model in which the lines of a document are judged."""
    roles, rewriter, assumed = read.roles, read.rewriter, read.assumed
    trees = read.trees
    names = {n for t in trees for n in t.names()}
    model = Model(
        roles.definitions, rewriter.symbols, random=read.random, defined=frozenset(roles.definitions)
    )
    model.declared = _declared(read, trees, names)
    model.numbers = _losses(read)
    said = assumed.assumptions | roles.totals | _of_rows(assumed, read.families)
    model.assumptions, matrices = _by_row(frozenset(a for a in said if a[1] in names), model.declared)
    model.assumptions |= _spreads(read.random, names - set(model.declared))
    free = {base_of(t) for s in rewriter.symbols.values() for t in s.by}  # where it is differentiated by
    sums = assumed.names("onehot") | assumed.names("sums_to_one") | roles.ones
    model.ones = frozenset(sums - matrices - free)
    model.dependent = dependent_arrays(model, read.lines.functions, trees)
    model.prefer = {
        **numbers(read.random, trees, names, model.defined),
        **preferred(model, read.lines.functions, trees),
        **read.bars,
        **{n: "vector" for n in sorted(read.families.columns) if kind_of(n) != "vector"},
        **{str(t.value): "matrix" for t in read.families.matrices.values() if t.op == "name"},
        **dict.fromkeys(sorted(read.families.two - read.families.capitals), "matrix"),
    }
    model.over |= roles.over
    model.over |= {id(t): s.over for s in rewriter.symbols.values() for t in s.what if s.over}
    for r in roles.relations:
        model.over |= {id(t): r.over for t in (r.start, r.before, r.right) if t is not None and r.over}
    model.given = _given(model, roles.relations)
    return model


def _declared(read: Interpretation, trees: list[Tree], names: set[str]) -> dict[str, Shape]:
    """Return the shapes of names that are said or known, those of random columns and of numbers among them."""
    said = {n: shape for n, shape in read.assumed.shapes.items() if n in names}
    found = {
        **variables(read.random, names),
        **said,
        **dict.fromkeys(sorted(read.lines.numbers & names), (1, 1)),
    }
    if "epsilon" in names and keeps_off_zero("epsilon", [*trees, *read.roles.definitions.values()]):
        found.setdefault("epsilon", (1, 1))
    return found


def _losses(read: Interpretation) -> frozenset[str]:
    """Return the defined names that are differentiated and called as losses are, or stand behind ∇: numbers."""
    found = {
        str(s.what[0].value)
        for s in read.rewriter.symbols.values()
        if s.kind in ("derivative", "hessian") and s.what[0].op == "name"
    }
    known = {*read.roles.definitions} - {*read.assumed.shapes}
    return frozenset(found & known & ({*LOSSES} | read.rewriter.fields))


def _spreads(random: Randomness, names: set[str]) -> frozenset[tuple[str, str]]:
    """Return that the covariances of columns by name are symmetric."""
    found = {
        str(t.value) for n, t in random.spreads.items() if t.op in ("name", "sub") and n not in random.entries
    }
    return frozenset(("symmetric", n) for n in found & names)


def _by_row(
    assumptions: frozenset[tuple[str, str]], shapes: Mapping[str, Shape]
) -> tuple[frozenset[tuple[str, str]], set[str]]:
    """Return the assumptions with what is said of a matrix said of its rows, Y one-hot; and those matrices."""
    matrices = {
        n for kind, n in assumptions
        if kind in ("onehot", "sums_to_one") and kind_of(n) == "matrix" and shapes.get(n, (0, 0))[1] != 1
    }  # fmt: skip
    found = {
        (f"{kind} rows" if kind in ("onehot", "sums_to_one") and n in matrices else kind, n)
        for kind, n in assumptions
    }
    return frozenset(found), matrices


def _of_rows(assumed: Assumed, families: Families) -> set[tuple[str, str]]:
    """Return what is said of each member of a family, of its matrix: y_i one-hot is Y with one-hot rows."""
    found = set()
    for kind in ("onehot", "sums_to_one"):
        for name in assumed.names(kind):
            base = name.partition("_")[0]
            matrix = families.matrices.get(base)
            if base == name:
                continue
            if matrix is not None:
                turned = matrix.op == "'"
                found.add(
                    (
                        f"{kind} {'columns' if turned else 'rows'}",
                        str((matrix.args[0] if turned else matrix).value),
                    )
                )
            elif base in families.two:
                found.add((f"{kind} rows", base.upper() if base in families.capitals else base))
    return found


def _given(model: Model, relations: list[Relation]) -> set[str]:
    """Return the derivatives of undefined losses that no line claims, without those that another one settles."""
    claimed = {base_of(r.start) for r in relations if r.statement.role == "claim"}
    free = {
        s.name: s.by[0].value
        for s in model.symbols.values()
        if s.kind == "derivative"
        and s.what[0].op == "name"
        and s.what[0].value in model.losses
        and s.name not in claimed
        and s.by[0].op in ("name", "sub")
    }

    def ancestors(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
        body = model.definitions.get(name)
        found = set(body.names()) - seen if body is not None else set()
        return found.union(*(ancestors(n, seen | found) for n in found))

    return {
        s for s, z in free.items() if not any(z in ancestors(other) for t, other in free.items() if t != s)
    }
