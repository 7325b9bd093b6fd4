"""An expression to a plan: what each of SymPy's nodes comes to in array operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sympy import (
    DiagMatrix,
    E,
    Expr,
    HadamardProduct,
    Identity,
    Integer,
    Inverse,
    KroneckerProduct,
    MatAdd,
    MatMul,
    MatPow,
    OneMatrix,
    S,
    Symbol,
    Transpose,
    pi,
)

from derive.code import chain, kronecker
from derive.code.builder import Builder
from derive.code.factors import Inverted, Solver
from derive.code.items import Cumulative, Diagonal, Item, Kronecker, Ones, Permutation, Picked, Plain, Power
from derive.code.lower_functions import Functions
from derive.code.lower_inverses import Inverses
from derive.code.lower_reductions import Reductions
from derive.code.plan import Node
from derive.code.sizes import Sizes, entries, examples
from derive.errors import InputError
from derive.expression import algebra
from derive.expression.functions import (
    Functional,
    MatrixFunction,
    Norm2,
)
from derive.expression.operation import kind
from derive.expression.walk import CONSTANTS
from derive.operations.rows import LOGSUMEXP, SOFTMAX

ONE = Integer(1)


class Lowering(Reductions, Inverses, Functions):
    """Expressions of the same symbols as nodes of one plan.

    Matrices c·U·V' + diagonal are solved by low rank where `thin` has pairs (rows, rank), the first by far larger. What was lowered before is used again,
    so that a gradient and its loss share what they can.
    """

    def __init__(
        self,
        symbols: Mapping[str, Expr],
        thin: tuple[tuple[Any, Any], ...] = (),
        defined: Mapping[Expr, str] | None = None,
        through: bool = False,
    ) -> None:
        self.b = Builder()
        self.defined = defined or {}
        self.symbols, self.thin, self.through = symbols, bool(thin), through
        self.given: list[Symbol] = []
        self.names = {s: n for n, s in symbols.items()}
        self.examples: Sequence[Sizes] = examples(thin)
        positive = frozenset(n for n, s in symbols.items() if algebra.is_nonnegative(s))
        self.products = chain.Products(self.b, self.examples, positive)
        self.known: dict[Expr, Node] = {}
        self.solvers: dict[Expr, Solver] = {}
        self.low: list[tuple[Any, Any]] = []  # (rows, rank) of the low-rank matrices met
        self.bound: dict[Expr, Node] = {}

    # ---------------------------------------------------------------------------------------- dispatch

    def node(self, e: Expr) -> Node:
        """Return the value of an expression in its own shape."""
        found = self.loose(e)
        if algebra.is_matrix(e):
            return self.b.spread(found, e.shape)
        return found  # a number, or what is put for the variable of a function of entries

    def loose(self, e: Expr) -> Node:
        """Return a value that broadcasts to the expression's shape."""
        if e in self.bound:
            return self.bound[e]
        if e not in self.known:
            self.known[e] = self.lowered(e)
            if e in self.defined:
                self.b.called.setdefault(self.known[e].index, self.defined[e])
        return self.known[e]

    def lowered(self, e: Any) -> Node:
        """Return the value of an expression that was not met before. Raises InputError where it has no code."""
        word = kind(e)
        if word in _LOWER:
            return _LOWER[word](self, e)
        if isinstance(e, Functional | MatrixFunction):
            return self.applied(e)
        raise InputError(f"{type(e).__name__} has no code")

    # ------------------------------------------------------------------------------------------ leaves

    def symbol(self, e: Any) -> Node:
        """Return an argument, or a size as a number."""
        if e in self.names:
            shape = None if e.is_Symbol else e.shape
            symmetric = shape is not None and algebra.is_symmetric(e)
            return self.b.input(self.names[e], shape, symmetric)
        return self.size(e)

    def size(self, e: Any) -> Node:
        """Return a size as a number."""
        return self.b.number(e) if e.is_Integer else self.b.make("size", (), (e,))

    # ---------------------------------------------------------------------------------------- numbers

    def sum(self, e: Expr) -> Node:
        """Return a sum; an identity among the terms shifts the diagonal."""
        terms, diagonals, shift = [], [], []
        for a in e.args:
            coefficient, factors = algebra.split(a) if algebra.is_matrix(a) else (S.One, (a,))
            if len(factors) == 1 and isinstance(factors[0], Identity):
                shift.append(self.node(coefficient))
            elif len(factors) == 1 and isinstance(factors[0], DiagMatrix):
                diagonals.append(self.b.times(self.node(coefficient), self.loose(factors[0].args[0])))
            else:
                terms.append((1, self.loose(a)))
        on_diagonal = [(1, n) for n in (*shift, *diagonals)]
        if not on_diagonal:
            return self.b.add(terms)
        d = self.b.add(on_diagonal)
        if not terms:
            if d.is_number:
                return self.b.times(d, self.b.eye(e.shape[0]))
            return Diagonal(self.b, d).form()
        return self.b.shift(self.b.spread(self.b.add(terms), e.shape), d)

    def product(self, e: Expr) -> Node:
        """Return a product of numbers."""
        return self.b.times(*[self.node(a) for a in e.args])

    def power(self, e: Any) -> Node:
        """Return a power of numbers, or of entries."""
        base, exponent = e.args
        if isinstance(base, Norm2) and exponent.is_Rational:
            return self.b.power(self.squares(base.arg), exponent / 2)
        x = self.loose(base)
        if exponent.is_Rational:
            return self.b.power(x, exponent)
        return self.b.powers(x, self.loose(exponent))

    # --------------------------------------------------------------------------------------- products

    def items(self, factors: Sequence[Expr]) -> list[Item]:
        """Return matrix factors as items of a product."""
        out: list[Item] = []
        k = 0
        while k < len(factors):
            if (found := kronecker.partial(factors[k : k + 3])) is not None:
                out.append(Plain(self.b, self.partial(*found)))
                k += 3
            else:
                out.extend(self._items(factors[k]))
                k += 1
        return out

    def partial(self, how: str, r: Expr, weights: Expr) -> Node:
        """Return the inner products of the blocks of a matrix with another, or the sum of the blocks so weighted."""
        shape = tuple(a / b for a, b in zip(r.shape, weights.shape, strict=True))
        return self.b.make(f"partial {how}", (self.node(r), self.node(weights)), (), shape)

    def _items(self, a: Expr, transposed: bool = False) -> list[Item]:
        b = self.b
        if a in self.known or a in self.bound:
            node = self.node(a)
            return [Plain(b, b.transpose(node) if transposed else node)]
        if isinstance(a, Transpose):
            return self._items(a.arg, not transposed)
        if isinstance(a, MatMul) and algebra.split(a)[0] == 1:
            if not transposed:
                return self.items(a.args)
            inner = [self._items(f, transposed) for f in a.args]
            return [i for part in (inner[::-1] if transposed else inner) for i in part]
        if isinstance(a, DiagMatrix):
            return [Diagonal(b, b.spread(self.loose(a.args[0]), a.args[0].shape))]
        if isinstance(a, Inverse):
            tidy = algebra.inv(a.arg)
            if not isinstance(tidy, Inverse):
                return self._items(tidy, transposed)
            return [Inverted(b, self.solver(tidy.arg), transposed)]
        if isinstance(a, OneMatrix):
            rows, columns = a.shape[::-1] if transposed else a.shape
            pieces = [(rows, ONE)] if rows != 1 else []
            pieces += [(ONE, columns)] if columns != 1 else []
            return [Ones(b, r, c) for r, c in pieces]
        if isinstance(a, MatPow) and a.exp.is_Integer and a.exp >= 2:
            base = self.node(a.base)
            return [Power(b, b.transpose(base) if transposed else base, int(a.exp))]
        if isinstance(a, KroneckerProduct) and len(a.args) == 2:
            parts = [
                algebra.split(x)[1] if isinstance(x, MatMul) and algebra.split(x)[0] == 1 else (x,)
                for x in a.args
            ]
            if len(parts[0]) == len(parts[1]) > 1:  # kron(A B, C D) = kron(A, C) kron(B, D)
                pairs = [algebra.kron(x, y) for x, y in zip(*parts, strict=True)]
                return [i for k in (pairs[::-1] if transposed else pairs) for i in self._items(k, transposed)]
            left, right = (self.node(x) for x in a.args)
            if transposed:
                left, right = b.transpose(left), b.transpose(right)
            return [Kronecker(b, left, right)]
        if (constant := self._constant_item(a, transposed)) is not None:
            return [constant]
        if (
            isinstance(a, MatAdd)
            and (minus := algebra.add(*[algebra.dot(-1, t) for t in a.args])) in self.known
        ):
            node = b.negative(self.known[minus])
            return [Plain(b, b.transpose(node) if transposed else node)]
        if isinstance(a, MatAdd) and (found := self._sum_item(a, transposed)) is not None:
            return [found]
        node = self.node(a)
        return [Plain(b, b.transpose(node) if transposed else node)]

    def _constant_item(self, a: Any, transposed: bool) -> Item | None:
        """Return a matrix that its sizes and places determine as what it does to others."""
        word, form = kind(a), lambda: self.node(a)
        if word == "commutation matrix":
            m, n = a.args[::-1] if transposed else a.args
            return Permutation(self.b, m, n)
        if word == "columns of the identity" and a.args[0].free_symbols.isdisjoint(self.names):
            skip, count, n = a.args
            return Picked(self.b, skip, count, n, transposed, form)
        if word == "ones on and below the diagonal":
            return Cumulative(self.b, a.args[0], transposed, form)
        return None

    def _sum_item(self, a: MatAdd, transposed: bool) -> Item | None:
        """Return a sum as an item where applying its terms may be cheaper than forming it."""
        terms: list[tuple[Any, list[Any]]] = []
        worth = False
        for t in a.args:
            coefficient, factors = algebra.split(t)
            worth |= len(factors) > 1 or isinstance(factors[0], Identity | DiagMatrix | Inverse | Transpose)
            worth |= kind(factors[0]) in CONSTANTS
            if len(factors) == 1 and isinstance(factors[0], Identity):
                terms.append((coefficient, []))
            else:
                terms.append((coefficient, list(factors)))
        if not worth or not any(f for _, f in terms):
            return None
        made = []
        for coefficient, parts in terms:
            items = [self._items(f, transposed) for f in parts]
            flat = [i for part in (items[::-1] if transposed else items) for i in part]
            made.append((self.node(coefficient), flat))
        form = (lambda: self.b.transpose(self.node(a))) if transposed else (lambda: self.node(a))
        return chain.Sum(self.products, made, form)

    def matmul(self, e: MatMul) -> Node:
        """Return a product of matrices and numbers, which broadcasts where it is an outer product with ones."""
        coefficient, factors = algebra.split(e)
        b = self.b
        c = self.node(coefficient)
        if len(factors) == 1:
            return b.times(c, self.loose(factors[0]))
        cut = next((k for k in range(1, len(factors)) if factors[k].shape[0] == 1), None)
        if cut is not None:
            parts = factors[:cut], factors[cut:]
            left, right = (
                self.b.number(ONE) if len(p) == 1 and isinstance(p[0], OneMatrix) else self._stretch(p)
                for p in parts
            )
            return b.times(c, left, right)
        return b.times(c, self._stretch(factors))

    def _stretch(self, factors: Sequence[Expr]) -> Node:
        if len(factors) == 1:
            return self.node(factors[0])
        return self.products.product(self.items(factors))

    def hadamard(self, e: HadamardProduct) -> Node:
        """Return a product entry by entry."""
        diagonal = [a for a in e.args if isinstance(a, Identity)]
        if diagonal:
            others = [a for a in e.args if not isinstance(a, Identity)]
            column = self.b.times(*[self.diagonal_of(a) for a in others])
            return Diagonal(self.b, self.b.spread(column, (e.shape[0], ONE))).form()
        return self.b.times(*[self.loose(a) for a in e.args])

    def outer(self, e: KroneckerProduct) -> Node:
        """Return a Kronecker product."""
        flat: list[Node] = []
        stack = list(e.args)[::-1]
        while stack:
            a = stack.pop()
            if isinstance(a, KroneckerProduct):
                stack.extend(reversed(a.args))
            else:
                flat.append(self.node(a))
        at = self.examples[0]
        size = lambda k: entries(flat[k], at) * entries(flat[k + 1], at)
        thick = any(1 not in (x.rows, x.columns) for x in flat)
        while len(flat) > 1:  # the smallest first, a column on what is whole last: it copies whole stretches
            k = min(range(len(flat) - 1), key=lambda k: (thick and flat[k].columns == 1, size(k)))
            left, right = flat[k], flat[k + 1]
            vectors = left.columns == right.rows == 1
            flat[k : k + 2] = [
                self.b.times(left, right) if vectors else Kronecker(self.b, left, right).form()
            ]
        return flat[0]


def _constant(w: Lowering, e: Expr) -> Node:
    if e not in (pi, E):
        raise InputError(f"{type(e).__name__} has no code")
    return w.b.make("constant", (), ("pi" if e == pi else "e",))


def _number(w: Lowering, e: Expr) -> Node:
    if not e.is_finite:
        raise InputError(f"{type(e).__name__} has no code")
    return w.b.number(e)


#: By the word for an operation. Other functions of matrices have the spelling of their record, or its definition.
_LOWER: dict[str, Callable[[Lowering, Any], Node]] = {
    "number": _number,
    "constant": _constant,
    "scalar": Lowering.symbol,
    "matrix": Lowering.symbol,
    "sum": Lowering.sum,
    "product": Lowering.product,
    "power": Lowering.power,
    "matrix product": Lowering.matmul,
    "matrix power": lambda w, e: w.products.product(w._items(e)),
    "inverse": Lowering.inverse,
    "transpose": lambda w, e: w.b.transpose(w.loose(e.arg)),
    "trace": Lowering.trace,
    "determinant": Lowering.det,
    "elementwise product": Lowering.hadamard,
    "elementwise power": Lowering.power,
    "function of entries": Lowering.elementwise,
    "function": Lowering.scalar_function,
    "Kronecker product": Lowering.outer,
    "diagonal matrix": lambda w, e: Diagonal(w.b, w.b.spread(w.loose(e.args[0]), e.args[0].shape)).form(),
    "diagonal": lambda w, e: w.diagonal_of(e.arg),
    "identity": lambda w, e: w.b.eye(e.shape[0]),
    "ones": lambda w, e: w.b.number(ONE),
    "zeros": lambda w, e: w.b.zeros(*e.shape),
    "log-determinant": Lowering.logdet,
    "log-sum-exp": lambda w, e: w.b.logsumexp(w.node(e.arg), None),
    "softmax": lambda w, e: w.b.softmax(w.node(e.arg), 0),
    SOFTMAX.kind: lambda w, e: w.b.softmax(w.node(e.args[0]), 1),
    LOGSUMEXP.kind: lambda w, e: w.b.logsumexp(w.node(e.args[0]), 1),
    "sum of the entries": Lowering.entry_sum,
    "sum of absolute values": Lowering.norm1,
    "norm": Lowering.norm2,
    "adjugate": Lowering.adjugate,
    "vec": lambda w, e: w.b.reshape(w.node(e.arg), e.shape[0], ONE),
    "reshape": lambda w, e: w.b.reshape(w.node(e.arg), *e.shape),
}
