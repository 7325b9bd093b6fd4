"""The entry point: a text or a file, judged line by line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from derive.errors import InputError
from derive.language.formula import parse
from derive.language.names import kind_of
from derive.language.pratt import Vocabulary
from derive.language.shapes import Shape
from derive.language.tree import Tree
from derive.language.words import FUNCTIONS
from verify.proofread.assumed import Assumed, read_assumed
from verify.proofread.by_rows import read_by_rows
from verify.proofread.code_process import code_statements, has_code
from verify.proofread.context import own_statements, under
from verify.proofread.conventions import take_covariances
from verify.proofread.document import Document, read_document
from verify.proofread.families import Families, find_families
from verify.proofread.judge import Judge
from verify.proofread.lines import read_lines
from verify.proofread.model import Model
from verify.proofread.randomness import Randomness
from verify.proofread.repeated import read_repeated
from verify.proofread.result import Proofreading, numbered
from verify.proofread.roles import Relation, cast
from verify.proofread.shorthand import LOSSES, read_shorthand
from verify.proofread.symbols import Rewriter, base_of, free_indices, is_name
from verify.seeds import checked_seed

#: Characters of a document.
LONGEST = 1_000_000


def proofread(
    document: str | os.PathLike[str],
    where: str | None = None,
    assume: str | Iterable[str] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
    problem: str | Sequence[str] = (),
    run: bool = False,
) -> Proofreading:
    """Judge a derivation line by line: Markdown with dollars, LaTeX or plain text, or the path of such a file.

    A text without a line break that names an existing file is a path; so is any `os.PathLike`. `where` declares shapes and
    `assume` facts, beside those that the document states. `progress` is told after each line how many of how many are
    judged. What the text or the texts `problem` state (definitions, shapes, facts) holds for the document, and is not
    judged with it. NumPy in fenced Python cells is traced on symbolic arrays and never executed, unless `run` lets what
    cannot be traced be run and judged by differences. Raises InputError for a file that cannot be read and for declarations that are not understood.
    """
    text, name = _text(document)
    seed = checked_seed(seed)
    if not problem:
        return _proofread(read_document(text), name, where, assume, seed, progress, run)
    problems = [problem] if isinstance(problem, str) else problem
    source, lines = under([p.replace("\r\n", "\n") for p in problems], text)
    found = _proofread(source, name, where, assume, seed, progress, run)
    return replace(found, source=text, statements=own_statements(found.statements, lines))


def _text(document: str | os.PathLike[str]) -> tuple[str, str]:
    is_path = not isinstance(document, str) or (
        "\n" not in document and len(document) < 1000 and Path(document).is_file()
    )
    if not is_path:
        text, name = str(document), ""
    else:
        name = os.fspath(document)
        try:
            text = Path(document).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise InputError(f"{name} cannot be read: {error.strerror}") from None
    if len(text) > LONGEST:
        raise InputError(f"the document has {len(text)} characters; at most {LONGEST} are taken")
    return text.replace("\r\n", "\n"), name


def _proofread(
    source: Document,
    name: str,
    where: str | None,
    assume: str | Iterable[str] | None,
    seed: int,
    progress: Callable[[int, int], object] | None,
    run: bool,
) -> Proofreading:
    lines = read_lines(source)
    read_shorthand(lines)
    read_repeated(source, lines)
    assumed = read_assumed(source, lines.lines, where, assume)
    rewriter = Rewriter(lines.functions, set())
    random = Randomness()
    random.add_facts(assumed.said)
    random.add_lines(lines.lines)
    sides = [s.tree for line in lines.lines for s in line.sides if s.tree is not None]
    tacit = take_covariances(source, sides, assumed)
    families = find_families(source, sides, assumed.shapes, lines.defined)
    read_by_rows(source, lines, families)
    roles = cast(lines, rewriter, source.line_column, random, families)
    bars = _known_by_name(roles.definitions, roles.relations, random, rewriter, families)
    read = [t for r in roles.relations for t in (r.start, r.right) if t is not None]
    read += [t for s in rewriter.symbols.values() for t in s.what]
    names = {n for t in read for n in t.names()}
    model = Model(
        roles.definitions,
        rewriter.symbols,
        {n: shape for n, shape in assumed.shapes.items() if n in names},
        frozenset(
            a for a in assumed.assumptions | roles.totals | _of_rows(assumed, families) if a[1] in names
        ),
    )
    model.over |= roles.over
    model.numbers = frozenset(
        str(s.what[0].value) for s in rewriter.symbols.values()
        if s.kind in ("derivative", "hessian") and s.what[0].op == "name" and (s.what[0].value in LOSSES or s.what[0].value in rewriter.fields)
        and s.what[0].value in roles.definitions and s.what[0].value not in assumed.shapes
    )  # fmt: skip
    model.assumptions, matrices = _by_row(model.assumptions, model.declared)
    model.ones = frozenset((assumed.names("onehot") | assumed.names("sums_to_one") | roles.ones) - matrices)
    model.ones -= {
        base_of(t) for s in rewriter.symbols.values() for t in s.by
    }  # free where it is differentiated by
    model.defined = frozenset(roles.definitions)
    model.random = random
    model.declared = {**_variables(random, names), **model.declared}
    model.declared |= dict.fromkeys(sorted(lines.numbers & names), (1, 1))
    if (
        "epsilon" in names
        and "epsilon" not in model.declared
        and _keeps_off_zero("epsilon", [*read, *roles.definitions.values()])
    ):
        model.declared["epsilon"] = (1, 1)
    spreads = {
        str(t.value) for n, t in random.spreads.items() if t.op in ("name", "sub") and n not in random.entries
    }
    model.assumptions |= {("symmetric", n) for n in spreads if n in names and n not in model.declared}
    model.dependent = _dependent(model, lines.functions, read)
    model.prefer = {
        **_numbers(random, read, names, model.defined),
        **_preferred(model, lines.functions, read),
        **bars,
        **{n: "vector" for n in sorted(families.columns) if kind_of(n) != "vector"},
        **{str(t.value): "matrix" for t in families.matrices.values() if t.op == "name"},
        **dict.fromkeys(sorted(families.two - families.capitals), "matrix"),
    }
    model.over |= {id(t): s.over for s in rewriter.symbols.values() for t in s.what if s.over}
    for r in roles.relations:
        model.over |= {id(t): r.over for t in (r.start, r.before, r.right) if t is not None and r.over}
    model.given = _given(model, roles.relations)
    Judge(model, roles.relations, rewriter, seed).run(progress)
    statements = [r.statement for r in roles.relations]
    if not has_code(source):
        return Proofreading(name, source.source, statements, tacit)
    shapes = {**(model.built.shapes if model.built is not None else {}), **assumed.shapes}
    of_code, notes = code_statements(source, shapes, assumed.assumptions, seed, run)
    return Proofreading(name, source.source, numbered([*statements, *of_code]), [*tacit, *notes])


def _keeps_off_zero(name: str, trees: list[Tree]) -> bool:
    """Tell whether a name stands only under roots, ε of √(v + ε): a number that keeps them off zero."""
    roots = [p for t in trees for p in t.walk() if p.op == "call" and p.value == "sqrt"]
    inside = sum(p.op == "name" and p.value == name for r in roots for p in r.walk())
    return 0 < inside == sum(p.op == "name" and p.value == name for t in trees for p in t.walk())


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


def _known_by_name(
    definitions: dict[str, Tree],
    relations: list[Relation],
    random: Randomness,
    rewriter: Rewriter,
    families: Families,
) -> dict[str, str]:
    """Define what everybody calls so: the mean of a sample, of entries or of the members of a family; return their kinds."""
    kinds = {}
    trees = [t for r in relations for t in (r.start, r.right) if t is not None]
    trees += [t for s in rewriter.symbols.values() for t in s.what] + list(definitions.values())
    used = {n for t in trees for n in t.names()}
    for bar in sorted(n for n in used if n.endswith("bar") and n not in definitions):
        name = bar.removesuffix("bar")
        summed = _summed_over(trees, name)
        if name not in random.entries and name not in families.matrices and summed is None:
            continue
        size = random.lengths.get(name) or summed or "n"
        tree = parse(
            f"\\frac{{1}}{{{size}}}\\sum_{{i=1}}^{{{size}}} {_spelled(name)}_i", "latex",
            scope=Vocabulary(functions=FUNCTIONS, document=True),
        )  # fmt: skip
        definitions[bar] = families.read(tree)
        kinds[bar] = "vector" if name in families.matrices else "scalar"
    return kinds


def _summed_over(trees: list[Tree], name: str) -> str | None:
    """Return up to where the entries of a name are summed, None where no sum runs over them."""
    for tree in trees:
        for piece in tree.walk():
            if piece.op != "sum" or len(piece.args) != 2 or not isinstance(piece.value, dict):
                continue
            index = str(piece.args[1].value)
            inside = any(
                p.op == "sub" and len(p.args) == 2 and p.args[0].value == name and p.args[1].value == index
                for p in piece.args[0].walk()
            )
            if inside:
                bounds = piece.value.get("bounds", {}).get(index)
                last = bounds[1] if bounds else None
                return str(last.value) if last is not None and last.op in ("name", "number") else "n"
    return None


def _spelled(name: str) -> str:
    return name if len(name) == 1 else f"\\{name}"


#: What says of a name that it is a matrix.
_OF_MATRICES = frozenset({"symmetric", "posdef", "orthogonal", "invertible"})


def _preferred(model: Model, functions: Mapping[str, tuple[str, ...]], trees: list[Tree]) -> dict[str, str]:
    """Return how names are rather read than by their letters: losses as numbers, what is definite as a matrix, bold type."""
    found = {}
    for tree in trees:
        for piece in tree.walk():
            if piece.op == "name" and piece.bold:
                found[str(piece.value)] = "matrix" if str(piece.value)[:1].isupper() else "vector"
    found |= dict.fromkeys(_numbers_of_cases(model), "scalar")
    found |= dict.fromkeys(_squared(trees + list(model.definitions.values()), model), "scalar")
    found |= dict.fromkeys(_of_numbers(trees, functions, model), "scalar")
    found |= {n: "matrix" for kind, n in model.assumptions if kind in _OF_MATRICES}
    for s in model.symbols.values():
        what = s.what[0]
        losses = what.op == "name" and (
            s.kind in ("derivative", "hessian") or (s.kind == "differential" and what.value in LOSSES)
        )
        if (
            losses
            and what.value not in model.dependent
            and kind_of(str(what.value)) == "matrix"
            and (what.value in functions or what.value in model.defined)
        ):
            found[str(what.value)] = "scalar"
    return {n: kind for n, kind in found.items() if kind != kind_of(n)}


def _squared(trees: list[Tree], model: Model) -> set[str]:
    """Return the small letters that are numbers by their use: x of (x - μ)²/σ², which is nowhere an array."""
    arrays = _arrays_of(trees, model.random)
    trees = [*trees, *(t for s in model.symbols.values() for t in (*s.what, *s.by))]
    arrays |= _arrays_of(trees, model.random)
    known = arrays | set(model.declared) | model.defined | model.random.entries
    found = set()
    for piece in (p for tree in trees for p in tree.walk()):
        if piece.op != "^" or piece.args[1].op != "number" or piece.args[0].op not in ("+", "name"):
            continue
        inside = list(piece.args[0].walk())
        names = {str(p.value) for p in inside if p.op == "name"}
        plain = all(p.op in ("+", "neg", "name", "number", "*", "^") for p in inside)
        if plain and not names & arrays and all(kind_of(n) != "matrix" for n in names):
            found |= {n for n in names - known if kind_of(n) == "vector"}
    return found


def _of_numbers(trees: list[Tree], functions: Mapping[str, tuple[str, ...]], model: Model) -> set[str]:
    """Return the small letters that are numbers in a function of one number: g, a, s of g(λ) = (a + s) log λ."""
    arrays = _arrays_of([*trees, *model.definitions.values()], model.random) | model.random.names
    found: set[str] = set()
    for name, parameters in functions.items():
        body = model.definitions.get(name)
        if body is None or len(parameters) != 1 or kind_of(parameters[0]) != "scalar":
            continue
        names = {n for n in body.names() if kind_of(n) != "scalar"} | {name}
        if (
            names & arrays
            or any(kind_of(n) == "matrix" for n in names - {name})
            or names & model.defined - {name}
        ):
            continue
        found |= {n for n in names if kind_of(n) == "vector"} - set(model.declared)
    return found


def _numbers_of_cases(model: Model) -> set[str]:
    """Return the names that a definition's cases compare and a derivative is by: f'(x) of f(x) = {x for x > 0, else a x}."""
    by = {
        str(t.value) for s in model.symbols.values() if s.kind == "derivative" for t in s.by if t.op == "name"
    }
    steps = (
        p for tree in model.definitions.values() for p in tree.walk() if p.op == "call" and p.value == "step"
    )
    return (by - model.defined) & {name for step in steps for name in step.names()}


#: What only arrays are used in.
_ARRAYS = frozenset({"'", "norm", "@"})


def _variables(random: Randomness, names: set[str]) -> dict[str, Shape]:
    """Return the shapes of random variables that are columns of entries."""
    return {n: (random.lengths[n], 1) for n in sorted(random.entries & names) if n in random.lengths}


def _arrays_of(trees: list[Tree], random: Randomness) -> set[str]:
    """Return the names that are used as arrays: transposed, normed, with indices, behind a matrix."""
    arrays: set[str] = set()
    for tree in trees:
        for piece in tree.walk():
            if piece.op in _ARRAYS or (
                piece.op == "call" and piece.value in ("tr", "det", "inv", "norm2", "logdet")
            ):
                arrays |= set(piece.names())
            if piece.op in ("sub", "index") and free_indices(piece) and piece.args[0].op == "name":
                arrays.add(piece.args[0].value)
            if piece.bold:
                arrays.add(str(piece.value))
            if piece.op == "*":
                for left, right in zip(piece.args, piece.args[1:], strict=False):
                    if right.op == "name" and _is_matrix(left, random):
                        arrays.add(str(right.value))
    return arrays


def _numbers(
    random: Randomness, trees: list[Tree], names: set[str], defined: frozenset[str]
) -> dict[str, str]:
    """Return the random variables that are rather numbers: those that are not used as arrays."""
    arrays = _arrays_of(trees, random)
    arrays |= {n for n, spread in random.spreads.items() if any(_is_matrix(t, random) for t in spread.walk())}
    others = arrays | random.entries | defined
    return {n: "scalar" for n in sorted(random.names & names) if n not in others and kind_of(n) != "scalar"}


#: Greek capitals of matrices, and the identity.
_MATRICES = frozenset({"Sigma", "Lambda", "Omega", "Gamma", "Psi", "Theta", "Phi", "I", "eye"})


def _is_matrix(tree: Tree, random: Randomness) -> bool:
    """Tell whether a tree is a name that is no number beside a random variable: a capital that is not random itself."""
    name = str(tree.value)
    return tree.op == "name" and name not in random.names and (kind_of(name) == "matrix" or name in _MATRICES)


def _dependent(model: Model, functions: Mapping[str, tuple[str, ...]], trees: list[Tree]) -> set[str]:
    """Return the undefined arrays that are differentiated and that definitions are made of: K of ∂K/∂θ, which depends on θ."""
    inside = {n for body in model.definitions.values() for n in body.names()}
    arrays = _arrays_of([*trees, *model.definitions.values()], model.random)
    arrays |= {n for kind, n in model.assumptions if kind in _OF_MATRICES}
    arrays |= {n for n in functions if kind_of(n) == "matrix" and n not in LOSSES}
    return {
        str(s.what[0].value)
        for s in model.symbols.values()
        if s.kind == "derivative" and is_name(s.what[0]) and s.what[0].value in arrays & inside - model.defined
    }  # fmt: skip


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
