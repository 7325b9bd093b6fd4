"""Expression to the source of one NumPy function: the formula of the report is the code that runs."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sympy import (
    Add,
    DiagMatrix,
    Expr,
    Function,
    HadamardPower,
    HadamardProduct,
    Identity,
    Inverse,
    KroneckerProduct,
    MatAdd,
    MatMul,
    MatPow,
    MatrixSymbol,
    Mul,
    OneMatrix,
    Pow,
    Rational,
    S,
    Symbol,
    Trace,
    Transpose,
    ZeroMatrix,
)
from sympy.core.numbers import Float, Pi
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive import algebra
from derive.code.door import RESERVED, door, follows
from derive.definitions import definition
from derive.elementwise import ENTRY, scalar_function, step
from derive.entrywise import lift
from derive.errors import InputError
from derive.functions import template
from derive.language.text import fraction
from derive.operation import Operation, record

#: How tightly a piece of Python holds together.
SUM, PRODUCT, UNARY, POWER, ATOM = range(5)

Piece = tuple[str, int]

#: The place of an argument in a spelling: alone between brackets and commas, or next to something else.
_PLACE = re.compile(r"((?<=\()|(?<=, ))\{(\d)\}(?=[),])|\{(\d)\}")


def to_numpy(
    expr: Expr,
    symbols: Mapping[str, Expr],
    name: str = "f",
    wrt: Sequence[str] = (),
    doc: str = "",
    guarded: bool = True,
) -> str:
    """Return the source of a function of the symbols, by keyword, that evaluates an expression.

    Vectors are 1-D arrays or (n, 1) columns; the value has the expression's shape, that of a vector is of the kind
    of the variable `wrt` (or of the vectors), and a scalar's is a number. Subexpressions that occur more than
    once are computed once. The function imports what it needs. With `guarded` false it takes arrays as they come.
    """
    return _Writer(symbols, guarded).function(expr, name, wrt, doc)


class _Writer:
    def __init__(self, symbols: Mapping[str, Expr], guarded: bool = True) -> None:
        self.guarded = guarded
        self.given: list[str] = []
        self.names: dict[Expr, str] = {}
        self.symbols: dict[str, Expr] = {}
        for name, symbol in symbols.items():
            self._take(name, symbol)
        self.temporaries: dict[Expr, str] = {}
        self.lines: list[str] = []
        self.modules: set[str] = set()

    def _take(self, name: str, symbol: Expr) -> None:
        """Make a symbol an argument of the function."""
        reserved = {"np", "scipy", "kwargs", "float", *RESERVED}
        self.names[symbol] = f"{name}_" if keyword.iskeyword(name) or name in reserved else name
        self.symbols[name] = symbol

    def function(self, expr: Expr, name: str, wrt: Sequence[str], doc: str) -> str:
        counts = self._count(expr)
        self.shared = {e for e, n in counts.items() if n > 1 and e.args and not isinstance(e, Transpose)}
        self._prepare(expr)
        value = self.text(expr)
        plain = [n for n, s in self.symbols.items() if self.names[s] == n]
        odd = [n for n, s in self.symbols.items() if self.names[s] != n]
        signature = ", ".join([*plain, *(["**kwargs"] if odd else [])])
        body = [f'"""{doc}"""'] if doc else []
        body += ["import numpy as np"]
        body += [f"import {module}" for module in sorted(self.modules)]
        body += [f'{n}_ = kwargs["{n}"]' for n in odd]
        flat: list[str] = []
        if self.guarded:
            flat = follows(algebra.shape(expr), self.symbols, wrt)
            names = {n: self.names[s] for n, s in self.symbols.items()}
            body += ["", *door(names, self.symbols, [flat] if flat else [], self.given), ""]
        if not expr.is_Matrix:
            value = f"dtype({value})" if self.guarded else f"float({value})"
        lines = [*body, *self.lines, f"value = {value}", "return value.ravel() if flat else value"] if flat else [
            *body, *self.lines, f"return {value}"
        ]  # fmt: skip
        return f"def {name}({signature}):\n" + "".join(f"    {line}".rstrip() + "\n" for line in lines)

    @property
    def typed(self) -> str:
        """Return the argument that gives a new array the type of the given ones."""
        return ", dtype=dtype" if self.guarded else ""

    @staticmethod
    def _count(expr: Expr) -> Counter[Expr]:
        counts: Counter[Expr] = Counter()
        stack = [expr]
        while stack:
            e = stack.pop()
            counts[e] += 1
            if counts[e] == 1 and not isinstance(e, ElementwiseApplyFunction | MatrixSymbol):
                stack.extend(e.args)
            elif counts[e] == 1 and isinstance(e, ElementwiseApplyFunction):
                stack.append(e.expr)
        return counts

    def _prepare(self, expr: Expr) -> None:
        """Write a line for every shared subexpression, those that it is made of first."""
        stack = [(expr, False)]
        seen = set()
        while stack:
            e, ready = stack.pop()
            if ready:
                if e in self.shared and e not in self.temporaries and self._worth(e):
                    self._store(e)
            elif e not in seen:
                seen.add(e)
                stack.append((e, True))
                if not isinstance(e, MatrixSymbol):
                    inner = (e.expr,) if isinstance(e, ElementwiseApplyFunction) else e.args
                    stack.extend((a, False) for a in reversed(inner))

    def _store(self, e: Expr) -> None:
        text = self.text(e)
        self.temporaries[e] = self._fresh()
        self.lines.append(f"{self.temporaries[e]} = {text}")

    @staticmethod
    def _worth(e: Expr) -> bool:
        return not (
            e.is_Number
            or e.is_Symbol
            or isinstance(e, MatrixSymbol | Identity | OneMatrix | ZeroMatrix)
            or _is_scalar_symbol(e)
        )

    def _fresh(self) -> str:
        taken = set(self.names.values()) | set(self.temporaries.values())
        return next(n for i in range(1, 10_000) if (n := f"t{i}") not in taken)

    # ------------------------------------------------------------------------------------ pieces

    def text(self, expr: Expr, level: int = SUM) -> str:
        if expr in self.temporaries:
            return self.temporaries[expr]
        text, holds = self._piece(expr)
        return text if holds >= level else f"({text})"

    def _piece(self, expr: Expr) -> Piece:
        head = type(expr)
        entry = record(head)
        if head not in _PRINTERS and entry is not None and not entry.entrywise:
            return self.function_of(entry, expr)
        for kind in head.__mro__:
            if kind in _PRINTERS:
                return _PRINTERS[kind](self, expr)
        raise InputError(f"{type(expr).__name__} has no NumPy spelling")

    def size(self, size: Any) -> str:
        """Return a size as it is read off an argument; one that no argument has is an argument itself."""
        if size.is_Integer:
            return str(int(size))
        for symbol in self.symbols.values():
            if isinstance(symbol, MatrixSymbol) and size in symbol.shape:
                return f"{self.names[symbol]}.shape[{symbol.shape.index(size)}]"
        if size.is_Mul or size.is_Add or size.is_Pow:
            return self.text(size, ATOM)
        self._take(size.name, size)
        self.given.append(size.name)
        return self.names[size]

    def symbol(self, expr: Any) -> Piece:
        if expr in self.names:
            return self.names[expr], ATOM
        return self.size(expr), ATOM

    def sum(self, expr: Expr) -> Piece:
        terms = list(expr.args)
        if not all(self._ones(a) for a in terms):  # numbers broadcast, and keep the others' precision
            terms = [algebra.split(a)[0] if self._ones(a) else a for a in terms]
        return " + ".join(self.text(a, PRODUCT) for a in terms).replace("+ -", "- "), SUM

    @staticmethod
    def _ones(expr: Expr) -> bool:
        factors = algebra.split(expr)[1] if expr.is_Matrix else ()
        return len(factors) == 1 and isinstance(factors[0], OneMatrix)

    def product(self, expr: Expr) -> Piece:
        above, below = fraction(expr)
        text = "*".join(self.text(a, UNARY) for a in above) or "1"
        return text + "".join(f"/{self.text(b, POWER)}" for b in below), PRODUCT

    def matrix_product(self, expr: MatMul) -> Piece:
        scalars = [a for a in expr.args if not a.is_Matrix]
        chain = self._chain([a for a in expr.args if a.is_Matrix])
        if not scalars:
            return chain
        coefficient = Mul(*scalars)
        text = _bracketed(chain, POWER)
        return (
            (f"-{text}", UNARY) if coefficient == -1 else (f"{self.text(coefficient, UNARY)}*{text}", PRODUCT)
        )

    def _chain(self, factors: list[Expr]) -> Piece:
        """Write a product the quick way.

        A diagonal matrix scales rows or columns, an inverse solves, and a product that ends in a column is
        taken from the right, so that it is all matrix times vector.
        """
        if len(factors) == 1:
            return self.text(factors[0], SUM), self._level(factors[0])
        first, *rest = factors
        if self._is(first, DiagMatrix):
            return f"{self.text(first.args[0], UNARY)}*{_bracketed(self._chain(rest), POWER)}", PRODUCT
        if self._is(first, Inverse):
            return f"np.linalg.solve({self.text(first.arg)}, {self._chain(rest)[0]})", ATOM
        if isinstance(factors[-1], OneMatrix) and factors[-1].shape[1] == 1:
            return f"{_bracketed(self._chain(factors[:-1]), ATOM)}.sum(axis=1, keepdims=True)", ATOM
        if self._is(factors[-1], DiagMatrix):
            column = self.text(factors[-1].args[0], ATOM)
            return f"{_bracketed(self._chain(factors[:-1]), POWER)}*{column}.T", PRODUCT
        if factors[-1].shape[1] == 1 and first.shape[0] != 1:
            return f"{self.text(first, POWER)} @ {_bracketed(self._chain(rest), POWER)}", PRODUCT
        cut = next((i for i, a in enumerate(factors) if self._is(a, DiagMatrix, Inverse)), None)
        if cut is None:
            return " @ ".join(self.text(a, POWER) for a in factors), PRODUCT
        left, right = self._chain(factors[:cut]), self._chain(factors[cut:])
        return f"{_bracketed(left, PRODUCT)} @ {_bracketed(right, POWER)}", PRODUCT

    def _is(self, expr: Expr, *heads: type) -> bool:
        return isinstance(expr, heads) and expr not in self.temporaries

    def _level(self, expr: Expr) -> int:
        return ATOM if expr in self.temporaries else self._piece(expr)[1]

    def power(self, expr: Any) -> Piece:
        if expr.exp == S.Half:
            return f"np.sqrt({self.text(expr.base)})", ATOM
        if expr.exp.is_Integer and expr.exp < 0:
            below = expr.base if expr.exp == -1 else type(expr)(expr.base, -expr.exp)
            return f"1/{self.text(below, POWER)}", PRODUCT
        return f"{self.text(expr.base, ATOM)}**{self.text(expr.exp, ATOM)}", POWER

    def hadamard(self, expr: HadamardProduct) -> Piece:
        text = ""
        for i, a in enumerate(expr.args):
            if i and isinstance(a, HadamardPower) and a.exp == -1 and a not in self.temporaries:
                text += f"/{self.text(a.base, POWER)}"
            else:
                text += ("*" if i else "") + (
                    self._condition(a, expr) or self.text(a, UNARY if i else PRODUCT)
                )
        return text, PRODUCT

    def _condition(self, a: Expr, product: HadamardProduct) -> str:
        """Return a unit step that multiplies something else as a comparison, which NumPy takes for 0 and 1."""
        if not isinstance(a, ElementwiseApplyFunction) or a in self.temporaries or len(product.args) < 2:
            return ""
        others = [b for b in product.args if b is not a]
        if not _is_step(a) or all(isinstance(b, ElementwiseApplyFunction) and _is_step(b) for b in others):
            return ""
        return f"({self.text(a.expr)} > 0)"

    def trace(self, expr: Trace) -> Piece:
        if _is_scalar_symbol(expr):
            return self.symbol(expr.arg)
        if expr.arg.shape == (1, 1):
            return f"({self.text(expr.arg)}).item()", ATOM
        if isinstance(expr.arg, MatMul) and expr.arg not in self.temporaries:
            first, *rest = expr.arg.args
            if first.is_Matrix and rest:  # tr(A B) = Σ A'_ij B_ij takes no product
                turned = self.text(first.arg if isinstance(first, Transpose) else Transpose(first))
                return f"np.vdot({turned}, {self._chain(rest)[0]})", ATOM
        return f"np.trace({self.text(expr.arg)})", ATOM

    def call(self, f: Any, x: Expr) -> Piece:
        entry = record(f)
        if entry is None:
            raise InputError(f"the function {f.__name__} has no NumPy spelling")
        spelling = template(entry, "numpy", 1)
        if spelling is None and entry.definition is not None:
            return self.text(lift(entry.definition(ENTRY), x), ATOM), ATOM
        return self._filled(spelling or f"np.{entry.text}({{0}})", (x,)), ATOM

    def scalar_function(self, expr: Any) -> Piece:
        if len(expr.args) != 1:
            raise InputError(f"the function {expr.func.__name__} has no NumPy spelling")
        return self.call(expr.func, expr.args[0])

    def elementwise(self, expr: ElementwiseApplyFunction) -> Piece:
        f = scalar_function(expr)
        if f is None:
            raise InputError(f"the function {expr.function} has no NumPy spelling")
        return self.call(f, expr.expr)

    def function_of(self, entry: Operation, expr: Expr) -> Piece:
        spelling = template(entry, "numpy", len(expr.args))
        if spelling is None and (meaning := definition(expr)) is not None:
            return self.text(meaning, ATOM), ATOM
        if spelling is None:
            raise InputError(f"{entry.text} has no NumPy spelling")
        return self._filled(spelling, expr.args), ATOM

    def _filled(self, template: str, args: tuple[Expr, ...]) -> str:
        self.modules |= {m for m in ("scipy.linalg", "scipy.special") if f"{m}." in template}
        for a in args:
            if template.count("{0}") > 1 and self._worth(a) and a not in self.temporaries:
                self._store(a)  # what the template repeats is computed once
        # Between brackets and commas an argument needs no brackets of its own.
        return _PLACE.sub(lambda m: self.text(args[int(m[2] or m[3])], SUM if m[2] else ATOM), template)


def _is_scalar_symbol(expr: Expr) -> bool:
    """Tell whether an expression is a 1 x 1 matrix symbol of SymPy's as the scalar that it stands for."""
    return isinstance(expr, Trace) and isinstance(expr.arg, MatrixSymbol) and expr.arg.shape == (1, 1)


def _is_step(e: ElementwiseApplyFunction) -> bool:
    return scalar_function(e) is step


def _bracketed(piece: Piece, level: int) -> str:
    text, holds = piece
    return text if holds >= level else f"({text})"


_PRINTERS: dict[type, Callable[[_Writer, Any], Piece]] = {
    Rational: lambda w, e: (str(e), ATOM if e.q == 1 and e >= 0 else UNARY if e.q == 1 else PRODUCT),
    Float: lambda w, e: (repr(float(e)), ATOM),
    Pi: lambda w, e: ("np.pi", ATOM),
    type(S.Exp1): lambda w, e: ("np.e", ATOM),
    Symbol: _Writer.symbol,
    MatrixSymbol: _Writer.symbol,
    Add: _Writer.sum,
    MatAdd: _Writer.sum,
    Mul: _Writer.product,
    Pow: _Writer.power,
    MatMul: _Writer.matrix_product,
    MatPow: lambda w, e: (f"np.linalg.matrix_power({w.text(e.base)}, {w.text(e.exp)})", ATOM),
    Inverse: lambda w, e: (f"np.linalg.inv({w.text(e.arg)})", ATOM),
    Transpose: lambda w, e: (f"{w.text(e.arg, ATOM)}.T", ATOM),
    Trace: _Writer.trace,
    HadamardProduct: _Writer.hadamard,
    HadamardPower: _Writer.power,
    ElementwiseApplyFunction: _Writer.elementwise,
    KroneckerProduct: lambda w, e: (_nested_kron([w.text(a) for a in e.args]), ATOM),
    Identity: lambda w, e: (f"np.eye({w.size(e.shape[0])}{w.typed})", ATOM),
    OneMatrix: lambda w, e: (f"np.ones(({w.size(e.shape[0])}, {w.size(e.shape[1])}){w.typed})", ATOM),
    ZeroMatrix: lambda w, e: (f"np.zeros(({w.size(e.shape[0])}, {w.size(e.shape[1])}){w.typed})", ATOM),
    Function: _Writer.scalar_function,
}


def _nested_kron(texts: list[str]) -> str:
    *rest, last = texts
    for text in reversed(rest):
        last = f"np.kron({text}, {last})"
    return last
