"""From the grammar's rules to nodes with shapes, bottom-up."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from lark import Token, Transformer
from sympy import Rational, pi

from derive.elementwise import ELEMENTWISE
from derive.functions import MATRIX_FUNCTIONS
from derive.language import build
from derive.language.scope import Node, Scope
from derive.language.shapes import (
    SCALAR,
    Product,
    Shape,
    SizeConflict,
    Undetermined,
    Unknown,
    find,
    is_scalar,
    show_shape,
    unify,
)

#: The names of all functions.
FUNCTIONS = frozenset(ELEMENTWISE) | frozenset(MATRIX_FUNCTIONS) | build.OPERATORS.keys()

#: What functions of other languages are here.
ELSEWHERE = {
    "ln": "log(...)",
    "log2": "log(...)/log(2)",
    "log10": "log(...)/log(10)",
    "trace": "tr(...)",
    "transpose": "X' for the transpose of X",
    "inverse": "inv(...)",
    "identity": "eye, whose size follows from its place",
    "ones": "vector(1) or matrix(1), whose size follows from its place",
    "zeros": "0*vector(1) or 0*matrix(1), whose size follows from its place",
    "max": "b + relu(a - b) for the larger of a and b",
    "min": "b - relu(b - a) for the smaller of a and b",
    "dot": "x'*y for the scalar product",
    "inner": "x'*y for the scalar product",
    "outer": "x*y' for the outer product",
    "hadamard": "X.*Y for the elementwise product",
    "cross": "S*y with a matrix S for the cross product by x",
    "mean": "1/n*sum(x), with the shape of x declared as n",
    "average": "1/n*sum(x), with the shape of x declared as n",
    "norm": "norm2(...) for the Euclidean or Frobenius norm, norm1(...) for the sum of absolute values",
    "frobenius": "norm2(...)",
    "pow": "x^2, or x.^2 entry by entry",
    "square": "x^2, or x.^2 entry by entry",
    "solve": "inv(A)*b",
    "eig": "eigval(A, k) and eigvec(A, k), the k-th smallest",
    "asin": "arcsin(...)",
    "acos": "arccos(...)",
    "atan": "arctan(...)",
    "sec": "1/cos(...), or vector(1)./cos(...) entry by entry",
    "csc": "1/sin(...), or vector(1)./sin(...) entry by entry",
    "cot": "1/tan(...), or vector(1)./tan(...) entry by entry",
    "coth": "1/tanh(...), or vector(1)./tanh(...) entry by entry",
    "arcsinh": "log(x + sqrt(x^2 + 1))",
    "arccosh": "log(x + sqrt(x^2 - 1))",
    "arctanh": "1/2*log((1 + x)/(1 - x))",
    "silu": "swish(...)",
}
#: Names that stand for a transpose as exponents elsewhere.
TRANSPOSES = ("T", "t", "H")


def _place(token: Token) -> int:
    return token.start_pos or 0


#: What to write for the functions of a column at every row of a matrix S.
_ROWS = {
    "softmax": "exp(S)./(exp(S)*matrix(1))",
    "logsumexp": "log(exp(S)*vector(1))",
}


def _by_rows(word: str, shape: Shape) -> str:
    """Return how to mend a function of a column that is given another matrix."""
    if find(shape[0]) == 1:
        return ": transpose the row"
    return f": for every row of a matrix S, write {_ROWS[word]}" if word in _ROWS else ""


def _mend(x: Node, what: str) -> str:
    """Return how to mend what is not square but should be."""
    if what == "toeplitz" and find(x.shape[1]) == 1:
        return (": it sums along the diagonals of a matrix; a Toeplitz matrix itself is a variable T with "
                "--assume structured-toeplitz(T)")  # fmt: skip
    name = x.value if x.op == "name" else "x"
    declare = f"declare {name} with --where" if x.op == "name" else ""
    if what == "a matrix power" and find(x.shape[1]) == 1:
        written = f"write {name}.^2 for elementwise powers, {name}'*{name} for the squared norm"
        return f": {written}, or {declare}" if declare else f": {written}"
    return f": {declare}" if declare else ""


class Reader(Transformer):
    """Builds nodes from the grammar's rules."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def _node(self, op: str, args: list[Node], shape: Shape, position: int, value: Any = None) -> Node:
        node = Node(op, args, shape, position, value)
        self.scope.nodes.append(node)
        return node

    def start(self, items: list[Node]) -> Node:
        """Return the whole expression."""
        return items[0]

    def number(self, items: list[Token]) -> Node:
        """Read a number, exactly."""
        mantissa, _, exponent = items[0].lower().partition("e")
        if len(mantissa) > 400 or (exponent and abs(int(exponent)) > 400):
            raise self.scope.error("this number is too long: write up to 400 digits", _place(items[0]))
        return self._node("number", [], SCALAR, _place(items[0]), Rational(items[0].value))

    def name(self, items: list[Token]) -> Node:
        """Read a variable, a size, a constant or `eye`."""
        name, position, scope = str(items[0]), _place(items[0]), self.scope
        if name == "eye":
            n = Unknown()
            return self._node("eye", [], (n, n), position)
        if name not in scope.declared:
            if name in scope.sizes:
                return self._node("size", [], SCALAR, position, name)
            if name == "pi":
                return self._node("number", [], SCALAR, position, pi)
            if name in FUNCTIONS or name in ("vector", "matrix"):
                mend = f"{name}(1)" if name in ("vector", "matrix") else f"{name}(...)"
                raise scope.error(f"{name} is a function and needs an argument: write {mend}", position)
        return self._node("name", [], scope.shape_of(name, position), position, name)

    def bracket(self, items: list[Any]) -> Node:
        """Keep in mind that a piece was in brackets."""
        items[1].bracketed = True
        return items[1]

    def transposed(self, items: list[Any]) -> Node:
        """Read a transpose."""
        x = items[0]
        if x.op == "number" and not x.bracketed:
            raise self.scope.error("a number has no transpose: write (X^2)' for the transpose of a power",
                                   _place(items[1]))  # fmt: skip
        return self._node("'", [x], x.shape[::-1], x.position)

    def signed(self, items: list[Any]) -> Node:
        """Read a sign in front."""
        sign, x = items
        return x if sign == "+" else self._node("neg", [x], x.shape, _place(sign))

    def sum(self, items: list[Any]) -> Node:
        """Read a sum: all terms have one shape."""
        if len(items) == 1:
            return items[0]
        first, *rest = items
        for sign, x in zip(rest[::2], rest[1::2], strict=True):
            for i in (0, 1):
                self.scope.same(first, x, i, i, str(sign))
        signs = ["+", *map(str, rest[::2])]
        return self._node("+", [first, *rest[1::2]], first.shape, first.position, signs)

    def product(self, items: list[Any]) -> Node:
        """Read a product from left to right."""
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
        """Read a power of a scalar, of a square matrix, or of every entry."""
        base, op, exponent = items[0], str(items[1]), items[2]
        if op == ".^" and not is_scalar(exponent.shape):
            if is_scalar(base.shape):
                return self._node(".^", [base, exponent], exponent.shape, base.position)
            for i in (0, 1):
                self.scope.same(base, exponent, i, i, op)
        elif not is_scalar(exponent.shape):
            mend = " (for the transpose write X')" if exponent.value in TRANSPOSES else ""
            due = "a scalar" if is_scalar(base.shape) else "an integer such as 3, or a scalar after .^"
            raise self.scope.error(
                f"the exponent is {show_shape(exponent.shape)}, it must be {due}{mend}", exponent.position
            )
        if op == "^" and not is_scalar(base.shape):
            self._square(base, "a matrix power")
        return self._node(op, [base, exponent], base.shape, base.position)

    def _square(self, x: Node, what: str) -> None:
        try:
            unify(*x.shape)
        except Undetermined:
            self.scope.deferred.append((*x.shape, x, what))
        except SizeConflict:
            raise self.scope.error(
                f"{what} needs a square matrix, this is {show_shape(x.shape)}{_mend(x, what)}", x.position
            ) from None

    def call(self, items: list[Any]) -> Node:
        """Read a function and its arguments."""
        name, args = items[0], [x for x in items[2:-1] if isinstance(x, Node)]
        word, position, scope = str(name), _place(name), self.scope
        if word in ("vector", "matrix"):
            if len(args) != 1 or args[0].value != 1:
                raise scope.error(f"only {word}(1) is known, the {word} of ones: scale it", position)
            return self._node(word, [], (Unknown(), 1 if word == "vector" else Unknown()), position)
        if word not in FUNCTIONS:
            if word in scope.declared or word in scope.used or len(word) == 1:
                raise scope.error(f"{word} is a variable, not a function: write {word}*(...)", position)
            near = get_close_matches(word.lower(), sorted(FUNCTIONS), 1)
            mend = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(FUNCTIONS))}"
            if word == "eye":
                raise scope.error(
                    "eye is the identity matrix, whose size follows from its place: write eye", position
                )
            if word.lower() in ELSEWHERE:
                mend = f"write {ELSEWHERE[word.lower()]}"
            raise scope.error(f"unknown function {word}: {mend}", position)
        operator = build.OPERATORS.get(word)
        arity, more = (operator.arity, operator.more) if operator else (1, False)
        if len(args) < arity or (len(args) > arity and not more):
            due = f"{arity}{' or more' * more} argument{'s' * (arity > 1)}"
            mend = f": {operator.mend}" if operator and operator.mend else ""
            raise scope.error(f"{word} takes {due}, not {len(args)}{mend}", position)
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
            mend = _by_rows(word, x.shape)
            raise self.scope.error(
                f"{word} needs a column vector, this is {show_shape(x.shape)}{mend}", x.position
            )
        if word == "pinv":
            return x.shape[::-1]
        if word == "vec":
            return (Product(x.shape[1], x.shape[0]), 1)
        if word == "diag":
            if find(x.shape[1]) == 1:
                return (x.shape[0], x.shape[0])
            self._square(x, "diag")
            return (x.shape[0], 1)
        return x.shape if word in ("inv", "adj", "expm", "softmax", "toeplitz") else SCALAR
