"""How the names of a document are rather read than by their letters: losses as numbers, what is definite as a matrix."""

from __future__ import annotations

from collections.abc import Mapping

from derive.language.names import kind_of
from derive.language.shapes import Shape
from derive.language.tree import Tree
from verify.proofread.model import Model
from verify.proofread.randomness import Randomness
from verify.proofread.shorthand import LOSSES
from verify.proofread.symbols import free_indices, is_name

#: What says of a name that it is a matrix.
_OF_MATRICES = frozenset({"symmetric", "posdef", "orthogonal", "invertible"})
#: What only arrays are used in.
_ARRAYS = frozenset({"'", "norm", "@"})
#: Greek capitals of matrices, and the identity.
_MATRICES = frozenset({"Sigma", "Lambda", "Omega", "Gamma", "Psi", "Theta", "Phi", "I", "eye"})


def preferred(model: Model, functions: Mapping[str, tuple[str, ...]], trees: list[Tree]) -> dict[str, str]:
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


def _numbers_of_cases(model: Model) -> set[str]:
    """Return the names that a definition's cases compare and a derivative is by: f'(x) of f(x) = {x for x > 0, else a x}."""
    by = {
        str(t.value) for s in model.symbols.values() if s.kind == "derivative" for t in s.by if t.op == "name"
    }
    steps = (
        p for tree in model.definitions.values() for p in tree.walk() if p.op == "call" and p.value == "step"
    )
    return (by - model.defined) & {name for step in steps for name in step.names()}


def variables(random: Randomness, names: set[str]) -> dict[str, Shape]:
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


def numbers(
    random: Randomness, trees: list[Tree], names: set[str], defined: frozenset[str]
) -> dict[str, str]:
    """Return the random variables that are rather numbers: those that are not used as arrays."""
    arrays = _arrays_of(trees, random)
    arrays |= {n for n, spread in random.spreads.items() if any(_is_matrix(t, random) for t in spread.walk())}
    others = arrays | random.entries | defined
    return {n: "scalar" for n in sorted(random.names & names) if n not in others and kind_of(n) != "scalar"}


def _is_matrix(tree: Tree, random: Randomness) -> bool:
    """Tell whether a tree is a name that is no number beside a random variable: a capital that is not random itself."""
    name = str(tree.value)
    return tree.op == "name" and name not in random.names and (kind_of(name) == "matrix" or name in _MATRICES)


def keeps_off_zero(name: str, trees: list[Tree]) -> bool:
    """Tell whether a name stands only under roots, ε of √(v + ε): a number that keeps them off zero."""
    roots = [p for t in trees for p in t.walk() if p.op == "call" and p.value == "sqrt"]
    inside = sum(p.op == "name" and p.value == name for r in roots for p in r.walk())
    return 0 < inside == sum(p.op == "name" and p.value == name for t in trees for p in t.walk())


def dependent_arrays(model: Model, functions: Mapping[str, tuple[str, ...]], trees: list[Tree]) -> set[str]:
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
