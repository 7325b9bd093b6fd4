"""Text to expression: one pass over the text, shapes unified on the way, SymPy expressions out.

The parser calls back bottom-up and nothing recurses, so that depth costs nothing; still, what no person writes
(too long, nested too deep) is refused before any work is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedToken, VisitError
from sympy import Expr, MatrixSymbol, S, Symbol
from sympy import pi as PI

from derive.errors import InputError
from derive.facts import SQUARE, assuming
from derive.functions import ELEMENTWISE, MATRIX_FUNCTIONS
from derive.language import build
from derive.language.names import kind_of, read_assumptions, read_where
from derive.language.shapes import (
    SCALAR,
    Product,
    Shape,
    Size,
    SizeConflict,
    Undetermined,
    Unknown,
    find,
    from_sympy,
    is_scalar,
    show_shape,
    to_sympy,
    unify,
)
from derive.problem import Problem

MAX_LENGTH = 20_000
MAX_DEPTH = 150

FUNCTIONS = frozenset(ELEMENTWISE) | frozenset(MATRIX_FUNCTIONS) | build.OPERATORS.keys()

#: What people type or paste for what the language writes otherwise.
LOOK_ALIKES = {
    "−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "∗": "*", "⋅": "*", "÷": "/", "⊙": ".*", "∘": ".*",
    "²": "^2", "³": "^3", "ᵀ": "'", "⊤": "'", "′": "'", "’": "'", "‘": "'", "⁻": "^-", "√": "sqrt", "‖": "norm2",
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "θ": "theta",
    "λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ω": "omega",
    "**": "^", "@": "*", "（": "(", "）": ")", "，": ",", "[": "(", "]": ")", "{": "(", "}": ")", "|": "abs or det",
}  # fmt: skip


class ParseError(InputError):
    """Text that cannot be read, with the place in it."""

    def __init__(self, message: str, text: str, position: int) -> None:
        self.message, self.text, self.position = message, text, position
        start = max(0, min(position - 40, len(text) - 80))
        window = "".join(c if c.isprintable() else " " for c in text[start : start + 80])
        super().__init__(f"{message}\n  {window}\n  {' ' * (position - start)}^")


@dataclass
class Node:
    """A piece of the text: its operation, its operands, its shape and where it stands."""

    op: str
    args: list[Node]
    shape: Shape
    position: int
    value: Any = None
    bracketed: bool = False
    expr: Expr | None = None


@dataclass
class Scope:
    """The names in force while a text is read, and the nodes in the order in which they were made."""

    text: str
    declared: dict[str, Shape]
    closed: bool = False
    used: dict[str, Shape] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    deferred: list[tuple[Size, Size, Node, str]] = field(default_factory=list)

    @property
    def sizes(self) -> set[str]:
        """Return the names of the declared sizes."""
        return {d for shape in self.declared.values() for d in shape if isinstance(d, str)}

    def error(self, message: str, position: int) -> ParseError:
        """Return the error at a place of the text."""
        return ParseError(message, self.text, position)

    def shape_of(self, name: str, position: int) -> Shape:
        """Return the shape of a variable at its first or a later use."""
        if name not in self.used:
            if name in self.declared:
                self.used[name] = self.declared[name]
            elif self.closed:
                near = get_close_matches(name, self.declared, 1)
                mend = f"did you mean {near[0]}?" if near else f"known are {', '.join(self.declared)}"
                raise self.error(f"{name} does not occur in the problem: {mend}", position)
            else:
                kind = kind_of(name)
                rows: Size = 1 if kind == "scalar" else Unknown()
                self.used[name] = (rows, Unknown() if kind == "matrix" else 1)
        return self.used[name]

    def same(self, a: Node, b: Node, i: int, j: int, what: str) -> None:
        """Make size i of a equal to size j of b, or say which does not fit."""
        try:
            unify(a.shape[i], b.shape[j])
        except SizeConflict:
            if isinstance(find(a.shape[i]), Product) or isinstance(find(b.shape[j]), Product):
                self.deferred.append((a.shape[i], b.shape[j], b, what))
                return
            raise self.conflict(a, b, what) from None

    def conflict(self, a: Node, b: Node, what: str) -> ParseError:
        """Return the error for two operands that do not fit."""
        left, right = (f"{n.value} is {show_shape(n.shape)}" if n.op == "name" else "" for n in (a, b))
        left = left or f"the left side is {show_shape(a.shape)}"
        right = right or f"the right side is {show_shape(b.shape)}"
        return self.error(f"shapes do not fit in {what}: {left}, {right}; {_mend(a, b, what)}", b.position)


def _mend(a: Node, b: Node, what: str) -> str:
    (p, q), (r, s) = ([find(d) for d in n.shape] for n in (a, b))
    scalar = is_scalar(a.shape) or is_scalar(b.shape)
    if what == "*":
        if q == s:
            return "transpose the right side, or declare the shapes with --where"
        if p == r:
            return "write .* for the elementwise product, or transpose the left side"
        return "the left side's columns must be the right side's rows (declare shapes with --where)"
    if scalar and what in ("+", "-"):
        return "multiply the scalar by vector(1), matrix(1) or eye, or declare the shapes with --where"
    if (p, q) == (s, r):
        return "is one of them to be transposed?"
    return "both must have the same shape (declare shapes with --where)"


class _Reader(Transformer):
    """Builds nodes from the grammar's rules."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def _node(self, op: str, args: list[Node], shape: Shape, position: int, value: Any = None) -> Node:
        node = Node(op, args, shape, position, value)
        self.scope.nodes.append(node)
        return node

    def start(self, items: list[Node]) -> Node:
        return items[0]

    def number(self, items: list[Token]) -> Node:
        mantissa, _, exponent = items[0].lower().partition("e")
        if len(mantissa) > 400 or (exponent and abs(int(exponent)) > 400):
            raise self.scope.error("this number is too long: write up to 400 digits", items[0].start_pos)
        return self._node("number", [], SCALAR, items[0].start_pos, S(items[0].value))

    def name(self, items: list[Token]) -> Node:
        name, position, scope = str(items[0]), items[0].start_pos, self.scope
        if name == "eye":
            n = Unknown()
            return self._node("eye", [], (n, n), position)
        if name not in scope.declared:
            if name in scope.sizes:
                return self._node("size", [], SCALAR, position, name)
            if name == "pi":
                return self._node("number", [], SCALAR, position, PI)
            if name in FUNCTIONS or name in ("vector", "matrix"):
                mend = f"{name}(1)" if name in ("vector", "matrix") else f"{name}(...)"
                raise scope.error(f"{name} is a function and needs an argument: write {mend}", position)
        return self._node("name", [], scope.shape_of(name, position), position, name)

    def bracket(self, items: list[Any]) -> Node:
        items[1].bracketed = True
        return items[1]

    def transposed(self, items: list[Any]) -> Node:
        x = items[0]
        if x.op == "number" and not x.bracketed:
            raise self.scope.error("a number has no transpose: write (X^2)' for the transpose of a power",
                                   items[1].start_pos)  # fmt: skip
        return self._node("'", [x], x.shape[::-1], x.position)

    def signed(self, items: list[Any]) -> Node:
        sign, x = items
        return x if sign == "+" else self._node("neg", [x], x.shape, sign.start_pos)

    def sum(self, items: list[Any]) -> Node:
        if len(items) == 1:
            return items[0]
        first, *rest = items
        for sign, x in zip(rest[::2], rest[1::2], strict=True):
            for i in (0, 1):
                self.scope.same(first, x, i, i, str(sign))
        signs = ["+", *map(str, rest[::2])]
        return self._node("+", [first, *rest[1::2]], first.shape, first.position, signs)

    def product(self, items: list[Any]) -> Node:
        if len(items) == 1:
            return items[0]
        left, *rest = items
        steps: list[tuple[str, Node]] = []
        seen = left  # what stands to the left of the operator so far, for its shape only
        for op, x in zip(map(str, rest[::2]), rest[1::2], strict=True):
            shape = self._product_shape(op, seen, x)
            steps.append((op, x))
            seen = Node("so far", [], shape, left.position)
        return self._node("*", [left, *[x for _, x in steps]], seen.shape, left.position,
                          [op for op, _ in steps])  # fmt: skip

    def _product_shape(self, op: str, a: Node, b: Node) -> Shape:
        one, two = is_scalar(a.shape), is_scalar(b.shape)
        if op == "/":
            if not two:
                raise self.scope.error(
                    f"division by {show_shape(b.shape)}: divide by a scalar, or write ./ for elementwise division"
                    " or inv(X)", b.position)  # fmt: skip
            return a.shape
        if one or two:
            return b.shape if one else a.shape
        if op == "*":
            self.scope.same(a, b, 1, 0, "*")
            return (a.shape[0], b.shape[1])
        for i in (0, 1):
            self.scope.same(a, b, i, i, op)
        return a.shape

    def power(self, items: list[Any]) -> Node:
        base, op, exponent = items[0], str(items[1]), items[2]
        if op == ".^" and not is_scalar(exponent.shape):
            if is_scalar(base.shape):
                return self._node(".^", [base, exponent], exponent.shape, base.position)
            for i in (0, 1):
                self.scope.same(base, exponent, i, i, op)
        elif not is_scalar(exponent.shape):
            mend = " (for the transpose write X')" if exponent.value == "T" else ""
            raise self.scope.error(f"the exponent is {show_shape(exponent.shape)}, it must be a scalar{mend}",
                                   exponent.position)  # fmt: skip
        if op == "^" and not is_scalar(base.shape):
            self._square(base, "a matrix power")
        return self._node(op, [base, exponent], base.shape, base.position)

    def _square(self, x: Node, what: str) -> None:
        try:
            unify(*x.shape)
        except SizeConflict:
            raise self.scope.error(
                f"{what} needs a square matrix, this is {show_shape(x.shape)}"
                + (f": declare {x.value} with --where" if x.op == "name" else ""), x.position) from None  # fmt: skip

    def call(self, items: list[Any]) -> Node:
        name, args = items[0], [x for x in items[2:-1] if isinstance(x, Node)]
        word, position, scope = str(name), name.start_pos, self.scope
        if word in ("vector", "matrix"):
            if len(args) != 1 or args[0].value != 1:
                raise scope.error(f"only {word}(1) is known, the {word} of ones: scale it", position)
            return self._node(word, [], (Unknown(), 1 if word == "vector" else Unknown()), position)
        if word not in FUNCTIONS:
            if word in scope.declared or word in scope.used or len(word) == 1:
                raise scope.error(f"{word} is a variable, not a function: write {word}*(...)", position)
            near = get_close_matches(word, sorted(FUNCTIONS), 1)
            mend = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(FUNCTIONS))}"
            raise scope.error(f"unknown function {word}: {mend}", position)
        arity = build.OPERATORS[word].arity if word in build.OPERATORS else 1
        if len(args) != arity:
            raise scope.error(f"{word} takes {arity} argument{'s' * (arity > 1)}, not {len(args)}", position)
        return self._node(word, args, self._call_shape(word, args), position)

    def _call_shape(self, word: str, args: list[Node]) -> Shape:
        x = args[0]
        if word in ELEMENTWISE:
            return x.shape
        if word in build.OPERATORS:
            return build.OPERATORS[word].shape(self.scope, args)
        if is_scalar(x.shape):
            return SCALAR
        head = MATRIX_FUNCTIONS[word]
        if word in ("tr", "det", "inv") or getattr(head, "square_argument", False):
            self._square(x, word)
        if getattr(head, "column_argument", False) and find(x.shape[1]) != 1:
            raise self.scope.error(f"{word} needs a column vector, this is {show_shape(x.shape)}", x.position)
        if word == "pinv":
            return x.shape[::-1]
        if word == "vec":
            return (Product(x.shape[1], x.shape[0]), 1)
        if word == "diag":
            if find(x.shape[1]) == 1:
                return (x.shape[0], x.shape[0])
            self._square(x, "diag")
            return (x.shape[0], 1)
        return x.shape if word in ("inv", "adj", "expm", "softmax") else SCALAR


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
    depth = run = 0
    for i, c in enumerate(text):
        if not c.isascii() or c in "[]{}|@":
            mend = LOOK_ALIKES.get(c)
            name = c if c.isprintable() else f"U+{ord(c):04X}"
            raise ParseError(f"the character {name} is not part of the language"
                             + (f": write {mend}" if mend else ": only ASCII is read"), text, i)  # fmt: skip
        if c == "(":
            opened.append(i)
            depth = len(opened)
        elif c == ")":
            if not opened:
                raise ParseError("this bracket was never opened", text, i)
            opened.pop()
        run = run + 1 if c in "-+'^" else run if c in " \t\r\n" else 0
        if depth > MAX_DEPTH or run > MAX_DEPTH:
            raise ParseError(
                f"nested more than {MAX_DEPTH} deep: name parts of it or write it flatter", text, i
            )
    if opened:
        raise ParseError("this bracket is never closed", text, opened[-1])


def _expected(error: UnexpectedToken) -> str:
    if error.token.type in ("ADD", "MUL", "POW", "COMMA", "RPAR", "$END"):
        return "a number, a name or a bracket"
    return "an operator such as + or *"


def _read(scope: Scope) -> Node:
    text = scope.text
    try:
        tree = _lark().parse(text)
        return _Reader(scope).transform(tree)
    except UnexpectedCharacters as error:
        raise scope.error(f"the character {text[error.pos_in_stream]} is not part of the language",
                          error.pos_in_stream) from None  # fmt: skip
    except UnexpectedToken as error:
        position = len(text) if error.token.type == "$END" else error.token.start_pos
        found = "the text ends" if error.token.type == "$END" else f"there is {error.token!s}"
        if text[max(0, position - 1) : position + 1] == "**":
            raise scope.error("a power is written ^, not **", position - 1) from None
        raise scope.error(f"expected {_expected(error)}, but {found}", position) from None
    except VisitError as error:
        raise error.orig_exc from None


def _name_sizes(scope: Scope, extra: Iterable[Shape]) -> None:
    """Give the sizes that are still unknown names, the customary ones first."""
    taken = set(scope.used) | set(scope.declared) | scope.sizes
    pool = [n for n in [*"nmkpqrsl", *(f"n{i}" for i in range(1, 200))] if n not in taken]
    unknown: list[tuple[Unknown, bool]] = []
    for shape in [*scope.used.values(), *extra]:
        rows, columns = find(shape[0]), find(shape[1])
        for size in (rows, columns):
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


def _settle(scope: Scope) -> None:
    """Make the products of sizes equal: those that are determined first, then one by a guess, and so on."""
    waiting = scope.deferred
    while waiting:
        rest = [pair for pair in waiting if not _settled(scope, *pair, guess=False)]
        if len(rest) == len(waiting):
            _settled(scope, *rest.pop(0), guess=True)
        waiting = rest


def _settled(scope: Scope, a: Size, b: Size, node: Node, what: str, guess: bool) -> bool:
    try:
        unify(a, b, guess)
    except SizeConflict as error:
        if isinstance(error, Undetermined) and not guess:
            return False
        raise scope.error(
            f"sizes do not fit in {what}: declare the shapes with --where", node.position
        ) from None
    return True


def _finish(scope: Scope, root: Node, symbols: Mapping[str, Expr]) -> Expr:
    """Build the SymPy expression of every node, operands first."""
    _settle(scope)
    for node in scope.nodes:
        try:
            node.expr = build.expression(node, symbols)
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
    root = _read(scope)
    names = [wrt] if isinstance(wrt, str) else list(wrt)
    for name in (n.strip() for w in names for n in w.split(",")):
        if not name.replace("_", "a").isalnum() or not name[:1].isalpha() or not name.isascii():
            raise InputError(f'"{name[:40]}" is not a variable: name one that occurs, such as --wrt x')
        scope.shape_of(name, 0)
    assumptions = read_assumptions(assume)
    for kind, name in sorted(assumptions):
        if name not in scope.used:
            continue
        if kind in SQUARE and not is_scalar(scope.used[name]):
            try:
                unify(*scope.used[name])
            except SizeConflict:
                raise InputError(f"{kind}({name}) needs a square matrix, {name} is "
                                 f"{show_shape(scope.used[name])}") from None  # fmt: skip
    known = set(scope.used) | set(scope.declared)
    for kind, name in sorted(assumptions):
        if name not in known:
            raise InputError(f"{kind}({name}): {name} does not occur in the expression")
    _name_sizes(scope, [node.shape for node in scope.nodes])
    symbols, shapes = _symbols(scope)
    kept = frozenset((kind, name) for kind, name in assumptions if name in scope.used)
    with assuming(kept):
        expr = _finish(scope, root, symbols)
    order = [n.strip() for w in names for n in w.split(",")]
    return Problem(expr, tuple(symbols[n] for n in order), symbols, shapes, kept)


def parse_within(text: str, problem: Problem, shape: tuple[Expr, Expr] | None = None) -> Expr:
    """Read a text, such as a claim, in which the names mean what they mean in a problem.

    `shape` is the shape that it should have, where that is known; it settles the size of a bare `eye`.
    Raises InputError, also where a name is not of the problem or the shape is another.
    """
    _scan(text)
    declared: dict[str, Shape] = {
        name: (from_sympy(rows), from_sympy(columns)) for name, (rows, columns) in problem.shapes.items()
    }
    scope = Scope(text, declared, closed=True)
    root = _read(scope)
    if shape is not None:
        try:
            for have, want in zip(root.shape, shape, strict=True):
                unify(have, from_sympy(want)) if find(have) != 1 or want != 1 else None
        except SizeConflict:
            have = tuple(find(d) for d in root.shape)
            want = tuple(from_sympy(d) for d in shape)
            mend = ": is it the transpose?" if have == want[::-1] else ""
            raise scope.error(
                f"this is {show_shape(root.shape)}, {show_shape(want)} is due{mend}", 0
            ) from None
    _name_sizes(scope, [])
    with assuming(problem.assumptions):
        return _finish(scope, root, problem.symbols)
