"""Expression to text of the text language, which reads back as the same expression."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from sympy import Add, Basic, E, Expr, Function, MatMul, Mul, Pow, Rational, S, Symbol, exp, log, pi

from derive.expression import algebra
from derive.expression.algebra.blocks import grid
from derive.expression.elementwise import ENTRY, holds_matrices
from derive.expression.operation import Operation, kind, record
from derive.expression.printed import PRINTED
from derive.expression.walk import distinct, parts
from derive.language.picked import Picked, picked, places

#: How tightly a piece of text holds together.
SUM, PRODUCT, UNARY, POWER, ATOM = range(5)

Piece = tuple[str, int]

#: Whether identities and ones are printed with their sizes, which nothing around them says.
_SIZED: ContextVar[bool] = ContextVar("sized", default=False)
#: The pieces of the expression that is being printed, with sizes and without: a shared part is printed once.
_PRINTED: ContextVar[dict[tuple[Expr, bool], Piece]] = ContextVar("printed")


@PRINTED.provide
def to_text(expr: Expr) -> str:
    """Return an expression in the text language."""
    if _PRINTED.get(None) is not None:
        return _piece(expr)[0]
    token = _PRINTED.set({})
    try:
        return _piece(expr)[0]
    finally:
        _PRINTED.reset(token)


def _at(expr: Expr, level: int) -> str:
    text, holds = _piece(expr)
    return text if holds >= level else f"({text})"


def _piece(expr: Expr) -> Piece:
    printed, key = _PRINTED.get(), (expr, _SIZED.get())
    if key not in printed:
        printed[key] = _newly(expr)
    return printed[key]


def _newly(expr: Expr) -> Piece:
    word = kind(expr)
    if word in _PRINTERS:
        return _PRINTERS[word](expr)
    entry = record(type(expr))
    if entry is None or not entry.text:
        return _unknown(expr)
    closing = not getattr(expr, "is_Matrix", False)
    return f"{entry.text}({', '.join([*(_argument(a, closing) for a in expr.args), *_axis(entry)])})", ATOM


def _argument(x: Expr, closing: bool) -> str:
    """Return an argument of a function that is `closing` where its value does not say the argument's size."""
    if _SIZED.get() or not closing or not x.is_Matrix or _says_size(x):
        return to_text(x)
    token = _SIZED.set(True)
    try:
        return to_text(x)
    finally:
        _SIZED.reset(token)


def _says_size(x: Expr) -> bool:
    """Tell whether a matrix is made of a variable or a matrix whose text has its size, scalars apart."""
    return any(map(_names_size, distinct(x, within=lambda e: [a for a in parts(e) if a.is_Matrix])))


def _names_size(e: Expr) -> bool:
    """Tell whether an operation is a variable, or has a size among its arguments."""
    entry = record(type(e))
    return kind(e) == "matrix" or (
        entry is not None
        and bool(entry.shape)
        and not entry.signature.is_column
        and any(not a.is_Matrix for a in e.args)
    )


def _axis(entry: Operation) -> list[str]:
    return [entry.axis] if entry.axis == "rows" else []


def _unknown(expr: Expr) -> Piece:
    return f"{type(expr).__name__}({', '.join(to_text(a) for a in expr.args)})", ATOM


def _number(expr: Any) -> Piece:
    if not expr.is_Rational:
        return (str(expr), ATOM) if expr.is_Float else _unknown(expr)
    if expr.q != 1:
        return f"{expr.p}/{expr.q}", PRODUCT  # the sign binds tighter than the line: -1/2 is (-1)/2
    return (str(expr.p), ATOM) if expr.p >= 0 else (str(expr.p), UNARY)


def join_terms(terms: list[tuple[bool, str]]) -> str:
    """Join the terms of a sum, each with whether it is negative."""
    first, *rest = terms
    return ("-" if first[0] else "") + first[1] + "".join(f" {'-' if n else '+'} {s}" for n, s in rest)


def signed(term: Expr) -> tuple[bool, Expr]:
    """Return a term as (is it negative, its absolute value)."""
    word = kind(term)
    if word in ("product", "matrix product"):
        first = term.args[0]
        if algebra.is_negative(first):
            rest = term.args[1:]
            if first is S.NegativeOne and len(rest) == 1:
                return True, rest[0]
            head = (-first,) if first is not S.NegativeOne else ()
            # SymPy would multiply a number alone in front of a sum into it.
            return True, _matmul(*head, *rest) if word == "matrix product" else Mul(
                *head, *rest, evaluate=False
            )
        if word == "matrix product" and not first.is_Matrix and first.is_Mul:
            negative, value = signed(first)
            if negative:
                return True, _matmul(value, *term.args[1:])
    return (True, -term) if algebra.is_negative(term) else (False, term)


def _matmul(*args: Expr) -> Expr:
    return args[0] if len(args) == 1 else Basic.__new__(MatMul, *args)


def ordered(expr: Add) -> list[Expr]:
    """Return the terms of a scalar sum, a positive one first."""
    terms = list(expr.as_ordered_terms())
    first = next((i for i, term in enumerate(terms) if not signed(term)[0]), 0)
    return [terms[first], *terms[:first], *terms[first + 1 :]]


def _sum(expr: Expr) -> Piece:
    terms = expr.args if expr.is_Matrix else ordered(expr)
    parts = []
    for term in terms:
        negative, value = signed(term)
        parts.append((negative, _at(value, PRODUCT)))
    return join_terms(parts), SUM


def fraction(expr: Expr) -> tuple[list[Expr], list[Expr]]:
    """Return a scalar product as (factors above, factors below) the line.

    The denominator of a number goes below where something else is there already.
    """
    above: list[Expr] = []
    below: list[Expr] = []
    for a in Mul.make_args(expr):
        if kind(a) == "power" and algebra.is_negative(a.exp):
            below.append(a.base if a.exp == -1 else Pow(a.base, -a.exp))
        else:
            above.append(a)
    number = next((a for a in above if a.is_Rational and not a.is_Integer), None)
    if below and number is not None:
        place = above.index(number)
        above[place : place + 1] = [Rational(number.p)] if number.p != 1 else []
        below.insert(0, Rational(number.q))
    return above, below


def _product(expr: Expr) -> Piece:
    negative, value = signed(expr)
    if negative:
        return f"-{_at(value, PRODUCT)}", PRODUCT
    above, below = fraction(value)
    text = "*".join(_at(a, PRODUCT if i == 0 else UNARY) for i, a in enumerate(above)) or "1"
    return text + _divided(below), PRODUCT


def _divided(below: list[Expr]) -> str:
    """Return the division by some factors, in one bracket."""
    factors = [_at(b, POWER) for b in below]
    return f"/({'*'.join(factors)})" if len(factors) > 1 else "".join(f"/{b}" for b in factors)


def _matrix_product(expr: Expr) -> Piece:
    negative, value = signed(expr)
    if negative:
        return f"-{_at(value, PRODUCT)}", PRODUCT
    args = list(value.args)
    scalars = [a for a in args if not a.is_Matrix]
    matrices = [a for a in args if a.is_Matrix]
    above, below = fraction(Mul(*scalars))
    above = [a for a in above if a != 1]
    texts = [_at(a, PRODUCT if i == 0 and not a.is_Matrix else UNARY) for i, a in enumerate(above)]
    texts += [_picked(a) for a in picked(matrices)]
    # A rational in front would read as a division of what follows; a negative power stays behind.
    alone = len(texts) == 1 and not below and texts[0].endswith("]")
    return "*".join(texts) + _divided(below), ATOM if alone else PRODUCT


def _picked(x: Picked) -> str:
    if x.rows is None and x.columns is None:
        return _at(x.base, UNARY)
    indices = [":" if s is None else _range(s) for s in (x.rows, x.columns)]
    if x.base.shape[1] == 1 and x.columns is None:
        indices = indices[:1]
    elif x.base.shape[0] == 1 and x.rows is None:
        indices = indices[1:]
    return f"{_at(x.base, ATOM)}[{', '.join(indices)}]"


def _range(s: Expr) -> str:
    first, last = places(s)
    return to_text(first) if first == last else f"{to_text(first)}:{to_text(last)}"


def _blocks(expr: Any) -> Piece:
    return f"[{'; '.join(', '.join(map(to_text, row)) for row in grid(expr))}]", ATOM


def _selection(s: Expr) -> Piece:
    return f"eye({to_text(s.shape[0])})[:, {_range(s)}]", ATOM


def _power(expr: Any) -> Piece:
    if expr.exp == S.Half:
        return f"sqrt({to_text(expr.base)})", ATOM
    if expr.exp.is_Number and expr.exp < 0:
        return f"1/{_at(Pow(expr.base, -expr.exp), POWER)}", PRODUCT
    return f"{_at(expr.base, ATOM)}^{_at(expr.exp, ATOM)}", POWER


def written_power(expr: Expr) -> tuple[Expr, Expr] | None:
    """Return (b, k) where an expression is exp(k log b), which people write b^k; None where it is not."""
    if not isinstance(expr, exp) or not holds_matrices(expr.args[0]):
        return None
    factors = Mul.make_args(expr.args[0])
    logs = [a for a in factors if isinstance(a, log)]
    if len(logs) != 1 or logs[0].args[0] == S.Exp1:
        return None
    return logs[0].args[0], Mul(*[a for a in factors if a is not logs[0]])


def _function(expr: Expr) -> Piece:
    found = written_power(expr)
    if found is None:
        return _call(expr.func, expr.args[0]) if len(expr.args) == 1 else _unknown(expr)
    base, exponent = found
    return f"{_at(base, ATOM)}^{_at(exponent, ATOM)}", POWER


def power_by_logarithm(expr: Expr) -> tuple[Expr, Expr] | None:
    """Return (X, k) where an expression is expm(k logm(X)), which people write X^k; None where it is not."""
    coefficient, factors = algebra.split(expr.args[0])
    if coefficient == 1 or len(factors) != 1 or (coefficient.is_Rational and coefficient.q == 1):
        return None
    entry = record(type(factors[0]))
    return (factors[0].args[0], coefficient) if entry is not None and entry.text == "logm" else None


def _matrix_exponential(expr: Expr) -> Piece:
    found = power_by_logarithm(expr)
    if found is None:
        return f"expm({to_text(expr.args[0])})", ATOM
    return f"{_at(found[0], ATOM)}^{_at(found[1], ATOM)}", POWER


def _matrix_power(expr: Any) -> Piece:
    return f"{_at(expr.base, ATOM)}^{_at(expr.exp, ATOM)}", POWER


def _transpose(expr: Any) -> Piece:
    if kind(expr.arg) == "columns of the identity":
        return f"eye({to_text(expr.arg.shape[0])})[{_range(expr.arg)}, :]", ATOM
    entry = record(type(expr.arg))
    if entry is not None and (x := algebra.by_columns(expr)) is not None:
        return f"{entry.text}({to_text(x)}, columns)", ATOM
    return f"{_at(expr.arg, ATOM)}'", ATOM


def _hadamard(expr: Expr) -> Piece:
    text = ""
    for i, a in enumerate(expr.args):
        if i and algebra.divides(a):
            text += f"./{_at(algebra.divisor(a), POWER)}"
        else:
            text += (".*" if i else "") + _at(a, UNARY if i else PRODUCT)
    return text, PRODUCT


def _hadamard_power(expr: Any) -> Piece:
    if expr.exp == S.Half:
        return f"sqrt({to_text(expr.base)})", ATOM
    if algebra.divides(expr):
        return f"{_ones(expr)[0]}./{_at(algebra.divisor(expr), POWER)}", PRODUCT
    base = expr.base
    if expr.exp.is_Matrix:  # a scalar takes the exponent's shape
        coefficient, factors = algebra.split(base)
        if coefficient != 1 and len(factors) == 1 and kind(factors[0]) == "ones":
            base = coefficient
    return f"{_at(base, ATOM)}.^{_at(expr.exp, ATOM)}", POWER


def _elementwise(expr: Any) -> Piece:
    body = expr.function.expr
    if isinstance(body, Function) and body.args == (ENTRY,):
        return _call(body.func, expr.expr)
    return to_text(body.xreplace({expr.function.variables[0]: Symbol("entry")})), ATOM


def _call(f: Any, x: Expr) -> Piece:
    entry = record(f)
    return f"{entry.text if entry else f.__name__.lower()}({to_text(x)})", ATOM


def _ones(expr: Expr) -> Piece:
    if _SIZED.get():
        rows, columns = (to_text(size) for size in expr.shape)
        if expr.shape[1] == 1:
            return f"vector(1, {rows})", ATOM
        return (f"vector(1, {columns})'" if expr.shape[0] == 1 else f"matrix(1, {rows}, {columns})"), ATOM
    if expr.shape[1] == 1:
        return "vector(1)", ATOM
    return ("vector(1)'" if expr.shape[0] == 1 else "matrix(1)"), ATOM


def _zero(expr: Expr) -> Piece:
    return f"0*{_ones(expr)[0]}", PRODUCT


def _trace(expr: Any) -> Piece:
    if expr.arg.shape == (1, 1):
        if _SIZED.get() or _says_size(expr.arg):
            return _piece(expr.arg)
        return f"({_argument(expr.arg, True)})", ATOM
    return f"tr({_argument(expr.arg, True)})", ATOM


def _kron(expr: Expr) -> Piece:
    *rest, text = map(to_text, expr.args)
    for a in reversed(rest):
        text = f"kron({a}, {text})"
    return text, ATOM


def _constant(expr: Expr) -> Piece:
    known = {pi: "pi", E: "exp(1)"}
    return (known[expr], ATOM) if expr in known else _unknown(expr)


#: By the word for an operation. Other functions are called by their name.
_PRINTERS: dict[str, Callable[[Any], Piece]] = {
    "number": _number,
    "constant": _constant,
    "scalar": lambda e: (e.name, ATOM),
    "matrix": lambda e: (e.name, ATOM),
    "sum": _sum,
    "product": _product,
    "matrix product": _matrix_product,
    "elementwise product": _hadamard,
    "Kronecker product": _kron,
    "power": _power,
    "elementwise power": _hadamard_power,
    "matrix power": _matrix_power,
    "matrix exponential": _matrix_exponential,
    "inverse": lambda e: (f"inv({to_text(e.arg)})", ATOM),
    "transpose": _transpose,
    "trace": _trace,
    "identity": lambda e: (f"eye({to_text(e.shape[0])})" if _SIZED.get() else "eye", ATOM),
    "columns of the identity": _selection,
    "blocks": _blocks,
    "ones": _ones,
    "zeros": _zero,
    "function": _function,
    "function of entries": _elementwise,
}
