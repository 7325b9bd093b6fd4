"""What the values of a plan mean: an expression again, by the definition of every operation.

The expression is what a plan is judged by: it shares nothing with the passes that made the plan cheap or stable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import (
    DiagMatrix,
    E,
    Expr,
    Identity,
    Inverse,
    OneMatrix,
    S,
    Trace,
    ZeroMatrix,
    erf,
    exp,
    log,
    pi,
    sign,
    sqrt,
)
from sympy.matrices.expressions.diagonal import DiagonalOf

from derive.code.kronecker import spelt
from derive.code.plan import Node, Shape, post_order
from derive.expression import algebra
from derive.expression.elementwise import elementwise, relu, step
from derive.expression.functions import EntrySum, LogDet, Lower, Norm2, Reshape, Selection
from derive.operations import by_name


def meaning(root: Node, symbols: dict[str, Expr], arm: int = 0) -> Expr:
    """Return the expression that a value stands for; of every choice at run time, the one arm."""
    known: dict[int, Expr] = {}
    for node in post_order([root]):
        args = [known[a.index] for a in node.args]
        if node.op == "input":
            known[node.index] = symbols[node.params[0]]
        elif node.op == "choose":
            known[node.index] = args[arm]
        else:
            known[node.index] = _MEANINGS[node.op](node, *args)
    return known[root.index]


def _full(x: Expr, shape: Shape) -> Expr:
    """Return a value spread over a shape."""
    if shape is None or (algebra.shape(x) == shape and algebra.is_matrix(x)):
        return x
    if not algebra.is_matrix(x):
        return algebra.dot(x, OneMatrix(*shape))
    rows, columns = x.shape
    left = [OneMatrix(shape[0], 1)] if rows == 1 != shape[0] else []
    right = [OneMatrix(1, shape[1])] if columns == 1 != shape[1] else []
    return algebra.dot(*left, x, *right)


def _add(node: Node, *terms: Expr) -> Expr:
    constant, coefficients = node.params
    parts = [algebra.dot(c, _full(t, node.shape)) for c, t in zip(coefficients, terms, strict=True)]
    if constant != 0:
        parts.append(_full(constant, node.shape))
    return algebra.add(*parts)


def _prod(node: Node, *factors: Expr) -> Expr:
    coefficient, exponents = node.params
    scalars, matrices = [coefficient], []
    for f, e in zip(factors, exponents, strict=True):
        if algebra.is_matrix(f):
            matrices.append(algebra.elementwise_power(_full(f, node.shape), S(e)))
        else:
            scalars.append(f**e)
    return algebra.hadamard(*scalars, *matrices)


def _call(node: Node, x: Expr) -> Expr:
    name = node.params[0]
    if name in ("log1p", "expm1"):
        ones = algebra.ones(algebra.shape(x)) if algebra.is_matrix(x) else S.One
        if name == "log1p":
            return elementwise(log, algebra.add(ones, x))
        return algebra.add(
            elementwise(exp, x), -1 * ones if not algebra.is_matrix(x) else algebra.dot(-1, ones)
        )
    if name == "log_ndtr":
        ones = algebra.ones(algebra.shape(x)) if algebra.is_matrix(x) else S.One
        tail = elementwise(erf, algebra.dot(1 / sqrt(2), x))
        return elementwise(log, algebra.dot(S.Half, algebra.add(ones, tail)))
    entry = by_name(name)
    assert entry is not None
    return elementwise(entry.head, x)


def _larger(node: Node, x: Expr, y: Expr) -> Expr:
    x, y = _full(x, node.shape), _full(y, node.shape)
    return algebra.add(y, elementwise(relu, algebra.add(x, algebra.dot(-1, y))))


def _max(node: Node, x: Expr) -> Expr:
    axis = node.params[0]
    if axis is None:
        return _head("max")(x)
    rows = _head("max rows")
    return rows(x) if axis == 1 else algebra.t(rows(algebra.t(x)))


def _head(name: str) -> Any:
    entry = by_name(name)
    assert entry is not None
    return entry.head


def _sum(node: Node, x: Expr) -> Expr:
    axis = node.params[0]
    if axis is None:
        return EntrySum(x)
    rows, columns = x.shape
    return algebra.dot(OneMatrix(1, rows), x) if axis == 0 else algebra.dot(x, OneMatrix(columns, 1))


def _softmax(node: Node, x: Expr) -> Expr:
    e = elementwise(exp, x)
    total = EntrySum(e) if x.shape[1] == 1 else _sum(node, e)
    if not algebra.is_matrix(total):
        return algebra.dot(1 / total, e)
    return algebra.hadamard(e, algebra.elementwise_power(_full(total, x.shape), S.NegativeOne))


def _logsumexp(node: Node, x: Expr) -> Expr:
    return elementwise(log, _sum(node, elementwise(exp, x)))


def _shift(node: Node, x: Expr, d: Expr) -> Expr:
    n = node.rows
    return algebra.add(x, DiagMatrix(d) if algebra.is_matrix(d) else algebra.dot(d, Identity(n)))


def _solve(node: Node, a: Expr, b: Expr) -> Expr:
    if not algebra.is_matrix(a):
        return algebra.dot(1 / a, b)
    return algebra.dot(Inverse(algebra.t(a) if node.params[0] else a), b)


def _function(node: Node, *args: Expr) -> Expr:
    entry = by_name(node.params[0])
    assert entry is not None
    return entry.head(*args)


def _others(node: Node, x: Expr) -> Expr:
    products = algebra.dot(_head("prod rows")(x), OneMatrix(1, x.shape[1]))
    return algebra.hadamard(products, algebra.elementwise_power(x, S.NegativeOne))


def _part(node: Node, x: Expr) -> Expr:
    axis, skip = node.params
    picks = Selection(skip, (node.rows, node.columns)[axis], x.shape[axis])
    return algebra.dot(algebra.t(picks), x) if axis == 0 else algebra.dot(x, picks)


def _put(node: Node, x: Expr) -> Expr:
    axis, skip = node.params
    picks = Selection(skip, x.shape[axis], (node.rows, node.columns)[axis])
    return algebra.dot(picks, x) if axis == 0 else algebra.dot(x, algebra.t(picks))


def _cumsum(node: Node, x: Expr) -> Expr:
    axis, backward = node.params
    ones = Lower(x.shape[axis])
    ones = algebra.t(ones) if backward != (axis == 1) else ones
    return algebra.dot(ones, x) if axis == 0 else algebra.dot(x, ones)


def _item(x: Expr) -> Expr:
    return Trace(x) if algebra.is_matrix(x) else x


_MEANINGS: dict[str, Callable[..., Expr]] = {
    "number": lambda n: n.params[0],
    "constant": lambda n: {"pi": pi, "e": E}[n.params[0]],
    "size": lambda n: n.params[0],
    "eye": lambda n: Identity(n.rows),
    "ones": lambda n: OneMatrix(*n.shape),
    "zeros": lambda n: ZeroMatrix(*n.shape),
    "add": _add,
    "prod": _prod,
    "power": lambda n, x: algebra.elementwise_power(x, n.params[0]),
    "powers": lambda n, x, y: algebra.elementwise_power(_full(x, n.shape), _full(y, n.shape)),
    "call": _call,
    "larger": _larger,
    "max": _max,
    "norm": lambda n, x: Norm2(x),
    "nonzero": lambda n, x: x,
    "signdet": lambda n, x: sign(algebra.det(x)),
    "positive": lambda n, x: elementwise(step, x),
    "matmul": lambda n, a, b: algebra.dot(a, b),
    "transpose": lambda n, x: algebra.t(x),
    "sum": _sum,
    "inner": lambda n, a, b: EntrySum(algebra.hadamard(a, b)),
    "rowinner": lambda n, a, b: algebra.dot(algebra.hadamard(a, b), OneMatrix(a.shape[1], 1)),
    "trace": lambda n, x: Trace(x),
    "item": lambda n, x: _item(x),
    "diagonal": lambda n, x: DiagonalOf(x),
    "diagflat": lambda n, x: DiagMatrix(x),
    "shift": _shift,
    "kron": lambda n, a, b: algebra.kron(a, b),
    "partial inner": lambda n, a, b: spelt("inner", a, b),
    "partial weighted": lambda n, a, b: spelt("weighted", a, b),
    "part": _part,
    "put": _put,
    "cumsum": _cumsum,
    "reshape": lambda n, x: Reshape(algebra.vec(x), *n.shape) if n.shape[1] != 1 else algebra.vec(x),
    "spread": lambda n, x: _full(x, n.shape),
    "factor": lambda n, x: x,
    "others": _others,
    "solve": _solve,
    "logdet": lambda n, x: LogDet(x),
    "inverse": lambda n, x: Inverse(x),
    "det": lambda n, x: algebra.det(x),
    "matpower": lambda n, x: algebra.power(x, int(n.params[0])),
    "softmax": _softmax,
    "logsumexp": _logsumexp,
    "function": _function,
}
