"""Expression to the LaTeX that a mathematician would write.

Rational factors stand in front, inverses are powers, ⊙ is the elementwise product, norms have bars. Only
constructs that TeX and MathML renderers agree on are used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from sympy import E, Expr, Function, Mul, Pow, S, Symbol, exp, pi

from derive.expression import algebra
from derive.expression.algebra.blocks import grid
from derive.expression.elementwise import ENTRY
from derive.expression.functions import operator, spell, template
from derive.expression.operation import Operation, kind, record
from derive.language.names import GREEK
from derive.language.picked import Picked, picked, places
from derive.language.text import fraction, join_terms, ordered, power_by_logarithm, signed, written_power

#: How tightly a piece holds together.
SUM, PRODUCT, POWER, ATOM = range(4)

Piece = tuple[str, int]


#: How symbols are written that go by other names than theirs.
_WRITTEN: ContextVar[Mapping[Expr, str]] = ContextVar("written", default={})  # noqa: B039


def latex(expr: Expr, names: Mapping[Expr, str] | None = None) -> str:
    """Return an expression as LaTeX, without dollar signs; `names` are symbols that are written in LaTeX of their own."""
    if not names:
        return _piece(expr)[0]
    token = _WRITTEN.set(names)
    try:
        return _piece(expr)[0]
    finally:
        _WRITTEN.reset(token)


def _brackets(text: str) -> str:
    return rf"\left({text}\right)"


def _at(expr: Expr, level: int) -> str:
    text, holds = _piece(expr)
    return text if holds >= level else _brackets(text)


def _piece(expr: Expr) -> Piece:
    word = kind(expr)
    if word in _PRINTERS:
        return _PRINTERS[word](expr)
    if (entry := record(type(expr))) is not None:
        return _recorded(entry, expr)
    return _unknown(expr)


def _unknown(expr: Expr) -> Piece:
    return rf"\operatorname{{{type(expr).__name__}}}" + _brackets(", ".join(map(latex, expr.args))), ATOM


def name(text: str) -> str:
    """Return a name as LaTeX: Greek letters, subscripts, bars for adjoints and d for tangents."""
    if text.endswith("_bar"):
        base, _, tail = name(text[:-4]).partition("_")
        return rf"\bar{{{base}}}" + (f"_{tail}" if tail else "")
    if text.endswith("_T"):
        return rf"{name(text[:-2])}^{{\top}}"
    if re.fullmatch(r"d([A-Z]\w*|[a-z](_?\d+)?|u_\w+)", text) and text[1:] not in GREEK:
        return rf"\mathrm{{d}}{name(text[1:])}"
    stem, tail = re.fullmatch(r"([A-Za-z]+)_?(\w*)", text).groups()  # type: ignore[union-attr]
    if stem in GREEK and stem != "omicron":
        base = rf"\{stem}"
    elif len(stem) == 1:
        base = stem
    elif stem[1:] in GREEK and stem[0] == "d":
        base = rf"\mathrm{{d}}\{stem[1:]}"
    else:
        base = rf"\mathrm{{{stem}}}"
    if not tail:
        return base
    tail = tail.replace("_", ",")
    return f"{base}_{{{tail}}}" if len(tail) == 1 or tail.isdigit() else rf"{base}_{{\mathrm{{{tail}}}}}"


def _symbol(expr: Any) -> Piece:
    written = _WRITTEN.get().get(expr)
    if written is None:
        return name(expr.name), ATOM
    return written, POWER if "^" in written else ATOM


def _number(expr: Any) -> Piece:
    if expr.is_infinite:
        return (r"\infty", ATOM) if expr.is_positive else (r"-\infty", SUM)
    if not expr.is_Rational:
        return (str(expr), ATOM) if expr.is_Float else _unknown(expr)
    if expr < 0:
        return f"-{latex(-expr)}", SUM
    return (rf"\tfrac{{{expr.p}}}{{{expr.q}}}", ATOM) if expr.q != 1 else (str(expr.p), ATOM)


def _sum(expr: Expr) -> Piece:
    terms = expr.args if expr.is_Matrix else ordered(expr)
    parts = []
    for term in terms:
        negative, value = signed(term)
        parts.append((negative, _at(value, PRODUCT)))
    return join_terms(parts), SUM


def _over(above: list[Expr], below: list[Expr]) -> tuple[str, str]:
    """Return (rational factor, rest) of a scalar fraction."""
    number = Mul(*[a for a in above if a.is_Rational])
    rest = [a for a in above if not a.is_Rational]
    bottom = Mul(number.q, *below) if number.is_Rational else Mul(*below)
    numerator = Mul(number.p) if number.is_Rational else number
    if not below:
        front = "" if number == 1 else latex(number)
        return front, _juxtapose(rest) if not front else r" \, ".join(_at(f, PRODUCT) for f in rest)
    top = ([] if numerator == 1 and rest else [numerator]) + rest
    return "", rf"\frac{{{_juxtapose(top) if top else '1'}}}{{{latex(bottom)}}}"


def _juxtapose(factors: list[Expr]) -> str:
    alone = len(factors) == 1
    texts = [latex(f) if alone else _at(f, PRODUCT) for f in factors]
    return r" \, ".join(texts)


def _product(expr: Expr) -> Piece:
    negative, value = signed(expr)
    if negative:
        return f"-{_at(value, PRODUCT)}", SUM
    above, below = fraction(value)
    number, rest = _over(above, below)
    return _glue([number, rest]), PRODUCT


def _glue(parts: list[str]) -> str:
    kept = [p for p in parts if p]
    return r" \, ".join(kept) if kept else "1"


def _matrix_product(expr: Expr) -> Piece:
    negative, value = signed(expr)
    if negative:
        return f"-{_at(value, PRODUCT)}", SUM
    if kind(value) != "matrix product":
        return _piece(value)
    scalars = [a for a in value.args if not a.is_Matrix]
    matrices = [a for a in value.args if a.is_Matrix]
    above, below = fraction(Mul(*scalars))
    number, rest = _over([a for a in above if a != 1], below)
    if kind(Mul(*scalars)) == "sum":
        rest = _brackets(latex(Mul(*scalars)))
    texts = [_picked(a) for a in picked(matrices)]
    spaced = texts[0]
    for before, text in zip(texts, texts[1:], strict=False):
        spaced += (r" \, " if (before[-1].isalpha() and len(before) > 1) or text[0] == "\\" else " ") + text
    return _glue([number, rest, spaced]), PRODUCT


def _picked(x: Picked) -> str:
    if x.rows is None and x.columns is None:
        tight = kind(x.base) in ("elementwise product", "Kronecker product")
        return _at(x.base, POWER if tight else PRODUCT)
    indices = [":" if s is None else _range(s) for s in (x.rows, x.columns)]
    if x.base.shape[1] == 1 and x.columns is None:
        indices = indices[:1]
    elif x.base.shape[0] == 1 and x.rows is None:
        indices = indices[1:]
    plain = kind(x.base) == "matrix" and "_" not in name(x.base.name)
    return f"{name(x.base.name) if plain else _brackets(latex(x.base))}_{{{', '.join(indices)}}}"


def _blocks(expr: Any) -> Piece:
    rows = r" \\ ".join(" & ".join(map(latex, row)) for row in grid(expr))
    return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}", ATOM


def _range(s: Expr) -> str:
    first, last = places(s)
    return latex(first) if first == last else f"{latex(first)}:{latex(last)}"


def _power(expr: Any) -> Piece:
    base, exponent = expr.base, expr.exp
    if exponent == S.Half:
        return rf"\sqrt{{{latex(base)}}}", ATOM
    if exponent.is_Number and exponent < 0 and not base.is_Matrix:
        return rf"\frac{{1}}{{{latex(Pow(base, -exponent))}}}", ATOM
    if kind(base) in ("trace", "determinant", "function"):
        return rf"{_brackets(latex(base))}^{{{latex(exponent)}}}", POWER
    return rf"{_at(base, ATOM)}^{{{latex(exponent)}}}", POWER


def _function(expr: Expr) -> Piece:
    found = written_power(expr)
    if found is None and isinstance(expr, exp):
        return _call(exp, expr.args[0])
    if found is None and (entry := record(type(expr))) is not None:
        return _recorded(entry, expr)
    if found is None and len(expr.args) == 1:
        return _call(expr.func, expr.args[0])
    if found is None:
        return expr.func.__name__ + _brackets(", ".join(map(latex, expr.args))), ATOM
    base, exponent = found
    return rf"{_at(base, ATOM)}^{{{latex(exponent)}}}", POWER


def _matrix_exponential(expr: Expr) -> Piece:
    found = power_by_logarithm(expr)
    if found is None:
        return rf"\mathrm{{e}}^{{{latex(expr.args[0])}}}", POWER
    return rf"{_at(found[0], ATOM)}^{{{latex(found[1])}}}", POWER


def _inverse(expr: Any) -> Piece:
    return rf"{_at(expr.arg, ATOM)}^{{-1}}", POWER


def _transpose(expr: Any) -> Piece:
    x = expr.arg
    if kind(x) == "columns of the identity":
        return rf"I_{{{_range(x)}, :}}", ATOM
    if kind(x) == "inverse":
        return rf"{_at(x.arg, ATOM)}^{{-\top}}", POWER
    return rf"{_at(x, ATOM)}^{{\top}}", POWER


def _hadamard(expr: Expr) -> Piece:
    above = [_at(a, POWER) for a in expr.args if not algebra.divides(a)] or [_ones(expr)[0]]
    text = r" \odot ".join(above)
    for b in (algebra.divisor(a) for a in expr.args if algebra.divides(a)):
        text += rf" \oslash {_at(b, POWER)}"
    return text, PRODUCT


def _hadamard_power(expr: Any) -> Piece:
    if expr.exp == S.Half:
        return rf"\sqrt{{{latex(expr.base)}}}", ATOM
    if algebra.divides(expr):
        return rf"{_ones(expr)[0]} \oslash {_at(algebra.divisor(expr), POWER)}", PRODUCT
    return rf"{_at(expr.base, ATOM)}^{{\odot {latex(expr.exp)}}}", POWER


def _call(f: Any, x: Expr) -> Piece:
    entry = record(f)
    tex = template(entry, "latex", 1) if entry else None
    return spell(tex or operator(entry.text if entry else f.__name__), [latex(x)]), ATOM


def _elementwise(expr: Any) -> Piece:
    body = expr.function.expr
    if isinstance(body, Function) and body.args == (ENTRY,):
        return _call(body.func, expr.expr)
    return latex(body.xreplace({expr.function.variables[0]: Symbol("t")})), SUM


def _ones(expr: Expr) -> Piece:
    if expr.shape[1] == 1:
        return r"\mathbf{1}", ATOM
    if expr.shape[0] == 1:
        return r"\mathbf{1}^{\top}", POWER
    return r"\mathbf{1} \mathbf{1}^{\top}", PRODUCT


def _trace(expr: Any) -> Piece:
    if expr.arg.shape == (1, 1):
        return _piece(expr.arg)
    return r"\operatorname{tr}" + _brackets(latex(expr.arg)), ATOM


def _entry_sum(expr: Any) -> Piece:
    x = expr.arg
    left = "" if x.shape[0] == 1 else r"\mathbf{1}^{\top}"
    right = "" if x.shape[1] == 1 else r" \mathbf{1}"
    middle = _at(x, POWER if kind(x) == "elementwise product" else PRODUCT)
    return (left + r" \, " if left else "") + middle + right, PRODUCT


def _recorded(entry: Operation, expr: Expr) -> Piece:
    tex = template(entry, "latex", len(expr.args)) or operator(entry.text)
    args = [_at(a, ATOM) if f"[{i}]" in tex else latex(a) for i, a in enumerate(expr.args)]
    return spell(tex, args), POWER if tex.endswith("}") else ATOM


def _constant(expr: Expr) -> Piece:
    known = {pi: r"\pi", E: r"\mathrm{e}"}
    return (known[expr], ATOM) if expr in known else _unknown(expr)


#: By the word for an operation. Other functions are called by the spelling of their record.
_PRINTERS: dict[str, Callable[[Any], Piece]] = {
    "number": _number,
    "constant": _constant,
    "scalar": _symbol,
    "matrix": lambda e: (name(e.name), ATOM),
    "sum": _sum,
    "product": _product,
    "matrix product": _matrix_product,
    "elementwise product": _hadamard,
    "Kronecker product": lambda e: (r" \otimes ".join(_at(a, POWER) for a in e.args), PRODUCT),
    "power": _power,
    "elementwise power": _hadamard_power,
    "matrix power": _power,
    "matrix exponential": _matrix_exponential,
    "inverse": _inverse,
    "transpose": _transpose,
    "trace": _trace,
    "sum of the entries": _entry_sum,
    "identity": lambda e: ("I", ATOM),
    "columns of the identity": lambda e: (f"I_{{:, {_range(e)}}}", ATOM),
    "blocks": _blocks,
    "ones": _ones,
    "zeros": lambda e: (r"\mathbf{0}", ATOM),
    "function": _function,
    "function of entries": _elementwise,
}
