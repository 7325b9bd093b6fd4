"""Text to expression: one pass over the text, shapes unified on the way, SymPy expressions out.

The parser calls back bottom-up and nothing recurses, so that depth costs nothing; still, what no person writes
(too long, nested too deep) is refused before any work is done.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedToken, VisitError
from sympy import Expr, MatrixSymbol, Symbol, Trace, nan, oo, zoo

from derive import algebra
from derive.errors import InputError, InputWarning
from derive.facts import SQUARE, assuming
from derive.language import build
from derive.language.names import read_assumptions, read_where
from derive.language.reader import Reader
from derive.language.scope import Node, ParseError, Scope
from derive.language.settle import settle
from derive.language.shapes import (
    Shape,
    SizeConflict,
    Undetermined,
    Unknown,
    factors,
    find,
    from_sympy,
    is_scalar,
    show_shape,
    to_sympy,
    unify,
)
from derive.language.spelling import check_name
from derive.problem import Problem

MAX_LENGTH = 20_000
MAX_DEPTH = 150

#: What people type or paste for what the language writes otherwise.
LOOK_ALIKES = {
    "−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "∗": "*", "⋅": "*", "÷": "/", "⊙": ".*", "∘": ".*",
    "²": "^2", "³": "^3", "ᵀ": "'", "⊤": "'", "′": "'", "’": "'", "‘": "'", "⁻": "^-", "√": "sqrt", "‖": "norm2",
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "θ": "theta",
    "λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ω": "omega",
    "**": "^", "@": "*", "（": "(", "）": ")", "，": ",", "[": "(", "]": ")", "{": "(", "}": ")", "|": "abs or det",
}  # fmt: skip


#: A list of entries in square brackets, as NumPy, MATLAB and Julia write vectors and matrices.
_ENTRIES = re.compile(r"\[[^\]]*(?:[,;]|[\w.)]\s+[\w.(]|\d\s+[-+]\d)")

#: What people write with characters that the language does not have.
MENDS = {
    "\\": "write inv(A)*x for the solution of a system",
    "=": "give one expression, not an equation: what stands on one side of it",
    ";": "give one expression at a time",
    ".": "a point stands in a number or before *, / and ^; write X' for the transpose, inv(X) for the inverse",
    "!": "there are no factorials",
}


@cache
def _lark() -> Lark:
    grammar = files("derive.language").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", keep_all_tokens=False, maybe_placeholders=False)


def _scan(text: str) -> None:
    """Refuse what is empty, too long, nested too deep, unbalanced, or in other letters than ASCII."""
    if not text.strip():
        raise InputError("the expression is empty: write one such as norm2(A*x - y)^2")
    if len(text) > MAX_LENGTH:
        raise ParseError(f"the text is {len(text)} characters long, at most {MAX_LENGTH} are read",
                         text[: MAX_LENGTH + 1], MAX_LENGTH)  # fmt: skip
    opened: list[int] = []
    signs = [0]  # the signs, powers and transposes in a row, for every open bracket
    before = ""
    for i, c in enumerate(text):
        if not c.isascii() or c in "[]{}|@":
            mend = LOOK_ALIKES.get(c)
            if c in "[{" and before and (before.isalnum() or before in "_)'"):
                raise ParseError("entries are not read by an index: a name may end in one, such as x_1; "
                                 "arguments stand in (...)", text, i)  # fmt: skip
            if c == "[" and _ENTRIES.match(text, i):
                raise ParseError("vectors and matrices are not written out entry by entry: write a name, such as v or "
                                 "M, and put the entries in when the result is evaluated", text, i)  # fmt: skip
            if c == "|" and text[i : i + 2] == "||":
                mend = "norm2(...) for the Euclidean or Frobenius norm"
            name = c if c.isprintable() else f"U+{ord(c):04X}"
            raise ParseError(f"the character {name} is not part of the language"
                             + (f": write {mend}" if mend else ": only ASCII is read"), text, i)  # fmt: skip
        if c == "(":
            opened.append(i)
            signs.append(0)
        elif c == ")":
            if not opened:
                raise ParseError("this bracket was never opened", text, i)
            opened.pop()
            signs.pop()
        elif c in "^'" or (c in "+-" and before in "+-*/^(,"):
            signs[-1] += 1
        elif c in "+-*/,":
            signs[-1] = 0
        if len(opened) + sum(signs) > MAX_DEPTH:
            raise ParseError(
                f"nested more than {MAX_DEPTH} deep: name parts of it or write it flatter", text, i
            )
        before = before if c in " \t\r\n" else c
    if opened:
        raise ParseError("this bracket is never closed", text, opened[-1])


_EMPTY_CALL = re.compile(r"([A-Za-z]\w*)\s*\(\s*$")


def _expected(error: UnexpectedToken) -> str:
    if error.token.type in ("ADD", "MUL", "POW", "COMMA", "RPAR", "$END"):
        return "a number, a name or a bracket"
    return "an operator such as + or *"


def _read(scope: Scope) -> Node:
    text = scope.text
    try:
        tree = _lark().parse(text)
        return Reader(scope).transform(tree)
    except UnexpectedCharacters as error:
        position = error.pos_in_stream or 0
        mend = f": {MENDS[text[position]]}" if text[position] in MENDS else ""
        raise scope.error(
            f"the character {text[position]} is not part of the language{mend}", position
        ) from None
    except UnexpectedToken as error:
        position = len(text) if error.token.type == "$END" else error.token.start_pos or 0
        found = "the text ends" if error.token.type == "$END" else f"there is {error.token!s}"
        if text[max(0, position - 1) : position + 1] == "**":
            raise scope.error("a power is written ^, not **", position - 1) from None
        if error.token.type == "RPAR" and (empty := _EMPTY_CALL.search(text[:position])):
            raise scope.error(
                f"{empty[1]} needs an argument: write {empty[1]}(...)", empty.start(1)
            ) from None
        raise scope.error(f"expected {_expected(error)}, but {found}", position) from None
    except VisitError as error:
        raise error.orig_exc from None


def _name_sizes(scope: Scope) -> None:
    """Give the sizes of variables that are still unknown names, the customary ones first."""
    taken = set(scope.used) | set(scope.declared) | scope.sizes
    pool = [n for n in [*"nmkpqrsl", *(f"n{i}" for i in range(1, 200))] if n not in taken]
    unknown: list[tuple[Unknown, bool]] = []
    for shape in scope.used.values():
        rows, columns = find(shape[0]), find(shape[1])
        for size in (*factors(rows), *factors(columns)):
            if isinstance(size, Unknown) and all(size is not u for u, _ in unknown):
                unknown.append((size, size is rows and isinstance(columns, Unknown) and rows is not columns))
    for size, of_rows in unknown:
        wanted = "m" if of_rows and "m" in pool else pool[0]
        pool.remove(wanted)
        size.to = wanted


def _symbols(scope: Scope) -> tuple[dict[str, Expr], dict[str, tuple[Expr, Expr]]]:
    symbols: dict[str, Expr] = {}
    shapes: dict[str, tuple[Expr, Expr]] = {}
    for name, shape in scope.used.items():
        rows, columns = to_sympy(shape[0]), to_sympy(shape[1])
        shapes[name] = (rows, columns)
        symbols[name] = (
            Symbol(name, real=True) if (rows, columns) == (1, 1) else MatrixSymbol(name, rows, columns)
        )
    return symbols, shapes


def _finish(scope: Scope, root: Node, symbols: Mapping[str, Expr]) -> Expr:
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
    assert root.expr is not None
    return root.expr


def parse(
    text: str,
    where: str | Mapping[str, Any] | None = None,
    assume: str | Iterable[Any] | None = None,
    wrt: str | Iterable[str] = (),
) -> Problem:
    """Read an expression of the text language.

    `where` declares shapes ("W: m x n, b1: h, t: scalar"), `assume` says what is known of values
    ("symmetric(K)"), `wrt` names the variables to differentiate by. Raises InputError with the place.
    """
    if not isinstance(text, str):
        raise InputError(f"expected text, got {type(text).__name__}")
    _scan(text)
    scope = Scope(text, read_where(where))
    for name in (*scope.declared, *sorted(scope.sizes)):
        check_name(name)
    root = _read(scope)
    names = [n.strip() for w in ([wrt] if isinstance(wrt, str) else wrt) for n in w.split(",")]
    for name in names:
        _want(scope, name)
    _warn_of_unused(scope)
    if "I" in scope.used and "I" not in scope.declared and "I" not in names:
        warnings.warn("I is read as a variable; the identity is written eye", InputWarning, stacklevel=3)
    assumptions = frozenset(
        a for a in read_assumptions(assume) if a[1] not in scope.declared.keys() - scope.used
    )
    for kind, name in sorted(assumptions):
        if name not in scope.used:
            raise InputError(f"{kind}({name}): {name} does not occur in the expression")
        if kind in SQUARE and not is_scalar(scope.used[name]):
            try:
                unify(*scope.used[name])
            except SizeConflict:
                raise InputError(f"{kind}({name}) needs a square matrix, {name} is "
                                 f"{show_shape(scope.used[name])}") from None  # fmt: skip
    settle(scope)
    _name_sizes(scope)
    symbols, shapes = _symbols(scope)
    with assuming(assumptions):
        expr = _finish(scope, root, symbols)
    return Problem(expr, tuple(symbols[n] for n in names), symbols, shapes, assumptions)


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


def _want(scope: Scope, name: str) -> None:
    """Take a name as that of a variable to differentiate by, which need not occur. Raises InputError."""
    if not name.replace("_", "a").isalnum() or not name[:1].isalpha() or not name.isascii():
        shown = "".join(c if c.isprintable() else " " for c in name[:40])
        raise InputError(f'"{shown}" is not a variable: name one that occurs, such as --wrt x')
    check_name(name)
    if name in scope.sizes:
        raise InputError(f"{name} is a size here, not a variable: sizes are whole numbers")
    if name == "pi" and name not in scope.declared:
        raise InputError("pi is a number, not a variable: rename it, or declare its shape with --where")
    scope.shape_of(name, 0)


def parse_within(text: str, problem: Problem, shape: tuple[Expr, Expr] | None = None) -> Expr:
    """Read a text, such as a claim, in which the names mean what they mean in a problem.

    `shape` is the shape that it should have, where that is known; it settles the size of a bare `eye`.
    Raises InputError, also where a name is not of the problem or the shape is another.
    """
    _scan(text)
    sizes: dict[str, Expr] = {}
    declared: dict[str, Shape] = {
        name: (from_sympy(rows, sizes), from_sympy(columns, sizes))
        for name, (rows, columns) in problem.shapes.items()
    }
    sizes |= problem.sizes
    scope = Scope(text, declared, closed=True, named=set(problem.sizes))
    root = _read(scope)
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
    settle(scope)
    with assuming(problem.assumptions):
        return _finish(scope, root, {**sizes, **{n: _as_scalar(s) for n, s in problem.symbols.items()}})


def _as_scalar(symbol: Expr) -> Expr:
    """Return a symbol, or the scalar that a 1 x 1 matrix symbol of SymPy's stands for."""
    return Trace(symbol) if algebra.is_matrix(symbol) and symbol.shape == (1, 1) else symbol
