"""From the nodes of a text to SymPy expressions.

Products that a person has put in brackets stay together, since they are the steps of the computation; scalars
go in front, and a product that is 1 x 1 becomes the scalar `Trace(product)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import (
    Add,
    Expr,
    HadamardPower,
    HadamardProduct,
    Identity,
    Integer,
    Inverse,
    MatAdd,
    MatMul,
    MatPow,
    Mul,
    OneMatrix,
    S,
    Trace,
    Transpose,
    ZeroMatrix,
)

from derive import limits
from derive.errors import InputError
from derive.expression import algebra
from derive.expression.algebra.blocks import selection
from derive.expression.elementwise import elementwise
from derive.expression.functions import Blocks
from derive.language.calls import called
from derive.language.shapes import is_scalar, size_symbol, to_sympy
from derive.operations import by_name, unknown

#: The largest matrix power.
MAX_POWER = 64


def kron(a: Expr, b: Expr) -> Expr:
    """Return the Kronecker product as it is written; a scalar scales."""
    return function("kron", a, b)


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
        # A product is scaled as it stands: y - A*x is y + (-1)*A*x.
        flat = list(run[0].args) if len(run) == 1 and isinstance(run[0], MatMul) else run
        return algebra.make(MatMul, coefficient, *flat)
    return run[0] if len(run) == 1 else algebra.make(MatMul, *run)


def _factors(node: Any) -> list[Expr]:
    """Return the factors of a divisor, each of which divides: SymPy would multiply the 2 of 2*(a + b) into the sum."""
    parts = [a.expr for a in node.args] if node.op == "*" and set(node.value) == {"*"} else []
    return parts if parts and not any(map(algebra.is_matrix, parts)) else [node.expr]


def _flat(node: Any) -> list[Expr]:
    """Return the factors of rows or columns that are picked; what is one entry scales, wherever it stands."""
    picked = node.op == "pick" and algebra.is_matrix(node.expr)
    return [a.expr for a in node.args] if picked else [node.expr]


def _product(ops: list[str], nodes: Sequence[Any]) -> Expr:
    pending = _flat(nodes[0])
    for op, node in zip(ops, nodes[1:], strict=True):
        x = node.expr
        if op == "*":
            pending.extend(_flat(node))
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
        if x == 0:
            raise InputError("zero to a power that is no number: its derivative has no value")
        x = product(x, OneMatrix(*exponent.shape))
    if exponent.is_negative and (isinstance(x, ZeroMatrix) or algebra.split(x)[0] == 0):
        raise InputError("division by zero")
    limits.check_power(x, exponent)
    if exponent == -1 and isinstance(x, HadamardPower) and x.exp.is_Rational:
        exponent = -x.exp  # what ./ divides by has one exponent, as it is printed
        x = x.base
    return x if exponent == 1 else HadamardPower(x, exponent)


def scalar_power(base: Expr, exponent: Expr) -> Expr:
    """Return a scalar to a power. Raises InputError for numbers that are too large to work out."""
    if base == 0 and exponent.is_negative:
        raise InputError("division by zero")
    limits.check_power(base, exponent)
    limits.check_nesting(base)
    if base == 0 and not exponent.is_number:
        raise InputError("zero to a power that is no number: its derivative has no value")
    return algebra.scalar_power(base, exponent)


def matrix_power(x: Expr, exponent: Expr) -> Expr:
    """Return a power of a square matrix: halves by its square root, others that are no integers by its logarithm.

    Raises InputError for powers that are too large.
    """
    if exponent.is_Rational and exponent.q == 2:
        return matrix_power(function("sqrtm", x), 2 * exponent)
    if not exponent.is_Integer:
        return function("expm", product(exponent, function("logm", x)))
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
    if op == "given":
        return node.value
    if op == "count":
        return to_sympy(node.value, symbols)
    if op == "ref":
        return args[0]
    if op == "spread":
        return spread(
            args[0], node.value, (to_sympy(node.shape[0], symbols), to_sympy(node.shape[1], symbols))
        )
    if op == "select":
        skip, rows, count = (to_sympy(d, symbols) for d in (node.value, *node.shape))
        return selection(skip, count, rows)
    if op == "blocks":
        return Blocks(Integer(node.value), *args)
    if op == "pick":
        return product(*args)
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
    if op == "apply":
        return elementwise(unknown(*node.value), args[0])
    return function(op, *args)


def function(name: str, *args: Expr) -> Expr:
    """Return the function that the text language calls `name`, at matrices or at a scalar."""
    entry = by_name(name)
    assert entry is not None
    return called(entry, args)


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
