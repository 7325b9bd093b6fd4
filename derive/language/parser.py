"""Text to expression: one pass over the text, shapes unified on the way, SymPy expressions out.

The parser calls back bottom-up and nothing recurses, so that depth costs nothing; still, what no person writes
(too long, nested too deep) is refused before any work is done.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from sympy import Expr, MatrixSymbol, Symbol, Trace, nan, oo, preorder_traversal, zoo

from derive.errors import InputError, InputWarning
from derive.expression import algebra
from derive.expression.facts import SQUARE, assuming, misfit
from derive.expression.operation import record
from derive.language import build
from derive.language.definitions import Program, read_program
from derive.language.formula import name_of
from derive.language.indices import bound_indices, free_indices
from derive.language.kinds import best_reading
from derive.language.lost import lost
from derive.language.names import kind_of, read_where
from derive.language.pratt import Vocabulary
from derive.language.reader import Reader
from derive.language.scope import Node, ParseError, Scope
from derive.language.settle import decide_sizes
from derive.language.shapes import (
    Shape,
    SizeConflict,
    Undetermined,
    Unknown,
    factors,
    find,
    from_sympy,
    is_scalar,
    is_square,
    show_shape,
    to_sympy,
    unify,
)
from derive.language.spelling import check_name
from derive.language.words import FUNCTIONS
from derive.operations import unknown_functions
from derive.problem import Problem

#: The most characters, and the most names, numbers and operations, that are read: so an answer or an error takes a second.
MAX_LENGTH, MAX_PIECES = 20_000, 6_000
#: Functions that act entry by entry, and the functions of a matrix that are called the same elsewhere.
MATRIX_FUNCTIONS = {"log": "logm", "exp": "expm", "sqrt": "sqrtm", "sin": "sinm", "cos": "cosm"}


def _scan(text: str) -> None:
    """Refuse what is empty or too long."""
    if not text.strip():
        raise InputError("the expression is empty: write one such as norm2(A*x - y)^2")
    if len(text) > MAX_LENGTH:
        raise ParseError(f"the text is {len(text)} characters long, at most {MAX_LENGTH} are read",
                         text[: MAX_LENGTH + 1], MAX_LENGTH)  # fmt: skip


def _program(
    text: str,
    known: Iterable[str],
    wanted: Iterable[str] = (),
    closed: bool = False,
    unknown: frozenset[str] = frozenset(),
    primes: bool = False,
) -> Program:
    _scan(text)
    words = Vocabulary(
        functions=FUNCTIONS, names=set(known), wanted=set(wanted), closed=closed, unknown=unknown
    )
    return read_program(text, words, primes)


def _attempt(
    program: Program, scope: Scope, scalar: bool = False, wanted: Iterable[str] = ()
) -> tuple[Scope, Node]:
    """Return the scope and the node of a text: its definitions, then the expression.

    A free index runs over all places, or is one place of its own where the text is meant to be a `scalar`.
    """
    reader = Reader(scope, program.numpy, program.latex)
    reader.wanted = frozenset(wanted)
    scope.functions = program.functions if not scope.closed else program.functions & scope.functions
    scope.named |= program.sizes - set(scope.declared)
    for name, tree, indices in program.definitions:
        scope.defined[name] = reader.read_over(tree, indices)
    known = {*scope.declared, *scope.defined, *program.plain, *wanted}
    indices = tuple(free_indices(program.expression, known | scope.sizes))
    reader.summed = frozenset(bound_indices(program.expression))
    reader.known = frozenset(known)
    if scalar:
        if (places := [i for i in indices if i in "ijklmnst"]) and not scope.closed:
            many = len(places) > 1
            said = f"the indices {' and '.join(places)} stand" if many else f"the index {places[0]} stands"
            each = "one place each" if many else "one place"
            scope.note(0, f"{said} for {each}: sum[{', '.join(places)}](...) is the sum over all")
        reader.fixed, indices = frozenset(indices), ()
    return scope, reader.read_over(program.expression, indices)


def _understood(
    text: str, declared: Mapping[str, Shape], names: Sequence[str], scalar: bool
) -> tuple[Program, Scope, Node]:
    """Return the program of a text, its scope and its node: as it stands, else with x' as a name, else with sums written out.

    Raises the error of the text as it stands where none of these can be read.
    """
    first: ParseError | None = None
    for primes in (False, True):
        if primes and not _PRIMED.search(text):
            break
        try:
            program = _program(text, declared, names, primes=primes)
        except ParseError as error:
            first = first or error
            continue
        ways = [program, program.unrolled(names, declared)]
        if program.pieces > MAX_PIECES:
            said = f"this has {program.pieces} names, numbers and operations, at most {MAX_PIECES} are read"
            raise ParseError(said, text, 0)
        for way in reversed(ways) if program.has_families else ways:
            if way is None:
                continue
            known = {**dict(way.shapes), **declared}
            for name in (*known, *sorted(Scope(text, known).sizes)):
                check_name(name)
            try:
                return _read(way.open_at(names), text, known, names, scalar)
            except ParseError as error:
                first = first or error
    assert first is not None
    raise first


#: x - x', k(x, x') and x^T x': x' is no transpose there, but another point.
_PRIMED = re.compile(
    r"(?P<x>[A-Za-z])\}?\s*(?:[-−,]|\^\{?\\?(?:top|T)\}?|ᵀ)\s*(?:\\(?:mathbf|boldsymbol|vec|bm)\s*\{?)?(?P=x)\}?(?:'|\^\{?\\prime|′)"
    r"|(?P<y>[A-Za-z])\}?(?:'|\^\{?\\prime\}?|′)\s*[-−,]\s*(?:\\(?:mathbf|boldsymbol|vec|bm)\s*\{?)?(?P=y)(?![A-Za-z'])"
)


def _read(
    program: Program, text: str, declared: dict[str, Shape], names: Sequence[str], scalar: bool
) -> tuple[Program, Scope, Node]:
    scope, root = best_reading(
        lambda kinds: _attempt(program, Scope(text, dict(declared), kinds=dict(kinds)), scalar, names),
        scalar,
        declared,
        pieces=program.pieces,
        sought=names,
    )
    return program, scope, root


def name_sizes(scope: Scope) -> None:
    """Give the sizes of variables that are still unknown names, the customary ones first."""
    unknown: list[tuple[Unknown, bool]] = []
    for shape in scope.used.values():
        rows, columns = find(shape[0]), find(shape[1])
        for size in (*factors(rows), *factors(columns)):
            if isinstance(size, Unknown) and all(size is not u for u, _ in unknown):
                unknown.append((size, size is rows and isinstance(columns, Unknown) and rows is not columns))
    if not unknown:
        return
    taken = set(scope.used) | set(scope.declared) | scope.sizes
    pool = [n for n in [*"nmkpqrsl", *(f"n{i}" for i in range(1, 200))] if n not in taken]
    for size, of_rows in unknown:
        wanted = "m" if of_rows and "m" in pool else pool[0]
        pool.remove(wanted)
        size.to = wanted


def symbols_of(scope: Scope) -> tuple[dict[str, Expr], dict[str, tuple[Expr, Expr]]]:
    """Return the symbols and the shapes of all names."""
    symbols: dict[str, Expr] = {}
    shapes: dict[str, tuple[Expr, Expr]] = {}
    for name, shape in scope.used.items():
        rows, columns = to_sympy(shape[0]), to_sympy(shape[1])
        shapes[name] = (rows, columns)
        symbols[name] = (
            Symbol(name, real=True) if (rows, columns) == (1, 1) else MatrixSymbol(name, rows, columns)
        )
    return symbols, shapes


def finish(scope: Scope, symbols: Mapping[str, Expr]) -> None:
    """Build the SymPy expression of every node, operands first."""
    for node in scope.nodes:
        try:
            node.expr = build.expression(node, symbols)
            if node.expr in (zoo, nan, oo, -oo):
                raise InputError("there is no number here: a division by zero, or the logarithm of zero")
            if (
                not algebra.is_matrix(node.expr)
                and node.expr.is_number
                and node.expr.is_extended_real is False
            ):
                raise InputError("there is no real number here: a root or a logarithm of a negative number")
        except SizeConflict:
            raise scope.error(
                f"the size of {node.op if node.op == 'eye' else node.op + '(1)'} does not follow from the text: "
                "multiply it by something of known size, or leave it away", node.position) from None  # fmt: skip
        except InputError as error:
            raise scope.error(str(error), node.position) from None


def parse(
    text: str,
    where: str | Mapping[str, Any] | None = None,
    assume: str | Iterable[Any] | None = None,
    wrt: str | Iterable[str] = (),
    scalar: bool = False,
) -> Problem:
    """Read an expression of the text language, in NumPy's notation or in LaTeX, and the definitions before it.

    `where` declares shapes ("W: m x n, b1: h, t: scalar"), `assume` says what is known of values
    ("symmetric(K)"), `wrt` names the variables to differentiate by; `scalar` tells that the expression is meant to be
    one, which settles the kinds of names. Raises InputError with the place.
    """
    if not isinstance(text, str):
        raise InputError(f"expected text, got {type(text).__name__}")
    declared, said = read_where(where, assume)
    names = [name_of(n.strip()) for w in ([wrt] if isinstance(wrt, str) else wrt) for n in w.split(",")]
    program, scope, root = _understood(text, declared, names, scalar)
    names = [scope.families.get(n, n) if n not in scope.used else n for n in names]
    for name in names:
        _refuse_other_case(scope, name)
        _want(scope, name)
    _warn_of_unused(scope)
    assumptions = frozenset(a for a in said if a[1] not in scope.declared.keys() - scope.used) | {
        a for a in program.assumptions if a[1] in scope.used
    }
    for kind, name in sorted(assumptions):
        if name not in scope.used:
            raise InputError(f"{kind}({name}): {name} does not occur in the expression")
        if kind in SQUARE and not is_scalar(scope.used[name]):
            try:
                unify(*scope.used[name])
            except SizeConflict:
                raise InputError(f"{kind}({name}) needs a square matrix, {name} is "
                                 f"{show_shape(scope.used[name])}") from None  # fmt: skip
    decide_sizes(scope)
    name_sizes(scope)
    symbols, shapes = symbols_of(scope)
    for kind, name in sorted(assumptions):
        if wrong := misfit(kind, name, shapes[name]):
            raise InputError(wrong)
    with assuming(assumptions):
        finish(scope, symbols)
    expr = root.expr
    assert expr is not None
    definitions = tuple((n, node.expr) for n, node in scope.defined.items() if node.expr is not None)
    asked, asked_notes = _asked(expr, assumptions)
    return Problem(
        expr, tuple(symbols[n] for n in names), symbols, shapes, assumptions | asked,
        definitions=definitions, domain=lost(root), notes=(*(f"{n} is read as the product {'*'.join(n)}: declare {n} with --where if it is one name" for n in program.glued),
               *program.notes, *kind_notes(scope), *scope_notes(scope), *asked_notes),
    )  # fmt: skip


def _asked(
    expr: Expr, assumptions: frozenset[tuple[str, str]]
) -> tuple[frozenset[tuple[str, str]], tuple[str, ...]]:
    """Return what functions that have no value elsewhere ask of the variables that they are applied to, with notes."""
    found: dict[tuple[str, str], None] = {}
    notes: dict[str, None] = {}
    for e in preorder_traversal(expr):
        entry = record(type(e))
        if entry is None or not entry.asks or not isinstance(e.args[0], MatrixSymbol):
            continue
        name = e.args[0].name
        if any(kind.startswith("structured") for kind, other in assumptions if other == name):
            continue
        found |= dict.fromkeys((kind, name) for kind in entry.asks)
        notes[f"{entry.text}({name}) is read with {', '.join(f'{kind}({name})' for kind in entry.asks)}"] = (
            None
        )
    return frozenset(found), tuple(notes)


def kind_notes(scope: Scope) -> tuple[str, ...]:
    """Return how names were read whose letters say otherwise."""
    said = {"scalar": "a scalar", "vector": "a column", "row": "a row", "matrix": "a matrix"}
    notes = []
    for name in scope.kinds:
        if name in scope.used and scope.kinds[name] != kind_of(name):
            shape = scope.used[name]
            form = "" if is_scalar(shape) else f" ({show_shape(shape)})"
            notes.append(
                f"{name} is read as {said[scope.kinds[name]]}{form}, as it is used, and not as {said[kind_of(name)]}, as its "
                f'letter says: --where "{name}: ..." declares it'
            )
    return tuple(notes)


def scope_notes(scope: Scope) -> tuple[str, ...]:
    """Return what the text was read as where it can be read otherwise, in the order of the text."""
    for node in scope.nodes:
        for i, a in enumerate(node.args):
            if a.op in MATRIX_FUNCTIONS and is_square(a.shape) and _multiplies(node, i):
                other = MATRIX_FUNCTIONS[a.op]
                scope.note(
                    a.position,
                    f"{a.op}(...) of a square matrix is entry by entry; the matrix function is {other}",
                )
    return tuple(dict.fromkeys(words for _, words in sorted(scope.notes)))


def _multiplies(node: Node, place: int) -> bool:
    """Tell whether an operand is traced, inverted or multiplied as a matrix."""
    if node.op != "*":
        return node.op in ("tr", "det", "logdet", "inv", "^")
    others = [a for i, a in enumerate(node.args) if i != place and not is_scalar(a.shape)]
    signs = [s for i, s in enumerate(node.value) if place in (i, i + 1)]
    return bool(others) and any(s in ("*", "", "@") for s in signs)


def _warn_of_unused(scope: Scope) -> None:
    """Warn of names that are declared and do not occur; one that only the case of a letter tells is an error."""
    for name in [n for n in scope.declared if n not in scope.used]:
        others = [n for n in scope.used if n not in scope.declared]
        other = next((n for n in others if n.lower() == name.lower()), None)
        if other is not None:
            raise InputError(f"{name} is declared but does not occur: did you mean {other}?")
        near = get_close_matches(name, scope.used, 1)
        mend = f": did you mean {near[0]}?" if near else ""
        warnings.warn(f"{name} is declared but does not occur{mend}", InputWarning, stacklevel=4)


def _refuse_other_case(scope: Scope, name: str) -> None:
    """Refuse a variable that does not occur where one does that only the case of a letter tells from it."""
    if name in scope.used or name in scope.declared:
        return
    other = next((n for n in scope.used if n.lower() == name.lower()), None)
    if other is not None:
        raise InputError(f"{name} does not occur in the expression, {other} does: --wrt {other}")


def _want(scope: Scope, name: str) -> None:
    """Take a name as that of a variable to differentiate by, which need not occur. Raises InputError."""
    if not name.replace("_", "a").isalnum() or not name[:1].isalpha() or not name.isascii():
        shown = "".join(c if c.isprintable() else " " for c in name[:40])
        raise InputError(f'"{shown}" is not a variable: name one that occurs, such as --wrt x')
    check_name(name)
    if name in scope.sizes:
        raise InputError(f"{name} is a size here, not a variable: sizes are whole numbers")
    base, _, index = name.rpartition("_")
    if name not in scope.used and len(index) == 1 and index.isalpha() and base in scope.used:
        raise InputError(
            f"{name} stands for {base} at every {index} here: --wrt {base} gives the derivative by all of them"
        )
    if (
        name not in scope.used
        and (hit := re.search(rf"_\{{?\\?{re.escape(name)}\b", scope.text))
        and len(name) > 1
    ):
        said = f"{name} stands only in a subscript here, where it tells nothing: define the function that depends on it"
        raise scope.error(said, hit.start())
    if name == "pi" and name not in scope.declared and name not in scope.kinds:
        raise InputError("pi is a number, not a variable: rename it, or declare its shape with --where")
    scope.shape_of(name, 0)


def parse_within(
    text: str, problem: Problem, shape: tuple[Expr, Expr] | None = None
) -> tuple[Expr, tuple[Expr, ...]]:
    """Read a text, such as a claim, in which the names mean what they mean in a problem.

    Returned are the expression and what else has to be positive for the text to have a value (`derive.language.lost`).

    `shape` is the shape that it should have, where that is known; it settles the size of a bare `eye`.
    Raises InputError, also where a name is not of the problem or the shape is another.
    """
    sizes: dict[str, Expr] = {}
    declared: dict[str, Shape] = {
        name: (from_sympy(rows, sizes), from_sympy(columns, sizes))
        for name, (rows, columns) in problem.shapes.items()
    }
    sizes |= problem.sizes
    functions = frozenset(f.symbol for f in unknown_functions(problem.expr))
    program = _program(text, declared, closed=True, unknown=functions)
    scope = Scope(text, declared, closed=True, named=set(problem.sizes), functions=functions)
    for name, expr in problem.definitions:
        rows, columns = algebra.shape(expr)
        scope.defined[name] = Node(
            "given", [], (from_sympy(rows, sizes), from_sympy(columns, sizes)), 0, expr, expr=expr
        )
    scope, root = _attempt(program, scope)
    bare = program.expression
    is_zero = root.op == "number" and root.value == 0  # of any shape, as the number 0 is
    if shape is not None and (is_zero or (bare.op == "name" and bare.value == "0_vector")):
        return algebra.zero(shape), ()
    if shape is not None:
        try:
            for have, size in zip(root.shape, shape, strict=True):
                want = from_sympy(size, sizes)
                try:
                    unify(have, want)
                except Undetermined:
                    scope.deferred.append((have, want, root, "the shape that is due"))
        except SizeConflict:
            due = (from_sympy(shape[0]), from_sympy(shape[1]))
            mend = ": is it the transpose?" if tuple(find(d) for d in root.shape) == due[::-1] else ""
            raise scope.error(
                f"this is {show_shape(root.shape)}, {show_shape(due)} is due{mend}", 0
            ) from None
    decide_sizes(scope)
    with assuming(problem.assumptions):
        finish(scope, {**sizes, **{n: _as_scalar(s) for n, s in problem.symbols.items()}})
    assert root.expr is not None
    return root.expr, lost(root)


def _as_scalar(symbol: Expr) -> Expr:
    """Return a symbol, or the scalar that a 1 x 1 matrix symbol of SymPy's stands for."""
    return Trace(symbol) if algebra.is_matrix(symbol) and symbol.shape == (1, 1) else symbol
