"""From the nodes of a text to SymPy expressions.

Products that a person has put in brackets stay together, since they are the steps of the computation; scalars
go in front, and a product that is 1 x 1 becomes the scalar `Trace(product)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import (
    Abs,
    Add,
    Expr,
    HadamardPower,
    HadamardProduct,
    Identity,
    Integer,
    Inverse,
    KroneckerProduct,
    MatAdd,
    MatMul,
    MatPow,
    Mul,
    OneMatrix,
    S,
    Trace,
    Transpose,
    ZeroMatrix,
    exp,
    log,
)

from derive import algebra
from derive.elementwise import ELEMENTWISE, elementwise
from derive.errors import InputError
from derive.functions import MATRIX_FUNCTIONS, Commutation, Eigenvalue, Eigenvector, ExpmFrechet, Reshape
from derive.language.scope import Node
from derive.language.shapes import (
    SCALAR,
    Product,
    Shape,
    SizeConflict,
    find,
    is_scalar,
    show_shape,
    size_symbol,
    to_sympy,
    unify,
)

#: The largest matrix power, and the largest exponent of a number, that is worked out.
MAX_POWER = 64


@dataclass(frozen=True)
class Operator:
    """A function of several arguments: how many (or more), its shape, how it is built, and how to write it otherwise."""

    arity: int
    shape: Callable[[Any, Sequence[Any]], Shape]
    build: Callable[..., Expr]
    more: bool = False
    mend: str = ""


def _kron_shape(scope: Any, args: Sequence[Any]) -> Shape:
    (a, b), (c, d) = (x.shape for x in args)
    return (Product(a, c), Product(b, d))


def _frechet_shape(scope: Any, args: Sequence[Any]) -> Shape:
    for direction in args[1:]:
        for i, j in ((0, 0), (1, 1), (0, 1)):
            scope.same(args[0], direction, i, j, "dexpm")
    return args[0].shape


def _commutation_shape(scope: Any, args: Sequence[Any]) -> Shape:
    size = Product(*scope.sizes_of(args, "commutation(m, n)"))
    return (size, size)


def _reshape_shape(scope: Any, args: Sequence[Any]) -> Shape:
    x, *sizes = args
    rows, columns = scope.sizes_of(sizes, "reshape(x, m, n)")
    if find(x.shape[1]) != 1:
        message = f"reshape needs a column vector, this is {show_shape(x.shape)}: write vec(...)"
        raise scope.error(message, x.position)
    due = Node("due", [], (Product(columns, rows), 1), x.position)
    scope.same(x, due, 0, 0, "reshape")
    return (rows, columns)


def _eigval_shape(scope: Any, args: Sequence[Any]) -> Shape:
    try:
        unify(*args[0].shape)
    except SizeConflict:
        message = f"eigenvalues are those of a square matrix, this one is {show_shape(args[0].shape)}"
        raise scope.error(message, args[0].position) from None
    return SCALAR


def _eigvec_shape(scope: Any, args: Sequence[Any]) -> Shape:
    _eigval_shape(scope, args)
    return (args[0].shape[0], 1)


def kron(a: Expr, b: Expr) -> Expr:
    """Return the Kronecker product; a scalar scales."""
    if algebra.is_matrix(a) and algebra.is_matrix(b):
        return algebra.make(KroneckerProduct, a, b)
    return algebra.dot(a, b)


def _reshape(x: Expr, rows: Expr, columns: Expr) -> Expr:
    return Reshape(x, rows, columns) if (rows, columns) != (1, 1) else product(x)


def _frechet(x: Expr, *directions: Expr) -> Expr:
    return ExpmFrechet(x, *directions) if algebra.is_matrix(x) else Mul(exp(x), *directions)


#: Functions of several arguments.
OPERATORS: dict[str, Operator] = {
    "kron": Operator(2, _kron_shape, kron, mend="write kron(A, kron(B, C)) for three"),
    "dexpm": Operator(2, _frechet_shape, _frechet, more=True),
    "reshape": Operator(3, _reshape_shape, _reshape),
    "commutation": Operator(2, _commutation_shape, Commutation),
    "eigval": Operator(2, _eigval_shape, lambda x, i: Eigenvalue(x, i) if algebra.is_matrix(x) else x),
    "eigvec": Operator(2, _eigvec_shape, lambda x, i: Eigenvector(x, i) if algebra.is_matrix(x) else S.One),
}


def product(*factors: Expr) -> Expr:
    """Return a product as it is written: flat, scalars in front, 1 x 1 runs as scalars."""
    scalars: list[Expr] = []
    run: list[Expr] = []
    for a in factors:
        if not algebra.is_matrix(a):
            scalars.append(a)
            continue
        if isinstance(a, MatMul) and not algebra.is_matrix(a.args[0]):
            coefficient, parts = algebra.split(a)
            scalars.append(coefficient)
            a = parts[0] if len(parts) == 1 else algebra.make(MatMul, *parts)
        run.append(a)
        if run[0].shape[0] == 1 and a.shape[1] == 1:
            scalars.append(Trace(run[0] if len(run) == 1 else algebra.make(MatMul, *run)))
            run = []
    coefficient = Mul(*scalars)
    if not run:
        return coefficient
    if coefficient == 0 and len(run) == 1 and isinstance(run[0], OneMatrix):
        return ZeroMatrix(*run[0].shape)  # 0*matrix(1) is how zeros are printed
    if coefficient != 1:
        return algebra.make(MatMul, coefficient, *run)
    return run[0] if len(run) == 1 else algebra.make(MatMul, *run)


def _factors(node: Any) -> list[Expr]:
    """Return the factors of a divisor, each of which divides: SymPy would multiply the 2 of 2*(a + b) into the sum."""
    parts = [a.expr for a in node.args] if node.op == "*" and set(node.value) == {"*"} else []
    return parts if parts and not any(map(algebra.is_matrix, parts)) else [node.expr]


def _product(ops: list[str], nodes: Sequence[Any]) -> Expr:
    pending = [nodes[0].expr]
    for op, node in zip(ops, nodes[1:], strict=True):
        x = node.expr
        if op == "*":
            pending.append(x)
        elif op == "/":
            pending.extend(scalar_power(a, S.NegativeOne) for a in _factors(node))
        else:
            left = product(*pending)
            if op == "./":
                x = elementwise_power(x, S.NegativeOne)
            coefficient, factors = algebra.split(left)
            reciprocal = op == "./" and isinstance(factors[0], OneMatrix) and len(factors) == 1
            pending = [coefficient, x] if reciprocal else [hadamard(left, x)]
    return product(*pending)


def spread(x: Expr, form: str, shape: tuple[Expr, Expr]) -> Expr:
    """Return a matrix whose entries, rows or columns are all the given scalar, row or column."""
    if form == "scalar":
        return product(x, algebra.ones(shape))
    if form == "row":
        return product(algebra.ones((shape[0], S.One)), x)
    return product(x, algebra.ones((S.One, shape[1])))


def add(*terms: Expr) -> Expr:
    """Return a sum of matrices as it is written, flat; X - X keeps its shape in sight."""
    flat = [a for term in terms for a in (term.args if isinstance(term, MatAdd) else [term])]
    return algebra.make(MatAdd, *flat)


def hadamard(a: Expr, b: Expr) -> Expr:
    """Return the elementwise product as it is written, flat, scalars in front."""
    if not (algebra.is_matrix(a) and algebra.is_matrix(b)):
        return product(a, b)
    scalars: list[Expr] = []
    parts: list[Expr] = []
    for x in (a, b):
        coefficient, factors = algebra.split(x)
        scalars.append(coefficient)
        x = factors[0] if len(factors) == 1 else algebra.make(MatMul, *factors)
        parts.extend(x.args if isinstance(x, HadamardProduct) else [x])
    return product(*scalars, algebra.make(HadamardProduct, *parts))


def elementwise_power(x: Expr, exponent: Expr) -> Expr:
    """Return every entry to a power; a scalar base takes the exponent's shape."""
    if not algebra.is_matrix(x):
        if not algebra.is_matrix(exponent):
            return scalar_power(x, exponent)
        x = product(x, OneMatrix(*exponent.shape))
    if exponent == -1 and isinstance(x, HadamardPower) and x.exp.is_Rational:
        exponent = -x.exp  # what ./ divides by has one exponent, as it is printed
        x = x.base
    return x if exponent == 1 else HadamardPower(x, exponent)


def scalar_power(base: Expr, exponent: Expr) -> Expr:
    """Return a scalar to a power. Raises InputError for numbers that are too large to work out."""
    if base == 0 and exponent.is_negative:
        raise InputError("division by zero")
    number = base if base.is_number else base.as_coeff_Mul()[0]
    if abs(number) != 1 and exponent.is_number and abs(exponent) > MAX_POWER:
        raise InputError(f"a number to a power beyond {MAX_POWER} is not worked out: name it as a scalar")
    if base == 0 and not exponent.is_number:
        raise InputError("zero to a power that is no number: its derivative has no value")
    return algebra.scalar_power(base, exponent)


def matrix_power(x: Expr, exponent: Expr) -> Expr:
    """Return an integer power of a square matrix. Raises InputError for others."""
    if not exponent.is_Integer:
        raise InputError("a matrix power needs an integer such as 3: write .^ for elementwise powers")
    k = int(exponent)
    if abs(k) > MAX_POWER:
        raise InputError(f"matrix powers go up to {MAX_POWER}")
    if k == 0:
        return Identity(x.shape[0])
    base = x if k > 0 else Inverse(x)
    return base if abs(k) == 1 else MatPow(base, Integer(abs(k)), evaluate=False)


def expression(node: Any, symbols: Mapping[str, Expr]) -> Expr:
    """Return the SymPy expression of a node whose operands have theirs; `symbols` are variables and sizes.

    Raises SizeConflict where a size is still unknown, InputError where a value is out of reach.
    """
    args: list[Expr] = [a.expr for a in node.args]
    op = node.op
    if op == "number":
        return node.value
    if op == "size":
        return symbols.get(node.value) or size_symbol(node.value)
    if op == "name":
        return symbols[node.value]
    if op == "ref":
        return args[0]
    if op == "spread":
        return spread(
            args[0], node.value, (to_sympy(node.shape[0], symbols), to_sympy(node.shape[1], symbols))
        )
    if op == "eye":
        return Identity(to_sympy(node.shape[0], symbols)) if not is_scalar(node.shape) else S.One
    if op in ("vector", "matrix"):
        return algebra.ones((to_sympy(node.shape[0], symbols), to_sympy(node.shape[1], symbols)))
    if op == "'":
        return transpose(args[0])
    if op == "neg":
        return product(S.NegativeOne, args[0])
    if op == "+":
        terms = [
            a if sign == "+" else product(S.NegativeOne, a) for sign, a in zip(node.value, args, strict=True)
        ]
        return add(*terms) if algebra.is_matrix(terms[0]) else Add(*terms)
    if op == "*":
        return _product(node.value, node.args)
    if op == ".^":
        return elementwise_power(*args)
    if op == "^":
        return matrix_power(*args) if algebra.is_matrix(args[0]) else scalar_power(*args)
    if op in OPERATORS:
        return OPERATORS[op].build(*args)
    if op in ELEMENTWISE:
        return elementwise(ELEMENTWISE[op], args[0])
    return function(op, args[0])


def function(name: str, x: Expr) -> Expr:
    """Return the function of one matrix that the text language calls `name`, at a matrix or a scalar."""
    if not algebra.is_matrix(x):
        return at_scalar(name, x)
    if isinstance(x, Identity | OneMatrix) and name in ("tr", "sum"):
        # The text tr(eye) would not say of which size.
        return algebra.trace(x) if name == "tr" else algebra.entry_sum(x)
    return MATRIX_FUNCTIONS[name](x)


def transpose(x: Expr) -> Expr:
    """Return the transpose as it is written, scalars in front."""
    if not algebra.is_matrix(x):
        return x
    if isinstance(x, MatMul) and not algebra.is_matrix(x.args[0]):
        coefficient, factors = algebra.split(x)
        return product(
            coefficient, transpose(factors[0] if len(factors) == 1 else algebra.make(MatMul, *factors))
        )
    return algebra.t(x) if isinstance(x, OneMatrix | Transpose) else Transpose(x)


def absolute(c: Expr) -> Expr:
    """Return |c|, which is c where c is seen to be zero or more."""
    return c if algebra.is_nonnegative(c) else elementwise(Abs, c)


def at_scalar(name: str, c: Expr) -> Expr:
    """Return the function of the text language at a 1 x 1 matrix, that is, at a scalar."""
    same = ("tr", "det", "sum", "diag", "vec", "logsumexp", "toeplitz")
    if name in same:
        return c
    values = {
        "inv": lambda: 1 / c,
        "pinv": lambda: 1 / c,
        "logdet": lambda: log(absolute(c)),
        "adj": lambda: S.One,
        "softmax": lambda: S.One,
        "expm": lambda: exp(c),
        "norm1": lambda: absolute(c),
        "norm2": lambda: absolute(c),
    }
    return values[name]()
